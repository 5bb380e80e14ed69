"""Chunks on several processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from symasym import catalogue
from symasym.errors import InputError
from symasym.simulation.chunks import Chunk, simulate
from symasym.simulation.logistic_procedure import simulate_logistic
from symasym.simulation.problem import Problem, problem

__all__ = ["one_thread_each", "run_chunks"]

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What tells linear algebra libraries to stay in one thread; processes that run side by side need no more."""


SIMULATE: Mapping[str, Callable[[Problem, Chunk, int], Any]] = {
    "least_squares": simulate,
    "logistic": simulate_logistic,
}
"""What makes a chunk into its piece, by the second stage."""


def run_chunks(
    here: Problem,
    path: str,
    document: Mapping[str, Any],
    chunks: Sequence[Chunk],
    seed: int,
    jobs: int,
    downstream: str = "least_squares",
) -> Iterator[tuple[Chunk, Any]]:
    """Chunks with their pieces, as they are done; `jobs = 1` stays in this process.

    Other processes load the model from `path` and build the problem from `document` themselves: a model does not
    travel.
    """
    if jobs == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield chunk, SIMULATE[downstream](here, chunk, seed)
        return
    with one_thread_each():
        pool = ProcessPoolExecutor(
            max_workers=min(jobs, len(chunks)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(path, dict(document), seed, downstream),
        )
        futures = {pool.submit(_work, chunk): chunk for chunk in chunks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise InputError(
            "jobs: a worker process ended, for want of memory or because the calling script lacks if __name__ == '__main__'; "
            "try jobs = 1"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started inside inherit these settings, where the user has none of their own."""
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


_state: dict[str, Any] = {}
"""Problem, seed and second stage of a worker process, which has one of each for all its life."""


def _start(path: str, document: dict[str, Any], seed: int, downstream: str) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    here = problem(catalogue.load(path), document, downstream)
    _state.update(problem=here, seed=seed, simulate=SIMULATE[downstream])


def _end_with(sentinel: int) -> None:
    """A worker whose parent was killed would wait for work for ever."""
    wait([sentinel])
    os._exit(1)


def _work(chunk: Chunk) -> Any:
    return _state["simulate"](_state["problem"], chunk, _state["seed"])
