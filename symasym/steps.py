"""Every stage of a derivation as steps that people read: a title, the rule used, and labelled formulas.

The command line, the write-up and the JSON document show the same objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import sympy
from sympy.matrices.expressions import ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.alignment.blocks import Blocks, Coordinate, DiagonalBlock, Functional, Matrix, PairBlock, RankOne
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.covariance import Covariance
from symasym.asymptotics.downstream import Downstream
from symasym.calculus.forms import Forms
from symasym.law.law import Law
from symasym.model.data import GaussianVector
from symasym.model.matrices import ScalarParameter
from symasym.model.model import Model
from symasym.pipeline import AnyDerivation, Derivation, FamilyDerivation, GeneralDerivation
from symasym.projection.show import expression
from symasym.symmetry.quotient import Quotient
from symasym.words.polynomial import Smooth
from symasym.words.show import show_atom, show_matrix, show_scalar
from symasym.words.smooth import slots, symmetries

__all__ = ["Line", "Step", "steps"]

READABLE = 120
"""A score form with more terms is not written out."""

Formula: TypeAlias = sympy.Basic | MatrixExpr


@dataclass(frozen=True)
class Line:
    """One formula, `left = right`; `note` says in words what it is. Either side may be missing."""

    left: Formula | None
    right: Formula | None
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One stage: what it is, the rule it uses, its formulas."""

    title: str
    rule: str
    lines: tuple[Line, ...]


def steps(derivation: AnyDerivation, downstream: str = "least_squares") -> tuple[Step, ...]:
    """All stages in order; with `downstream = "logistic"` the step from least squares to logistic regression as well."""
    if downstream == "logistic":
        return *steps(derivation), _logistic(derivation)
    if isinstance(derivation, FamilyDerivation):
        return _family_steps(derivation)
    if isinstance(derivation, GeneralDerivation):
        return (
            _setting(derivation.model),
            _symmetry(derivation.model, derivation.quotient),
            _forms(derivation.forms),
            _numeric(derivation.model),
        )
    return (
        _setting(derivation.model),
        _symmetry(derivation.model, derivation.quotient),
        _forms(derivation.forms),
        _alignment(derivation.model, derivation.blocks),
        _blocks(derivation.blocks),
        _covariance(derivation.covariance),
        _excess(derivation.law),
        _downstream(derivation.downstream, derivation.blocks.entries),
        _law(derivation.law),
    )


def _setting(model: Model) -> Step:
    lines = [Line(sympy.Symbol("l"), model.loss, "loss of one sample")]
    lines += [Line(mean, mean.expression, "mean over the sample of this") for mean in model.sample_means]
    if model.local_penalty != 0:
        lines.append(
            Line(sympy.Symbol("P"), model.local_penalty, "local penalty: P / sqrt(m) is added to the empirical loss")
        )
    for vector in model.data:
        lines += _law_lines(vector, model.data)
    for mask in model.masks:
        lines.append(Line(None, mask, f"mask: diagonal, a coordinate is kept with probability {mask.keep}, else 0"))
    lines.append(Line(sympy.Symbol("psi"), model.features, "features"))
    lines.append(Line(None, model.downstream.target, "coefficients of f* in x"))
    lines.append(Line(sympy.Symbol("sigma^2"), model.downstream.noise, "label noise"))
    return Step("Setting", "the model as it stands on the page", tuple(lines))


def _law_lines(vector: GaussianVector, data: tuple[GaussianVector, ...]) -> list[Line]:
    """What the vector is, and how it varies with others; in a mixture component by component."""
    components, lines = vector.law.components, []
    for probability, law in components:
        given = "" if len(components) == 1 else f" with probability {probability}"
        centre = law.mean(vector.position)
        mean = "centred Gaussian" if isinstance(centre, ZeroMatrix) else f"Gaussian, mean {centre}"
        lines.append(
            Line(None, vector, f"{mean}, covariance {law.covariance(vector.position, vector.position)}{given}")
        )
        for other in data:
            if other.law == vector.law and other.position > vector.position:
                cross = law.covariance(vector.position, other.position)
                lines.append(Line(None, cross, f"covariance of {vector} and {other}{given}"))
    return lines


def _symmetry(model: Model, quotient: Quotient) -> Step:
    lines = []
    for field in quotient.fields:
        for parameter, image in field.action.images.items():
            lines.append(
                Line(parameter, image, f"{field.action.group} acts; the loss is invariant, proved on trace words")
            )
        lines.append(
            Line(sympy.Symbol("rho"), field.rho, "representation on the features: psi(x, g.w) = rho psi(x, w)")
        )
        for moved, velocity in field.velocity.items():
            note = f"vertical direction in {moved.key}, xi in {field.algebra.value}"
            lines.append(Line(None, show_matrix(velocity), note))
    lines.append(Line(sympy.Symbol("dim"), quotient.dimension, "dimension of the quotient"))
    if not quotient.fields:
        lines.insert(0, Line(None, None, "no continuous symmetry is declared; every direction is horizontal"))
    return Step("Symmetry", "Q^T Q = I, G^{-1} G = I; inverses transform by conjugation", tuple(lines))


def _bracket(name: str, *parameters: str) -> sympy.Expr:
    return sympy.Function(name)(*map(sympy.Symbol, parameters))


def _forms(forms: Forms) -> Step:
    lines = [
        Line(show_atom(atom), show_matrix(definition), "derived covariance, at w*")
        for atom, definition in forms.definitions.items()
    ]
    lines += [
        Line(
            sympy.Symbol(f"E {atom.key}"),
            show_matrix(value),
            "where the sample mean is taken; one sample moves it by S(z) - E S",
        )
        for atom, value in forms.sample_means.items()
    ]
    lines += [
        Line(sympy.Symbol("E Dl[V]"), show_scalar(forms.named(forms.gradient)), "gradient"),
        Line(_bracket("h", "U", "V"), show_scalar(forms.named(forms.hessian)), "Hessian form"),
        *_score_lines(forms),
    ]
    lines += _integral_lines(forms)
    if forms.penalty:
        lines.append(Line(sympy.Symbol("DP[V]"), show_scalar(forms.penalty), "slope of the local penalty"))
    rule = (
        "w -> w + tV by Leibniz, D inv(S)[H] = -inv(S) H inv(S), D log det S[H] = tr(inv(S) H); expectations by Wick's "
        "theorem on bilinear forms; traces up to rotation and transposition"
    )
    if forms.integrals:
        rule += (
            "; smooth functions see linear forms t of the data alone: a slot is paired with another one, or with t, by which "
            "the function is then differentiated (projection reduction)"
        )
    return Step("Score and Hessian forms", rule, tuple(lines))


def _integral_lines(forms: Forms) -> list[Line]:
    """Every named integral: dimension, integrand, law of its arguments, symmetry."""
    lines, laws = [], dict[Smooth, str]()
    for symbol, integral in forms.integrals.items():
        law = replace(integral, function=sympy.S.One)
        known = law in laws
        name = laws.setdefault(law, f"law {len(laws) + 1}")
        kinds = symmetries(integral)
        count = len(integral.arguments)
        words = f"E of this over {count} dimension{'s' if count > 1 else ''}, t of {name}"
        lines.append(Line(symbol, integral.function, "; ".join((words, *kinds))))
        if not known:
            lines += _argument_lines(integral, name)
    return lines


def _argument_lines(integral: Smooth, name: str) -> list[Line]:
    """Means and covariances of what the integrand sees."""
    variables, lines = slots(len(integral.arguments)), []
    for i, t in enumerate(variables):
        lines.append(Line(_bracket("E", str(t)), show_scalar(integral.arguments[i]), f"{name}: Gaussian, mean"))
        for j in range(i, len(variables)):
            shown = show_scalar(integral.entry(i, j))
            lines.append(Line(_bracket("Cov", str(t), str(variables[j])), shown, f"{name}: covariance"))
    return lines


def _score_lines(forms: Forms) -> list[Line]:
    """The score form, where it is short enough to be read; else what it is the mean of, and how many terms it has."""
    count = len(forms.score.terms)
    if count <= READABLE:
        return [Line(_bracket("s", "U", "V"), show_scalar(forms.named(forms.score)), "score form")]
    return [
        Line(sympy.Symbol("Dl[V]"), show_scalar(forms.slope), "score of one sample"),
        Line(
            _bracket("s", "U", "V"),
            sympy.Symbol("E Dl[U] Dl[V]"),
            f"score form, {count} terms, which the blocks below gather",
        ),
    ]


def _alignment(model: Model, blocks: Blocks) -> Step:
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
                for index, entry in weight.items():
                    lines.append(Line(None, sympy.sympify(entry), f"entry of {symbol} at {index}"))
            else:
                lines.append(Line(None, sympy.sympify(weight), f"diagonal of {symbol}"))
    lines += [Line(None, relation, "assumed") for relation in (*model.where, *model.aligned.assume)]
    lines.append(Line(None, sympy.S.Zero, "gradient at the named point in every direction: stationary"))
    return Step("Aligned coordinates", "every constant matrix rectangular diagonal; words become entries", tuple(lines))


def _numeric(model: Model) -> Step:
    lines = [
        Line(
            None,
            None,
            "w*: the formula of the model file, else the lowest minimum of several starts, stationary to rounding",
        ),
        Line(None, None, "V = h^{-1} s h^{-1} on the horizontal space, h > 0 checked there"),
        Line(None, None, "K from the features' derivative, weights as eigenvalues of K V"),
    ]
    lines += [Line(None, None, f"assumed: {words}") for words in model.assumptions]
    return Step(
        "Numbers", "the forms above, evaluated on given matrices: exact up to rounding, whatever w* is", tuple(lines)
    )


def _second(block: PairBlock) -> sympy.Symbol:
    return block.first.partner if block.first == block.second else block.second.index


def _pair_name(block: PairBlock) -> str:
    order = f", {block.first.index} < {_second(block)}" if block.first == block.second else ""
    return f"pair {{{block.first.index}, {_second(block)}}}{order}"


def _coordinates(coordinates: tuple[Coordinate, ...], p: sympy.Symbol, q: sympy.Symbol) -> str:
    return ", ".join(coordinate.name(p, q) for coordinate in coordinates)


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
    return [
        Line(
            None,
            sympy.Mul(
                entries.show(term.coefficient),
                _functional(term.left, entries, "U"),
                _functional(term.right, entries, "V"),
                evaluate=False,
            ),
            note,
        )
        for term in terms
    ]


def _blocks(blocks: Blocks) -> Step:
    entries, lines = blocks.entries, []
    for symbol, definition in entries.definitions.items():
        lines.append(Line(symbol, definition, "power sum"))
    for block in blocks.pairs:
        where = f"{_pair_name(block)}, coordinates {_coordinates(block.coordinates, block.first.index, _second(block))}"
        lines.append(Line(sympy.Symbol("h"), _shown(block.hessian, entries, block.first, block.second), where))
        lines.append(Line(sympy.Symbol("s"), _shown(block.score, entries, block.first, block.second), where))
        for vector in block.vertical:
            shown = sympy.Tuple(*(entries.show(value, block.first, block.second) for value in vector))
            lines.append(Line(None, shown, f"vertical, {where}"))
    for diagonal in blocks.diagonals:
        where = _diagonal_name(diagonal)
        lines.append(Line(sympy.Symbol("h"), _shown(diagonal.hessian, entries, diagonal.over, None), where))
        lines.append(Line(sympy.Symbol("s"), _shown(diagonal.score, entries, diagonal.over, None), where))
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
    return f"diagonal, coordinates {_coordinates(block.coordinates, block.over.index, block.over.index)}"


def _covariance(covariance: Covariance) -> Step:
    entries, lines = covariance.entries, []
    for pair in covariance.pairs:
        block = pair.block
        where = f"{_pair_name(block)}, coordinates {_coordinates(block.coordinates, block.first.index, _second(block))}"
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


def _excess(law: Law) -> Step:
    lines = (Line(sympy.Symbol("mean"), law.excess_loss_mean, "mean of the limit of m (L(w_hat) - L(w*))"),)
    return Step("Excess pre-training loss", "(1/2) tr(h V), block by block", lines)


def _downstream(downstream: Downstream, entries: Entries) -> Step:
    lines = []
    for item in downstream.learned:
        lines.append(Line(None, entries.show(downstream.feature_entries[item], item), f"Phi(w*) at {item.index}"))
        lines.append(Line(None, entries.show(downstream.theta[item], item), f"theta at {item.index}"))
    for leak in downstream.leaks:
        block = leak.block
        names = _coordinates(block.coordinates, block.first.index, _second(block))
        slope = sympy.Tuple(*(entries.show(value, block.first, block.second) for value in leak.slope))
        lines.append(
            Line(None, slope, f"DPhi[V] at ({leak.learned.index}, {leak.outside.index}), coefficients of {names}")
        )
        variance = entries.show(leak.variance, block.first, block.second)
        summed = sympy.Sum(variance, (leak.learned.index, leak.learned.first, leak.learned.last))
        lines.append(Line(sympy.Indexed("v", leak.outside.index), summed, "variance outside the learned span"))
    rule = "L(v) = -(I - Pi) <theta, D psi[v]>: rotation inside the span drops out, rotation of the span does not"
    return Step("Downstream map", rule, tuple(lines))


def _law(law: Law) -> Step:
    lines = []
    for weight, (index, first, last) in law.weights:
        note = f"weight, {index} = {first}..{last}, for a diagonal downstream covariance with entries g"
        lines.append(Line(sympy.Indexed("omega", index), weight, note))
    lines += [
        Line(sympy.Symbol("E||L||^2"), law.mean, "diagonal downstream covariance"),
        Line(sympy.Symbol("E||L||^2"), law.general_mean, "general: S is the Schur complement on the learned span"),
        Line(sympy.Symbol("Var||L||^2"), law.general_variance, "general downstream covariance"),
        Line(sympy.Symbol("sigma^2"), law.noise, "label noise"),
        Line(sympy.Symbol("d_eff"), law.d_eff, "rank of the features"),
        Line(sympy.Symbol("d_base"), law.d_base, "effective dimension without pre-training"),
        Line(sympy.Symbol("alpha0"), law.alpha0, "crossover"),
    ]
    lines += [Line(None, None, f"assumed: {words}") for words in law.hypotheses]
    rule = "n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) sum_a omega_a chi2_1, alpha = m/n"
    return Step("Law", rule, tuple(lines))


def _logistic(derivation: AnyDerivation) -> Step:
    """From least squares to labels in {0, 1}; the formulas where there is a closed form."""
    rule = "x less its projection on f* is independent of f*: the Fisher metric is J times that of L2(mu_down) off the span"
    words = [
        "n (R - R*) -> (1/2) chi2_{d_act} + (J/(2 alpha)) ||L(Z)||^2 for the log-loss",
        "n (R01 - R01*) -> (q_f/4) ((1/J) chi2_{d_act - 1} + (1/alpha) ||L(Z)||^2) for the zero-one error",
        "s_f = ||f*|| in L2(mu_down), q_f the density of f* at 0, J = E p (1 - p), p = 1/(1 + exp(-f*))",
    ]
    lines = [Line(None, None, line) for line in words]
    if isinstance(derivation, Derivation):
        law = derivation.logistic
        notes = ("diagonal downstream covariance with entries g", "density of f* at 0", "integral over u = f*")
        lines += [Line(symbol, meaning, note) for (symbol, meaning), note in zip(law.definitions, notes, strict=True)]
        lines += [
            Line(None, law.log_loss_mean, "mean of the limit of n (R - R*)"),
            Line(None, law.zero_one_mean, "mean of the limit of n (R01 - R01*)"),
            Line(sympy.Symbol("alpha0"), law.alpha0, "crossover, of both"),
        ]
    return Step("Logistic downstream", rule, tuple(lines))


def _family_steps(derivation: FamilyDerivation) -> tuple[Step, ...]:
    """Setting, symmetry, projection, forms and displaced target of a model of a family."""
    model = derivation.model
    return (
        Step(
            "Setting",
            "the model as it stands on the page",
            (
                Line(sympy.Symbol("l"), model.loss, "loss of one sample"),
                Line(
                    None,
                    model.input,
                    f"mean over {model.parameter.count} members of Gaussian laws around {model.parameter.name}*",
                ),
                *(
                    Line(None, block.value, f"features of a member, with the coefficients {block.coefficient}")
                    for block in model.features
                ),
                Line(sympy.Symbol("sigma^2"), model.noise, "label noise"),
            ),
        ),
        Step(
            "Symmetry",
            "sums over all members do not change when the members change places",
            (Line(None, None, f"{model.symmetry}: a finite group, so that no direction is vertical"),),
        ),
        Step(
            "Projection",
            "shares see the data through differences of logits; the rest is Gaussian, independent of them and of the member",
            (
                Line(None, None, "the loss and the features do not change when data and family are moved together"),
                Line(
                    None,
                    None,
                    "x = xi + y: xi inside the affine span of the members, of dimension r, y outside, N(0, I)",
                ),
                Line(None, None, "all shares are functions of xi, with logits <xi, u[i]> - ||u[i]||^2 / 2"),
            ),
        ),
        Step(
            "Score and information",
            "D w[i] = w[i] (D q[i] - sum_j w[j] D q[j]); Wick's theorem for y; repeated indices are summed over the members",
            (
                Line(_bracket("Dl", "v"), expression(derivation.score), "score"),
                Line(_bracket("s", "v", "w"), expression(derivation.information), "its mean over xi is the score form"),
                Line(_bracket("h", "v", "w"), expression(derivation.hessian), "its mean over xi is the Hessian form"),
                Line(
                    None,
                    None,
                    "the loss is minus the log density of the data, so that both means are equal and V = h^{-1}",
                ),
            ),
        ),
        Step(
            "Displaced target",
            "D P[v] = sum_k (I - P) v[k] g[k]^T + g[k] v[k]^T (I - P), g the dual vectors of the centred members",
            (
                Line(_bracket("Df", "v"), expression(derivation.inside), "inside, up to functions that are features"),
                Line(_bracket("Df", "v"), expression(derivation.outside), "outside: linear in y, which no feature is"),
            ),
        ),
        Step(
            "Integrals",
            "K = E D D^T less its part in the span of the features; weights are the eigenvalues of K V, inside and outside",
            tuple(
                Line(None, None, words)
                for words in (*derivation.integrals, *(f"assumed: {a}" for a in model.assumptions))
            ),
        ),
    )
