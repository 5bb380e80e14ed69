r"""Views as HTML with formulas in MathML, and as one formula in LaTeX.

The HTML is well-formed XML, needs no program and no network, and folds long formulas and further parts into `details`.
"""

from __future__ import annotations

import html as escaping
from collections.abc import Iterable

import sympy

from symasym.codegen.latex.layout import Layout, fits
from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula, signed_texts
from symasym.codegen.latex.prose import prose
from symasym.codegen.latex.width import width
from symasym.codegen.mathml import mathml, prose_html
from symasym.notebook.view import Display, Shown, Table, View, view
from symasym.steps import Line

__all__ = ["html", "latex", "page", "sheet"]

LONG = 45.0
"""Ems from which a formula is folded."""
WIDTH, TOO_LONG = 41.0, 120.0
"""Ems of a line in LaTeX, and of a formula that is not broken any more."""
_CELL = "text-align: left; vertical-align: baseline; padding: 0.15em 0.9em 0.15em 0"
_SCROLL = "overflow-x: auto; max-width: 100%"


def html(thing: object) -> str:
    """The view of an object in HTML. Raises `TypeError` where it has none."""
    return page(view(thing))


def latex(thing: object) -> str:
    """The formulas and tables of its view as one formula between dollar signs, for amsmath or MathJax."""
    return sheet(view(thing))


# ---- HTML


def page(shown: View) -> str:
    """A view as a `div`."""
    title = f"<p><b>{escaping.escape(shown.title)}</b></p>" if shown.title else ""
    return f'<div class="symasym">{title}{_body(shown)}</div>'


def _body(shown: View) -> str:
    words = "".join(f"<p>{_words(text)}</p>" for text in shown.words)
    lines = "".join(map(_line, shown.lines))
    listed = f'<div style="{_SCROLL}"><table><tbody>{lines}</tbody></table></div>' if lines else ""
    tables = "".join(map(_table, shown.tables))
    more = "".join(_folded(escaping.escape(part.title), _body(part)) for part in shown.more)
    return f"{words}{listed}{tables}{more}"


def _words(text: str) -> str:
    return prose_html(prose(text))


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>{body}</details>"


def _cell(content: str, tag: str = "td") -> str:
    return f'<{tag} style="{_CELL}">{content}</{tag}>'


def _line(line: Shown) -> str:
    return f"<tr>{_cell(_words(line.note))}{_cell(_formula(line))}</tr>"


def _formula(line: Shown) -> str:
    """The formula, folded behind its left side where it is long."""
    left, tex = _tex(line)
    whole = f"{left} {tex}".strip()
    if not whole:
        return ""
    if width(whole) <= LONG:
        return mathml(whole)
    summary = mathml(rf"{left} \ldots") if left else "formula"
    return _folded(summary, f'<div style="{_SCROLL}">{mathml(whole)}</div>')


def _tex(line: Shown) -> tuple[str, str]:
    """Left side with the sign behind it, and the right side."""
    if isinstance(line, Display):
        return "", line.tex
    if line.right is None:
        return "" if line.left is None else formula(line.left), ""
    return ("" if line.left is None else f"{formula(line.left)} {_sign(line)}"), formula(line.right)


def _sign(line: Line) -> str:
    """`A -> Q A` where a symbol is moved, equality elsewhere."""
    moved = isinstance(line.left, sympy.MatrixSymbol) and line.right is not None and line.right.has(line.left)
    return r"\mapsto" if moved else "="


def _table(table: Table) -> str:
    header = "".join(_cell(_words(text), "th") for text in table.header)
    rows = "".join(f"<tr>{''.join(_cell(escaping.escape(text)) for text in row)}</tr>" for row in table.rows)
    head = f"<thead><tr>{header}</tr></thead>" if header else ""
    return f'<div style="{_SCROLL}"><table>{head}<tbody>{rows}</tbody></table></div>'


# ---- LaTeX


def sheet(shown: View) -> str:
    """A view as one formula of several rows; words and what is folded are left out."""
    rows = [rf"& \text{{{escaped(shown.title)}}}"] if shown.title else []
    for line in shown.lines:
        rows += _rows(line)
    rows += [rf"& {_array(table)}" for table in shown.tables]
    return "$\\displaystyle \\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$"


def _rows(line: Shown) -> Iterable[str]:
    """A formula on lines that fit, with what had to be named, under its note where no left side says what it is."""
    note = [rf"& \text{{{prose(line.note)}}}"] if line.note else []
    if isinstance(line, Display):
        return [*note, f"& {line.tex}"]
    if line.right is None:
        return note
    layout = Layout(WIDTH, _names(line.right))
    left = "" if line.left is None else formula(line.left)
    found = [] if line.left is not None else note
    content = [(left, _sign(line) if left else "", line.right)]
    while content:
        for name, sign, right in content:
            first, *rest = _broken(layout, right, width(f"{name} {sign}"))
            found.append(f"{name} & {sign} {first}".strip())
            found += [rf"& \quad {more}" for more in rest]
        content = [(formula(made.name), "=", made.meaning) for made in layout.defined()]
    return found


def _broken(layout: Layout, expression: sympy.Basic, used: float) -> list[str]:
    """On lines that fit, unless it is so long that names for its parts would make it no easier to read: then on one."""
    whole = formula(expression)
    apart = all(fits(tex, WIDTH - used - 2) for _, tex in signed_texts(expression))
    return layout.lines(expression, used) if apart or width(whole) <= TOO_LONG else [whole]


def _names(expression: sympy.Basic) -> set[str]:
    return {str(symbol) for symbol in expression.free_symbols} | {
        str(entry.base.label) for entry in expression.atoms(sympy.Indexed)
    }


def _array(table: Table) -> str:
    columns = max(map(len, (table.header, *table.rows)))
    rows = [" & ".join(rf"\text{{{prose(text)}}}" for text in table.header)] if table.header else []
    rows += [" & ".join(rf"\text{{{escaped(text)}}}" for text in row) for row in table.rows]
    return rf"\begin{{array}}{{{'l' * columns}}} " + r" \\ ".join(rows) + r" \end{array}"
