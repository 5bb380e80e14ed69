"""Closed form against the explicit engine, entry by entry, in rationals: no tolerance anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from support import (
    ALL,
    CASES,
    derivation,
    exact_matrices,
    exactly,
    expanded,
    label,
    point,
    point_path,
    symbols,
    written_out,
)

from symasym.referee import explicit


def test_every_model_has_a_point_file() -> None:
    assert [name for name in ALL if point_path(name) is None] == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", CASES, ids=label)
def test_forms_covariance_and_interaction_are_equal(case: tuple[str, dict[str, int]], seed: int) -> None:
    name, sizes = case
    derived, at = derivation(name), point(name, sizes, seed)
    closed = written_out(derived, at)
    referee = explicit(derived.model, symbols(sizes), exact_matrices(derived.model, at))
    assert closed.coordinates == referee.coordinates
    assert not referee.gradient.any()
    for ours, theirs in (
        (closed.hessian, referee.hessian),
        (closed.score, referee.score),
        (closed.covariance, referee.covariance),
        (closed.interaction, referee.K),
    ):
        assert (ours == theirs).all()
    product = power = closed.interaction @ closed.covariance
    for order in range(1, referee.d_base - referee.d_eff + 1):
        assert np.trace(power) == referee.traces(order)
        power = power @ product


@pytest.mark.parametrize("case", CASES, ids=label)
def test_dimensions_noise_and_excess_loss_are_equal(case: tuple[str, dict[str, int]]) -> None:
    name, sizes = case
    derived, at = derivation(name), point(name, sizes, 3)
    law, referee = derived.law, explicit(derived.model, symbols(sizes), exact_matrices(derived.model, at))
    assert law.d_eff.subs(symbols(sizes)) == referee.d_eff
    assert law.d_base.subs(symbols(sizes)) == referee.d_base
    assert derived.covariance.vertical_dimension.subs(symbols(sizes)) == len(referee.vertical)
    assert derived.quotient.orbit_dimension.subs(symbols(sizes)) == len(referee.vertical)
    assert exactly(expanded(law, law.excess_loss_mean, sizes), at) == referee.excess_loss_mean
    assert exactly(expanded(law, law.noise, sizes), at) == referee.noise
