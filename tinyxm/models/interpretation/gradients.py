"""Maps by gradients: which numbers of the input would change the score, and which made it what it is.

All return an array of the input's own shape; `over_channels` makes one number of each pixel.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm.autograd import Tensor, generator, gradients
from tinyxm.models.interpretation.scores import Floats, Score, values

Baselines: TypeAlias = Any  # an array that broadcasts to x, or a list of such


def gradient(score: Score, x: ArrayLike) -> NDArray[Any]:
    """G = ∂s/∂x: how much the score would rise if a number of the input rose; in the shape of x, `(n, ...)`

    Raises TypeError for inputs that aren't floats (tokens: see `of_embedding`). Source: Simonyan, Vedaldi & Zisserman,
    "Deep inside convolutional networks", 2014, whose saliency map is |G|.
    """
    given = np.asarray(x)
    if given.dtype.kind != "f":
        raise TypeError(f"gradient: x is {given.dtype}, which has no gradient; give floats, or see of_embedding")
    point = Tensor(given, requires_grad=True)
    s = score(point)
    if not isinstance(s, Tensor):
        raise TypeError(f"gradient: the score is a {type(s).__name__}, which has no gradient; compute it from Tensors")
    return gradients(s.sum(), [point])[0].data


def gradient_times_input(score: Score, x: ArrayLike, baseline: ArrayLike = 0.0) -> NDArray[Any]:
    """A = (x − x′)·∂s/∂x: what each number contributes, were the score linear; x′ stands for "nothing there"

    Source: Shrikumar, Greenside & Kundaje, "Learning important features through propagating activation differences",
    2017, as what they improve upon.
    """
    given = np.asarray(x)
    return (given - np.asarray(baseline, given.dtype)) * gradient(score, given)


def smooth_grad(
    score: Score,
    x: ArrayLike,
    noise: float = 0.15,
    samples: int = 32,
    absolute: bool = False,
    rng: np.random.Generator | None = None,
) -> NDArray[Any]:
    """A = mean over ε of ∂s/∂x at x + ε,  ε ~ Normal(0, σ²),  σ = noise·(max x − min x) of each input

    The gradient of a network of ReLUs jumps from pixel to pixel; its mean over near-by inputs jumps less. With
    `absolute` it's the mean of |∂s/∂x|. Source: Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017.
    """
    given, rng = np.asarray(x), generator(rng)
    if samples < 1 or noise < 0:
        raise ValueError(f"smooth_grad: noise {noise} and samples {samples}: expected 0 or more, and at least 1")
    axes = tuple(range(1, given.ndim))
    spread = noise * (given.max(axis=axes, keepdims=True) - given.min(axis=axes, keepdims=True))
    total = np.zeros_like(given)
    for _ in range(samples):
        g = gradient(score, given + (spread * rng.standard_normal(given.shape)).astype(given.dtype))
        total += np.abs(g) if absolute else g
    return total / samples


def integrated_gradients(score: Score, x: ArrayLike, baselines: Baselines = 0.0, steps: int = 32) -> NDArray[Any]:
    """A = (x − x′)·∫₀¹ ∂s/∂x at x′ + α(x − x′) dα,  the mean over the baselines x′;  Σ A = s(x) − s(x′)

    The integral is a sum at the middles of `steps` equal parts. `baselines`: an array that broadcasts to x, or a list
    of them. That the sum comes out is a theorem, so it can be checked: `completeness`; where it doesn't, take more
    steps. Source: Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks", 2017; the mean over baselines:
    Erion et al., "Improving performance of deep learning models with axiomatic attribution priors", 2021.
    """
    given, several = np.asarray(x), _several(x, baselines)
    return np.mean([(given - base) * path_gradient(score, given, base, steps) for base in several], axis=0)


def path_gradient(score: Score, x: NDArray[Any], baseline: ArrayLike, steps: int = 32) -> NDArray[Any]:
    """∫₀¹ ∂s/∂x at x′ + α(x − x′) dα: the mean gradient on the straight way from the baseline x′ to x."""
    if steps < 1:
        raise ValueError(f"integrated_gradients: steps {steps}: expected at least 1")
    base = np.asarray(baseline, x.dtype)
    middles = (np.arange(steps) + 0.5) / steps
    total = np.zeros_like(x)
    for alpha in middles:
        total += gradient(score, base + x.dtype.type(alpha) * (x - base))
    return total / steps


def completeness(score: Score, x: ArrayLike, attributions: ArrayLike, baselines: Baselines = 0.0) -> Floats:
    """(Σ A − (s(x) − s(x′))) / max(|s(x) − s(x′)|, 1e-12), `(n,)`: what integrated gradients left out, as a share

    s(x′) is the mean over the baselines. 0 where all of the score is accounted for.
    """
    given, several = np.asarray(x), _several(x, baselines)
    nothing = np.mean([values(score, base) for base in several], axis=0)
    told = np.asarray(attributions).reshape(len(given), -1).sum(axis=1)
    rise = values(score, given) - nothing
    return (told - rise) / np.maximum(np.abs(rise), 1e-12)


def over_channels(attributions: ArrayLike, how: str = "sum") -> NDArray[Any]:
    """`(n, ..., channels)` → `(n, ...)`: the "sum", which keeps signs and completeness, or the "largest" magnitude."""
    a = np.asarray(attributions)
    if how not in ("sum", "largest"):
        raise ValueError(f"over_channels: how {how!r}: expected 'sum' or 'largest'")
    return a.sum(axis=-1) if how == "sum" else np.abs(a).max(axis=-1)


def _several(x: ArrayLike, baselines: Baselines) -> list[NDArray[Any]]:
    given = np.asarray(x)
    each = baselines if isinstance(baselines, list | tuple) else [baselines]
    if not each:
        raise ValueError("integrated_gradients: no baseline was given")
    try:
        return [np.broadcast_to(np.asarray(base, given.dtype), given.shape) for base in each]
    except ValueError:
        shapes = [np.shape(base) for base in each]
        raise ValueError(f"integrated_gradients: baselines {shapes} don't broadcast to x {given.shape}") from None
