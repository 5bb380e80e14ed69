"""Named integrals of a projection reduction: integrand, law of its arguments, symmetry."""

from __future__ import annotations

from dataclasses import replace

import sympy

from symasym.calculus.forms import Forms
from symasym.steps.step import Line, bracket
from symasym.words.polynomial import Smooth
from symasym.words.show import show_scalar
from symasym.words.smooth import slots, symmetries

__all__ = ["integral_lines"]


def integral_lines(forms: Forms) -> list[Line]:
    """Every named integral: dimension, integrand, law of its arguments, symmetry."""
    lines, laws = [], dict[Smooth, str]()
    for symbol, integral in forms.integrals.items():
        law = replace(integral, function=sympy.S.One)
        known = law in laws
        name = laws.setdefault(law, f"law {len(laws) + 1}")
        kinds = symmetries(integral)
        count = len(integral.arguments)
        words = f"E of this over {count} dimension{'s' if count > 1 else ''}, t of {name}"
        lines.append(Line(symbol, integral.function, "; ".join((words, *kinds))))
        if not known:
            lines += _argument_lines(integral, name)
    return lines


def _argument_lines(integral: Smooth, name: str) -> list[Line]:
    """Means and covariances of what the integrand sees."""
    variables, lines = slots(len(integral.arguments)), []
    for i, t in enumerate(variables):
        lines.append(Line(bracket("E", str(t)), show_scalar(integral.arguments[i]), f"{name}: Gaussian, mean"))
        for j in range(i, len(variables)):
            shown = show_scalar(integral.entry(i, j))
            lines.append(Line(bracket("Cov", str(t), str(variables[j])), shown, f"{name}: covariance"))
    return lines
