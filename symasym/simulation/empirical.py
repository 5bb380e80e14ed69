"""The empirical loss `(1/m) sum_s l(w; z_s)` of any model: value and gradient for a batch of data sets at once.

The lowered loss is a polynomial in scalars; one that depends on the sample is a form `p_s = u_s^T M v_s`, with vectors that
vary over the samples at its ends and a word `M` in parameters and constants between them.

* A term with one form needs the data through a sample moment alone: with `S = (1/m) sum_s v_s u_s^T` its mean is the
  trace word `tr(M S)`, and no iteration looks at the samples again.
* A term with several has the mean `mu = (1/m) sum_s p_s q_s ..`, whose derivative along `V` is that of `tr(M G) + ..` with
  `G = (1/m) sum_s (q_s ..) v_s u_s^T` held fixed.

So value and gradient are polynomials in trace words over a few more letters, `S`, `G` and `mu`, made once by the calculus
and evaluated on arrays as the general route does; only `mu` and `G` take a pass over the samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.calculus.expectation import has_data
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices
from symasym.general.objective import Objective
from symasym.model.model import Model
from symasym.optimise.quasi_newton import Local
from symasym.simulation.letters import Samples
from symasym.simulation.passes import Form, form_of, is_sampled, mean_products, sample_moment, samples_last
from symasym.words.atoms import Atom, Kind, Word
from symasym.words.lower import atom_of, lower_scalar
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, Monomial, ScalarPolynomial

__all__ = ["Empirical", "EmpiricalLoss"]

HELD = 2**16
"""Numbers that a pass over the samples looks at together, so that what it makes of them stays in the cache."""


@dataclass(frozen=True)
class Product:
    """A term `mu` with several forms, each with its power; `weighted` are the letters `G`, one for each form."""

    mean: sympy.Symbol
    forms: tuple[tuple[Form, int], ...]
    weighted: tuple[Atom, ...]

    @property
    def frozen(self) -> ScalarPolynomial:
        """`sum tr(M G)`, whose derivative at fixed `G` is that of `mu`."""
        total = ScalarPolynomial()
        for (form, _), letter in zip(self.forms, self.weighted, strict=True):
            total = total + _paired(form, letter)
        return total


def _paired(form: Form, letter: Atom) -> ScalarPolynomial:
    """`tr(M S)` for a form `u^T M v` and a letter in place of `v u^T`."""
    return ScalarPolynomial.trace((*form.core, (letter, False)), letter.columns)


def _letter(name: str, form: Form) -> Atom:
    """A letter of the shape of `v u^T`."""
    columns = sympy.Integer(1) if form.left is None else form.left.rows
    return Atom(name, Kind.CONSTANT, form.right.rows, columns, symmetric=form.left == form.right, payload=form.ends)


@dataclass(frozen=True)
class Empirical:
    """The empirical loss of a model in letters.

    `moments`: each letter `S` with a form whose ends it belongs to.
    """

    objective: Objective
    moments: Mapping[Atom, Form]
    products: tuple[Product, ...]

    @classmethod
    def of(cls, model: Model) -> Empirical:
        """Raises `NotDerivableYet` for a loss that is not a polynomial in the data."""
        moments: dict[Atom, Form] = {}
        products: dict[frozenset, Product] = {}
        value = ScalarPolynomial()
        for monomial, number in lower_scalar(model.loss).sorted_terms():
            _refuse_hidden_data(monomial)
            forms = Counter(form_of(scalar) for scalar in monomial.scalars if is_sampled(scalar))
            fixed = Monomial(monomial.powers, tuple(s for s in monomial.scalars if not is_sampled(s)))
            value = value + ScalarPolynomial({fixed: number}) * _mean(forms, moments, products)
        matrices = [atom_of(parameter) for parameter in model.parameters]
        following = {product.mean: product.frozen for product in products.values()}
        objective = Objective.of(value, matrices, model.scalar_parameters, following)
        return cls(objective, moments, tuple(products.values()))

    def on(
        self,
        samples: Samples,
        values: Mapping[sympy.Basic, np.ndarray | float],
        sizes: Mapping[sympy.Symbol, int],
    ) -> EmpiricalLoss:
        """The loss on a batch of data sets.

        `values`: constants and scalars by their symbols; `sizes`: dimensions.
        """
        moments = {letter.key: sample_moment(form, samples) for letter, form in self.moments.items()}
        matrices = {
            symbol.name: np.asarray(v) for symbol, v in values.items() if isinstance(symbol, sympy.MatrixSymbol)
        }
        scalars = {symbol: v for symbol, v in values.items() if isinstance(symbol, sympy.Symbol)}
        ends = dict.fromkeys(end for product in self.products for form, _ in product.forms for end in form.ends)
        copies = [end for end in ends if end.copies is not None]
        vectors = {end: samples_last(end, copies, samples) for end in ends}
        return EmpiricalLoss(self, matrices, {**scalars, **sizes}, moments, vectors)


def _mean(forms: Counter[Form], moments: dict[Atom, Form], products: dict[frozenset, Product]) -> ScalarPolynomial:
    """The sample mean of a product of forms, in letters that are noted down."""
    if not forms:
        return ScalarPolynomial.number(1)
    if forms.total() == 1:
        (form,) = forms
        letter = _letter(f"mean({' '.join(end.key for end in form.ends)})", form)
        moments.setdefault(letter, form)
        return _paired(form, letter)
    key, name = frozenset(forms.items()), f"mu{len(products) + 1}"
    if key not in products:
        letters = tuple(_letter(f"{name}({n + 1})", form) for n, form in enumerate(forms))
        products[key] = Product(sympy.Symbol(name, real=True), tuple(forms.items()), letters)
    return ScalarPolynomial.symbol(products[key].mean)


def _refuse_hidden_data(monomial: Monomial) -> None:
    for scalar in monomial.scalars:
        atoms = [] if isinstance(scalar, LogDet) else [atom for word in words_of(scalar) for atom, _ in word]
        if any(atom.kind is Kind.MASK for atom in atoms):
            raise NotDerivableYet(
                "estimator: the loss contains random masks, so the model file has to bring an estimator of its own"
            )
        hidden = [scalar.of] if isinstance(scalar, LogDet) else [a.payload for a in atoms if a.kind is Kind.INVERSE]
        if any(map(has_data, hidden)):
            raise NotDerivableYet(
                "estimator: data stand inside an inverse or a log-determinant, so the model file has to bring its own"
            )


@dataclass(frozen=True)
class EmpiricalLoss:
    """The empirical losses of a batch of data sets.

    `matrices`, `scalars`: constants; `moments`: the letters `S`, `(B, ..)`; `vectors`: the letters of the products, samples last.
    """

    empirical: Empirical
    matrices: Mapping[str, np.ndarray]
    scalars: Mapping[sympy.Symbol, Any]
    moments: Mapping[str, np.ndarray]
    vectors: Mapping[Atom, np.ndarray]

    def at(self, point: Mapping[str, np.ndarray], chosen: np.ndarray) -> Local:
        """The losses of the `b` data sets that are chosen, each at a point of its own.

        `point`: parameter name -> `(b, rows, columns)`, `(b,)` for a scalar one.
        """
        objective = self.empirical.objective
        values = {**self.matrices, **{name: moment[chosen] for name, moment in self.moments.items()}, **point}
        scalars = {**self.scalars, **{p: point[p.name] for p in objective.parameters if isinstance(p, sympy.Symbol)}}
        letters = Matrices(values, scalars)
        for product, (mean, weighted) in zip(self.empirical.products, self._passed(letters, chosen), strict=True):
            scalars[product.mean] = mean
            values.update({letter.key: array for letter, array in zip(product.weighted, weighted, strict=True)})
        return objective.at(letters, len(chosen))

    def _passed(self, letters: Matrices, chosen: np.ndarray) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """`mu` and the `G` of every product: a pass over the samples, a few data sets or a part of one at a time."""
        if not self.empirical.products:
            return []
        products = [product.forms for product in self.empirical.products]
        m = next(iter(self.vectors.values())).shape[-1]
        width = sum(array[0].size for array in self.vectors.values()) // m
        step, block = max(1, HELD // (m * width)), max(1, HELD // width)
        pieces = []
        for start in range(0, len(chosen), step):
            here = chosen[start : start + step]
            part = _Part(letters, start, len(here))
            for first in range(0, m, block):
                vectors = {end: array[here, ..., first : first + block] for end, array in self.vectors.items()}
                pieces.append((part, min(block, m - first) / m, mean_products(products, vectors, part.word)))
        return [_gathered([(part, share, found[n]) for part, share, found in pieces]) for n in range(len(products))]


@dataclass(frozen=True)
class _Part:
    """The words of `count` data sets from `start` on."""

    letters: Matrices
    start: int
    count: int

    def word(self, word: Word) -> np.ndarray:
        """`(count, rows, columns)`."""
        array = self.letters.word(word, sympy.S.One)
        if array.ndim == 2:
            return np.broadcast_to(array, (self.count, *array.shape))
        return array[self.start : self.start + self.count]


def _gathered(
    pieces: Sequence[tuple[_Part, float, tuple[np.ndarray, list[np.ndarray]]]],
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One product: parts of the samples are averaged by their shares, data sets put one after the other."""
    total: dict[int, list[np.ndarray]] = {}
    for part, share, (mean, weighted) in pieces:
        scaled = [share * array for array in (mean, *weighted)]
        before = total.get(part.start)
        total[part.start] = scaled if before is None else [a + b for a, b in zip(before, scaled, strict=True)]
    mean, *weighted = (np.concatenate(arrays) for arrays in zip(*total.values(), strict=True))
    return mean, weighted
