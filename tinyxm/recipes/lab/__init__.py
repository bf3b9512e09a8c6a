"""The failure lab: known mistakes to switch on, each with a right and a wrong twin that train in seconds on real data.

from tinyxm.recipes import lab
from tinyxm.training.diagnosis import diagnose

evidence = lab.MISTAKES["no_unit_length"].train(wrong=True)
print(*diagnose(evidence))
print(lab.twins("no_unit_length").symptoms)  # in numbers: of the right twin, of the wrong one
"""

from tinyxm.recipes.lab.mistakes import MISTAKES, Mistake
from tinyxm.recipes.lab.page import twin_figure, write_page
from tinyxm.recipes.lab.symptoms import SYMPTOMS, Twins, twins

__all__ = ["MISTAKES", "SYMPTOMS", "Mistake", "Twins", "twin_figure", "twins", "write_page"]
