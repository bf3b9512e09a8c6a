"""Cross-modal learning that hides nothing: a NumPy-first framework to read, to step through, and to train with.

import tinyxm as xm

w = xm.Tensor([[1.0, 2.0]], requires_grad=True)
loss = xm.ops.squared_error(w @ w.T, [[4.0]])
loss.backward()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinyxm import autograd, ops
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
from tinyxm_kernels import keep_freed_memory as _keep_freed_memory

if TYPE_CHECKING:
    from tinyxm import data, metrics, models, nn, optim, recipes  # noqa: F401
    from tinyxm.steps.explain import explain
    from tinyxm.steps.provenance import explaining
    from tinyxm.steps.recording import record

__version__ = "0.1.0"
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
    "record",
    "seed",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

_keep_freed_memory()

# What need not be loaded to differentiate is imported when it is first asked for, so that `import tinyxm` takes little
# longer than `import numpy`: rooms, and functions with the room they stand in.
_ROOMS = ("data", "metrics", "models", "nn", "optim", "recipes", "steps")
_FUNCTIONS = {"explain": "steps", "explaining": "steps", "record": "steps"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return import_module(f"tinyxm.{name}")
        if name in _FUNCTIONS:
            return getattr(import_module(f"tinyxm.{_FUNCTIONS[name]}"), name)
        raise AttributeError(f"module 'tinyxm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_FUNCTIONS})
