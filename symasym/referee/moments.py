"""Moments of Gaussian entries by Isserlis' recursion, one monomial at a time.

`E[x_i m(x)] = mu_i E[m(x)] + sum_j C_ij E[(d m / d x_j)(x)]` for `x ~ N(mu, C)` and a monomial `m`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from operator import add

import numpy as np
from sympy import QQ
from sympy.polys.rings import PolyElement

from symasym.errors import NotDerivableYet

__all__ = ["Monomial", "Moments", "fraction"]

Monomial = tuple[int, ...]
"""Exponent of each variable."""


def fraction(number: object) -> Fraction:
    """A ground element of `QQ` as a `Fraction`."""
    return Fraction(int(QQ.numer(number)), int(QQ.denom(number)))


Scaled = tuple[Sequence[int], Callable[[int], Fraction]]
"""Variables that share a random scale `rho`, and `p -> E rho^p`."""


Coins = Mapping[int, Fraction]
"""Variables that are 0 or 1, independent of all others, and the probability of 1."""


class Moments:
    """Moments of `N(mean, covariance)`; `mean` has shape `(q,)`, `covariance` `(q, q)`, entries rational.

    The recursion is formal: it does not ask whether the covariance is positive semidefinite. Some variables may be `coins`
    instead, whose mean and covariances are not looked at.
    """

    def __init__(
        self, mean: np.ndarray, covariance: np.ndarray, scales: Sequence[Scaled] = (), coins: Coins | None = None
    ) -> None:
        self._scales = scales
        self._coins = coins or {}
        self._mean = list(mean)
        self._partners = [[(j, c) for j, c in enumerate(row) if c] for row in covariance]
        self._known: dict[Monomial, Fraction] = {(0,) * len(self._mean): Fraction(1)}

    def of(self, monomial: Monomial) -> Fraction:
        """`E[x^monomial]`; entries that share a scale `rho`, of total degree `2p`, bring the factor `E rho^p`."""
        if any(monomial[v] for v in self._coins):
            return self._tossed(monomial, self._coins) * self.of(_without(monomial, self._coins))
        value = self._gaussian(monomial)
        for variables, moment in self._scales:
            degree = sum(monomial[v] for v in variables)
            if value and degree % 2:
                raise NotDerivableYet("odd moments of a law with a random scale and a mean are not evaluated here")
            value = value * moment(degree // 2)
        return value

    def _tossed(self, monomial: Monomial, variables: Iterable[int]) -> Fraction:
        """`E prod r^e`: a power of a 0-1 variable is the variable itself."""
        return prod((self._coins[v] for v in variables if monomial[v]), start=Fraction(1))

    def average(self, polynomial: PolyElement, variables: Sequence[int]) -> PolyElement:
        """The mean over some of the coins, a polynomial in the other variables."""
        total = polynomial.ring.zero
        for monomial, c in polynomial.terms():
            weight = self._tossed(tuple(monomial), variables)
            rest = _without(tuple(monomial), variables)
            total = total + polynomial.ring.from_dict({rest: c * QQ(weight.numerator, weight.denominator)})
        return total

    def _gaussian(self, monomial: Monomial) -> Fraction:
        if monomial not in self._known:
            i = next(position for position, power in enumerate(monomial) if power)
            rest = _lower(monomial, i)
            total = self._mean[i] * self._gaussian(rest) if self._mean[i] else Fraction(0)
            for j, c in self._partners[i]:
                if rest[j]:
                    total += c * rest[j] * self._gaussian(_lower(rest, j))
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


def _without(monomial: Monomial, variables: Iterable[int]) -> Monomial:
    left_out = set(variables)
    return tuple(0 if n in left_out else power for n, power in enumerate(monomial))


def _lower(monomial: Monomial, i: int) -> Monomial:
    return (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])
