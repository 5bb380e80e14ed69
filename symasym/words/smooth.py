"""Smooth functions of scalars, and their Gaussian means: one canonical form, so that equal integrals are one.

`E g(eta + s)` with `s ~ N(0, S)` moves with its means and covariances as

    D E g = sum_i E[g_i] D eta_i + (1/2) sum_ij E[g_ij] D S_ij   (Price's theorem; indices of g are derivatives),

which for `S = 0` is the chain rule. Canonical: arguments that are the same random variable are one, those that `g` does not
depend on are left out, the rest is in an order that makes the law, and then `g`, smallest; `g` is expanded, without a rational
factor or a sign; a mean of what is odd under a reflection of the law is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, permutations

import sympy

from symasym.model.scalars import Slot
from symasym.words.polynomial import Monomial, ScalarPolynomial, Smooth

__all__ = ["derived", "product_of", "slots", "smooth_derivative", "smooth_scalar", "symmetries"]

PERMUTED = 4
"""Arguments up to which all orders are tried; beyond, equal integrals may stay apart."""

LONG = 300
"""Operations up to which functions are expanded; beyond, equal integrals may stay apart."""

Law = tuple[tuple[ScalarPolynomial, ...], tuple[tuple[ScalarPolynomial, ...], ...]]
"""Means, and the matrix of covariances; no rows where nothing is averaged."""


def slots(count: int) -> tuple[Slot, ...]:
    """`t_1 .. t_r`."""
    return tuple(Slot(n) for n in range(1, count + 1))


@cache
def _expanded(function: sympy.Expr) -> sympy.Expr:
    """Products and powers of sums written out, nothing else touched, unless that becomes long: then as it came."""
    if sympy.count_ops(function) > LONG:
        return function
    written = sympy.expand(function, power_base=False, power_exp=False, log=False)
    return written if sympy.count_ops(written) <= LONG else function


@cache
def derived(function: sympy.Expr, *numbers: int) -> sympy.Expr:
    """The partial derivative by the arguments of these numbers, from 0."""
    for number in sorted(numbers):
        function = _expanded(sympy.diff(function, Slot(number + 1)))
    return function


@cache
def _renamed(function: sympy.Expr, old: tuple[int, ...], new: tuple[int, ...]) -> sympy.Expr:
    """Arguments `old` become arguments `new`."""
    return _expanded(function.xreplace({Slot(a + 1): Slot(b + 1) for a, b in zip(old, new, strict=True)}))


def smooth_scalar(
    function: sympy.Expr, arguments: Sequence[ScalarPolynomial], covariance: Sequence[ScalarPolynomial] = ()
) -> ScalarPolynomial:
    """`E g(eta + s)` in canonical form; see `Smooth`."""
    whole = Smooth(_expanded(function), tuple(arguments), tuple(covariance))
    kept = _distinct(whole)
    return _ordered(kept)


def _law(scalar: Smooth) -> Law:
    count = range(len(scalar.arguments))
    rows = tuple(tuple(scalar.entry(i, j) for j in count) for i in count) if scalar.covariance else ()
    return scalar.arguments, rows


def _chosen(scalar: Smooth, function: sympy.Expr, chosen: Sequence[int]) -> Smooth:
    """The function of some of the arguments, in the order given; `function` is in their new numbers."""
    upper = combinations_with_replacement(chosen, 2) if scalar.covariance else ()
    return Smooth(function, tuple(scalar.arguments[n] for n in chosen), tuple(scalar.entry(i, j) for i, j in upper))


def _distinct(scalar: Smooth) -> Smooth:
    """Without arguments that repeat others or that the function does not depend on."""
    (means, rows), count = _law(scalar), len(scalar.arguments)
    first = [
        next(i for i in range(j + 1) if means[i] == means[j] and (not rows or rows[i][i] == rows[i][j] == rows[j][j]))
        for j in range(count)
    ]
    merged = _renamed(scalar.function, tuple(range(count)), tuple(first))
    chosen = [n for n in range(count) if Slot(n + 1) in merged.free_symbols]
    return _chosen(scalar, _renamed(merged, tuple(chosen), tuple(range(len(chosen)))), chosen)


def _ordered(scalar: Smooth) -> ScalarPolynomial:
    coefficient, function = scalar.function.as_coeff_Mul(rational=True)
    if function == 0 or coefficient == 0:
        return ScalarPolynomial()
    factor = Fraction(int(coefficient.p), int(coefficient.q)) if coefficient.is_Rational else Fraction(1)
    if function == 1:
        return ScalarPolynomial.number(factor)
    if function.could_extract_minus_sign():
        factor, function = -factor, _expanded(-function)
    if any(_flipped(scalar, part) == -1 for part in _reflections(scalar)):
        return ScalarPolynomial()
    if isinstance(function, Slot):  # the mean of an argument is its mean
        return scalar.arguments[function.number - 1].scale(factor)
    best = min(_orders(_chosen(scalar, function, range(len(scalar.arguments)))), key=lambda item: item.key)
    return ScalarPolynomial({Monomial((), (best,)): factor})


def _orders(scalar: Smooth) -> Iterator[Smooth]:
    """The same integral with its arguments in every order that makes the law smallest; in one, where they are many."""
    count = len(scalar.arguments)
    means, rows = _law(scalar)
    names = [(means[n].key, rows[n][n].key if rows else "") for n in range(count)]
    ordered = sorted(range(count), key=lambda n: names[n])
    found = permutations(ordered) if count <= PERMUTED else iter([tuple(ordered)])
    for chosen in found:
        if [names[n] for n in chosen] == sorted(names):
            new = tuple(chosen.index(n) for n in range(count))
            yield _chosen(scalar, _renamed(scalar.function, tuple(range(count)), new), chosen)


def _reflections(scalar: Smooth) -> Iterator[tuple[int, ...]]:
    """Sets of arguments, with the mean 0 and uncorrelated with all others, that may change sign together."""
    means, rows = _law(scalar)
    if not rows:
        return
    left = set(range(len(means)))
    while left:
        part = {left.pop()}
        while more := {j for i in part for j in left if rows[i][j]}:
            part |= more
            left -= more
        if not any(means[n] for n in part):
            yield tuple(sorted(part))


def _flipped(scalar: Smooth, part: tuple[int, ...]) -> int:
    """`1` if the function is even in these arguments together, `-1` if it is odd, else 0."""
    image = _reflected(scalar.function, part)
    return 1 if image == scalar.function else -1 if _expanded(-image) == scalar.function else 0


@cache
def _reflected(function: sympy.Expr, part: tuple[int, ...]) -> sympy.Expr:
    return _expanded(function.xreplace({Slot(n + 1): -Slot(n + 1) for n in part}))


def symmetries(scalar: Smooth) -> tuple[str, ...]:
    """What leaves integrand and law as they are, in words: exchanges of two arguments, changes of sign."""
    (means, rows), count, found = _law(scalar), len(scalar.arguments), []
    for i in range(count):
        for j in range(i + 1, count):
            order = [j if n == i else i if n == j else n for n in range(count)]
            alike = all(means[n] == means[m] for n, m in enumerate(order)) and all(
                rows[n][k] == rows[m][order[k]] for n, m in enumerate(order) for k in range(count)
            )
            if alike and _renamed(scalar.function, tuple(range(count)), tuple(order)) == scalar.function:
                found.append(f"unchanged when t_{i + 1} and t_{j + 1} change places")
    for part in _reflections(scalar):
        if _flipped(scalar, part) == 1:
            found.append("even in " + " and ".join(f"t_{n + 1}" for n in part) + (" together" if len(part) > 1 else ""))
    return tuple(found)


def product_of(factors: Sequence[Smooth]) -> tuple[sympy.Expr, tuple[ScalarPolynomial, ...]]:
    """The product of functions that are not averaged, as one function of all their arguments."""
    arguments: list[ScalarPolynomial] = []
    total = sympy.S.One
    for factor in factors:
        places = []
        for argument in factor.arguments:
            if argument not in arguments:
                arguments.append(argument)
            places.append(arguments.index(argument))
        total = total * _renamed(factor.function, tuple(range(len(places))), tuple(places))
    return total, tuple(arguments)


def smooth_derivative(scalar: Smooth, moved: Callable[[ScalarPolynomial], ScalarPolynomial]) -> ScalarPolynomial:
    """`D E g(eta + s)`; `moved` gives the derivative of an argument or covariance."""
    count, parts = range(len(scalar.arguments)), []
    for i in count:
        slope = moved(scalar.arguments[i])
        if slope:
            parts.append(smooth_scalar(derived(scalar.function, i), scalar.arguments, scalar.covariance) * slope)
    if scalar.covariance:
        for i in count:
            for j in count[i:]:
                slope = moved(scalar.entry(i, j))
                if slope:
                    bent = smooth_scalar(derived(scalar.function, i, j), scalar.arguments, scalar.covariance)
                    parts.append((bent * slope).scale(Fraction(1, 2) if i == j else 1))
    return ScalarPolynomial.sum(parts)
