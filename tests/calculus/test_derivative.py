"""Directional derivatives: Taylor's slope in exact arithmetic over five decades, and explicit components by SymPy.

The remainder of a first-order expansion, divided by `t^2`, tends to a constant. With rational matrices nothing is rounded:
each decade between `t = 10^-3` and `t = 10^-8` must divide the remainder by 100 (1000 at second order), ever closer.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import pairwise
from random import Random

import mpmath
import numpy as np
import pytest
import sympy
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, MatPow, MatrixSymbol, Transpose
from sympy.polys.matrices import DomainMatrix

from symasym.calculus import derivative
from symasym.calculus.derivative import differentiate_matrix, differentiate_scalar
from symasym.errors import NotDerivableYet
from symasym.model import (
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    inner,
    logdet,
    norm2,
    parameter,
    quad,
    scalar,
    tr,
    truth,
)
from symasym.model.scalars import Inner, LogDet, Tr
from symasym.referee.linear_algebra import identity, inverse as exact_inverse
from symasym.words import lower_matrix, lower_scalar, show_matrix, show_scalar
from symasym.words.atoms import Atom, Kind, columns_of
from symasym.words.lower import atom_of
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

d, k = dims("d k")
A, B, W, w = parameter("A_d", k, d), parameter("B_d", d, k), parameter("W_d", d, d), parameter("w_d", 1, 1)
S, N, M, u = covariance("S_d", d), covariance("N_d", k), constant("M_d", d, d), constant("u_d", d)
x = gaussian("x_d", d, cov=S)
A_true, c = truth(A), scalar("c_d")
SIZES = {d: 3, k: 2}
PARAMETERS = (A, B, W, w)
CONSTANTS = (S, N, M, u, x, A_true)


# --- The front end at explicit entries ---------------------------------------------------------------------------


def explicit_matrix(expression, table) -> np.ndarray:
    """A matrix expression as an object array; entries may be fractions or anything else with `+` and `*`."""
    match expression:
        case MatrixSymbol():
            return table[expression.name]
        case Identity():
            return identity(int(expression.shape[0].subs(SIZES)))
        case Transpose():
            return explicit_matrix(expression.arg, table).T
        case MatAdd():
            return reduce(np.add, (explicit_matrix(item, table) for item in expression.args))
        case MatMul():
            matrices = [explicit_matrix(item, table) for item in expression.args if item.is_Matrix]
            scalars = [explicit(item, table) for item in expression.args if not item.is_Matrix]
            return reduce(np.matmul, matrices) * reduce(lambda p, q: p * q, scalars, Fraction(1))
        case Inverse():
            return table["inverse"](explicit_matrix(expression.arg, table))
        case MatPow():
            base = explicit_matrix(expression.base, table)
            base = table["inverse"](base) if expression.exp < 0 else base
            return reduce(np.matmul, [base] * abs(int(expression.exp)))
    raise TypeError(expression)


def explicit(expression, table):
    """A scalar expression entry by entry; `log det` by `table["logdet"]`."""
    match expression:
        case Inner():
            left, right = (explicit_matrix(item, table) for item in expression.args)
            return (left * right).sum()
        case Tr():
            return np.trace(explicit_matrix(expression.args[0], table))
        case LogDet():
            return table["logdet"](explicit_matrix(expression.args[0], table))
        case sympy.Symbol():
            return Fraction(SIZES.get(expression, 7))
        case sympy.Rational():
            return Fraction(int(expression.p), int(expression.q))
        case sympy.Add():
            return reduce(lambda p, q: p + q, (explicit(item, table) for item in expression.args))
        case sympy.Mul():
            return reduce(lambda p, q: p * q, (explicit(item, table) for item in expression.args))
        case sympy.Pow():
            return explicit(expression.base, table) ** int(expression.exp)
    raise TypeError(expression)


def determinant(matrix: np.ndarray) -> Fraction:
    return Fraction(
        sympy.Matrix(
            matrix.shape[0], matrix.shape[0], [sympy.Rational(f.numerator, f.denominator) for f in matrix.flat]
        ).det(method="bareiss")
    )


def log_of_determinant(matrix: np.ndarray) -> mpmath.mpf:
    value = determinant(matrix)
    return mpmath.log(mpmath.mpf(value.numerator) / value.denominator)


def draw(symbol: MatrixSymbol, rng: Random) -> np.ndarray:
    rows, columns = (int(sympy.sympify(n).subs(SIZES)) for n in symbol.shape)
    matrix = np.array([[Fraction(rng.randint(-9, 9), rng.randint(1, 5)) for _ in range(columns)] for _ in range(rows)])
    if getattr(symbol, "symmetric", False):
        return matrix @ matrix.T + identity(rows)
    return matrix + 20 * identity(rows) if rows == columns else matrix


def random_table(seed: int) -> dict:
    rng = Random(seed)
    table: dict = {symbol.name: draw(symbol, rng) for symbol in PARAMETERS + CONSTANTS}
    table["inverse"] = lambda matrix: exact_inverse(matrix, "a matrix")
    table["logdet"] = log_of_determinant
    return table


# --- Directions --------------------------------------------------------------------------------------------------


def along(slot: str, parameters=PARAMETERS) -> dict[Atom, MatrixPolynomial]:
    """Every parameter moves along a direction of its own, `U_A` and so on."""
    moving = {}
    for parameter_ in parameters:
        atom = atom_of(parameter_)
        name = Atom(f"{slot}_{atom.key}", Kind.DIRECTION, atom.rows, atom.columns, payload=(atom, slot))
        moving[atom] = MatrixPolynomial.atom(name)
    return moving


def with_directions(table: dict, seed: int, parameters=PARAMETERS) -> dict:
    """Random directions `U` and `V` in the table; what does not move has none."""
    rng = Random(seed)
    directions = {f"{slot}_{p.name}": draw(p, rng) for slot in "UV" for p in parameters}
    return {**table, **directions}


def moved(table: dict, t: Fraction, parameters=PARAMETERS) -> dict:
    return {**table, **{p.name: table[p.name] + t * table[f"U_{p.name}"] for p in parameters}}


RULES = {
    "linear": tr(A * M * B) - 2 * tr(W * S),
    "product of two": inner(A * u, B.T * x),
    "both factors the same": norm2(A * x),
    "four factors": inner(A * x, A * u) ** 2,
    "encoder and decoder": norm2(x - B * A * x),
    "transposes": tr(W.T * M * W * S) + tr(W.T * W.T * M),
    "powers of a matrix": tr(W**3) - tr(W * W) * c,
    "powers of a trace": tr(W) ** 3 * tr(A * B) ** 2,
    "a trace and its square": tr(W) + tr(W**2),
    "a number and a trace": c + tr(W),
    "traces in a coefficient": tr(tr(W) * W * S),
    "inverse": tr((eye(d) + A.T * A).inv() * S),
    "inverse of a parameter": tr(W.inv() * M),
    "inverse of a transpose": tr(W.T.inv() * M * W),
    "inverse next to itself": quad(x, (S + W * S * W.T).inv()) + quad(A * u, N.inv()),
    "inverse in an inverse": tr((N + A * (S + W.T * W).inv() * A.T).inv() * N),
    "negative power": tr(W**-2 * S),
    "a one by one parameter": tr(w.inv()) * tr(w) ** 2 + tr(w * w) * tr(A * M * B),
    "log determinant": logdet(eye(k) + A * S * A.T),
    "log determinant of a parameter": logdet(W) * c,
    "log determinant times a trace": logdet(N + A * A.T) * tr(A * M * B),
    "Gaussian likelihood": (logdet(eye(d) + B * B.T) + quad(x, (eye(d) + B * B.T).inv())) / 2,
}
TAYLOR_STEPS = [Fraction(1, 10**n) for n in range(3, 9)]


def remainders(expression, order: int, seed: int) -> list:
    """What is left of the expansion of the given order at `t = 10^-3 .. 10^-8`, in exact or 120-digit arithmetic."""
    lowered = lower_scalar(expression)
    first = differentiate_scalar(lowered, along("U"))
    second = differentiate_scalar(first, along("U"))
    table = with_directions(random_table(seed), seed + 1)
    assert explicit(show_scalar(first), table) != 0, "a point where the rule can be seen at work"
    exact = Fraction(0) if not expression.atoms(LogDet) else mpmath.mpf(0)
    left = []
    for t in TAYLOR_STEPS:
        rest = explicit(expression, moved(table, t)) - explicit(expression, table) + exact
        rest -= (explicit(show_scalar(first), table) + exact) * _number(t, exact)
        if order == 2:
            rest -= (explicit(show_scalar(second), table) + exact) * _number(t**2 / 2, exact)
        left.append(rest)
    return left


def _number(value: Fraction, like):
    return value if isinstance(like, Fraction) else mpmath.mpf(value.numerator) / value.denominator


def has_slope(left: list, power: int) -> bool:
    """Each decade divides the remainder by `10^power`, within 20 % at the largest step and ever closer after it."""
    if not any(left):
        return True
    quotients = [float(a / b) for a, b in pairwise(left)]
    return all(abs(q / 10**power - 1) < 0.2 * 10 ** (1 - n) for n, q in enumerate(quotients, start=1))


@pytest.fixture(autouse=True)
def _many_digits():
    with mpmath.workdps(120):
        yield


@pytest.mark.parametrize("rule", RULES)
def test_first_derivative_has_taylor_slope_two(rule: str) -> None:
    assert has_slope(remainders(RULES[rule], 1, seed=1), 2)


@pytest.mark.parametrize("rule", RULES)
def test_second_derivative_has_taylor_slope_three(rule: str) -> None:
    assert has_slope(remainders(RULES[rule], 2, seed=2), 3)


@pytest.mark.parametrize("rule", RULES)
def test_second_derivatives_are_symmetric(rule: str) -> None:
    """`D_U D_V = D_V D_U` as polynomials in trace words, not just in value."""
    lowered = lower_scalar(RULES[rule])
    one = differentiate_scalar(differentiate_scalar(lowered, along("U")), along("V"))
    other = differentiate_scalar(differentiate_scalar(lowered, along("V")), along("U"))
    assert one == other


@pytest.mark.parametrize("rule", RULES)
def test_derivative_is_linear_in_the_direction(rule: str) -> None:
    lowered, first, second = lower_scalar(RULES[rule]), along("U"), along("V")
    mixed = {atom: first[atom].scale(2) - second[atom].scale(3) for atom in first}
    expected = differentiate_scalar(lowered, first).scale(2) - differentiate_scalar(lowered, second).scale(3)
    assert differentiate_scalar(lowered, mixed) == expected


@pytest.mark.parametrize("rule", RULES)
def test_parameters_move_one_at_a_time(rule: str) -> None:
    lowered, total = lower_scalar(RULES[rule]), lower_scalar(sympy.Integer(0))
    for parameter_ in PARAMETERS:
        total = total + differentiate_scalar(lowered, along("U", (parameter_,)))
    assert total == differentiate_scalar(lowered, along("U"))


# --- Against explicit components ---------------------------------------------------------------------------------


t = sympy.Symbol("t")


def rational(matrix: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda f: sympy.Rational(f.numerator, f.denominator), otypes=[object])(matrix)


def symbolic_inverse(matrix: np.ndarray) -> np.ndarray:
    inverted = DomainMatrix.from_Matrix(sympy.Matrix(matrix)).to_field().inv().to_Matrix()
    return np.array(inverted.tolist(), dtype=object)


def symbolic_logdet(matrix: np.ndarray) -> sympy.Expr:
    return sympy.log(sympy.Matrix(matrix).det(method="berkowitz"))


def partial_derivatives(expression, table: dict) -> sympy.Expr:
    """`sum_e U_e d/dt f(w + t e)` at `t = 0`: an ordinary function of `t` for each entry, left to SymPy."""
    exact = {key: rational(value) for key, value in table.items() if isinstance(value, np.ndarray)}
    exact.update(inverse=symbolic_inverse, logdet=symbolic_logdet)
    total = sympy.S.Zero
    for parameter_ in expression.atoms(*map(type, PARAMETERS)):
        for place, step in np.ndenumerate(exact[f"U_{parameter_.name}"]):
            shifted = exact[parameter_.name].copy()
            shifted[place] += t
            along_entry = sympy.sympify(explicit(expression, {**exact, parameter_.name: shifted}))
            total += step * along_entry.diff(t).subs(t, 0)
    return total


@pytest.mark.parametrize("rule", RULES)
def test_derivative_is_that_of_the_explicit_components(rule: str) -> None:
    """Exactly, at a rational point; what is left of the logarithms must cancel."""
    table = with_directions(random_table(5), 6)
    derived = show_scalar(differentiate_scalar(lower_scalar(RULES[rule]), along("U")))
    exact = {key: rational(value) for key, value in table.items() if isinstance(value, np.ndarray)}
    ours = sympy.sympify(explicit(derived, {**exact, "inverse": symbolic_inverse, "logdet": symbolic_logdet}))
    assert sympy.expand(partial_derivatives(RULES[rule], table) - ours) == 0


# --- What SymPy 1.14 gets wrong in silence ----------------------------------------------------------------------


@pytest.mark.parametrize("trap", ["a trace and its square", "a number and a trace", "log determinant of a parameter"])
def test_traps_of_the_library_are_not_ours(trap: str) -> None:
    """`diff` by a matrix symbol returns 0 for these; the derivative here is neither 0 nor wrong."""
    assert differentiate_scalar(lower_scalar(RULES[trap]), along("U"))
    assert has_slope(remainders(RULES[trap], 1, seed=7), 2)


@pytest.mark.parametrize("trap", [sympy.exp(tr(W)), sympy.exp(quad(u, W)), sympy.log(tr(W)), sympy.sqrt(norm2(A))])
def test_functions_of_scalars_are_refused_rather_than_differentiated_to_zero(trap) -> None:
    with pytest.raises(NotDerivableYet, match=r"not a polynomial|exponent"):
        lower_scalar(trap)


# --- What stands still -------------------------------------------------------------------------------------------


def test_constants_data_and_true_values_do_not_move() -> None:
    still = (
        quad(u, S) + norm2(x) + tr(M) + logdet(N) + norm2(A_true * u) + tr((eye(k) + A_true * A_true.T).inv()) + c * d
    )
    assert not differentiate_scalar(lower_scalar(still), along("U"))


def test_a_true_value_is_not_its_parameter() -> None:
    """`D ||A - A*||^2 [U] = 2 <A - A*, U>`: the true value stays behind."""
    derived = differentiate_scalar(lower_scalar(norm2(A - A_true)), along("U", (A,)))
    direction = MatrixSymbol("U_A_d", k, d)
    table = with_directions(random_table(8), 9)
    expected = 2 * explicit(tr((A - A_true).T * direction), table)
    assert explicit(show_scalar(derived), table) == expected


# --- Matrices ----------------------------------------------------------------------------------------------------


FEATURES = {
    "linear": A * x,
    "posterior mean": B.T * (eye(d) + B * B.T).inv() * x,
    "with a trace in front": tr(W) * A * x,
    "product": A * W * A.T * B.T * x,
    "inverse of a parameter": W.inv() * x,
    "sum with the identity": (eye(d) + W + W.T) * x,
}


@pytest.mark.parametrize("name", FEATURES)
def test_derivatives_of_matrices_have_taylor_slope_two(name: str) -> None:
    expression = FEATURES[name]
    derived = show_matrix(differentiate_matrix(lower_matrix(expression), along("U")))
    table = with_directions(random_table(11), 12)
    before, slope = explicit_matrix(expression, table), explicit_matrix(derived, table)
    left = [explicit_matrix(expression, moved(table, t)) - before - t * slope for t in TAYLOR_STEPS]
    assert all(has_slope(list(entry), 2) for entry in np.array([rest[:, 0] for rest in left]).T)


@pytest.mark.parametrize("name", FEATURES)
def test_traces_and_matrices_agree(name: str) -> None:
    """`D tr(P N) = tr(DP N)` for every matrix rule."""
    lowered = lower_matrix(FEATURES[name])
    against = lower_matrix(constant(f"row_{name.replace(' ', '_')}", lowered.rows)).T
    assert (
        differentiate_scalar((against @ lowered).trace(), along("U"))
        == (against @ differentiate_matrix(lowered, along("U"))).trace()
    )


# --- Planted mistakes --------------------------------------------------------------------------------------------


right_factor, right_scalar = derivative._factor_derivative, derivative._scalar_derivative
right_word, right_monomial = derivative._word_derivative, derivative._monomial_derivative


def inverse_without_sign(item, directions):
    moved_item = right_factor(item, directions)
    return moved_item.scale(-1) if moved_item is not None and item[0].kind is Kind.INVERSE else moved_item


def transpose_forgotten(item, directions):
    moved_item = right_factor(item, directions)
    square = item[0].rows == item[0].columns
    return moved_item.T if moved_item is not None and item[1] and square else moved_item


def log_determinant_with_sign(scalar_, directions):
    result = right_scalar(scalar_, directions)
    return result.scale(-1) if result is not None and not isinstance(scalar_, tuple) else result


def only_the_first_factor(word, directions):
    """Leibniz without its other terms."""
    for n, item in enumerate(word):
        if right_factor(item, directions) is not None:
            still = {atom: image for atom, image in directions.items() if atom == item[0]}
            whole = right_word(word[: n + 1], still or directions)
            rest = MatrixPolynomial(whole.columns, columns_of(word[-1]), {(Monomial(), word[n + 1 :]): 1})
            return whole @ rest
    return None


def only_the_first_scalar(monomial, directions):
    for n, scalar_ in enumerate(monomial.scalars):
        if right_scalar(scalar_, directions) is not None:
            ahead = Monomial(monomial.powers, monomial.scalars[: n + 1])
            rest = Monomial((), monomial.scalars[n + 1 :])
            return right_monomial(ahead, directions) * ScalarPolynomial({rest: Fraction(1)})
    return ScalarPolynomial()


MISTAKES = {
    "inverse without its sign": ("_factor_derivative", inverse_without_sign, "inverse"),
    "a transposed direction left as it is": ("_factor_derivative", transpose_forgotten, "transposes"),
    "log determinant with a sign": ("_scalar_derivative", log_determinant_with_sign, "log determinant"),
    "Leibniz stops at the first factor": ("_word_derivative", only_the_first_factor, "encoder and decoder"),
    "Leibniz stops at the first scalar": ("_monomial_derivative", only_the_first_scalar, "powers of a trace"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_caught_by_the_slope_and_by_the_components(mistake: str, monkeypatch) -> None:
    name, wrong, rule = MISTAKES[mistake]
    assert has_slope(remainders(RULES[rule], 1, seed=1), 2)
    monkeypatch.setattr(derivative, name, wrong)
    assert not has_slope(remainders(RULES[rule], 1, seed=1), 2)
    with pytest.raises(AssertionError):
        test_derivative_is_that_of_the_explicit_components(rule)
