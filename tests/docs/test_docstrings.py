"""Docstrings on their way to reStructuredText."""

from __future__ import annotations

from by_path import load

docstrings = load("docs/_extensions/docstrings.py")
rest = docstrings.rest


def test_what_would_mean_something_is_escaped() -> None:
    assert rest(["w* and |x| with lam_ and a\\b"]) == ["w\\* and \\|x\\| with lam\\_ and a\\\\b", ""]


def test_backticks_are_literals_and_keep_what_is_in_them() -> None:
    (line, _) = rest(["`A*x_`, of `(..., d)`"])
    assert line == "\\ ``A*x_``\\ , of \\ ``(..., d)``\\ "


def test_a_literal_may_run_over_the_end_of_a_line() -> None:
    assert "\\ ``a + b``\\ " in rest(["the sum `a +", "b` of both"])[0]


def test_lists_stay_lists_and_get_a_blank_line() -> None:
    assert rest(["Two things:", "* `a`: one*", "  more", "* b"]) == [
        "Two things:",
        "",
        "* \\ ``a``\\ : one\\*",
        "  more",
        "* b",
        "",
    ]


def test_an_indented_formula_is_a_literal_block() -> None:
    assert rest(["The law", "", "    n (R - s) -> |L|^2", "", "for all d."]) == [
        "The law", "", "::", "", "    n (R - s) -> |L|^2", "", "for all d.", "",
    ]  # fmt: skip


def test_signatures() -> None:
    shown = docstrings.plain_signature("(x: TypeAliasForwardRef('ArrayLike') | None, y: dict = <factory>)")
    assert shown == "(x: ArrayLike | None, y: dict = ...)"
    assert docstrings.plain_signature(None) is None
