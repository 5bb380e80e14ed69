"""`log_mean_exp`: against the moment generating function computed by quadrature, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from symasym.errors import InputError, NeverDerivable, NotDerivableYet
from symasym.model import (
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    gaussian,
    inner,
    log_mean_exp,
    norm2,
    parameter,
    scalar,
    student,
    tr,
)
from symasym.model.evaluate import evaluate
from symasym.words import lower_scalar

d, k = dims("d k")
SIZES = {d: 2, k: 3}
A, M, mu = parameter("A", k, d), constant("M", k, d), constant("mu", d)
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
x_minus, z, t = copy(x, "x_minus"), gaussian("z", d, cov=Sigma, mean=mu), scalar("t")

EXPONENTS = {
    "a form": inner(A * x, A * x_minus),
    "on the left": inner(A * x_minus, M * x),
    "shifted": inner(A * (x_minus - x), A * (x + x_plus)),
    "scaled, with a constant": t * inner(A * x, A * x_minus) / 3 + inner(x_minus, x_plus) - norm2(x),
    "a product with a constant": inner(x, x_plus) * inner(M * x_minus, A * x),
    "a scalar inside": inner(x, t * x_minus + norm2(x) * x_minus),
    "the vector itself": inner(x_minus, x),
}


def numbers(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((2, 2))
    values = {
        s: 0.4 * rng.standard_normal([int(n.subs(SIZES)) for n in map(sympy.sympify, s.shape)])
        for s in (A, M, mu, x, x_plus)
    }
    return {**values, Sigma: root @ root.T, t: 0.7}


def by_quadrature(expression: sympy.Expr, over, mean: np.ndarray, values: dict) -> float:
    """`log E exp` over two Gaussian coordinates, Gauss-Hermite with 40 nodes in each: exact to rounding at these sizes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    root = np.linalg.cholesky(values[Sigma])
    total = 0.0
    for u, p in zip(nodes, weights, strict=True):
        for v, q in zip(nodes, weights, strict=True):
            point = mean + root @ np.array([[u], [v]])
            total += p * q * np.exp(evaluate(expression, {**values, over: point}, SIZES))
    return float(np.log(total / (2 * np.pi)))


@pytest.mark.parametrize("name", EXPONENTS)
@pytest.mark.parametrize("over", [x_minus, z], ids=str)
def test_is_the_logarithm_of_the_moment_generating_function(name: str, over) -> None:
    exponent, values = EXPONENTS[name].xreplace({x_minus: over}), numbers(3)
    written = log_mean_exp(exponent, over=over)
    assert not written.has(over)
    mean = values[mu] if over == z else np.zeros((2, 1))
    assert evaluate(written, values, SIZES) == pytest.approx(by_quadrature(exponent, over, mean, values), rel=1e-9)


def test_is_written_in_the_covariance() -> None:
    written = log_mean_exp(inner(A * x, A * x_minus), over=x_minus)
    assert lower_scalar(written) == lower_scalar(inner(A.T * A * x, Sigma * A.T * A * x) / 2)


@pytest.mark.parametrize(
    ("exponent", "over", "error", "complaint"),
    [
        (norm2(A * x_minus), x_minus, NotDerivableYet, r"\|\|A\*x_minus\|\|\^2 is not affine in x_minus"),
        (inner(x, x_minus) ** 2, x_minus, NotDerivableYet, "is not affine in x_minus; a sum of inner products"),
        (inner(x, x_minus) * inner(x_plus, x_minus), x_minus, NotDerivableYet, "is not affine"),
        (tr(x_minus * x.T), x_minus, NotDerivableYet, "is not affine"),
        (average(inner(x, x_minus), over=x_minus, count=3), x_minus, NotDerivableYet, "is an average in x_minus"),
        (inner(x, x_plus), x_minus, InputError, "does not depend on x_minus"),
        (
            inner(x, x_plus),
            x_plus,
            InputError,
            r"belongs to a joint law with x; take the mean over a copy\(x_plus, name\)",
        ),
        (inner(x, mu), mu, InputError, "mu is not a data vector"),
    ],
)
def test_what_is_not_affine_is_refused(exponent, over, error, complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        log_mean_exp(exponent, over=over)


def test_heavy_tails_have_no_exponential_moments() -> None:
    heavy = student("heavy", d, cov=Sigma, degrees_of_freedom=scalar("nu"))
    with pytest.raises(NeverDerivable, match="multivariate t, whose exponential moments are infinite"):
        log_mean_exp(inner(x, heavy), over=heavy)
