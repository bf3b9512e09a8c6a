"""Exercise 26: one step back from noise, guided by a text (lesson 21, 4 points).

At time t there is x_t = α_t·x + σ_t·ε, with α_t = cos(πt/2) and σ_t = sin(πt/2). The network was asked twice what is
noise in it: v_text, told the text, and v_none, told nothing. Guidance takes more of what the text adds:

    v = v_none + w·(v_text − v_none)
    x̂ = α_t·x_t − σ_t·v,      ε̂ = σ_t·x_t + α_t·v

Mixed again for the earlier time s < t, with a part of the noise drawn afresh, that is a step of DDPM:

    γ = σ_s / σ_t · √(1 − α_t² / α_s²)
    x_s = α_s·x̂ + √(σ_s² − γ²)·ε̂ + γ·(fresh noise)

The two kinds of noise together have the variance σ_s², as they must. Then ask

    tinyxm check ex26
"""

import numpy as np


def reverse_step(x, v_text, v_none, guidance, t, s, noise):
    """x_s. x (that is x_t), v_text, v_none and noise are (n, dimensions), as x_s is; guidance is w; 0 ≤ s < t < 1."""
    raise NotImplementedError
