"""Exercise 29: late fusion with missing modalities (lesson 24, 3 points).

Each modality was asked alone what it thinks of the classes, log p(c | x_m). As if they were independent given the
class, their opinions multiply, and each holds the prior p(c) once already:

    log p(c | x) = Σ over present m of log p(c | x_m) − (number present − 1) · log p(c) + constant

What is absent is left out of the sum, whatever stands in its place (zeros, or NaN). The constant is what makes the
probabilities of each sample sum to 1. Where nothing is present the answer is the prior. Then ask

    tinyxm check ex29
"""

import numpy as np


def late_fusion(log_p, log_prior, present):
    """log p(c | x), (n, classes). log_p (modalities, n, classes), log_prior (classes,), present (n, modalities)."""
    raise NotImplementedError
