"""Exercise 20: true neighbours pull, random ones push (lesson 15, 3 points).

Skip-gram learns a vector u for each word and a vector v for each context, one pair at a time: u · v shall be large for
a context that was seen beside the word, and small for k others n₁ … n_k drawn at random:

    L = −ln σ(u · v) − Σ_i ln σ(−u · nᵢ),    σ(z) = 1 / (1 + exp(−z))

By the chain rule, with σ' = σ (1 − σ), each of the 1 + k scores is moved by what was said less what was true:

    e = σ(u · v) − 1,    eᵢ = σ(u · nᵢ)

u and v are (d,), negatives is (k, d). Return the gradients for all three. Write it, then ask

    tinyxm check ex20
"""

import numpy as np


def skip_gram_gradient(u, v, negatives):
    """(∂L/∂u (d,), ∂L/∂v (d,), ∂L/∂negatives (k, d)) of the loss L of one pair and its k negative samples."""
    raise NotImplementedError
