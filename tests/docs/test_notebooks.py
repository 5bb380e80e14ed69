"""Notebooks are well formed, run in a clean process, and print what is stored in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from by_path import TOP, load

FILES = sorted((TOP / "docs" / "notebooks").glob("*.ipynb"))
tool = load("tools/notebooks.py")
text = load("docs/_extensions/notebook_text.py")


def stored(file: Path) -> dict:
    """The notebook in a file."""
    return json.loads(file.read_text(encoding="utf-8"))


def test_there_are_some() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_form(file: Path) -> None:
    """What nbformat 4.5 asks for, of the parts that are used here; and the file is in the layout that is written."""
    notebook = stored(file)
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names) and all(0 < len(name) <= 64 for name in names)
    for cell in notebook["cells"]:
        own = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | own
        assert not any(line.lstrip().startswith(("%", "!")) for line in cell["source"]), "magics need a kernel"
    assert file.read_text(encoding="utf-8") == tool.dumped(notebook)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_prints_what_is_stored(file: Path) -> None:
    assert tool.comparable(tool.execute(file)) == tool.comparable(stored(file)), "remake: python tools/notebooks.py"


def notebook_of(*sources: str) -> dict:
    """A notebook of code cells that were never run."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": [s], "execution_count": None, "outputs": []}
        for n, s in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_planted_changes_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "planted.ipynb"
    file.write_text(json.dumps(notebook_of("x = 2\nprint(x)", "x + 1", "x = 5")))
    fresh = tool.execute(file)
    assert tool.comparable(fresh) == [["2\n"], {"text/plain": ["3"]}]
    stale = json.loads(json.dumps(fresh))
    stale["cells"][1]["outputs"][0]["data"]["text/plain"] = ["4"]
    assert tool.comparable(stale) != tool.comparable(fresh)
    file.write_text(json.dumps(notebook_of("1 / 0")))
    with pytest.raises(RuntimeError, match=r"planted.ipynb: (.|\n)*ZeroDivisionError"):
        tool.execute(file)
    file.write_text(json.dumps(notebook_of("import warnings", "warnings.warn('old', DeprecationWarning)")))
    with pytest.raises(RuntimeError, match="DeprecationWarning: old"):
        tool.execute(file)


def test_a_value_is_stored_in_all_its_views(tmp_path: Path) -> None:
    rich = "class Rich:\n    _repr_html_ = lambda self: '<b>x</b>'\n    __repr__ = lambda self: 'x'\nRich()"
    file = tmp_path / "rich.ipynb"
    file.write_text(json.dumps(notebook_of(rich)))
    fresh = tool.execute(file)
    assert tool.comparable(fresh) == [{"text/html": ["<b>x</b>"], "text/plain": ["x"]}]
    assert "```{raw} html\n<b>x</b>\n```" in text.markdown(fresh)


def test_the_page_of_a_notebook() -> None:
    cell = notebook_of("law")["cells"][0]
    cell["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["printed\n"]},
        {"output_type": "execute_result", "data": {"text/latex": ["$\\displaystyle x^2$"], "text/plain": ["x**2"]}},
        {"output_type": "display_data", "data": {"image/svg+xml": ["<svg/>"], "text/plain": ["curve"]}},
    ]
    page = text.markdown({"cells": [{"cell_type": "markdown", "source": ["# Title"]}, cell]})
    assert page.startswith("# Title\n\n```python\nlaw\n```\n")
    assert ":class: output\n\nprinted\n```" in page
    assert "$$\nx^2\n$$" in page and "x**2" not in page
    assert '<img class="output" alt="curve" src="data:image/svg+xml;base64,PHN2Zy8+">' in page
