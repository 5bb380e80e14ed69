"""A notebook as Markdown: cells, and the outputs that are stored with them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

IMAGES = ("image/svg+xml", "image/png")


def markdown(notebook: Mapping[str, Any]) -> str:
    """The page of a notebook (nbformat 4)."""
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell)) + "\n"


def _joined(source: str | Sequence[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _cell(cell: Mapping[str, Any]) -> list[str]:
    source = _joined(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    return [f"```python\n{source}\n```", *(_output(output) for output in cell["outputs"])]


def _output(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _text(_joined(output["text"]))
    data = output["data"]
    for kind in IMAGES:
        if kind in data:
            return _picture(_joined(data.get("text/plain", "figure")), image_address(kind, _joined(data[kind])))
    if "text/latex" in data:
        return _formula(_joined(data["text/latex"]))
    if "text/html" in data:
        return f"```{{raw}} html\n{_joined(data['text/html'])}\n```"
    return _text(_joined(data["text/plain"]))


def _formula(latex: str) -> str:
    """A display: formulas of a notebook are inline ones in display style, which a narrow page could not scroll."""
    inner = latex.strip().strip("$").removeprefix("\\displaystyle").strip()
    return f"$$\n{inner}\n$$"


def _picture(title: str, address: str) -> str:
    """As HTML, since Markdown takes no pictures in SVG by such an address."""
    return f'```{{raw}} html\n<img class="output" alt="{escape(title)}" src="{address}">\n```'


def image_address(kind: str, content: str) -> str:
    """The picture itself as an address, so that the page needs no further file."""
    if kind == "image/svg+xml":
        content = b64encode(content.encode()).decode()
    return f"data:{kind};base64,{''.join(content.split())}"


def _text(text: str) -> str:
    return f"```{{code-block}} text\n:class: output\n\n{text.rstrip()}\n```"
