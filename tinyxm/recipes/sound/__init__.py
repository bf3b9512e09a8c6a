"""Image → audio: a drawing is named aloud, without a word of text in between.

Trained on emoji in two drawing styles and the synthesised sound of their names in several voices; asked about a third
style. What is made is looked up among all names, and listened to by a recogniser that heard neither model nor voices.
"""

from tinyxm.recipes.sound.job import Named

RECIPE = Named()

__all__ = ["RECIPE", "Named"]
