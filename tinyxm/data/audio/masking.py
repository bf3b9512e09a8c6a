"""Masking features for training: what a model must do without now and then, it learns not to lean on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..step import step
from . import draw
from .spectra import Features, shape_of

__all__ = ["Masking", "spec_augment"]


@dataclass(frozen=True)
class Masking:
    """What `spec_augment` did to one array of features, in whole frames and features: `apply` does it again.

    `warp`: (frame, shift): frame `frame` was moved by `shift` frames, and the rest stretched. `frames` and `features`:
    (start, stop) of what was overwritten, stop excluded. `value`: with what.
    """

    warp: tuple[int, int]
    frames: tuple[tuple[int, int], ...]
    features: tuple[tuple[int, int], ...]
    value: float

    def apply(self, features: Features) -> Features:
        """The same masking of other features of the same number of frames, such as another channel's."""
        shape_of("Masking.apply", features)
        frame, shift = self.warp
        y = _warped(features, frame, shift) if shift else features.copy()
        for start, stop in self.frames:
            y[start:stop] = self.value
        for start, stop in self.features:
            y[:, start:stop] = self.value
        return y


def _warped(features: Features, frame: int, shift: int) -> Features:
    last = len(features) - 1
    place = np.interp(np.arange(last + 1), [0, frame + shift, last], [0, frame, last])
    low = np.minimum(place.astype(int), last - 1)
    share = (place - low).astype(features.dtype).reshape(-1, *[1] * (features.ndim - 1))
    return features[low] * (1 - share) + features[low + 1] * share


@step(before=draw.features, after=draw.augmented)
def spec_augment(
    features: Features,
    *,
    rng: np.random.Generator | int,
    warp_frames: int = 5,
    time_masks: int = 2,
    longest_frames: int = 20,
    longest_share: float = 0.2,
    feature_masks: int = 2,
    widest_features: int = 8,
    value: float | None = None,
) -> tuple[Features, Masking]:
    """SpecAugment: stretch features in time and overwrite random spans of frames and of bands; what was done, too.

    1. Time warp: a frame from W to τ − 1 − W is moved by less than ± W = `warp_frames` frames; what lies before and
       behind it is stretched or squeezed evenly, with linear interpolation.
    2. `time_masks` times: t frames from t₀ on, t from 0 to T = min(`longest_frames`, `longest_share`·τ), t₀ from 0 to
       τ − t; 3. `feature_masks` times: f features, f from 0 to `widest_features`; all whole and uniform.
    `value` overwrites them, unless given the features' mean. All channels are masked alike. Returns the new array and
    the `Masking`, whose `apply` repeats it. W is less where there are too few frames. Source: Park et al. 2019,
    SpecAugment, section 2; where the paper warps the image by splines this warps time alone.
    """
    count, bands = shape_of("spec_augment", features)
    sizes = {"warp_frames": warp_frames, "time_masks": time_masks, "longest_frames": longest_frames}
    for name, size in (sizes | {"feature_masks": feature_masks, "widest_features": widest_features}).items():
        if size < 0:
            raise ValueError(f"spec_augment: {name} {size}: expected a number from 0")
    if not 0 <= longest_share <= 1:
        raise ValueError(f"spec_augment: longest_share {longest_share}: expected a share from 0 to 1")
    rng = np.random.default_rng(rng)
    reach = min(warp_frames, (count - 1) // 2)
    warp = (0, 0)
    if reach > 1:
        warp = (int(rng.integers(reach, count - reach)), int(rng.integers(1 - reach, reach)))
    longest, widest = min(longest_frames, int(longest_share * count)), min(widest_features, bands)
    masking = Masking(
        warp,
        tuple(_span(rng, longest, count) for _ in range(time_masks)),
        tuple(_span(rng, widest, bands) for _ in range(feature_masks)),
        float(features.mean()) if value is None else float(value),
    )
    return masking.apply(features), masking


def _span(rng: np.random.Generator, most: int, size: int) -> tuple[int, int]:
    length = int(rng.integers(0, most + 1))
    start = int(rng.integers(0, size - length + 1))
    return start, start + length
