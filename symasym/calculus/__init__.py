"""Score and Hessian forms: directional derivatives, then exact expectations, all on trace words."""

from symasym.calculus.derivative import differentiate_matrix, differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.forms import Forms, direction, forms

__all__ = ["Forms", "Moments", "differentiate_matrix", "differentiate_scalar", "direction", "expectation", "forms"]
