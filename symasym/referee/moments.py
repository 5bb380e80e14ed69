"""Moments of Gaussian entries by Isserlis' recursion, one monomial at a time.

`E[x_i m(x)] = mu_i E[m(x)] + sum_j C_ij E[(d m / d x_j)(x)]` for `x ~ N(mu, C)` and a monomial `m`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import add

import numpy as np
from sympy import QQ
from sympy.polys.rings import PolyElement

__all__ = ["Monomial", "Moments", "fraction"]

Monomial = tuple[int, ...]
"""Exponent of each variable."""


def fraction(number: object) -> Fraction:
    """A ground element of `QQ` as a `Fraction`."""
    return Fraction(int(QQ.numer(number)), int(QQ.denom(number)))


class Moments:
    """Moments of `N(mean, covariance)`; `mean` has shape `(q,)`, `covariance` `(q, q)`, entries rational.

    The recursion is formal: it does not ask whether the covariance is positive semidefinite.
    """

    def __init__(self, mean: np.ndarray, covariance: np.ndarray) -> None:
        self._mean = list(mean)
        self._partners = [[(j, c) for j, c in enumerate(row) if c] for row in covariance]
        self._known: dict[Monomial, Fraction] = {(0,) * len(self._mean): Fraction(1)}

    def of(self, monomial: Monomial) -> Fraction:
        """`E[x^monomial]`."""
        if monomial not in self._known:
            i = next(position for position, power in enumerate(monomial) if power)
            rest = _lower(monomial, i)
            total = self._mean[i] * self.of(rest) if self._mean[i] else Fraction(0)
            for j, c in self._partners[i]:
                if rest[j]:
                    total += c * rest[j] * self.of(_lower(rest, j))
            self._known[monomial] = total
        return self._known[monomial]

    def expect(self, polynomial: PolyElement) -> Fraction:
        """`E p(x)` of a polynomial."""
        return sum((fraction(c) * self.of(tuple(m)) for m, c in polynomial.terms()), Fraction(0))

    def gram(self, polynomials: Sequence[PolyElement]) -> np.ndarray:
        """`E[p_c p_c']` for all pairs, shape `(N, N)`.

        As `G M G^T`: `G` the coefficients, a row for each polynomial, a column for each monomial that occurs,
        `M` the moments of products of two of these monomials.
        """
        monomials = sorted({tuple(m) for p in polynomials for m in p.monoms()})
        column = {m: position for position, m in enumerate(monomials)}
        coefficients = np.full((len(polynomials), len(monomials)), Fraction(0), dtype=object)
        for row, polynomial in enumerate(polynomials):
            for m, c in polynomial.terms():
                coefficients[row, column[tuple(m)]] = fraction(c)
        if not monomials:
            return np.full((len(polynomials), len(polynomials)), Fraction(0), dtype=object)
        table = [[self.of(tuple(map(add, m, n))) for n in monomials] for m in monomials]
        return coefficients @ np.array(table, dtype=object) @ coefficients.T


def _lower(monomial: Monomial, i: int) -> Monomial:
    return (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])
