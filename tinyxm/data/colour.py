"""Colour spaces: RGB to gray, hue and saturation, linear light, luma and chroma, and back.

Colours are arrays (..., 3), channels last: uint8 counts as 0..1 and becomes float32, floating point keeps its type. RGB
is that of pictures on a screen (sRGB): its numbers are gamma-encoded, and not proportional to light.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .step import step

Array = NDArray[Any]

GRAY_WEIGHTS = {  # of red, green and blue
    "rec601": (0.299, 0.587, 0.114),  # ITU-R BT.601, section 2.5.1: television of 1982, JPEG, and Pillow's mode L
    "rec709": (0.2126, 0.7152, 0.0722),  # ITU-R BT.709, item 3.2: the luminance of sRGB's primaries
    "mean": (1 / 3, 1 / 3, 1 / 3),
}
MIDDLE = 128 / 255  # of chroma


@step(before=drawing.picture)
def rgb_to_gray(rgb: Array, weights: str | Sequence[float] = "rec601", linear_light: bool = False) -> Array:
    """Σ weight·channel, (..., 3) → (..., 1); the weights by name ("rec601", "rec709", "mean") or three numbers.

    With `linear_light` the sum is taken over light and encoded again: with "rec709" that's the luminance (CIE Y), which
    a display shows as bright as the colour. Without, it's luma, as most of image processing has it.
    """
    unit = _unit("rgb_to_gray", rgb, 3)
    if isinstance(weights, str) and weights not in GRAY_WEIGHTS:
        raise ValueError(f"rgb_to_gray: weights {weights!r}; expected {', '.join(GRAY_WEIGHTS)} or three numbers")
    shares = np.asarray(GRAY_WEIGHTS[weights] if isinstance(weights, str) else weights, unit.dtype)
    if shares.shape != (3,):
        raise ValueError(f"rgb_to_gray: weights {shares.tolist()}; expected three, of red, green and blue")
    if linear_light:
        return linear_to_rgb((rgb_to_linear(unit) @ shares)[..., None])
    return (unit @ shares)[..., None]


@step(before=drawing.picture)
def gray_to_rgb(gray: Array) -> Array:
    """One channel three times, (..., 1) → (..., 3)."""
    return np.repeat(_unit("gray_to_rgb", gray, 1), 3, axis=-1)


@step(before=drawing.picture, after=drawing.planes)
def rgb_to_hsv(rgb: Array) -> Array:
    """Hue, saturation and value, each in 0..1; hue 0 is red, 1/3 green, 2/3 blue, and 0 for grays.

        V = max(R, G, B),  c = V − min(R, G, B),  S = c / V (0 for black),
        6·H = (G − B)/c mod 6 where R is the largest, (B − R)/c + 2 where G is, (R − G)/c + 4 where B is.

    Source: Smith 1978, Color Gamut Transform Pairs.
    """
    unit = _unit("rgb_to_hsv", rgb, 3)
    red, green, blue = np.moveaxis(unit, -1, 0)
    value = unit.max(-1)
    chroma = value - unit.min(-1)
    safe = np.where(chroma > 0, chroma, 1)
    sixths = np.where(red == value, (green - blue) / safe % 6, (blue - red) / safe + 2)
    sixths = np.where((blue == value) & (red != value) & (green != value), (red - green) / safe + 4, sixths)
    saturation = chroma / np.where(value > 0, value, 1)
    return np.stack([sixths / 6 % 1, saturation, value], axis=-1).astype(unit.dtype)


@step(before=drawing.planes, after=drawing.picture)
def hsv_to_rgb(hsv: Array) -> Array:
    """The inverse of `rgb_to_hsv`.

        fₖ = (nₖ + 6·H) mod 6,  n = (5, 3, 1),  channel k = V − V·S·max(0, min(fₖ, 4 − fₖ, 1))

    Hue counts modulo 1. Source: Smith 1978, in the closed form without cases.
    """
    unit = _unit("hsv_to_rgb", hsv, 3)
    hue, saturation, value = (unit[..., k, None] for k in range(3))
    place = (np.array([5, 3, 1], unit.dtype) + 6 * hue) % 6
    return value - value * saturation * np.clip(np.minimum(place, 4 - place), 0, 1)


@step(before=drawing.picture)
def rgb_to_linear(rgb: Array) -> Array:
    """Numbers proportional to light, from gamma-encoded ones: c / 12.92 up to 0.04045, above ((c + 0.055) / 1.055)^2.4.

    Light is what adds up where pixels are mixed: half white, half black is 0.5 here, and 0.735 encoded.
    Source: IEC 61966-2-1 (sRGB), section 5.2.
    """
    unit = _unit("rgb_to_linear", rgb, None)
    return np.where(unit <= 0.04045, unit / 12.92, ((np.maximum(unit, 0.04045) + 0.055) / 1.055) ** 2.4)


@step(before=drawing.picture)
def linear_to_rgb(linear: Array) -> Array:
    """The inverse of `rgb_to_linear`: 12.92·l up to 0.0031308, above 1.055·l^(1/2.4) − 0.055."""
    unit = _unit("linear_to_rgb", linear, None)
    return np.where(unit <= 0.0031308, 12.92 * unit, 1.055 * np.maximum(unit, 0.0031308) ** (1 / 2.4) - 0.055)


@step(before=drawing.picture, after=drawing.planes)
def rgb_to_ycbcr(rgb: Array) -> Array:
    """Luma and two differences of colour, over the full range, as JPEG has them; each in 0..1.

        Y = 0.299·R + 0.587·G + 0.114·B,
        Cb = (B − Y) / (2·(1 − 0.114)) + 128/255,  Cr = (R − Y) / (2·(1 − 0.299)) + 128/255

    Source: JFIF 1.02 (ITU-T T.871), section 7; ITU-R BT.601.
    """
    unit = _unit("rgb_to_ycbcr", rgb, 3)
    red, _, blue = GRAY_WEIGHTS["rec601"]
    luma = unit @ np.asarray(GRAY_WEIGHTS["rec601"], unit.dtype)
    to_blue = (unit[..., 2] - luma) / (2 * (1 - blue)) + MIDDLE
    to_red = (unit[..., 0] - luma) / (2 * (1 - red)) + MIDDLE
    return np.stack([luma, to_blue, to_red], axis=-1)


@step(before=drawing.planes, after=drawing.picture)
def ycbcr_to_rgb(ycbcr: Array) -> Array:
    """The inverse of `rgb_to_ycbcr`. What is no colour of RGB comes out below 0 or above 1: clip it to show it."""
    unit = _unit("ycbcr_to_rgb", ycbcr, 3)
    red, green, blue = GRAY_WEIGHTS["rec601"]
    luma, to_blue, to_red = np.moveaxis(unit, -1, 0)
    r = luma + 2 * (1 - red) * (to_red - MIDDLE)
    b = luma + 2 * (1 - blue) * (to_blue - MIDDLE)
    return np.stack([r, (luma - red * r - blue * b) / green, b], axis=-1)


def _unit(operation: str, values: Array, channels: int | None) -> Array:
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{operation}: expected an array, got a {type(values).__name__}")
    if values.dtype not in (np.uint8, np.float32, np.float64):
        raise TypeError(f"{operation}: {values.dtype}; expected uint8 (0 to 255) or floating point (0 to 1)")
    if channels is not None and values.shape[-1:] != (channels,):
        alpha = "; lay RGBA over a background first (image.composite)" * (values.shape[-1:] == (4,))
        raise ValueError(f"{operation}: {values.shape}; expected channels last, (..., {channels}){alpha}")
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values
