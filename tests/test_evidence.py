"""Records of checks: complete, of the laws that are derived now, and what the page on simulations is made from."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from support import MODELS, VARIANTS, sizes_of

from symasym import catalogue
from symasym.evaluation import evaluate_inputs
from symasym.evidence import Simulation, evidence, simulations
from symasym.evidence.stored import EXACT, SIMULATION, digits, exact, write_exact, write_simulations
from symasym.simulation.procedure import default_input

TOP = Path(__file__).parents[1]
TOOL = runpy.run_path(str(TOP / "tools" / "verification.py"))
CASES = TOOL["cases"](())


def kept(file: str, case: str) -> Simulation:
    return next(record for record in simulations() if (record.file, record.case) == (file, case))


def test_every_case_has_a_record_and_the_page_shows_it() -> None:
    own = {(record.file, record.case) for record in simulations() if record.distance is not None}
    assert own == {(name, case) for name, case, _ in CASES}
    assert TOOL["page"](simulations()) == (TOP / "docs" / "verification.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "case", "changes"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_records_are_of_the_law_that_is_derived_now(name: str, case: str, changes: dict[str, object]) -> None:
    """To the five digits that are kept."""
    loaded = catalogue.load(name)
    document = {key: value for key, value in {**default_input(loaded), **changes}.items() if value is not None}
    found = evaluate_inputs(loaded, document)
    record = kept(name, case)
    derived = found.numeric.interaction_cumulant(1) if found.misspecified is None else found.misspecified.variance
    assert float(derived) == pytest.approx(record.derived, rel=6e-5)
    assert record.z == pytest.approx((record.intercept - record.derived) / (record.se * record.derived), abs=0.1)
    assert record.verdict == "accepted"


def test_every_closed_form_has_its_exact_comparison_at_the_sizes_of_the_tests() -> None:
    assert {record.model for record in exact()} == {record.model for record in digits()} == {*MODELS, *VARIANTS}
    for record in exact():
        assert list(record.sizes) == sizes_of(record.model) and record.points == 3
    for many in digits():
        assert (many.problems, many.digits) == (1000, 50) and many.worst < many.bound == 1e-13


def test_records_are_written_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = SIMULATION.read_bytes(), EXACT.read_bytes()
    records = simulations(), exact(), digits()
    monkeypatch.setattr("symasym.evidence.stored.SIMULATION", tmp_path / "simulation.json")
    monkeypatch.setattr("symasym.evidence.stored.EXACT", tmp_path / "exact.json")
    write_simulations(reversed(records[0]))
    write_exact(records[1][::-1], records[2][::-1])
    assert (tmp_path / "simulation.json").read_bytes() == before[0]
    assert (tmp_path / "exact.json").read_bytes() == before[1]


def test_a_model_that_nobody_ran_has_nothing() -> None:
    found = evidence("nobody")
    assert (found.exact, found.digits, found.simulations) == (None, None, ())
