"""Every note of the audit has a title and a body that the site can take."""

from __future__ import annotations

import re

import pytest
from by_path import TOP

# The extension itself needs Sphinx; what it looks for is held here.
NOTES = sorted((TOP / "docs" / "audit").glob("*.html"))


@pytest.mark.parametrize("file", NOTES, ids=lambda file: file.stem)
def test_form(file) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.search(r"<title>[^<]+</title>", text) and len(re.findall(r"<body>(.+)</body>", text, re.DOTALL)) == 1


def test_the_table_links_to_every_note() -> None:
    page = (TOP / "docs" / "audit.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(audit/([\w-]+)\.html\)", page)) == {file.stem for file in NOTES}
