"""Any ↔ any: what linear and curved alignments make of four pairs of modalities, beside one another."""

from tinyxm.recipes.align.job import Align

RECIPE = Align()

__all__ = ["RECIPE", "Align"]
