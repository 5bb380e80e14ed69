"""Open every page of the built site in a headless browser, from disk and without a network, and write docs/site-check.md.

    ./run docs --check                                  builds the site first
    python tools/check_site.py [--site DIR] [--report FILE] [--screenshots DIR]

Looked at, on each page:

* mathematics: every formula was typeset and has a size; no error node, no raw TeX in the text, and no raw Markdown;
* the console: no error, no warning, no exception; nothing asked of the network;
* links and pictures: the file is there, the anchor is there, the picture has a size;
* layout: the page is not wider than the window, on a desk and in a hand.

Exit code 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from browser import Page, browse

TOP = Path(__file__).parent.parent

LOOK = r"""
(async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  const all = (query) => [...document.querySelectorAll(query)];
  const shown = (node) => node.getClientRects().length > 0;
  const empty = (node) => { const box = node.getBoundingClientRect(); return shown(node) && box.width * box.height === 0; };
  const raw = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (parent.closest("script, style, code, pre, mjx-container, math, svg, .sig")) continue;
    const text = walk.currentNode.nodeValue;
    if (/\\[()\[\]]|\$\$|\\[a-zA-Z]{2,}|\$[^$\s][^$]*\$/.test(text)) raw.push("TeX in the text: " + text.trim().slice(0, 80));
    if (/\]\(|`|:::/.test(text)) raw.push("Markdown in the text: " + text.trim().slice(0, 80));
  }
  return {
    title: document.title,
    formulas: all(".math").length,
    typeset: all("mjx-container").length,
    untypeset: all(".math").filter((node) => !node.querySelector("mjx-container")).map((node) => node.textContent.slice(0, 80)),
    mathml: all("math").filter((node) => !node.closest("mjx-container")).length,
    wrong: all("mjx-merror, merror, [data-mjx-error]").map((node) => node.textContent.slice(0, 80)),
    flat: all("mjx-container").filter(empty).length,
    raw: raw,
    links: all("a[href]").map((node) => node.href),
    anchors: all("[id]").map((node) => node.id),
    pictures: all("img").map((node) => [node.getAttribute("src").slice(0, 80), node.naturalWidth]),
  };
})()
"""


EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = (1280, 400)
"""Of the window, in pixels: a desk, a hand. The last look leaves the first one."""


@dataclass
class Seen:
    """What a page showed, and what is wrong with it."""

    name: str
    facts: dict[str, Any]
    problems: list[str] = field(default_factory=list)


def look(page: Page, site: Path, file: Path) -> Seen:
    """Open one page and note what is wrong with it by itself; links are followed in `follow`."""
    page.visit(file.as_uri())
    facts: dict[str, Any] = page.evaluate(LOOK)
    problems = [f"not typeset: {text}" for text in facts["untypeset"]]
    problems += [f"error in a formula: {text}" for text in facts["wrong"]]
    problems += [f"raw {text}" for text in facts["raw"]]
    problems += [f"no picture: {address}" for address, width in facts["pictures"] if width == 0]
    if facts["flat"]:
        problems.append(f"{facts['flat']} formulas without a size")
    for width in (*WIDTHS[1:], WIDTHS[0]):
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        if (excess := page.evaluate(EXCESS)) > 0:
            problems.append(f"the page is {excess} pixels wider than a window of {width}")
    return Seen(str(file.relative_to(site)), facts, problems + said(page.events))


def said(events: Sequence[dict[str, Any]]) -> list[str]:
    """Complaints among what the browser reported, and requests that leave the disk."""
    found = []
    for event in events:
        method, about = event["method"], event["params"]
        if method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            text = " ".join(str(part.get("value", part.get("description", ""))) for part in about["args"])
            found.append(f"console {about['type']}: {text[:120]}")
        elif method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            found.append(f"exception: {details.get('exception', {}).get('description', details['text'])[:120]}")
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            found.append(f"console {about['entry']['level']}: {about['entry']['text'][:120]}")
        elif method == "Network.requestWillBeSent":
            address = about["request"]["url"]
            if urlsplit(address).scheme not in ("file", "data", "blob"):
                found.append(f"asks the network for {address[:120]}")
    return found


def follow(seen: Sequence[Seen], site: Path) -> Counter[str]:
    """Note links that lead nowhere; how many there are of each kind."""
    anchors = {(site / item.name).resolve(): set(item.facts["anchors"]) for item in seen}
    counts: Counter[str] = Counter()
    for item in seen:
        for address in dict.fromkeys(item.facts["links"]):
            parts = urlsplit(address)
            if parts.scheme != "file":
                counts["outside"] += 1
                continue
            counts["inside"] += 1
            target = Path(unquote(parts.path)).resolve()
            anchor = unquote(parts.fragment)
            if not target.is_relative_to(site.resolve()):
                item.problems.append(f"a link leaves the site: {target.name}")
            elif not target.is_file():
                item.problems.append(f"a link leads nowhere: {target.relative_to(site.resolve())}")
            elif anchor and target in anchors and anchor not in anchors[target]:
                item.problems.append(f"a link to a missing anchor: {target.name}#{anchor}")
    return counts


def check(site: Path, screenshots: Path | None = None) -> tuple[list[Seen], Counter[str], str]:
    """All pages of a site: what each showed, the counts of links, the browser's name and version."""
    seen = []
    with browse() as page:
        version = page.call("Browser.getVersion")["product"]
        for file in sorted(site.rglob("*.html")):
            seen.append(look(page, site, file))
            if screenshots is not None:
                _photograph(page, screenshots / f"{'-'.join(file.relative_to(site).with_suffix('').parts)}.png")
    return seen, follow(seen, site), version


def _photograph(page: Page, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(page.call("Page.captureScreenshot", format="png")["data"]))


def report(seen: Sequence[Seen], counts: Counter[str], version: str) -> str:
    """The page docs/site-check.md."""
    total = {name: sum(item.facts[name] for item in seen) for name in ("typeset", "mathml")}
    pictures = sum(len(item.facts["pictures"]) for item in seen)
    wrong = sum(len(item.problems) for item in seen)
    lines = [
        "# The site in a browser",
        "",
        f"Made by `./run docs --check` on {datetime.now(UTC):%Y-%m-%d} with {version}: every page opened from disk, no",
        "network. Looked at are the mathematics (typeset, with a size, no error node, no raw TeX left), the console (no error or",
        "warning, nothing asked of the network), links, anchors and pictures, and that no page is wider than the window, "
        f"at {' and '.join(map(str, WIDTHS))} pixels.",
        "",
        f"**{len(seen)} pages, {wrong} problems.** {total['typeset']} formulas typeset by MathJax, {total['mathml']} in MathML, "
        f"{pictures} pictures, {counts['inside']} links within the site, {counts['outside']} out of it (not followed).",
        "",
        "| page | formulas | MathML | pictures | links | problems |",
        "|---|---|---|---|---|---|",
    ]
    for item in seen:
        facts = item.facts
        numbers = (facts["typeset"], facts["mathml"], len(facts["pictures"]), len(set(facts["links"])))
        problems = "; ".join(item.problems).replace("|", "\\|").replace("`", "'")
        lines.append(f"| {item.name} | {' | '.join(map(str, numbers))} | {f'`{problems}`' if problems else 'none'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Check, write the report, print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=TOP / "docs" / "_build" / "html")
    parser.add_argument("--report", type=Path, default=TOP / "docs" / "site-check.md")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="a picture of the top of each page")
    arguments = parser.parse_args()
    site = arguments.site.resolve()
    if not (site / "index.html").is_file():
        print(f"check_site: there is no site in {arguments.site}; ./run docs makes it", file=sys.stderr)
        return 2
    seen, counts, version = check(site, arguments.screenshots)
    arguments.report.write_text(report(seen, counts, version), encoding="utf-8")
    wrong = [f"{item.name}: {problem}" for item in seen for problem in item.problems]
    print("\n".join(wrong) or f"{len(seen)} pages, nothing wrong", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
