r"""How a name is written: `Sigma_plus` as `\Sigma_{+}`, `x_plus` as `x^{+}`, `A_*` as `A_{\ast}`, `sigma_nu2` as `\sigma_{\nu}^{2}`.

Everything that a name says is in its spelling; no list of models or of their symbols is kept.
"""

from __future__ import annotations

import re

__all__ = ["symbol"]

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell".split()
)
SHORT = {"lam": r"\lambda", "Lam": r"\Lambda", "eps": r"\varepsilon"}
OPERATORS = {"E": r"\mathbb{E}", "Var": r"\operatorname{Var}", "Cov": r"\operatorname{Cov}", "dim": r"\dim"}
ACCENTS = {"hat": r"\hat", "tilde": r"\tilde", "bar": r"\bar"}
SIGNS = {"plus": "+", "minus": "-", "neg": "-", "*": r"\ast"}
SQUARED = frozenset({"sigma", "nu", "tau", "chi"})
"""Letters whose name with a 2 at its end is a square (`sigma2`), not a second symbol of the kind."""


def _escaped(text: str) -> str:
    return re.sub(r"([#$%&_{}])", r"\\\1", text).replace("~", r"\sim ").replace("^", r"\hat{}")


def _letters(word: str) -> str:
    """A word without digits and underscores."""
    if word in SHORT:
        return SHORT[word]
    if word in GREEK:
        return "\\" + word
    return word if len(word) == 1 else rf"\mathrm{{{_escaped(word)}}}"


def _part(word: str) -> tuple[str, str, bool]:
    """A part of a name as its letters, its digits, and whether these say that it is squared."""
    found = re.fullmatch(r"(.*?)(\d*)", word)
    assert found is not None
    letters, digits = found.groups()
    if letters in SIGNS:
        return SIGNS[letters], digits, False
    if not letters:
        return "", digits, False
    squared = digits == "2" and letters in SQUARED
    # two letters are two indices (`sum_pq`); more are a word (`d_eff`)
    shown = letters if len(letters) == 2 and letters.islower() and letters not in GREEK else _letters(letters)
    return shown, "" if squared else digits, squared


def symbol(name: str) -> str:
    """A name of letters, digits, underscores and asterisks in LaTeX, with at most one subscript and one superscript."""
    base, *rest = name.split("_")
    if base.endswith("*") and len(base) > 1:
        base, rest = base[:-1], [*rest, "^*"]
    core = re.fullmatch(r"(.*?)(\d*)", base)
    assert core is not None
    letters, digits = core.groups()
    above: list[str] = []
    below: list[str] = []
    shown = OPERATORS.get(letters) or _letters(letters or digits)
    if letters and digits:
        (above if digits == "2" and letters in SQUARED else below).append(digits)
    for word in rest:
        if word in ACCENTS:
            shown = f"{ACCENTS[word]}{{{shown}}}"
        elif word == "^*":
            above.append(r"\ast")
        elif word in SIGNS and word != "*" and re.fullmatch(r"[a-z]", letters):
            above.append(SIGNS[word])
        elif word:
            text, number, squared = _part(word)
            below.append(text + (f"_{{{number}}}" if number and text else number))
            above += ["2"] if squared else []
    separator = "," if any(len(item) > 1 and not item.startswith("\\") for item in below) else ""
    sub = f"_{{{separator.join(below)}}}" if below else ""
    sup = f"^{{{' '.join(above)}}}" if above else ""
    return shown + sub + sup
