"""Relations between dimensions that a kernel checks."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.convert import affine
from symasym.codegen.index.formulas import Formulas
from symasym.errors import NotDerivableYet
from symasym.law.law import Law

__all__ = ["Relation", "relations"]


@dataclass(frozen=True)
class Relation:
    """`left < right` or `left <= right`."""

    left: Affine
    strict: bool
    right: Affine

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that occur, sorted."""
        return tuple(sorted({*self.left.names, *self.right.names}))

    @property
    def slack(self) -> Affine:
        """Nonnegative exactly if the relation holds."""
        return self.right - self.left - int(self.strict)

    def __str__(self) -> str:
        return f"{self.left} {'<' if self.strict else '<='} {self.right}"

    def about(self, size: str) -> str:
        """The relation as the inside of an f-string that starts with one dimension: `d > k = {k}`."""
        own = Affine.size(size)
        for mine, other, sign in ((self.right, self.left, ">"), (self.left, self.right, "<")):
            if mine == own:
                value = f" = {{{other}}}" if other.names else ""
                return f"{size} {sign}{'' if self.strict else '='} {other}{value}"
        return f"{self} for {', '.join(f'{name} = {{{name}}}' for name in self.names)}"


def relations(law: Law, read: Formulas) -> tuple[Relation, ...]:
    """`law.where`, and that no range has a negative size where this does not follow."""
    found = [_relation(condition) for condition in law.where if condition != sympy.true]
    for item in read.ranges:
        size = item.range.size
        if not any((size - known).is_nonnegative for known in (Affine(), *(r.slack for r in found))):
            plus = Affine.of(max(size.constant, 0), {name: max(n, 0) for name, n in size.terms})
            found.append(Relation(plus - size, False, plus))
    return tuple(sorted(set(found), key=str))


def _relation(condition: sympy.Basic) -> Relation:
    match condition:
        case sympy.StrictLessThan() | sympy.LessThan():
            left, right = condition.args
        case sympy.StrictGreaterThan() | sympy.GreaterThan():
            right, left = condition.args
        case _:
            raise NotDerivableYet(f"where: kernels check <, <=, > and >= between dimensions, {condition} came")
    strict = isinstance(condition, sympy.StrictLessThan | sympy.StrictGreaterThan)
    return Relation(affine(left), strict, affine(right))
