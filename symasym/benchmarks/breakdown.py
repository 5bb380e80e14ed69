"""Where a kernel's time goes: its parts, each measured by itself, and the array operations alone as a roof over them.

The parts are the kernel's own functions on one block of problems, repeated as often as the batch has blocks. The roof is what
the formula needs of additions, multiplications, divisions and sums on arrays of a block, with nothing around them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symasym.benchmarks.rows import interleaved

__all__ = ["Breakdown", "workspace"]

Floats = NDArray[np.floating]
Action = Callable[[], Any]
OF = {"mean": 1.0, "variance": 1.0}
FEW, REPEAT = 16, 50
"""Problems in a block whose time is that of the calls, and how often it is taken."""


@dataclass(frozen=True)
class Breakdown:
    """Parts of `cumulants` and `value_and_gradient` of the kernel of S for one batch, as seconds of the processor."""

    value: Mapping[str, float]
    gradient: Mapping[str, float]
    roof: float
    """The array operations of the value alone."""
    steep: float
    """Those of value and derivatives."""
    blocks: tuple[int, int]
    """How many blocks the batch has, without and with derivatives."""
    calls: tuple[float, float]
    """What so many blocks of a few problems take: calls, whatever the size of arrays."""

    @classmethod
    def of(cls, kernel: Any, b: Floats, lam: Floats, runs: int) -> Breakdown:
        """All parts measured in turns."""
        one = _Block(kernel, b, lam, lambda: kernel.cumulants(b, lam, order=2))
        two = _Block(kernel, b, lam, lambda: kernel.value_and_gradient(b, lam, of=OF))
        with one.settings():
            actions = {name: one.every(action) for name, action in one.forward().items()}
            actions |= {name: two.every(action) for name, action in two.backward().items()}
            taken = interleaved(actions | {"turning": one.turn, "results": two.store}, runs, time.thread_time)
        value = {name: taken[name] for name in ("turning", "domain", "formula", "power sums")}
        gradient = {name: taken[name] for name in ("turning", "domain", "pullback", "checks", "results")}
        calls = _few_problems(kernel, b[:FEW], lam[:FEW], runs)
        blocks = len(one.blocks), len(two.blocks)
        return cls(value, gradient, taken["roof"], taken["steep"], blocks, (calls[0] * blocks[0], calls[1] * blocks[1]))

    def shares(self, whole: float, derivatives: bool) -> str:
        """The parts in per cent of the whole, which has derivatives or not."""
        parts, roof = (self.gradient, self.steep) if derivatives else (self.value, self.roof)
        shown = [f"{name} {100 * seconds / whole:.0f} %" for name, seconds in parts.items() if seconds > 0.005 * whole]
        calls, blocks = self.calls[derivatives], self.blocks[derivatives]
        return (
            f"{', '.join(shown)}; in all of these and the rest, array operations over two indices {100 * roof / whole:.0f} %, "
            f"calls of {blocks} blocks at most {100 * calls / whole:.0f} %"
        )


def workspace(kernel: Any, call: Action) -> Any:
    """The workspace that a call makes for itself."""
    made, own = [], kernel._Work

    def noted(*arguments: Any) -> Any:
        made.append(own(*arguments))
        return made[-1]

    kernel._Work = noted
    try:
        call()
    finally:
        kernel._Work = own
    return made[0]


def _few_problems(kernel: Any, b: Floats, lam: Floats, runs: int) -> tuple[float, float]:
    """Seconds of `cumulants` and of `value_and_gradient` for one block of a few problems."""
    actions = {
        "value": lambda: [kernel.cumulants(b, lam, order=2) for _ in range(REPEAT)],
        "gradient": lambda: [kernel.value_and_gradient(b, lam, of=OF) for _ in range(REPEAT)],
    }
    taken = interleaved(actions, runs, time.thread_time)
    return taken["value"] / REPEAT, taken["gradient"] / REPEAT


class _Block:
    """One block of problems as the kernel cuts it in `call`."""

    def __init__(self, kernel: Any, b: Floats, lam: Floats, call: Action) -> None:
        (self.count, self.size), self.rank = lam.shape, b.shape[1]
        self.kernel, self.b, self.lam, self.kind = kernel, b, lam, lam.dtype
        nest = (self.rank, self.size - self.rank)
        self.last = kernel._is_short(nest)
        self.at = kernel._LAW_LAST if self.last else kernel._LAW_FIRST
        self.work = workspace(kernel, call)
        self.rows = self.work.rows
        self.blocks = [slice(start, start + self.rows) for start in range(0, self.count - self.rows + 1, self.rows)]

    @contextmanager
    def settings(self) -> Iterator[None]:
        """Floating-point errors and buffers as in the kernel."""
        with np.errstate(divide="raise", over="raise", under="raise", invalid="raise"):
            np.setbufsize(self.kernel.BUFFER)
            yield

    def every(self, action: Action) -> Action:
        """As often as there are blocks, the last one in part, each with the memory of the one before."""
        held = self.work.used

        def repeated() -> None:
            for _ in self.blocks:
                self.work.used = held
                action()

        return repeated

    def turn(self) -> None:
        """The batch from the first axis to the last."""
        if self.last:
            for block in self.blocks:
                self.work.used = 0
                self.kernel._turned(self.work, self.b[block])
                self.kernel._turned(self.work, self.lam[block])

    def store(self) -> None:
        """Derivatives into new arrays, the batch on the first axis again."""
        by_b, by_lam = np.empty_like(self.b), np.empty_like(self.lam)
        shape = (self.size, self.rows) if self.last else (self.rows, self.size)
        found = np.ones(shape)
        head = found[: self.rank] if self.last else found[:, : self.rank]
        for block in self.blocks:
            self.kernel._store(by_b[block], head, self.last)
            self.kernel._store(by_lam[block], found, self.last)

    @property
    def given(self) -> tuple[Any, ...]:
        """What the kernel's functions take, at the start of a block."""
        b, lam = self.b[self.blocks[0]], self.lam[self.blocks[0]]
        self.work.used = 0
        if self.last:
            b, lam = self.kernel._turned(self.work, b), self.kernel._turned(self.work, lam)
        return b, lam, self.size, self.rank, self.rows, self.kind, self.work

    def forward(self) -> dict[str, Action]:
        """The parts of the value on one block."""
        axis, number, given = (0 if self.last else 1), self.size - self.rank, self.given
        weights = self.at.outside(*given)
        return {
            "domain": lambda: self.at.weights_domain(*given),
            "formula": lambda: self.at.outside(*given),
            "power sums": lambda: self.kernel._power_sums(self.kernel._weights(weights), number, 2, axis),
            "roof": self.operations(False),
        }

    def backward(self) -> dict[str, Action]:
        """The parts of the derivatives on one block."""
        axis, number, given = (0 if self.last else 1), self.size - self.rank, self.given
        factors = {1: np.ones(self.rows), 2: np.ones(self.rows)}

        def pullback() -> Any:
            seeds = self.kernel._Seeds(factors, None, number, self.rows, self.kind, axis, True)
            self.at.outside_pullback(*given, seeds)
            return seeds.kappa

        found = [np.ones(self.rows), np.ones((self.rank, self.rows)), np.ones((self.size, self.rows))]
        return {
            "pullback": pullback,
            "checks": lambda: self.kernel._finite(True, *found),
            "steep": self.operations(True),
        }

    def operations(self, gradient: bool) -> Action:
        """The array operations over two indices on one block, in tiles as the kernel has them.

        Value: differences, squares, quotients, sums. With derivatives: differences, inverses, squares, cubes, and a sum over
        either index of both.
        """
        rank, rest = self.rank, self.size - self.rank
        work = self.work
        slices = work.tiles(rest, rank, self.rows) if self.last else work.row_tiles(self.rows, rank, rest)
        width = slices[0].stop - slices[0].start
        shape, own = (
            ((rank, width, self.rows), (width, self.rows)) if self.last else ((width, rank, rest), (width, rest))
        )
        inside = (rank, self.rows) if self.last else (width, rank)
        tile, more, low, bar = (np.full(s, x) for s, x in ((shape, 1.0), (shape, 1.0), (own, 1.0), (own, 0.5)))
        high, out, back = np.full(inside, 3.0), np.empty(own), np.empty(inside)
        wide = high[:, None] if self.last else high[:, :, None]
        flat = low if self.last else low[:, None]

        def sums(over: Floats, both: bool) -> None:
            if self.last:
                np.einsum("in,ian->an", high, over, out=out)
                if both:
                    np.einsum("an,ian->in", bar, over, out=back)
            else:
                np.matmul(high[:, None], over)
                if both:
                    np.matmul(over, bar[:, :, None])

        def value() -> None:
            for _ in slices:
                np.subtract(wide, flat, out=tile)
                if self.last:
                    np.square(tile, out=tile)
                    np.divide(wide, tile, out=tile)
                    np.add.reduce(tile, axis=0, out=out)
                else:
                    np.divide(1, tile, out=tile)
                    np.square(tile, out=tile)
                    sums(tile, False)

        def pullback() -> None:
            for _ in slices:
                np.subtract(wide, flat, out=tile)
                np.divide(1, tile, out=tile)
                np.square(tile, out=more)
                sums(more, True)
                np.multiply(tile, more, out=tile)
                sums(tile, True)

        return pullback if gradient else value
