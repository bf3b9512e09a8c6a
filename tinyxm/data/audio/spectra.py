"""Sounds as their frequencies, and back: the short-time Fourier transform, spectrograms, Griffin-Lim.

A spectrogram is (frames, bins), or (frames, bins, channels) of a sound (samples, channels). The Fourier transform of
frames is that of `tinyxm.ops.stft`, which is differentiable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm.ops import irfft, overlap_add, stft

from .. import drawing
from ..step import step
from . import draw
from .sounds import Sound, checked, edge_samples, lengthened, whole, window_weights

__all__ = ["from_spectrum", "griffin_lim", "spectral_convergence", "spectrogram", "spectrum"]

Features = NDArray[np.floating[Any]]
Complex = NDArray[np.complexfloating[Any, Any]]
TINY = 1e-30


@step(before=drawing.waveform, after=draw.spectrum)
def spectrum(
    sound: Sound,
    *,
    window_samples: int = 512,
    hop_samples: int = 128,
    window: str = "hann",
    fft_samples: int | None = None,
    edges: str = "zeros",
) -> Complex:
    """y[i, k] = Σ over t of w[t]·x[i·hop + t]·exp(−2πi·kt/n): (samples[, channels]) → (frames, n/2 + 1[, channels])

    The short-time Fourier transform, complex: bin k is the frequency k·rate_hz/n Hz. `window` names w, as
    `window_weights` has it, of `window_samples`; n = `fft_samples`, even, is the same unless given: a longer one puts
    zeros around w, for a finer grid of bins (no finer resolution).
    `edges`: "zeros": the middle of frame i lies at sample i·hop, with zeros beyond the ends: 1 + ⌊samples / hop⌋
    frames; "mirror": the same with the sound's mirror image beyond the ends, as `ops.stft` has it; "none": frame i
    begins at sample i·hop. Raises ValueError where the sound is too short.
    Source: Allen & Rabiner 1977; with "zeros" librosa.stft's definition.
    """
    weights, length = _window("spectrum", window_samples, hop_samples, window, fft_samples)
    padded = np.moveaxis(lengthened("spectrum", checked("spectrum", sound), length, edges), 0, -1)
    y = stft(padded, length, hop_samples, weights.astype(padded.dtype), center=False)
    return np.moveaxis(y[..., 0] + 1j * y[..., 1], (-2, -1), (0, 1))


@step(before=draw.spectrum, after=drawing.waveform)
def from_spectrum(
    transform: Complex,
    *,
    window_samples: int = 512,
    hop_samples: int = 128,
    window: str = "hann",
    edges: str = "zeros",
    samples: int | None = None,
) -> Sound:
    """x[s] = Σ over i of w[s − i·hop]·yᵢ[s − i·hop] / Σ over i of w[s − i·hop]², yᵢ frame i's inverse transform

    The inverse of `spectrum`, (frames, n/2 + 1[, channels]) → (samples[, channels]): the sound whose spectrum is the
    nearest in the sense of least squares, as not every array is the spectrum of a sound. `samples` is its length where
    it isn't hop_samples·(frames − 1): not every length is a whole number of hops.
    Source: Griffin & Lim 1984, Signal estimation from modified short-time Fourier transform, equation 6.
    """
    count, bins = shape_of("from_spectrum", transform)
    weights, length = _window("from_spectrum", window_samples, hop_samples, window, 2 * (bins - 1))
    first = np.moveaxis(transform, (0, 1), (-2, -1))
    weights = weights.astype(first.real.dtype)
    waves = irfft(np.stack([first.real, first.imag], axis=-1), length) * weights
    if samples is not None:
        whole("from_spectrum", samples=samples)
    total, half = (count - 1) * hop_samples + length, edge_samples(length, edges)
    norm = overlap_add(np.broadcast_to(weights * weights, (count, length)), total, hop_samples)
    x = np.moveaxis(overlap_add(waves, total, hop_samples) / np.where(norm > TINY, norm, 1), -1, 0)
    if samples is None:
        return x[half : total - half]
    x = x[half : half + samples]  # which may reach into the last frame's second half
    return np.concatenate([x, np.zeros_like(x, shape=(max(0, samples - len(x)), *x.shape[1:]))])


@step(before=drawing.waveform, after=draw.power)
def spectrogram(
    sound: Sound,
    *,
    window_samples: int = 512,
    hop_samples: int = 128,
    window: str = "hann",
    fft_samples: int | None = None,
    edges: str = "zeros",
    power: float = 2.0,
    rate_hz: float | None = None,
) -> Features:
    """y[i, k] = |spectrum[i, k]|ᵖ: (samples[, channels]) → (frames, n/2 + 1[, channels]); which frequencies sound when

    p = `power`: 1 for magnitudes, 2 for power; the rest as `spectrum` has it. `rate_hz` is only for `plot`, whose axes
    are then in seconds and Hz.
    """
    y = spectrum(
        sound,
        window_samples=window_samples,
        hop_samples=hop_samples,
        window=window,
        fft_samples=fft_samples,
        edges=edges,
    )
    magnitudes = np.abs(y)
    return magnitudes if power == 1 else np.power(magnitudes, magnitudes.dtype.type(power))


@step(before=draw.magnitudes, after=drawing.waveform)
def griffin_lim(
    magnitudes: Features,
    *,
    window_samples: int = 512,
    hop_samples: int = 128,
    window: str = "hann",
    edges: str = "zeros",
    iterations: int = 32,
    momentum: float = 0.99,
    samples: int | None = None,
    phases: ArrayLike | None = None,
    rng: np.random.Generator | int = 0,
    rate_hz: float | None = None,
) -> Sound:
    """A sound whose spectrogram has nearly these magnitudes: (frames, n/2 + 1[, channels]) → (samples[, channels])

    Magnitudes S (`spectrogram` of power 1) have lost the phases, most of which would fit no sound. From c = S·exp(iφ),
    φ = `phases` in radians or drawn by `rng` from 0 to 2π, it goes back and forth between what is a sound's spectrum
    and what has the magnitudes:
        tₙ = spectrum(from_spectrum(S·cₙ₋₁ / |cₙ₋₁|)),   cₙ = tₙ + α(tₙ − tₙ₋₁),
    α = `momentum`; 0 is Griffin and Lim's own rule, whose error never grows; 0.99 is Perraudin's, mostly better.
    The result is from_spectrum(S·c/|c|). `samples` is the length, if it isn't hop_samples·(frames − 1); `rate_hz` is
    only for `plot`. Raises ValueError for negative magnitudes, and for `samples` that make another number of frames.
    Sources: Griffin & Lim 1984, Signal estimation from modified short-time Fourier transform; Perraudin, Balazs &
    Søndergaard 2013, A fast Griffin-Lim algorithm.
    """
    count, bins = shape_of("griffin_lim", magnitudes)
    if np.iscomplexobj(magnitudes) or magnitudes.min() < 0:
        raise ValueError("griffin_lim: the magnitudes are negative or complex; give |spectrum|, not decibels")
    if momentum < 0 or iterations < 0:
        raise ValueError(f"griffin_lim: momentum {momentum}, iterations {iterations}; expected numbers from 0")
    back: dict[str, Any] = {"window_samples": window_samples, "hop_samples": hop_samples, "window": window}
    back["edges"] = edges
    there = {**back, "fft_samples": 2 * (bins - 1)}
    if phases is None:
        phases = 2 * np.pi * np.random.default_rng(rng).random(magnitudes.shape)
    if np.shape(phases) != magnitudes.shape:
        raise ValueError(f"griffin_lim: phases {np.shape(phases)}; magnitudes {magnitudes.shape} need as many")
    c = np.exp(1j * np.asarray(phases)).astype(np.result_type(magnitudes, np.complex64))
    tiny = np.finfo(magnitudes.dtype).tiny
    before: Complex | None = None
    for _ in range(iterations):
        t = spectrum(from_spectrum(magnitudes * c, samples=samples, **back), **there)
        if len(t) != count:
            raise ValueError(f"griffin_lim: {samples} samples make {len(t)} frames; the magnitudes have {count}")
        c = t if before is None else t + magnitudes.dtype.type(momentum) * (t - before)
        c, before = c / np.maximum(np.abs(c), tiny), t
    return from_spectrum(magnitudes * c, samples=samples, **back)


def spectral_convergence(
    magnitudes: Features,
    sound: Sound,
    *,
    window_samples: int = 512,
    hop_samples: int = 128,
    window: str = "hann",
    edges: str = "zeros",
) -> float:
    """‖S − |spectrum(x)|‖ / ‖S‖: how far a sound's magnitudes are from those wanted, 0 where it has them

    Source: Sturmel & Daudet 2011, Signal reconstruction from STFT magnitude: a state of the art.
    """
    _, bins = shape_of("spectral_convergence", magnitudes)
    found = spectrogram(
        sound,
        window_samples=window_samples,
        hop_samples=hop_samples,
        window=window,
        fft_samples=2 * (bins - 1),
        edges=edges,
        power=1.0,
    )
    if found.shape != magnitudes.shape:
        raise ValueError(f"spectral_convergence: the sound makes {found.shape}, the magnitudes are {magnitudes.shape}")
    return float(np.linalg.norm(magnitudes - found) / (np.linalg.norm(magnitudes) or 1.0))


def _window(
    operation: str, window_samples: int, hop_samples: int, window: str, fft_samples: int | None
) -> tuple[NDArray[np.float64], int]:
    """The weights of a frame of n samples, the window in its middle and zeros around it, and n."""
    whole(operation, window_samples=window_samples, hop_samples=hop_samples)
    n = window_samples if fft_samples is None else fft_samples
    if n % 2 or n < window_samples:
        raise ValueError(f"{operation}: fft_samples {n}: expected an even number from window_samples {window_samples}")
    left = (n - window_samples) // 2
    return np.pad(window_weights(window, window_samples), (left, n - window_samples - left)), n


def shape_of(operation: str, features: Any) -> tuple[int, int]:
    """(frames, features), checked. Raises TypeError for what isn't floating-point, ValueError for other shapes and for
    what isn't finite."""
    if not isinstance(features, np.ndarray) or features.dtype.kind not in "fc":
        given = getattr(features, "dtype", type(features).__name__)
        raise TypeError(f"{operation}: {given}; expected a floating-point array (frames, features[, channels])")
    if features.ndim not in (2, 3) or not features.size:
        raise ValueError(f"{operation}: {features.shape}; expected (frames, features[, channels])")
    if bad := int(features.size - np.isfinite(features).sum()):
        raise ValueError(f"{operation}: {bad} of {features.size} numbers aren't finite; repair or leave out the sound")
    return features.shape[0], features.shape[1]
