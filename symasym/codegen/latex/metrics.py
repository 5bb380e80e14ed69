"""Widths of the Computer Modern letters and signs in formulas, in ems of the text size, from the fonts' own tables."""

from __future__ import annotations

__all__ = ["BIG", "COMMANDS", "GLYPHS", "ITALIC", "ROMAN"]


def _table(text: str) -> dict[str, float]:
    """`a 0.5 b 0.4` as a table."""
    words = text.split()
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def _kinds(**classes: str) -> dict[str, tuple[str, float]]:
    """Class and width of each sign, from one table for each class."""
    return {sign: (kind, size) for kind, text in classes.items() for sign, size in _table(text).items()}


ITALIC = _table("""
    A 0.750 B 0.809 C 0.787 D 0.856 E 0.796 F 0.782 G 0.786 H 0.912 I 0.518 J 0.651
    K 0.921 L 0.681 M 1.079 N 0.912 O 0.791 P 0.781 Q 0.791 R 0.767 S 0.671 T 0.723
    U 0.792 V 0.805 W 1.083 X 0.906 Y 0.803 Z 0.755 a 0.529 b 0.429 c 0.433 d 0.520
    e 0.466 f 0.598 g 0.513 h 0.576 i 0.345 j 0.469 k 0.552 l 0.318 m 0.878 n 0.600
    o 0.485 p 0.503 q 0.482 r 0.479 s 0.469 t 0.361 u 0.572 v 0.521 w 0.743 x 0.572
    y 0.526 z 0.509
""")
ROMAN = _table("""
    A 0.750 B 0.708 C 0.722 D 0.764 E 0.681 F 0.653 G 0.785 H 0.750 I 0.361 J 0.514
    K 0.778 L 0.625 M 0.917 N 0.750 O 0.778 P 0.681 Q 0.778 R 0.736 S 0.556 T 0.722
    U 0.750 V 0.764 W 1.042 X 0.750 Y 0.775 Z 0.611 a 0.500 b 0.556 c 0.444 d 0.556
    e 0.444 f 0.384 g 0.514 h 0.556 i 0.278 j 0.306 k 0.528 l 0.278 m 0.833 n 0.556
    o 0.500 p 0.556 q 0.528 r 0.392 s 0.394 t 0.389 u 0.556 v 0.542 w 0.736 x 0.528
    y 0.542 z 0.444
""") | {" ": 0.333}

GLYPHS = _kinds(
    ord="0 0.5 1 0.5 2 0.5 3 0.5 4 0.5 5 0.5 6 0.5 7 0.5 8 0.5 9 0.5 . 0.278 / 0.5 | 0.278 ' 0.25",
    bin="+ 0.778 - 0.778 * 0.5",
    rel="= 0.778 < 0.778 > 0.778 : 0.278",
    open="( 0.389 [ 0.278",
    close=") 0.389 ] 0.278 ! 0.278",
    punct=", 0.278 ; 0.278",
)
"""Class of a sign and its width."""

COMMANDS = _kinds(
    ord=r"""
        \alpha 0.643 \beta 0.619 \gamma 0.574 \delta 0.482 \epsilon 0.406 \varepsilon 0.466 \zeta 0.512 \eta 0.533
        \theta 0.497 \iota 0.354 \kappa 0.576 \lambda 0.583 \mu 0.603 \nu 0.558 \xi 0.484 \pi 0.606 \rho 0.517
        \sigma 0.607 \varsigma 0.443 \tau 0.550 \upsilon 0.576 \phi 0.596 \chi 0.626 \psi 0.687 \omega 0.658 \ell 0.417
        \Gamma 0.625 \Delta 0.833 \Theta 0.778 \Lambda 0.694 \Xi 0.667 \Pi 0.750 \Sigma 0.722 \Upsilon 0.778 \Phi 0.722 \Psi 0.778
        \Omega 0.722 \top 0.778 \ast 0.5 \infty 1.0 \partial 0.586
    """,
    bin=r"\pm 0.778 \cdot 0.278 \times 0.778 \circ 0.5",
    rel=r"""
        \le 0.778 \ge 0.778 \leq 0.778 \geq 0.778 \ne 0.778 \neq 0.778 \in 0.667 \sim 0.778 \to 1.0 \mapsto 1.0
        \longrightarrow 1.64 \mid 0.278
    """,
    open=r"\{ 0.5 \lVert 0.5 \langle 0.389 \lvert 0.278",
    close=r"\} 0.5 \rVert 0.5 \rangle 0.389 \rvert 0.278",
    op=r"\log 1.278 \det 1.389 \exp 1.472 \dim 1.667 \min 1.667 \max 1.861 \int 1.0",
    inner=r"\ldots 1.172 \dots 1.172 \cdots 1.172",
    sum=r"\sum 1.444 \prod 1.278",
    space=r"\, 0.167 \: 0.222 \; 0.278 \! -0.167 \quad 1.0 \qquad 2.0",
) | {"\\ ": ("space", 0.333)}
"""Class of a command without arguments and its width."""

BIG = ((1.0, 0.389), (1.2, 0.458), (1.8, 0.597), (2.4, 0.736), (3.0, 0.792), (float("inf"), 0.875))
"""Height of what a growing bracket encloses, at most, and the width of that bracket."""
