"""Long formulas as one array and operations into it.

A temporary array for every operation costs about as much again as the arithmetic: each is written to memory that has left
the caches, and begins in the middle of a cache line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from symasym.codegen.index.ops import Op

__all__ = ["UFUNCS", "chain", "into", "onto", "perhaps_onto"]

UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "square": "square",
    "sqrt": "sqrt",
    "pow": "power",
}
"""NumPy's functions of elements."""
_SIGNS = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}


def chain(op: Op, may_follow: Callable[[Op], bool]) -> list[Op]:
    """The operation, one of its arguments that `may_follow`, one of that one's, and so on: as many as possible."""
    longest: Iterable[list[Op]] = (chain(arg, may_follow) for arg in op.args if may_follow(arg))
    return [op, *max(longest, key=len, default=[])]


def into(op: Op, operands: Sequence[str], target: str) -> str:
    """One operation whose result goes into an array that is there."""
    more = [f"{op.exponent.numerator} / {op.exponent.denominator}"] if op.kind == "pow" else []
    return f"np.{UFUNCS[op.kind]}({', '.join([*operands, *more])}, out={target})"


def onto(op: Op, inner: Op, name: str, operand: Callable[[int], str]) -> tuple[str, str]:
    """One operation in the place of its argument `inner`, which the variable `name` holds; `operand` writes the others.

    The head of the line, and what may be broken.
    """
    at = op.args.index(inner)
    if op.kind in _SIGNS and (at == 0 or op.kind in ("add", "mul")):
        return f"{name} {_SIGNS[op.kind]} ", operand(1 - at)
    return "", into(op, [name if n == at else operand(n) for n in range(len(op.args))], name)


def perhaps_onto(op: Op, inner: Op, name: str, operand: Callable[[int], str]) -> tuple[str, str]:
    """The same where the other operand may have a row for each problem, and `inner` one for all."""
    others = [arg for arg in op.args if arg is not inner and arg.kind != "number"]
    if not others:
        return onto(op, inner, name, operand)
    at = op.args.index(inner)
    swapped = ", True" if at == 1 and op.kind in ("sub", "div") else ""
    return f"{name} = ", f"_onto(np.{UFUNCS[op.kind]}, {name}, {operand(1 - at)}{swapped})"
