"""Several modalities → a label: five ways of fusing them, beside each modality alone, with any of them missing.

Digits that are seen and heard, both badly; tumours by three kinds of measures; and, where TINYXM_KEEL names the tables,
credits and land use. A model for each table and way.
"""

from tinyxm.recipes.fuse.job import Fuse

RECIPE = Fuse()

__all__ = ["RECIPE", "Fuse"]
