"""Where the largest gains change, against a walk along a fine grid."""

from __future__ import annotations

import numpy as np
import pytest

from symasym.model.selection import selection_changes

GRID = np.linspace(0, 1, 20_001)


def gains(numerators: np.ndarray, denominators: np.ndarray, weights: np.ndarray) -> np.ndarray:
    n, d = (np.polynomial.polynomial.polyval(weights, c.T) for c in (numerators, denominators))
    return np.sign(n) * n**2 / d


def random_problem(seed: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    variances, correlations = rng.uniform(0.3, 3, d), rng.uniform(-0.9, 1, d)
    one = np.ones(d)
    return np.stack([one, correlations - 1], 1), np.stack([one, variances - 1], 1) / variances[:, None]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("d", "k"), [(2, 1), (5, 2), (7, 4)])
def test_changes_are_those_of_a_fine_grid(seed: int, d: int, k: int) -> None:
    problem = random_problem(seed, d)
    changes = selection_changes(*problem, k)
    chosen = [frozenset(row) for row in np.argsort(-gains(*problem, GRID), axis=0, kind="stable")[:k].T.tolist()]
    jumps = [n for n in range(len(GRID) - 1) if chosen[n] != chosen[n + 1]]
    assert len(jumps) == len(changes)
    for n, change in zip(jumps, changes, strict=True):
        assert GRID[n] <= change.weight <= GRID[n + 1]
        assert set(change.enters) == chosen[n + 1] - chosen[n] and set(change.leaves) == chosen[n] - chosen[n + 1]
        meeting = gains(*problem, np.array([change.weight]))[[change.enters[0], change.leaves[0]], 0]
        np.testing.assert_allclose(meeting[0], meeting[1], rtol=1e-13)


def test_a_change_in_closed_form() -> None:
    """`1 - g` against `g`: they meet at one half; a third gain that touches without crossing changes nothing."""
    numerators = np.array([[1.0, -1.0], [0.0, 1.0], [0.1, 0.0]])
    (change,) = selection_changes(numerators, np.ones((3, 1)), 1)
    assert (change.weight, change.enters, change.leaves) == (0.5, (1,), (0,))
    assert selection_changes(numerators[:2], np.ones((2, 1)), 2) == []


def test_a_root_that_rounds_to_an_end_is_passed_over() -> None:
    """`D = (1 - g + g v)/v` falls to 1 at `g = 1`; its coefficients at v = 1e-61 leave 0 there, and nothing to divide by."""
    variances = np.array([4e-61, 2e-61, 1.5e-60])
    correlations = np.array([0.7, -0.3, 0.1])
    numerators = np.stack([np.ones(3), correlations - 1], axis=1)
    denominators = np.stack([np.ones(3), variances - 1], axis=1) / variances[:, None]
    with np.errstate(all="raise"):
        assert all(0 < change.weight < 1 for change in selection_changes(numerators, denominators, 1))
