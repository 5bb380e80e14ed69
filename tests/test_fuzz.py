"""Thousands of mutated inputs through the command line: a law or one sentence, and nothing else.

Every trial runs `symasym eval` in this process with warnings as errors. What may come out: exit code 0, a document without NaN
or infinity and a silent stderr; or exit code 2, an empty stdout and one line on stderr.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import json
import math
import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import covariance
from support import MODELS, derivation, elsewhere, input_size, random_good

from symasym import catalogue
from symasym.cli.main import main
from symasym.errors import InputError

SEED = 20261121
TRIALS = 3000

Document = dict[str, Any]


# ---- good inputs to start from


def _good(model: str, rng: np.random.Generator) -> Document:
    """A random good input in general position, some of the keys that may be left out included."""
    document, extras = random_good(model, rng)
    extras |= {"alpha": float(rng.uniform(0.1, 10)), "misspecified": False}
    if rng.random() < 0.3:
        document = elsewhere(model, document, covariance(input_size(model, document), rng))
    document.update({name: value for name, value in extras.items() if rng.random() < 0.5})
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in document.items()}


# ---- mutations

SPECIAL: tuple[Any, ...] = (
    0, -0.0, 1, -1, 2, 3, 0.5, 1e-8, 1e-16, 1e17, 1e100, 1e-100, 1e154, 1e-154, 1e200, -1e200, 1e-200, 1e308, -1e308,
    1.7976931348623157e308, 1e-308, 1e-320, 5e-324, 10**20, 10**400, -(10**400), float("nan"), float("inf"), float("-inf"),
    True, False, None, "", "1", "nan", [], [[]], {}, {"a": 1}, [1], [[1.0]], [[[1.0]]], [None], [[None]], "\n", "\ud800",
)  # fmt: skip


def _any_special(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(SPECIAL))


def _lists(document: Document) -> list[list[Any]]:
    """Every list in the document, however deep, that holds something."""
    found, stack = [], list(document.values())
    while stack:
        item = stack.pop()
        if isinstance(item, list) and item:
            found.append(item)
            stack += item
    return found


def _delete(document: Document, rng: random.Random) -> None:
    del document[rng.choice(sorted(document))]


def _rename(document: Document, rng: random.Random) -> None:
    name = rng.choice(sorted(document))
    other = rng.choice([name + "_", name.upper(), name[::-1], name[:-1], "sigma2", "sigma_nu2", "A", "d", "\n" + name])
    document[other] = document.pop(name)


def _add(document: Document, rng: random.Random) -> None:
    names = [
        "Sigma_down",
        "misspecified",
        "sigma2",
        "sigma_nu2",
        "k",
        "d",
        "beta",
        "negatives",
        "x" * 500,
        "",
        "\u2028",
    ]
    document[rng.choice(names)] = _any_special(rng)


def _special(document: Document, rng: random.Random) -> None:
    document[rng.choice(sorted(document))] = _any_special(rng)


def _special_entry(document: Document, rng: random.Random) -> None:
    lists = _lists(document)
    if lists:
        chosen = rng.choice(lists)
        chosen[rng.randrange(len(chosen))] = _any_special(rng)


def _shape(document: Document, rng: random.Random) -> None:
    lists = _lists(document)
    if not lists:
        return
    chosen = rng.choice(lists)
    match rng.randrange(5):
        case 0:
            del chosen[rng.randrange(len(chosen)) :]
        case 1:
            chosen += copy.deepcopy(chosen)
        case 2:
            chosen[:] = [copy.deepcopy(chosen)]
        case 3:
            chosen.append(copy.deepcopy(rng.choice([0.0, 1.0, [1.0], []])))
        case _:
            del chosen[rng.randrange(len(chosen))]


def _arrays(document: Document) -> dict[str, np.ndarray]:
    """The keys that still hold arrays of finite numbers."""
    found = {}
    for name, value in document.items():
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            array = np.array(value if isinstance(value, list) else [], float)
            if array.size and np.all(np.isfinite(array)):
                found[name] = array
    return found


def _scale(document: Document, rng: random.Random) -> None:
    arrays = _arrays(document)
    power = 10.0 ** rng.choice([200, -200, 150, -150, 100, -100, 60, -60, 20, -20, 8, -8])
    for name in sorted(arrays) if rng.random() < 0.3 else rng.sample(sorted(arrays), min(1, len(arrays))):
        with np.errstate(over="ignore"):
            document[name] = (arrays[name] * power).tolist()


def _repeat_rows(document: Document, rng: random.Random) -> None:
    arrays = {name: array for name, array in _arrays(document).items() if array.ndim == 2}
    if arrays:
        name = rng.choice(sorted(arrays))
        array = arrays[name]
        m, n = rng.randrange(len(array)), rng.randrange(len(array))
        array[m] = array[n]
        if rng.random() < 0.7 and array.shape[0] == array.shape[1]:
            array[:, m] = array[:, n]
        document[name] = array.tolist()


def _noise(document: Document, rng: random.Random) -> None:
    arrays = _arrays(document)
    if arrays:
        name = rng.choice(sorted(arrays))
        array, size = arrays[name], 10.0 ** rng.choice([-17, -14, -11, -10, -9, -6, -3, 0])
        added = size * np.array([rng.gauss(0, 1) for _ in range(array.size)]).reshape(array.shape)
        if array.ndim == 2 and array.shape[0] == array.shape[1] and rng.random() < 0.5:
            added = added + added.T
        document[name] = (array + added).tolist()


def _diagonal(document: Document, rng: random.Random) -> None:
    """Eigenvalues of a kind that random matrices do not have: equal, close, zero, far apart."""
    arrays = {
        name: array for name, array in _arrays(document).items() if array.ndim == 2 and array.shape[0] == array.shape[1]
    }
    if arrays:
        name = rng.choice(sorted(arrays))
        choice = [1.0, 1.0, 1.0 - 1e-9, 1.0 - 1e-10, 1.0 - 1e-11, 0.5, 1e-3, 1e-9, 1e-14, 1e-17, 0.0, -0.5, 1e-150]
        document[name] = np.diag([rng.choice(choice) for _ in range(len(arrays[name]))]).tolist()


MUTATIONS: tuple[Callable[[Document, random.Random], None], ...] = (
    _delete, _rename, _add, _special, _special, _special_entry, _special_entry, _shape, _scale, _scale, _repeat_rows, _noise,
    _noise, _diagonal, _diagonal,
)  # fmt: skip


def _spoilt(data: bytes, rng: random.Random) -> bytes:
    """Text that is no longer what was written."""
    match rng.randrange(6):
        case 0:
            return data[: rng.randrange(len(data) + 1)]
        case 1:
            at = rng.randrange(len(data) + 1)
            return data[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 4))) + data[at:]
        case 2:
            at = rng.randrange(max(len(data), 1))
            return data[:at] + data[at + rng.randrange(1, 5) :]
        case 3:
            return data[:-1] + b", " + data[1:]  # every key twice
        case 4:
            return data.replace(
                b"1", rng.choice([b"1e999", b"NaN", b"-Infinity", b"1" * 5000, b"00", b"[" * 2000, b"1e-400"])
            )
        case _:
            return b"[" + data + b"]"


def mutants(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Models with texts that were once good inputs; most carry one mutation, some several, a few none."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    for n in range(count):
        model = MODELS[n % len(MODELS)]
        document = _good(model, numbers)
        for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3])):
            if document:
                rng.choice(MUTATIONS)(document, rng)
        data = json.dumps(document).encode()
        yield model, _spoilt(data, rng) if rng.random() < 0.12 else data


# ---- the harness


def _never(constant: str) -> None:
    raise ValueError(f"{constant} is printed as a number")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def complaint(code: int, out: str, err: str) -> str | None:
    """What is wrong with the outcome of a run; None if nothing is."""
    if code == 2:
        if out:
            return "a refusal with something on stdout"
        one = err.startswith("symasym: ") and err.endswith("\n") and len(err.splitlines()) == 1
        return None if one and len(err) < 400 else f"a refusal that is not one line: {err!r}"
    if code != 0:
        return f"exit code {code}"
    if err:
        return f"a law with something on stderr: {err!r}"
    try:
        document = json.loads(out, parse_constant=_never)
    except ValueError as error:
        return str(error)
    return _wrong_law(document)


def _wrong_law(document: Mapping[str, Any]) -> str | None:
    if not all(math.isfinite(x) for x in _numbers(document)):
        return "a number that is not finite"
    if any(document[name] is None for name in document if name != "alpha0"):
        return "null where a number is expected"
    weights = np.repeat(document["weights"], document["multiplicities"])
    if not (len(weights) and np.all(weights > 0)) or document["weights"] != sorted(document["weights"], reverse=True):
        return f"weights that are not positive and descending: {document['weights']}"
    if not math.isclose(weights.sum(), document["interaction"]["mean"], rel_tol=1e-12):
        return "a mean that is not the sum of the weights"
    if document["residual"] > 1e-8:
        return "a target outside the span"
    return None


def trial(model: str, data: bytes, path: Path) -> tuple[int | None, str | None]:
    """Exit code of one run, and what is wrong with it."""
    path.write_bytes(data)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            code = main(["eval", model, "--input", str(path)])
    except BaseException as error:
        return None, f"a traceback: {type(error).__name__}: {error}"
    return code, complaint(code, out.getvalue(), err.getvalue())


def fuzz(seed: int, count: int, path: Path) -> Iterator[tuple[int | None, str | None]]:
    """Exit code of every trial, and the complaint about it with the input."""
    for model, data in mutants(seed, count):
        code, wrong = trial(model, data, path)
        yield code, wrong and f"{wrong}\n  {model}: {data[:2000]!r}"


@pytest.fixture(autouse=True)
def _prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Model files and derivations are read and made once: what is fuzzed comes after."""
    monkeypatch.setattr("symasym.evaluation.closed.derive_model", lambda model, name: derivation(name))
    monkeypatch.setattr("symasym.catalogue.load", functools.cache(catalogue.load))


def test_every_mutant_gives_a_law_or_one_sentence(tmp_path: Path) -> None:
    outcomes = list(fuzz(SEED, TRIALS, tmp_path / "input.json"))
    found = [wrong for _, wrong in outcomes if wrong]
    assert not found, f"{len(found)} complaints\n" + "\n".join(found[:10])
    # Neither all good nor all bad: both sides of the checks are walked.
    codes = Counter(code for code, _ in outcomes)
    assert set(codes) == {0, 2} and min(codes.values()) > TRIALS / 10


# ---- planted mistakes that the harness must notice


@contextlib.contextmanager
def _unguarded(given: Mapping[str, Any], underflow: bool = False) -> Iterator[None]:
    yield


@pytest.mark.parametrize(
    ("target", "replacement", "said"),
    [
        ("symasym.inputs.guarded", _unguarded, "a traceback: "),
        (
            "symasym.inputs.keys.value",
            lambda key, given: np.array(given, float) if key.shape else given,
            "a traceback: ",
        ),
        ("symasym.inputs.reading.label", lambda text: text + "\nas said", "not one line"),
        ("symasym.inputs.keys.label", str, "not one line"),
        ("symasym.evaluation.closed.RESIDUAL", float("inf"), "a target outside the span"),
        (
            "symasym.evaluation.closed._significant",
            lambda numeric, given: numeric.weights - 1e-3,
            "a traceback: ValueError",
        ),
        (
            "symasym.cli.eval_command.dump",
            lambda schema, document: json.dumps(document | {"alpha": math.nan}),
            "NaN is printed",
        ),
        (
            "symasym.cli.eval_command.dump",
            lambda schema, document: json.dumps(document | {"alpha": None}),
            "null where",
        ),
    ],
)
def test_a_planted_mistake_is_noticed(
    target: str, replacement: Any, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(target, replacement)
    assert any(wrong and said in wrong for _, wrong in fuzz(SEED, TRIALS, tmp_path / "input.json"))


@pytest.mark.parametrize(
    ("code", "out", "err"),
    [
        (1, "", ""),
        (0, "{}", "RuntimeWarning: overflow\n"),
        (0, '{"alpha": NaN}', ""),
        (0, '{"alpha": 1e999}', ""),
        (0, "not JSON", ""),
        (2, "{}", "symasym: k: wrong\n"),
        (2, "", ""),
        (2, "", "symasym: k: wrong\nsymasym: d: wrong\n"),
        (2, "", "Traceback (most recent call last):\n"),
        (2, "", "symasym: k: wrong"),
    ],
)
def test_an_outcome_that_is_complained_about(code: int, out: str, err: str) -> None:
    assert complaint(code, out, err)


def test_a_good_refusal_is_no_complaint() -> None:
    error = InputError("k: 0 came, a positive integer is expected")
    assert complaint(2, "", f"symasym: {error}\n") is None
