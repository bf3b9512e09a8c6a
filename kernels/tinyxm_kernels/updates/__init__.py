"""The optimizers' updates of a parameter, in place.

Gradient descent (Cauchy 1847; Robbins and Monro 1951 for gradients of samples), λ the weight decay:

    θ ← θ − η (g + λθ)

Adam (Kingma and Ba 2015, algorithm 1), t the step, from 1 on:

    m ← β₁ m + (1 − β₁) g                       running mean of the gradient
    v ← β₂ v + (1 − β₂) g²                      running mean of its square
    θ ← θ − η · m̂ / (√v̂ + ε)                   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

Weight decay λ adds λθ to g at the start, or, decoupled (AdamW; Loshchilov and Hutter 2019), shrinks θ by ηλθ first.

Momentum (Polyak 1964; Sutskever et al. 2013 for Nesterov's form), with g ← g + λθ:

    u ← μ u + g
    θ ← θ − η u            or, Nesterov:   θ ← θ − η (g + μ u)

Adam reads four numbers and writes three for each parameter, with some 15 operations on them: memory limits it.
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape
from tinyxm_kernels.registry import operation


def _rule(*operands: Any) -> tuple[str, ...]:
    """blocked, at every size; reference for dtypes that it doesn't take."""
    return "blocked", "reference"


def _descent_rule(*operands: Any) -> tuple[str, ...]:
    """reference, the only rung: two operations for each element leave nothing to gain."""
    return ("reference",)


_gradient_descent_update = operation(
    "gradient_descent_update",
    __name__,
    flops=lambda parameter, *others, **settings: 4 * prod(parameter),
    elements=lambda parameter, *others, **settings: 3 * prod(parameter),
    rule=_descent_rule,
)
_adam_update = operation(
    "adam_update",
    __name__,
    flops=lambda parameter, *others, **settings: 15 * prod(parameter),
    elements=lambda parameter, *others, **settings: 7 * prod(parameter),
    rule=_rule,
)
_momentum_update = operation(
    "momentum_update",
    __name__,
    flops=lambda parameter, *others, **settings: 6 * prod(parameter),
    elements=lambda parameter, *others, **settings: 5 * prod(parameter),
    rule=_rule,
)


def _check(name: str, parameter: NDArray[Any], **others: NDArray[Any]) -> None:
    check_floats(name, parameter=parameter, **others)
    for role, array in {"parameter": parameter, **others}.items():
        if array.shape != parameter.shape:
            check_shape(name, role, array.shape, parameter.shape)
        if role != "gradient" and not array.flags.c_contiguous:
            raise ValueError(
                f"{name}: {role} isn't contiguous, so it can't be updated in place: use np.ascontiguousarray"
            )


def gradient_descent_update(
    parameter: NDArray[Any], gradient: NDArray[Any], *, learning_rate: float, weight_decay: float = 0.0
) -> None:
    """One step of gradient descent; `parameter` is changed in place.

    Raises ValueError for shapes that differ or an array that isn't contiguous, TypeError for other dtypes than
    float32 and float64.
    """
    _check("gradient_descent_update", parameter, gradient=gradient)
    _gradient_descent_update.choose(parameter, gradient)(
        parameter, gradient, learning_rate=learning_rate, weight_decay=weight_decay
    )


def adam_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    mean: NDArray[Any],
    square: NDArray[Any],
    *,
    step: int,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None:
    """One step of Adam, or of AdamW where `decoupled`; `parameter`, `mean` and `square` are changed in place.

    All four arrays have one shape and dtype; `step` counts from 1. Raises ValueError for shapes that differ, an array
    that isn't contiguous or a step below 1, TypeError for other dtypes than float32 and float64.
    """
    _check("adam_update", parameter, gradient=gradient, mean=mean, square=square)
    if step < 1:
        raise ValueError(f"adam_update: step {step}: steps count from 1")
    _adam_update.choose(parameter, gradient, mean, square)(
        parameter,
        gradient,
        mean,
        square,
        step=step,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        decoupled=decoupled,
    )


def momentum_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    velocity: NDArray[Any],
    *,
    learning_rate: float,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> None:
    """One step of gradient descent with momentum; `parameter` and `velocity` are changed in place.

    Raises ValueError for shapes that differ or an array that isn't contiguous, TypeError for other dtypes than
    float32 and float64.
    """
    _check("momentum_update", parameter, gradient=gradient, velocity=velocity)
    _momentum_update.choose(parameter, gradient, velocity)(
        parameter,
        gradient,
        velocity,
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
    )
