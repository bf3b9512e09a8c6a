"""Pictures ↔ words: two towers learn 1,377 emoji from two drawing styles, and are tested on a third.

Two stages, each a model of its own. The held-out style: trained on every concept as Twemoji and as Noto's outlines,
asked about OpenMoji's drawings. Unseen concepts: trained without a fifth of the families of concepts, asked about
those.
"""

from tinyxm.recipes.emoji.job import Emoji

RECIPE = Emoji()

__all__ = ["RECIPE", "Emoji"]
