"""Augmentation: small random changes to pictures, each with its probability and range as arguments.

Pictures are premultiplied RGBA, float32 (n, height, width, 4) in [0, 1], until `over` lays them on a background; every
function returns a new array and draws from the generator it is given. The defaults are those of the emoji recipe.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image import sobel

Float = NDArray[np.float32]


def augment(images: Float, rng: np.random.Generator) -> Float:
    """The recipe's whole chain with its defaults: warp, gain, gamma, gray, over, draw_edges; RGBA → RGB in [0, 1]."""
    images = warp(images, rng)
    images = gray(gamma(gain(images, rng), rng), rng)
    return draw_edges(over(images, rng), rng)


def warp(
    images: Float,
    rng: np.random.Generator,
    rotation: float = 0.12,
    scale: float = 0.1,
    aspect: float = 0.05,
    shift: float = 2.0,
) -> Float:
    """Rotate by up to ± `rotation` (radians), scale and stretch by up to ± those shares, shift by up to ± pixels.

    Output pixel (x, y), from the centre, reads A·(x, y) + t, with bilinear interpolation and nothing outside:
    A = [[s·a·cos φ, −s·sin φ], [s·sin φ, s·cos φ / a]], φ, s, a, t uniform.
    """
    n, height, width = _check("warp", images, 4)
    angle, size, stretch, *offset = (
        _uniform(rng, centre - spread, centre + spread, n)
        for centre, spread in ((0, rotation), (1, scale), (1, aspect), (0, shift), (0, shift))
    )
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    # a border of zeros makes "nothing outside" the same as clipping the place to the border
    source_x = _each(cosine * stretch) * x - _each(sine) * y + _each(offset[0] + np.float32((width + 1) / 2))
    source_y = _each(sine) * x + _each(cosine / stretch) * y + _each(offset[1] + np.float32((height + 1) / 2))
    np.clip(source_x, 0, width + 1, out=source_x)
    np.clip(source_y, 0, height + 1, out=source_y)
    padded = np.zeros((n, height + 3, width + 3, 4), np.float32)
    padded[:, 1:-2, 1:-2] = images
    left, top = source_x.astype(np.int32), source_y.astype(np.int32)
    source_x -= left
    source_y -= top
    top *= width + 3
    top += left
    top += (np.arange(n, dtype=np.int32) * ((height + 3) * (width + 3)))[:, None, None]
    pixels = padded.reshape(-1, 4)
    corners = [pixels.take(top + step, axis=0) for step in (0, 1, width + 3, width + 4)]
    source_x, source_y = source_x[..., None], source_y[..., None]
    upper = _between(corners[0], corners[1], source_x)
    return _between(upper, _between(corners[2], corners[3], source_x), source_y)


def gain(images: Float, rng: np.random.Generator, amount: float = 0.2) -> Float:
    """Multiply red, green and blue each by a factor of 1 ± `amount`; no colour exceeds 1."""
    n, _, _ = _check("gain", images, 4)
    factors = np.ones((n, 1, 1, 4), np.float32)
    factors[..., :3] = _uniform(rng, 1 - amount, 1 + amount, (n, 1, 1, 3))
    return np.minimum(images * factors, 1)


def gamma(images: Float, rng: np.random.Generator, probability: float = 0.5, amount: float = 0.5) -> Float:
    """Raise the colours of some pictures to a power of 1 ± `amount`; no premultiplied colour exceeds its alpha."""
    n, _, _ = _check("gamma", images, 4)
    chosen = np.flatnonzero(rng.random(n) < probability)
    powers = _each(_uniform(rng, 1 - amount, 1 + amount, n)[chosen])[..., None]
    result = images.copy()
    some = images[chosen]
    result[chosen, ..., :3] = np.minimum(np.power(some[..., :3] + np.float32(1e-3), powers), some[..., 3:])
    return result


def gray(images: Float, rng: np.random.Generator, probability: float = 0.1) -> Float:
    """Turn some pictures gray: each colour becomes the mean of the three."""
    n, _, _ = _check("gray", images, 4)
    chosen = np.flatnonzero(rng.random(n) < probability)
    result = images.copy()
    result[chosen, ..., :3] = images[chosen, ..., :3].mean(-1, keepdims=True)
    return result


def over(images: Float, rng: np.random.Generator, probability: float = 0.1) -> Float:
    """Lay premultiplied RGBA over a plain background, RGB out: white, or for some 1 − u² per channel, u in 0..1."""
    n, _, _ = _check("over", images, 4)
    chosen = rng.random(n) < probability
    background = 1 - chosen[:, None] * _uniform(rng, 0, 1, (n, 3)) ** 2
    clear = 1 - images[..., 3:]
    return np.clip(images[..., :3] + clear * background.astype(np.float32)[:, None, None], 0, 1)


def draw_edges(
    images: Float,
    rng: np.random.Generator,
    overlay: float = 0.4,
    line_art: float = 0.2,
    strength: tuple[float, float] = (1.5, 3.5),
) -> Float:
    """Darken the edges of some pictures (probability `overlay`), keep nothing but the edges of others (`line_art`).

    e = min(1, k·‖Sobel gradient / 4 of the gray value‖), k uniform in `strength`; overlay: x·(1 − e), line art: 1 − e.
    Raises ValueError where the two probabilities add up to more than 1.
    """
    n, _, _ = _check("draw_edges", images, 3)
    if overlay + line_art > 1:
        raise ValueError(f"draw_edges: overlay {overlay} and line_art {line_art} add up to more than 1")
    which = rng.random(n)
    strengths = _each(_uniform(rng, *strength, n))
    chosen = np.flatnonzero(which < overlay + line_art)
    along_x, along_y = sobel(images[chosen] @ np.full(3, 1 / 3, np.float32))
    dark = np.minimum(strengths[chosen] * np.sqrt(along_x * along_x + along_y * along_y), 1)[..., None]
    kept = np.where((which[chosen] < line_art)[:, None, None, None], np.float32(1), images[chosen])
    result = images.copy()
    result[chosen] = kept * (1 - dark)
    return result


def fill(
    images: Float,
    inside: Float,
    colours: Float,
    rng: np.random.Generator,
    probability: float = 0.5,
    own_colour: float = 0.5,
) -> Float:
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
    chosen = rng.random(n) < probability
    own = rng.random((n, 1)) < own_colour
    flat = np.where(own, colours, _uniform(rng, 0.2, 1, (n, 3))).astype(np.float32)
    area = inside * _each(chosen.astype(np.float32))
    result = images.copy()
    result[..., :3] += ((1 - images[..., 3]) * area)[..., None] * flat[:, None, None]
    result[..., 3] = np.maximum(images[..., 3], area)
    return result


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


def _check(operation: str, images: NDArray[Any], channels: int) -> tuple[int, int, int]:
    if not isinstance(images, np.ndarray) or images.dtype != np.float32:
        given = getattr(images, "dtype", type(images).__name__)
        raise TypeError(f"{operation}: {given}; expected a float32 array in 0..1 (see image.premultiplied)")
    if images.ndim != 4 or images.shape[3] != channels:
        kind = "premultiplied RGBA" if channels == 4 else "RGB"
        raise ValueError(f"{operation}: images {images.shape}; expected {kind}, (n, height, width, {channels})")
    return images.shape[:3]
