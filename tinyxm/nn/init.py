"""Where weights start.

A layer of n inputs adds up n products, so its results vary n times as much as they do. LeCun's, Xavier's and He's rules
divide that out, so that signals and gradients keep their size through many layers. For a weight `(in, out)` of Linear
or `(height, width, in, out)` of Conv2d, fan_in = height·width·in is how many products make one result, and fan_out =
height·width·out how many results one input takes part in; Conv1d's and Conv3d's windows count alike. Layers that work
in groups start each group on its own.

Each function returns an array of this shape; `rng` is the default generator where none is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from tinyxm.autograd import generator

Shape = tuple[int, ...]
Initialiser = Callable[[Shape, np.random.Generator], np.ndarray]


def zeros(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w = 0: for shifts (biases), never for weights.

    Units of a layer that start alike compute alike, receive the same gradient and stay alike: with all weights 0, or
    any other constant ("mean initialisation"), a layer of any width remains one unit. Only random weights break this
    symmetry.
    """
    return np.zeros(shape, dtype)


def constant(
    shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32, *, value: float = 1.0
) -> np.ndarray:
    """w = value: for scales and shifts; as weights it doesn't break symmetry (see `zeros`)."""
    return np.full(shape, value, dtype)


def uniform(
    shape: Shape,
    rng: np.random.Generator | None = None,
    dtype: DTypeLike = np.float32,
    *,
    low: float = -0.05,
    high: float = 0.05,
) -> np.ndarray:
    """w ~ U(low, high)"""
    return generator(rng).uniform(low, high, shape).astype(dtype)


def normal(
    shape: Shape,
    rng: np.random.Generator | None = None,
    dtype: DTypeLike = np.float32,
    *,
    mean: float = 0.0,
    deviation: float = 0.05,
) -> np.ndarray:
    """w ~ N(mean, deviation²)"""
    return generator(rng).normal(mean, deviation, shape).astype(dtype)


def truncated_normal(
    shape: Shape,
    rng: np.random.Generator | None = None,
    dtype: DTypeLike = np.float32,
    *,
    mean: float = 0.0,
    deviation: float = 0.05,
) -> np.ndarray:
    """w ~ N(mean, deviation²), given that it lies within 2 deviations of the mean: no weight starts far out

    Drawn by the inverse distribution, w = mean + deviation·Φ⁻¹(u), u ~ U(Φ(−2), Φ(2)). What is cut off leaves a
    variance of (1 − 4·φ(2) / (2·Φ(2) − 1))·deviation² = 0.7737·deviation².
    """
    from scipy import special  # loaded when it is needed: it takes longer than all else here

    low, high = special.ndtr([-2.0, 2.0])
    return (mean + deviation * special.ndtri(generator(rng).uniform(low, high, shape))).astype(dtype)


def lecun_uniform(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ U(−b, b), b = √(3 / fan_in): variance 1 / fan_in, so that results vary as their inputs do, for linear layers.

    Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.
    """
    bound = math.sqrt(3 / fans(shape)[0])
    return uniform(shape, rng, dtype, low=-bound, high=bound)


def lecun_normal(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ N(0, 1 / fan_in), for linear layers. Source: LeCun, Bottou, Orr and Müller 1998."""
    return normal(shape, rng, dtype, deviation=math.sqrt(1 / fans(shape)[0]))


def xavier_uniform(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ U(−b, b), b = √(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out), for tanh and linear layers.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    bound = math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, rng, dtype, low=-bound, high=bound)


def xavier_normal(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ N(0, 2 / (fan_in + fan_out)), for tanh and linear layers. Source: Glorot and Bengio 2010."""
    return normal(shape, rng, dtype, deviation=math.sqrt(2 / sum(fans(shape))))


def he_uniform(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ U(−b, b), b = √(6 / fan_in): variance 2 / fan_in, as ReLU lets half of the signal through.

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    bound = math.sqrt(6 / fans(shape)[0])
    return uniform(shape, rng, dtype, low=-bound, high=bound)


def he_normal(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w ~ N(0, 2 / fan_in), as ReLU lets half of the signal through. Source: He, Zhang, Ren and Sun 2015."""
    return normal(shape, rng, dtype, deviation=math.sqrt(2 / fans(shape)[0]))


def orthogonal(
    shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32, *, gain: float = 1.0
) -> np.ndarray:
    """W = gain·Q: of orthonormal columns where fan_in ≥ out, else of orthonormal rows, for W as (fan_in, out)

    Such a layer keeps lengths (times gain), however deep they are stacked. Q is that of G = QR, G of normal numbers,
    its columns turned so that R's diagonal is positive, which makes it uniform over all such matrices. Source: Saxe,
    McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", ICLR 2014.
    """
    rows, columns = fans(shape)[0], shape[-1]
    q, r = np.linalg.qr(generator(rng).normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diag(r) < 0, -gain, gain)
    return (q if rows >= columns else q.T).reshape(shape).astype(dtype)


def identity(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """w = 1 from each input to the result of the same number, at the middle of the window, else 0: y = x

    Of a convolution, with padding "same"; inputs or results beyond the other's number go without.
    """
    fans(shape)
    w = np.zeros(shape, dtype)
    np.fill_diagonal(w[tuple(n // 2 for n in shape[:-2])], 1)
    return w


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (…, in, out). Raises ValueError for fewer than two axes, or an empty weight."""
    if len(shape) < 2 or not math.prod(shape):
        raise ValueError(f"init: a weight of shape {shape} has no fan-in; give (in, out) or (height, width, in, out)")
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]
