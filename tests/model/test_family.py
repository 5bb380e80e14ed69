"""Averages over the nodes and pairs of an exchangeable family, against the same loss with every node written out."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
import sympy
from draws import rational_covariance

from symasym.errors import InputError
from symasym.model import (
    LeastSquares,
    Model,
    O,
    constant,
    covariance,
    dims,
    exchangeable,
    exchangeable_family,
    gaussian,
    inner,
    norm2,
    parameter,
    quad,
    scalar,
    tr,
)
from symasym.model.degree import degree
from symasym.referee import explicit

d, k = dims("d k")
q = scalar("q")
A, target = parameter("A", k, d), constant("target", d)
S, P = covariance("S", d), covariance("P", d)
SIZES = {d: 2, k: 1}


def node_loss(x):
    return norm2(x - A.T * A * x) + quad(A * x, A * S * A.T) / 3 + tr(A.T * A)


def pair_loss(x, y):
    return -2 * inner(A * x, A * y) + inner(x, A.T * A * P * y)


def model_of(loss, x) -> Model:
    down = LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target)
    return Model(loss=loss, symmetry=O(k).acts(lambda Q: {A: Q * A}), features=A * x, downstream=down)


def by_hand(count: int) -> Model:
    nodes = exchangeable(" ".join(f"x_{n}" for n in range(count)), cov=S, cross=P)
    loss = sum(map(node_loss, nodes)) / count
    loss += sum(pair_loss(x, y) for x, y in permutations(nodes, 2)) / (count * (count - 1))
    return model_of(loss, nodes[0])


def by_family(count) -> Model:
    family = exchangeable_family("x", count, cov=S, cross=P)
    return model_of(family.mean_over_nodes(node_loss) + family.mean_over_pairs(pair_loss), family.node)


def values(seed: int) -> dict:
    from random import Random

    rng = Random(seed)
    S_0, S_1 = rational_covariance(2, rng), rational_covariance(2, rng)
    table = {A: [[Fraction(1, 2), Fraction(1, 3)]], S: S_0 + S_1, P: S_0, target: [[Fraction(1)], [Fraction(2, 3)]]}
    down = rational_covariance(2, rng)
    return {**table, covariance("Sigma_down", d): down, sympy.Symbol("sigma2", positive=True): Fraction(1)}


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("symbolic", [False, True])
def test_a_family_is_its_nodes_written_out(count: int, symbolic: bool) -> None:
    given = values(count)
    expected = explicit(by_hand(count), SIZES, given)
    found = explicit(by_family(q if symbolic else count), SIZES, {**given, q: Fraction(count)})
    for name in ("gradient", "score", "hessian", "K"):
        assert (getattr(found, name) == getattr(expected, name)).all(), name
    assert np.any(expected.score)


def test_the_degree_is_read_off_the_structure() -> None:
    x, y = exchangeable("x y", cov=S, cross=P)
    assert degree(inner(A * x, A * x) ** 2 * q, {x}) == 4
    assert degree(norm2(x - A.T * A * x), {x}) == 2
    assert degree(inner(A * x, A * y), {x}) == degree(inner(A * x, A * y), {y}) == 1
    assert degree(tr(A.T * A) + 3 * q, {x}) == 0
    with pytest.raises(InputError, match="degrees"):
        degree(norm2(x + target), {x})
    with pytest.raises(InputError, match="not a polynomial"):
        degree(1 / norm2(x), {x})


def test_what_is_not_a_form_is_refused() -> None:
    family = exchangeable_family("x", q, cov=S, cross=P)
    with pytest.raises(InputError, match="not a quadratic form"):
        family.mean_over_nodes(lambda x: inner(A * x, A * x) ** 2)
    with pytest.raises(InputError, match="not a quadratic form"):
        family.mean_over_nodes(lambda x: inner(target, x))
    with pytest.raises(InputError, match="not linear in x"):
        family.mean_over_pairs(lambda x, y: inner(A * x, A * x) + 0 * q)
    for count in (1, 0, sympy.Rational(5, 2)):
        with pytest.raises(InputError, match="at least 2"):
            exchangeable_family("x", count, cov=S, cross=P)


def test_one_vector_has_one_number_of_copies() -> None:
    family = exchangeable_family("x", q, cov=S, cross=P)
    other = exchangeable_family("x", q + 1, cov=S, cross=P)
    mixed = family.mean_over_nodes(node_loss).xreplace({family.mean: other.mean})
    spread = other.mean_over_pairs(pair_loss).xreplace({other.contrast: family.contrast, other.mean: family.mean})
    with pytest.raises(InputError, match="copies; one number is expected"):
        model_of(mixed.xreplace({other.mean: family.mean}) + spread, family.node)
