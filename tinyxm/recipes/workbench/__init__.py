"""Instruments for any model: what its space looks like, what training does to it, which modality carries the answer.

Each is a function of embeddings, features or predictions, and returns a result with `.plot()`, a matplotlib Figure.
"""

from tinyxm.recipes.workbench.collapse import Collapse, collapse
from tinyxm.recipes.workbench.missing import MissingModalities, missing_modalities
from tinyxm.recipes.workbench.negatives import FalseNegatives, false_negatives
from tinyxm.recipes.workbench.page import Pairs, sections, write_page
from tinyxm.recipes.workbench.space import SmallTowers, TemperatureSweep, space_of, temperature_sweep
from tinyxm.recipes.workbench.training import gradient_norms, training_of_the_space

__all__ = [
    "Collapse",
    "FalseNegatives",
    "MissingModalities",
    "Pairs",
    "SmallTowers",
    "TemperatureSweep",
    "collapse",
    "false_negatives",
    "gradient_norms",
    "missing_modalities",
    "sections",
    "space_of",
    "temperature_sweep",
    "training_of_the_space",
    "write_page",
]
