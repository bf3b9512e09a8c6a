"""Exercise 24: one step of beam search (lesson 20, 3 points).

Who writes greedily takes the best word each time, and may walk into a dead end. A beam keeps several texts under way.
Each of its k texts has a score so far, ln p of its words; each can go on by any word of the vocabulary. Of all these
k · vocabulary continuations the `width` most probable stay, whichever text they continue:

    score of text i going on by word w  =  totals[i] + log_p[i, w]

So a text may have several successors, and another none. What is impossible (−∞) is never kept, and where there are
fewer continuations than `width`, all are. Best first. Then ask

    tinyxm check ex24
"""

import numpy as np


def beam_step(totals, log_p, width):
    """(texts, words, scores) of the best, arrays of at most `width` each. totals (k,), log_p (k, vocabulary)."""
    raise NotImplementedError
