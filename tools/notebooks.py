"""Run the notebooks of docs/notebooks in clean processes and store what they print.

    python tools/notebooks.py            writes the outputs into the files
    python tools/notebooks.py --check    compares what is printed now with what is stored; exit code 1 where it differs

Outputs are stored, because a repository shows a notebook as it is stored, and compared, so that none can go stale. What is
compared is text: everything printed, and the last expression of a cell as text, LaTeX and HTML. Pictures are bytes of the
plotting library's version; of them only the number is compared.

A notebook is run like a script, cell by cell, in its own folder, with no kernel and no magics. It keeps to what that gives.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"


# ---- in the clean process


def run_cells(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the outputs that its cells give now."""
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        cell["execution_count"] = count
        cell["outputs"] = _run("".join(cell["source"]), names, count)
    return notebook


def _run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Execute one cell; its last expression is its value, as in a notebook."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names) if last else None
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    outputs += [{"data": data, "metadata": {}, "output_type": "display_data"} for data in _figures()]
    if value is not None:
        outputs.append(
            {"data": _shown(value), "execution_count": count, "metadata": {}, "output_type": "execute_result"}
        )
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _shown(value: Any) -> dict[str, list[str]]:
    views = {"text/html": "_repr_html_", "text/latex": "_repr_latex_"}
    data = {kind: _lines(getattr(value, name)()) for kind, name in views.items() if hasattr(value, name)}
    return {**data, "text/plain": _lines(repr(value))}


def _figures() -> list[dict[str, list[str]]]:
    """The figures that a cell left open, as SVG without a date; closed, so that each is shown once."""
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is None:
        return []
    shown = []
    for number in plots.get_fignums():
        figure, picture = plots.figure(number), io.StringIO()
        figure.savefig(picture, format="svg", bbox_inches="tight", metadata={"Date": None})
        shown.append({"image/svg+xml": _lines(picture.getvalue()), "text/plain": [figure.get_label() or "figure"]})
        plots.close(figure)
    return shown


# ---- outside


def execute(file: Path) -> dict[str, Any]:
    """The notebook with fresh outputs, run in a clean process in which warnings are errors."""
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).resolve()), "--cells", file.name],
        cwd=file.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{file.name}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def comparable(notebook: Mapping[str, Any]) -> list[Any]:
    """What must not change: printed text, values as text and LaTeX, and how many pictures a cell shows."""
    seen: list[Any] = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            seen.append("picture" if "image/svg+xml" in data else output.get("text") or data)
    return seen


def dumped(notebook: Mapping[str, Any]) -> str:
    """The file, in the layout that notebook programs write."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Run, write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--cells", metavar="FILE", help="run one notebook in this process and print it")
    arguments = parser.parse_args()
    if arguments.cells:
        text = dumped(run_cells(json.loads(Path(arguments.cells).read_text(encoding="utf-8"))))
        sys.stdout.write(text)
        return 0
    stale = 0
    for file in sorted(FOLDER.glob("*.ipynb")):
        stored = json.loads(file.read_text(encoding="utf-8"))
        fresh = execute(file)
        if not arguments.check:
            file.write_text(dumped(fresh), encoding="utf-8")
        elif comparable(fresh) != comparable(stored):
            print(f"{file.name}: prints something else than what is stored", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
