"""Nodes of the index IR that are written alike are one object, and their arithmetic is exact."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from fractions import Fraction

import pytest

from symasym.benchmarks import generation
from symasym.catalogue import load
from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE, ZERO, Over, add, minus, mul, number, power, powers, summed, total
from symasym.codegen.index.ir import Add, Const, Entry, Mul, Power, Range, Rank, Scalar, Size, Sum, walk
from symasym.pipeline import derive

D, K = Affine.size("d"), Affine.size("k")
OVER = Range("a", K + 1, D)
X, Y, LAM = Scalar("x"), Scalar("y"), Entry("lam", "a", OVER)


def test_what_is_written_alike_is_one_object():
    assert Power(Entry("lam", "a", Range("a", K + 1, D)), 2) is Power(LAM, Fraction(2))
    assert Add((X, Y)) is not Add((Y, X)) and Add((X, Y)) is not Mul((X, Y))
    assert Entry("lam", "a", Range("a", K, D)) is not LAM and Scalar("d") is not Size("d")
    assert Rank("a", OVER, True) is not Rank("a", OVER, False)
    whole = Sum(OVER, Mul((LAM, Power(Add((X, LAM)), -1))))
    assert pickle.loads(pickle.dumps(whole)) is whole and copy.deepcopy(whole) is whole
    hash(OVER)
    assert "_hash" not in vars(pickle.loads(pickle.dumps(OVER)))  # that of a text is another one in another process


def test_nodes_live_as_long_as_they_are_held():
    node = mul(power(add(X, number(7919)), -2), Y)
    seen = weakref.ref(node)
    del node
    gc.collect()
    assert seen() is None


def test_numbers_are_exact():
    half = power(number(2), -1)
    assert isinstance(half, Const) and half.value == Fraction(1, 2) and isinstance(half.value, Fraction)
    assert mul(power(X, Fraction(1, 2)), power(X, Fraction(1, 2))) is X
    assert mul(power(X, 2), power(X, -2), number(Fraction(1, 3)), number(3)) is ONE
    assert add(mul(number(2), X), Y, minus(X), minus(Y)) is X and add(X, minus(X)) is ZERO
    assert powers(mul(number(-4), power(mul(number(2), X, Y), -3))) == (Fraction(-1, 2), {X: -3, Y: -3})


def test_sums_of_products():
    scaled = mul(number(3), X, power(LAM, 2))
    assert total(OVER, scaled) is mul(number(3), X, Sum(OVER, power(LAM, 2)))
    assert total(OVER, X) is mul(X, add(Size("d"), minus(Size("k"))))
    later = Range("b", K + 1, D)
    assert summed((X,), [Over(later, "a", True)]) is mul(X, Rank("a", OVER, True))
    assert len(list(walk(Mul((LAM, Power(LAM, 2), Sum(OVER, LAM)))))) == 4  # each node once


def test_the_rows_of_code_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load("factor").definition
    monkeypatch.setattr(generation, "GOAL", 1e9)  # tests assert no time
    row, rival = generation.rows(derive(model, "factor"), "factor", 1)
    assert row.met and "factor" in row.what and "natural parameters" in row.note
    assert rival.value is not None and rival.value > 0 and rival.met is None and "values alone" in rival.note
