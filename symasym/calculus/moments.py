"""Covariances, means and scale moments of data atoms, as matrix polynomials."""

from __future__ import annotations

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianLaw, Scale
from symasym.words.atoms import Atom, Kind
from symasym.words.lower import lower_matrix
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial

__all__ = ["Moments"]


class Moments:
    """Covariances and means of data atoms, as matrix polynomials.

    A covariance that is not a single known matrix (for instance `I + A* A*^T`, derived from a latent model) becomes an atom
    of its own, so that words stay short and meet their inverses; `definitions` says what such an atom is.
    """

    def __init__(self) -> None:
        self.definitions: dict[Atom, MatrixPolynomial] = {}
        self.scale_moments: dict[sympy.Symbol, sympy.Expr] = {}
        self._scale_orders: dict[Scale, int] = {}
        self._covariances: dict[tuple[GaussianLaw, int, int], MatrixPolynomial | None] = {}
        self._alike: dict[str, list[Atom]] = {}

    def covariance(self, u: Atom, v: Atom) -> MatrixPolynomial | None:
        """`Cov(u, v)`, or None where the two are uncorrelated."""
        first, second = u.payload, v.payload
        if first.law != second.law:
            return None
        key = (first.law, first.position, second.position)
        if key not in self._covariances:
            self._covariances[key] = self._lower(*key)
        return self._covariances[key]

    def _lower(self, law: GaussianLaw, i: int, j: int) -> MatrixPolynomial | None:
        if i > j:
            mirrored = self._lower(law, j, i)
            return None if mirrored is None else mirrored.T
        block = law.covariance(i, j)
        if isinstance(block, ZeroMatrix):
            return None
        lowered = lower_matrix(block)
        if len(lowered.terms) <= 1:
            return lowered
        name = f"Sigma_{law.names[i]}" if i == j else f"Sigma_{law.names[i]}_{law.names[j]}"
        return MatrixPolynomial.atom(self._derived(name, lowered))

    def _derived(self, name: str, definition: MatrixPolynomial) -> Atom:
        """The atom of that definition; further ones of one name, as components of a mixture have them, are numbered."""
        alike = self._alike.setdefault(name, [])
        for atom in alike:
            if self.definitions[atom] == definition:
                return atom
        key = f"{name}_c{len(alike) + 1}" if alike else name
        symmetric = definition == definition.T
        atom = Atom(key, Kind.DERIVED, definition.rows, definition.columns, symmetric=symmetric, payload=definition)
        self.definitions[atom] = definition
        alike.append(atom)
        return atom

    def scale_factor(self, atoms: list[Atom]) -> ScalarPolynomial:
        """`prod E rho^p` over the laws with a random scale, for a product in which `2p` vectors share `rho`.

        `E rho^p` is kept as the symbol `rho_p`, so that the words do not depend on the law of the scale; `E rho = 1`.
        """
        total = ScalarPolynomial.number(1)
        for law in dict.fromkeys(atom.payload.law for atom in atoms if atom.payload.law.scale is not None):
            order, odd = divmod(sum(atom.payload.law == law for atom in atoms), 2)
            if odd:
                raise NotDerivableYet(
                    f"{law.names[0]}: odd moments of a law with a random scale and a mean are not derived yet"
                )
            if order > 1:
                symbol = sympy.Symbol(
                    f"rho_{order}" if len(law.names) == 1 else f"rho_{order}_{law.names[0]}", positive=True
                )
                if self.scale_moments.setdefault(symbol, law.scale.moment(order)) != law.scale.moment(order):
                    raise NotDerivableYet(f"{law.names[0]}: two laws with different random scales are not derived yet")
                self._scale_orders[law.scale] = max(order, self._scale_orders.get(law.scale, 0))
                total = total * ScalarPolynomial.symbol(symbol)
        return total

    @property
    def scale_conditions(self) -> tuple[sympy.Basic, ...]:
        """Where all moments of random scales that were asked for are finite; left out where that is plain."""
        conditions = (scale.finite(order) for scale, order in self._scale_orders.items())
        return tuple(condition for condition in conditions if condition != sympy.true)

    def mean(self, u: Atom) -> MatrixPolynomial | None:
        """`E u`, or None where `u` is centred."""
        centre = u.payload.mean
        return None if isinstance(centre, ZeroMatrix) else lower_matrix(centre)
