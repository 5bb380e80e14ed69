"""Inputs that align take the closed form; the general route, in the coordinates of the input, must say the same of them."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from support import MODELS, loaded, random_good

from symasym.evaluation.closed import evaluate_closed
from symasym.evaluation.evaluate import prepare
from symasym.evaluation.general import evaluate_general
from symasym.model.instance import AlignedPoint

ENOUGH, TRIALS = 3, 40
"""Problems that align, and how many are drawn to find them."""


@pytest.mark.parametrize("name", MODELS)
def test_both_routes_say_the_same_of_natural_inputs(name: str) -> None:
    """Whatever else the inputs refer to (the coefficients of `f*` in the true features) must fit the `w*` that is used."""
    rng = np.random.default_rng(20261121)
    drawn = (random_good(name, rng)[0].items() for _ in range(TRIALS))
    plain = ({key: v.tolist() if isinstance(v, np.ndarray) else v for key, v in items} for items in drawn)
    prepared = (prepare(loaded(name), document) for document in plain)
    aligned = list(islice((here for here in prepared if isinstance(here.point, AlignedPoint)), ENOUGH))
    assert len(aligned) == ENOUGH
    for here in aligned:
        assert isinstance(here.point, AlignedPoint)
        closed = evaluate_closed(here.loaded, here.instance, here.given, here.point)
        general = evaluate_general(here.model, here.instance, here.given, here.point)
        expected, found = (np.sort(route.numeric.weights)[::-1] for route in (closed, general))
        np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-7, atol=1e-9 * expected[0])
        np.testing.assert_allclose(found[len(expected) :], 0, atol=1e-9 * expected[0])
        assert (general.numeric.d_eff, general.numeric.d_base) == (closed.numeric.d_eff, closed.numeric.d_base)
        np.testing.assert_allclose(general.numeric.noise, closed.numeric.noise, rtol=1e-9)
