"""The formulas as one writes them down, for any array library that follows the array API standard: `formula` in each kernel.

No workspace, no blocks, no checks: the plain path for single problems, and for arrays that are not NumPy's.
"""

from __future__ import annotations

import re
from typing import Any

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE, mul
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.programs import Normal
from symasym.codegen.numpy.dense import Dense
from symasym.codegen.numpy.entry import documentation, head
from symasym.codegen.numpy.functions import names_in

__all__ = ["portable_slots"]


def portable_slots(form: Normal, given: Inputs) -> dict[str, Any]:
    """Slots of `formula`."""
    letters = [over.index for over, _ in form.outside]
    body = Dense(given.lengths, letters, lead="...", sums="xp.sum")
    parts = []
    for (over, v), (_, own) in zip(form.outside, form.own, strict=True):
        weight = v if own == ONE else mul(own, v)
        free = (over.index,) if over.index in weight.free else ()
        text = body.text(weight, free)
        body.assign(f"w_{over.index} = ", text)
        parts.append((f"w_{over.index}" + ("" if free else "[..., None]"), str(over.size)))
    used = names_in([*(v for _, v in form.outside), *(own for _, own in form.own)])
    arrays = [name for name in (*given.lengths, *given.scalars) if name in used]
    lines = body.lines
    if len(parts) == 1 and not parts[0][0].endswith("]"):
        lines.append(f"return {parts[0][0]}")
    else:
        lines.append(f"return _side_by_side(xp, {', '.join(f'({name}, {size})' for name, size in parts)})")
    keywords = [f"{size}: int" for size in given.keywords]
    sizes = [
        f"{source.size} = {source.family}.shape[-1]" + (f" - ({source.rest})" if source.rest != Affine() else "")
        for source in given.sources
        if source.family is not None and any(re.search(rf"\b{source.size}\b", line) for line in lines)
    ]
    parameters = [*(f"{name}: Any" for name in arrays), "*", *keywords, "xp: Any = np"]
    return {
        "head": head("formula", parameters, "Any"),
        "documentation": documentation(given, [name for name in arrays if name in given.scalars]),
        "body": [*sizes, *lines],
        "joined": "_side_by_side" in lines[-1],
    }
