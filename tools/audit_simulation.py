"""Audit every published claim, run its deciding simulation, and write what is kept of it.

`symasym/claims/simulated.json` (shown by `symasym audit`), `docs/audit.md` (the table), `docs/audit/` (a note for
each claim). Some five minutes on one core; the seed is fixed, so the numbers come back. Names as arguments run these
alone and keep the other results.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from symasym.claims.audit import audit_claim
from symasym.claims.finding import Finding
from symasym.claims.notes import write_notes
from symasym.claims.reading import published, published_names
from symasym.claims.report import note, source_of
from symasym.claims.simulate import SEED, simulate
from symasym.claims.stored import FILE, record, stored
from symasym.files import write_whole

DOCS = Path(__file__).parent.parent / "docs"

HEAD = """# Audit of published statements

Made by `tools/audit_simulation.py` on {date}, seed {seed}. Each statement of `symasym/claims/published/` against
what the engine derives in the coordinates the statement is printed in; every derived value is confirmed by a route
that shares no code with the derivation (`symasym audit CLAIM` shows which). *z*: the simulated number less the
derived one, and less the claimed one, in standard errors of the simulation. Where the statement is about a number
and differs, the simulation rejects the claimed one by more than 5 and is within 3 of the derived one. A note for
each claim, LaTeX and HTML, is in `audit/`.

| claim | source | verdict | simulated | mean | se | derived | z | claimed | z |
|---|---|---|---|---|---|---|---|---|---|
"""


def escaped(text: str) -> str:
    """Text in which a star is a star and a bar is a bar, in a table as well."""
    return text.replace("|", "\\|").replace("*", "\\*")


def row(finding: Finding) -> str:
    """One line of the table."""
    cells = [f"[{finding.claim.id}](audit/{finding.claim.id}.html)", source_of(finding), finding.verdict]
    found = finding.simulation
    if found is None:
        cells += [""] * 7
    else:
        claimed = ["", ""] if found.claimed is None else [f"{found.claimed:.5g}", f"{found.z_claimed:+.1f}"]
        cells += [
            escaped(found.quantity),
            f"{found.mean:.5g}",
            f"{found.se:.2g}",
            f"{found.derived:.5g}",
            f"{found.z_derived:+.2f}",
        ]
        cells += claimed
    return f"| {' | '.join(cells)} |\n"


def decided(finding: Finding) -> bool:
    """The rule: within 3 standard errors of the derived number, and more than 5 from a claimed one that differs."""
    found = finding.simulation
    if found is None:
        return True
    apart = found.z_claimed is None or finding.verdict != "differs" or abs(found.z_claimed) > 5
    return abs(found.z_derived) < 3 and apart


def main(names: list[str]) -> int:
    """Run, write, and return 1 if a simulation does not decide."""
    findings, table = [], json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    for name in published_names():
        start, finding = time.monotonic(), audit_claim(published(name))
        if finding.claim.simulation is not None:
            kept = stored(finding.claim) if names and name not in names else None
            finding = replace(finding, simulation=kept or simulate(finding, SEED))
            assert finding.simulation is not None
            table[name] = record(finding.claim, finding.simulation)
        findings.append(finding)
        print(f"{time.monotonic() - start:.0f} s: {row(finding).strip()}", file=sys.stderr, flush=True)
    today = datetime.datetime.now(datetime.UTC).date()
    notes = "".join(f"\n* **{finding.claim.id}**: {finding.verdict}. {escaped(note(finding))}" for finding in findings)
    write_whole(
        FILE, json.dumps({name: table[name] for name in sorted(table) if name in published_names()}, indent=1) + "\n"
    )
    write_whole(DOCS / "audit.md", HEAD.format(date=today, seed=SEED) + "".join(map(row, findings)) + notes + "\n")
    write_notes(findings, DOCS / "audit")
    return 0 if all(map(decided, findings)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
