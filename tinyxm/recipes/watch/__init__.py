"""Video → text: one kind of model names characters as they are written, and tells what two bouncing balls do.

Beside each stands the same network, trained as long, that is shown the film frozen at its last frame: what it can't
tell, only time can.
"""

from tinyxm.recipes.watch.job import Watch

RECIPE = Watch()

__all__ = ["RECIPE", "Watch"]
