"""Images: decoding, framing, normalising, and two fixed views of their edges.

A picture is an array (height, width[, channels]), channels last: uint8 counts as 0..255, floating point as 0..1.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from . import drawing
from .step import step

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]

# Pillow knows more formats, but hands some of them (EPS) to programs outside: nothing in a file shall run anything
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
MOST_BYTES = 2**28  # of a picture's file
WARNINGS = Lock()  # their filters belong to all threads
LARGEST_SIDE = 2**15  # of a picture that is resized, in pixels
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@step(before=drawing.file, after=drawing.picture)
def decode(source: bytes | str | PathLike[str]) -> Bytes:
    """Decode a picture from a file or from its bytes to uint8 RGBA, shape (height, width, 4).

    PNG, JPEG, GIF (its first frame), BMP, WebP, TIFF and PPM, known by their content, whatever the name ends in. It's
    turned as its EXIF orientation says; palettes, CMYK and Lab become RGB, and colours of an ICC profile sRGB's (one
    that is corrupt, or of another kind of picture, counts as none); of 16-bit values the upper byte counts; floating
    point is read as 0..1.
    Raises ValueError naming the file where it is empty, truncated, corrupt, no picture or too large (Pillow's
    `Image.MAX_IMAGE_PIXELS`, 89 million, is the limit); FileNotFoundError where it's absent.
    """
    name = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_bytes("decode", Path(source), MOST_BYTES)
    if not data:
        raise ValueError(f"decode: {name} isn't a picture that can be read: it's empty")
    with guarded("decode", name, FORMATS, data), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        picture.load()
        return _rgba(ImageOps.exif_transpose(picture))


@contextmanager
def guarded(operation: str, name: str, formats: tuple[str, ...], data: bytes) -> Iterator[None]:
    """While a picture is read by Pillow: whatever is wrong with it becomes a ValueError that names it."""
    try:
        with WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of metadata, which isn't used but for the orientation
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        what = str(error).partition(",")[0]  # "Image size (… pixels) exceeds limit of … pixels"
        raise ValueError(f"{operation}: {name} is too large a picture: {what}; make it smaller") from error
    except UnidentifiedImageError as error:
        svg = b"<svg" in data[:4096]
        known = "it's an SVG drawing; save it as PNG" if svg else "it's no picture format that is read here"
        raise ValueError(
            f"{operation}: {name} isn't a picture that can be read: {known} ({', '.join(formats)} are)"
        ) from error
    except Exception as error:  # wrong bytes fail in as many ways as there are parsers
        raise ValueError(f"{operation}: {name} isn't a picture that can be read: {in_one_line(error)}") from error


def in_one_line(error: Exception) -> str:
    """What an error says, but for further lines (FFmpeg's are its whole configuration)."""
    return str(error).strip().partition("\n")[0] or repr(error)


def read_bytes(operation: str, path: Path, most: int) -> bytes:
    """A file's bytes. Raises ValueError for a folder or device, and for more than `most` bytes, before reading any."""
    if path.exists() and not path.is_file():
        raise ValueError(f"{operation}: {path} is {'a folder' if path.is_dir() else 'a device'}; expected a file")
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"{operation}: {path} has {size:,} bytes; expected at most {most:,}")
    return path.read_bytes()


def _rgba(picture: Image.Image) -> Bytes:
    if picture.mode == "F":
        values = np.asarray(picture)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN fails this, too
            raise ValueError(f"floating point from {values.min():g} to {values.max():g}, where 0..1 was expected")
        picture = Image.fromarray((values * 255).round().astype(np.uint8))
    elif picture.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
        values, clear = np.asarray(picture), picture.info.get("transparency")
        upper = (values // 256).clip(0, 255).astype(np.uint8)
        alpha = np.full_like(upper, 255) if clear is None else np.where(values == clear, np.uint8(0), np.uint8(255))
        return np.stack([upper, upper, upper, alpha], axis=-1)
    elif picture.info.get("icc_profile"):
        picture = _in_srgb(picture)
    if picture.mode == "LAB":  # straight to RGBA its alpha would be 0
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("RGBA"))


def _in_srgb(picture: Image.Image) -> Image.Image:
    """A picture whose profile says which colours its numbers mean, in the numbers that mean these in sRGB."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return picture
        plain = {"LA": "L", "P": "RGB", "PA": "RGB", "RGBA": "RGB"}.get(picture.mode, picture.mode)
        srgb = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(picture.convert(plain), profile, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture
    assert shown is not None  # it's None in place alone
    if picture.has_transparency_data:
        shown.putalpha(picture.convert("RGBA").getchannel("A"))
    return shown


@step(before=drawing.picture)
def composite(rgba: NDArray[Any], background: float | Sequence[float] = 1.0) -> Float:
    """Lay a picture over a plain background: colour·alpha + background·(1 − alpha), in [0, 1], shape (..., 3).

    `rgba`: (..., 4), colour not premultiplied; `background`: a gray value or RGB, in [0, 1].
    Source: Porter & Duff 1984, Compositing Digital Images: the operator "over".
    """
    coloured = premultiplied(rgba)
    plain = np.asarray(background, np.float32)
    if plain.shape not in ((), (3,)):
        raise ValueError(f"composite: background {background!r}; expected one number or three, in 0..1")
    return coloured[..., :3] + plain * (1 - coloured[..., 3:])


def premultiplied(rgba: NDArray[Any]) -> Float:
    """(..., 4) with colour·alpha in place of colour, as float32 in [0, 1]: the form in which interpolation is right."""
    _last_axis("premultiplied", rgba, 4)
    unit = as_unit(rgba)
    unit[..., :3] *= unit[..., 3:]
    return unit


def as_unit(values: NDArray[Any]) -> Float:
    """A copy in float32: uint8 / 255, floating point as it is."""
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values.astype(np.float32)


@step(before=drawing.picture)
def crop(image: NDArray[Any], top: int, left: int, height: int, width: int) -> NDArray[Any]:
    """The pixels of a box, (..., height, width[, channels]): a view, no copy.

    Raises ValueError for a box that is empty or reaches beyond the picture.
    """
    rows, columns, _ = _sizes("crop", image)
    if min(top, left) < 0 or min(height, width) < 1 or top + height > rows or left + width > columns:
        raise ValueError(
            f"crop: rows {top} to {top + height} and columns {left} to {left + width} of a picture of {rows} × "
            f"{columns} pixels; expected a box within it"
        )
    box = (slice(top, top + height), slice(left, left + width))
    return image[box] if image.ndim == 2 else image[(..., *box, slice(None))]


@step(before=drawing.picture)
def crop_centre(image: NDArray[Any], size: int | tuple[int, int]) -> NDArray[Any]:
    """The middle of a picture, `size` a side or (height, width); of an odd rest the smaller half is above and left."""
    rows, columns, _ = _sizes("crop_centre", image)
    height, width = _pair("crop_centre", size)
    if height > rows or width > columns:
        raise ValueError(
            f"crop_centre: {height} × {width} of a picture of {rows} × {columns} pixels; resize it, or ask for less"
        )
    return crop(image, (rows - height) // 2, (columns - width) // 2, height, width)


@step(before=drawing.picture)
def crop_content(
    image: NDArray[Any], background: float | Sequence[float] | None = None, tolerance: float = 0.0, margin: int = 0
) -> NDArray[Any]:
    """Crop to what is drawn, and `margin` pixels around it as far as there are any: a view, no copy.

    Drawn is what has alpha above `tolerance`, or, in a picture without alpha, differs from `background` in any channel
    by more. Both are in the picture's own values; without a background it's the commonest colour of the border.
    Raises ValueError for a picture without any content.
    """
    rows, columns, channels = _sizes("crop_content", image)
    if image.ndim > 3:
        raise ValueError(f"crop_content: {image.shape}; expected one picture: boxes of several may differ")
    values = image.reshape(rows, columns, channels)
    if channels in (2, 4) and background is None:
        drawn = values[..., -1] > tolerance
    else:
        border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
        colours, counts = np.unique(border, axis=0, return_counts=True)
        plain = colours[counts.argmax()] if background is None else np.asarray(background)
        drawn = (np.abs(values.astype(np.float64) - plain) > tolerance).any(-1)
    top, left, height, width = _content_box("crop_content", drawn)
    top, left, below, right = top - margin, left - margin, top + height + margin, left + width + margin
    top, left, below, right = max(top, 0), max(left, 0), min(below, rows), min(right, columns)
    return crop(image, top, left, below - top, right - left)


@step(before=drawing.picture)
def content_square(rgba: Bytes, margin: float = 0.03) -> Bytes:
    """Crop to what is drawn (alpha above 0), centred in a transparent square with a margin in shares of its side.

    Raises ValueError for a picture without any content.
    """
    _last_axis("content_square", rgba, 4)
    box = _content_box("content_square", rgba[..., 3] > 0)
    content, (_, _, height, width) = crop(rgba, *box), box
    side = round(max(height, width) * (1 + 2 * margin))
    square = np.zeros((side, side, 4), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = content
    return square


@step(before=drawing.picture)
def resize(
    image: NDArray[Any],
    size: int | tuple[int, int],
    filter: str = "lanczos",
    fit: str = "stretch",
    background: float | Sequence[float] = 0,
) -> NDArray[Any]:
    """Resize pictures (..., height, width[, channels]), uint8 or float32, to `size` a side or (height, width).

    `filter` is "nearest", "box", "bilinear", "bicubic" or "lanczos". Where a picture gets smaller by a factor s, the
    filter gets wider by s: output y is Σₓ f((x − c)/s)·inputₓ / Σₓ f((x − c)/s), c = (y + ½)·s − ½, first across, then
    down; so nothing is passed over ("nearest" alone takes one pixel for each, and does).
    `fit`: "stretch" changes the aspect; "pad" keeps it, the whole picture centred on `background` (in its own values);
    "cover" keeps it, too, and cuts off what is beyond. uint8 colours are weighed by alpha, so that edges don't darken;
    floating-point RGBA must be premultiplied. Lanczos and bicubic overshoot at edges: clip floating point if need be.
    """
    rows, columns, channels = _sizes("resize", image)
    height, width = _pair("resize", size)
    if filter not in FILTERS:
        raise ValueError(f"resize: filter {filter!r}; expected one of {', '.join(FILTERS)}")
    if fit not in ("stretch", "pad", "cover"):
        raise ValueError(f"resize: fit {fit!r}; expected stretch, pad or cover")
    if max(height, width) > LARGEST_SIDE:
        raise ValueError(f"resize: {height} × {width} pixels; expected at most {LARGEST_SIDE} a side")
    inner, box = (height, width), (0.0, 0.0, float(columns), float(rows))
    if fit == "pad":
        scale = min(height / rows, width / columns)
        inner = (max(round(rows * scale), 1), max(round(columns * scale), 1))
    elif fit == "cover":
        scale = max(height / rows, width / columns)
        across, down = (columns - width / scale) / 2, (rows - height / scale) / 2
        box = (across, down, columns - across, rows - down)

    def resized(one: Image.Image) -> NDArray[Any]:
        return np.asarray(one.resize((inner[1], inner[0]), FILTERS[filter], box))

    flat = image.reshape(-1, rows, columns, channels)
    out = np.empty((len(flat), height, width, channels), image.dtype)
    if fit == "pad":
        out[...] = background
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    for one, into in zip(flat, out[:, top : top + inner[0], left : left + inner[1]], strict=True):
        if one.dtype == np.uint8 and channels in (2, 3, 4):
            into[...] = resized(Image.fromarray(one))
        else:  # a channel at a time, floating point in Pillow's mode F
            for channel in range(channels):
                into[..., channel] = resized(Image.fromarray(np.ascontiguousarray(one[..., channel])))
    return out[0, ..., 0] if image.ndim == 2 else out.reshape(*image.shape[:-3], height, width, channels)


def channel_statistics(images: NDArray[Any] | Iterable[NDArray[Any]]) -> tuple[Float, Float]:
    """Mean and standard deviation of each channel (the last axis), over all else: two arrays (channels,).

    `images`: one array, or many of any sizes, one after another, so that they needn't fit into memory together. Parts a
    and b are merged by  n = nₐ + n_b,  δ = m_b − mₐ,  m = mₐ + δ·n_b/n,  M = Mₐ + M_b + δ²·nₐn_b/n,  std = √(M/n).
    Fit them on training pictures alone: what the test set lends to them has leaked.
    Source: Chan, Golub & LeVeque 1979, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances.
    """
    parts = [images] if isinstance(images, np.ndarray) else images
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for part in parts:
        if not isinstance(part, np.ndarray) or part.ndim < 3 or 0 in part.shape:
            given = getattr(part, "shape", type(part).__name__)
            raise ValueError(f"channel_statistics: {given}; expected arrays (..., height, width, channels)")
        if count and part.shape[-1] != len(mean):
            raise ValueError(f"channel_statistics: {part.shape[-1]} channels after {len(mean)}; expected the same")
        flat = part.reshape(-1, part.shape[-1]).astype(np.float64) / (255 if part.dtype == np.uint8 else 1)
        own, n = flat.mean(0), count + len(flat)
        shift = own - mean
        squares = squares + np.square(flat - own).sum(0) + shift * shift * (count * len(flat) / n)
        mean, count = mean + shift * (len(flat) / n), n
    if not count:
        raise ValueError("channel_statistics: no pictures; expected at least one")
    return mean.astype(np.float32), np.sqrt(squares / count).astype(np.float32)


@step(before=drawing.picture, after=drawing.distribution)
def normalise_channels(images: NDArray[Any], mean: ArrayLike, std: ArrayLike) -> Float:
    """(x − mean) / std of each channel, float32 (..., channels); a channel that never varies (std 0) is only shifted.

    uint8 counts as 0..1. `mean` and `std`: (channels,), as from `channel_statistics`, or one number for all.
    """
    centre, spread = _moments("normalise_channels", images, mean, std)
    values = as_unit(images)
    values -= centre
    values /= spread
    return values


@step(before=drawing.distribution, after=drawing.picture)
def denormalise_channels(values: NDArray[Any], mean: ArrayLike, std: ArrayLike) -> Float:
    """The inverse of `normalise_channels`: x·std + mean, float32."""
    centre, spread = _moments("denormalise_channels", values, mean, std)
    return values.astype(np.float32) * spread + centre


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
    return as_unit(images) if images.dtype == np.uint8 else images.astype(np.float32, copy=False)


def _last_axis(operation: str, images: NDArray[Any], channels: int) -> None:
    if not isinstance(images, np.ndarray):
        raise TypeError(f"{operation}: expected an array, got a {type(images).__name__}")
    if images.ndim < 3 or images.shape[-1] != channels:
        kind = "RGB" if channels == 3 else "RGBA"
        raise ValueError(
            f"{operation}: {images.shape}; expected {kind}, channels last: (..., height, width, {channels})"
        )


def _sizes(operation: str, image: NDArray[Any]) -> tuple[int, int, int]:
    """Height, width and channels of (height, width) or (..., height, width, channels)."""
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{operation}: expected an array, got a {type(image).__name__}")
    if image.dtype not in (np.uint8, np.float32, np.float64):
        raise TypeError(f"{operation}: {image.dtype}; expected uint8 (0 to 255) or floating point (0 to 1)")
    if image.ndim < 2 or 0 in image.shape:
        raise ValueError(f"{operation}: {image.shape}; expected (height, width) or (..., height, width, channels)")
    height, width, channels = (*image.shape, 1) if image.ndim == 2 else image.shape[-3:]
    return height, width, channels


def _pair(operation: str, size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, (int, np.integer)) else size
    if min(height, width) < 1:
        raise ValueError(f"{operation}: size {size}; expected pixels, at least 1: a side, or (height, width)")
    return int(height), int(width)


def _content_box(operation: str, drawn: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """(top, left, height, width) of what is drawn."""
    rows, columns = (np.flatnonzero(drawn.any(axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError(f"{operation}: the picture {drawn.shape} is empty: no pixel differs from its background")
    return int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _moments(operation: str, images: NDArray[Any], mean: ArrayLike, std: ArrayLike) -> tuple[Float, Float]:
    centre, spread = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    for name, value in (("mean", centre), ("std", spread)):
        if value.shape not in ((), (1,), images.shape[-1:]):
            raise ValueError(
                f"{operation}: {name} {value.shape} for pictures {images.shape}; expected {images.shape[-1:]}"
            )
    if not (spread >= 0).all():
        raise ValueError(f"{operation}: std {spread.tolist()}; expected no negative number")
    return centre, np.where(spread == 0, np.float32(1), spread)
