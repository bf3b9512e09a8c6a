"""Masking features for training: what a model must do without now and then, it learns not to lean on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..recorded import Decisions, Float, Rng, augmentation
from . import draw

__all__ = ["spec_augment"]

Whole = NDArray[np.int64]


def _masked(
    features: Float,
    warp_at: Whole,
    warp_by: Whole,
    frame: Whole,
    frames: Whole,
    band: Whole,
    bands: Whole,
    value: Float,
) -> Float:
    y = np.stack([_warped(*one) for one in zip(features, warp_at, warp_by, strict=True)]) if len(features) else features
    n, count, size = y.shape[:3]
    hidden = _within(count, frame, frames)[:, :, None] | _within(size, band, bands)[:, None, :]
    lead = (n, count, size, *[1] * (y.ndim - 3))
    return np.where(hidden.reshape(lead), value.astype(y.dtype).reshape(n, *[1] * (y.ndim - 1)), y)


def _within(size: int, start: Whole, length: Whole) -> NDArray[np.bool_]:
    """(n, size): whether a place lies in any of the spans, (n, spans)."""
    at = np.arange(size)
    inside: NDArray[np.bool_] = (at >= start[..., None]) & (at < (start + length)[..., None])
    return np.logical_or.reduce(inside, axis=1)


def _warped(features: Float, frame: int, shift: int) -> Float:
    if not shift:
        return features
    last = len(features) - 1
    place = np.interp(np.arange(last + 1), [0, frame + shift, last], [0, frame, last])
    low = np.minimum(place.astype(int), last - 1)
    share = (place - low).astype(features.dtype).reshape(-1, *[1] * (features.ndim - 1))
    return features[low] * (1 - share) + features[low + 1] * share


@augmentation(_masked, draw=draw.small)
def spec_augment(
    features: Float,
    rng: Rng,
    warp_frames: int = 5,
    time_masks: int = 2,
    longest_frames: int = 20,
    longest_share: float = 0.2,
    band_masks: int = 2,
    widest_bands: int = 8,
    value: float | None = None,
) -> Decisions:
    """SpecAugment: stretch features in time, and overwrite random spans of frames and of bands.

    `features`: (n, frames, bands[, channels]), a batch; of one sound `features[None]`. For each of the n:
    1. Time warp: a frame from W to τ − 1 − W is moved by less than ± W = `warp_frames` frames, and what lies before and
       behind it is stretched or squeezed evenly, with linear interpolation; W is less where frames are too few.
    2. `time_masks` times: t frames from t₀ on are overwritten, t from 0 to min(`longest_frames`, `longest_share`·τ), t₀
       from 0 to τ − t; 3. `band_masks` times: f bands, f from 0 to `widest_bands`. All whole numbers, and uniform.
    `value` overwrites them, unless given the mean of the features of that sound. All channels are masked alike.
    Recorded: the warped frame and by how many, the first frame (band) and the number of each mask, the value.
    Source: Park et al. 2019, SpecAugment, section 2; the paper warps the image by splines, this warps time alone.
    """
    if not isinstance(features, np.ndarray) or features.dtype.kind != "f" or features.ndim not in (3, 4):
        given = f"{features.dtype} {features.shape}" if isinstance(features, np.ndarray) else type(features).__name__
        raise ValueError(f"spec_augment: features {given}; expected floating-point (n, frames, bands[, channels])")
    if 0 in features.shape[1:] or not np.isfinite(features).all():
        raise ValueError(f"spec_augment: features {features.shape} are empty or not all finite; leave that sound out")
    sizes = {"warp_frames": warp_frames, "time_masks": time_masks, "longest_frames": longest_frames}
    for name, size in (sizes | {"band_masks": band_masks, "widest_bands": widest_bands}).items():
        if size < 0:
            raise ValueError(f"spec_augment: {name} {size}: expected a number from 0")
    if not 0 <= longest_share <= 1:
        raise ValueError(f"spec_augment: longest_share {longest_share}: expected a share from 0 to 1")
    n, count, size = features.shape[:3]
    rng = np.random.default_rng(rng)
    reach = min(warp_frames, (count - 1) // 2)
    frames = rng.integers(0, min(longest_frames, int(longest_share * count)) + 1, (n, time_masks))
    bands = rng.integers(0, min(widest_bands, size) + 1, (n, band_masks))
    mean = features.mean(axis=tuple(range(1, features.ndim)))
    return {
        "warp_at": rng.integers(reach, count - reach, n),
        "warp_by": rng.integers(1 - reach, reach, n) if reach else np.zeros(n, np.int64),
        "frame": rng.integers(0, count - frames + 1),
        "frames": frames,
        "band": rng.integers(0, size - bands + 1),
        "bands": bands,
        "value": (mean if value is None else np.full(n, value)).astype(np.float32),
    }
