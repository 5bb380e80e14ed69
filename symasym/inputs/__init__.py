"""JSON inputs of a model, checked key by key: every refusal names the key, what came and what is expected."""

from symasym.inputs.arithmetic import guarded, out_of_range
from symasym.inputs.default import default_instance
from symasym.inputs.keys import COMMON, check
from symasym.inputs.reading import read
from symasym.inputs.shown import label

__all__ = ["COMMON", "check", "default_instance", "guarded", "label", "out_of_range", "read"]
