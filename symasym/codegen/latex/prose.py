r"""Plain words with formulas among them (`V = h^{-1} s h^{-1} on the horizontal space`) as LaTeX.

Rules, notes and assumptions are written once, as text that a terminal can show. Here the words that are formulas are
found and set as such: operators, Greek names, single letters, names with scripts or brackets, and what stands between.
"""

from __future__ import annotations

import re

from symasym.codegen.latex.names import GREEK, SHORT, escaped, symbol
from symasym.codegen.latex.notation import current

__all__ = ["mathematics", "prose"]

_SIGNS = {
    "->": r"\to",
    "|->": r"\mapsto",
    "<=": r"\le",
    ">=": r"\ge",
    "!=": r"\ne",
    "..": r"\ldots",
    "~": r"\sim",
    **{sign: sign for sign in ("=", "<", ">", "+", "-")},
}
_OPERATORS = {"E": "expectation", "Var": "variance", "Cov": "covariance", "tr": "trace"}
_WORDS = {
    "log": r"\log",
    "det": r"\det",
    "logdet": r"\log\det",
    "exp": r"\exp",
    "sum": r"\sum",
    "diag": r"\operatorname{diag}",
}
_TOKEN = re.compile(
    r"\|->|->|<=|>=|!=|\.\.|\|\||\*\*|\.T\b"
    r"|[A-Za-z]+\d*(?:_(?:\*|[A-Za-z0-9]+))*(?:\*(?![A-Za-z(*]))?"
    r"|\d+(?:\.\d+)?|\s+|.",
    re.DOTALL,
)
_SUBSCRIPT = re.compile(r"\[[a-z](?:_2)?(?:, ?[a-z](?:_2)?)*\]")
_NAMES = GREEK | set(SHORT)


class _Formula:
    """A formula in plain signs, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._bars = 0

    def tex(self, end: str = "") -> str:
        """LaTeX up to a closing bracket `end`, which is consumed."""
        parts: list[str] = []
        while self._at < len(self._text):
            found = _TOKEN.match(self._text, self._at)
            assert found is not None
            token = found.group()
            self._at = found.end()
            if token == end:
                break
            parts.append(self._one(token, parts))
        return " ".join(filter(None, parts))

    def _one(self, token: str, before: list[str]) -> str:
        if token[0].isalpha() and token[0].isascii():
            return self._name(token, before)
        if token.isspace() or token == "*":
            return ""
        if token == "||":
            self._bars += 1
            return r"\lVert" if self._bars % 2 else r"\rVert"
        if token == ".T":
            return f"^{{{current().operator('transpose')}}}"
        if token in ("^", "_", "**"):
            return self._script("_" if token == "_" else "^")
        if token == "<" and (closing := re.match(r"[^\s<>][^<>]*,[^<>]*>", self._text[self._at :])):
            return rf"\langle {_Formula(self._slice(closing)[:-1]).tex()} \rangle"
        if token == "{":
            return rf"\{{ {self.tex('}')} \}}"
        if token == "." and self._at < len(self._text):
            return r"\cdot"
        if token in _SIGNS or token in "()[],;:/!.|" or token.isdigit() or re.fullmatch(r"\d+\.\d+", token):
            return _SIGNS.get(token, token)
        return rf"\text{{{escaped(token)}}}"

    def _slice(self, found: re.Match[str]) -> str:
        self._at += found.end()
        return found.group()

    def _script(self, mark: str) -> str:
        rest = self._text[self._at :]
        if rest[:1] in ("{", "("):
            self._at += 1
            return f"{mark}{{{self.tex('}' if rest[0] == '{' else ')')}}}"
        found = re.match(r"-?(\d+|T\b|\*|[A-Za-z]+)", rest)
        if not found:
            return rf"\text{{{escaped(mark)}}}"
        inside = self._slice(found)
        known = {"T": current().operator("transpose"), "*": r"\ast"}
        return f"{mark}{{{known.get(inside) or _Formula(inside).tex()}}}"

    def _name(self, token: str, before: list[str]) -> str:
        rest = self._text[self._at :]
        if token == "inv" and rest.startswith("("):
            self._at += 1
            inside = self.tex(")")
            return f"{inside}^{{-1}}" if len(inside) == 1 else f"({inside})^{{-1}}"
        previous = next((part for part in reversed(before) if part), "")
        if (subscript := _SUBSCRIPT.match(rest)) and previous != "D" and not self._derivative(token):
            indices = [symbol(index.strip()) for index in self._slice(subscript)[1:-1].split(",")]
            base = self._letters(token)
            return f"{f'({base})' if '_' in base else base}_{{{' '.join(indices)}}}"
        if rest.startswith("("):
            if token == "N":
                return r"\mathcal{N}"
            if token == "O" or re.fullmatch("[A-Z]{2,}", token):
                return rf"\mathrm{{{token}}}"
        return self._letters(token)

    @staticmethod
    def _derivative(token: str) -> bool:
        """`Dl`, `DPhi`: a derivative and what it is of."""
        return len(token) > 1 and token[0] == "D" and (token[1:] in _NAMES or len(token) == 2)

    def _letters(self, token: str) -> str:
        head, *tail = token.split("_", 1)
        if head in _WORDS or head in _OPERATORS:
            word = _WORDS[head] if head in _WORDS else current().operator(_OPERATORS[head])
            return word + (f"_{{{symbol(tail[0])}}}" if tail and len(tail[0]) == 1 else _pair(tail))
        if self._derivative(token):
            return f"D {symbol(token[1:])}"
        if len(head) == 2 and head.isalpha() and head not in _NAMES:
            return f"{head[0]} {symbol(token[1:])}"
        return symbol(token)


def _pair(tail: list[str]) -> str:
    return f"_{{{' '.join(map(symbol, tail[0]))}}}" if tail else ""


def mathematics(text: str) -> str:
    """A formula in plain signs as LaTeX, without dollar signs."""
    return _Formula(text.strip()).tex()


# ---- words and formulas apart

_OPERATOR = frozenset(_SIGNS) | {"/"}
_FUNCTIONS = frozenset({"log", "det", "logdet", "tr", "Var", "Cov", "exp", "diag", "inv"})
_CERTAIN = re.compile(r"[_^\[\]{}=<>+\\*\d]|\|\||\.\.|->|\.T\b")
_PATTERNS = re.compile(r"[B-HJ-Zb-z]|[A-Z]{2}|[a-z][A-Z]|D[a-z]|D[A-Z][a-z]+|[A-Za-z]/[A-Za-z]|[a-z]\.[a-z]")
_CALL = re.compile(r"([A-Za-z]|[A-Z]{2}|tr|log|det|logdet|diag|inv|exp|Var|Cov|[Pp][hs]i|D?Phi|D?[A-Z][a-z])\(.*")
_OPENING, _CLOSING = "([{", ")]}"


def _is_formula(word: str) -> bool:
    """True for a word that is a formula whatever stands next to it."""
    if word in _OPERATOR or word in _NAMES or _CERTAIN.search(word):
        return True
    bare = word.strip("()-")
    if bare != word and (len(bare) == 1 or not bare or bare in _NAMES):
        return True
    return bool(_PATTERNS.fullmatch(word) or _CALL.fullmatch(word.lstrip("(-")))


def _depth(word: str) -> int:
    """Brackets that a word opens, less those it closes; `<u, v>` counts as one pair."""
    inside = sum(word.count(mark) for mark in _OPENING) - sum(word.count(mark) for mark in _CLOSING)
    return (
        inside
        + (len(word) > 1 and word[0] == "<")
        - (len(word) > 1 and word.rstrip(",;:.")[-1:] == ">" and word[0] != "-")
    )


def _marks(words: list[str]) -> list[bool]:
    """For every word, whether it belongs to a formula."""
    bare = [word.rstrip(",;:.") for word in words]
    found = [_is_formula(word) for word in bare]
    for n in reversed(range(len(words))):
        word, followed = bare[n], n + 1 < len(words) and words[n] == bare[n]
        if word in ("a", "A", "I"):  # an article or a pronoun, unless something shows that it is a letter
            signs = (n > 0 and words[n - 1] in _OPERATOR) or (followed and words[n + 1] in _OPERATOR)
            found[n] = signs or word == "I" or (word == "A" and n > 0)
        elif word in _FUNCTIONS:
            found[n] = followed and found[n + 1]
    depth = 0
    for n, word in enumerate(words):  # inside a bracket that a formula has opened, everything is formula
        found[n] = found[n] or depth > 0
        depth = max(0, depth + _depth(word)) if found[n] else 0
    return found


def prose(text: str) -> str:
    """Words in LaTeX, the formulas among them between dollar signs."""
    words = text.split()
    parts: list[str] = []
    formula: list[str] = []

    def close(tail: str = "") -> None:
        if formula:
            parts.append(f"${mathematics(' '.join(formula))}${tail}")
            formula.clear()

    depth = 0
    for word, marked in zip(words, _marks(words), strict=True):
        if not marked:
            close()
            depth = 0
            parts.append(escaped(word))
            continue
        bare = word.rstrip(",;:.")
        formula.append(word)
        depth = max(0, depth + _depth(word))
        if bare != word and depth == 0 and not word.endswith(".."):
            formula[-1] = bare
            close(word[len(bare) :])
    close()
    return " ".join(parts)
