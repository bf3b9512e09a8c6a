"""Values as rules see them: an array as it is, a file decoded, of which the latest are kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from os import PathLike, stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import decode

BUDGET = 2**28  # bytes of decoded files that are kept
Sound = tuple[NDArray[Any], float | None]


class _Latest:
    """Decoded files, the latest ones up to a budget in bytes: several rules look at each."""

    def __init__(self, decode: Callable[[bytes | PathLike[str]], Any], size: Callable[[Any], int]) -> None:
        self.decode, self.size = decode, size
        self.kept: OrderedDict[object, Any] = OrderedDict()
        self.bytes = 0

    def __call__(self, value: bytes | PathLike[str]) -> Any:
        if isinstance(value, bytes):
            key: object = value
        else:
            there = stat(value)
            key = (str(value), there.st_mtime_ns, there.st_size)
        if key not in self.kept:
            decoded = self.decode(value)
            self.kept[key] = decoded
            self.bytes += self.size(decoded)
            while self.bytes > BUDGET and len(self.kept) > 1:
                self.bytes -= self.size(self.kept.popitem(last=False)[1])
        self.kept.move_to_end(key)
        return self.kept[key]


def _decode_sound(value: bytes | PathLike[str]) -> Sound:
    from ..audio import decode as decode_sound

    # by its bytes: what its name says of the format is another matter
    sound, rate_hz = decode_sound(value if isinstance(value, bytes) else Path(value).read_bytes())
    return sound, float(rate_hz)


_pictures = _Latest(decode, lambda picture: picture.nbytes)
_sounds = _Latest(_decode_sound, lambda sound: sound[0].nbytes)


def is_file(value: Any) -> bool:
    """Whether a value is a file: its bytes or its path (a `Path`; a plain string is a text)."""
    return isinstance(value, bytes | PathLike)


def array_of(value: Any) -> NDArray[Any] | None:
    """The numbers of an array, of a pair (sound, rate_hz), or of a sound's file; None for whatever else."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if is_file(value) and begins(value, 4) in (b"RIFF", b"fLaC", b"OggS"):
        return _sounds(value)[0]
    return value if isinstance(value, np.ndarray) else None


def begins(value: bytes | PathLike[str], count: int) -> bytes:
    """The first bytes of a file."""
    if isinstance(value, bytes):
        return value[:count]
    with open(value, "rb") as stream:
        return stream.read(count)


def picture_of(value: Any) -> NDArray[Any] | None:
    """A picture or frames, (..., height, width, channels): an array with three axes or more, or a file, decoded."""
    if is_file(value):
        return _pictures(value)
    return value if isinstance(value, np.ndarray) and value.ndim >= 3 else None


def sound_of(value: Any, rate_hz: float | None = None) -> Sound | None:
    """(sound, rate_hz), the sound (samples,) or (samples, channels) in full scale −1 to 1: an array, the pair itself,
    as `audio.decode` gives it, or a file, decoded. Whole numbers of b bits are divided by 2ᵇ⁻¹."""
    if is_file(value):
        return _sounds(value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], np.ndarray):
        value, rate_hz = value
    if not isinstance(value, np.ndarray) or value.ndim not in (1, 2) or not value.size:
        return None
    if value.dtype.kind == "i":
        value = value.astype(np.float32) / np.float32(2.0 ** (8 * value.dtype.itemsize - 1))
    return value, rate_hz


def mono_of(value: Any, rate_hz: float | None = None) -> tuple[NDArray[np.float64], float | None] | None:
    """The same, its channels' mean, in float64."""
    if (heard := sound_of(value, rate_hz)) is None:
        return None
    sound, rate = heard
    return (sound if sound.ndim == 1 else sound.mean(axis=1)).astype(np.float64), rate
