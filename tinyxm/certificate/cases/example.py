"""Cases that show the form; to be replaced by the families."""

import numpy as np

from tinyxm import nn, ops
from tinyxm.certificate.case import Case, layer, values

CASES = [
    Case("tanh", "operation", "", ops.tanh, (values(2, 3),), np.tanh, lambda torch, a: torch.tanh(a)),
    Case("relu", "operation", "", ops.relu, (np.array([0.0]),), lambda a: np.maximum(a, 0),
         edge="subgradient", gradients=[[0.0]]),
    layer(
        "Linear", "", lambda: nn.Linear(3, 4), (values(2, 3),),
        lambda x, w, b: x @ w + b, lambda torch, x, w, b: torch.nn.functional.linear(x, w.T, b),
    ),
]  # fmt: skip
