"""What is measured: for each operation its sizes, its operands, and how one call of it is made.

A shape is written as whole numbers joined by x, in the order that `Plan.letters` tells, in `--sizes` and in every row:

    512x256x1024                matmul: m×k×n. One number, 512, is short for 512x512x512
    8x56x56x64x128x3x1x1        conv2d and its gradients, N×H×W×C×O×k×s×p: N images of H×W pixels and C channels, O
                                channels out, a k×k kernel, stride s, padding p; then, where they aren't 1, dilation d
                                and groups g
    4096x1000                   softmax_cross_entropy: rows×classes, forward and gradient together
    269322                      adam_update: parameters
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.conv2d import output_shape
from tinyxm_kernels.registry import Shape

Operands = dict[str, Any]  # by the names that the operation gives them


@dataclass(frozen=True)
class Plan:
    """How an operation is measured. `run` makes one call by the public functions, and returns what is compared."""

    operation: str
    letters: str
    operands: Callable[[Shape, Any, np.random.Generator], Operands]
    sizes: tuple[Shape, ...]
    quick: tuple[Shape, ...]
    scaled: tuple[int, ...]  # which numbers of the shape shrink for a trial, in this order
    run: Callable[[Operands], Any]
    flops: Callable[[Operands], int]
    moved: Callable[[Operands], int]
    optional: int = 0  # numbers at the end that may be left out, then 1
    square: bool = False  # whether one number stands for all

    def complete(self, numbers: Shape) -> Shape | None:
        """The whole shape that these numbers mean, or None where they are no shape of this operation."""
        full = len(self.letters.split("×"))
        if self.square and len(numbers) == 1:
            return numbers * full
        if not full - self.optional <= len(numbers) <= full:
            return None
        return numbers

    def shrunk(self, shape: Shape, factor: float) -> Shape:
        """A shape of the same kind with about `factor` times the work, for a trial."""
        smaller = list(shape)
        if self.square:
            return tuple(max(1, min(size, round(size * factor ** (1 / len(shape))))) for size in shape)
        for place in self.scaled:
            before = smaller[place]
            smaller[place] = max(1 if place == self.scaled[0] else 8, int(before * factor))
            smaller[place] = min(before, smaller[place])
            factor *= before / smaller[place]
        return tuple(smaller)


def show(shape: Shape) -> str:
    return "x".join(map(str, shape))


def parse(text: str) -> list[Shape]:
    """The shapes in a list such as "256,512x64x128"; raises ValueError for what is none."""
    shapes = []
    for part in filter(None, re.split(r"[\s,]+", text.strip())):
        if not re.fullmatch(r"\d+([x×]\d+)*", part):
            raise ValueError(f"bench: size {part!r}: expected whole numbers joined by x, such as {examples()}")
        shapes.append(tuple(map(int, re.split("[x×]", part))))
    if not shapes:
        raise ValueError(f"bench: no size given; expected such as {examples()}")
    return shapes


def examples() -> str:
    return "512x512x512 (matmul m×k×n) or 8x56x56x64x64x3x1x1 (conv2d N×H×W×C×O×k×s×p)"


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


def _normal(rng: np.random.Generator, shape: Shape, dtype: Any) -> Any:
    return rng.standard_normal(shape, np.float32).astype(dtype, copy=False)


def _matmul(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    m, k, n = shape
    return {"a": _normal(rng, (m, k), dtype), "b": _normal(rng, (k, n), dtype)}


def _convolution(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    """Images, weights and a gradient of the result, with the settings: what the three operations take from."""
    n, h, w, c, o, k, s, p, *more = shape
    apart, groups = (*more, 1, 1)[:2]
    stride, padding, dilation = (s, s), (p, p), (apart, apart)
    image, kernel = (n, h, w, c), (k, k, c // max(1, groups), o)
    y = output_shape(image, kernel, stride, padding, dilation, groups)
    return {
        "x": _normal(rng, image, dtype),
        "w": _normal(rng, kernel, dtype),
        "g": _normal(rng, y, dtype),
        **{"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    }


def _settings(o: Operands) -> list[Any]:
    return [o[name] for name in ("stride", "padding", "dilation", "groups")]


def _plan(name: str, letters: str, operands: Any, arguments: Callable[[Operands], Sequence[Any]], **more: Any) -> Plan:
    """The plan of an operation that one call of its public function is; `arguments` in the function's order."""

    def run(o: Operands) -> Any:
        return getattr(kernels, name)(*arguments(o))

    def flops(o: Operands) -> int:
        return kernels.flops(name, *arguments(o))

    def moved(o: Operands) -> int:
        return kernels.bytes_moved(name, *arguments(o))

    return Plan(name, letters, operands, run=run, flops=flops, moved=moved, **more)


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


def _convolution_plan(name: str, arguments: Callable[[Operands], Sequence[Any]]) -> Plan:
    letters, few = "N×H×W×C×O×k×s×p×d×g", CONVOLUTIONS[2:3]
    return _plan(name, letters, _convolution, arguments, sizes=CONVOLUTIONS, quick=few, scaled=(0, 1, 2), optional=2)


def _rows(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    rows, classes = shape
    logits = _normal(rng, (rows, classes), dtype)
    return {"logits": logits, "labels": rng.integers(0, classes, rows), "g": np.full(rows, 1 / rows, dtype)}


def _losses_and_gradient(o: Operands) -> Any:
    kernels.softmax_cross_entropy(o["logits"], o["labels"])
    return kernels.softmax_cross_entropy_gradient(o["g"], o["logits"], o["labels"])


def _both(count: Callable[..., int]) -> Callable[[Operands], int]:
    def total(o: Operands) -> int:
        forward = count("softmax_cross_entropy", o["logits"], o["labels"])
        return forward + count("softmax_cross_entropy_gradient", o["g"], o["logits"], o["labels"])

    return total


def _linear(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    m, k, n = shape
    return {"x": _normal(rng, (m, k), dtype), "w": _normal(rng, (k, n), dtype), "bias": _normal(rng, (n,), dtype)}


def _parameters(shape: Shape, dtype: Any, rng: np.random.Generator) -> Operands:
    parameter, gradient = _normal(rng, shape, dtype), _normal(rng, shape, dtype)
    return {"parameter": parameter, "gradient": gradient, "mean": gradient * 0, "square": gradient * 0}


def _adam(o: Operands) -> Any:
    kernels.adam_update(o["parameter"], o["gradient"], o["mean"], o["square"], step=1, learning_rate=1e-3)
    return o["parameter"]


# the fused operations, the sizes at which they are held to PyTorch, and how many times as fast they are to be
FUSED: tuple[tuple[str, Shape, float], ...] = (
    ("softmax_cross_entropy", (128, 10), 2.0),
    ("softmax_cross_entropy", (4096, 1000), 2.0),
    ("adam_update", (269322,), 1.5),
)


def _fused_sizes(name: str) -> tuple[Shape, ...]:
    return tuple(shape for operation, shape, _ in FUSED if operation == name)


PLANS = {
    plan.operation: plan
    for plan in (
        _plan(
            "matmul",
            "m×k×n",
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
        _plan(
            "linear",
            "m×k×n",
            _linear,
            lambda o: (o["x"], o["w"], o["bias"], "gelu"),
            sizes=((128, 784, 256), (512, 512, 2048)),
            quick=((128, 784, 256),),
            scaled=(0, 1, 2),
            square=True,
        ),
        Plan(
            "softmax_cross_entropy",
            "rows×classes",
            _rows,
            sizes=_fused_sizes("softmax_cross_entropy"),
            quick=_fused_sizes("softmax_cross_entropy")[:1],
            scaled=(0,),
            run=_losses_and_gradient,
            flops=_both(kernels.flops),
            moved=_both(kernels.bytes_moved),
        ),
        Plan(
            "adam_update",
            "parameters",
            _parameters,
            sizes=_fused_sizes("adam_update"),
            quick=_fused_sizes("adam_update"),
            scaled=(0,),
            run=_adam,
            flops=lambda o: kernels.flops("adam_update", *o.values()),
            moved=lambda o: kernels.bytes_moved("adam_update", *o.values()),
        ),
    )
}
