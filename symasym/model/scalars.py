"""Scalars made of matrices: `inner`, `norm2`, `quad`, `tr`, `logdet`.

SymPy does not give a 1x1 matrix product the right to be a scalar, and its matrix derivatives of traces are wrong in
silence in several cases (`diff` of `Trace(A) + Trace(A**2)` is 0). These verbs are therefore nodes of their own: they
print as mathematics, refuse `diff`, and are taken apart by the calculus alone. (SymPy does not ask the terms of a sum: the
derivative of a sum of nodes by a matrix symbol is 0 there, so directional derivatives are the only ones to trust.)
"""

from __future__ import annotations

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.printing.printer import Printer

from symasym.errors import InputError, ShapeError
from symasym.model.data import GaussianVector
from symasym.model.masks import Mask

__all__ = [
    "Average",
    "EntrySum",
    "Inner",
    "LabelLoss",
    "LogDet",
    "MatrixScalar",
    "Slot",
    "Smooth",
    "SmoothMean",
    "Tr",
    "average",
    "inner",
    "logdet",
    "norm2",
    "quad",
    "tr",
]


class MatrixScalar(sympy.Expr):
    """A real scalar built from matrix expressions."""

    is_commutative = True
    is_extended_real = True

    def diff(self, *symbols: object, **assumptions: object) -> sympy.Expr:
        """By a scalar as usual; by a matrix refused, since SymPy's answer is 0 whatever the node says."""
        if any(isinstance(symbol, MatrixExpr) for symbol in symbols):
            return self._eval_derivative(symbols)
        return super().diff(*symbols, **assumptions)

    def _eval_derivative(self, symbol: object) -> sympy.Expr:
        raise InputError(
            f"diff: {self} is differentiated by directional derivatives (symasym.calculus), not by SymPy's diff, "
            "which drops terms of matrix expressions in silence"
        )


class Inner(MatrixScalar):
    """`<u, v> = tr(u^T v)` of two matrices (or vectors) of equal shape."""

    def _sympystr(self, printer: Printer) -> str:
        u, v = self.args
        if u == v:
            return f"||{printer._print(u)}||^2"
        return f"<{printer._print(u)}, {printer._print(v)}>"

    def _latex(self, printer: Printer) -> str:
        u, v = self.args
        if u == v:
            return rf"\lVert {printer._print(u)} \rVert^2"
        return rf"\langle {printer._print(u)}, {printer._print(v)} \rangle"


class Tr(MatrixScalar):
    """The trace of a square matrix expression."""

    def _sympystr(self, printer: Printer) -> str:
        return f"tr({printer._print(self.args[0])})"

    def _latex(self, printer: Printer) -> str:
        return rf"\operatorname{{tr}}\bigl({printer._print(self.args[0])}\bigr)"


class LogDet(MatrixScalar):
    """`log det S` of a square matrix expression."""

    def _sympystr(self, printer: Printer) -> str:
        return f"logdet({printer._print(self.args[0])})"

    def _latex(self, printer: Printer) -> str:
        return rf"\log\det\bigl({printer._print(self.args[0])}\bigr)"


class EntrySum(MatrixScalar):
    """`sum over l_0, l_1, .. of prod_e [M_e]_{l_s, l_t}`: an argument `(s, M_e, t)` for each factor, `-1` for a dimension of 1.

    What the expectation over masks leaves of a trace, for people to read; no verb makes one.
    """

    def entries(self) -> tuple[list[tuple[MatrixExpr, list[str]]], list[str]]:
        """Each factor with the names of its indices, and all names."""
        names = sorted({int(end) for edge in self.args for end in (edge.args[0], edge.args[2]) if end >= 0})
        label = {n: LABELS[n] if n < len(LABELS) else f"l{n}" for n in names}
        edges = (edge.args for edge in self.args)
        factors = [(matrix, [label[int(end)] for end in (tail, head) if end >= 0]) for tail, matrix, head in edges]
        return factors, list(label.values())

    def _sympystr(self, printer: Printer) -> str:
        factors, labels = self.entries()
        shown = " ".join(f"[{printer._print(matrix)}]_{{{','.join(ends)}}}" for matrix, ends in factors)
        return f"sum_{{{','.join(labels)}}} {shown}"

    def _latex(self, printer: Printer) -> str:
        factors, labels = self.entries()
        shown = " ".join(rf"\bigl({printer._print(matrix)}\bigr)_{{{' '.join(ends)}}}" for matrix, ends in factors)
        return rf"\sum_{{{', '.join(labels)}}} {shown}"


LABELS = "lmnuvw"
"""Names of the coordinates that an `EntrySum` sums over."""


class LabelLoss(MatrixScalar):
    """Minus the log-likelihood of a label given the data, of `eta` and its true value; see `symasym.model.labels`."""

    family = ""


class Slot(sympy.AtomicExpr):
    """The `n`-th argument of a smooth function, `t_n`: bound, and so no symbol that a model would ask a value for."""

    __slots__ = ("number",)
    is_symbol = True
    is_real = True
    is_commutative = True
    _diff_wrt = True
    number: int

    def __new__(cls, number: int) -> Slot:
        slot = super().__new__(cls)
        slot.number = number
        return slot

    def __getnewargs__(self) -> tuple[int]:
        return (self.number,)

    def _hashable_content(self) -> tuple[int]:
        return (self.number,)

    @property
    def free_symbols(self) -> set[sympy.Basic]:
        """Itself."""
        return {self}

    def _sympystr(self, printer: Printer) -> str:
        return f"t_{self.number}"

    def _latex(self, printer: Printer) -> str:
        return f"t_{{{self.number}}}"


class Smooth(MatrixScalar):
    """`g(eta_1, .., eta_r)`: arguments are `Lambda((t_1, .., t_r), g)` and the scalars `eta`; see `symasym.model.smooth`."""

    def doit(self, **hints: object) -> Smooth:
        """Itself: the function stays as it was written."""
        return self

    @property
    def written_out(self) -> sympy.Expr:
        """`g` with its arguments put in, for people to read."""
        rule, *arguments = self.args
        return rule.expr.xreplace(dict(zip(rule.variables, arguments, strict=True)))

    def _sympystr(self, printer: Printer) -> str:
        return str(printer._print(self.written_out))

    def _latex(self, printer: Printer) -> str:
        return str(printer._print(self.written_out))


class SmoothMean(MatrixScalar):
    """`E g(t)`, `t` Gaussian with the means and covariances that follow: what is left of `Smooth`, for people to read."""

    def _sympystr(self, printer: Printer) -> str:
        return f"E[{printer._print(self.args[0].expr)}]"

    def _latex(self, printer: Printer) -> str:
        return rf"\operatorname{{E}}\bigl[{printer._print(self.args[0].expr)}\bigr]"


class Average(MatrixScalar):
    """The average of an expression over `count` independent copies of one vector or mask, `count` symbolic or a number."""

    def _sympystr(self, printer: Printer) -> str:
        expression, vector, count = self.args
        return f"average({printer._print(expression)} over {printer._print(count)} copies of {printer._print(vector)})"

    def _latex(self, printer: Printer) -> str:
        expression, vector, count = self.args
        shown, over, copies, share = map(printer._print, (expression, vector, count, 1 / count))
        return rf"{share} \sum_{{{over}}}^{{{copies}}} {shown}"


def average(expression: sympy.Expr, over: MatrixExpr, count: sympy.Expr | int) -> sympy.Expr:
    """`(1/K) sum_{j <= K} expression(x_j)` over independent copies `x_j` of the data vector or mask `over`, `K = count`.

    `count` is a positive integer, a symbol, or an expression in symbols such as `q - 1`. All averages of a loss over one vector
    run over the same copies. With `count=1/kappa` the case of infinitely many copies, in which the average is an expectation,
    is the number `kappa = 0`.
    """
    number = sympy.sympify(count)
    if isinstance(number, sympy.Number) and not (number.is_Integer and number > 0):
        raise InputError(f"average: count is {count}, a positive integer or a symbol is expected")
    if not isinstance(over, GaussianVector | Mask):
        raise InputError(f"average: {over} is not a data vector or a mask; only these have independent copies")
    if isinstance(over, GaussianVector) and len(over.law.names) > 1:
        others = ", ".join(name for name in over.law.names if name != over.name)
        raise InputError(
            f"average: {over} belongs to a joint law with {others}; average over a copy({over}, name) of it"
        )
    if any(node.args[1] == over for node in expression.atoms(Average)):
        raise InputError(f"average: {expression} is averaged over {over} already")
    if not expression.has(over):
        raise InputError(f"average: {expression} does not depend on {over}")
    return Average(expression, over, number)


def _matrix(value: object, verb: str) -> MatrixExpr:
    if not isinstance(value, MatrixExpr):
        raise InputError(f"{verb}: expected a matrix expression, got {value!s}, which is a scalar")
    return value


def inner(u: MatrixExpr, v: MatrixExpr) -> Inner:
    """`<u, v> = tr(u^T v)`; `u` and `v` have equal shapes."""
    u, v = _matrix(u, "inner"), _matrix(v, "inner")
    if u.shape != v.shape:
        raise ShapeError(f"inner: {u} has shape {u.shape}, but {v} has shape {v.shape}; the shapes must be equal")
    return Inner(u, v)


def norm2(u: MatrixExpr) -> Inner:
    """`||u||^2`: squared Euclidean (for a matrix, Frobenius) norm."""
    return inner(u, u)


def quad(u: MatrixExpr, form: MatrixExpr) -> Inner:
    """`u^T S u` for a vector `u` of shape `(d, 1)` and a `(d, d)` matrix `S`."""
    return inner(_matrix(u, "quad"), _matrix(form, "quad") * u)


def tr(matrix: MatrixExpr) -> Tr:
    """The trace of a square matrix expression."""
    if _matrix(matrix, "tr").shape[0] != matrix.shape[1]:
        raise ShapeError(f"tr: {matrix} has shape {matrix.shape}; a square matrix is expected")
    return Tr(matrix)


def logdet(matrix: MatrixExpr) -> LogDet:
    """`log det S` of a square, positive definite matrix expression."""
    if _matrix(matrix, "logdet").shape[0] != matrix.shape[1]:
        raise ShapeError(f"logdet: {matrix} has shape {matrix.shape}; a square matrix is expected")
    return LogDet(matrix)
