"""What a kernel does with natural parameters in any position: its tables of trace words, and the slots of its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from symasym.codegen.numpy.entry import call
from symasym.codegen.numpy.wrap import INDENT, WIDTH, broken
from symasym.codegen.words.tables import Tables
from symasym.codegen.words.terms import Table, Term

__all__ = ["law_call", "word_slots"]


def word_slots(tables: Tables) -> dict[str, Any]:
    """Slots of the functions of natural parameters."""
    names, scalars = list(tables.arguments), list(tables.scalars)
    sizes = list(dict.fromkeys(n for shape in tables.arguments.values() for n in shape if not n.isdigit()))
    stated = [] if tables.output in sizes else [tables.output]
    every = (*sizes, *stated)
    parameters = [f"{name}: ArrayLike" for name in (*names, *scalars)] + ["alpha: ArrayLike = 1.0", "*"]
    options = ["sigma_down: ArrayLike | None = None", "dtype: DTypeLike | None = None"]
    keywords = [f"{name}: int" for name in stated]
    of = 'of: str | int | Mapping[str | int, ArrayLike] = "risk_mean"'
    arrays = [*names, *scalars, "alpha"]
    core = {name: 1 if shape[1] == "1" else 2 for name, shape in tables.arguments.items()}
    leads = [f"{name}={name}.shape[:-{core[name]}]" for name in names] + [f"{n}={n}.shape" for n in (*scalars, "alpha")]
    return {
        "kind": "words",
        "template": "natural_words.py.jinja",
        "functions": [],
        "parameters": [*parameters, *keywords, *options],
        "gradient_parameters": [*parameters, *keywords, of, *options],
        "cumulant_parameters": [*parameters, *keywords, "order: int = 4", *options],
        "weights": law_call(arrays, stated),
        "gradient_fields": arrays,
        "documentation": [_shown(name, shape) for name, shape in tables.arguments.items()]
        + [f"* `{name}`: shape (...)." for name in scalars],
        "length": tables.input,
        "learned": tables.output,
        "searched": not tables.known,
        "joint": bool(tables.joint),
        "prologue": [
            *call("kind = _float_type", ["dtype", *(f"{a}={a}" for a in [*arrays, "sigma_down"])]),
            "_at_most_double(kind)",
            *(f"{name} = np.asarray({name}, kind)" for name in arrays),
            *call("arrays = dict", [f"{name}={name}" for name in names]),
            *call("sizes = _dimensions", ["_WORDS", "arrays", *(f"{name}={name}" for name in stated)]),
            f"{', '.join(every)} = (sizes[name] for name in {_literal(every)})",
            "if sigma_down is not None:",
            "    sigma_down = np.asarray(sigma_down, kind)",
            f'    _square("sigma_down", sigma_down, {tables.input})',
            *call("batch = _batch", [*leads, "sigma_down=() if sigma_down is None else sigma_down.shape[:-2]"]),
        ],
        "problems": [
            *call("arrays = dict", [f"{name}=_rows({name}, {core[name]}, batch)" for name in names]),
            *call("scalars = dict", [f"{name}=_rows({name}, 0, batch)" for name in scalars]),
        ],
        "tables": table_lines(tables),
    }


def law_call(arrays: Iterable[str], keywords: Iterable[str]) -> list[str]:
    """Lines that call `natural_law` with all arguments of the function around it."""
    given = [f"{name}={name}" for name in (*keywords, "sigma_down", "dtype")]
    *before, last = call("weights = natural_law", [*arrays, *given])
    return [*before, f"{last}.weights"]


def _shown(name: str, shape: tuple[str, str]) -> str:
    return f"* `{name}`: shape (..., {shape[0] if shape[1] == '1' else ', '.join(shape)})."


def table_lines(tables: Tables) -> list[str]:
    """The tables as Python text."""
    lines = ["_WORDS = _Tables("]
    plain: dict[str, Any] = {
        "parameters": tables.parameters,
        "given": tables.arguments,
        "symmetric": tables.symmetric,
        "definite": tables.definite,
        "nonnegative": tables.nonnegative,
        "relations": tables.relations,
        "joint": tables.joint,
    }
    for name, value in plain.items():
        lines += _assigned(name, _literal(value))
    lines += _nested(
        "numbers",
        {name: [f"({_number(c)}, {_powers(p)})" for c, p in terms] for name, terms in tables.numbers.items()},
    )
    lines += [f"{INDENT}definitions={{"]
    for item in tables.definitions:
        head = f'{INDENT * 2}"{item.name}": ("{item.shape[0]}", "{item.shape[1]}", '
        if isinstance(item.value, str):
            lines.append(f'{head}"{item.value}"),')
        else:
            lines += [head + "[", *_terms(item.value, 3), f"{INDENT * 2}]),"]
    lines += [f"{INDENT}}},"]
    for name in ("loss", "features", "target", "down", "noise"):
        table: Table = getattr(tables, name)
        lines += [f"{INDENT}{name}=[", *_terms(table, 2), f"{INDENT}],"] if table else [f"{INDENT}{name}=[],"]
    for name in ("gradient", "slopes", "hessian", "score"):
        form: Mapping[Any, Table] = getattr(tables, name)
        lines.append(f"{INDENT}{name}={{" + ("" if form else "},"))
        for key, table in form.items():
            lines += [f"{INDENT * 2}{_literal(key)}: [", *_terms(table, 3), f"{INDENT * 2}],"]
        lines += [f"{INDENT}}},"] if form else []
    lines += [f"{INDENT}vertical=[" + ("" if tables.vertical else "],")]
    for orbit in tables.vertical:
        lines += [f'{INDENT * 2}({orbit.antisymmetric}, "{orbit.size}", {{']
        for key, table in orbit.velocity.items():
            lines += [f"{INDENT * 3}{_literal(key)}: [", *_terms(table, 4), f"{INDENT * 3}],"]
        lines += [f"{INDENT * 2}}}),"]
    lines += [f"{INDENT}],"] if tables.vertical else []
    lines += [f"{INDENT}{name}={_literal(getattr(tables, name))}," for name in ("input", "output", "known")]
    return [*lines, ")"]


def _assigned(name: str, text: str) -> list[str]:
    first, *rest = broken(f"{name}={text},", WIDTH - len(INDENT) * 2)
    return [INDENT + first, *(INDENT * 2 + line for line in rest)]


def _nested(name: str, parts: Mapping[str, Iterable[str]]) -> list[str]:
    inside = [f'{INDENT * 2}"{key}": [{", ".join(values)}],' for key, values in parts.items()]
    return [f"{INDENT}{name}={{", *inside, f"{INDENT}}},"] if inside else [f"{INDENT}{name}={{}},"]


def _terms(table: Table, depth: int) -> list[str]:
    return [line for term in table for line in _term(term, depth)]


def _term(term: Term, depth: int) -> list[str]:
    text = f'({_number(term.number)}, {_powers(term.powers)}, "{term.pattern}", {_literal(term.words)}),'
    first, *rest = broken(text, WIDTH - len(INDENT) * (depth + 1))
    return [INDENT * depth + first, *(INDENT * (depth + 1) + line for line in rest)]


def _number(number: Fraction) -> str:
    return f"{number.numerator}.0" if number.denominator == 1 else f"{number.numerator} / {number.denominator}"


def _powers(powers: tuple[tuple[str, int], ...]) -> str:
    return _literal(dict(powers))


def _literal(value: Any) -> str:
    """Python text with double quotes."""
    match value:
        case str():
            return f'"{value}"'
        case tuple() | list():
            return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
        case dict():
            return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    return repr(value)
