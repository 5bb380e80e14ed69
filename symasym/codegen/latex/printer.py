r"""SymPy expressions as LaTeX, as a paper prints them.

On top of SymPy's own printer, for what it prints otherwise: names (`symasym.codegen.latex.names`), entries of families,
differences with the positive term first, products (number, letters, roots, sums of terms, then sums and traces), sums
with their limits, the scalars `inner`, `tr`, `logdet`, matrices with a common factor in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import sympy
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions import MatAdd, MatMul, Transpose
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.printing.latex import LatexPrinter

from symasym.codegen.latex.names import symbol
from symasym.codegen.latex.notation import Notation, current
from symasym.codegen.latex.prose import mathematics
from symasym.codegen.latex.tidy import common_factor, tidy
from symasym.model.scalars import Average, EntrySum, Inner, LogDet, MatrixScalar, Tr

__all__ = ["formula", "signed_terms", "signed_texts"]

_OPERATORS = (sympy.Sum, sympy.Integral, sympy.Product, MatrixScalar, AppliedUndef)
_TALL = re.compile(r"\\(frac|sum|prod|int|begin|left)(?![A-Za-z])")
_ENDS_IN_WORD = re.compile(r"\\mathrm\{[^{}]{2,}\}$")
_NAME = re.compile(r"[^\W\d]\w*(_\*)?\**'*")


def formula(expression: sympy.Basic) -> str:
    """LaTeX of an expression, without dollar signs, on one line."""
    return _Printer().doprint(tidy(expression))


def signed_terms(expression: sympy.Basic) -> list[tuple[int, sympy.Basic]]:
    """The terms of a sum in the order of print, each as a sign and what follows it; one term if it is not a sum."""
    if isinstance(expression, sympy.Add):
        found = [_signed(term) for term in _ordered(expression)]
    elif isinstance(expression, MatAdd):
        found = [_signed(term) for term in expression.args]
    else:
        return [(1, expression)]
    lead = next((n for n, (sign, _) in enumerate(found) if sign > 0), 0)
    return [found[lead], *found[:lead], *found[lead + 1 :]]


def signed_texts(expression: sympy.Basic) -> list[tuple[int, str]]:
    """As `signed_terms`, every term in LaTeX."""
    printer = _Printer()
    return [(sign, printer.term(term)) for sign, term in signed_terms(expression)]


def _signed(term: sympy.Basic) -> tuple[int, sympy.Basic]:
    if isinstance(term, MatMul):
        number, rest = term.as_coeff_matrices()
        if number.is_number and number < 0:
            return -1, MatMul(-number, *rest) if number != -1 else (MatMul(*rest) if len(rest) > 1 else rest[0])
        return 1, term
    if isinstance(term, MatrixExpr):
        return 1, term
    number, _ = term.as_coeff_Mul()
    return (-1, -term) if number.is_number and number.is_negative else (1, term)


@lru_cache(maxsize=2**15)
def _printed(expression: sympy.Basic, notation: Notation) -> str:
    """One level printed; `notation` is the one in force, which the result depends on."""
    return _Printer().once(expression)


def _expanded(tex: str) -> str:
    """What the reader sees, macros replaced."""
    return current().expanded(tex)


def _degree(term: sympy.Expr) -> int:
    """Degree of a monomial in entries of families; large where it is not a monomial in them."""
    total = 0
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sympy.Indexed):
            total += exponent
        elif base.has(sympy.Indexed):
            return 99
    return total


def _ordered(expression: sympy.Add) -> list[sympy.Expr]:
    """Dimensions as in `2 d - k + 1`; where entries of families occur, by their degree: `1 + tau + lam_i^2`."""
    terms = expression.as_ordered_terms()
    return (
        sorted(terms, key=lambda term: (_degree(term), not term.is_number)) if expression.has(sympy.Indexed) else terms
    )


def _juxtaposed(factors: Iterable[str]) -> str:
    """A product; words among its factors stand a little apart from what is next to them."""
    text = ""
    for tex in factors:
        word = _ENDS_IN_WORD.search(_expanded(text)) or _expanded(tex).startswith(r"\mathrm{")
        close = not text or text.isdigit() or not word
        text += f"{' ' if text else ''}{tex}" if close else rf" \, {tex}"
    return text


def _bracketed(tex: str) -> str:
    """In brackets that grow only where they must."""
    return rf"\left( {tex} \right)" if _TALL.search(tex) else f"({tex})"


def _rank(factor: sympy.Expr) -> int:
    """Place of a factor in a product: letters, entries, roots, entries with two indices, the rest, sums of terms."""
    base = factor.as_base_exp()[0]
    if isinstance(base, sympy.Symbol):
        return 0
    if isinstance(base, sympy.Indexed):
        return 3 if len(base.indices) > 1 else 1
    return 5 if isinstance(base, sympy.Add) else 4


def _is_root(factor: sympy.Expr) -> bool:
    return isinstance(factor, sympy.Pow) and factor.exp == sympy.S.Half


def _content(base: sympy.Expr, exponent: sympy.Expr) -> tuple[sympy.Rational, sympy.Expr]:
    """`(4 u - 4 v)^n` as `4^n` and `(u - v)`."""
    if isinstance(base, sympy.Add) and exponent.is_Integer:
        number, rest = base.primitive()
        return number**exponent, rest
    return sympy.S.One, base


class _Printer(LatexPrinter):
    """The printer. Own methods of expressions (`_latex`) count only where nothing here knows the class."""

    printmethod = "_symasym_latex"

    def _print(self, expr: object, **kwargs: object) -> str:
        """What an expression looks like does not depend on where it stands, so it is printed once."""
        if kwargs or not isinstance(expr, sympy.Basic) or expr.has(sympy.Float):
            return super()._print(expr, **kwargs)
        return _printed(expr, current())

    def once(self, expr: sympy.Basic) -> str:
        """One level printed, parts through `_print`."""
        return super()._print(expr)

    def _print_Basic(self, expr: sympy.Basic) -> str:
        own = getattr(expr, "_latex", None)
        return own(self) if own else super()._print_Basic(expr)

    # ---- names

    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:
        return symbol(expr.name) if _NAME.fullmatch(expr.name) else mathematics(expr.name)

    _print_Dummy = _print_Symbol

    def _print_MatrixSymbol(self, expr: MatrixExpr) -> str:
        return symbol(str(expr.name))

    def _print_Str(self, expr: sympy.Basic) -> str:
        return symbol(str(expr))

    def _print_IndexedBase(self, expr: sympy.IndexedBase) -> str:
        return self._print(expr.label)

    def _print_Indexed(self, expr: sympy.Indexed) -> str:
        base = self._print(expr.base)
        indices = [self._print(index) for index in expr.indices]
        separator = " " if all(len(index) == 1 for index in indices) else ","
        return f"{f'({base})' if '_' in _expanded(base) else base}_{{{separator.join(indices)}}}"

    def _print_AppliedUndef(self, expr: AppliedUndef) -> str:
        return f"{symbol(expr.func.__name__)}({', '.join(map(self._print, expr.args))})"

    # ---- sums of terms

    def term(self, expression: sympy.Basic) -> str:
        """A term behind its sign."""
        tex = self._print(expression)
        return _bracketed(tex) if isinstance(expression, sympy.Add | MatAdd) else tex

    def _print_Add(self, expr: sympy.Basic, order: str | None = None) -> str:
        parts = []
        whole = isinstance(expr, sympy.Add) and all(sympy.fraction(term)[1].is_number for term in expr.args)
        if whole and not expr.has(*_OPERATORS) and expr.primitive()[0] != 1:
            return self._print_Mul(sympy.Mul(*expr.primitive(), evaluate=False))
        for n, (sign, term) in enumerate(signed_terms(expr)):
            mark = "-" if sign < 0 else "+" if n else ""
            parts.append(f"{mark} {self.term(term)}".strip())
        return " ".join(parts)

    _print_MatAdd = _print_Add

    # ---- products and powers

    def _print_Mul(self, expr: sympy.Expr) -> str:
        number, above, below, behind = sympy.S.One, [], [], []
        for factor in sympy.Mul.make_args(expr):
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                number *= factor
                continue
            content, base = _content(base, exponent)
            number *= content
            if exponent.is_Rational and exponent < 0:
                below.append(base**-exponent)
            elif isinstance(base, _OPERATORS) or (isinstance(factor, sympy.Add) and factor.has(*_OPERATORS)):
                behind.append(base**exponent)
            else:
                above.append(base**exponent)
        behind.sort(key=lambda factor: isinstance(factor, sympy.Sum))
        sign = "-" if number < 0 else ""
        numerator = self._factors(abs(number.p), above, alone=bool(below) or number.q != 1)
        denominator = self._factors(number.q, below, alone=True)
        front = rf"\frac{{{numerator or 1}}}{{{denominator}}}" if denominator else numerator
        parts = [front] if front else []
        for n, item in enumerate(behind):
            tex = self._print(item)
            closed = isinstance(item, MatrixScalar | AppliedUndef | sympy.Pow) or n == len(behind) - 1
            parts.append(tex if closed and not isinstance(item, sympy.Add) else _bracketed(tex))
        return f"{sign} {_juxtaposed(parts) or '1'}".strip()

    def _factors(self, number: int, factors: list[sympy.Expr], alone: bool) -> str:
        """A product without denominators; a single sum needs no brackets where it stands `alone`."""
        if alone and number == 1 and len(factors) == 1:
            return self._print(factors[0])
        roots = [factor.base for factor in factors if _is_root(factor)]
        shown = [
            (_rank(factor), sympy.default_sort_key(factor), self._factor(factor))
            for factor in factors
            if not _is_root(factor)
        ]
        if roots:
            shown.append((2, sympy.default_sort_key(sympy.S.One), rf"\sqrt{{{self._factors(1, roots, alone=True)}}}"))
        texts = [tex for _, _, tex in sorted(shown)]
        if number != 1:
            texts = [str(number), *([r"\cdot"] if texts and texts[0][:1].isdigit() else []), *texts]
        return _juxtaposed(texts)

    def _factor(self, factor: sympy.Expr) -> str:
        tex = self._print(factor)
        return _bracketed(tex) if isinstance(factor, sympy.Add | sympy.Sum) else tex

    def _print_Pow(self, expr: sympy.Pow) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Rational and exponent < 0:
            return self._print_Mul(expr)
        if exponent == sympy.S.Half:
            return rf"\sqrt{{{self._print(base)}}}"
        if isinstance(base, Inner) and base.args[0] == base.args[1]:
            return rf"\lVert {self._print(base.args[0])} \rVert^{{{self._print(2 * exponent)}}}"
        tex = self._print(base)
        squared = re.fullmatch(r"([^^]*)\^\{2\}", tex)
        if squared and isinstance(base, sympy.Symbol):
            return f"{squared[1]}^{{{self._print(2 * exponent)}}}"
        simple = isinstance(base, sympy.Symbol | sympy.Indexed) or (base.is_Integer and base > 0)
        if isinstance(base, Tr) and isinstance(base.args[0], sympy.MatrixSymbol) and base.args[0].shape == (1, 1):
            simple, tex = True, self._print(base.args[0])
        if (simple and "^" not in _expanded(tex)) or tex.startswith((r"\langle", r"\lVert")):
            return f"{tex}^{{{self._exponent(exponent)}}}"
        return f"{_bracketed(tex)}^{{{self._exponent(exponent)}}}"

    def _exponent(self, exponent: sympy.Expr) -> str:
        return f"{exponent.p}/{exponent.q}" if exponent.is_Rational and exponent.q != 1 else self._print(exponent)

    # ---- sums over indices

    def _print_Sum(self, expr: sympy.Sum) -> str:
        signs, limits = [], list(expr.limits)[::-1]
        while limits:
            index, first, last = limits.pop(0)
            if limits and limits[0][1] == index + 1 and limits[0][2] == last:
                inner = limits.pop(0)[0]
                under = rf"{self._print(first)} \le {self._print(index)} < {self._print(inner)} \le {self._print(last)}"
                signs.append(rf"\sum_{{{under}}}")
            else:
                signs.append(rf"\sum_{{{self._print(index)}={self._print(first)}}}^{{{self._print(last)}}}")
        body = expr.function
        return " ".join([*signs, self.term(body) if _signed(body)[0] > 0 else _bracketed(self._print(body))])

    # ---- matrices

    def _matrix_factor(self, factor: sympy.Basic) -> str:
        return _bracketed(self._print(factor)) if isinstance(factor, MatAdd | sympy.Add) else self._print(factor)

    def _print_MatMul(self, expr: MatMul) -> str:
        sign, positive = _signed(expr)
        if not isinstance(positive, MatMul):
            return f"- {self._print(positive)}" if sign < 0 else self._print(positive)
        number, factors = positive.as_coeff_matrices()
        shown = [self._matrix_factor(factor) for factor in factors]
        if number != 1:
            shown.insert(0, self._matrix_factor(number))
        return ("- " if sign < 0 else "") + _juxtaposed(shown)

    def _raised(self, matrix: sympy.Basic, exponent: str) -> str:
        tex = self._print(matrix)
        plain = isinstance(matrix, sympy.MatrixSymbol) and not re.search(r"[\^']", _expanded(tex))
        return f"{tex if plain else _bracketed(tex)}^{{{exponent}}}"

    def _print_Transpose(self, expr: MatrixExpr) -> str:
        return self._raised(expr.arg, current().operator("transpose"))

    def _transposed(self, matrix: sympy.Basic) -> str:
        """The transpose of a matrix that may be one already."""
        again = isinstance(matrix, Transpose)
        return self._print(matrix.arg) if again else self._raised(matrix, current().operator("transpose"))

    def _print_Inverse(self, expr: MatrixExpr) -> str:
        return self._raised(expr.arg, "-1")

    def _print_MatPow(self, expr: MatrixExpr) -> str:
        return self._raised(expr.base, self._exponent(expr.exp))

    def _print_Identity(self, expr: MatrixExpr) -> str:
        return f"I_{{{self._print(expr.shape[0])}}}"

    def _print_ZeroMatrix(self, expr: MatrixExpr) -> str:
        rows, columns = map(self._print, expr.shape)
        return rf"0_{{{rows} \times {columns}}}"

    def _print_MatrixBase(self, expr: sympy.MatrixBase) -> str:
        if all(entry == 0 for entry in expr):
            return rf"0_{{{expr.rows} \times {expr.cols}}}"
        number, factor, rest = common_factor(expr)
        rows = [" & ".join(map(self._print, rest.row(n))) for n in range(rest.rows)]
        ends = r" \\[6pt] " if any("frac" in row for row in rows) else r" \\ "
        body = " ".join([r"\begin{pmatrix}", ends.join(rows), r"\end{pmatrix}"])
        if number == factor == 1:
            return body
        front = factor if number == 1 else sympy.Mul(number, *sympy.Mul.make_args(factor), evaluate=False)
        return f"{self._matrix_factor(front)} {body}"

    _print_ImmutableMatrix = _print_ImmutableDenseMatrix = _print_Matrix = _print_MatrixBase

    def _print_Tuple(self, expr: sympy.Tuple) -> str:
        return _bracketed(", ".join(map(self._print, expr.args)))

    # ---- scalars made of matrices

    def _print_Inner(self, expr: Inner) -> str:
        u, v = expr.args
        if u == v:
            return rf"\lVert {self._print(u)} \rVert^{{2}}"
        if isinstance(v, MatMul) and not isinstance(u, MatMul | MatAdd) and v.args[-1] == u and u.shape[1] == 1:
            return f"{self._transposed(u)} {self._print(v)}"
        return rf"\langle {self._print(u)}, {self._print(v)} \rangle"

    def _print_Average(self, expr: Average) -> str:
        body, vector, count = expr.args
        shown = self.term(body) if _signed(body)[0] > 0 else _bracketed(self._print(body))
        return rf"{self._print(1 / count)} \sum_{{{self._print(vector)}}} {shown}"

    def _print_EntrySum(self, expr: EntrySum) -> str:
        factors, labels = expr.entries()
        shown = (rf"{self._entry_of(matrix)}_{{{' '.join(ends)}}}" for matrix, ends in factors)
        return rf"\sum_{{{', '.join(labels)}}} {' '.join(shown)}"

    def _entry_of(self, matrix: MatrixExpr) -> str:
        """What an index is put to: a letter that has none yet, or brackets."""
        shown = self._print(matrix)
        return shown if isinstance(matrix, sympy.MatrixSymbol) and "_" not in _expanded(shown) else _bracketed(shown)

    def _print_Tr(self, expr: Tr) -> str:
        matrix = expr.args[0]
        if matrix.shape == (1, 1):
            return self._matrix_factor(matrix)
        return f"{current().operator('trace')}{self._argument(matrix)}"

    def _print_LogDet(self, expr: LogDet) -> str:
        return rf"\log\det {self._argument(expr.args[0])}"

    def _argument(self, matrix: MatrixExpr) -> str:
        return _bracketed(self._print(matrix))
