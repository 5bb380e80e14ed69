"""From blocks to the law: covariance of the first stage, downstream map, weights."""

from symasym.asymptotics.assemble import assemble
from symasym.asymptotics.covariance import Covariance, DiagonalCovariance, PairCovariance, covariance
from symasym.asymptotics.downstream import Downstream, downstream
from symasym.asymptotics.positivity import Facts

__all__ = [
    "Covariance",
    "DiagonalCovariance",
    "Downstream",
    "Facts",
    "PairCovariance",
    "assemble",
    "covariance",
    "downstream",
]
