"""Mistakes planted in the engine, and independent checks that must catch them.

Every check is shown to pass on the engine as it is, and every mistake must be refused by at least two checks of different
kinds. A check looks at one stage and brings its own oracle, so that one refusal does not follow from another:

* `referee`: the same model entry by entry in rationals (no words, no alignment), compared without tolerance;
* `quadrature`: moments of the loss as the front end writes it, by Gauss-Hermite nodes that are exact for its degree;
* `slope`: symmetric differences of that population loss against gradient and Hessian form, over a range of steps;
* `turning`: how far the target leaves the span of the features when `w*` moves, by finite differences;
* `textbook`: constants of Anderson (1963), of Tipping and Bishop (1999), and of Wilks' theorem;
* `likelihood`: score form and Hessian form of a well specified likelihood are equal;
* `conditions`: the engine's own checks (stationary, forms vanish along the orbit, kernel, positivity) find nothing;
* `routes`: closed form and general route agree.

A check that cannot be carried out because an earlier stage refuses the model counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from itertools import pairwise, product
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy
from draws import rational_covariance
from support import Point, exact_matrices, exactly, float_matrices, symbols

from symasym.asymptotics.instantiate import Instantiated, instantiate
from symasym.calculus import derivative
from symasym.calculus.forms import Forms
from symasym.errors import ConditionViolated, SymasymError
from symasym.general import general
from symasym.general.arrays import Matrices, bilinear_array, linear_array
from symasym.model import (
    GL,
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
    logdet,
    norm2,
    observed,
    parameter,
    quad,
    regression,
    scalar,
    truth,
)
from symasym.model.evaluate import evaluate, evaluate_matrix
from symasym.pipeline import Derivation, derive_model
from symasym.referee import explicit
from symasym.symmetry import quotient
from symasym.words.atoms import Kind, columns_of, rows_of
from symasym.words.inverse import inverse
from symasym.words.polynomial import MatrixPolynomial, Monomial
from symasym.words.substitute import substitute_matrix

# modules by name, since the packages export functions called the same
expectation = import_module("symasym.calculus.expectation")
calculus = import_module("symasym.calculus.forms")
downstream = import_module("symasym.asymptotics.downstream")
pipeline = import_module("symasym.pipeline")

SIZES = {"d": 3, "k": 2}

d, k = dims("d k")
i, a = indices("i a")
lam, ell, b = indexed("lam ell b")
RANGES = {i: (1, k), a: (k + 1, d)}


# --- Three models with textbook answers --------------------------------------------------------------------------


def task(name: str, target: Any, **more: Any) -> LeastSquares:
    return LeastSquares(gaussian(f"{name}_down", d, cov=covariance("Down", d)), target=target, **more)


def contrastive() -> Model:
    """Spectral contrastive loss with one fresh negative."""
    A, S, P, target = parameter("A", k, d), covariance("S", d), covariance("P", d), constant("target", d)
    x, y = exchangeable("view view_plus", cov=S, cross=P)
    z = copy(x, "view_minus")
    return Model(
        loss=-2 * inner(A * x, A * y) + inner(A * x, A * z) ** 2,
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=task("view", target),
        where=[k < d],
        aligned=Aligned(
            frames=[Frame.of(GL(d), lambda T: {x: T * x, y: T * y, z: T * z, A: A * T.inv()})],
            ranges=RANGES,
            diagonal={S: 1, P: lam, target: {i: b[i]}},
            at={A: {i: sympy.sqrt(lam[i])}},
            assume=[lam[i] > lam[a], lam[i] > 0],
        ),
    )


def likelihood_of_factors() -> Model:
    """Gaussian maximum likelihood of a factor model with unit noise."""
    A, beta, variance = parameter("A", d, k), constant("beta", k), scalar("variance")
    A_true, h = truth(A), gaussian("factors", k, cov=eye(k))
    noise, more = gaussian("specific", d, cov=eye(d)), gaussian("residual", 1, cov=variance * eye(1))
    x, y = observed("seen response", A_true * h + noise, beta.T * h + more)
    given_x, S = regression(y, x), eye(d) + A * A.T
    return Model(
        loss=(logdet(S) + quad(x, S.inv())) / 2,
        symmetry=O(k).acts(lambda Q: {A: A * Q}),
        features=A.T * S.inv() * x,
        downstream=task("seen", given_x.coefficient, noise=given_x.variance),
        where=[k < d],
        aligned=Aligned(
            frames=[Frame.of(O(d), lambda T: {x: T * x, A: T * A})],
            ranges=RANGES,
            diagonal={beta: {i: b[i]}},
            at={A: {i: sympy.sqrt(ell[i])}},
            assume=[ell[i] > 0],
        ),
    )


def principal_components() -> Model:
    """Linear autoencoder, encoder and decoder not tied."""
    A, B = parameter("A", k, d), parameter("B", d, k)
    S, target = covariance("S", d), constant("target", d)
    x = gaussian("point", d, cov=S)
    return Model(
        loss=norm2(x - B * A * x),
        symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
        features=A * x,
        downstream=task("point", target),
        where=[k < d],
        aligned=Aligned(
            frames=[Frame.of(O(d), lambda T: {x: T * x, A: A * T.inv(), B: T * B})],
            ranges=RANGES,
            diagonal={S: lam, target: {i: b[i]}},
            at={A: {i: 1}, B: {i: 1}},
            assume=[lam[i] > lam[a], lam[a] > 0],
        ),
    )


MODELS = {"contrastive": contrastive, "likelihood": likelihood_of_factors, "components": principal_components}


@dataclass
class Subject:
    """A model and what the engine, as it is at this moment, makes of it; nothing is remembered elsewhere."""

    name: str

    @cached_property
    def model(self) -> Model:
        return MODELS[self.name]()

    @cached_property
    def forms(self) -> Forms:
        return calculus.forms(self.model)

    @cached_property
    def derived(self) -> Derivation:
        return derive_model(self.model, self.name)

    def point(self, sizes: dict[str, int], seed: int = 1) -> Point:
        """Random rational numbers; square roots are rational too."""
        rng = Random(f"{self.name} {seed}")
        squares = [Fraction(root, 25) ** 2 for root in sorted(rng.sample(range(4, 24), sizes["d"]), reverse=True)]
        learned = [Fraction(rng.choice([-1, 1]) * rng.randint(1, 9), rng.randint(1, 5)) for _ in range(sizes["k"])]
        families = {
            "contrastive": {"lam": squares, "b": learned},
            "likelihood": {"ell": [9 * value for value in squares[: sizes["k"]]], "b": learned},
            "components": {"lam": [9 * value for value in squares], "b": learned},
        }[self.name]
        scalars = {s.name: Fraction(rng.randint(1, 9), 4) for s in self.model.scalars}
        return Point(sizes, families, scalars, rational_covariance(sizes["d"], rng))

    def values(self, at: Point) -> dict[str, Any]:
        return float_matrices(exact_matrices(self.model, at))

    def arrays(self, at: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient, Hessian and score form of this stage, before any check of the engine."""
        matrices = Matrices(self.values(at), {**symbols(at.sizes), **dict.fromkeys(self.model.scalars, 1.0)})
        parameters = self.forms.parameters
        return (
            linear_array(self.forms.gradient, parameters, matrices),
            bilinear_array(self.forms.hessian, parameters, matrices),
            bilinear_array(self.forms.score, parameters, matrices),
        )

    def written_out(self, at: Point) -> Instantiated:
        """The closed form at a point."""
        derived = self.derived
        return instantiate(
            derived.forms.parameters,
            derived.covariance,
            derived.blocks.score_coupling,
            derived.downstream,
            at.sizes,
            at.families,
            at.scalars,
            at.Sigma_down,
        )


# --- The checks ------------------------------------------------------------------------------------------------------


def referee(subject: Subject) -> None:
    """Forms, covariance and downstream form, entry by entry."""
    for seed in (1, 2):
        at = subject.point(SIZES, seed)
        theirs, ours = (
            explicit(subject.model, symbols(SIZES), exact_matrices(subject.model, at)),
            subject.written_out(at),
        )
        assert (ours.hessian == theirs.hessian).all()
        assert (ours.score == theirs.score).all()
        assert (ours.covariance == theirs.covariance).all()
        assert (ours.interaction == theirs.K).all()


def referee_forms(subject: Subject) -> None:
    """Gradient and forms before alignment; 1e-11 of the largest entry is rounding in the arrays."""
    at = subject.point(SIZES)
    theirs = explicit(subject.model, symbols(SIZES), exact_matrices(subject.model, at))
    scale = float(max(map(abs, theirs.score.flat)))
    for ours, exact in zip(subject.arrays(at), (theirs.gradient, theirs.hessian, theirs.score), strict=True):
        assert np.abs(ours - exact.astype(float)).max() <= 1e-11 * scale


class Population:
    """Expectations of the loss as the front end writes it, by a product rule over all data: at most six variables."""

    def __init__(self, subject: Subject) -> None:
        self.model = subject.model
        self.sizes = {"d": 2, "k": 1} if len(self.model.data) > 1 else SIZES
        self.at = subject.point(self.sizes, 3)
        self.values = _floats(self.model, self.at)
        self.coordinates = [(p, place) for p in self.model.parameters for place in np.ndindex(self.values[p].shape)]

    @cached_property
    def nodes(self) -> list[tuple[dict[Any, np.ndarray], float]]:
        """Three nodes a variable: exact for the squared score, of degree four in every variable."""
        vectors, size = self.model.data, self.sizes["d"]
        root = np.linalg.cholesky(self._covariance(vectors))
        points, weights = np.polynomial.hermite_e.hermegauss(3)
        weights = weights / weights.sum()
        found = []
        for pick in product(range(3), repeat=size * len(vectors)):
            flat = root @ points[list(pick)]
            data = {v: flat[size * n : size * (n + 1), None] for n, v in enumerate(vectors)}
            found.append((data, float(np.prod(weights[list(pick)]))))
        return found

    def _covariance(self, vectors: tuple) -> np.ndarray:
        size = self.sizes["d"]
        blocks = [[np.zeros((size, size)) for _ in vectors] for _ in vectors]
        for (m, u), (n, v) in product(enumerate(vectors), repeat=2):
            if u.law == v.law:
                block = u.law.covariance(u.position, v.position)
                blocks[m][n] = evaluate_matrix(block, self.values, symbols(self.sizes))
        return np.block(blocks)

    def losses(self, direction: np.ndarray, t: float) -> np.ndarray:
        """The loss at `w* + t direction`, at every node."""
        table = {**self.values, **{p: self.values[p].copy() for p in self.model.parameters}}
        for (p, place), step in zip(self.coordinates, direction, strict=True):
            table[p][place] += t * step
        return np.array([evaluate(self.model.loss, {**table, **data}, symbols(self.sizes)) for data, _ in self.nodes])

    @cached_property
    def weights(self) -> np.ndarray:
        return np.array([weight for _, weight in self.nodes])


def _floats(model: Model, at: Point) -> dict[Any, Any]:
    """Floats for every symbol; a true value is a copy of its parameter, so that it stays where it is."""
    values = {
        symbol: float(value) if isinstance(value, Fraction) else np.array(value, dtype=object).astype(float)
        for symbol, value in exact_matrices(model, at).items()
    }
    by_name = {p.name: values[p] for p in model.parameters}
    truths = {t for vector in model.data for t in vector.law.atoms(sympy.MatrixSymbol) if hasattr(t, "of")}
    return {**values, **{t: by_name[t.of].copy() for t in truths}}


FIVE_POINTS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


def quadrature(subject: Subject) -> None:
    """`E (Dl[v])^2` with `Dl[v]` by a five-point rule: exact to rounding for quartics, 1e-7 covers its error otherwise."""
    population = Population(subject)
    _, _, score = subject.arrays(population.at)
    v = np.random.default_rng(7).standard_normal(len(population.coordinates))
    along = sum(weight * population.losses(v, 1e-2 * n) for n, weight in FIVE_POINTS.items()) / 1e-2
    assert abs(population.weights @ along**2 - v @ score @ v) <= 1e-7 * abs(v @ score @ v)


def slope(subject: Subject) -> None:
    """Symmetric first and second differences of the population loss tend to `<g, v>` and `h(v, v)` with an error of order
    `t^2`: halving `t` divides it by 4. The second difference is exact to rounding once its error is 1e-9 of `h`.
    """
    population = Population(subject)
    gradient, hessian, _ = subject.arrays(population.at)
    v = np.random.default_rng(8).standard_normal(len(population.coordinates))
    centre = population.weights @ population.losses(v, 0.0)
    errors = []
    for t in (0.02, 0.01, 0.005):
        ahead, behind = (population.weights @ population.losses(v, sign * t) for sign in (1, -1))
        errors.append(
            (
                abs((ahead - behind) / (2 * t) - gradient @ v),
                abs((ahead - 2 * centre + behind) / t**2 - v @ hessian @ v),
            )
        )
    size = np.abs(hessian).max() * (v @ v)
    for first, second in pairwise(errors):
        assert all(3.6 * b < a < 4.4 * b or a < 1e-9 * size for a, b in zip(first, second, strict=True))


def turning(subject: Subject) -> None:
    """`min_theta ||f* - theta^T psi(., w* + t v)||^2 / t^2` tends to `K(v, v)` in `L2(mu_down)`, with an error of order `t`."""
    at = subject.point(SIZES)
    form, floats = subject.written_out(at).interaction.astype(float), _floats(subject.model, at)
    target = evaluate_matrix(subject.model.downstream.target, floats, symbols(SIZES))[:, 0]
    root = np.linalg.cholesky(at.Sigma_down.astype(float)).T
    rng = np.random.default_rng(9)
    for _ in range(3):
        step = {p: rng.standard_normal(floats[p].shape) for p in subject.model.parameters}
        v = np.concatenate([step[p].ravel() for p in subject.model.parameters])
        errors = []
        for t in (1e-3, 1e-4):
            moved = {**floats, **{p: floats[p] + t * step[p] for p in step}}
            basis = [
                evaluate_matrix(subject.model.features, {**moved, subject.model.input: e[:, None]}, symbols(SIZES))[
                    :, 0
                ]
                for e in np.eye(len(target))
            ]
            span = root @ np.array(basis)
            rest = root @ target - span @ np.linalg.lstsq(span, root @ target)[0]
            errors.append(abs(rest @ rest / t**2 - v @ form @ v))
        assert errors[1] < 0.2 * errors[0] < 0.2 * 0.1 * (v @ form @ v + 1e-3)


def leaks(subject: Subject, at: Point) -> dict[int, Fraction]:
    """The variances `v_a` of the law, the variance of component `a` of the target's displacement."""
    (item,) = subject.derived.law.outside
    return {n: exactly(item.variance.subs(item.index, n), at) for n in range(at.sizes["k"] + 1, at.sizes["d"] + 1)}


def anderson(subject: Subject) -> None:
    """Coordinate `a` of the `i`-th eigenvector has variance `lam_i lam_a / (lam_i - lam_a)^2`."""
    at = subject.point(SIZES)
    values, learned = at.families["lam"], at.families["b"]
    for n, found in leaks(subject, at).items():
        below = values[n - 1]
        assert found == sum(w**2 * v * below / (v - below) ** 2 for w, v in zip(learned, values, strict=False))


def probabilistic(subject: Subject) -> None:
    """The likelihood's span turns like that of the top eigenvectors, `lam_i = 1 + ell_i`, `lam_a = 1`; `f*` by hand.

    `E[y|x] = sum_i b_i sqrt(ell_i) / (1 + ell_i) x_i`, so the target leaks with
    `sum_i b_i^2 ell_i / (1 + ell_i)^2 * (1 + ell_i) / ell_i^2`.
    """
    at = subject.point(SIZES)
    pairs = list(zip(at.families["b"], at.families["ell"], strict=True))
    expected = sum(w**2 * e / (1 + e) ** 2 * (1 + e) / e**2 for w, e in pairs)
    assert set(leaks(subject, at).values()) == {expected}


def wilks(subject: Subject) -> None:
    """Maximum likelihood: `m (L(w_hat) - L(w*))` has mean half the number of parameters, symmetry taken away."""
    found = exactly(subject.derived.law.expand(subject.derived.law.excess_loss_mean), subject.point(SIZES))
    assert found == Fraction(3 * 2 - 1, 2)


def likelihood(subject: Subject) -> None:
    """`s = h`, as polynomials in trace words and with a vanishing gradient."""
    forms = subject.forms
    assert forms.score == forms.hessian and not forms.gradient


def conditions(subject: Subject) -> None:
    """The engine derives the model, and leaves nothing open."""
    try:
        law = subject.derived.law
    except ConditionViolated as violated:
        raise AssertionError(str(violated)) from violated
    assert not law.undecided


def routes(subject: Subject) -> None:
    """Weights by closed form and by the general route, for a general downstream covariance; 1e-8 is rounding here."""
    at = subject.point(SIZES)
    law, numbers = subject.derived.law, at.floats
    wanted = {key: numbers[key] for key in (*law.dimensions, *law.families, *law.scalars)}
    closed = law.at(alpha=1.0, Sigma_down=at.Sigma_down.astype(float), **wanted)
    arrays = general(subject.model, subject.values(at), subject.forms, quotient(subject.model))
    np.testing.assert_allclose(arrays.weights[: closed.weights.size], closed.weights, rtol=1e-8)
    assert (arrays.d_eff, arrays.d_base) == (closed.d_eff, closed.d_base)


CHECKS: dict[str, tuple[str, Callable[[Subject], None], tuple[str, ...]]] = {
    "referee": ("referee", referee, tuple(MODELS)),
    "referee, forms": ("referee", referee_forms, tuple(MODELS)),
    "quadrature": ("quadrature", quadrature, tuple(MODELS)),
    "slope": ("slope", slope, tuple(MODELS)),
    "turning": ("turning", turning, tuple(MODELS)),
    "Anderson": ("textbook", anderson, ("components",)),
    "Tipping and Bishop": ("textbook", probabilistic, ("likelihood",)),
    "Wilks": ("textbook", wilks, ("likelihood",)),
    "likelihood": ("likelihood", likelihood, ("likelihood",)),
    "conditions": ("conditions", conditions, tuple(MODELS)),
    "routes": ("routes", routes, tuple(MODELS)),
}


@cache
def sound(name: str) -> Subject:
    """A subject for the engine as it is; never asked for where a mistake is planted."""
    return Subject(name)


@pytest.mark.parametrize(
    ("check", "name"), [(check, name) for check, (_, _, names) in CHECKS.items() for name in names]
)
def test_the_engine_as_it_is_passes(check: str, name: str) -> None:
    CHECKS[check][1](sound(name))


# --- The mistakes ----------------------------------------------------------------------------------------------------


right_factor, right_scalar = derivative._factor_derivative, derivative._scalar_derivative
right_pairings, right_blocks = expectation.pairings, pipeline.blocks
right_features = downstream.feature_derivative


def inverse_with_the_wrong_sign(patch) -> None:
    """`D inv(S)[H] = + inv(S) H inv(S)`."""

    def wrong(item, directions):
        moved = right_factor(item, directions)
        return moved.scale(-1) if moved is not None and item[0].kind is Kind.INVERSE else moved

    patch.setattr(derivative, "_factor_derivative", wrong)


def log_determinant_with_the_wrong_sign(patch) -> None:
    """`D log det S[H] = - tr(inv(S) H)`."""

    def wrong(scalar, directions):
        moved = right_scalar(scalar, directions)
        return moved if moved is None or isinstance(scalar, tuple) else moved.scale(-1)

    patch.setattr(derivative, "_scalar_derivative", wrong)


def transposed_direction_with_the_wrong_sign(patch) -> None:
    """`D A^T [U] = - U^T`."""

    def wrong(item, directions):
        moved = right_factor(item, directions)
        return moved.scale(-1) if moved is not None and item[1] and item[0] in directions else moved

    patch.setattr(derivative, "_factor_derivative", wrong)


def dropped_pairing(patch) -> None:
    """Where several pairings close a product of forms, the last one is lost."""
    depth = 0

    def wrong(slots, segments, moments) -> Iterator:
        nonlocal depth
        depth += 1
        try:
            found = list(right_pairings(slots, segments, moments))
        finally:
            depth -= 1
        return iter(found[:-1] if depth == 0 and len(found) > 1 else found)

    patch.setattr(expectation, "pairings", wrong)


def curvature_left_out(pair: tuple[tuple[str, bool], tuple[str, bool]]) -> Callable:
    """The Hessian of the loss as a function of the product `M` (`A^T A`, or `B A`), in the directions `DM[U]`, `DM[V]`.

    What is lost is the gradient by `M` paired with `D^2 M[U, V]`: it need not vanish off the tangent space. On words: two
    neighbours that make up one `M` never move together.
    """
    transposed = tuple((name, not flag) for name, flag in reversed(pair))

    def parameter_of(item) -> tuple[str, bool]:
        atom, flag = item
        return (atom.payload[0].key if atom.kind is Kind.DIRECTION else atom.key), flag

    def together(word, n: int) -> bool:
        for first, second in ((n - 1, n), (n, n + 1)):
            if first >= 0 and second < len(word):
                same = tuple(map(parameter_of, (word[first], word[second]))) in (pair, transposed)
                if same and any(word[m][0].kind is Kind.DIRECTION for m in (first, second)):
                    return True
        return False

    def wrong(word, directions):
        total = None
        for n, item in enumerate(word):
            moved = None if together(word, n) else right_factor(item, directions)
            if moved is not None:
                left = _word(word[:n], rows_of(word[0]), rows_of(item))
                right = _word(word[n + 1 :], columns_of(item), columns_of(word[-1]))
                term = left @ moved @ right
                total = term if total is None else total + term
        return total

    return lambda patch: patch.setattr(derivative, "_word_derivative", wrong)


def _word(word, rows, columns) -> MatrixPolynomial:
    return MatrixPolynomial(rows, columns, {(Monomial(), word): Fraction(1)})


def doubled_off_diagonal(same_range: bool) -> Callable:
    """Variances of the coordinates `{p, q}`, `p != q`, twice what they are: a pairing taken for an entry."""

    def wrong(*given):
        found = right_blocks(*given)
        pairs = tuple(
            replace(pair, score=tuple(tuple(2 * entry for entry in row) for row in pair.score))
            if (pair.first == pair.second) == same_range
            else pair
            for pair in found.pairs
        )
        return replace(found, pairs=pairs)

    return lambda patch: patch.setattr(pipeline, "blocks", wrong)


def rotation_of_the_span_ignored(patch) -> None:
    """`DPhi[V]` with its rows projected back on the span: the section turns inside the span and the span stays."""

    def wrong(model, forms):
        features = substitute_matrix(downstream.feature_matrix(model), forms.point)
        onto = features.T @ inverse(features @ features.T) @ features
        return right_features(model, forms) @ onto

    patch.setattr(downstream, "feature_derivative", wrong)


def rotation_through_the_inverse_ignored(patch) -> None:
    """In `A^T S^{-1}` only `A^T` moves."""

    def wrong(item, directions):
        return None if item[0].kind is Kind.INVERSE else right_factor(item, directions)

    def features(model, forms):
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(derivative, "_factor_derivative", wrong)
            return right_features(model, forms)

    patch.setattr(downstream, "feature_derivative", features)


SPAN = {"referee", "turning", "routes"}
MISTAKES: dict[str, tuple[str, Callable, set[str]]] = {
    "a wrong sign in the rule for inverses": (
        "likelihood",
        inverse_with_the_wrong_sign,
        {"conditions", "slope", "quadrature", "likelihood", "referee, forms"},
    ),
    "a wrong sign in the rule for log-determinants": (
        "likelihood",
        log_determinant_with_the_wrong_sign,
        {"conditions", "slope", "quadrature", "likelihood", "referee, forms"},
    ),
    "a wrong sign in the rule for transposes": (
        "contrastive",
        transposed_direction_with_the_wrong_sign,
        {"conditions", "slope", "quadrature", "referee, forms"},
    ),
    "a dropped pairing, contrastive": ("contrastive", dropped_pairing, {"quadrature", "referee", "referee, forms"}),
    "a dropped pairing, likelihood": (
        "likelihood",
        dropped_pairing,
        {"conditions", "quadrature", "likelihood", "referee, forms"},
    ),
    "a dropped pairing, principal components": (
        "components",
        dropped_pairing,
        {"conditions", "quadrature", "referee, forms"},
    ),
    "curvature left out, contrastive": (
        "contrastive",
        curvature_left_out((("A", True), ("A", False))),
        {"slope", "referee", "referee, forms"},
    ),
    "curvature left out, principal components": (
        "components",
        curvature_left_out((("B", False), ("A", False))),
        {"slope", "Anderson", "referee", "referee, forms"},
    ),
    "a doubled off-diagonal variance, inside the span": (
        "likelihood",
        doubled_off_diagonal(same_range=True),
        {"referee", "Wilks"},
    ),
    "a doubled off-diagonal variance, across the span": (
        "likelihood",
        doubled_off_diagonal(same_range=False),
        {"referee", "Wilks", "Tipping and Bishop", "routes"},
    ),
    "a doubled off-diagonal variance, principal components": (
        "components",
        doubled_off_diagonal(same_range=False),
        {"referee", "Anderson", "routes"},
    ),
    "a doubled off-diagonal variance, contrastive": (
        "contrastive",
        doubled_off_diagonal(same_range=False),
        {"referee", "routes"},
    ),
    "the rotation of the span ignored, principal components": (
        "components",
        rotation_of_the_span_ignored,
        SPAN | {"Anderson"},
    ),
    "the rotation of the span ignored, contrastive": ("contrastive", rotation_of_the_span_ignored, SPAN),
    "the rotation of the span ignored, likelihood": (
        "likelihood",
        rotation_of_the_span_ignored,
        SPAN | {"Tipping and Bishop"},
    ),
    "half of the rotation ignored": (
        "likelihood",
        rotation_through_the_inverse_ignored,
        SPAN | {"Tipping and Bishop"},
    ),
}


def outcome(check: str, subject: Subject) -> str:
    """`passed`, `caught`, or `refused` where the model does not get as far as the check."""
    try:
        CHECKS[check][1](subject)
    except AssertionError:
        return "caught"
    except SymasymError:
        return "refused"
    return "passed"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught_by_two_independent_checks(mistake: str, monkeypatch) -> None:
    name, plant, expected = MISTAKES[mistake]
    plant(monkeypatch)
    subject = Subject(name)
    found = {check: outcome(check, subject) for check, (_, _, names) in CHECKS.items() if name in names}
    caught = {check for check, how in found.items() if how == "caught"}
    assert expected <= caught, found
    assert len({CHECKS[check][0] for check in caught}) >= 2, found
