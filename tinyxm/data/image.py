"""Images: decoding, framing, and two fixed views of their edges."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def decode(source: bytes | str | PathLike[str]) -> Bytes:
    """Decode a picture (PNG, JPEG ...) from a file or from its bytes to uint8 RGBA, shape (height, width, 4).

    It's turned as its EXIF orientation says; of 16-bit gray values the upper byte counts. Raises ValueError naming the
    file where it is empty, truncated, corrupt, no picture or too large; FileNotFoundError where it's absent.
    """
    name = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if not data:
        raise ValueError(f"decode: {name} isn't a picture that can be read: it's empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
            upright = Image.fromarray((np.asarray(upright) // 256).clip(0, 255).astype(np.uint8))
        return np.asarray(upright.convert("RGBA"))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        what = str(error).partition(",")[0]  # "Image size (… pixels) exceeds limit of … pixels"
        raise ValueError(f"decode: {name} is too large a picture: {what}; make it smaller") from error
    except UnidentifiedImageError as error:
        raise ValueError(
            f"decode: {name} isn't a picture that can be read: it's no picture format that Pillow knows"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow raises all four for corrupt files
        raise ValueError(f"decode: {name} isn't a picture that can be read: {error}") from error


def composite(rgba: NDArray[Any], background: float = 1.0) -> Float:
    """Lay a picture over a plain background: colour·alpha + background·(1 − alpha), in [0, 1], shape (..., 3).

    `rgba`: (..., 4), colour not premultiplied; uint8 counts as 0..255, floating point as 0..1.
    """
    coloured = premultiplied(rgba)
    return coloured[..., :3] + np.float32(background) * (1 - coloured[..., 3:])


def premultiplied(rgba: NDArray[Any]) -> Float:
    """(..., 4) with colour·alpha in place of colour, as float32 in [0, 1]: the form in which interpolation is right."""
    _last_axis("premultiplied", rgba, 4)
    unit = rgba.astype(np.float32) / np.float32(255) if rgba.dtype == np.uint8 else rgba.astype(np.float32)
    unit[..., :3] *= unit[..., 3:]
    return unit


def content_square(rgba: Bytes, margin: float = 0.03) -> Bytes:
    """Crop to what is drawn (alpha above 0), centred in a transparent square with a margin in shares of its side.

    Raises ValueError for a picture without any content.
    """
    _last_axis("content_square", rgba, 4)
    rows, columns = (np.flatnonzero(rgba[..., 3].any(axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError(f"content_square: the picture {rgba.shape} is empty: no pixel has alpha above 0")
    content = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = content.shape[:2]
    side = round(max(height, width) * (1 + 2 * margin))
    square = np.zeros((side, side, 4), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = content
    return square


def resize(rgba: Bytes, size: int) -> Bytes:
    """Resize to (size, size, 4) with the Lanczos filter; Pillow weighs colours by alpha, so that edges don't darken."""
    return np.asarray(Image.fromarray(rgba).resize((size, size), Image.Resampling.LANCZOS))


def oriented_gradients(images: NDArray[Any], colour: float = 0.5) -> Float:
    """Describe pictures by histograms of gradient directions and by colour: (n, 32, 32, 3) → (n, 704).

    On an 8 × 8 grid of cells: with g the gray value, ∂g by central differences, m = ‖∂g‖ and angle θ = atan2(∂y, ∂x)
    mod π, each pixel adds m to the two nearest of 8 directions, shared linearly. The 512 numbers get unit length, are
    clipped at 0.15, and get unit length again; the 192 cell means of RGB, less their mean, get length `colour`.
    Source: Dalal & Triggs 2005, Histograms of Oriented Gradients for Human Detection; clipping after Lowe 2004.
    """
    rgb = _pictures("oriented_gradients", images)
    gray = rgb.mean(-1)
    along_y, along_x = np.zeros_like(gray), np.zeros_like(gray)
    along_y[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    along_x[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    magnitude = np.hypot(along_x, along_y)
    position = np.arctan2(along_y, along_x) % np.float32(np.pi) * np.float32(8 / np.pi)
    distance = np.abs(position[..., None] - np.arange(8, dtype=np.float32))
    share = np.maximum(1 - np.minimum(distance, 8 - distance), 0)
    histogram = _cells(magnitude[..., None] * share)
    histogram = _unit(np.minimum(_unit(histogram), 0.15))
    colours = _cells(rgb)
    return np.hstack([histogram, np.float32(colour) * _unit(colours - colours.mean(1, keepdims=True))])


def edges(images: NDArray[Any], threshold: float = 0.7, floor: float = 0.05) -> Float:
    """A fixed front end: 8 channels of edge direction and 3 of colour, (n, 2h, 2w, 3) → (n, h, w, 11).

    With (gx, gy) the Sobel gradient / 4 of the gray value (0 on the border), q = ‖g‖, and doubled angles, so that light
    on dark equals dark on light: channel k, before a 2 × 2 mean, is
        relu(cos(2βₖ)·(gx² − gy²)/q + sin(2βₖ)·2·gx·gy/q − 0.7·q) / 0.3,   βₖ = k·π/8,
    then it's divided by the 5 × 5 mean of the sum of all channels, plus `floor`. Channels 8-10 are
    1 − 2·(2 × 2 mean of RGB).
    Source: oriented gradients of Dalal & Triggs 2005, with their local contrast normalisation.
    """
    rgb = _pictures("edges", images)
    if rgb.shape[1] % 2 or rgb.shape[2] % 2:
        raise ValueError(f"edges: pictures are {rgb.shape[1:3]} pixels; height and width must be even")
    out = np.empty((len(rgb), rgb.shape[1] // 2, rgb.shape[2] // 2, 11), np.float32)
    for part in _blocks(len(rgb)):
        _edges(rgb[part], out[part], threshold, floor)
    return out


def sobel(gray: Float) -> tuple[Float, Float]:
    """The Sobel gradient / 4 of (n, height, width), zero on the border: (along x, along y)."""
    along_x, along_y = np.zeros_like(gray), np.zeros_like(gray)
    across = gray[:, :, 2:] - gray[:, :, :-2]
    along_x[:, 1:-1, 1:-1] = (across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]) * np.float32(0.25)
    down = gray[:, 2:] - gray[:, :-2]
    along_y[:, 1:-1, 1:-1] = (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) * np.float32(0.25)
    return along_x, along_y


def _edges(rgb: Float, out: Float, threshold: float, floor: float) -> None:
    gray = (rgb[..., 0] + rgb[..., 1] + rgb[..., 2]) * np.float32(1 / 3)
    along_x, along_y = sobel(gray)
    squared_x, squared_y = along_x * along_x, along_y * along_y
    length = np.sqrt(squared_x + squared_y + np.float32(1e-8))
    cosine: Float = np.divide(squared_x - squared_y, length)
    sine: Float = np.divide(2 * along_x * along_y, length)
    length *= np.float32(threshold)
    scale = np.float32(0.25 / (1 - threshold))  # the 2 × 2 mean and the division by 0.3 in one
    half = np.float32(0.5**0.5)
    # βₖ and βₖ₊₄ are at right angles: their projections differ by sign alone, so four serve eight channels
    projections: list[Float] = [cosine, (cosine + sine) * half, sine, (sine - cosine) * half]
    total: Float = np.zeros(out.shape[:3], np.float32)
    for k, projection in enumerate(projections):
        for channel, response in ((k, projection - length), (k + 4, -projection - length)):
            np.maximum(response, 0, out=response)
            pooled = _pool(response)
            pooled *= scale
            total += pooled
            out[..., channel] = pooled
    out[..., :8] /= _box(total)[..., None] + np.float32(floor)
    for channel in range(3):
        out[..., 8 + channel] = 1 - _pool(rgb[..., channel]) * np.float32(0.5)


def _pool(x: Float) -> Float:
    """Sums over 2 × 2 blocks."""
    rows = x[:, ::2] + x[:, 1::2]
    return rows[:, :, ::2] + rows[:, :, 1::2]


def _box(x: Float) -> Float:
    """The mean over 5 × 5 neighbours, zeros outside."""
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    rows = np.add.reduce([padded[:, i : i + height] for i in range(5)])
    both: Float = np.add.reduce([rows[:, :, i : i + width] for i in range(5)])
    return both * np.float32(1 / 25)


def _cells(x: Float) -> Float:
    """Means over an 8 × 8 grid of cells, flattened: (n, h, w, c) → (n, 64·c)."""
    n, height, width, channels = x.shape
    if height % 8 or width % 8:
        raise ValueError(f"oriented_gradients: pictures are {(height, width)} pixels; both must be multiples of 8")
    return x.reshape(n, 8, height // 8, 8, width // 8, channels).mean((2, 4)).reshape(n, 64 * channels)


def _unit(x: Float) -> Float:
    return x / (np.linalg.norm(x, axis=1, keepdims=True) + np.float32(1e-6))


def _blocks(n: int, size: int = 32) -> Iterator[slice]:
    """Blocks of images whose intermediate arrays stay in the processor's cache."""
    return (slice(start, start + size) for start in range(0, n, size))


def _pictures(operation: str, images: NDArray[Any]) -> Float:
    _last_axis(operation, images, 3)
    if images.ndim != 4:
        raise ValueError(f"{operation}: images {images.shape}; expected (n, height, width, 3)")
    return (
        images.astype(np.float32) / np.float32(255)
        if images.dtype == np.uint8
        else images.astype(np.float32, copy=False)
    )


def _last_axis(operation: str, images: NDArray[Any], channels: int) -> None:
    if not isinstance(images, np.ndarray):
        raise TypeError(f"{operation}: expected an array, got a {type(images).__name__}")
    if images.ndim < 3 or images.shape[-1] != channels:
        kind = "RGB" if channels == 3 else "RGBA"
        raise ValueError(
            f"{operation}: {images.shape}; expected {kind}, channels last: (..., height, width, {channels})"
        )
