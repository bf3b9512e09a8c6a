"""Exercise 10, solved: softmax of the scores, less 1 at each row's label, over n."""

import numpy as np


def cross_entropy_gradient(logits, labels):
    """∂L/∂logits (n, classes) of the mean cross-entropy L of logits (n, classes) and labels (n,)."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
