"""Every stage of a derivation as steps that people read: a title, the rule used, and labelled formulas.

The command line, the write-up and the JSON document show the same objects.
"""

from symasym.steps.listing import steps
from symasym.steps.step import Line, Step

__all__ = ["Line", "Step", "steps"]
