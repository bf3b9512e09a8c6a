"""Grad-CAM: where in a convolution's own maps the evidence lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm import nn
from tinyxm.autograd import Tensor, gradients
from tinyxm.models.interpretation.scores import Score
from tinyxm.ops import resize


def grad_cam(
    score: Score, layer: nn.Module, x: ArrayLike, size: tuple[int, int] | None = None, relu: bool = True
) -> NDArray[Any]:
    """M = relu(Σₖ wₖ·Aₖ),  wₖ = mean over places of ∂s/∂Aₖ;  A `(n, ..., channels)` what `layer` gave, M `(n, ...)`

    `layer` is any module within the model whose result has places and channels: a convolution of sound, images or
    video, or what follows one (after its ReLU is usual). With `size`, (rows, columns), the maps of images are enlarged
    bilinearly to it. Without `relu` evidence against is kept, as negative numbers. Raises ValueError where the layer
    wasn't used exactly once, or its result has no places. Source: Selvaraju et al., "Grad-CAM", 2017.
    """
    seen: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...], y: Any) -> Tensor:
        seen.append(Tensor(y.data, requires_grad=True))  # a leaf: so it has a gradient though all weights be frozen
        return seen[-1]

    with layer.register_forward_hook(keep):
        s = score(x).sum()
    if len(seen) != 1:
        raise ValueError(f"grad_cam: the model used this {type(layer).__name__} {len(seen)} times, expected 1")
    activation = seen[0]
    if activation.ndim < 3:
        raise ValueError(
            f"grad_cam: {type(layer).__name__} gave {activation.shape}, which has no places; give a layer whose result "
            "is (n, ..., channels), such as the last convolution"
        )
    (g,) = gradients(s, [activation])
    places = tuple(range(1, activation.ndim - 1))
    maps = np.sum(g.data.mean(axis=places, keepdims=True) * activation.data, axis=-1)
    maps = np.maximum(maps, 0) if relu else maps
    return maps if size is None else resize(maps[..., None], size, "bilinear")[..., 0]
