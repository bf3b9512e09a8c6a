"""Functions for compiled loops, so written that the compiler computes them for a whole vector at once: first eˣ.

    eˣ = 2ⁿ eʳ,   n = ⌊x / ln 2 + ½⌋,   r = x − n ln 2, from −0.35 to 0.35

eʳ is a polynomial, 1 + r + r² p(r), of degree 6 in float32 and 11 in float64, whose greatest relative error is as small
as may be (Remez 1934): 3e-9 and 4e-18, where Taylor's series needs a degree or two more. 2ⁿ is n written into the
exponent's bits. No branch, no table, no call: a loop around it computes 8 or 16 numbers abreast, where the C library's
takes one at a time. ln 2 is taken off in two parts (Cody and Waite 1980), the first so short that n times it is exact.
NaN gives NaN, and what is too large ∞; below 2⁻¹²⁵ (float64: 2⁻¹⁰²¹) it is 0, without denormal numbers.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from tinyxm_kernels._compiled import compiled

LINE = 64  # bytes that the memory moves at once; a vector across the border of two lines takes twice as long


@compiled(inline="always")
def aligned(array, start, stop):
    """start ... stop of a flat array as two ranges, the second of which begins where a line of memory does.

    NumPy's arrays mostly lie 16 bytes beyond such a border: a loop over them that isn't parted so took up to three
    times as long.
    """
    place = array.ctypes.data + start * array.itemsize
    border = min(stop, start + -place % LINE // array.itemsize)
    return (start, border), (border, stop)


def _of_llvm(name: str, *operands: Any) -> Any:
    """What an intrinsic returns that is LLVM's function of this name on floats of one type; None for other types."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, full_name = arguments[0].type, f"llvm.{name}.f{signature.return_type.bitwidth}"
        known, signature = builder.module.globals.get(full_name), ir.FunctionType(kind, [kind] * len(operands))
        return builder.call(known or ir.Function(builder.module, signature, full_name), arguments)

    floats = operands[0] in (types.float32, types.float64) and len({*operands}) == 1
    return (operands[0](*operands), code) if floats else None


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c, rounded once where the processor can. A chain of them stays in its order, though flags of a compiled
    function reach it, too: only products that go into it or come out of it may be merged."""
    return _of_llvm("fmuladd", a, b, c)


@intrinsic
def maximum(typing: Any, a: Any, b: Any) -> Any:
    """The greater of two, NaN where either is, as NumPy's: unlike `max`, it vectorises, and no NaN is lost."""
    return _of_llvm("maximum", a, b)


@intrinsic
def rounded(typing: Any, a: Any) -> Any:
    """a as it is, nothing of it merged into what follows: y[i] · rounded(1 / a) stays a product, where (1 / a) · y[i]
    would become y[i] / a, a division in each turn of a loop."""
    return _of_llvm("arithmetic.fence", a)


@compiled(inline="always")
def exp32(x):
    """eˣ of a float32, within 8e-8 of it."""
    x = np.float32(-87.5) if x < np.float32(-87.5) else x  # both so written that NaN stays
    n = np.floor(multiply_add(x, np.float32(1.44269504088896341), np.float32(0.5)))
    n = np.float32(129) if n > np.float32(129) else n  # where 2ⁿ⁻¹ is written as ∞
    r = multiply_add(n, np.float32(-0.693359375), x)
    r = multiply_add(n, np.float32(2.12194440054690583e-4), r)
    y = np.float32(2 * 0.0013814613037065322)  # of 2eʳ: 2ⁿ⁻¹ has bits where 2ⁿ is too large
    y = multiply_add(y, r, np.float32(2 * 0.008368709998673873))
    y = multiply_add(y, r, np.float32(2 * 0.04166838737712257))
    y = multiply_add(y, r, np.float32(2 * 0.16666520688376213))
    y = multiply_add(y, r, np.float32(2 * 0.4999999345160852))
    y = multiply_add(y, r, np.float32(2.0))
    y = multiply_add(y, r, np.float32(2.0))
    # added to 1.5 · 2²³ + 126, n − 1 stands in the low bits as an exponent does, from where it goes to its place
    return y * np.int32(np.float32(n + np.float32(12583038.0)).view(np.int32) << 23).view(np.float32)


@compiled(inline="always")
def exp64(x):
    """eˣ of a float64, within 2e-16 of it."""
    x = -708.6 if x < -708.6 else x  # both so written that NaN stays
    n = np.floor(multiply_add(x, 1.44269504088896341, 0.5))
    n = 1025.0 if n > 1025.0 else n
    r = multiply_add(n, -0.693145751953125, x)
    r = multiply_add(n, -1.42860682030941723212e-6, r)
    y = 2 * 2.4999657386231948e-08
    y = multiply_add(y, r, 2 * 2.7630227756974375e-07)
    y = multiply_add(y, r, 2 * 2.7557587630510307e-06)
    y = multiply_add(y, r, 2 * 2.4801493154692354e-05)
    y = multiply_add(y, r, 2 * 0.00019841269505186944)
    y = multiply_add(y, r, 2 * 0.001388888894357732)
    y = multiply_add(y, r, 2 * 0.008333333333495107)
    y = multiply_add(y, r, 2 * 0.04166666666653036)
    y = multiply_add(y, r, 2 * 0.1666666666666641)
    y = multiply_add(y, r, 2 * 0.5000000000000011)
    y = multiply_add(y, r, 2.0)
    y = multiply_add(y, r, 2.0)
    return y * np.int64(np.float64(n + 6755399441056766.0).view(np.int64) << 52).view(np.float64)


def exp(x):
    """eˣ in x's own dtype, float32 or float64, to be called in compiled loops."""
    return (exp32 if x.dtype == np.float32 else exp64)(x)


@overload(exp, inline="always")
def _exp(x):
    return {types.float32: lambda x: exp32(x), types.float64: lambda x: exp64(x)}.get(x)
