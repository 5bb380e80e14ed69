"""What a negative is worth: InfoNCE with infinitely many of them next to the spectral loss with `K`."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support import derivation

K = sympy.Symbol("K", positive=True)


def formulas() -> dict[str, tuple[sympy.Expr, sympy.Expr]]:
    """The same number of both laws, with `K` negatives and with infinitely many: what stands under their sums."""
    few, many = derivation("spectral").law, derivation("infonce").law
    (((weight, _),), ((limit, _),)) = few.weights, many.weights
    pairs = {"weight": (weight, limit), "mean": (few.mean, many.mean), "general": (few.general_mean, many.general_mean)}
    return {name: (_summand(first), _summand(second)) for name, (first, second) in pairs.items()}


def _summand(expression: sympy.Expr) -> sympy.Expr:
    return expression.replace(lambda e: isinstance(e, sympy.Sum), lambda e: e.function)


@pytest.mark.parametrize("name", ["weight", "mean", "general"])
def test_infinitely_many_negatives_are_the_limit(name: str) -> None:
    few, many = formulas()[name]
    assert sympy.simplify(sympy.limit(few, K, sympy.oo) - many) == 0


def test_the_excess_over_the_limit_is_one_over_the_number_of_negatives() -> None:
    """`E||L||^2(K) - E||L||^2(oo) = (1/K) sum_a g_a sum_i (3 lam_i^2 + 2 tau) b_i^2 / (4 (lam_i - lam_a)^2)`."""
    few, many = formulas()["weight"]
    excess = sympy.simplify(K * (few - many))
    assert not excess.has(K)
    lam, b, g = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("lam", "b", "g"))
    i, a = sympy.symbols("i a", integer=True)
    tau = sympy.Symbol("tau", real=True)  # sum_j lam_j^2
    by_hand = g[a] * (3 * lam[i] ** 2 + 2 * tau) * b[i] ** 2 / (4 * (lam[i] - lam[a]) ** 2)
    names = {str(s): s for s in by_hand.free_symbols}
    same = excess.subs({s: names[str(s)] for s in excess.free_symbols if str(s) in names})
    assert sympy.simplify(same - by_hand) == 0


def test_the_numbers_approach_each_other() -> None:
    values = {"d": 5, "k": 2, "lam": np.array([0.9, 0.7, 0.4, 0.1, -0.2]), "b": np.array([1.0, -2.0]), "sigma2": 1.0}
    down = np.eye(5) + 0.3
    many = derivation("infonce").law.at(alpha=1.0, Sigma_down=down, **values).weights
    gaps = [
        np.abs(derivation("spectral").law.at(alpha=1.0, Sigma_down=down, K=float(n), **values).weights - many).max()
        for n in (100, 1000)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.01)  # 1/K, but for the second order of the eigenvalues
