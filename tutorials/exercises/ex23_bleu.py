"""Exercise 23: BLEU (lesson 20, 4 points).

How near are sentences that a model wrote to those that people wrote? BLEU counts what they share, word by word, pair by
pair, and so on up to `order` words in a row (n-grams). Two things keep it from being cheated: a word counts no more
often than the reference has it ("the the the" doesn't pay), and texts that are too short are punished:

    p_n = Σ_texts Σ_g min(count of g in the hypothesis, in its reference) / number of n-grams in all hypotheses
    BP  = 1 where c ≥ r, else exp(1 − r / c)          c and r: words of all hypotheses, of all references
    BLEU = BP · (p_1 · p_2 · … · p_order)^(1 / order)

Counts are summed over all texts, and only then divided. Where any p_n is 0, or has no n-gram to count, BLEU is 0. Words
are what blanks separate. Then ask

    tinyxm check ex23
"""

import math
from collections import Counter


def bleu(references, hypotheses, order):
    """BLEU from 0 to 1. references and hypotheses: as many strings each, one reference to a hypothesis."""
    raise NotImplementedError
