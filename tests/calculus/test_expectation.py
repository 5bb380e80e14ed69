"""Wick's theorem on words, against Isserlis' recursion entry by entry, textbook moments and integration by parts."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from importlib import import_module
from random import Random

import numpy as np
import pytest
import sympy
from sympy import QQ
from sympy.polys.rings import PolyRing

from symasym import catalogue
from symasym.calculus.average import multiply_averages
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.forms import forms
from symasym.errors import NotDerivableYet
from symasym.model import (
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    inner,
    joint,
    logdet,
    norm2,
    observed,
    parameter,
    quad,
    scalar,
    student,
    tr,
    truth,
)
from symasym.referee.linear_algebra import identity
from symasym.referee.moments import Moments as Isserlis, fraction
from symasym.words import lower_matrix, lower_scalar, show_scalar, substitute_scalar
from symasym.words.atoms import Kind, rows_of
from symasym.words.lower import atom_of
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

module = import_module("symasym.calculus.expectation")  # the package exports the function of that name

d, k = dims("d k")
SIZES = {d: 2, k: 3}
A, A_true = parameter("A_e", k, d), truth(parameter("A_e", k, d))
S, P, R = covariance("S_e", d), covariance("P_e", d), covariance("R_e", k)
M, C, u, v = constant("M_e", d, d), constant("C_e", d, k), constant("u_e", d), constant("v_e", k)
centre, middle = constant("centre_e", d), constant("middle_e", k)
spread = scalar("spread_e")

x, y = exchangeable("x_e y_e", cov=S, cross=P)
z = copy(x, "z_e")
f, g = joint("f_e g_e", (d, k), {(0, 0): S, (1, 1): R, (0, 1): C})
m, n = joint("m_e n_e", (d, k), {(0, 0): S, (1, 1): R, (0, 1): C}, {0: centre, 1: middle})
o = copy(m, "o_e")
nu, rho = joint("nu_e rho_e", (1, 1), {(0, 0): spread * eye(1), (1, 1): 2 * eye(1), (0, 1): eye(1)})
latent, noise = gaussian("latent_e", k, cov=R), gaussian("noise_e", d, cov=S)
(seen,) = observed("seen_e", A_true.T * latent + noise)
VECTORS = (x, y, z, f, g, m, n, o, nu, rho, seen)
CONSTANTS = (A, S, P, R, M, C, u, v, centre, middle)

MONOMIALS = {
    "one form": quad(x, M),
    "a form squared": quad(x, M) ** 2,
    "a form cubed": quad(x, M) ** 3,
    "the fourth power of the norm": norm2(x) ** 4,
    "a pair": inner(A * x, A * y),
    "a pair squared": inner(A * x, A * y) ** 2,
    "a pair and both norms": inner(x, M * y) * norm2(x) * norm2(y),
    "an independent copy": inner(A * x, A * z) ** 2,
    "a pair against a copy": inner(A * x, A * y) * inner(A * x, A * z) ** 2,
    "a copy to the fourth": inner(x, M * z) ** 4,
    "different copies": inner(x, M * z) * inner(z, M * f) * inner(f, M * x),
    "different spaces": inner(C * g, f) ** 2,
    "different spaces, entered backwards": inner(C.T * f, g) * inner(A * f, g),
    "different spaces, three forms": inner(A * f, g) * quad(g, R) * quad(f, M),
    "an odd form": inner(u, x) ** 3,
    "constants at the ends": inner(u, x) ** 2 * inner(v, A * x) * inner(u, y),
    "a mean": inner(u, m),
    "a mean squared": quad(m, M) ** 2,
    "a mean cubed": inner(u, m) ** 3,
    "means in two spaces": inner(A * m, n) * inner(v, n),
    "means, three forms": inner(A * m, n) ** 2 * quad(n, R),
    "means and a copy": inner(m, M * o) ** 2 * inner(u, m),
    "a mean and a centred vector": inner(m, M * x) ** 2,
    "one dimension": tr(nu) ** 4,
    "one dimension and a pair": tr(nu) ** 3 * tr(rho) + inner(nu, rho) * norm2(nu),
    "one dimension and a vector": tr(nu) ** 2 * quad(x, M) + inner(u, x) * tr(nu),
    "a derived covariance": quad(seen, M) ** 2 * inner(u, seen) ** 2,
    "a sum of everything": 3 * quad(x, M) - spread * inner(A * x, A * y) ** 2 + d * tr(S) * inner(u, m) ** 2,
}


# --- Entry by entry ----------------------------------------------------------------------------------------------


def draw(rows: int, columns: int, rng: Random) -> np.ndarray:
    return np.array([[Fraction(rng.randint(-6, 6), rng.randint(1, 4)) for _ in range(columns)] for _ in range(rows)])


class Entries:
    """Constants at rational entries, data vectors as the generators of a polynomial ring."""

    def __init__(self, seed: int) -> None:
        rng, self.values = Random(seed), {}
        for symbol in CONSTANTS:
            rows, columns = (int(sympy.sympify(size).subs(SIZES)) for size in symbol.shape)
            matrix = draw(rows, columns, rng)
            self.values[symbol.name] = matrix + matrix.T if getattr(symbol, "symmetric", False) else matrix
        self.values["A_e_*"] = self.values["A_e"]
        dimensions = [int(sympy.sympify(vector.shape[0]).subs(SIZES)) for vector in VECTORS]
        self.ring = PolyRing([f"e{number}" for number in range(sum(dimensions))], QQ)
        self.where, start = {}, 0
        for vector, size in zip(VECTORS, dimensions, strict=True):
            self.where[vector] = range(start, start + size)
            start += size
        self.isserlis = Isserlis(*self._law(start))

    def _law(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The joint law of all entries, straight from what the front end was told."""
        mean, table = draw(1, count, Random(0))[0] * 0, draw(count, count, Random(0)) * 0
        for one in VECTORS:
            mean[self.where[one].start : self.where[one].stop] = self.matrix(lower_matrix(one.mean))[:, 0]
            for two in VECTORS:
                if one.law == two.law:
                    block = self.matrix(lower_matrix(one.law.covariance(one.position, two.position)))
                    table[np.ix_(self.where[one], self.where[two])] = block
        assert (table == table.T).all()
        return mean, table

    def size(self, dimension: sympy.Expr) -> int:
        return int(sympy.sympify(dimension).subs(SIZES))

    def factor(self, item) -> np.ndarray:
        atom, transposed = item
        if atom.kind is Kind.DATA:
            matrix = np.array([[self.ring.gens[number]] for number in self.where[atom.payload]], dtype=object)
        elif atom.kind is Kind.DERIVED:
            matrix = self.matrix(atom.payload)
        else:
            matrix = self.values[atom.key]
        return matrix.T if transposed else matrix

    def word(self, word, rows: sympy.Expr) -> np.ndarray:
        random = any(atom.kind is Kind.DATA for atom, _ in word)
        factors = [
            np.vectorize(self._entry, otypes=[object])(self.factor(item)) if random else self.factor(item)
            for item in word
        ]
        return reduce(np.matmul, factors) if factors else identity(self.size(rows))

    def _entry(self, number):
        return (
            self.ring.ground_new(QQ(number.numerator, number.denominator)) if isinstance(number, Fraction) else number
        )

    def scalar(self, polynomial: ScalarPolynomial):
        """A number, or a polynomial in the entries of the data."""
        total = self.ring.zero
        for monomial, number in polynomial.terms.items():
            value = self._entry(Fraction(number))
            for symbol, power in monomial.powers:
                value = value * self._entry(Fraction(SIZES.get(symbol, 5)) ** power)
            for word in monomial.scalars:
                value = value * self._entry(np.trace(self.word(word, rows_of(word[0]))))
            total = total + value
        return total

    def matrix(self, polynomial: MatrixPolynomial) -> np.ndarray:
        total = draw(self.size(polynomial.rows), self.size(polynomial.columns), Random(0)) * 0
        for (monomial, word), number in polynomial.terms.items():
            factor = fraction(self.scalar(ScalarPolynomial({monomial: number})).LC)
            total = total + factor * self.word(word, polynomial.rows)
        return total

    def agrees(self, expression) -> bool:
        """`E` on words, at these entries, equals `E` entry by entry."""
        lowered = lower_scalar(expression)
        on_words = self.scalar(expectation(lowered, Moments()))
        by_entries = self.isserlis.expect(self.scalar(lowered))
        return on_words == self._entry(by_entries)


@pytest.mark.parametrize("name", MONOMIALS)
def test_expectations_are_those_of_the_entries(name: str) -> None:
    assert Entries(1).agrees(MONOMIALS[name])


@pytest.mark.parametrize("name", MONOMIALS)
def test_no_data_is_left(name: str) -> None:
    value = expectation(lower_scalar(MONOMIALS[name]), Moments())
    kinds = {atom.kind for monomial in value.terms for word in monomial.scalars for atom, _ in word}
    assert Kind.DATA not in kinds


right_pairings, right_covariance, right_mean = module.pairings, Moments.covariance, Moments.mean


def without_the_last_pairing():
    """Where several pairings close a product of forms, the last one is lost; the recursion below it is left alone."""
    depth = 0

    def pairings(slots, segments, moments):
        nonlocal depth
        depth += 1
        try:
            found = list(right_pairings(slots, segments, moments))
        finally:
            depth -= 1
        return iter(found[:-1] if depth == 0 and len(found) > 1 else found)

    return pairings


def copies_are_the_same_vector(self, one, two):
    """What a sum over a copy index does where it collapses the copies."""
    same = one.payload.shape == two.payload.shape and {one.payload, two.payload} == {x, z}
    return right_covariance(self, one, one if same else two)


def cross_covariance_not_transposed(self, one, two):
    found = right_covariance(self, one, two)
    backwards = found is not None and one.payload.position > two.payload.position and found.rows == found.columns
    return found.T if backwards else found


PLANTED = {
    "a dropped pairing": (module, "pairings", without_the_last_pairing(), "a form squared", "a pair"),
    "copies that are not independent": (
        Moments,
        "covariance",
        copies_are_the_same_vector,
        "an independent copy",
        "one form",
    ),
    "means forgotten": (Moments, "mean", lambda self, one: None, "a mean squared", "a form squared"),
    "a mean doubled": (
        Moments,
        "mean",
        lambda self, one: None if right_mean(self, one) is None else right_mean(self, one).scale(2),
        "a mean and a centred vector",
        "a form cubed",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_caught(mistake: str, monkeypatch) -> None:
    owner, name, wrong, caught, untouched = PLANTED[mistake]
    assert Entries(2).agrees(MONOMIALS[caught])
    monkeypatch.setattr(owner, name, wrong)
    assert not Entries(2).agrees(MONOMIALS[caught])
    assert Entries(2).agrees(MONOMIALS[untouched])


def test_a_cross_covariance_is_transposed_when_it_is_entered_from_the_right(monkeypatch) -> None:
    """`Cov(q, p) = Cov(p, q)^T`, which a square block hides."""
    p, q = joint("p_e q_e", (d, d), {(0, 0): S, (1, 1): S, (0, 1): M})
    expected = lower_scalar(tr(M * P))
    assert expectation(lower_scalar(inner(q, P * p)), Moments()) == expected
    assert expectation(lower_scalar(inner(p, P * q)), Moments()) == expected
    assert expectation(lower_scalar(inner(q, C * C.T * M * p)), Moments()) == lower_scalar(tr(C * C.T * M * M))
    assert expectation(lower_scalar(inner(p, C * C.T * M * q)), Moments()) == lower_scalar(tr(C * C.T * M * M.T))
    monkeypatch.setattr(Moments, "covariance", cross_covariance_not_transposed)
    wrong = expectation(lower_scalar(inner(q, C * C.T * M * p)), Moments())
    also_wrong = expectation(lower_scalar(inner(p, C * C.T * M * q)), Moments())
    assert (wrong, also_wrong) != (lower_scalar(tr(C * C.T * M * M)), lower_scalar(tr(C * C.T * M * M.T)))


# --- Textbook moments, for symbolic dimensions ---------------------------------------------------------------------


def mean_of(expression) -> ScalarPolynomial:
    return expectation(lower_scalar(expression), Moments())


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_moments_of_chi_squared(order: int) -> None:
    """`E ||x||^{2p} = d (d + 2) .. (d + 2p - 2)` for a standard normal vector of symbolic dimension."""
    standard = gaussian("standard_e", d, cov=eye(d))
    expected = sympy.prod(d + 2 * step for step in range(order))
    assert sympy.expand(show_scalar(mean_of(norm2(standard) ** order)) - expected) == 0


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_moments_of_a_quadratic_form_are_those_of_its_cumulants(order: int) -> None:
    """`kappa_r = 2^{r-1} (r-1)! tr((N Sigma)^r)` for symmetric `N`."""
    form = covariance("N_e", d)
    k1, k2, k3, k4 = (2 ** (r - 1) * sympy.factorial(r - 1) * tr(sympy.MatMul(*([form, S] * r))) for r in range(1, 5))
    moments = [k1, k1**2 + k2, k1**3 + 3 * k1 * k2 + k3, k1**4 + 6 * k1**2 * k2 + 3 * k2**2 + 4 * k1 * k3 + k4]
    assert mean_of(quad(x, form) ** order) == lower_scalar(moments[order - 1])


def test_square_of_a_form_that_is_not_symmetric() -> None:
    expected = tr(M * S) ** 2 + tr(M * S * M * S) + tr(M * S * M.T * S)
    assert mean_of(quad(x, M) ** 2) == lower_scalar(expected)


def test_a_pair_and_its_copy() -> None:
    assert mean_of(inner(x, M * y)) == lower_scalar(tr(M * P))
    assert not mean_of(inner(x, M * z))
    assert mean_of(inner(x, M * z) ** 2) == lower_scalar(tr(M * S * M.T * S))
    assert mean_of(inner(A * x, A * y) ** 2) == lower_scalar(
        tr(A * P * A.T) ** 2 + tr(A * S * A.T * A * S * A.T) + tr(A * P * A.T * A * P * A.T)
    )


def test_moments_with_a_mean() -> None:
    assert mean_of(norm2(m)) == lower_scalar(tr(S) + norm2(centre))
    assert mean_of(inner(u, m) ** 3) == lower_scalar(inner(u, centre) ** 3 + 3 * inner(u, centre) * quad(u, S))
    assert mean_of(norm2(m) ** 2) == lower_scalar((tr(S) + norm2(centre)) ** 2 + 2 * tr(S * S) + 4 * quad(centre, S))
    assert mean_of(inner(m, M * o)) == lower_scalar(quad(centre, M))


@pytest.mark.parametrize("order", range(9))
def test_moments_of_one_variable(order: int) -> None:
    """`E nu^{2p} = (2p - 1)!! sigma^{2p}` for a vector of dimension one, as a number and as a symbol."""
    expected = sympy.factorial2(order - 1) * spread ** (order // 2) if order % 2 == 0 else 0
    assert show_scalar(mean_of(tr(nu) ** order)) == expected


@pytest.mark.parametrize("name", MONOMIALS)
def test_independent_factors_have_independent_expectations(name: str) -> None:
    other = gaussian("other_e", d, cov=P, mean=u)
    weight = quad(other, M) * inner(u, other)
    assert mean_of(MONOMIALS[name] * weight) == mean_of(MONOMIALS[name]) * mean_of(weight)


def test_exchanging_an_exchangeable_pair_changes_nothing() -> None:
    expression = inner(A * x, A * y) * quad(x, M) ** 2 * inner(u, y) ** 2
    swapped = expression.xreplace({x: y, y: x})
    assert mean_of(expression) == mean_of(swapped)
    assert lower_scalar(expression) != lower_scalar(swapped)


@pytest.mark.parametrize("expression", [quad(seen, M), quad(seen, M) ** 2, quad(seen, M) ** 3, inner(u, seen) ** 4])
def test_a_derived_covariance_is_that_of_the_latent_variables(expression) -> None:
    """`E p(x)` with `Cov(x) = A^T R A + S` derived, against `E p(A^T h + u)` over the latent `h` and `u`."""
    moments = Moments()
    observed_mean = substitute_scalar(expectation(lower_scalar(expression), moments), moments.definitions)
    assert moments.definitions
    assert observed_mean == mean_of(expression.xreplace({seen: A_true.T * latent + noise}))


BY_PARTS = [
    "a form cubed",
    "a pair and both norms",
    "different spaces, three forms",
    "a mean squared",
    "means, three forms",
    "constants at the ends",
    "means and a copy",
    "a derived covariance",
]


@pytest.mark.parametrize("name", BY_PARTS)
def test_integration_by_parts(name: str) -> None:
    """`E[<c, x - E x> p] = sum_v E D_v p [Cov(v, x) c]`: Stein's identity, one pairing at a time, for symbolic dimensions."""
    vectors = sorted(MONOMIALS[name].atoms(type(x)), key=str)
    first, moments = vectors[0], Moments()
    lowered = lower_scalar(MONOMIALS[name] * inner(constant("b_e", first.shape[0]), first))
    direction = lower_matrix(constant("c_e", first.shape[0]))
    centred = direction.T @ (lower_matrix(first) - lower_matrix(first.mean))
    left = expectation(centred.trace() * lowered, moments)
    blocks = {atom_of(vector): moments.covariance(atom_of(vector), atom_of(first)) for vector in vectors}
    moving = {atom: block @ direction for atom, block in blocks.items() if block is not None}
    assert left
    assert left == expectation(differentiate_scalar(lowered, moving), moments)


# --- Averages over copies and random scales ------------------------------------------------------------------------


COPIES = [copy(x, f"copy_{number}_e") for number in range(3)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_product_of_averages_is_that_of_the_copies_written_out(count: int) -> None:
    """`E[(mean of f) (mean of g)]` over `count` copies, symbolic first and then a number, against `count` vectors."""
    number = scalar("number_e")
    pieces = [
        (inner(A * x, A * z) ** 2, inner(x, M * z)),
        (inner(A * x, A * z) ** 2, norm2(z) + norm2(y)),
        (quad(z, M), quad(z, M)),
    ]
    for one, other in pieces:
        written = [sum((p.xreplace({z: c}) for c in COPIES[:count]), sympy.S.Zero) / count for p in (one, other)]
        averaged = [lower_scalar(average(p, over=z, count=number)) for p in (one, other)]
        symbolic = expectation(multiply_averages(*averaged), Moments())
        at_count = ScalarPolynomial(
            (Monomial(tuple((s, p) for s, p in m.powers if s != number), m.scalars), _at(m, number, count) * value)
            for m, value in symbolic.terms.items()
        )
        assert at_count == mean_of(written[0] * written[1])


def _at(monomial: Monomial, symbol: sympy.Symbol, value: int) -> Fraction:
    return Fraction(value) ** dict(monomial.powers).get(symbol, 0)


def test_averages_over_different_numbers_of_copies_do_not_mix() -> None:
    """The same loss with 3, with 5 and with `K` negatives, one after the other."""
    for count in (3, 5, scalar("number_e")):
        one = lower_scalar(average(inner(x, M * z), over=z, count=count))
        found = expectation(multiply_averages(one, one), Moments())
        assert found == lower_scalar(tr(M * S * M.T * S) / count)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_moments_of_multivariate_t_vectors(order: int) -> None:
    """`E ||x||^{2p} = d (d + 2) .. (d + 2p - 2) (nu - 2)^p / ((nu - 2) (nu - 4) .. (nu - 2p))` for unit covariance."""
    nu_ = scalar("degrees_e")
    heavy, moments = student(f"heavy_{order}_e", d, eye(d), nu_), Moments()
    found = show_scalar(expectation(lower_scalar(norm2(heavy) ** order), moments)).xreplace(moments.scale_moments)
    steps = range(1, order + 1)
    expected = sympy.prod((d + 2 * p - 2) * (nu_ - 2) / (nu_ - 2 * p) for p in steps)
    assert sympy.simplify(found - expected) == 0


# --- One process, many models --------------------------------------------------------------------------------------


def test_laws_of_the_same_name_do_not_mix() -> None:
    """Two models may call their data alike; neither must see the law of the other."""
    first, second = gaussian("shared_e", d, cov=S), gaussian("shared_e", d, cov=S, mean=centre)
    for vector, expected in ((first, tr(M * S)), (second, tr(M * S) + quad(centre, M)), (first, tr(M * S))):
        assert mean_of(quad(vector, M)) == lower_scalar(expected)


@pytest.mark.parametrize("expression", [tr((S + x * x.T).inv() * M), quad(u, (S + x * x.T).inv()), logdet(S + x * x.T)])
def test_data_inside_an_inverse_or_a_log_determinant_are_refused(expression) -> None:
    """No polynomial in the data: an error, and never the expression itself as if it were constant."""
    with pytest.raises(NotDerivableYet):
        mean_of(expression)


# --- The forms of a model ------------------------------------------------------------------------------------------


def test_a_well_specified_likelihood_has_equal_score_and_hessian_forms() -> None:
    """`s = h` for the factor model, as polynomials in trace words: every dimension, every loading matrix."""
    derived = forms(catalogue.load("factor").model)
    assert derived.score == derived.hessian
    assert not derived.gradient
    assert len(derived.score.terms) > 1


def test_a_dropped_pairing_breaks_the_information_identity(monkeypatch) -> None:
    monkeypatch.setattr(module, "pairings", without_the_last_pairing())
    derived = forms(catalogue.load("factor").model)
    assert derived.score != derived.hessian
