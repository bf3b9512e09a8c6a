"""The formulas as one kernel each: a thread for each element, which fetches it with all its state and writes them back.

What it adds to `reference` on CuPy's arrays: that makes a pass over memory for each of some fifteen operations, and
launches a kernel for each. Here it is one launch and one pass, of 32 neighbours to a warp, in 4 sectors a request, the
fewest possible.

Arithmetic intensity: Adam does some 15 operations on an element of which 28 bytes move, half an operation for each
byte; a GPU could do 20 and more, so that memory is the limit and nothing but fewer bytes would help. 10 to 24 registers
a thread: as many threads as a multiprocessor takes. Limits: a launch for each parameter, some microseconds, however
small it is. A gradient that doesn't lie in one piece is copied.
"""

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels.cuda import CudaKernel, kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
THREADS = 256
MOST = 2**31 - THREADS  # elements that an int can number, with those of the last block that aren't there
NEEDS = f"at most {MOST} elements, which an int can number"
_source = Path(__file__).with_suffix(".cu")
_gradient_descent = kernel(_source, "gradient_descent")
_momentum = kernel(_source, "momentum")
_adagrad = kernel(_source, "adagrad")
_adadelta = kernel(_source, "adadelta")
_rmsprop = kernel(_source, "rmsprop")
_adam = kernel(_source, "adam")


def _fits(parameter: Array, *others: Any) -> bool:
    return parameter.size <= MOST


def _run(update: CudaKernel, arrays: Sequence[Array | None], *numbers: float) -> None:
    """On the parameter, its gradient, which alone may lie as it likes, and the state, whose arrays may be None."""
    parameter, gradient, *state = arrays
    n = parameter.size  # type: ignore[union-attr]  # only of the state some may be None
    if n:
        update(-(-n // THREADS), THREADS, parameter, in_one_piece(gradient), *state, n, *numbers)  # type: ignore[arg-type]


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def gradient_descent_update(parameter: Array, gradient: Array, *, learning_rate: float, weight_decay: float) -> None:
    _run(_gradient_descent, (parameter, gradient), learning_rate, weight_decay)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def momentum_update(
    parameter: Array,
    gradient: Array,
    velocity: Array,
    *,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    ahead, along = (learning_rate, learning_rate * momentum) if nesterov else (0.0, learning_rate)
    _run(_momentum, (parameter, gradient, velocity), weight_decay, momentum, ahead, along)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def adagrad_update(
    parameter: Array,
    gradient: Array,
    square_sum: Array,
    *,
    learning_rate: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    _run(_adagrad, (parameter, gradient, square_sum), learning_rate, weight_decay, epsilon)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def adadelta_update(
    parameter: Array,
    gradient: Array,
    square: Array,
    change_square: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    arrays = parameter, gradient, square, change_square
    _run(_adadelta, arrays, learning_rate, weight_decay, rho, 1 - rho, epsilon)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def rmsprop_update(
    parameter: Array,
    gradient: Array,
    square: Array,
    mean: Array | None,
    velocity: Array | None,
    *,
    learning_rate: float,
    alpha: float,
    epsilon: float,
    momentum: float,
    weight_decay: float,
) -> None:
    settings = learning_rate, weight_decay, alpha, 1 - alpha, epsilon, momentum
    _run(_rmsprop, (parameter, gradient, square, mean, velocity), *settings)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def adam_update(
    parameter: Array,
    gradient: Array,
    mean: Array,
    square: Array,
    largest: Array | None,
    *,
    step: int,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
    decoupled: bool,
) -> None:
    # η m̂ / (√v̂ + ε) = rate · m / (√v + ε root), root = √(1 − β₂ᵗ)
    root = sqrt(1 - beta2**step)
    rate = learning_rate * root / (1 - beta1**step)
    shrunk, decay = (1 - learning_rate * weight_decay, 0.0) if decoupled else (1.0, weight_decay)
    settings = rate, shrunk, decay, beta1, 1 - beta1, beta2, 1 - beta2, epsilon * root
    _run(_adam, (parameter, gradient, mean, square, largest), *settings)
