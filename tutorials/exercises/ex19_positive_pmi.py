"""Exercise 19: more often together than by chance (lesson 15, 2 points).

counts[w, c] is how often word w and context c stand together. Frequent words stand beside everything, so compare with
chance. With #(w) the sum of w's row, #(c) that of c's column and D of all, the pointwise mutual information is

    PMI(w, c) = ln( counts[w, c] · D / (#(w) · #(c)) )

Pairs never seen would have −∞, and rare ones are noisy, so what is below 0 becomes 0: positive PMI. A word that stands
beside nothing has a row of 0. Rows of this matrix, made short, are word vectors. counts is (words, contexts), not
always square. Write it, then ask

    tinyxm check ex19
"""

import numpy as np


def positive_pmi(counts):
    """max(0, ln(counts · D / (#(w) · #(c)))) of counts (words, contexts), in nats; 0 for pairs never seen."""
    raise NotImplementedError
