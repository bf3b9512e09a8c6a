"""Augmentation: small random changes to pictures, each with its probability and range as arguments.

Pictures are float32 (n, height, width, channels) in [0, 1]. Every function returns a new array, draws from the
generator or seed that it is given, and can record what it did (see `recorded`). Those from `warp` to `fill` are the
emoji recipe's, with its defaults: they take premultiplied RGBA, until `over` lays it on a background.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour import hsv_to_rgb, rgb_to_gray, rgb_to_hsv
from .image import sobel
from .recorded import Augmentation, Decisions, Float, Record, Rng, augmentation, in_turn


@Augmentation
def augment(images: Float, rng: Rng) -> tuple[Float, Record]:
    """The recipe's whole chain with its defaults: warp, gain, gamma, gray, over, draw_edges; RGBA → RGB in [0, 1]."""
    return in_turn(images, rng, warp, gain, gamma, gray, over, draw_edges)


def _warped(images: Float, angle: Float, scale: Float, stretch: Float, right: Float, down: Float) -> Float:
    _, height, width = _check("warp", images, 4)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    # a border of zeros makes "nothing outside" the same as clipping the place to the border
    source_x = _each(cosine * stretch) * x - _each(sine) * y + _each(right + np.float32((width + 1) / 2))
    source_y = _each(sine) * x + _each(cosine / stretch) * y + _each(down + np.float32((height + 1) / 2))
    return _sampled(images, source_x, source_y)


@augmentation(_warped)
def warp(
    images: Float,
    rng: Rng,
    rotation: float = 0.12,
    scale: float = 0.1,
    aspect: float = 0.05,
    shift: float = 2.0,
) -> Decisions:
    """Rotate by up to ± `rotation` (radians), scale and stretch by up to ± those shares, shift by up to ± pixels.

    Output pixel (x, y), from the centre, reads A·(x, y) + t, with bilinear interpolation and nothing outside:
    A = [[s·a·cos φ, −s·sin φ], [s·sin φ, s·cos φ / a]], φ, s, a, t uniform.
    """
    n, _, _ = _check("warp", images, 4)
    rng = np.random.default_rng(rng)
    ranges = {
        "angle": (0, rotation),
        "scale": (1, scale),
        "stretch": (1, aspect),
        "right": (0, shift),
        "down": (0, shift),
    }
    return {name: _uniform(rng, centre - spread, centre + spread, n) for name, (centre, spread) in ranges.items()}


def _gained(images: Float, factor: Float) -> Float:
    factors = np.ones((len(images), 1, 1, 4), np.float32)
    factors[..., :3] = factor[:, None, None]
    return np.minimum(images * factors, 1)


@augmentation(_gained)
def gain(images: Float, rng: Rng, amount: float = 0.2) -> Decisions:
    """Multiply red, green and blue each by a factor of 1 ± `amount`; no colour exceeds 1."""
    n, _, _ = _check("gain", images, 4)
    return {"factor": _uniform(np.random.default_rng(rng), 1 - amount, 1 + amount, (n, 3))}


def _powered(images: Float, chosen: NDArray[np.bool_], power: Float) -> Float:
    result = images.copy()
    some = images[chosen]
    colours = np.power(some[..., :3] + np.float32(1e-3), _each(power[chosen])[..., None])
    result[chosen, ..., :3] = np.minimum(colours, some[..., 3:])
    return result


@augmentation(_powered)
def gamma(images: Float, rng: Rng, probability: float = 0.5, amount: float = 0.5) -> Decisions:
    """Raise the colours of some pictures to a power of 1 ± `amount`; no premultiplied colour exceeds its alpha."""
    n, _, _ = _check("gamma", images, 4)
    rng = np.random.default_rng(rng)
    return {"chosen": rng.random(n) < probability, "power": _uniform(rng, 1 - amount, 1 + amount, n)}


def _grayed(images: Float, chosen: NDArray[np.bool_]) -> Float:
    result = images.copy()
    result[chosen, ..., :3] = images[chosen, ..., :3].mean(-1, keepdims=True)
    return result


@augmentation(_grayed)
def gray(images: Float, rng: Rng, probability: float = 0.1) -> Decisions:
    """Turn some pictures gray: each colour becomes the mean of the three."""
    n, _, _ = _check("gray", images, 4)
    return {"chosen": np.random.default_rng(rng).random(n) < probability}


def _laid_over(images: Float, background: Float) -> Float:
    _check("over", images, 4)
    return np.clip(images[..., :3] + (1 - images[..., 3:]) * background[:, None, None], 0, 1)


@augmentation(_laid_over)
def over(images: Float, rng: Rng, probability: float = 0.1) -> Decisions:
    """Lay premultiplied RGBA over a plain background, RGB out: white, or for some 1 − u² per channel, u in 0..1."""
    n, _, _ = _check("over", images, 4)
    rng = np.random.default_rng(rng)
    chosen = rng.random(n) < probability
    return {"background": (1 - chosen[:, None] * _uniform(rng, 0, 1, (n, 3)) ** 2).astype(np.float32)}


def _edged(images: Float, dark: NDArray[np.bool_], line_art: NDArray[np.bool_], strength: Float) -> Float:
    along_x, along_y = sobel(images[dark] @ np.full(3, 1 / 3, np.float32))
    edges = np.minimum(_each(strength[dark]) * np.sqrt(along_x * along_x + along_y * along_y), 1)[..., None]
    kept = np.where(line_art[dark, None, None, None], np.float32(1), images[dark])
    result = images.copy()
    result[dark] = kept * (1 - edges)
    return result


@augmentation(_edged)
def draw_edges(
    images: Float,
    rng: Rng,
    overlay: float = 0.4,
    line_art: float = 0.2,
    strength: tuple[float, float] = (1.5, 3.5),
) -> Decisions:
    """Darken the edges of some pictures (probability `overlay`), keep nothing but the edges of others (`line_art`).

    e = min(1, k·‖Sobel gradient / 4 of the gray value‖), k uniform in `strength`; overlay: x·(1 − e), line art: 1 − e.
    Raises ValueError where the two probabilities add up to more than 1.
    """
    n, _, _ = _check("draw_edges", images, 3)
    if overlay + line_art > 1:
        raise ValueError(f"draw_edges: overlay {overlay} and line_art {line_art} add up to more than 1")
    rng = np.random.default_rng(rng)
    which = rng.random(n)
    strengths = _uniform(rng, *strength, n)
    return {"dark": which < overlay + line_art, "line_art": which < line_art, "strength": strengths}


def _filled(images: Float, colour: Float, area: Float) -> Float:
    result = images.copy()
    result[..., :3] += ((1 - images[..., 3]) * area)[..., None] * colour[:, None, None]
    result[..., 3] = np.maximum(images[..., 3], area)
    return result


@augmentation(_filled)
def fill(
    images: Float,
    inside: Float,
    colours: Float,
    rng: Rng,
    probability: float = 0.5,
    own_colour: float = 0.5,
) -> Decisions:
    """Colour some outlines flat, beneath their lines: with their own colour or a random one in 0.2..1 per channel.

    `inside` (n, height, width): 1 where the outline encloses, from `enclosed`; `colours` (n, 3): a colour of their own,
    as from `mean_colour` of the same things drawn in colour, used with probability `own_colour`.
    """
    n, height, width = _check("fill", images, 4)
    if inside.shape != (n, height, width) or colours.shape != (n, 3):
        raise ValueError(
            f"fill: inside {inside.shape}, colours {colours.shape}; images {images.shape} need "
            f"{(n, height, width)} and {(n, 3)}"
        )
    rng = np.random.default_rng(rng)
    chosen = rng.random(n) < probability
    own = rng.random((n, 1)) < own_colour
    flat = np.where(own, colours, _uniform(rng, 0.2, 1, (n, 3))).astype(np.float32)
    return {"colour": flat, "area": inside * _each(chosen.astype(np.float32))}


def enclosed(alpha: NDArray[Any], threshold: float = 60 / 255) -> Float:
    """Where outlines (alpha above the threshold) are or enclose, as 1 and 0: (n, height, width), uint8 or 0..1."""
    from scipy.ndimage import binary_fill_holes  # importing it takes longer than all of tinyxm.data

    if alpha.ndim != 3:
        raise ValueError(f"enclosed: alpha {alpha.shape}; expected (n, height, width)")
    drawn = alpha > threshold * (255 if alpha.dtype == np.uint8 else 1)
    return np.stack([binary_fill_holes(one) for one in drawn]).astype(np.float32) if len(alpha) else drawn.astype("f4")


def mean_colour(images: Float) -> Float:
    """The mean colour of what is drawn: Σ premultiplied colour / max(1, Σ alpha), (n, 3)."""
    _check("mean_colour", images, 4)
    total = images.sum((1, 2))
    return total[:, :3] / np.maximum(total[:, 3:], 1)


def _mirrored(images: Float, across: NDArray[np.bool_], down: NDArray[np.bool_]) -> Float:
    result = images.copy()
    result[across] = result[across][:, :, ::-1]
    result[down] = result[down][:, ::-1]
    return result


@augmentation(_mirrored)
def flip(images: Float, rng: Rng, probability: float = 0.5, upside_down: float = 0.0) -> Decisions:
    """Mirror some pictures, left for right, and some upside down. Not for what has a direction: letters, arrows."""
    n, _, _ = _check("flip", images)
    rng = np.random.default_rng(rng)
    return {"across": rng.random(n) < probability, "down": rng.random(n) < upside_down}


def _shifted(images: Float, right: NDArray[np.int64], down: NDArray[np.int64], outside: Float) -> Float:
    _, height, width = _check("shift", images)
    result = np.empty_like(images)
    for one, into, x, y, value in zip(images, result, right, down, outside, strict=True):
        into[...] = value
        kept = one[max(-y, 0) : max(height - y, 0), max(-x, 0) : max(width - x, 0)]
        into[max(y, 0) : max(y, 0) + kept.shape[0], max(x, 0) : max(x, 0) + kept.shape[1]] = kept
    return result


@augmentation(_shifted)
def shift(images: Float, rng: Rng, pixels: int = 2, outside: float = 0.0) -> Decisions:
    """Move each picture by whole pixels, up to ± `pixels` each way; what comes in from outside has that value."""
    n, _, _ = _check("shift", images)
    right, down = np.random.default_rng(rng).integers(-pixels, pixels, (2, n), endpoint=True)
    return {"right": right, "down": down, "outside": np.full(n, outside, np.float32)}


def _slanted(images: Float, lean: Float, across: Float, along: Float, right: Float, down: Float) -> Float:
    _, height, width = _check("slant", images)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    source_x = _each(across) * x + _each(lean) * y + _each(right + np.float32((width + 1) / 2))
    source_y = _each(along) * y + _each(down + np.float32((height + 1) / 2)) + np.zeros_like(x)
    return _sampled(images, source_x, source_y)


@augmentation(_slanted)
def slant(images: Float, rng: Rng, amount: float = 0.4, stretch: float = 0.3, pixels: float = 2.0) -> Decisions:
    """Slant, stretch and move what is written on nothing, each picture in its own way; a film's frames, as channels,
    alike.

    Output pixel (x, y), from the centre, reads (a·x + s·y, b·y) + t with bilinear interpolation and nothing outside:
    s up to ± `amount`, ln a and ln b up to ± `stretch`, t up to ± `pixels` each way, all uniform.
    """
    n, _, _ = _check("slant", images)
    rng = np.random.default_rng(rng)
    across, along = np.exp(_uniform(rng, -stretch, stretch, (2, n)))
    right, down = _uniform(rng, -pixels, pixels, (2, n))
    lean = _uniform(rng, -amount, amount, n)
    return {"lean": lean, "across": across, "along": along, "right": right, "down": down}


def _cropped(images: Float, top: Float, left: Float, height: Float, width: Float) -> Float:
    n, rows, columns = _check("random_crop", images)
    x, y = (np.arange(size, dtype=np.float32) + np.float32(0.5) for size in (columns, rows))
    across = np.clip(_column(left) * columns + _column(width) * x - np.float32(0.5), 0, columns - 1) + 1
    along = np.clip(_column(top) * rows + _column(height) * y - np.float32(0.5), 0, rows - 1) + 1
    shape = (n, rows, columns)
    return _sampled(
        images, np.broadcast_to(across[:, None], shape).copy(), np.broadcast_to(along[:, :, None], shape).copy()
    )


@augmentation(_cropped)
def random_crop(
    images: Float, rng: Rng, area: tuple[float, float] = (0.5, 1.0), aspect: tuple[float, float] = (3 / 4, 4 / 3)
) -> Decisions:
    """Enlarge a part of each picture to its full size, bilinear: of a share a of its area, stretched by r.

    a is uniform in `area`, log r in log `aspect`; the part is √(a·r) of the width and √(a/r) of the height (at most all
    of it), anywhere. Recorded as shares. Source: Szegedy et al. 2015, Going Deeper with Convolutions, section 6.
    """
    n, _, _ = _check("random_crop", images)
    if not (0 < area[0] <= area[1] <= 1 and 0 < aspect[0] <= aspect[1]):
        raise ValueError(f"random_crop: area {area}, aspect {aspect}; expected 0 < from ≤ to, and no area above 1")
    rng = np.random.default_rng(rng)
    share, ratio = _uniform(rng, *area, n), np.exp(_uniform(rng, np.log(aspect[0]), np.log(aspect[1]), n))
    width, height = np.minimum(np.sqrt(share * ratio), 1), np.minimum(np.sqrt(share / ratio), 1)
    top, left = (1 - height) * _uniform(rng, 0, 1, n), (1 - width) * _uniform(rng, 0, 1, n)
    return {"top": top, "left": left, "height": height, "width": width}


def _recoloured(images: Float, brightness: Float, contrast: Float, saturation: Float, hue: Float) -> Float:
    _check("recolour", images, 3)
    result = np.clip(images * _each(brightness)[..., None], 0, 1)
    mean = rgb_to_gray(result).mean((1, 2), keepdims=True)
    result = np.clip(mean + (result - mean) * _each(contrast)[..., None], 0, 1)
    luma = rgb_to_gray(result)
    result = np.clip(luma + (result - luma) * _each(saturation)[..., None], 0, 1)
    turned = np.flatnonzero(hue)  # the others needn't go to another space and back
    colours = rgb_to_hsv(result[turned])
    colours[..., 0] += _each(hue[turned])
    result[turned] = hsv_to_rgb(colours)
    return result


@augmentation(_recoloured)
def recolour(
    images: Float,
    rng: Rng,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    hue: float = 0.02,
) -> Decisions:
    """Change RGB's brightness, contrast and saturation by factors of 1 ± these shares, its hue by ± a share of a turn.

    In this order, each clipped to [0, 1], with Y the luma (BT.601) and Ȳ its mean over the picture:
    x·b,  Ȳ + (x − Ȳ)·c,  Y + (x − Y)·s,  hue + h mod 1.
    Source: Krizhevsky, Sutskever & Hinton 2012, section 4.1, changed colours first; these four as in Howard 2013, Some
    Improvements on Deep Convolutional Neural Network Based Image Classification, section 2.
    """
    n, _, _ = _check("recolour", images, 3)
    rng = np.random.default_rng(rng)
    ranges = {"brightness": (1, brightness), "contrast": (1, contrast), "saturation": (1, saturation), "hue": (0, hue)}
    return {name: _uniform(rng, centre - spread, centre + spread, n) for name, (centre, spread) in ranges.items()}


def _noised(images: Float, deviation: Float, seed: NDArray[np.int64]) -> Float:
    _check("noise", images)
    result = images.copy()
    for one, sd, own in zip(result, deviation, seed, strict=True):
        colours = one[..., :3] if one.shape[-1] == 4 else one
        colours += sd * np.random.default_rng(own).standard_normal(colours.shape, np.float32)
        np.clip(colours, 0, one[..., 3:] if one.shape[-1] == 4 else 1, out=colours)
    return result


@augmentation(_noised)
def noise(images: Float, rng: Rng, amount: float = 0.05) -> Decisions:
    """Add σ·ε to every value, ε normal, σ uniform up to `amount` for each picture; clipped to [0, 1].

    Of premultiplied RGBA the colours alone, clipped to [0, alpha]. The noise itself is recorded as a seed.
    """
    n, _, _ = _check("noise", images)
    rng = np.random.default_rng(rng)
    return {"deviation": _uniform(rng, 0, amount, n), "seed": rng.integers(0, 2**31, n)}


def _cut_out(images: Float, row: Float, column: Float, side: Float, value: Float) -> Float:
    _, height, width = _check("cutout", images)
    result = images.copy()
    for one, y, x, share, plain in zip(result, row, column, side, value, strict=True):
        half = share * min(height, width) / 2
        top, below = (round(min(max(y * height + d, 0), height)) for d in (-half, half))
        left, right = (round(min(max(x * width + d, 0), width)) for d in (-half, half))
        one[top:below, left:right] = plain
    return result


@augmentation(_cut_out)
def cutout(images: Float, rng: Rng, side: float = 0.25, probability: float = 1.0, value: float = 0.0) -> Decisions:
    """Set a square in some pictures to one value, so that a model can't rely on a single part.

    `side` is a share of the shorter side; the centre lies anywhere, so that some squares are cut off by the border.
    Source: DeVries & Taylor 2017, Improved Regularization of Convolutional Neural Networks with Cutout.
    """
    n, _, _ = _check("cutout", images)
    rng = np.random.default_rng(rng)
    row, column = _uniform(rng, 0, 1, (2, n))
    sides = np.where(rng.random(n) < probability, side, 0).astype(np.float32)
    return {"row": row, "column": column, "side": sides, "value": np.full(n, value, np.float32)}


def _mixed(images: Float, partner: NDArray[np.int64], share: Float) -> Float:
    own = share.reshape(-1, *[1] * (images.ndim - 1))
    return own * images + (1 - own) * images[partner]


@augmentation(_mixed, mixes=True)
def mix(images: Float, rng: Rng, alpha: float = 0.4) -> Decisions:
    """λ·x + (1 − λ)·x′, x′ a permutation of the batch, λ ~ Beta(α, α) for each picture; any float32 array (n, ...)."""
    if not isinstance(images, np.ndarray) or images.dtype != np.float32:
        raise TypeError(f"mix: {getattr(images, 'dtype', type(images).__name__)}; expected a float32 array (n, ...)")
    if not alpha > 0:
        raise ValueError(f"mix: alpha {alpha}; expected a positive number")
    rng = np.random.default_rng(rng)
    n = len(images)
    return {"partner": rng.permutation(n), "share": rng.beta(alpha, alpha, n).astype(np.float32)}


def mixup(
    images: Float, labels: NDArray[Any], rng: Rng, alpha: float = 0.4, classes: int | None = None
) -> tuple[Float, Float, Record]:
    """Pictures mixed with one another, their labels mixed alike, and the record of it.

    x̃ = λ·xᵢ + (1 − λ)·xⱼ,  ỹ = λ·yᵢ + (1 − λ)·yⱼ,  λ ~ Beta(α, α). `labels`: shares (n, classes), or class numbers
    (n,), which become shares of 0 and 1 (`classes` says how many there are; by default as many as the largest needs).
    The loss for them is cross-entropy with ỹ in place of the one-hot label.
    Source: Zhang, Cisse, Dauphin & Lopez-Paz 2018, mixup: Beyond Empirical Risk Minimization, section 2.
    """
    labels = np.asarray(labels)
    if len(labels) != len(images) or labels.ndim not in (1, 2):
        raise ValueError(f"mixup: labels {labels.shape} for {len(images)} pictures; expected (n,) or (n, classes)")
    if labels.ndim == 1:
        many = int(labels.max(initial=-1)) + 1 if classes is None else classes
        if labels.dtype.kind not in "iu" or labels.min(initial=0) < 0 or labels.max(initial=0) >= max(many, 1):
            raise ValueError(f"mixup: labels of type {labels.dtype}; expected whole numbers from 0 to {many - 1}")
        labels = np.eye(many)[labels]
    mixed, record = mix.recorded(images, rng, alpha)
    return mixed, record.replay(labels.astype(np.float32)), record


def _sampled(images: Float, source_x: Float, source_y: Float) -> Float:
    """Bilinear interpolation at places (n, height, width), counted from a border of one pixel of zeros; they change."""
    n, height, width, channels = images.shape
    np.clip(source_x, 0, width + 1, out=source_x)
    np.clip(source_y, 0, height + 1, out=source_y)
    padded = np.zeros((n, height + 3, width + 3, channels), np.float32)
    padded[:, 1:-2, 1:-2] = images
    left, top = source_x.astype(np.int32), source_y.astype(np.int32)
    source_x -= left
    source_y -= top
    top *= width + 3
    top += left
    top += (np.arange(n, dtype=np.int32) * ((height + 3) * (width + 3)))[:, None, None]
    pixels = padded.reshape(-1, channels)
    corners = [pixels.take(top + step, axis=0) for step in (0, 1, width + 3, width + 4)]
    source_x, source_y = source_x[..., None], source_y[..., None]
    upper = _between(corners[0], corners[1], source_x)
    return _between(upper, _between(corners[2], corners[3], source_x), source_y)


def _between(a: Float, b: Float, share: Float) -> Float:
    """a + share·(b − a), in b's memory."""
    b -= a
    b *= share
    b += a
    return b


def _uniform(rng: np.random.Generator, low: float, high: float, shape: int | tuple[int, ...]) -> Float:
    return (low + (high - low) * rng.random(shape, np.float32)).astype(np.float32)


def _each(values: Float) -> Float:
    """One number per picture, shaped to meet (n, height, width)."""
    return values[:, None, None]


def _column(values: Float) -> Float:
    return values[:, None]


def _check(operation: str, images: NDArray[Any], channels: int | None = None) -> tuple[int, int, int]:
    if not isinstance(images, np.ndarray) or images.dtype != np.float32:
        given = getattr(images, "dtype", type(images).__name__)
        raise TypeError(f"{operation}: {given}; expected a float32 array in 0..1 (see image.premultiplied)")
    if images.ndim != 4 or channels not in (None, images.shape[3]):
        kind = {3: "RGB, ", 4: "premultiplied RGBA, "}.get(channels or 0, "")
        form = f"(n, height, width, {channels or 'channels'})"
        raise ValueError(f"{operation}: images {images.shape}; expected {kind}{form}")
    return images.shape[:3]
