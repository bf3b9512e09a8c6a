"""Exercise 23, solved: & of two Counters is the smaller count of each n-gram."""

import math
from collections import Counter


def bleu(references, hypotheses, order):
    """BLEU from 0 to 1. references and hypotheses: as many strings each, one reference to a hypothesis."""
    pairs = [
        (reference.split(), hypothesis.split()) for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]
    r, c = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    product = 1.0
    for n in range(1, order + 1):
        matches = total = 0
        for pair in pairs:
            right, found = (Counter(zip(*(words[i:] for i in range(n)), strict=False)) for words in pair)
            matches, total = matches + (found & right).total(), total + found.total()
        product *= matches / total if total else 0
    return product ** (1 / order) * min(1, math.exp(1 - r / c)) if product else 0.0
