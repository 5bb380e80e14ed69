"""LaTeX formulas as MathML: structure by structure, and nothing lost."""

from __future__ import annotations

import string
import xml.etree.ElementTree as ET

import pytest

from symasym.codegen.latex.names import escaped
from symasym.codegen.mathml import mathml, prose_html


def inside(tex: str) -> str:
    """The content of the `math` element, well-formed."""
    found = mathml(tex)
    ET.fromstring(found)
    return found.removeprefix('<math displaystyle="true">').removesuffix("</math>")


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x", "<mi>x</mi>"),
        (r"\lambda_{i}^{2}", "<msubsup><mi>λ</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\Sigma_{+}", '<msub><mi mathvariant="normal">Σ</mi><mo>+</mo></msub>'),
        ("12.5 x", "<mrow><mn>12.5</mn><mi>x</mi></mrow>"),
        (r"\frac{a}{b - 1}", "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>−</mo><mn>1</mn></mrow></mfrac>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (
            r"\sum_{i=1}^{k} x",
            "<mrow><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>k</mi></munderover><mi>x</mi></mrow>",
        ),
        (r"\sum_{i}", "<munder><mo>∑</mo><mi>i</mi></munder>"),
        (
            r"\left( x \right)^{\top}",
            '<msup><mrow><mo stretchy="true">(</mo><mi>x</mi><mo stretchy="true">)</mo></mrow><mi>⊤</mi></msup>',
        ),
        (r"\operatorname{tr}", "<mi>tr</mi>"),
        (r"\mathrm{O}(k)", '<mrow><mi mathvariant="normal">O</mi><mo stretchy="false">(</mo><mi>k</mi>'
         '<mo stretchy="false">)</mo></mrow>'),
        (r"\mathrm{\text{a\_b}}", "<mi>a_b</mi>"),
        (r"\text{where < 1}", "<mtext>where &lt; 1</mtext>"),
        (r"\mathbb{E}", "<mi>𝔼</mi>"),
        (r"\hat{w}", '<mover accent="true"><mi>w</mi><mo stretchy="false">ˆ</mo></mover>'),
        (r"\xrightarrow{d}", "<mover><mo>→</mo><mi>d</mi></mover>"),
        (
            r"\begin{pmatrix} a & b \\[6pt] c & d \end{pmatrix}",
            '<mrow><mo stretchy="true">(</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr>'
            '<mtr><mtd><mi>c</mi></mtd><mtd><mi>d</mi></mtd></mtr></mtable><mo stretchy="true">)</mo></mrow>',
        ),
        (r"\lVert x \rVert^{2}",
         '<mrow><mo stretchy="false">‖</mo><mi>x</mi><msup><mo stretchy="false">‖</mo><mn>2</mn></msup></mrow>'),
        (r"u' < v", "<mrow><msup><mi>u</mi><mo>′</mo></msup><mo>&lt;</mo><mi>v</mi></mrow>"),
        (r"\unheard x", r"<mrow><mtext>\unheard</mtext><mi>x</mi></mrow>"),
    ],
)  # fmt: skip
def test_constructions(tex: str, expected: str) -> None:
    assert inside(tex) == expected


@pytest.mark.parametrize("letter", [*string.punctuation, "x", "7"])
def test_what_latex_escapes_comes_back(letter: str) -> None:
    """In words and in upright text, whatever sign it is; `<p>` is no element."""
    shown = prose_html(f"a {escaped(letter)} b")
    assert "".join(ET.fromstring(f"<p>{shown}</p>").itertext()) == f"a {letter} b"
    if letter not in "{}":
        assert "".join(ET.fromstring(mathml(rf"\mathrm{{{escaped(letter)}}}")).itertext()) == letter


def test_words_with_formulas_among_them() -> None:
    shown = prose_html(r"costs \$5, $V = h$, and 3 \& 4")
    assert shown == f"costs $5, {mathml('V = h')}, and 3 &amp; 4"
