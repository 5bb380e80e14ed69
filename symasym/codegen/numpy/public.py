"""What the public functions of a kernel call, and the slots of their text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE
from symasym.codegen.index.domain import Condition
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.ir import is_number
from symasym.codegen.index.ops import Seed
from symasym.codegen.index.programs import Normal, Seeded, pullback, values
from symasym.codegen.numpy.entry import EntryPoint, call, entry_point
from symasym.codegen.numpy.functions import Function, Writer, divided_by

__all__ = ["Group", "core_group", "excess_group", "excess_slots", "public_slots", "work_lines"]

SEEDS = {"seeds": "_Seeds | _Given"}
BAR = {"bar": "Floats"}


@dataclass(frozen=True)
class Group:
    """Functions by their field in a table; one table for each layout, `(last, functions)`."""

    name: str
    tables: tuple[tuple[bool, dict[str, Function]], ...]

    @property
    def fields(self) -> dict[str, Function]:
        """The functions of one layout; parameters are the same in all."""
        return self.tables[0][1]

    @property
    def functions(self) -> list[Function]:
        """All functions, in the order of the text."""
        return [function for _, table in self.tables for function in table.values()]

    def layout(self) -> list[str]:
        """Lines that choose the layout."""
        if len(self.tables) == 1:
            return [f"last, at = False, _{self.name}_FIRST"]
        own = [hot for f in self.fields.values() for hot in f.hot]
        sizes = dict.fromkeys(f"({others}, {size})" for _, others, size in own if size != "1")
        return [f"last = _is_short({', '.join(sizes)})", f"at = _{self.name}_LAST if last else _{self.name}_FIRST"]


def _group(name: str, form: Normal, given: Inputs, nested: bool, make: Any) -> Group:
    """The functions that `make` writes, in both layouts if there are nests; equal ones once."""
    layouts = [(True, "_last"), (False, "_first")] if nested else [(False, "")]
    tables = [(last, make(Writer(form, given, last, suffix))) for last, suffix in layouts]
    return Group(name, tuple(_shared(tables)))


def _shared(tables: Sequence[tuple[bool, dict[str, Function]]]) -> list[tuple[bool, dict[str, Function]]]:
    """Functions that do the same in both layouts lose the suffix of their name; of others that are equal the first one stands."""
    known: dict[tuple[Any, ...], Function] = {}
    everywhere = Counter(meaning for _, table in tables for meaning in {_meaning(f) for f in table.values()})
    shared = []
    for last, table in tables:
        suffix = ("_last" if last else "_first") if len(tables) > 1 else ""
        found = {}
        for key, function in table.items():
            meaning = _meaning(function)
            if suffix and everywhere[meaning] > 1 and function.name.endswith(suffix):
                function = function.renamed(function.name.removesuffix(suffix))
            found[key] = known.setdefault((*meaning, function.name.endswith(suffix)), function)
        shared.append((last, found))
    return shared


def _meaning(function: Function) -> tuple[Any, ...]:
    return function.parameters, function.docstring, function.body, function.returned


def core_group(form: Normal, given: Inputs, conditions: Sequence[Condition]) -> Group:
    """The functions behind the law: variances outside the span, what they are multiplied with, label noise, domains."""
    seeded, outside = _seeded(form), [node for _, node in form.outside]
    nested = pullback(form, seeded).has_nests or values(form, [form.noise], ["value"]).has_nests
    own_nodes = [] if all(node == ONE for _, node in form.own) else [node for _, node in form.own]
    every = [*given.lengths, *given.scalars]
    below = divided_by(outside)
    below_weights = below | divided_by(own_nodes)
    below_any = below_weights | divided_by([form.noise])

    def make(writer: Writer) -> dict[str, Function]:
        weights = writer.arrays([*outside, *own_nodes])
        found = {
            "outside": writer.along(
                "_outside_variance", "v", "`v_a` for the indices outside the learned span.", form.outside
            ),
            "noise": writer.single("_noise_variance", "`sigma^2`.", form.noise),
            "outside_pullback": writer.pullback(
                "_outside_pullback", "Derivatives of the seeded sum of the `v_a`, and of the `g_a`.", seeded, SEEDS
            ),
            "noise_pullback": writer.pullback(
                "_noise_pullback", "`sigma^2`, and the derivatives of `bar sigma^2`.", [Seeded(form.noise, "bar")], BAR
            ),
            "domain": writer.domain("_domain", every, conditions, below_any),
            "weights_domain": writer.domain("_weights_domain", weights, conditions, below_weights),
            "variance_domain": writer.domain("_variance_domain", writer.arrays(outside), conditions, below),
        }
        if own_nodes:
            text = "`g_a` of the pre-training data for the indices outside the learned span."
            found["own"] = writer.along("_own_variance", "g", text, form.own)
        return found

    return _group("LAW", form, given, nested, make)


def _seeded(form: Normal) -> list[Seeded]:
    """`v_a` of every range, then `g_a` where it depends on anything."""
    parts = []
    for over, node in form.outside:
        parts.append(
            Seeded(node, Seed("seeds({value}, {start}, {size}{rows})", form.start[over.index], over.size), over)
        )
    for n, (over, node) in enumerate(form.own):
        if not is_number(node):
            seed = Seed("seeds.own_bar({start}, {size}{rows})", form.start[over.index], over.size)
            parts.append(Seeded(node, seed, over, after=n))
    return parts


def excess_group(form: Normal, given: Inputs, conditions: Sequence[Condition]) -> Group:
    """The functions behind the mean excess loss."""
    seeded, below = [Seeded(form.excess, "bar")], divided_by([form.excess])

    def make(writer: Writer) -> dict[str, Function]:
        text = "The mean excess loss, and the derivatives of `bar` times it."
        return {
            "value": writer.single("_excess_loss_mean", "Mean of the limit of `m (L(w_hat) - L(w*))`.", form.excess),
            "pullback": writer.pullback("_excess_loss_pullback", text, seeded, BAR),
            "domain": writer.domain("_excess_domain", writer.arrays([form.excess]), conditions, below),
        }

    return _group("EXCESS", form, given, pullback(form, seeded).has_nests, make)


# ---- slots


def public_slots(read: Formulas, given: Inputs, core: Group) -> dict[str, Any]:
    """Slots of the functions that concern the law."""
    length = str(read.length)
    options = [("g", (length,)), ("sigma_down", (length, length))]
    at = core.fields
    every = [*given.lengths, *given.scalars]
    forward = ["outside", "noise", *(["own"] if "own" in at else [])]
    backward = [*forward, "outside_pullback", "noise_pullback"]
    of = ['of: str | int | Mapping[str | int, ArrayLike] = "risk_mean"']
    law = entry_point(given, "_sizes", given.scalars, options, alpha=True)
    gradient = entry_point(given, "_sizes", given.scalars, options, alpha=True, keywords=of)
    weights = at["weights_domain"].arrays
    scalars = [name for name in given.scalars if name in weights]
    cumulants = entry_point(given, "_sizes", scalars, options, keywords=["order: int = 4"], computed=weights)
    mine = at["outside"].arrays
    variance = entry_point(given, "_sizes", [name for name in given.scalars if name in mine], computed=mine)
    matrices = f"{_factor(length)} * ((g is not None) + 8 * (sigma_down is not None) * {_factor(length)})"
    room = Affine(6) + read.number_outside
    stores = _stores(core, every)
    return {
        "layout": core.layout(),
        "lines": _lines(at, LAW_VARIABLES) | ({} if "own" in at else {"own": ["own = None"]}),
        "own_is_fixed": "g is not None" if "own" in at and at["own"].arrays else "True",
        "law": _with(law, work=work_lines(given, core, forward, room, matrices)),
        "cumulants": _with(
            cumulants,
            work=work_lines(given, core, forward, room, matrices),
            few=_few(core),
            plain=_plain(given, at["weights_domain"]),
        ),
        "variance": _with(variance, work=work_lines(given, core, ["outside"], read.number_outside, "")),
        "gradient_fields": [*every, "alpha"],
        "gradient": _with(
            gradient,
            work=work_lines(given, core, backward, room * 2, matrices),
            results=_results(given, [*every, "alpha"]),
            parts=_parts(["value"], [*stores, "alpha"], ["by_g", "by_sigma_down"]),
            pullbacks=_pullbacks(core),
            returned=call(
                "return ",
                [
                    "target.value(seeds.kappa)",
                    *stores.values(),
                    "target.by_alpha(seeds.kappa)",
                    "*by_given",
                ],
            ),
            last=_last(
                "value", "Gradient", given, [*every, "alpha"], ["_shaped(by_g, batch)", "_shaped(by_sigma_down, batch)"]
            ),
        ),
    }


def _few(core: Group) -> str:
    """The condition under which the weights are taken from the formula as it reads: its arrays over two indices are small."""
    names = [name for name in ("outside", "own") if name in core.fields]
    nests = dict.fromkeys(nest for _, table in core.tables for name in names for nest in table[name].hot)
    sizes = dict.fromkeys(f"({others}, {others if size == '1' else size})" for _, others, size in nests)
    return f"_is_few({', '.join(['count', *sizes])})"


def _plain(given: Inputs, domain: Function) -> list[str]:
    """The domain and the formula of a few problems, as functions of nothing."""
    rows = [f"_rows({name}, {int(name in given.lengths)}, batch)" for name in domain.arrays]
    rest = ["count" if name == "rows" else "None" if name == "work" else name for name in domain.parameters]
    keywords = [f"{size}={size}" for size in given.keywords]
    inside = call("lambda: _LAW_FIRST.weights_domain", [*rows, *rest[len(rows) :]], 3)
    weights = call("lambda: formula", [*domain.arrays, *keywords, "xp=_Plain"], 3)
    return [*inside[:-1], f"{inside[-1]},", *weights[:-1], f"{weights[-1]},"]


LAW_VARIABLES = {
    "outside": "v_outside",
    "noise": "label_noise",
    "own": "own",
    "domain": "inside_own",
    "weights_domain": "inside_own",
    "variance_domain": "inside_own",
}
EXCESS_VARIABLES = {"value": "value", "pullback": "found", "domain": "inside_own"}
"""Variables of the public functions that hold what private ones return."""


def _lines(at: dict[str, Function], variables: dict[str, str]) -> dict[str, list[str]]:
    """Lines that call the functions of a table."""
    return {
        name: call(f"{variable} = at.{name}", at[name].parameters, 3)
        for name, variable in variables.items()
        if name in at
    }


def excess_slots(more: Inputs, sizes: str, excess: Group) -> dict[str, Any]:
    """Slots of the functions that concern the mean excess loss."""
    at = excess.fields
    names, both = at["value"].arrays, ["value", "pullback"]
    nested = len(excess.tables) > 1
    entry = entry_point(more, sizes, [name for name in more.scalars if name in names], computed=names)
    return {
        "excess": _with(
            entry,
            layout=excess.layout(),
            lines=_lines(at, EXCESS_VARIABLES),
            work=work_lines(more, excess, both if nested else ["value"], Affine(4), ""),
            gradient_work=work_lines(more, excess, both if nested else ["pullback"], Affine(4), ""),
            results=_results(more, names),
            parts=_parts(["result"], at["pullback"].returned),
            last=_last("result", "ExcessLossGradient", more, names),
        ),
        "excess_fields": list(names),
    }


def _with(entry: EntryPoint, **slots: Any) -> dict[str, Any]:
    return vars(entry) | slots


def _factor(size: str) -> str:
    return f"({size})" if " " in size else size


def work_lines(
    given: Inputs, group: Group, names: Sequence[str], room: Affine, more: str, count: str = "count", last: str = "last"
) -> list[str]:
    """The line that makes the workspace: numbers that a problem holds, and the nests."""
    functions = [table[name] for _, table in group.tables for name in names]
    nests = dict.fromkeys(f"({slots}, {others}, {size})" for f in functions for slots, others, size in f.hot)
    cold = room
    for family in given.families:
        cold = cold + family.length
    for name in names:
        cold = cold + group.fields[name].cold
    held = f"{cold} + {more}" if more else str(cold)
    derivatives = any("pullback" in name for name in names)
    if not nests or (derivatives and len(group.tables) == 1):  # temporaries of expressions
        temporaries = 18 if derivatives else 5
        held = f"{temporaries} * max({', '.join(str(family.length) for family in given.families) or '1'}, 1)" + (
            f" + {more}" if more else ""
        )
    return call("work = _Work", ["kind", count, held, last, *nests])


def _results(given: Inputs, names: Sequence[str]) -> list[str]:
    """Lines that make the arrays of derivatives."""
    lines = []
    for name in names:
        shape = f"(count, {given.lengths[name]})" if name in given.lengths else "count"
        lines.append(f"by_{name} = np.empty({shape}, kind)")
    return lines


def _parts(first: Sequence[str], names: Sequence[str], last: Sequence[str] = ()) -> list[str]:
    """The line that lists where values and derivatives go."""
    return call("parts = _there", [*first, *(f"by_{name}" for name in names), *last])


def _last(result: str, kind: str, given: Inputs, names: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """Lines that give everything back in the shape of the batch."""
    shaped = [
        f"by_{n}.reshape(*batch, {given.lengths[n]})" if n in given.lengths else f"by_{n}.reshape(batch)" for n in names
    ]
    return [*call(f"gradient = {kind}", [*shaped, *more]), f"return {result}.reshape(batch), gradient"]


def _stores(core: Group, every: Sequence[str]) -> dict[str, str]:
    """For each argument the text of its derivative."""
    first, second = core.fields["outside_pullback"].returned, core.fields["noise_pullback"].returned
    found = {}
    for name in every:
        terms = [f"outside_by_{name}"] * (name in first) + [f"noise_by_{name}"] * (name in second)
        found[name] = " + ".join(terms) or "np.zeros((1, 1), kind)"
    return found


def _pullbacks(core: Group) -> list[str]:
    """Lines that take the derivatives."""
    lines = []
    first, second = core.fields["outside_pullback"], core.fields["noise_pullback"]
    if first.arrays:
        names = [f"outside_by_{name}" for name in first.returned]
        lines += _unpacked(names, "at.outside_pullback", first.parameters)
    if second.arrays:
        lines.append("bar = target.by_noise(seeds.kappa)")
        names = ["_", *(f"noise_by_{name}" for name in second.returned)]
        lines += _unpacked(names, "at.noise_pullback", second.parameters)
    return lines


def _unpacked(names: Sequence[str], function: str, parameters: Sequence[str]) -> list[str]:
    """Lines that call a function and name the parts of what it returns."""
    left = ", ".join(names) if len(names) > 1 else f"({names[0]},)"
    lines = call(f"{left} = {function}", parameters, 2)
    if len(lines) == 1:
        return lines
    return [*call(f"found = {function}", parameters, 2), *(f"{name} = found[{n}]" for n, name in enumerate(names))]
