"""Activations, by formulas of their own: other ways round than ours, or SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tinyxm import ops
from tinyxm.certificate.case import Case, of_torch, values


def gelu_tanh(a: np.ndarray) -> np.ndarray:
    return a * special.expit(2 * np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))


# name: (settings, the truth, the function in torch.nn.functional, the slope at 0 if it's a kink)
ACTIVATIONS: list[tuple[str, dict[str, Any], Callable[..., Any], str, float | None]] = [
    ("sigmoid", {}, lambda a: 0.5 * (1 + np.tanh(a / 2)), "sigmoid", None),
    ("relu", {}, lambda a: np.where(a > 0, a, 0), "relu", 0),
    ("leaky_relu", {}, lambda a: np.maximum(a, 0.01 * a), "leaky_relu", 0.01),
    ("leaky_relu", {"slope": 0.2}, lambda a: np.maximum(a, 0.2 * a), "", 0.2),
    ("elu", {}, lambda a: np.maximum(a, 0) + np.expm1(np.minimum(a, 0)), "elu", None),
    ("elu", {"alpha": 0.5}, lambda a: np.maximum(a, 0) + 0.5 * np.expm1(np.minimum(a, 0)), "elu", 0.5),
    ("gelu", {}, lambda a: a * special.ndtr(a), "gelu", None),
    ("gelu", {"approximate": "tanh"}, gelu_tanh, "gelu", None),
    ("silu", {}, lambda a: a * 0.5 * (1 + np.tanh(a / 2)), "silu", None),
    ("softplus", {}, lambda a: np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))), "softplus", None),
]
CASES: list[Case] = []
for name, settings, truth, function, slope in ACTIVATIONS:
    label = " ".join(f"{key}={value}" for key, value in settings.items())
    torch = of_torch(f"nn.functional.{function}", **settings) if function else None
    ours = partial(getattr(ops, name), **settings)
    for edge, x in (
        ("", values(2, 1, 3, low=-4, high=4)), ("", values(40, low=-8, high=8)), ("empty", values(2, 0)),
        ("size one", values()), ("size one", values(1)), ("large", np.array([-1e30, -300, 300, 1e30])),
        ("tiny", np.array([-1e-30, 3e-30])),
    ):  # fmt: skip
        theirs = None if (edge, label) == ("large", "approximate=tanh") else torch  # where PyTorch's is not a number
        CASES.append(Case(name, "operation", label, ours, (x,), truth, theirs, edge))
    if slope is not None:
        CASES.append(Case(name, "operation", label, ours, (np.zeros(1),), truth, torch, "subgradient", [[slope]]))
