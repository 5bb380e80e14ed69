"""Names that a kernel uses itself, and which a law can therefore not use for its families and scalars."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from symasym.errors import InputError

__all__ = ["RESERVED", "check_names"]

_MODULE = """
    ArrayLike DTypeLike Floats NDArray NamedTuple Result SIGNATURE annotations np
    excess_loss_mean law outside_variance
    _batch _check_core _diagonal _downstream _excess_loss_mean _excess_sizes _float_type _full _general _join _length
    _noise_variance _outside_variance _own_variance _positive _sizes
"""
_VARIABLES = "alpha batch d_eff dtype g inside kind label_noise mean n outside rank sigma_down v variance weights"
_BUILTINS = "bool float int isinstance len range tuple ValueError"
RESERVED = frozenset(f"{_MODULE} {_VARIABLES} {_BUILTINS}".split())
"""Names of the generated module and of the variables in its public functions."""


def check_names(names: Iterable[str], variables: Iterable[str]) -> None:
    """`InputError` if a name of the law is not a free Python name, or is a variable of the generated lines."""
    used = set(variables)
    for name in sorted(names):
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"{name}: is not a name in Python, so the kernel cannot have an argument of this name")
        if name in RESERVED or name in used or name.startswith("sum_"):
            raise InputError(f"{name}: the kernel uses this name itself; another name is expected")
