"""A user's own rung: a file with a function named as an operation, held to the reference and then timed.

    def matmul(a, b):                  plain Python, or under @compiled, or under @rung() with what it takes
        ...

    tinyxm bench --mine my_kernel.py

It is called as a rung of the ladder is, by the operation's public function, on drawn operands: edge sizes, 0 and 1
among them, float32 and float64, views with negative and transposed strides, NaN and infinity. A case that its `@rung`
says it doesn't take is left out. The first wrong answer ends it: with its index, the value there and the expected.
"""

import ast
import importlib.util
import math
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels import registry
from tinyxm_kernels.bench.plan import Operands, Plan, show
from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.registry import Rung, Shape

NAME = "mine"
ACCURACY = {"float32": 1e-4, "float64": 1e-11}  # of the greatest number expected, as sums may be taken in any order
EDGES = 0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65
CASES, LARGEST = 60, 10**6  # so many, and so large is at most the product of a shape's numbers
# what is drawn for a letter of a shape; any other is one of the EDGES
LETTERS = {"N": (0, 1, 2, 3), "H": range(1, 14), "W": range(1, 14), "k": (1, 2, 3, 4), "s": (1, 2, 3), "p": (0, 1, 2)}
LETTERS |= {"C": (1, 2, 3, 6, 8, 17, 24), "O": (1, 2, 3, 6, 8, 17, 24), "d": (1, 2), "g": (1, 1, 1, 2, 3), "c": (0, 1)}
OFTEN_NOTHING = "p", "c"  # where 0 is no emptiness


class Unaccepted(Exception):
    """The rung says that it doesn't take these operands."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a rung, in lines to print."""

    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def operations_in(path: Path) -> list[str]:
    """The operations that a file has a function for; raises ValueError where there is none, or no file."""
    try:
        tree = ast.parse(path.read_text("utf-8"), str(path))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ValueError(f"bench: {path} is no Python: {error}") from None
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = [name for name in names if name in PLANS]
    if not found:
        told = ", ".join(names) or "none"
        raise ValueError(f"bench: {path}: expected a function named {' or '.join(PLANS)}; its functions: {told}")
    return found


def load(path: Path, operation: str) -> Rung:
    """Run the file and register its function as the rung `mine` of the operation."""
    op, path = registry._operations[operation], path.resolve()  # as tracebacks have it
    module_name = f"{op.room}.{NAME}"  # as a file in the room, so that @rung() knows which operation it is of
    specification = importlib.util.spec_from_file_location(module_name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    op.rungs.pop(NAME, None)
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"bench: {path}: it can't be loaded: {told(error, path)}") from error
    function = getattr(module, operation, None)
    if not callable(function):
        raise ValueError(f"bench: {path}: {operation} is no function")
    op.rungs.setdefault(NAME, Rung(operation, NAME, function))
    return op.rungs[NAME]


def told(error: Exception, path: Any) -> str:
    """An error in one line, with the line of the user's file that it came from, where Python knows it."""
    file = str(path if isinstance(path, Path) else getattr(getattr(path, "__code__", None), "co_filename", ""))
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f" ({Path(file).name}, line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


@contextmanager
def chosen(operation: str) -> Iterator[None]:
    """Within the block the operation runs by the rung `mine`."""
    token = registry._scoped.set({**registry._in_force(), operation: NAME})
    try:
        yield
    finally:
        registry._scoped.reset(token)


def check(path: Path, operation: str, cases: int = CASES) -> Wrong | None:
    """Hold the file's function to the reference; None where every case is right."""
    own, plan, taken = load(path, operation), PLANS[operation], 0
    for shape, dtype, layout, special in drawn(plan, cases):
        told = f"{operation} {show(shape)} {dtype}, {layout}" + (f", with {special}" if special else "")
        operands = made(plan, shape, dtype, layout, special)
        try:
            wrong = compare(own, plan, operands, dtype)
        except Unaccepted:
            continue
        taken += 1
        if wrong:
            return Wrong((f"wrong: {told}", *wrong))
    if not taken:
        return Wrong((f"{operation}: the rung takes none of the {cases} cases: its dtypes or accepts= refuse them",))
    return None


def drawn(plan: Plan, cases: int) -> Iterator[tuple[Shape, str, str, str]]:
    """(shape, dtype, layout, special number) by a fixed seed: the same cases on every run, the simplest first."""
    rng = np.random.default_rng(0)
    layouts, specials = ("contiguous", "transposed", "reversed", "every other"), ("", "", "NaN", "infinity")
    for case in range(cases):
        dtype = ("float32", "float64")[case % 2]
        layout = "contiguous" if case < 8 else str(rng.choice(layouts))
        special = "" if case < 8 or plan.finite else str(rng.choice(specials))
        yield _shape(plan, rng, case), dtype, layout, special


def _shape(plan: Plan, rng: np.random.Generator, case: int) -> Shape:
    """Numbers for the plan's letters that make a shape; the first cases have nothing empty."""
    letters = plan.letters.split("×")
    while True:
        shape = tuple(int(rng.choice(LETTERS.get(letter, EDGES))) for letter in letters)
        empty = any(not size and letter not in OFTEN_NOTHING for letter, size in zip(letters, shape, strict=True))
        if plan.fits(shape) and math.prod(shape) <= LARGEST and not (empty and case < 8):
            return shape


def made(plan: Plan, shape: Shape, dtype: str, layout: str, special: str) -> Operands:
    """Operands of the plan, their arrays in another memory layout, with a NaN or an infinity among the numbers."""
    rng = np.random.default_rng(sum(shape) + len(layout))
    operands = plan.operands(shape, np.dtype(dtype), rng)
    for name, value in operands.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            continue
        if special and value.size:
            value.flat[int(rng.integers(value.size))] = {"NaN": np.nan, "infinity": np.inf}[special]
        if not plan.in_place:
            operands[name] = laid_out(value, layout)
    return operands


def laid_out(array: Any, layout: str) -> Any:
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    if layout == "reversed":
        return np.ascontiguousarray(array[::-1])[::-1]
    if layout == "every other" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    return array


def compare(own: Rung, plan: Plan, operands: Operands, dtype: str) -> list[str]:
    """What is wrong about one case, in lines, or nothing."""
    expected, _ = run(plan, operands, plan.spec("reference"))
    with chosen(plan.operation), registry.watching() as calls, np.errstate(all="ignore"):
        before = copied(operands)
        try:
            found = plan.run(operands)
        except Exception as error:
            if any(op.name == own.operation and not own.takes(*inputs) for op, inputs in calls):
                raise Unaccepted from None
            return [f"it raised {told(error, own.function)}"]
    written = [] if plan.in_place else [n for n in before if not same(before[n], operands[n])]
    if written:
        return [f"it wrote into its operand {written[0]}"]
    return difference(found, expected, ACCURACY[dtype])


def run(plan: Plan, operands: Operands, spec: str) -> tuple[Any, Operands]:
    own = copied(operands)
    with kernels.using(spec), np.errstate(all="ignore"):
        return plan.run(own), own


def copied(operands: Operands) -> Operands:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in operands.items()}


def same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True)) if getattr(a, "dtype", np.dtype("i8")).kind == "f" else True


def difference(found: Any, expected: Any, accuracy: float) -> list[str]:
    """The first index where two results differ, with what stands there; nothing where they agree."""
    if not isinstance(expected, tuple):
        return _difference(found, expected, accuracy)
    if not isinstance(found, tuple) or len(found) != len(expected):
        what = f"{len(found)} arrays" if isinstance(found, tuple) else type(found).__name__
        return [f"it returned {what}, expected a tuple of {len(expected)} arrays"]
    for place, (own, true) in enumerate(zip(found, expected, strict=True)):
        if told := _difference(own, true, accuracy):
            return [f"result {place} of {len(expected)}: {told[0]}", *told[1:]]
    return []


def _difference(found: Any, expected: Any, accuracy: float) -> list[str]:
    if not isinstance(found, np.ndarray):
        return [f"it returned {type(found).__name__}, expected an array of shape {expected.shape}"]
    if found.shape != expected.shape:
        return [f"its result has shape {found.shape}, expected {expected.shape}"]
    if found.dtype != expected.dtype:
        return [f"its result is {found.dtype}, expected {expected.dtype}"]
    finite = np.isfinite(expected)
    scale = float(np.abs(expected[finite]).max(initial=0.0)) or 1.0
    with np.errstate(invalid="ignore"):
        right = np.where(finite, np.abs(found - expected) <= accuracy * scale, found == expected)
    right |= np.isnan(expected) & np.isnan(found)
    if right.all():
        return []
    wrong = np.argwhere(~right)
    index = tuple(map(int, wrong[0]))
    error = abs(float(found[index]) - float(expected[index]))
    return [
        f"first at [{', '.join(map(str, index))}]: {found[index]:.9g}, expected {expected[index]:.9g}",
        f"off by {error:.3g}; {len(wrong)} of {found.size} numbers are wrong",
    ]
