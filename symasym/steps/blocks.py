"""Aligned coordinates, blocks over index pairs, the covariance of the first stage."""

from __future__ import annotations

from typing import Any

import sympy

from symasym.alignment.blocks import Blocks, Coordinate, DiagonalBlock, Functional, Matrix, PairBlock, RankOne
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.covariance import Covariance
from symasym.model.matrices import ScalarParameter
from symasym.model.model import Model
from symasym.steps.step import Line, Step

__all__ = ["alignment_step", "blocks_step", "covariance_step", "coordinates", "second"]


def alignment_step(model: Model, blocks: Blocks) -> Step:
    """Frames, ranges, the entries of every matrix, what is assumed of them."""
    assert model.aligned is not None
    lines = []
    for frame in model.aligned.frames:
        for symbol, image in frame.images.items():
            lines.append(
                Line(
                    symbol,
                    image,
                    f"frame {frame.element} in {frame.group}: the problem keeps its form, proved on words",
                )
            )
    for item in blocks.entries.ranges.all:
        lines.append(Line(item.index, sympy.Tuple(item.first, item.last), "range, first and last index"))
    for table in (model.aligned.diagonal, model.aligned.at):
        for symbol, weight in table.items():
            if isinstance(weight, dict):
                lines += [_entry_line(symbol, index, sympy.sympify(entry)) for index, entry in weight.items()]
            else:
                lines.append(_diagonal_line(symbol, weight))
    lines += [Line(None, relation, "assumed") for relation in (*model.where, *model.aligned.assume)]
    lines.append(
        Line(sympy.Symbol("D L(w*)[V]"), sympy.S.Zero, "for every direction V, so the named point is stationary")
    )
    return Step("Aligned coordinates", "every constant matrix rectangular diagonal; words become entries", tuple(lines))


def _entry_line(symbol: sympy.MatrixSymbol, index: sympy.Symbol, value: sympy.Expr, note: str = "") -> Line:
    """An entry of a vector, or on the diagonal of a matrix, with its value."""
    base = sympy.IndexedBase(str(symbol.name))
    left = base[index] if symbol.shape[1] == 1 else base[index, index]
    return Line(None if str(left) == str(value) else left, value, note or "entries of vectors, and on diagonals")


def _diagonal_line(symbol: sympy.MatrixSymbol, weight: sympy.Expr | sympy.IndexedBase | int) -> Line:
    """The same weight on every entry of a diagonal: a family, or one expression."""
    index = sympy.Symbol("p", integer=True)
    value = weight[index] if isinstance(weight, sympy.IndexedBase) else sympy.sympify(weight)
    return _entry_line(symbol, index, value, f"for every index {index}")


def _score_line(block: PairBlock | DiagonalBlock, where: str, shown: sympy.Basic) -> Line:
    """The score block, by the name of the Hessian block where both are equal."""
    return Line(sympy.Symbol("s"), sympy.Symbol("h") if block.score == block.hessian else shown, where)


def second(block: PairBlock) -> sympy.Symbol:
    """The second index of a pair."""
    return block.first.partner if block.first == block.second else block.second.index


def _pair_name(block: PairBlock) -> str:
    order = f", {block.first.index} < {second(block)}" if block.first == block.second else ""
    return f"pair {{{block.first.index}, {second(block)}}}{order}"


def coordinates(found: tuple[Coordinate, ...], p: sympy.Symbol, q: sympy.Symbol) -> str:
    """Names of the coordinates of a block."""
    return ", ".join(coordinate.name(p, q) for coordinate in found)


def _shown(matrix: Matrix, entries: Entries, first: Range, second: Range | None) -> sympy.Basic:
    rows = [[entries.show(value, first, second) for value in row] for row in matrix]
    return rows[0][0] if len(rows) == 1 else sympy.ImmutableMatrix(rows)


def _functional(weights: Functional, entries: Entries, slot: str) -> sympy.Expr:
    total = sympy.S.Zero
    for (parameter, item), value in weights.items():
        if isinstance(parameter, ScalarParameter) or item is None:
            total += entries.show(value) * sympy.Symbol(f"{slot}_{parameter}", real=True)
            continue
        entry = sympy.IndexedBase(f"{slot}_{parameter.key}")[item.index, item.index]
        total += sympy.Sum(entries.show(value, item) * entry, (item.index, item.first, item.last))
    return total


def _coupling_lines(terms: tuple[RankOne, ...], entries: Entries, note: str) -> list[Line]:
    """The terms of low rank, as few of them as gathering makes; a square where both sides are proportional."""
    lines = []
    for left, right in gathered_terms(terms, entries):
        ratio = _ratio(right, left, entries)
        number, other = (sympy.S.One, right) if ratio is None else (entries.show(ratio), left)
        slots = (_functional(left, entries, "U"), _functional(other, entries, "V"))
        lines.append(Line(None, sympy.Mul(number, *slots, evaluate=False), note))
    return lines


def gathered_terms(terms: tuple[RankOne, ...], entries: Entries) -> list[tuple[Functional, Functional]]:
    """Products of functionals with the same sum: equal left sides together, then those whose right sides are proportional."""
    rights: dict[frozenset[Any], Functional] = {}
    lefts: dict[frozenset[Any], Functional] = {}
    for term in terms:
        key = frozenset(term.left.items())
        lefts[key] = term.left
        rights[key] = _sum(rights.get(key, {}), term.right, term.coefficient)
    found: list[tuple[Functional, Functional]] = []
    for key, right in rights.items():
        if not right:
            continue
        for place, (left, other) in enumerate(found):
            ratio = _ratio(right, other, entries)
            if ratio is not None:
                found[place] = (_sum(left, lefts[key], ratio), other)
                break
        else:
            found.append((lefts[key], right))
    return found


def _sum(first: Functional, second: Functional, factor: Any) -> Functional:
    """`first + factor * second`, without zeros."""
    table = dict(first)
    for key, value in second.items():
        table[key] = table[key] + factor * value if key in table else factor * value
    return {key: value for key, value in table.items() if value}


def _ratio(right: Functional, other: Functional, entries: Entries) -> Any:
    """`c` with `right = c * other`, `c` free of indices; None where there is none."""
    if right.keys() != other.keys():
        return None
    ratios = {value / other[key] for key, value in right.items()}
    if len(ratios) > 1:
        return None
    ((ratio,), (key, *_)) = ratios, right
    shown = entries.show(ratio) if key[1] is None else entries.show(ratio, key[1])
    return None if shown.has(sympy.Indexed) else ratio


def blocks_step(blocks: Blocks) -> Step:
    """Both forms over each pair of indices, and on the diagonal."""
    entries, lines = blocks.entries, []
    for symbol, definition in entries.definitions.items():
        lines.append(Line(symbol, definition, "power sum"))
    for block in blocks.pairs:
        where = f"{_pair_name(block)}, coordinates {coordinates(block.coordinates, block.first.index, second(block))}"
        lines.append(Line(sympy.Symbol("h"), _shown(block.hessian, entries, block.first, block.second), where))
        lines.append(_score_line(block, where, _shown(block.score, entries, block.first, block.second)))
        for vector in block.vertical:
            shown = sympy.Tuple(*(entries.show(value, block.first, block.second) for value in vector))
            lines.append(Line(None, shown, f"vertical, {where}"))
    for diagonal in blocks.diagonals:
        where = _diagonal_name(diagonal)
        lines.append(Line(sympy.Symbol("h"), _shown(diagonal.hessian, entries, diagonal.over, None), where))
        lines.append(_score_line(diagonal, where, _shown(diagonal.score, entries, diagonal.over, None)))
        for vector in diagonal.vertical:
            shown = sympy.Tuple(*(entries.show(value, diagonal.over) for value in vector))
            lines.append(Line(None, shown, f"vertical, {where}"))
    lines += _coupling_lines(
        blocks.hessian_coupling, entries, "added to h on the diagonal entries and scalar parameters"
    )
    lines += _coupling_lines(blocks.score_coupling, entries, "added to s on the diagonal entries and scalar parameters")
    rule = "tr(U M V N) = sum_pq U_pq M_q V_qp N_p, so both forms are block diagonal over pairs {p, q}"
    return Step("Blocks", rule, tuple(lines))


def _diagonal_name(block: DiagonalBlock) -> str:
    return f"diagonal, coordinates {coordinates(block.coordinates, block.over.index, block.over.index)}"


def covariance_step(covariance: Covariance) -> Step:
    """`V` block by block."""
    entries, lines = covariance.entries, []
    for pair in covariance.pairs:
        block = pair.block
        where = f"{_pair_name(block)}, coordinates {coordinates(block.coordinates, block.first.index, second(block))}"
        lines.append(Line(sympy.Symbol("V"), _shown(pair.covariance, entries, block.first, block.second), where))
    for diagonal in covariance.diagonals:
        shown = _shown(diagonal.covariance, entries, diagonal.block.over, None)
        lines.append(Line(sympy.Symbol("V"), shown, _diagonal_name(diagonal.block)))
    lines += _coupling_lines(covariance.coupling, entries, "added to V on the diagonal entries and scalar parameters")
    lines.append(Line(None, covariance.vertical_dimension, "dimension of the kernel of h: exactly the vertical space"))
    for minor in covariance.undecided:
        lines.append(Line(None, minor, "must be positive; could not be decided, so it is an assumption of the law"))
    rule = "V = h^{-1} s h^{-1} on the horizontal space of each block; h > 0 there, gaps written as positive symbols"
    return Step("Covariance of the first stage", rule, tuple(lines))
