"""docs/sweeps.md runs as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
PAGE = (TOP / "docs" / "sweeps.md").read_text(encoding="utf-8")


def test_examples_run(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 2
    path = os.pathsep.join([str(TOP), str(TOP / "generated" / "kernels")])
    printed = []
    for block in blocks:
        command = [sys.executable, "-W", "error", "-c", block]
        done = subprocess.run(
            command, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True
        )
        printed += done.stdout.decode().splitlines()
    assert printed[0] == "(2, 3, 50)" and printed[1] == "(2, 3, 50) (2, 3, 50, 2)"
    assert printed[2].startswith("['weights', 'mean'") and printed[2].endswith("[]")
