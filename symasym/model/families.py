"""Families: `K` vectors of one kind, `K` symbolic, and non-polynomial functions of them.

`u[i]` is the member `i` of a family; indices are `members`. `softmax(q, over=i)` is the share of member `i` in
`sum_i exp(q_i)`, `log_mean_exp_over(q, over=i)` the logarithm of the mean of these exponentials: with them the likelihood of a
mixture, its responsibilities and every loss of that kind can be written down as on the page, for every number of members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.printing.printer import Printer

from symasym.errors import InputError, ShapeError
from symasym.model.displayed import Displayed
from symasym.model.matrices import ModelSymbol
from symasym.model.scalars import Inner, MatrixScalar
from symasym.model.shapes import check_matrix

__all__ = [
    "Block",
    "Family",
    "FamilyMixture",
    "FamilyModel",
    "FamilyNumber",
    "FamilyVector",
    "LogMeanExp",
    "Member",
    "Numbers",
    "Relabelling",
    "Softmax",
    "SpanProjector",
    "vector_family",
    "family_mixture",
    "known_vectors",
    "known_numbers",
    "log_mean_exp_over",
    "members",
    "softmax",
    "span",
]


class Member(sympy.Symbol):
    """An index that runs over the members of a family."""


def members(names: str) -> tuple[Member, ...]:
    """Indices of members, from names separated by blanks."""
    return tuple(Member(name, integer=True, positive=True) for name in names.split())


class FamilyVector(ModelSymbol):
    """The member of a family at an index; `estimated` says that the family is what the first stage estimates."""

    @property
    def member(self) -> Member:
        """Its index."""
        return self.args[3]

    @property
    def estimated(self) -> bool:
        """True for a parameter, False for known vectors."""
        return bool(self.args[4])

    def _sympystr(self, printer: Printer) -> str:
        return f"{self.args[0]}[{self.member}]"

    def _latex(self, printer: Printer) -> str:
        return f"{printer._print(sympy.Symbol(str(self.args[0])))}_{{{self.member}}}"


class FamilyNumber(sympy.Expr):
    """The known number `b_i` of a member."""

    is_commutative = True
    is_extended_real = True

    def _sympystr(self, printer: Printer) -> str:
        return f"{self.args[0]}[{self.args[1]}]"

    def _latex(self, printer: Printer) -> str:
        return f"{self.args[0]}_{{{self.args[1]}}}"


@dataclass(frozen=True)
class Family:
    """`K` vectors in `R^dimension`, `count = K`."""

    name: str
    count: sympy.Symbol
    dimension: sympy.Expr
    estimated: bool

    def __getitem__(self, member: Member) -> FamilyVector:
        """The vector of a member, of shape `(dimension, 1)`."""
        if not isinstance(member, Member):
            raise InputError(f"{self.name}: {member} came as an index, one made by members is expected")
        flag = sympy.true if self.estimated else sympy.false
        return FamilyVector(self.name, self.dimension, 1, member, flag)


@dataclass(frozen=True)
class Numbers:
    """`K` known numbers."""

    name: str
    count: sympy.Symbol

    def __getitem__(self, member: Member) -> FamilyNumber:
        """The number of a member."""
        return FamilyNumber(Str(self.name), member)


def vector_family(name: str, count: sympy.Symbol, dimension: sympy.Expr) -> Family:
    """A first-stage parameter: `count` vectors of the given dimension."""
    return Family(name, count, dimension, estimated=True)


def known_vectors(name: str, count: sympy.Symbol, dimension: sympy.Expr) -> Family:
    """Known vectors, one for each member."""
    return Family(name, count, dimension, estimated=False)


def known_numbers(name: str, count: sympy.Symbol) -> Numbers:
    """Known numbers, one for each member."""
    return Numbers(name, count)


class SpanProjector(ModelSymbol):
    """The orthogonal projector onto the span of the centred members `u_i - mean(u)` of a family; it moves with the family."""

    @property
    def of(self) -> str:
        """Name of the family."""
        return str(self.args[3])


def span(of: Family) -> SpanProjector:
    """`P_u`, of shape `(d, d)`, for a family of vectors in `R^d`."""
    return SpanProjector(f"P_{of.name}", of.dimension, of.dimension, Str(of.name))


class _OverMembers(MatrixScalar):
    """A scalar made of `q` at every member of a family: arguments `q` and the member that it runs over."""


class Softmax(_OverMembers):
    """`exp(q_i) / sum_j exp(q_j)`, at the member `i`."""

    def _sympystr(self, printer: Printer) -> str:
        return f"softmax[{self.args[1]}]({printer._print(self.args[0])})"

    def _latex(self, printer: Printer) -> str:
        logit, member = self.args
        return rf"\operatorname{{softmax}}_{{{member}}}\Bigl({printer._print(logit)}\Bigr)"


class LogMeanExp(_OverMembers):
    """`log((1/K) sum_i exp(q_i))`."""

    def _sympystr(self, printer: Printer) -> str:
        return f"log mean[{self.args[1]}] exp({printer._print(self.args[0])})"

    def _latex(self, printer: Printer) -> str:
        logit, member = self.args
        return rf"\log \frac{{1}}{{K}} \sum_{{{member}}} \exp\Bigl({printer._print(logit)}\Bigr)"


def _over(verb: str, logit: sympy.Expr, over: Member) -> tuple[sympy.Expr, Member]:
    if not isinstance(over, Member) or not sympy.sympify(logit).has(over):
        raise InputError(
            f"{verb}: {logit} does not depend on the member {over}; an expression at each member is expected"
        )
    return sympy.sympify(logit), over


def softmax(logit: sympy.Expr, over: Member) -> Softmax:
    """`exp(q_i) / sum_j exp(q_j)` with `q_i = logit`, at the member `over = i`."""
    return Softmax(*_over("softmax", logit, over))


def log_mean_exp_over(logit: sympy.Expr, over: Member) -> LogMeanExp:
    """`log (1/K) sum_i exp(q_i)` with `q_i = logit`."""
    return LogMeanExp(*_over("log_mean_exp_over", logit, over))


class FamilyMixture(ModelSymbol):
    """A random vector `x ~ (1/K) sum_i N(u_i*, I)`, `u*` the true values of a family."""

    @property
    def of(self) -> str:
        """Name of the family of its centres."""
        return str(self.args[3])


def family_mixture(name: str, centres: Family) -> FamilyMixture:
    """A member is drawn uniformly, and `x` is Gaussian with the identity covariance around its true value."""
    return FamilyMixture(name, centres.dimension, 1, Str(centres.name))


@dataclass(frozen=True)
class Relabelling:
    """`S_K`: the members of a family change places."""

    family: Family

    def __str__(self) -> str:
        return f"S({self.family.count}): {self.family.name}[i] -> {self.family.name}[s(i)]"


@dataclass(frozen=True)
class Block:
    """The features of a member and what `f*` makes of them.

    `value` is a scalar or, of shape `(d, 1)`, a vector; `f* = sum_i <coefficient_i, value_i>` over all blocks.
    """

    coefficient: sympy.Basic
    value: sympy.Basic


@dataclass(frozen=True)
class FamilyModel(Displayed):
    """A two-stage problem with a family of vectors as its parameter, and least squares downstream under the data's own law.

    * `loss`: a scalar in `x` and `parameter`, symmetric in the members.
    * `features`: blocks; `f*` is linear in all of them.
    * `input`: the data vector of both stages.

    Raises `ShapeError` or `InputError` with one sentence that names the field.
    """

    loss: sympy.Expr
    parameter: Family
    symmetry: Relabelling
    features: Sequence[Block]
    input: FamilyMixture
    where: Sequence[sympy.Basic] = ()
    assumptions: Sequence[str] = ()
    title: str = ""
    noise: sympy.Expr = field(default_factory=lambda: sympy.Symbol("sigma2", positive=True))
    aligned: None = None

    def __post_init__(self) -> None:
        if self.input.of != self.parameter.name or self.symmetry.family != self.parameter:
            raise InputError(
                f"input: the law of {self.input} and the symmetry must be of the family {self.parameter.name}, which the loss "
                "is minimised over"
            )
        for block in self.features:
            shapes = [check_matrix(part, "features") if isinstance(part, MatrixExpr) else () for part in _parts(block)]
            if shapes[0] != shapes[1]:
                raise ShapeError(
                    f"features: {block.coefficient} has shape {shapes[0]}, the value it multiplies {shapes[1]}"
                )

    @property
    def downstream(self) -> sympy.Expr:
        """`f*`, to be summed over the member that it names."""
        return sympy.Add(*(target_term(block) for block in self.features))


def _parts(block: Block) -> tuple[sympy.Basic, sympy.Basic]:
    """Coefficient and value, a value that is a scalar times a vector without its scalars."""
    value = block.value
    if isinstance(value, sympy.MatMul):
        value = value.as_coeff_matrices()[1]
        value = sympy.MatMul(*value) if isinstance(value, list | tuple) else value
    return block.coefficient, value


def target_term(block: Block) -> sympy.Expr:
    """`<coefficient_i, value_i>` of a block."""
    if isinstance(block.value, MatrixExpr):
        return Inner(block.coefficient, block.value)
    return block.coefficient * block.value
