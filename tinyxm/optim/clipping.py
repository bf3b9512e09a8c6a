"""Clipping: gradients held to a size before the update.

It keeps a step from throwing the parameters far off where the loss has a cliff: it prevents explosion. It does **not**
prevent vanishing, since a gradient that is too small passes unchanged; initialisation, normalisation and residual
connections are against that. Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from tinyxm.autograd import Tensor, events
from tinyxm.optim.optimizer import listed_once

_SAFE = 1e-30  # below, many of float32's squares have lost digits, or are 0


def clip_by_value(params: Iterable[Tensor], limit: float) -> float:
    """g ← min(max(g, −limit), limit), each element by itself, which changes the direction; returns their norm before.

    Prevents explosion, not vanishing. Told to listeners as one `clip` per parameter. Raises ValueError unless limit is
    positive and each parameter given once, TypeError for what isn't a list of them, FloatingPointError where a gradient
    isn't finite, and then clips none.
    """
    held = _with_gradients("clip_by_value", params, limit)
    norm = _norm("clip_by_value", held)
    _replace("clip_by_value", held, lambda g: np.clip(g, -limit, limit, out=np.empty_like(g)), limit, norm)
    return norm


def clip_by_norm(params: Iterable[Tensor], limit: float) -> float:
    """g ← g·min(1, limit / ‖g‖), ‖g‖ = √Σ g² over all parameters: the direction stays; returns ‖g‖, the norm before.

    Prevents explosion, not vanishing. Tells and raises as `clip_by_value` does.
    """
    held = _with_gradients("clip_by_norm", params, limit)
    norm = _norm("clip_by_norm", held)
    _shorten("clip_by_norm", held, limit, norm)
    return norm


def clip_by_layer(params: Iterable[Tensor], limit: float) -> float:
    """g ← g·min(1, limit / ‖g‖), ‖g‖ of each parameter by itself; returns the norm of all before, as clip_by_norm.

    One layer that explodes doesn't shrink the others' steps; each parameter keeps its direction, all together don't.
    Prevents explosion, not vanishing. Tells and raises as `clip_by_value` does.
    """
    held = _with_gradients("clip_by_layer", params, limit)
    norm = _norm("clip_by_layer", held)
    for i, parameter in held.items():
        one = {i: parameter}
        _shorten("clip_by_layer", one, limit, _norm("clip_by_layer", one))
    return norm


def _with_gradients(name: str, params: Iterable[Tensor], limit: float) -> dict[int, Any]:
    """The parameters that have a gradient, by their place among all."""
    given = listed_once(name, params)
    if not isinstance(limit, Real) or not 0 < limit < math.inf:
        raise ValueError(f"{name}: limit {limit!r}: expected a finite number above 0")
    return {i: parameter for i, parameter in enumerate(given) if parameter.grad is not None}


def _norm(name: str, held: dict[int, Any]) -> float:
    """√Σ g² over all gradients; where squares overflow or vanish, of g over the largest, in float64."""
    with np.errstate(over="ignore"):
        squares = [np.vdot(p.grad, p.grad).astype(np.float64) for p in held.values()]
        total = float(sum(squares))  # once: on a GPU, each number that is asked for waits for all before it
    if _SAFE < total < math.inf:
        return math.sqrt(total)
    largest = float(np.max([float(np.max(np.abs(p.grad))) for p in held.values() if p.grad.size], initial=0))
    if not math.isfinite(largest):
        for i, parameter in held.items():
            broken = int(np.sum(~np.isfinite(parameter.grad)))
            if broken:
                raise FloatingPointError(
                    f"{name}: {broken} of {parameter.size} elements in the gradient of parameter {i}, "
                    f"{parameter.shape}, aren't finite; run this step within tinyxm.debug() to see where they came from"
                )
    scale = largest or 1.0
    return scale * math.sqrt(sum(float(np.sum(np.square(p.grad / np.float64(scale)))) for p in held.values()))


def _shorten(name: str, held: dict[int, Any], limit: float, norm: float) -> None:
    factor = limit / norm if norm > limit else 1.0
    if factor < 1 or events.listeners:
        _replace(name, held, lambda g: np.multiply(g, factor, out=np.empty_like(g)), limit, norm)


def _replace(name: str, held: dict[int, Any], rule: Any, limit: float, norm: float) -> None:
    """New gradients by rule(g); the old arrays stay as they are, for whoever was told of them."""
    with events.phase("clip"):
        for parameter in held.values():
            gradient = parameter.grad
            if events.listeners:
                static = {"limit": limit, "norm": norm}
                parameter.grad = events.observe("clip", name, rule, {"gradient": gradient}, static)
            else:
                parameter.grad = rule(gradient)
