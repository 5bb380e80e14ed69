"""Groups that act on the parameters, as objects.

Each group knows its size, its dimension, whether it is compact, what its Lie algebra looks like and how to draw a random
element. How it acts is the model's business: `O(k).acts(lambda Q: {A: Q*A})`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from inspect import signature
from itertools import permutations, product as cartesian
from typing import ClassVar

import numpy as np
import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, ShapeError
from symasym.model.matrices import ModelSymbol, Parameter

__all__ = ["GL", "SO", "Action", "Algebra", "Group", "GroupElement", "O", "SignedPermutations", "product", "trivial"]


class Algebra(Enum):
    """What the Lie algebra of a matrix group consists of."""

    ANTISYMMETRIC = "antisymmetric matrices"
    ALL = "all matrices"
    ZERO = "zero"


class GroupElement(ModelSymbol):
    """A generic element of a matrix group, of shape `(n, n)`; `orthogonal` says that its transpose is its inverse."""

    @property
    def orthogonal(self) -> bool:
        """True if `Q^T Q = I`."""
        return bool(self.args[3])

    def inv(self) -> MatrixExpr:
        """The inverse element; the transpose for orthogonal ones."""
        return self.T if self.orthogonal else sympy.Inverse(self)


@dataclass(frozen=True)
class Group(ABC):
    """A closed group of `(size, size)` matrices."""

    size: sympy.Expr

    symbol: ClassVar[str]
    letter: ClassVar[str]
    orthogonal: ClassVar[bool]
    compact: ClassVar[bool]
    algebra: ClassVar[Algebra]

    @property
    def dimension(self) -> sympy.Expr:
        """Dimension of the group as a manifold."""
        n = self.size
        return {
            Algebra.ANTISYMMETRIC: n * (n - 1) / 2,
            Algebra.ALL: n**2,
            Algebra.ZERO: sympy.Integer(0),
        }[self.algebra]

    def element(self, name: str | None = None) -> GroupElement:
        """A generic element, for use in an action."""
        flag = sympy.true if self.orthogonal else sympy.false
        return GroupElement(name or self.letter, self.size, self.size, flag)

    def acts(self, action: Callable[[GroupElement], Mapping[Parameter, MatrixExpr]], name: str | None = None) -> Action:
        """The action `g -> {parameter: its image}`; parameters left out stay where they are.

        The element is called `name`, else as the function calls it.
        """
        element = self.element(name or _argument(action))
        images = action(element)
        if not isinstance(images, Mapping):
            raise InputError(
                f"symmetry: the action of {self} gives {images}, a mapping {{parameter: its image}} is expected"
            )
        return Action(self, element, dict(images))

    @abstractmethod
    def random(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """A random element of the group at the concrete size `n`, shape `(n, n)`."""

    def __str__(self) -> str:
        return f"{self.symbol}({self.size})"


def _haar(n: int, rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diagonal(r))


class O(Group):
    """The orthogonal group: `Q^T Q = I`."""

    symbol, letter, orthogonal, compact, algebra = "O", "Q", True, True, Algebra.ANTISYMMETRIC

    def random(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Haar-distributed orthogonal matrix."""
        return _haar(n, rng)


class SO(Group):
    """The rotation group: `Q^T Q = I`, `det Q = 1`."""

    symbol, letter, orthogonal, compact, algebra = "SO", "Q", True, True, Algebra.ANTISYMMETRIC

    def random(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Haar-distributed rotation."""
        q = _haar(n, rng)
        q[:, 0] *= np.sign(np.linalg.det(q))
        return q


class GL(Group):
    """All invertible matrices."""

    symbol, letter, orthogonal, compact, algebra = "GL", "G", False, False, Algebra.ALL

    def random(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """An invertible matrix with condition number at most 9."""
        return _haar(n, rng) @ np.diag(rng.uniform(1 / 3, 3, n)) @ _haar(n, rng)


class SignedPermutations(Group):
    """Permutations of the coordinates with changes of sign: a finite group, so nothing is vertical."""

    symbol, letter, orthogonal, compact, algebra = "B", "Q", True, True, Algebra.ZERO

    def random(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """A uniformly distributed signed permutation matrix."""
        return np.eye(n)[rng.permutation(n)] * rng.choice([-1.0, 1.0], n)

    @staticmethod
    def elements(n: int) -> list[np.ndarray]:
        """All `2^n n!` of them; for small `n`."""
        signs = [np.array(sign) for sign in cartesian([1.0, -1.0], repeat=n)]
        return [np.eye(n)[list(order)] * sign for order in permutations(range(n)) for sign in signs]


@dataclass(frozen=True)
class Action:
    """A group together with how a generic element moves the parameters."""

    group: Group
    element: GroupElement
    images: Mapping[Parameter, MatrixExpr]

    def __post_init__(self) -> None:
        for parameter, image in self.images.items():
            if not isinstance(parameter, Parameter):
                raise InputError(f"symmetry: {parameter} is moved by {self.group}, but only parameters can be moved")
            if tuple(image.shape) != tuple(parameter.shape):
                raise ShapeError(
                    f"symmetry: {parameter} has shape {tuple(parameter.shape)}, but its image {image} under {self.group} "
                    f"has shape {tuple(image.shape)}"
                )

    def __str__(self) -> str:
        moves = ", ".join(f"{parameter} -> {image}" for parameter, image in self.images.items())
        return f"{self.group}: {moves}"


def _argument(function: Callable[[GroupElement], object]) -> str | None:
    """The name of a function's argument, None where it has none that says anything."""
    try:
        names = list(signature(function).parameters)
    except (TypeError, ValueError):
        return None
    return names[0] if names and names[0].strip("_") else None


def trivial() -> tuple[Action, ...]:
    """No symmetry: every minimiser is isolated."""
    return ()


def product(*actions: Action) -> tuple[Action, ...]:
    """The group generated by several actions; their elements must have different names."""
    names = [action.element.name for action in actions]
    if len(set(names)) < len(names):
        raise InputError(f"product: the group elements are called {', '.join(names)}; give each a letter of its own")
    return actions
