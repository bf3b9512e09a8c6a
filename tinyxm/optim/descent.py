"""Gradient descent, plain and with momentum: every element at the same learning rate η."""

from __future__ import annotations

from functools import partial
from typing import Any

import tinyxm_kernels as kernels
from tinyxm.optim.optimizer import Optimizer, Parameters, Rule


class GradientDescent(Optimizer):
    """θ ← θ − η·(g + λθ), λ the weight decay

    It keeps no state. On batches of samples this is stochastic gradient descent. Sources: Cauchy 1847; Robbins and
    Monro, "A stochastic approximation method", Annals of Mathematical Statistics 1951.
    """

    operation = "gradient_descent_update"

    def __init__(self, params: Parameters, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.gradient_descent_update, learning_rate=float(group["lr"]), weight_decay=group["weight_decay"]
        )


class Momentum(Optimizer):
    """u ← μu + g + λθ,  θ ← θ − ηu

    μ is `momentum`, λ `weight_decay`. State: `velocity`, u, the sum of past gradients, each weighing μ times the next:
    along a steady slope it grows to 1 / (1 − μ) of them, and across a ravine they cancel. Source: Polyak, "Some methods
    of speeding up the convergence of iteration methods", 1964.
    """

    operation = "momentum_update"
    state_names = ("velocity",)
    nesterov = False

    def __init__(self, params: Parameters, lr: float, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.momentum_update,
            learning_rate=float(group["lr"]),
            momentum=group["momentum"],
            nesterov=self.nesterov,
            weight_decay=group["weight_decay"],
        )


class Nesterov(Momentum):
    """u ← μu + g + λθ,  θ ← θ − η·(g + λθ + μu): momentum that looks ahead

    Nesterov takes the gradient at θ − ημu, where the velocity is about to carry θ, and so brakes before a wall, not
    after it. Written for the point looked ahead to, which is what θ holds here (and in PyTorch's SGD with
    nesterov=True), that is this update, by the gradient at θ itself. State: Momentum's. Sources: Nesterov 1983;
    Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    nesterov = True
