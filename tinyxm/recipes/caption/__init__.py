"""Pictures → words: one kind of model says what stands in scenes of shapes, and names emoji.

Two stages, each a model of its own. Scenes: generated, with captions from a grammar, so that each word of a caption can
be held to the scene. Emoji: drawn by Twemoji and Noto, to be named as OpenMoji draws them.
"""

from tinyxm.recipes.caption.job import Caption

RECIPE = Caption()

__all__ = ["RECIPE", "Caption"]
