"""How wide a formula will be in print, in ems, without running TeX.

Reads the part of LaTeX that the printer writes: letters, scripts, fractions, roots, sums, growing brackets, matrices.
What it does not know counts as one em. The estimate follows TeX's own rules of spacing between classes of atoms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from symasym.codegen.latex.metrics import BIG, COMMANDS, GLYPHS, ITALIC, ROMAN
from symasym.codegen.latex.notation import current

__all__ = ["width"]

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\S|[ \n]+", re.DOTALL)
_SCALE = (1.0, 1.0, 0.78, 0.66)
DISPLAY, TEXT, SCRIPT, SMALLEST = range(4)
_BOLD = 1.16
"""How much wider bold letters are, at most by a few per cent less."""

_SPACES = {
    ("ord", "op"): 1, ("ord", "bin"): 2, ("ord", "rel"): 3, ("ord", "inner"): 1,
    ("op", "ord"): 1, ("op", "op"): 1, ("op", "rel"): 3, ("op", "inner"): 1,
    ("bin", "ord"): 2, ("bin", "op"): 2, ("bin", "open"): 2, ("bin", "inner"): 2,
    ("rel", "ord"): 3, ("rel", "op"): 3, ("rel", "open"): 3, ("rel", "inner"): 3,
    ("close", "op"): 1, ("close", "bin"): 2, ("close", "rel"): 3, ("close", "inner"): 1,
    ("punct", "ord"): 1, ("punct", "op"): 1, ("punct", "rel"): 1, ("punct", "open"): 1, ("punct", "close"): 1,
    ("punct", "punct"): 1, ("punct", "inner"): 1,
    ("inner", "ord"): 1, ("inner", "op"): 1, ("inner", "bin"): 2, ("inner", "rel"): 3, ("inner", "open"): 1,
    ("inner", "punct"): 1, ("inner", "inner"): 1,
}  # fmt: skip
"""Thin, medium or thick space between two classes (the TeXbook, chapter 18)."""
_SIZE = {0: 0.0, 1: 3 / 18, 2: 4 / 18, 3: 5 / 18}


@dataclass(frozen=True)
class _Box:
    kind: str
    width: float
    height: float = 0.95


def width(tex: str) -> float:
    """Width of a formula in display style, in ems."""
    return _Reader(current().expanded(tex)).box(DISPLAY, ()).width


class _Reader:
    def __init__(self, tex: str) -> None:
        plain = re.sub(r"\\\\\[\d+pt\]", r"\\\\", tex)
        self._tokens = [token for token in _TOKEN.findall(plain) if token.strip() or token == "\\ "]
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def box(self, style: int, ends: tuple[str, ...]) -> _Box:
        """Everything up to one of the closing tokens, which is left standing."""
        return _row(list(self._atoms(style, ends)), style)

    def _atoms(self, style: int, ends: tuple[str, ...]) -> Iterator[_Box]:
        while self._peek() and self._peek() not in ends:
            nucleus = self._nucleus(style)
            yield self._with_scripts(nucleus, style)

    def _argument(self, style: int) -> _Box:
        if self._peek() == "{":
            self._next()
            inside = self.box(style, ("}",))
            self._next()
            return inside
        return self._nucleus(style)

    def _raw(self) -> str:
        """The text of a braced argument."""
        depth, found = 0, []
        while self._peek():
            token = self._next()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                break
            found.append(token)
        return "".join(found[1:])

    def _with_scripts(self, nucleus: _Box, style: int) -> _Box:
        scripts: dict[str, _Box] = {}
        while self._peek() in ("^", "_"):
            mark = self._next()
            scripts[mark] = self._argument(max(SCRIPT, min(style + 1, SMALLEST)))
        if not scripts:
            return nucleus if nucleus.kind != "sum" else _Box("op", nucleus.width, 1.4 if style == DISPLAY else 1.0)
        widest = max(script.width for script in scripts.values())
        if nucleus.kind == "sum" and style == DISPLAY:
            return _Box("op", max(nucleus.width, widest), 3.1)
        kind = "op" if nucleus.kind == "sum" else nucleus.kind
        raised = 0.35 if "^" in scripts else 0.1
        return _Box(kind, nucleus.width + widest + 0.05 * _SCALE[style], nucleus.height + raised)

    def _nucleus(self, style: int) -> _Box:
        token, scale = self._next(), _SCALE[style]
        match token:
            case "{":
                self._at -= 1
                return _Box("ord", *self._size(self._argument(style)))
            case r"\frac" | r"\dfrac" | r"\tfrac":
                inner = max(TEXT, min(style + 1, SMALLEST)) if token != r"\tfrac" else SCRIPT
                above, below = self._argument(inner), self._argument(inner)
                return _Box("inner", max(above.width, below.width) + 0.24, above.height + below.height + 0.3)
            case r"\sqrt":
                inside = self._argument(style)
                return _Box("ord", inside.width + 1.01 * scale, inside.height + 0.2)
            case r"\left":
                return self._fenced(style)
            case r"\bigl" | r"\bigr" | r"\Bigl" | r"\Bigr":
                return _Box("open" if token.endswith("l") else "close", self._fence(self._next(), 1.2) * scale, 1.2)
            case r"\begin":
                self._raw()
                return self._matrix()
            case r"\mathrm" | r"\text" | r"\mathbf" | r"\mathsf" | r"\operatorname" | r"\textit":
                roman = sum(ROMAN.get(letter, 0.4) for letter in self._raw().replace("\\ ", " "))
                return _Box("op" if token == r"\operatorname" else "ord", roman * scale)
            case r"\boldsymbol":
                inside = self._argument(style)
                return _Box("ord", _BOLD * inside.width, inside.height)
            case r"\mathbb" | r"\mathcal":
                self._raw()
                return _Box("ord", 0.7 * scale)
            case r"\hat" | r"\tilde" | r"\bar" | r"\widehat":
                return _Box("ord", *self._size(self._argument(style)))
            case r"\xrightarrow":
                return _Box("rel", max(1.4, self._argument(SCRIPT).width + 0.8), 1.2)
            case r"\limits" | r"\nolimits" | r"\displaystyle" | "&" | r"\\" | r"\right":
                return _Box("space", 0.0, 0.0)
        kind, size = GLYPHS.get(token) or COMMANDS.get(token) or ("ord", ITALIC.get(token, 1.0))
        if token == r"\sum" and style != DISPLAY:
            return _Box(kind, 1.056 * scale)
        return _Box(kind, size * scale)

    @staticmethod
    def _size(box: _Box) -> tuple[float, float]:
        return box.width, box.height

    @staticmethod
    def _fence(token: str, height: float) -> float:
        if token == ".":
            return 0.12
        size = next(size for limit, size in BIG if height <= limit)
        return size if token in "()" else size * 0.8

    def _fenced(self, style: int) -> _Box:
        opening = self._next()
        inside = self.box(style, (r"\right",))
        self._next()
        closing = self._next()
        both = self._fence(opening, inside.height) + self._fence(closing, inside.height)
        return _Box("inner", inside.width + both * _SCALE[style], inside.height)

    def _matrix(self) -> _Box:
        rows: list[list[float]] = [[]]
        tallest = 1.2
        while self._peek() and self._peek() != r"\end":
            cell = self.box(TEXT, ("&", r"\\", r"\end"))
            rows[-1].append(cell.width)
            tallest = max(tallest, cell.height)
            if self._peek() in ("&", r"\\") and self._next() == r"\\":
                rows.append([])
        self._next()
        self._raw()
        columns = max(map(len, rows))
        widths = [max((row[n] for row in rows if n < len(row)), default=0.0) for n in range(columns)]
        return _Box("inner", sum(widths) + (columns - 1) * 0.92 + 2 * 0.875, tallest * len(rows))


def _classes(atoms: list[_Box]) -> list[str]:
    """Classes after TeX's correction: a binary sign without a left or right neighbour is an ordinary one."""
    kinds = [atom.kind for atom in atoms]
    for n, kind in enumerate(kinds):
        before = next((kinds[m] for m in range(n - 1, -1, -1) if kinds[m] != "space"), "none")
        after = next((atom.kind for atom in atoms[n + 1 :] if atom.kind != "space"), "none")
        alone = before in ("none", "bin", "op", "rel", "open", "punct") or after in ("none", "rel", "close", "punct")
        if kind == "bin" and alone:
            kinds[n] = "ord"
    return kinds


def _row(atoms: list[_Box], style: int) -> _Box:
    kinds = _classes(atoms)
    total = sum(atom.width for atom in atoms)
    visible = [kind for kind in kinds if kind != "space"]
    for left, right in pairwise(visible):
        size = _SPACES.get((left, right), 0)
        if style <= TEXT or (size == 1 and "op" in (left, right)):
            total += _SIZE[size]
    return _Box("ord", total, max((atom.height for atom in atoms), default=0.0))
