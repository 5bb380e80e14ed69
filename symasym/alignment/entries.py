"""Diagonal entries of words: exact rational functions of the aligned entries at one index.

In aligned coordinates every constant matrix and every parameter at `w*` is rectangular diagonal, so a word has one entry for
each index of the ranges it passes through, and a trace is a power sum. Entries live in a field of rational functions with
two generators for each indexed family `lam`: its value at the first and at the second index of a block. Where a range
carries square roots (`w* = sqrt(lam)`), the generator is the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.polys.fields import FracElement, FracField
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyElement

from symasym.alignment.ranges import Range, Ranges
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.model.aligned import Aligned, Weight
from symasym.model.matrices import ScalarParameter, ScalarTruth
from symasym.words.atoms import Atom, Factor, Kind, Word, columns_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["Entries", "entry_table"]

Spec = Mapping[sympy.Symbol, sympy.Expr]
"""Range index -> entry as an expression in that index; ranges left out have the entry 0."""


def _spec(weight: Weight, ranges: Ranges) -> Spec:
    if isinstance(weight, Mapping):
        return {index: sympy.sympify(value) for index, value in weight.items()}
    if isinstance(weight, sympy.IndexedBase):
        return {item.index: weight[item.index] for item in ranges.all}
    return {item.index: sympy.sympify(weight) for item in ranges.all}


def entry_table(aligned: Aligned, ranges: Ranges) -> dict[MatrixExpr, Spec]:
    """For every constant and parameter the diagonal entries by range."""
    return {
        symbol: _spec(weight, ranges) for table in (aligned.diagonal, aligned.at) for symbol, weight in table.items()
    }


class Entries:
    """Entries of atoms and words in aligned coordinates.

    `power_sums` and `scalars` bound what the field must hold: how many different traces without directions may occur, and
    which scalar symbols.
    """

    def __init__(self, aligned: Aligned, ranges: Ranges, scalars: Iterable[sympy.Symbol], power_sums: int) -> None:
        self.ranges = ranges
        self._specs: dict[str, Spec] = {symbol.name: spec for symbol, spec in entry_table(aligned, ranges).items()}
        families = sorted({e.base for e in self._indexed()}, key=str)
        self._rooted = {(power.base.base, power.base.indices[0]) for power in self._powers() if power.exp.q == 2}
        known = sorted({*scalars, *self._free_scalars()}, key=str)
        names = [f"{family}_{slot}" for family in families for slot in (1, 2)]
        sums = [f"_sum_{n}" for n in range(power_sums)]
        self.field = FracField([*names, *map(str, known), *sums], sympy.QQ, lex)
        self.domain = self.field.to_domain()
        gens = list(self.field.gens)
        self._family = {(f, slot): gens[2 * n + slot - 1] for n, f in enumerate(families) for slot in (1, 2)}
        self._slot = {2 * n + slot - 1: (f, slot) for n, f in enumerate(families) for slot in (1, 2)}
        self._scalar = dict(zip(known, gens[len(names) :], strict=False))
        self._free_sums = list(range(len(names) + len(known), len(gens)))
        self._sums: dict[tuple, int] = {}
        self.definitions: dict[sympy.Symbol, sympy.Expr] = {}
        self._sum_symbols: dict[int, sympy.Symbol] = {}
        self._words: dict[tuple[Word, Range, int], FracElement] = {}

    # ---- reading the specification

    def _expressions(self) -> Iterable[sympy.Expr]:
        return (value for spec in self._specs.values() for value in spec.values())

    def _indexed(self) -> Iterable[sympy.Indexed]:
        return (e for value in self._expressions() for e in value.atoms(sympy.Indexed))

    def _powers(self) -> Iterable[sympy.Pow]:
        return (
            e
            for value in self._expressions()
            for e in value.atoms(sympy.Pow)
            if isinstance(e.base, sympy.Indexed) and e.exp.is_Rational
        )

    def _free_scalars(self) -> set[sympy.Symbol]:
        indices = {item.index for item in self.ranges.all}
        labels = {e.base.label for e in self._indexed()}
        return {
            s
            for value in self._expressions()
            for s in value.free_symbols
            if isinstance(s, sympy.Symbol) and s not in indices and s not in labels
        }

    # ---- expressions into the field

    def convert(self, expression: sympy.Expr, index: sympy.Symbol, slot: int) -> FracElement:
        """An entry, written in `index`, as an element of the field with `index` in the given slot."""
        match expression:
            case sympy.Rational():
                return self.field.ground_new(sympy.QQ(int(expression.p), int(expression.q)))
            case sympy.Indexed():
                if expression.indices != (index,):
                    raise InputError(f"aligned: the entry {expression} of the range {index} uses another index")
                generator = self._family[expression.base, slot]
                return generator**2 if (expression.base, index) in self._rooted else generator
            case ScalarTruth():
                return self._scalar[ScalarParameter(expression.of, positive=True)]
            case sympy.Symbol():
                return self._scalar[expression]
            case sympy.Add():
                return sum((self.convert(e, index, slot) for e in expression.args), self.field.zero)
            case sympy.Mul():
                return sympy.prod([self.convert(e, index, slot) for e in expression.args], self.field.one)
            case sympy.Pow() if expression.exp.is_Integer:
                return self.convert(expression.base, index, slot) ** int(expression.exp)
            case sympy.Pow() if isinstance(expression.base, sympy.Indexed) and expression.exp.q == 2:
                self.convert(expression.base, index, slot)  # refuses another index
                return self._family[expression.base.base, slot] ** int(expression.exp.p)
        raise NotDerivableYet(
            f"aligned: the entry {expression} is not a rational function of the indexed families and their square roots"
        )

    def size(self, item: Range) -> FracElement:
        """The number of indices of a range, as an element of the field."""
        return self.convert(item.size, item.index, 1)

    # ---- words into the field

    def _of_atom(self, atom: Atom, item: Range, slot: int) -> FracElement:
        if atom.kind is Kind.DIRECTION or atom.kind is Kind.DATA or atom.kind is Kind.GROUP:
            raise NotDerivableYet(f"aligned: {atom.key} has no diagonal entries")
        for dimension in (atom.rows, atom.columns):
            if dimension != 1 and item not in self.ranges.of(dimension):
                return self.field.zero
        if atom.kind is Kind.INVERSE:
            value = self.of_matrix(atom.payload, item, slot)
            if not value:
                raise ConditionViolated(f"aligned: {atom.key} is singular on the range {item}")
            return 1 / value
        if atom.kind is Kind.DERIVED:
            return self.of_matrix(self._definition(atom), item, slot)
        name = atom.payload.of if atom.kind is Kind.TRUTH else atom.key
        if name not in self._specs:
            table = "at" if atom.kind in (Kind.PARAMETER, Kind.TRUTH) else "diagonal"
            raise InputError(
                f"aligned: {table}[{name}] is missing; give the diagonal entries of {name} ({atom.rows} x {atom.columns})"
            )
        value = self._specs[name].get(item.index)
        return self.field.zero if value is None else self.convert(value, item.index, slot)

    def _definition(self, atom: Atom) -> MatrixPolynomial:
        return atom.payload

    def of_factor(self, item: Factor, over: Range, slot: int) -> FracElement:
        """Entry of one factor; transposition does not matter on the diagonal."""
        return self._of_atom(item[0], over, slot)

    def of_word(self, word: Word, over: Range, slot: int) -> FracElement:
        """Entry of a product at one index of a range; 0 where some factor does not reach that range."""
        key = (word, over, slot)
        if key not in self._words:
            value = self.field.one
            for item in word:
                value = value * self.of_factor(item, over, slot)
                if not value:
                    break
            self._words[key] = value
        return self._words[key]

    def of_matrix(self, polynomial: MatrixPolynomial, over: Range, slot: int) -> FracElement:
        """Entry of a matrix polynomial at one index of a range; an outer product `u v^T` has none and is refused."""
        total = self.field.zero
        for (monomial, word), number in polynomial.terms.items():
            refuse_outer_product(word)
            scalar = self.of_scalar(ScalarPolynomial({monomial: number}))
            total = total + scalar * self.of_word(word, over, slot)
        return total

    def rational(self, number: Fraction) -> FracElement:
        """A rational number in the field."""
        return self.field.ground_new(sympy.QQ(number.numerator, number.denominator))

    def of_scalar(self, polynomial: ScalarPolynomial) -> FracElement:
        """A polynomial in traces without directions: traces become power sums."""
        total = self.field.zero
        for monomial, number in polynomial.terms.items():
            value = self.rational(Fraction(number))
            for symbol, power in monomial.powers:
                value = value * self.convert(symbol, sympy.S.One, 1) ** power
            for scalar in monomial.scalars:
                if isinstance(scalar, LogDet):
                    raise NotDerivableYet("aligned: a log-determinant remains after differentiation")
                value = value * self.power_sum(scalar)
            total = total + value
        return total

    def power_sum(self, word: Word) -> FracElement:
        """`tr(word) = sum over ranges and indices of its entry`."""
        return self.sum_over({item: self.of_word(word, item, 1) for item in self.ranges.all})

    def sum_over(self, summands: Mapping[Range, FracElement]) -> FracElement:
        """`sum over ranges and indices`; a generator of its own unless the summand is constant on its range."""
        constant, varying = self.field.zero, []
        for item, entry in summands.items():
            if entry and self._depends_on_index(entry):
                varying.append((item, entry))
            elif entry:
                constant = constant + entry * self.size(item)
        if not varying:
            return constant
        unit = _leading_ratio(varying[0][1])  # sums that differ by a number share a generator
        varying = [(item, entry / unit) for item, entry in varying]
        key = tuple((item.index, entry) for item, entry in varying)
        if key not in self._sums:
            if len(self._sums) == len(self._free_sums):
                raise NotDerivableYet("aligned: the law needs more power sums than were foreseen")
            position = self._free_sums[len(self._sums)]
            self._sums[key] = position
            symbol = sympy.Symbol("tau" if len(self._sums) == 1 else f"tau_{len(self._sums)}", real=True)
            self._sum_symbols[position] = symbol
            self.definitions[symbol] = sympy.Add(
                *(sympy.Sum(self.show(entry, item), (item.index, item.first, item.last)) for item, entry in varying)
            )
        return constant + unit * self.field.gens[self._sums[key]]

    def trace_sum(self, polynomial: ScalarPolynomial) -> sympy.Expr:
        """A polynomial in traces without directions, in SymPy, with traces that enter linearly gathered under one sum."""
        gathered: dict[Range, FracElement] = {}
        rest = self.field.zero
        for monomial, number in polynomial.terms.items():
            if len(monomial.scalars) == 1 and isinstance(monomial.scalars[0], tuple):
                scalar = self.of_scalar(ScalarPolynomial({Monomial(monomial.powers): number}))
                for item in self.ranges.all:
                    value = scalar * self.of_word(monomial.scalars[0], item, 1)
                    gathered[item] = gathered.get(item, self.field.zero) + value
            else:
                rest = rest + self.of_scalar(ScalarPolynomial({monomial: number}))
        total = self.show(rest)
        for item, value in gathered.items():
            if value and not self._depends_on_index(value):
                total += self.show(value) * item.size
            elif value:
                total += sympy.Sum(self.show(value, item), (item.index, item.first, item.last))
        return total

    def _depends_on_index(self, element: FracElement) -> bool:
        return any(
            exponents[position]
            for part in (element.numer, element.denom)
            for exponents in part
            for position in self._slot
        )

    def generator_values(
        self,
        family_value: Callable[[sympy.IndexedBase, int, bool], Any],
        scalars: Mapping[str, Any],
        sums: Mapping[sympy.Symbol, Any],
        first: tuple[Range, int] | None,
        second: tuple[Range, int] | None,
    ) -> list[Any]:
        """Numbers for all generators at concrete indices; a family is asked for its root where its range carries roots."""
        values: list[Any] = [Fraction(0)] * self.field.ngens
        ends = {1: first, 2: second}
        used = {(base, i) for spec in self._specs.values() for i, e in spec.items() for base in _bases(e)}
        for position, (family, slot) in self._slot.items():
            end = ends[slot]
            if end is not None and (family, end[0].index) in used:
                values[position] = family_value(family, end[1], (family, end[0].index) in self._rooted)
        for symbol, generator in self._scalar.items():
            if symbol.name in scalars:
                values[self.field.gens.index(generator)] = scalars[symbol.name]
        for position, symbol in self._sum_symbols.items():
            values[position] = sums[symbol]
        return values

    # ---- elements of the field back into SymPy

    def show(self, element: FracElement, first: Range | None = None, second: Range | None = None) -> sympy.Expr:
        """The element in SymPy, factored; roots are written as roots only where they do not cancel."""
        symbols, halves = self._symbols(first, second)
        return _show_part(element.numer, symbols, halves) / _show_part(element.denom, symbols, halves)

    def _symbols(self, first: Range | None, second: Range | None) -> tuple[list[sympy.Expr], set[int]]:
        """What each generator is called in a block, and which of them are roots."""
        indices = {1: first, 2: second}
        symbols: list[sympy.Expr] = list(self.field.symbols)
        halves: set[int] = set()
        for position, (family, slot) in self._slot.items():
            item = indices[slot]
            if item is None:
                continue
            index = item.partner if slot == 2 and first == second else item.index
            symbols[position] = family[index]
            if (family, item.index) in self._rooted:
                halves.add(position)
        for symbol in self._scalar:
            symbols[self.field.gens.index(self._scalar[symbol])] = _plain(symbol)
        for position, symbol in self._sum_symbols.items():
            symbols[position] = symbol
        return symbols, halves


def refuse_outer_product(word: Word) -> None:
    """Refuse a matrix word that passes through a dimension of 1: with fixed vectors `u v^T` inside it is not diagonal."""
    if any(columns_of(item) == 1 for item in word[:-1]):
        shown = " ".join(atom.key + ("^T" if transposed else "") for atom, transposed in word)
        raise NotDerivableYet(
            f"aligned: {shown} contains an outer product of fixed vectors, which is not diagonal; use the general route"
        )


def _leading_ratio(entry: FracElement) -> Any:
    return entry.numer.LC / entry.denom.LC


def _plain(symbol: sympy.Symbol) -> sympy.Symbol:
    """In a law a scalar parameter is its value at `w*`, a number like any other."""
    return sympy.Symbol(symbol.name, positive=True) if isinstance(symbol, ScalarParameter) else symbol


def _bases(expression: sympy.Expr) -> set[sympy.IndexedBase]:
    return {entry.base for entry in expression.atoms(sympy.Indexed)}


def _show_part(part: PolyElement, symbols: list[sympy.Expr], halves: set[int]) -> sympy.Expr:
    """A polynomial as a product of its irreducible factors, after pulling out monomials and halving even exponents."""
    if not part:
        return sympy.S.Zero
    ring = part.ring
    lowest = tuple(min(exponents[n] for exponents in part) for n in range(ring.ngens))
    rest = ring.from_dict({tuple(e - f for e, f in zip(exps, lowest, strict=True)): c for exps, c in part.items()})
    even = {n for n in halves if all(exps[n] % 2 == 0 for exps in rest)}
    rest = ring.from_dict(
        {tuple(e // 2 if n in even else e for n, e in enumerate(exps)): c for exps, c in rest.items()}
    )
    result = sympy.Mul(
        *(
            s ** (sympy.Rational(e, 2) if n in halves else e)
            for n, (s, e) in enumerate(zip(symbols, lowest, strict=True))
            if e
        )
    )
    names = [s if n in even or n not in halves else sympy.sqrt(s) for n, s in enumerate(symbols)]
    content, factors = rest.factor_list()
    number = sympy.Rational(int(content.numerator), int(content.denominator))
    for base, power in factors:
        # a factor is written with more positive terms than negative ones; its sign goes to the front
        flip = sum(1 if c > 0 else -1 for c in base.coeffs()) < 0
        number *= (-1) ** (power if flip else 0)
        result *= _as_expression(-base if flip else base, names) ** power
    return number * result


def _as_expression(polynomial: PolyElement, names: list[sympy.Expr]) -> sympy.Expr:
    return sympy.Add(
        *(
            sympy.Mul(
                sympy.Rational(int(c.numerator), int(c.denominator)),
                *(name**e for name, e in zip(names, exps, strict=True) if e),
            )
            for exps, c in polynomial.terms()
        )
    )
