"""The same on all cores: C is cut by rows or by columns, and each thread computes its part as `packed` does.

What it adds: no two threads write the same number, so that nothing has to be agreed on while they run. A batch is
shared out matrix by matrix; a single product is cut where the largest part is smallest, and otherwise by columns rather
than rows: then each panel of B is packed by one thread alone, and A, which isn't packed, is only read. Every element is
summed in the same order as on one thread, so the result is the same to the last bit on any number of threads.

Why it isn't quite twice as fast on two: waking the other thread and waiting for it takes some microseconds, parts
aren't quite equal, and both share the memory and the third-level cache. Below a million operations one thread does it.
"""

from tinyxm_kernels._compiled import threaded
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.matmul.packed import multiply, product
from tinyxm_kernels.registry import rung
from tinyxm_kernels.threads import get_threads

on_threads = threaded(multiply)


@rung(backend="numba")
def matmul(a: Array, b: Array) -> Array:
    return product(on_threads, a, b, threads=get_threads())


@rung(backend="numba")
def linear(x: Array, w: Array, bias: Array | None = None, activation: str = "none") -> Array:
    return product(on_threads, x, w, bias, activation, threads=get_threads())
