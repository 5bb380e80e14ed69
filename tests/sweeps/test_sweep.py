"""Sweeps: shapes, executors, restarts, refusals."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from distributed import Client, LocalCluster
from numpy.testing import assert_array_equal

import symasym
from symasym import InputError, load_sweep, sweep
from symasym.sweeps import run
from symasym.sweeps.grid import grid_of
from symasym.sweeps.kernel import identity

TOP = str(Path(symasym.__file__).parent.parent)
A, B = np.linspace(1, 2, 5), np.linspace(-1, 1, 3)


class Pair(NamedTuple):
    total: np.ndarray
    powers: np.ndarray
    rank: int
    absent: None = None


def pair(a: np.ndarray, b: np.ndarray) -> Pair:
    return Pair(a + b, np.stack([a, b, a * b], axis=-1), 7)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a * b


def failing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if np.any((a > 1.4) & (b == 0)):
        raise ValueError("no root")
    return a * b


def weighted(v: np.ndarray, a: np.ndarray) -> dict[str, np.ndarray]:
    assert v.ndim == 2 and a.ndim == 1
    return {"sum": a * v.sum(-1), "file": 2 * v}


def test_arrays_that_broadcast(tmp_path: Path) -> None:
    found = sweep(pair, {"a": A[:, None], "b": B}, tmp_path, chunk=4)
    assert (
        found.shape == (5, 3)
        and found.count == 4
        and found.names == ["total", "powers", "rank"]
        and found.missing == []
    )
    assert_array_equal(found["total"], A[:, None] + B)
    assert_array_equal(found["powers"][..., 2], A[:, None] * B)
    assert_array_equal(found["rank"], np.full((5, 3), 7))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *(f"chunk-{n:06d}.npz" for n in range(4)),
        "grid.npz",
        "manifest.json",
    ]


def test_zipped_and_product(tmp_path: Path) -> None:
    zipped = sweep(product, {"a": A, "b": A[::-1]}, tmp_path / "zipped", chunk=2)
    assert_array_equal(zipped["value"], A * A[::-1])
    both = sweep(product, {"a": A, "b": np.outer(B, B)}, tmp_path / "product", product=True)
    assert_array_equal(both["value"], A[:, None, None] * np.outer(B, B))
    assert both.parameters["a"].shape == (5, 1, 1)
    single = sweep(product, {"a": 2.0, "b": 3.0}, tmp_path / "single")
    assert single["value"] == 6 and single.shape == ()


@pytest.mark.parametrize("as_product", [False, True])
def test_points_with_axes_of_their_own(tmp_path: Path, as_product: bool) -> None:
    v = np.arange(12.0).reshape(4, 3)
    given = {"v": v if as_product else v[:, None], "a": B}
    found = sweep(weighted, given, tmp_path, core={"v": 1}, product=as_product, chunk=5)
    assert_array_equal(found["sum"], B * v.sum(-1)[:, None])
    assert_array_equal(found["file"], np.broadcast_to(2 * v[:, None], (4, 3, 3)))


def test_one_point_at_a_time(tmp_path: Path) -> None:
    def kernel(a: float, b: float) -> dict[str, Any]:
        return {"s": float(a) + b, "v": [a, b]}

    found = sweep(kernel, {"a": A, "b": B}, tmp_path, product=True, each=True, chunk=4)
    assert_array_equal(found["s"], A[:, None] + B)
    assert found["v"].shape == (5, 3, 2)


def test_chunks_are_read_one_by_one(tmp_path: Path) -> None:
    found = sweep(product, {"a": A, "b": B}, tmp_path, product=True, chunk=4)
    values = np.full(15, np.nan)
    for where, arrays in load_sweep(tmp_path).chunks():
        assert where.stop - where.start <= 4
        values[where] = arrays["value"]
    assert_array_equal(values.reshape(5, 3), found["value"])


def processes() -> Executor:
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


@pytest.mark.parametrize("start", [lambda: ThreadPoolExecutor(2), processes], ids=["threads", "processes"])
def test_executors(tmp_path: Path, start: Callable[[], Executor]) -> None:
    here = sweep(pair, {"a": A, "b": B}, tmp_path / "here", product=True, chunk=2)
    with start() as executor:
        there = sweep(pair, {"a": A, "b": B}, tmp_path / "there", product=True, chunk=2, executor=executor)
    assert contents(here.folder) == contents(there.folder)


def test_a_dask_cluster(tmp_path: Path) -> None:
    here = sweep(pair, {"a": A, "b": B}, tmp_path / "here", product=True, chunk=2)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        there = sweep(pair, {"a": A, "b": B}, tmp_path / "there", product=True, chunk=2, executor=executor)
        assert contents(here.folder) == contents(there.folder)
        with pytest.raises(InputError, match=r"chunk 0 of 1 .* failed at a = 1\.5, b = 0\.0: ValueError: no root"):
            sweep(failing, {"a": A, "b": B}, tmp_path / "bad", product=True, executor=executor)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


SLOW = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from symasym import sweep

def kernel(a, b):
    time.sleep(float(os.environ["PAUSE"]))
    return {"sum": np.sin(a) + b, "both": np.stack([a, b], -1)}

if __name__ == "__main__":
    import slow_kernel
    grid = {"a": np.linspace(0, 1, 40), "b": np.arange(3.0)}
    executor = ThreadPoolExecutor(2) if sys.argv[2] == "threads" else None
    sweep(slow_kernel.kernel, grid, sys.argv[1], product=True, chunk=6, executor=executor)
"""


@pytest.mark.parametrize("where", ["here", "threads"])
def test_a_sweep_that_was_killed_goes_on(tmp_path: Path, where: str) -> None:
    (tmp_path / "slow_kernel.py").write_text(SLOW)

    def start(folder: str, pause: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, "slow_kernel.py", folder, where]
        return subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PAUSE": str(pause), "PYTHONPATH": TOP})

    assert start("undisturbed", 0.0).wait(60) == 0
    killed = start("killed", 0.1)
    while len(list((tmp_path / "killed").glob("chunk-*.npz"))) < 3:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(10) == -signal.SIGKILL
    there = load_sweep(tmp_path / "killed")
    assert 3 <= there.count - len(there.missing) < there.count == 20
    with pytest.raises(InputError, match=f"{len(there.missing)} of 20 chunks are missing; run the sweep again"):
        there["sum"]
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("chunk-*.npz")}
    assert start("killed", 0.0).wait(60) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done  # not computed again
    left = {name: text for name, text in contents(tmp_path / "killed").items() if not name.startswith(".")}
    assert left == contents(tmp_path / "undisturbed")
    assert_array_equal(load_sweep(tmp_path / "killed")["sum"], load_sweep(tmp_path / "undisturbed")["sum"])


def test_half_a_file_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = np.lib.format.write_array, []

    def full(stream: Any, array: np.ndarray, **options: Any) -> None:
        calls.append(array)
        if len(calls) == 5:  # two parameters, then the third chunk
            stream.write(b"half")
            raise OSError("no space left on device")
        write(stream, array, **options)

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space"):
        sweep(product, {"a": A, "b": B[0]}, tmp_path, chunk=1)
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "chunk-000000.npz",
        "chunk-000001.npz",
        "grid.npz",
        "manifest.json",
    ]
    assert_array_equal(sweep(product, {"a": A, "b": B[0]}, tmp_path, chunk=1)["value"], A * B[0])


def test_a_failure_names_chunk_and_point_and_keeps_the_rest(tmp_path: Path) -> None:
    sentence = (
        r"^kernel: chunk 1 of 3 \(points 6 to 11\) failed at a = 1\.5, b = 0\.0: ValueError: no root; "
        r"2 chunks failed in all; 1 chunks are kept in .*$"
    )
    with pytest.raises(InputError, match=sentence):
        sweep(failing, {"a": A, "b": B}, tmp_path, product=True, chunk=6)
    assert load_sweep(tmp_path).missing == [1, 2]
    with pytest.raises(InputError, match=r"chunk 2 of 3 .* failed at a = 2\.0, b = 0\.0: "):
        sweep(failing, {"a": A[[0, 0, 0, 0, 4]], "b": B}, tmp_path / "each", product=True, chunk=6, each=True)


def test_a_chunk_that_fails_only_as_a_whole(tmp_path: Path) -> None:
    def greedy(a: np.ndarray) -> np.ndarray:
        if len(a) > 3:
            raise MemoryError("too much at once")
        return a

    with pytest.raises(InputError, match=r"failed on the 5 points that start at a = 1\.0: MemoryError: too much"):
        sweep(greedy, {"a": A}, tmp_path)


def test_another_sweep_in_the_folder_is_refused(tmp_path: Path) -> None:
    grid = {"a": A, "b": A[::-1]}
    sweep(product, grid, tmp_path, chunk=2)
    before = contents(tmp_path)
    for change, named in [
        (
            lambda: sweep(product, {**grid, "a": A + 1e-16 + A * 1e-15}, tmp_path, chunk=2),
            r"another grid \(a differs\)",
        ),
        (lambda: sweep(product, {"a": A, "b": B[0]}, tmp_path, chunk=2), r"another grid \(b differs\)"),
        (lambda: sweep(product, grid, tmp_path, chunk=3), r"another chunk \(2, not 3\)"),
        (lambda: sweep(failing, grid, tmp_path, chunk=2), r"another kernel \(.*product, not .*failing\)"),
        (lambda: sweep(product, grid, tmp_path, chunk=2, each=True), r"another use of the kernel \(each\)"),
        (
            lambda: sweep(functools.partial(product, c=1), grid, tmp_path, chunk=2),
            r"another kernel \(.*product has changed\)",
        ),
    ]:
        with pytest.raises(InputError, match=f"^folder: .* holds a sweep with {named}; give another folder$"):
            change()
    assert contents(tmp_path) == before
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="is not the manifest of a sweep"):
        load_sweep(tmp_path)
    with pytest.raises(InputError, match=r"folder: there is no sweep in"):
        load_sweep(tmp_path / "nowhere")


def test_a_kernel_that_was_edited_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    seen = set()
    for factor in (2, 3):
        (tmp_path / "edited_kernel.py").write_text(
            f"def helper(a):\n    return {factor} * a\n\ndef kernel(a):\n    return helper(a)\n"
        )
        sys.modules.pop("edited_kernel", None)
        import linecache

        linecache.clearcache()
        seen.add(identity(import_module("edited_kernel").kernel)["sha256"])
    del sys.modules["edited_kernel"]
    assert len(seen) == 2


def test_what_is_bound_to_a_kernel_counts() -> None:
    def bound(value: object) -> Callable[..., object]:
        return lambda a: (a, value)

    kernels = [bound(1), bound(2), bound(A), bound(B), bound(product), bound(failing), functools.partial(product, b=A)]
    kernels += [functools.partial(product, b=B), Pair(A, A, 1)._replace, Pair(B, A, 1)._replace, np.hypot]
    assert len({identity(kernel)["sha256"] for kernel in kernels}) == len(kernels)
    assert identity(bound(A)) == identity(bound(A.copy()))

    def recursive(n: int) -> int:
        return recursive(n - 1) if n else 0

    assert identity(recursive)["name"].endswith("recursive")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda to: sweep(product, {}, to), "grid: no parameter came"),
        (lambda to: sweep(product, {"a": A, "b": B}, to), r"grid: the shapes a \(5,\), b \(3,\) do not broadcast; give"),
        (lambda to: sweep(product, {"a": [], "b": B}, to, product=True), r"grid: it has shape \(0, 3\) and no point"),
        (lambda to: sweep(product, {"a": [None], "b": B}, to), "grid: a has entries of type object"),
        (lambda to: sweep(product, {"a": A, "b": A}, to, core={"c": 1}), "core: c is not among the parameters a, b"),
        (lambda to: sweep(product, {"a": A, "b": A}, to, core={"a": 2}), r"core: 2 came for a, whose shape is \(5,\)"),
        (lambda to: sweep(product, {"a": A, "b": A}, to, chunk=0), "chunk: 0 came, a positive number"),
        (lambda to: sweep(lambda a: a[:2], {"a": A}, to), r"its result value has shape \(2,\); a leading axis of 5 points"),
        (lambda to: sweep(lambda a: {"x": object()}, {"a": A}, to), r"at a = 1\.0: InputError: its result x is of type object"),
        (lambda to: sweep(lambda a: object(), {"a": A}, to, each=True), "its result value is of type object; numbers or arrays"),
        (lambda to: sweep(product, {"a": A, "b": A}, to)["x"], "x: the outputs of .* are value"),
    ],
)  # fmt: skip
def test_refusals_are_one_sentence(tmp_path: Path, call: Callable[[Path], Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        call(tmp_path / "new")
    assert "\n" not in str(error.value)


def test_a_kernel_that_cannot_travel(tmp_path: Path) -> None:
    with processes() as executor, pytest.raises(InputError, match=r"^executor: .*; what is done is kept"):
        sweep(lambda a: a, {"a": A}, tmp_path, executor=executor)


def test_progress_is_shown_when_it_takes_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(product, {"a": A, "b": A}, tmp_path / "quick", chunk=1)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(run, "PATIENCE", 0.0)
    sweep(product, {"a": A, "b": A}, tmp_path / "long", chunk=1)
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == ["sweep: 1 of 5 chunks, 0 s left", "sweep: 5 of 5 chunks done in 0 s"]
    sweep(product, {"a": A, "b": A}, tmp_path / "quiet", chunk=1, progress=False)
    assert capsys.readouterr() == ("", "")


def test_points_in_order() -> None:
    grid = grid_of({"a": A[:, None], "b": B, "c": 4.0}, {}, product=False)
    whole = grid.at(0, grid.points)
    parts = [grid.at(start, min(start + 4, 15)) for start in range(0, 15, 4)]
    for name, expected in (("a", np.repeat(A, 3)), ("b", np.tile(B, 5)), ("c", np.full(15, 4.0))):
        assert_array_equal(whole[name], expected)
        assert_array_equal(np.concatenate([part[name] for part in parts]), expected)
