"""Models and variants without a closed form: what is symbolic is shown, the rest comes with numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy
from support import NAMES, OPEN, loaded

from symasym.build.artifacts import artifacts
from symasym.cli.main import main
from symasym.errors import NotDerivableYet
from symasym.evaluation import evaluate_inputs
from symasym.evaluation.numbers import constants_of
from symasym.general.route import general
from symasym.pipeline import GeneralDerivation, derive, derive_model
from symasym.referee import explicit
from symasym.simulation import verify

IN_CATALOGUE = [name for name in OPEN if name in NAMES]


@pytest.mark.parametrize("name", OPEN)
def test_the_derivation_says_what_is_symbolic_and_what_is_numeric(name: str) -> None:
    found = derive(loaded(name).model, name)
    assert isinstance(found, GeneralDerivation)
    text = str(found)
    assert "there is no closed form" in text and "symbolic: score form s" in text and "numeric: w*" in text
    with pytest.raises(NotDerivableYet, match="states no aligned coordinates"):
        derive_model(loaded(name).model, name)


@pytest.mark.parametrize("name", IN_CATALOGUE)
def test_documents_end_with_the_forms(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", name, "--steps"]) == 0
    text = capsys.readouterr().out
    assert "3. Score and Hessian forms" in text and "4. Numbers" in text and "Aligned coordinates" not in text
    assert main(["derive", name, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["law"] is None and [step["title"] for step in document["steps"]][-1] == "Numbers"
    assert main(["derive", name, "--format", "latex"]) == 0
    assert capsys.readouterr().out.rstrip().endswith(r"\end{document}")
    assert sorted(path.split("/")[0] for path in artifacts(loaded(name)).files) == ["latex", "laws"]


def test_forms_of_the_void_task_are_those_of_the_explicit_engine() -> None:
    """Decimals are rationals, so the explicit engine is exact; the arrays are off by rounding.

    The engine takes features of full rank alone, so it gets those of the first task; the forms do not depend on them.
    """
    name = "void_task"
    instance, model = loaded(name).instance, loaded(name).model
    assert instance is not None
    document = dict(instance.verification)
    found = evaluate_inputs(loaded(name), document)
    values = {**constants_of(model, instance, found.given, found.point), **found.minimiser}
    arrays = general(model, values)
    sizes = {s: int(values[s.name]) for s in model.loss.free_symbols if getattr(s, "name", None) in ("d", "k")}
    dimensions = {n for m in model.loss.atoms(sympy.MatrixSymbol) for n in m.shape if isinstance(n, sympy.Symbol)}
    sizes |= {n: int(values[n.name]) for n in dimensions}
    exact = {}
    for part in (model.loss, model.features, model.downstream.target, model.downstream.x.cov):
        for symbol in part.atoms(sympy.MatrixSymbol):
            if symbol.name in values and np.ndim(values[symbol.name]) == 2:
                exact[symbol] = [[sympy.Rational(str(v)) for v in row] for row in np.asarray(values[symbol.name])]
    exact = {s: [[_fraction(v) for v in row] for row in m] for s, m in exact.items()}
    exact |= {s: _fraction(sympy.Rational(str(values[s.name]))) for s in model.scalars if s.name in values}
    first = next(p for p in model.parameters if p.name == "a")
    referee = explicit(replace(model, features=first * model.input), sizes, exact)
    for ours, theirs in ((arrays.hessian, referee.hessian), (arrays.score, referee.score)):
        np.testing.assert_allclose(ours, theirs.astype(float), rtol=1e-12, atol=1e-12 * np.abs(ours).max())


def _fraction(number: sympy.Rational):  # type: ignore[no-untyped-def]
    from fractions import Fraction

    return Fraction(int(number.p), int(number.q))


@pytest.mark.parametrize("name", IN_CATALOGUE)
def test_a_short_simulation_does_not_contradict_the_law(name: str) -> None:
    done = verify(loaded(name), reps=400, m=(300, 1000))
    assert done.judgement.verdict != "rejected", done.judgement.reasons


def test_the_void_task_by_hand() -> None:
    """`a_hat - a` is `tau_1^{1/2}` times white noise; `a` and the woken `v` are fitted: `2 sigma^2`, `tau_1 chi2_{d-2}`."""
    instance = loaded("void_task").instance
    assert instance is not None
    found = evaluate_inputs(loaded("void_task"), dict(instance.example)).numeric  # d = 3, tau_1 = 1/2, alpha = 2
    assert (found.d_eff, found.d_act) == (1, 2)
    np.testing.assert_allclose(found.mean, 1.0 * 2 + 0.5 / 2, rtol=1e-12)
    np.testing.assert_allclose(found.unconditional().mean, 1.0 * 2 + 0.5 / 2, rtol=1e-12)
    np.testing.assert_allclose(found.unconditional().var, 2.0 * 2 + 2 * (0.5 / 2) ** 2, rtol=1e-12)
