"""Trace words: matrix monomials as words, scalars as polynomials in traces of words, for symbolic sizes.

The only place that knows canonical forms. `lower` comes in from SymPy, `show` goes back.
"""

from symasym.words.atoms import Atom, Kind, Word
from symasym.words.lower import lower_matrix, lower_scalar
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial
from symasym.words.show import show_matrix, show_scalar
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = [
    "Atom",
    "Kind",
    "MatrixPolynomial",
    "ScalarPolynomial",
    "Word",
    "lower_matrix",
    "lower_scalar",
    "show_matrix",
    "show_scalar",
    "substitute_matrix",
    "substitute_scalar",
]
