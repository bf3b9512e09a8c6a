"""Exercise 19, solved: the logarithm only where there is something to take it of; what is below 0 becomes 0."""

import numpy as np


def positive_pmi(counts):
    """max(0, ln(counts · D / (#(w) · #(c)))) of counts (words, contexts), in nats; 0 for pairs never seen."""
    of_word, of_context = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    pmi = np.zeros(counts.shape)
    seen = counts > 0
    pmi[seen] = np.log((counts * counts.sum())[seen] / (of_word * of_context)[seen])
    return np.maximum(pmi, 0)
