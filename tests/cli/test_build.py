"""`symasym build`: whole files, freshness with a difference shown, orphans, no dependence on the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import FAMILIES, MODELS, OPEN, VARIANTS

from symasym import catalogue
from symasym.cli.main import main

FOLDERS = (("kernels", "py"), ("latex", "display.tex"), ("latex", "tex"), ("laws", "json"))


def test_what_is_committed_is_fresh_under_another_hash_seed() -> None:
    """`./run build` writes under the hash seed 0; one difference in an order that hashes decide shows here."""
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-m", "symasym", "build", "--check"]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    files = 4 * len([*MODELS, *VARIANTS]) + 2 * len([*OPEN, *FAMILIES]) + 2  # the gallery, the macros
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"generated/ is fresh: {files} files"), done.stdout


def test_writes_kernels_writeups_and_laws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "factor", "--output", str(tmp_path)]) == 0
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    names = ("factor", "factor_noise_estimated")
    assert written == sorted(f"{f}/{n}.{end}" for f, end in FOLDERS for n in names)
    out, err = capsys.readouterr()
    assert "omega[a] = " in out
    assert "factor: derived and checked in" in err


def test_a_changed_file_and_an_orphan_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "names", lambda: ["factor", "void_task"])  # orphans are those of a whole build
    main(["build", "--output", str(tmp_path)])
    kernel = tmp_path / "kernels" / "factor.py"
    kernel.write_text(kernel.read_text().replace("**2", "**3", 1))
    (tmp_path / "laws" / "left_over.json").write_text("{}")
    capsys.readouterr()
    assert main(["build", "--check", "--output", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "-" in out and "left_over.json: no model makes this file" in out
    assert "symasym build" in err
    assert main(["build", "--output", str(tmp_path)]) == 0
    assert not (tmp_path / "laws" / "left_over.json").exists()
    capsys.readouterr()
    assert main(["build", "--check", "--output", str(tmp_path)]) == 0


def test_every_committed_kernel_runs_without_symasym_and_sympy() -> None:
    """In a clean process with both made unfindable; the numbers are compared in tests/codegen."""
    top = catalogue.checkout()
    assert top is not None
    for name in (*MODELS, *VARIANTS):
        program = (
            "import sys, runpy; sys.modules['sympy'] = None; sys.modules['symasym'] = None; "
            f"kernel = runpy.run_path({str(top / 'generated' / 'kernels' / (name + '.py'))!r}); "
            "sys.exit('law' not in kernel)"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
