"""Integer combinations of dimensions, `d - k + 1`: bounds of ranges, lengths of families, numbers of indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symasym.codegen.index.interned import lazy

__all__ = ["Affine"]


@dataclass(frozen=True)
class Affine:
    """`constant + sum coefficient * size`; `terms` is sorted by name and has no zero coefficient."""

    constant: int = 0
    terms: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, constant: int, coefficients: Mapping[str, int]) -> Affine:
        """The combination with the given coefficients."""
        return cls(constant, tuple(sorted((name, n) for name, n in coefficients.items() if n)))

    @classmethod
    def size(cls, name: str) -> Affine:
        """One dimension by itself."""
        return cls(0, ((name, 1),))

    @lazy
    def _hash(self) -> int:
        return hash((self.constant, self.terms))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.constant, self.terms)  # the hash of a text is not that of another process

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that occur."""
        return tuple(name for name, _ in self.terms)

    def coefficient(self, name: str) -> int:
        """Coefficient of a dimension."""
        return dict(self.terms).get(name, 0)

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.constant + other, self.terms)
        names = {*self.names, *other.names}
        return Affine.of(self.constant + other.constant, {n: self.coefficient(n) + other.coefficient(n) for n in names})

    def __neg__(self) -> Affine:
        return Affine(-self.constant, tuple((name, -n) for name, n in self.terms))

    def __mul__(self, factor: int) -> Affine:
        return Affine.of(self.constant * factor, {name: n * factor for name, n in self.terms})

    def __sub__(self, other: Affine | int) -> Affine:
        return self + (-other)

    @property
    def is_nonnegative(self) -> bool:
        """True if the value is at least 0 whenever every dimension is at least 1, as far as signs tell."""
        return all(n > 0 for _, n in self.terms) and self.constant + sum(n for _, n in self.terms) >= 0

    def __str__(self) -> str:
        return self._text

    @lazy
    def _text(self) -> str:
        ordered = sorted(self.terms, key=lambda term: term[1] < 0)
        parts = [(n < 0, name if abs(n) == 1 else f"{abs(n)} * {name}") for name, n in ordered]
        if self.constant or not parts:
            parts.append((self.constant < 0, str(abs(self.constant))))
        head, *rest = parts
        return ("-" if head[0] else "") + head[1] + "".join(f" {'-' if minus else '+'} {text}" for minus, text in rest)
