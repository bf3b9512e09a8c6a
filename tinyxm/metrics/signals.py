"""Scores of made sounds, pictures and videos beside the true ones, number by number.

They suit copies: reconstruction, denoising. What is generated freely is another good answer, not this one, and they
punish it for that; `tinyxm.metrics.generation` is for those.

Every function raises ValueError for shapes that differ or don't fit, for nothing to compare and for numbers that aren't
finite.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dct
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from tinyxm_kernels.cuda import move

Array = NDArray[np.float64]


def mel_cepstral_distortion(
    reference: ArrayLike, made: ArrayLike, coefficients: int = 13, warped: bool = False
) -> float:
    """Distance in dB of the spectra's shape, without loudness and pitch, mean over frames; from 0, less is better.

        MCD = mean_i 10 / ln 10 · √(2 Σ_{1 ≤ q ≤ D} (c_iq − c′_iq)²)

    with c the cepstrum of the amplitude, ln |A| = Σ c_q cos qω. Of mel bands in dB, (frames, mels) as
    `data.audio.log_mel` makes them, it is √(Σ_q d_q² / mels), d the orthonormal cosine transform of the difference: the
    root mean square in dB of what its D slowest waves hold, but for the mean. D is `coefficients`.

    warped: align frames first, by `warping_path`, as sounds of different length and pace need; what is said too slowly
    then costs nothing. Values depend on the bands and on D, so only equal ones can be compared.

    Source: Kubichek, "Mel-cepstral distance measure for objective speech quality assessment" (1993).
    """
    x, y = _spectra("mel_cepstral_distortion", reference, made, same_length=not warped)
    mels = x.shape[1]
    if not 1 <= coefficients < mels:
        raise ValueError(
            f"mel_cepstral_distortion: {coefficients} coefficients of {mels} bands; expected 1 to {mels - 1}"
        )
    c, d = (dct(z, norm="ortho", axis=1)[:, 1 : coefficients + 1] for z in (x, y))
    if warped:
        rows, columns = warping_path(cdist(c, d))
        c, d = c[rows], d[columns]
    return float(np.mean(np.sqrt(np.sum((c - d) ** 2, axis=1) / mels)))


def log_spectral_distance(reference: ArrayLike, made: ArrayLike) -> float:
    """Distance in dB of two spectra, loudness and all: mean over frames of √(mean over bands of (S − S′)²), from 0.

    reference, made: (frames, bands) in dB. One silent frame at −80 dB weighs as much as any other, so keep the range in
    bounds. Source: Gray and Markel, "Distance measures for speech processing" (1976).
    """
    x, y = _spectra("log_spectral_distance", reference, made, same_length=True)
    return float(np.mean(np.sqrt(np.mean((x - y) ** 2, axis=1))))


def warping_path(cost: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The cheapest way through a table of costs from the first to the last pair of frames, one step at a time.

        D[i, j] = cost[i, j] + min(D[i−1, j−1], D[i−1, j], D[i, j−1])

    cost: (n, m). Returns the rows and columns of the way, each of which never falls; of equals the diagonal is first.
    Source: Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition" (1978).
    """
    c = _finite("warping_path", cost)
    if c.ndim != 2 or not c.size:
        raise ValueError(f"warping_path: costs have shape {c.shape}; expected (n, m)")
    n, m = c.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0
    for i in range(n):
        before, row, costs = total[i].tolist(), [np.inf], c[i].tolist()
        for j in range(m):
            row.append(costs[j] + min(before[j], before[j + 1], row[j]))
        total[i + 1] = row
    i, j, way = n, m, [(n - 1, m - 1)]
    while (i, j) != (1, 1):
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda at: total[at])
        way.append((i - 1, j - 1))
    rows, columns = zip(*reversed(way), strict=True)
    return np.array(rows, np.intp), np.array(columns, np.intp)


def si_snr(reference: ArrayLike, made: ArrayLike) -> float:
    """Scale-invariant signal-to-noise ratio in dB, more is better; ∞ for the same sound, louder or not.

        t = ⟨y, x⟩ x / ‖x‖²,    SI-SNR = 10 log₁₀ (‖t‖² / ‖y − t‖²)

    of the reference x and the made y, their means taken off. One sample's shift ruins it, and a sound put together from
    magnitudes alone (Griffin-Lim) has a poor one however good it sounds. reference, made: (samples,) or (samples,
    channels), not constant. Source: Le Roux et al., "SDR: half-baked or well done?" (2019).
    """
    x, y = _same("si_snr", reference, made)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    power = np.sum(x * x)
    if not power:
        raise ValueError("si_snr: the reference is constant; there is no signal in it")
    target = np.sum(x * y) / power * x
    return _decibels(np.sum(target**2), np.sum((y - target) ** 2))


def psnr(reference: ArrayLike, made: ArrayLike, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio in dB, more is better: 10 log₁₀ (peak² / mean (x − y)²); ∞ for the same.

    Of pictures or videos of any shape, the error's mean being over everything; the mean of several pictures' ratios is
    another number. peak: the largest value there can be, 1 or 255. It likes a blur, the mean of all good answers,
    better than a sharp answer in the wrong place.
    """
    x, y = _same("psnr", reference, made)
    if not peak > 0:
        raise ValueError(f"psnr: peak={peak}; expected the largest value there can be, 1 or 255")
    return _decibels(peak**2, np.mean((x - y) ** 2))


def ssim(reference: ArrayLike, made: ArrayLike, peak: float = 1.0, sigma: float = 1.5) -> float:
    """Structural similarity: likeness of brightness, contrast and structure in small windows, from −1 to 1.

        SSIM = mean (2 μ_x μ_y + c₁)(2 σ_xy + c₂) / ((μ_x² + μ_y² + c₁)(σ_x² + σ_y² + c₂))

    with c₁ = (0.01 peak)² and c₂ = (0.03 peak)², and means, variances and covariance under a Gaussian window of `sigma`
    pixels, cut off at 3.5 sigma (11 × 11), the mean over all places where it fits. Pictures (height, width), (height,
    width, channels), and any number of them, (..., height, width, channels): frames of a video. Background
    counts as alike, so a small figure on white scores well wherever it is.

    Raises ValueError also for pictures smaller than the window. Source: Wang, Bovik, Sheikh and Simoncelli, "Image
    quality assessment: from error visibility to structural similarity" (2004).
    """
    x, y = _same("ssim", reference, made)
    if x.ndim == 2:
        x, y = x[..., None], y[..., None]
    reach = int(3.5 * sigma + 0.5)
    if x.ndim < 3 or min(x.shape[-3:-1]) < 2 * reach + 1 or not (peak > 0 and sigma > 0):
        raise ValueError(
            f"ssim: {np.shape(reference)}, peak={peak}, sigma={sigma}; expected (..., height, width, channels) of at "
            f"least {2 * reach + 1} pixels a side, or a smaller sigma"
        )
    sigmas = [0.0] * (x.ndim - 3) + [sigma, sigma, 0.0]
    inside = (..., slice(reach, x.shape[-3] - reach), slice(reach, x.shape[-2] - reach), slice(None))

    def mean(z: Array) -> Array:
        return gaussian_filter(z, sigmas, truncate=3.5)[inside]

    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(alike / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


def _decibels(signal: Any, noise: Any) -> float:
    return float("inf") if not noise else float(10 * np.log10(signal / noise)) if signal else float("-inf")


def _finite(name: str, given: ArrayLike) -> Array:
    x = np.asarray(move(given, "cpu"), np.float64)
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{name}: {np.sum(~np.isfinite(x))} of {x.size} numbers aren't finite")
    return x


def _same(name: str, reference: ArrayLike, made: ArrayLike) -> tuple[Array, Array]:
    x, y = _finite(name, reference), _finite(name, made)
    if x.shape != y.shape or not x.size:
        raise ValueError(f"{name}: reference {x.shape} and made {y.shape}; expected the same shape, and not empty")
    return x, y


def _spectra(name: str, reference: ArrayLike, made: ArrayLike, same_length: bool) -> tuple[Array, Array]:
    x, y = _finite(name, reference), _finite(name, made)
    if x.ndim != 2 or y.ndim != 2 or not x.size or not y.size or x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{name}: reference {x.shape} and made {y.shape}; expected (frames, bands) with the same bands"
        )
    if same_length and len(x) != len(y):
        raise ValueError(f"{name}: {len(x)} and {len(y)} frames; expected as many (cut or align them first)")
    return x, y
