"""What is measured: for each operation its sizes, its operands, and how one call of it is made.

A shape is written as whole numbers joined by x, in the order of `Plan.letters`, in `--sizes` and in every row. The
operations that are one pass over memory each stand in `fused`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm_kernels.bench import fused
from tinyxm_kernels.bench.plan import Operands, Plan, normal, plan_of, show
from tinyxm_kernels.conv2d import output_shape
from tinyxm_kernels.registry import Shape


def _matmul(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    m, k, n = shape
    return {"a": normal(rng, (m, k), dtype), "b": normal(rng, (k, n), dtype)}


def _convolution(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    """Images, weights and a gradient of the result, with the settings: what the three operations take from."""
    n, h, w, c, o, k, s, p, *more = shape
    apart, groups = (*more, 1, 1)[:2]
    stride, padding, dilation = (s, s), (p, p), (apart, apart)
    image, kernel = (n, h, w, c), (k, k, c // max(1, groups), o)
    y = output_shape(image, kernel, stride, padding, dilation, groups)
    return {
        "x": normal(rng, image, dtype),
        "w": normal(rng, kernel, dtype),
        "g": normal(rng, y, dtype),
        **{"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    }


def _settings(o: Operands) -> list[Any]:
    return [o[name] for name in ("stride", "padding", "dilation", "groups")]


def _linear(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    m, k, n = shape
    return {"x": normal(rng, (m, k), dtype), "w": normal(rng, (k, n), dtype), "bias": normal(rng, (n,), dtype)}


CONVOLUTIONS: tuple[Shape, ...] = (
    (32, 28, 28, 1, 8, 3, 1, 1),
    (32, 28, 28, 8, 16, 3, 1, 1),
    (32, 14, 14, 16, 32, 3, 1, 1),
    (16, 64, 64, 3, 32, 3, 1, 1),
    (8, 56, 56, 64, 64, 3, 1, 1),
    (8, 56, 56, 64, 64, 1, 1, 0),
    (8, 28, 28, 128, 128, 3, 2, 1),
    (64, 16, 16, 32, 64, 5, 1, 2),
)
DEPTHWISE: Shape = (8, 56, 56, 64, 64, 3, 1, 1, 1, 64)


def _is_convolution(shape: Shape) -> bool:
    _, h, w, c, o, k, _, p, d, g = shape
    return min(h, w) + 2 * p >= d * (k - 1) + 1 and not c % g and not o % g


def _convolution_plan(name: str, arguments: Callable[[Operands], Sequence[Any]]) -> Plan:
    return plan_of(
        name,
        "N×H×W×C×O×k×s×p×d×g",
        "N images of H×W pixels and C channels, O channels out, a k×k kernel, stride s, padding p; then, where they "
        "aren't 1, dilation d and g groups",
        _convolution,
        arguments,
        sizes=(*CONVOLUTIONS, DEPTHWISE),
        quick=CONVOLUTIONS[2:3],
        scaled=(0, 1, 2),
        optional=2,
        fits=_is_convolution,
    )


PLANS = {
    plan.operation: plan
    for plan in (
        plan_of(
            "matmul",
            "m×k×n",
            "(m, k) times (k, n); one number is short for three",
            _matmul,
            lambda o: (o["a"], o["b"]),
            sizes=tuple((n, n, n) for n in (64, 256, 512, 1024, 2048)),
            quick=((64, 64, 64), (256, 256, 256)),
            scaled=(0, 1, 2),
            square=True,
        ),
        _convolution_plan("conv2d", lambda o: (o["x"], o["w"], *_settings(o))),
        _convolution_plan("conv2d_input_gradient", lambda o: (o["g"], o["w"], o["x"].shape, *_settings(o))),
        _convolution_plan("conv2d_weight_gradient", lambda o: (o["g"], o["x"], o["w"].shape, *_settings(o))),
        plan_of(
            "linear",
            "m×k×n",
            "(m, k) times (k, n), plus a bias, then GELU; one number is short for three",
            _linear,
            lambda o: (o["x"], o["w"], o["bias"], "gelu"),
            sizes=((128, 784, 256), (512, 512, 2048)),
            quick=((128, 784, 256),),
            scaled=(0, 1, 2),
            square=True,
        ),
        *fused.PLANS,
    )
}


def sizes_for(names: Sequence[str], sizes: Sequence[Shape], quick: bool = False) -> list[tuple[str, Shape]]:
    """Each operation with each of the given sizes that is a shape of it, or with its own; raises ValueError for a size
    that is of none of them."""
    for size in sizes:
        if not any(PLANS[name].complete(size) for name in names):
            forms = ", ".join(f"{name} {PLANS[name].letters}" for name in names)
            raise ValueError(f"bench: size {show(size)} is no shape of {forms}")
    work = []
    for name in names:
        plan = PLANS[name]
        given = list(dict.fromkeys(shape for shape in map(plan.complete, sizes) if shape))
        for shape in given or (plan.quick if quick else plan.sizes):
            plan.flops(plan.operands(plan.shrunk(shape, 1e-9), np.float32, np.random.default_rng(0)))  # is it a shape?
            work.append((name, shape))
    return work
