"""The limiting law, for symbolic dimensions.

`n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2`, `||L(Z)||^2 = sum_a omega_a chi2_1`. In aligned coordinates the
displacement of the target out of the learned span has independent components `a` with variances `v_a`; with `S` the Schur
complement of the downstream covariance on the learned span the weights are the eigenvalues of `diag(v)^{1/2} S diag(v)^{1/2}`,
and `omega_a = g_a v_a` where that covariance is diagonal with entries `g_a`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.symbol import Str

from symasym.errors import InputError
from symasym.law.numbers import law_at
from symasym.law.numeric import NumericLaw
from symasym.law.serialise import from_srepr
from symasym.law.text import law_text
from symasym.law.write_out import write_out
from symasym.model.displayed import Displayed

__all__ = ["IndexRange", "Law", "alpha", "downstream_variance", "schur"]

alpha = sympy.Symbol("alpha", positive=True)
"""Ratio of unlabelled to labelled sample size, `m / n`."""
downstream_variance = sympy.IndexedBase(sympy.Symbol("g", real=True))
"""Diagonal entries of the downstream covariance in aligned coordinates."""
schur = sympy.IndexedBase(sympy.Symbol("S", real=True))
"""Schur complement of the downstream covariance on the learned span, in aligned coordinates."""


@dataclass(frozen=True)
class IndexRange:
    """One range of the features' input dimension.

    `variance` is `v_a` as an expression in `index`, and None on a learned range; `own` is the variance of that coordinate in
    the pre-training data, the default downstream one.
    """

    index: sympy.Symbol
    partner: sympy.Symbol
    first: sympy.Expr
    last: sympy.Expr
    own: sympy.Expr
    variance: sympy.Expr | None = None

    @property
    def learned(self) -> bool:
        """True if the features span this range at `w*`."""
        return self.variance is None

    @property
    def limits(self) -> tuple[sympy.Symbol, sympy.Expr, sympy.Expr]:
        """`(index, first, last)`, as `Sum` takes it."""
        return self.index, self.first, self.last

    @property
    def size(self) -> sympy.Expr:
        """Number of indices."""
        return sympy.expand(self.last - self.first + 1)


def variance_of(item: IndexRange) -> sympy.Expr:
    """`v_a` of a range outside the learned span."""
    if item.variance is None:
        raise InputError(f"{item.index}: the range is learned, so no displacement leaves the span there")
    return item.variance


@dataclass(frozen=True)
class Law(Displayed):
    """Limit law of a model, a value that survives `srepr`.

    * `name`, `title`: of the model.
    * `ranges`: the ranges of the features' input, in order.
    * `noise`: `sigma^2`, an expression in scalars and sums.
    * `rank`: rank of `L` on the horizontal space.
    * `excess_loss_mean`: mean of the limit of `m (L(w_hat) - L(w*))`.
    * `quotient_dimension`: dimension of the parameter space modulo symmetry.
    * `definitions`: named power sums that the formulas use.
    * `where`: relations between dimensions; `assume`: relations between entries; `undecided`: entries that must be positive and
      could not be decided; `hypotheses`: assumptions in words.
    """

    name: str
    title: str
    ranges: tuple[IndexRange, ...]
    noise: sympy.Expr
    rank: sympy.Expr
    excess_loss_mean: sympy.Expr
    quotient_dimension: sympy.Expr
    definitions: tuple[tuple[sympy.Symbol, sympy.Expr], ...]
    where: tuple[sympy.Basic, ...]
    assume: tuple[sympy.Basic, ...]
    undecided: tuple[sympy.Expr, ...]
    hypotheses: tuple[str, ...]

    # ---- the law, symbolically

    @property
    def outside(self) -> tuple[IndexRange, ...]:
        """The ranges outside the learned span that displacements reach."""
        return tuple(item for item in self.ranges if not item.learned)

    @property
    def d_eff(self) -> sympy.Expr:
        """Rank of the features."""
        return sympy.Add(*(item.size for item in self.ranges if item.learned))

    @property
    def d_base(self) -> sympy.Expr:
        """Effective dimension of the downstream-only baseline, `d_eff + rank L`."""
        return sympy.expand(self.d_eff + self.rank)

    @property
    def weights(self) -> tuple[tuple[sympy.Expr, tuple[sympy.Symbol, sympy.Expr, sympy.Expr]], ...]:
        """`omega_a = g_a v_a` with the range of `a`, for a downstream covariance that is diagonal in aligned coordinates."""
        return tuple((downstream_variance[r.index] * variance_of(r), r.limits) for r in self.outside)

    @property
    def mean(self) -> sympy.Expr:
        """`E ||L(Z)||^2 = sum_a g_a v_a`."""
        return self.cumulant(1)

    @property
    def variance(self) -> sympy.Expr:
        """`Var ||L(Z)||^2 = 2 sum_a (g_a v_a)^2`."""
        return self.cumulant(2)

    def cumulant(self, order: int) -> sympy.Expr:
        """`kappa_r = 2^{r-1} (r-1)! sum_a omega_a^r`."""
        factor = sympy.Integer(2) ** (order - 1) * sympy.factorial(order - 1)
        return factor * sympy.Add(*(sympy.Sum(weight**order, limits) for weight, limits in self.weights))

    @property
    def general_mean(self) -> sympy.Expr:
        """`sum_a v_a S_aa`, for any downstream covariance."""
        return sympy.Add(*(sympy.Sum(variance_of(r) * schur[r.index, r.index], r.limits) for r in self.outside))

    @property
    def general_variance(self) -> sympy.Expr:
        """`2 sum_ac v_a S_ac^2 v_c`, for any downstream covariance."""
        terms = []
        for r in self.outside:
            for q in self.outside:
                other = r.partner if q == r else q.index
                second = variance_of(q).xreplace({q.index: other})
                terms.append(
                    sympy.Sum(variance_of(r) * schur[r.index, other] ** 2 * second, (other, q.first, q.last), r.limits)
                )
        return 2 * sympy.Add(*terms)

    @property
    def risk_mean(self) -> sympy.Expr:
        """Mean of the limit of `n (R - sigma^2)`: `sigma^2 d_eff + mean / alpha`."""
        return self.noise * self.d_eff + self.mean / alpha

    @property
    def alpha0(self) -> sympy.Expr:
        """Crossover: pre-training wins in mean over the downstream-only baseline where `alpha > alpha0`."""
        return self.mean / (self.noise * self.rank)

    def expand(self, expression: sympy.Expr, **sizes: int) -> sympy.Expr:
        """The expression with named power sums written out; with sizes for all dimensions, every sum written out as well."""
        full = expression.xreplace(dict(self.definitions))
        return write_out(full, sizes) if sizes else full

    # ---- numbers

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the symbolic dimensions."""
        symbols = set().union(*(item.last.free_symbols | item.first.free_symbols for item in self.ranges))
        return tuple(sorted(map(str, symbols)))

    def formulas(self) -> list[sympy.Expr]:
        """What `at` evaluates."""
        return [self.noise, *(r.own for r in self.ranges), *(variance_of(r) for r in self.outside)]

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the indexed families that numbers must be given for."""
        expressions = [*self.formulas(), *(definition for _, definition in self.definitions)]
        return tuple(sorted({str(e.base.label) for x in expressions for e in x.atoms(sympy.Indexed)}))

    @property
    def scalars(self) -> tuple[str, ...]:
        """Names of the scalar symbols that numbers must be given for, apart from dimensions and `alpha`."""
        indices = {s for r in self.ranges for s in (r.index, r.partner)}
        skip = {*self.dimensions, *self.families, *(str(s) for s, _ in self.definitions), *map(str, indices)}
        expressions = [*self.formulas(), *(definition for _, definition in self.definitions)]
        return tuple(
            sorted({str(s) for e in expressions for s in e.free_symbols if isinstance(s, sympy.Symbol)} - skip)
        )

    def at(self, alpha: Any = 1.0, Sigma_down: Any = None, **values: Any) -> NumericLaw:
        """Numbers in, numeric law out, vectorised over leading axes.

        `values` holds every dimension (an integer), every family (`(..., n)`, its last axis the index) and every scalar by name.
        `Sigma_down`, aligned, is `(..., d)` for a diagonal or `(..., d, d)` for a general downstream covariance; left out it is
        that of the pre-training data. `sigma2` may replace the scalars of a noise variance that the model determines.

        Raises `InputError` naming the argument, and `ConditionViolated` where a relation that the law assumes does not hold.
        """
        return law_at(self, alpha, Sigma_down, values)

    # ---- in and out

    def __str__(self) -> str:
        return law_text(self)

    def as_basic(self) -> sympy.Tuple:
        """The law as one SymPy object."""
        ranges = (
            sympy.Tuple(r.index, r.partner, r.first, r.last, r.own, *(() if r.variance is None else (r.variance,)))
            for r in self.ranges
        )
        return sympy.Tuple(
            Str(self.name),
            Str(self.title),
            sympy.Tuple(*ranges),
            self.noise,
            self.rank,
            self.excess_loss_mean,
            self.quotient_dimension,
            sympy.Tuple(*(sympy.Tuple(s, e) for s, e in self.definitions)),
            sympy.Tuple(*self.where),
            sympy.Tuple(*self.assume),
            sympy.Tuple(*self.undecided),
            sympy.Tuple(*map(Str, self.hypotheses)),
        )

    def to_srepr(self) -> str:
        """Text from which `Law.from_srepr` rebuilds the law."""
        return sympy.srepr(self.as_basic())

    @classmethod
    def from_srepr(cls, text: str) -> Law:
        """The law that `to_srepr` wrote."""
        basic = from_srepr(text)
        if not isinstance(basic, sympy.Tuple) or len(basic) != 12:
            raise InputError("srepr: the text is not that of a law")
        name, title, ranges, noise, rank, excess, dimension, definitions, where, assume, undecided, words = basic
        return cls(
            str(name),
            str(title),
            tuple(IndexRange(*item) for item in ranges),
            noise,
            rank,
            excess,
            dimension,
            tuple((symbol, expression) for symbol, expression in definitions),
            tuple(where),
            tuple(assume),
            tuple(undecided),
            tuple(map(str, words)),
        )
