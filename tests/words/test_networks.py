"""Networks against sums over coordinates, written out entry by entry in rationals."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import permutations, product
from random import Random

import numpy as np
import pytest
import sympy

from symasym import catalogue
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.forms import forms
from symasym.general.arrays import Matrices
from symasym.general.networks import network_array
from symasym.model import constant, covariance, dims, parameter
from symasym.words import lower_matrix, lower_scalar, show_scalar, substitute_scalar
from symasym.words.atoms import Atom, Kind, Word, columns_of, rows_of, transpose
from symasym.words.contract import contract_words
from symasym.words.lower import atom_of
from symasym.words.network import Edge, Network, canonical_network, words_of
from symasym.words.polynomial import LogDet, Monomial, ScalarPolynomial

d, k = dims("d k")
SIZES = {d: 3, k: 2}
A, S, C, u = parameter("A_n", k, d), covariance("S_n", d), constant("C_n", d, d), constant("u_n", d)
ATOMS = [atom_of(symbol) for symbol in (A, S, C, u)]


def values(rng: Random) -> dict[str, np.ndarray]:
    found = {}
    for atom in ATOMS:
        rows, columns = (int(sympy.sympify(n).subs(SIZES)) for n in (atom.rows, atom.columns))
        matrix = np.array(
            [[Fraction(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(columns)] for _ in range(rows)]
        )
        found[atom.key] = matrix + matrix.T if atom.symmetric else matrix
    return found


def size(dimension: sympy.Expr) -> int:
    return int(sympy.sympify(dimension).subs(SIZES))


def word_value(word: Word, rows: sympy.Expr, numbers: dict[str, np.ndarray]) -> np.ndarray:
    factors = [numbers[atom.key].T if flag else numbers[atom.key] for atom, flag in word]
    return reduce(
        np.matmul, factors, np.array([[Fraction(int(m == n)) for n in range(size(rows))] for m in range(size(rows))])
    )


def summed(edges: list[Edge], dimensions: dict[int, sympy.Expr], numbers: dict[str, np.ndarray]) -> Fraction:
    """The sum over all coordinates, one after the other."""
    total = Fraction(0)
    matrices = []
    for edge in edges:
        rows = rows_of(edge.word[0]) if edge.word else (dimensions[edge.tail] if edge.tail is not None else sympy.S.One)
        matrices.append(word_value(edge.word, rows, numbers))
    vertices = sorted(dimensions)
    for choice in product(*(range(size(dimensions[v])) for v in vertices)):
        at = dict(zip(vertices, choice, strict=True)) | {None: 0}
        total += np.prod([m[at[e.tail], at[e.head]] for e, m in zip(edges, matrices, strict=True)], initial=Fraction(1))
    return total


def exact(polynomial: ScalarPolynomial, numbers: dict[str, np.ndarray]) -> Fraction:
    """A polynomial in traces and networks, from the definitions of both."""
    total = Fraction(0)
    for monomial, number in polynomial.terms.items():
        value = Fraction(number)
        for symbol, power in monomial.powers:
            value *= Fraction(SIZES[symbol]) ** power
        for scalar in monomial.scalars:
            assert not isinstance(scalar, LogDet)
            if isinstance(scalar, Network):
                ends: dict[int, sympy.Expr] = {}
                for edge in scalar.edges:
                    ends |= {edge.tail: rows_of(edge.word[0]), edge.head: columns_of(edge.word[-1])}
                ends.pop(None, None)
                value *= summed(list(scalar.edges), ends, numbers)
            else:
                value *= np.trace(word_value(scalar, rows_of(scalar[0]), numbers))
        total += value
    return total


def random_word(rng: Random, start: sympy.Expr, end: sympy.Expr, length: int) -> Word:
    """A word of about that length with given dimensions at its ends; it may pass through a dimension of 1."""
    while True:
        word, here = [], start
        for _ in range(rng.randint(0, length)):
            fitting = [(a, t) for a in ATOMS for t in (False, True) if rows_of((a, t and not a.symmetric)) == here]
            atom, flag = rng.choice(fitting)
            word.append((atom, flag and not atom.symmetric))
            here = columns_of(word[-1])
        if here == end:
            return tuple(word)


def random_edges(rng: Random) -> tuple[list[Edge], dict[int, sympy.Expr]]:
    """Up to three coordinates, up to five edges, identities and ends of dimension 1 among them."""
    dimensions = {v: rng.choice([d, d, k]) for v in range(rng.randint(1, 3))}
    edges = []
    for _ in range(rng.randint(1, 5)):
        tail, head = (rng.choice([*dimensions, *dimensions, None]) for _ in range(2))
        ends = [sympy.S.One if v is None else dimensions[v] for v in (tail, head)]
        edges.append(Edge(tail, random_word(rng, *ends, 3), head))
    return edges, dimensions


@pytest.mark.parametrize("seed", range(40))
def test_what_is_simplified_keeps_its_value(seed: int) -> None:
    rng = Random(seed)
    numbers = values(rng)
    for _ in range(10):
        edges, dimensions = random_edges(rng)
        assert exact(contract_words(edges, dimensions), numbers) == summed(edges, dimensions, numbers)


@pytest.mark.parametrize("seed", range(20))
def test_numbering_order_and_direction_do_not_matter(seed: int) -> None:
    rng = Random(100 + seed)
    edges, dimensions = random_edges(rng)
    expected = contract_words(edges, dimensions)
    for order in permutations(dimensions):
        names = dict(zip(dimensions, order, strict=True))
        moved = [edge.renamed(names) for edge in edges]
        moved = [edge.reversed if rng.random() < 0.5 else edge for edge in rng.sample(moved, len(moved))]
        assert contract_words(moved, {names[v]: n for v, n in dimensions.items()}) == expected


def test_networks_that_differ_are_told_apart() -> None:
    """`sum_lm S_lm^2 C_lm` and its relatives have different values, so they must not be one."""
    s, c = ((atom_of(S), False),), ((atom_of(C), False),)
    found = [
        canonical_network((Edge(0, s, 1), Edge(0, s, 1), Edge(0, c, 1))),
        canonical_network((Edge(0, s, 1), Edge(0, s, 1), Edge(0, c, 0))),
        canonical_network((Edge(0, s, 1), Edge(0, c, 1), Edge(0, c, 1))),
        canonical_network((Edge(0, s, 1), Edge(0, c, 1), Edge(1, c, 0))),
        canonical_network((Edge(0, s, 0), Edge(0, c, 0))),
    ]
    assert len(set(found)) == len(found)
    assert canonical_network((Edge(1, c, 0), Edge(1, s, 0), Edge(1, s, 0))) == found[0]
    assert canonical_network((Edge(0, transpose(c), 1), Edge(1, s, 0), Edge(0, s, 1))) == found[0]


def test_hand_made_cases() -> None:
    """Identities, coordinates met twice and not at all, and dimensions of 1."""
    s, c, v = (((atom_of(symbol), False),) for symbol in (S, C, u))
    one = ScalarPolynomial.number(1)
    assert contract_words([], {0: d}) == ScalarPolynomial.symbol(d)
    assert contract_words([Edge(0, (), 0)], {0: d}) == ScalarPolynomial.symbol(d)
    assert contract_words([Edge(None, (), None)], {}) == one
    assert contract_words([Edge(0, s, 0)], {0: d}) == ScalarPolynomial.trace(s, d)
    assert contract_words([Edge(0, s, 1), Edge(1, c, 0)], {0: d, 1: d}) == ScalarPolynomial.trace(s + c, d)
    both = contract_words([Edge(0, s, 1), Edge(0, (), 1), Edge(1, c, 0)], {0: d, 1: d})
    assert both.terms == {Monomial((), (canonical_network((Edge(0, s, 0), Edge(0, c, 0))),)): 1}
    norm = contract_words([Edge(None, transpose(v), 0), Edge(0, v, None)], {0: d})
    assert norm == ScalarPolynomial.trace(transpose(v) + v, sympy.S.One)


@pytest.mark.parametrize("seed", range(10))
def test_shown_networks_lower_to_the_same_polynomial(seed: int) -> None:
    rng = Random(200 + seed)
    total = ScalarPolynomial()
    for _ in range(4):
        edges, dimensions = random_edges(rng)
        total = total + contract_words(edges, dimensions).scale(rng.randint(1, 5))
    assert lower_scalar(show_scalar(total)) == total


@pytest.mark.parametrize("name", ["masked_autoencoder", "masked_autoencoder_masked_only"])
def test_population_losses_with_networks_survive_the_round_trip(name: str) -> None:
    population = forms(catalogue.load(name).model).population
    assert any(isinstance(scalar, Network) for monomial in population.terms for scalar in monomial.scalars)
    assert lower_scalar(show_scalar(population)) == population


@pytest.mark.parametrize("seed", range(10))
def test_substitution_into_networks(seed: int) -> None:
    """`C -> S C - 2 C` and `A -> A C` inside every edge, against the network at those matrices."""
    rng = Random(300 + seed)
    numbers = values(rng)
    edges, dimensions = random_edges(rng)
    images = {atom_of(C): lower_matrix(S * C - 2 * C), atom_of(A): lower_matrix(A * C)}
    moved = substitute_scalar(contract_words(edges, dimensions), images)
    there = {
        **numbers,
        "C_n": numbers["S_n"] @ numbers["C_n"] - 2 * numbers["C_n"],
        "A_n": numbers["A_n"] @ numbers["C_n"],
    }
    assert exact(moved, numbers) == summed(edges, dimensions, there)


@pytest.mark.parametrize("seed", range(10))
def test_derivatives_of_networks(seed: int) -> None:
    """`f(A + t D)` is a polynomial in `t`; its slope at 0, by interpolation in rationals."""
    rng = Random(400 + seed)
    numbers = values(rng)
    edges, dimensions = random_edges(rng)
    D = constant("D_n", k, d)
    numbers["D_n"] = values(rng)["A_n"]
    slope = differentiate_scalar(contract_words(edges, dimensions), {atom_of(A): lower_matrix(D)})
    t, degree = sympy.Symbol("t"), sum(atom == atom_of(A) for edge in edges for atom, _ in edge.word)
    points = []
    for n in range(degree + 1):
        value = summed(edges, dimensions, {**numbers, "A_n": numbers["A_n"] + n * numbers["D_n"]})
        points.append((n, sympy.Rational(value.numerator, value.denominator)))
    expected = sympy.diff(sympy.interpolate(points, t), t).subs(t, 0)
    found = exact(slope, numbers)
    assert sympy.Rational(found.numerator, found.denominator) == expected


def test_arrays_of_networks_with_a_batch() -> None:
    """No direction, one, and two, in floats against sums in rationals; leading axes are a batch."""
    rng = Random(7)
    batch = [values(rng) for _ in range(3)]
    arrays = {name: np.stack([v[name].astype(float) for v in batch]) for name in batch[0] if name != "S_n"}
    arrays["S_n"] = batch[0]["S_n"].astype(float)
    batch = [{**v, "S_n": batch[0]["S_n"]} for v in batch]
    matrices = Matrices(arrays, SIZES)
    s, c, a = (((atom_of(symbol), False),) for symbol in (S, C, A))
    U, V = (Atom(slot, Kind.DIRECTION, k, d, payload=(atom_of(A), slot)) for slot in "UV")
    plain = Network((Edge(0, s, 1), Edge(0, c, 1), Edge(0, transpose(a) + a, 1)))
    linear = Network((Edge(0, s, 0), Edge(0, (*c, (V, True), *a), 0)))
    bilinear = Network((Edge(0, ((U, True), *a), 1), Edge(0, s, 1), Edge(1, (*transpose(a), (V, False), *c), 0)))
    for network in (plain, linear, bilinear):
        found = network_array(network, matrices.word)
        slots = sorted(atom.key for word in words_of(network) for atom, _ in word if atom.kind is Kind.DIRECTION)
        assert found.shape == (3, *(2, 3) * len(slots))
        for b, numbers in enumerate(batch):
            for entry in product(*(range(n) for n in found.shape[1:])):
                unit = {slot: np.full((2, 3), Fraction(0)) for slot in slots}
                for n, slot in enumerate(slots):
                    unit[slot][entry[2 * n], entry[2 * n + 1]] = Fraction(1)
                dimensions = dict.fromkeys(network.vertices, d)
                expected = summed(list(network.edges), dimensions, {**numbers, **unit})
                assert found[(b, *entry)] == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
