"""The types of CUDA C that the simulator knows, and C's rules for two of them in one expression."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np


@dataclass(frozen=True)
class Scalar:
    """A number; in the simulator a NumPy scalar where all lanes hold the same, otherwise an array."""

    name: str
    code: str  # NumPy's

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.code)

    @property
    def size(self) -> int:
        return self.dtype.itemsize

    @property
    def is_float(self) -> bool:
        return self.dtype.kind == "f"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Vector:
    """Two to four numbers of one type, `v.x` to `v.w`, read and written in one access; a tuple in the simulator."""

    name: str
    element: Scalar
    length: int

    @property
    def size(self) -> int:
        return self.element.size * self.length

    @property
    def alignment(self) -> int:
        """Bytes that its address must be a multiple of: those of three are kept as three numbers."""
        return self.element.size if self.length == 3 else self.size

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Pointer:
    target: Type
    const: bool = False

    @property
    def size(self) -> int:
        return 8

    def __str__(self) -> str:
        return f"{'const ' if self.const else ''}{self.target} *"


@dataclass(frozen=True)
class Array:
    """`element name[a][b]`: in an expression, the address of its first element."""

    element: Scalar | Vector
    shape: tuple[int, ...]
    const: bool = False

    @property
    def size(self) -> int:
        return self.element.size * prod(self.shape)

    @property
    def row(self) -> Type:
        """What one index gives."""
        return Array(self.element, self.shape[1:], self.const) if len(self.shape) > 1 else self.element

    def __str__(self) -> str:
        return f"{self.element} {''.join(f'[{n}]' for n in self.shape)}"


Type: TypeAlias = Scalar | Vector | Pointer | Array

VOID = Scalar("void", "V0")
BOOL, INT, UNSIGNED = Scalar("bool", "?"), Scalar("int", "i4"), Scalar("unsigned int", "u4")
LONG, UNSIGNED_LONG = Scalar("long long", "i8"), Scalar("unsigned long long", "u8")
HALF, FLOAT, DOUBLE = Scalar("half", "f2"), Scalar("float", "f4"), Scalar("double", "f8")
CHAR, UNSIGNED_CHAR = Scalar("char", "i1"), Scalar("unsigned char", "u1")
SHORT, UNSIGNED_SHORT = Scalar("short", "i2"), Scalar("unsigned short", "u2")

# Names of one word; `long` has 64 bits, as on Linux.
NAMED: dict[str, Scalar | Vector] = {
    **{kind.name: kind for kind in (VOID, BOOL, INT, CHAR, SHORT, HALF, FLOAT, DOUBLE)},
    "_Bool": BOOL, "__half": HALF, "size_t": UNSIGNED_LONG, "uint": UNSIGNED, "uchar": UNSIGNED_CHAR,
    "int8_t": CHAR, "uint8_t": UNSIGNED_CHAR, "int16_t": SHORT, "uint16_t": UNSIGNED_SHORT,
    "int32_t": INT, "uint32_t": UNSIGNED, "int64_t": LONG, "uint64_t": UNSIGNED_LONG,
    "half2": Vector("half2", HALF, 2), "__half2": Vector("half2", HALF, 2),
}  # fmt: skip
VECTORS = {"float": FLOAT, "double": DOUBLE, "int": INT, "uint": UNSIGNED, "char": CHAR, "uchar": UNSIGNED_CHAR}
for _name, _element in VECTORS.items():
    for _length in (2, 3, 4):
        if _element.size * _length <= 16:
            NAMED[f"{_name}{_length}"] = Vector(f"{_name}{_length}", _element, _length)
DIM3 = NAMED["dim3"] = NAMED["uint3"]  # threadIdx is a uint3, blockDim a dim3, and each becomes the other
BUILT_IN_TYPES = frozenset(NAMED) - {
    "void",
    "bool",
    "_Bool",
    "int",
    "char",
    "short",
    "float",
    "double",
}  # no C keywords


def integer(words: list[str]) -> Scalar | None:
    """The type of `unsigned long long`, `short int` and their like; None where these words name none."""
    rest = sorted(word for word in words if word not in ("int", "signed", "unsigned"))
    if any(rest == sorted(known) for known in (["long"], ["long", "long"])):
        return UNSIGNED_LONG if "unsigned" in words else LONG
    known = {(): (INT, UNSIGNED), ("char",): (CHAR, UNSIGNED_CHAR), ("short",): (SHORT, UNSIGNED_SHORT)}
    pair = known.get(tuple(rest))
    return pair["unsigned" in words] if pair and words else None


def promoted(kind: Scalar) -> Scalar:
    """C's integer promotion: what is narrower than an int is computed as one."""
    return INT if not kind.is_float and kind.size < 4 else kind


def common(left: Scalar, right: Scalar) -> Scalar:
    """The type in which C computes an operation of two numbers ("usual arithmetic conversions")."""
    left, right = promoted(left), promoted(right)
    if left.is_float or right.is_float:
        if left.is_float != right.is_float:
            return left if left.is_float else right
        return left if left.size >= right.size else right
    if left.size != right.size:
        return left if left.size > right.size else right
    return left if left.dtype.kind == "u" else right
