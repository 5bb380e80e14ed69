"""`srepr` text back into SymPy, without `eval`: only names of SymPy classes and plain constants are read."""

from __future__ import annotations

import ast

import sympy
from sympy.core.symbol import Str

from symasym.errors import InputError

__all__ = ["from_srepr"]

ALLOWED = {
    name: getattr(sympy, name)
    for name in (
        "Add", "Mul", "Pow", "Integer", "Rational", "Float", "Symbol", "Sum", "Tuple", "Indexed", "IndexedBase", "Dict",
        "StrictGreaterThan", "StrictLessThan", "GreaterThan", "LessThan",
    )
}  # fmt: skip
ALLOWED["Str"] = Str


def from_srepr(text: str) -> sympy.Basic:
    """Rebuild a SymPy object from its `srepr`; `InputError` for anything that is not one."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise InputError(f"srepr: the text is not an expression ({error.msg})") from None
    return _build(tree.body)


def _build(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Tuple(elts=items):
            return tuple(map(_build, items))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in ALLOWED:
            return ALLOWED[name](*map(_build, arguments), **{str(k.arg): _build(k.value) for k in keywords})
    raise InputError(f"srepr: {ast.unparse(node)} is not allowed here")
