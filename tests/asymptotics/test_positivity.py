"""Signs under stated relations: whatever is decided must hold at every admissible point, and what cannot be is left open."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import pytest
import sympy
from support import MODELS, derivation

from symasym.alignment import Ranges
from symasym.asymptotics.positivity import Facts
from symasym.errors import ConditionViolated, InputError
from symasym.model import dims, indexed, indices, scalar
from symasym.pipeline import derive_model

d, k, r = dims("d k r")
i, m, a = indices("i m a")
j, c = indices("j c")  # the partners of i and a
lam, mu = indexed("lam mu")
rho, real = scalar("rho"), sympy.Symbol("real", real=True)
RANGES = Ranges({i: (1, k), m: (k + 1, r), a: (r + 1, d)}).all
GAP = [lam[i] > lam[a], lam[a] > 0]
CHAIN = [lam[i] > lam[m], lam[m] > lam[a], lam[a] > 0]
WEAK = [lam[i] > lam[m], lam[m] >= 0]
"""Entries below the gap may be zero."""
PRODUCTS = [lam[i] * mu[i] > lam[a] * mu[a]]
"""A gap between expressions."""
SHARE = [rho < 1, lam[i] > 0, mu[i] > 0]
"""A convex combination of positive entries."""
RELIABLE = [*GAP, mu[i] > 0, mu[a] > 0, mu[i] <= 1, mu[a] <= 1]
LADDER = [lam[i] >= lam[m], lam[m] > lam[a], lam[a] >= 0]


def facts(*relations) -> Facts:
    return Facts.of(relations, RANGES)


# --- Decisions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relations", "expression", "sign"),
    [
        (GAP, lam[i] - lam[a], 1),
        (GAP, lam[a] - lam[i], -1),
        (GAP, -3 * (lam[i] - lam[a]) ** 3, -1),
        (GAP, (lam[i] - lam[a]) ** 2, 1),
        (GAP, 1 / (lam[a] - lam[i]), -1),
        (GAP, lam[i] * lam[a] / (lam[i] - lam[a]) ** 2, 1),
        (GAP, lam[i] ** 2 - lam[a] ** 2, 1),
        (GAP, lam[i] ** 2 - lam[i] * lam[a], 1),
        (GAP, lam[i] + lam[j], 1),
        (GAP, lam[j] - lam[a], 1),
        (GAP, lam[i] - lam[c], 1),
        (GAP, sympy.sqrt(lam[i]) * lam[a], 1),
        (GAP, sympy.Integer(-2), -1),
        (GAP, sympy.Integer(0), 0),
        (GAP, rho * lam[i] + rho**2, 1),
        ([lam[i] > lam[a], lam[i] > 0], lam[i] - lam[a], 1),
        ([lam[i] > lam[a], lam[i] > 0], lam[i] + lam[a] ** 2, 1),
        ([lam[i] < lam[a], lam[i] > 0], lam[i] - lam[a], -1),
        ([lam[a] < lam[i]], lam[i] - lam[a], 1),
        ([lam[i] > 0], 1 + lam[i] + mu[a] ** 2, 1),
        (CHAIN, lam[i] - lam[m], 1),
        (CHAIN, lam[m] - lam[a], 1),
        (CHAIN, lam[i] * lam[m] - lam[a] ** 2, None),
        (CHAIN, lam[i], 1),
        (WEAK, lam[i], 1),
        (WEAK, lam[i] - lam[m], 1),
        (WEAK, lam[i] + lam[m], 1),
        (WEAK, lam[j] + lam[m], 1),
        (WEAK, lam[i] ** 2 - lam[m] ** 2, 1),
        (WEAK, sympy.expand((lam[m] - lam[i]) * (lam[m] + lam[i]) ** 3), -1),
        (WEAK, 1 + sympy.sqrt(lam[m]), 1),
        ([*WEAK, k < d], (d - k) * lam[i] + lam[m] ** 3, 1),
        (LADDER, lam[i], 1),
        (LADDER, lam[m], 1),
        (LADDER, lam[i] + lam[a], 1),
        (LADDER, lam[m] ** 2 - lam[a] ** 2, 1),
        ([lam[i] >= lam[a], lam[a] > 0], lam[i], 1),
        ([lam[i] <= lam[a], lam[i] > 0], 1 + lam[a] - lam[i], 1),
        ([k < r, r <= d], d - k, 1),
        ([k <= r, r <= d], d - k + 1, 1),
        ([r <= d, k <= r], d - k + lam[i] ** 2 + 1, 1),
        (PRODUCTS, lam[i] * mu[i] - lam[a] * mu[a], 1),
        (PRODUCTS, 3 * lam[c] * mu[c] - 3 * lam[j] * mu[j], -1),
        (PRODUCTS, (lam[i] * mu[i] - lam[a] * mu[a]) ** 3 / rho, 1),
        ([1 - lam[i] > 0], lam[i] - 1, -1),
        ([rho + real * lam[i] > 0], rho + real * lam[i], 1),
        ([rho + real * lam[i] > 0], rho + real * lam[j], 1),
        ([lam[i] / (rho + 1) > lam[a] ** 2 / rho], lam[i] * rho - lam[a] ** 2 * (rho + 1), 1),
        ([lam[i] ** 2 > lam[a] ** 2, lam[i] + lam[a] > 0], lam[a] - lam[i], -1),
        (SHARE, rho * lam[i] + (1 - rho) * mu[i], 1),
        (SHARE, sympy.expand(rho * lam[i] + (1 - rho) * mu[i]), 1),
        (SHARE, sympy.expand((1 - rho) ** 2 * mu[i] + 2 * rho * (1 - rho) * lam[i] + rho**2), 1),
        (SHARE, 1 - rho, 1),
        ([1 - rho >= 0, lam[i] > 0, mu[i] > 0], (rho - 1) * mu[i] - rho * lam[i], -1),
        ([rho <= 1, lam[i] > mu[i], mu[i] > 0], lam[i] - rho * mu[i], 1),
        (RELIABLE, lam[i] * (1 - mu[i]) + lam[a], 1),
        (RELIABLE, lam[i] - lam[a] * mu[a], 1),
        ([rho < 3], 9 - rho**2, 1),
    ],
)
def test_signs(relations, expression, sign: int | None) -> None:
    found = facts(*relations).sign(expression)
    assert found == sign or (sign is None and found in (None, 1))


@pytest.mark.parametrize(
    ("relations", "expression"),
    [
        ([], lam[i]),
        ([], lam[i] - lam[a]),
        ([], (lam[i] + lam[j]) ** 2),
        ([], real),
        ([lam[i] > 0], lam[i] - lam[a]),
        ([lam[i] > 0], lam[i] + lam[a]),
        ([lam[i] > lam[a]], lam[i]),
        ([lam[i] > lam[a]], lam[i] + lam[a]),
        ([lam[i] > lam[a]], lam[i] ** 2 - lam[a] ** 2),
        (GAP, lam[i] - lam[j]),
        (GAP, lam[i] - 2 * lam[a]),
        (GAP, lam[i] - 1),
        (GAP, mu[i] - mu[a]),
        (GAP, mu[i] ** 2),
        (GAP, lam[i] * mu[a]),
        ([mu[i] > mu[a]], lam[i] - lam[a]),
        (WEAK, lam[m]),
        (WEAK, -lam[m]),
        (WEAK, lam[m] ** 2),
        (WEAK, lam[i] * lam[m]),
        (WEAK, lam[i] - lam[a]),
        (WEAK, lam[m] + lam[a] ** 2),
        (LADDER, lam[a]),
        (LADDER, lam[i] - lam[m]),
        ([lam[i] >= lam[a]], lam[i] - lam[a]),
        ([k <= d], d - k),
        ([k <= r, r <= d], d - k),
        (PRODUCTS, lam[i] * mu[i] - lam[a] * mu[c]),
        (PRODUCTS, lam[i] * mu[a] - lam[a] * mu[i]),
        (PRODUCTS, lam[i] - lam[a]),
        ([lam[i] ** 2 > lam[a] ** 2], lam[i] - lam[a]),
        ([lam[i] * mu[i] >= lam[a] * mu[a]], lam[i] * mu[i] - lam[a] * mu[a]),
        ([rho <= 1], 1 - rho),
        ([rho < 1], 2 * rho - 1),
        (SHARE, rho * lam[i] - (1 - rho) * mu[i]),
        ([real < 1], 1 - real**2),
        ([lam[i] > 0, mu[i] > 0], rho * lam[i] + (1 - rho) * mu[i]),
        (RELIABLE, lam[i] - 2 * lam[a] * mu[a]),
        (RELIABLE, 1 - mu[j]),
    ],
)
def test_what_does_not_follow_is_left_open(relations, expression) -> None:
    """Each of these is zero or of either sign somewhere among the admissible points."""
    assert facts(*relations).sign(expression) is None


@pytest.mark.parametrize("relation", [sympy.Eq(lam[i], lam[a]), sympy.Ne(lam[i], 0), sympy.true, lam[i] - lam[a]])
def test_relations_of_another_form_are_refused(relation) -> None:
    with pytest.raises(InputError, match=r"aligned\.assume: .* is not of the form u > v, u >= v, u < v or u <= v"):
        facts(relation)


@pytest.mark.parametrize("relation", [lam[i] < 0, lam[i] <= 0])
def test_a_negative_entry_is_refused_rather_than_forgotten(relation) -> None:
    with pytest.raises(InputError, match="states a negative entry"):
        facts(relation)


# --- Never wrong -------------------------------------------------------------------------------------------------


def admissible(relations, rng: Random) -> dict:
    """A random rational point at which every relation holds; descending entries are tried as often as unordered ones."""
    places = (i, j, m, sympy.Symbol("n", integer=True), a, c)
    partner = {item.partner: item.index for item in RANGES}
    while True:
        values = [Fraction(rng.randint(-30, 30), rng.randint(1, 9)) for _ in places]
        values = [rng.choice([value, value, Fraction(0)]) for value in values]
        if rng.random() < 0.5:
            values = sorted(map(abs, values), reverse=rng.random() < 0.7)
        point = dict(zip((lam[index] for index in places), values, strict=True))
        point.update({mu[index]: Fraction(rng.randint(-30, 30), rng.randint(1, 9)) for index in places})
        if all(_holds(relation, point, partner) for relation in relations):
            return {entry: sympy.Rational(value.numerator, value.denominator) for entry, value in point.items()}


def _holds(relation, point: dict, partner: dict) -> bool:
    """A relation speaks of all values of its indices, so of the partners as well, each with each."""
    used = sorted({e.indices[0] for e in relation.atoms(sympy.Indexed)}, key=str)
    places = {e.indices[0] for e in point}
    strict = isinstance(relation, sympy.StrictGreaterThan | sympy.StrictLessThan)
    for choice in product(*([p for p in sorted(places, key=str) if partner.get(p, p) == index] for index in used)):
        chosen = dict(zip(used, choice, strict=True))
        values = {
            e: sympy.Rational(v.numerator, v.denominator)
            for e in relation.atoms(sympy.Indexed)
            for v in (point[e.base[chosen[e.indices[0]]]],)
        }
        difference = sympy.sympify(relation.gts - relation.lts).xreplace(values)
        if not (difference > 0 or (difference == 0 and not strict)):
            return False
    return True


def random_expression(rng: Random) -> sympy.Expr:
    """Products of gaps, sums and squares as they come out of minors of a Hessian form, sometimes expanded."""
    entries = [lam[i], lam[j], lam[m], lam[a], lam[c], mu[i]]
    total = sympy.Integer(rng.choice([-2, 1, 3]))
    for _ in range(rng.randint(1, 3)):
        u, v = rng.sample(entries, 2)
        total *= rng.choice([u, u - v, u + v, u**2 + v**2, u * v + 1, u**2 - v**2, u + v**2]) ** rng.choice(
            [1, 1, 2, -1]
        )
    return sympy.expand(total) if rng.random() < 0.4 else total


def contradictions(relations, seed: int, count: int = 100) -> tuple[int, int]:
    """How many decisions were made, and how many a random admissible point contradicts."""
    rng, known, decided, wrong = Random(seed), facts(*relations), 0, 0
    points = [admissible(relations, rng) for _ in range(12)]
    for _ in range(count):
        expression = random_expression(rng)
        sign = known.sign(expression)
        if sign is None:
            continue
        decided += 1
        values = [sympy.sympify(expression.xreplace(point)) for point in points]
        wrong += any(sympy.sign(value) != sign for value in values if value.is_finite)
    return decided, wrong


@pytest.mark.parametrize(
    ("relations", "least"),
    [
        (GAP, 10),
        (CHAIN, 10),
        ([lam[i] < lam[m], lam[i] > 0], 5),
        ([lam[i] > lam[a]], 0),
        ([], 0),
        (WEAK, 5),
        ([lam[i] * lam[m] > lam[a] ** 2], 0),
        ([1 - lam[i] > 0], 0),
        (LADDER, 5),
        ([lam[i] > 0, lam[i] < 1], 5),
        ([lam[i] > 0, 2 - lam[i] >= 0, mu[i] > 0], 5),
    ],
)
def test_decisions_hold_at_random_admissible_points(relations, least: int) -> None:
    decided, wrong = contradictions(relations, seed=1)
    assert wrong == 0
    assert decided >= least


def positive_without_a_reason(self, symbol) -> bool:
    return True


def gaps_turned_round(self, base):
    turned = tuple((v, u, strict) for u, v, strict in self.gaps)
    return replace(self, gaps=turned, positive=self.positive)._right_with_gaps(base)


def bounds_without_a_sign(self, base):
    """A bound above says nothing of a quantity that may be negative."""
    for quantity in base.atoms(sympy.Indexed):
        if self._named(quantity) in self.bounds:
            number, _ = self.bounds[self._named(quantity)]
            y = sympy.Dummy("y", positive=True)
            base = sympy.fraction(sympy.together(base.subs(quantity, number / (1 + y))))[0]
    return sympy.expand(base)


def zero_taken_for_positive(self, symbol) -> bool:
    return self._named(symbol) in self.positive | self.nonnegative or bool(symbol.is_nonnegative)


@pytest.mark.parametrize(
    ("name", "mistake", "relations"),
    [
        ("_is_positive", positive_without_a_reason, GAP),
        ("_with_gaps", gaps_turned_round, GAP),
        ("_is_positive", zero_taken_for_positive, WEAK),
        ("_is_positive", zero_taken_for_positive, LADDER),
        ("_within_bounds", bounds_without_a_sign, [lam[i] < 1]),
    ],
)
def test_an_unsound_rule_is_caught(name: str, mistake, relations, monkeypatch) -> None:
    monkeypatch.setattr(Facts, "_right_with_gaps", Facts._with_gaps, raising=False)
    monkeypatch.setattr(Facts, name, mistake)
    assert contradictions(relations, seed=1)[1] > 0


# --- In a derivation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_the_models_of_the_catalogue_leave_nothing_open(name: str) -> None:
    assert derivation(name).law.undecided == ()


def assuming(name: str, relations):
    model = derivation(name).model
    return replace(model, aligned=replace(model.aligned, assume=relations))


def test_a_missing_eigengap_becomes_an_assumption_that_is_printed() -> None:
    """Without `lam[i] > lam[a]` the law is conditional on the gap, and says so."""
    law = derive_model(assuming("spectral", [lam[i] > 0]), "spectral").law
    assert [sympy.expand(e / 4) for e in law.undecided] == [lam[i] - lam[a]]
    assert "assumed positive, not decided: -4*lam[a] + 4*lam[i]" in str(law)
    assert derivation("spectral").law.undecided == () and "not decided" not in str(derivation("spectral").law)


def test_without_any_relation_every_entry_is_an_assumption() -> None:
    law = derive_model(assuming("linear_autoencoder", []), "linear_autoencoder").law
    assert law.undecided
    assert any(sympy.simplify(e.subs(lam[a], lam[i])) == 0 for e in law.undecided)


@pytest.mark.parametrize(("name", "positive"), [("spectral", lam[i] > 0), ("linear_autoencoder", lam[i] > 0)])
def test_the_wrong_eigenvectors_are_a_saddle(name: str, positive) -> None:
    with pytest.raises(ConditionViolated, match=r"not positive .* so w\* is a saddle"):
        derive_model(assuming(name, [lam[i] < lam[a], positive, lam[a] > 0]), name)
