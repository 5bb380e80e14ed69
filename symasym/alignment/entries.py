"""Diagonal entries of words: exact rational functions of the aligned entries at one index.

In aligned coordinates every constant matrix and every parameter at `w*` is rectangular diagonal, so a word has one entry for
each index of the ranges it passes through, and a trace is a power sum. Entries live in a field of rational functions with
two generators for each indexed family `lam`: its value at the first and at the second index of a block. Where a range
carries square roots (`w* = sqrt(lam)`, or the root of an expression that determines `lam`), the generator is the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.polys.fields import FracElement, FracField
from sympy.polys.orderings import lex

from symasym.alignment.factored import factored_form
from symasym.alignment.networks import diagonal_word
from symasym.alignment.parity import even_and_odd, squared_out
from symasym.alignment.ranges import Range, Ranges
from symasym.alignment.rational import Fractions, value_at
from symasym.alignment.roots import Root, find_roots
from symasym.alignment.specification import Spec, bases, entry_table
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.model.aligned import Aligned
from symasym.model.matrices import ScalarParameter, ScalarTruth
from symasym.words.atoms import Atom, Factor, Kind, Word, columns_of
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial, Smooth

__all__ = ["Entries"]


class Entries:
    """Entries of atoms and words in aligned coordinates.

    `power_sums` and `scalars` bound what the field must hold: how many different traces without directions may occur, and
    which scalar symbols.
    """

    def __init__(self, aligned: Aligned, ranges: Ranges, scalars: Iterable[sympy.Symbol], power_sums: int) -> None:
        self.ranges = ranges
        self._specs: dict[str, Spec] = {symbol.name: spec for symbol, spec in entry_table(aligned, ranges).items()}
        families = sorted({e.base for e in self._indexed()}, key=str)
        self._roots = find_roots((index, value) for spec in self._specs.values() for index, value in spec.items())
        known = sorted({*scalars, *self._free_scalars()}, key=str)
        names = [f"{family}_{slot}" for family in families for slot in (1, 2)]
        sums = [f"_sum_{n}" for n in range(power_sums)]
        self.field = FracField([*names, *map(str, known), *sums], sympy.ZZ, lex)
        self.domain = self.field.to_domain()
        self.fractions = Fractions(self.field)
        gens = list(self.field.gens)
        self._family = {(f, slot): gens[2 * n + slot - 1] for n, f in enumerate(families) for slot in (1, 2)}
        self._slot = {2 * n + slot - 1: (f, slot) for n, f in enumerate(families) for slot in (1, 2)}
        self._scalar = dict(zip(known, gens[len(names) :], strict=False))
        self._free_sums = list(range(len(names) + len(known), len(gens)))
        self._sums: dict[tuple, int] = {}
        self.definitions: dict[sympy.Symbol, sympy.Expr] = {}
        self._sum_symbols: dict[int, sympy.Symbol] = {}
        self._words: dict[tuple[Word, Range, int], FracElement] = {}
        self._shown: dict[tuple[FracElement, Range | None, Range | None], sympy.Expr] = {}

    # ---- reading the specification

    def _expressions(self) -> Iterable[sympy.Expr]:
        return (value for spec in self._specs.values() for value in spec.values())

    def _indexed(self) -> Iterable[sympy.Indexed]:
        return (e for value in self._expressions() for e in value.atoms(sympy.Indexed))

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

    def convert(self, expression: sympy.Expr, index: sympy.Symbol, slot: int, natural: bool = False) -> FracElement:
        """An entry, written in `index`, as an element of the field with `index` in the given slot.

        With `natural`, a generator stands for its family everywhere, also where a root replaces it.
        """

        def inner(child: sympy.Expr) -> FracElement:
            return self.convert(child, index, slot, natural)

        match expression:
            case sympy.Rational():
                return self.field.ground_new(sympy.QQ(int(expression.p), int(expression.q)))
            case sympy.Indexed():
                if expression.indices != (index,):
                    raise InputError(f"aligned: the entry {expression} of the range {index} uses another index")
                generator, root = self._family[expression.base, slot], self._roots.get((expression.base, index))
                return generator if root is None or natural else self._from_root(root, generator**2, slot)
            case ScalarTruth():
                return self._scalar[ScalarParameter(expression.of, positive=True)]
            case sympy.Symbol():
                return self._scalar[expression]
            case sympy.Add():
                return sum(map(inner, expression.args), self.field.zero)
            case sympy.Mul():
                return sympy.prod(list(map(inner, expression.args)), self.field.one)
            case sympy.Pow() if expression.exp.is_Integer:
                return inner(expression.base) ** int(expression.exp)
            case sympy.Pow() if expression.exp.is_Rational and expression.exp.q == 2 and not natural:
                root = next(
                    (r for r in self._roots.values() if (r.radicand, r.index) == (expression.base, index)), None
                )
                if root is not None:
                    return self._family[root.family, slot] ** int(expression.exp.p)
            case sympy.Float():
                exact = sympy.nsimplify(expression, rational=True)
                raise InputError(
                    f"aligned: the number {float(expression):g} is rounded, an exact one is expected; write "
                    f"sympy.Rational({exact.p}, {exact.q})"
                )
        raise NotDerivableYet(
            f"aligned: the entry {expression} is not a rational function of the indexed families and their square roots"
        )

    def _from_root(self, root: Root, square: FracElement, slot: int) -> FracElement:
        """The family's entry in terms of the root that replaces it."""
        parts = [[self.convert(c, root.index, slot) for c in pair] for pair in (root.numerator, root.denominator)]
        (p_0, p_1), (q_0, q_1) = parts
        return (p_0 - q_0 * square) / (q_1 * square - p_1)

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
            entries = []
            for item in word:
                entries.append(self.of_factor(item, over, slot))
                if not entries[-1]:
                    break
            self._words[key] = self.fractions.product(entries)
        return self._words[key]

    def of_matrix(self, polynomial: MatrixPolynomial, over: Range, slot: int) -> FracElement:
        """Entry of a matrix polynomial at one index of a range; an outer product `u v^T` has none and is refused."""
        parts = []
        for (monomial, word), number in polynomial.terms.items():
            refuse_outer_product(word)
            parts.append((self.of_scalar(ScalarPolynomial({monomial: number})), self.of_word(word, over, slot)))
        return self.fractions.sum_of_products(parts)

    def rational(self, number: Fraction) -> FracElement:
        """A rational number in the field."""
        return self.field.ground_new(sympy.QQ(number.numerator, number.denominator))

    def of_scalar(self, polynomial: ScalarPolynomial) -> FracElement:
        """A polynomial in traces without directions: traces become power sums."""
        parts = []
        for monomial, number in polynomial.terms.items():
            factors = [self.rational(Fraction(number))]
            factors += [self.convert(symbol, sympy.S.One, 1) ** power for symbol, power in monomial.powers]
            for scalar in monomial.scalars:
                if isinstance(scalar, LogDet | Smooth):
                    raise NotDerivableYet("aligned: a log-determinant or an integral remains after differentiation")
                factors.append(self.power_sum(diagonal_word(scalar) if isinstance(scalar, Network) else scalar))
            parts.append(factors)
        return self.fractions.sum_of_products(parts)

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
        family_value: Callable[[sympy.IndexedBase, int], Any],
        square_root: Callable[[Any], Any],
        scalars: Mapping[str, Any],
        sums: Mapping[sympy.Symbol, Any],
        first: tuple[Range, int] | None,
        second: tuple[Range, int] | None,
    ) -> list[Any]:
        """Numbers for all generators at concrete indices; `square_root` is asked where a root replaces a family."""
        values: list[Any] = [Fraction(0)] * self.field.ngens
        ends = {1: first, 2: second}
        used = {(base, i) for spec in self._specs.values() for i, e in spec.items() for base in bases(e)}
        for position, (family, slot) in self._slot.items():
            end = ends[slot]
            if end is not None and (family, end[0].index) in used:
                values[position] = family_value(family, end[1])
        for symbol, generator in self._scalar.items():
            if symbol.name in scalars:
                values[self.field.gens.index(generator)] = scalars[symbol.name]
        for position, symbol in self._sum_symbols.items():
            values[position] = sums[symbol]
        roots = {
            position: square_root(value_at(self._radicand(root, self._slot[position][1]), values))
            for position, root in self._replaced(first and first[0], second and second[0]).items()
        }
        return [roots.get(position, value) for position, value in enumerate(values)]

    def _replaced(self, first: Range | None, second: Range | None) -> dict[int, Root]:
        """Which generators stand for roots in a block."""
        ends = {1: first, 2: second}
        found = {
            position: self._roots.get((family, end.index))
            for position, (family, slot) in self._slot.items()
            if (end := ends[slot]) is not None
        }
        return {position: root for position, root in found.items() if root is not None}

    def _radicand(self, root: Root, slot: int) -> FracElement:
        """What stands under a root, in natural entries."""
        return self.convert(root.radicand, root.index, slot, natural=True)

    # ---- elements of the field back into SymPy

    def show(self, element: FracElement, first: Range | None = None, second: Range | None = None) -> sympy.Expr:
        """The element in SymPy, factored; roots are written as roots only where they do not cancel."""
        key = (element, first, second)
        if key not in self._shown:
            self._shown[key] = self._written(*key)
        return self._shown[key]

    def _written(self, element: FracElement, first: Range | None, second: Range | None) -> sympy.Expr:
        symbols, halves = self._symbols(first, second)
        scalars = [self.field.gens.index(generator) for generator in self._scalar.values()]
        replaced = {position: root for position, root in self._replaced(first, second).items() if not root.plain}
        parts: list[tuple[sympy.Expr, FracElement]] = [(sympy.S.One, element)]
        for position, root in replaced.items():
            slot = self._slot[position][1]
            radicand, name = self._radicand(root, slot), self._radicand_name(root, symbols[position])
            parts = [
                (factor * shown, squared_out(piece, position, radicand, self.fractions))
                for factor, value in parts
                for shown, piece in zip(
                    (1, sympy.sqrt(name)), even_and_odd(value, position, self.fractions), strict=True
                )
                if piece
            ]
        return sympy.Add(
            *(
                factor
                * factored_form(value.numer, symbols, halves, scalars)
                / factored_form(value.denom, symbols, halves, scalars)
                for factor, value in parts
            )
        )

    def show_with_roots(
        self, element: FracElement, first: Range | None = None, second: Range | None = None
    ) -> sympy.Expr:
        """The same with every root of an expression as a positive symbol of its own: for signs."""
        symbols, halves = self._symbols(first, second)
        for position, root in self._replaced(first, second).items():
            if not root.plain:
                symbols[position] = _root_symbol(self._radicand_name(root, symbols[position]))
        return factored_form(element.numer, symbols, halves) / factored_form(element.denom, symbols, halves)

    def with_roots(self, expression: sympy.Basic) -> sympy.Basic:
        """A relation or an expression in entries with the same symbols."""
        table = {}
        for root in self._roots.values():
            entry = root.family[root.index]
            if not root.plain and expression.has(entry):
                table[entry] = root.family_at(_root_symbol(root.radicand) ** 2)
        return expression.xreplace(table) if table else expression

    @property
    def radicands(self) -> tuple[sympy.Expr, ...]:
        """The expressions whose square roots `w*` carries, families themselves left out."""
        return tuple(root.radicand for root in self._roots.values() if not root.plain)

    def _radicand_name(self, root: Root, entry: sympy.Expr) -> sympy.Expr:
        """The radicand at the index that an entry carries."""
        return root.radicand.subs(root.index, entry.indices[0])

    def _symbols(self, first: Range | None, second: Range | None) -> tuple[list[sympy.Expr], set[int]]:
        """What each generator is called in a block, and which of them are roots of a family itself."""
        indices = {1: first, 2: second}
        symbols: list[sympy.Expr] = list(self.field.symbols)
        halves: set[int] = set()
        for position, (family, slot) in self._slot.items():
            item = indices[slot]
            if item is None:
                continue
            index = item.partner if slot == 2 and first == second else item.index
            symbols[position] = family[index]
            root = self._roots.get((family, item.index))
            if root is not None and root.plain:
                halves.add(position)
        for symbol in self._scalar:
            symbols[self.field.gens.index(self._scalar[symbol])] = _plain(symbol)
        for position, symbol in self._sum_symbols.items():
            symbols[position] = symbol
        return symbols, halves


def _root_symbol(radicand: sympy.Expr) -> sympy.Symbol:
    return sympy.Symbol(f"sqrt({radicand})", positive=True)


def refuse_outer_product(word: Word) -> None:
    """Refuse a matrix word that passes through a dimension of 1: with fixed vectors `u v^T` inside it is not diagonal."""
    if any(columns_of(item) == 1 for item in word[:-1]):
        shown = " ".join(atom.key + ("^T" if transposed else "") for atom, transposed in word)
        raise NotDerivableYet(
            f"aligned: {shown} contains an outer product of fixed vectors, which is not diagonal; use the general route"
        )


def _leading_ratio(entry: FracElement) -> Any:
    return sympy.QQ(entry.numer.LC, entry.denom.LC)


def _plain(symbol: sympy.Symbol) -> sympy.Symbol:
    """In a law a scalar parameter is its value at `w*`, a number like any other."""
    return sympy.Symbol(symbol.name, positive=True) if isinstance(symbol, ScalarParameter) else symbol
