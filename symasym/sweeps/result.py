"""What a sweep leaves in its folder, and how it is read back: one output at a time, or chunk by chunk."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from symasym.document import dump
from symasym.errors import InputError
from symasym.files import whole_file, write_whole
from symasym.sweeps.grid import Grid

__all__ = ["MANIFEST", "Sweep", "begin", "load_sweep", "save_chunk"]

MANIFEST = "manifest.json"
SCHEMA = "symasym.sweep/1"


@dataclass(frozen=True)
class Sweep:
    """The folder of a sweep: `manifest.json`, `grid.npz` and one `chunk-000000.npz` for every chunk that is done.

    * `shape`: of the grid; `size`: points in a chunk; `count`: how many chunks there are.
    * `sweep["name"]`: one output, `(*shape, ...)`; reads the chunks one after the other. InputError while chunks are missing.
    """

    folder: Path
    shape: tuple[int, ...]
    size: int
    count: int
    core: dict[str, int]

    def path(self, number: int) -> Path:
        """The file of a chunk."""
        return self.folder / f"chunk-{number:06d}.npz"

    def span(self, number: int) -> tuple[int, int]:
        """The points of a chunk: the first, and the one after the last."""
        points = int(np.prod(self.shape, dtype=np.int64))
        return number * self.size, min((number + 1) * self.size, points)

    @property
    def missing(self) -> list[int]:
        """Numbers of the chunks that are not done."""
        return [number for number in range(self.count) if not self.path(number).exists()]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The arrays that were swept over; their leading axes broadcast to `shape`."""
        with np.load(self.folder / "grid.npz", allow_pickle=False) as file:
            return dict(file)

    @property
    def names(self) -> list[str]:
        """Names of the outputs."""
        with self._open(0) as file:
            return list(file.files)

    def chunks(self) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        """Each chunk: its place among the points, the last axis of the grid fastest, and its outputs `(points, ...)`."""
        for number in range(self.count):
            with self._open(number) as file:
                yield slice(*self.span(number)), dict(file)

    def __getitem__(self, name: str) -> np.ndarray:
        found: np.ndarray | None = None
        for number in range(self.count):
            with self._open(number) as file:
                if name not in file.files:
                    raise InputError(f"{name}: the outputs of {self.folder} are {', '.join(file.files)}")
                part = file[name]
            if found is None:
                found = np.empty((self.span(self.count - 1)[1], *part.shape[1:]), part.dtype)
            if part.shape[1:] != found.shape[1:] or part.dtype != found.dtype:
                raise InputError(
                    f"{name}: chunk {number} has entries {part.dtype} of shape {part.shape[1:]}, "
                    f"chunk 0 {found.dtype} of shape {found.shape[1:]}"
                )
            found[slice(*self.span(number))] = part
        assert found is not None  # a grid has a point
        return found.reshape((*self.shape, *found.shape[1:]))

    def _open(self, number: int) -> Any:
        try:
            return np.load(self.path(number), allow_pickle=False)
        except FileNotFoundError:
            left = len(self.missing)
            raise InputError(f"{self.folder}: {left} of {self.count} chunks are missing; run the sweep again") from None


def load_sweep(folder: str | PathLike[str]) -> Sweep:
    """The sweep in a folder; nothing but its manifest is read. InputError where there is none."""
    document = _manifest(Path(folder))
    if document is None:
        raise InputError(f"folder: there is no sweep in {folder}")
    core = {name: parameter["core"] for name, parameter in document["parameters"].items()}
    return Sweep(Path(folder), tuple(document["shape"]), document["chunk"], document["chunks"], core)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        document = {}
    if document.get("schema") != SCHEMA:
        raise InputError(f"folder: {folder / MANIFEST} is not the manifest of a sweep")
    return document


def begin(folder: Path, grid: Grid, size: int, kernel: dict[str, str], each: bool) -> Sweep:
    """The sweep's folder, made if it is not there. InputError if it holds another sweep, naming what differs."""
    made = {
        "kernel": kernel,
        "each": each,
        "shape": list(grid.shape),
        "chunk": size,
        "chunks": -(-grid.points // size),
        "parameters": grid.digest(),
    }
    there = _manifest(folder)
    if there is None:
        _save(folder / "grid.npz", grid.parameters)
        write_whole(folder / MANIFEST, dump(SCHEMA, made) + "\n")
    else:
        differs = [key for key in ("kernel", "each", "parameters", "shape", "chunk") if there.get(key) != made[key]]
        if differs:
            raise InputError(
                f"folder: {folder} holds a sweep with another {_which(differs[0], there, made)}; give another folder"
            )
    return load_sweep(folder)


def _which(key: str, there: dict[str, Any], made: dict[str, Any]) -> str:
    """What differs, in words."""
    if key == "parameters":
        old, new = there[key], made[key]
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return f"grid ({', '.join(names)} differ{'s' if len(names) == 1 else ''})"
    if key == "kernel":
        old, new = there[key]["name"], made[key]["name"]
        return f"kernel ({old}, not {new})" if old != new else f"kernel ({new} has changed)"
    return {
        "each": "use of the kernel (each)",
        "shape": "shape of the grid",
        "chunk": f"chunk ({there[key]}, not {made[key]})",
    }[key]


def save_chunk(sweep: Sweep, number: int, arrays: dict[str, np.ndarray]) -> None:
    """A chunk's file appears whole or not at all."""
    _save(sweep.path(number), arrays)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """As `np.savez` does, whatever the arrays are called; equal arrays make equal files."""
    with whole_file(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            # an archive that knows no date
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
