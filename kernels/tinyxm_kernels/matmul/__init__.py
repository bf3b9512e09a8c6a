"""Matrix multiplication, the operation that a neural network spends most of its time in.

    y[..., m, n] = Σ_k a[..., m, k] b[..., k, n]        (..., M, K) @ (..., K, N) -> (..., M, N)

Leading axes broadcast as NumPy's do; a 1-D `a` is a row, a 1-D `b` a column, and the axis added for it is dropped.
Per matrix: 2MNK floating-point operations on MK + KN + MN elements. For n×n matrices that is n/6 operations per byte
(float32): beyond some 60×60 the arithmetic, not the memory, is what takes the time, if each element fetched is
used often enough. How to use it often is what the ladder teaches. Read it in this order:

    reference     the definition, left to NumPy
    loops         three loops of Python's own
    compiled      the same loops, compiled: no more looking up what each operation means
    reordered     in another order, along the rows: whole cache lines, and vector instructions
    blocked       in pieces that stay in the cache
    packed        a tile of y in registers, fed from panels that lie in one piece
    parallel      the same on all cores
    blas          the library: a hundred times the lines

and on a GPU, whose caches are small, whose threads are many, and where 32 of them, a warp, read together. Counted is
what a warp moves for 64 operations, 32 multiply-adds, of the model that `tinyxm_kernels.simt` shows line by line:

    cuda_naive            a thread for each number of y, a warp down a column: 33 sectors of 32 bytes, an eighth of them
                          of use; 0.06 operations a byte of global memory
    cuda_coalesced        a warp along a row: 5 sectors; 0.4
    cuda_tiled            tiles of 16×16 in shared memory, each number fetched once for 16: half a sector; 4. But two
                          passes through the banks of shared memory, which now take the time
    cuda_registers        8×8 sums in the registers of a thread: a quarter of a pass; 32 operations a byte
    cuda_vectors          four numbers to a load: a quarter of the instructions that aren't arithmetic
    cuda_double_buffered  the next tiles on their way while these are used: no more waiting between steps
    cublas                the library

A layer of a network is a product with something added, `linear`: y = activation(x w + bias). It is the same work, and
what is added costs passes over y: `blas` takes one for each thing, `epilogue` one for all; `packed` and `parallel`
finish each block of y while it is in the cache.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import check_arrays, check_shape
from tinyxm_kernels.registry import Shape, operation

ACTIVATIONS = "none", "relu", "gelu"


def _check(left: Shape, right: Shape) -> None:
    if not left or not right:
        raise ValueError(f"matmul: {left} @ {right}: a number has no axis to sum over; multiply with * instead")
    inner = right[-2] if len(right) > 1 else right[0]
    if left[-1] != inner:
        raise ValueError(f"matmul: {left} @ {right}: inner sizes {left[-1]} and {inner} differ")
    if len(left) > 2 and len(right) > 2:
        try:
            np.broadcast_shapes(left[:-2], right[:-2])
        except ValueError:
            raise ValueError(
                f"matmul: {left} @ {right}: leading axes {left[:-2]} and {right[:-2]} don't broadcast"
            ) from None


def _sizes(a: Shape, b: Shape) -> tuple[int, int, int, int]:
    """(number of matrices, M, N, K); raises ValueError where a and b don't multiply."""
    _check(a, b)
    matrices = prod(np.broadcast_shapes(a[:-2], b[:-2]))
    return matrices, a[-2] if len(a) > 1 else 1, b[-1] if len(b) > 1 else 1, a[-1]


def _flops(a: Shape, b: Shape) -> int:
    return 2 * prod(_sizes(a, b))


def _elements(a: Shape, b: Shape) -> int:
    return prod(a) + prod(b) + prod(_sizes(a, b)[:3])


def _rule(a: Any, b: Any, *more: Any) -> tuple[str, ...]:
    """blas for float32 and float64 at every size (the packed rungs reach it from 128³ on, and no rung is much faster;
    on two threads Numba's and BLAS's must not take turns); of Numba's rungs, parallel; reference for other dtypes."""
    return ("blas", "parallel", "reference") if a.dtype.char in "fd" else ("reference",)


def _linear_rule(x: Any, w: Any, bias: Any = None, activation: str = "none") -> tuple[str, ...]:
    """epilogue, BLAS's product and one compiled pass, from 16384 results up where bias or ReLU go over them, from 4096
    where GELU does; as matmul for fewer, which gain little, and for the product alone."""
    added = bias is not None or activation != "none"
    few = 4096 if activation == "gelu" else 16384
    if added and x.size * w.shape[1] >= few * w.shape[0] and x.dtype.char in "fd":
        return ("epilogue", "blas", "parallel", "reference")
    return _rule(x, w)


def _linear_flops(x: Shape, w: Shape, bias: Shape | None = None, activation: str = "none", *more: Any) -> int:
    y = prod(_sizes(x, w)[:3])
    return _flops(x, w) + y * ((bias is not None) + (activation != "none"))


def _linear_elements(x: Shape, w: Shape, bias: Shape | None = None, activation: str = "none") -> int:
    return _elements(x, w) + prod(bias or (0,))


ON_CUDA = "cublas", "cuda_double_buffered"
_matmul = operation("matmul", __name__, flops=_flops, elements=_elements, rule=_rule, on_cuda=ON_CUDA)
_linear = operation(
    "linear", __name__, flops=_linear_flops, elements=_linear_elements, rule=_linear_rule, on_cuda=("cublas",)
)


def matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Matrix product y = a b, summed over the last axis of `a` and the last but one of `b`.

    Shapes: (..., M, K) and (..., K, N) -> (..., M, N); a 1-D operand is a vector, as in `np.matmul`.
    Operands of two dtypes are converted to the one that NumPy promotes them to, which is also y's. Raises ValueError
    where the inner sizes differ, an operand is 0-d or the leading axes don't broadcast, TypeError for a list.
    """
    check_arrays("matmul", a=a, b=b)
    _check(a.shape, b.shape)
    if a.dtype != b.dtype:  # every rung gets both of one dtype, so that what it returns doesn't depend on the rung
        dtype = np.result_type(a, b)
        a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
    return _matmul.choose(a, b)(a, b)


def linear(
    x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any] | None = None, activation: str = "none"
) -> NDArray[Any]:
    """y = activation(x w + bias); activation "none", "relu", max(z, 0), or "gelu", z·Φ(z), Φ the normal distribution's.

    Shapes: (..., K), (K, N) and (N,) -> (..., N). Operands of several dtypes are converted as by `matmul`. Raises
    ValueError for other shapes or another activation, TypeError for a list.
    """
    try:
        alike = x.dtype == w.dtype and (bias is None or bias.dtype == w.dtype)
        right = w.ndim == 2 and x.shape[-1:] == w.shape[:1] and (bias is None or bias.shape == w.shape[1:])
    except AttributeError:
        check_arrays("linear", x=x, w=w, **({} if bias is None else {"bias": bias}))
        raise
    if not right:
        if w.ndim == 2 and x.shape[-1:] == w.shape[:1]:
            check_shape("linear", "bias", bias.shape, w.shape[1:])  # type: ignore[union-attr]  # it's there, and wrong
        raise ValueError(f"linear: x {x.shape}, w {w.shape}: expected (..., inputs) and (inputs, outputs)")
    if activation not in ACTIVATIONS:
        raise ValueError(f"linear: activation {activation!r}: expected {', '.join(ACTIVATIONS)}")
    if not alike:
        dtype = np.result_type(x, w) if bias is None else np.result_type(x, w, bias)
        x, w = x.astype(dtype, copy=False), w.astype(dtype, copy=False)
        bias = None if bias is None else bias.astype(dtype, copy=False)
    return _linear.choose(x, w, bias, activation)(x, w, bias, activation)
