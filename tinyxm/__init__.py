"""Cross-modal learning that hides nothing: a NumPy-first framework to read, to step through, and to train with.

import tinyxm as xm

w = xm.Tensor([[1.0, 2.0]], requires_grad=True)
loss = xm.ops.squared_error(w @ w.T, [[4.0]])
loss.backward()
"""

from importlib import import_module
from types import ModuleType

from tinyxm import autograd, nn, ops, optim
from tinyxm.autograd import (
    Each,
    Event,
    Parameter,
    Tensor,
    check_gradients,
    checkpoint,
    debug,
    generator,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    listen,
    no_grad,
    primitive,
    seed,
    stop_gradient,
    value_and_grad,
    vjp,
)
from tinyxm.steps import explain, explaining
from tinyxm_kernels import keep_freed_memory as _keep_freed_memory

__version__ = "0.1.0"
_ON_USE = ("data", "metrics", "models")  # rooms that need not be loaded to differentiate
__all__ = [
    "Each",
    "Event",
    "Parameter",
    "Tensor",
    "autograd",
    "check_gradients",
    "checkpoint",
    "debug",
    "explain",
    "explaining",
    "generator",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "listen",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "primitive",
    "seed",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

_keep_freed_memory()


def __getattr__(name: str) -> ModuleType:
    if name in _ON_USE:
        return import_module(f"tinyxm.{name}")
    raise AttributeError(f"module 'tinyxm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_USE})
