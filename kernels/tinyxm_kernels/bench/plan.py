"""A plan: how one operation is measured, and how the shapes of its operands are written and read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.registry import Shape

Operands = dict[str, Any]  # by the names that the operation gives them


@dataclass(frozen=True)
class Plan:
    """How an operation is measured. `run` makes one call by the public functions, and returns what is compared: an
    array, or a tuple of them."""

    operation: str
    letters: str
    means: str  # the letters in words
    operands: Callable[[Shape, Any, np.random.Generator], Operands]
    sizes: tuple[Shape, ...]
    quick: tuple[Shape, ...]
    scaled: tuple[int, ...]  # which numbers of the shape shrink for a trial, in this order
    run: Callable[[Operands], Any]
    flops: Callable[[Operands], int]
    moved: Callable[[Operands], int]
    optional: int = 0  # numbers at the end that may be left out, then 1
    square: bool = False  # whether one number stands for all
    target: str = ""  # what `using` names: the operation, or its room where a call is of several of the room's
    fits: Callable[[Shape], bool] = lambda shape: True  # whether numbers that were drawn for the letters are a shape
    in_place: bool = False  # whether it writes its operands, which are contiguous then
    finite: bool = False  # whether NaN and infinity may come through or not, as a rung likes

    def spec(self, rung: str) -> str:
        """What makes `using` take this rung."""
        return f"{self.target or self.operation}={rung}"

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


def arrays_of(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


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


def normal(rng: np.random.Generator, shape: Shape, dtype: Any) -> Any:
    return rng.standard_normal(shape, np.float32).astype(dtype, copy=False)


def plan_of(
    name: str, letters: str, means: str, operands: Any, arguments: Callable[[Operands], Sequence[Any]], **more: Any
) -> Plan:
    """The plan of an operation that one call of its public function is; `arguments` in the function's order."""

    def run(o: Operands) -> Any:
        return getattr(kernels, name)(*arguments(o))

    def flops(o: Operands) -> int:
        return kernels.flops(name, *arguments(o))

    def moved(o: Operands) -> int:
        return kernels.bytes_moved(name, *arguments(o))

    return Plan(name, letters, means, operands, run=run, flops=flops, moved=moved, **more)
