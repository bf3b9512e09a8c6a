"""How many threads the kernels use: one number for Numba's and for BLAS's, for sums round differently on another.

    set_threads(2)                 the process
    with threads(1): ...           a block

A kernel splits its work into as many parts; below a million floating-point operations it doesn't, since waking a thread
costs as much as it saves. Results repeat bit for bit on the same number of threads.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_threads: int | None = None


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def get_threads() -> int:
    """How many threads a kernel uses: what was set, or NUMBA_NUM_THREADS or OMP_NUM_THREADS, or all usable cores."""
    if _threads is not None:
        return _threads
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        said = os.environ.get(name, "")
        if said.isdecimal() and int(said):
            return int(said)
    return cores()


def set_threads(number: int) -> None:
    """Use so many threads from here on, in Numba's kernels and in BLAS. Raises ValueError below 1."""
    global _threads
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"set_threads: {number!r}: expected a whole number from 1")
    threadpool_limits(number, user_api="blas")
    _threads = number


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Use so many threads within a `with` block."""
    global _threads
    before = _threads
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"threads: {number!r}: expected a whole number from 1")
    with threadpool_limits(number, user_api="blas"):
        _threads = number
        try:
            yield
        finally:
            _threads = before
