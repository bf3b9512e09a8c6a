"""Audio → video: what is heard becomes a state, the state goes on frame by frame, and each frame adds its ink.

Sources: latent codes for what the condition leaves open: Kingma and Welling 2014, Sohn, Lee and Yan 2015 (see `vae`);
the ink of a pixel as a hazard over time: Cox 1972, Regression models and life-tables, in discrete time; pictures made
bit by bit by a recurrent network: Gregor et al. 2015, DRAW.

The pen is a matrix from the state to all pixels, through one hidden layer: everything is written at about one place, so
transposed convolutions, which say the same at every place, gained nothing, and took longer.
"""

from __future__ import annotations

import math

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Parameter, Tensor, generator, no_grad
from tinyxm.autograd.places import placed
from tinyxm.models.audio_image import convolutions
from tinyxm.models.vae import LOG_SPREADS
from tinyxm.ops import clip, cross_entropy, cumsum, mean, reshape, softmax, softplus

LEAST_INK = 1e-6  # of the sum of hazards: keeps the logarithm finite where nothing was to be written


class Ear(nn.Module):
    """Log-mel features (n, frames, bands, 1), size = (frames, bands) → scores of what may be said, (n, characters)

    Convolutions, then all places side by side, as many features again, and the scores.
    """

    def __init__(
        self,
        size: tuple[int, int],
        characters: int,
        width: int = 192,
        dropout: float = 0.2,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.layers = nn.Sequential(
            *convolutions((24, 48, 96), rng),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(math.prod(math.ceil(length / 8) for length in size) * 96, width, rng=rng),
            nn.SiLU(),
            nn.Linear(width, characters, rng=rng),
        )

    def forward(self, sounds: Array) -> Tensor:
        return self.layers(sounds)

    def loss(self, sounds: np.ndarray, characters: np.ndarray) -> Tensor:
        """−ln of the probability of what was said, in nats, the mean over the sounds."""
        return cross_entropy(self(sounds), characters)


class Writer(nn.Module):
    """A sound s tells what is to be written, a code z in whose hand; a GRU's states h₁ … h_T, a frame each, write it:

        e = softmax(ear(s))·M,   M a vector learned for each character
        h_t = GRU(W[e; z] + place_t, h_t₋₁),   h₀ = tanh(V[e; z])
        λ_t = softplus(pen([h_t; z])) ≥ 0,   ink_t = 1 − exp(−Σ_{r ≤ t} λ_r)

    Ink never fades: 1 − exp(−λ_t) is the probability that a pixel which is still empty gets its ink at frame t, so the
    model says at each frame only what is new. Had each frame a picture of its own, it would have to say the whole
    again, and could take back what is written.

        L = Σ_t Σ_pixels H(film_t, ink_t) + β·KL(N(m, s²) ‖ N(0, 1)) + γ·H(character, softmax(ear(s)))

    H the cross-entropy, z ~ N(m(other), s²). The last term is the ear's own. As long as the ear tells sounds apart
    badly, the pen does best to write the mean of all films, and as long as it does, nothing teaches the ear: where
    there is much to tell apart, let it learn to name what it hears first. That what is heard is passed on as a mixture
    of characters keeps voices out of the writing.
    sounds `(n, frames, bands, 1)`, size = (frames, bands); films `(n, T, side, side, 1)` from 0 to 1, side a multiple
    of 4; z `(n, dimensions)`. m and s are read off a film of **another** character by the same hand: so z can tell how
    something is written and never what, and the sound must tell that. To write, a code is enough (`like`).
    Raises ValueError for a side that 4 doesn't divide.
    """

    def __init__(
        self,
        size: tuple[int, int],
        characters: int,
        frames: int = 12,
        side: int = 28,
        dimensions: int = 12,
        width: int = 192,
        dropout: float = 0.2,
        beta: float = 1.0,
        gamma: float = 20.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        if side % 4:
            raise ValueError(f"Writer: films of {side} pixels a side: expected a multiple of 4")
        rng = generator(rng)
        self.frames, self.side, self.dimensions, self.beta, self.gamma = frames, side, dimensions, beta, gamma
        self.ear = Ear(size, characters, width, dropout, rng)
        self.eye = nn.Sequential(
            nn.Conv2d(2, 16, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear((side // 4) ** 2 * 32, 2 * dimensions, initialise=nn.init.lecun_uniform, rng=rng),
        )
        self.memory = Parameter(rng.standard_normal((characters, width), np.float32))
        self.first = nn.Linear(width + dimensions, width, rng=rng)
        self.each = nn.Linear(width + dimensions, width, rng=rng)
        self.place = Parameter(0.5 * rng.standard_normal((frames, width), np.float32))
        self.states = nn.GRU(width, width, rng=rng)
        self.pen = nn.Sequential(
            nn.Linear(width + dimensions, 2 * width, rng=rng), nn.ReLU(), nn.Linear(2 * width, side**2, rng=rng)
        )
        self.blank = Parameter(np.array([-4.0], np.float32))  # most pixels get no ink in most frames

    def hand(self, films: np.ndarray) -> tuple[Tensor, Tensor]:
        """m and ln s, `(n, dimensions)` each, of films: seen as what is written at the end, and for how long it was."""
        x = np.concatenate([films[:, -1], films.mean(axis=1)], axis=-1)
        y = self.eye(x)
        return y[:, : self.dimensions], clip(y[:, self.dimensions :], *LOG_SPREADS)

    def ink(self, scores: Array, z: Array) -> Tensor:
        """Σ_{r ≤ t} λ_r of each pixel, `(n, T, side, side, 1)`, of the ear's scores; 1 − exp(−that) is its ink."""
        told = np.concatenate([softmax(scores) @ self.memory, z], axis=1)
        h, _ = self.states(self.each(told)[:, None] + self.place, np.tanh(self.first(told))[None])
        own = np.repeat(z[:, None], self.frames, axis=1)
        a = self.pen(np.concatenate([h, own], axis=2)) + self.blank
        return cumsum(softplus(reshape(a, (-1, self.frames, self.side, self.side, 1))), axis=1)

    def loss(
        self,
        sounds: np.ndarray,
        films: np.ndarray,
        others: np.ndarray,
        characters: np.ndarray,
        rng: np.random.Generator,
    ) -> Tensor:
        """L in nats, the mean over the films."""
        drawn, divergence, named = self.terms(sounds, films, others, characters, rng)
        return drawn + divergence * self.beta + named * self.gamma

    def terms(
        self,
        sounds: np.ndarray,
        films: np.ndarray,
        others: np.ndarray,
        characters: np.ndarray,
        rng: np.random.Generator,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The three terms of L, the mean over the films of each. H of ink 1 − e^−S: −x·ln(1 − e^−S) + (1 − x)·S."""
        scores, (m, log_s) = self.ear(sounds), self.hand(others)
        z = m + np.exp(log_s) * placed(rng.standard_normal(m.shape, m.dtype), m)
        total = clip(self.ink(scores, z), LEAST_INK, None)
        entropy = np.sum((1 - films) * total - films * np.log(-np.expm1(-total))) * (1 / len(films))
        divergence = mean(np.sum(0.5 * (np.exp(log_s * 2) + np.square(m) - 1) - log_s, axis=1))
        return entropy, divergence, cross_entropy(scores, characters)

    def codes(self, films: np.ndarray, block: int = 256) -> np.ndarray:
        """m of each film, `(n, dimensions)`: whose hand it is in."""
        self.eval()
        with no_grad():
            return np.concatenate([self.hand(films[i : i + block])[0].data for i in range(0, len(films), block)])

    def write(self, sounds: np.ndarray, z: np.ndarray | None = None, block: int = 128) -> np.ndarray:
        """Films `(n, T, side, side, 1)` from 0 to 1, in the hands of the codes z; by default in the middling one, 0."""
        self.eval()
        z = np.zeros((len(sounds), self.dimensions), np.float32) if z is None else z
        made = []
        with no_grad():
            for i in range(0, len(sounds), block):
                ink = self.ink(self.ear(sounds[i : i + block]), z[i : i + block])
                made.append(-np.expm1(-ink.data))
        return np.concatenate(made)


def like(codes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws from the normal distribution, of full covariance, that fits codes (n, dimensions): new hands.

        z = μ + ε·(M − μ) / √(n − 1),   M the codes, μ their mean, ε ~ N(0, 1) of n numbers

    N(0, 1), to which the divergence pulls them, is where no code is with β < 1: they spread wider, and together.
    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4 (ex-post density estimation).
    """
    mean = codes.mean(axis=0)
    noise = rng.standard_normal((count, len(codes)), np.float32)
    return (mean + noise @ (codes - mean) / np.float32(np.sqrt(len(codes) - 1))).astype(np.float32)
