"""Moving pictures, frame by frame as they are seen: GIF, animated PNG, animated WebP.

A frame of a GIF or PNG is a box that is laid over what those before it left. That's done here: Pillow takes what is
said of one frame of a GIF for the next one's, and forgets what a PNG's frame was to bring back. WebP's library does it.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .image import decode, guarded

MOST_FRAMES = 10_000
MOST_BYTES = 2**30  # of all frames that are kept
MOVING = re.compile(rb"GIF8|\x89PNG|RIFF....WEBP", re.DOTALL)  # how the files begin

Frame = tuple[NDArray[np.uint8], float, float]  # a picture, and when it begins and ends to be shown


def moving_frames(path: Path, data: bytes, most_frames: int, whole: bool) -> Iterator[Frame]:
    """Each frame, RGBA. With `whole`, too many are refused before one is decoded. Raises ValueError as `read_video`."""
    read = {b"GIF8": _gif, b"\x89PNG": _png}.get(data[:4], _webp)
    yield from read(path, data, most_frames, whole)


class GifFrame(NamedTuple):
    """One picture of a GIF: where it lies, how it's shown, and the places of its colours and codes in the file."""

    box: tuple[int, int, int, int]  # left, top, width, height
    delay_seconds: float
    disposal: int  # before the next one: 0 and 1 leave it, 2 clears its box, 3 brings back what was there before it
    transparent: int | None  # the index that shows what is beneath
    interlaced: bool
    colours: slice
    codes: slice


def gif_layout(name: str, data: bytes, most_frames: int = MOST_FRAMES) -> tuple[int, int, list[GifFrame]]:
    """A GIF's width, height and frames, read from its blocks without decoding a pixel.

    Raises ValueError where it ends before its end marker, holds none or more than `most_frames` frames, or a block that
    the format doesn't know. Source: GIF89a specification, sections 18 to 27.
    """

    def skip_blocks(at: int) -> int:
        while data[at]:
            at += 1 + data[at]
        return at + 1

    def colours(flags: int, at: int) -> slice:
        return slice(at, at + 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else at)

    frames: list[GifFrame] = []
    flags, delay, transparent = 0, 0, 0
    try:
        width, height = struct.unpack_from("<HH", data, 6)
        shared = colours(data[10], 13)
        at = shared.stop
        while data[at] != 0x3B:  # the trailer
            if data[at] == 0x21:  # an extension
                if data[at + 1] == 0xF9:  # graphic control, of the next frame
                    flags, delay, transparent = struct.unpack_from("<BHB", data, at + 3)
                at = skip_blocks(at + 2)
            elif data[at] == 0x2C:  # an image: its box, its colours, its codes
                box, kind = struct.unpack_from("<4H", data, at + 1), data[at + 9]
                own = colours(kind, at + 10)
                at = skip_blocks(own.stop + 1)
                seconds = _seen(delay / 100)
                clear, interlaced = transparent if flags & 1 else None, bool(kind & 0x40)
                table = own if own.stop > own.start else shared
                frames.append(GifFrame(box, seconds, flags >> 2 & 7, clear, interlaced, table, slice(own.stop, at)))
                flags, delay = 0, 0
                if len(frames) > most_frames:
                    raise ValueError(f"read_video: {name} has more than {most_frames:,} frames; raise most_frames")
            else:
                raise ValueError(
                    f"read_video: {name} is corrupt: no block of a GIF begins with byte {data[at]} (at {at})"
                )
    except (IndexError, struct.error):
        raise ValueError(f"read_video: {name} is truncated: it ends after {len(frames)} whole frames") from None
    if not (width and height and frames):
        raise ValueError(f"read_video: {name} is a GIF of {width} × {height} pixels and {len(frames)} frames")
    return width, height, frames


def _gif(path: Path, data: bytes, most_frames: int, whole: bool) -> Iterator[Frame]:
    """Each frame as it's seen, over what those before left. With `whole`, too many are refused undecoded."""
    width, height, frames = gif_layout(str(path), data, most_frames)
    if whole:
        within(path, len(frames), width * height * 4, most_frames)
    _not_too_large(path, width, height)
    canvas, begin = np.zeros((height, width, 4), np.uint8), 0.0
    for frame in frames:
        indices = _gif_indices(path, data, frame)
        colours = np.zeros((256, 4), np.uint8)
        table = np.frombuffer(data[frame.colours], np.uint8).reshape(-1, 3)
        colours[: len(table), :3] = table
        colours[:, 3] = 255
        left, top = frame.box[:2]
        area = canvas[top : top + indices.shape[0], left : left + indices.shape[1]]  # within the screen
        indices = indices[: area.shape[0], : area.shape[1]]
        before = area.copy() if frame.disposal == 3 else None
        drawn = slice(None) if frame.transparent is None else indices != frame.transparent
        area[drawn] = colours[indices[drawn]]
        end = begin + frame.delay_seconds
        yield canvas.copy(), begin, end
        begin = end
        if frame.disposal == 2:
            area[...] = 0
        elif before is not None:
            area[...] = before


def _gif_indices(path: Path, data: bytes, frame: GifFrame) -> NDArray[np.uint8]:
    """A frame's codes unpacked to indices, (height, width).

    Pillow does it, of a GIF of this frame alone whose colour k is the gray k. Left to lay frames over one another it
    would take disposal 0 for the frame before's.
    """
    grays = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
    size = struct.pack("<HH", *frame.box[2:])
    image = b"\x2c\0\0\0\0" + size + (b"\x40" if frame.interlaced else b"\0") + data[frame.codes]
    alone = b"GIF89a" + size + b"\xf7\0\0" + grays + image + b"\x3b"
    with (
        guarded("read_video", str(path), ("GIF",), data),
        Image.open(io.BytesIO(alone), formats=("GIF",)) as picture,
    ):
        return np.asarray(picture.convert("L"))


class PngFrame(NamedTuple):
    """One picture of an animated PNG: where it lies, how it's shown, and its packed rows."""

    box: tuple[int, int, int, int]  # width, height, left, top
    delay_seconds: float
    disposal: int  # before the next one: 0 leaves it, 1 clears its box, 2 brings back what was there before it
    over: bool  # laid over what is there by its alpha, or put in its place
    rows: list[bytes]


def png_layout(name: str, data: bytes, most_frames: int = MOST_FRAMES) -> tuple[bytes, bytes, list[PngFrame]]:
    """An animated PNG's header, the chunks that all its frames share (colours, profile), and its frames.

    Raises ValueError where it doesn't move, ends before its end mark, is corrupt, or has more than `most_frames`
    frames. Source: PNG specification, third edition, sections 5 and 11.3.6 (acTL, fcTL, fdAT).
    """
    header, shared, frames, at = b"", b"", list[PngFrame](), 8
    try:
        while True:
            length, kind = struct.unpack_from(">I4s", data, at)
            content, at = data[at + 8 : at + 8 + length], at + 12 + length
            if zlib.crc32(kind + content) != struct.unpack_from(">I", data, at - 4)[0]:
                raise ValueError(f"read_video: {name} is corrupt: the checksum of its part {kind!r} is wrong")
            if kind == b"IEND":
                break
            if kind == b"IHDR":
                header = content
            elif kind == b"fcTL":
                _, *box, delay, unit, disposal, blend = struct.unpack(">5I2H2B", content)
                frames.append(PngFrame((*box,), _seen(delay / (unit or 100)), disposal, blend == 1, []))
                if len(frames) > most_frames:
                    raise ValueError(f"read_video: {name} has more than {most_frames:,} frames; raise most_frames")
            elif kind in (b"PLTE", b"tRNS", b"iCCP"):
                shared += _chunk(kind, content)
            elif frames and kind in (b"IDAT", b"fdAT"):  # data before any fcTL is for who can't show motion
                frames[-1].rows.append(content[4 * (kind == b"fdAT") :])
    except struct.error:
        raise ValueError(f"read_video: {name} is truncated: it ends within frame {len(frames)}") from None
    if not frames:
        raise ValueError(f"read_video: {name} is a picture that doesn't move; decode reads it")
    if len(header) != 13:
        raise ValueError(f"read_video: {name} is corrupt: it has no header")
    return header, shared, frames


def _png(path: Path, data: bytes, most_frames: int, whole: bool) -> Iterator[Frame]:
    header, shared, frames = png_layout(str(path), data, most_frames)
    width, height = struct.unpack_from(">II", header)
    if whole:
        within(path, len(frames), width * height * 4, most_frames)
    _not_too_large(path, width, height)
    canvas, begin = np.zeros((height, width, 4), np.uint8), 0.0
    for k, frame in enumerate(frames):
        columns, rows, left, top = frame.box
        area = canvas[top : top + rows, left : left + columns]
        if area.shape[:2] != (rows, columns):
            raise ValueError(f"read_video: {path} is corrupt: frame {k} lies beyond the picture")
        own = struct.pack(">II", columns, rows) + header[8:]
        parts = _chunk(b"IHDR", own) + shared + _chunk(b"IDAT", b"".join(frame.rows)) + _chunk(b"IEND", b"")
        try:
            picture = decode(data[:8] + parts)
        except ValueError as error:
            raise ValueError(f"read_video: {path}: frame {k}: {error}") from error
        before = np.zeros_like(area) if frame.disposal == 1 or (frame.disposal == 2 and k == 0) else area.copy()
        area[...] = _over(picture, area) if frame.over else picture
        end = begin + frame.delay_seconds
        yield canvas.copy(), begin, end
        begin = end
        if frame.disposal:
            area[...] = before


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _over(top: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA over RGBA, not premultiplied: a = aₜ + aᵦ(1 − aₜ), c = (cₜ·aₜ + cᵦ·aᵦ(1 − aₜ)) / a. Porter & Duff 1984."""
    alpha = top[..., 3:] / np.float32(255)
    rest = below[..., 3:] / np.float32(255) * (1 - alpha)
    both = alpha + rest
    colour = (top[..., :3] * alpha + below[..., :3] * rest) / np.where(both > 0, both, 1)
    return np.rint(np.concatenate([colour, 255 * both], axis=-1)).astype(np.uint8)


def _webp(path: Path, data: bytes, most_frames: int, whole: bool) -> Iterator[Frame]:
    with guarded("read_video", str(path), ("WEBP",), data):
        picture = Image.open(io.BytesIO(data), formats=("WEBP",))
    with picture:
        count = getattr(picture, "n_frames", 1)
        if count == 1:
            raise ValueError(f"read_video: {path} is a picture that doesn't move; decode reads it")
        if whole or count > most_frames:
            within(path, count, picture.width * picture.height * 4, most_frames)
        begin = 0.0
        for k in range(count):
            with guarded("read_video", str(path), ("WEBP",), data):
                picture.seek(k)
                frame = np.asarray(picture.convert("RGBA"))
            end = begin + _seen(picture.info["duration"] / 1000)
            yield frame, begin, end
            begin = end


def _seen(delay_seconds: float) -> float:
    """How long a frame is seen: as in browsers a tenth of a second where it says a hundredth or less."""
    return delay_seconds if delay_seconds > 0.0101 else 0.1


def within(path: Path, frames: int, nbytes: int, most_frames: int) -> None:
    if frames > most_frames or frames * nbytes > MOST_BYTES:
        raise ValueError(
            f"read_video: {path} has {frames:,} frames of {nbytes:,} bytes, or more; expected at most {most_frames:,}, "
            f"and {MOST_BYTES:,} bytes in all: take fewer with sample_hz, or smaller ones with size"
        )


def _not_too_large(path: Path, width: int, height: int) -> None:
    if width * height > (Image.MAX_IMAGE_PIXELS or math.inf):
        raise ValueError(f"read_video: {path} has {width} × {height} pixels; expected at most {Image.MAX_IMAGE_PIXELS}")
