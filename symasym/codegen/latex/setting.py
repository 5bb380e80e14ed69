"""The section on the model: loss, data law, features, downstream task, and a table of the symbols with their shapes."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.codegen.latex.blocks import Row, aligned, dollars
from symasym.codegen.latex.corollary import SIGMA, is_plain
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.printer import formula
from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.masks import Mask
from symasym.model.matrices import Constant, ScalarParameter, ScalarTruth, Truth
from symasym.model.model import Model
from symasym.model.scalars import Average, inner

__all__ = ["Setting", "SymbolRow", "setting"]


@dataclass(frozen=True)
class SymbolRow:
    """A row of the table of symbols."""

    symbol: str
    shape: str
    role: str


@dataclass(frozen=True)
class Setting:
    """Section on the model: `loss`, `penalty` (empty without one), `features` and `target` are displays."""

    loss: str
    penalty: str
    symbols: tuple[SymbolRow, ...]
    features: str
    input: str
    input_law: str
    target: str
    where: str
    sources: str


def _family(vector: GaussianVector) -> str:
    scale = vector.law.scale
    if scale is None:
        return "Gaussian"
    return f"multivariate $t$ with ${formula(scale.degrees_of_freedom)}$ degrees of freedom"


def _component(vector: GaussianVector, law: GaussianLaw, data: tuple[GaussianVector, ...]) -> str:
    """One component of a law, or the law itself: mean, covariance, covariances with the vectors before."""
    centre = law.mean(vector.position)
    mean = "centred " if isinstance(centre, ZeroMatrix) else ""
    words = [f"{mean}{_family(vector)}", f"covariance ${formula(law.covariance(vector.position, vector.position))}$"]
    if not mean:
        words.insert(1, f"mean ${formula(centre)}$")
    for other in data:
        if other.law == vector.law and other.position < vector.position:
            cross = law.covariance(other.position, vector.position)
            if not isinstance(cross, ZeroMatrix):
                pair = rf"\operatorname{{Cov}}({formula(other)}, {formula(vector)})"
                words.append(f"${pair} = {formula(cross)}$")
    return ", ".join(words)


def _law(vector: GaussianVector, data: tuple[GaussianVector, ...], loss: sympy.Expr) -> str:
    components = vector.law.components
    parts = [_component(vector, law, data) for _, law in components]
    if len(components) > 1:
        parts = [f"with probability ${formula(p)}$ {part}" for (p, _), part in zip(components, parts, strict=True)]
    words = ["; ".join(parts)]
    if len(data) > 1 and all(other.law != vector.law for other in data if other != vector):
        words.append("independent of the others")
    for _, over, count in (node.args for node in sorted(loss.atoms(Average), key=str)):
        if over == vector:
            words.append(f"${formula(count)}$ independent copies, over which the loss averages")
    return ", ".join(words)


def _mask_law(mask: Mask, loss: sympy.Expr) -> str:
    words = [f"diagonal, each coordinate kept with probability ${formula(mask.keep)}$, independent of the data"]
    for _, over, count in (node.args for node in sorted(loss.atoms(Average), key=str)):
        if over == mask:
            words.append(f"${formula(count)}$ independent copies, over which the loss averages")
    return ", ".join(words)


def _shape(matrix: sympy.Basic) -> str:
    rows, columns = matrix.shape
    return f"${formula(rows)}$" if columns == 1 else rf"${formula(rows)} \times {formula(columns)}$"


def _symbols(model: Model) -> tuple[SymbolRow, ...]:
    down = model.downstream
    mentioned = [model.loss, model.local_penalty, model.features, down.target, down.noise, down.x.cov]
    mentioned += [law.mean(vector.position) for vector in model.data for _, law in vector.law.components]
    for vector in model.data:
        mentioned += [
            vector.law.covariance(vector.position, other.position) for other in model.data if other.law == vector.law
        ]
    matrices: set[sympy.Basic] = set().union(*(expression.atoms(Constant, Truth) for expression in mentioned))
    truths = set().union(*(expression.atoms(ScalarTruth) for expression in mentioned))
    rows = [SymbolRow(dollars(p), _shape(p), "parameter, learned in pre-training") for p in model.parameters]
    rows += [SymbolRow(dollars(v), _shape(v), f"data: {_law(v, model.data, model.loss)}") for v in model.data]
    rows += [
        SymbolRow(dollars(s), _shape(s), f"mean of ${formula(s.expression)}$ over the sample")
        for s in model.sample_means
    ]
    rows += [SymbolRow(dollars(r), _shape(r), f"mask: {_mask_law(r, model.loss)}") for r in model.masks]
    for matrix in sorted(matrices, key=lambda m: str(m.name)):
        if isinstance(matrix, Truth):
            role = f"true value of ${formula(sympy.Symbol(matrix.of))}$"
        else:
            role = "known, symmetric" if matrix.symmetric else "known"
        rows.append(SymbolRow(dollars(matrix), _shape(matrix), role))
    scalars = sorted({*model.scalars, *truths}, key=str)
    return (*rows, *(SymbolRow(dollars(scalar), "scalar", _scalar_role(scalar)) for scalar in scalars))


def _scalar_role(scalar: sympy.Symbol) -> str:
    if isinstance(scalar, ScalarParameter):
        return "parameter, learned in pre-training"
    if isinstance(scalar, ScalarTruth):
        return f"true value of ${formula(sympy.Symbol(scalar.of))}$"
    return "known, positive" if scalar.is_positive else "known"


def setting(model: Model, sources: str, layout: Layout) -> Setting:
    """Loss, data law, features, downstream task, symbols with their shapes; `sources` are the keys to cite."""
    down = model.downstream
    target: list[Row] = [(sympy.Symbol(f"f^*({down.x.name})"), "=", inner(down.target, down.x))]
    if not is_plain(down.noise):
        target.append((SIGMA, "=", down.noise))
    features = model.features.xreplace({model.input: down.x})
    return Setting(
        loss=aligned([(sympy.Symbol("l(w; z)"), "=", model.loss)], layout),
        penalty=aligned([(sympy.Symbol("P(w)"), "=", model.local_penalty)], layout) if model.local_penalty != 0 else "",
        symbols=_symbols(model),
        features=aligned([(sympy.Symbol(f"psi({down.x.name}, w)"), "=", features)], layout),
        input=formula(down.x),
        input_law=rf"\mathcal{{N}}({_centre(down.x)}, {formula(down.x.cov)})",
        target=aligned(target, layout),
        where=dollars(*model.where),
        sources=sources,
    )


def _centre(vector: GaussianVector) -> str:
    return "0" if isinstance(vector.mean, ZeroMatrix) else formula(vector.mean)
