"""Audio → video: a spoken character is written, stroke by stroke, in one hand or another.

Read `data.py` (voices and hands), `models/writer.py`, `scores.py` (what right means), `job.py`.
"""

from tinyxm.recipes.write.job import Write

RECIPE = Write()

__all__ = ["RECIPE", "Write"]
