"""Masked autoencoder: laws by hand and of the plain autoencoder, forms of both losses against the explicit engine, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy
from draws import covariance as random_covariance, rational, rational_covariance
from support import derivation, float_matrices, good, instance_of, loaded, symbols

from symasym import catalogue
from symasym.alignment.frames import prove_frames
from symasym.calculus.forms import Forms, forms
from symasym.cli.main import main
from symasym.errors import ConditionViolated, InputError
from symasym.evaluation import evaluate_inputs
from symasym.general.arrays import bilinear_array, linear_array
from symasym.general.landscape import landscape
from symasym.general.minimiser import find_minimiser
from symasym.general.route import general
from symasym.general.values import matrices_of
from symasym.model import (
    GL,
    Aligned,
    Frame,
    LeastSquares,
    Model,
    O,
    average,
    constant,
    copy,
    covariance,
    dims,
    gaussian,
    inner,
    mask,
    norm2,
    parameter,
    scalar,
)
from symasym.pipeline import derive_general
from symasym.referee import explicit
from symasym.simulation.sampler import MaskSource, draw, sources

NAME = "masked_autoencoder"
lam, b = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("lam", "b"))
i, a = sympy.symbols("i a", integer=True)
p, kappa = sympy.Symbol("p", positive=True), sympy.Symbol("kappa", real=True)
SHARES = [Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3)]


# ---- the closed form


def summand(name: str) -> sympy.Expr:
    """What is summed over the learned indices in `v_a`."""
    (outside,) = derivation(name).law.outside
    return outside.variance.function


def test_averaged_masks_by_hand() -> None:
    """The score of the averaged loss at `{i, a}` is `-2 p x_i x_a ((1 - p) A_ia + B_ai)`; `h` is `p` times that of the
    autoencoder, `2 p ((la, -la), (-la, li))`, so `A_ia` varies as `li ((1 - p) li + la)^2 / (la (li - la)^2)`."""
    expected = b[i] ** 2 * lam[i] * ((1 - p) * lam[i] + lam[a]) ** 2 / (lam[a] * (lam[i] - lam[a]) ** 2)
    assert sympy.cancel(summand(NAME).subs(kappa, 0) - expected) == 0


def test_a_sampled_mask_by_hand() -> None:
    """The score `-2 x_i x_a (r_i B_ai + (1 - r_i) r_a A_ia)` has uncorrelated parts: `4 li la` times `p` and `p (1 - p)`."""
    expected = b[i] ** 2 * lam[i] * ((1 - p) * lam[i] ** 2 + lam[a] ** 2) / (p * lam[a] * (lam[i] - lam[a]) ** 2)
    assert sympy.cancel(summand(NAME).subs(kappa, 1) - expected) == 0


def test_without_masking_it_is_the_autoencoder() -> None:
    """`p = 1`, for any number of masks: law, excess loss, noise and dimensions, as formulas."""
    law, plain = derivation(NAME).law, derivation("linear_autoencoder").law
    gaussian_ = {symbol: sympy.Integer(1) for symbol, _ in plain.definitions}  # E rho^2 = 1
    ours, theirs = summand(NAME).subs(p, 1), summand("linear_autoencoder").subs(gaussian_)
    assert sympy.cancel(ours - theirs) == 0
    sizes = {"d": 4, "k": 2}
    excess = law.expand(law.excess_loss_mean, **sizes).subs(p, 1)
    assert sympy.cancel(excess - plain.expand(plain.excess_loss_mean.subs(gaussian_), **sizes)) == 0
    assert (law.noise, law.d_eff, law.rank, law.quotient_dimension) == (
        plain.noise,
        plain.d_eff,
        plain.rank,
        plain.quotient_dimension,
    )


@pytest.mark.parametrize("masks", ["averaged", "sampled", 3])
def test_without_masking_correlated_data_have_the_law_of_the_autoencoder(masks: Any) -> None:
    """`p = 1` by the general route, against the closed form of the autoencoder: 1e-9 is rounding times the condition number."""
    rng = np.random.default_rng(3)
    document = {
        "Sigma": random_covariance(4, rng).tolist(),
        "k": 2,
        "target": [1, -1, 0.5, 2],
        "sigma2": 1,
        "project": True,
    }
    document["Sigma_down"] = random_covariance(4, rng).tolist()
    ours = evaluate_inputs(loaded(NAME), {**document, "keep_probability": 1, "masks": masks})
    theirs = evaluate_inputs(loaded("linear_autoencoder"), document)
    assert (ours.route, theirs.route) == ("general", "closed form")
    np.testing.assert_allclose(ours.numeric.weights, theirs.numeric.weights, rtol=1e-9)


def test_fewer_masks_cost_more() -> None:
    """Averaged masks are the limit of many, and every mask that is left out costs."""
    document = dict(instance_of(NAME).verification)
    means = [
        evaluate_inputs(loaded(NAME), {**document, "masks": masks}).numeric.interaction_cumulant(1)
        for masks in ("sampled", 2, 10, 10**6, "averaged")
    ]
    assert all(u > v for u, v in pairwise(means))
    assert means[-2] == pytest.approx(float(means[-1]), rel=1e-5)


# ---- both losses in general position


@cache
def full() -> Model:
    return catalogue.load(NAME).model


@cache
def masked_only() -> Model:
    return catalogue.load(f"{NAME}_masked_only").model


@cache
def two_masks() -> Model:
    """A mask on what goes in, averaged over, another on what is to come out, one for each sample, and a second average."""
    d, k = dims("d k")
    A, B, x = parameter("A", k, d), parameter("B", d, k), gaussian("x", d, cov=covariance("Sigma", d))
    R, Q = mask("R", d, keep=scalar("p")), mask("Q", d, keep=sympy.Rational(1, 3))
    y = copy(x, "y")
    loss = average(norm2(Q * x - B * A * R * x), over=R, count=1 / kappa) + average(
        inner(Q * A.T * B.T * y, R * y), over=R, count=1 / kappa
    )
    down = LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d))
    return Model(loss, GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}), A * x, down, where=[k < d])


@cache
def forms_of(build: Any) -> Forms:
    return forms(build())


def exact_point(model: Model, sizes: dict[str, int], share: Fraction, rng: Random) -> dict[Any, Any]:
    """Any rational matrices: not a minimiser, and not aligned; the target is in the span."""
    d, k = sizes["d"], sizes["k"]
    values = {
        symbol: [[rational(rng) for _ in range(n)] for _ in range(m)]
        for symbol, (m, n) in zip(model.parameters, ((k, d), (d, k)), strict=True)
    }
    for symbol in model.loss.atoms(sympy.MatrixSymbol) | model.downstream.x.cov.atoms(sympy.MatrixSymbol):
        if getattr(symbol, "symmetric", False) and not hasattr(symbol, "keep"):
            values[symbol] = rational_covariance(d, rng).tolist()
    values[model.downstream.target] = values[model.parameters[0]][0]
    numbers = {"p": Fraction(rng.randint(1, 6), 7), "kappa": share, "sigma2": Fraction(1)}
    return {**values, **{symbol: numbers[symbol.name] for symbol in model.scalars}}


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("sizes", [{"d": 2, "k": 1}, {"d": 3, "k": 1}, {"d": 3, "k": 2}], ids=str)
@pytest.mark.parametrize("model", [full, masked_only, two_masks])
def test_forms_anywhere_are_those_of_the_explicit_engine(model: Any, sizes: dict[str, int], share: Fraction) -> None:
    """Gradient, Hessian and score forms where nothing is stationary: 1e-12 of the largest entry is rounding of a few sums."""
    written, found = model(), forms_of(model)
    values = exact_point(written, sizes, share, Random(f"{sizes} {share}"))
    referee = explicit(written, symbols(sizes), values)
    matrices = matrices_of(written, float_matrices(values), found)
    ours = (
        linear_array(found.gradient, found.parameters, matrices),
        bilinear_array(found.hessian, found.parameters, matrices),
        bilinear_array(found.score, found.parameters, matrices),
    )
    assert referee.gradient.any()
    for mine, exact in zip(ours, (referee.gradient, referee.hessian, referee.score), strict=True):
        expected = exact.astype(float)
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))


def test_the_explicit_engine_enumerates() -> None:
    """Its rule for powers of 0-1 variables, against the patterns themselves, at one point."""
    written, sizes, share = masked_only(), {"d": 2, "k": 1}, Fraction(1, 3)
    values = exact_point(written, sizes, share, Random(8))
    keep = next(value for symbol, value in values.items() if symbol.name == "p")
    (R,) = written.masks
    fixed = constant("R", *R.shape, symmetric=True)
    alone = replace(written, loss=next(iter(written.loss.args)).xreplace({R: fixed}))
    gradient = np.array([Fraction(0)] * 4, dtype=object)
    hessian = np.zeros((4, 4), dtype=int) + Fraction(0)
    together = hessian.copy()
    for bits in product((0, 1), repeat=2):
        chance = np.prod([keep if bit else 1 - keep for bit in bits])
        one = explicit(alone, symbols(sizes), {**values, fixed: np.diag(bits).tolist()})
        gradient, hessian = gradient + chance * one.gradient, hessian + chance * one.hessian
        together = together + chance * one.score
    found = explicit(written, symbols(sizes), values)
    assert (found.gradient == gradient).all() and (found.hessian == hessian).all()
    one_mask = explicit(written, symbols(sizes), {**values, kappa: Fraction(1)})
    averaged = explicit(written, symbols(sizes), {**values, kappa: Fraction(0)})
    assert (one_mask.score == together).all()
    assert (found.score == share * together + (1 - share) * averaged.score).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_minimiser_in_general_position(seed: int) -> None:
    """By formula, against the lowest minimum that a search finds: the same value, and the same learned span."""
    rng = np.random.default_rng(seed)
    d = 4
    document = {
        **good(NAME),
        "Sigma": random_covariance(d, rng).tolist(),
        "target": [1.0, 0, 0, 0],
        "k": 2,
        "project": True,
    }
    evaluation = evaluate_inputs(loaded(NAME), {**document, "keep_probability": 0.6})
    assert evaluation.route == "general" and evaluation.starts is None
    stages = derive_general(full())
    constants = {
        "Sigma": evaluation.given["Sigma"],
        "p": 0.6,
        "kappa": 0.0,
        "target": np.ones(d),
        "sigma2": 1.0,
        "d": d,
        "k": 2,
    }
    scape = landscape(full(), stages.forms, stages.quotient, {**constants, "Sigma_down": np.eye(d)})
    searched = find_minimiser(scape)
    ours = evaluation.minimiser
    assert scape.value(scape.packed(ours)) == pytest.approx(searched.value, rel=1e-10)
    spans = [np.linalg.qr(np.asarray(v["A"]).T)[0] for v in (ours, searched.values)]
    assert np.linalg.norm(spans[0] @ spans[0].T - spans[1] @ spans[1].T) < 1e-6


def test_masked_entries_alone_by_search() -> None:
    """The variant has no formula for its minimiser; a search finds one, where the forms have a law."""
    sigma = np.diag([2.0, 1.5, 1.0]) + 0.5 * np.outer([1, 0.5, -0.8], [1, 0.5, -0.8])
    stages = derive_general(masked_only())
    constants = {
        "Sigma": sigma,
        "Sigma_down": np.eye(3),
        "p": 0.75,
        "kappa": 1.0,
        "sigma2": 1.0,
        "target": np.ones(3),
        "d": 3,
        "k": 1,
    }
    found = find_minimiser(landscape(masked_only(), stages.forms, stages.quotient, constants), starts=2)
    values = {**constants, **found.values, "target": found.values["A"][0]}
    law = general(masked_only(), values, stages.forms, stages.quotient)
    assert (law.d_eff, law.d_base) == (1, 3) and np.sum(law.weights > 0) == 2


def test_with_nothing_masked_there_is_no_loss_on_masked_entries() -> None:
    with pytest.raises(InputError, match=r"keep_probability: 1 came, at which nothing is masked"):
        evaluate_inputs(loaded(NAME), {**good(NAME), "masked_only": True, "keep_probability": 1})


# ---- the change of coordinates


def reframed(group: Any, image: Any) -> Model:
    model = full()
    A, B = model.parameters
    (x,), (R,) = model.data, model.masks
    frame = Frame.of(group, lambda T: {x: T * x, A: A * T.T, B: T * B, **image(R, T)})
    assert isinstance(model.aligned, Aligned)
    return replace(model, aligned=replace(model.aligned, frames=[frame]))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            lambda R, T: {R: T * R * T.T},
            r"R -> T\*R\*T.T in the frame of T in O\(d\) does not keep the law of the mask",
        ),
        (lambda R, T: {}, "aligned: the loss in the frame of T is not invariant"),
        (lambda R, T: {R: T.T * R * T}, "aligned: the loss in the frame of T is not invariant"),
    ],
)
def test_rotations_do_not_keep_the_law_of_a_mask(image: Any, message: str) -> None:
    model = full()
    with pytest.raises(ConditionViolated, match=message):
        prove_frames(reframed(O(model.input.shape[0]), image))


def test_signed_permutations_do() -> None:
    prove_frames(full())


# ---- what is refused, in a sentence that names it


def test_models_with_masks_in_the_wrong_place() -> None:
    d, k = dims("d k")
    A, x, S = parameter("A", k, d), gaussian("x", d, cov=covariance("Sigma", d)), covariance("Sigma", d)
    R, target = mask("R", d, keep=scalar("p")), constant("target", d)
    down = LeastSquares(gaussian("x", d, cov=S), target=target)
    loss = norm2(x - A.T * A * R * x)
    for change, message in (
        ({"features": A * R * x}, r"^features: A\*R\*x contains a random mask"),
        ({"downstream": replace(down, target=R * target)}, r"^downstream.target: R\*target contains a random mask"),
        ({"loss": norm2(A * gaussian("z", d, cov=R * S * R))}, r"^loss: the law of z mentions a mask"),
        ({"loss": average(loss, over=R, count=3) + norm2(R * x)}, "^loss: R is averaged over copies and also stands"),
    ):
        parts = {"loss": loss, "symmetry": (), "features": A * x, "downstream": down, **change}
        with pytest.raises(InputError, match=message):
            Model(**parts)
    for keep in (0, 1.5, -0.1, S):
        with pytest.raises(InputError, match=r"^mask: R keeps a coordinate with probability"):
            mask("R", d, keep=keep)
    with pytest.raises(InputError, match=r"^average: Sigma is not a data vector or a mask"):
        average(norm2(S * x), over=S, count=2)


@pytest.mark.parametrize(
    ("key", "wrong", "expected"),
    [
        *(
            ("masks", wrong, '"averaged", "sampled" or a whole number, at least 1')
            for wrong in ("all", 0, 1.5, True, None, [])
        ),
        *(("keep_probability", wrong, "a number above 0 and at most 1") for wrong in (0, 1.01, -0.5, "p", None)),
    ],
)
def test_wrong_inputs(key: str, wrong: Any, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps({**good(NAME), key: wrong}))
    assert main(["eval", NAME, "--input", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"symasym: {key}: ") and expected in error and error.count("\n") == 1


def test_a_closed_gap_is_refused_in_either_position() -> None:
    flat = {**good(NAME), "Sigma": np.diag([2.0, 2.0, 1.0]).tolist()}
    with pytest.raises(InputError, match=r"k: the gap between variances of the coordinates 1"):
        evaluate_inputs(loaded(NAME), flat)
    turned = np.full((3, 3), -0.2) + 1.2 * np.eye(3)  # two equal eigenvalues, and equal variances
    with pytest.raises(InputError, match=r"k: the gap between singular values"):
        evaluate_inputs(loaded(NAME), {**good(NAME), "Sigma": turned.tolist()})


# ---- samples


def test_masks_are_drawn_as_often_as_the_loss_says() -> None:
    model, sizes = full(), symbols({"d": 3, "k": 1})
    (R,), (x,) = model.masks, model.data
    values = {x.cov: np.eye(3), R.keep: 0.3}
    for share, copies in ((1.0, 1), (1 / 3, 3), (0.0, None)):
        found = [s for s in sources(model, {**values, kappa: share}, sizes) if isinstance(s, MaskSource)]
        assert [s.copies for s in found] == ([] if copies is None else [copies])
    drawn = draw([MaskSource("R", 3, 0.3, 4)], 2, 5000, np.random.default_rng(1))["R"]
    assert drawn.shape == (2, 5000, 4, 3) and set(np.unique(drawn)) == {0.0, 1.0}
    # 120,000 draws: four standard errors of a frequency, and of a correlation between neighbours
    assert abs(drawn.mean() - 0.3) < 4 * np.sqrt(0.21 / 120_000)
    assert abs(np.corrcoef(drawn[..., 0].ravel(), drawn[..., 1].ravel())[0, 1]) < 4 / np.sqrt(40_000)
    assert draw([MaskSource("R", 3, 0.3)], 2, 7, np.random.default_rng(1))["R"].shape == (2, 7, 3)
    assert MaskSource("R", 3, 0.3, 4).width == 12
