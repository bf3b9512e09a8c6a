"""Text → audio: words are spoken, by phonemes, a spectrogram, and Griffin and Lim's rule.

A recogniser that has never heard the speaker tells what it understands, of words that the speaker has never heard.
"""

from tinyxm.recipes.speak.job import Speak

RECIPE = Speak()

__all__ = ["RECIPE", "Speak"]
