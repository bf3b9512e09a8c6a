"""The optimizers' updates of a parameter θ by its gradient g, in place, at a learning rate η.

Where a weight decay λ is given, g ← g + λθ comes first. Gradient descent (Cauchy 1847; Robbins and Monro 1951 for
gradients of samples), and with momentum (Polyak 1964; Sutskever et al. 2013 for Nesterov's form):

    θ ← θ − η g
    u ← μ u + g                                 θ ← θ − η u, or, Nesterov:  θ ← θ − η (g + μ u)

AdaGrad (Duchi et al. 2011), RMSProp (Tieleman and Hinton 2012) and AdaDelta (Zeiler 2012) divide by the root of what g²
has been, so that each element has a rate of its own:

    s ← s + g²                                  θ ← θ − η g / (√s + ε)
    v ← α v + (1 − α) g²                        θ ← θ − η g / (√v + ε)
    v ← ρ v + (1 − ρ) g²                        d = g √(w + ε) / √(v + ε),  w ← ρ w + (1 − ρ) d²,  θ ← θ − η d

RMSProp centred (Graves 2013) has √(v − m²), m ← α m + (1 − α) g, for √v; with momentum, u ← μ u + g / (√v + ε) for the
quotient. Adam (Kingma and Ba 2015, algorithm 1), t the step, from 1 on:

    m ← β₁ m + (1 − β₁) g                       running mean of the gradient
    v ← β₂ v + (1 − β₂) g²                      running mean of its square
    θ ← θ − η · m̂ / (√v̂ + ε)                   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

Decoupled (AdamW; Loshchilov and Hutter 2019) it shrinks θ by ηλθ first, in place of adding λθ to g; given `largest`
(AMSGrad; Reddi et al. 2018), the largest v so far stands for v.

Adam reads four numbers and writes three for each element, with some 15 operations on them: memory limits it, and all
the others more so. Read it in this order:

    reference     the formulas as they are printed, a pass over memory for each operation
    blocked       the same a block at a time, in the cache
    fused         one compiled loop: what lies between stays in registers
    cuda_fused    the same on a GPU, a thread for each element, in one launch
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape
from tinyxm_kernels.registry import Operation, operation


def _rule(parameter: Any, *others: Any) -> tuple[str, ...]:
    """fused from 1024 elements up, blocked without Numba; reference for fewer, or for dtypes that they don't take."""
    return ("fused", "blocked", "reference") if parameter.size >= 1024 else ("reference",)


def _descent_rule(parameter: Any, *others: Any) -> tuple[str, ...]:
    """fused from 16384 elements up; reference for fewer, whose two operations leave little to gain."""
    return ("fused", "reference") if parameter.size >= 16384 else ("reference",)


def _update(name: str, flops: int, rule: Any = _rule) -> Operation:
    """So many operations for each element; all arrays are read, and all but the gradient are written."""
    return operation(
        name,
        __name__,
        flops=lambda parameter, *others, **settings: flops * prod(parameter),
        elements=lambda *arrays, **settings: (2 * len(arrays) - 1) * prod(arrays[0]),
        rule=rule,
        on_cuda=("cuda_fused",),
    )


_gradient_descent_update = _update("gradient_descent_update", 4, _descent_rule)
_momentum_update = _update("momentum_update", 6)
_adagrad_update = _update("adagrad_update", 7)
_adadelta_update = _update("adadelta_update", 14)
_rmsprop_update = _update("rmsprop_update", 9)
_adam_update = _update("adam_update", 15)


def _check(name: str, **arrays: NDArray[Any]) -> None:
    check_floats(name, **arrays)
    shape = arrays["parameter"].shape
    for role, array in arrays.items():
        if array.shape != shape:
            check_shape(name, role, array.shape, shape)
        if role != "gradient" and not array.flags.c_contiguous:
            raise ValueError(
                f"{name}: {role} isn't contiguous, so it can't be updated in place: use np.ascontiguousarray"
            )
        if role != "gradient" and not getattr(array.flags, "writeable", True):  # CuPy's arrays always are
            raise ValueError(f"{name}: {role} is read-only, so it can't be updated in place: use a copy of it")


def gradient_descent_update(
    parameter: NDArray[Any], gradient: NDArray[Any], *, learning_rate: float, weight_decay: float = 0.0
) -> None:
    """One step of gradient descent; `parameter` is changed in place.

    This and all others raise ValueError for shapes that differ or an array that isn't contiguous, TypeError unless all
    arrays are float32 or all float64. The gradient may have any strides, and is left as it is.
    """
    _check("gradient_descent_update", parameter=parameter, gradient=gradient)
    _gradient_descent_update.choose(parameter, gradient)(
        parameter, gradient, learning_rate=learning_rate, weight_decay=weight_decay
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
    """One step of gradient descent with momentum; `parameter` and `velocity` u are changed in place."""
    _check("momentum_update", parameter=parameter, gradient=gradient, velocity=velocity)
    _momentum_update.choose(parameter, gradient, velocity)(
        parameter,
        gradient,
        velocity,
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
    )


def adagrad_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    square_sum: NDArray[Any],
    *,
    learning_rate: float,
    epsilon: float = 1e-10,
    weight_decay: float = 0.0,
) -> None:
    """One step of AdaGrad; `parameter` and `square_sum` s are changed in place."""
    _check("adagrad_update", parameter=parameter, gradient=gradient, square_sum=square_sum)
    _adagrad_update.choose(parameter, gradient, square_sum)(
        parameter, gradient, square_sum, learning_rate=learning_rate, epsilon=epsilon, weight_decay=weight_decay
    )


def adadelta_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    square: NDArray[Any],
    change_square: NDArray[Any],
    *,
    learning_rate: float = 1.0,
    rho: float = 0.9,
    epsilon: float = 1e-6,
    weight_decay: float = 0.0,
) -> None:
    """One step of AdaDelta; `parameter`, `square` v and `change_square` w are changed in place."""
    _check("adadelta_update", parameter=parameter, gradient=gradient, square=square, change_square=change_square)
    _adadelta_update.choose(parameter, gradient, square, change_square)(
        parameter,
        gradient,
        square,
        change_square,
        learning_rate=learning_rate,
        rho=rho,
        epsilon=epsilon,
        weight_decay=weight_decay,
    )


def rmsprop_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    square: NDArray[Any],
    mean: NDArray[Any] | None = None,
    velocity: NDArray[Any] | None = None,
    *,
    learning_rate: float,
    alpha: float = 0.99,
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> None:
    """One step of RMSProp, centred where `mean` m is given, with momentum where `velocity` u is; all but the gradient
    are changed in place."""
    state = {"square": square} | {k: v for k, v in (("mean", mean), ("velocity", velocity)) if v is not None}
    _check("rmsprop_update", parameter=parameter, gradient=gradient, **state)
    _rmsprop_update.choose(parameter, gradient, *state.values())(
        parameter,
        gradient,
        square,
        mean,
        velocity,
        learning_rate=learning_rate,
        alpha=alpha,
        epsilon=epsilon,
        momentum=momentum,
        weight_decay=weight_decay,
    )


def adam_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    mean: NDArray[Any],
    square: NDArray[Any],
    largest: NDArray[Any] | None = None,
    *,
    step: int,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None:
    """One step of Adam, of AdamW where `decoupled`, of AMSGrad where `largest` is given; all arrays but the gradient
    are changed in place. `step` counts from 1: raises ValueError below."""
    state = {"mean": mean, "square": square} | ({} if largest is None else {"largest": largest})
    _check("adam_update", parameter=parameter, gradient=gradient, **state)
    if step < 1:
        raise ValueError(f"adam_update: step {step}: steps count from 1")
    _adam_update.choose(parameter, gradient, *state.values())(
        parameter,
        gradient,
        mean,
        square,
        largest,
        step=step,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        decoupled=decoupled,
    )
