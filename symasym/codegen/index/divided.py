"""Divided differences of formulas: `f(x_p) - f(x_q)` over `x_p - x_q`, without the subtraction, so that `x_p = x_q` is fine.

The rules are those of differentiation with both points kept apart,

    (f g)[p, q] = f[p, q] g(p) + f(q) g[p, q],   (1/f)[p, q] = -f[p, q] / (f(p) f(q)),   x[p, q] = 1.

At `p = q` they give the derivative. Gradients by a symmetric matrix are made of them: where eigenvalues coincide the
difference quotient is 0/0, the divided difference is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symasym.codegen.index.algebra import ONE, ZERO, add, mul, number, power, powers, terms, total
from symasym.codegen.index.ir import Add, Entry, Exact, Mul, Node, Power, Range, Sum, map_children
from symasym.errors import NotDerivableYet

__all__ = ["at_index", "conjugates_joined", "divided", "substituted"]


def divided(node: Node, family: str, p: Range, q: Range) -> Node:
    """The divided difference by the entries of `family` at `p` and `q`; the node depends on the index of `p`.

    `NotDerivableYet` if another family is taken at that index, or if the index counts.
    """
    if p.index not in node.free:
        return ZERO
    match node:
        case Entry(family=name) if name == family:
            return ONE
        case Sum(range=over, body=body):
            return total(over, divided(body, family, p, q))
        case Add(terms=parts):
            return add(*(divided(term, family, p, q) for term in parts))
        case Mul() | Power():
            return _product(node, family, p, q)
    raise NotDerivableYet(f"{node.key}: no divided difference by {family}")


def _product(node: Node, family: str, p: Range, q: Range) -> Node:
    """One factor after the other is moved from `p` to `q`."""
    coefficient, found = powers(node)
    factors = list(found.items())
    parts = []
    for n, (base, exponent) in enumerate(factors):
        step = _power(base, exponent, family, p, q)
        moved = (power(at_index(b, p, q), e) for b, e in factors[:n])
        parts.append(mul(number(coefficient), *moved, step, *(power(b, e) for b, e in factors[n + 1 :])))
    return add(*parts)


def _power(base: Node, exponent: Exact, family: str, p: Range, q: Range) -> Node:
    """`x^n[p, q] = sum_m x_p^m x_q^(n-1-m)`, `(1/f)[p, q]`, and `sqrt(f)[p, q] = f[p, q] / (sqrt f(p) + sqrt f(q))`."""
    step, there = divided(base, family, p, q), at_index(base, p, q)
    if step == ZERO:
        return ZERO
    if exponent < 0 and exponent.denominator == 1:  # products of what is positive: nothing cancels
        n = -exponent.numerator
        between = (mul(power(base, -1 - m), power(there, m - n)) for m in range(n))
        return mul(number(-1), step, add(*between))
    if exponent < 0:
        upper = _power(base, -exponent, family, p, q)
        return mul(number(-1), upper, power(base, exponent), power(there, exponent))
    if exponent.denominator == 2:
        n, half = exponent.numerator, Fraction(1, 2)
        root = mul(step, power(add(power(base, half), power(there, half)), -1))
        return mul(root, _steps(power(base, half), power(there, half), n))
    if exponent.denominator != 1:
        raise NotDerivableYet(f"{base.key}: no divided difference of the power {exponent}")
    return mul(step, _steps(base, there, exponent.numerator))


def _steps(x: Node, y: Node, n: int) -> Node:
    """`(x^n - y^n) / (x - y)`."""
    return add(*(mul(power(x, m), power(y, n - 1 - m)) for m in range(n)))


def at_index(node: Node, p: Range, q: Range) -> Node:
    """The node with the index of `q` in place of that of `p`."""
    if p.index not in node.free:
        return node
    if isinstance(node, Entry):
        return Entry(node.family, q.index, q)
    if isinstance(node, Sum | Add | Mul | Power):
        return _normal(map_children(node, lambda child: at_index(child, p, q)))
    raise NotDerivableYet(f"{node.key}: the index {p.index} counts, so that it cannot be renamed")


def conjugates_joined(node: Node) -> Node:
    """The node with `(x^2 - y^2)^n` in place of `(x - y)^n (x + y)^n`, for entries `x`, `y`."""
    if isinstance(node, Mul):
        coefficient, found = powers(node)
        factors = {conjugates_joined(base): exponent for base, exponent in found.items()}
        for base, exponent in list(factors.items()):
            other = _conjugate(base)
            if base in factors and other is not None and factors.get(other) == exponent:
                del factors[base], factors[other]
                (x,), (y,) = ([t for t in terms(base) if isinstance(t, Entry) is plain] for plain in (True, False))
                factors[add(power(x, 2), mul(number(-1), power(y, 2)))] = exponent
        return mul(number(coefficient), *(power(base, exponent) for base, exponent in factors.items()))
    return _normal(map_children(node, conjugates_joined)) if isinstance(node, Sum | Add | Power) else node


def _conjugate(node: Node) -> Node | None:
    """`x + y` of `x - y`."""
    if not isinstance(node, Add) or len(node.terms) != 2:
        return None
    x, y = node.terms
    plain, signed = (x, y) if isinstance(x, Entry) else (y, x)
    coefficient, found = powers(signed)
    if not isinstance(plain, Entry) or coefficient != -1 or len(found) != 1 or not isinstance(next(iter(found)), Entry):
        return None
    return add(plain, mul(number(-1), signed))


def substituted(node: Node, table: Mapping[str, Node]) -> Node:
    """The node with an expression in entries at one index, whichever, for every entry of some families."""
    if isinstance(node, Entry) and node.family in table:
        return _placed(table[node.family], node)
    if isinstance(node, Sum | Add | Mul | Power):
        return _normal(map_children(node, lambda child: substituted(child, table)))
    return node


def _placed(expression: Node, entry: Entry) -> Node:
    if isinstance(expression, Entry):
        return Entry(expression.family, entry.index, entry.range)
    if isinstance(expression, Add | Mul | Power):
        return _normal(map_children(expression, lambda child: _placed(child, entry)))
    return expression


def _normal(node: Node) -> Node:
    """Normal form of a node whose children are in normal form."""
    match node:
        case Sum(range=over, body=body):
            return total(over, body)
        case Add(terms=parts):
            return add(*parts)
        case Mul(factors=factors):
            return mul(*factors)
        case Power(base=base, exponent=exponent):
            return power(base, exponent)
    return node
