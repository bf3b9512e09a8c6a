"""The plans of the operations that are one pass over memory where they would be several."""

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
    ("layer_norm_gradients", (512, 128), 2.0),
    ("layer_norm_gradients", (4096, 512), 2.0),
    ("group_norm", (8, 56, 56, 64, 8), 2.0),
    ("group_norm", (1, 896, 28, 16, 16), 2.0),
    ("group_norm_gradients", (8, 56, 56, 64, 8), 2.0),
    ("group_norm_gradients", (1, 896, 28, 16, 16), 2.0),
    ("attention", (64, 32, 32, 32, 0), 2.0),
    ("attention", (32, 512, 512, 64, 0), 2.0),
    ("attention", (32, 512, 512, 64, 1), 2.0),
    ("attention_gradients", (64, 32, 32, 32, 0), 2.0),
    ("attention_gradients", (32, 512, 512, 64, 0), 2.0),
    ("attention_gradients", (32, 512, 512, 64, 1), 2.0),
    ("gelu", (2_000_000,), 2.0),
    ("max_pool2d", (32, 28, 28, 32, 2, 2, 0), 2.0),
    ("max_pool2d", (8, 56, 56, 64, 3, 2, 1), 2.0),
    ("bias_max_pool2d", (32, 28, 28, 32, 2, 2, 0), 2.0),
    ("scatter_add_rows", (4096, 3000, 128), 2.0),
    ("adam_update", (269322,), 1.5),
    ("adam_update", (1024**2, 5), 1.5),
)
EPS = 1e-5  # that the normalisations add to a variance


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
    scale, shift = normal(rng, shape[1:], dtype), normal(rng, shape[1:], dtype)
    return {"x": normal(rng, shape, dtype), "scale": scale, "shift": shift, "g": normal(rng, shape, dtype)}


def _groups(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    n, h, w, c, groups = shape
    image, scale, shift = (n, h * w, c), normal(rng, (c,), dtype), normal(rng, (c,), dtype)
    x, g = normal(rng, image, dtype), normal(rng, image, dtype)
    with kernels.using("group_statistics=reference"):
        statistics = kernels.group_statistics(x, groups)
    own = {"groups": groups, "height": h, "statistics": statistics}
    return {"x": x, "scale": scale, "shift": shift, "g": g, **own}


def _are_groups(shape: Shape) -> bool:
    return min(shape) > 0 and not shape[3] % shape[4]


def _group_norm(o: Operands) -> Any:
    statistics = kernels.group_statistics(o["x"], o["groups"])
    return kernels.group_norm(o["x"], o["scale"], o["shift"], statistics, EPS)


def _both_of_groups(count: Callable[..., int]) -> Callable[[Operands], int]:
    def total(o: Operands) -> int:
        after = count("group_norm", o["x"], o["scale"], o["shift"], o["statistics"])
        return count("group_statistics", o["x"], groups=o["groups"]) + after

    return total


def _queries(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    n, queries, keys, features, causal = shape
    q, k, v = (normal(rng, (n, size, features), dtype) for size in (queries, keys, keys))
    scale = 1 / max(1, features) ** 0.5
    return {"q": q, "k": k, "v": v, "mask": None, "causal": bool(causal), "scale": scale}


def _queries_and_gradient(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    o = _queries(shape, dtype, rng)
    with kernels.using("attention=reference"):  # which nobody waits for a compiler for
        y, statistics = kernels.attention(*o.values())
    return {"g": normal(rng, y.shape, dtype), **o, "y": y, "statistics": statistics}


def _images(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    *image, k, s, p = shape
    x, bias = normal(rng, tuple(image), dtype), normal(rng, tuple(image[3:]), dtype)
    return {"x": x, "bias": bias, "size": (k, k), "stride": (s, s), "padding": (p, p)}


def _is_pooling(shape: Shape) -> bool:
    _, h, w, _, k, _, p = shape
    return min(h, w) + 2 * p >= k >= 2 * p


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


def _not_empty(shape: Shape) -> bool:
    """There is no class, mean or row in nothing."""
    return min(shape) > 0


GROUPS = "g groups of C channels; where N is 1 and g is C, the batch norm of so many rows of images"
WINDOWS = "windows of k×k, stride s, padding p"
PLANS = (
    Plan(
        "softmax_cross_entropy",
        "rows×classes",
        "forward and gradient together",
        _scores,
        scaled=(0,),
        run=_losses_and_gradient,
        flops=_both(kernels.flops),
        moved=_both(kernels.bytes_moved),
        fits=_not_empty,
        **_sizes("softmax_cross_entropy"),
    ),
    plan_of(
        "layer_norm",
        "rows×features",
        "",
        _rows,
        lambda o: (o["x"], o["scale"], o["shift"], EPS),
        scaled=(0,),
        fits=_not_empty,
        **_sizes("layer_norm"),
    ),
    plan_of(
        "layer_norm_gradients",
        "rows×features",
        "",
        _rows,
        lambda o: (o["g"], o["x"], o["scale"], EPS),
        scaled=(0,),
        fits=_not_empty,
        **_sizes("layer_norm_gradients"),
    ),
    Plan(
        "group_norm",
        "N×H×W×C×g",
        GROUPS + "; statistics taken, too",
        _groups,
        scaled=(1, 2, 0),
        run=_group_norm,
        flops=_both_of_groups(kernels.flops),
        moved=_both_of_groups(kernels.bytes_moved),
        target="normalisation",
        fits=_are_groups,
        **_sizes("group_norm"),
    ),
    plan_of(
        "group_norm_gradients",
        "N×H×W×C×g",
        GROUPS,
        _groups,
        lambda o: (o["g"], o["x"], o["scale"], o["statistics"], EPS),
        scaled=(1, 2, 0),
        fits=_are_groups,
        **_sizes("group_norm_gradients"),
    ),
    plan_of(
        "attention",
        "N×q×k×n×c",
        "N times q queries and k keys of n numbers, causal where c is 1",
        _queries,
        lambda o: tuple(o.values()),
        scaled=(0,),
        finite=True,
        **_sizes("attention"),
    ),
    plan_of(
        "attention_gradients",
        "N×q×k×n×c",
        "N times q queries and k keys of n numbers, causal where c is 1",
        _queries_and_gradient,
        lambda o: tuple(o.values()),
        scaled=(0,),
        finite=True,
        **_sizes("attention_gradients"),
    ),
    plan_of(
        "gelu",
        "numbers",
        "by its approximation with tanh",
        lambda shape, dtype, rng: {"x": normal(rng, shape, dtype)},
        lambda o: (o["x"], "tanh"),
        scaled=(0,),
        **_sizes("gelu"),
    ),
    plan_of(
        "max_pool2d",
        "N×H×W×C×k×s×p",
        WINDOWS,
        _images,
        lambda o: (o["x"], o["size"], o["stride"], o["padding"]),
        scaled=(0, 1, 2),
        fits=_is_pooling,
        **_sizes("max_pool2d"),
    ),
    plan_of(
        "bias_max_pool2d",
        "N×H×W×C×k×s×p",
        WINDOWS + ", with a bias and ReLU ahead",
        _images,
        lambda o: (o["x"], o["bias"], o["size"], o["stride"], o["padding"], "relu"),
        scaled=(0, 1, 2),
        fits=_is_pooling,
        **_sizes("bias_max_pool2d"),
    ),
    plan_of(
        "scatter_add_rows",
        "indices×rows×dim",
        "so many rows of dim numbers, added into a table",
        _table,
        lambda o: (o["g"], o["indices"], o["rows"]),
        scaled=(0, 1),
        fits=_not_empty,
        **_sizes("scatter_add_rows"),
    ),
    Plan(
        "adam_update",
        "parameters×arrays",
        "each array updated by a call, as the optimizer does; one array where there is one number",
        _parameters,
        scaled=(0,),
        run=_adam,
        flops=lambda o: kernels.flops("adam_update", *o.values()),
        moved=lambda o: kernels.bytes_moved("adam_update", *o.values()),
        optional=1,
        in_place=True,
        **_sizes("adam_update"),
    ),
)
