"""Steps of a derivation as plain text."""

from __future__ import annotations

from textwrap import fill

from symasym.pipeline import AnyDerivation
from symasym.steps import Line, Step, steps

__all__ = ["steps_text"]


def _line(line: Line) -> str:
    sides = [str(side) for side in (line.left, line.right) if side is not None]
    formula = " = ".join(sides)
    note = f"  [{line.note}]" if line.note and formula else line.note
    return f"    {formula}{note}"


def _step(number: int, step: Step) -> str:
    rule = fill(f"rule: {step.rule}", width=116, initial_indent="    ", subsequent_indent="          ")
    return "\n".join([f"{number}. {step.title}", rule, *map(_line, step.lines)])


def steps_text(derivation: AnyDerivation, downstream: str = "least_squares") -> str:
    """Every stage: number and title, the rule, its formulas."""
    return "\n\n".join(_step(n, step) for n, step in enumerate(steps(derivation, downstream), 1)) + "\n"
