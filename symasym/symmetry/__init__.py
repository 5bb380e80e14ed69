"""Is it a symmetry, and of what dimension? Invariance, equivariance, vertical directions."""

from symasym.symmetry.invariance import prove_form_kept
from symasym.symmetry.quotient import Quotient, VerticalField, quotient

__all__ = ["Quotient", "VerticalField", "prove_form_kept", "quotient"]
