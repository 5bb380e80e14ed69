"""The published claims: verdicts, confirmations, the JSON document, stored simulations."""

import json
from dataclasses import replace

import pytest
import sympy
from claims_findings import NAMES, finding

from symasym.claims.audit import audit_claim
from symasym.claims.claim import VERDICTS
from symasym.claims.reading import published
from symasym.claims.report import audit_document, audit_text, failed
from symasym.claims.stored import specification, stored
from symasym.references import load

EXPECTED = {
    "factor-descriptor": "agrees",
    "factor-law": "differs",
    "factor-noise": "ill-typed",
    "factor-order": "differs",
    "factor-prior": "bound",
    "factor-section": "differs",
    "gmm-growth-in-d": "descriptive",
    "gmm-no-closed-form": "descriptive",
    "spectral-cross": "differs",
    "spectral-example": "differs",
    "spectral-hessian": "differs",
    "spectral-law": "differs",
    "spectral-order": "conditional",
    "spectral-prior": "bound",
    "spectral-score": "agrees",
    "spectral-suboptimality": "differs",
    "spectral-variance": "differs",
    "spectral-variance-signal": "differs",
}


def test_every_claim_has_an_expected_verdict():
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_verdict(name):
    assert finding(name).verdict == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_derived_value_is_confirmed_by_another_route(name):
    found = finding(name)
    for part in (*found.parts, *found.stages, *found.repaired):
        assert part.confirmation is not None and part.confirmation.holds, part.part.title
        assert part.confirmation.route in ("referee", "quadrature")


@pytest.mark.parametrize("name", NAMES)
def test_document_keeps_the_contract(name):
    document = json.loads(json.dumps(audit_document([finding(name)]), allow_nan=False))
    (entry,) = document["claims"]
    assert entry["id"] == name and entry["verdict"] in VERDICTS and entry["note"] and "`" not in entry["note"]
    assert entry["source"].split(",")[0] in load()
    assert isinstance(entry["difference"], str | None)
    differs = entry["verdict"] == "differs" and finding(name).order is None
    assert (entry["difference"] is not None) == (differs or entry["verdict"] == "bound")
    if entry["verdict"] in ("agrees", "ill-typed", "bound", "descriptive"):
        assert entry["counterexample"] is None
    else:
        assert isinstance(entry["counterexample"], dict)
    if entry["simulation"] is not None:
        assert {"quantity", "mean", "se", "z_claimed", "z_derived"} <= set(entry["simulation"])


@pytest.mark.parametrize("name", [name for name in NAMES if published(name).simulation is not None])
def test_stored_simulations_decide(name):
    """Within 3 standard errors of the derived number; more than 5 from a claimed one that differs, within 3 of another."""
    found = finding(name).simulation
    assert found is not None, "the claim file has changed since; run tools/audit_simulation.py"
    assert abs(found.z_derived) < 3
    assert found.se < 0.02 * abs(found.derived)
    if found.z_claimed is not None:
        assert abs(found.z_claimed) > 5 if EXPECTED[name] == "differs" else abs(found.z_claimed) < 3


@pytest.mark.parametrize("name", [name for name in NAMES if EXPECTED[name] == "differs" and not finding(name).order])
def test_every_difference_in_a_number_is_simulated(name):
    assert finding(name).simulation is not None and finding(name).simulation.z_claimed is not None


def test_a_result_of_another_specification_is_not_shown():
    claim = published("spectral-law")
    assert stored(claim) is not None
    moved = replace(claim, simulation=replace(claim.simulation, sizes={"d": 5, "k": 2}))
    assert specification(moved) != specification(claim) and stored(moved) is None


def test_text_says_the_verdict_and_the_point():
    text = audit_text([finding("spectral-law")])
    assert text.startswith("spectral-law: differs\n") and "claimed 6, derived 27/8" in text and "simulation: " in text


def test_exit_code_follows_the_verdicts():
    assert failed([finding("spectral-law")]) and failed([finding("factor-noise"), finding("factor-prior")])
    assert not failed([finding(n) for n in ("spectral-score", "factor-prior", "spectral-order", "factor-descriptor")])


# ---- planted mistakes: right claims made wrong, wrong ones mended


def verdict_with(name, number, **changes):
    claim = published(name)
    parts = list(claim.parts)
    parts[number] = replace(parts[number], **{"agrees_where": (), **changes})
    return audit_claim(replace(claim, parts=(parts[number],), stages=(), repaired=())).verdict


RIGHT_WEIGHT = "1/(2*b[j])*Sum(beta[i]**2*lam[i]*(1 + tau + lam[i]**2)/(lam[i] - mu[j])**2, (i, 1, k))"


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (RIGHT_WEIGHT, "agrees"),
        ("Sum(beta[i]**2*c[i]*b[j]*(1 + tau + lam[i]**2)*a[i]/(2*(b[j]*c[i] - a[i]*e[j])**2), (i, 1, k))", "agrees"),
        (f"2*{RIGHT_WEIGHT}", "differs"),
        (RIGHT_WEIGHT.replace("(lam[i] - mu[j])**2", "lam[i]**2"), "differs"),
        (RIGHT_WEIGHT.replace("tau + lam[i]**2", "tau + mu[j]**2"), "differs"),
        (RIGHT_WEIGHT.replace("2*b[j]", "2*b[j]**2"), "differs"),
    ],
)
def test_weights_right_and_wrong(claimed, expected):
    assert verdict_with("spectral-law", 0, claimed=claimed) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("2*tr(P(X)*S*P(Y)*S)", "2*tr(P(Y)*S*P(X)*S)"), "agrees"),
        (("tr(P(Y)*S*X*Sp)", "tr(X*S*P(Y).T*Sp)"), "agrees"),
        (("4*tr(X*S*Y*S*Q*S)", "8*tr(X*S*Y*S*Q*S)"), "differs"),
        (("P(H) = M*S*H", "P(H) = H*S*M"), "agrees"),  # transposes both terms of C_ab into each other
        (("tr(P(Y)*S*X*Sp)", "tr(P(Y).T*S*X*Sp)"), "differs"),
        (("tr(X*Sp*Y*Sp)", "tr(X*Sp*Y*S)"), "differs"),
        # vanishes where S and Sp commute, so on every diagonal point
        (("tr(X*Sp*Y*Sp)", "tr(X*Sp*Y*Sp) + tr((S*Sp - Sp*S)*X*(S*Sp - Sp*S)*Y)"), "differs"),
    ],
)
def test_score_form_right_and_wrong(change, expected):
    claim = published("spectral-score")
    assert any(change[0] in text for text in claim.definitions)
    definitions = tuple(text.replace(*change) for text in claim.definitions)
    found = audit_claim(replace(claim, definitions=definitions))
    assert found.verdict == expected
    assert found.parts[0].confirmation.holds


@pytest.mark.parametrize(
    ("name", "number", "claimed", "expected"),
    [
        ("spectral-variance", 0, "lam[i]**2*(1 + tau + lam[i]**2)/(2*a[i]*b[j]*(lam[i] - mu[j])**2)", "agrees"),
        ("spectral-variance", 0, "lam[i]**2*(1 + tau + lam[i]**2)/(2*a[i]*b[j]*(lam[i] - mu[j]))", "differs"),
        ("spectral-variance-signal", 1, "r[i]*r[l] + (a[i] - a[l])*r[i]", "differs"),
        ("spectral-variance-signal", 2, "(1 + tau + lam[i]**2 + lam[i]*lam[l] + lam[l]**2)/(2*a[i]*a[l])", "agrees"),
        ("spectral-cross", 0, "lam[i]*(lam[i] + mu[j])/(a[i]*b[j])", "agrees"),
        ("spectral-hessian", 2, "lam[i]/(a[i]*b[j]*(lam[i] - mu[j]))", "agrees"),
        ("factor-section", 0, "sqrt(ell[i])/ell[i]", "agrees"),
        ("factor-law", 0, "Sum(beta[i]**2/ell[i] - beta[i]**2/(1 + ell[i]), (i, 1, k))", "agrees"),
        ("factor-noise", 0, "sigma_nu2 + beta.T*inv(eye(k) + A.T*A)*beta", "agrees"),
        ("factor-noise", 0, "sigma_nu2 + beta.T*inv(eye(k) + A.T*A)*inv(eye(k) + A.T*A)*beta", "differs"),
        ("factor-noise", 0, "sigma_nu2 + beta.T*inv(eye(k) + A*A.T)*beta", "ill-typed"),
        ("factor-descriptor", 3, "4*(1 + ell[i])/ell[i]", "differs"),
    ],
)
def test_other_claims_right_and_wrong(name, number, claimed, expected):
    assert verdict_with(name, number, claimed=claimed) == expected


def test_a_wrong_place_of_agreement_is_refused():
    claim = published("spectral-hessian")
    part = replace(claim.parts[2], agrees_where=("mu[j] = lam[1]/2",))
    with pytest.raises(Exception, match="agrees_where"):
        audit_claim(replace(claim, parts=(part,), stages=()))


def test_orders_of_growth_right_and_wrong():
    claim = published("spectral-order")
    right = replace(claim.order, claimed=claim.order.derived)
    assert audit_claim(replace(claim, order=right)).verdict == "agrees"
    smaller = replace(claim.order, claimed="k*(d - k)")
    assert audit_claim(replace(claim, order=smaller)).verdict == "differs"
    assert sympy.sympify(finding("spectral-order").order.paths[3].to_claimed[-1]) > 100
