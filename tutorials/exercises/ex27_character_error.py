"""Exercise 27: edit distance and character error rate (lesson 22, 3 points).

A recogniser heard "sitten" where "kitten" was said. How wrong is that? Count the fewest characters that must be
replaced, put in or taken out to make one text the other. With D[i, j] for the first i characters of the reference and
the first j of the hypothesis:

    D[i, 0] = i,    D[0, j] = j
    D[i, j] = min(D[i−1, j−1] + (0 if the two characters are equal, else 1),  D[i−1, j] + 1,  D[i, j−1] + 1)

The distance is in the last corner. The character error rate of many texts is the sum of their distances over the sum of
their references' lengths: a long text counts more than a short one. It may be above 1. Then ask

    tinyxm check ex27
"""

import numpy as np


def character_error(references, hypotheses):
    """Σ distances / Σ lengths of the references. references and hypotheses: as many strings each."""
    raise NotImplementedError
