"""What is asked of an optimizer: its formula, PyTorch over 50 steps, its state restored, gradients of every size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyxm.autograd import Parameter
from tinyxm.certificate.case import OptimizerCase, values
from tinyxm.certificate.checks import Finding, compare, failed, of_dtype, on_every_rung, strided, weighting

STEPS = 50
SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (5,))
EDGES: dict[str, tuple[tuple[int, ...], float]] = {  # the parameter's shape, and the size of its gradients
    "empty": ((0, 3), 1.0),
    "size one": ((), 1.0),
    "large": ((3, 4), 1e15),  # their squares are near the end of float32
    "tiny": ((3, 4), 1e-15),
}


class Course:
    """An optimizer's parameters and the gradients that they are given, step by step; the same at each run."""

    def __init__(self, case: OptimizerCase, dtype: str, shapes: Sequence[tuple[int, ...]] = SHAPES, scale: float = 1.0):
        self.case, self.dtype = case, dtype
        self.floor = min(scale, 1.0)  # tiny gradients are those of tiny parameters
        self.start = [np.asarray(self.floor * values(*shape), dtype) for shape in shapes]
        self.slopes = [
            [np.asarray(scale * weighting(shape, np.float64, STEPS * i + step), dtype) for step in range(STEPS)]
            for i, shape in enumerate(shapes)
        ]

    def run(self, restore: bool = False, lay: Callable[[np.ndarray], Any] = np.array, without: int = -1) -> list[Any]:
        """Each parameter after the last step; `restore` goes on halfway with a new optimizer that loads the state."""
        parameters = [Parameter(x) for x in self.start]
        optimizer = self.case.ours(parameters)
        for step in range(STEPS):
            if restore and step == STEPS // 2:
                state = optimizer.state_dict()
                parameters = [Parameter(p.data) for p in parameters]
                optimizer = self.case.ours(parameters)
                optimizer.load_state_dict(state)
            for i, parameter in enumerate(parameters):
                parameter.grad = None if i == without else lay(self.slopes[i][step])
            optimizer.step()
        return [p.data for p in parameters]

    def truth(self) -> list[np.ndarray]:
        """Each parameter after the last step, by the formula, in float64."""
        exact = [[g.astype(np.float64) for g in slopes] for slopes in self.slopes]
        return [self.case.truth(x.astype(np.float64), gs) for x, gs in zip(self.start, exact, strict=True)]

    def theirs(self, torch: Any) -> list[np.ndarray]:
        """Each parameter after the last step of PyTorch's."""
        assert self.case.torch is not None
        parameters = [torch.nn.Parameter(torch.tensor(x)) for x in self.start]
        optimizer = self.case.torch(torch, parameters)
        for step in range(STEPS):
            for parameter, slopes in zip(parameters, self.slopes, strict=True):
                parameter.grad = torch.tensor(slopes[step])
            optimizer.step()
        return [p.detach().numpy() for p in parameters]


def examine_optimizer(case: OptimizerCase, dtype: str, torch: Any) -> Iterator[tuple[str, Finding]]:
    """Everything that is asked of an optimizer in one dtype: (rung, finding)."""
    yield from on_every_rung(Course(case, dtype).run, partial(_ask, case, dtype, torch), "forward")


def _ask(case: OptimizerCase, dtype: str, torch: Any) -> Iterator[Finding]:
    def asked(
        check: str, what: str, found: Callable[[], Any], expected: Callable[[], Any], like: str = "", floor: float = 1.0
    ) -> Finding:
        try:
            pairs = enumerate(zip(found(), expected(), strict=True))
            return compare(check, dtype, [(f"parameter {i} {what}", *pair) for i, pair in pairs], like, floor)
        except Exception as error:
            return failed(check, error)

    course = Course(case, dtype)
    yield asked("forward", f"after {STEPS} steps", course.run, course.truth)
    yield asked("restored", "with its state restored halfway", lambda: course.run(restore=True), course.run)
    yield asked("non-contiguous", "of strided gradients", lambda: course.run(lay=strided), course.run)
    kept = [course.run()[0], course.start[1]]
    yield asked("no gradient", "where the last has none", lambda: course.run(without=1), lambda: kept)
    yield of_dtype(dtype, {f"parameter {i}": x for i, x in enumerate(course.run())})
    if torch is not None and case.torch is not None:
        what = f"after {STEPS} steps, the state restored halfway"
        yield asked("torch", what, lambda: course.run(restore=True), lambda: course.theirs(torch))
    for edge, (shape, scale) in EDGES.items():
        extreme = Course(case, dtype, [shape], scale)
        what = f"{shape}, gradients of {scale:g}"
        yield asked(edge, what, extreme.run, extreme.truth, "forward", extreme.floor)
