"""Laws over every registered group and every model: actions, vertical directions, invariance in three outcomes."""

from __future__ import annotations

from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
import sympy
from support import CASES, derivation, exact_matrices, float_matrices, label, point, symbols

from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.general import general
from symasym.model import (
    GL,
    SO,
    LeastSquares,
    Model,
    O,
    SignedPermutations,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    inner,
    logdet,
    norm2,
    parameter,
    product,
    quad,
    tr,
    trivial,
)
from symasym.model.evaluate import evaluate_matrix
from symasym.model.groups import Algebra, Group
from symasym.pipeline import derive_model
from symasym.symmetry import invariance, prove_form_kept, quotient
from symasym.words import show_matrix
from symasym.words.lower import atom_of

d, k = dims("d k")
A, B, P = parameter("A_s", k, d), parameter("B_s", d, k), parameter("P_s", k, k)
S, M = covariance("S_s", d), constant("M_s", d, k)
x, y = exchangeable("x_s y_s", cov=S, cross=covariance("C_s", d))
z = copy(x, "z_s")
GROUPS = sorted(Group.__subclasses__(), key=lambda group: group.__name__)
SIZES = [1, 2, 3, 4]


def task(vector, dimension=d) -> LeastSquares:
    down = gaussian("down_s", dimension, cov=covariance("Down_s", dimension))
    return LeastSquares(down, target=constant("target_s", vector.shape[0]))


# --- Groups ------------------------------------------------------------------------------------------------------


def belongs(group: type[Group], matrix: np.ndarray) -> bool:
    """Is the matrix an element? Orthogonality to 1e-12, far above rounding at these sizes and far below any mistake."""
    close, n = 1e-12, len(matrix)
    orthogonal = np.abs(matrix.T @ matrix - np.eye(n)).max() < close
    if group is GL:
        return bool(np.linalg.cond(matrix) < 1e8)
    if group is SO:
        return bool(orthogonal and abs(np.linalg.det(matrix) - 1) < close)
    if group is SignedPermutations:
        entries = np.abs(matrix)
        near = np.minimum(entries, np.abs(entries - 1)).max() < close
        return bool(near and orthogonal)
    return bool(orthogonal)


def algebra_basis(group: type[Group], n: int) -> list[np.ndarray]:
    units = [np.outer(np.eye(n)[i], np.eye(n)[j]) for i in range(n) for j in range(n)]
    if group.algebra is Algebra.ALL:
        return units
    if group.algebra is Algebra.ZERO:
        return []
    return [unit - unit.T for number, unit in enumerate(units) if number // n < number % n]


def test_every_group_is_tested_here() -> None:
    assert {group.__name__ for group in GROUPS} == {"GL", "O", "SO", "SignedPermutations"}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("group", GROUPS)
def test_random_elements_are_elements_and_form_a_group(group: type[Group], n: int) -> None:
    rng = np.random.default_rng(1)
    g, h = (group(k).random(n, rng) for _ in range(2))
    assert belongs(group, g) and belongs(group, h)
    assert belongs(group, g @ h) and belongs(group, np.linalg.inv(g))
    assert belongs(group, np.eye(n))


def test_membership_is_not_vacuous() -> None:
    reflection = np.diag([-1.0, 1.0, 1.0])
    assert belongs(O, reflection) and not belongs(SO, reflection) and belongs(SignedPermutations, reflection)
    rotation = np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]])
    assert belongs(SO, rotation) and not belongs(SignedPermutations, rotation)
    assert belongs(GL, 2 * rotation) and not belongs(O, 2 * rotation) and not belongs(GL, np.ones((3, 3)))


def test_both_components_of_the_orthogonal_group_are_drawn() -> None:
    rng = np.random.default_rng(2)
    signs = [np.sign(np.linalg.det(O(k).random(3, rng))) for _ in range(40)]
    assert {-1.0, 1.0} == set(signs)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("group", GROUPS)
def test_dimension_is_that_of_the_lie_algebra(group: type[Group], n: int) -> None:
    basis = algebra_basis(group, n)
    assert group(k).dimension.subs(k, n) == len(basis)
    if basis:
        assert np.linalg.matrix_rank(np.array([xi.ravel() for xi in basis])) == len(basis)


@pytest.mark.parametrize("group", [group for group in GROUPS if group.algebra is not Algebra.ZERO])
def test_the_lie_algebra_exponentiates_into_the_group(group: type[Group]) -> None:
    """`(I - xi/2)^{-1} (I + xi/2)` (Cayley) agrees with the exponential to second order and stays in every group here."""
    rng = np.random.default_rng(3)
    xi = sum(rng.standard_normal() * unit for unit in algebra_basis(group, 3))
    assert belongs(group, np.linalg.solve(np.eye(3) - xi / 2, np.eye(3) + xi / 2))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_signed_permutations_are_listed_once_and_closed(n: int) -> None:
    found = {tuple(matrix.ravel()) for matrix in SignedPermutations.elements(n)}
    assert len(found) == len(SignedPermutations.elements(n)) == 2**n * int(sympy.factorial(n))
    assert all(belongs(SignedPermutations, matrix) for matrix in SignedPermutations.elements(n))
    products = {tuple((g @ h).ravel()) for g in SignedPermutations.elements(n) for h in SignedPermutations.elements(n)}
    assert products == found
    rng = np.random.default_rng(4)
    assert {tuple(SignedPermutations(k).random(n, rng).ravel()) for _ in range(600)} == found


@pytest.mark.parametrize("group", GROUPS)
def test_flags_say_what_the_group_is(group: type[Group]) -> None:
    element = group(k).element()
    assert element.orthogonal == group.orthogonal == belongs(O, group(k).random(3, np.random.default_rng(5)))
    assert (element.inv() == element.T) == group.orthogonal
    assert str(group(k)).endswith("(k)")


# --- Vertical directions -------------------------------------------------------------------------------------------


ACTIONS = {
    "O from the left": (O(k).acts(lambda Q: {A: Q * A}), norm2(A * x)),
    "O from the right": (O(k).acts(lambda Q: {B: B * Q}), norm2(B.T * x)),
    "SO": (SO(k).acts(lambda Q: {A: Q * A}), inner(A * x, A * y)),
    "GL on both": (GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}), norm2(x - B * A * x)),
    "GL by transposes": (GL(k).acts(lambda G: {A: G * A, B: B * G.T.inv()}), None),
    "GL by conjugation": (GL(k).acts(lambda G: {P: G * P * G.inv()}), tr(P) ** 2),
    "signed permutations": (SignedPermutations(k).acts(lambda Q: {A: Q * A}), norm2(A * x)),
}


def cayley(t: float, xi: np.ndarray) -> np.ndarray:
    return np.linalg.solve(np.eye(len(xi)) - t * xi / 2, np.eye(len(xi)) + t * xi / 2)


def model_with(action, loss) -> Model:
    images = {x: A * x} if A in action.images else {}
    features = images.get(x, B.T * x if B in action.images else x)
    return Model(loss=loss, symmetry=action, features=features, downstream=task(x))


@pytest.mark.parametrize("name", [name for name, (_, loss) in ACTIONS.items() if loss is not None])
def test_vertical_directions_are_tangent_to_the_orbit(name: str) -> None:
    """`(g(t).w - w)/t` tends to the velocity with an error of order `t`: every decade of `t` gains one digit."""
    action, loss = ACTIONS[name]
    (field,) = quotient(model_with(action, loss)).fields
    rng, sizes = np.random.default_rng(6), {d: 4, k: 3}
    values = {symbol: rng.standard_normal([int(n.subs(sizes)) for n in symbol.shape]) for symbol in action.images}
    for xi in algebra_basis(type(action.group), 3):
        for symbol, image in action.images.items():
            moving = {**values, sympy.MatrixSymbol(field.xi.key, k, k): xi}
            velocity = evaluate_matrix(show_matrix(field.velocity[atom_of(symbol)]), moving, sizes)
            errors = []
            for t in (1e-2, 1e-3, 1e-4):
                moved = evaluate_matrix(image, {**values, action.element: cayley(t, xi)}, sizes)
                errors.append(np.abs((moved - values[symbol]) / t - velocity).max())
            assert np.abs(velocity).max() > 0.1
            assert all(0.09 < after / before < 0.11 or after < 1e-10 for before, after in pairwise(errors))


@pytest.mark.parametrize("name", ["O from the left", "GL on both"])
def test_a_velocity_with_the_wrong_sign_is_caught(name: str, monkeypatch) -> None:
    module = import_module("symasym.symmetry.quotient")  # the package exports the function of that name
    right = module._velocity

    def turned_round(action, index):
        xi, velocity = right(action, index)
        return xi, {atom: value.scale(-1) for atom, value in velocity.items()}

    monkeypatch.setattr(module, "_velocity", turned_round)
    with pytest.raises(AssertionError):
        test_vertical_directions_are_tangent_to_the_orbit(name)


def test_dimensions_of_quotients() -> None:
    def dimension(symmetry, loss):
        found = quotient(Model(loss=loss, symmetry=symmetry, features=A * x, downstream=task(x)))
        return sympy.expand(found.dimension), sympy.expand(found.orbit_dimension)

    encoder, decoder = norm2(A * x), norm2(x - B * A * x)
    for group, orbit in ((O, k * (k - 1) / 2), (SO, k * (k - 1) / 2), (SignedPermutations, sympy.Integer(0))):
        found = dimension(group(k).acts(lambda Q: {A: Q * A}), encoder)
        assert found == (sympy.expand(k * d - orbit), sympy.expand(orbit))
    found = dimension(GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}), decoder)
    assert found == (sympy.expand(2 * k * d - k**2), k**2)
    assert dimension(trivial(), encoder) == (k * d, 0)


def test_products_of_groups_add_up() -> None:
    """`O(k)` from the left on `A` and on `P` from the right: two algebras, two fields."""
    loss = norm2(A * x) + norm2(P.T * A * x)
    both = product(
        O(k).acts(lambda Q: {A: Q * A, P: Q * P}),
        O(k).acts(lambda R: {P: P * R}, name="R"),
    )
    found = quotient(Model(loss=loss, symmetry=both, features=A * x, downstream=task(x)))
    assert [str(field.xi.key) for field in found.fields] == ["xi", "xi_2"]
    assert sympy.expand(found.orbit_dimension - k * (k - 1)) == 0
    assert sympy.expand(found.dimension - (k * d + k**2 - k * (k - 1))) == 0
    with pytest.raises(InputError, match="called Q, Q"):
        product(O(k).acts(lambda Q: {A: Q * A}), SO(k).acts(lambda Q: {P: Q * P}))


# --- Forms of the catalogue ----------------------------------------------------------------------------------------


def along_the_orbit(case: tuple[str, dict[str, int]]):
    name, sizes = case
    derived = derivation(name)
    values = float_matrices(exact_matrices(derived.model, point(name, sizes, 4)))
    return general(derived.model, values, derived.forms, derived.quotient)


def vanishes(form: np.ndarray, vertical: np.ndarray) -> bool:
    """Zero to rounding: 1e-12 of the form's own size times the vector's."""
    return np.abs(form @ vertical.T).max(initial=0) <= 1e-12 * np.abs(form).max() * np.abs(vertical).max(initial=1)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_forms_vanish_along_the_orbit(case) -> None:
    found = along_the_orbit(case)
    for form in (found.hessian, found.score, found.interaction, found.covariance, found.gradient[None]):
        if np.abs(form).max() > 1e-9:
            assert vanishes(form, found.vertical)
    assert np.abs(found.gradient).max() < 1e-9
    orbit = derivation(case[0]).quotient.orbit_dimension.subs(symbols(case[1]))
    assert np.linalg.matrix_rank(found.vertical) == len(found.vertical) == orbit


@pytest.mark.parametrize("case", CASES, ids=label)
def test_the_kernel_of_the_hessian_form_is_the_orbit_and_nothing_else(case) -> None:
    """Eigenvalues below 1e-9 of the largest are zero; the next ones are far larger at these points."""
    found = along_the_orbit(case)
    values = np.linalg.eigvalsh(found.hessian)
    assert np.sum(np.abs(values) < 1e-9 * values[-1]) == len(found.vertical)
    assert values[len(found.vertical)] > 1e-6 * values[-1]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_horizontal_is_the_orthogonal_complement(case) -> None:
    """An orthonormal basis, so its projector is idempotent and self-adjoint, and orthogonal to the orbit."""
    found = along_the_orbit(case)
    basis, count = found.horizontal, found.hessian.shape[0]
    projector = basis @ basis.T
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    np.testing.assert_allclose(projector @ projector, projector, atol=1e-12)
    assert np.abs(projector @ found.vertical.T).max(initial=0) < 1e-12 * max(1, np.abs(found.vertical).max(initial=0))
    assert basis.shape[1] + len(found.vertical) == count


def test_a_direction_across_the_orbit_is_not_taken_for_vertical() -> None:
    found = along_the_orbit(("spectral", {"d": 3, "k": 2}))
    assert not vanishes(found.hessian, found.horizontal.T)
    assert vanishes(found.hessian, found.vertical)


# --- Invariance: proved, refuted, undecided ----------------------------------------------------------------------


INVARIANT = {
    "tied": (norm2(x - A.T * A * x), O(k).acts(lambda Q: {A: Q * A})),
    "negatives": (inner(A * x, A * y) ** 2 - inner(A * x, A * z) ** 4, O(k).acts(lambda Q: {A: Q * A})),
    "rotations alone": (norm2(A * x) ** 2, SO(k).acts(lambda Q: {A: Q * A})),
    "likelihood": (logdet(eye(d) + B * B.T) + quad(x, (eye(d) + B * B.T).inv()), O(k).acts(lambda Q: {B: B * Q})),
    "an inverse on the small side": (tr((eye(k) + A * A.T).inv()), O(k).acts(lambda Q: {A: Q * A})),
    "untied": (norm2(x - B * A * y), GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})),
    "a projector": (quad(x, A.T * (A * A.T).inv() * A), GL(k).acts(lambda G: {A: G * A})),
    "a ratio of determinants": (logdet(A * S * A.T) - logdet(A * A.T), GL(k).acts(lambda G: {A: G * A})),
    "conjugation": (tr(P**3) + tr(P) ** 2, GL(k).acts(lambda G: {P: G * P * G.inv()})),
    "a finite group": (norm2(A * x), SignedPermutations(k).acts(lambda Q: {A: Q * A})),
}
BROKEN = {
    "a linear term": (norm2(A * x) + tr(A * M), O(k).acts(lambda Q: {A: Q * A})),
    "ridge under GL": (norm2(x - B * A * x) + norm2(A), GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})),
    "transposed the wrong way": (norm2(x - B * A * x), GL(k).acts(lambda G: {A: G * A, B: B * G.T})),
    "one determinant": (logdet(A * S * A.T), GL(k).acts(lambda G: {A: G * A})),
    "the wrong side": (norm2(A * x), O(d).acts(lambda Q: {A: A * Q})),
    "a finite group": (norm2(A * x) + tr(A * M), SignedPermutations(k).acts(lambda Q: {A: Q * A})),
    "the inverse not moved along": (quad(x, (eye(d) + B * B.T).inv()) + tr(B * M.T), O(k).acts(lambda Q: {B: B * Q})),
}


def prove(expression, action) -> None:
    where = [k < d] if expression.has(d) else []
    prove_form_kept(expression, action.images, action.group, where, "loss: it")


@pytest.mark.parametrize("name", INVARIANT)
def test_invariance_is_proved_on_words(name: str) -> None:
    prove(*INVARIANT[name])


@pytest.mark.parametrize("name", BROKEN)
def test_broken_invariance_is_refuted_by_numbers(name: str) -> None:
    with pytest.raises(
        ConditionViolated, match=r"not invariant under .*at a random point with d = 3, k = 2 it goes from"
    ) as e:
        prove(*BROKEN[name])
    before, after = str(e.value).split(" from ")[1].split(" to ")
    assert abs(float(before) - float(after)) > 1e-6


def test_relations_between_other_dimensions_do_not_stop_the_search() -> None:
    """`k < d` says nothing about a loss that mentions `k` alone."""
    with pytest.raises(ConditionViolated, match="not invariant"):
        prove_form_kept(tr(P * P), {P: O(k).element() * P}, O(k), [k < d], "loss: it")


@pytest.mark.parametrize("name", INVARIANT)
def test_what_words_cannot_decide_is_an_error(name: str, monkeypatch) -> None:
    """With the proof taken away, equal numbers at random points are still not a proof."""
    right = invariance.substitute_scalar
    monkeypatch.setattr(invariance, "substitute_scalar", lambda *given: right(*given) * right(*given) + right(*given))
    with pytest.raises(NotDerivableYet, match="undecided"):
        prove(*INVARIANT[name])


def test_a_blind_search_for_counterexamples_proves_nothing(monkeypatch) -> None:
    """If every random element were the identity, a broken symmetry would be undecided: refused all the same."""
    monkeypatch.setattr(O, "random", lambda self, n, rng: np.eye(n))
    with pytest.raises(NotDerivableYet, match="undecided"):
        prove(*BROKEN["a linear term"])


def test_a_symmetry_of_finitely_many_elements_is_checked_and_has_no_vertical_directions() -> None:
    """Signs and permutations leave `||A x||^2` alone, and nothing is vertical; a linear term they do not."""
    found = quotient(Model(*INVARIANT["a finite group"], A * x, task(x)))
    assert found.orbit_dimension == 0
    with pytest.raises(ConditionViolated, match=r"B\(k\)"):
        quotient(Model(*BROKEN["a finite group"], A * x, task(x)))


# --- Features -----------------------------------------------------------------------------------------------------


def features_of(action, loss, features):
    model = Model(loss=loss, symmetry=action, features=features, downstream=task(x), where=[k < d])
    return quotient(model).fields[0].rho


def test_the_representation_on_the_features_is_found() -> None:
    left, right = O(k).acts(lambda Q: {A: Q * A}), O(k).acts(lambda Q: {B: B * Q})
    both = GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})
    assert features_of(left, norm2(A * x), A * x) == left.element
    assert features_of(right, norm2(B.T * x), B.T * x) == right.element.T
    posterior = B.T * (eye(d) + B * B.T).inv() * x
    assert features_of(right, norm2(B.T * x), posterior) == right.element.T
    assert features_of(both, norm2(x - B * A * x), A * x) == both.element
    assert features_of(both, norm2(x - B * A * x), B.T * x) == both.element.inv().T
    assert features_of(both, norm2(x - B * A * x), B * A * x) == sympy.Identity(d)


def test_features_that_move_along_the_orbit_are_refuted() -> None:
    with pytest.raises(ConditionViolated, match=r"not equivariant under O\(k\).*its span gains the direction"):
        features_of(O(k).acts(lambda Q: {A: Q * A}), norm2(A * x), (A + M.T) * x)


def test_features_without_a_representation_are_undecided() -> None:
    """`A M A x` keeps its span along the orbit, but how it mixes depends on `A`: no `rho(Q)`, and no refutation either."""
    with pytest.raises(NotDerivableYet, match="no representation"):
        features_of(O(k).acts(lambda Q: {A: Q * A}), norm2(A * x), A * M * A * x)


# --- A group that is too large at the minimiser ------------------------------------------------------------------


def test_a_group_that_acts_twice_is_refused_or_counted_once() -> None:
    """The same rotations declared twice: the orbit does not grow, so its dimension must not be subtracted twice."""
    (W,) = derivation("spectral").model.parameters
    twice = product(O(k).acts(lambda Q: {W: Q * W}), O(k).acts(lambda R: {W: R * W}, name="R"))
    model = derivation("spectral").model
    try:
        law = derive_model(
            Model(model.loss, twice, model.features, model.downstream, model.aligned, model.where), "twice"
        ).law
    except ConditionViolated as refused:
        assert "freely" in str(refused)
    else:
        assert sympy.expand(law.quotient_dimension - (k * d - k * (k - 1) / 2)) == 0
