"""Losses with sample means in them: to first order, per-sample losses.

`w_hat` minimises `(1/m) sum_j l(w; z_j, S_m)` with `S_m = (1/m) sum_j S(z_j)`. Since `S_m - E S` is of order `m^{-1/2}`, `w_hat`
has the expansion of the minimiser of the mean of

    l(w; z, E S) + E'[ D_S l(w; z', E S) [S(z) - E S] ],

`E'` over an independent sample `z'`. For `l = F(w, S_m)` its score is `D_w D_S F [S(z) - E S]` and its Hessian `D_w^2 F`, at
`(w*, E S)`, up to the gradient `D_w F`, which vanishes there.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.words.atoms import Atom, Kind, Word, transpose
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial
from symasym.words.substitute import substitute_scalar

__all__ = ["expected_matrix", "expected_means", "linearised"]


def expected_matrix(polynomial: MatrixPolynomial, moments: Moments) -> MatrixPolynomial:
    """`E P` of a matrix made of data vectors, read off `E tr(P D)` for a generic matrix `D`."""
    test = Atom("D", Kind.DIRECTION, polynomial.columns, polynomial.rows, payload="test")
    total = MatrixPolynomial(polynomial.rows, polynomial.columns)
    for monomial, number in expectation((polynomial @ MatrixPolynomial.atom(test)).trace(), moments).terms.items():
        (word,) = (scalar for scalar in monomial.scalars if isinstance(scalar, tuple) and _has(scalar, test))
        others = Monomial(monomial.powers, tuple(scalar for scalar in monomial.scalars if scalar != word))
        rest = MatrixPolynomial.of_word(_behind(word, test), polynomial.rows, polynomial.columns)
        total = total + rest.times(ScalarPolynomial({others: Fraction(number)}))
    return total


def _has(word: Word, atom: Atom) -> bool:
    return any(item == atom for item, _ in word)


def _behind(word: Word, atom: Atom) -> Word:
    """`W` with `tr(word) = tr(atom W)`."""
    n = next(n for n, (item, _) in enumerate(word) if item == atom)
    if word[n][1]:
        return _behind(transpose(word), atom)
    return word[n + 1 :] + word[:n]


def _sample_means(polynomial: ScalarPolynomial) -> list[Atom]:
    """The sample means of a loss, those inside inverses and log-determinants as well, by name."""
    found: set[Atom] = set()

    def collect(monomial: Monomial, words: list[Word]) -> None:
        words += [word for scalar in monomial.scalars if not isinstance(scalar, LogDet) for word in words_of(scalar)]
        for word in words:
            found.update(atom for atom, _ in word if atom.kind is Kind.SAMPLE)
        inside = [atom.payload for word in words for atom, _ in word if atom.kind is Kind.INVERSE]
        inside += [scalar.of for scalar in monomial.scalars if isinstance(scalar, LogDet)]
        for matrix in inside:
            for inner, word in matrix.terms:
                collect(inner, [word])

    for monomial in polynomial.terms:
        collect(monomial, [])
    return sorted(found, key=lambda atom: atom.key)


def expected_means(loss: ScalarPolynomial, moments: Moments) -> dict[Atom, MatrixPolynomial]:
    """`E S` of every sample mean in a loss."""
    return {atom: expected_matrix(atom.payload, moments) for atom in _sample_means(loss)}


def linearised(loss: ScalarPolynomial, means: dict[Atom, MatrixPolynomial], moments: Moments) -> ScalarPolynomial:
    """`l(w; z, E S) + E'[D_S l(w; z', E S) [S(z) - E S]]`; the loss itself where it has no sample means."""
    if not means:
        return loss
    steps = {atom: replace(atom, key=f"D_{atom.key}", kind=Kind.DIRECTION) for atom in means}
    along = {atom: MatrixPolynomial.atom(step) for atom, step in steps.items()}
    slope = expectation(substitute_scalar(differentiate_scalar(loss, along), means), moments)
    moved = {step: atom.payload - means[atom] for atom, step in steps.items()}
    return substitute_scalar(loss, means) + substitute_scalar(slope, moved)
