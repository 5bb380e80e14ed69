"""Square roots that `w*` carries: each becomes a generator, in place of a family that it determines.

With `r = sqrt(E)` and `E = (p_0 + p_1 u) / (q_0 + q_1 u)` in some family `u`, both `u = (p_0 - q_0 r^2) / (q_1 r^2 - p_1)` and
every power of the root are rational in `r`, so that `r^2 = E` is an identity of rational functions. Where `E` is the family
itself, `u = r^2`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from symasym.errors import InputError, NotDerivableYet

__all__ = ["Root", "find_roots"]


@dataclass(frozen=True)
class Root:
    """`sqrt(radicand)` on the range of `index`, the generator in place of `family`.

    `numerator` and `denominator` are `(p_0, p_1)` and `(q_0, q_1)`: the radicand is `(p_0 + p_1 u) / (q_0 + q_1 u)` with
    `u = family[index]`.
    """

    radicand: sympy.Expr
    family: sympy.IndexedBase
    index: sympy.Symbol
    numerator: tuple[sympy.Expr, sympy.Expr]
    denominator: tuple[sympy.Expr, sympy.Expr]

    @property
    def plain(self) -> bool:
        """True if the root is that of the family itself."""
        return isinstance(self.radicand, sympy.Indexed)

    def family_at(self, square: sympy.Expr) -> sympy.Expr:
        """The family's entry where the root has the given square."""
        (p_0, p_1), (q_0, q_1) = self.numerator, self.denominator
        return (p_0 - q_0 * square) / (q_1 * square - p_1)


def find_roots(
    entries: Iterable[tuple[sympy.Symbol, sympy.Expr]],
) -> dict[tuple[sympy.IndexedBase, sympy.Symbol], Root]:
    """The root for each family and range that one replaces; `entries` are pairs (index of a range, expression).

    Raises `NotDerivableYet` where a radicand determines no family, or two of them need the same one.
    """
    radicands = {
        (index, power.base): None
        for index, expression in entries
        for power in sorted(expression.atoms(sympy.Pow), key=sympy.default_sort_key)
        if power.exp.is_Rational and power.exp.q == 2
    }
    roots: dict[tuple[sympy.IndexedBase, sympy.Symbol], Root] = {}
    for index, radicand in radicands:
        root = _root(radicand, index)
        others = {r for r in roots.values() if r.index == index}
        if (root.family, index) in roots or any(_meets(root, r) or _meets(r, root) for r in others):
            raise NotDerivableYet(
                f"aligned: the square roots on the range of {index} share the family {root.family}; one family for each root is "
                "expected"
            )
        roots[root.family, index] = root
    return roots


def _meets(root: Root, other: Root) -> bool:
    return other.family in {entry.base for entry in root.radicand.atoms(sympy.Indexed)}


def _root(radicand: sympy.Expr, index: sympy.Symbol) -> Root:
    """The root with the first family, by name, that it determines; one that stands in the numerator alone comes first."""
    above, below = map(sympy.expand, sympy.fraction(sympy.together(radicand)))
    found: list[tuple[bool, str, Root]] = []
    for entry in radicand.atoms(sympy.Indexed):
        if entry.indices != (index,):
            raise InputError(f"aligned: the entry sqrt({radicand}) of the range {index} uses another index")
        numerator, denominator = _linear(above, entry), _linear(below, entry)
        if numerator is not None and denominator is not None:
            root = Root(radicand, entry.base, index, numerator, denominator)
            found.append((denominator[1] != 0, str(entry), root))
    if not found:
        raise NotDerivableYet(
            f"aligned: sqrt({radicand}) on the range of {index} determines no family; a radicand in which some family occurs at "
            "most linearly above and below is expected"
        )
    return min(found, key=lambda item: item[:2])[2]


def _linear(expression: sympy.Expr, entry: sympy.Indexed) -> tuple[sympy.Expr, sympy.Expr] | None:
    """`(c_0, c_1)` of `c_0 + c_1 u`, None for anything else."""
    if not expression.is_polynomial(entry):
        return None
    polynomial = sympy.Poly(expression, entry)
    if polynomial.degree() > 1:
        return None
    return polynomial.coeff_monomial(1), polynomial.coeff_monomial(entry)
