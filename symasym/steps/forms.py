"""Score and Hessian forms as trace words."""

from __future__ import annotations

import sympy

from symasym.calculus.forms import Forms
from symasym.steps.integrals import integral_lines
from symasym.steps.step import Line, Step, bracket
from symasym.words.show import show_atom, show_matrix, show_scalar

__all__ = ["forms_step"]


READABLE = 120
"""A score form with more terms is not written out."""


def forms_step(forms: Forms) -> Step:
    """Derived covariances, gradient, both forms, what is an integral."""
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
        Line(bracket("h", "U", "V"), show_scalar(forms.named(forms.hessian)), "Hessian form"),
        *_score_lines(forms),
    ]
    lines += integral_lines(forms)
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


def _score_lines(forms: Forms) -> list[Line]:
    """The score form, where it is short enough to be read; else what it is the mean of, and how many terms it has."""
    count = len(forms.score.terms)
    if forms.score == forms.hessian:
        note = (
            "score form: equal to the Hessian form word by word, as for minus a log-likelihood (information identity)"
        )
        return [Line(bracket("s", "U", "V"), bracket("h", "U", "V"), note)]
    if count <= READABLE:
        return [Line(bracket("s", "U", "V"), show_scalar(forms.named(forms.score)), "score form")]
    return [
        Line(sympy.Symbol("Dl[V]"), show_scalar(forms.slope), "score of one sample"),
        Line(
            bracket("s", "U", "V"),
            sympy.Symbol("E Dl[U] Dl[V]"),
            f"score form, {count} words, too many to be written out",
        ),
    ]
