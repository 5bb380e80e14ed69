"""A run that is stopped, in whatever way, goes on from its file and ends with the numbers of an undisturbed one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_procedure import run, same

from symasym.errors import InputError
from symasym.simulation import Verification

SETTINGS: dict[str, Any] = {"reps": 150, "m": (100, 200)}


class Stop(Exception):
    """Raised by a callback in the middle of a run."""


def small(path: Path | None = None, **changes: Any) -> Verification:
    return run("linear_autoencoder", **{**SETTINGS, "checkpoint": path, **changes})


def chunks(path: Path) -> int:
    return len(json.loads(path.read_text())["chunks"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_raises_half_way_goes_on(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "made" / "run.json"
    steps = iter(range(3))

    def stop(done: int, planned: int) -> None:
        if next(steps) == 2:
            raise Stop

    with pytest.raises(Stop):
        small(path, progress=stop, jobs=jobs)
    assert chunks(path) == 3
    seen: list[int] = []
    resumed = small(path, progress=lambda done, planned: seen.append(done))
    assert len(seen) == 3 and chunks(path) == 6
    same(resumed.results, small().results)
    again = small(path, progress=lambda done, planned: seen.append(done))
    assert len(seen) == 3
    same(again.results, resumed.results)


KILLED = """
import os, signal, sys
from symasym import catalogue
from symasym.simulation import checkpoint, verify
checkpoint.PAUSE, checkpoint.SHARE = 0, 1e9
if __name__ == "__main__":
    count = 0
    def kill(done, planned):
        global count
        count += 1
        if count == 4:
            os.kill(os.getpid(), signal.SIGKILL)
    loaded, (path, jobs) = catalogue.load("linear_autoencoder"), sys.argv[1:]
    verify(loaded, reps=150, m=(100, 200), jobs=int(jobs), progress=kill, checkpoint=path)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_is_killed_goes_on(jobs: int, tmp_path: Path) -> None:
    program, path = tmp_path / "killed.py", tmp_path / "run.json"
    program.write_text(KILLED)
    killed = subprocess.run([sys.executable, str(program), str(path), str(jobs)], capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert chunks(path) == 4
    same(small(path).results, small().results)
    assert list(tmp_path.glob(".run.json.*")) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 1}, "another seed"),
        ({"reps": 151}, "another reps"),
        ({"m": (100, 300)}, "another m "),
        ({"n": 60}, "another n "),
    ],
)
def test_a_file_of_another_run_is_refused(changes: dict[str, Any], named: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    small(path)
    before = path.read_text()
    with pytest.raises(InputError, match=named):
        small(path, **changes)
    assert path.read_text() == before


def test_a_file_of_another_problem_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    small(path)
    with pytest.raises(InputError, match="another input"):
        run("linear_autoencoder", {"sigma2": 2.0}, **SETTINGS, checkpoint=path)
    with pytest.raises(InputError, match="another model "):
        run("factor", reps=150, m=(100, 200), checkpoint=path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"arguments": {}, "chunks": {"1/0": [["a"]]}}', "\x00", "[" * 100_000]
)
def test_what_is_no_checkpoint_is_refused_and_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"^--checkpoint: .* is not a checkpoint"):
        small(path)
    assert path.read_text() == text


def test_a_file_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        small(tmp_path / "file" / "run.json", progress=lambda *_: pytest.fail("work was done"))
    with pytest.raises(InputError, match="cannot be read"):
        small(tmp_path)
