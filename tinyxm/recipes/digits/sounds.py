"""What the sound tower hears: log-mel features of a word, and in training the word as another might have said it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import audio
from tinyxm.recipes.recipe import Progress

Features = NDArray[np.float32]
RATE_HZ, BANDS, KEPT, FRAMES = 8000, 32, 64, 48  # of KEPT frames FRAMES are heard
SHORTEST_SECONDS = 0.05  # with the silence around it cut off
LOWEST_HZ, HIGHEST_HZ = 60.0, 4000.0
MELS = audio.hz_to_mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
CENTRES = np.linspace(MELS[0], MELS[1], BANDS + 2)[1:-1]  # in mel


def features(sound: NDArray[Any], rate_hz: int) -> Features:
    """A word (samples[, 1]) → decibels of 32 mel bands, (64, 32), silence cut off, stretched to 64 frames.

    Stretching takes from a word how fast it was said. Raises ValueError for silence, and for less than 50 ms.
    """
    x = audio.mono(sound)[:, None].astype(np.float32)
    if rate_hz != RATE_HZ:
        x = audio.resample(x, rate_hz=rate_hz, to_hz=RATE_HZ)
    x = audio.trim_silence(x, rate_hz=RATE_HZ, threshold_db=30.0)
    if len(x) < SHORTEST_SECONDS * RATE_HZ:
        raise ValueError(
            f"digits: {len(x) / RATE_HZ:.3f} s of sound; expected a spoken word, {SHORTEST_SECONDS} s at least"
        )
    x = np.pad(x, [(128, 128), (0, 0)])
    y = audio.log_mel(
        x,
        rate_hz=RATE_HZ,
        window_samples=256,
        hop_samples=64,
        mels=BANDS,
        lowest_hz=LOWEST_HZ,
        highest_hz=HIGHEST_HZ,
        range_db=50.0,
    )[..., 0]
    return (_hats(np.linspace(0, len(y) - 1, KEPT), len(y)) @ y).astype(np.float32)


def all_features(sounds: Sequence[NDArray[Any]], rate_hz: int, progress: Progress) -> Features:
    """The features of every sound, (n, 64, 32)."""
    found = np.empty((len(sounds), KEPT, BANDS), np.float32)
    for i, sound in enumerate(sounds):
        found[i] = features(sound, rate_hz)
        if i % 100 == 0:
            progress("listening", i, len(sounds))
    return found


def heard(x: Features) -> Features:
    """Features (n, 64, 32) as the tower takes them: (n, 48, 32, 1), normalised."""
    return normalised(np.matmul(_hats(np.linspace(0, KEPT - 1, FRAMES), KEPT), x))[..., None]


def normalised(x: Features) -> Features:
    """y = (x − mean over time of each band) / deviation of all: the microphone and the voice's own colour are taken out

    Each utterance by itself: (n, frames, bands) → the same. Source: Atal 1974, cepstral mean subtraction, in decibels.
    """
    y = x - x.mean(axis=1, keepdims=True)
    return (y / (y.std(axis=(1, 2), keepdims=True) + 1e-5)).astype(np.float32)


def varied(x: Features, rng: np.random.Generator) -> Features:
    """The words as others might have said them: (n, 64, 32) → (n, 48, 32, 1), each sample in its own way.

    1. Time: the ends move by up to 10 % of the word, inwards or outwards.
    2. Vocal tract: a frequency f is looked up at α·f, α from e^−0.15 to e^0.15: shorter tracts sound higher.
       (Jaitly & Hinton 2013, Vocal Tract Length Perturbation improves speech recognition)
    3. Colour of voice and room: slow waves over the bands are added; 4. noise, to a fifth of the samples.
    5. SpecAugment: a span of frames and one of bands is silenced. (Park et al. 2019)
    """
    n = len(x)
    ends = rng.uniform(-0.1, 0.1, (n, 2)) * KEPT + [0, KEPT - 1]
    times = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.linspace(0, 1, FRAMES)
    alpha = np.exp(rng.uniform(-0.15, 0.15, (n, 1)))
    bands = (audio.hz_to_mel(audio.mel_to_hz(CENTRES) * alpha) - CENTRES[0]) / (CENTRES[1] - CENTRES[0])
    y = np.matmul(np.matmul(_hats(times, KEPT), x), np.swapaxes(_hats(bands, BANDS), 1, 2))
    u = np.linspace(-1, 1, BANDS)
    waves = np.stack([u, np.cos(np.pi * u), np.cos(2 * np.pi * u)]).astype(np.float32)
    y = normalised(y) + rng.normal(0, 0.1, (n, 1, 3)).astype(np.float32) @ waves
    level = rng.uniform(-3, -1, (n, 1, 1))
    hiss = (level + rng.normal(0, 0.5, y.shape)).astype(np.float32)
    y = normalised(np.where(rng.random((n, 1, 1)) < 0.2, np.maximum(y, hiss), y))
    return audio.spec_augment(
        y, rng, warp_frames=0, time_masks=1, longest_frames=6, band_masks=1, widest_bands=5, value=0.0
    )[..., None]


def _hats(places: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Linear interpolation as a matrix (..., m, size): row i is 1 at its own place and 0 one step away."""
    inside = np.clip(places, 0, size - 1)
    return np.maximum(0, 1 - np.abs(inside[..., None] - np.arange(size))).astype(np.float32)
