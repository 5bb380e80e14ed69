"""An installed wheel derives and evaluates in an empty folder, without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support import MODELS, NAMES

from symasym import catalogue

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `symasym` program of an environment that holds the wheel; its dependencies come from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--quiet", "-w", str(folder)]
    subprocess.run([*pip, "wheel", str(TOP), *options], check=True, capture_output=True)
    (wheel,) = folder.glob("symasym-*.whl")
    environment = folder / "env"
    venv.create(environment, with_pip=False)
    (site,) = (environment / "lib").glob("python*/site-packages")
    here = next(path for path in sys.path if path.endswith("site-packages"))
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True, capture_output=True
    )
    for package in ("sympy", "numpy", "mpmath", "jinja2", "markupsafe", "numpy.libs"):
        if (Path(here) / package).exists():
            (site / package).symlink_to(Path(here) / package)
    return environment / "bin" / "python"


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [str(python), "-m", "symasym", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )


def test_lists_derives_and_evaluates(installed: Path, tmp_path: Path) -> None:
    listed = run(installed, tmp_path, "list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == NAMES
    for name in MODELS:
        derived = run(installed, tmp_path, "derive", name)
        assert derived.returncode == 0 and "omega[" in derived.stdout, derived.stderr
        instance = catalogue.load(name).instance
        assert instance is not None
        (tmp_path / "input.json").write_text(json.dumps(instance.example))
        evaluated = run(installed, tmp_path, "eval", name, "--input", "input.json")
        assert json.loads(evaluated.stdout)["model"] == name


def test_audits_published_claims(installed: Path, tmp_path: Path) -> None:
    audited = run(installed, tmp_path, "audit", "factor-descriptor", "--format", "json")
    (claim,) = json.loads(audited.stdout)["claims"]
    assert audited.returncode == 0 and claim["verdict"] == "agrees" and claim["simulation"]["seed"]


def test_build_outside_a_checkout_needs_a_folder(installed: Path, tmp_path: Path) -> None:
    refused = run(installed, tmp_path, "build")
    assert refused.returncode == 2 and refused.stderr.startswith("symasym: --output: missing")
    assert list(tmp_path.iterdir()) == []
    made = run(installed, tmp_path, "build", "factor", "--output", "made")
    assert made.returncode == 0
    assert (tmp_path / "made" / "kernels" / "factor.py").is_file()


def test_the_wheel_carries_generated_files_and_types(installed: Path) -> None:
    (package,) = installed.parent.parent.glob("lib/python*/site-packages/symasym")
    assert (package / "py.typed").is_file()
    for name in MODELS:
        assert (package / "derivations" / f"{name}.py").is_file()
        assert (package / "generated" / "kernels" / f"{name}.py").is_file()
