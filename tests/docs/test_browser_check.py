"""The check of the site finds planted mistakes; it needs a Chromium on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from by_path import load

site = load("tools/check_site.py")
browser = load("tools/browser.py")

GOOD = """<!doctype html><html><head><meta charset="utf-8"><title>good</title></head><body id="top">
<p>plain text, 5 $ and 6 $, <code>\\(in code\\)</code> <a href="#top">up</a> <a href="other.html#there">over</a></p>
<math><msup><mi>x</mi><mn>2</mn></msup></math>
<img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/%3E">
</body></html>"""
BAD = """<!doctype html><html><head><meta charset="utf-8"><title>bad</title></head><body>
<p id="there">raw \\(x^2\\)</p> <p>![raw](too.svg)</p> <span class="math">\\(y\\)</span> <math><merror><mi>z</mi></merror></math>
<img src="gone.svg"> <a href="gone.html">a</a> <a href="good.html#nowhere">b</a> <a href="../outside.html">c</a>
<img src="https://example.org/x.svg"> <div style="width: 3000px">wide</div>
<script>console.error("said"); setTimeout(() => { throw new Error("thrown"); }, 0);</script>
</body></html>"""
EXPECTED = (
    "not typeset: \\(y\\)",
    "error in a formula: z",
    "raw TeX in the text: raw \\(x^2\\)",
    "raw Markdown in the text: ![raw](too.svg)",
    "no picture: gone.svg",
    "no picture: https://example.org/x.svg",
    "wider than a window of 1280",
    "wider than a window of 400",
    "console error: said",
    "exception: Error: thrown",
    "asks the network for https://example.org/x.svg",
    "a link leads nowhere: gone.html",
    "a link to a missing anchor: good.html#nowhere",
    "a link leaves the site: outside.html",
)


@pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")
def test_planted_mistakes_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "good.html").write_text(GOOD)
    (folder / "other.html").write_text(BAD)
    (tmp_path / "outside.html").write_text(GOOD)
    (good, bad), counts, version = site.check(folder)
    assert good.problems == [] and good.facts["mathml"] == 1
    for problem in EXPECTED:
        assert any(problem in found for found in bad.problems), f"{problem} is not in {bad.problems}"
    assert counts == {"inside": 5}
    page = site.report([good, bad], counts, version)
    assert "**2 pages, " in page and "| good.html | 0 | 1 | 1 | 2 | none |" in page
