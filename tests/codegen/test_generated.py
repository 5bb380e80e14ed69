"""Every file under `generated/kernels` in one clean process with NumPy alone, against 50 digits.

The process cannot import symasym, SymPy or mpmath. Problems are those of `test_accuracy.py`, gaps down to 1e-8 of the spectrum
among them, and the same ones with the target's coefficients 40 orders of magnitude larger and smaller. Numbers travel as
hexadecimal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from support import MODELS, VARIANTS, arguments_of, derivation, spacious
from test_accuracy import DIGITS, EACH as EXPECTED, TOLERANCE, condition, law_of, numbers_in, problems, written_out
from test_gradients import sizes_of as concrete
from test_natural import PENCILS, arguments, kernel_of as pencil_kernel, problem, sizes_now
from test_natural_words import NAMES as WORDS, general_problem, kernel_of as word_kernel, with_sizes

from symasym.codegen.numpy import compile_kernel

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "generated" / "kernels"
NAMES = [name for name in (*MODELS, *VARIANTS) if derivation(name).model.aligned is not None]
SEED, EACH = 20261125, 12
FIELDS = ("mean", "variance", "risk_mean", "risk_variance", "alpha0")
ALONE = """
import sys
for name in ("sympy", "symasym", "mpmath", "jinja2", "scipy"):
    sys.modules[name] = None
import importlib.util, json
import numpy as np
def numbers(x):
    return np.array([float.fromhex(v) for v in x[1]]).reshape(x[0]) if isinstance(x, list) else x
results = {}
for name, (path, calls) in json.load(sys.stdin).items():
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    results[name] = []
    if values := calls.pop():
        options = {key: numbers(value) for key, value in values.items()}
        number, gradient = module.natural_value_and_gradient(**options)
        parts = {"risk_mean": number, "kappa": module.natural_cumulants(**options, order=2), **gradient._asdict()}
        results[name] = [{key: [float(v).hex() for v in np.ravel(value)] for key, value in parts.items() if value is not None}]
    for values in calls:
        found = module.law(**{key: numbers(value) for key, value in values.items()})._asdict()
        results[name].append({key: [float(v).hex() for v in np.ravel(value)] for key, value in found.items()})
print(json.dumps(results))
"""


def problem_sets(name: str) -> list[dict[str, np.ndarray]]:
    """Random problems, then with another size of the target."""
    law, sizes = law_of(name), spacious(name, 2)
    found = {key: value[:EACH] for key, value in problems(name, sizes, written_out(law, sizes), SEED).items()}
    target = coefficient(name)
    return [found, *({**found, target: found[target] * factor} for factor in (2.0**130, 2.0**-130))]


def coefficient(name: str) -> str:
    """The family of the target's coefficients."""
    model = derivation(name).model
    vectors = [spec for symbol, spec in model.aligned.diagonal.items() if symbol.shape[1] == 1]
    ((entry,),) = (list(spec.values()) for spec in vectors)
    return str(entry.base.label)


def natural(name: str) -> dict[str, Any] | None:
    """Natural parameters of a problem, where the kernel takes such."""
    if name in PENCILS:
        sizes_now.clear()
        sizes_now.update(concrete(name))
        return arguments(name, problem(name, "apart", True))
    return with_sizes(name, general_problem(name, True)) if name in WORDS else None


def sent(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [list(x.shape), [float(v).hex() for v in x.ravel()]] if isinstance(x, np.ndarray) else x
        for key, x in values.items()
    }


@pytest.fixture(scope="module")
def answers() -> dict[str, list[dict[str, list[str]]]]:
    """What the clean process found."""
    asked = {}
    for name in NAMES:
        kernel, sizes = compile_kernel(law_of(name)), spacious(name, 2)
        calls = [sent(arguments_of(kernel.law, values, sizes)) for values in problem_sets(name)]
        asked[name] = (str(KERNELS / f"{name}.py"), [*calls, sent(natural(name) or {})])
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_every_generated_kernel_is_asked() -> None:
    assert {path.stem for path in KERNELS.glob("*.py")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_agree_with_50_digits(name: str, answers: dict[str, list[dict[str, list[str]]]]) -> None:
    written = written_out(law_of(name), spacious(name, 2))
    for values, found in zip(problem_sets(name), answers[name][bool(natural(name)) :], strict=True):
        numbers = numbers_in(written, {key: padded(value) for key, value in values.items()})
        kappa = condition(written, numbers)
        weights = np.array([float.fromhex(x) for x in found["weights"]]).reshape(EACH, -1)
        for m in range(EACH):
            with mpmath.workdps(DIGITS):
                exact = written.exact(*(mpmath.mpf(float(number[m])) for number in numbers))
                for n, (form, value) in enumerate(zip(written.names, exact, strict=True)):
                    if form.startswith("weights"):
                        own = weights[m, int(form[8:-1])]
                    elif form in FIELDS:
                        own = float.fromhex(found[form][m])
                    else:
                        continue
                    assert abs(mpmath.mpf(float(own)) / value - 1) <= TOLERANCE * kappa[n, m], (form, m)


@pytest.mark.parametrize("name", NAMES)
def test_natural_parameters_give_what_the_tested_kernel_gives(name: str, answers: Any) -> None:
    """That one is held against 50 digits in `test_natural.py` and `test_natural_words.py`."""
    given = natural(name)
    assert given is not None
    kernel = word_kernel(name) if name in WORDS else pencil_kernel(name)
    number, gradient = kernel.natural_value_and_gradient(**given)
    expected = {"risk_mean": number, "kappa": kernel.natural_cumulants(**given, order=2), **gradient._asdict()}
    found = {key: np.array([float.fromhex(x) for x in value]) for key, value in answers[name][0].items()}
    assert found.keys() == {key for key, value in expected.items() if value is not None}
    for key, value in found.items():
        np.testing.assert_allclose(value, np.ravel(expected[key]), rtol=1e-9, atol=1e-11 * float(number))


def padded(value: np.ndarray) -> np.ndarray:
    """As many problems as `condition` expects: the last one over and over."""
    return np.concatenate([value, np.repeat(value[-1:], EXPECTED - len(value), axis=0)])
