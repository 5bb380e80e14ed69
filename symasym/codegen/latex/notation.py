r"""Notation: how names, transposes and operators are printed, and the macros that a paper may redefine.

A notation is in force for the time of one write-up (`using`); whoever prints asks for `current()`. Without one it is `PLAIN`,
in which every name is printed as it is spelled. Models have long names in their files (`noise`); `HOUSE` has a letter for those
that occur often, which a write-up uses as long as no other symbol of the derivation has that letter.

With `macros` a name is printed as a macro (`\symlam`), whose meaning the macro file holds; `expanded` undoes that, so that
widths and brackets are those of what the reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from symasym.errors import InputError

__all__ = ["BOLD", "HOUSE", "OPERATORS", "PLAIN", "Notation", "current", "using"]

OPERATORS = {
    "transpose": r"\top",
    "expectation": r"\mathbb{E}",
    "variance": r"\operatorname{Var}",
    "covariance": r"\operatorname{Cov}",
    "trace": r"\operatorname{tr}",
    "limit": r"\xrightarrow{d}",
}
"""What is configurable besides names, with what it is by default; a transpose is a superscript."""
BOLD = ("matrices", "vectors")
"""What can be set in bold."""
_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_MACRO = re.compile(r"\\sym[A-Za-z]+")
_SQUARE = re.compile(r"([^^]*)\^\{2\}")


@dataclass(frozen=True, eq=False)
class Notation:
    """`symbols`: LaTeX by name; `operators`: as `OPERATORS`; `bold_kinds`: which of `BOLD` are set in bold, and
    `bold` their names; `macros`: LaTeX by macro.

    Two notations are equal only if they are the same object, which is what caches of printed formulas need.
    """

    symbols: Mapping[str, str] = field(default_factory=dict)
    operators: Mapping[str, str] = field(default_factory=dict)
    bold_kinds: tuple[str, ...] = ()
    bold: frozenset[str] = frozenset()
    macros: Mapping[str, str] = field(default_factory=dict)

    def operator(self, name: str) -> str:
        """An operator of `OPERATORS` by its name."""
        macro = f"\\sym{name}"
        return macro if macro in self.macros else self.operators.get(name, OPERATORS[name])

    def is_bold(self, name: str) -> bool:
        """True for a name that is set in bold, also as a true value or a second copy."""
        return bool(self.bold) and name.rstrip("'").removesuffix("*").removesuffix("_") in self.bold

    def shown(self, name: str, spelled: str) -> str:
        """A name in LaTeX, `spelled` without a notation: what the notation has for it, by its macro where there is one.

        The macro of a square is that of its root: sigma2 is the macro of sigma, squared.
        """
        tex = self.symbols.get(name) or self._numbered(name) or spelled
        macro, stem, square = _macro(name, tex)
        return f"{macro}{square}" if self.macros.get(macro) == stem else tex

    def _numbered(self, name: str) -> str:
        """`lam_0` and `A_*` as the letter of `lam` and `A` with a subscript; empty where that has no letter of its own."""
        stem, _, mark = name.rpartition("_")
        tex = self.symbols.get(stem, "") if mark.isdigit() or mark == "*" else ""
        below = r"\ast" if mark == "*" else mark
        return f"{f'({tex})' if '_' in tex else tex}_{{{below}}}" if tex else ""

    def expanded(self, tex: str) -> str:
        """The formula with what its macros stand for in their places."""
        if not self.macros:
            return tex
        return _MACRO.sub(lambda found: self.macros.get(found[0], found[0]), tex)

    def checked(self, names: Iterable[str], spell: Callable[[str], str]) -> Notation:
        """The notation itself; `InputError` where one of these names would look like another because of it."""
        ordered = sorted(set(names))
        looks = {name: self.symbols.get(name, spell(name)) for name in ordered}
        for name in ordered:
            other = next((o for o in ordered if o != name and looks[o] == looks[name]), None)
            if name in self.symbols and other is not None:
                raise InputError(
                    f"notation: symbols.{name}: {looks[name]} is how {other} is printed; two symbols need two letters"
                )
        return self

    def for_names(
        self, names: Collection[str], matrices: Collection[str], vectors: Collection[str], spell: Callable[[str], str]
    ) -> Notation:
        """For a derivation with these names: `HOUSE`'s letters where no other name has them, and which names are bold.

        Raises `InputError` where two names would look the same and the notation says so.
        """
        self.checked(names, spell)
        used = {self.symbols.get(name, spell(name)) for name in names}
        letters = {n: HOUSE[n] for n in sorted(names) if n in HOUSE and n not in self.symbols and HOUSE[n] not in used}
        kinds = {"matrices": matrices, "vectors": vectors}
        bold = frozenset(name for kind in self.bold_kinds for name in kinds[kind])
        return replace(self, symbols={**letters, **self.symbols}, bold=bold)

    def with_macros(self, names: Iterable[str], spell: Callable[[str], str]) -> Notation:
        """The notation that prints these names, and the operators, as macros; the table of the macros is part of it."""
        table: dict[str, str] = {}
        for name in sorted(set(names)):
            macro, stem, _ = _macro(name, self.symbols.get(name, spell(name)))
            table.setdefault(macro, stem)
        operators = {f"\\sym{name}": self.operator(name) for name in OPERATORS}
        return replace(self, macros={**table, **operators})


def _macro(name: str, tex: str) -> tuple[str, str, str]:
    r"""Macro of a name, what it stands for, and what is printed behind it: `sigma_nu2` is `\symsigmaNu` and `^{2}`."""
    square = _SQUARE.fullmatch(tex)
    bare = name.removesuffix("2") if square else name
    words = re.findall(r"[A-Za-z]+|\d|\*|'", bare)
    spelled = [_DIGITS[int(w)] if w.isdigit() else {"*": "Star", "'": "Prime"}.get(w, w) for w in words]
    first, *rest = spelled or ["x"]
    macro = "\\sym" + first + "".join(word[:1].upper() + word[1:] for word in rest)
    return (macro, square[1], "^{2}") if square else (macro, tex, "")


HOUSE = {
    "target": r"\beta",
    "noise": r"\delta",
    "contrast": r"\zeta",
    "mean": r"\mu",
    "degrees_of_freedom": r"\nu",
}
"""Letters for names that model files spell out."""

PLAIN = Notation()
_CURRENT: ContextVar[Notation] = ContextVar("notation", default=PLAIN)


def current() -> Notation:
    """The notation in force."""
    return _CURRENT.get()


@contextmanager
def using(notation: Notation) -> Iterator[None]:
    """Print in a notation for a while."""
    token = _CURRENT.set(notation)
    try:
        yield
    finally:
        _CURRENT.reset(token)
