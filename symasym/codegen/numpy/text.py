"""Operations as NumPy text: expressions with as few brackets as Python needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symasym.codegen.index.ir import Exact, Node
from symasym.codegen.index.ops import Op
from symasym.codegen.numpy.notation import ATOM, POWER, PRODUCT, SUM, Notation

__all__ = ["Expression", "number_text"]

SIGNS = {"add": (" + ", SUM, PRODUCT), "sub": (" - ", SUM, PRODUCT), "mul": (" * ", PRODUCT, POWER)}
"""Sign, how tightly the text binds, how tightly its second operand has to."""


class _Numbers(Notation):
    times = " * "

    def power(self, base: Node, exponent: Exact) -> tuple[str, int]:
        shown = str(exponent) if exponent.denominator == 1 else f"({exponent.numerator} / {exponent.denominator})"
        text = self.show(base, ATOM)
        return (f"{text}**{shown}" if text.isidentifier() else f"{text} ** {shown}"), POWER

    def other(self, node: Node) -> tuple[str, int]:
        raise TypeError(type(node).__name__)

    def binding(self, node: Node) -> tuple[str, int]:
        """The text and how tightly it binds."""
        return self._text(node)


_NUMBERS = _Numbers()


def number_text(node: Node, level: int = SUM) -> str:
    """A Python number made of constants and dimensions."""
    return _NUMBERS.show(node, level)


@dataclass(frozen=True)
class Expression:
    """Writes operations out.

    `name` gives the text of operations that are variables; `align` what is put behind an operand of an operation, so that
    its axes are those of the result.
    """

    name: Callable[[Op], str | None]
    align: Callable[[Op, Op], str]

    def show(self, op: Op, level: int = SUM) -> str:
        """The text, in brackets if it binds less tightly than `level`."""
        text, binds = self._text(op)
        return f"({text})" if binds < level else text

    def written_out(self, op: Op) -> str:
        """The text of an operation that is a variable itself."""
        return self._computed(op)[0]

    def _text(self, op: Op) -> tuple[str, int]:
        known = self.name(op)
        return (known, ATOM) if known is not None else self._computed(op)

    def operand(self, n: int, result: Op, level: int = SUM) -> str:
        """An argument of an operation, in brackets if it binds less tightly than `level`, with its axes."""
        op = result.args[n]
        behind = self.align(op, result) if result.layout else ""
        known = self.name(op)
        if known is not None:
            return known + behind
        text, binds = self._computed(op)
        return f"({text}){behind}" if binds < (ATOM if behind else level) else text + behind

    def _computed(self, op: Op) -> tuple[str, int]:
        kind, sub = op.kind, self.operand
        if kind in SIGNS:
            sign, level, after = SIGNS[kind]
            return sub(0, op, level) + sign + sub(1, op, after), level
        match kind:
            case "number":
                assert isinstance(op.data, Node)
                return _NUMBERS.binding(op.data)
            case "div":
                return f"{sub(0, op, PRODUCT)} / {sub(1, op, POWER)}", PRODUCT
            case "square":
                text = sub(0, op, ATOM)
                return (f"{text}**2" if text.isidentifier() else f"{text} ** 2"), POWER
            case "neg":
                return "-" + sub(0, op, POWER), SUM
            case "sqrt":
                return f"np.sqrt({sub(0, op, SUM)})", ATOM
            case "pow":
                assert isinstance(op.data, Fraction)
                return f"np.power({sub(0, op, SUM)}, {op.data.numerator} / {op.data.denominator})", ATOM
        raise TypeError(kind)
