"""Every optimizer, with its main settings: the paper's recurrence in plain NumPy, and PyTorch's class.

Each `truth` walks all steps by the formula of the optimizer's docstring; where papers and PyTorch differ (the place of
AdaGrad's ε, AMSGrad's corrections) it's PyTorch's, as said there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyxm import optim
from tinyxm.certificate.case import OptimizerCase

Array = np.ndarray


def descent(p: Array, gradients: Sequence[Array], lr: float, weight_decay: float = 0) -> Array:
    for g in gradients:
        p = p - lr * (g + weight_decay * p)
    return p


def momentum(
    p: Array, gradients: Sequence[Array], lr: float, momentum: float, weight_decay: float = 0, nesterov: bool = False
) -> Array:
    """u as the sum it stands for, Σ μᵗ⁻ⁱ gᵢ."""
    past: list[Array] = []
    for g in gradients:
        past.append(g + weight_decay * p)
        u = np.sum([momentum**age * old for age, old in enumerate(reversed(past))], axis=0)
        p = p - lr * (past[-1] + momentum * u if nesterov else u)
    return p


def adagrad(p: Array, gradients: Sequence[Array], lr: float, eps: float = 1e-10, weight_decay: float = 0) -> Array:
    past: list[Array] = []
    for g in gradients:
        past.append(g + weight_decay * p)
        p = p - lr * past[-1] / (np.sqrt(np.sum(np.square(past), axis=0)) + eps)
    return p


def adadelta(
    p: Array, gradients: Sequence[Array], lr: float = 1, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0
) -> Array:
    v = w = np.zeros_like(p)
    for g in gradients:
        g = g + weight_decay * p
        v = rho * v + (1 - rho) * g * g
        d = g * ((w + eps) / (v + eps)) ** 0.5
        w = rho * w + (1 - rho) * d * d
        p = p - lr * d
    return p


def rmsprop(
    p: Array, gradients: Sequence[Array], lr: float, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0,
    centered: bool = False, weight_decay: float = 0,
) -> Array:  # fmt: skip
    v = m = u = np.zeros_like(p)
    for g in gradients:
        g = g + weight_decay * p
        v, m = alpha * v + (1 - alpha) * g * g, alpha * m + (1 - alpha) * g
        u = momentum * u + g / (np.sqrt(v - m * m if centered else v) + eps)
        p = p - lr * u
    return p


def adam(
    p: Array, gradients: Sequence[Array], lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
    weight_decay: float = 0, decoupled: bool = False, amsgrad: bool = False,
) -> Array:  # fmt: skip
    one, two = betas
    m = v = largest = np.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        if decoupled:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
        m, v = one * m + (1 - one) * g, two * v + (1 - two) * g * g
        largest = np.maximum(largest, v) if amsgrad else v
        p = p - lr * (m / (1 - one**t)) / (np.sqrt(largest / (1 - two**t)) + eps)
    return p


def case(
    name: str, label: str, truth: Callable[..., Array], theirs: str, given: dict[str, Any] | None = None,
    fixed: dict[str, Any] | None = None, **settings: Any,
) -> OptimizerCase:  # fmt: skip
    """`settings` are ours, PyTorch's and the formula's; `fixed` the formula's, `given` PyTorch's alone."""
    return OptimizerCase(
        name,
        label,
        lambda params: getattr(optim, name)(params, **settings),
        partial(truth, **settings, **(fixed or {})),
        lambda torch, params: getattr(torch.optim, theirs)(params, **settings, **(given or {})),
    )


ahead, largest, apart = {"nesterov": True}, {"amsgrad": True}, {"decoupled": True}
CASES = [
    case("GradientDescent", "", descent, "SGD", lr=0.1),
    case("GradientDescent", "decay", descent, "SGD", lr=0.1, weight_decay=0.3),
    case("Momentum", "", momentum, "SGD", lr=0.03, momentum=0.9),
    case("Momentum", "decay", momentum, "SGD", lr=0.03, momentum=0.7, weight_decay=0.3),
    case("Momentum", "of 0", momentum, "SGD", lr=0.1, momentum=0.0),
    case("Nesterov", "", momentum, "SGD", ahead, ahead, lr=0.03, momentum=0.9),
    case("Nesterov", "decay", momentum, "SGD", ahead, ahead, lr=0.03, momentum=0.7, weight_decay=0.3),
    case("AdaGrad", "", adagrad, "Adagrad", lr=0.1),
    case("AdaGrad", "decay", adagrad, "Adagrad", lr=0.1, eps=0.01, weight_decay=0.3),
    case("AdaDelta", "", adadelta, "Adadelta", lr=1.0),
    case("AdaDelta", "decay", adadelta, "Adadelta", lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.3),
    case("RMSProp", "", rmsprop, "RMSprop", lr=0.01),
    case("RMSProp", "decay", rmsprop, "RMSprop", lr=0.01, alpha=0.8, eps=1e-3, weight_decay=0.3),
    case("RMSProp", "centred", rmsprop, "RMSprop", lr=0.01, eps=1e-3, centered=True),
    case("RMSProp", "momentum", rmsprop, "RMSprop", lr=0.01, momentum=0.9),
    case("RMSProp", "centred, momentum, decay", rmsprop, "RMSprop", lr=0.01, alpha=0.9, eps=1e-3, momentum=0.5,
         centered=True, weight_decay=0.3),
    case("Adam", "", adam, "Adam", lr=0.1),
    case("Adam", "decay", adam, "Adam", lr=0.1, betas=(0.8, 0.9), eps=0.01, weight_decay=0.3),
    case("AMSGrad", "", adam, "Adam", largest, largest, lr=0.1),
    case("AMSGrad", "decay", adam, "Adam", largest, largest, lr=0.1, betas=(0.8, 0.6), eps=0.01, weight_decay=0.3),
    case("AdamW", "", adam, "AdamW", fixed=apart, lr=0.1, weight_decay=0.01),
    case("AdamW", "decay", adam, "AdamW", fixed=apart, lr=0.2, betas=(0.8, 0.9), eps=0.01, weight_decay=0.3),
]  # fmt: skip
