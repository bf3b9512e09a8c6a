"""The failure lab: known mistakes to switch on, each with a right and a wrong twin that train in seconds on real data.

from tinyxm.recipes import lab
from tinyxm.training.diagnosis import diagnose

evidence = lab.MISTAKES["no_unit_length"].train(wrong=True)
print(*diagnose(evidence))
"""

from tinyxm.recipes.lab.mistakes import MISTAKES, Mistake

__all__ = ["MISTAKES", "Mistake"]
