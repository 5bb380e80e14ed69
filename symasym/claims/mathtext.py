r"""Formulas of the language of claims as people read them, as they stand: nothing is evaluated or put into another order.

`tex("2/b[j]*Sum(beta[i]**2, (i, 1, k))")` is `\frac{2}{b_{j}} \sum_{i=1}^{k} \beta_{i}^{2}`; `mathml` gives the same
for a page in HTML.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from symasym.codegen.latex.names import escaped, symbol

__all__ = ["mathml", "prose_html", "prose_tex", "tex"]

NAMES = {"Sp": "Sigma_plus", "S": "Sigma", "H": "H", "I": "I", "smin2": "sigma_min2"}
"""Short names of the claim files."""
OPERATORS = {"Sum": "∑", "largest": "max", "smallest": "min"}
WORDS = {
    "tr": "tr",
    "cov": "Cov",
    "Cov": "Cov",
    "Var": "Var",
    "Max": "max",
    "Min": "min",
    "log": "log",
    "diag": "diag",
    "logdet": "log det",
}
ATOM, POWER, PRODUCT, SUM = 4, 3, 2, 1


@dataclass(frozen=True)
class Style:
    """How one output language writes each construction; arguments come rendered."""

    name: Callable[[str], str]
    number: Callable[[str], str]
    row: Callable[..., str]
    sign: Callable[[str], str]
    brackets: Callable[[str, str, str], str]
    fraction: Callable[[str, str], str]
    above: Callable[[str, str], str]
    below: Callable[[str, str], str]
    over: Callable[[str, str, str, str], str]
    root: Callable[[str], str]
    word: Callable[[str], str]


def tex(text: str) -> str:
    """LaTeX of a formula, without dollar signs; `SyntaxError` for what is not one."""
    return _formula(text, _TEX)


def mathml(text: str) -> str:
    """A `math` element; `SyntaxError` for what is not a formula."""
    return f"<math>{_formula(text, _MATHML)}</math>"


def prose_tex(text: str) -> str:
    """Text with formulas between backquotes, for LaTeX."""
    return _prose(text, escaped, lambda formula: f"${tex(formula)}$")


def prose_html(text: str) -> str:
    """The same for HTML."""
    return _prose(text, html.escape, mathml)


def _prose(text: str, plain: Callable[[str], str], formula: Callable[[str], str]) -> str:
    pieces = re.split(r"`([^`]*)`", " ".join(text.split()))
    shown = []
    for n, piece in enumerate(pieces):
        if n % 2 == 0:
            shown.append(plain(piece))
            continue
        try:
            shown.append(formula(piece))
        except SyntaxError:
            shown.append(plain(piece))
    return "".join(shown)


def _formula(text: str, style: Style) -> str:
    """Formulas with equals signs between them."""
    parts = re.split(r"(?<![<>=!])=(?!=)", text.replace("^", "**"))
    rendered = [_node(ast.parse(part.strip(), mode="eval").body, style)[0] for part in parts]
    total = rendered[0]
    for part in rendered[1:]:
        total = style.row(total, style.sign("="), part)
    return total


def _node(node: ast.expr, style: Style) -> tuple[str, int]:
    """What is written, and how tightly it binds."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return style.number(str(value)), ATOM
        case ast.Name(id=name):
            return style.name(NAMES.get(name, name)), ATOM
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return style.row(style.sign("-"), _within(operand, style, PRODUCT)), SUM
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(left, operator, right, style)
        case ast.Subscript(value=family, slice=position):
            places = position.elts if isinstance(position, ast.Tuple) else [position]
            return style.below(_within(family, style, ATOM), style.row(*(_node(p, style)[0] for p in places))), ATOM
        case ast.Attribute(value=matrix, attr="T"):
            return style.above(_within(matrix, style, ATOM), style.word("⊤")), ATOM
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments, style)
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _SIGNS:
            return style.row(_node(left, style)[0], style.sign(_SIGNS[type(operator)]), _node(right, style)[0]), SUM
    raise SyntaxError(f"{ast.unparse(node)} is not a formula")


_SIGNS: dict[type[ast.cmpop], str] = {ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤"}


def _within(node: ast.expr, style: Style, level: int) -> str:
    """In brackets where it binds less tightly than its place asks for."""
    shown, binding = _node(node, style)
    return shown if binding >= level else style.brackets("(", shown, ")")


def _operation(left: ast.expr, operator: ast.operator, right: ast.expr, style: Style) -> tuple[str, int]:
    match operator:
        case ast.Add():
            return style.row(_node(left, style)[0], style.sign("+"), _node(right, style)[0]), SUM
        case ast.Sub():
            return style.row(_node(left, style)[0], style.sign("-"), _within(right, style, PRODUCT)), SUM
        case ast.Mult():
            between = [style.sign("·")] if _is_number(left) and _is_number(right) else []
            return style.row(_within(left, style, PRODUCT), *between, _within(right, style, PRODUCT)), PRODUCT
        case ast.Div():
            return style.fraction(_node(left, style)[0], _node(right, style)[0]), PRODUCT
        case ast.Pow():
            return style.above(_within(left, style, ATOM), _node(right, style)[0]), POWER
    raise SyntaxError(f"{ast.unparse(left)} ? {ast.unparse(right)} is not a formula")


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.BinOp) and _is_number(node.right) and isinstance(node.op, ast.Mult)
    )


def _call(name: str, arguments: list[ast.expr], style: Style) -> tuple[str, int]:
    if name in OPERATORS:
        return _over(name, arguments, style), PRODUCT
    shown = [_node(argument, style)[0] for argument in arguments]
    if name == "sqrt":
        return style.root(shown[0]), ATOM
    if name == "inv":
        return style.above(_within(arguments[0], style, ATOM), style.row(style.sign("-"), style.number("1"))), ATOM
    if name == "eye":
        return style.below(style.name("I"), shown[0]), ATOM
    if name in ("inner", "quad", "norm2"):
        return style.brackets("⟨", _comma(shown, style), "⟩"), ATOM
    head = style.word(WORDS[name]) if name in WORDS else style.name(name)
    return style.row(head, style.brackets("(", _comma(shown, style), ")")), ATOM


def _comma(shown: list[str], style: Style) -> str:
    pieces = [shown[0]]
    for item in shown[1:]:
        pieces += [style.sign(","), item]
    return style.row(*pieces)


def _over(name: str, arguments: list[ast.expr], style: Style) -> str:
    """Operators over indices, the last index outermost."""
    body, *limits = arguments
    shown = _within(body, style, PRODUCT)
    for limit in limits:
        if not isinstance(limit, ast.Tuple) or len(limit.elts) != 3:
            raise SyntaxError(f"{ast.unparse(limit)} is not an index with its bounds")
        index, first, last = (_node(item, style)[0] for item in limit.elts)
        shown = style.over(OPERATORS[name], style.row(index, style.sign("="), first), last, shown)
    return shown


# ---- LaTeX

_TEX_SIGNS = {
    "·": r" \cdot ",
    "≥": r" \ge ",
    "≤": r" \le ",
    ",": ", ",
    "=": " = ",
    "+": " + ",
    "-": " - ",
    ">": " > ",
    "<": " < ",
}
_TEX_BRACKETS = {"(": r"\left( ", ")": r" \right)", "⟨": r"\langle ", "⟩": r" \rangle"}


def _tex_over(operator: str, below: str, above: str, body: str) -> str:
    if operator == "∑":
        return rf"\sum_{{{below}}}^{{{above}}} {body}"
    return rf"\{operator}_{{{below.split(' = ')[0]}}} {body}"


_TEX = Style(
    name=symbol,
    number=str,
    row=lambda *parts: re.sub(" +", " ", " ".join(parts)).strip(),
    sign=lambda sign: _TEX_SIGNS[sign],
    brackets=lambda left, inside, right: f"{_TEX_BRACKETS[left]}{inside}{_TEX_BRACKETS[right]}",
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    above=lambda base, top: f"{{{base}}}^{{{top}}}",
    below=lambda base, bottom: f"{{{base}}}_{{{bottom}}}",
    over=_tex_over,
    root=lambda inside: rf"\sqrt{{{inside}}}",
    word=lambda word: r"\top" if word == "⊤" else rf"\operatorname{{{word}}}",
)

# ---- MathML

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "lam": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "omega": "ω", "theta": "θ", "ell": "ℓ", "Sigma": "Σ", "pi": "π", "chi": "χ", "psi": "ψ", "phi": "φ", "Pi": "Π", "kappa": "κ",
}  # fmt: skip
_MARKS = {"plus": "+", "minus": "−", "hat": "ˆ", "*": "∗"}


def _mathml_name(name: str) -> str:
    base, *rest = name.split("_")
    letters, digits = base.rstrip("0123456789"), base[len(base.rstrip("0123456789")) :]
    shown = f"<mi>{html.escape(_GREEK.get(letters, letters))}</mi>" if letters else f"<mn>{digits}</mn>"
    below = [digits] if letters and digits else []
    below += [_MARKS.get(part, _GREEK.get(part, part)) for part in rest]
    return f"<msub>{shown}<mrow><mtext>{html.escape(' '.join(below))}</mtext></mrow></msub>" if below else shown


def _mathml_over(operator: str, below: str, above: str, body: str) -> str:
    if operator == "∑":
        return f"<mrow><munderover><mo>∑</mo><mrow>{below}</mrow><mrow>{above}</mrow></munderover>{body}</mrow>"
    return f"<mrow><munder><mi>{operator}</mi><mrow>{below}</mrow></munder>{body}</mrow>"


_MATHML = Style(
    name=_mathml_name,
    number=lambda digits: f"<mn>{digits}</mn>",
    row=lambda *parts: f"<mrow>{''.join(parts)}</mrow>",
    sign=lambda sign: f"<mo>{html.escape({'-': '−'}.get(sign, sign))}</mo>",
    brackets=lambda left, inside, right: f"<mrow><mo>{left}</mo>{inside}<mo>{right}</mo></mrow>",
    fraction=lambda above, below: f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>",
    above=lambda base, top: f"<msup><mrow>{base}</mrow><mrow>{top}</mrow></msup>",
    below=lambda base, bottom: f"<msub><mrow>{base}</mrow><mrow>{bottom}</mrow></msub>",
    over=_mathml_over,
    root=lambda inside: f"<msqrt>{inside}</msqrt>",
    word=lambda word: f"<mi>{word}</mi>",
)
