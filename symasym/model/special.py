"""Functions of one variable that overflow where they are written out, and any expression as a function of arrays.

`softplus(t) = log(1 + exp(t))` with the derivative `sigmoid(t)`, and `log_cosh(t)` with the derivative `tanh(t)`. Derivatives
of all of them are polynomials in them, of `softplus` in `sigmoid`: `sigmoid' = sigmoid - sigmoid^2`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy
from sympy.core.function import ArgumentIndexError
from sympy.printing.printer import Printer

__all__ = ["LogCosh", "Sigmoid", "Softplus", "compiled"]


class _Named(sympy.Function):
    """A function that prints by its name in lower case."""

    shown = ""
    is_extended_real = True
    nargs = 1

    def _sympystr(self, printer: Printer) -> str:
        return f"{self.shown}({printer._print(self.args[0])})"

    def _latex(self, printer: Printer, exp: str | None = None) -> str:
        name = self.shown.replace("_", " ")
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{{name}}}{power}\left({printer._print(self.args[0])}\right)"


class Sigmoid(_Named):
    """`1 / (1 + exp(-t))`; that of `-t` is written `1 - sigmoid(t)`."""

    shown = "sigmoid"

    @classmethod
    def eval(cls, t: sympy.Expr) -> sympy.Expr | None:
        if t == 0:
            return sympy.Rational(1, 2)
        return 1 - cls(-t) if t.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """`sigmoid (1 - sigmoid)`."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return self - self**2


class Softplus(_Named):
    """`log(1 + exp(t))`; that of `-t` is written `softplus(t) - t`."""

    shown = "softplus"

    @classmethod
    def eval(cls, t: sympy.Expr) -> sympy.Expr | None:
        if t == 0:
            return sympy.log(2)
        return cls(-t) + t if t.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """`sigmoid`."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return Sigmoid(self.args[0])


class LogCosh(_Named):
    """`log cosh t`, an even function."""

    shown = "log_cosh"

    @classmethod
    def eval(cls, t: sympy.Expr) -> sympy.Expr | None:
        if t == 0:
            return sympy.S.Zero
        return cls(-t) if t.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """`tanh`."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return sympy.tanh(self.args[0])


def _softplus(t: np.ndarray) -> np.ndarray:
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


NUMERIC = {
    "Sigmoid": lambda t: (1 + np.tanh(t / 2)) / 2,
    "Softplus": _softplus,
    "LogCosh": lambda t: np.abs(t) + np.log1p(np.exp(-2 * np.abs(t))) - np.log(2),
}
"""Without overflow, to rounding of the largest value nearby."""


@cache
def compiled(
    expression: sympy.Expr | tuple[sympy.Expr, ...], symbols: tuple[sympy.Expr, ...]
) -> Callable[..., np.ndarray]:
    """The expression, or several at once, as a function of arrays, one for each symbol; what is common is evaluated once."""
    names = [sympy.Dummy(real=True) for _ in symbols]
    table = dict(zip(symbols, names, strict=True))
    plain = [e.xreplace(table) for e in expression] if isinstance(expression, tuple) else expression.xreplace(table)
    return sympy.lambdify(names, plain, modules=[NUMERIC, "numpy"], cse=True)
