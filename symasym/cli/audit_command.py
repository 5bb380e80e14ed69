"""`symasym audit [CLAIM ...] [--claim FILE]`: published statements, and a user's own, against derived ones."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from symasym.claims.audit import audit_claim
from symasym.claims.finding import Finding
from symasym.claims.notes import write_notes
from symasym.claims.reading import published, published_names
from symasym.claims.report import audit_document, audit_text, failed
from symasym.claims.simulate import SEED, simulate
from symasym.claims.stored import stored
from symasym.claims.user import audit_file
from symasym.document import dump
from symasym.errors import InputError

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help="published claims (default: all of them)")
    parser.add_argument(
        "--claim", action="append", default=[], metavar="FILE", help="a claim of your own (.toml, .json, .py)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--simulate", action="store_true", help="run the deciding simulations (default: show stored results)"
    )
    parser.add_argument("--seed", default=str(SEED), metavar=str(SEED))
    parser.add_argument("--notes", metavar="DIR", help="write a note for each claim, LaTeX and HTML")
    parser.add_argument("--list", action="store_true", help="identifiers of the published claims")


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--seed: {text} came, a whole number is expected") from None


def run(arguments: argparse.Namespace) -> int:
    """Audit and print; exit code 1 if a verdict is `differs` or `ill-typed`."""
    if arguments.list:
        print("\n".join(published_names()))
        return 0
    seed = _seed(arguments.seed)
    named = arguments.claims or ([] if arguments.claim else published_names())
    claims = [published(name) for name in named]  # unknown names are refused before anything is derived
    findings = [_with_simulation(audit_claim(claim), arguments.simulate, seed) for claim in claims]
    findings += [_with_simulation(audit_file(path), arguments.simulate, seed) for path in arguments.claim]
    if arguments.notes:
        for path in write_notes(findings, Path(arguments.notes)):
            print(f"written: {path}", file=sys.stderr)
    print(dump("symasym.audit/1", audit_document(findings)) if arguments.format == "json" else audit_text(findings))
    return 1 if failed(findings) else 0


def _with_simulation(finding: Finding, run_it: bool, seed: int) -> Finding:
    """The finding with its simulation, run now or stored; without one where the claim file describes none."""
    if finding.claim.simulation is None:
        return finding
    if run_it:
        print(f"audit: simulating {finding.claim.id}", file=sys.stderr, flush=True)
    return replace(finding, simulation=simulate(finding, seed) if run_it else stored(finding.claim))
