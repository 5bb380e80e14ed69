"""Products of two columns for centres `beta e_i`, as contractions of tables: what depends on the derived polynomials alone.

Centres are `beta e_i` in `K` coordinates `x`, so that `<u_i, t>` reads the coordinate `i` of `t`. A product of two monomials is
a sum over members of shares and coordinates times tables of the known vectors and numbers; its mean is, by the sum over set
partitions of shares and coordinates (`quadrature/exchangeable.py`), a sum of contractions in which letters of one part are one
letter. Vectors inside are orthogonal to `(1, .., 1)`, and so is what an output is used for, so that a contraction vanishes
where the axis of a vector is summed alone. Equal contractions are gathered; their coefficients are linear in the integrals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby, permutations
from typing import NamedTuple, TypeAlias

import numpy as np

from symasym.projection.algebra import (
    ONE_OVER_COUNT,
    Dot,
    Factor,
    Monomial,
    Number,
    Polynomial,
    Role,
    Share,
    Side,
    Vector,
    dummies,
    rename,
)
from symasym.projection.columns import Columns

__all__ = ["Plan", "Table", "contractions", "slotted"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MARK = "*"
"""Name of the number of a member that stands for a combination of known ones."""
Kinds: TypeAlias = tuple[tuple[int, int], ...]
"""Parts of a partition by how many shares and coordinates they have."""
Combination: TypeAlias = tuple[tuple[str, float], ...]
"""Known numbers `b_i`, and `<u_i, t_i>` by the name of the vectors, with their coefficients; the first one is 1."""
_Term: TypeAlias = tuple[Monomial, float, Combination]
Slotted: TypeAlias = tuple[tuple[_Term, ...], str]
"""A polynomial's terms, with what a marked number in them stands for, and the name of the slot that it is linear in."""


class Table(NamedTuple):
    """A known array: coordinates of one family of vectors `(K, K)`, inner products of two `(K, K)`, or a combination `(K,)`.

    `neutral`: axes along which it sums to zero.
    """

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    neutral: tuple[bool, ...]
    combination: Combination = ()


Operand: TypeAlias = tuple[str, Table]
Form: TypeAlias = tuple[str, tuple[Operand, ...]]
"""Letters of the output, and tables with theirs."""
Key: TypeAlias = tuple[int, int, Kinds]
"""Powers of `K` and of `beta`, and the integral, that a number is the coefficient of."""


class Value(NamedTuple):
    """What `einsum` makes of tables by these subscripts."""

    subscripts: str
    tables: tuple[Table, ...]


class Block(NamedTuple):
    """Contractions with the same output and the same of its letters on tables: subscripts of its diagonal, and where these are.

    `entries`: each one's value, by its place in the plan, with the order in which its axes are.
    """

    diagonal: str
    there: tuple[bool, ...]
    entries: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Contractions, and their coefficients: sums of `numbers K^counts beta^powers` times `integrals`, by their place in `kinds`.

    * `widths`: letters of both sides of the output; `symmetric`: the transpose is to be added, and both halved.
    * `groups`: the contraction, counted through all blocks, that each term of a sum belongs to.
    """

    values: tuple[Value, ...]
    blocks: tuple[Block, ...]
    widths: tuple[int, int]
    symmetric: bool
    kinds: tuple[Kinds, ...]
    groups: np.ndarray
    numbers: np.ndarray
    counts: np.ndarray
    powers: np.ndarray
    integrals: np.ndarray


@dataclass(frozen=True)
class _Half:
    """One monomial: letters, tables, the output and which of its places are neutral, powers of `beta` and of `K`."""

    shares: tuple[str, ...]
    coordinates: tuple[str, ...]
    tables: tuple[Operand, ...]
    output: str = ""
    neutral: tuple[bool, ...] = ()
    power: int = 0
    count: int = 0

    def __add__(self, other: _Half) -> _Half:
        """The product."""
        return _Half(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def slotted(columns: Columns) -> Slotted:
    """Terms that differ in a known number of one member alone are one term."""
    gathered: dict[Monomial, dict[str, float]] = {}
    for monomial, number in columns.polynomial.terms.items():
        known = [factor for factor in monomial if _of_one_member(factor, columns.slot)]
        name, marked = "", monomial
        if len(known) == 1:
            name, member = _named(known[0])
            rest = tuple(factor for factor in monomial if factor is not known[0])
            (marked,) = Polynomial.factor(*rest, Number(0, MARK, member)).terms
        gathered.setdefault(marked, {})[name] = float(number)
    terms = []
    for marked, names in gathered.items():
        first = next(iter(names.values()))
        terms.append((marked, first, tuple((name, number / first) for name, number in names.items() if name)))
    return tuple(terms), columns.slot


def _of_one_member(factor: Factor, slot: str) -> bool:
    """True for known numbers, and for `<u_i, t_i>`."""
    if isinstance(factor, Number):
        return factor.name != slot
    if not isinstance(factor, Dot) or slot in (factor.first.name, factor.second.name):
        return False
    first, second = factor.first, factor.second
    return (first.role, second.role) == (Role.PARAMETER, Role.KNOWN) and first.member == second.member


def _named(factor: Factor) -> tuple[str, int]:
    if isinstance(factor, Number):
        return factor.name, factor.member
    assert isinstance(factor, Dot)
    return factor.second.name, factor.second.member


@cache
def contractions(left: Slotted, right: Slotted) -> Plan:
    """The mean of the product of two columns; of one with itself, where they are equal, up to what the transpose makes up for."""
    gathered: dict[Form, dict[Key, float]] = {}
    same = left == right
    for n, own in enumerate(left[0]):
        for other in right[0][n:] if same else right[0]:
            twice = 2.0 if same and other is not own else 1.0
            number = twice * own[1] * other[1]
            for form, key in _product(own, left[1], other, right[1], same):
                terms = gathered.setdefault(form, {})
                terms[key] = terms.get(key, 0.0) + number
    return _plan(gathered, (_width(left), _width(right)), same)


def _width(slotted: Slotted) -> int:
    """Two letters for vectors inside, one for numbers and for vectors outside."""
    monomial, slot = slotted[0][0][0], slotted[1]
    inside = any(
        isinstance(factor, Dot) and factor.side is Side.IN and slot in (factor.first.name, factor.second.name)
        for factor in monomial
    )
    return 1 + inside


def _plan(gathered: Mapping[Form, Mapping[Key, float]], widths: tuple[int, int], same: bool) -> Plan:
    forms = sorted(gathered, key=lambda form: (form[0], _left(form)))
    rows = [(n, key, number) for n, form in enumerate(forms) for key, number in gathered[form].items() if number]
    place = {kinds: n for n, kinds in enumerate(sorted({key[2] for _, key, _ in rows}))}
    values: dict[Value, int] = {}
    blocks = [
        _block(output, left, list(some), values)
        for (output, left), some in groupby(forms, key=lambda form: (form[0], _left(form)))
    ]
    return Plan(
        tuple(values),
        tuple(blocks),
        widths,
        same,
        tuple(place),
        np.array([n for n, _, _ in rows]),
        np.array([number for _, _, number in rows]),
        np.array([key[0] for _, key, _ in rows]),
        np.array([key[1] for _, key, _ in rows]),
        np.array([place[key[2]] for _, key, _ in rows]),
    )


def _left(form: Form) -> str:
    """Letters of the output that stand on tables."""
    output, operands = form
    return "".join(letter for letter in dict.fromkeys(output) if any(letter in text for text, _ in operands))


def _block(output: str, left: str, forms: list[Form], values: dict[Value, int]) -> Block:
    entries = []
    for _, operands in forms:
        text = ",".join(letters for letters, _ in operands)
        to = {letter: LETTERS[n] for n, letter in enumerate(dict.fromkeys(text.replace(",", "")))}
        ordered = sorted(left, key=lambda letter: to[letter])
        subscripts = "".join(to.get(c, c) for c in f"{text}->{''.join(ordered)}".replace("->", ">")).replace(">", "->")
        value = Value(subscripts, tuple(table for _, table in operands))
        entries.append((values.setdefault(value, len(values)), tuple(ordered.index(letter) for letter in left)))
    distinct = "".join(dict.fromkeys(output))
    return Block(f"Z{output}->Z{distinct}", tuple(letter in left for letter in distinct), tuple(entries))


def _product(left: _Term, slot: str, right: _Term, other_slot: str, same: bool) -> Iterator[tuple[Form, Key]]:
    """One contraction for each partition that does not vanish."""
    fresh, other = iter(LETTERS[16:]), rename(right[0], {i: i + 8 for i in dummies(right[0])})
    both = _half(left[0], slot, left[2], fresh) + _half(other, other_slot, right[2], fresh)
    letters, shares = both.shares + both.coordinates, len(both.shares)
    for partition in partitions(shares, len(both.coordinates)):
        found = _form(both, same, _merged([{letters[n] for n in block} for block in partition]))
        if found is not None:
            parts = [(sum(n < shares for n in block), sum(n >= shares for n in block)) for block in partition]
            yield found[0], (both.count + found[1], both.power, tuple(sorted(parts)))


def _form(both: _Half, same: bool, to: dict[str, str]) -> tuple[Form, int] | None:
    """A contraction in letters that count from its output on, and how many are summed over nothing; None where it vanishes."""
    moved = [("".join(to.get(letter, letter) for letter in text), table) for text, table in both.tables]
    output = "".join(to.get(letter, letter) for letter in both.output)
    places = [*output, *(letter for text, _ in moved for letter in text)]
    neutral = [*both.neutral, *(flag for _, table in moved for flag in table.neutral)]
    if any(flag and places.count(letter) == 1 for letter, flag in zip(places, neutral, strict=True)):
        return None
    lone = {to[letter] for letter in both.shares + both.coordinates} - set(places)
    return _canonical(output, moved, same), len(lone)


def _canonical(output: str, operands: list[Operand], same: bool) -> Form:
    """The smallest way to write a contraction, tables in order; up to the transpose of the output for the `same` column twice."""
    half, ways = len(output) // 2, []
    for out in (output, output[half:] + output[:half]) if same else (output,):
        for ordered in permutations(operands):
            tables = [table for _, table in ordered]
            if tables == sorted(tables):
                names: dict[str, str] = {}
                texts = [
                    "".join(names.setdefault(letter, LETTERS[len(names)]) for letter in text)
                    for text in (out, *(text for text, _ in ordered))
                ]
                ways.append((texts[0], tuple(zip(texts[1:], tables, strict=True))))
    return min(ways)


def _half(monomial: Monomial, slot: str, combination: Combination, fresh: Iterator[str]) -> _Half:
    found = _Half((), (), ())
    for factor in monomial:
        if isinstance(factor, Number) and factor.name == MARK:
            table = Table((MARK,), (), (False,), combination)
            found += _Half((), (), ((LETTERS[factor.member], table),))
        else:
            found += _factor(factor, slot, fresh)
    return found


def _factor(factor: Factor, slot: str, fresh: Iterator[str]) -> _Half:
    match factor:
        case Share():
            return _Half((LETTERS[factor.member],), (), ())
        case Number():
            if factor.name == slot:
                return _Half((), (), (), LETTERS[factor.member], (False,))
            table = Table((factor.name,), (), (False,), ((factor.name, 1.0),))
            return _Half((), (), ((LETTERS[factor.member], table),))
        case Dot() if slot in (factor.first.name, factor.second.name):
            return _slot(factor, slot, fresh)
        case Dot():
            return _paired(factor, fresh)
    assert factor == ONE_OVER_COUNT
    return _Half((), (), (), count=-1)


def _slot(dot: Dot, slot: str, fresh: Iterator[str]) -> _Half:
    """The output's letters; outside, and for numbers, the member alone."""
    own = dot.first if dot.first.name == slot else dot.second
    other, member = dot.other(own), LETTERS[own.member]
    if dot.side is Side.OUT:
        return _Half((), (), (), member, (False,))
    if other.role is Role.PARAMETER:
        return _Half((), (), (), member + LETTERS[other.member], (False, True), power=1)
    axis = next(fresh)
    if other.role is Role.DATA:
        return _Half((), (axis,), (), member + axis, (False, True))
    return _Half((), (), (_vectors(other, axis),), member + axis, (False, True))


def _paired(dot: Dot, fresh: Iterator[str]) -> _Half:
    """An inner product of known things and data."""
    first, second = dot.first, dot.second  # in the order of their roles: data, members, known ones
    if first.role is Role.DATA:
        if second.role is Role.PARAMETER:
            return _Half((), (LETTERS[second.member],), (), power=1)
        axis = next(fresh)
        return _Half((), (axis,), (_vectors(second, axis),))
    if first.role is Role.PARAMETER and second.role is not Role.PARAMETER:
        return _Half((), (), (_vectors(second, LETTERS[first.member]),), power=1)
    neutral = (first.role is Role.DUAL, second.role is Role.DUAL)
    table = Table((first.name, second.name), (first.role, second.role), neutral)
    return _Half((), (), ((LETTERS[first.member] + LETTERS[second.member], table),))


def _vectors(vector: Vector, axis: str) -> Operand:
    return LETTERS[vector.member] + axis, Table((vector.name,), (vector.role,), (vector.role is Role.DUAL, True))


@cache
def partitions(shares: int, coordinates: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Set partitions of the factors, shares first, without those that leave a coordinate alone."""
    return tuple(
        part
        for part in _partitions(tuple(range(shares + coordinates)))
        if all(len(block) > 1 or block[0] < shares for block in part)
    )


def _partitions(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    if not items:
        yield ()
        return
    first, *rest = items
    for part in _partitions(tuple(rest)):
        yield ((first,), *part)
        for n, block in enumerate(part):
            yield (*part[:n], (first, *block), *part[n + 1 :])


def _merged(blocks: list[set[str]]) -> dict[str, str]:
    """Representative of each letter; blocks that share a letter are one."""
    groups: list[set[str]] = []
    for block in blocks:
        joined = set(block).union(*(g for g in groups if g & block))
        groups = [g for g in groups if not g & block] + [joined]
    return {letter: min(group) for group in groups for letter in group}
