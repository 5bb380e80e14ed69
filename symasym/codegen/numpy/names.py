"""Names that a kernel uses itself, and which a law can therefore not use for its families and scalars."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from symasym.errors import InputError

__all__ = ["NATURAL", "PREFIXES", "RESERVED", "check_names"]

_MODULE = """
    Any ArrayLike BUFFER COLUMN Callable DOUBLE DTypeLike ExcessLossGradient FEW Floats Gradient LINE LONG Mapping
    NARROW NDArray NOWHERE NamedTuple NaturalGradient ROWS Result SERIAL SIGNATURE SMALLEST STARTS STEPS Sequence TILE Terms
    WORKSPACE annotations cache math np
"""
_VARIABLES = """
    alpha alpha0 at axis bar batch column compute count cumulants d_eff domain dtype excess_loss_mean
    excess_loss_value_and_gradient few factor factors first fixed found g gradient inside inside_given inside_own kind known
    label_noise last law length mean moments name names number numbers of omega order outside outside_variance own parts
    rank regression result risk_mean risk_variance rows schur second seeds sigma_down spread sums target total
    through outside_bar v_outside value value_and_gradient variance weights work
    arrays asked back block by c c_bar coefficient_bar down formula xp family_bar fine frame given more mu mu_bar
    natural_cumulants natural_law natural_value_and_gradient noise_bar part places response rest v_bar views wanted
"""
_NATURAL = """
    alpha arrays batch count dtype factor factors found kind n name names number numbers of order part parts ranks rest rows
    scalars sigma_down sizes value weights
"""
_BUILTINS = """
    FloatingPointError ValueError bool dict enumerate float int isinstance iter len list max min next range set
    slice str sum tuple type zip
"""
RESERVED = frozenset(f"{_MODULE} {_VARIABLES} {_BUILTINS}".split())
"""Names of the generated module and of the variables in its public functions."""
NATURAL = frozenset(f"{_MODULE} {_NATURAL} {_BUILTINS}".split())
"""The same for functions of natural parameters in any position."""


PREFIXES = ("_", "by_", "noise_by_", "outside_by_", "part_", "sum_", "total_", "work_")
"""Variables that begin like this hold derivatives and parts of formulas, or are private."""


def check_names(names: Iterable[str], variables: Iterable[str], reserved: Iterable[str] = RESERVED) -> None:
    """`InputError` if a name of the law is not a free Python name, or is a variable of the generated lines."""
    used = {*variables, *reserved}
    for name in sorted(names):
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"{name}: is not a name in Python, so the kernel cannot have an argument of this name")
        if name in used or name.startswith(PREFIXES):
            raise InputError(f"{name}: the kernel uses this name itself; another name is expected")
