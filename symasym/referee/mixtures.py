"""Moments of mixtures: the mean over the components of what is known given the component."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from sympy.polys.rings import PolyElement

from symasym.referee.moments import Moments

__all__ = ["Mixed"]


class Mixed:
    """`E p(x) = sum_c pi_c E[p(x) | c]`, with `(pi_c, moments given c)` for every `c`."""

    def __init__(self, parts: Sequence[tuple[Fraction, Moments]]) -> None:
        self._parts = parts

    def expect(self, polynomial: PolyElement) -> Fraction:
        """`E p(x)`."""
        return sum((weight * given.expect(polynomial) for weight, given in self._parts), Fraction(0))

    def gram(self, polynomials: Sequence[PolyElement]) -> np.ndarray:
        """`E[p_c p_c']` for all pairs."""
        (weight, given), *others = self._parts
        total = weight * given.gram(polynomials)
        for weight, given in others:
            total = total + weight * given.gram(polynomials)
        return total

    def average(self, polynomial: PolyElement, variables: Sequence[int]) -> PolyElement:
        """The mean over some of the coins, which do not depend on the component."""
        return self._parts[0][1].average(polynomial, variables)
