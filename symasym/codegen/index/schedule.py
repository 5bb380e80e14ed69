"""Operations into steps: what has at most one index is computed on whole arrays, everything larger inside a *nest*.

A nest runs over tiles of one index range (or over the first index of a pair), so that an array over two and more indices
exists only for one tile. In a tile a sum over another index is complete and may be used further on; a sum over the nest's own
index is complete behind the nest. An array that two nests need is computed in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from symasym.codegen.index.interned import lazy
from symasym.codegen.index.ops import Op, reached

__all__ = ["Cold", "Nest", "Step", "schedule"]

Place = tuple[str, str | None]
Places = Callable[[frozenset[str]], Place]


@dataclass(eq=False, slots=True)  # not frozen, like operations
class Cold:
    """One operation on whole arrays with at most one index."""

    op: Op

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operation, as a nest has them."""
        return (self.op,)


@dataclass(frozen=True)
class Nest:
    """Operations in tiles of the index `letter`; `second` is the larger index of a pair whose smaller one is `letter`.

    Of the arrays over `letter` alone only those that are `stored` exist beyond their tile. A nest may be `single`: it has
    no other index, and what is large is over its own.
    """

    letter: str
    second: str | None
    ops: tuple[Op, ...]
    stored: frozenset[Op] = frozenset()
    single: bool = False

    @lazy
    def own(self) -> frozenset[str]:
        """The index of the nest, or both of a pair."""
        return frozenset({self.letter, self.second} - {None})  # type: ignore[arg-type]

    @lazy
    def reads(self) -> Counter[Op]:
        """How often each operation is read inside."""
        return Counter(arg for op in self.ops for arg in op.args)

    def is_large(self, op: Op) -> bool:
        """True for arrays over two and more indices, or over one if that is all there is, which exist for one tile alone."""
        return len(op.layout) > (0 if self.single else 1)

    def is_partial(self, op: Op) -> bool:
        """True for sums that are complete behind the nest only."""
        return op.kind == "sum" and op.reduction.letter in self.own


Step = Cold | Nest


def schedule(outputs: Sequence[Op], places: Places) -> list[Step]:
    """Steps that compute the outputs, which have at most one index each; `places` gives the nest of a layout with more."""
    order = reached(outputs)
    done: set[Op] = {op for op in order if op.is_leaf}
    left = [op for op in order if op not in done]
    place_of = {op: places(op.body) for op in left if len(op.body) > 1}
    steps: list[Step] = []
    while True:
        left = _cold(left, done, place_of, steps)
        nests = [nest for nest in _nests(left, done, outputs, place_of) if any(map(nest.is_large, nest.ops))]
        if not nests:
            break
        nest = max(nests, key=lambda found: sum(op.kind == "sum" for op in found.ops))
        done |= {op for op in nest.ops if not nest.is_large(op)}
        left = [op for op in left if op not in done]
        steps.append(nest)
    assert done.issuperset(outputs)
    return [
        replace(step, stored=_stored(step, steps[n + 1 :], outputs)) if isinstance(step, Nest) else step
        for n, step in enumerate(steps)
    ]


def _cold(order: Sequence[Op], done: set[Op], place_of: Mapping[Op, Place], steps: list[Step]) -> list[Op]:
    """Steps on whole arrays for all that can be computed so now; what is left."""
    left = []
    for op in order:
        if op not in place_of and len(op.layout) < 2 and done.issuperset(op.args):
            done.add(op)
            steps.append(Cold(op))
        else:
            left.append(op)
    return left


def _nests(order: Sequence[Op], done: set[Op], outputs: Sequence[Op], place_of: Mapping[Op, Place]) -> Iterable[Nest]:
    """For every place the nest of all that can be computed there now; `order` has what is left."""
    here = dict.fromkeys(place_of[op] for op in order if op in place_of)
    for letter, second in here:
        empty = Nest(letter, second, ())
        inside = _in_tile(order, done, place_of, empty)
        within = set(inside)
        read = set(outputs).union(*[op.args for op in order if op not in within])
        needed = _needed(inside, {op for op in inside if op in read and not empty.is_large(op)})
        yield replace(empty, ops=tuple(needed))


def _in_tile(order: Sequence[Op], done: set[Op], place_of: Mapping[Op, Place], nest: Nest) -> list[Op]:
    """What can be computed in tiles of a nest, in order: on large arrays with its place, or along its own index."""
    inside: list[Op] = []
    there = set(done)
    place, along = (nest.letter, nest.second), frozenset({nest.letter})
    for op in order:
        holds = place_of[op] == place if op in place_of else nest.second is None and op.body == along
        if holds and there.issuperset(op.args):
            inside.append(op)
            if not nest.is_partial(op):
                there.add(op)
    return inside


def _needed(inside: Sequence[Op], wanted: set[Op]) -> list[Op]:
    for op in reversed(inside):
        if op in wanted:
            wanted.update(op.args)
    return [op for op in inside if op in wanted]


def _stored(nest: Nest, later: Sequence[Step], outputs: Sequence[Op]) -> frozenset[Op]:
    """The arrays over the nest's own index that later steps read."""
    read = set[Op]().union(*[op.args for step in later for op in step.ops])
    read.update(op for op in outputs if op.kind != "seed")  # seeds are outputs so that they are asked for, not kept
    return frozenset(op for op in nest.ops if not nest.is_large(op) and (op in read or nest.second))
