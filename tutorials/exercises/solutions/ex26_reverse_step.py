"""Exercise 26, solved: take x_t apart into signal and noise, and mix them for the time s."""

import numpy as np


def reverse_step(x, v_text, v_none, guidance, t, s, noise):
    """x_s. x (that is x_t), v_text, v_none and noise are (n, dimensions), as x_s is; guidance is w; 0 ≤ s < t < 1."""
    (alpha_t, alpha_s), (sigma_t, sigma_s) = np.cos(np.pi / 2 * np.array([t, s])), np.sin(np.pi / 2 * np.array([t, s]))
    v = v_none + guidance * (v_text - v_none)
    signal, old = alpha_t * x - sigma_t * v, sigma_t * x + alpha_t * v
    fresh = sigma_s / sigma_t * np.sqrt(1 - alpha_t**2 / alpha_s**2)
    return alpha_s * signal + np.sqrt(sigma_s**2 - fresh**2) * old + fresh * noise
