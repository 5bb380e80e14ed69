"""Mixtures: expectations condition on the components, `E p = sum_c pi_c E_c p`; those of different laws are independent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from symasym.model.data import GaussianLaw
from symasym.words.atoms import Atom
from symasym.words.lower import lower_scalar
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["Choice", "choices", "given"]

Choice = Mapping[object, GaussianLaw]
"""Law of a mixture -> the component that was drawn."""


def choices(atoms: Iterable[Atom]) -> Iterator[tuple[ScalarPolynomial, Choice]]:
    """Every choice of components for the laws of some data atoms, with its probability; one choice where none is a mixture."""
    mixed = [law for law in dict.fromkeys(atom.payload.law for atom in atoms) if len(law.components) > 1]
    for chosen in product(*(law.components for law in mixed)):
        probability = ScalarPolynomial.number(1)
        for weight, _ in chosen:
            probability = probability * lower_scalar(weight)
        yield probability, {law: component for law, (_, component) in zip(mixed, chosen, strict=True)}


def given(atom: Atom, choice: Choice) -> Atom:
    """The data atom with the law that it has given the components."""
    vector = atom.payload
    return replace(atom, payload=choice[vector.law].vector(vector.position)) if vector.law in choice else atom
