"""Reverse-mode automatic differentiation on NumPy arrays.

Read `tensor.py` (what is differentiated), `primitive.py` (how an operation is declared and recorded), `tape.py` (how
gradients come back), `inplace.py` (what a write does to what was recorded) and `events.py` (what listeners are told):
that is the engine, in one sitting. On it stand, each by itself, `hooks.py` (gradients seen and changed on their way),
`transforms.py` (functions of derivatives, on `graph.py`), `checkpoint.py` (computing twice to save memory), `checks.py`
(gradients beside differences), `debug.py` and `causes.py` (the first number that went wrong, and why) and `errors.py`
(the sizes that clash) and `places.py` (CPU or GPU).
"""

from tinyxm.autograd.checkpoint import checkpoint
from tinyxm.autograd.checks import check_gradients, gradient_errors
from tinyxm.autograd.debug import debug
from tinyxm.autograd.events import Event, listen
from tinyxm.autograd.inplace import write
from tinyxm.autograd.primitive import Each, primitive
from tinyxm.autograd.random import generator, seed
from tinyxm.autograd.tape import backward, gradients
from tinyxm.autograd.tensor import Array, Parameter, Tensor, grad_mode, no_grad
from tinyxm.autograd.transforms import grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp

__all__ = [
    "Array",
    "Each",
    "Event",
    "Parameter",
    "Tensor",
    "backward",
    "check_gradients",
    "checkpoint",
    "debug",
    "generator",
    "grad",
    "grad_mode",
    "gradient_errors",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "listen",
    "no_grad",
    "primitive",
    "seed",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "write",
]
