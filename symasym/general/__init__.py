"""General position: the same trace words, evaluated on numeric matrices, for any covariances."""

from symasym.general.arrays import bilinear_array, word_array
from symasym.general.point import natural_point
from symasym.general.route import General, general

__all__ = ["General", "bilinear_array", "general", "natural_point", "word_array"]
