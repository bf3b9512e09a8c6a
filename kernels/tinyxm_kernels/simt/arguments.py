"""A launch's arguments from a line of text: arrays drawn by a seed, and numbers of the kernel's own types.

float:64x64          an array of 64×64, drawn from the normal distribution; whole numbers from 0 to 99
float:64x64=0        filled with a number; =arange counts from 0; =1..9 draws whole numbers from 1 to 9
float*:64x64         an output: filled with NaN, whole numbers with 0, so that what isn't written can be seen
64   1e-3   true     a number, of the type that the kernel's parameter has
null                 no array, for a pointer that may be null
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tinyxm_kernels.cuda.packing import Parameter

ARRAY = re.compile(r"(?P<type>[a-z_]\w*(?: \w+)*) ?(?P<output>\*?):(?P<shape>\d+(?:x\d+)*)(?:=(?P<fill>.+))?")
DTYPES = {
    "bool": "?", "char": "i1", "unsigned char": "u1", "short": "i2", "unsigned short": "u2", "int": "i4",
    "unsigned": "u4", "unsigned int": "u4", "long long": "i8", "unsigned long long": "u8", "size_t": "u8",
    "half": "f2", "float": "f4", "double": "f8",
}  # fmt: skip
MOST = 1 << 28  # numbers of an array; more is a slip of the finger
DRAWN_TO = 100
SHOWN = 8


class Argument(NamedTuple):
    """What one parameter is given: an array, a number, or None for a null pointer; `spec` is the text it came from."""

    name: str
    value: Any
    spec: str
    writable: bool


def split(text: str) -> list[str]:
    """The arguments of a text, which commas part."""
    return [word.strip() for word in text.split(",") if word.strip()]


def draw(specs: Sequence[str], parameters: Sequence[Parameter], kernel: str, seed: int = 0) -> list[Argument]:
    """The arguments that `specs` describe, for a kernel with these parameters; each array from a generator of its own.

    Raises ValueError where their number, a type or a number doesn't fit the kernel's signature.
    """
    if len(specs) != len(parameters):
        wanted = ", ".join(f"{each.ctype} {each.name}" for each in parameters)
        raise ValueError(f"simt: {len(specs)} arguments for {kernel}({wanted}), which takes {len(parameters)}")
    generators = np.random.default_rng(seed).spawn(len(specs))
    return [
        Argument(parameter.name, _one(spec, parameter, kernel, rng), spec, parameter.pointer and not parameter.const)
        for spec, parameter, rng in zip(specs, parameters, generators, strict=True)
    ]


def describe(argument: Argument) -> dict[str, Any]:
    """An argument as JSON has it; of an array its shape and dtype."""
    told: dict[str, Any] = {"name": argument.name, "given": argument.spec}
    if isinstance(argument.value, np.ndarray):
        return told | {"shape": list(argument.value.shape), "dtype": str(argument.value.dtype)}
    return told | {"value": None if argument.value is None else argument.value.item()}


def digest(argument: Argument) -> dict[str, Any]:
    """What became of an array: a hash of its bytes, its first numbers, and how many are NaN."""
    array = argument.value
    nan = int(np.isnan(array).sum()) if array.dtype.kind == "f" else 0
    return {
        "name": argument.name,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
        "first": array.ravel()[:SHOWN].tolist(),
        "nan": nan,
    }


def _one(spec: str, parameter: Parameter, kernel: str, rng: np.random.Generator) -> Any:
    what = f"simt: {spec!r} for {parameter.ctype} {parameter.name} of {kernel}"
    match = ARRAY.fullmatch(spec)
    if match is None:
        return _scalar(spec, parameter, what)
    if not parameter.pointer:
        raise ValueError(f"{what}: expected a number, such as 64")
    dtype = DTYPES.get(match["type"])
    if dtype is None:
        raise ValueError(f"{what}: no type {match['type']!r}; there are {', '.join(DTYPES)}")
    if np.dtype(dtype) != parameter.dtype:
        name = next((name for name, code in DTYPES.items() if np.dtype(code) == parameter.dtype), parameter.dtype)
        raise ValueError(f"{what}: expected {name}{match['output']}:{match['shape']}")
    shape = tuple(map(int, match["shape"].split("x")))
    if prod(shape) > MOST:
        raise ValueError(f"{what}: {prod(shape):,} numbers; at most {MOST:,}")
    return _filled(match, shape, np.dtype(dtype), rng, what)


def _scalar(spec: str, parameter: Parameter, what: str) -> Any:
    if spec == "null" and parameter.pointer:
        return None
    if parameter.pointer:
        raise ValueError(f"{what}: expected an array as TYPE:SHAPE, an output as TYPE*:SHAPE, such as float*:64x64")
    kind = parameter.dtype.kind
    try:
        if kind == "b" and spec in ("true", "false"):
            return np.bool_(spec == "true")
        number: Any = float(spec) if kind == "f" else int(spec, 0)
        return parameter.dtype.type(number)
    except (ValueError, OverflowError):
        wanted = {"f": "a number", "b": "true or false"}.get(kind, f"a whole number that fits {parameter.ctype}")
        raise ValueError(f"{what}: expected {wanted}") from None


def _filled(
    match: Mapping[str, Any] | re.Match[str],
    shape: tuple[int, ...],
    dtype: np.dtype,
    rng: np.random.Generator,
    what: str,
) -> np.ndarray:
    fill, real = match["fill"], dtype.kind == "f"
    if fill is None and match["output"]:
        return np.full(shape, np.nan if real else 0, dtype)
    if fill is None:
        return rng.standard_normal(shape).astype(dtype) if real else rng.integers(0, _top(dtype), shape).astype(dtype)
    if fill == "arange":
        return np.arange(prod(shape)).astype(dtype).reshape(shape)
    bounds = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", fill)
    try:
        if bounds:
            return rng.integers(int(bounds[1]), int(bounds[2]), shape, endpoint=True).astype(dtype)
        return np.full(shape, float(fill) if real else int(fill, 0), dtype)
    except (ValueError, OverflowError):
        raise ValueError(f"{what}: ={fill}: expected a number, arange, or two whole numbers as 0..9") from None


def _top(dtype: np.dtype) -> int:
    return 2 if dtype.kind == "b" else DRAWN_TO
