"""The front end: symbols, scalars, data laws, latent models, and what SymPy may do with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy
from support import MODELS, derivation
from sympy.matrices.expressions import ZeroMatrix

import symasym
from symasym.errors import InputError, NotDerivableYet, ShapeError
from symasym.model import (
    Aligned,
    Frame,
    LeastSquares,
    Model,
    O,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    indexed,
    indices,
    inner,
    joint,
    logdet,
    norm2,
    observed,
    parameter,
    quad,
    regression,
    scalar,
    tr,
    trivial,
    truth,
)
from symasym.model.evaluate import evaluate, evaluate_matrix, small_sizes
from symasym.model.matrices import ModelSymbol
from symasym.model.scalars import Inner, MatrixScalar, Tr
from symasym.model.shapes import check_matrix, check_scalar

d, k, q = dims("d k q")
A, B, W = parameter("A_m", k, d), parameter("B_m", d, k), parameter("W_m", d, d)
S, P, C = covariance("S_m", d), covariance("P_m", d), constant("C_m", d, k)
u, v = constant("u_m", d), constant("v_m", k)
x = gaussian("x_m", d, cov=S)
weight = scalar("weight_m")
SIZES = {d: 4, k: 2, q: 3}


def random_values(*extra, seed: int = 1) -> dict:
    rng = np.random.default_rng(seed)
    values = {}
    for symbol in (A, B, W, S, P, C, u, v, x, *extra):
        entries = rng.standard_normal([int(sympy.sympify(n).subs(SIZES)) for n in symbol.shape])
        values[symbol] = entries @ entries.T if getattr(symbol, "symmetric", False) else entries
    return {**values, weight: 0.7}


# --- Symbols -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", [A, truth(A), S, C, x, O(k).element(), copy(x, "z_m")], ids=str)
def test_symbols_keep_their_class_and_their_arguments(symbol) -> None:
    """SymPy rebuilds expressions by `func(*args)`, `doit` and `xreplace`; what a symbol is must survive all three."""
    assert symbol.func(*symbol.args) == symbol
    assert type(symbol.func(*symbol.args)) is type(symbol)
    assert symbol.doit() == symbol == (symbol + symbol - symbol).doit()
    assert type((2 * symbol).doit().args[1]) is type(symbol)
    assert isinstance(symbol, ModelSymbol) and symbol.xreplace({A: A}) == symbol


def test_what_a_symbol_is_distinguishes_it() -> None:
    same_name = {parameter("N_m", d, d), constant("N_m", d, d), covariance("N_m", d), truth(parameter("N_m", d, d))}
    assert len(same_name) == 4
    assert gaussian("n_m", d, cov=S) != gaussian("n_m", d, cov=P) != gaussian("n_m", d, cov=P, mean=u)
    assert gaussian("n_m", d, cov=S) == gaussian("n_m", d, cov=S)


def test_dimensions_are_positive_integers() -> None:
    assert all(size.is_integer and size.is_positive for size in (d, k))
    assert weight.is_positive and scalar("any_m", positive=False).is_positive is None


# --- Scalars -----------------------------------------------------------------------------------------------------


def test_verbs_have_their_values() -> None:
    values = random_values()
    a, b, s, z, w = (values[symbol] for symbol in (A, B, S, x, W))
    expected = {
        inner(A * x, v): float(np.sum((a @ z) * values[v])),
        inner(A, B.T): float(np.sum(a * b.T)),
        norm2(x - B * A * x): float(np.sum((z - b @ a @ z) ** 2)),
        quad(x, S): float(np.sum(z * (s @ z))),
        tr(W * S): float(np.trace(w @ s)),
        logdet(eye(k) + A * A.T): float(np.log(np.linalg.det(np.eye(2) + a @ a.T))),
        tr(W**2) * weight - d / k: float(0.7 * np.trace(w @ w) - 2),
        tr((eye(d) + B * B.T).inv() * S): float(np.trace(np.linalg.inv(np.eye(4) + b @ b.T) @ s)),
        tr(W**-2): float(np.trace(np.linalg.inv(w @ w))),
        norm2(ZeroMatrix(d, k) + C): float(np.sum(values[C] ** 2)),
    }
    for expression, number in expected.items():
        assert evaluate(expression, values, SIZES) == pytest.approx(number, rel=1e-10)


def test_scalars_are_commutative_real_expressions() -> None:
    one, two = norm2(A * x), tr(W)
    assert one * two == two * one and sympy.expand((one + two) ** 2).coeff(one, 2) == 1
    assert one.is_commutative and one.is_extended_real
    assert inner(u, x) != inner(x, W * u)


def test_scalars_print_as_mathematics() -> None:
    assert str(norm2(A * x)) == "||A_m*x_m||^2"
    assert str(inner(u, x)) == "<u_m, x_m>"
    assert str(tr(W) + logdet(S)) == "logdet(S_m) + tr(W_m)"
    assert sympy.latex(norm2(u)) == r"\lVert u_{m} \rVert^2"


def test_diff_by_a_matrix_is_refused() -> None:
    with pytest.raises(InputError, match="directional derivatives"):
        norm2(A * x).diff(A)


def test_diff_by_a_scalar_is_refused_where_it_stands_inside_a_matrix() -> None:
    t = sympy.Symbol("t")
    with pytest.raises(InputError, match="directional derivatives"):
        norm2(t * A * x).diff(t)
    assert (t * norm2(A * x)).diff(t) == norm2(A * x)


@pytest.mark.parametrize("shape", [(A * x, x), (A, B), (u, v)])
def test_inner_products_of_different_shapes_are_refused(shape) -> None:
    with pytest.raises(ShapeError, match=r"inner: .* the shapes must be equal"):
        inner(*shape)


# --- Shapes ------------------------------------------------------------------------------------------------------


SOUND = [
    (A * B, (k, k)),
    (A * B + eye(k), (k, k)),
    (B * A - W.T, (d, d)),
    ((eye(d) + B * B.T).inv() * C, (d, k)),
    (weight * norm2(u) * A, (k, d)),
    (W**3 * u, (d, 1)),
    (ZeroMatrix(d, k) + C, (d, k)),
    (-A.T, (d, k)),
]
UNSOUND = [
    A * A,
    A * A * B,
    A + A.T,
    eye(d) + A * A.T,
    eye(k) + B * B.T,
    A.inv(),
    (A + B.T * W.T * C * C.T) * (A * B),
    A**2,
    W * x + A * x,
    C * A.T,
    tr(W) * (A + B),
]


@pytest.mark.parametrize(("expression", "shape"), SOUND, ids=str)
def test_sound_shapes_are_found(expression, shape) -> None:
    assert check_matrix(expression, "here") == shape


@pytest.mark.parametrize("expression", UNSOUND, ids=str)
def test_unsound_shapes_are_refused_wherever_they_stand(expression) -> None:
    with pytest.raises(ShapeError, match=r"^here: "):
        check_matrix(expression, "here")
    scalar_ = Inner(expression, expression)  # past the verbs, which look at the outside alone
    for built in (scalar_, 2 * scalar_ + weight, scalar_**2, Tr(expression * expression.T)):
        with pytest.raises(ShapeError, match=r"^here: "):
            check_scalar(built, "here")


def test_equal_numbers_do_not_make_equal_dimensions() -> None:
    """Two sizes are equal only if they are the same expression; `d` and `q` may be equal numbers and are not the same."""
    with pytest.raises(ShapeError, match=r"d columns but .* q rows"):
        check_matrix(A * constant("N_m", q, d), "here")
    assert check_matrix(constant("L_m", d + 1, k) * A, "here") == (d + 1, d)


@pytest.mark.parametrize("bare", [x.T * S * x, u.T * x, (u.T * x) * (x.T * u)], ids=str)
def test_a_bare_product_of_vectors_is_no_scalar(bare) -> None:
    for built in (bare, sympy.exp(bare)):
        with pytest.raises(ShapeError, match=r"write inner\(u, v\) for u\.T\*v and quad\(u, S\) for u\.T\*S\*u"):
            check_scalar(built, "loss")


@pytest.mark.parametrize("strange", [sympy.MatrixSymbol("X", 2, 2).as_explicit(), sympy.HadamardProduct(W, S)])
def test_matrices_that_the_front_end_does_not_know_are_named(strange) -> None:
    with pytest.raises(InputError, match="here: "):
        check_matrix(strange, "here")


# --- Data laws ---------------------------------------------------------------------------------------------------


def test_vectors_know_their_law() -> None:
    y, z = joint("y_m z_m", (d, k), {(0, 0): S, (1, 1): eye(k), (0, 1): C}, {1: v})
    assert y.law == z.law and (y.position, z.position) == (0, 1)
    assert (y.cov, z.cov) == (S, eye(k))
    assert y.law.covariance(0, 1) == C and y.law.covariance(1, 0) == C.T
    assert y.mean == ZeroMatrix(d, 1) and z.mean == v


def test_what_is_left_out_is_uncorrelated() -> None:
    y, z = joint("y_m z_m", (d, k), {(0, 0): S, (1, 1): eye(k)})
    assert y.law.covariance(0, 1) == ZeroMatrix(d, k) and z.law.covariance(1, 0) == ZeroMatrix(k, d)


def test_an_exchangeable_family_has_one_covariance_and_one_cross_covariance() -> None:
    family = exchangeable("f_m g_m h_m", cov=S, cross=P)
    table = [[one.law.covariance(one.position, other.position) for other in family] for one in family]
    assert all(table[m][n] in ((S,) if m == n else (P, P.T)) for m in range(3) for n in range(3))


def test_an_exchangeable_family_needs_a_symmetric_cross_covariance() -> None:
    with pytest.raises(InputError, match="symmetric"):
        exchangeable("f_m g_m", cov=S, cross=W)


def test_a_copy_has_the_marginal_law_and_no_companions() -> None:
    f, g = exchangeable("f_m g_m", cov=S, cross=P)
    other = copy(f, "other_m")
    assert other.cov == S and other.law != f.law and other.law.names == ("other_m",)
    shifted = copy(gaussian("s_m", d, cov=S, mean=u), "t_m")
    assert shifted.mean == u
    assert g.law == f.law


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: joint("y z", (d, k), {(0, 0): S}), r"the covariance of z, key \(1, 1\), is missing"),
        (lambda: joint("y z", (d, k), {(0, 0): S, (1, 1): S}), r"Cov\(z, z\) has shape \(d, d\), expected \(k, k\)"),
        (lambda: joint("y z", (d, k), {(0, 0): S, (1, 1): eye(k), (0, 1): C.T}), r"Cov\(y, z\) has shape \(k, d\)"),
        (lambda: joint("y z w", (d, k), {(0, 0): S, (1, 1): eye(k)}), "3 names .* but 2 dimensions"),
        (lambda: gaussian("y", d, cov=A), r"Cov\(y, y\) has shape \(k, d\), expected \(d, d\)"),
        (lambda: gaussian("y", d, cov=S, mean=v), r"mean of y has shape \(k, 1\), expected \(d, 1\)"),
        (lambda: copy(x, "x_m"), "the name x_m is taken"),
    ],
)
def test_laws_that_do_not_fit_are_refused(build, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()


# --- Latent models -----------------------------------------------------------------------------------------------


h, e, nu = gaussian("h_m", k, cov=eye(k)), gaussian("e_m", d, cov=S), gaussian("nu_m", 1, cov=weight * eye(1))
LOADING, SLOPE = constant("Loading_m", d, k), constant("Slope_m", k)


def test_observed_vectors_have_the_derived_covariance() -> None:
    seen, response = observed("seen_m response_m", 2 * LOADING * h + e, SLOPE.T * h - nu)
    values = random_values(LOADING, SLOPE)
    loading, slope = values[LOADING], values[SLOPE]
    expected = [
        [4 * loading @ loading.T + values[S], 2 * loading @ slope],
        [2 * slope.T @ loading.T, slope.T @ slope + 0.7],
    ]
    for m in (0, 1):
        for n in (0, 1):
            found = evaluate_matrix(seen.law.covariance(m, n), values, SIZES)
            np.testing.assert_allclose(found, expected[m][n], rtol=1e-12)
    assert seen.law == response.law


def test_regression_is_the_conditional_law() -> None:
    """`E[y|x]` and `Var(y|x)` against the Schur complement of the joint covariance, which inverts something else."""
    seen, response = observed("seen_m response_m", LOADING * h + e, SLOPE.T * h + nu)
    given = regression(response, seen)
    values = random_values(LOADING, SLOPE, seed=2)
    blocks = [[evaluate_matrix(seen.law.covariance(m, n), values, SIZES) for n in (0, 1)] for m in (0, 1)]
    whole = np.block(blocks)
    precision = np.linalg.inv(whole)
    coefficient = evaluate_matrix(given.coefficient, values, SIZES)
    np.testing.assert_allclose(coefficient[:, 0], -precision[:4, 4] / precision[4, 4], rtol=1e-9)
    assert evaluate(given.variance, values, SIZES) == pytest.approx(1 / precision[4, 4], rel=1e-9)


def test_what_is_not_linear_or_not_a_scalar_is_refused() -> None:
    with pytest.raises(NotDerivableYet, match="not linear in the Gaussian vectors"):
        observed("y", h * h.T * h)
    with pytest.raises(NotDerivableYet, match="must be a scalar with the same joint law"):
        regression(*observed("y z", LOADING * h + e, SLOPE.T * h))
    with pytest.raises(NotDerivableYet, match="must be a scalar with the same joint law"):
        regression(nu, e)


# --- Models ------------------------------------------------------------------------------------------------------


def small_model(**changes) -> Model:
    given = {
        "loss": norm2(x - B * A * x),
        "symmetry": trivial(),
        "features": A * x,
        "downstream": LeastSquares(gaussian("down_m", d, cov=covariance("Down_m", d)), target=u),
    }
    return Model(**{**given, **changes})


def test_a_model_knows_its_parameters_and_its_data_by_name() -> None:
    f, g = exchangeable("b_m a_m", cov=S, cross=P)
    model = small_model(loss=inner(A * f, B.T * g), features=A * f)
    assert [symbol.name for symbol in model.parameters] == ["A_m", "B_m"]
    assert [vector.name for vector in model.data] == ["a_m", "b_m"]
    assert model.input == f


def test_the_label_noise_is_sigma2_unless_the_model_says_otherwise() -> None:
    assert str(small_model().downstream.noise) == "sigma2"
    other = LeastSquares(gaussian("down_m", d, cov=S), target=u, noise=weight + 1)
    assert small_model(downstream=other).downstream.noise == weight + 1


def test_frames_and_ranges_are_checked_when_they_are_written() -> None:
    i, stray = indices("i stray")
    (lam,) = indexed("lam")
    with pytest.raises(ShapeError, match=r"aligned: A_m has shape \(k, d\), but its image T\*A_m .* shape \(d, d\)"):
        Frame.of(O(d), lambda T: {A: T * A})
    with pytest.raises(InputError, match=r"diagonal\[S_m\] speaks of the index stray"):
        Aligned(ranges={i: (1, d)}, diagonal={S: {stray: lam[stray]}}, at={})
    with pytest.raises(InputError, match="not of the form index"):
        Aligned(ranges={i: (1, k, d)}, diagonal={}, at={})


@pytest.mark.parametrize(
    ("relations", "expected"),
    [
        ([], {d: 2, k: 3}),
        ([k < d], {d: 3, k: 2}),
        ([k < d, d < q], {d: 3, k: 2, q: 4}),
        ([sympy.Eq(k, d)], {d: 2, k: 2}),
    ],
)
def test_small_sizes_satisfy_the_relations(relations, expected) -> None:
    """Different where possible and at least 2, so that a counterexample is not missed for lack of room."""
    found = small_sizes(sorted(expected, key=str), relations)
    assert all(relation.subs(found) == sympy.true for relation in relations)
    assert found == expected or (not relations and set(found.values()) == {2, 3})


def test_sizes_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="no sizes from 2 to 5"):
        small_sizes([d, k], [k < d, d < k])


# --- What the front end promises the rest ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_losses_are_made_of_the_front_ends_own_scalars(name: str) -> None:
    """No `Trace`, `Determinant` or bare product of SymPy's is left in, so nothing of them can go wrong."""
    loss = derivation(name).model.loss
    kinds = {type(node) for node in sympy.preorder_traversal(loss)}
    assert kinds & set(MatrixScalar.__subclasses__())
    assert not kinds & {sympy.Trace, sympy.Determinant}


def test_a_mean_of_the_downstream_input_is_refused() -> None:
    """The inner product downstream would be the second moment, which the routes do not take."""
    plain = derivation("factor").model
    moved = gaussian("moved_m", d, cov=plain.downstream.x.cov, mean=constant("centre_m", d))
    task = LeastSquares(moved, target=plain.downstream.target, noise=plain.downstream.noise)
    with pytest.raises(NotDerivableYet, match=r"downstream\.x: moved_m has the mean centre_m"):
        Model(plain.loss, plain.symmetry, plain.features, task, plain.aligned, plain.where)


def test_no_public_name_is_that_of_a_package_inside() -> None:
    """Importing a package inside puts its name on symasym and would hide a function of the same name."""
    inside = {path.stem for path in Path(symasym.__file__).parent.iterdir()}
    assert not inside & set(symasym.__all__)
    assert all(callable(getattr(symasym, name)) for name in ("derive", "explain", "general_law", "models"))


# ---- letters


def test_a_group_element_is_called_as_the_function_calls_it() -> None:
    def turned(P):  # type: ignore[no-untyped-def]
        return {A: P * A}

    assert [O(k).acts(f).element.name for f in (lambda W: {A: W * A}, turned, lambda _: {A: A})] == ["W", "P", "Q"]
    assert O(k).acts(turned, name="U").element.name == "U"


@pytest.mark.parametrize("names", ["g", "lam S", "g b"])
def test_the_letters_of_the_downstream_covariance_are_taken(names: str) -> None:
    with pytest.raises(InputError, match=r"^indexed: the family [gS] came, but g and S are the downstream covariance"):
        indexed(names)
