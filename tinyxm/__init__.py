"""Cross-modal learning that hides nothing: a NumPy-first framework to read, to step through, and to train with.

import tinyxm as xm

w = xm.Tensor([[1.0, 2.0]], requires_grad=True)
loss = xm.ops.squared_error(w @ w.T, [[4.0]])
loss.backward()
"""

from tinyxm import autograd, nn, ops, optim
from tinyxm.autograd import (
    Each,
    Event,
    Parameter,
    Tensor,
    check_gradients,
    debug,
    generator,
    grad,
    listen,
    no_grad,
    primitive,
    seed,
)
from tinyxm_kernels import keep_freed_memory as _keep_freed_memory

__version__ = "0.1.0"
__all__ = [
    "Each",
    "Event",
    "Parameter",
    "Tensor",
    "autograd",
    "check_gradients",
    "debug",
    "generator",
    "grad",
    "listen",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "primitive",
    "seed",
]

_keep_freed_memory()
