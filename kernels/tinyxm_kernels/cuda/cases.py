"""Small calls that between them launch every CUDA kernel of this package: for its proofs, its record, and a new GPU.

A `Case` is one call of an operation, on operands drawn from a seed, so small that the simulator takes a fraction of a
second, and with the edges that go wrong: sizes that no tile divides, stacks, strides, masks, rows that are short and
long. `pairs()` gives each with each rung that takes it; `case.run(rung)` makes the call. An `Example` launches a kernel
of `simt/examples`, which belongs to no operation; some of those are wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.conv2d import output_shape
from tinyxm_kernels.cuda.launch import kernel
from tinyxm_kernels.registry import Shape

Draw = Callable[[np.random.Generator], Sequence[Any]]
EXAMPLES_FOLDER = Path(__file__).parents[1] / "simt" / "examples"
SEED = 7


@dataclass(frozen=True)
class Case:
    """One call of `operation`, with operands that `draw` draws and these settings, by every CUDA rung but those."""

    operation: str
    label: str
    draw: Draw
    settings: Mapping[str, Any] = field(default_factory=dict)
    but: tuple[str, ...] = ()

    def rungs(self) -> list[str]:
        """The rungs that have a kernel of their own, in CUDA C, for operands of this dtype."""
        dtype = str(self.draw(np.random.default_rng(SEED))[0].dtype)
        ladder = kernels.ladder(self.operation)
        own = [rung for rung in ladder if rung.backend == "cuda" and rung.name.startswith("cuda_")]
        return [rung.name for rung in own if dtype in rung.dtypes and rung.name not in self.but]

    def operands(self) -> list[Any]:
        """The operands, NumPy's, the same each time."""
        return list(self.draw(np.random.default_rng(SEED)))

    def run(
        self, rung: str, move: Callable[[Any], Any] = lambda x: x, drawn: Sequence[Any] | None = None
    ) -> tuple[Any, ...]:
        """What the call returns, or, where it works in place, its arrays; `move` takes each array to where it runs.
        Of operands that were `drawn` before, it must make copies."""
        drawn = self.operands() if drawn is None else drawn
        operands = [move(x) if isinstance(x, np.ndarray) else x for x in drawn]
        with kernels.using(f"{self.operation}={rung}"):
            result = getattr(kernels, self.operation)(*operands, **self.settings)
        if result is None:
            return tuple(x for x in operands if hasattr(x, "dtype"))
        return result if isinstance(result, tuple) else (result,)


@dataclass(frozen=True)
class Example:
    """One launch of a kernel in `simt/examples`; `wrong` is what is found in it, on purpose, or ""."""

    file: str
    kernel: str
    grid: int
    block: int
    draw: Draw
    wrong: str = ""

    def run(self) -> list[Any]:
        """Launch it; returns its arguments, the arrays among them as the kernel left them."""
        arguments = list(self.draw(np.random.default_rng(SEED)))
        kernel(EXAMPLES_FOLDER / self.file, self.kernel)(self.grid, self.block, *arguments)
        return arguments


def pairs() -> Iterator[tuple[Case, str]]:
    """Each case with each rung that takes it."""
    for case in CASES:
        for rung in case.rungs():
            yield case, rung


def normal(*shapes: Shape, dtype: Any = np.float32) -> Draw:
    return lambda rng: [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _positive(*shapes: Shape) -> Draw:
    """As `normal`, but the arrays after the first two, an optimizer's state, are not negative."""

    def draw(rng: np.random.Generator) -> list[Any]:
        drawn = normal(*shapes)(rng)
        return [*drawn[:2], *(np.abs(x) for x in drawn[2:])]

    return draw


def _labelled(rows: int, classes: int, gradient: bool) -> Draw:
    def draw(rng: np.random.Generator) -> list[Any]:
        logits, g = normal((rows, classes), (rows,))(rng)
        labels = rng.integers(0, classes, rows)
        return [g, logits, labels] if gradient else [logits, labels]

    return draw


def _attended(batch: Shape, queries: int, keys: int, features: int, values: int, masked: bool, causal: bool) -> Draw:
    """What `attention` takes; about a third of the scores masked, one query wholly."""

    def draw(rng: np.random.Generator) -> list[Any]:
        q, k, v = normal((*batch, queries, features), (*batch, keys, features), (*batch, keys, values))(rng)
        mask = rng.random((*batch, queries, keys)) < 0.7 if masked else None
        if mask is not None:
            mask[..., 1, :] = False
        return [q, k, v, mask, causal, features**-0.5]

    return draw


def _attended_gradients(*sizes: Any) -> Draw:
    def draw(rng: np.random.Generator) -> list[Any]:
        operands = _attended(*sizes)(rng)
        with kernels.using("attention=reference"):
            y, statistics = kernels.attention(*operands)
        return [rng.standard_normal(y.shape).astype(np.float32), *operands, y, statistics]

    return draw


def _convolutions(label: str, x: Shape, w: Shape, *settings: Any, but: tuple[str, ...] = ()) -> list[Case]:
    y = output_shape(x, w, *settings)
    named = dict(zip(("stride", "padding", "dilation", "groups"), settings, strict=True))
    return [
        Case("conv2d", label, normal(x, w), named, but),
        Case("conv2d_input_gradient", label, lambda rng: [*normal(y, w)(rng), x], named, but),
        Case("conv2d_weight_gradient", label, lambda rng: [*normal(y, x)(rng), w], named, but),
    ]


_ONE_BY_ONE, _NONE = (1, 1), (0, 0)
_STEP = {"learning_rate": 0.1, "weight_decay": 0.01}
CASES = (
    Case("matmul", "edges", normal((33, 19), (19, 37))),
    Case("matmul", "vectors", normal((130, 12), (12, 132))),
    Case("matmul", "stack", normal((2, 17, 9), (2, 9, 20))),
    Case("matmul", "half", normal((33, 20), (20, 40), dtype=np.float16)),
    Case("transpose", "edges", normal((45, 70))),
    Case("transpose", "stack", normal((2, 33, 31))),
    Case("reduce_sum", "rows", normal((3, 100))),
    Case("reduce_sum", "pieces", normal((2, 5000))),
    Case("reduce_sum", "everything", normal((70, 13)), {"axis": None}),
    *_convolutions("stride", (2, 9, 8, 3), (3, 3, 3, 5), (2, 2), (1, 1), _ONE_BY_ONE, 1),
    *_convolutions("groups", (1, 8, 7, 4), (3, 2, 2, 20), _ONE_BY_ONE, (2, 1), (2, 1), 2),
    *_convolutions("middle", (1, 4, 5, 3), (2, 2, 3, 20), _ONE_BY_ONE, _NONE, _ONE_BY_ONE, 1),
    *_convolutions("middle back", (1, 4, 4, 20), (1, 1, 20, 3), _ONE_BY_ONE, _NONE, _ONE_BY_ONE, 1),
    *_convolutions("wide back", (1, 4, 4, 40), (1, 1, 40, 3), _ONE_BY_ONE, _NONE, _ONE_BY_ONE, 1),
    *_convolutions("wide", (1, 5, 5, 2), (1, 1, 2, 70), _ONE_BY_ONE, _NONE, _ONE_BY_ONE, 1),
    *_convolutions("parts", (1, 26, 26, 3), (3, 3, 3, 4), _ONE_BY_ONE, _NONE, _ONE_BY_ONE, 1),
    *_convolutions("depthwise", (1, 6, 6, 4), (3, 3, 1, 4), _ONE_BY_ONE, _ONE_BY_ONE, _ONE_BY_ONE, 4,
                   but=("cuda_implicit",)),
    *(Case("softmax_cross_entropy", label, _labelled(*sizes, False)) for label, sizes in
      (("few", (9, 10)), ("some", (5, 70)), ("many", (3, 1030)))),
    *(Case("softmax_cross_entropy_gradient", label, _labelled(*sizes, True)) for label, sizes in
      (("few", (9, 10)), ("some", (5, 70)), ("many", (3, 1030)))),
    Case("layer_norm", "short", normal((11, 33), (33,), (33,))),
    Case("layer_norm", "long", normal((3, 1030), (1030,), (1030,))),
    Case("layer_norm_gradients", "short", normal((70, 33), (70, 33), (33,))),
    Case("layer_norm_gradients", "long", normal((3, 1030), (3, 1030), (1030,))),
    Case("attention", "masked", _attended((2,), 20, 67, 5, 18, True, False)),
    Case("attention", "causal", _attended((), 67, 67, 18, 66, False, True)),
    Case("attention_gradients", "masked", _attended_gradients((2,), 20, 67, 5, 18, True, False)),
    Case("attention_gradients", "causal", _attended_gradients((), 67, 67, 18, 66, False, True)),
    Case("gradient_descent_update", "plain", _positive(*[(300,)] * 2), _STEP),
    Case("momentum_update", "plain", _positive(*[(300,)] * 3), _STEP),
    Case("momentum_update", "nesterov", _positive(*[(300,)] * 3), {**_STEP, "nesterov": True}),
    Case("adagrad_update", "plain", _positive(*[(300,)] * 3), _STEP),
    Case("adadelta_update", "plain", _positive(*[(300,)] * 4), _STEP),
    Case("rmsprop_update", "plain", _positive(*[(300,)] * 3), _STEP),
    Case("rmsprop_update", "centred", lambda rng: [*_positive(*[(300,)] * 3)(rng), np.zeros(300, np.float32),
                                                   np.ones(300, np.float32)], {**_STEP, "momentum": 0.9}),
    Case("adam_update", "plain", _positive(*[(300,)] * 4), {**_STEP, "step": 3}),
    Case("adam_update", "amsgrad", _positive(*[(300,)] * 5), {**_STEP, "step": 3, "decoupled": True}),
)  # fmt: skip


def _counted(n: int, bins: int) -> Draw:
    return lambda rng: [rng.integers(-1000, 1000, n).astype(np.int32), np.zeros(bins, np.int32), n, bins]


EXAMPLES = (
    Example("banks.cu", "conflicting", 2, 32, normal((64, 32), (64,))),
    Example("banks.cu", "skewed", 2, 32, normal((64, 32), (64,))),
    Example("divergence.cu", "branching", 2, 64, lambda rng: [np.zeros(120, np.int32), 120]),
    Example("divergence.cu", "choosing", 2, 64, lambda rng: [np.zeros(120, np.int32), 120]),
    Example("histogram.cu", "losing", 4, 128, _counted(500, 32), "race"),
    Example("histogram.cu", "counting", 4, 128, _counted(500, 32)),
    Example("histogram.cu", "gathering", 4, 128, _counted(500, 32)),
    Example("race.cu", "racing", 2, 128, normal((256,), (2,)), "race"),
    Example("race.cu", "mended", 2, 128, normal((256,), (2,))),
    Example("stencil.cu", "direct", 2, 128, lambda rng: [*normal((250,), (250,))(rng), 250]),
    Example("stencil.cu", "shared", 2, 128, lambda rng: [*normal((250,), (250,))(rng), 250]),
)


_IMAGES = ((32, 28, 28, 8), (3, 3, 8, 16)), ((32, 56, 56, 64), (3, 3, 64, 64)), ((64, 14, 14, 256), (3, 3, 256, 256))
LARGE = (  # what a GPU is timed at: from what leaves most of it idle to what fills it
    *(Case("matmul", f"{n}³", normal((n, n), (n, n))) for n in (256, 1024, 4096)),
    Case("matmul", "512×4096×512", normal((512, 4096), (4096, 512))),
    Case("matmul", "4096³", normal((4096, 4096), (4096, 4096), dtype=np.float16)),
    *(Case("transpose", f"{n}²", normal((n, n))) for n in (1024, 8192)),
    Case("reduce_sum", "8192 rows of 1024", normal((8192, 1024))),
    Case("reduce_sum", "16777216", normal((1 << 24,)), {"axis": None}),
    *(case for x, w in _IMAGES for case in _convolutions(
        f"{'×'.join(map(str, x))}, {'×'.join(map(str, w))}", x, w, _ONE_BY_ONE, _ONE_BY_ONE, _ONE_BY_ONE, 1)),
    *(Case(f"softmax_cross_entropy{'_gradient' * gradient}", f"{rows}×{classes}", _labelled(rows, classes, gradient))
      for rows, classes in ((8192, 1000), (1024, 32000)) for gradient in (False, True)),
    *(Case("layer_norm", f"{rows}×{n}", normal((rows, n), (n,), (n,))) for rows, n in ((8192, 256), (8192, 1024))),
    *(Case("layer_norm_gradients", f"{rows}×{n}", normal((rows, n), (rows, n), (n,)))
      for rows, n in ((8192, 256), (8192, 1024))),
    *(Case("attention", f"8 heads, {n}×64{', causal' * causal}", _attended((8,), n, n, 64, 64, False, causal))
      for n, causal in ((512, False), (2048, False), (2048, True))),
    Case("attention_gradients", "8 heads, 1024×64", _attended_gradients((8,), 1024, 1024, 64, 64, False, False)),
    Case("momentum_update", "16777216", _positive(*[(1 << 24,)] * 3), _STEP),
    Case("adam_update", "16777216", _positive(*[(1 << 24,)] * 4), {**_STEP, "step": 3}),
)  # fmt: skip
