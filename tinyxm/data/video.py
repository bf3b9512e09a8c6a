"""Video: frames and their times, from a moving picture, a folder of pictures or a container; compared, written.

Frames are (n, height, width, channels), uint8 or 0..1; `seconds` (n + 1,) tells when each begins to be shown, and when
the last one ends: frame k is seen from seconds[k] to seconds[k + 1].
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from . import drawing
from .image import as_unit, decode, in_one_line, read_bytes, resize
from .moving import MOST_FRAMES, MOVING, Frame, moving_frames, within
from .sources import MissingExtra, beside
from .step import step

MOST_PICTURE_BYTES = 2**28  # of a moving picture's file
FASTEST_GIF_HZ = 50  # browsers show what is shorter than 0.02 s for 0.1 s
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
# Known by their first bytes. Playlists aren't among them: they could name any file or address
CONTAINERS = {"mov": (4, b"ftyp"), "matroska": (0, b"\x1aE\xdf\xa3"), "avi": (8, b"AVI "), "ogg": (0, b"OggS")}


class Video(NamedTuple):
    """`frames` (n, height, width, channels) and `seconds` (n + 1,): each frame's beginning, and the last one's end."""

    frames: NDArray[Any]
    seconds: NDArray[np.float64]


def read_video(
    source: str | PathLike[str],
    *,
    rate_hz: float | None = None,
    sample_hz: float | None = None,
    size: int | tuple[int, int] | None = None,
    most_frames: int = MOST_FRAMES,
) -> Video:
    """The frames of a moving picture, a folder of pictures, or a container (MP4, MOV, WebM, MKV, AVI, Ogg), as uint8.

    A GIF, APNG or WebP gives RGBA, each frame as it is seen: laid over those before, which are disposed of as the file
    says; delays up to 0.01 s count as 0.1 s, as in browsers. A folder gives RGBA in natural order (frame 2 before frame
    10), at `rate_hz` frames a second. A container gives RGB, turned upright, and needs PyAV or imageio-ffmpeg.
    With `sample_hz` only the frames seen at 0, 1/sample_hz, 2/sample_hz ... seconds are kept, and with `size` they're
    resized (aspect kept, padded), one at a time: so a long video needn't fit into memory.
    Raises ValueError for a file that is empty, truncated or none of these, for pictures of different sizes, for more
    than `most_frames` frames or more than 1 GiB of them, before they're decoded where the file tells; MissingExtra
    without a decoder.
    """
    path = Path(source)
    if sample_hz is not None and not sample_hz > 0:
        raise ValueError(f"read_video: sample_hz {sample_hz}; expected a positive number of frames a second")
    if path.is_dir():
        if rate_hz is None or not rate_hz > 0:
            raise ValueError(f"read_video: {path} is a folder of pictures: say how many a second, rate_hz=12")
        frames = _folder(path, rate_hz, most_frames)
    elif rate_hz is not None:
        raise ValueError(f"read_video: {path} has times of its own; rate_hz is for folders (sample_hz samples a video)")
    else:
        # of a video that is sampled, more may be looked at than are kept
        frames = _file(path, most_frames * (1 if sample_hz is None else 100), sample_hz is None and size is None)
    return _collected(path, frames, sample_hz, size, most_frames)


def _collected(
    path: Path, frames: Iterator[Frame], sample_hz: float | None, size: int | tuple[int, int] | None, most_frames: int
) -> Video:
    """Each frame, or those seen at the ticks of a rate (every tick, so that a long frame is there several times)."""
    kept: list[NDArray[np.uint8]] = []
    times: list[float] = []
    end = 0.0
    for frame, begin, end in frames:
        ticks = 1 if sample_hz is None else math.ceil(end * sample_hz - 1e-6) - len(kept)
        if ticks <= 0:
            continue
        if size is not None:
            frame = resize(frame, size, fit="pad")
        if kept and frame.shape != kept[0].shape:
            raise ValueError(f"read_video: {path} changes its size from {kept[0].shape} to {frame.shape}; give a size")
        within(path, len(kept) + ticks, frame.nbytes, most_frames)
        times += [begin] if sample_hz is None else [(len(kept) + k) / sample_hz for k in range(ticks)]
        kept += [frame] * ticks
    if not kept:
        raise ValueError(f"read_video: {path} has no frame")
    return Video(np.stack(kept), np.maximum.accumulate(np.array([*times, end])))


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A key for sorting in which numbers count as numbers: "frame 2" before "frame 10"."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts]


def _folder(path: Path, rate_hz: float, most_frames: int) -> Iterator[Frame]:
    found = [file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]
    if len(found) > most_frames:
        within(path, len(found), 0, most_frames)
    if not found:
        raise ValueError(f"read_video: {path} has no picture ({', '.join(sorted(SUFFIXES))})")
    for k, file in enumerate(sorted(found, key=lambda file: natural_order(file.name))):
        yield decode(file), k / rate_hz, (k + 1) / rate_hz


def _file(path: Path, most_frames: int, whole: bool) -> Iterator[Frame]:
    if not path.is_file():
        read_bytes("read_video", path, 0)  # which says what is there instead
    with path.open("rb") as file:
        head = file.read(16)
    if MOVING.match(head):
        yield from moving_frames(path, read_bytes("read_video", path, MOST_PICTURE_BYTES), most_frames, whole)
        return
    kind = next((name for name, (at, mark) in CONTAINERS.items() if head[at : at + len(mark)] == mark), None)
    if kind is None:
        what = f"begins with {head!r}" if head else "is empty"
        raise ValueError(
            f"read_video: {path} {what}; expected a GIF, APNG, WebP, MP4, MOV, WebM, MKV, AVI or Ogg, or a folder"
        )
    try:
        yield from _container(path, kind)
    except (MissingExtra, MemoryError):
        raise
    except Exception as error:  # FFmpeg's own errors, and whatever its bindings make of them
        raise ValueError(f"read_video: {path} isn't a video that can be read: {in_one_line(error)}") from error


def _container(path: Path, kind: str) -> Iterator[Frame]:
    try:
        import av
    except ImportError:
        yield from _by_imageio(path, kind)
        return
    # FFmpeg is told the format and given the open file: it has no need to guess, nor to open anything else
    with path.open("rb") as file, av.open(file, "r", kind, {"protocol_whitelist": "none"}) as container:
        if not container.streams.video:
            raise ValueError("it has no pictures, only sound")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        codec = stream.codec_context
        if codec.width * codec.height > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise ValueError(f"it has {codec.width} × {codec.height} pixels; make it smaller")
        usual = float(1 / stream.average_rate) if stream.average_rate else 1 / 25
        held: tuple[NDArray[np.uint8], float] | None = None
        first, count = None, 0
        for count, frame in enumerate(container.decode(stream), 1):  # noqa: B007
            first = frame.time if first is None else first
            begin = float((frame.time or 0) - (first or 0))
            if held is not None:
                yield *held, begin
            held = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)), begin
        if held is not None:
            yield *held, held[1] + usual
        if count < stream.frames:
            warnings.warn(f"read_video: {path} announces {stream.frames} frames, and has {count}", stacklevel=2)


def _by_imageio(path: Path, kind: str) -> Iterator[Frame]:
    """By imageio-ffmpeg, which tells one rate for all frames."""
    try:
        from imageio_ffmpeg import read_frames
    except ImportError:
        raise MissingExtra(f'read_video: {path} needs a decoder; run: pip install "tinyxm[video]" (PyAV)') from None
    frames = read_frames(str(path.resolve()), input_params=["-f", kind, "-protocol_whitelist", "file"])
    about = next(frames)
    (width, height), rate = about["size"], about["fps"]
    try:
        for k, data in enumerate(frames):
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3), k / rate, (k + 1) / rate
    finally:
        frames.close()


def draw_video(axes: Any, video: Any, settings: Mapping[str, Any]) -> None:
    """The frames of a Video in a row, and how long it lasts."""
    drawing.pictures(axes, video.frames, settings)
    axes.set_xlabel(f"{axes.get_xlabel()}; {video.seconds[-1] - video.seconds[0]:.3g} seconds")


def _draw_differences(axes: Any, values: Any, settings: Mapping[str, Any]) -> None:
    drawing.pictures(axes, np.clip(0.5 + values[..., :3] / 2, 0, 1), settings)
    axes.set_xlabel(f"{len(values)} differences; gray is 0")


@step(before=drawing.pictures, after=draw_video)
def sample_frames(
    frames: NDArray[Any], seconds: ArrayLike, *, rate_hz: float | None = None, count: int | None = None
) -> Video:
    """The frames seen at an even rate, or `count` of them, evenly spaced; none is made up between two.

    With the beginning t₀ and the end t₁: at t₀ + k/rate_hz, as long as that is before t₁; or at the middles of `count`
    equal parts, t₀ + (k + ½)·(t₁ − t₀)/count. Each is shown until the next.
    """
    times = _times("sample_frames", frames, seconds)
    begin, end = float(times[0]), float(times[-1])
    if (rate_hz is None) == (count is None):
        raise ValueError(f"sample_frames: rate_hz {rate_hz}, count {count}; expected one of the two")
    if rate_hz is not None:
        if not 0 < rate_hz * (end - begin) <= 1e7:
            raise ValueError(
                f"sample_frames: {rate_hz} Hz for {end - begin:g} seconds; expected 1 to 10 million frames"
            )
        n = max(math.ceil((end - begin) * rate_hz - 1e-6), 1)
        shown = begin + np.arange(n + 1) / rate_hz
        ticks = shown[:-1]
    else:
        n = count or 0
        if n < 1:
            raise ValueError(f"sample_frames: count {count}; expected at least 1")
        shown = np.linspace(begin, end, n + 1)
        ticks = shown[:-1] + (end - begin) / n / 2
    at = np.searchsorted(times, ticks + 1e-9 * max(end - begin, 1), side="right") - 1
    return Video(frames[np.clip(at, 0, len(frames) - 1)], shown)


@step(before=drawing.pictures, after=_draw_differences)
def frame_differences(frames: NDArray[Any]) -> NDArray[np.float32]:
    """What changes from each frame to the next, x[k + 1] − x[k], in −1..1: (n, ...) → (n − 1, ...), float32."""
    if not isinstance(frames, np.ndarray) or frames.ndim < 3 or len(frames) < 2:
        given = getattr(frames, "shape", type(frames).__name__)
        raise ValueError(f"frame_differences: {given}; expected at least two frames, (n, height, width, channels)")
    return np.diff(as_unit(frames), axis=0)


def write_gif(path: str | PathLike[str], frames: NDArray[Any], seconds: ArrayLike) -> None:
    """Write frames (n, height, width, 1, 3 or 4) as a GIF that repeats for ever, to look at.

    GIF has 256 colours a frame, alpha that is 0 or 1, and times in hundredths of a second: each frame's beginning is
    rounded, so that the errors don't add up. Equal frames in a row become one. Written beside and renamed.
    Raises ValueError for frames shorter than 0.02 s, which browsers would show for 0.1 s.
    """
    times = _times("write_gif", frames, seconds)
    if frames.shape[-1] not in (1, 3, 4):
        raise ValueError(f"write_gif: {frames.shape}; expected 1 channel (gray), 3 (RGB) or 4 (RGBA)")
    hundredths = np.diff(np.round((times - times[0]) * 100).astype(int))
    if hundredths.min() < 100 // FASTEST_GIF_HZ:
        raise ValueError(
            f"write_gif: a frame of {np.diff(times).min():.3g} seconds; expected at least 0.02 (sample_frames at 25 Hz)"
        )
    values = frames if frames.dtype == np.uint8 else (np.clip(frames, 0, 1) * 255).round().astype(np.uint8)
    pictures = [Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame) for frame in values]
    settings: dict[str, Any] = {"disposal": 2} if frames.shape[-1] == 4 else {}
    with beside(Path(path)) as part:
        pictures[0].save(
            part,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=[int(10 * delay) for delay in hundredths],
            loop=0,
            **settings,
        )


def _times(operation: str, frames: NDArray[Any], seconds: ArrayLike) -> NDArray[np.float64]:
    if not isinstance(frames, np.ndarray) or frames.ndim != 4 or 0 in frames.shape:
        given = getattr(frames, "shape", type(frames).__name__)
        raise ValueError(f"{operation}: {given}; expected frames (n, height, width, channels)")
    times = np.asarray(seconds, np.float64)
    if times.shape != (len(frames) + 1,) or not np.isfinite(times).all() or any(b < a for a, b in pairwise(times)):
        raise ValueError(
            f"{operation}: seconds {times.shape} for {len(frames)} frames; expected {len(frames) + 1} growing times: "
            "when each frame begins, and the end (numpy.arange(n + 1) / rate_hz)"
        )
    return times
