"""Exercise 25, solved: ln(σ / s) is ln σ − ln s, and s² = exp(2 ln s)."""

import numpy as np


def vae_terms(m, log_s, mu, log_sigma, noise):
    """(z, KL): z (n, dimensions), KL one number. All that is given is (n, dimensions)."""
    z = m + np.exp(log_s) * noise
    apart = (np.exp(2 * log_s) + (m - mu) ** 2) / (2 * np.exp(2 * log_sigma))
    return z, np.mean(np.sum(log_sigma - log_s + apart - 0.5, axis=1))
