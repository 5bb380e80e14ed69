"""The independent referee: a model at small concrete sizes, entry by entry, in exact rational arithmetic.

Nothing here is clever, on purpose: no trace words, no pairing of forms, no aligned coordinates. The loss is
expanded as a polynomial in the entries of the displacement and of the data, moments come from Isserlis'
recursion, matrices are inverted by Gauss elimination over the rationals. Of the package only the front end
and the errors are imported.
"""

from symasym.referee.explicit import Explicit, explicit

__all__ = ["Explicit", "explicit"]
