"""Quasi-Newton descent on losses whose minima are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from symasym.optimise.quasi_newton import LIMIT, TOLERANCE, Descent, Local, descend

Losses = Callable[[np.ndarray, np.ndarray], Local]


def quadratics(batch: int, size: int, condition: float, seed: int) -> tuple[Losses, np.ndarray]:
    """`w^T H w / 2 - b^T w` with the eigenvalues of `H` from 1 to `condition`; the minimisers."""
    rng = np.random.default_rng(seed)
    turns = np.linalg.qr(rng.standard_normal((batch, size, size)))[0]
    hessians = turns * np.geomspace(1, condition, size) @ turns.swapaxes(1, 2)
    slopes = rng.standard_normal((batch, size))

    def losses(w: np.ndarray, chosen: np.ndarray) -> Local:
        image = np.matmul(hessians[chosen], w[..., None])[..., 0]
        parts = np.stack([np.sum(image * w, 1) / 2, -np.sum(slopes[chosen] * w, 1)])
        return Local(parts.sum(0), np.abs(parts).sum(0), np.stack([image, -slopes[chosen]]))

    return losses, np.linalg.solve(hessians, slopes[..., None])[..., 0]


def test_quadratics() -> None:
    for condition, accuracy in ((1.0, 1e-7), (1e4, 1e-4)):
        losses, expected = quadratics(7, 6, condition, 1)
        found = descend(losses, np.random.default_rng(2).standard_normal((7, 6)))
        assert found.arrived.all()
        assert np.max(np.abs(found.point - expected)) < accuracy
        gradient = losses(found.point, np.arange(7)).slopes
        norms = np.linalg.norm(gradient, axis=2).sum(0)
        assert np.all(np.linalg.norm(gradient.sum(0), axis=1) <= TOLERANCE * norms)


def test_none_of_many_ill_conditioned_ones_is_left_behind() -> None:
    """Values stop to fall before gradients vanish: rounding must not be taken for a slope."""
    losses, _ = quadratics(1000, 6, 1e4, 5)
    assert descend(losses, np.random.default_rng(6).standard_normal((1000, 6))).arrived.all()


def test_each_goes_its_own_way() -> None:
    """A loss ends where it ends alone, at the same evaluation of its own, whatever is next to it."""
    losses, _ = quadratics(4, 5, 1e3, 3)
    start = np.random.default_rng(4).standard_normal((4, 5)) * np.array([[1e-6], [1], [10], [1e4]])
    together = descend(losses, start)
    for n in range(4):
        alone = descend(lambda w, chosen, n=n: losses(w, np.full(len(chosen), n)), start[n : n + 1])
        np.testing.assert_allclose(alone.point[0], together.point[n], rtol=1e-12)


def test_a_curved_valley() -> None:
    """Rosenbrock's function from its usual start."""

    def losses(w: np.ndarray, chosen: np.ndarray) -> Local:
        x, y = w.T
        bend = y - x**2
        value = 100 * bend**2 + (1 - x) ** 2
        slopes = np.stack([np.stack([-400 * bend * x, 200 * bend], 1), np.stack([2 * (x - 1), 0 * x], 1)])
        return Local(value, value, slopes)

    found = descend(losses, np.array([[-1.2, 1.0], [2.0, -3.0]]))
    assert found.arrived.all()
    np.testing.assert_allclose(found.point, 1, atol=1e-6)


def logarithm(w: np.ndarray, chosen: np.ndarray) -> Local:
    """`w - log w`, which is not a number for negative `w`."""
    with np.errstate(invalid="ignore"):
        parts = np.stack([w[:, 0], -np.log(w[:, 0])])
    return Local(parts.sum(0), np.abs(parts).sum(0), np.stack([np.ones_like(w), -1 / w]))


def test_steps_out_of_the_domain_are_taken_back() -> None:
    found = descend(logarithm, np.array([[0.01], [5.0], [30.0]]))
    assert found.arrived.all()
    np.testing.assert_allclose(found.point, 1, atol=1e-7)


def test_what_does_not_arrive_is_said() -> None:
    """A loss that falls for ever, one that starts outside of its domain, and one next to them that arrives."""

    def losses(w: np.ndarray, chosen: np.ndarray) -> Local:
        parts = [logarithm(w, chosen), Local(-(w[:, 0] ** 2), w[:, 0] ** 2, np.stack([-w, -w]))]
        first = chosen > 0
        return Local(
            np.where(first, parts[0].value, parts[1].value),
            np.where(first, parts[0].size, parts[1].size),
            np.where(first[:, None], parts[0].slopes, parts[1].slopes),
        )

    with np.errstate(over="ignore", invalid="ignore"):
        found: Descent = descend(losses, np.array([[1.0], [-1.0], [2.0]]))
    assert found.arrived.tolist() == [False, False, True]
    assert LIMIT > 100
