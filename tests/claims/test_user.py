"""`symasym.audit` and claim files: a user's own claims."""

import json

import pytest
import sympy

import symasym
from symasym.claims.user import audit_file
from symasym.errors import InputError

LAW = symasym.derive("linear_autoencoder")
FACTOR = "Sum(noise*beta[i]**2/((noise + ell[i])*ell[i]), (i, 1, k))"


@pytest.fixture(scope="module")
def factor():
    return symasym.derive("factor")


def test_a_law_agrees_with_itself(factor):
    for law in (LAW, factor):
        everything = {
            "weight": law.weights[0][0],
            "mean": law.mean,
            "variance": law.variance,
            "risk_mean": law.risk_mean,
            "noise": law.noise,
            "excess_mean": law.excess_loss_mean,
        }
        found = symasym.audit(law, everything)
        assert found and found.verdict == "agrees" and list(found.findings) == list(everything)


def test_symbols_go_by_their_names(factor):
    i, k = sympy.symbols("i k")
    ell, beta, noise = sympy.IndexedBase("ell"), sympy.IndexedBase("beta"), sympy.Symbol("noise")
    partial = sympy.Sum(beta[i] ** 2 / ell[i], (i, 1, k)) - sympy.Sum(beta[i] ** 2 / (noise + ell[i]), (i, 1, k))
    assert not symasym.audit(factor, partial, what="weight")
    # the downstream variances are those of the pre-training data, the noise, unless the claim speaks of them
    assert symasym.audit(factor, noise * partial, what="weight")


def test_text_is_read_and_the_quantity_is_guessed(factor):
    assert symasym.audit(factor, f"(d - k)*noise*{FACTOR}")["mean"].verdict == "agrees"
    assert symasym.audit(factor, f"g[a]*{FACTOR}")["weight"].verdict == "agrees"
    risk = f"k*(sigma_nu2 + Sum(noise*beta[i]**2/(noise + ell[i]), (i, 1, k))) + (d - k)*noise*{FACTOR}/alpha"
    assert symasym.audit(factor, risk)["risk_mean"].verdict == "agrees"


@pytest.mark.parametrize(
    "wrong",
    [
        f"2*g[a]*{FACTOR}",
        "g[a]*Sum(noise*beta[i]**2/(noise + ell[i]), (i, 1, k))",
        "g[a]*Sum(noise*beta[i]/((noise + ell[i])*ell[i]), (i, 1, k))**2",
        f"g[a]*{FACTOR} + Sum((ell[i] - ell[j])**2, (j, 1, k), (i, 1, k))",
    ],
)
def test_wrong_claims_differ_at_a_point(factor, wrong):
    found = symasym.audit(factor, {"weight": wrong})
    assert not found and found.verdict == "differs"
    assert found["weight"].comparison.counterexample is not None
    assert str(found).startswith("weight: differs, claimed - derived = ")
    assert found._repr_latex_().startswith("$")


def test_missing_eigengap():
    right = "g[a]*Sum(rho_2*b[i]**2*lam[a]*lam[i]/(lam[i] - lam[a])**2, (i, 1, k))"
    assert symasym.audit(LAW, right)
    assert not symasym.audit(LAW, right.replace("(lam[i] - lam[a])**2", "lam[i]**2"))


@pytest.mark.parametrize(
    ("claimed", "message"),
    [
        ("Sum(q[i], (i, 1, k))", "no family q"),
        ("sigma3", "sigma3 is not known"),
        (sympy.Symbol("zeta"), "zeta is not a symbol of the law"),
        ({"median": "1"}, "median is not a quantity"),
        (sympy.Matrix([1]), "a scalar expression"),
    ],
)
def test_bad_claims_are_refused_in_one_sentence(factor, claimed, message):
    with pytest.raises(InputError, match=message) as refused:
        symasym.audit(factor, claimed)
    assert "\n" not in str(refused.value)


# ---- files


def test_files_in_three_languages(tmp_path):
    table = {"model": "factor", "what": "weight", "formula": f"g[a]*{FACTOR}", "id": "mine", "source": "notebook"}
    (tmp_path / "claim.json").write_text(json.dumps(table))
    (tmp_path / "claim.toml").write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items()))
    (tmp_path / "claim.py").write_text(
        f"import sympy\nmodel, what = 'factor', 'weight'\nformula = {table['formula']!r}\nid, source = 'mine', 'notebook'\n"
    )
    for suffix in ("json", "toml", "py"):
        found = audit_file(tmp_path / f"claim.{suffix}")
        assert (found.claim.id, found.claim.source, found.verdict) == ("mine", "notebook", "agrees")


def test_a_file_may_hold_several_quantities_definitions_and_values(tmp_path):
    (tmp_path / "claim.toml").write_text(
        'model = "factor"\ndefinitions = ["w[i] = beta[i]**2/ell[i]"]\nwhere = ["noise = 1"]\n'
        '[claimed]\nweight = "g[a]*Sum(w[i]/(1 + ell[i]), (i, 1, k))"\nmean = "2*Sum(w[i]/(1 + ell[i]), (i, 1, k))"\n'
    )
    found = audit_file(tmp_path / "claim.toml")
    assert [part.verdict for part in found.parts] == ["agrees", "differs"] and found.verdict == "differs"


def test_a_model_of_the_users_own(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from symasym.model import *\n"
        'd, k = dims("d k")\nA = parameter("A", k, d)\nSigma = covariance("Sigma", d)\nx = gaussian("x", d, cov=Sigma)\n'
        'i, a = indices("i a")\nlam, b = indexed("lam b")\ntarget = constant("target", d)\n'
        "model = Model(loss=norm2(x - A.T*A*x), symmetry=O(k).acts(lambda Q: {A: Q*A}), features=A*x,\n"
        '    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target), where=[k < d],\n'
        "    aligned=Aligned(ranges={i: (1, k), a: (k + 1, d)}, diagonal={Sigma: lam, target: {i: b[i]}}, at={A: {i: 1}},\n"
        "    assume=[lam[i] > lam[a], lam[a] > 0]))\n"
    )
    (tmp_path / "claim.toml").write_text(
        'model = "mine.py"\nwhat = "weight"\nformula = "g[a]*Sum(b[i]**2*lam[i]*lam[a]/(lam[i] - lam[a])**2, (i, 1, k))"\n'
    )
    assert audit_file(tmp_path / "claim.toml").verdict == "agrees"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = 3", "what"),
        ('what = "mean"\nformula = "1"', "the key model is missing"),
        ('model = "factor"\nwhat = "mean"\nformula = "1"\nfoo = 1', "the key foo is not known"),
        ("model = ", "cannot be read"),
        ('model = "factor"\nwhat = "mean"\nformula = "1"\nwhere = 3', "a list of texts"),
        ('model = "faktor"\nwhat = "mean"\nformula = "1"', "there is no model faktor"),
        ('parts = [{what = "weight"}]\nsetting = "factor"', "claimed"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, text, message):
    (tmp_path / "claim.toml").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        audit_file(tmp_path / "claim.toml")
    assert "\n" not in str(refused.value)
