"""Pictures ↔ words: two towers learn 1,377 emoji from two drawing styles, and are tested on a third.

Two stages, each a model of its own. The held-out style: trained on every concept as Twemoji and as Noto's outlines,
asked about OpenMoji's drawings. Unseen concepts: trained without a fifth of the families of concepts, asked about
those.
"""

from tinyxm.recipes.emoji.ask import find_names, find_pictures
from tinyxm.recipes.emoji.job import SUMMARY, Settings, evaluate, train
from tinyxm.recipes.emoji.report import TITLES
from tinyxm.recipes.emoji.scores import Hit

__all__ = ["SUMMARY", "TITLES", "Hit", "Settings", "evaluate", "find_names", "find_pictures", "train"]
