"""Gradients checked against differences, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinyxm.autograd.inplace import is_array
from tinyxm.autograd.places import placed
from tinyxm.autograd.primitive import as_array
from tinyxm.autograd.tape import gradients
from tinyxm.autograd.tensor import Array, Tensor


class GradientError(NamedTuple):
    """The derivative with respect to one input along one direction: by the gradient, and by differences."""

    order: int
    input: int
    found: float
    expected: float

    @property
    def relative(self) -> float:
        """|found − expected| / (1 + |expected|): relative for large derivatives, absolute for small ones."""
        return abs(self.found - self.expected) / (1 + abs(self.expected))


def check_gradients(
    function: Callable[..., Tensor],
    inputs: Sequence[Any],
    order: int = 2,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> None:
    """Compare the gradients of function(*inputs) with central differences in float64, to first and second order.

    Raises AssertionError where one of `gradient_errors` is above the tolerance, and names its input, order and numbers.
    """
    for error in gradient_errors(function, inputs, order, step, rng):
        if not error.relative <= tolerance:  # NaN isn't, either; and this holds under python -O, as assert doesn't
            raise AssertionError(
                f"{('first', 'second')[error.order - 1]} order, input {error.input}: along a direction the gradient is "
                f"{error.found:.9g}, by differences {error.expected:.9g}"
            )


def gradient_errors(
    function: Callable[..., Tensor],
    inputs: Sequence[Any],
    order: int = 2,
    step: float = 1e-5,
    rng: np.random.Generator | None = None,
) -> list[GradientError]:
    """How the gradients of function(*inputs) differ from central differences, one row for each order and input.

    For one random direction d per input and a random weighting g of the result,

        ⟨∂x⟨g, f(x)⟩, d⟩  is compared with  (⟨g, f(x + εd)⟩ − ⟨g, f(x − εd)⟩) / 2ε

    and to second order the same is done for the function's gradient. `inputs` are arrays, turned to float64. Raises
    ValueError where one isn't of floats. Source: the random-direction checks of Chainer's `gradient_check`.
    """
    if isinstance(inputs, Tensor) or is_array(inputs):
        raise TypeError("check_gradients: inputs is an array; give a list of them, as in check_gradients(f, [x])")
    rng = rng or np.random.default_rng(0)
    arrays = [x.data if isinstance(x, Tensor) and not x.requires_grad else x for x in inputs]
    arrays = [x if is_array(x) else np.asarray(x) for x in arrays]
    for i, x in enumerate(arrays):
        if x.dtype.kind != "f":
            raise ValueError(f"check_gradients: input {i} is {x.dtype}; give floats, and close over other arguments")
    points = [x.astype(np.float64) for x in arrays]
    errors = _compare(1, function, points, step, rng)
    if order < 2:
        return errors
    y = function(*map(Tensor, points))
    g = placed(rng.standard_normal(y.shape), y)
    directions = [placed(rng.standard_normal(x.shape), x) for x in points]

    def slope(*tensors: Tensor) -> Tensor:
        """The directional derivative, Σ ⟨∂x, d⟩: its own gradient holds the second derivatives."""
        firsts = gradients(function(*tensors), tensors, g, create_graph=True)
        slopes = [(gx * d).sum() for gx, d in zip(firsts, directions, strict=True)]
        return sum(slopes[1:], start=slopes[0]) if slopes else Tensor(0.0)

    return errors + _compare(2, slope, points, step, rng)


def _compare(
    order: int, function: Callable[..., Tensor], points: list[Array], step: float, rng: np.random.Generator
) -> list[GradientError]:
    tensors = [Tensor(x, requires_grad=True) for x in points]
    y = function(*tensors)
    g = placed(rng.standard_normal(y.shape), y)
    constant = order == 2 and not y.requires_grad  # of a linear function; the differences tell whether it is one
    found = [Tensor(np.zeros_like(x)) for x in points] if constant else gradients(y, tensors, g)
    errors = []
    for i, x in enumerate(points):
        d = placed(rng.standard_normal(x.shape), x)

        def weighted(distance: float, i: int = i, d: Array = d) -> float:
            moved = [as_array(p + distance * d) if j == i else p for j, p in enumerate(points)]
            return float((g * function(*(Tensor(x, requires_grad=True) for x in moved)).data).sum())

        expected = (weighted(step) - weighted(-step)) / (2 * step)
        errors.append(GradientError(order, i, float((found[i].data * d).sum()), expected))
    return errors
