"""What can go wrong, and who is told.

Policy, in four classes:

* `InputError`: what came in is wrong. The sentence names the key, the shape or value that came, and what is expected.
* `ConditionViolated`: the input is well formed but a hypothesis of the theorem fails. The sentence names the condition
  and the offending direction, point or group element.
* `NotDerivableYet`: the mathematics exists, this release does not do it.
* `NeverDerivable`: no release will; the sentence says why.

Nobody who uses the package sees an `assert` or, at the command line, a traceback: every one of these is one sentence and
exit code 2.
"""


class SymasymError(Exception):
    """Base class; its text is one sentence that can be shown to the user as it is."""


class InputError(SymasymError):
    """The input is wrong: names the key, what came and what is expected."""


class ShapeError(InputError):
    """A matrix expression whose shapes do not fit; names the sub-expression and both shapes."""


class ConditionViolated(SymasymError):
    """A hypothesis fails (not invariant, not stationary, degenerate, ...); names the offending direction."""


class NotDerivableYet(SymasymError):
    """The model is sound but lies outside what this release derives."""


class NeverDerivable(SymasymError):
    """The model has no limit law of the kind asked for; says why."""
