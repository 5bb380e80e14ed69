"""What can be claimed of a derivation, and where the derived side of each comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy

from symasym.calculus.expectation import Moments
from symasym.claims.claim import Part
from symasym.claims.estimator import descriptor_derivative, entry_covariance, section_slope
from symasym.claims.language import parse
from symasym.claims.place import Kind, Place, place
from symasym.claims.setting import Setting
from symasym.claims.tangent import form_at
from symasym.claims.words import lowered
from symasym.errors import InputError
from symasym.law.law import Law, downstream_variance
from symasym.words.lower import atom_of

__all__ = ["QUANTITIES", "Quantity", "form_entry", "law_quantity", "quantity"]

Derived = Callable[[Setting, Part], sympy.Expr]


@dataclass(frozen=True)
class Quantity:
    """A kind of thing: how it is written, how it is derived, and in words."""

    symbol: str
    meaning: str
    derived: Derived
    entries: bool = False


# ---- quantities of the law


def law_quantity(law: Law, what: str) -> sympy.Expr:
    """`weight`, `mean`, `variance`, `risk_mean`, `noise` or `excess_mean` of a law, `g` the downstream variances."""
    match what:
        case "weight":
            if len(law.weights) != 1:
                raise InputError(f"what: the law has {len(law.weights)} families of weights; claim its mean instead")
            return law.weights[0][0]
        case "mean":
            return law.mean
        case "variance":
            return law.variance
        case "risk_mean":
            return law.risk_mean
        case "noise":
            return law.noise
        case "excess_mean":
            return law.excess_loss_mean
    raise InputError(f"what: {what} is not a quantity of a law; known are {', '.join(LAW)}")


LAW = ("weight", "mean", "variance", "risk_mean", "noise", "excess_mean")


def downstream_at(law: Law, expression: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """The downstream variances `g` put in: `values` by index, else those of the pre-training data."""
    table = {item.index: sympy.sympify(values.get(item.index, item.own)) for item in law.ranges}
    replaced = {
        entry: table[entry.indices[0]]
        for entry in expression.atoms(sympy.Indexed)
        if entry.base == downstream_variance and entry.indices[0] in table
    }
    return expression.xreplace(replaced)


def _of_law(setting: Setting, part: Part) -> sympy.Expr:
    law = setting.derivation.law
    expression = downstream_at(law, law_quantity(law, part.what), setting.downstream)
    return setting.present(expression, dict(law.definitions))


# ---- quantities of the estimator


def _place(setting: Setting, part: Part) -> Place:
    return place(part.entry, f"{part.what}")


def _descriptor(setting: Setting) -> sympy.MatrixExpr:
    if setting.descriptor is None:
        raise InputError(f"setting {setting.name}: it names no descriptor, so nothing can be said of its entries")
    return setting.descriptor


def _entry(setting: Setting, part: Part, inverse: bool) -> sympy.Expr:
    where, derivation = _place(setting, part), setting.derivation
    slope = descriptor_derivative(derivation, _descriptor(setting))
    limit = setting.inverse_hessian if inverse else derivation.covariance
    value = entry_covariance(slope, limit, where.kind, setting.range_of(where.p), setting.range_of(where.q))
    return setting.present(value, limit.entries.definitions)


def _estimator_variance(setting: Setting, part: Part) -> sympy.Expr:
    return _entry(setting, part, inverse=False)


def _paired(setting: Setting, part: Part, value: sympy.Expr) -> sympy.Expr:
    """`<E_pq + E_qp, Z> = 2 Z_pq`: a pairing with a symmetric unit matrix counts an entry off the diagonal twice."""
    return 4 * value if _place(setting, part).kind is Kind.PAIR else value


def _estimator_pairing(setting: Setting, part: Part) -> sympy.Expr:
    return _paired(setting, part, _entry(setting, part, inverse=False))


def _inverse_hessian(setting: Setting, part: Part) -> sympy.Expr:
    return _paired(setting, part, _entry(setting, part, inverse=True))


def _section(setting: Setting, part: Part) -> sympy.Expr:
    where, derivation = _place(setting, part), setting.derivation
    slope = descriptor_derivative(derivation, _descriptor(setting))
    value = section_slope(slope, derivation.covariance, setting.range_of(where.p), setting.range_of(where.q))
    return setting.present(value, derivation.covariance.entries.definitions)


# ---- forms in H1 and H2


def form_entry(setting: Setting, expression: sympy.Expr, where: Place) -> sympy.Expr:
    """A form in `H1` and `H2` at unit tangent matrices."""
    entries = setting.entries()
    form = lowered(expression, Moments(), setting.fixed)
    tangents = atom_of(setting.tangents[0]), atom_of(setting.tangents[1])
    first, second = setting.range_of(where.p), setting.range_of(where.q)
    value = form_at(form, tangents, entries, setting.derivation.forms, where.kind, first, second)
    return setting.present(value, entries.definitions)


def _data_covariance(setting: Setting, part: Part) -> sympy.Expr:
    first, second = part.of
    return form_entry(setting, parse(f"cov({first}, {second})", setting.scope), _place(setting, part))


QUANTITIES: dict[str, Quantity] = {
    "weight": Quantity(r"\omega", "weight of the law of the interaction", _of_law),
    "mean": Quantity(r"\mathbb{E} \lVert L(Z) \rVert^2", "mean of the interaction", _of_law),
    "variance": Quantity(r"\operatorname{Var} \lVert L(Z) \rVert^2", "variance of the interaction", _of_law),
    "risk_mean": Quantity(r"\mathbb{E} \lim n (R - \sigma^2)", "mean of the limit of n (R - sigma^2)", _of_law),
    "noise": Quantity(r"\sigma^2", "label noise", _of_law),
    "excess_mean": Quantity(r"\mathbb{E} Q", "mean of the limit of m (L(w_hat) - L(w*))", _of_law),
    "estimator_variance": Quantity("Z", "covariance of entries of the estimator's limit", _estimator_variance, True),
    "estimator_pairing": Quantity(
        r"\langle H_1, V_* H_2 \rangle", "covariance of pairings of the estimator's limit", _estimator_pairing, True
    ),
    "inverse_hessian": Quantity(
        r"\langle H_1, H_*^{-1} H_2 \rangle", "inverse of the Hessian form on descriptors", _inverse_hessian, True
    ),
    "section": Quantity("Ds", "displacement of the representative along a section", _section, True),
    "data_covariance": Quantity(
        r"\operatorname{Cov}", "covariance of two expressions in the data", _data_covariance, True
    ),
}


def quantity(what: str) -> Quantity:
    """The quantity of a name; `InputError` for an unknown one."""
    if what not in QUANTITIES:
        raise InputError(f"what: {what} is not known; known are {', '.join(sorted(QUANTITIES))}")
    return QUANTITIES[what]
