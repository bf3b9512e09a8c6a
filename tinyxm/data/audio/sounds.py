"""Sounds: decoding, one channel, another rate, silence cut off, the level, and windows of samples.

A sound is a floating-point array, (samples,) or (samples, channels), where full scale is from -1 to 1. How many samples
make a second, `rate_hz`, stands beside it. Sounds as their frequencies: `spectra.py`.
"""

from __future__ import annotations

import io
import math
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.ops import frames as cut

from .. import drawing
from ..sources import require
from ..step import step
from . import draw

Sound = NDArray[np.floating[Any]]

__all__ = [
    "decode",
    "frames",
    "level",
    "mono",
    "peak_dbfs",
    "resample",
    "rms_dbfs",
    "sounding",
    "trim_silence",
    "window_weights",
]

SUFFIXES = {"WAV": (".wav", ".wave", ".bwf"), "FLAC": (".flac",), "OGG": (".ogg", ".oga", ".opus")}
LARGEST = 2**28  # numbers in one decoded sound: 1 GiB of float32
BLOCK = 2**19  # numbers that are decoded at a time
CHANNELS = 32  # more than there are samples are taken for a transposed array
HIGHEST_HZ = 1_000_000  # no sound needs more, and a filter for resampling grows with the rate
UNKNOWN = 2**32 - 1  # the length in the header of a WAV file that was written to a pipe
EDGES = {"none": "", "zeros": "constant", "mirror": "reflect"}  # in NumPy's words
WINDOWS = {  # the cosines' weights a of Σ aₖ cos(2πkt/n), signs included
    "rectangular": (1.0,),
    "hann": (0.5, -0.5),
    "hamming": (0.54, -0.46),
    "blackman": (0.42, -0.5, 0.08),
}


@step(before=drawing.file, after=draw.decoded)
def decode(source: bytes | str | PathLike[str], *, longest_seconds: float = 3600.0) -> tuple[Sound, int]:
    """Decode a WAV, FLAC or OGG file, or its bytes, to (sound, rate_hz): float32 (samples, channels), and whole Hz.

    Whole numbers of b bits are divided by 2ᵇ⁻¹, so that full scale is from -1 to 1 (of 32 bits the upper 24 remain);
    floating point stays as it is. Raises ValueError, naming the file, where it is empty, truncated, corrupt, in another
    format or in another than its name says, has no samples, is longer than `longest_seconds` or 2²⁸ numbers (1 GiB), or
    claims over 1 MHz; FileNotFoundError where it's absent; MissingExtra without the package soundfile.
    """
    require("decode", "data", ["soundfile"])
    import soundfile  # optional, and it loads a library

    name = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    if not isinstance(source, bytes) and Path(source).stat().st_size > 8 * LARGEST:  # more than that in any subtype
        raise ValueError(f"decode: {name} is too long a sound: over {8 * LARGEST} bytes; cut it into parts")
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    kind = _kind(name, data)
    if not isinstance(source, bytes) and Path(source).suffix and Path(source).suffix.lower() not in SUFFIXES[kind]:
        raise ValueError(f"decode: {name} holds {kind}, which its name denies; rename it to …{SUFFIXES[kind][0]}")
    if fault := _cut_short(kind, data):
        raise ValueError(f"decode: {name} is truncated: {fault}; get the whole file")
    blocks: list[Sound] = []
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate_hz, channels, said = file.samplerate, file.channels, file.frames
            most = min(LARGEST // channels, int(longest_seconds * rate_hz))
            samples, block_samples = 0, max(1, BLOCK // channels)
            while samples <= most and len(block := file.read(block_samples, dtype="float32", always_2d=True)):
                samples += len(block)  # what is there counts, not what the header says: it may lie
                blocks.append(block)
    except soundfile.LibsndfileError as error:
        why = error.error_string.strip(" .") or f"libsndfile's error {error.code}"
        raise ValueError(f"decode: {name} is truncated or corrupt {kind}: {why}; get the whole file") from error
    if rate_hz > HIGHEST_HZ:
        raise ValueError(f"decode: {name} says {rate_hz} Hz; expected at most {HIGHEST_HZ}: its header is wrong")
    if samples > most:
        raise ValueError(
            f"decode: {name} is too long a sound: over {most / rate_hz:.6g} seconds of {rate_hz} Hz × {channels}; "
            "cut it into parts, or give longest_seconds"
        )
    if not samples:
        raise ValueError(f"decode: {name} has no samples")
    if kind != "WAV" and samples < said:
        raise ValueError(f"decode: {name} is truncated: {samples} of {said} samples are there; get the whole file")
    return np.concatenate(blocks), rate_hz


def _kind(name: str, data: bytes) -> str:
    """WAV, FLAC or OGG, by how the file begins."""
    if not data:
        raise ValueError(f"decode: {name} isn't a sound that can be read: it's empty")
    if data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE":
        return "WAV"
    for kind, begins in (("FLAC", b"fLaC"), ("OGG", b"OggS")):
        if data.startswith(begins):
            return kind
    raise ValueError(f"decode: {name} is neither WAV, FLAC nor OGG: it begins with {data[:8]!r}; convert it to WAV")


def _cut_short(kind: str, data: bytes) -> str:
    """What is missing at the end of a file, which libsndfile passes over in silence; "" where it's whole."""
    if kind == "OGG":
        page = data.rfind(b"OggS")
        segments = data[page + 27 : page + 27 + data[page + 26]] if page + 27 <= len(data) else b""
        whole = segments and page + 27 + len(segments) + sum(segments) <= len(data)
        return "" if whole and data[page + 5] & 4 else "its last page isn't the stream's end"
    if kind == "FLAC":
        return ""  # libsndfile tells
    at, wide = 12, 0
    order: Any = "big" if data.startswith(b"RIFX") else "little"
    while at + 8 <= len(data):
        chunk, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], order)
        if chunk == b"ds64":  # of RF64, for files over 4 GiB: EBU Tech 3306
            wide = int.from_bytes(data[at + 16 : at + 24], "little")
        if chunk == b"data":
            said = wide if size == UNKNOWN and wide else size
            there = len(data) - at - 8
            return "" if said <= there or said == UNKNOWN else f"{there} of {said} bytes of sound are there"
        at += 8 + size + size % 2
    return "the sound itself (the chunk 'data') is missing"


@step(before=drawing.waveform)
def mono(sound: Sound) -> Sound:
    """The mean over the channels: (samples, channels) or (samples,) → (samples,)."""
    checked("mono", sound)
    return sound if sound.ndim == 1 else sound.mean(axis=1)


@step(before=draw.samples, after=draw.resampled)
def resample(sound: Sound, *, rate_hz: int, to_hz: int) -> Sound:
    """The same sound at another rate: n samples → ⌈n·up / down⌉, where up / down = to_hz / rate_hz in lowest terms.

    With u the sound after up − 1 zeros have been put behind each sample, y[m] = Σ over t of h[t]·u[m·down − t]; h is a
    low-pass filter that passes what both rates can carry: a sinc of cutoff min(rate_hz, to_hz)/2 Hz (−6 dB there) and
    half-length 10·max(up, down), times a Kaiser window of β = 5. Before and after the sound there are zeros.
    Raises ValueError for rates that aren't whole numbers of Hz from 1. Source: Crochiere & Rabiner 1981,
    Interpolation and decimation of digital signals (polyphase filters); scipy.signal.resample_poly.
    """
    checked("resample", sound)
    for name, rate in (("rate_hz", rate_hz), ("to_hz", to_hz)):
        if not isinstance(rate, int | np.integer) or rate < 1:
            raise ValueError(f"resample: {name} {rate!r}: expected a whole number of Hz from 1")
    if rate_hz == to_hz:
        return sound
    from scipy.signal import resample_poly  # importing it takes longer than all of tinyxm.data

    shared = math.gcd(int(rate_hz), int(to_hz))
    return resample_poly(sound, to_hz // shared, rate_hz // shared, axis=0).astype(sound.dtype, copy=False)


def sounding(
    sound: Sound, *, rate_hz: float, threshold_db: float = 40.0, frame_seconds: float = 0.032
) -> tuple[int, int]:
    """From which sample to which (exclusive) a sound sounds: where `trim_silence` cuts it, as (start, stop)."""
    checked("trim_silence", sound)
    if not rate_hz > 0 or not frame_seconds > 0 or not threshold_db > 0:
        raise ValueError(
            f"trim_silence: rate_hz {rate_hz}, frame_seconds {frame_seconds}, threshold_db {threshold_db}; "
            "expected numbers above 0"
        )
    length = max(1, round(frame_seconds * rate_hz))
    hop = max(1, length // 4)
    windows = frames(sound, frame_samples=length, hop_samples=hop, edges="zeros")
    power = np.square(windows, dtype=np.float64).mean(axis=1)
    loudest = power.max()
    if not loudest:
        raise ValueError("trim_silence: the sound is silent throughout: every sample is 0; leave it out")
    loud = np.flatnonzero((power > loudest * 10 ** (-threshold_db / 10)).reshape(len(power), -1).any(axis=1))
    return int(loud[0]) * hop, min(len(sound), (int(loud[-1]) + 1) * hop)


@step(before=drawing.waveform)
def trim_silence(sound: Sound, *, rate_hz: float, threshold_db: float = 40.0, frame_seconds: float = 0.032) -> Sound:
    """Cut off the quiet beginning and end: (samples[, channels]) → the part from the first to the last loud frame.

    Frames of `frame_seconds` stand at every quarter of their length, their middles on these samples, zeros beyond the
    ends. One is loud where the root of its mean square, in any channel, is less than `threshold_db` below that of the
    loudest. Quiet within the sound stays. Raises ValueError for a sound of zeros. Source: librosa.effects.trim, whose
    definition this is, but for the floor that librosa has at −100 dBFS.
    """
    start, stop = sounding(sound, rate_hz=rate_hz, threshold_db=threshold_db, frame_seconds=frame_seconds)
    return sound[start:stop]


def peak_dbfs(sound: Sound) -> float:
    """20·log₁₀ max |x|: 0 is full scale (1), and silence is −inf."""
    return _dbfs(float(np.abs(checked("peak_dbfs", sound)).max()))


def rms_dbfs(sound: Sound) -> float:
    """20·log₁₀ √(mean of x²): over all samples and channels. A sine at full scale has −3.01 dB (AES17 would say 0)."""
    return _dbfs(math.sqrt(float(np.square(checked("rms_dbfs", sound), dtype=np.float64).mean())))


def _dbfs(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude else -math.inf


MEASURES = {"rms": rms_dbfs, "peak": peak_dbfs}


@step(before=draw.loudness)
def level(sound: Sound, *, to_dbfs: float = -20.0, measure: str = "rms") -> Sound:
    """Multiply a sound by one factor, so that its level is `to_dbfs`: y = x·10^((to_dbfs − measured) / 20).

    `measure` is "rms" or "peak"; all channels count together and get the same factor. By "rms" a sound of high peaks
    can pass full scale (1): `peak_dbfs` tells, and nothing is clipped here. Raises ValueError for a sound of zeros.
    """
    if measure not in MEASURES:
        raise ValueError(f"level: measure {measure!r}: expected one of {', '.join(MEASURES)}")
    checked("level", sound)
    measured = MEASURES[measure](sound)
    if measured == -math.inf:
        raise ValueError("level: the sound is silent throughout: every sample is 0; leave it out")
    return sound * sound.dtype.type(10 ** ((to_dbfs - measured) / 20))


def window_weights(window: str, samples: int) -> NDArray[np.float64]:
    """w[t] = Σ over k of aₖ·cos(2πkt/n), t from 0 to n − 1: weights that fade a frame of n samples in and out

    | name | a₀, a₁, a₂ |
    | --- | --- |
    | rectangular | 1 |
    | hann | 0.5, −0.5 |
    | hamming | 0.54, −0.46 |
    | blackman | 0.42, −0.5, 0.08 |

    Periodic (w[n] would be w[0]), as frames that overlap need. Raises ValueError for another name.
    Source: Harris 1978, On the use of windows for harmonic analysis with the discrete Fourier transform.
    """
    if window not in WINDOWS:
        raise ValueError(f"window_weights: {window!r}: expected one of {', '.join(WINDOWS)}")
    whole("window_weights", samples=samples)
    if samples == 1:
        return np.ones(1)  # the formula's 0 would leave nothing
    t = 2 * np.pi * np.arange(samples) / samples
    return sum((a * np.cos(k * t) for k, a in enumerate(WINDOWS[window])), np.zeros(samples))


@step(before=drawing.waveform, after=draw.frames)
def frames(
    sound: Sound, *, frame_samples: int = 512, hop_samples: int = 128, window: str = "rectangular", edges: str = "none"
) -> Sound:
    """y[i, t] = w[t]·x[i·hop + t]: (samples[, channels]) → (frames, frame_samples[, channels])

    `edges`: "none": frame i begins at sample i·hop, and there are ⌊(samples − frame_samples) / hop⌋ + 1 of them;
    "zeros" or "mirror": its middle lies there, as the sound is lengthened on both sides by ⌊frame_samples / 2⌋ zeros,
    or by its own mirror image. `window` names the weights w (`window_weights`). Under "rectangular" y is a view, not to
    be written to. Raises ValueError where the sound is too short.
    """
    whole("frames", frame_samples=frame_samples, hop_samples=hop_samples)
    padded = lengthened("frames", checked("frames", sound), frame_samples, edges)
    y = np.moveaxis(cut(np.moveaxis(padded, 0, -1), frame_samples, hop_samples), (-2, -1), (0, 1))
    if window == "rectangular":
        return y
    weights = window_weights(window, frame_samples).astype(y.dtype)
    return y * weights.reshape(-1, *[1] * (y.ndim - 2))


def edge_samples(frame_samples: int, edges: str) -> int:
    """How many samples are put before and behind a sound, so that frames stand with their middles on its samples."""
    return 0 if edges == "none" else frame_samples // 2


def lengthened(operation: str, sound: Sound, frame_samples: int, edges: str) -> Sound:
    """The sound with its edges. Raises ValueError, in the operation's name, where it's too short for a single frame."""
    if edges not in EDGES:
        raise ValueError(f"{operation}: edges {edges!r}: expected one of {', '.join(EDGES)}")
    half = edge_samples(frame_samples, edges)
    least = {"none": frame_samples, "zeros": 1, "mirror": half + 1}[edges]
    if len(sound) < least:
        raise ValueError(
            f"{operation}: {len(sound)} samples are too few for frames of {frame_samples} with edges {edges!r}, which "
            f"need {least}; take shorter frames or edges 'zeros'"
        )
    if not half:
        return sound
    return np.pad(sound, [(half, half)] + [(0, 0)] * (sound.ndim - 1), mode=EDGES[edges])  # type: ignore[call-overload]


def checked(operation: str, sound: Any) -> Sound:
    """The sound, if it is one. Raises, in the operation's name, TypeError for what isn't float32 or float64, ValueError
    for other shapes, for no samples, and for NaN or infinity."""
    if not isinstance(sound, np.ndarray) or sound.dtype not in (np.float32, np.float64):
        given = getattr(sound, "dtype", type(sound).__name__)
        raise TypeError(f"{operation}: {given}; expected a float32 or float64 array (of 16-bit samples: x / 32768)")
    if sound.ndim not in (1, 2) or not sound.size:
        raise ValueError(f"{operation}: a sound {sound.shape}; expected (samples,) or (samples, channels)")
    if sound.ndim == 2 and sound.shape[1] > max(len(sound), CHANNELS):
        raise ValueError(
            f"{operation}: a sound {sound.shape} would be {sound.shape[0]} samples of {sound.shape[1]} channels; "
            "channels come last, so transpose it, and take one sound at a time"
        )
    if bad := int(sound.size - np.isfinite(sound).sum()):
        raise ValueError(f"{operation}: {bad} of {sound.size} numbers aren't finite; repair or leave out the sound")
    return sound


def whole(operation: str, **sizes: int) -> None:
    """Raise ValueError where a number of samples isn't whole and from 1."""
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{operation}: {name} {size!r}: expected a whole number from 1")
