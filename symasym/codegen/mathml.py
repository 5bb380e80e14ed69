r"""LaTeX formulas as MathML, which browsers show without a program or a network.

Reads the part of LaTeX that the printer writes (`symasym.codegen.latex.printer`, `prose`): letters, scripts, fractions, roots,
operators over indices, brackets, matrices, words. What it does not know stays as text, so that nothing is lost.
"""

from __future__ import annotations

import html
import re

__all__ = ["mathml", "prose_html"]

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\S|\s+", re.DOTALL)
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "varsigma": "ς",
    "tau": "τ", "upsilon": "υ", "phi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω", "ell": "ℓ", "infty": "∞", "partial": "∂",
    "top": "⊤", "perp": "⊥", "dagger": "†",
}  # fmt: skip
_CAPITALS = {
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_SIGNS = {
    "pm": "±", "cdot": "⋅", "times": "×", "circ": "∘", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "in": "∈", "sim": "∼", "to": "→", "mapsto": "↦", "longrightarrow": "⟶", "mid": "∣", "ast": "∗", "ldots": "…", "dots": "…",
    "cdots": "⋯", "parallel": "∥", "approx": "≈", "wedge": "∧", "vee": "∨", "neg": "¬",
}  # fmt: skip
_FENCES = {
    "langle": "⟨",
    "rangle": "⟩",
    "lVert": "‖",
    "rVert": "‖",
    "lvert": "|",
    "rvert": "|",
    "{": "{",
    "}": "}",
    "|": "‖",
}
_WORDS = ("log", "det", "exp", "dim", "min", "max", "cosh", "sinh", "tanh", "sin", "cos", "arg")
_OVER = {"sum": "∑", "prod": "∏", "int": "∫"}
_ACCENTS = {"hat": "ˆ", "tilde": "˜", "bar": "¯", "widehat": "ˆ"}
_SPACES = {",": "0.17em", ":": "0.22em", ";": "0.28em", "!": "-0.17em", " ": "0.33em", "quad": "1em", "qquad": "2em"}
_BOARD = {"E": "𝔼", "R": "ℝ", "P": "ℙ", "N": "ℕ", "Z": "ℤ"}
_SCRIPT = {"N": "𝒩", "L": "ℒ", "M": "ℳ", "O": "𝒪"}
_BIG = re.compile(r"\\(left|right|[bB]igg?[lr]?)$")
_IGNORED = frozenset([r"\displaystyle", r"\textstyle", r"\limits", r"\nolimits"])
_ESCAPES = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<",
            r"\textgreater{}": ">", r"\textbar{}": "|"}  # fmt: skip


_ESCAPED = re.compile("|".join([*map(re.escape, _ESCAPES), r"\\[#$%&_{} ]"]))


def mathml(tex: str) -> str:
    """A `math` element in display style, well-formed as XML, for a formula in LaTeX without dollar signs."""
    return f'<math displaystyle="true">{_Reader(tex).row(())}</math>'


def prose_html(text: str) -> str:
    """Words with formulas between dollar signs, as `prose` writes them, for a page in HTML."""
    pieces = re.split(r"(?<!\\)\$", text)
    return "".join(mathml(piece) if n % 2 else html.escape(_plain(piece)) for n, piece in enumerate(pieces))


def _plain(text: str) -> str:
    """Text without the escapes of LaTeX."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], found[0][-1]), text)


def _identifier(text: str, upright: bool = False) -> str:
    """Several letters are upright anyway."""
    normal = ' mathvariant="normal"' if upright and len(text) == 1 else ""
    return f"<mi{normal}>{html.escape(text)}</mi>"


def _operator(sign: str, stretchy: bool | None = None) -> str:
    """`stretchy` is stated where it differs from what a browser does with the sign."""
    attribute = "" if stretchy is None else f' stretchy="{str(stretchy).lower()}"'
    return f"<mo{attribute}>{html.escape(sign)}</mo>"


def _grouped(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


class _Reader:
    def __init__(self, tex: str) -> None:
        plain = re.sub(r"\\\\\[\d+pt\]", r"\\\\", tex)
        self._tokens = _TOKEN.findall(plain)
        self._at = 0

    def _peek(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._here()

    def _here(self) -> str:
        """The next token, a space between words included."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def row(self, ends: tuple[str, ...]) -> str:
        """Everything up to one of the closing tokens, which is left standing."""
        parts: list[str] = []
        while self._peek() and self._peek() not in ends:
            parts.append(self._scripted())
        return _grouped([part for part in parts if part])

    def _argument(self) -> str:
        if self._peek() != "{":
            return self._nucleus()[0]
        self._next()
        inside = self.row(("}",))
        self._next()
        return inside

    def _scripted(self) -> str:
        base, over = self._nucleus()
        below = above = None
        while self._peek() in ("_", "^", "'"):
            mark = self._next()
            if mark == "'":
                above = _grouped([*([above] if above else []), "<mo>′</mo>"])
            elif mark == "_":
                below = self._argument()
            else:
                above = self._argument()
        down, up, both = ("munder", "mover", "munderover") if over else ("msub", "msup", "msubsup")
        if below is not None and above is not None:
            return f"<{both}>{base}{below}{above}</{both}>"
        if below is not None:
            return f"<{down}>{base}{below}</{down}>"
        return base if above is None else f"<{up}>{base}{above}</{up}>"

    def _nucleus(self) -> tuple[str, bool]:
        """One atom, and whether its scripts stand below and above it."""
        token = self._next()
        if token.startswith("\\"):
            return self._command(token)
        if token == "{":
            self._at -= 1
            return self._argument(), False
        if token[0].isdigit():
            return f"<mn>{token}</mn>", False
        if token.isalpha():
            return _identifier(token), False
        return _operator({"-": "−", "*": "∗"}.get(token, token), False if token in "()[]|" else None), False

    def _command(self, token: str) -> tuple[str, bool]:
        name = token[1:].rstrip("*")
        if name in _OVER:
            return _operator(_OVER[name]), True
        if _BIG.match(token):
            return self._fence(token), False
        match name:
            case "frac" | "dfrac" | "tfrac":
                return f"<mfrac>{self._argument()}{self._argument()}</mfrac>", False
            case "sqrt":
                return f"<msqrt>{self._argument()}</msqrt>", False
            case "xrightarrow":
                return f"<mover>{_operator('→')}{self._argument()}</mover>", False
            case "begin":
                self._words()
                return self._matrix(), False
            case "mathrm" | "operatorname":
                return _identifier(_plain(self._words()), upright=True), False
            case "text" | "textit" | "mbox":
                return f"<mtext>{html.escape(_plain(self._words()))}</mtext>", False
            case "mathbf" | "boldsymbol":
                return f'<mrow style="font-weight: bold">{self._argument()}</mrow>', False
            case "mathbb" | "mathcal":
                letter, table = self._words(), _BOARD if name == "mathbb" else _SCRIPT
                return _identifier(table.get(letter, letter)), False
        return self._sign(token, name), False

    def _sign(self, token: str, name: str) -> str:
        if name in _LETTERS:
            return _identifier(_LETTERS[name])
        if name in _CAPITALS:
            return _identifier(_CAPITALS[name], upright=True)
        if name in _SIGNS:
            return _operator(_SIGNS[name])
        if name in _FENCES:
            return _operator(_FENCES[name], stretchy=False)
        if name in _WORDS:
            return f'{_identifier(name)}<mspace width="0.17em"/>'
        if name in _ACCENTS:
            return f'<mover accent="true">{self._argument()}{_operator(_ACCENTS[name], stretchy=False)}</mover>'
        if name in _SPACES or name == "":
            return f'<mspace width="{_SPACES.get(name, "0.33em")}"/>'
        return "" if token in _IGNORED else f"<mtext>{html.escape(token)}</mtext>"

    def _fence(self, token: str) -> str:
        """A bracket that grows; with its partner it is a row of its own, so that it grows with what it holds."""
        opening = self._bracket()
        if token != r"\left":
            return opening
        inside = self.row((r"\right",))
        self._next()
        return f"<mrow>{opening}{inside}{self._bracket()}</mrow>"

    def _bracket(self) -> str:
        sign = self._next()
        return "" if sign == "." else _operator(_FENCES.get(sign.lstrip("\\"), sign), stretchy=True)

    def _words(self) -> str:
        """The text of a braced argument, as it stands."""
        depth, found = 0, list[str]()
        self._peek()
        while token := self._here():
            self._at += 1
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                break
            found.append(token)
        inside = "".join(found[1:])
        nested = re.fullmatch(r"\\text\{(.*)\}", inside)
        return nested[1] if nested else inside

    def _matrix(self) -> str:
        rows: list[list[str]] = [[]]
        while self._peek() and self._peek() != r"\end":
            rows[-1].append(f"<mtd>{self.row(('&', chr(92) * 2, chr(92) + 'end'))}</mtd>")
            if self._peek() in ("&", r"\\") and self._next() == r"\\":
                rows.append([])
        self._next()
        self._words()
        body = "".join(f"<mtr>{''.join(row)}</mtr>" for row in rows if row)
        return f"<mrow>{_operator('(', True)}<mtable>{body}</mtable>{_operator(')', True)}</mrow>"
