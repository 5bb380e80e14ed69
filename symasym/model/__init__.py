"""The front end: what the paper's page says, in SymPy.

`from symasym.model import *` is the first line of a model file. Nothing here knows how a law is derived.
"""

from symasym.model.aligned import Aligned, Frame, indexed, indices
from symasym.model.data import GaussianLaw, GaussianVector, copy, exchangeable, gaussian, joint, student
from symasym.model.exponential import log_mean_exp
from symasym.model.families import (
    Block,
    Family,
    FamilyModel,
    Relabelling,
    family_mixture,
    known_numbers,
    known_vectors,
    log_mean_exp_over,
    members,
    softmax,
    span,
    vector_family,
)
from symasym.model.family import ExchangeableFamily, exchangeable_family
from symasym.model.groups import GL, SO, Action, GroupElement, O, SignedPermutations, product, trivial
from symasym.model.instance import AlignedPoint, FamilyPoint, Instance, Key
from symasym.model.labels import logistic_loss, poisson_loss
from symasym.model.latent import Regression, observed, regression
from symasym.model.masks import Mask, mask
from symasym.model.matrices import (
    Constant,
    Parameter,
    ScalarParameter,
    ScalarTruth,
    Truth,
    constant,
    covariance,
    dims,
    eye,
    parameter,
    scalar,
    scalar_parameter,
    truth,
)
from symasym.model.mixtures import MixtureLaw, mixture
from symasym.model.model import LeastSquares, Model
from symasym.model.sample_means import SampleMean, sample_mean
from symasym.model.scalars import average, inner, logdet, norm2, quad, tr
from symasym.model.smooth import log_cosh, log_sum_exp, smooth, softplus

__all__ = [
    "GL",
    "O",
    "SO",
    "Action",
    "Aligned",
    "AlignedPoint",
    "Block",
    "Constant",
    "ExchangeableFamily",
    "Family",
    "FamilyModel",
    "FamilyPoint",
    "Frame",
    "GaussianLaw",
    "GaussianVector",
    "GroupElement",
    "Instance",
    "Key",
    "LeastSquares",
    "Mask",
    "MixtureLaw",
    "Model",
    "Parameter",
    "Regression",
    "Relabelling",
    "SampleMean",
    "ScalarParameter",
    "ScalarTruth",
    "SignedPermutations",
    "Truth",
    "average",
    "constant",
    "copy",
    "covariance",
    "dims",
    "exchangeable",
    "exchangeable_family",
    "eye",
    "vector_family",
    "family_mixture",
    "gaussian",
    "indexed",
    "indices",
    "inner",
    "joint",
    "known_vectors",
    "known_numbers",
    "log_cosh",
    "log_mean_exp",
    "log_mean_exp_over",
    "log_sum_exp",
    "logistic_loss",
    "poisson_loss",
    "logdet",
    "mask",
    "members",
    "mixture",
    "norm2",
    "observed",
    "parameter",
    "product",
    "quad",
    "regression",
    "sample_mean",
    "scalar",
    "scalar_parameter",
    "smooth",
    "softmax",
    "softplus",
    "span",
    "student",
    "tr",
    "trivial",
    "truth",
]
