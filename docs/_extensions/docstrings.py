"""Docstrings as they are, for a reader of reStructuredText.

The docstrings of symasym are plain text: names and formulas in single backticks, lists with `* `, formulas indented.
`rest` writes the same in the markup that autodoc expects, where a bare `*`, `|` or `_` would mean something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CODE = re.compile(r"(`[^`]+`)")
_BULLET = re.compile(r"(\s*\* )(.*)", re.DOTALL)


def rest(lines: Sequence[str]) -> list[str]:
    """The docstring in reStructuredText.

    A paragraph indented by four or more behind an unindented one is a formula or code: a literal block.
    """
    written: list[str] = []
    for paragraph in _paragraphs(lines):
        bullets = any(line.lstrip().startswith("* ") for line in paragraph)
        if not bullets and all(line.startswith("    ") for line in paragraph):
            written += ["::", "", *paragraph, ""]
        else:
            written += [*_text(paragraph), ""]
    return written


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            indented = line.startswith("    ")
            if paragraph and indented and not paragraph[-1].startswith((" ", "* ")):
                yield paragraph  # a formula directly below the sentence that announces it
                paragraph = []
            elif paragraph and paragraph[-1].startswith("    ") and not line.startswith(" "):
                yield paragraph
                paragraph = []
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def _text(paragraph: Sequence[str]) -> list[str]:
    """Backticked parts, which may run over a line's end, become literals; everything else loses its special meaning."""
    lines = []
    for line in _CODE.sub(lambda code: code[0].replace("\n", " "), "\n".join(paragraph)).split("\n"):
        bullet = _BULLET.fullmatch(line)
        head, body = (bullet[1], bullet[2]) if bullet else ("", line)
        if head and lines and not lines[-1].lstrip().startswith("* ") and not lines[-1].startswith(" "):
            lines.append("")  # a list needs a line of its own before it
        lines.append(head + "".join(map(_part, _CODE.split(body))))
    return lines


def _part(text: str) -> str:
    if _CODE.fullmatch(text):
        return f"\\ ``{text[1:-1].strip()}``\\ "  # the escaped blanks let a literal stand beside a letter
    return re.sub(r"([*|_\\])", r"\\\1", text)


def _process(app: Sphinx, what: str, name: str, object_: Any, options: Any, lines: list[str]) -> None:
    lines[:] = rest(lines)


def plain_signature(text: str | None) -> str | None:
    """A signature without what Python shows of defaults and aliases and no reader can use."""
    if text is None:
        return None
    return re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text).replace("<factory>", "...")


def _signature(
    app: Sphinx, what: str, name: str, object_: Any, options: Any, arguments: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    return plain_signature(arguments), plain_signature(returns)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
