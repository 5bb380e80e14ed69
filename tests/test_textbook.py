"""Constants that textbooks have."""

from __future__ import annotations

import pytest
import sympy
from support import derivation

from symasym.asymptotics.covariance import PairCovariance


def _shown(pair: PairCovariance, m: int, n: int, name: str) -> sympy.Expr:
    return derivation(name).covariance.entries.show(pair.covariance[m][n], pair.block.first, pair.block.second)


def test_principal_components_have_the_classical_eigenvector_constants() -> None:
    """Anderson (1963): the coordinate `a` of the `i`-th eigenvector has variance `lam_i lam_a / (lam_i - lam_a)^2`.

    For an elliptical law the factor is `E rho^2` (one plus the kurtosis parameter), for t `(nu - 2) / (nu - 4)`.
    """
    derived = derivation("linear_autoencoder")
    i, a = (item.index for item in derived.covariance.entries.ranges.all)
    lam = sympy.IndexedBase(sympy.Symbol("lam", real=True))
    signal, noise = derived.covariance.entries.ranges.all
    pair = derived.covariance.pair(signal, noise)
    assert pair is not None
    expected = sympy.Symbol("rho_2", positive=True) * lam[i] * lam[a] / (lam[i] - lam[a]) ** 2
    for m in (0, 1):
        for n in (0, 1):
            assert sympy.simplify(_shown(pair, m, n, "linear_autoencoder") - expected) == 0


def test_reconstruction_excess_of_principal_components() -> None:
    """The excess error is `sum_ia lam_i lam_a / (lam_i - lam_a)`: a turn `t_ia` costs `(lam_i - lam_a) t_ia^2`."""
    law = derivation("linear_autoencoder").law
    lam = sympy.IndexedBase(sympy.Symbol("lam", real=True))
    written = law.expand(law.excess_loss_mean, d=4, k=2)
    nu = sympy.Symbol("degrees_of_freedom", positive=True)
    factor = (nu - 2) / (nu - 4)
    expected = factor * sum(lam[i] * lam[a] / (lam[i] - lam[a]) for i in (1, 2) for a in (3, 4))
    assert sympy.simplify(written - expected) == 0


@pytest.mark.parametrize("name", ["factor", "factor_noise_estimated"])
def test_maximum_likelihood_is_efficient(name: str) -> None:
    """Wilks: `m (L(w_hat) - L(w*))` has mean half the dimension of the quotient when the likelihood is well specified."""
    derived = derivation(name)
    assert sympy.simplify(derived.law.excess_loss_mean - derived.quotient.dimension / 2) == 0
    assert derived.forms.score == derived.forms.hessian


def test_probabilistic_principal_components_turn_like_the_classical_ones() -> None:
    """Tipping & Bishop (1999): the span of the maximum-likelihood loadings is that of the top eigenvectors, whose turns have
    variance `lam_i lam_a / (lam_i - lam_a)^2`, here with `lam_i = noise + ell_i`, `lam_a = noise`; the loadings are
    `sqrt(ell_i)` times them."""
    derived = derivation("factor")
    signal, noise = derived.covariance.entries.ranges.all
    pair = derived.covariance.pair(signal, noise)
    assert pair is not None
    ell = sympy.IndexedBase(sympy.Symbol("ell", real=True))[signal.index]
    turn = _shown(pair, 0, 0, "factor") / ell
    noise = sympy.Symbol("noise", positive=True)
    assert sympy.simplify(turn - (noise + ell) * noise / ell**2) == 0


def test_a_noise_level_that_is_estimated_costs_half_a_degree_of_freedom_and_nothing_downstream() -> None:
    """Its coupling reaches the diagonal entries alone, so the law of the span, and with it the downstream law, stays."""
    known, estimated = derivation("factor").law, derivation("factor_noise_estimated").law
    assert known.weights == estimated.weights
    assert sympy.simplify(estimated.excess_loss_mean - known.excess_loss_mean) == sympy.Rational(1, 2)


def test_the_variance_of_an_estimated_noise_level() -> None:
    """`sqrt(m) (noise_hat - noise)` has the variance `2 noise^2 / (d - k)` of a mean of `d - k` squares."""
    covariance = derivation("factor_noise_estimated").covariance
    d, k = (sympy.Symbol(name, integer=True, positive=True) for name in "dk")
    noise, total = sympy.Symbol("noise", positive=True), sympy.S.Zero
    for term in covariance.coupling:
        ends = [[v for (_, item), v in side.items() if item is None] for side in (term.left, term.right)]
        if all(ends):
            total += covariance.entries.show(term.coefficient * ends[0][0] * ends[1][0])
    assert sympy.simplify(total - 2 * noise**2 / (d - k)) == 0
