"""The Fourier transform against its sum, written out, and the short-time one against SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.certificate.case import Case, values

CASES: list[Case] = []


def add(name: str, label: str, ours: Any, x: np.ndarray, truth: Any, torch: Any, edge: str = "") -> None:
    CASES.append(Case(name, "operation", label, ours, (x,), truth, torch, edge))


def waves(n: int) -> np.ndarray:
    """cos 2πkt/n and −sin 2πkt/n: (n, bins, 2)"""
    angle = 2 * np.pi * np.outer(np.arange(n), np.arange(n // 2 + 1)) / n
    return np.stack((np.cos(angle), -np.sin(angle)), -1)


def inverse(a: Any, n: int) -> np.ndarray:
    twice = np.array([1 if k == 0 or 2 * k == n else 2 for k in range(n // 2 + 1)])
    return np.einsum("...kc,tkc,k->...t", a, waves(n), twice) / n


def framed(x: Any, length: int, hop: int) -> np.ndarray:
    starts = range(0, x.shape[-1] - length + 1, hop)
    return np.stack([x[..., start : start + length] for start in starts], -2)


def added(a: Any, samples: int, hop: int) -> np.ndarray:
    y = np.zeros((*a.shape[:-2], samples))
    for i in range(a.shape[-2]):
        y[..., i * hop : i * hop + a.shape[-1]] += a[..., i, :]
    return y


def stft_of_scipy(x: Any, window: np.ndarray, hop: int, center: bool) -> np.ndarray:
    from scipy import signal  # takes longer to load than all else here

    n = len(window)
    if not x.size:
        return np.zeros((*x.shape[:-1], 1 + (x.shape[-1] - (0 if center else n)) // hop, n // 2 + 1, 2))
    *_, z = signal.stft(
        x, window=window, nperseg=n, noverlap=n - hop, boundary="even" if center else None, padded=False
    )
    z = np.moveaxis(z, -1, -2) * window.sum()
    return np.stack((z.real, z.imag), -1)


for n in (1, 2, 7, 8):
    add("rfft", f"{n}", ops.rfft, values(2, n), lambda x: np.einsum("...t,tkc->...kc", x, waves(x.shape[-1])),
        lambda t, x: t.view_as_real(t.fft.rfft(x)), "size one" if n == 1 else "")  # fmt: skip
    add("irfft", f"{n}", lambda a, n=n: ops.irfft(a, n), values(2, n // 2 + 1, 2), lambda a, n=n: inverse(a, n),
        lambda t, a, n=n: t.fft.irfft(t.complex(a[..., 0], a[..., 1]), n), "size one" if n == 1 else "")  # fmt: skip
for edge, scale, batch in (("large", 1e30, 2), ("tiny", 1e-30, 2), ("empty", 1, 0)):
    add("rfft", "", ops.rfft, values(batch, 6) * scale, lambda x: np.einsum("...t,tkc->...kc", x, waves(6)),
        (lambda t, x: t.view_as_real(t.fft.rfft(x))) if batch else None, edge)  # fmt: skip
    add("irfft", "", lambda a: ops.irfft(a, 6), values(batch, 4, 2) * scale, lambda a: inverse(a, 6),
        (lambda t, a: t.fft.irfft(t.complex(a[..., 0], a[..., 1]), 6)) if batch else None, edge)  # fmt: skip

for length, hop, samples, scale, batch, edge in (
    (4, 2, 11, 1, 2, ""), (4, 1, 6, 1, 1, ""), (2, 5, 13, 1, 2, ""), (5, 3, 12, 1, 2, ""), (1, 1, 1, 1, 1, "size one"),
    (4, 2, 8, 1, 0, "empty"), (3, 2, 7, 1e30, 1, "large"), (3, 2, 7, 1e-30, 1, "tiny"),
):  # fmt: skip
    add("frames", f"{length} {hop}", lambda x, s=(length, hop): ops.frames(x, *s), values(batch, samples) * scale,
        lambda x, s=(length, hop): framed(x, *s), lambda t, x, s=(length, hop): x.unfold(-1, *s), edge)  # fmt: skip
    for more in (0, 4):
        x = values(batch, (samples - length) // hop + 1, length) * scale
        add("overlap_add", f"{samples + more} {hop}", lambda a, s=(samples + more, hop): ops.overlap_add(a, *s), x,
            lambda a, s=(samples + more, hop): added(a, *s), None, edge)  # fmt: skip

hann, hamming = (a - (1 - a) * np.cos(2 * np.pi / n * np.arange(n)) for a, n in ((0.5, 8), (0.54, 5)))
for x, window, hop, center, edge in (
    (values(2, 21), hann, 2, True, ""), (values(2, 21), hann, 3, False, ""), (values(16), hamming, 4, True, ""),
    (values(2, 2, 9), hamming, 5, False, ""), (values(0, 9), hann, 2, True, "empty"),
    (values(2, 1), np.ones(1), 1, True, "size one"), (values(1, 12) * 1e30, hann, 4, True, "large"),
    (values(1, 12) * 1e-30, hann, 4, True, "tiny"),
):  # fmt: skip
    settings = len(window), hop, None if window is hann else window, center
    add("stft", f"{len(window)} {hop} {center}",
        lambda x, s=settings: ops.stft(x, *s), x,
        lambda x, s=(window, hop, center): stft_of_scipy(x, *s),
        (lambda t, x, w=window, hop=hop, c=center: t.view_as_real(
            t.stft(x.reshape(-1, x.shape[-1]), len(w), hop, window=t.asarray(w, dtype=x.dtype), center=c,
                   return_complex=True)).transpose(-2, -3).unflatten(0, x.shape[:-1]))
        if x.size and x.ndim > 1 else None, edge)  # fmt: skip
# a window that learns
CASES.append(Case(
    "stft", "operation", "of two inputs", lambda x, w: ops.stft(x, 6, 3, w), (values(2, 12), values(6)),
    lambda x, w: np.einsum("...it,t,tkc->...ikc", framed(np.pad(x, ((0, 0), (3, 3)), "reflect"), 6, 3), w, waves(6)),
    lambda t, x, w: t.view_as_real(t.stft(x, 6, 3, window=w, return_complex=True)).transpose(-2, -3),
))  # fmt: skip
