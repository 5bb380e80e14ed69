"""Logistic second stage: the laws against their definitions, written down without the engine's reductions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from scipy import integrate, optimize
from support import ALL, good, instance_of, loaded

import symasym
from symasym.cli.main import main
from symasym.evaluation import evaluate_inputs
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.quadrature.line import even_mean, mean

SIZES = [1e-8, 0.02, 0.3, 1.0, 1.9, 4.0, 30.0, 1e5]


def sigma(u: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-u))


def simple(size: float, weights: list[float], d_eff: int = 2, alpha: float = 1.5) -> NumericLogistic:
    rank = len(weights)
    law = NumericLaw(np.ones(()), np.asarray(alpha), np.array(weights), d_eff, d_eff + rank)
    return NumericLogistic(law, np.asarray(size))


# ---- the integrals


@pytest.mark.parametrize("size", SIZES)
def test_integrals_against_many_digits(size: float) -> None:
    """20 digits by Gauss-Legendre on pieces; the stated errors hold and are small."""
    law, s = simple(size, [1.0]), mpmath.mpf(size)

    def exact(g: Any) -> mpmath.mpf:
        with mpmath.workdps(20):
            top = min(12 * s, mpmath.mpf(60))
            cuts = [top * j / 8 for j in range(9)]
            total = mpmath.quad(lambda u: g(u) * mpmath.exp(-((u / s) ** 2) / 2), cuts)
            return 2 * total / (s * mpmath.sqrt(2 * mpmath.pi))

    def likely(u: mpmath.mpf) -> mpmath.mpf:
        return 1 / (1 + mpmath.exp(-u))

    cases = [
        (law.fisher, lambda u: likely(u) * likely(-u)),
        (law.fisher_along, lambda u: (u / s) ** 2 * likely(u) * likely(-u)),
        (law.log_loss_of_truth, lambda u: -likely(u) * mpmath.log(likely(u)) - likely(-u) * mpmath.log(likely(-u))),
        (law.error_of_truth, lambda u: likely(-u)),
    ]
    for found, integrand in cases:
        expected = exact(integrand)
        difference = abs(float(found.value - expected))
        assert difference <= 2 * float(found.error) + 1e-16
        assert 0 < float(found.error) < 1e-13 * float(found.value)


def test_a_rule_that_does_not_fit_says_so() -> None:
    """`1 / (1 + (8 u)^2)` has its poles at 1/8, far inside of the strip: the two shifted rules differ by what they miss."""

    def g(u: np.ndarray) -> np.ndarray:
        return 1 / (1 + 64 * u * u)

    found = mean(g, 1.0)
    exact = 2 * integrate.quad(lambda u: np.exp(-u * u / 2) / np.sqrt(2 * np.pi) * g(u), 0, 12)[0]
    assert 1e-6 < abs(float(found.value) - exact) < 1.1 * float(found.error)
    flat = even_mean(lambda u: np.exp(-u), 0.5)
    exact = 2 * integrate.quad(lambda u: np.exp(-u - 2 * u * u) * 2 / np.sqrt(2 * np.pi), 0, 10)[0]
    np.testing.assert_allclose(flat.value, exact, rtol=1e-13)


def test_the_integrals_take_batches() -> None:
    sizes = np.array([[0.1, 1.0], [3.0, 50.0]])
    together = NumericLogistic(simple(1.0, [1.0]).least_squares, sizes).fisher.value
    np.testing.assert_allclose(together, [[simple(s, []).fisher.value for s in row] for row in sizes], rtol=1e-15)


def test_limits_of_weak_and_strong_signals() -> None:
    """`J -> 1/4` and `J s sqrt(2 pi) -> 1`; for strong signals the 0-1 error loses `chi2_{d_eff - 1} / 4`."""
    assert float(simple(1e-9, []).fisher.value) == pytest.approx(0.25, rel=1e-12)
    strong = simple(1e6, [1.0], d_eff=4)
    assert float(strong.fisher.value) * 1e6 * np.sqrt(2 * np.pi) == pytest.approx(1, rel=1e-10)
    assert float(strong.zero_one.noise) == pytest.approx(0.25, rel=1e-10)


# ---- the second-order expansions


def tensor(d: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for `N(0, I_d)`."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    w = w / w.sum()
    nodes = np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return nodes, np.prod(np.stack(np.meshgrid(*[w] * d, indexing="ij"), axis=-1).reshape(-1, d), axis=1)


def test_fisher_matrix_and_hessian_of_the_log_loss() -> None:
    """`E sigma'(f*) x x^T` on a dense grid, and second differences of the log-loss itself, for a full `Sigma_down`.

    Gauss-Hermite with 60 nodes: 1e-9 at `s = 1.3` (poles of sigma'); step 1e-3: 1e-6 in second differences.
    """
    rng = np.random.default_rng(3)
    root = np.tril(rng.standard_normal((3, 3))) + np.eye(3)
    down, t = root @ root.T, np.array([0.4, -0.3, 0.5])
    t = t * 1.3 / np.sqrt(t @ down @ t)
    nodes, w = tensor(3)
    x = nodes @ root.T
    p = sigma(x @ t)
    dense = np.einsum("n,ni,nj->ij", w * p * (1 - p), x, x)
    law, st = simple(1.3, []), down @ t
    along = float(law.fisher_along.value - law.fisher.value) / 1.3**2
    np.testing.assert_allclose(dense, float(law.fisher.value) * down + along * np.outer(st, st), atol=2e-7)

    def loss(c: np.ndarray) -> float:
        f = x @ c
        return float(w @ (np.logaddexp(0, f) - p * f))

    v, step = rng.standard_normal(3), 1e-3
    second = (loss(t + step * v) - 2 * loss(t) + loss(t - step * v)) / step**2
    assert second == pytest.approx(v @ dense @ v, rel=1e-5)
    assert float(law.log_loss_of_truth.value) == pytest.approx(loss(t), abs=1e-8)


def excess_errors(t: np.ndarray, u: np.ndarray) -> float:
    """`E |2p - 1| 1{signs of <t, g> and <u, g> differ}` by one integral along `t` (SciPy), `g` standard normal."""
    s = float(np.linalg.norm(t))
    along = float(u @ t) / s
    across = float(np.linalg.norm(u - along * t / s))

    def integrand(z: float) -> float:
        wrong = 0.5 * mpmath.erfc(along * z / (across * mpmath.sqrt(2)))
        return float(2 * np.tanh(s * z / 2) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * wrong)

    return integrate.quad(integrand, 0, 8 * across / along + 1e-9, epsabs=1e-15, epsrel=1e-10)[0]


def test_the_boundary_constant() -> None:
    """`R01(f* + e v) - R01* = e^2 |v across f*|^2 / (4 s sqrt(2 pi)) + O(e^4)`; scaling `f` costs nothing."""
    t, v = np.array([0.9, 0.0, 1.2]), np.array([0.3, -1.0, 0.7])
    across = v - t * (v @ t) / (t @ t)
    step = 1e-3
    found = (excess_errors(t, t + step * v) + excess_errors(t, t - step * v)) / 2 / step**2
    assert found == pytest.approx(float(simple(1.5, []).boundary) * across @ across, rel=1e-5)


# ---- both stages, from the definitions


def weighted(down: np.ndarray, t: np.ndarray) -> np.ndarray:
    """`E sigma'(f*) x x^T` by quadrature over `f*` and the regression of `x` on it, in SciPy."""
    s = float(np.sqrt(t @ down @ t))

    def moment(power: int) -> float:
        def integrand(z: float) -> float:
            return float(z**power * sigma(s * z) * sigma(-s * z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi))

        return integrate.quad(integrand, -12, 12, epsabs=1e-14)[0]

    slope = down @ t / s
    return moment(0) * (down - np.outer(slope, slope)) + moment(2) * np.outer(slope, slope)


def in_span(metric: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Projector on the columns of `span` in an inner product."""
    return span @ np.linalg.solve(span.T @ metric @ span, span.T @ metric)


FACTOR: dict[str, Any] = {
    "A": [[1.0, 0.2], [0.5, -0.5], [0.0, 1.0], [0.7, -0.3]],
    "beta": [1.8, -1.0],
    "alpha": 0.7,
    "Sigma_down": [[2.0, 0.3, 0.1, 0.0], [0.3, 1.0, -0.2, 0.1], [0.1, -0.2, 1.5, 0.4], [0.0, 0.1, 0.4, 0.8]],
}


def factor_by_hand(document: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`Sigma_down`, `f*`, the learned span and `Cov` of `sqrt(m)` times the displacement of `f*`'s coefficients, for the factor
    model: information of a Gaussian with covariance `I + A A^T` by its own formula, features by finite differences."""
    A, beta = np.array(document["A"]), np.array(document["beta"])
    d, k = A.shape
    S = np.eye(d) + A @ A.T
    down = np.array(document.get("Sigma_down", S))

    def features(a: np.ndarray) -> np.ndarray:
        return np.linalg.solve(np.eye(d) + a @ a.T, a)

    units = np.eye(d * k).reshape(-1, d, k)
    inverse = np.linalg.inv(S)
    tangents = [u @ A.T + A @ u.T for u in units]
    fisher = np.array([[np.trace(inverse @ p @ inverse @ q) / 2 for q in tangents] for p in tangents])
    spread = np.linalg.pinv(fisher, rcond=1e-10)
    step = 1e-6
    moved = [(features(A + step * u) - features(A - step * u)) @ beta / (2 * step) for u in units]
    jacobian = np.array(moved).T
    return down, features(A) @ beta, features(A), jacobian @ spread @ jacobian.T


def test_both_laws_of_the_factor_model_by_hand() -> None:
    """Weights in the metric `E sigma'(f*) x x^T`, projector and all; the 0-1 law from the covariance of `f - f*` at the boundary.

    Finite differences with step 1e-6: 1e-8.
    """
    found = symasym.evaluate("factor", FACTOR, downstream="logistic")
    down, t, span, spread = factor_by_hand(FACTOR)
    metric, s2 = weighted(down, t), t @ down @ t
    leave = np.eye(4) - in_span(metric, span)
    root = np.linalg.cholesky(metric)
    first = leave @ spread @ leave.T
    weights = np.linalg.eigvalsh(root.T @ first @ root)[::-1][:2]
    np.testing.assert_allclose(found.logistic.interaction.weights, weights, rtol=1e-7)
    fitted = span @ np.linalg.solve(span.T @ metric @ span, span.T)
    boundary = down - np.outer(down @ t, down @ t) / s2
    values, vectors = np.linalg.eigh(boundary / (4 * np.sqrt(2 * np.pi * s2)))
    half = vectors * np.sqrt(np.maximum(values, 0))
    both = np.linalg.eigvalsh(half.T @ (fitted + first / FACTOR["alpha"]) @ half)
    zero_one = found.logistic.zero_one
    assert float(zero_one.mean) == pytest.approx(both.sum(), rel=1e-7)
    assert float(zero_one.var) == pytest.approx(2 * np.sum(both**2), rel=1e-7)
    assert float(zero_one.cumulant(3)) == pytest.approx(8 * np.sum(both**3), rel=1e-7)
    assert float(found.numeric.mean) == pytest.approx(1 + weights.sum() / (2 * FACTOR["alpha"]), rel=1e-7)


def test_the_best_logistic_fit_in_a_turned_span() -> None:
    """Twice the excess log-loss of the best fit in the span of `A* + e U` is `e^2 J ||L(U)||^2`, by minimising the log-loss."""
    down, t, span, _ = factor_by_hand(FACTOR)
    root = np.linalg.cholesky(down)
    nodes, w = tensor(4, 24)
    x = nodes @ root.T
    p = sigma(x @ t)
    U, step, A = np.random.default_rng(8).standard_normal((4, 2)), 1e-2, np.array(FACTOR["A"])

    def best(a: np.ndarray) -> float:
        z = x @ np.linalg.solve(np.eye(4) + a @ a.T, a)

        def loss(c: np.ndarray) -> tuple[float, np.ndarray]:
            f = z @ c
            return float(w @ (np.logaddexp(0, f) - p * f)), z.T @ (w * (sigma(f) - p))

        return float(optimize.minimize(loss, FACTOR["beta"], jac=True, method="BFGS", options={"gtol": 1e-12}).fun)

    curvature = (best(A + step * U) - 2 * best(A) + best(A - step * U)) / step**2
    step = 1e-6
    moved = [np.linalg.solve(np.eye(4) + a @ a.T, a) for a in (A + step * U, A - step * U)]
    derivative = (moved[0] - moved[1]) @ np.array(FACTOR["beta"]) / (2 * step)
    outside = derivative - in_span(down, span) @ derivative
    J = float(symasym.evaluate("factor", FACTOR, downstream="logistic").logistic.fisher.value)
    assert curvature == pytest.approx(J * outside @ down @ outside, rel=2e-3)


# ---- every model, and what must not matter


@pytest.mark.parametrize("name", sorted(set(ALL) & set(symasym.models())))
def test_every_linear_feature_model(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document of the contract, without `sigma2`: `J` times the weights of least squares, which they have for any noise."""
    document = good(name) | {"alpha": 1.7}
    least = evaluate_inputs(loaded(name), document)
    bare = {key: value for key, value in document.items() if key not in ("sigma2", "sigma_nu2")}
    path = tmp_path / "input.json"
    path.write_text(json.dumps(bare))
    assert main(["eval", name, "--downstream", "logistic", "--input", str(path), "--quantiles", "0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    J = found["integrals"]["J"]["value"]
    assert found["downstream"] == "logistic" and found["sigma2"] is None
    assert (found["d_eff"], found["d_act"], found["d_base"]) == (
        least.numeric.d_eff,
        least.numeric.d_act,
        least.numeric.d_base,
    )
    assert found["interaction"]["mean"] == pytest.approx(J * float(least.numeric.interaction_cumulant(1)), rel=1e-11)
    assert found["risk"]["mean"] == pytest.approx(found["d_act"] / 2 + found["interaction"]["mean"] / 3.4, rel=1e-12)
    assert found["risk"]["variance"] == pytest.approx(found["interaction"]["variance"] / 3.4**2, rel=1e-12)
    if found["alpha0"] is not None:
        expected = found["interaction"]["mean"] / (found["d_base"] - found["d_eff"])
        assert found["alpha0"] == pytest.approx(expected, rel=1e-12)
    boundary = 1 / (4 * found["size"] * np.sqrt(2 * np.pi))
    zero_one = boundary * ((found["d_act"] - 1) / J + found["interaction"]["mean"] / J / 1.7)
    assert found["zero_one"]["mean"] == pytest.approx(zero_one, rel=1e-12)
    assert set(found["zero_one"]["quantiles"]) == {"0.5"}


def turned(document: dict[str, Any], Q: np.ndarray) -> dict[str, Any]:
    """The spectral problem for `Q x`."""
    moved = {name: (Q @ np.array(document[name]) @ Q.T).tolist() for name in ("Sigma", "Sigma_plus", "Sigma_down")}
    target = np.linalg.solve(Q.T, np.array(document["target"]))
    return {**document, **moved, "target": target.tolist()}


def both(document: dict[str, Any], name: str = "spectral") -> list[float]:
    law = symasym.evaluate(name, document, downstream="logistic").logistic
    values = [float(law.size), *law.interaction.weights[:3]]
    return [*values, float(law.log_loss.ppf(0.9)), float(law.zero_one.ppf(0.9)), float(law.zero_one.mean)]


def test_what_must_not_matter() -> None:
    """Linear changes of the input's coordinates, the sign of `f*`, the representative of the latent space, the label noise."""
    document = dict(instance_of("spectral").verification) | {"alpha": 3.0}
    base = both(document)
    rng = np.random.default_rng(1)
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    np.testing.assert_allclose(both(turned(document, rotation)), base, rtol=1e-9)
    np.testing.assert_allclose(both(turned(document, rotation * np.linspace(0.5, 2, 8))), base, rtol=1e-8)
    np.testing.assert_allclose(both({**document, "target": [-c for c in document["target"]]}), base, rtol=1e-12)
    np.testing.assert_allclose(both({**document, "sigma2": 7.0}), base, rtol=1e-14)
    plain = both(FACTOR, "factor")
    latent = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    A, beta = np.array(FACTOR["A"]) @ latent, latent.T @ np.array(FACTOR["beta"])
    np.testing.assert_allclose(both({**FACTOR, "A": A.tolist(), "beta": beta.tolist()}, "factor"), plain, rtol=1e-9)
    longer = symasym.evaluate("factor", {**FACTOR, "beta": [3.6, -2.0]}, downstream="logistic").logistic
    shorter = symasym.evaluate("factor", FACTOR, downstream="logistic").logistic
    assert float(longer.size) == pytest.approx(2 * float(shorter.size), rel=1e-12)
    assert float(longer.interaction.mean) != pytest.approx(4 * float(shorter.interaction.mean), rel=0.01)


def test_a_problem_in_general_position() -> None:
    """Correlated coordinates, `w*` by search: weights from the general route's `V`, features `A x`, in the Fisher metric."""
    verified = dict(instance_of("masked_autoencoder").verification)
    size = len(verified["Sigma"])
    sigma_x = np.diag(np.linspace(3, 1, size)) + 0.2
    document = verified | {"Sigma": sigma_x.tolist(), "project": True, "alpha": 2.0}
    found = symasym.evaluate("masked_autoencoder", document, downstream="logistic")
    assert found.route == "general"
    outcome = symasym.general_law(
        "masked_autoencoder",
        {**found.minimiser, "Sigma": sigma_x, "p": document["keep_probability"], "kappa": 0.0, "Sigma_down": sigma_x}
        | {"target": found.given["target"], "sigma2": 1.0},
    )
    A, t = np.array(found.minimiser["A"]), np.array(found.given["target"])
    theta = np.linalg.lstsq(A.T, t, rcond=None)[0]
    k, d = A.shape
    jacobian = np.concatenate(
        [np.kron(theta, np.eye(d)).reshape(d, k * d), np.zeros((d, len(outcome.covariance) - k * d))], 1
    )
    metric = weighted(sigma_x, t)
    leave = (np.eye(d) - in_span(metric, A.T)) @ jacobian
    root = np.linalg.cholesky(metric)
    weights = np.linalg.eigvalsh(root.T @ leave @ outcome.covariance @ leave.T @ root)[::-1][: d - k]
    np.testing.assert_allclose(found.logistic.interaction.weights, weights, rtol=1e-7)


def test_one_feature_that_nothing_displaces() -> None:
    """The 0-1 error then loses nothing at this order, and the log-loss a constant."""
    law = simple(1.0, [], d_eff=1)
    assert float(law.zero_one.ppf(0.9)) == 0 and float(law.zero_one.mean) == 0 and float(law.zero_one.var) == 0
    assert float(law.log_loss.ppf(0.3)) == 0.5


def test_the_limit_over_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--unconditional`: `(1/2) chi2_{d_eff}` in place of its mean, which adds `d_eff / 2` to the variance."""
    path = tmp_path / "input.json"
    path.write_text(json.dumps(FACTOR))
    documents = []
    for extra in ([], ["--unconditional"]):
        assert main(["eval", "factor", "--downstream", "logistic", "--input", str(path), *extra]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    averaged, whole = documents
    assert whole["unconditional"] is True and whole["risk"]["mean"] == pytest.approx(
        averaged["risk"]["mean"], rel=1e-13
    )
    assert whole["risk"]["variance"] - averaged["risk"]["variance"] == pytest.approx(1.0, rel=1e-12)
    assert whole["zero_one"] == averaged["zero_one"]
    zero_one = whole["zero_one"]
    assert zero_one["label_noise_averaged"]["mean"] == pytest.approx(zero_one["mean"], rel=1e-13)
    assert zero_one["label_noise_averaged"]["variance"] < zero_one["variance"]


# ---- symbolic dimensions


@pytest.mark.parametrize("name", ["spectral", "factor", "two_view"])
def test_closed_forms_with_numbers_in_them(name: str) -> None:
    """`||f*||` in aligned coordinates, diagonal and full downstream covariance, against that of the input's coordinates."""
    law = symasym.derive(name, downstream="logistic")
    for extra in ({}, {"Sigma_down": True}):
        document = good(name) | {"alpha": 1.3}
        document = {key: value for key, value in document.items() if key not in ("sigma2", "sigma_nu2")}
        size = len(document.get("Sigma", document.get("Sigma_x", document.get("A"))))
        if extra:
            document["Sigma_down"] = (np.eye(size) + 0.2 + np.diag(np.arange(size))).tolist()
        found = symasym.evaluate(name, document, downstream="logistic")
        least = law.least_squares
        wanted = {*least.dimensions, *least.families, *least.scalars} - {"sigma2", "sigma_nu2"}
        values = {**found.given, **found.point.values}
        down = None
        if extra:
            frame = next(iter(found.point.frames.values()))
            down = frame @ np.array(document["Sigma_down"]) @ frame.T
        if "target" in document:
            aligned = np.linalg.solve(next(iter(found.point.frames.values())).T, np.array(document["target"]))
            values["b"] = aligned[: found.numeric.d_eff]
        at = law.at(alpha=1.3, Sigma_down=down, **{key: values[key] for key in wanted})
        assert float(at.size) == pytest.approx(float(found.logistic.size), rel=1e-9)
        assert float(at.log_loss.mean) == pytest.approx(float(found.numeric.mean), rel=1e-9)
        assert float(at.zero_one.var) == pytest.approx(float(found.logistic.zero_one.var), rel=1e-9)


def test_the_formulas_say_what_the_numbers_are() -> None:
    """Means and `alpha0` of the printed formulas, the integral by mpmath, against the numeric law."""
    law = symasym.derive("spectral", downstream="logistic")
    sizes, lam, b, g = {"k": 2, "d": 4}, [0.9, 0.5, 0.3, 0.1], [1.0, 0.6], [1.5, 0.7, 1.2, 0.4]
    at = law.at(alpha=2.5, Sigma_down=np.array(g), lam=np.array(lam), b=np.array(b), K=1, **sizes)
    table = {f"{n}[{j + 1}]": v for n, values in (("lam", lam), ("b", b), ("g", g)) for j, v in enumerate(values)}
    known: dict[str, Any] = {"K": 1, "alpha": 2.5}

    def number(formula: sympy.Expr) -> float:
        written = law.least_squares.expand(formula, **sizes)
        places = {e: table[str(e)] for e in written.atoms(sympy.Indexed)}
        names = {s: known[s.name] for s in written.free_symbols if isinstance(s, sympy.Symbol) and s.name in known}
        return float(written.xreplace(places).subs(names).evalf(15))

    for symbol, meaning in law.definitions:
        known[symbol.name] = number(meaning)
    assert known["J"] == pytest.approx(float(at.fisher.value), rel=1e-12)
    assert known["q_f"] / 4 == pytest.approx(float(at.boundary), rel=1e-12)
    assert number(law.log_loss_mean) == pytest.approx(float(at.log_loss.mean), rel=1e-12)
    assert number(law.zero_one_mean) == pytest.approx(float(at.zero_one.mean), rel=1e-12)
    assert number(law.alpha0) == pytest.approx(float(at.interaction.crossover), rel=1e-12)


def test_derive_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*arguments: str) -> str:
        assert main(["derive", *arguments, "--downstream", "logistic"]) == 0
        return capsys.readouterr().out

    text = shown("spectral", "--steps")
    assert "10. Logistic downstream" in text and "s_f = sqrt(Sum(b[i]**2*g[i], (i, 1, k)))" in text
    document = json.loads(shown("spectral", "--format", "json"))
    assert set(document["logistic"]["definitions"]) == {"s_f", "q_f", "J"}
    assert document["steps"][-1]["title"] == "Logistic downstream"
    assert r"\subsection{Logistic downstream}" in shown("spectral", "--format", "latex")
    assert main(["derive", "gmm", "--downstream", "logistic"]) == 2
    assert "downstream: logistic came" in capsys.readouterr().err


# ---- refusals


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("spectral", {"misspecified": True}, "misspecified: true came together with the logistic downstream"),
        ("spectral", {"target": [0.0, 0, 0]}, "target"),
        ("spectral", {"target": [0.0, 0, 1]}, "target: f* lies outside the span"),
        ("spectral", {"alpha": -1}, "alpha"),
        ("spectral", {"sigma_2": 1}, "did you mean sigma2?"),
    ],
)
def test_refusals(
    name: str, document: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps(dict(instance_of(name).example) | document))
    assert main(["eval", name, "--downstream", "logistic", "--input", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err


def test_features_that_are_not_linear_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "input.json"
    path.write_text("{}")
    assert main(["eval", "gmm", "--downstream", "logistic", "--input", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "downstream: logistic came" in err and "least_squares is expected" in err


def test_an_unknown_downstream_is_refused() -> None:
    with pytest.raises(symasym.InputError, match=r"downstream: probit came, least_squares or logistic is expected"):
        symasym.evaluate("factor", FACTOR, downstream="probit")
