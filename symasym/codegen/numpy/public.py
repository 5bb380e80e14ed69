"""What the public functions of a kernel call, and the slots of their text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.domain import Condition
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.algebra import ONE
from symasym.codegen.index.ir import is_number
from symasym.codegen.index.programs import Normal, Seeded, pullback, values
from symasym.codegen.numpy.body import Seed
from symasym.codegen.numpy.entry import EntryPoint, call, entry_point
from symasym.codegen.numpy.functions import Function, Writer

__all__ = ["Core", "Excess", "core_functions", "excess_functions", "excess_slots", "public_slots"]


@dataclass(frozen=True)
class Core:
    """Functions behind the law: variances outside the span, what they are multiplied with, label noise, domains."""

    blocked: bool
    outside: Function
    own: Function | None
    noise: Function
    outside_pullback: Function
    noise_pullback: Function
    law_domain: Function
    core_domain: Function
    variance_domain: Function

    @property
    def functions(self) -> list[Function]:
        """All of them, in the order of the text."""
        own = [] if self.own is None else [self.own]
        found = [self.outside, *own, self.noise, self.outside_pullback, self.noise_pullback]
        domains = {domain.name: domain for domain in (self.law_domain, self.core_domain, self.variance_domain)}
        return [*found, *domains.values()]

    @property
    def weights(self) -> list[str]:
        """Arguments on which the weights depend."""
        mine = {*self.outside.arrays, *(self.own.arrays if self.own else ())}
        return [name for name in self.law_domain.arrays if name in mine]


@dataclass(frozen=True)
class Excess:
    """Functions behind the mean excess loss."""

    blocked: bool
    value: Function
    pullback: Function
    domain: Function

    @property
    def functions(self) -> list[Function]:
        """All of them, in the order of the text."""
        return [self.value, self.pullback, self.domain]


def core_functions(form: Normal, given: Inputs, conditions: Sequence[Condition]) -> Core:
    """The functions behind the law."""
    seeded = _seeded(form)
    nodes = [node for _, node in form.outside]
    blocked = any(p.has_nests for p in (values(form, [*nodes, form.noise], ["v"] * len(nodes) + ["noise"]), pullback(form, seeded)))
    writer = Writer(form, given, blocked)
    noise = Seeded(form.noise, "bar")
    outside = writer.along(
        "_outside_variance", "v", "`v_a` for the indices outside the learned span.", form.outside
    )
    own = None
    if any(node != ONE for _, node in form.own):
        docstring = "`g_a` of the pre-training data for the indices outside the learned span."
        own = writer.along("_own_variance", "g", docstring, form.own)
    mine = {*outside.arrays, *(own.arrays if own else ())}
    every = [*(family.name for family in given.families), *given.scalars]
    weights = [name for name in every if name in mine]
    law_domain = writer.domain("_domain", every, conditions)
    core_domain = law_domain if weights == every else writer.domain("_weights_domain", weights, conditions)
    variance_domain = core_domain
    if list(outside.arrays) != weights:
        variance_domain = writer.domain("_variance_domain", outside.arrays, conditions)
    return Core(
        blocked,
        outside,
        own,
        writer.single("_noise_variance", "`sigma^2`.", form.noise),
        writer.pullback(
            "_outside_pullback", "Derivatives of the seeded sum of the `v_a`, and of the `g_a`.", seeded
        ),
        writer.pullback("_noise_pullback", "`sigma^2`, and the derivatives of `bar sigma^2`.", [noise]),
        law_domain,
        core_domain,
        variance_domain,
    )


def _seeded(form: Normal) -> list[Seeded]:
    """`v_a` of every range, then `g_a` where it depends on anything."""
    parts = []
    for over, node in form.outside:
        seed = Seed("seeds({value}, {start}, {size})", form.start[over.index], over.size)
        parts.append(Seeded(node, seed, over))
    for n, (over, node) in enumerate(form.own):
        if not is_number(node):
            seed = Seed("seeds.own_bar({start}, {size})", form.start[over.index], over.size)
            parts.append(Seeded(node, seed, over, after=n))
    return parts


def excess_functions(form: Normal, given: Inputs, conditions: Sequence[Condition]) -> Excess:
    """The functions behind the mean excess loss."""
    seeded = [Seeded(form.excess, "bar")]
    blocked = values(form, [form.excess], ["value"]).has_nests or pullback(form, seeded).has_nests
    writer = Writer(form, given, blocked)
    value = writer.single("_excess_loss_mean", "Mean of the limit of `m (L(w_hat) - L(w*))`.", form.excess)
    return Excess(
        blocked,
        value,
        writer.pullback("_excess_loss_pullback", "The mean excess loss, and the derivatives of `bar` times it.", seeded),
        writer.domain("_excess_domain", value.arrays, conditions),
    )


# ---- slots


def public_slots(read: Formulas, given: Inputs, core: Core) -> dict[str, Any]:
    """Slots of the functions that concern the law."""
    length = str(read.length)
    options = [("g", (length,)), ("sigma_down", (length, length))]
    number = read.number_outside
    every = [*(family.name for family in given.families), *given.scalars]
    law = entry_point(given, "_sizes", given.scalars, options, alpha=True)
    of = ['of: str | int | Mapping[str | int, ArrayLike] = "risk_mean"']
    gradient = entry_point(given, "_sizes", given.scalars, options, alpha=True, keywords=of)
    weights = [name for name in given.scalars if name in core.weights]
    cumulants = entry_point(given, "_sizes", weights, options, keywords=["order: int = 4"], computed=core.weights)
    scalars = [name for name in given.scalars if name in core.outside.arrays]
    variance = entry_point(given, "_sizes", scalars, computed=core.outside.arrays)
    forward = [core.outside, core.noise, *([core.own] if core.own else [])]
    backward = [*forward, core.outside_pullback, core.noise_pullback]
    matrices = f"(0 if sigma_down is None else 8 * {_factor(length)} ** 2)"
    room = Affine(6) + number * 3
    slots = {
        "blocked": core.blocked,
        "axis": 0 if core.blocked else 1,
        "transposed": ".T" if core.blocked else "",
        "outside": core.outside,
        "noise": core.noise,
        "own_call": "None" if core.own is None else core.own.call,
        "own_is_fixed": "True" if core.own is None or not core.own.arrays else "g is not None",
        "outside_arguments": ", ".join(core.outside.parameters),
        "law_domain": core.law_domain,
        "core_domain": core.core_domain,
        "variance_domain": core.variance_domain,
        "law": _with(law, work=_work(given, forward, room, matrices)),
        "cumulants": _with(cumulants, work=_work(given, forward, room, matrices)),
        "variance": _with(variance, work=_work(given, [core.outside], number, "")),
        "gradient_fields": [*every, "alpha"],
        "gradient": _with(
            gradient,
            work=_work(given, backward, room * 2, matrices),
            results=_results(given, [*every, "alpha"]),
            outputs=", ".join(f"by_{name}" for name in [*every, "alpha"]),
            pullbacks=_pullbacks(core),
            returned=_returned(core, given, every),
        ),
    }
    return slots


def excess_slots(more: Inputs, sizes: str, excess: Excess) -> dict[str, Any]:
    """Slots of the functions that concern the mean excess loss."""
    names = excess.value.arrays
    scalars = [name for name in more.scalars if name in names]
    entry = entry_point(more, sizes, scalars, computed=names)
    return {
        "excess": _with(
            entry,
            work=_work(more, [excess.value, excess.pullback], Affine(4), ""),
            results=_results(more, names),
            outputs=", ".join(f"by_{name}" for name in names),
        ),
        "excess_fields": list(names),
        "excess_blocked": excess.blocked,
        "excess_checked": 1 + len(names),
        "excess_formula": excess.value,
        "excess_pullback": excess.pullback,
        "excess_domain": excess.domain,
    }


def _with(entry: EntryPoint, **slots: Any) -> dict[str, Any]:
    return vars(entry) | slots


def _factor(size: str) -> str:
    return f"({size})" if " " in size else size


def _work(given: Inputs, functions: Sequence[Function], room: Affine, more: str) -> list[str]:
    """The line that makes the workspace: numbers that a problem holds, and the nests."""
    cold = room
    for family in given.families:
        cold = cold + family.length
    for function in functions:
        cold = cold + function.cold
    nests = dict.fromkeys(f"({slots}, {others}, {size})" for f in functions for slots, others, size in f.hot)
    held = f"{cold} + {more}" if more else str(cold)
    return call("work = _Work", ["kind", "math.prod(batch)", held, *nests])


def _results(given: Inputs, names: Sequence[str]) -> list[str]:
    """Lines that make the arrays of derivatives."""
    lines = []
    for name in names:
        shape = f"(*batch, {given.lengths[name]})" if name in given.lengths else "batch"
        lines.append(f"by_{name} = np.empty({shape}, kind)")
    return lines


def _pullbacks(core: Core) -> list[str]:
    """Lines that take the derivatives."""
    lines = []
    first, second = core.outside_pullback, core.noise_pullback
    if first.arrays:
        lines.append(f"{_tuple(f'outside_by_{name}' for name in first.arrays)} = {first.call}")
    if second.arrays:
        lines.append("bar = target.by_noise(seeds.kappa)")
        lines.append(f"{_tuple(['_', *(f'noise_by_{name}' for name in second.arrays)])} = {second.call}")
    return lines


def _returned(core: Core, given: Inputs, every: Sequence[str]) -> list[str]:
    """Lines that give back the value and all derivatives."""
    parts = ["target.value(seeds.kappa)", *(_by(name, core, given) for name in every)]
    return call("return ", [*parts, "target.by_alpha(seeds.kappa)", "*by_given"])


def _tuple(names: Any) -> str:
    listed = list(names)
    return ", ".join(listed) if len(listed) > 1 else f"({listed[0]},)"


def _by(name: str, core: Core, given: Inputs) -> str:
    """The derivative by one argument."""
    parts = [f"outside_by_{name}"] * (name in core.outside_pullback.arrays)
    parts += [f"noise_by_{name}"] * (name in core.noise_pullback.arrays)
    if parts:
        return " + ".join(parts)
    if name not in given.lengths:
        return "np.zeros(1, kind)"
    return f"np.zeros(({given.lengths[name]}, 1), kind)" if core.blocked else f"np.zeros((1, {given.lengths[name]}), kind)"
