"""Which workspace array every large array of a nest uses: as few as possible, in place where an operand is read the last time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from symasym.codegen.index.ops import Op
from symasym.codegen.index.schedule import Nest

__all__ = ["Slots"]


@dataclass
class Slots:
    """`slot` of every large operation, `arrays` the shapes in which slots are used, `count` the number of slots."""

    slot: dict[Op, int] = field(default_factory=dict)
    arrays: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    count: int = 0
    _names: dict[tuple[int, frozenset[str]], str] = field(default_factory=dict)

    @classmethod
    def of(cls, nest: Nest) -> Slots:
        """Slots for the large arrays of a nest; kept, for every layout asks."""
        known = vars(nest)
        if "slots" not in known:
            known["slots"] = cls._of(nest)
        slots: Slots = known["slots"]
        return slots

    @classmethod
    def _of(cls, nest: Nest) -> Slots:
        last = {arg: n for n, op in enumerate(nest.ops) for arg in op.args}
        found, free = cls(), list[int]()
        for n, op in enumerate(nest.ops):
            dying = [a for a in dict.fromkeys(op.args) if a in found.slot and last[a] == n]
            if nest.is_large(op):
                # in place only between arrays of one shape, and never for a sum
                same = [a for a in dying if a.layout == op.layout and op.kind != "sum"]
                if same:
                    found.slot[op] = found.slot[same[0]]
                    dying.remove(same[0])
                else:
                    found.slot[op] = min(free, default=found.count)
                    free = [s for s in free if s != found.slot[op]]
                    found.count = max(found.count, found.slot[op] + 1)
                if (found.slot[op], op.layout) not in found.arrays:
                    found.arrays.append((found.slot[op], op.layout))
            free += [found.slot[a] for a in dying]
        return found

    def name(self, slot: int, layout: frozenset[str]) -> str:
        """The variable of a slot in one shape."""
        if not self._names:
            shapes = Counter(s for s, _ in self.arrays)
            for s, shape in self.arrays:
                self._names[s, shape] = f"work_{s}" if shapes[s] == 1 else f"work_{s}_{''.join(sorted(shape))}"
        return self._names[slot, layout]
