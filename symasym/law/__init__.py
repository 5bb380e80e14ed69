"""The limiting law: symbolic (`Law`) and with numbers in it (`NumericLaw`)."""

from symasym.law.law import IndexRange, Law, alpha
from symasym.law.numeric import NumericLaw
from symasym.law.serialise import from_srepr

__all__ = ["IndexRange", "Law", "NumericLaw", "alpha", "from_srepr"]
