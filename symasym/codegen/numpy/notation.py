"""What printing an expression as code and as text have in common: signs, fractions, brackets."""

from __future__ import annotations

from abc import ABC, abstractmethod

from symasym.codegen.index.ir import Add, Const, Exact, Mul, Node, Power, Size

__all__ = ["ATOM", "POWER", "PRODUCT", "SUM", "Notation"]

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly a text binds: `a + b`, `a * b`, `a**b`, everything else."""


def _split_sign(node: Node) -> tuple[bool, Node]:
    """Whether the term is negative, and its absolute value as written."""
    match node:
        case Const(value=value) if value < 0:
            return True, Const(-value)
        case Mul(factors=factors):
            number = _number(factors)
            if number < 0:
                rest = tuple(f for f in factors if not isinstance(f, Const))
                return True, Mul((Const(-number), *rest))
    return False, node


def _number(factors: tuple[Node, ...]) -> Exact:
    number: Exact = 1
    for factor in factors:
        if isinstance(factor, Const):
            number *= factor.value
    return number


def _fraction(factors: tuple[Node, ...]) -> tuple[list[Node], list[Node]]:
    """Factors above and below the bar; the numbers among them come first."""
    above: list[Node] = []
    below: list[Node] = []
    for factor in factors:
        match factor:
            case Const():
                continue
            case Power(base=base, exponent=exponent) if exponent < 0:
                below.append(base if exponent == -1 else Power(base, -exponent))
            case Mul(factors=inner):
                over, under = _fraction(inner)
                above += over
                below += under
            case _:
                above.append(factor)
    number = _number(factors)
    if number.numerator != 1 or not above:
        above.insert(0, Const(number.numerator))
    if number.denominator != 1:
        below.insert(0, Const(number.denominator))
    return above, below


class Notation(ABC):
    """Text of an expression; a subclass says how leaves, sums and powers are written."""

    times: str

    def show(self, node: Node, level: int = SUM) -> str:
        """The text, in brackets if it binds less tightly than `level`."""
        text, binds = self._text(node)
        return f"({text})" if binds < level else text

    def _text(self, node: Node) -> tuple[str, int]:
        match node:
            case Const(value=value) if value < 0:
                return "-" + self.show(Const(-value), ATOM), SUM
            case Const(value=value):
                return (str(value), ATOM) if value.denominator == 1 else (str(value).replace("/", " / "), PRODUCT)
            case Size(name=name):
                return name, ATOM
            case Add(terms=terms):
                return self._add(terms), SUM
            case Mul(factors=factors):
                negative, positive = _split_sign(node)
                if negative:
                    return "-" + self.show(positive, PRODUCT), SUM
                return self._fraction(factors)
            case Power(exponent=exponent) if exponent < 0:
                return self._fraction((node,))
            case Power(base=base, exponent=exponent):
                return self.power(base, exponent)
        return self.other(node)

    def _add(self, terms: tuple[Node, ...]) -> str:
        """Positive terms first, so that a difference reads as one."""
        signed = sorted(map(_split_sign, terms), key=lambda item: item[0])
        (negative, first), *rest = signed
        head = ("-" if negative else "") + self.show(first, PRODUCT if negative else SUM)
        return head + "".join(f" - {self.show(t, PRODUCT)}" if minus else f" + {self.show(t)}" for minus, t in rest)

    def _fraction(self, factors: tuple[Node, ...]) -> tuple[str, int]:
        above, below = _fraction(factors)
        if not below and len(above) == 1:
            return self._text(above[0])
        text = self.times.join(self.show(factor, PRODUCT) for factor in above)
        if below:
            under = self.times.join(self.show(factor, PRODUCT) for factor in below)
            text += f" / {self.show(below[0], POWER)}" if len(below) == 1 else f" / ({under})"
        return text, PRODUCT

    @abstractmethod
    def power(self, base: Node, exponent: Exact) -> tuple[str, int]:
        """A positive power other than 1, with how tightly it binds."""

    @abstractmethod
    def other(self, node: Node) -> tuple[str, int]:
        """Leaves and sums, with how tightly they bind."""
