"""Two test forms with the arithmetic of typical laws, and what they are measured against.

    S:  w_a = sum_{i<=k} b_i^2 (2 + lam_i + tau) / (lam_i - lam_a)^2,   tau = sum_{j<=k} lam_j^2;   sum_a w_a and 2 sum_a w_a^2
    F:  sum_i a_i^2 / (s_i (2 + s_i)^2)

They are written as laws, so that the kernels measured are those of the emitter that every model's law goes through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symasym.codegen.c import Compiled, compile_c
from symasym.codegen.numpy import compile_kernel
from symasym.law.law import IndexRange, Law

__all__ = ["compiled_s", "form_f", "form_s", "inputs_f", "inputs_s", "lambdified_s", "plain_f", "plain_s"]

Floats = NDArray[np.floating]
d, k = sympy.symbols("d k", integer=True, positive=True)
i, j, a, c = sympy.symbols("i j a c", integer=True)
lam, b, s, top = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("lam", "b", "s", "a_coef"))


def _law(name: str, variance: sympy.Expr, excess: sympy.Expr, tau: sympy.Expr | None) -> Law:
    return Law(
        name=name,
        title=f"Test form {name}",
        ranges=(
            IndexRange(i, j, sympy.Integer(1), k, sympy.Integer(1)),
            IndexRange(a, c, k + 1, d, sympy.Integer(1), variance),
        ),
        noise=sympy.Integer(1),
        rank=d - k,
        excess_loss_mean=excess,
        quotient_dimension=k * d,
        definitions=((sympy.Symbol("tau", real=True), tau),) if tau is not None else (),
        where=(k < d,),
        assume=(lam[i] > lam[a],) if tau is not None else (),
        undecided=(),
        hypotheses=(),
    )


@cache
def form_s() -> ModuleType:
    """The kernel of S: `cumulants(b, lam, order=2)`."""
    return compile_kernel(law_s())


def law_s() -> Law:
    """S as a law."""
    tau = sympy.Symbol("tau", real=True)
    weight = sympy.Sum(b[i] ** 2 * (2 + lam[i] + tau) / (lam[i] - lam[a]) ** 2, (i, 1, k))
    return _law("S", weight, sympy.Integer(1), sympy.Sum(lam[j] ** 2, (j, 1, k)))


@cache
def compiled_s(share: bool) -> Compiled:
    """S through the emitter of C."""
    return compile_c(law_s(), share)


@cache
def form_f() -> ModuleType:
    """The kernel of F: `excess_loss_mean(a_coef, s)`, with a law around it that is not used."""
    form = sympy.Sum(top[i] ** 2 / (s[i] * (2 + s[i]) ** 2), (i, 1, k))
    return compile_kernel(_law("F", form, form, None))


def inputs_s(size: int, rank: int, count: int) -> tuple[Floats, Floats]:
    """`b (B, k)` and `lam (B, d)` with an open gap."""
    rng = np.random.default_rng([size, rank])
    values = rng.uniform(0, 1, (count, size))
    values[:, :rank] += 1.5
    return rng.standard_normal((count, rank)), values


def inputs_f(size: int, count: int) -> tuple[Floats, Floats]:
    """`a (B, k)` and `s (B, k)`."""
    rng = np.random.default_rng(size)
    return rng.standard_normal((count, size)), rng.uniform(0.2, 3, (count, size))


def plain_s(coefficients: Floats, values: Floats) -> tuple[Floats, Floats]:
    """S as one writes it down in NumPy."""
    rank = coefficients.shape[-1]
    inside, outside = values[:, :rank], values[:, rank:]
    tau = np.sum(inside**2, axis=-1, keepdims=True)
    factor = coefficients**2 * (2 + inside + tau)
    w = np.sum(factor[:, :, None] / (inside[:, :, None] - outside[:, None, :]) ** 2, axis=1)
    return w.sum(-1), 2 * (w**2).sum(-1)


def plain_f(coefficients: Floats, values: Floats) -> Floats:
    """F as one writes it down in NumPy."""
    return np.sum(coefficients**2 / (values * (2 + values) ** 2), axis=-1)


def lambdified_s(size: int, rank: int) -> Callable[..., Any]:
    """The gradient of both outputs of S, expanded for these sizes, by `lambdify` with common sub-expressions."""
    values, coefficients = sympy.symbols(f"lam:{size}", real=True), sympy.symbols(f"b:{rank}", real=True)
    tau = sum(x**2 for x in values[:rank])
    w = [
        sum(coefficients[n] ** 2 * (2 + values[n] + tau) / (values[n] - values[m]) ** 2 for n in range(rank))
        for m in range(rank, size)
    ]
    total = sum(w) + 2 * sum(x**2 for x in w)
    arguments = (*coefficients, *values)
    return sympy.lambdify(arguments, [total, *(sympy.diff(total, x) for x in arguments)], modules="numpy", cse=True)
