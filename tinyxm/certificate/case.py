"""What the certificate tries: a function of ours on given numbers, and who else knows what must come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tinyxm.nn import Module
from tinyxm.nn.module import functional_call
from tinyxm.optim import Optimizer

EDGES = ("empty", "size one", "broadcast", "large", "tiny", "ties", "subgradient")


class Case(NamedTuple):
    """One call of an operation, a loss or a layer.

    `ours` is called with one Tensor (or array) per input; `inputs` are float64 and are cast to the dtype under test.
    `truth` is the formula in plain NumPy or SciPy, on the same arrays, written apart from ours; `torch` gets the module
    torch and the same tensors. Either may be missing, not both. `edge` names what is special about the case, if it is
    one of EDGES. `gradients` are the expected gradients of the sum of the result (None for an input: any), for ties,
    kinks and limits, where differences say nothing; without them they are compared with differences.
    """

    name: str  # the public name, as in ops, nn: softmax, Linear
    kind: str  # operation, loss or layer
    label: str
    ours: Callable[..., Any]
    inputs: tuple[np.ndarray, ...]
    truth: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    edge: str = ""
    gradients: Sequence[ArrayLike | None] | None = None

    def __str__(self) -> str:
        shapes = " ".join(str(x.shape).replace(" ", "") for x in self.inputs)
        return " ".join(filter(None, (self.name, self.label, self.edge, shapes)))


class OptimizerCase(NamedTuple):
    """One optimizer with its settings: `ours(params)` makes it, `torch(torch, params)` PyTorch's.

    `truth(parameter, gradients)` is the formula in plain NumPy: from one parameter and its gradient at each step to the
    parameter after the last of them.
    """

    name: str
    label: str
    ours: Callable[[list[Any]], Optimizer]
    truth: Callable[[np.ndarray, Sequence[np.ndarray]], np.ndarray]
    torch: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()


def values(*shape: int, low: float = -2, high: float = 2, seed: int = 7) -> np.ndarray:
    """Numbers from low to high; the same for the same arguments."""
    return np.asarray(np.random.default_rng((seed, *shape)).uniform(low, high, shape))


def apart(*shape: int, seed: int = 7) -> np.ndarray:
    """Numbers around 0 that differ by 0.1 at least: a small step doesn't change which is the largest."""
    size = int(np.prod(shape))
    return (np.random.default_rng((seed, *shape)).permutation(size).reshape(shape) - size / 2 + 0.5) * 0.1


def of_torch(path: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """torch.PATH(*tensors, *args, **options), as a case wants it."""
    return lambda torch, *tensors, **more: reduce(getattr, path.split("."), torch)(*tensors, *args, **options, **more)


def layer(
    name: str,
    label: str,
    make: Callable[[], Module],
    inputs: Sequence[np.ndarray],
    truth: Callable[..., Any] | None = None,
    torch: Callable[..., Any] | None = None,
    edge: str = "",
    gradients: Sequence[ArrayLike | None] | None = None,
    call: Callable[..., Any] | None = None,
) -> Case:
    """A layer as a function of its inputs and then of its parameters, in the order of `named_parameters`.

    `make` builds it anew for each call, so that none sees what another left behind (statistics, random state). The
    parameters take part with drawn numbers, so that none is 0 or 1. `call(module, *inputs)` stands in for
    module(*inputs) where more is to be said, such as a mask or `eval()`.
    """
    named = {path: p.shape for path, p in make().named_parameters()}
    numbers = [values(*shape, low=-1, high=1, seed=i + 11) for i, shape in enumerate(named.values())]

    def ours(*tensors: Any) -> Any:
        module, given = make(), tensors[: len(inputs)]
        parameters = dict(zip(named, tensors[len(inputs) :], strict=True))
        return functional_call(module, parameters, *given, call=call)

    return Case(name, "layer", label, ours, (*inputs, *numbers), truth, torch, edge, gradients)
