"""The sum of many numbers to one: hardly any arithmetic, and the question is who adds to whom, and in which order.

    y[...] = Σ_n a[..., n]  (axis −1),          y = Σ a[...], of everything  (axis None)

n − 1 additions for n numbers read, a quarter of an operation a byte: memory limits it, if enough of the machine takes
part. One sum, one after the other, would leave all of a GPU but a thread asleep; so each thread sums a share, and what
the threads have is added by twos, in log₂ steps. Read it in this order:

    reference       summed in float64, rounded once
    cuda_shared     a tree in shared memory: 8 steps for the 256 threads of a block, a barrier at each
    cuda_shuffle    threads of a warp hand each other their registers, without memory or barrier; shared memory
                    carries 8 numbers between the 8 warps

Addition of rounded numbers isn't associative: (10⁸ + 1) − 10⁸ is 0 in float32, (10⁸ − 10⁸) + 1 is 1. So whoever wants
the same bits on each run must add in the same order on each run. The blocks of a GPU come to their end in no order; to
have each add its share to the result by `atomicAdd` gives other bits each time. Here they write their shares down, and
a second launch, of one block, adds them by the order of their numbers: some microseconds, for a sum that repeats bit
for bit. By twos is also more exact: the error grows as the share of a thread plus log₂ of their number, not as n
(Higham, The Accuracy of Floating Point Summation, 1993).
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats
from tinyxm_kernels.registry import Shape, operation


def _rule(a: Any, axis: int | None) -> tuple[str, ...]:
    """reference: on CPUs it is NumPy's sum."""
    return ("reference",)


def _sums(a: Shape, axis: int | None) -> int:
    return 1 if axis is None else prod(a[:-1])


_reduce_sum = operation(
    "reduce_sum",
    __name__,
    flops=lambda a, axis=-1: prod(a),
    elements=lambda a, axis=-1: prod(a) + _sums(a, axis),
    rule=_rule,
    on_cuda=("cuda_shuffle",),
)


def reduce_sum(a: NDArray[Any], axis: int | None = -1) -> NDArray[Any]:
    """y = Σ a, over the last axis, or of everything where `axis` is None; 0 where there is nothing to sum.

    Shapes: (..., N) -> (...), or () for everything. Raises ValueError for another axis or an array without one,
    TypeError unless a is float32 or float64.
    """
    check_floats("reduce_sum", a=a)
    if axis not in (-1, None):
        raise ValueError(f"reduce_sum: axis {axis!r}: expected -1, the last, or None, for the sum of everything")
    if axis is not None and not a.ndim:
        raise ValueError("reduce_sum: a is a single number, without an axis to sum over: axis=None takes it, too")
    return _reduce_sum.choose(a, axis)(a, axis)
