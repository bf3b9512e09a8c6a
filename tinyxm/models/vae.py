"""A conditional variational autoencoder: a space of pictures with a place in it for each text.

Sources: Kingma and Welling 2014, Auto-encoding variational Bayes; a prior that depends on the condition: Sohn, Lee and
Yan 2015, Learning structured output representation using deep conditional generative models; β: Higgins et al. 2017.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Tensor, generator, no_grad
from tinyxm.autograd.places import placed
from tinyxm.models.two_towers import Bag
from tinyxm.ops import binary_cross_entropy, clip, mean, reshape, sigmoid

LOG_SPREADS = (-6.0, 2.0)  # of every standard deviation's logarithm: no Gaussian becomes a point, none overflows


class BagEncoder(nn.Module):
    """Weighted bags of words (see nn.EmbeddingBag) → (n, features): their mean vector, then two linear maps.

    An empty bag is no text at all: its mean vector is 0, so that the biases alone speak.
    """

    def __init__(
        self, vocabulary: int, features: int, embedding: int = 64, rng: np.random.Generator | None = None
    ) -> None:
        rng = generator(rng)
        wide = partial(nn.init.normal, deviation=0.5)
        self.embedding = nn.EmbeddingBag(vocabulary, embedding, initialise=wide, rng=rng)
        self.layers = nn.Sequential(
            nn.Linear(embedding, features, rng=rng), nn.SiLU(), nn.Linear(features, features, rng=rng)
        )

    def forward(self, bag: Bag) -> Tensor:
        return self.layers(self.embedding(*bag))


class ConditionalVAE(nn.Module):
    """Pictures x of values from 0 to 1, texts c, and between them z, a point for each picture:

        q(z|x) = N(m(x), s(x)²),   p(z|c) = N(μ(c), σ(c)²),   p(x|z) = Π Bernoulli(x; sigmoid(decoder(z)))
        L = −E_q ln p(x|z) + β·KL(q(z|x) ‖ p(z|c)),   KL = Σ ln(σ/s) + (s² + (m − μ)²) / 2σ² − ½

    x `(n, height, width, channels)`, height and width multiples of 4; z `(n, dimensions)`. E_q is one draw
    z = m + s·ε, ε ~ N(0, 1), through which the gradient reaches m and s. The encoder sees the picture alone, and the
    decoder z alone; the text says where in the space its pictures lie. β < 1 keeps more of each picture in z, and fits
    the places less: what the prior misses, a diffusion model can learn (see `diffusion`).
    Gray pixels aren't draws from a Bernoulli, so L is no likelihood; as a loss it keeps strokes sharper than squares.
    Raises ValueError for sizes that 4 doesn't divide, and where pictures and texts differ in number.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        vocabulary: int,
        dimensions: int = 32,
        widths: tuple[int, int] = (32, 64),
        beta: float = 1.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        height, width, channels = shape
        if height % 4 or width % 4:
            raise ValueError(f"ConditionalVAE: pictures {shape}: expected a height and a width that 4 divides")
        (first, second), self.small = widths, (height // 4, width // 4, widths[1])
        flat = math.prod(self.small)
        self.shape, self.dimensions, self.beta = shape, dimensions, beta
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, first, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(flat, 2 * dimensions, initialise=nn.init.lecun_uniform, rng=rng),
        )
        self.widen = nn.Sequential(nn.Linear(dimensions, flat, rng=rng), nn.SiLU())
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(second, first, 4, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.ConvTranspose2d(first, channels, 4, stride=2, padding=1, rng=rng),
        )
        self.prior = BagEncoder(vocabulary, 2 * dimensions, rng=rng)

    def encode(self, x: Array) -> tuple[Tensor, Tensor]:
        """m(x) and ln s(x), `(n, dimensions)` each."""
        return self._gaussian(self.encoder(x))

    def place(self, bag: Bag) -> tuple[Tensor, Tensor]:
        """μ(c) and ln σ(c), `(n, dimensions)` each: where pictures of these texts lie."""
        return self._gaussian(self.prior(bag))

    def _gaussian(self, y: Tensor) -> tuple[Tensor, Tensor]:
        return y[:, : self.dimensions], clip(y[:, self.dimensions :], *LOG_SPREADS)

    def logits(self, z: Array) -> Tensor:
        """decoder(z), `(n, height, width, channels)`, before the sigmoid."""
        return self.decoder(reshape(self.widen(z), (-1, *self.small)))

    def decode(self, z: Array) -> np.ndarray:
        """The pictures at these points, values from 0 to 1."""
        with no_grad():
            return sigmoid(self.logits(z)).data

    def loss(self, x: np.ndarray, bag: Bag, rng: np.random.Generator) -> Tensor:
        """L of pictures and their texts, the mean over the pictures, as one number."""
        reconstruction, divergence = self.terms(x, bag, rng)
        return reconstruction + divergence * self.beta

    def terms(self, x: np.ndarray, bag: Bag, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """−E_q ln p(x|z) and KL(q(z|x) ‖ p(z|c)), the mean over the pictures of each, in nats."""
        if len(x) != len(bag[1]):
            raise ValueError(f"ConditionalVAE: {len(x)} pictures and {len(bag[1])} texts: expected a text for each")
        (m, log_s), (mu, log_sigma) = self.encode(x), self.place(bag)
        z = m + np.exp(log_s) * placed(rng.standard_normal(m.shape, m.dtype), m)
        reconstruction = binary_cross_entropy(self.logits(z), x, reduction="sum") * (1 / len(x))
        apart = (np.exp(log_s * 2) + np.square(m - mu)) * np.exp(log_sigma * -2) * 0.5
        divergence = mean(np.sum(log_sigma - log_s + apart - 0.5, axis=1))
        return reconstruction, divergence

    def draw(self, bag: Bag, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """A picture for each text: the decoder's at z = μ(c) + temperature·σ(c)·ε."""
        with no_grad():
            mu, log_sigma = self.place(bag)
        noise = placed(rng.standard_normal(mu.shape, mu.dtype), mu)
        return self.decode(mu.data + temperature * np.exp(log_sigma.data) * noise)
