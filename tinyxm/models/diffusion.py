"""Diffusion: take noise away, a little at a time, until something is left; told by a text what it should be.

Sources: Ho, Jain and Abbeel 2020, Denoising diffusion probabilistic models; the cosine schedule: Nichol and Dhariwal
2021; v: Salimans and Ho 2022; DDIM: Song, Meng and Ermon 2021; guidance: Ho and Salimans 2022; in the space of an
autoencoder: Rombach et al. 2022; layers steered by time and text: Perez et al. 2018, Peebles and Xie 2023.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Tensor, generator, no_grad
from tinyxm.autograd.places import placed
from tinyxm.models.two_towers import Bag
from tinyxm.models.vae import BagEncoder
from tinyxm.ops import silu, squared_error
from tinyxm_kernels.embedding import bag_of_each

LAST = 0.999  # of the time: at 1 there is no signal left, and nothing to divide by
FREQUENCIES = 16


def schedule(t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """α = cos(πt/2) and σ = sin(πt/2) for times t from 0, all signal, to 1, all noise;  α² + σ² = 1"""
    angle = np.asarray(t, np.float32) * np.float32(math.pi / 2)
    return np.cos(angle), np.sin(angle)


def noised(x: np.ndarray, t: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """x_t = α·x + σ·ε, x `(n, ...)`, t `(n,)`"""
    alpha, sigma = (_beside(a, x) for a in schedule(t))
    return alpha * x + sigma * noise


def _beside(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return placed(np.reshape(a, (-1,) + (1,) * (x.ndim - 1)), x)


def without(bag: Bag, dropped: np.ndarray) -> Bag:
    """The same texts, but where `dropped` (n,) is true no text: its words weigh nothing."""
    indices, offsets, weights = bag
    return indices, offsets, weights * ~placed(dropped, weights)[bag_of_each(indices, offsets)]


def twice(bag: Bag) -> Bag:
    """The texts, then the same texts again."""
    indices, offsets, weights = bag
    return np.tile(indices, 2), np.concatenate([offsets, offsets + len(indices)]), np.tile(weights, 2)


class Denoiser(nn.Module):
    """(x_t, t, text) → what was predicted, `(n, dimensions)` like x_t: a perceptron steered by time and text.

        h ← h + W₂ SiLU(W₁ (LN(h)·(1 + a) + b)),   (a, b) = W e,   e = SiLU(time(t) + text(c))

    time(t) is two linear maps of sines and cosines of t. An empty text is none: what the model then does is what all
    texts have in common.
    """

    def __init__(
        self,
        dimensions: int,
        vocabulary: int,
        width: int = 256,
        blocks: int = 3,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.dimensions = dimensions
        self.time = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, width, rng=rng), nn.SiLU(), nn.Linear(width, width, rng=rng)
        )
        self.text = BagEncoder(vocabulary, width, rng=rng)
        self.into = nn.Linear(dimensions, width, initialise=nn.init.lecun_uniform, rng=rng)
        self.blocks = [_Block(width, rng) for _ in range(blocks)]
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, dimensions, initialise=nn.init.lecun_uniform, rng=rng)

    def forward(self, x: Array, t: np.ndarray, bag: Bag) -> Tensor:
        e = silu(self.time(placed(_waves(t), x)) + self.text(bag))
        h = self.into(x)
        for block in self.blocks:
            h = block(h, e)
        return self.out(self.norm(h))


class _Block(nn.Module):
    """h + W₂ SiLU(W₁ (LN(h)·(1 + a) + b)), a and b linear in e."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        self.norm = nn.LayerNorm(width)
        self.steer = nn.Linear(width, 2 * width, initialise=nn.init.normal, rng=rng)
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width, rng=rng),
            nn.SiLU(),
            nn.Linear(2 * width, width, initialise=nn.init.lecun_uniform, rng=rng),
        )

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        a, b = np.split(self.steer(e), 2, axis=-1)
        return h + self.layers(self.norm(h) * (a + 1) + b)


def _waves(t: np.ndarray) -> np.ndarray:
    """Sines and cosines of t·ω, ω from 1 to 100 in equal ratios: (n,) → (n, 2·FREQUENCIES)"""
    angles = np.asarray(t, np.float32)[:, None] * np.geomspace(1, 100, FREQUENCIES, dtype=np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


class Diffusion(nn.Module):
    """Learns to tell signal and noise apart at every mixture of them, x_t = α·x + σ·ε; draws by going back from noise.

        L = E ‖v̂(x_t, t, c) − v‖² / dimensions,   v = α·ε − σ·x,   t ~ U(0, 1),   ε ~ N(0, 1)
        x̂ = α·x_t − σ·v̂,   ε̂ = σ·x_t + α·v̂

    or with `predict` "noise" the same of ε̂ itself, x̂ = (x_t − σ·ε̂) / α. A share `without_text` of the texts is left out
    in training, so that one model knows both what this text asks for and what all have in common; guidance w draws
    by v̂(∅) + w·(v̂(c) − v̂(∅)): w = 1 is the text's own distribution, w > 1 exaggerates what sets the text apart, which
    makes drawings surer and more alike.

    It works on data of mean 0 and variance 1, by `standardise`. Drawn with are the averaged weights (exponential, each
    step `decay` of the one after it), which are kept, and saved, beside those that are trained.
    Raises ValueError for another `predict`, or a share or decay out of 0 ... 1.
    """

    def __init__(self, denoiser: Denoiser, predict: str = "v", without_text: float = 0.1, decay: float = 0.998) -> None:
        if predict not in ("v", "noise"):
            raise ValueError(f"Diffusion: predict {predict!r}: expected 'v' or 'noise'")
        if not (0 <= without_text < 1 and 0 <= decay < 1):
            given = f"without_text {without_text}, decay {decay}"
            raise ValueError(f"Diffusion: {given}: expected shares from 0 to less than 1")
        self.denoiser, self.predict, self.without_text, self.decay = denoiser, predict, without_text, decay
        self.average = [nn.Buffer(np.zeros_like(p.data)) for p in denoiser.parameters()]
        self.updates = nn.Buffer(np.zeros(1, np.float32))
        self.centre = nn.Buffer(np.zeros(denoiser.dimensions, np.float32))
        self.scale = nn.Buffer(np.ones(denoiser.dimensions, np.float32))

    def standardise(self, x: np.ndarray) -> None:
        """Take the mean and the standard deviation of each dimension from data x `(n, dimensions)`."""
        self.centre, self.scale = nn.Buffer(x.mean(axis=0)), nn.Buffer(np.maximum(x.std(axis=0), 1e-6))

    def loss(self, x: np.ndarray, bag: Bag, rng: np.random.Generator | None = None) -> Tensor:
        """L of data x `(n, dimensions)`, as it comes, and its texts, as one number."""
        if self.training:
            self._remember()
        rng = generator(rng)
        n, x = len(x), (x - self.centre.data) / self.scale.data
        t = ((np.arange(n) + rng.random()) / n * LAST).astype(np.float32)  # evenly spread: less noise in L
        noise = placed(rng.standard_normal(x.shape, np.float32), x)
        alpha, sigma = (_beside(a, x) for a in schedule(t))
        target = alpha * noise - sigma * x if self.predict == "v" else noise
        asked = without(bag, rng.random(n) < self.without_text)
        return squared_error(self.denoiser(noised(x, t, noise), t, asked), target)

    def _remember(self) -> None:
        """Take the weights as the last update left them into the average, as optim.AveragedWeights does."""
        self.updates.data += 1
        weight = np.float32((1 - self.decay) / (1 - self.decay ** float(self.updates.data[0])))
        for average, parameter in zip(self.average, self.denoiser.parameters(), strict=True):
            average.data += weight * (parameter.data - average.data)

    def parted(self, x: np.ndarray, t: float, bag: Bag, guidance: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """x̂ and ε̂, what of x_t `(n, dimensions)`, standardised, is taken for signal and for noise.

        With the averaged weights, where there are any. Another guidance than 1 asks the model twice.
        """
        names = [name for name, _ in self.denoiser.named_parameters()]
        averaged = dict(zip(names, self.average, strict=True)) if self.updates.data[0] else {}
        times = np.full(len(x), t, np.float32)
        with no_grad():
            if guidance == 1:
                y = nn.functional_call(self.denoiser, averaged, x, times, bag).data
            else:
                both = without(twice(bag), np.arange(2 * len(x)) >= len(x))
                y = nn.functional_call(self.denoiser, averaged, np.tile(x, (2, 1)), np.tile(times, 2), both).data
                asked, unasked = y[: len(x)], y[len(x) :]
                y = unasked + np.float32(guidance) * (asked - unasked)
        alpha, sigma = schedule(t)
        if self.predict == "noise":
            return (x - sigma * y) / alpha, y
        return alpha * x - sigma * y, sigma * x + alpha * y

    def steps(
        self, bag: Bag, rng: np.random.Generator, steps: int = 30, guidance: float = 1.0, eta: float = 0.0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """From noise to data in so many steps; after each (x_s, x̂), as data, `(n, dimensions)` each.

            x_s = α_s·x̂ + √(σ_s² − γ²)·ε̂ + γ·ε,   γ = η·(σ_s / σ_t)·√(1 − α_t² / α_s²)

        η = 0 is DDIM, where the first noise decides all; η = 1 draws as DDPM does, with fresh noise in each step.
        """
        n, times = len(bag[1]), np.linspace(LAST, 0, steps + 1)
        x = placed(rng.standard_normal((n, len(self.centre.data)), np.float32), self.centre.data)
        for t, s in pairwise(times):
            signal, noise = self.parted(x, t, bag, guidance)
            (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule(t), schedule(s)
            fresh = eta * sigma_s / sigma_t * math.sqrt(max(1 - (alpha_t / alpha_s) ** 2, 0))
            x = alpha_s * signal + np.sqrt(max(sigma_s**2 - fresh**2, 0)) * noise
            if fresh:
                x = x + fresh * placed(rng.standard_normal(x.shape, np.float32), x)
            x = x.astype(np.float32)
            yield self._data(x), self._data(signal)

    def _data(self, x: np.ndarray) -> np.ndarray:
        return x * self.scale.data + self.centre.data

    def draw(
        self, bag: Bag, rng: np.random.Generator, steps: int = 30, guidance: float = 1.0, eta: float = 0.0
    ) -> np.ndarray:
        """Data `(n, dimensions)` for n texts: where the steps end."""
        for x, _ in self.steps(bag, rng, steps, guidance, eta):  # noqa: B007  # the last is what is asked for
            pass
        return x
