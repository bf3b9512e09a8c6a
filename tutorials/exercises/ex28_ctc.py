"""Exercise 28: the forward recursion of CTC (lesson 17, 5 points).

For each of T frames the model tells a letter or a blank (0). A path says a text once repeats are merged and then blanks
dropped: −ss−e−v−e−nn says "seven". What is the probability of a text? The sum over all paths that say it, which are far
too many to write down. Walk through them together: put blanks between the letters and around them, S = 2 · letters + 1
states, and let a_t(s) be ln of the probability of all ways to be in state s at frame t:

    labels   a b b          states   − a − b − b −

    a_0(s)  =  log_p[0, state s]  for the first two states, else −∞
    a_t(s)  =  log_p[t, state s] + ln( e^a_{t−1}(s) + e^a_{t−1}(s−1) [+ e^a_{t−1}(s−2)] )

The step over two states is allowed only to a letter that differs from the letter two states before: otherwise the blank
between would be lost, and "bb" would become "b". A text is said when a path ends in the last letter or the blank after
it. Stay with logarithms (np.logaddexp): products of a thousand probabilities are 0 on a computer. Then ask

    tinyxm check ex28
"""

import numpy as np


def ctc_log_likelihood(log_p, labels):
    """ln p(labels), one number, −∞ where they don't fit. log_p (frames, classes), labels (letters,) of 1, 2, …"""
    raise NotImplementedError
