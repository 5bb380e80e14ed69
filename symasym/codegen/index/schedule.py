"""Operations into steps: what has at most one index is computed on whole arrays, everything larger inside a *nest*.

A nest runs over tiles of one index range (or over the first index of a pair), so that an array over two and more indices exists only
for one tile. In a tile a sum over another index is complete and may be used further on; a sum over the nest's own index is complete
behind the nest. An array that two nests need is computed in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symasym.codegen.index.ops import Op, reached

__all__ = ["Cold", "Nest", "Step", "schedule"]


@dataclass(frozen=True)
class Cold:
    """One operation on whole arrays with at most one index."""

    op: Op


@dataclass(frozen=True)
class Nest:
    """Operations in tiles of the index `letter`; `second` is the larger index of a pair whose smaller one is `letter`."""

    letter: str
    second: str | None
    ops: tuple[Op, ...]

    def is_large(self, op: Op) -> bool:
        """True for arrays that exist for one tile alone."""
        return len(op.layout) > 1


Step = Cold | Nest
Place = tuple[str, str | None]


def schedule(outputs: Sequence[Op], place: Callable[[frozenset[str]], Place]) -> list[Step]:
    """Steps that compute the outputs, which have at most one index each.

    `place` gives the nest of a layout with two or more indices.
    """
    order = reached(outputs)
    done: set[Op] = {op for op in order if op.is_leaf}
    steps: list[Step] = []
    while True:
        for op in order:
            if op not in done and _is_cold(op) and done.issuperset(op.args):
                done.add(op)
                steps.append(Cold(op))
        nests = _nests(order, done, place)
        if not nests:
            break
        nest, finished = max(nests, key=lambda found: len(found[1]))
        done |= finished
        steps.append(nest)
    assert done.issuperset(outputs)
    return [step for step in steps if not _idle(step, steps, outputs)]


def _idle(step: Step, steps: Sequence[Step], outputs: Sequence[Op]) -> bool:
    """True for a step on whole arrays whose result nobody reads (it was computed inside a nest after all)."""
    if isinstance(step, Nest) or step.op in outputs:
        return False
    return not any(step.op in op.args for other in steps for op in _ops(other))


def _ops(step: Step) -> Iterable[Op]:
    return (step.op,) if isinstance(step, Cold) else step.ops


def _is_cold(op: Op) -> bool:
    return len(op.layout) <= 1 and all(len(arg.layout) <= 1 for arg in op.args) and len(op.body) <= 1


def _nests(order: Sequence[Op], done: set[Op], place: Callable[[frozenset[str]], Place]) -> list[tuple[Nest, set[Op]]]:
    """For every place a nest with all that can be computed there now, and what it leaves behind; sums come first in it."""
    places = dict.fromkeys(place(op.body) for op in order if op not in done and len(op.body) > 1)
    found = []
    for letter, second in places:
        inside, finished = _in_tile(order, done, place, (letter, second))
        if finished:
            kept = _needed(inside, finished)
            behind = finished | {op for op in kept if op.layout == {letter} and not second}
            found.append((Nest(letter, second, tuple(kept)), behind))
    return found


def _in_tile(
    order: Sequence[Op], done: set[Op], place: Callable[[frozenset[str]], Place], here: Place
) -> tuple[list[Op], set[Op]]:
    """What can be computed in tiles of a nest, in order; and those of it that are sums of large arrays with one index left."""
    letter, second = here
    own = {letter, second} if second else {letter}
    inside: list[Op] = []
    partial: set[Op] = set()
    finished: set[Op] = set()
    for op in order:
        if op in done or not all(arg in done or arg in inside for arg in op.args) or partial & set(op.args):
            continue
        if len(op.body) > 1 and place(op.body) == here:
            inside.append(op)
            if len(op.layout) <= 1:
                finished.add(op)
                if op.kind == "sum" and (op.reduction.letter in own):
                    partial.add(op)
        elif op.layout == {letter} and not second and len(op.body) <= 1:
            inside.append(op)
    return inside, finished


def _needed(inside: Sequence[Op], finished: set[Op]) -> list[Op]:
    wanted = set(finished)
    for op in reversed(inside):
        if op in wanted:
            wanted |= {arg for arg in op.args if arg in inside}
    return [op for op in inside if op in wanted]
