r"""How a name is written: `Sigma_plus` as `\Sigma_{+}`, `x_plus` as `x^{+}`, `sigma2` as `\sigma^{2}`.

Everything that a name says is in its spelling; no list of models or of their symbols is kept.
"""

from __future__ import annotations

import unicodedata

from symasym.codegen.latex.notation import current

__all__ = ["GREEK", "escaped", "spelled", "symbol"]

_GREEK = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell
"""
GREEK = frozenset(_GREEK.split())
SHORT = {"lam": r"\lambda", "Lam": r"\Lambda", "eps": r"\varepsilon", "sig": r"\varsigma"}
ACCENTS = {"hat": r"\hat", "tilde": r"\tilde", "bar": r"\bar"}
SIGNS = {"plus": "+", "minus": "-", "neg": "-", "*": r"\ast"}
SQUARED = frozenset({"sigma", "nu", "tau", "chi"})
"""Letters whose name with a 2 at its end is a square (`sigma2`), not a second symbol of the kind."""
_PRIME = "'"
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def _character(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    if letter in "#$%&_{}":
        return "\\" + letter
    if letter.isascii():
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or f"U+{ord(letter):04X}"


def escaped(text: str) -> str:
    """Any text, safe in LaTeX text mode; accents are dropped, since the fonts loaded have no letters beyond ASCII."""
    return "".join(map(_character, text))


def _letters(word: str) -> str:
    """A word without digits and underscores."""
    if word in SHORT:
        return SHORT[word]
    if word in GREEK:
        return "\\" + word
    return word if len(word) == 1 and word.isascii() and word.isalnum() else rf"\mathrm{{{_roman(word)}}}"


def _roman(word: str) -> str:
    shown = escaped(word)
    return rf"\text{{{shown}}}" if "\\text" in shown else shown


def _split(word: str) -> tuple[str, str]:
    """Letters and the number at their end."""
    letters = word.rstrip("0123456789")
    return letters, word[len(letters) :]


def _below(word: str) -> tuple[str, bool]:
    """One part of a subscript, and whether a 2 at its end makes the whole a square."""
    if word in SIGNS:
        return SIGNS[word], False
    if word in current().symbols:
        return current().symbols[word], False
    letters, digits = _split(word)
    if not letters:
        return digits, False
    # two letters are two indices (`sum_pq`); more are a word (`d_eff`)
    pair = len(letters) == 2 and letters.isascii() and letters.islower() and letters not in GREEK
    shown = letters if pair else _letters(letters)
    if digits == "2" and letters in SQUARED:
        return shown, True
    return (f"{shown}_{{{digits}}}" if digits else shown), False


def _is_word(part: str) -> bool:
    """True for a part that is spelled out: `degrees_of_freedom` is words, `d_eff` a letter with a subscript."""
    known = part in SHORT or part in GREEK or part in ACCENTS or part in SIGNS
    return len(part) > 1 and part.isascii() and part.isalpha() and not known


def symbol(name: str) -> str:
    """A name as the notation in force prints it."""
    notation = current()
    return notation.shown(name, spelled(name, notation.is_bold(name)))


def spelled(name: str, bold: bool = False) -> str:
    """A name of letters, digits, underscores, asterisks and primes, with at most one subscript and one superscript."""
    if name.endswith("'"):
        return f"{spelled(name.rstrip(_PRIME), bold)}{_PRIME * (len(name) - len(name.rstrip(_PRIME)))}"
    base, *rest = name.split("_")
    if rest and all(map(_is_word, (base, *rest))):
        return rf"\mathrm{{{f'{chr(92)} '.join((base, *rest))}}}"
    above: list[str] = []
    below: list[str] = []
    if base.endswith("*") and len(base) > 1:
        base, above = base[:-1], [r"\ast"]
    letters, digits = _split(base)
    shown = _letters(letters) if letters else digits or r"\_"
    shown = rf"\boldsymbol{{{shown}}}" if bold else shown
    if letters and digits:
        (above if digits == "2" and letters in SQUARED else below).append(digits)
    for word in filter(None, rest):
        if word in ACCENTS:
            shown = f"{ACCENTS[word]}{{{shown}}}"
        elif word in SIGNS and word != "*" and len(letters) == 1 and letters.islower():
            above.append(SIGNS[word])
        else:
            text, squared = _below(word)
            below.append(text)
            above += ["2"] if squared else []
    sub = f"_{{{' '.join(below)}}}" if below else ""
    sup = f"^{{{' '.join(above)}}}" if above else ""
    return shown + sub + sup
