"""From trace words to blocks over index ranges with symbolic sizes."""

from symasym.alignment.blocks import Blocks, Coordinate, DiagonalBlock, PairBlock, RankOne, blocks
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range, Ranges

__all__ = ["Blocks", "Coordinate", "DiagonalBlock", "Entries", "PairBlock", "Range", "Ranges", "RankOne", "blocks"]
