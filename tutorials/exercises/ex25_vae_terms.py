"""Exercise 25: the trick and the divergence of a VAE (lesson 21, 3 points).

For a picture the encoder tells a little cloud, q = N(m, s²), and for its text the prior another one, p = N(μ, σ²).
Training needs two things of them. A point drawn from q, in such a way that gradients reach m and s:

    z = m + s·ε,      ε ~ N(0, 1) drawn elsewhere (the reparametrisation trick)

and how far q is from p, summed over the dimensions, the mean over the pictures:

    KL(q ‖ p) = Σ ln(σ / s) + (s² + (m − μ)²) / 2σ² − ½

Given are the logarithms ln s and ln σ, which may be any number. Use NumPy's functions: they work on tinyxm's Tensors as
well, and the check trains a VAE by yours. Then ask

    tinyxm check ex25
"""

import numpy as np


def vae_terms(m, log_s, mu, log_sigma, noise):
    """(z, KL): z (n, dimensions), KL one number. All that is given is (n, dimensions)."""
    raise NotImplementedError
