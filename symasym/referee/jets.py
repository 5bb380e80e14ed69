"""Jets: polynomials in the displacement of the parameters, cut off after the second order.

With `w = w* + e`, one variable `e_c` for each entry `c` of the parameters, a scalar of the model is

    f(w* + e) = f_() + sum_c f_(c) e_c + sum_{c <= c'} f_(c, c') e_c e_c' + O(e^3),

each coefficient a polynomial over the rationals in the entries of the data. So `Df(w*)[e_c] = f_(c)`, and
`D^2 f(w*)[e_c, e_c']` is `f_(c, c')` for `c < c'` and twice that for `c = c'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy.polys.rings import PolyElement

from symasym.errors import NotDerivableYet

__all__ = ["Jet", "Powers"]

Powers = tuple[int, ...]
"""A monomial in `e` of degree at most two: the sorted numbers of its variables, `()`, `(c,)` or `(c, c')`."""


@dataclass(frozen=True)
class Jet:
    """`sum terms[powers] e^powers`; terms left out are zero.

    `known` is false where the term of order zero is not known, because it is not rational (the value of a log
    determinant). Sums do not mind; a product is refused if its derivatives would depend on that value.
    """

    terms: Mapping[Powers, PolyElement] = field(default_factory=dict)
    known: bool = True

    def __add__(self, other: Jet) -> Jet:
        """The sum, term by term."""
        total = dict(self.terms)
        for powers, coefficient in other.terms.items():
            total[powers] = total[powers] + coefficient if powers in total else coefficient
        return Jet(_without_zeros(total), self.known and other.known)

    def __mul__(self, other: Jet) -> Jet:
        """The product up to the second order; `NotDerivableYet` if it needs a value that is not known."""
        for left, right in ((self, other), (other, self)):
            if not left.known and any(right.terms.keys() - {()}):
                raise NotDerivableYet(
                    "a log determinant is multiplied by something that depends on the parameters, so its "
                    "value, which is not rational, is needed; the referee takes log determinants in sums only"
                )
        total: dict[Powers, PolyElement] = {}
        for p, f in self.terms.items():
            for q, g in other.terms.items():
                if len(p) + len(q) <= 2:
                    powers = tuple(sorted(p + q))
                    total[powers] = total[powers] + f * g if powers in total else f * g
        return Jet(_without_zeros(total), self.known and other.known)

    @property
    def free_of_data(self) -> bool:
        """True if every coefficient is a number."""
        return all(coefficient.is_ground for coefficient in self.terms.values())

    @property
    def constant(self) -> bool:
        """True for a known number: no data, no displacement."""
        return self.known and self.free_of_data and not any(self.terms.keys() - {()})


def _without_zeros(terms: Mapping[Powers, PolyElement]) -> dict[Powers, PolyElement]:
    return {powers: coefficient for powers, coefficient in terms.items() if coefficient}
