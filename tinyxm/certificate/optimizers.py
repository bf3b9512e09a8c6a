"""What is asked of an optimizer: its formula, PyTorch over 50 steps, its state restored, gradients of every size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyxm.autograd import Parameter
from tinyxm.certificate.case import OptimizerCase, values
from tinyxm.certificate.checks import Finding, compare, failed, of_dtype, on_every_rung, strided, weighting
from tinyxm.optim import Optimizer
from tinyxm_kernels.updates.blocked import BLOCK

STEPS = 50
HALF = STEPS // 2
SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (5,))
EDGES: dict[str, tuple[tuple[int, ...], float]] = {  # the parameter's shape, and the size of its gradients
    "empty": ((0, 3), 1.0),
    "size one": ((), 1.0),
    "large": ((3, 4), 1e15),  # their squares are near the end of float32
    "tiny": ((3, 4), 1e-15),
}


class Course:
    """An optimizer's parameters and the gradients that they are given, step by step; the same at each run.

    Each parameter is a group of its own. The gradients are read-only: who writes to one fails.
    """

    def __init__(
        self, case: OptimizerCase, dtype: str, shapes: Sequence[tuple[int, ...]] = SHAPES, scale: float = 1.0,
        steps: int = STEPS,
    ):  # fmt: skip
        self.case, self.dtype, self.steps = case, dtype, steps
        self.floor = min(scale, 1.0)  # tiny gradients are those of tiny parameters
        self.start = [np.asarray(self.floor * values(*shape), dtype) for shape in shapes]
        self.slopes = [
            [np.asarray(scale * weighting(shape, np.float64, STEPS * i + step), dtype) for step in range(steps)]
            for i, shape in enumerate(shapes)
        ]
        for slope in (slope for slopes in self.slopes for slope in slopes):
            slope.flags.writeable = False

    def run(
        self, restore: bool = False, lay: Callable[[np.ndarray], Any] = np.asarray, first: int = 0, late: int = -1,
        slowed: Collection[int] = (),
    ) -> list[Any]:  # fmt: skip
        """Each parameter after the last step.

        `restore` goes on halfway with a new optimizer that loads the state, while the old one takes another step;
        `first` is the first step; parameter `late` has no gradient in the first half; and halfway the learning rate of
        the `slowed` groups is halved.
        """
        parameters, optimizer = self.made(self.start)
        for step in range(first, self.steps):
            if step == HALF:
                for i in slowed:
                    optimizer.groups[i]["lr"] *= 0.5
            if restore and step == HALF:
                state, old, reached = optimizer.state_dict(), optimizer, [p.data.copy() for p in parameters]
                parameters, optimizer = self.made(reached)
                old.step()
                optimizer.load_state_dict(state)
            for i, parameter in enumerate(parameters):
                parameter.grad = None if i == late and step < HALF else lay(self.slopes[i][step])
            optimizer.step()
        return [p.data for p in parameters]

    def made(self, start: Sequence[np.ndarray]) -> tuple[list[Parameter], Optimizer]:
        parameters = [Parameter(x) for x in start]
        return parameters, self.case.ours([{"params": [parameter]} for parameter in parameters])

    def truth(self) -> list[np.ndarray]:
        """Each parameter after the last step, by the formula, in float64."""
        exact = [[g.astype(np.float64) for g in slopes] for slopes in self.slopes]
        return [self.case.truth(x.astype(np.float64), gs) for x, gs in zip(self.start, exact, strict=True)]

    def theirs(self, torch: Any) -> list[np.ndarray]:
        """Each parameter after the last step of PyTorch's."""
        assert self.case.torch is not None
        parameters = [torch.nn.Parameter(torch.tensor(x)) for x in self.start]
        optimizer = self.case.torch(torch, parameters)
        for step in range(self.steps):
            for parameter, slopes in zip(parameters, self.slopes, strict=True):
                parameter.grad = torch.tensor(np.array(slopes[step]))
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
    many = Course(case, dtype, [(BLOCK + 3,)], steps=3)
    yield asked("forward", f"of {BLOCK + 3} elements after 3 steps", many.run, many.truth)
    alone, both = partial(course.run, slowed=[1]), [course.run()[0], course.run(slowed=[0, 1])[1]]
    yield asked("forward", "whose group alone has another learning rate", alone, lambda: both)
    yield asked("restored", "with its state restored halfway", lambda: alone(restore=True), alone)
    yield asked("non-contiguous", "of strided gradients", lambda: course.run(lay=strided), course.run)
    kept = [course.run()[0], course.run(first=HALF)[1]]
    yield asked("no gradient", "where the last has none at first", lambda: course.run(late=1), lambda: kept)
    yield of_dtype(dtype, {f"parameter {i}": x for i, x in enumerate(course.run())})
    if torch is not None and case.torch is not None:
        what = f"after {STEPS} steps, the state restored halfway"
        yield asked("torch", what, lambda: course.run(restore=True), lambda: course.theirs(torch))
    for edge, (shape, scale) in EDGES.items():
        extreme = Course(case, dtype, [shape], scale)
        what = f"{shape}, gradients of {scale:g}"
        yield asked(edge, what, extreme.run, extreme.truth, "forward", extreme.floor)
