"""From JSON inputs to the law in numbers: in closed form where the inputs align, by the general route elsewhere."""

from symasym.evaluation.document import law_document
from symasym.evaluation.evaluate import DOWNSTREAM, evaluate_inputs
from symasym.evaluation.outcome import Evaluation, Misspecified

__all__ = ["DOWNSTREAM", "Evaluation", "Misspecified", "evaluate_inputs", "law_document"]
