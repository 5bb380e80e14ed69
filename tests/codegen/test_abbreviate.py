"""Names in long sums of trace words: equal in value at random matrices, and fewer lines."""

import re

import numpy as np
import pytest
import sympy
from latex_samples import A, Sigma, Sigma_plus, d, k
from support import derivation
from sympy.matrices.expressions import MatMul

from symasym.codegen.latex.abbreviate import abbreviated
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.width import width
from symasym.model import tr
from symasym.model.scalars import Tr
from symasym.words.show import show_scalar

U, V = (sympy.MatrixSymbol(f"{name}_A", k, d) for name in "UV")


def named(form):
    """Names for whatever is worth one."""
    letters = iter("NPWYXMFJHCEGKLQRSTZ")
    return abbreviated(form, lambda: next(letters), "D", lambda shown: False)


def value(matrix, table):
    """A product of symbols, transposes and inverses as an array."""
    if isinstance(matrix, MatMul):
        number, factors = matrix.as_coeff_matrices()
        return float(number) * np.linalg.multi_dot(
            [np.eye(factors[0].rows.subs(SIZES)), *(value(f, table) for f in factors)]
        )
    if isinstance(matrix, sympy.Transpose):
        return value(matrix.arg, table).T
    return np.linalg.inv(value(matrix.arg, table)) if isinstance(matrix, sympy.Inverse) else table[matrix]


SIZES = {
    sympy.Symbol(name, integer=True, positive=True): 2 + n
    for n, name in enumerate(("k", "d", "d1", "d2", "d_x", "d_y"))
}


def scalar(form, table):
    """A sum of traces as a number; scalars have fixed values."""
    traces = {node: float(np.trace(value(node.args[0], table))) for node in form.atoms(Tr)}
    plain = form.xreplace(traces)
    return float(plain.subs({s: 1.5 + n for n, s in enumerate(sorted(plain.free_symbols, key=str))}))


def arrays(form):
    """Random arrays for the matrices of a form, symmetric ones for symmetric ones."""
    rng, table = np.random.default_rng(20261130), {}
    for matrix in sorted(form.atoms(sympy.MatrixSymbol), key=str):
        array = rng.standard_normal([int(n.subs(SIZES)) for n in matrix.shape])
        table[matrix] = array + array.T if getattr(matrix, "symmetric", None) in (True, sympy.true) else array
    return table


def directed(matrix, way):
    """A name of the definitions in one direction."""
    name = str(matrix.name)
    name = f"{way}_{name[2:]}" if name.startswith("D_") else f"{name[:-1]}{way}" if name.endswith("_D") else name
    return matrix if name == str(matrix.name) else sympy.MatrixSymbol(name, *matrix.shape)


def defined(found, table):
    """Arrays for the names as well, each definition taken in both directions."""
    table = dict(table)
    for name, meaning in found.definitions:
        for way in "UV":
            turned = meaning.xreplace({m: directed(m, way) for m in meaning.atoms(sympy.MatrixSymbol)})
            table[directed(name, way)] = value(turned, table)
    return table


@pytest.mark.parametrize("model", ["spectral", "decorrelation", "two_view", "regularised_encoder", "infonce"])
def test_names_stand_for_what_they_replace(model):
    form = show_scalar(derivation(model).forms.score)
    found, table = named(form), arrays(form)
    assert found.definitions
    assert width(formula(found.expression)) < 0.75 * width(formula(form))
    assert scalar(found.expression, defined(found, table)) == pytest.approx(scalar(form, table), rel=1e-9)


def test_a_run_is_found_backwards_and_round_the_end_of_a_word():
    form = sum(
        (n + 1) * tr(word)
        for n, word in enumerate(
            (
                MatMul(A, Sigma, Sigma_plus, A.T, U, V.T),
                MatMul(A, Sigma_plus, Sigma, A.T, V, U.T),  # the run backwards
                MatMul(Sigma_plus, A.T, U, V.T, U, V.T, A, Sigma),  # round the end
                MatMul(A, Sigma, Sigma_plus, A.T, U, Sigma, V.T),
            )
        )
    )
    found, table = named(form), arrays(form)
    assert len(found.definitions) == 1 and all(
        re.search(r"N(_\{|\^|)", formula(word)) for word in found.expression.atoms(Tr)
    )
    assert scalar(found.expression, defined(found, table)) == pytest.approx(scalar(form, table), rel=1e-9)


def test_an_inverse_that_need_not_be_symmetric_is_not_turned():
    G = sympy.MatrixSymbol("G", d, d)
    long = [MatMul(A, sympy.Inverse(G), Sigma, A.T, U, V.T), MatMul(A, Sigma, sympy.Inverse(G), A.T, V, U.T)]
    form = 2 * tr(long[0]) + 3 * tr(long[1]) + 5 * tr(MatMul(*long[0].args, U, V.T)) + tr(MatMul(*long[1].args, V, U.T))
    found, table = named(form), arrays(form)
    assert scalar(found.expression, defined(found, table)) == pytest.approx(scalar(form, table), rel=1e-9)


def test_short_sums_stay_as_they_are():
    form = 2 * tr(MatMul(A, Sigma, U.T)) + tr(MatMul(A, Sigma, V.T))
    assert named(form).expression == form
