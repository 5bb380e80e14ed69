"""The rows about laws that `symasym bench` prints, at small sizes: what stands beside the times is right, whatever they are."""

from __future__ import annotations

import pytest

from symasym.benchmarks import distributions


def test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "LAWS", {4: 30})
    monkeypatch.setattr(distributions, "RIVALS", {4: (3, 20)})
    monkeypatch.setattr(distributions, "DRAWS", 20_000)
    rows = list(distributions.rows(1))
    accuracy = [row for row in rows if "error" in row.what]
    assert len(accuracy) == 3 and all(row.met for row in accuracy)
    davies, imhof, monte_carlo = (row for row in rows if row.what.endswith("/ contour"))
    stated = [float(row.note.rsplit(" ", 1)[1]) for row in (davies, imhof, monte_carlo)]
    assert stated[0] < 1e-4 and stated[1] < 1e-2 and 0 < stated[2] < 0.02
    monkeypatch.setattr(distributions, "_quad", lambda: None)
    assert [row.note for row in distributions.rows(1) if row.value is None] == ["scipy is not installed"]
