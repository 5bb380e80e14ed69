"""Widths of the Computer Modern letters and signs that formulas use, in ems of the text size (from the fonts' own tables)."""

from __future__ import annotations

__all__ = ["BIG", "COMMANDS", "GLYPHS", "ITALIC", "ROMAN"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_ITALIC = (
    0.750, 0.809, 0.787, 0.856, 0.796, 0.782, 0.786, 0.912, 0.518, 0.651, 0.921, 0.681, 1.079, 0.912, 0.791, 0.781, 0.791, 0.767,
    0.671, 0.723, 0.792, 0.805, 1.083, 0.906, 0.803, 0.755,
    0.529, 0.429, 0.433, 0.520, 0.466, 0.598, 0.513, 0.576, 0.345, 0.469, 0.552, 0.318, 0.878, 0.600, 0.485, 0.503, 0.482, 0.479,
    0.469, 0.361, 0.572, 0.521, 0.743, 0.572, 0.526, 0.509,
)  # fmt: skip
_ROMAN = (
    0.750, 0.708, 0.722, 0.764, 0.681, 0.653, 0.785, 0.750, 0.361, 0.514, 0.778, 0.625, 0.917, 0.750, 0.778, 0.681, 0.778, 0.736,
    0.556, 0.722, 0.750, 0.764, 1.042, 0.750, 0.775, 0.611,
    0.500, 0.556, 0.444, 0.556, 0.444, 0.384, 0.514, 0.556, 0.278, 0.306, 0.528, 0.278, 0.833, 0.556, 0.500, 0.556, 0.528, 0.392,
    0.394, 0.389, 0.556, 0.542, 0.736, 0.528, 0.542, 0.444,
)  # fmt: skip
ITALIC = dict(zip(_LETTERS, _ITALIC, strict=True))
ROMAN = dict(zip(_LETTERS, _ROMAN, strict=True))

GLYPHS: dict[str, tuple[str, float]] = {
    **{digit: ("ord", 0.5) for digit in "0123456789"},
    "+": ("bin", 0.778), "-": ("bin", 0.778), "*": ("bin", 0.5),
    "=": ("rel", 0.778), "<": ("rel", 0.778), ">": ("rel", 0.778), ":": ("rel", 0.278),
    "(": ("open", 0.389), "[": ("open", 0.278), ")": ("close", 0.389), "]": ("close", 0.278),
    ",": ("punct", 0.278), ";": ("punct", 0.278), ".": ("ord", 0.278), "/": ("ord", 0.5), "|": ("ord", 0.278),
    "!": ("close", 0.278), "'": ("ord", 0.25),
}  # fmt: skip
"""Class of a sign and its width."""

COMMANDS: dict[str, tuple[str, float]] = {
    **{
        rf"\{name}": ("ord", width)
        for name, width in {
            "alpha": 0.643, "beta": 0.619, "gamma": 0.574, "delta": 0.482, "epsilon": 0.406, "varepsilon": 0.466, "zeta": 0.512,
            "eta": 0.533, "theta": 0.497, "iota": 0.354, "kappa": 0.576, "lambda": 0.583, "mu": 0.603, "nu": 0.558, "xi": 0.484,
            "pi": 0.606, "rho": 0.517, "sigma": 0.607, "tau": 0.550, "upsilon": 0.576, "phi": 0.596, "chi": 0.626, "psi": 0.687,
            "omega": 0.658, "ell": 0.417, "Gamma": 0.625, "Delta": 0.833, "Theta": 0.778, "Lambda": 0.694, "Xi": 0.667,
            "Pi": 0.750, "Sigma": 0.722, "Upsilon": 0.778, "Phi": 0.722, "Psi": 0.778, "Omega": 0.722, "top": 0.778,
            "ast": 0.5, "infty": 1.0, "partial": 0.586,
        }.items()
    },
    r"\pm": ("bin", 0.778), r"\cdot": ("bin", 0.278), r"\times": ("bin", 0.778), r"\circ": ("bin", 0.5),
    r"\le": ("rel", 0.778), r"\ge": ("rel", 0.778), r"\leq": ("rel", 0.778), r"\geq": ("rel", 0.778), r"\ne": ("rel", 0.778),
    r"\neq": ("rel", 0.778), r"\in": ("rel", 0.667), r"\sim": ("rel", 0.778), r"\to": ("rel", 1.0), r"\mapsto": ("rel", 1.0),
    r"\coloneqq": ("rel", 1.06), r"\mid": ("rel", 0.278),
    r"\{": ("open", 0.5), r"\}": ("close", 0.5), r"\lVert": ("open", 0.5), r"\rVert": ("close", 0.5),
    r"\langle": ("open", 0.389), r"\rangle": ("close", 0.389), r"\lvert": ("open", 0.278), r"\rvert": ("close", 0.278),
    r"\log": ("op", 1.278), r"\det": ("op", 1.389), r"\exp": ("op", 1.472), r"\dim": ("op", 1.667), r"\min": ("op", 1.667),
    r"\max": ("op", 1.861), r"\ldots": ("inner", 1.172), r"\dots": ("inner", 1.172), r"\cdots": ("inner", 1.172),
    r"\sum": ("sum", 1.444), r"\prod": ("sum", 1.278), r"\int": ("op", 1.0),
    r"\,": ("space", 0.167), r"\:": ("space", 0.222), r"\;": ("space", 0.278), r"\!": ("space", -0.167), r"\ ": ("space", 0.333),
    r"\quad": ("space", 1.0), r"\qquad": ("space", 2.0),
}  # fmt: skip
"""Class of a command without arguments and its width."""

BIG = ((1.0, 0.389), (1.2, 0.458), (1.8, 0.597), (2.4, 0.736), (3.0, 0.792), (float("inf"), 0.875))
"""Height of what a growing bracket encloses, at most, and the width of that bracket."""
