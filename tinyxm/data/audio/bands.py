"""Spectrograms as few numbers a frame: mel bands, decibels, cepstral coefficients, and how they change in time.

Features are (frames, features), or (frames, features, channels) of a sound (samples, channels).
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import drawing
from ..step import step
from . import draw
from .sounds import Sound, whole
from .spectra import Features, shape_of, spectrogram

__all__ = [
    "decibels",
    "deltas",
    "from_decibels",
    "from_mel",
    "hz_to_mel",
    "log_mel",
    "mel",
    "mel_filters",
    "mel_to_hz",
    "mfcc",
]

KNEE_HZ, KNEE_MEL = 1000.0, 15.0  # Slaney's scale: straight up to here, at 200/3 Hz for each mel,
RATIO = 6.4 ** (1 / 27)  # and from here on each mel is this factor


def hz_to_mel(hz: ArrayLike, scale: str = "slaney") -> NDArray[np.float64]:
    """Frequency in Hz → pitch in mel: steps that sound alike to the ear.

    "slaney": m = 3f/200 up to 1000 Hz (15 mel), then 15 + 27·ln(f/1000) / ln 6.4: Slaney 1998, Auditory Toolbox.
    "htk": m = 2595·log₁₀(1 + f/700): O'Shaughnessy 1987; Young et al., The HTK Book.
    """
    f = np.asarray(hz, np.float64)
    if _scale("hz_to_mel", scale) == "htk":
        return 2595 * np.log10(1 + f / 700)
    above = KNEE_MEL + np.log(np.maximum(f, KNEE_HZ) / KNEE_HZ) / math.log(RATIO)
    return np.where(f < KNEE_HZ, f * KNEE_MEL / KNEE_HZ, above)


def mel_to_hz(mels: ArrayLike, scale: str = "slaney") -> NDArray[np.float64]:
    """Pitch in mel → frequency in Hz: `hz_to_mel` undone."""
    m = np.asarray(mels, np.float64)
    if _scale("mel_to_hz", scale) == "htk":
        return 700 * (10 ** (m / 2595) - 1)
    return np.where(m < KNEE_MEL, m * KNEE_HZ / KNEE_MEL, KNEE_HZ * RATIO ** np.maximum(m - KNEE_MEL, 0))


def mel_corners(mels: int, lowest_hz: float, highest_hz: float, scale: str = "slaney") -> NDArray[np.float64]:
    """mels + 2 frequencies in Hz, the lowest to the highest, equally far apart in mel: where bands begin and end."""
    low, high = hz_to_mel([lowest_hz, highest_hz], scale)
    return mel_to_hz(np.linspace(low, high, mels + 2), scale)


def mel_filters(
    *,
    rate_hz: float,
    fft_samples: int,
    mels: int = 64,
    lowest_hz: float = 0.0,
    highest_hz: float | None = None,
    scale: str = "slaney",
    unit_area: bool = True,
) -> NDArray[np.float64]:
    """Triangles over the bins of a spectrogram, one for each mel band: (fft_samples/2 + 1, mels)

    c are the `mel_corners` from `lowest_hz` to `highest_hz` (rate_hz/2 unless given); band m rises from cₘ to
    its peak at cₘ₊₁ and falls to cₘ₊₂, linearly in Hz:
        h[k, m] = max(0, min((f − cₘ) / (cₘ₊₁ − cₘ), (cₘ₊₂ − f) / (cₘ₊₂ − cₘ₊₁))),   f = k·rate_hz/fft_samples,
    times 2 / (cₘ₊₂ − cₘ) with `unit_area`, so that each triangle has area 1 over Hz and noise of equal power fills all
    bands alike; without, each peak is 1. Warns of triangles that lie between two bins and so hear nothing. Raises
    ValueError for edges out of order or beyond rate_hz/2. Source: Slaney 1998; librosa.filters.mel's definition.
    """
    whole("mel_filters", fft_samples=fft_samples, mels=mels)
    top = rate_hz / 2 if highest_hz is None else highest_hz
    if not 0 <= lowest_hz < top <= rate_hz / 2:
        raise ValueError(
            f"mel_filters: lowest_hz {lowest_hz:g}, highest_hz {top:g}; expected 0 ≤ lowest < highest ≤ rate_hz/2, "
            f"which is {rate_hz / 2:g}"
        )
    corners = mel_corners(mels, lowest_hz, top, scale)
    f = np.fft.rfftfreq(fft_samples, 1 / rate_hz)[:, None]
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    triangles = np.maximum(0, np.minimum((f - left) / (peak - left), (right - f) / (right - peak)))
    if empty := int((triangles.max(axis=0) == 0).sum()):
        warnings.warn(
            f"mel_filters: {empty} of {mels} bands lie between two bins of {rate_hz / fft_samples:.4g} Hz and hear "
            "nothing; take fewer mels or a longer window",
            stacklevel=2,
        )
    return triangles * (2 / (right - left)) if unit_area else triangles


@step(before=draw.power, after=draw.mel)
def mel(
    spectrogram: Features,
    *,
    rate_hz: float,
    mels: int = 64,
    lowest_hz: float = 0.0,
    highest_hz: float | None = None,
    scale: str = "slaney",
    unit_area: bool = True,
    hop_samples: int | None = None,
) -> Features:
    """A power spectrogram summed into mel bands: y[i, m] = Σ over k of h[k, m]·x[i, k], h = `mel_filters`

    (frames, bins[, channels]) → (frames, mels[, channels]). `hop_samples` is only for `plot`, whose axis is then in
    seconds.
    """
    _, bins = shape_of("mel", spectrogram)
    h = mel_filters(
        rate_hz=rate_hz,
        fft_samples=2 * (bins - 1),
        mels=mels,
        lowest_hz=lowest_hz,
        highest_hz=highest_hz,
        scale=scale,
        unit_area=unit_area,
    )
    return _along_features(spectrogram, h)


@step(before=draw.mel, after=draw.power)
def from_mel(
    mel: Features,
    *,
    rate_hz: float,
    fft_samples: int,
    lowest_hz: float = 0.0,
    highest_hz: float | None = None,
    scale: str = "slaney",
    unit_area: bool = True,
    hop_samples: int | None = None,
) -> Features:
    """A power spectrogram whose mel bands are these: x = max(0, y·h⁺), h⁺ the pseudo-inverse of `mel_filters`

    (frames, mels[, channels]) → (frames, fft_samples/2 + 1[, channels]). Of all spectra with these bands y·h⁺ is the
    one of least squares; as power isn't negative, what is falls to 0, and the bands then agree only nearly.
    Source: Penrose 1956, On best approximate solutions of linear matrix equations.
    """
    _, mels = shape_of("from_mel", mel)
    h = mel_filters(
        rate_hz=rate_hz,
        fft_samples=fft_samples,
        mels=mels,
        lowest_hz=lowest_hz,
        highest_hz=highest_hz,
        scale=scale,
        unit_area=unit_area,
    )
    return np.maximum(_along_features(mel, np.linalg.pinv(h)), 0)


@step(before=drawing.spectrogram, after=draw.decibels)
def decibels(
    power: Features, *, reference: float = 1.0, smallest: float = 1e-10, range_db: float | None = 80.0
) -> Features:
    """y = 10·log₁₀(max(x, smallest) / reference), and nothing more than `range_db` below the greatest y

    Loudness is heard by ratios, not by differences; `smallest` keeps silence from −∞, and `range_db` (None: no limit)
    keeps noise that nobody hears from filling the picture. Raises ValueError for negative power.
    Source: librosa.power_to_db, whose definition this is.
    """
    if np.iscomplexobj(power) or np.min(power, initial=0) < 0:
        raise ValueError("decibels: the power is negative or complex; take |y|² first, as spectrogram does")
    if not reference > 0 or not smallest > 0 or (range_db is not None and range_db < 0):
        raise ValueError(
            f"decibels: reference {reference}, smallest {smallest}, range_db {range_db}; expected numbers above 0"
        )
    kind = np.result_type(power, np.float32).type
    y = kind(10) * np.log10(np.maximum(power, kind(smallest))) - kind(10 * math.log10(max(reference, smallest)))
    return y if range_db is None else np.maximum(y, y.max(initial=-math.inf) - kind(range_db))


@step(before=draw.decibels, after=drawing.spectrogram)
def from_decibels(decibels: Features, *, reference: float = 1.0) -> Features:
    """x = reference·10^(y/10): `decibels` undone, but for what it cut off."""
    return np.asarray(decibels).dtype.type(reference) * np.power(10, np.asarray(decibels) / 10)


@step(before=drawing.waveform, after=draw.mel_decibels)
def log_mel(
    sound: Sound,
    *,
    rate_hz: float,
    window_samples: int = 512,
    hop_samples: int = 128,
    mels: int = 64,
    lowest_hz: float = 0.0,
    highest_hz: float | None = None,
    scale: str = "slaney",
    reference: float = 1.0,
    range_db: float | None = 80.0,
) -> Features:
    """decibels(mel(spectrogram(x))): (samples[, channels]) → (frames, mels[, channels]), what most models listen to

    The three steps with these settings, and their own defaults for the rest.
    """
    power = spectrogram(sound, window_samples=window_samples, hop_samples=hop_samples)
    bands = mel(power, rate_hz=rate_hz, mels=mels, lowest_hz=lowest_hz, highest_hz=highest_hz, scale=scale)
    return decibels(bands, reference=reference, range_db=range_db)


@step(before=draw.mel_decibels, after=draw.mfcc)
def mfcc(log_mel: Features, *, coefficients: int = 20, lifter: float = 0.0) -> Features:
    """Mel-frequency cepstral coefficients: the slow waves in a log-mel spectrum's shape, (frames, mels) → (…, c)

        y[i, q] = sᵩ·Σ over m of x[i, m]·cos(πq(2m + 1) / (2M)),   s₀ = √(1/M), sᵩ = √(2/M)

    (the cosine transform DCT-II, orthonormal): y[i, 0] is loudness, the next few the vowel; the pitch lies beyond.
    With `lifter` L > 0 coefficient q is multiplied by 1 + L/2·sin(π(q + 1)/L). A third axis (channels) stays.
    Source: Davis & Mermelstein 1980; the lifter after Juang, Rabiner & Wilpon 1987.
    """
    _, mels = shape_of("mfcc", log_mel)
    if not 1 <= coefficients <= mels:
        raise ValueError(f"mfcc: {coefficients} coefficients of {mels} mel bands; expected from 1 to {mels}")
    if lifter < 0:
        raise ValueError(f"mfcc: lifter {lifter}: expected a number from 0")
    q = np.arange(coefficients)
    waves = np.cos(np.pi * q * (2 * np.arange(mels)[:, None] + 1) / (2 * mels)) * np.sqrt(np.where(q, 2, 1) / mels)
    return _along_features(log_mel, waves * (1 + lifter / 2 * np.sin(np.pi * (q + 1) / lifter)) if lifter else waves)


@step(before=draw.features, after=draw.slopes)
def deltas(features: Features, *, width_frames: int = 9, order: int = 1) -> Features:
    """How features change in time: y[i] = Σ over n of n·x[i + n] / Σ over n of n², n from −N to N, 2N + 1 = width

    The slope of the straight line that fits `width_frames` (odd) frames best, in units per frame; with `order` 2 the
    second derivative of the parabola that fits best, and so on. The first and last N frames get the value of the first
    and the last full width: it is one line there. (frames, features[, channels]) → the same shape.
    Source: Furui 1986, Speaker-independent isolated word recognition using dynamic features of speech spectrum; with
    the ends as librosa.feature.delta has them.
    """
    count, _ = shape_of("deltas", features)
    whole("deltas", width_frames=width_frames, order=order)
    if width_frames % 2 == 0 or width_frames <= order:
        raise ValueError(f"deltas: width_frames {width_frames}: expected an odd number above the order, {order}")
    if count < width_frames:
        raise ValueError(f"deltas: {count} frames are fewer than width_frames {width_frames}; take a smaller width")
    half = width_frames // 2
    n = np.arange(-half, half + 1, dtype=np.float64)
    slope = np.linalg.pinv(np.vander(n, order + 1, increasing=True))[order] * math.factorial(order)
    windows = np.lib.stride_tricks.sliding_window_view(features, width_frames, axis=0)
    inner = windows @ slope.astype(features.dtype)
    return np.pad(inner, [(half, half)] + [(0, 0)] * (features.ndim - 1), mode="edge")


def _along_features(x: Features, matrix: Features) -> Features:
    """Σ over features of x[frame, feature, …]·matrix[feature, k]: (frames, k, …), in x's own precision."""
    y = np.tensordot(x, matrix.astype(x.dtype), ([1], [0]))
    return np.moveaxis(y, -1, 1)


def _scale(operation: str, scale: str) -> str:
    if scale not in ("slaney", "htk"):
        raise ValueError(f"{operation}: scale {scale!r}: expected slaney or htk")
    return scale
