"""Text → image: handwritten digits and emoji, drawn by a conditional VAE and by diffusion in its space.

Read `words.py` (what is asked for), `judge.py` (who judges it), `job.py` (what is trained on what), `scores.py`.
"""

from tinyxm.recipes.draw.job import Draw

RECIPE = Draw()

__all__ = ["RECIPE", "Draw"]
