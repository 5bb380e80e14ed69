"""Which linear forms of the data a smooth function sees: its arguments, taken apart where they are products of forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import sympy

from symasym.errors import NotDerivableYet
from symasym.model.matrices import ScalarParameter, ScalarTruth
from symasym.model.scalars import Slot
from symasym.words.atoms import Kind, Word, rows_of
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, Monomial, Scalar, ScalarPolynomial
from symasym.words.show import show_scalar

__all__ = ["linear_forms"]


def linear_forms(
    function: sympy.Expr, variables: Sequence[sympy.Symbol], arguments: Sequence[ScalarPolynomial]
) -> tuple[sympy.Expr, tuple[ScalarPolynomial, ...]]:
    """The same function with arguments that are affine in the data.

    An argument of higher degree, as `<a, x> <b, y>`, becomes an expression in its factors. Raises `NotDerivableYet` for factors
    that are no linear forms.
    """
    found: list[ScalarPolynomial] = []

    def slot(polynomial: ScalarPolynomial) -> sympy.Expr:
        if polynomial not in found:
            found.append(polynomial)
        return Slot(found.index(polynomial) + 1)

    images = {}
    for variable, argument in zip(variables, arguments, strict=True):
        parts = [_random(monomial) for monomial in argument.terms]
        for scalar in (scalar for part in parts for scalar in part):
            _require_linear(scalar)
        if all(len(part) <= 1 for part in parts):
            images[variable] = slot(argument)
            continue
        images[variable] = sympy.Add(
            *(
                sympy.Mul(
                    sympy.Rational(number.numerator, number.denominator),
                    *(_power(symbol, slot) ** power for symbol, power in monomial.powers),
                    *(slot(ScalarPolynomial({Monomial((), (scalar,)): Fraction(1)})) for scalar in monomial.scalars),
                )
                for monomial, number in argument.sorted_terms()
            )
        )
    return function.xreplace(images), tuple(found)


def _power(symbol: sympy.Expr, slot: Callable[[ScalarPolynomial], sympy.Expr]) -> sympy.Expr:
    """A number that moves is an argument; others stay as they are."""
    moves = isinstance(symbol, ScalarParameter | ScalarTruth)
    return slot(ScalarPolynomial.symbol(symbol)) if moves else symbol


def _random(monomial: Monomial) -> list[Scalar]:
    """The factors that vary over the samples."""
    return [scalar for scalar in monomial.scalars if not isinstance(scalar, LogDet) and _varies(scalar)]


def _varies(scalar: Scalar) -> bool:
    assert not isinstance(scalar, LogDet)
    return any(atom.kind in (Kind.DATA, Kind.MASK) for word in words_of(scalar) for atom, _ in word)


def _require_linear(scalar: Scalar) -> None:
    """A word with a data vector at one of its ends and none elsewhere."""
    if isinstance(scalar, tuple):
        places = [n for n, (atom, _) in enumerate(scalar) if atom.kind in (Kind.DATA, Kind.MASK)]
        if rows_of(scalar[0]) == 1 and len(places) == 1 and scalar[places[0]][0].kind is Kind.DATA:
            return
        text = show_scalar(ScalarPolynomial({Monomial((), (scalar,)): Fraction(1)}))
        raise NotDerivableYet(
            f"smooth: the data enter through the quadratic form {text}, which sees a projection of {_rank(scalar)} dimensions; "
            "a function of finitely many linear forms of the data, as inner(a, x), is expected"
        )
    raise NotDerivableYet(
        "smooth: the data enter through masks or a further smooth function; linear forms, as inner(a, x), are expected"
    )


def _rank(word: Word) -> sympy.Expr:
    """The narrowest dimension between the data vectors, as far as that can be said: a number, else one that is not the data's."""
    sizes = [rows_of(item) for item in word[1:]]
    numbers = [size for size in sizes if size.is_Integer]
    return min(numbers, key=int) if numbers else next((size for size in sizes if size != sizes[0]), sizes[0])
