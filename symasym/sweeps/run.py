"""`sweep`: chunks of a grid through a kernel, in this process or on an executor; what is done stays done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symasym.errors import InputError
from symasym.sweeps.grid import Grid, grid_of
from symasym.sweeps.kernel import Failure, compute, identity
from symasym.sweeps.result import Sweep, begin, save_chunk

__all__ = ["sweep"]

Answer = dict[str, np.ndarray] | Failure

CHUNK = 4096
AHEAD = 32
"""Chunks that an executor is given at a time: enough for its workers, and a bound on what waits in memory."""
KEPT = "what is done is kept, and the same call goes on from there"
PATIENCE = 2.0
"""Seconds before progress is shown."""


def sweep(
    kernel: Callable[..., Any],
    grid: Mapping[str, ArrayLike],
    folder: str | PathLike[str],
    *,
    product: bool = False,
    core: Mapping[str, int] | None = None,
    chunk: int = CHUNK,
    executor: Executor | None = None,
    each: bool = False,
    progress: bool = True,
) -> Sweep:
    """Run `kernel` over a grid in chunks, each saved to `folder` when it is done; the same call again goes on where it was.

    * `kernel`: takes the parameters as keywords, arrays with a leading axis of points, and returns an array, a NamedTuple or a
      mapping of arrays with that leading axis; a number among them is one for every point. `functools.partial` binds the
      other arguments. With `each` it takes one point at a time instead.
    * `grid`: arrays by name that broadcast against each other (of equal lengths, they are taken together); with `product` each
      has axes of its own, in the order of the mapping. `core`: how many last axes of an array belong to a single point, if any.
    * `chunk`: points in one call. `executor`: any `concurrent.futures.Executor`, such as `ProcessPoolExecutor`, or
      `client.get_executor()` of a Dask cluster; it returns arrays, and this process alone writes. None: in this process.
    * `progress`: a line on stderr when it takes longer than two seconds.

    Returns a `Sweep` that reads the results back. One run at a time may use a folder. InputError if the folder holds
    another sweep (kernel, grid or chunk differ), and, after all other chunks are done, if the kernel failed: it names the
    chunk and the point.
    """
    points = grid_of(grid, core or {}, product)
    if points.points == 0:
        raise InputError(f"grid: it has shape {points.shape} and no point")
    if isinstance(chunk, bool) or int(chunk) != chunk or chunk < 1:
        raise InputError(f"chunk: {chunk} came, a positive number of points is expected")
    place = begin(Path(folder), points, int(chunk), identity(kernel), each)
    left, failed = place.missing, list[str]()
    report = _Progress(place.count, place.count - len(left), progress)
    answers = _here if executor is None else _elsewhere(executor)
    for number, answer in answers(kernel, points, place, each, left):
        if isinstance(answer, Failure):
            start, stop = place.span(number)
            failed.append(f"chunk {number} of {place.count} (points {start} to {stop - 1}) failed {answer.sentence}")
        else:
            save_chunk(place, number, answer)
        report.step()
    report.close()
    if failed:
        others = f"; {len(failed)} chunks failed in all" if len(failed) > 1 else ""
        raise InputError(f"kernel: {failed[0]}{others}; {place.count - len(failed)} chunks are kept in {folder}")
    return place


def _here(
    kernel: Callable[..., Any], grid: Grid, place: Sweep, each: bool, left: list[int]
) -> Iterator[tuple[int, Answer]]:
    for number in left:
        yield number, compute(kernel, grid.at(*place.span(number)), each)


def _elsewhere(executor: Executor) -> Callable[..., Iterator[tuple[int, Answer]]]:
    def answers(
        kernel: Callable[..., Any], grid: Grid, place: Sweep, each: bool, left: list[int]
    ) -> Iterator[tuple[int, Answer]]:
        waiting = iter(left)
        running: dict[Future[Answer], int] = {}
        try:
            while True:
                for number in waiting:
                    running[executor.submit(compute, kernel, grid.at(*place.span(number)), each)] = number
                    if len(running) >= AHEAD:
                        break
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BrokenExecutor:
            raise InputError(
                "executor: a worker process ended, for want of memory or because the calling script lacks "
                f"if __name__ == '__main__'; {KEPT}"
            ) from None
        except Exception as error:  # a kernel that cannot travel, a cluster that went away
            raise InputError(f"executor: {type(error).__name__}: {error}; {KEPT}") from error
        finally:
            for future in running:
                future.cancel()

    return answers


class _Progress:
    """`sweep: 12 of 40 chunks, 35 s left` on stderr, after some time: in place on a terminal, else every ten seconds."""

    def __init__(self, count: int, done: int, wanted: bool) -> None:
        self.count, self.done, self.wanted = count, done, wanted
        self.before, self.start, self.shown, self.said = done, time.monotonic(), 0.0, False

    def step(self) -> None:
        self.done += 1
        now = time.monotonic()
        pause = 0.2 if sys.stderr.isatty() else 10.0
        if not self.wanted or now - self.start < PATIENCE or (self.said and now - self.shown < pause):
            return
        rate = (now - self.start) / (self.done - self.before)
        text = f"sweep: {self.done} of {self.count} chunks, {rate * (self.count - self.done):.0f} s left"
        print(
            f"\r{text:60}" if sys.stderr.isatty() else text,
            end="" if sys.stderr.isatty() else "\n",
            file=sys.stderr,
            flush=True,
        )
        self.shown, self.said = now, True

    def close(self) -> None:
        if self.said:
            lead = "\r" if sys.stderr.isatty() else ""
            text = f"sweep: {self.done} of {self.count} chunks done in {time.monotonic() - self.start:.0f} s"
            print(f"{lead}{text:60}".rstrip(" "), file=sys.stderr, flush=True)
