"""Sounds as their frequencies: the Fourier transform of real signals, and of one window after another."""

from __future__ import annotations

import math

import numpy as np

from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.elementwise import multiply

__all__ = ["frames", "irfft", "overlap_add", "rfft", "stft"]


@primitive(a=lambda g, a_shape: irfft(g * _weights(a_shape[-1], g), a_shape[-1]))
def rfft(a: Array) -> Array:
    """y[…, k] = Σ over t of a[…, t]·(cos 2πkt/n, −sin 2πkt/n), k from 0 to ⌊n/2⌋: the Fourier transform of real signals

    a `(…, n)` samples, y `(…, ⌊n/2⌋ + 1, 2)`: real and imaginary parts. At a rate of r samples a second bin k is the
    frequency k·r/n Hz. ∂a = n·irfft of g, halved but for the first bin and, n even, the last. Raises ValueError where
    there are no samples.
    """
    y = np.fft.rfft(a)
    return np.stack((y.real, y.imag), axis=-1)


@primitive(a=lambda g, a, n: rfft(g) / _weights(n, g))
def irfft(a: Array, n: int) -> Array:
    """y[…, t] = 1/n Σ over k from 0 to n − 1 of the waves with real and imaginary parts a: `rfft` undone

    a `(…, ⌊n/2⌋ + 1, 2)`, y `(…, n)`. A real signal's bins beyond the middle mirror those given, so each but the first
    and, n even, the last counts twice; of these two the imaginary parts count for nothing. ∂a = rfft(g)·2/n, or 1/n
    for the first and the last. Raises ValueError where a hasn't so many bins.
    """
    if n < 1 or a.ndim < 2 or a.shape[-2:] != (n // 2 + 1, 2):
        raise ValueError(f"irfft: a {a.shape}: {n} samples have (…, {n // 2 + 1}, 2): bins, real and imaginary part")
    return np.fft.irfft(a[..., 0] + 1j * a[..., 1], n)


def _weights(n: int, like: Array) -> Array:
    """(bins, 1): n for each bin that stands for itself alone, n/2 for each that stands for its mirror image, too."""
    k = np.arange(n // 2 + 1)
    return placed(np.where((k == 0) | (2 * k == n), n, n / 2)[:, None].astype(like.dtype), like)


@primitive(a=lambda g, a_shape, hop: overlap_add(g, a_shape[-1], hop))
def frames(a: Array, length: int, hop: int) -> Array:
    """y[…, i, t] = a[…, i·hop + t], t from 0 to length − 1: one window of the signal after another;  ∂a = overlap_add g

    a `(…, samples)`, y `(…, ⌊(samples − length) / hop⌋ + 1, length)`. Raises ValueError where the signal is shorter.
    """
    _whole("frames", length=length, hop=hop)
    if a.ndim < 1 or a.shape[-1] < length:
        raise ValueError(f"frames: a {a.shape} is shorter than a window of {length} samples; pad it")
    return np.lib.stride_tricks.sliding_window_view(a, length, -1)[..., ::hop, :]


@primitive(a=lambda g, a_shape, hop: frames(g, a_shape[-1], hop)[..., : a_shape[-2], :])
def overlap_add(a: Array, samples: int, hop: int) -> Array:
    """y[…, s] = Σ over i·hop + t = s of a[…, i, t]: windows of a signal added where each of them lies;  ∂a = frames g

    a `(…, frames, length)`, y `(…, samples)`. Raises ValueError where the windows reach beyond the samples.
    """
    _whole("overlap_add", hop=hop)
    if a.ndim < 2 or not a.shape[-1] or max(a.shape[-2] - 1, 0) * hop + a.shape[-1] > samples:
        raise ValueError(f"overlap_add: a {a.shape}: windows (…, frames, length) at every {hop} don't fit in {samples}")
    *lead, count, length = a.shape
    steps = -(-length // hop)  # the signal is cut into pieces of one hop: so many does a window span
    y = np.zeros_like(a, shape=(*lead, max(count + steps, -(-samples // hop)), hop))
    for i in range(steps):
        part = a[..., i * hop : (i + 1) * hop]
        y[..., i : i + count, : part.shape[-1]] += part
    return y.reshape(*lead, y.shape[-2] * hop)[..., :samples]


def _whole(operation: str, **sizes: int) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{operation}: {name} {size!r}: expected a whole number of samples from 1")


def stft(x: Array, window_length: int, hop: int, window: Array | None = None, center: bool = True) -> Array:
    """y[…, i, k] = Σ over t of window[t]·x[…, i·hop + t]·(cos 2πkt/n, −sin 2πkt/n): which frequencies sound when

    x `(…, samples)`, y `(…, frames, ⌊n/2⌋ + 1, 2)`: real and imaginary parts; n = `window_length` and `hop` are in
    samples, and at a rate of r samples a second bin k is the frequency k·r/n Hz and frame i stands i·hop/r seconds in.
    `window` is an array (n,), or Hann's, ½ − ½ cos 2πt/n. With `center` the middle of frame i lies at sample i·hop, the
    signal mirrored at both ends: 1 + ⌊samples / hop⌋ frames (n even); without, frame i begins there. The power is
    (y·y).sum(-1). Raises ValueError where the signal is too short. Source: Allen & Rabiner 1977.
    """
    _whole("stft", window_length=window_length, hop=hop)
    if window is None:
        t = np.arange(window_length)
        window = placed(0.5 - 0.5 * np.cos(2 * math.pi / window_length * t), x)
    window = window if isinstance(window, Tensor) else beside("stft", window, array_of(x), x.dtype)
    if np.shape(window) != (window_length,):
        raise ValueError(f"stft: window {np.shape(window)}: expected ({window_length},), one number per sample")
    half = window_length // 2 if center else 0
    if x.ndim < 1 or x.shape[-1] <= half or x.shape[-1] + 2 * half < window_length:
        raise ValueError(f"stft: x {x.shape} is too short for a window of {window_length} samples; pad it")
    if half:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(half, half)], mode="reflect")
    return rfft(multiply(frames(x, window_length, hop), window))
