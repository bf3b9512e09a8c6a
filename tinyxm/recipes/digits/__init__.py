"""Sounds ↔ pictures: two towers bring spoken and handwritten digits together, and are asked about new voices.

With recordings (TINYXM_FSDD) there are a model for the official split, whose voices are known, and one for each
speaker, trained without hearing that speaker; without them one model learns from synthesised voices.
"""

from tinyxm.recipes.digits.job import Digits

RECIPE = Digits()

__all__ = ["RECIPE", "Digits"]
