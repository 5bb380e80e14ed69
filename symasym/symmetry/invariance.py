"""Does an expression keep its form when its symbols are moved? Proved, refuted, or undecided.

*Proved* means equal as polynomials in trace words, with `Q^T Q = I` and `G^{-1} G = I`. *Refuted* means that a random point
gives different numbers, which are shown. Anything else is *undecided* and an error: never "proved".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from sympy.matrices.expressions import MatrixSymbol
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model.evaluate import evaluate, small_sizes
from symasym.model.groups import Group, GroupElement
from symasym.model.masks import Mask
from symasym.model.sample_means import SampleMean
from symasym.model.scalars import LabelLoss
from symasym.words.lower import atom_of, lower_matrix, lower_scalar
from symasym.words.substitute import substitute_scalar

__all__ = ["dimensions_of", "prove_form_kept", "random_values"]

SEED = 20261120
TOLERANCE = 1e-9


def dimensions_of(*expressions: sympy.Basic) -> list[sympy.Symbol]:
    """The symbolic dimensions that the matrix symbols of some expressions mention."""
    sizes = (n for e in expressions for symbol in e.atoms(MatrixSymbol) for n in symbol.shape)
    return sorted({s for n in sizes for s in sympy.sympify(n).free_symbols}, key=str)


def random_values(
    symbols: set[MatrixSymbol], sizes: Mapping[sympy.Symbol, int], group: Group, rng: np.random.Generator
) -> dict[sympy.Basic, np.ndarray | float]:
    """Gaussian entries for every matrix symbol (symmetric where it must be), a random mask, a random element for the group's.

    Sample means are left out: they follow from the data.
    """
    values: dict[sympy.Basic, np.ndarray | float] = {}
    for symbol in sorted((s for s in symbols if not isinstance(s, SampleMean)), key=str):
        rows, columns = (int(sympy.sympify(n).subs(sizes)) for n in symbol.shape)
        if isinstance(symbol, GroupElement):
            values[symbol] = group.random(rows, rng)
        elif isinstance(symbol, Mask):
            values[symbol] = np.diag(rng.integers(0, 2, rows)).astype(float)
        else:
            entries = rng.standard_normal((rows, columns))
            values[symbol] = entries + entries.T if getattr(symbol, "symmetric", False) else entries
    return values


def prove_form_kept(
    expression: sympy.Expr,
    images: Mapping[MatrixExpr, MatrixExpr],
    group: Group,
    where: Sequence[sympy.Basic],
    what: str,
) -> None:
    """Prove `expression` with every symbol replaced by its image equal to `expression`.

    Raises `ConditionViolated` with a counterexample, or `NotDerivableYet` where neither proof nor counterexample is found.
    """
    labels = sorted(expression.atoms(LabelLoss), key=str)
    for label in labels:
        prove_form_kept(label.args[0], images, group, where, what)
    expression = expression.xreplace(dict.fromkeys(labels, sympy.S.Zero))
    lowered = lower_scalar(expression)
    moved = substitute_scalar(lowered, {atom_of(symbol): lower_matrix(image) for symbol, image in images.items()})
    if moved == lowered:
        return
    moves = ", ".join(f"{symbol} -> {image}" for symbol, image in images.items())
    image = expression.xreplace(dict(images))
    sizes = small_sizes(dimensions_of(expression, image), [r for r in where if r.free_symbols])
    rng = np.random.default_rng(SEED)
    for _ in range(3):
        values = random_values(expression.atoms(MatrixSymbol) | image.atoms(MatrixSymbol), sizes, group, rng)
        scalars = {s: float(rng.uniform(0.5, 2)) for s in expression.free_symbols if isinstance(s, sympy.Symbol)}
        before = evaluate(expression, {**values, **scalars}, sizes)
        after = evaluate(image, {**values, **scalars}, sizes)
        if abs(after - before) > TOLERANCE * (abs(before) + abs(after) + 1):
            at = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
            raise ConditionViolated(
                f"{what} is not invariant under {group}: {moves}; at a random point with {at} it goes from "
                f"{before:.6g} to {after:.6g}"
            )
    raise NotDerivableYet(
        f"{what}: invariance under {group}: {moves} is undecided (equal at random points, but not as trace words), so it "
        "cannot be used"
    )
