"""Operations on each element, with NumPy's broadcasting: a gradient is summed back to the shape of its input."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.primitive import answers_for
from tinyxm.autograd.tensor import array_of

__all__ = [
    "abs", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "astype", "clip", "cos",
    "cosh", "divide", "erf", "exp", "exp2", "expm1", "hypot", "log", "log1p", "log2", "log10", "logaddexp", "maximum",
    "minimum", "multiply", "nan_to_num", "negative", "positive", "power", "reciprocal", "rsqrt", "sign", "sin", "sinh",
    "sqrt", "square", "subtract", "tan", "tanh", "where",
]  # fmt: skip


@primitive(np.add, a=lambda g: g, b=lambda g: g)
def add(a: Array, b: Array) -> Array:
    """y = a + b;  ∂a = g,  ∂b = g"""
    return a + b


@primitive(np.subtract, a=lambda g: g, b=lambda g: -g)
def subtract(a: Array, b: Array) -> Array:
    """y = a − b;  ∂a = g,  ∂b = −g"""
    return a - b


@primitive(np.multiply, a=lambda g, b: g * b, b=lambda g, a: g * a)
def multiply(a: Array, b: Array) -> Array:
    """y = a·b;  ∂a = g·b,  ∂b = g·a"""
    return a * b


@primitive(np.divide, a=lambda g, b: g / b, b=lambda g, y, b: -g * y / b)
def divide(a: Array, b: Array) -> Array:
    """y = a / b;  ∂a = g / b,  ∂b = −g·y / b"""
    return a / b


@primitive(np.positive, a=lambda g: g)
def positive(a: Array) -> Array:
    """y = +a;  ∂a = g"""
    return +a


@primitive(np.negative, a=lambda g: -g)
def negative(a: Array) -> Array:
    """y = −a;  ∂a = −g"""
    return -a


@answers_for(np.reciprocal)
def reciprocal(a: Array) -> Array:
    """y = 1 / a"""
    return divide(1, a)


@primitive(
    np.power,
    np.float_power,
    a=lambda g, a, n: g * n * a if _is_two(n) else g * (n * a ** (n - (n != 0))),  # 0·a⁰, not 0·a⁻¹
    n=lambda g, y, a: g * y * np.log(np.where(a > 0, a, 1)),
)
def power(a: Array, n: Array) -> Array:
    """y = aⁿ;  ∂a = g·n·aⁿ⁻¹,  ∂n = g·y·ln a where a > 0, else 0 (ln has no real value there)"""
    return a * a if _is_two(n) else a**n


def _is_two(n: Array) -> bool:
    """Whether the exponent is the number 2: a·a is some ten times as fast as a**2.0 would be."""
    return isinstance(n, int | float) and n == 2


@primitive(np.square, a=lambda g, a: g * (a + a))
def square(a: Array) -> Array:
    """y = a²;  ∂a = 2·g·a"""
    return a * a


@primitive(np.sqrt, a=lambda g, y: g / (y + y))
def sqrt(a: Array) -> Array:
    """y = √a;  ∂a = g / 2y"""
    return np.sqrt(a)


@primitive(a=lambda g, y: g * (-0.5 * (y * y * y)))
def rsqrt(a: Array) -> Array:
    """y = 1 / √a;  ∂a = −g·y³ / 2"""
    return 1 / np.sqrt(a)


@primitive(np.exp, a=lambda g, y: g * y)
def exp(a: Array) -> Array:
    """y = eᵃ;  ∂a = g·y"""
    return np.exp(a)


@primitive(np.expm1, a=lambda g, a: g * np.exp(a))
def expm1(a: Array) -> Array:
    """y = eᵃ − 1, right to the last digit where a is near 0;  ∂a = g·eᵃ"""
    return np.expm1(a)


@primitive(np.exp2, a=lambda g, y: g * y * math.log(2))
def exp2(a: Array) -> Array:
    """y = 2ᵃ;  ∂a = g·y·ln 2"""
    return np.exp2(a)


@primitive(np.log, a=lambda g, a: g / a)
def log(a: Array) -> Array:
    """y = ln a;  ∂a = g / a"""
    return np.log(a)


@primitive(np.log2, a=lambda g, a: g / (a * math.log(2)))
def log2(a: Array) -> Array:
    """y = ln a / ln 2;  ∂a = g / (a·ln 2)"""
    return np.log2(a)


@primitive(np.log10, a=lambda g, a: g / (a * math.log(10)))
def log10(a: Array) -> Array:
    """y = ln a / ln 10;  ∂a = g / (a·ln 10)"""
    return np.log10(a)


@primitive(np.logaddexp, a=lambda g, a, y: g * np.exp(a - y), b=lambda g, b, y: g * np.exp(b - y))
def logaddexp(a: Array, b: Array) -> Array:
    """y = ln(eᵃ + eᵇ), without overflow;  ∂a = g·eᵃ⁻ʸ,  ∂b = g·eᵇ⁻ʸ"""
    return np.logaddexp(a, b)


@primitive(np.log1p, a=lambda g, a: g / (1 + a))
def log1p(a: Array) -> Array:
    """y = ln(1 + a), right to the last digit where a is near 0;  ∂a = g / (1 + a)"""
    return np.log1p(a)


@primitive(np.sin, a=lambda g, a: g * np.cos(a))
def sin(a: Array) -> Array:
    """y = sin a;  ∂a = g·cos a"""
    return np.sin(a)


@primitive(np.cos, a=lambda g, a: -g * np.sin(a))
def cos(a: Array) -> Array:
    """y = cos a;  ∂a = −g·sin a"""
    return np.cos(a)


@primitive(np.tan, a=lambda g, y: g * (1 + y * y))
def tan(a: Array) -> Array:
    """y = tan a;  ∂a = g·(1 + y²)"""
    return np.tan(a)


@primitive(np.arcsin, a=lambda g, a: g / np.sqrt((1 - a) * (1 + a)))
def arcsin(a: Array) -> Array:
    """y = the angle, −π/2 to π/2, whose sine is a;  ∂a = g / √(1 − a²)"""
    return np.arcsin(a)


@primitive(np.arccos, a=lambda g, a: -g / np.sqrt((1 - a) * (1 + a)))
def arccos(a: Array) -> Array:
    """y = the angle, 0 to π, whose cosine is a;  ∂a = −g / √(1 − a²)"""
    return np.arccos(a)


@answers_for(np.arctan)
def arctan(a: Array) -> Array:
    """y = the angle, −π/2 to π/2, whose tangent is a;  ∂a = g / (1 + a²)"""
    return arctan2(a, 1)


@primitive(np.hypot, a=lambda g, a, y: g * (a / _nonzero(y)), b=lambda g, b, y: g * (b / _nonzero(y)))
def hypot(a: Array, b: Array) -> Array:
    """y = √(a² + b²), without overflow on the way;  ∂a = g·a / y,  ∂b = g·b / y, 0 where y = 0"""
    return np.hypot(a, b)


@primitive(
    np.arctan2,
    a=lambda g, a, b: g * _over_squares(b, a, b),
    b=lambda g, a, b: -g * _over_squares(a, a, b),
)
def arctan2(a: Array, b: Array) -> Array:
    """y = the angle, −π to π, of the point with height a and width b;  ∂a = g·b / (a² + b²),  ∂b = −g·a / (a² + b²),
    0 where a = b = 0"""
    return np.arctan2(a, b)


def _over_squares(x: Array, a: Array, b: Array) -> Array:
    """x / (a² + b²), x one of both, without overflow on the way; 0 where both are 0."""
    m = _nonzero(np.maximum(operator.abs(array_of(a)), operator.abs(array_of(b))))  # any m gives the same quotient
    u, v = a / m, b / m
    return x / m / _nonzero(u * u + v * v) / m


def _nonzero(a: Array) -> Array:
    """a, with 1 in place of 0: a divisor."""
    return np.where(a == 0, 1, a)


@primitive(np.tanh, a=lambda g, y: g * (1 - y * y))
def tanh(a: Array) -> Array:
    """y = tanh a;  ∂a = g·(1 − y²)"""
    return np.tanh(a)


@primitive(np.sinh, a=lambda g, a: g * np.cosh(a))
def sinh(a: Array) -> Array:
    """y = (eᵃ − e⁻ᵃ) / 2;  ∂a = g·cosh a"""
    return np.sinh(a)


@primitive(np.cosh, a=lambda g, a: g * np.sinh(a))
def cosh(a: Array) -> Array:
    """y = (eᵃ + e⁻ᵃ) / 2;  ∂a = g·sinh a"""
    return np.cosh(a)


@primitive(np.arcsinh, a=lambda g, a: g / hypot(a, 1))
def arcsinh(a: Array) -> Array:
    """y = ln(a + √(a² + 1)), whose sinh is a;  ∂a = g / √(a² + 1)"""
    return np.arcsinh(a)


@primitive(np.arccosh, a=lambda g, a: g / (np.sqrt(a - 1) * np.sqrt(a + 1)))
def arccosh(a: Array) -> Array:
    """y = ln(a + √(a² − 1)), whose cosh is a, from 1;  ∂a = g / √(a² − 1)"""
    return np.arccosh(a)


@primitive(np.arctanh, a=lambda g, a: g / ((1 - a) * (1 + a)))
def arctanh(a: Array) -> Array:
    """y = ½ ln((1 + a) / (1 − a)), whose tanh is a, between −1 and 1;  ∂a = g / (1 − a²)"""
    return np.arctanh(a)


@primitive(np.sign, a=lambda g: np.zeros_like(g))
def sign(a: Array) -> Array:
    """y = −1, 0 or 1 as a is below, at or above 0;  ∂a = 0: y moves nowhere but at 0, where it jumps"""
    return np.sign(a)


@primitive(np.abs, a=lambda g, a: g * np.sign(a))
def abs(a: Array) -> Array:
    """y = |a|;  ∂a = g·sign a, 0 where a = 0"""
    return np.abs(a)


@primitive(
    np.maximum,
    a=lambda g, a, b: g * (a > b) + 0.5 * g * (a == b),
    b=lambda g, a, b: g * (a < b) + 0.5 * g * (a == b),
)
def maximum(a: Array, b: Array) -> Array:
    """y = max(a, b);  ∂a = g where a > b, g/2 where they are equal, 0 elsewhere; ∂b the rest"""
    return np.maximum(a, b)


@primitive(
    np.minimum,
    a=lambda g, a, b: g * (a < b) + 0.5 * g * (a == b),
    b=lambda g, a, b: g * (a > b) + 0.5 * g * (a == b),
)
def minimum(a: Array, b: Array) -> Array:
    """y = min(a, b);  ∂a = g where a < b, g/2 where they are equal, 0 elsewhere; ∂b the rest"""
    return np.minimum(a, b)


@primitive(
    a=lambda g, a, a_min, a_max: g * _within(a, a_min, a_max),
    a_min=lambda g, a, a_min, a_max: g * ((a < a_min) & (True if a_max is None else a_min <= a_max)),
    a_max=lambda g, a, a_min, a_max: g * ((a > a_max) | (False if a_min is None else a_min > a_max)),
)
def clip(a: Array, a_min: Array | None = None, a_max: Array | None = None) -> Array:
    """y = a held between a_min and a_max (None: no limit);  ∂a = g where a is within, limits included, else 0; ∂a_min
    and ∂a_max = g where a is beyond them. Where a_min > a_max, y = a_max"""
    return np.clip(a, a_min, a_max)


@answers_for(np.clip)
def clip_of_numpy(
    a: Array, a_min: Array | None = None, a_max: Array | None = None, *, min: Any = None, max: Any = None
) -> Array:
    """What np.clip means: the limits by either of their names."""
    if not (a_min is a_max is None or min is max is None):
        raise ValueError("clip: the limits are given twice; give min= and max=, or a_min= and a_max=")
    return clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _within(a: Array, low: Array | None, high: Array | None) -> Array:
    return (a >= (-math.inf if low is None else low)) & (a <= (math.inf if high is None else high))


@primitive(
    np.where,
    condition=None,
    a=lambda g, condition: np.where(condition, g, 0),
    b=lambda g, condition: np.where(condition, 0, g),
)
def where(condition: Array, a: Array, b: Array) -> Array:
    """y = a where the condition holds, else b;  ∂a = g there, 0 elsewhere; ∂b the rest"""
    return np.where(condition, a, b)


@primitive(np.nan_to_num, a=lambda g, a: np.where(np.isfinite(a), g, 0))
def nan_to_num(a: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """y = a, with `nan` in place of NaN, and `posinf` and `neginf` (None: the largest and smallest number) in place of
    infinities;  ∂a = g where a is finite, else 0"""
    return np.nan_to_num(a, nan=nan, posinf=posinf, neginf=neginf)


@primitive(a=lambda g, a: g * (2 / math.sqrt(math.pi)) * np.exp(-a * a))
def erf(a: Array) -> Array:
    """y = 2/√π ∫₀ᵃ exp(−t²) dt;  ∂a = g·2/√π·exp(−a²)"""
    from scipy import special  # loaded when it is needed: it takes longer than all else here

    return special.erf(a)


@primitive(a=lambda g, a_dtype: astype(g, a_dtype))
def _astype(a: Array, dtype: np.dtype, a_dtype: np.dtype) -> Array:
    return a.astype(dtype)


def astype(a: Array, dtype: np.typing.DTypeLike) -> Array:
    """y = a in another floating-point type;  ∂a = g in the type of a. TypeError where a gradient would be lost"""
    if np.dtype(dtype).kind != "f" and isinstance(a, Tensor) and a.requires_grad:
        raise TypeError(f"astype: {np.dtype(dtype)} has no gradient; cast t.detach() or t.data instead")
    return _astype(a, np.dtype(dtype), a.dtype)
