"""A film of one's own, of any size, rate and length, as the models are given theirs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Video, composite, resize, sample_frames
from tinyxm.recipes.watch import bouncing, writing


def as_writing(video: Video) -> NDArray[np.float32]:
    """(1, 12, 24, 24, 1): twelve moments, gray; what is written on light paper is turned to light on dark."""
    gray = _frames(video, writing.FRAMES, writing.PIXELS).mean(axis=-1, keepdims=True)
    return (1 - gray if _border(gray).mean() > 0.5 else gray)[None]


def as_balls(video: Video) -> NDArray[np.float32]:
    """(1, 12, 24, 24, 3): twelve moments, in colours, what is white as 0."""
    return 1 - _frames(video, bouncing.FRAMES, bouncing.PIXELS)[None]


def _frames(video: Video, count: int, side: int) -> NDArray[np.float32]:
    """The frames seen at the middles of `count` equal parts, (count, side, side, 3), made square with their border."""
    frames = sample_frames(video.frames, video.seconds, count=count).frames
    unit = frames.astype(np.float32) / np.float32(255) if frames.dtype == np.uint8 else frames.astype(np.float32)
    rgb = composite(unit) if unit.shape[-1] == 4 else np.broadcast_to(unit, (*unit.shape[:3], 3))
    ground = [float(value) for value in np.median(_border(rgb), axis=0)]
    return np.clip(resize(np.ascontiguousarray(rgb), side, fit="pad", background=ground), 0, 1)


def _border(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The pixels at the edges of all frames, (pixels, channels)."""
    channels = frames.shape[-1]
    edges = frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]
    return np.concatenate([edge.reshape(-1, channels) for edge in edges])
