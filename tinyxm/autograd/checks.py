"""Gradients checked against differences, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm.autograd.tape import gradients
from tinyxm.autograd.tensor import Tensor


def check_gradients(
    function: Callable[..., Tensor],
    inputs: Sequence[Any],
    order: int = 2,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> None:
    """Compare the gradients of function(*inputs) with central differences in float64, to first and second order.

    For one random direction d per input and a random weighting g of the result,

        ⟨∂x⟨g, f(x)⟩, d⟩  is compared with  (⟨g, f(x + εd)⟩ − ⟨g, f(x − εd)⟩) / 2ε

    to a relative and absolute `tolerance`; to second order the same is asked of the function's gradient. `inputs` are
    arrays, turned to float64. Raises AssertionError that names the input, the order, and both numbers; ValueError
    where an input isn't of floats. Source: the random-direction checks of Chainer's `gradient_check`.
    """
    if isinstance(inputs, np.ndarray | Tensor):
        raise TypeError("check_gradients: inputs is an array; give a list of them, as in check_gradients(f, [x])")
    rng = rng or np.random.default_rng(0)
    arrays = [np.asarray(x) for x in inputs]
    for i, x in enumerate(arrays):
        if x.dtype.kind != "f":
            raise ValueError(f"check_gradients: input {i} is {x.dtype}; give floats, and close over other arguments")
    points = [x.astype(np.float64) for x in arrays]
    _compare(function, points, step, tolerance, rng, "first")
    if order < 2:
        return
    y = function(*(Tensor(x, requires_grad=True) for x in points))
    g = np.asarray(rng.standard_normal(y.shape))
    directions = [rng.standard_normal(x.shape) for x in points]

    def slope(*tensors: Tensor) -> Tensor:
        """The directional derivative, Σ ⟨∂x, d⟩: its own gradient holds the second derivatives."""
        y = function(*tensors)
        firsts = gradients(y, tensors, g, create_graph=True)
        return sum(((gx * d).sum() for gx, d in zip(firsts, directions, strict=True)), start=Tensor(0.0))

    if slope(*(Tensor(x, requires_grad=True) for x in points)).requires_grad:  # else it's linear: nothing is left
        _compare(slope, points, step, tolerance, rng, "second")
    else:
        for point in points:
            point += step * rng.standard_normal(point.shape)
        moved = slope(*(Tensor(x, requires_grad=True) for x in points))
        still = slope(*(Tensor(x.astype(np.float64), requires_grad=True) for x in arrays))
        _demand(
            abs(moved.item() - still.item()) <= step * tolerance * (1 + abs(still.item())),
            f"second order: the gradient carries no graph, yet it moves from {still.data} to {moved.data}",
        )


def _compare(
    function: Callable[..., Tensor],
    points: list[np.ndarray],
    step: float,
    tolerance: float,
    rng: np.random.Generator,
    order: str,
) -> None:
    tensors = [Tensor(x, requires_grad=True) for x in points]
    y = function(*tensors)
    g = rng.standard_normal(y.shape)
    for i, (gx, x) in enumerate(zip(gradients(y, tensors, g), points, strict=True)):
        _demand(gx.shape == x.shape, f"{order} order, input {i}: gradient {gx.shape} for a value {x.shape}")
        d = rng.standard_normal(x.shape)

        def weighted(distance: float, i: int = i, d: np.ndarray = d) -> float:
            moved = [
                Tensor(np.asarray(p + distance * d) if j == i else p, requires_grad=True) for j, p in enumerate(points)
            ]
            return float((g * function(*moved).data).sum())

        expected = (weighted(step) - weighted(-step)) / (2 * step)
        found = float((gx.data * d).sum())
        _demand(
            bool(np.isclose(found, expected, rtol=tolerance, atol=tolerance)),
            f"{order} order, input {i}: along a direction the gradient is {found:.9g}, by differences {expected:.9g}",
        )


def _demand(condition: bool, otherwise: str) -> None:
    """Like assert, but under python -O, too: a check that is skipped isn't one."""
    if not condition:
        raise AssertionError(otherwise)
