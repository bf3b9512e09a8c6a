"""The plans of the operations that are one pass over memory where they would be several.

4096x1000                   softmax_cross_entropy: rows×classes, forward and gradient together
512x128                     layer_norm: rows×features
2000000                     gelu: numbers; by its approximation
32x28x28x32x2x2x0           max_pool2d: N×H×W×C×k×s×p, windows of k×k, stride s, padding p
4096x3000x128               scatter_add_rows: that many rows of so many numbers, added into a table: indices×rows×dim
1048576x5                   adam_update: parameters×arrays, each array updated by a call, as the optimizer does
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.bench.plan import Operands, Plan, normal, plan_of
from tinyxm_kernels.registry import Shape

# the sizes at which they are held to PyTorch, and how many times as fast they are to be
GOALS: tuple[tuple[str, Shape, float], ...] = (
    ("softmax_cross_entropy", (128, 10), 2.0),
    ("softmax_cross_entropy", (4096, 1000), 2.0),
    ("layer_norm", (512, 128), 2.0),
    ("layer_norm", (4096, 512), 2.0),
    ("gelu", (2_000_000,), 2.0),
    ("max_pool2d", (32, 28, 28, 32, 2, 2, 0), 2.0),
    ("max_pool2d", (8, 56, 56, 64, 3, 2, 1), 2.0),
    ("scatter_add_rows", (4096, 3000, 128), 2.0),
    ("adam_update", (269322,), 1.5),
    ("adam_update", (1024**2, 5), 1.5),
)


def _sizes(name: str) -> dict[str, Any]:
    own = tuple(shape for operation, shape, _ in GOALS if operation == name)
    return {"sizes": own, "quick": own[:1]}


def _scores(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    rows, classes = shape
    logits = normal(rng, (rows, classes), dtype)
    return {"logits": logits, "labels": rng.integers(0, classes, rows), "g": np.full(rows, 1 / max(1, rows), dtype)}


def _losses_and_gradient(o: Operands) -> Any:
    kernels.softmax_cross_entropy(o["logits"], o["labels"])
    return kernels.softmax_cross_entropy_gradient(o["g"], o["logits"], o["labels"])


def _both(count: Callable[..., int]) -> Callable[[Operands], int]:
    def total(o: Operands) -> int:
        forward = count("softmax_cross_entropy", o["logits"], o["labels"])
        return forward + count("softmax_cross_entropy_gradient", o["g"], o["logits"], o["labels"])

    return total


def _rows(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    rows, features = shape
    scale, shift = normal(rng, (features,), dtype), normal(rng, (features,), dtype)
    return {"x": normal(rng, (rows, features), dtype), "scale": scale, "shift": shift}


def _images(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    *image, k, s, p = shape
    return {"x": normal(rng, tuple(image), dtype), "size": (k, k), "stride": (s, s), "padding": (p, p)}


def _table(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    indices, rows, dim = shape
    return {"g": normal(rng, (indices, dim), dtype), "indices": rng.integers(0, rows, indices), "rows": rows}


def _parameters(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    size, arrays = (*shape, 1)[:2]
    parameter, gradient = normal(rng, (arrays, size), dtype), normal(rng, (arrays, size), dtype)
    return {"parameter": parameter, "gradient": gradient, "mean": gradient * 0, "square": gradient * 0}


def _adam(o: Operands) -> Any:
    for arrays in zip(*o.values(), strict=True):
        kernels.adam_update(*arrays, step=1, learning_rate=1e-3)
    return o["parameter"]


PLANS = (
    Plan(
        "softmax_cross_entropy",
        "rows×classes",
        _scores,
        scaled=(0,),
        run=_losses_and_gradient,
        flops=_both(kernels.flops),
        moved=_both(kernels.bytes_moved),
        **_sizes("softmax_cross_entropy"),
    ),
    plan_of(
        "layer_norm",
        "rows×features",
        _rows,
        lambda o: (o["x"], o["scale"], o["shift"], 1e-5),
        scaled=(0,),
        **_sizes("layer_norm"),
    ),
    plan_of(
        "gelu",
        "numbers",
        lambda shape, dtype, rng: {"x": normal(rng, shape, dtype)},
        lambda o: (o["x"], "tanh"),
        scaled=(0,),
        **_sizes("gelu"),
    ),
    plan_of(
        "max_pool2d",
        "N×H×W×C×k×s×p",
        _images,
        lambda o: (o["x"], o["size"], o["stride"], o["padding"]),
        scaled=(0, 1, 2),
        **_sizes("max_pool2d"),
    ),
    plan_of(
        "scatter_add_rows",
        "indices×rows×dim",
        _table,
        lambda o: (o["g"], o["indices"], o["rows"]),
        scaled=(0, 1),
        **_sizes("scatter_add_rows"),
    ),
    Plan(
        "adam_update",
        "parameters×arrays",
        _parameters,
        scaled=(0,),
        run=_adam,
        flops=lambda o: kernels.flops("adam_update", *o.values()),
        moved=lambda o: kernels.bytes_moved("adam_update", *o.values()),
        optional=1,
        **_sizes("adam_update"),
    ),
)
