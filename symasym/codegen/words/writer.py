"""Polynomials in words as rows of tables: names for atoms, letters for what is summed over.

`tr(U M V N)` is `U_ij M_jk V_kl N_li`, the pattern `jk,li->ijkl` of `np.einsum`; a trace beside it is the pattern `aa`, a
network of masked coordinates whatever its edges say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.calculus.bilinear import Linear, matrix_terms, positions, split_linear
from symasym.calculus.forms import Forms
from symasym.codegen.words.terms import Definition, Parts, Powers, Table, Term, Vertical
from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianLaw
from symasym.model.groups import Algebra
from symasym.model.matrices import Parameter, ScalarParameter, ScalarTruth
from symasym.symmetry.quotient import VerticalField
from symasym.words.atoms import Atom, Factor, Kind, Word, columns_of, rows_of
from symasym.words.lower import lower_matrix
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, MatrixPolynomial, ScalarPolynomial, Smooth

__all__ = ["LETTERS", "Writer", "owner"]

LETTERS = "abcdefghmnopqrstuv"
"""Letters that are summed over; `ij` and `kl` are the entries of directions."""


@dataclass
class Writer:
    """Names for atoms, and what stands behind those that are not given."""

    forms: Forms
    definitions: dict[object, Definition] = field(default_factory=dict)
    numbers: dict[str, tuple[tuple[Fraction, Powers], ...]] = field(default_factory=dict)
    known: dict[sympy.Expr, str] = field(default_factory=dict)
    factors: dict[Factor, str] = field(default_factory=dict)

    # ---- names

    def name(self, atom: Atom) -> str:
        """The name of a matrix; definitions are made as they are met."""
        match atom.kind:
            case Kind.PARAMETER | Kind.CONSTANT:
                return str(atom.key)
            case Kind.TRUTH:
                return str(atom.payload.of)
            case Kind.DERIVED | Kind.INVERSE if atom not in self.definitions:
                of = self.forms.definitions[atom] if atom.kind is Kind.DERIVED else atom.payload
                single = of.single_atom if atom.kind is Kind.INVERSE else None
                name = self.name(single) if single else self.defined(self.matrix(of), of.rows, of.columns)
                if atom.kind is Kind.DERIVED and " " not in name and "." not in name:
                    return name
                shape = str(atom.rows), str(atom.columns)
                word = (Term(Fraction(1), (), "ij->ij", (name,)),)
                inverted = atom.kind is Kind.INVERSE
                start = "inverse" if inverted else "product"
                self.definitions[atom] = Definition(f"{start}_{self._next()}", shape, name if inverted else word)
        if atom in self.definitions:
            return self.definitions[atom].name
        raise NotDerivableYet(
            f"natural parameters: {atom.key} is a {atom.kind.value}, a matrix that is given is expected"
        )

    def _next(self) -> int:
        return len(self.definitions) + 1

    def defined(self, table: Table, rows: sympy.Expr, columns: sympy.Expr) -> str:
        """The name of a sum of words; the word itself where it is one alone."""
        if len(table) == 1 and table[0].number == 1 and not table[0].powers and table[0].pattern == "ij->ij":
            return table[0].words[0]
        if table not in self.definitions:
            self.definitions[table] = Definition(f"sum_{self._next()}", (str(rows), str(columns)), table)
        return self.definitions[table].name

    def factor(self, item: Factor) -> str:
        """A factor of a word."""
        if item not in self.factors:
            atom, transposed = item
            self.factors[item] = self.name(atom) + (".T" if transposed else "")
        return self.factors[item]

    def word(self, word: Word, dimension: sympy.Expr) -> str:
        """A word, the identity of a dimension for the empty one."""
        return " ".join(map(self.factor, word)) if word else f"1_{dimension}"

    def scalar_name(self, symbol: sympy.Expr) -> str:
        """The name of a scalar; a sum of scalars, and a moment of a random scale, is a number of its own."""
        if symbol in self.known:
            return self.known[symbol]
        if isinstance(symbol, ScalarTruth):
            found = str(symbol.of)
        elif isinstance(symbol, sympy.Symbol) and symbol not in self.forms.scale_moments:
            found = str(symbol.name)
        else:
            found = self.number(self._summands(self.forms.scale_moments.get(symbol, symbol)))
        self.known[symbol] = found
        return found

    def _summands(self, expression: sympy.Expr) -> tuple[tuple[Fraction, Powers], ...]:
        """A sum of products of integer powers of scalars and of such sums."""
        terms = []
        for summand in sorted(sympy.Add.make_args(expression), key=str):
            number, rest = summand.as_coeff_Mul()
            powers = rest.as_powers_dict()
            inside = tuple((self.scalar_name(b), int(p)) for b, p in sorted(powers.items(), key=str) if b != 1)
            terms.append((Fraction(number.p, number.q), inside))
        return tuple(terms)

    # ---- terms

    def term(self, coefficient: ScalarPolynomial, parts: Parts, result: str, used: str = "") -> Term:
        """`coefficient * sum prod parts`, parts being letters and words."""
        ((monomial, number),) = coefficient.terms.items()
        powers = tuple((self.scalar_name(symbol), power) for symbol, power in monomial.powers)
        letters = (c for c in LETTERS if c not in used)
        beside = [part for scalar in monomial.scalars for part in self._closed(scalar, letters)]
        everything = [*beside, *parts]
        pattern = ",".join(letter for letter, _ in everything) + "->" + result
        return Term(number, powers, pattern, tuple(word for _, word in everything))

    def _closed(self, scalar: Word | LogDet | Network | Smooth, letters: Iterator[str]) -> Parts:
        """A scalar without directions as parts of a sum."""
        if isinstance(scalar, LogDet):
            raise NotDerivableYet("natural parameters: a log determinant in a form is no sum of words")
        if isinstance(scalar, Smooth):
            raise NotDerivableYet("natural parameters: an integral in a form is no sum of words")
        if isinstance(scalar, Network):
            return self.edges(scalar, letters)
        return [(next(letters) * 2, self.word(scalar, sympy.S.One))]

    def edges(self, network: Network, letters: Iterable[str], entry: Sequence[str] = ("ij", "kl")) -> Parts:
        """The words of a network with their letters, `entry` those of the entries of `U`, then of `V`."""
        fresh, parts = iter(letters), list[tuple[str, str]]()
        names = {vertex: next(fresh) for vertex in network.vertices}
        slots = {a[0].payload[1] for e in network.edges for a in e.word if a[0].kind is Kind.DIRECTION}
        own = dict(zip(sorted(slots), entry, strict=False))
        for edge in network.edges:
            start, dimension = 0, rows_of(edge.word[0])
            index = next(fresh) if edge.tail is None else names[edge.tail]
            for n in positions(edge.word):
                atom, transposed = edge.word[n]
                row, column = own[atom.payload[1]]
                before, after = (column, row) if transposed else (row, column)
                parts.append((index + before, self.word(edge.word[start:n], dimension)))
                start, dimension, index = n + 1, columns_of(edge.word[n]), after
            end = next(fresh) if edge.head is None else names[edge.head]
            parts.append((index + end, self.word(edge.word[start:], dimension)))
        return parts

    def collected(self, terms: Iterable[Term]) -> Table:
        """Terms with the same words as one, whose factor is a sum of products of scalars."""
        grouped: dict[tuple[str, tuple[str, ...]], dict[Powers, Fraction]] = {}
        for term in terms:
            factors = grouped.setdefault((term.pattern, term.words), {})
            factors[term.powers] = factors.get(term.powers, Fraction()) + term.number
        found = []
        for (pattern, words), factors in grouped.items():
            left = tuple((number, powers) for powers, number in factors.items() if number)
            if len(left) > 1:
                left = ((Fraction(1), ((self.number(left), 1),)),)
            found += [Term(number, powers, pattern, words) for number, powers in left]
        return tuple(found)

    def number(self, terms: tuple[tuple[Fraction, Powers], ...]) -> str:
        """The name of a sum of products of scalars."""
        for name, other in self.numbers.items():
            if other == terms:
                return name
        name = f"number_{len(self.numbers) + 1}"
        self.numbers[name] = terms
        return name

    def scalar(self, polynomial: ScalarPolynomial) -> Table:
        """A polynomial in traces."""
        return self.collected(self.term(ScalarPolynomial({m: c}), [], "") for m, c in polynomial.sorted_terms())

    def matrix(self, polynomial: MatrixPolynomial) -> Table:
        """A matrix polynomial without directions."""
        return self.collected(
            self.term(ScalarPolynomial({m: c}), [("ij", self.word(word, polynomial.rows))], "ij")
            for (m, word), c in polynomial.sorted_terms()
        )

    def joint(self, law: GaussianLaw) -> tuple[tuple[str, ...], ...]:
        """The covariances of the vectors of a law, a name for each block, "" for zero."""
        count_of = len(law.names)
        rows = []
        for i in range(count_of):
            row = []
            for j in range(count_of):
                block = law.covariance(i, j)
                if isinstance(block, ZeroMatrix):
                    row.append("")
                    continue
                lowered = lower_matrix(block)
                row.append(self.defined(self.matrix(lowered), lowered.rows, lowered.columns))
            rows.append(tuple(row))
        return tuple(rows)

    # ---- forms

    def functional(self, item: Linear, entry: str, letters: str) -> Parts:
        """`tr(V M)`, `M_ji` at the entry `ij`; of a network whatever its edges say."""
        assert isinstance(item.parameter, Atom)
        if isinstance(item.word, Network):
            return self.edges(item.word, letters, (entry,))
        return [(entry[::-1], self.word(item.word, item.parameter.columns))]

    def linear(self, form: ScalarPolynomial) -> dict[str, Table]:
        """A form in one direction, by parameter."""
        found: dict[str, list[Term]] = {}
        for item in split_linear(form):
            term = self.term(item.coefficient, self.functional(item, "ij", LETTERS[:8]), "ij", LETTERS[:8])
            found.setdefault(owner(item.parameter), []).append(term)
        return {name: self.collected(terms) for name, terms in found.items()}

    def slopes(self, derivative: MatrixPolynomial) -> dict[str, Table]:
        """`theta^T DPhi[V]` at `[b, i, j]`, for a column `theta_`."""
        found: dict[str, list[Term]] = {}
        for item in matrix_terms(derivative):
            i, j = "ji" if item.transposed else "ij"
            parts = [("xy", "theta_"), ("x" + i, self.word(item.before, derivative.rows))]
            parts.append((j + "z", self.word(item.after, derivative.columns)))
            term = self.term(item.coefficient, parts, "zij", "xyz")
            found.setdefault(owner(item.moving.payload[0]), []).append(term)
        return {name: self.collected(terms) for name, terms in found.items()}

    def vertical(self, field: VerticalField) -> Vertical:
        """Velocities `before xi after` at `[x, y, i, j]`."""
        found = {}
        for parameter, velocity in field.velocity.items():
            terms = []
            for item in matrix_terms(velocity):
                x, y = "yx" if item.transposed else "xy"
                parts = [("i" + x, self.word(item.before, velocity.rows))]
                parts.append((y + "j", self.word(item.after, velocity.columns)))
                terms.append(self.term(item.coefficient, parts, "xyij", "xy"))
            found[owner(parameter)] = self.collected(terms)
        return Vertical(field.algebra is Algebra.ANTISYMMETRIC, str(field.xi.rows), found)


def owner(parameter: object) -> str:
    """The name of a matrix parameter."""
    if isinstance(parameter, ScalarParameter):
        raise NotDerivableYet("natural parameters: forms that are made of trace words alone are expected")
    assert isinstance(parameter, Atom)
    assert isinstance(parameter.payload, Parameter)
    return str(parameter.key)
