"""Trace words against explicit rational matrices: what is called equal is equal, and only that.

Sizes are 4 and 3, random entries rational: two words of at most seven factors whose traces agree there are equal as
cyclic words, up to transposition and the declared cancellations.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from random import Random

import numpy as np
import pytest
import sympy
from support import ALL, CASES, concrete, derivation, exact_matrices, label, point, symbols

from symasym.errors import NotDerivableYet
from symasym.model import (
    GL,
    O,
    constant,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    inner,
    logdet,
    norm2,
    parameter,
    quad,
    scalar,
    tr,
)
from symasym.model.evaluate import evaluate, evaluate_matrix
from symasym.model.scalars import Inner
from symasym.referee.linear_algebra import identity, inverse as exact_inverse
from symasym.words import (
    atoms,
    lower_matrix,
    lower_scalar,
    show_matrix,
    show_scalar,
    substitute_matrix,
    substitute_scalar,
)
from symasym.words.atoms import Atom, Kind, canonical_trace, columns_of, multiply, rows_of, transpose
from symasym.words.inverse import inverse, log_determinant
from symasym.words.lower import atom_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial

d, k = dims("d k")
A, B, W = parameter("A_w", k, d), parameter("B_w", d, k), parameter("W_w", d, d)
S, R = covariance("S_w", d), covariance("R_w", k)
C, u, v = constant("C_w", d, d), constant("u_w", d), constant("v_w", k)
weight = scalar("weight")
Q, T, G = O(k).element("Q_w"), O(d).element("T_w"), GL(d).element("G_w")
SIZES = {d: 4, k: 3}
MATRICES = (A, B, W, S, R, C, u, v, Q, T, G)


# --- Exact values, by schoolbook products ---------------------------------------------------------------------


def draw(rows: int, columns: int, rng: Random) -> np.ndarray:
    return np.array([[Fraction(rng.randint(-5, 5), rng.randint(1, 3)) for _ in range(columns)] for _ in range(rows)])


def exact_values(seed: int) -> dict[str, np.ndarray]:
    """A rational matrix for every symbol: symmetric, orthogonal (by Cayley) or invertible where it must be."""
    rng, values = Random(seed), {}
    for symbol in MATRICES:
        rows, columns = (int(n.subs(SIZES)) for n in map(sympy.sympify, symbol.shape))
        matrix = draw(rows, columns, rng)
        if symbol in (S, R):
            matrix = matrix @ matrix.T + identity(rows)
        elif symbol in (Q, T):
            skew = matrix - matrix.T
            matrix = (identity(rows) - skew) @ exact_inverse(identity(rows) + skew, "I + X")
        elif symbol in (W, C, G):
            matrix = matrix + 20 * identity(rows)
        values[symbol.name] = matrix
    return values


class Exact:
    """Words, polynomials and atoms at rational matrices; nothing but products, sums and one inverse."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        self.values = values

    def size(self, dimension: sympy.Expr) -> int:
        return int(sympy.sympify(dimension).subs(SIZES))

    def factor(self, item: tuple[Atom, bool]) -> np.ndarray:
        atom, transposed = item
        if atom.kind is Kind.INVERSE:
            matrix = exact_inverse(self.matrix(atom.payload), atom.key)
        else:
            matrix = self.values[atom.key]
        return matrix.T if transposed else matrix

    def word(self, word: tuple, rows: sympy.Expr) -> np.ndarray:
        return reduce(np.matmul, map(self.factor, word), identity(self.size(rows)))

    def scalar(self, polynomial: ScalarPolynomial) -> Fraction:
        total = Fraction(0)
        for monomial, number in polynomial.terms.items():
            value = Fraction(number)
            for symbol, power in monomial.powers:
                value *= Fraction(self.size(symbol) if symbol in SIZES else 7) ** power
            for word in monomial.scalars:
                assert not isinstance(word, LogDet)
                value *= np.trace(self.word(word, rows_of(word[0])))
            total += value
        return total

    def matrix(self, polynomial: MatrixPolynomial) -> np.ndarray:
        total = draw(self.size(polynomial.rows), self.size(polynomial.columns), Random(0)) * 0
        for (monomial, word), number in polynomial.terms.items():
            total = total + self.scalar(ScalarPolynomial({monomial: number})) * self.word(word, polynomial.rows)
        return total


ATOMS = [atom_of(symbol) for symbol in MATRICES]
FACTORS = [(atom, flag) for atom in ATOMS for flag in ((False,) if atom.symmetric else (False, True))]
FACTORS += [
    (atom, flag)
    for root in (W, S, R, G)
    for atom in [next(iter(inverse(lower_matrix(root)).terms))[1][0][0]]
    for flag in ((False,) if atom.symmetric else (False, True))
]


def random_factors(length: int, rng: Random) -> tuple:
    """Factors that fit, the last one back to where the first began."""
    while True:
        word = [rng.choice(FACTORS)]
        while len(word) < length:
            word.append(rng.choice([item for item in FACTORS if rows_of(item) == columns_of(word[-1])]))
        if columns_of(word[-1]) == rows_of(word[0]):
            return tuple(word)


def random_word(length: int, rng: Random) -> tuple:
    """A square word as `multiply` makes it: neighbours that cancel are gone; never empty."""
    word = reduce(multiply, ((item,) for item in random_factors(length, rng)), ())
    return word or random_word(length, rng)


def turned(word: tuple, rng: Random) -> tuple:
    """The word rotated and transposed at random: the same trace."""
    n = rng.randrange(len(word))
    word = reduce(multiply, ((item,) for item in word[n:] + word[:n]), ())
    return transpose(word) if rng.random() < 0.5 else word


def trace_of(word: tuple) -> ScalarPolynomial:
    return ScalarPolynomial.trace(word, rows_of(word[0]))


# --- The canonical form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 8])
def test_canonical_form_does_not_depend_on_rotation_or_transposition(length: int) -> None:
    rng = Random(100 + length)
    for _ in range(150):
        word = random_word(length, rng)
        assert canonical_trace(turned(word, rng)) == canonical_trace(word)


def mismatches(rng: Random, count: int) -> int:
    """How many random products change their trace when they become a canonical trace of a word."""
    exact, wrong = Exact(exact_values(11)), 0
    for _ in range(count):
        factors = random_factors(rng.randint(1, 7), rng)
        word, rows = reduce(atoms.multiply, ((item,) for item in factors), ()), rows_of(factors[0])
        wrong += exact.scalar(ScalarPolynomial.trace(word, rows)) != np.trace(exact.word(factors, rows))
    return wrong


def test_canonical_form_keeps_the_value() -> None:
    assert mismatches(Random(21), 250) == 0


def test_words_with_different_traces_stay_different() -> None:
    """The other side: equal values at two random points only where the canonical forms are equal."""
    rng, points = Random(31), [Exact(exact_values(seed)) for seed in (12, 13)]
    by_value: dict[tuple, list] = {}
    for _ in range(250):
        form = trace_of(random_word(rng.randint(1, 5), rng))
        by_value.setdefault(tuple(at.scalar(form) for at in points), []).append(form)
    assert len(by_value) > 100
    repeated = [forms for forms in by_value.values() if len(forms) > 1]
    assert repeated
    assert all(form == forms[0] for forms in repeated for form in forms)


right_rule = atoms._cancels


def orthogonal_squares_cancel(left, right) -> bool:
    """`Q Q = I`."""
    return right_rule(left, right) or (left[0] == right[0] and left[0].orthogonal)


def square_factors_are_not_transposed(word: tuple) -> tuple:
    """`(W C)^T = C W`."""
    return tuple(atoms.factor(atom, flag if atom.rows == atom.columns else not flag) for atom, flag in reversed(word))


@pytest.mark.parametrize(
    ("name", "mistake"),
    [("_cancels", orthogonal_squares_cancel), ("transpose", square_factors_are_not_transposed)],
)
def test_a_wrong_rule_of_the_canonical_form_is_caught(name, mistake, monkeypatch) -> None:
    monkeypatch.setattr(atoms, name, mistake)
    unremembered = getattr(canonical_trace, "__wrapped__", canonical_trace)
    monkeypatch.setattr("symasym.words.polynomial.canonical_trace", unremembered)
    assert mismatches(Random(21), 250) > 0


def test_a_trace_falls_apart_where_a_dimension_is_one() -> None:
    """`tr(u v^T R v u^T S) = (v^T R v)(u^T S u)`."""
    whole = lower_scalar(tr(u * v.T * R * v * u.T * S))
    assert whole == lower_scalar(quad(v, R) * quad(u, S)) == lower_scalar(quad(u, S)) * lower_scalar(quad(v, R))
    assert len(next(iter(whole.terms)).scalars) == 2


@pytest.mark.parametrize(
    "product",
    [Q.T * Q, Q * Q.T, R * R.inv(), R.inv() * R, R.inv() * Q * Q.T * R, (Q.T * R * Q).inv() * Q.T * R * Q],
)
def test_neighbours_that_multiply_to_the_identity_vanish(product) -> None:
    assert lower_matrix(product) == MatrixPolynomial.identity(k)
    assert lower_scalar(tr(product)) == ScalarPolynomial.symbol(k)


@pytest.mark.parametrize("product", [Q * Q, Q.T * Q.T, G * G.T, G.T * G.inv(), W * W.T.inv(), R * Q * R.inv(), R * R])
def test_nothing_else_vanishes(product) -> None:
    lowered, exact = lower_matrix(product), Exact(exact_values(14))
    assert lowered != MatrixPolynomial.identity(product.shape[0])
    assert (exact.matrix(lowered) != identity(exact.size(product.shape[0]))).any()


def test_atoms_that_share_a_name_keep_their_own_law() -> None:
    """Two models may both call their data `x_own`; a word never comes back with the atoms of the other one."""
    (n,) = dims("n_own")
    spread, centre = covariance("S_own", n), constant("c_own", n)
    first, second = gaussian("x_own", n, cov=spread), gaussian("x_own", n, cov=spread, mean=centre)
    for vector in (first, second, first):
        ((word,),) = (monomial.scalars for monomial in lower_scalar(quad(vector, spread)).terms)
        assert {atom.payload for atom, _ in word if atom.kind is Kind.DATA} == {vector}


def test_atoms_that_share_a_name_keep_their_own_shape() -> None:
    wide, tall = parameter("M_own", k, d), parameter("M_own", d, k)
    for symbol in (wide, tall, wide):
        ((word,),) = (monomial.scalars for monomial in lower_scalar(norm2(symbol)).terms)
        assert {(atom.rows, atom.columns) for atom, _ in word} == {symbol.shape}


# --- Polynomials form a ring with a trace ---------------------------------------------------------------------


def random_scalar(rng: Random) -> ScalarPolynomial:
    total = ScalarPolynomial()
    for _ in range(rng.randint(1, 3)):
        term = ScalarPolynomial.number(Fraction(rng.randint(-4, 4), rng.randint(1, 3)))
        for _ in range(rng.randint(0, 2)):
            term = term * trace_of(random_word(rng.randint(1, 4), rng))
        if rng.random() < 0.4:
            term = term * ScalarPolynomial.symbol(rng.choice([weight, d, k]), rng.choice([-2, -1, 1, 2]))
        total = total + term
    return total


def random_matrix(rows: sympy.Expr, columns: sympy.Expr, rng: Random) -> MatrixPolynomial:
    total = MatrixPolynomial(rows, columns)
    while len(total.terms) < 2:
        word = random_word(rng.randint(1, 4), rng)
        cut = [n for n in range(1, len(word)) if (rows_of(word[0]), columns_of(word[n - 1])) == (rows, columns)]
        if cut:
            piece = MatrixPolynomial(rows, columns, {(Monomial(), word[: cut[0]]): Fraction(rng.randint(1, 5))})
            total = total + piece.times(random_scalar(rng))
    return total


def test_scalars_form_a_commutative_ring_and_evaluation_respects_it() -> None:
    rng, exact = Random(41), Exact(exact_values(15))
    for _ in range(25):
        p, q, r = (random_scalar(rng) for _ in range(3))
        assert p * q == q * p
        assert p * (q + r) == p * q + p * r
        assert (p * q) * r == p * (q * r)
        assert not p - p
        assert exact.scalar(p * q) == exact.scalar(p) * exact.scalar(q)
        assert exact.scalar(p + q) == exact.scalar(p) + exact.scalar(q)


def test_matrices_multiply_transpose_and_trace() -> None:
    rng, exact = Random(42), Exact(exact_values(16))
    for _ in range(12):
        p, q, r = random_matrix(d, k, rng), random_matrix(k, d, rng), random_matrix(k, d, rng)
        assert (p @ q).T == q.T @ p.T
        assert p @ (q + r) == p @ q + p @ r
        assert (p @ q).trace() == (q @ p).trace() == (p @ q).T.trace()
        assert p == p.T.T
        assert (exact.matrix(p @ q) == exact.matrix(p) @ exact.matrix(q)).all()
        assert exact.scalar((p @ q).trace()) == np.trace(exact.matrix(p @ q))


# --- In from SymPy and back ----------------------------------------------------------------------------------


EXPRESSIONS = {
    "products": tr(A * S * B * R) - 3 * tr(A * B) ** 2,
    "sums inside": norm2(A - B.T * S) * weight,
    "inner products": inner(A * u, v) ** 2 - quad(u, S + C) / weight,
    "transposes": tr((A * C).T * Q * A) + tr(C.T * C.T),
    "powers": tr(W**3) - tr((W.T * W) ** 2),
    "a sum squared": norm2((A + B.T) * (S + 2 * eye(d))),
    "a number in front of a matrix": tr(Fraction(2, 3) * weight * S * C),
    "inverses": tr((eye(d) + A.T * A).inv() * S) + tr(W.inv() * C),
    "negative powers": tr(W**-2 * S),
    "dimensions": d * k * tr(S) + tr(eye(d)) - tr(eye(k) * R),
    "group elements": norm2(Q * A * T.T - A) + tr(G.inv() * S * G),
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_lowering_keeps_the_value(expression) -> None:
    """Against the front end's own walk over SymPy's tree, in floats: 1e-9 is rounding times the condition number."""
    values = exact_values(17)
    floats = {symbol: values[symbol.name].astype(float) for symbol in MATRICES}
    expected = evaluate(expression, {**floats, weight: 7.0}, SIZES)
    assert float(Exact(values).scalar(lower_scalar(expression))) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_what_is_shown_lowers_to_the_same_polynomial(expression) -> None:
    lowered = lower_scalar(expression)
    assert lower_scalar(show_scalar(lowered)) == lowered


@pytest.mark.parametrize("matrix", [A * S + B.T, eye(d) + A.T * A, 2 * W * (S - C).inv(), tr(S) * W, A - A])
def test_matrices_that_are_shown_lower_to_the_same_polynomial(matrix) -> None:
    lowered, exact = lower_matrix(matrix), Exact(exact_values(18))
    again = lower_matrix(show_matrix(lowered))
    assert again == lowered
    floats = {symbol: exact.values[symbol.name].astype(float) for symbol in MATRICES}
    np.testing.assert_allclose(
        exact.matrix(lowered).astype(float), evaluate_matrix(matrix, floats, SIZES), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", ALL)
def test_models_survive_the_round_trip(name: str) -> None:
    model = derivation(name).model
    lowered, features = lower_scalar(model.loss), lower_matrix(model.features)
    assert lower_scalar(show_scalar(lowered)) == lowered
    assert lower_matrix(show_matrix(features)) == features


@pytest.mark.parametrize("case", CASES, ids=label)
def test_losses_have_the_value_that_the_front_end_gives_them(case) -> None:
    """The loss lowered and shown again, against the loss as it was written, at random data."""
    name, sizes = case
    derived, at, rng = derivation(name), point(name, sizes, 5), np.random.default_rng(61)
    matrices = {s: np.array(m, dtype=object).astype(float) for s, m in exact_matrices(derived.model, at).items()}
    data = {x: rng.standard_normal((concrete(x.shape[0], sizes), 1)) for x in derived.model.data}
    data |= {r: np.diag(rng.integers(0, 2, concrete(r.shape[0], sizes))) for r in derived.model.masks}
    again = show_scalar(lower_scalar(derived.model.loss))
    expected = evaluate(derived.model.loss, {**matrices, **data}, symbols(sizes))
    assert evaluate(again, {**matrices, **data}, symbols(sizes)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "expression",
    [sympy.exp(tr(W)), sympy.log(norm2(A)), sympy.sqrt(norm2(A)), 1 / norm2(A), tr(W) ** weight, sympy.sin(weight)],
)
def test_what_is_not_a_polynomial_is_refused(expression) -> None:
    with pytest.raises(NotDerivableYet):
        lower_scalar(expression)


def test_a_fractional_power_of_a_matrix_is_refused() -> None:
    with pytest.raises(NotDerivableYet, match="exponent"):
        lower_matrix(sympy.MatPow(W, sympy.Rational(1, 2)))


# --- Inverses and log-determinants ---------------------------------------------------------------------------


POSITIVE = [eye(k) + A * A.T, R, R + A * S * A.T, 2 * R, (R + eye(k)) ** 2]


@pytest.mark.parametrize("matrix", POSITIVE)
def test_inverses_are_inverses(matrix) -> None:
    exact, lowered = Exact(exact_values(19)), lower_matrix(matrix)
    product = exact.matrix(inverse(lowered)) @ exact.matrix(lowered)
    assert (product == identity(3)).all()


@pytest.mark.parametrize("matrix", POSITIVE)
def test_orthogonal_elements_are_drawn_out_of_inverses(matrix) -> None:
    """`(Q P Q^T)^{-1} = Q P^{-1} Q^T` as words, and `log det` does not see `Q`."""
    turned_matrix, plain = lower_matrix(Q * matrix * Q.T), lower_matrix(matrix)
    element = lower_matrix(Q)
    assert inverse(turned_matrix) == element @ inverse(plain) @ element.T
    exact = Exact(exact_values(19))
    product = exact.matrix(inverse(turned_matrix)) @ exact.matrix(turned_matrix)
    assert (product == identity(3)).all()


@pytest.mark.parametrize("matrix", [R, R + A * S * A.T, eye(k) + A * A.T])
def test_log_determinants_do_not_see_rotations(matrix) -> None:
    assert log_determinant(lower_matrix(Q * matrix * Q.T)) == log_determinant(lower_matrix(matrix))
    assert log_determinant(lower_matrix(Q * matrix)) != log_determinant(lower_matrix(matrix + R))


def test_log_determinants_see_what_is_not_a_rotation() -> None:
    """`log det(G P G^T) = log det P + 2 log |det G|`; for a shear the value changes, so the words must."""
    element = GL(k).element("H_w")
    matrix = R + A * S * A.T
    assert log_determinant(lower_matrix(element * matrix * element.T)) != log_determinant(lower_matrix(matrix))


def test_substitution_goes_into_inverses_and_log_determinants() -> None:
    expression = tr((eye(k) + A * S * A.T).inv() * R) + logdet(eye(k) + A * A.T) + inner(A * u, v)
    image = {atom_of(A): lower_matrix(Q * A)}
    assert substitute_scalar(lower_scalar(expression), image) == lower_scalar(expression.xreplace({A: Q * A}))
    matrix = A.T * (eye(k) + A * A.T).inv() * v
    assert substitute_matrix(lower_matrix(matrix), image) == lower_matrix(matrix.xreplace({A: Q * A}))


# --- Printing -------------------------------------------------------------------------------------------------


def test_order_of_terms_does_not_depend_on_the_order_of_building() -> None:
    """Text is made from `sorted_terms`, which must not remember how a polynomial came about."""
    rng = Random(71)
    parts = [trace_of(random_word(rng.randint(1, 4), rng)) for _ in range(12)]
    forward = sum(parts[1:], parts[0])
    backward = sum(parts[-2::-1], parts[-1])
    assert forward.sorted_terms() == backward.sorted_terms()
    assert str(show_scalar(forward)) == str(show_scalar(backward))


def test_vectors_are_shown_as_inner_products() -> None:
    x, y = exchangeable("x_show y_show", cov=S, cross=C.T * C)
    shown = show_scalar(lower_scalar(inner(A * x, A * y) ** 2))
    assert shown.atoms(Inner) and lower_scalar(shown) == lower_scalar(inner(A * y, A * x) ** 2)
