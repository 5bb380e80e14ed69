"""Sample means of smooth functions: `mu = mean G(eta)`, and what stands in for its derivative.

`eta_i = c_i + sum_n b_in f_in` with forms `f = u^T M v` in the samples and coefficients `c`, `b` in parameters, so that

    D mu = sum_i mean(G_i) D c_i + sum_in mean(G_i f_in) D b_in + sum_in tr(D M  b_in mean(G_i v u^T)),   G_i = dG / d eta_i:

the derivative of a polynomial in trace words in which the means are numbers and letters held fixed. Positive and negative `G_i`
are kept apart: where the gradient vanishes these are the terms that cancel, next to which it is small. Forms that multiply the
function are arguments of it like any others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import sympy

from symasym.model.scalars import Slot
from symasym.model.special import compiled
from symasym.simulation.letters import Rows, is_sampled
from symasym.simulation.passes import Form, Passed, Words, form_of, weighted_moment
from symasym.words.atoms import Atom
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, Monomial, Scalar, ScalarPolynomial, Smooth
from symasym.words.smooth import derived, product_of, slots

__all__ = ["Argument", "SmoothMean", "arguments_of", "smooth_arrays"]

SIGNS = (1, -1)

Numbers = Callable[[ScalarPolynomial | sympy.Symbol], np.ndarray]
"""The values of a polynomial in parameters, or of a scalar, for the data sets at hand, `(B,)` or `()`."""


@dataclass(frozen=True)
class Argument:
    """`constant + sum coefficient form`."""

    constant: ScalarPolynomial
    terms: tuple[tuple[ScalarPolynomial, Form], ...]

    @classmethod
    def of(cls, polynomial: ScalarPolynomial) -> Argument:
        """Take a polynomial apart whose monomials have at most one factor that varies over the samples."""
        fixed, terms = {}, []
        for monomial, number in polynomial.sorted_terms():
            varying = [scalar for scalar in monomial.scalars if _varies(scalar)]
            rest = tuple(scalar for scalar in monomial.scalars if scalar not in varying)
            if not varying:
                fixed[monomial] = number
                continue
            (word,) = varying
            assert isinstance(word, tuple)
            terms.append((ScalarPolynomial({Monomial(monomial.powers, rest): number}), form_of(word)))
        return cls(ScalarPolynomial(fixed), tuple(terms))


def _varies(scalar: Scalar) -> bool:
    return not isinstance(scalar, LogDet) and any(is_sampled(atom) for word in words_of(scalar) for atom, _ in word)


def arguments_of(functions: Sequence[Smooth], forms: Counter[Form]) -> tuple[sympy.Expr, tuple[Argument, ...]]:
    """A product of functions and powers of forms, as one function of its arguments."""
    function, seen = product_of(functions)
    arguments = list(map(Argument.of, seen))
    for form, power in forms.items():
        arguments.append(Argument(ScalarPolynomial(), ((ScalarPolynomial.number(1), form),)))
        function = function * Slot(len(arguments)) ** power
    return function, tuple(arguments)


@dataclass(frozen=True)
class SmoothMean:
    """A term `mu`; `weighted`: letters `b mean(G_i v u^T)` for each core of each form, `G_i > 0` and `G_i < 0`.

    `numbers`: the means beside moving `c`, `b`, for both signs as well.
    """

    mean: sympy.Symbol
    function: sympy.Expr
    arguments: tuple[Argument, ...]
    weighted: tuple[Atom, ...]

    @property
    def letters(self) -> list[tuple[Atom, ...]]:
        """What varies over the samples."""
        return [letter for argument in self.arguments for _, form in argument.terms for letter in form.letters]

    @property
    def _cores(self) -> list[tuple[int, int, ScalarPolynomial, Form, int]]:
        """Sign, argument, coefficient, form and number of the core for every letter."""
        return [
            (sign, i, coefficient, form, n)
            for sign in SIGNS
            for i, argument in enumerate(self.arguments)
            for coefficient, form in argument.terms
            for n in range(len(form.cores))
        ]

    @cached_property
    def _moving(self) -> list[tuple[int, int, ScalarPolynomial, Form | None]]:
        """Sign, argument and form of constants and coefficients that are not plain numbers."""
        found: list[tuple[int, int, ScalarPolynomial, Form | None]] = []
        for sign in SIGNS:
            for i, argument in enumerate(self.arguments):
                found.append((sign, i, argument.constant, None))
                found += [(sign, i, coefficient, form) for coefficient, form in argument.terms]
        return [item for item in found if any(monomial != Monomial() for monomial in item[2].terms)]

    @property
    def numbers(self) -> tuple[sympy.Symbol, ...]:
        """A number held fixed for each of them."""
        return tuple(sympy.Symbol(f"{self.mean.name}[{n}]", real=True) for n in range(len(self._moving)))

    @property
    def frozen(self) -> ScalarPolynomial:
        """What moves as `mu` does while letters and numbers are held fixed."""
        cores = [form.cores[n] for *_, form, n in self._cores]
        parts = [
            ScalarPolynomial.trace((*core, (letter, False)), letter.columns)
            for core, letter in zip(cores, self.weighted, strict=True)
        ]
        parts += [
            ScalarPolynomial.symbol(number) * polynomial
            for number, (_, _, polynomial, _) in zip(self.numbers, self._moving, strict=True)
        ]
        return ScalarPolynomial.sum(parts)

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """Scalars in the function."""
        own = self.function.free_symbols - set(slots(len(self.arguments)))
        return tuple(sorted(own, key=str))


def smooth_arrays(term: SmoothMean, rows: Rows, word: Words, numbers: Numbers) -> list[np.ndarray]:
    """`mu` `(B,)`, then the arrays of its letters `(B, columns, rows)`, then its numbers `(B,)`."""
    forms = dict.fromkeys(form for argument in term.arguments for _, form in argument.terms)
    passed = {form: Passed.of(form, rows, word) for form in forms}
    like = reduce(np.add, (found.value for found in passed.values()))

    def spread(number: np.ndarray) -> np.ndarray:
        return np.asarray(number).reshape([-1, *[1] * (like.ndim - 1)])

    values = [
        sum((spread(numbers(b)) * passed[form].value for b, form in argument.terms), spread(numbers(argument.constant)))
        for argument in term.arguments
    ]
    own = [spread(numbers(symbol)) for symbol in term.symbols]
    names = (*slots(len(values)), *term.symbols)
    every = (term.function, *(derived(term.function, i) for i in range(len(values))))
    value, *slopes = (
        np.broadcast_to(found, like.shape) / like[0].size for found in compiled(every, names)(*values, *own)
    )

    def total(array: np.ndarray) -> np.ndarray:
        return array.reshape(len(array), -1).sum(1)

    signed = {(sign, i): np.maximum(sign * slope, 0) * sign for i, slope in enumerate(slopes) for sign in SIGNS}
    found = [total(value)]
    for sign, i, coefficient, form, n in term._cores:
        weight = signed[sign, i] * spread(numbers(coefficient))
        found.append(weighted_moment(weight, passed[form].rights[n], passed[form].lefts[n]))
    for sign, i, _, moving in term._moving:
        found.append(total(signed[sign, i] if moving is None else signed[sign, i] * passed[moving].value))
    return found
