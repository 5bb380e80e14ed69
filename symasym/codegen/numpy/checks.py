"""Lines that read dimensions off array lengths and refuse shapes that do not fit, one sentence for each."""

from __future__ import annotations

from collections.abc import Iterable

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.inputs import Inputs, SizeSource
from symasym.codegen.index.relations import Relation

__all__ = ["size_lines"]


def size_lines(given: Inputs, conditions: Iterable[Relation]) -> list[str]:
    """Body of the function from families and keyword sizes to all sizes, `given.sizes` in order."""
    lines = [_read(source, given) for source in given.sources]
    sources = {source.family for source in given.sources}
    for family in given.families:
        if family.name not in sources:
            value = f" with {family.length} = {{{family.length}}}" if family.length.names else ""
            lines.append(
                f'_check_core("{family.name}", {family.name}, ({family.length},), f"(..., {family.length}){value}")'
            )
    for condition in conditions:
        if set(condition.names) <= set(given.sizes):
            lines += _require(condition, given)
    return [*lines, f"return {', '.join(given.sizes)}"]


def _read(source: SizeSource, given: Inputs) -> str:
    if source.family is None:
        return f'{source.size} = _positive("{source.size}", {source.size})'
    wanted = f"(..., {given.lengths[source.family]}) with {source.size} >= 1"
    rest = "" if source.rest == Affine() else f", {source.rest}"
    return f'{source.size} = _length("{source.family}", {source.family}, "{wanted}"{rest})'


def _require(condition: Relation, given: Inputs) -> list[str]:
    """The relation is put to the argument that settles it, the one whose size is read last."""
    last = [source for source in given.sources if source.size in condition.names][-1]
    stated = condition.about(last.size)
    if last.family is None:
        message = f"{last.size}: {{{last.size}}} came, {stated} is expected"
    else:
        wanted = f"(..., {given.lengths[last.family]}) with {stated}"
        message = f"{last.family}: shape {{{last.family}.shape}} came, {wanted} is expected"
    return [f"if not {condition}:", f'    raise ValueError(f"{message}")']
