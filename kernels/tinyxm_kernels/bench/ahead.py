"""Compile ahead: every kernel that Numba compiles, once, so that nobody waits for the compiler later.

A kernel is compiled for the kinds of its arguments, not for their sizes: small operands of every plan do, once on one
thread and once on two, whose launch is compiled apart. What is in the cache already takes no time.
"""

import time
from collections.abc import Iterator

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.bench.plan import Plan
from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.registry import Shape


def compile_ahead() -> Iterator[tuple[str, float]]:
    """Compile the float32 kernels, operation by operation: (its name, the seconds it took), each when it is done."""
    for plan in PLANS.values():
        rungs = [rung for rung in kernels.ladder(plan.operation, "cpu") if rung.available and rung.backend == "numba"]
        if rungs:
            begin = time.perf_counter()
            for rung in rungs:
                _run(plan, rung.name)
            yield plan.operation, time.perf_counter() - begin


def _run(plan: Plan, rung: str) -> None:
    """One rung on operands of each shape that it takes."""
    from tinyxm_kernels import _compiled

    least = _compiled.SERIAL_BELOW
    for shape in dict.fromkeys(_small(plan, shape) for shape in plan.sizes):
        operands = plan.operands(shape, np.dtype("float32"), np.random.default_rng(0))
        for threads in (1, 2):
            _compiled.SERIAL_BELOW = least if threads == 1 else 0.0
            try:
                with kernels.using(plan.spec(rung)), kernels.threads(threads):
                    plan.run(operands)
            except (ValueError, TypeError):  # not a shape for this rung
                break
            finally:
                _compiled.SERIAL_BELOW = least


def _small(plan: Plan, shape: Shape) -> Shape:
    """A shape of the same kind whose call takes no time, but has parts for two threads."""
    small = list(plan.shrunk(shape, 0.002))
    first = plan.scaled[0]
    small[first] = max(small[first], min(shape[first], 4))
    return tuple(small)
