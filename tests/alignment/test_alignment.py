"""Words at single indices and forms in blocks, against products of explicit integer matrices.

Two spaces of different sizes share a signal part; each has a noise range of its own, and ranges may be empty or of size 1.
Every entry is an integer and every square root one too, so all comparisons are exact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from importlib import import_module
from itertools import count, product
from random import Random

import numpy as np
import pytest
import sympy
from support import CASES, derivation, exact_matrices, float_matrices, label, point, symbols, written_out

from symasym import catalogue
from symasym.alignment import Entries, Ranges, blocks
from symasym.calculus.forms import direction, forms
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.general import general
from symasym.general.arrays import Matrices, bilinear_array
from symasym.model import (
    Aligned,
    LeastSquares,
    Model,
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    indexed,
    indices,
    norm2,
    parameter,
    quad,
    scalar,
)
from symasym.pipeline import derive_model
from symasym.symmetry.quotient import Quotient
from symasym.words.atoms import Atom, columns_of, rows_of
from symasym.words.lower import atom_of, lower_matrix, lower_scalar
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

d, d1, d2, k, r = dims("d d1 d2 k r")
i, m, a, c = indices("i m a c")
lam, gam, b = indexed("lam gam b")
weight = scalar("weight")
RANGES = {i: (1, k), m: (k + 1, r), a: (r + 1, d1), c: (r + 1, d2)}

A, B = parameter("A_a", k, d1), parameter("B_a", d2, k)
W, X = parameter("W_a", d1, d1), parameter("X_a", d2, d1)
S, R, C = covariance("S_a", d1), covariance("R_a", d2), constant("C_a", d1, d2)
ALIGNED = Aligned(
    ranges=RANGES,
    diagonal={S: lam, R: {i: gam[i] + 1, m: weight * gam[m], c: 3}, C: {i: lam[i], m: 2}},
    at={A: {i: sympy.sqrt(lam[i])}, B: {i: gam[i] * lam[i]}, W: {i: 1, m: 2, a: lam[a]}, X: {i: weight}},
)
SIZES = [
    {"k": 1, "r": 2, "d1": 4, "d2": 3},
    {"k": 2, "r": 3, "d1": 4, "d2": 4},
    {"k": 1, "r": 1, "d1": 1, "d2": 3},
    {"k": 2, "r": 2, "d1": 3, "d2": 2},
    {"k": 1, "r": 3, "d1": 3, "d2": 4},
]
FAMILIES = {"lam": [25, 16, 9, 4], "gam": [2, 7, 5, 3]}
WEIGHT = 6


def called(sizes: dict[str, int]) -> str:
    return "-".join(f"{name}{size}" for name, size in sizes.items())


# --- Ranges ------------------------------------------------------------------------------------------------------


def test_every_dimension_is_a_chain_of_ranges() -> None:
    ranges = Ranges(RANGES)
    chains = {dimension: [str(item.index) for item in ranges.of(dimension)] for dimension in (k, r, d1, d2)}
    assert chains == {k: ["i"], r: ["i", "m"], d1: ["i", "m", "a"], d2: ["i", "m", "c"]}
    assert ranges.of(sympy.Integer(1)) == ()
    for dimension in (k, r, d1, d2):
        assert sympy.expand(sum(item.size for item in ranges.of(dimension)) - dimension) == 0


def test_three_noise_ranges_in_one_space() -> None:
    p, q = indices("p q")
    ranges = Ranges({i: (1, k), p: (k + 1, r), q: (r + 1, d1), a: (d1 + 1, d)})
    assert [str(item.index) for item in ranges.of(d)] == ["i", "p", "q", "a"]
    assert [str(item.index) for item in ranges.of(d1)] == ["i", "p", "q"]


def test_one_range_is_enough() -> None:
    ranges = Ranges({i: (1, d)})
    assert [str(item) for item in ranges.of(d)] == ["i = 1..d"]


def test_partners_are_indices_of_their_own() -> None:
    ranges = Ranges({i: (1, k), sympy.Symbol("j", integer=True): (k + 1, r), a: (r + 1, d)})
    names = [str(item.index) for item in ranges.all] + [str(item.partner) for item in ranges.all]
    assert len(set(names)) == len(names) == 6


@pytest.mark.parametrize(
    ("table", "dimension"),
    [
        ({i: (1, k), a: (k + 2, d)}, d),
        ({i: (1, k), a: (k, d)}, d),
        ({i: (2, k), a: (k + 1, d)}, d),
        ({i: (1, k)}, d),
        ({i: (1, k), a: (k + 1, d1)}, d),
        ({a: (k + 1, d)}, d),
    ],
)
def test_a_dimension_that_is_not_a_chain_is_refused(table, dimension) -> None:
    with pytest.raises(InputError, match=r"the dimension d is not a chain of the ranges .* starts at 1 and ends at d"):
        Ranges(table).of(dimension)


# --- Entries of words --------------------------------------------------------------------------------------------


SYMBOLS = (A, B, W, X, S, R, C)


def rectangular(symbol, sizes: dict[str, int]) -> np.ndarray:
    """The aligned matrix at integers, written out from the table above and from nothing else."""
    table, (rows, columns) = symbols(sizes), symbol.shape
    matrix = np.zeros((int(rows.subs(table)), int(columns.subs(table))), dtype=np.int64)
    spec = {**ALIGNED.diagonal, **ALIGNED.at}[symbol]
    inside = {k: (i,), r: (i, m), d1: (i, m, a), d2: (i, m, c)}
    for index, (first, last) in RANGES.items():
        if index in inside[rows] and index in inside[columns] and (spec is lam or index in spec):
            for n in range(int(sympy.sympify(first).subs(table)), int(sympy.sympify(last).subs(table)) + 1):
                entry = lam[n] if spec is lam else sympy.sympify(spec[index]).subs(index, n)
                matrix[n - 1, n - 1] = int(number(entry))
    return matrix


def number(expression, at: dict | None = None):
    """A formula at the integers above, with indices replaced first."""
    written = sympy.sympify(expression).subs(at or {})
    table = {e: FAMILIES[str(e.base.label)][int(e.indices[0]) - 1] for e in written.atoms(sympy.Indexed)}
    return sympy.sympify(written.xreplace(table)).subs(weight, WEIGHT)


def summed(expression, sizes: dict[str, int], entries: Entries):
    """A formula with power sums, written out at concrete sizes."""
    return number(sympy.sympify(expression).xreplace(dict(entries.definitions)).subs(symbols(sizes)).doit())


def indices_of(item, sizes: dict[str, int]) -> range:
    table = symbols(sizes)
    return range(int(item.first.subs(table)), int(item.last.subs(table)) + 1)


FACTORS = [(atom_of(symbol), flag) for symbol in SYMBOLS for flag in ((False,) if symbol in (S, R) else (False, True))]


def walk(start: sympy.Expr, end: sympy.Expr, rng: Random, longest: int = 4) -> tuple:
    """A random word of known matrices from one dimension to another, possibly empty."""
    while True:
        word, here = [], start
        for _ in range(rng.randint(0, longest)):
            word.append(rng.choice([item for item in FACTORS if rows_of(item) == here]))
            here = columns_of(word[-1])
        if here == end:
            return tuple(word)


def product_of(word, size: int, values: dict[str, np.ndarray]) -> np.ndarray:
    factors = (values[atom.key].T if flag else values[atom.key] for atom, flag in word)
    return reduce(np.matmul, factors, np.eye(size, dtype=np.int64))


def new_entries(power_sums: int = 12) -> Entries:
    return Entries(ALIGNED, Ranges(RANGES), [weight, k, r, d1, d2], power_sums)


def wrong_entries(entries: Entries, sizes: dict[str, int], seed: int, words: int = 40) -> int:
    """How many entries of random words differ from those of the product of explicit matrices."""
    rng, wrong = Random(seed), 0
    values = {symbol.name: rectangular(symbol, sizes) for symbol in SYMBOLS}
    for _ in range(words):
        start, end = rng.choice([k, d1, d2]), rng.choice([k, d1, d2])
        word = walk(start, end, rng)
        if not word:
            continue
        expected = product_of(word, sizes[str(start)], values)
        assert np.count_nonzero(expected - np.diag(np.diagonal(expected), 0) if start == end else 0) == 0
        for item in entries.ranges.of(start):
            if item not in entries.ranges.of(end):
                continue
            for slot, n in product((1, 2), indices_of(item, sizes)):
                shown = entries.show(entries.of_word(word, item, slot), *((item, None) if slot == 1 else (None, item)))
                wrong += number(shown, {item.index: n}) != expected[n - 1, n - 1]
    return wrong


@pytest.mark.parametrize("sizes", SIZES, ids=called)
def test_entries_of_words_are_those_of_the_product(sizes: dict[str, int]) -> None:
    assert wrong_entries(new_entries(), sizes, seed=1) == 0


@pytest.mark.parametrize("sizes", SIZES, ids=called)
def test_traces_are_power_sums(sizes: dict[str, int]) -> None:
    rng, entries = Random(2), new_entries(power_sums=25)
    values = {symbol.name: rectangular(symbol, sizes) for symbol in SYMBOLS}
    for _ in range(25):
        start = rng.choice([k, d1, d2])
        word = walk(start, start, rng)
        polynomial = ScalarPolynomial.trace(word, start)
        expected = np.trace(product_of(word, sizes[str(start)], values))
        assert summed(entries.show(entries.of_scalar(polynomial)), sizes, entries) == expected
        assert summed(entries.trace_sum(polynomial), sizes, entries) == expected


def test_equal_power_sums_share_a_name() -> None:
    entries = new_entries()
    first = entries.of_scalar(lower_scalar(quadratic(S)))
    again = entries.of_scalar(lower_scalar(quadratic(S)) * ScalarPolynomial.number(2))
    assert again == first + first and len(entries.definitions) == 1


def quadratic(matrix):
    return norm2(matrix)


def test_inverses_have_the_inverse_entries() -> None:
    entries, sizes = new_entries(), SIZES[1]
    matrix = lower_matrix((S + A.T * A).inv())
    for item in entries.ranges.of(d1):
        for n in indices_of(item, sizes):
            expected = sympy.Integer(1) / (FAMILIES["lam"][n - 1] * (2 if n <= sizes["k"] else 1))
            assert number(entries.show(entries.of_matrix(matrix, item, 1), item), {item.index: n}) == expected


def test_a_matrix_that_is_singular_on_a_range_is_refused() -> None:
    entries = new_entries()
    signal, _, noise, _ = entries.ranges.all
    assert entries.of_matrix(lower_matrix((A * A.T).inv()), signal, 1)
    with pytest.raises(ConditionViolated, match=r"singular on the range a = r \+ 1\.\.d1"):
        entries.of_matrix(lower_matrix((A.T * A).inv()), noise, 1)


@pytest.mark.parametrize("mistake", ["slots", "ranges"])
def test_a_wrong_reading_of_entries_is_caught(mistake: str, monkeypatch) -> None:
    right = Entries.of_factor

    def one_slot_for_all(self, item, over, slot):
        return right(self, item, over, 1)

    def one_range_for_all(self, item, over, slot):
        return right(self, item, self.ranges.all[0], slot)

    monkeypatch.setattr(Entries, "of_factor", {"slots": one_slot_for_all, "ranges": one_range_for_all}[mistake])
    if mistake == "slots":
        assert sum(wrong_form(SIZES[0], seed) for seed in (3, 13)) > 0
    else:
        assert wrong_entries(new_entries(), SIZES[0], seed=1) > 0


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ({i: sympy.exp(lam[i])}, NotDerivableYet, "not a rational function"),
        ({i: sympy.sqrt(lam[i] ** 2 + 1)}, NotDerivableYet, "determines no family"),
        ({i: lam[i] ** sympy.Rational(1, 3)}, NotDerivableYet, "not a rational function"),
        ({i: lam[a]}, InputError, r"the entry lam\[a\] of the range i uses another index"),
        ({i: sympy.sqrt(lam[a])}, InputError, r"the entry .*lam\[a\].* of the range i uses another index"),
        ({i: lam[i + 1]}, InputError, "uses another index"),
    ],
)
def test_entries_that_cannot_be_read_are_refused(spec, error, message: str) -> None:
    aligned = Aligned(ranges=RANGES, diagonal={S: lam}, at={A: spec})
    with pytest.raises(error, match=message):
        entries = Entries(aligned, Ranges(RANGES), [], 4)
        entries.of_word(((atom_of(A), False),), entries.ranges.all[0], 1)


@pytest.mark.parametrize(
    ("missing", "message"), [("S_a", r"diagonal\[S_a\] is missing"), ("A_a", r"at\[A_a\] is missing")]
)
def test_a_matrix_without_entries_is_named(missing: str, message: str) -> None:
    aligned = Aligned(
        ranges=RANGES,
        diagonal={s: w for s, w in ALIGNED.diagonal.items() if s.name != missing},
        at={s: w for s, w in ALIGNED.at.items() if s.name != missing},
    )
    entries = Entries(aligned, Ranges(RANGES), [weight], 4)
    symbol = next(s for s in SYMBOLS if s.name == missing)
    with pytest.raises(InputError, match=message + ".*give the diagonal entries"):
        entries.of_word(((atom_of(symbol), False),), entries.ranges.all[0], 1)


# --- Forms in blocks ---------------------------------------------------------------------------------------------


BORROWED = forms(catalogue.load("spectral").model)  # for the fields that blocks do not look at
PARAMETERS = tuple(sorted((atom_of(symbol) for symbol in (A, B, W, X)), key=lambda atom: atom.key))


def random_form(rng: Random) -> ScalarPolynomial:
    """Terms `tr(U M V N)`, `tr(U M V^T N)` and `tr(U M) tr(V N)` with random words `M`, `N` and every parameter."""
    total = ScalarPolynomial()
    for _ in range(8):
        left = (direction(rng.choice(PARAMETERS), "U"), rng.random() < 0.5)
        right = (direction(rng.choice(PARAMETERS), "V"), rng.random() < 0.5)
        scalar_ = ScalarPolynomial.number(rng.choice([-3, -1, 2, 5])) * ScalarPolynomial.symbol(
            weight, rng.choice([1, 2])
        )
        if rng.random() < 0.6:
            inner, outer = (
                walk(columns_of(left), rows_of(right), rng, 2),
                walk(columns_of(right), rows_of(left), rng, 2),
            )
            term = ScalarPolynomial.trace((left, *inner, right, *outer), rows_of(left))
        else:
            one, two = walk(columns_of(left), rows_of(left), rng, 3), walk(columns_of(right), rows_of(right), rng, 3)
            term = ScalarPolynomial.trace((left, *one), rows_of(left)) * ScalarPolynomial.trace(
                (right, *two), rows_of(right)
            )
        if rng.random() < 0.3:
            term = term * ScalarPolynomial.trace(walk(d1, d1, rng, 2), d1)
        total = total + term * scalar_
    return total


def coordinates(sizes: dict[str, int]) -> list[tuple[str, int, int]]:
    table = symbols(sizes)
    return [
        (atom.key, p, q)
        for atom in PARAMETERS
        for p in range(int(atom.rows.subs(table)))
        for q in range(int(atom.columns.subs(table)))
    ]


def by_units(form: ScalarPolynomial, sizes: dict[str, int]) -> np.ndarray:
    """The form on pairs of unit matrices, each trace by multiplying matrices out."""
    table, places = symbols(sizes), coordinates(sizes)
    values = {symbol.name: rectangular(symbol, sizes) for symbol in SYMBOLS}
    shapes = {atom.key: (int(atom.rows.subs(table)), int(atom.columns.subs(table))) for atom in PARAMETERS}

    def unit(place: tuple[str, int, int]) -> np.ndarray:
        matrix = np.zeros(shapes[place[0]], dtype=np.int64)
        matrix[place[1:]] = 1
        return matrix

    def value(word, moving: dict[str, np.ndarray]) -> int:
        rows = int(sympy.sympify(rows_of(word[0])).subs(table))
        return int(np.trace(product_of(word, rows, {**values, **moving})))

    total = np.zeros((len(places), len(places)), dtype=object)
    for monomial, coefficient in form.terms.items():
        constant_part = int(coefficient)
        for symbol, power in monomial.powers:
            constant_part *= (WEIGHT if symbol == weight else sizes[str(symbol)]) ** power
        still = [w for w in monomial.scalars if not any(isinstance(atom.payload, tuple) for atom, _ in w)]
        moved = [w for w in monomial.scalars if w not in still]
        for word in still:
            constant_part *= value(word, {})
        names = {atom.key for word in moved for atom, _ in word if isinstance(atom.payload, tuple)}
        left = [n for n, place in enumerate(places) if f"U_{place[0]}" in names]
        right = [n for n, place in enumerate(places) if f"V_{place[0]}" in names]
        for row, column in product(left, right):
            moving = {f"U_{places[row][0]}": unit(places[row]), f"V_{places[column][0]}": unit(places[column])}
            total[row, column] += constant_part * int(np.prod([value(word, moving) for word in moved]))
    return total


def by_blocks(form: ScalarPolynomial, sizes: dict[str, int]) -> np.ndarray:
    """The form put together again from its blocks."""
    entries, nothing = new_entries(), ScalarPolynomial()
    given = replace(BORROWED, parameters=PARAMETERS, gradient=nothing, score=nothing, hessian=form)
    derived = blocks(given, Quotient((), k, k), entries)
    places = {place: n for n, place in enumerate(coordinates(sizes))}
    total = np.zeros((len(places), len(places)), dtype=object)
    for block in derived.pairs:
        for p, q in product(indices_of(block.first, sizes), indices_of(block.second, sizes)):
            if block.first == block.second and p >= q:
                continue
            where = [places[_place(coordinate, p, q)] for coordinate in block.coordinates]
            other = block.second.partner if block.first == block.second else block.second.index
            at = {block.first.index: p, other: q}
            for row, line in zip(where, block.hessian, strict=True):
                for column, entry in zip(where, line, strict=True):
                    total[row, column] += _value(entries, entry, at, sizes, block.first, block.second)
    for block in derived.diagonals:
        for p in indices_of(block.over, sizes):
            where = [places[coordinate.parameter.key, p - 1, p - 1] for coordinate in block.coordinates]
            for row, line in zip(where, block.hessian, strict=True):
                for column, entry in zip(where, line, strict=True):
                    total[row, column] += _value(entries, entry, {block.over.index: p}, sizes, block.over)
    for term in derived.hessian_coupling:
        left, right = (_functional(entries, weights, places, sizes) for weights in (term.left, term.right))
        total += _value(entries, term.coefficient, {}, sizes) * np.outer(left, right)
    return total


def _place(coordinate, p: int, q: int) -> tuple[str, int, int]:
    row, column = (q, p) if coordinate.flipped else (p, q)
    return coordinate.parameter.key, row - 1, column - 1


def _value(entries: Entries, element, at: dict, sizes: dict[str, int], *over) -> int:
    return int(summed(entries.show(element, *over).subs(at), sizes, entries)) if element else 0


def _functional(entries: Entries, weights, places, sizes: dict[str, int]) -> np.ndarray:
    vector = np.zeros(len(places), dtype=object)
    for (atom, item), element in weights.items():
        for p in indices_of(item, sizes):
            vector[places[atom.key, p - 1, p - 1]] += _value(entries, element, {item.index: p}, sizes, item)
    return vector


def wrong_form(sizes: dict[str, int], seed: int) -> int:
    form = random_form(Random(seed))
    return int(np.count_nonzero(by_blocks(form, sizes) - by_units(form, sizes)))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sizes", SIZES, ids=called)
def test_blocks_hold_the_whole_form(sizes: dict[str, int], seed: int) -> None:
    """Entry by entry, zeros outside the blocks included."""
    form = random_form(Random(10 * seed + 3))
    expected = by_units(form, sizes)
    assert expected.any()
    assert (by_blocks(form, sizes) == expected).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes", SIZES, ids=called)
def test_arrays_hold_the_whole_form(sizes: dict[str, int], seed: int) -> None:
    """The general route's layout, on integers that floats hold exactly."""
    form = random_form(Random(10 * seed + 3))
    values = {symbol.name: rectangular(symbol, sizes).astype(float) for symbol in SYMBOLS}
    found = bilinear_array(form, PARAMETERS, Matrices(values, {**symbols(sizes), weight: WEIGHT}))
    assert (found == by_units(form, sizes).astype(float)).all()


def test_flipped_coordinates_are_told_apart(monkeypatch) -> None:
    """A transposed pair read as if it were not: caught by the comparison above."""
    module = import_module("symasym.alignment.blocks")
    right = module.aligned_bilinear

    def never_transposed(form):
        pairs, products, local = right(form)
        return [type(t)(t.coefficient, t.left, t.right, t.inner, t.outer, False) for t in pairs], products, local

    assert wrong_form(SIZES[0], seed=3) == 0
    monkeypatch.setattr(module, "aligned_bilinear", never_transposed)
    assert wrong_form(SIZES[0], seed=3) > 0


def test_coupling_of_the_diagonal_is_not_lost(monkeypatch) -> None:
    """Products of two traces dropped."""
    monkeypatch.setattr(import_module("symasym.alignment.blocks"), "_couplings", lambda products, entries: ())
    assert sum(wrong_form(SIZES[0], seed) for seed in (3, 13)) > 0


@pytest.mark.parametrize("case", CASES, ids=label)
def test_blocks_of_the_models_equal_the_arrays(case) -> None:
    """Both forms at a random aligned point, entry by entry: 1e-12 of the largest is rounding in sums of a few products."""
    name, sizes = case
    derived, at = derivation(name), point(name, sizes, 21)
    values = float_matrices(exact_matrices(derived.model, at))
    arrays, closed = general(derived.model, values, derived.forms, derived.quotient), written_out(derived, at)
    for ours, theirs in ((closed.hessian, arrays.hessian), (closed.score, arrays.score)):
        assert np.abs(ours.astype(float) - theirs).max() <= 1e-12 * np.abs(theirs).max()


# --- What is not block diagonal ----------------------------------------------------------------------------------


COUNT = count()


def encoder_with(loss=None, features=None, law=None) -> Model:
    """A linear autoencoder whose data, loss or features mention a fixed vector `v`."""
    v, spread = constant("v_a", d), covariance("Spread_a", d)
    E, D = parameter("E_a", k, d), parameter("D_a", d, k)
    z = gaussian(f"z_{next(COUNT)}", d, **(law(spread, v) if law else {"cov": spread}))
    target = constant("target_a", d)
    return Model(
        loss=loss(z, D * E * z, v) if loss else norm2(z - D * E * z),
        symmetry=catalogue.load("linear_autoencoder").model.actions[0].group.acts(lambda G: {E: G * E, D: D * G.inv()}),
        features=features(E, z, v) if features else E * z,
        downstream=LeastSquares(gaussian("down_a", d, cov=covariance("Down_a", d)), target=target),
        where=[k < d],
        aligned=Aligned(
            ranges={i: (1, k), a: (k + 1, d)},
            diagonal={spread: lam, target: {i: b[i]}, v: {i: gam[i]}},
            at={E: {i: 1}, D: {i: 1}},
            assume=[lam[i] > lam[a], lam[a] > 0],
        ),
    )


def test_the_encoder_itself_is_derived() -> None:
    assert str(derive_model(encoder_with()).law.d_base) == "d"


@pytest.mark.parametrize(
    "given",
    [
        {"loss": lambda z, back, v: quad(z - back, eye(d) + v * v.T)},
        {"loss": lambda z, back, v: quad(z - back, (eye(d) + v * v.T).inv())},
        {"law": lambda spread, v: {"cov": spread, "mean": v}},
        {"law": lambda spread, v: {"cov": spread + v * v.T}},
        {"features": lambda E, z, v: E * (eye(d) + v * v.T) * z},
    ],
    ids=["loss", "inverse in the loss", "mean", "covariance", "features"],
)
def test_a_fixed_vector_that_breaks_the_alignment_is_refused(given) -> None:
    """`v v^T` is not diagonal, wherever it hides: in a word, an inverse, a derived covariance or the features."""
    with pytest.raises(NotDerivableYet, match=r"fixed vector|diagonal"):
        derive_model(encoder_with(**given))


def test_entries_of_data_and_directions_do_not_exist() -> None:
    entries = new_entries()
    moving: Atom = direction(PARAMETERS[0], "U")
    with pytest.raises(NotDerivableYet, match="has no diagonal entries"):
        entries.of_matrix(
            MatrixPolynomial(moving.rows, moving.columns, {(Monomial(), ((moving, False),)): 1}),
            entries.ranges.all[0],
            1,
        )
