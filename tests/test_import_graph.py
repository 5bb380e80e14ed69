"""Arrows point one way, nothing goes round in a circle, and the referee shares nothing but the front end."""

from __future__ import annotations

import ast
from pathlib import Path

from support import NAMES, TRIAL_MODELS

import symasym

PACKAGE = Path(symasym.__file__).parent

LAYERS = [
    ["errors", "files", "document"],
    ["optimise", "quadrature", "sweeps"],
    ["model"],
    ["words", "projection"],
    ["calculus"],
    ["symmetry"],
    ["alignment"],
    ["law"],
    ["asymptotics"],
    ["referee"],
    ["general"],
    ["pipeline"],
    ["steps", "references", "evidence"],
    ["codegen"],
    ["catalogue"],
    ["inputs"],
    ["evaluation"],
    ["api"],
    ["simulation"],
    ["figures"],
    ["claims"],
    ["notebook"],
    ["build"],
    ["benchmarks"],
    ["cli"],
    ["__main__"],
]
"""From the bottom up; a room may import from rooms further down, and from itself. `docs/architecture.md` draws the same."""

HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports when it runs, by dotted name."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(n)
        for b in ast.walk(tree)
        if isinstance(b, ast.If) and "TYPE_CHECKING" in ast.unparse(b.test)
        for s in b.body
        for n in ast.walk(s)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "symasym":
            if node.module == "symasym":
                found |= {f"symasym.{alias.name}" for alias in node.names if not alias.name.startswith("__")}
            else:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "symasym"}
    return found


def room(module: str) -> str:
    return module.split(".")[1]


def files() -> list[Path]:
    return [p for p in sorted(PACKAGE.rglob("*.py")) if p.parent != PACKAGE or p.name != "__init__.py"]


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_room_has_a_place() -> None:
    rooms = {room(module_of(path)) for path in files()} - {"derivations", "generated"}
    assert rooms == set(HEIGHT)


def test_the_page_on_the_architecture_names_every_room() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in row.replace("`", "").replace(",", " ").split()} >= set(HEIGHT) - {
        "__main__"
    }


def test_arrows_point_down() -> None:
    wrong = [
        f"{module_of(path)} -> {target}"
        for path in files()
        for target in sorted(imports(path))
        if room(module_of(path)) != room(target) and HEIGHT[room(target)] >= HEIGHT[room(module_of(path))]
    ]
    assert wrong == []


def test_modules_form_no_cycle() -> None:
    graph = {module_of(path): imports(path) for path in files()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module in done or module not in graph:
            return
        package_of = module.rsplit(".", 1)[0]
        for target in sorted(graph[module]):
            if target != package_of or module.count(".") == 1:
                visit(target, (*above, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_the_referee_shares_nothing_but_the_front_end() -> None:
    """Transitively: whatever the referee imports, imports nothing beyond model and errors either."""
    graph = {module_of(path): imports(path) for path in files()}
    reached, frontier = set(), {m for m in graph if m.startswith("symasym.referee")}
    while frontier:
        module = frontier.pop()
        reached.add(module)
        frontier |= graph.get(module, set()) - reached
    assert {room(module) for module in reached} == {"referee", "model", "errors"}


def test_no_stage_knows_a_model_by_name() -> None:
    names = {*NAMES, *TRIAL_MODELS}
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                assert room(module_of(path)) == "benchmarks", f"{path.name} names the model {node.value}"
