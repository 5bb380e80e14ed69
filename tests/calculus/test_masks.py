"""Expectations over masks against enumeration: every pattern of kept coordinates with its probability, in rationals."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from importlib import import_module
from itertools import product
from math import prod
from random import Random

import numpy as np
import pytest
import sympy

from symasym.calculus.average import multiply_averages
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.masks import cumulant, expectation_over_masks, set_partitions
from symasym.errors import NotDerivableYet
from symasym.model import (
    average,
    constant,
    copy,
    covariance,
    dims,
    eye,
    gaussian,
    inner,
    logdet,
    mask,
    norm2,
    parameter,
    quad,
    scalar,
    tr,
)
from symasym.referee.moments import Moments as Isserlis
from symasym.words import lower_scalar
from symasym.words.atoms import Kind, Word, rows_of
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, ScalarPolynomial

module = import_module("symasym.calculus.masks")

d, k = dims("d k")
SIZES = {d: 3, k: 2}
p, q, kappa = scalar("p_m"), scalar("q_m"), scalar("kappa_m", positive=False)
SCALARS = {p: Fraction(2, 5), q: Fraction(3, 4), kappa: Fraction(1, 3)}
R, Q, half = mask("R_m", d, keep=p), mask("Q_m", d, keep=q), mask("H_m", k, keep=sympy.Rational(1, 2))
A, S, C, u = parameter("A_m", k, d), covariance("S_m", d), constant("C_m", d, d), constant("u_m", d)
x, y = gaussian("x_m", d, cov=S), gaussian("y_m", d, cov=S)
MASKS = (R, Q, half)


def matrices(seed: int) -> dict[str, np.ndarray]:
    rng, found = Random(seed), {}
    for symbol in (A, S, C, u):
        rows, columns = (int(sympy.sympify(n).subs(SIZES)) for n in symbol.shape)
        matrix = np.array(
            [[Fraction(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(columns)] for _ in range(rows)]
        )
        found[symbol.name] = matrix @ matrix.T if symbol == S else matrix
    return found


def keep_of(symbol: object) -> Fraction:
    number = symbol.keep.subs({s: sympy.Rational(v.numerator, v.denominator) for s, v in SCALARS.items()})
    return Fraction(int(number.p), int(number.q))


def patterns(names: dict[str, object]) -> Iterator[tuple[Fraction, dict[str, np.ndarray]]]:
    """Every pattern of some masks, by the name of their letters, with its probability."""
    sizes = {name: int(symbol.shape[0].subs(SIZES)) for name, symbol in names.items()}
    for bits in product((0, 1), repeat=sum(sizes.values())):
        chances, found, start = Fraction(1), {}, 0
        for name, symbol in names.items():
            kept = bits[start : start + sizes[name]]
            keep = keep_of(symbol)
            chances *= prod(keep if bit else 1 - keep for bit in kept)
            found[name] = np.diag([Fraction(bit) for bit in kept])
            start += sizes[name]
        yield chances, found


def word_value(word: Word, numbers: dict[str, np.ndarray]) -> np.ndarray:
    return reduce(np.matmul, [numbers[atom.key].T if flag else numbers[atom.key] for atom, flag in word])


def network_value(network: Network, numbers: dict[str, np.ndarray]) -> Fraction:
    """The sum over coordinates, one after the other."""
    found = [(edge, word_value(edge.word, numbers)) for edge in network.edges]
    sizes = {edge.tail: matrix.shape[0] for edge, matrix in found} | {e.head: m.shape[1] for e, m in found}
    sizes.pop(None, None)
    total = Fraction(0)
    for choice in product(*(range(size) for size in sizes.values())):
        at = dict(zip(sizes, choice, strict=True)) | {None: 0}
        total += prod(matrix[at[edge.tail], at[edge.head]] for edge, matrix in found)
    return total


def value(polynomial: ScalarPolynomial, numbers: dict[str, np.ndarray]) -> Fraction:
    total = Fraction(0)
    for monomial, number in polynomial.terms.items():
        term = Fraction(number)
        for symbol, power in monomial.powers:
            term *= (SCALARS | {s: Fraction(n) for s, n in SIZES.items()})[symbol] ** power
        for scalar_ in monomial.scalars:
            assert not isinstance(scalar_, LogDet)
            network = isinstance(scalar_, Network)
            term *= network_value(scalar_, numbers) if network else np.trace(word_value(scalar_, numbers))
        total += term
    return total


def enumerated(polynomial: ScalarPolynomial, numbers: dict[str, np.ndarray]) -> Fraction:
    """`E p` over the masks in it, pattern by pattern."""
    words = [s for monomial in polynomial.terms for s in monomial.scalars if isinstance(s, tuple)]
    found = {atom.key: atom.payload for word in words for atom, _ in word if atom.kind is Kind.MASK}
    return sum((chance * value(polynomial, {**numbers, **kept}) for chance, kept in patterns(found)), Fraction(0))


def random_scalar(rng: Random) -> sympy.Expr:
    """A product of traces and forms with up to four masks, of two kinds, some of them next to each other."""
    letters = rng.randint(1, 4)
    total: sympy.Expr = sympy.Integer(1)
    while letters > 0:
        word = rng.choice([C, S, A.T * A, eye(d)])
        for _ in range(rng.randint(1, letters)):
            word = word * rng.choice([R, R, Q]) * rng.choice([C, S, C.T, eye(d), A.T * half * A])
            letters -= 1
        total = total * rng.choice([tr(word), quad(u, word), inner(C, word)])
    return total


@pytest.mark.parametrize("seed", range(25))
def test_products_with_up_to_four_masks(seed: int) -> None:
    rng, numbers = Random(seed), matrices(seed)
    for _ in range(3):
        polynomial = lower_scalar(random_scalar(rng))
        assert value(expectation_over_masks(polynomial), numbers) == enumerated(polynomial, numbers)


def test_moments_from_cumulants() -> None:
    """`E r^n = p`: the sum over set partitions of products of cumulants, up to the order six."""
    probability = lower_scalar(p)
    for order in range(1, 7):
        total = ScalarPolynomial()
        for blocks in set_partitions([(0, n) for n in range(order)]):
            product_ = ScalarPolynomial.number(1)
            for block in blocks:
                product_ = product_ * cumulant(len(block), probability)
            total = total + product_
        assert total == probability


def test_first_cumulants() -> None:
    v = p * (1 - p)
    for order, expected in enumerate((p, v, v * (1 - 2 * p), v * (1 - 6 * v)), 1):
        assert cumulant(order, lower_scalar(p)) == lower_scalar(sympy.expand(expected))


def test_numbers_of_set_partitions() -> None:
    """The numbers of Bell, and no partition twice."""
    for size, bell in enumerate((1, 1, 2, 5, 15, 52)):
        found = [frozenset(map(frozenset, blocks)) for blocks in set_partitions([(0, n) for n in range(size)])]
        assert len(found) == len(set(found)) == bell


@pytest.mark.parametrize("order", [2, 3, 4])
def test_a_wrong_cumulant_is_caught(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cumulant ten per cent too large, for a product of four masks at one coordinate or two."""
    right = module.cumulant

    def wrong(b: int, keep: ScalarPolynomial) -> ScalarPolynomial:
        return right(b, keep).scale(Fraction(11, 10) if b == order else 1)

    polynomial, numbers = lower_scalar(tr(C * R * S * R) * tr(S * R) * quad(u, R)), matrices(3)
    expected = enumerated(polynomial, numbers)
    assert value(expectation_over_masks(polynomial), numbers) == expected
    monkeypatch.setattr(module, "cumulant", wrong)
    module._product.cache_clear()
    try:
        assert value(expectation_over_masks(polynomial), numbers) != expected
    finally:
        module._product.cache_clear()


def test_a_mask_is_a_projector() -> None:
    assert lower_scalar(tr(C * R * R)) == lower_scalar(tr(C * R))
    assert lower_scalar(quad(x, R * C * R)) == lower_scalar(inner(R * x, C * R * R * x))
    assert lower_scalar(norm2(R * x)) == lower_scalar(quad(x, R))
    assert lower_scalar(tr(C * R * Q)) != lower_scalar(tr(C * R))


def isserlis(polynomial: ScalarPolynomial, numbers: dict[str, np.ndarray]) -> Fraction:
    """`E p` over `x_m` with the masks fixed: every entry of `x` a variable, moments by Isserlis' recursion."""
    size = SIZES[d]
    moments = Isserlis(np.array([Fraction(0)] * size), numbers["S_m"])
    units = [np.array([[Fraction(int(m == n))] for m in range(size)]) for n in range(size)]
    total = Fraction(0)
    for monomial, number in polynomial.terms.items():
        forms = [scalar_ for scalar_ in monomial.scalars if rows_of(scalar_[0]) == 1]
        for chosen in product(range(size), repeat=2 * len(forms)):
            term, exponents = Fraction(number), [0] * size
            for form, i, j in zip(forms, chosen[::2], chosen[1::2], strict=True):
                assert form[0][0].kind is Kind.DATA and form[-1][0].kind is Kind.DATA
                inside = word_value(form[1:-1], numbers) if len(form) > 2 else np.diag([Fraction(1)] * size)
                term *= (units[i].T @ inside @ units[j])[0, 0]
                exponents[i] += 1
                exponents[j] += 1
            if term:
                total += term * moments.of(tuple(exponents))
    return total


def test_data_and_masks_together() -> None:
    """`E` of forms in `x` with masks inside: over the masks pattern by pattern, over the data entry by entry."""
    numbers = matrices(5)
    for expression in (norm2(A * R * x) ** 2, quad(x, R * C) * quad(x, S * R), norm2(x - C * R * x)):
        polynomial = lower_scalar(expression)
        keys = {a.key: a.payload for m in polynomial.terms for w in m.scalars for a, _ in w if a.kind is Kind.MASK}
        expected = sum((c * isserlis(polynomial, {**numbers, **kept}) for c, kept in patterns(keys)), Fraction(0))
        assert value(expectation(polynomial, Moments()), numbers) == expected


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3)])
def test_products_of_averages(share: Fraction, monkeypatch: pytest.MonkeyPatch) -> None:
    """`E[mean f(R_i) mean g(R_j)] = kappa E[f g] + (1 - kappa) E f E g`, with a second mask that is not averaged."""
    monkeypatch.setitem(SCALARS, kappa, share)
    numbers = matrices(6)
    f, g = quad(u, R * C * R) * quad(u, Q), quad(u, C * R * S)
    found = multiply_averages(*(lower_scalar(average(e, over=R, count=1 / kappa)) for e in (f, g)))
    together, apart = (enumerated(lower_scalar(e), numbers) for e in (f * g, f * g.xreplace({R: copy(R, "other")})))
    assert value(expectation_over_masks(found), numbers) == share * together + (1 - share) * apart


def test_a_whole_number_of_masks() -> None:
    """`count=3`, against three masks written out."""
    numbers, three = matrices(7), [copy(R, f"R_{n}") for n in range(3)]
    f = quad(u, R * C * R * S)
    lowered = lower_scalar(average(f, over=R, count=3))
    found = expectation_over_masks(multiply_averages(lowered, lowered))
    written = sum(f.xreplace({R: one}) for one in three) / 3
    assert value(found, numbers) == enumerated(lower_scalar(sympy.expand(written**2)), numbers)


def test_masks_inside_inverses_are_refused() -> None:
    for expression in (tr((S + R).inv()), logdet(S + R), quad(x, (S + R * S * R).inv())):
        with pytest.raises(NotDerivableYet, match="inside an inverse or a log-determinant"):
            expectation(lower_scalar(expression), Moments())
