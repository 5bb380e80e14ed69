"""The empirical loss `(1/m) sum_s l(w; z_s) + P(w) / sqrt(m)` of any model: value and gradient for a batch of data sets at once.

The lowered loss is a polynomial in scalars; one that depends on the sample is a form `p_s = u_s^T M v_s`, with letters that
vary over the samples at its ends and a word `M` in parameters and constants between them (and perhaps further such letters,
diagonal ones, between further words).

* A term with one form of one word needs the data through a sample moment alone: with `S = (1/m) sum_s v_s u_s^T` its mean is
  the trace word `tr(M S)`, and no iteration looks at the samples again.
* Any other polynomial term has the mean `mu = (1/m) sum_s p_s q_s ..`, whose derivative along `V` is that of `tr(M G) + ..` with
  `G = (1/m) sum_s (q_s ..) v_s u_s^T` held fixed.

* A smooth function of forms is such a term too (`smooth_means`).

A sample mean that stands in the loss is one more letter, the same for all samples of a data set.

So value and gradient are polynomials in trace words over a few more letters, `S`, `G` and `mu`, made once by the calculus
and evaluated on arrays as the general route does; only `mu` and `G` take a pass over the samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.calculus.expectation import has_data
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices, scalar_array
from symasym.general.objective import Objective
from symasym.model.model import Model
from symasym.model.sample_means import SampleMean
from symasym.optimise.quasi_newton import Local
from symasym.simulation.letters import Letter, Rows, Samples, is_sampled, rows_in, samples_last
from symasym.simulation.masks import averaged_masks, joined
from symasym.simulation.means import sample_mean_array
from symasym.simulation.passes import Form, form_of, mean_products, moment
from symasym.simulation.smooth_means import SmoothMean, arguments_of, smooth_arrays
from symasym.words.atoms import Atom, Kind, Word
from symasym.words.lower import atom_of, lower_scalar
from symasym.words.network import Network, words_of
from symasym.words.polynomial import LogDet, Monomial, Scalar, ScalarPolynomial, Smooth

__all__ = ["Empirical", "EmpiricalLoss"]

ROOT = sympy.Symbol("sqrt(m)", positive=True)
"""What the local penalty `P` is divided by."""
HELD = 2**16
"""Numbers that a pass over the samples looks at together, so that what it makes of them stays in the cache."""

Values = Mapping[sympy.Basic, np.ndarray | float]
Ends = tuple[Letter, Letter]


@dataclass(frozen=True)
class Product:
    """A term `mu` with several forms, each with its power; `weighted` are the letters `G`, one for each word of each form."""

    mean: sympy.Symbol
    forms: tuple[tuple[Form, int], ...]
    weighted: tuple[Atom, ...]

    @property
    def frozen(self) -> ScalarPolynomial:
        """`sum tr(M G)`, whose derivative at fixed `G` is that of `mu`."""
        cores = [core for form, _ in self.forms for core in form.cores]
        return ScalarPolynomial.sum(map(_paired, cores, self.weighted))


def _paired(core: Word, letter: Atom) -> ScalarPolynomial:
    """`tr(M S)`."""
    return ScalarPolynomial.trace((*core, (letter, False)), letter.columns)


class Letters:
    """Letters for what the data bring into the loss, noted down as they are needed."""

    def __init__(self) -> None:
        self.moments: dict[Atom, Ends] = {}
        self.products: dict[frozenset, Product] = {}
        self.functions: list[SmoothMean] = []

    def moment(self, left: Letter, right: Letter) -> Atom:
        """`S = mean v u^T`."""
        name = " ".join("*".join(atom.key for atom in letter) for letter in (left, right))
        letter = _letter(f"mean({name})", left, right)
        self.moments.setdefault(letter, (left, right))
        return letter

    def mean(self, forms: Counter[Form]) -> ScalarPolynomial:
        """The sample mean of a product of forms."""
        if not forms:
            return ScalarPolynomial.number(1)
        form = next(iter(forms))
        if forms.total() == 1 and len(form.cores) == 1:
            return _paired(form.cores[0], self.moment(form.left, form.right))
        key, name = frozenset(forms.items()), f"mu{len(self.products) + 1}"
        if key not in self.products:
            shapes = [ends for form in forms for ends in _around(form)]
            weighted = tuple(_letter(f"{name}({n + 1})", *ends) for n, ends in enumerate(shapes))
            self.products[key] = Product(sympy.Symbol(name, real=True), tuple(forms.items()), weighted)
        return ScalarPolynomial.symbol(self.products[key].mean)

    def smooth(self, functions: Sequence[Smooth], forms: Counter[Form]) -> ScalarPolynomial:
        """The sample mean of a product of smooth functions and forms."""
        function, arguments = arguments_of(functions, forms)
        name = f"nu{len(self.functions) + 1}"
        shapes = [ends for argument in arguments for _, form in argument.terms for ends in _around(form)]
        weighted = tuple(_letter(f"{name}({n + 1})", *ends) for n, ends in enumerate((*shapes, *shapes)))
        self.functions.append(SmoothMean(sympy.Symbol(name, real=True), function, arguments, weighted))
        return ScalarPolynomial.symbol(self.functions[-1].mean)


def _letter(name: str, left: Letter, right: Letter) -> Atom:
    """A letter of the shape of `v u^T`; symmetric if the two are one."""
    return Atom(name, Kind.CONSTANT, rows_in(right), rows_in(left), symmetric=left == right, payload=(left, right))


def _around(form: Form) -> Iterator[Ends]:
    """For each word of a form, letters of the dimensions of what stands on its left and right (never one: not symmetric)."""
    for left, right in zip(form.letters, form.letters[1:], strict=False):
        yield (left, right) if left != right or len(form.cores) == 1 else (left, (*right, *right))


@dataclass(frozen=True)
class Empirical:
    """The empirical loss of a model in letters.

    `moments`: each letter `S` with the letters whose moment it is; `means`: sample means that the loss itself mentions.
    """

    objective: Objective
    moments: Mapping[Atom, Ends]
    products: tuple[Product, ...]
    means: tuple[SampleMean, ...]
    functions: tuple[SmoothMean, ...] = ()

    @classmethod
    def of(cls, model: Model, values: Values) -> Empirical:
        """`values` say which averages run over infinitely many copies, so that they are expectations.

        Raises `NotDerivableYet` for a loss that is not a polynomial in the data.
        """
        letters, terms = Letters(), []
        for monomial, number in averaged_masks(model, lower_scalar(model.loss), values).sorted_terms():
            fixed = tuple(scalar for scalar in monomial.scalars if not _varies(scalar))
            terms.append(ScalarPolynomial({Monomial(monomial.powers, fixed): number}) * _mean(monomial, letters))
        terms.append(lower_scalar(model.local_penalty) * ScalarPolynomial.symbol(ROOT, -1))
        matrices = [atom_of(parameter) for parameter in model.parameters]
        terms_with_means: tuple[Product | SmoothMean, ...] = (*letters.products.values(), *letters.functions)
        following = {term.mean: term.frozen for term in terms_with_means}
        objective = Objective.of(ScalarPolynomial.sum(terms), matrices, model.scalar_parameters, following)
        products, functions = tuple(letters.products.values()), tuple(letters.functions)
        return cls(objective, letters.moments, products, model.sample_means, functions)

    def on(self, samples: Samples, values: Values, sizes: Mapping[sympy.Symbol, int]) -> EmpiricalLoss:
        """The loss on a batch of data sets.

        `values`: constants and scalars by their symbols; `sizes`: dimensions.
        """
        matrices = {
            symbol.name: np.asarray(v) for symbol, v in values.items() if isinstance(symbol, sympy.MatrixSymbol)
        }
        scalars = {symbol: v for symbol, v in values.items() if isinstance(symbol, sympy.Symbol)}
        passed = [letter for product in self.products for form, _ in product.forms for letter in form.letters]
        passed += [letter for function in self.functions for letter in function.letters]
        ends = [letter for pair in self.moments.values() for letter in pair]
        atoms = dict.fromkeys(atom for letter in (*ends, *passed) for atom in letter)
        copies = [atom for atom in atoms if atom.copies is not None]
        arrays = {atom: samples_last(atom, copies, samples) for atom in atoms}
        kept = {atom: arrays[atom] for letter in passed for atom in letter}
        constants = Matrices(matrices, {**scalars, **sizes, ROOT: np.sqrt(next(iter(samples.values())).shape[1])})
        means = {mean.name: sample_mean_array(mean, samples, constants) for mean in self.means}
        return EmpiricalLoss(self, matrices, constants.scalars, {**self._moments(arrays), **means}, kept)

    def _moments(self, arrays: Mapping[Atom, np.ndarray]) -> dict[str, np.ndarray]:
        if not self.moments:
            return {}
        everything = np.arange(len(next(iter(arrays.values()))))
        pieces = [
            (part, part.share, [moment(*ends, part.rows) for ends in self.moments.values()])
            for part in _parts(arrays, everything)
        ]
        found = _gathered(pieces)
        return {letter.key: array for letter, array in zip(self.moments, found, strict=True)}


def _varies(scalar: Scalar) -> bool:
    """Whether a scalar depends on the sample; raises `NotDerivableYet` where it is not a polynomial in it."""
    atoms = [] if isinstance(scalar, LogDet) else [atom for word in words_of(scalar) for atom, _ in word]
    hidden = [scalar.of] if isinstance(scalar, LogDet) else [a.payload for a in atoms if a.kind is Kind.INVERSE]
    if any(map(has_data, hidden)):
        raise NotDerivableYet(
            "estimator: data stand inside an inverse or a log-determinant, so the model file has to bring its own"
        )
    return any(map(is_sampled, atoms))


def _mean(monomial: Monomial, letters: Letters) -> ScalarPolynomial:
    """The sample mean of the part of a term that varies."""
    varying = [scalar for scalar in monomial.scalars if _varies(scalar)]
    if any(isinstance(scalar, Network) for scalar in varying):
        return joined(varying, letters.moment)
    forms = Counter(form_of(scalar) for scalar in varying if isinstance(scalar, tuple))
    functions = [scalar for scalar in varying if isinstance(scalar, Smooth)]
    return letters.smooth(functions, forms) if functions else letters.mean(forms)


@dataclass(frozen=True)
class EmpiricalLoss:
    """The empirical losses of a batch of data sets.

    `matrices`, `scalars`: constants; `moments`: the letters `S` and sample means, `(B, ..)`; `arrays`: the letters of the
    products, samples last.
    """

    empirical: Empirical
    matrices: Mapping[str, np.ndarray]
    scalars: Mapping[sympy.Symbol, Any]
    moments: Mapping[str, np.ndarray]
    arrays: Mapping[Atom, np.ndarray]

    def at(self, point: Mapping[str, np.ndarray], chosen: np.ndarray) -> Local:
        """The losses of the `b` data sets that are chosen, each at a point of its own.

        `point`: parameter name -> `(b, rows, columns)`, `(b,)` for a scalar one.
        """
        objective = self.empirical.objective
        values = {**self.matrices, **{name: found[chosen] for name, found in self.moments.items()}, **point}
        scalars = {**self.scalars, **{p: point[p.name] for p in objective.parameters if isinstance(p, sympy.Symbol)}}
        letters = Matrices(values, scalars)
        terms: tuple[Product | SmoothMean, ...] = (*self.empirical.products, *self.empirical.functions)
        for term, (mean, *found) in zip(terms, self._passed(letters, chosen), strict=True):
            scalars[term.mean] = mean
            arrays, numbers = found[: len(term.weighted)], found[len(term.weighted) :]
            values.update({letter.key: array for letter, array in zip(term.weighted, arrays, strict=True)})
            if isinstance(term, SmoothMean):
                scalars.update(zip(term.numbers, numbers, strict=True))
        return objective.at(letters, len(chosen))

    def _passed(self, letters: Matrices, chosen: np.ndarray) -> Iterator[list[np.ndarray]]:
        """For every term the mean and what its derivative takes: a pass over the samples."""
        products = [product.forms for product in self.empirical.products]
        if not products and not self.empirical.functions:
            return
        pieces = []
        for part in _parts(self.arrays, chosen):
            word, numbers = part.words(letters), part.numbers(letters)
            found = [[mean, *weighted] for mean, weighted in mean_products(products, part.rows, word)]
            found += [smooth_arrays(function, part.rows, word, numbers) for function in self.empirical.functions]
            pieces.append((part, part.share, found))
        for n in range(len(products) + len(self.empirical.functions)):
            yield _gathered([(part, share, found[n]) for part, share, found in pieces])


@dataclass(frozen=True)
class _Part:
    """`count` of the chosen data sets from `start` on, and a part of their samples, of which they are a `share`."""

    start: int
    count: int
    share: float
    rows: Rows

    def words(self, letters: Matrices) -> Any:
        """A word -> its array `(count, rows, columns)`."""

        def word(item: Word) -> np.ndarray:
            array = letters.word(item, sympy.S.One)
            if array.ndim == 2:
                return np.broadcast_to(array, (self.count, *array.shape))
            return array[self.start : self.start + self.count]

        return word

    def numbers(self, letters: Matrices) -> Any:
        """A polynomial in parameters, or a scalar -> its values `(count,)`, `()` where all are alike."""

        def number(item: ScalarPolynomial | sympy.Symbol) -> np.ndarray:
            array = scalar_array(item, letters) if isinstance(item, ScalarPolynomial) else letters.scalar(item)
            return array[self.start : self.start + self.count] if array.ndim else array

        return number


def _parts(arrays: Mapping[Atom, np.ndarray], chosen: np.ndarray) -> Iterator[_Part]:
    """The chosen data sets, a few at a time, or a part of one."""
    first = next(iter(arrays.values()))
    m, axes = first.shape[-1], first.ndim
    width = sum(array[0].size for array in arrays.values()) // m
    step, block = max(1, HELD // (m * width)), max(1, HELD // width)
    for start in range(0, len(chosen), step):
        here = chosen[start : start + step]
        for low in range(0, m, block):
            taken = {atom: array[here, ..., low : low + block] for atom, array in arrays.items()}
            yield _Part(start, len(here), min(block, m - low) / m, Rows(taken, axes))


def _gathered(pieces: Sequence[tuple[_Part, float, Sequence[np.ndarray]]]) -> list[np.ndarray]:
    """Means over parts of the samples are averaged by their shares, data sets put one after the other."""
    total: dict[int, list[np.ndarray]] = {}
    for part, share, found in pieces:
        scaled = [share * array for array in found]
        before = total.get(part.start)
        total[part.start] = scaled if before is None else [a + b for a, b in zip(before, scaled, strict=True)]
    return [np.concatenate(arrays) for arrays in zip(*total.values(), strict=True)]
