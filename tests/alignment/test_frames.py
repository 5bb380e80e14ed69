"""Frames: laws that are derived from true values and constants must follow the data, and so must the task."""

from __future__ import annotations

from typing import Any

import pytest

from symasym.alignment.frames import prove_frames
from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model import (
    GL,
    Aligned,
    Frame,
    LeastSquares,
    Model,
    O,
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    indices,
    joint,
    norm2,
    observed,
    parameter,
    scalar,
    truth,
)

d, k, T = dims("d k T")
i, a, c = indices("i a c")
A, B, theta = parameter("A", k, d), parameter("B", T, k), constant("theta", k)
S, N, level = covariance("S", d), covariance("N", T), scalar("level")
u, e = gaussian("u", d, cov=S), gaussian("e", T, cov=N)
x, y = observed("x y", u, truth(B) * truth(A) * u + e)


def model(frames: list[Frame], target: Any = None, **changes: Any) -> Model:
    """Regression of several tasks through a bottleneck, with the truth in the data law."""
    task = LeastSquares(
        gaussian("x", d, cov=covariance("Down", d)), target=truth(A).T * theta if target is None else target
    )
    aligned = Aligned(
        ranges={i: (1, k), a: (k + 1, d), c: (k + 1, T)}, diagonal={}, at={A: {i: 1}, B: {i: 1}}, frames=frames
    )
    fields = {"loss": norm2(y - B * A * x), "features": A * x} | changes
    symmetry = GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})
    return Model(symmetry=symmetry, downstream=task, where=[k < d, k <= T], aligned=aligned, **fields)


INPUTS = Frame.of(GL(d), lambda R: {x: R * x, A: A * R.inv()}, name="R")
TASKS = Frame.of(O(T), lambda Q: {y: Q * y, e: Q * e, B: Q * B}, name="Q")


def test_the_law_follows_the_data() -> None:
    prove_frames(model([INPUTS, TASKS]))


def test_noise_that_stays_behind_is_refused() -> None:
    """`Cov(y) = B A S A^T B^T + N`: without `e` nothing says that `N` turns."""
    forgetful = Frame.of(O(T), lambda Q: {y: Q * y, B: Q * B}, name="Q")
    with pytest.raises(ConditionViolated, match=r"^aligned: Cov\(y, y\) does not keep its form in the frame of Q"):
        prove_frames(model([forgetful]))
    spelled_out = Frame.of(O(T), lambda Q: {y: Q * y, N: Q * N * Q.T, B: Q * B}, name="Q")
    prove_frames(model([spelled_out]))


def test_an_orthogonal_frame_may_turn_white_noise_and_no_more() -> None:
    white = gaussian("white", T, cov=level * eye(T))
    _, response = observed("x y", u, truth(B) * truth(A) * u + white)
    seen = response.law.vector(0)

    def frames(group: Any) -> list[Frame]:
        return [
            Frame.of(group(d), lambda R: {seen: R * seen, A: A * R.inv()}, name="R"),
            Frame.of(O(T), lambda Q: {response: Q * response, B: Q * B}, name="Q"),
        ]

    changes = {"loss": norm2(response - B * A * seen), "features": A * seen}
    prove_frames(model(frames(GL), **changes))
    scaled = Frame.of(O(T), lambda Q: {response: 2 * Q * response, B: 2 * Q * B}, name="Q")
    with pytest.raises(ConditionViolated):
        prove_frames(model([scaled], **changes))


def test_a_constant_that_belongs_to_two_vectors_moves_with_both() -> None:
    """`x` and `z` share `S`; a frame of one alone would leave `S` with two values."""
    first, second = joint("x z", (d, d), {(0, 0): S, (1, 1): S, (0, 1): constant("C", d, d)})
    W = parameter("W", d, d)

    def framed(images: Any) -> Model:
        return Model(
            loss=norm2(second - W * first),
            symmetry=(),
            features=W * first,
            downstream=LeastSquares(gaussian("x", d, cov=covariance("Down", d)), target=constant("target", d)),
            aligned=Aligned(ranges={i: (1, d)}, diagonal={}, at={W: 1}, frames=[Frame.of(O(d), images, name="R")]),
        )

    with pytest.raises(ConditionViolated, match=r"^aligned: Cov\(z, z\) does not keep its form in the frame of R"):
        prove_frames(framed(lambda R: {first: R * first, W: W * R.inv()}))


def test_a_target_that_does_not_turn_is_refused() -> None:
    """`<t, x>` is the same function only if `t` moves by the inverse transpose; `A^T theta` does under `A -> A R^{-1}`."""
    wrong = S * truth(A).T * theta
    with pytest.raises(ConditionViolated, match=r"^aligned: the target S\*A_\*\.T\*theta does not keep its form"):
        prove_frames(model([INPUTS], target=wrong))


def test_a_frame_that_mixes_vectors_is_not_understood() -> None:
    mixing = Frame.of(O(T), lambda Q: {y: Q * y, e: Q * e + y, B: Q * B}, name="Q")
    with pytest.raises(NotDerivableYet, match=r"^aligned: the frame of Q takes e to .*; a matrix times e is expected"):
        prove_frames(model([mixing]))
