"""The notes of the audit, `docs/audit/*.html`, as pages of the site.

`symasym audit` writes each as a page of its own whose mathematics is MathML. Here its body goes into the frame of the site
under the same address, so that the links of `audit.md` lead to the same notes on the site as in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

FOLDER = "audit"


def note(text: str) -> tuple[str, str]:
    """Title and body of a note; ValueError where it has none."""
    title, body = re.search(r"<title>(.*?)</title>", text, re.DOTALL), re.search(r"<body>(.*)</body>", text, re.DOTALL)
    if title is None or body is None:
        raise ValueError("a note without <title> or <body>")
    return title[1], body[1].strip()


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    for file in sorted((Path(app.srcdir) / FOLDER).glob("*.html")):
        title, body = note(file.read_text(encoding="utf-8"))
        yield (
            f"{FOLDER}/{file.stem}",
            {"title": title, "body": f'<section class="audit-note">{body}</section>'},
            "page.html",
        )


class LinkNotes(SphinxTransform):
    """Links to notes lead to their pages; without this they would be downloads."""

    default_priority = 850  # before 880, at which downloads are collected

    def apply(self, **kwargs: Any) -> None:
        """Replace every download reference to a note."""
        for link in list(self.document.findall(addnodes.download_reference)):
            target = link["reftarget"]
            if target.startswith(f"{FOLDER}/") and target.endswith(".html"):
                link.replace_self(nodes.reference("", "", *link.children, refuri=target, internal=True))


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_transform(LinkNotes)
    app.connect("html-collect-pages", _pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
