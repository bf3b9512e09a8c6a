"""How many threads the kernels use, and which library runs them.

    set_threads(2)                 the process
    with threads(1): ...           a block

One number holds for Numba's kernels and for BLAS's, since sums round differently on another. A kernel splits its work
into as many parts, the same on every run, and below a million floating-point operations it doesn't, since waking a
thread costs as much as it saves.

Numba's threads are run by OpenMP where it is present, otherwise by TBB; never by Numba's own `workqueue`, which takes
ten times as long to start and may not be called from two threads at once: without either library the parts run one
after another. So they do in a process that was forked from one whose threads had been started: GNU's OpenMP ends
such a process where it uses threads. The parts, hence the results, are the same.
"""

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tinyxm_kernels._checks import is_whole

# A thread that waits by spinning starts at once, but holds the core that BLAS's thread needs meanwhile; one that sleeps
# must be woken. So OpenMP's spin for some microseconds. Measured (benchmarks/stalls.py, 2 cores, µs): a launch takes 5,
# or 13 where threads sleep at once; a 256×256 matmul and a kernel in turn take 250, or 8,000 where they spin for long.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "600"}
VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MISSING = "kernels run on one thread, for Numba finds neither OpenMP nor TBB: install libgomp, or `pip install tbb`"

_threads: int | None = None  # what was set
_layer: str | None = None  # the library that was started, "" where there is none
_starting = threading.Lock()


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _said() -> int | None:
    said = (os.environ.get(name, "") for name in VARIABLES)
    return next((int(number) for number in said if number.isdecimal() and int(number)), None)


def get_threads(at_most: int | None = None) -> int:
    """How many threads the kernels use: what was set, or else what NUMBA_NUM_THREADS, OMP_NUM_THREADS or
    OPENBLAS_NUM_THREADS said when this was first asked, the first of them first; or else all usable cores, or `at_most`
    so many."""
    said = _threads or _said()
    return said or min(cores(), at_most or cores())


def _check(operation: str, number: int) -> None:
    if not is_whole(number) or number < 1:
        raise ValueError(f"{operation}: {number!r}: expected a whole number from 1")


def set_threads(number: int) -> None:
    """Use so many threads from here on, in Numba's kernels and in BLAS. Raises ValueError below 1."""
    from threadpoolctl import threadpool_limits

    global _threads
    _check("set_threads", number)
    threadpool_limits(int(number), user_api="blas")
    _threads = int(number)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Use so many threads within a `with` block, in the whole process. Raises ValueError below 1."""
    from threadpoolctl import threadpool_limits

    global _threads
    _check("threads", number)
    before = _threads
    with threadpool_limits(int(number), user_api="blas"):
        _threads = int(number)
        try:
            yield
        finally:
            _threads = before


def layer() -> str:
    """The library that runs Numba's threads, started now if it wasn't: "omp", "tbb", or "" where there is none.

    What NUMBA_THREADING_LAYER names is taken, even "workqueue"; ValueError where it isn't there.
    """
    global _layer
    if _layer is None:
        with _starting:
            if _layer is None:
                _layer = _start()
                if not _layer:
                    warnings.warn(MISSING, RuntimeWarning, stacklevel=3)
    return _layer


def _start() -> str:
    import numba
    from numba.np.ufunc import parallel
    from threadpoolctl import threadpool_info

    config: Any = numba.config
    if any(os.path.basename(pool["filepath"]).startswith("libgomp.so") for pool in threadpool_info()):
        # loaded before, as by PyTorch, it spins for long; but for moments only where it has more threads than cores
        parallel.NUM_THREADS += cores() == parallel.NUM_THREADS
    named = config.THREADING_LAYER
    by_user = named != "default"
    ours = {} if WAITING.keys() & os.environ.keys() else WAITING
    os.environ |= ours
    try:
        for name in (named,) if by_user else ("omp", "tbb"):
            config.THREADING_LAYER = name
            try:
                parallel._launch_threads()
                break
            except ValueError as error:  # no such library
                if by_user:
                    raise ValueError(f"NUMBA_THREADING_LAYER={named}: {' '.join(str(error).split())}") from None
        else:
            return ""
    finally:
        config.THREADING_LAYER = named
        for name in ours:  # other libraries, and other processes, wait as they like
            os.environ.pop(name, None)
    # another user of Numba may have started its own
    return "" if numba.threading_layer() == "workqueue" and not by_user else numba.threading_layer()


def _after_fork() -> None:
    global _layer
    if _layer == "omp":
        _layer = ""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
