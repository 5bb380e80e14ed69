"""A derivation that takes long says where it is; a short one says nothing."""

from __future__ import annotations

import time

import pytest
from support import loaded

from symasym.cli.waiting import waiting
from symasym.pipeline import derive


def test_the_last_stage_is_said_while_nothing_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("derive", moment=0.01, long=0.02, terminal=True) as progress:
        progress("frames")
        while "general route" not in (said := capsys.readouterr().err):
            time.sleep(0.01)
    assert said.startswith("derive: frames, ")


def test_nothing_is_said_before_a_moment_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("derive", moment=3600.0, terminal=True) as progress:
        progress("frames")
    assert capsys.readouterr().err == ""


def test_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("derive", moment=0.001) as progress:
        progress("frames")
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_every_stage_is_announced() -> None:
    stages: list[str] = []
    derive(loaded("linear_autoencoder").model, "linear_autoencoder", stages.append)
    assert stages[0] == "symmetry" and stages[-1] == "downstream map and law"
    assert "inverse of the Hessian form over the entries A[i,a], B[a,i]" in stages
