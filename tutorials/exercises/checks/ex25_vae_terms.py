"""What exercise 25 is checked by: the divergence as a sum over a fine grid, and a VAE trained by either."""

import numpy as np
from scipy.stats import norm

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models.vae import ConditionalVAE


def by_a_grid(m, log_s, mu, log_sigma, noise):
    """∫ q ln(q / p) within ten deviations; z as the quantile of q where ε is that of a standard normal."""
    q, p = norm(m, np.exp(log_s)), norm(mu, np.exp(log_sigma))
    grid = np.linspace(-10, 10, 4001)[:, None, None]
    x = m + np.exp(log_s) * grid
    divergence = np.trapezoid(q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), grid, axis=0) * np.exp(log_s)
    return q.ppf(norm.cdf(noise)), float(divergence.sum(axis=1).mean())


def cases(rng):
    def case(told, *given):
        given = tuple(np.array(array, float) for array in given)
        sizes = {"batch": len(given[0]), "number of dimensions": given[0].shape[1]}
        return Case(told, given, by_a_grid(*given), sizes=sizes)

    def clouds(n, d):
        return (*(rng.normal(0, 0.7, (n, d)) for _ in range(4)), rng.normal(size=(n, d)))

    yield case("one apart by one deviation", [[1.0]], [[0.0]], [[0.0]], [[0.0]], [[-1.0]])
    yield case("a narrow cloud in a wide one", [[0.0]], [[-1.0]], [[0.0]], [[1.0]], [[0.5]])
    yield case("1 picture, 3 dimensions", *clouds(1, 3))
    yield case("4 pictures, 3 dimensions", *clouds(4, 3))
    yield case("3 pictures, 3 dimensions", *clouds(3, 3))
    yield case("a deviation of e⁻⁶", np.zeros((2, 2)), np.full((2, 2), -6.0), np.ones((2, 2)), *np.zeros((2, 2, 2)))


def trial(function):
    def terms(self, x, bag, rng):
        (m, log_s), (mu, log_sigma) = self.encode(x), self.place(bag)
        z, divergence = function(m, log_s, mu, log_sigma, rng.standard_normal(m.shape, m.dtype))
        return xm.ops.binary_cross_entropy(self.logits(z), x, reduction="sum") * (1 / len(x)), divergence

    rng = np.random.default_rng(5)
    x = (rng.random((12, 4, 4, 1)) < 0.5).astype("f")
    bag = np.arange(12) % 3, np.arange(12), np.ones(12, np.float32)
    losses = []
    with overridden("tinyxm.models.vae:ConditionalVAE.terms", function and terms):
        model = ConditionalVAE((4, 4, 1), 3, dimensions=2, widths=(4, 4), rng=rng)
        optimizer = xm.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(10):
            loss = model.loss(x, bag, rng)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def divergence(m, log_s, mu, log_sigma):
    s, sigma = np.exp(log_s), np.exp(log_sigma)
    return np.log(sigma / s) + (s**2 + (m - mu) ** 2) / (2 * sigma**2) - 0.5


def right(m, log_s, mu, log_sigma, noise):
    return m + np.exp(log_s) * noise, divergence(m, log_s, mu, log_sigma).sum(axis=1).mean()


def as_variance(m, log_s, mu, log_sigma, noise):
    return right(m, log_s / 2, mu, log_sigma / 2, noise)


def unscaled(m, log_s, mu, log_sigma, noise):
    return m + noise, right(m, log_s, mu, log_sigma, noise)[1]


def as_logarithm(m, log_s, mu, log_sigma, noise):
    return m + log_s * noise, right(m, log_s, mu, log_sigma, noise)[1]


def reversed_(m, log_s, mu, log_sigma, noise):
    return m + np.exp(log_s) * noise, right(mu, log_sigma, m, log_s, noise)[1]


def no_half(m, log_s, mu, log_sigma, noise):
    z, kl = right(m, log_s, mu, log_sigma, noise)
    return z, kl + m.shape[1] / 2


def no_two(m, log_s, mu, log_sigma, noise):
    z, kl = right(m, log_s, mu, log_sigma, noise)
    apart = (np.exp(2 * log_s) + (m - mu) ** 2) / (2 * np.exp(2 * log_sigma))
    return z, kl + apart.sum(axis=1).mean()


def times_variance(m, log_s, mu, log_sigma, noise):
    s, sigma = np.exp(log_s), np.exp(log_sigma)
    each = log_sigma - log_s + (s**2 + (m - mu) ** 2) / 2 * sigma**2 - 0.5
    return m + s * noise, each.sum(axis=1).mean()


def mean_of_all(m, log_s, mu, log_sigma, noise):
    z, kl = right(m, log_s, mu, log_sigma, noise)
    return z, kl / m.shape[1]


def summed(m, log_s, mu, log_sigma, noise):
    z, kl = right(m, log_s, mu, log_sigma, noise)
    return z, kl * len(m)


def each(m, log_s, mu, log_sigma, noise):
    return m + np.exp(log_s) * noise, divergence(m, log_s, mu, log_sigma).sum(axis=1)


def to_standard(m, log_s, mu, log_sigma, noise):
    return right(m, log_s, 0 * mu, 0 * log_sigma, noise)


EXERCISE = Exercise(
    title="the trick and the divergence of a VAE",
    lesson="21_text_to_image",
    points=3,
    function="vae_terms",
    hints=(
        "The encoder tells ln s, so that s = exp(ln s) is positive whatever it says. What is ln(σ / s) then?",
        "Write the divergence for every dimension of every picture first, (n, dimensions); then think about which axis "
        "is summed, and which averaged.",
        "z = m + np.exp(log_s) * noise. The terms are log_sigma − log_s + (exp(2 log_s) + (m − mu)²) / (2 exp(2 "
        "log_sigma)) − ½; sum them over axis 1 and take the mean.",
    ),
    cases=cases,
    traps=(
        Trap("the logarithms are taken for those of variances: s = exp(log_s), without a half", as_variance),
        Trap("the noise isn't scaled: z = m + s·ε", unscaled),
        Trap("the noise is scaled by ln s: s is its exponential", as_logarithm),
        Trap("the divergence is that of p from q: KL(q ‖ p) has q's m and s above, σ² below", reversed_),
        Trap("½ is missing, for each dimension: two equal clouds have no divergence", no_half),
        Trap("divided by σ²: it is 2σ²", no_two),
        Trap("/ 2 * σ² divides by 2 and multiplies by σ²: brackets, / (2 * σ²)", times_variance),
        Trap("the mean over the dimensions is taken, not their sum", mean_of_all),
        Trap("the sum over the pictures is taken, not their mean", summed),
        Trap("one number for each picture: take the mean over the pictures", each),
        Trap("the divergence from N(0, 1): the prior has its own μ and σ", to_standard),
    ),
    trial=trial,
    trial_told="a VAE trained by it for 10 steps",
)
