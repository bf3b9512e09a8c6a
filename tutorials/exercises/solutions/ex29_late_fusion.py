"""Exercise 29, solved: np.where, not a product, since 0 · NaN is NaN; then every row minus the logarithm of its sum."""

import numpy as np


def late_fusion(log_p, log_prior, present):
    """log p(c | x), (n, classes). log_p (modalities, n, classes), log_prior (classes,), present (n, modalities)."""
    evidence = np.where(present.T[:, :, None], log_p, 0).sum(axis=0)
    fused = evidence - (present.sum(axis=1, keepdims=True) - 1) * log_prior
    return fused - np.logaddexp.reduce(fused, axis=1, keepdims=True)
