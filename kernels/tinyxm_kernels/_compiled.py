"""Compiled kernels: Numba, set up once for all the rungs that use it.

    @compiled                              one thread, no Python lock held; called from other compiled functions, too
    @threaded                              the same, with its first two arguments a range that is split among threads

    @threaded
    def scale(start, stop, x, factor, y):
        for i in range(start, stop):
            y[i] = factor * x[i]

    scale(len(x), 1.0 * len(x), x, factor, y)      # how many, about how many floating-point operations, the rest

A compiled function is kept on disk, in the folder that TINYXM_KERNEL_CACHE names (see `_cache.py`), under a hash of all
that it is made of, so that an edited kernel is never taken from there. What has to be compiled says so on stderr.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange, types
from numba.core.dispatcher import Dispatcher

from tinyxm_kernels._cache import Cache
from tinyxm_kernels.threads import get_threads, layer

SERIAL_BELOW = 1e6  # floating-point operations: what waking another thread is worth
# sums may be reordered and products fused, so that loops vectorise; NaN and infinity stay what they are
FAST = {"contract", "reassoc", "nsz"}


def compiled(function: Callable[..., Any] | None = None, *, fast: bool = True, **options: Any) -> Any:
    """Compile a function by Numba when it is first called with arguments of these types, or take it from the cache.

    `fast`: sums may be reordered and products fused (never so that a NaN or an infinity is lost). Further options are
    those of `numba.njit`, such as inline="always".
    """
    if function is None:
        return lambda function: compiled(function, fast=fast, **options)
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=FAST if fast else False, **options)(function)
    if options.get("inline") != "always":
        dispatcher._cache = Cache(function, dispatcher.targetoptions)
    return dispatcher


def threaded(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """A compiled function f(start, stop, ...) becomes f(count, work, ...), which splits 0 ... count among threads.

    `work` is about how many floating-point operations it all takes: below SERIAL_BELOW one thread does it. The parts
    are the same on every run with the same number of threads. What is compiled already is taken as it is.
    """
    if function is None:
        return lambda function: threaded(function, **options)
    part = function if isinstance(function, Dispatcher) else compiled(function, **options)

    def launch(parts, count, *arguments):
        for p in prange(parts):
            part(count * p // parts, count * (p + 1) // parts, *arguments)

    launch.__name__ = launch.__qualname__ = f"{function.__name__}_on_threads"
    together = compiled(launch, parallel=True)
    # first the part by itself, whose code then serves both: compiled within the launch its sums may round otherwise
    together._cache.first = lambda signature: part.compile((types.int64, types.int64, *signature[2]))

    def run(count: int, work: float, *arguments: Any) -> None:
        parts = max(1, min(count, get_threads())) if work >= SERIAL_BELOW else 1
        if parts > 1 and layer():
            together(parts, count, *arguments)
        else:
            for p in range(parts):  # the same parts, so that sums round alike
                part(count * p // parts, count * (p + 1) // parts, *arguments)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.part = part  # type: ignore[attr-defined]  # for compiled callers, which are in a thread already
    return run


def flat(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements in row order as one flat array, such that a kernel is compiled for one kind of array alone.

    A view where they lie so already; a copy of what is strided, read-only or in foreign byte order.
    """
    if not (array.flags.carray and array.dtype.isnative):
        array = np.require(array, array.dtype.newbyteorder("="), ("C", "A", "W"))
    return array.reshape(-1)
