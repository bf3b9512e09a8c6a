"""The functions that CUDA C brings: mathematics, bits, conversions; and those by which lanes exchange values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinyxm_kernels.simt.lanes import WARP, Mask
from tinyxm_kernels.simt.machine import Machine
from tinyxm_kernels.simt.types import (
    BOOL,
    DOUBLE,
    FLOAT,
    HALF,
    INT,
    LONG,
    NAMED,
    UNSIGNED,
    UNSIGNED_LONG,
    VECTORS,
    Scalar,
    Vector,
)

FULL = np.uint32(0xFFFFFFFF)


class Function(NamedTuple):
    """A function of numbers: the types of its arguments (None: what C would compute with), its result's, its NumPy."""

    arguments: tuple[Scalar | Vector | None, ...]
    result: Scalar | Vector | None
    run: Callable[..., Any]
    flops: int = 0


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


def _normal_distribution(x: Any) -> Any:
    return 0.5 * (1 + _erf(x * x.dtype.type(0.5**0.5)))


def _round(x: Any) -> Any:
    """To the nearest whole number, halves away from zero."""
    return np.copysign(np.floor(np.abs(x) + x.dtype.type(0.5)), x)


def _bits(dtype: str) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        return np.ascontiguousarray(x).view(dtype).reshape(np.shape(x))[()]

    return run


def _leading_zeros(x: Any) -> Any:
    return np.where(x == 0, 32, 31 - np.floor(np.log2(np.maximum(x, 1).astype(np.float64)))).astype(np.int32)[()]


def _first_set(x: Any) -> Any:
    lowest = x & (~x + np.uint32(1))
    return np.where(x == 0, 0, np.bitwise_count(lowest - np.uint32(1)) + 1).astype(np.int32)[()]


def _reversed_bits(x: Any) -> Any:
    out = x ^ x
    for bit in range(32):
        out = out | (((x >> np.uint32(bit)) & np.uint32(1)) << np.uint32(31 - bit))
    return out


def _sum_of_products(a: Any, b: Any, c: Any) -> Any:
    """a·b + c rounded once, as the device's fused multiply-add does: the product of two floats fits a double."""
    if a.dtype == np.float64:
        return a * b + c
    wide = np.float32 if a.dtype == np.float16 else np.float64
    return (a.astype(wide) * b.astype(wide) + c.astype(wide)).astype(a.dtype)


def _high_product(a: Any, b: Any) -> Any:
    return ((a.astype(np.int64) * b.astype(np.int64)) >> np.int64(32)).astype(a.dtype)


MATH: dict[str, tuple[Callable[..., Any], int]] = {
    "sqrt": (np.sqrt, 1), "exp": (np.exp, 1), "log": (np.log, 1), "tanh": (np.tanh, 1), "sin": (np.sin, 1),
    "cos": (np.cos, 1), "tan": (np.tan, 1), "exp2": (np.exp2, 1), "log2": (np.log2, 1), "log10": (np.log10, 1),
    "log1p": (np.log1p, 1), "expm1": (np.expm1, 1), "sinh": (np.sinh, 1), "cosh": (np.cosh, 1), "atan": (np.arctan, 1),
    "asin": (np.arcsin, 1), "acos": (np.arccos, 1), "cbrt": (np.cbrt, 1), "fabs": (np.abs, 1), "floor": (np.floor, 1),
    "ceil": (np.ceil, 1), "trunc": (np.trunc, 1), "rint": (np.rint, 1), "round": (_round, 1), "erf": (_erf, 1),
    "rsqrt": (lambda x: x.dtype.type(1) / np.sqrt(x), 1), "normcdf": (_normal_distribution, 1),
    "fmax": (np.fmax, 1), "fmin": (np.fmin, 1), "pow": (np.power, 1), "fmod": (np.fmod, 1), "hypot": (np.hypot, 1),
    "atan2": (np.arctan2, 1), "copysign": (np.copysign, 1), "fdim": (lambda x, y: np.fmax(x - y, x.dtype.type(0)), 1),
    "fma": (_sum_of_products, 2),
}  # fmt: skip
_COUNT = {"fmax": 2, "fmin": 2, "pow": 2, "fmod": 2, "hypot": 2, "atan2": 2, "copysign": 2, "fdim": 2, "fma": 3}
HALF2 = NAMED["half2"]
FLOAT2 = NAMED["float2"]


def _functions() -> dict[str, Function]:
    table: dict[str, Function] = {}
    for name, (run, flops) in MATH.items():
        arity = _COUNT.get(name, 1)
        table[name + "f"] = Function((FLOAT,) * arity, FLOAT, run, flops)
        table[name] = Function((None,) * arity, None, run, flops)  # C++ has one for each type
    for name in ("exp", "log", "sin", "cos", "tan", "log2", "log10"):
        table[f"__{name}f"] = table[name + "f"]
    table["__powf"], table["__fmaf_rn"] = table["powf"], table["fmaf"]
    table["__fdividef"] = table["__fdiv_rn"] = Function((FLOAT, FLOAT), FLOAT, np.divide, 1)
    table["__fadd_rn"] = Function((FLOAT, FLOAT), FLOAT, np.add, 1)
    table["__fmul_rn"] = Function((FLOAT, FLOAT), FLOAT, np.multiply, 1)
    table["__fsqrt_rn"], table["__frsqrt_rn"] = table["sqrtf"], table["rsqrtf"]
    table["__saturatef"] = Function((FLOAT,), FLOAT, lambda x: np.fmin(np.fmax(x, np.float32(0)), np.float32(1)), 1)
    table["min"], table["max"] = Function((None, None), None, np.fmin), Function((None, None), None, np.fmax)
    table["abs"] = Function((None,), None, np.abs)
    for name, run in (("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite), ("signbit", np.signbit)):
        table[name] = Function((FLOAT,), BOOL, run)
    table["__popc"] = Function((UNSIGNED,), INT, lambda x: np.bitwise_count(x).astype(np.int32))
    table["__popcll"] = Function((UNSIGNED_LONG,), INT, lambda x: np.bitwise_count(x).astype(np.int32))
    table["__ffs"] = Function((UNSIGNED,), INT, _first_set)
    table["__clz"] = Function((UNSIGNED,), INT, _leading_zeros)
    table["__brev"] = Function((UNSIGNED,), UNSIGNED, _reversed_bits)
    table["__mul24"] = Function((INT, INT), INT, np.multiply)
    table["__mulhi"], table["__umulhi"] = (Function((k, k), k, _high_product) for k in (INT, UNSIGNED))
    table["__int_as_float"] = Function((INT,), FLOAT, _bits("f4"))
    table["__uint_as_float"] = Function((UNSIGNED,), FLOAT, _bits("f4"))
    table["__float_as_int"] = Function((FLOAT,), INT, _bits("i4"))
    table["__float_as_uint"] = Function((FLOAT,), UNSIGNED, _bits("u4"))
    table["__double_as_longlong"] = Function((DOUBLE,), LONG, _bits("i8"))
    table["__longlong_as_double"] = Function((LONG,), DOUBLE, _bits("f8"))
    table["__half_as_ushort"] = Function((HALF,), NAMED["uint16_t"], _bits("u2"))
    table["__ushort_as_half"] = Function((NAMED["uint16_t"],), HALF, _bits("f2"))
    return table | _half_functions() | _makers()


def _half_functions() -> dict[str, Function]:
    """Of 16 bits: conversions, and arithmetic by name; half2 does two at once."""

    def narrow(x: Any) -> Any:
        return x.astype(np.float16)

    def both(run: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *pairs: tuple(run(*parts) for parts in zip(*pairs, strict=True))

    table = {
        "__half2float": Function((HALF,), FLOAT, lambda x: x.astype(np.float32)),
        "__half22float2": Function((HALF2,), FLOAT2, both(lambda x: x.astype(np.float32))),
        "__low2float": Function((HALF2,), FLOAT, lambda x: x[0].astype(np.float32)),
        "__high2float": Function((HALF2,), FLOAT, lambda x: x[1].astype(np.float32)),
        "__low2half": Function((HALF2,), HALF, lambda x: x[0]),
        "__high2half": Function((HALF2,), HALF, lambda x: x[1]),
        "__halves2half2": Function((HALF, HALF), HALF2, lambda x, y: (x, y)),
        "__floats2half2_rn": Function((FLOAT, FLOAT), HALF2, lambda x, y: (narrow(x), narrow(y))),
        "__half2half2": Function((HALF,), HALF2, lambda x: (x, x)),
        "__float2half2_rn": Function((FLOAT,), HALF2, lambda x: (narrow(x), narrow(x))),
    }
    table["__float22half2_rn"] = Function((FLOAT2,), HALF2, both(narrow))
    for name in ("__float2half", "__float2half_rn"):
        table[name] = Function((FLOAT,), HALF, narrow)
    for name, run, arity in (
        ("add", np.add, 2),
        ("sub", np.subtract, 2),
        ("mul", np.multiply, 2),
        ("div", np.divide, 2),
        ("max", np.fmax, 2),
        ("min", np.fmin, 2),
        ("fma", _sum_of_products, 3),
    ):
        flops = 2 if name == "fma" else 1
        table[f"__h{name}"] = Function((HALF,) * arity, HALF, run, flops)
        table[f"__h{name}2"] = Function((HALF2,) * arity, HALF2, both(run), 2 * flops)
    return table


def _makers() -> dict[str, Function]:
    made = {}
    for name, element in VECTORS.items():
        for length in (2, 3, 4):
            kind = NAMED.get(f"{name}{length}")
            if kind is not None:
                made[f"make_{name}{length}"] = Function((element,) * length, kind, lambda *parts: parts)
    return made


FUNCTIONS = _functions()


def spread(value: Any, machine: Machine) -> np.ndarray:
    """A value as one number per lane."""
    return np.broadcast_to(value, (machine.wave.size,))


def named_lanes(machine: Machine, line: int, name: str, bits: Any, mask: Mask) -> None:
    """The mask that a warp function is given must name the lanes that call it, and no lane that doesn't."""
    wave, positions = machine.wave, machine.lane.astype(np.uint32)
    own = spread(bits, machine)
    by_warp = np.bitwise_or.reduce(np.where(mask.lanes, own, np.uint32(0)).reshape(-1, WARP), axis=1)
    stray = mask.lanes & ((own >> positions) & np.uint32(1) == 0)
    named = (np.repeat(by_warp, WARP) >> positions) & np.uint32(1) != 0
    absent = named & wave.mask.lanes & ~machine.exited & ~mask.lanes
    for lanes, what, mend in (
        (stray, "calls it without being named in its mask", "name every lane that calls it"),
        (absent, "is named in its mask and doesn't call it", "let all named lanes reach it, or name those that do"),
    ):
        if lanes.any():
            lane = int(np.argmax(lanes))
            shown = int(np.ravel(bits)[lane if np.ndim(bits) else 0])
            machine.sanitizer.add(
                "warp-mask",
                line,
                f"{name}, mask {shown:#010x}: {machine.name_of(lane)} (lane {lane % WARP}) {what}, "
                f"which has no defined result: {mend}",
                count=int(lanes.sum()),
            )


def shuffle(machine: Machine, line: int, name: str, value: Any, by: Any, width: Any, mask: Mask) -> Any:
    """The value that another lane of the warp holds: which one, `by` says in the way of the function's name."""
    lane = machine.lane.astype(np.int64)
    steps, group = spread(by, machine).astype(np.int64), spread(width, machine).astype(np.int64)
    start = lane - lane % group
    end = start + group - 1
    if name == "__shfl_sync":
        source = start + steps % group
    elif name == "__shfl_up_sync":
        source = np.where(lane - steps < start, lane, lane - steps)
    elif name == "__shfl_down_sync":
        source = np.where(lane + steps > end, lane, lane + steps)
    else:
        source = np.where((lane ^ steps) > end, lane, lane ^ steps)
    at = np.arange(machine.wave.size) - lane + np.clip(source, 0, WARP - 1)
    unheard = mask.lanes & ~mask.lanes[at]
    if unheard.any():
        reader = int(np.argmax(unheard))
        machine.sanitizer.add(
            "shuffle-inactive",
            line,
            f"{name}: {machine.name_of(reader)} (lane {reader % WARP}) reads lane {int(at[reader]) % WARP}, "
            "which doesn't take part: its value is undefined; let all lanes reach the shuffle, and mask the value",
            count=int(unheard.sum()),
        )
    if isinstance(value, tuple):
        return tuple(spread(part, machine)[at] for part in value)
    return spread(value, machine)[at]


def vote(machine: Machine, name: str, predicate: Any, mask: Mask) -> Any:
    """What the lanes of a warp that take part say together."""
    said = mask.lanes if name == "__activemask" else spread(predicate, machine) & mask.lanes
    said = said.reshape(-1, WARP)
    if name in ("__ballot_sync", "__activemask"):
        weights = np.uint64(1) << np.arange(WARP, dtype=np.uint64)
        together = (said * weights).sum(axis=1).astype(np.uint32)
    elif name == "__any_sync":
        together = said.any(axis=1).astype(np.int32)
    else:
        together = (said | ~mask.lanes.reshape(-1, WARP)).all(axis=1).astype(np.int32)
    return np.repeat(together, WARP)


ATOMICS: dict[str, Callable[[Any, Any], Any]] = {
    "atomicAdd": lambda old, new: old + new,
    "atomicSub": lambda old, new: old - new,
    "atomicMax": lambda old, new: max(old, new),
    "atomicMin": lambda old, new: min(old, new),
    "atomicExch": lambda old, new: new,
    "atomicAnd": lambda old, new: old & new,
    "atomicOr": lambda old, new: old | new,
    "atomicXor": lambda old, new: old ^ new,
    "atomicInc": lambda old, new: type(old)(0) if old >= new else old + type(old)(1),
    "atomicDec": lambda old, new: new if old == 0 or old > new else old - type(old)(1),
}
AT_ONCE = {"atomicAdd": np.add, "atomicSub": np.subtract, "atomicMax": np.maximum, "atomicMin": np.minimum}
