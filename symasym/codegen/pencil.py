"""Natural parameters whose aligned coordinates come from one symmetric pencil `N - mu M`, read off the model's `aligned`.

With `T M T^T = 1` and `T N T^T = diag(mu)` in descending order, `M` the identity where the frame is orthogonal:

* `pair`: `M` and `N` are constants, diagonal in aligned coordinates with entries `p` and `mu p`;
* `own`: `N` is the only constant;
* `loadings`: `N = A A^T` for true loadings `A`, and the target is `A beta`;
* `cross`: `M` and a second view's covariance are whitened, and a cross-covariance `C` has the singular values `s`:
  `N = C S_y^{-1} C^T`, `mu = s^2`.

Models that are aligned under a further assumption on their constants (which commute, or are diagonal besides) are none of these:
for them a closed form in natural parameters would hold on a thin set alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.alignment.ranges import Ranges
from symasym.alignment.specification import entry_table
from symasym.model.aligned import Frame
from symasym.model.groups import GL, O
from symasym.model.matrices import Constant, Truth
from symasym.model.model import Model

__all__ = ["Pencil", "pencil_of"]

Spec = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class Pencil:
    """Names of the natural parameters, of the family of eigenvalues or singular values, and of the target's coefficients.

    `matrices` are `(M, N)`, `(N,)`, `(A,)` or `(M, C, S_y)`; `scale`: by range, what the coefficients in coordinates with
    `T M T^T = 1` are multiplied with to be those of the law, in the law's families and scalars. `correlations`: the constants
    are covariances of a pair of data vectors, so that `|mu| <= 1` or there are no such data.
    """

    kind: str
    matrices: tuple[str, ...]
    target: str
    family: str
    coefficient: str
    scale: Mapping[str, sympy.Expr] = field(default_factory=dict)
    correlations: bool = False


def pencil_of(model: Model) -> Pencil | None:
    """The pencil of an aligned model, or None."""
    aligned = model.aligned
    if aligned is None:
        return None
    frames = [frame for frame in aligned.frames if model.input in frame.images]
    table = entry_table(aligned, Ranges(aligned.ranges))
    if len(frames) != 1 or not isinstance(frames[0].group, GL | O):
        return None
    constants = {symbol: spec for symbol, spec in table.items() if isinstance(symbol, Constant)}
    vectors = {symbol: spec for symbol, spec in constants.items() if symbol.shape[1] == 1}
    matrices = {symbol: spec for symbol, spec in constants.items() if symbol not in vectors}
    if len(vectors) != 1:
        return None
    ((target, entries),) = vectors.items()
    found = _matrices(model, frames[0], matrices)
    if found is None:
        return _loadings(model, table, target, entries) if not matrices else None
    kind, names, family, scale = found
    coefficient = _family(entries)
    if coefficient is None or target != model.downstream.target:
        return None
    return Pencil(kind, names, target.name, family, coefficient, scale, _of_a_pair(model, kind, names))


def _of_a_pair(model: Model, kind: str, names: tuple[str, ...]) -> bool:
    """Whether two data vectors have the covariances `M`, `M` (`S_y` for two views) and the cross-covariance `N` (`C`)."""
    if kind not in ("pair", "cross"):
        return False
    first, between, second = (*names, names[0]) if kind == "pair" else names
    laws = {vector.law for vector in model.data}
    pairs = ((law, *places) for law in laws for places in permutations(range(len(law.names)), 2))
    return any(
        [_name(law.covariance(*place)) for place in ((i, i), (i, j), (j, j))] == [first, between, second]
        for law, i, j in pairs
    )


def _name(matrix: MatrixExpr) -> str | None:
    return matrix.name if isinstance(matrix, Constant) else None


Found = tuple[str, tuple[str, ...], str, Mapping[str, sympy.Expr]]


def _matrices(model: Model, frame: Frame, matrices: Mapping[Constant, Spec]) -> Found | None:
    """Kind, names, family and scale where the constants are those of a pencil."""
    assert model.aligned is not None
    own = model.input.cov
    if isinstance(frame.group, O):
        if len(matrices) != 1 or len(model.aligned.frames) != 1 or own not in matrices:
            return None
        family = _family(matrices[own])
        return None if family is None else ("own", (own.name,), family, {})
    if own not in matrices:
        return None
    others = {symbol: spec for symbol, spec in matrices.items() if symbol != own}
    if len(model.aligned.frames) == 1 and len(others) == 1:
        return _pair(own, matrices[own], *next(iter(others.items())))
    if len(model.aligned.frames) == 2 and len(others) == 2:
        return _cross(own, matrices[own], others, model)
    return None


def _pair(own: Constant, unit: Spec, other: MatrixExpr, spec: Spec) -> Found | None:
    ratio = {index: sympy.cancel(spec.get(index, sympy.S.Zero) / value) for index, value in unit.items()}
    family = _family(ratio)
    if family is None or other.shape != own.shape:
        return None
    scale = {str(index): 1 / sympy.sqrt(value) for index, value in unit.items() if value != 1}
    return "pair", (own.name, other.name), family, scale


def _cross(own: Constant, unit: Spec, others: Mapping[Constant, Spec], model: Model) -> Found | None:
    """Two views, both whitened under frames of the whole group."""
    assert model.aligned is not None
    whitened = [symbol for symbol, spec in others.items() if symbol.shape[0] == symbol.shape[1] and _is_one(spec)]
    if len(whitened) != 1 or not _is_one(unit) or not all(isinstance(f.group, GL) for f in model.aligned.frames):
        return None
    (second,) = whitened
    (cross,) = (symbol for symbol in others if symbol != second)
    family = _family(others[cross])
    if family is None or cross.shape != (own.shape[0], second.shape[0]):
        return None
    return "cross", (own.name, cross.name, second.name), family, {}


def _loadings(model: Model, table: Mapping[MatrixExpr, Spec], target: Constant, entries: Spec) -> Pencil | None:
    """One parameter whose true value is in the law of the data, `w* = diag(sqrt(ell))`, and a target in its columns."""
    truths = {t.of for t in model.input.cov.atoms(Truth)}
    parameters = [symbol for symbol in table if not isinstance(symbol, Constant)]
    if len(parameters) != 1 or truths != {parameters[0].name} or parameters[0].shape[0] != model.input.shape[0]:
        return None
    squares = {index: sympy.simplify(value**2) for index, value in table[parameters[0]].items()}
    family, coefficient = _family(squares), _family(entries)
    if family is None or coefficient is None or target.shape[0] != parameters[0].shape[1]:
        return None
    scale = {str(index): 1 / sympy.sqrt(value) for index, value in squares.items()}
    return Pencil("loadings", (parameters[0].name,), target.name, family, coefficient, scale)


def _is_one(spec: Spec) -> bool:
    return all(value == 1 for value in spec.values())


def _family(spec: Spec) -> str | None:
    """The family whose entries these are, one for each range."""
    if not all(isinstance(value, sympy.Indexed) and value.indices == (index,) for index, value in spec.items()):
        return None
    names = {str(value.base.label) for value in spec.values()}
    return names.pop() if len(names) == 1 else None
