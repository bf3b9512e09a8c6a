"""Checkpointing: a part of a computation keeps nothing for its backward pass, and is computed again there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tinyxm.autograd import events, inplace, random
from tinyxm.autograd.graph import as_leaves, parted
from tinyxm.autograd.primitive import Adjoint
from tinyxm.autograd.tape import pull_back
from tinyxm.autograd.tensor import Array, Node, Tensor, clock, grad_mode, tensor_of


def checkpoint(f: Callable[..., Tensor], *inputs: Any, **options: Any) -> Tensor:
    """y = f(*inputs, **options), kept without what its adjoints read: the backward pass runs f again to have it.

    A chain of n layers in √n such segments holds some 2√n layers' values in place of n, for one more forward. Gradients
    reach whatever f reads, its inputs and the parameters and Tensors it closes over, to every order. The second run
    draws the same random numbers (of generators that come from `xm.generator`, as all layers' do), and what it draws
    and writes in place, such as running statistics, is taken back. Of what f makes, only its result can be followed.

    Raises TypeError where f doesn't return one Tensor; in the backward pass RuntimeError where f no longer reads what
    it read, or something it read was written in place. Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with
    sublinear memory cost" (2016).
    """
    since = clock()
    start = events.before() if events.listeners else None
    with random.remembered() as draws:
        y = f(*inputs, **options)
    if not isinstance(y, Tensor):
        raise TypeError(f"checkpoint: f returned a {type(y).__name__}; return one Tensor, such as parts in np.stack")
    newer, sources = parted([y.node], since)
    if not newer or not sources:
        return y
    read = {id(x): weakref.ref(x) for node in newer for x in _saved(node)}
    replay = _Replay(f, inputs, options, sources, draws)
    adjoint = Adjoint("checkpoint", "f", replay.gradient, ("i", "y"))
    node = Node("checkpoint", y.data, [(source, adjoint, (i, y.data)) for i, source in enumerate(sources)])
    if start:
        events.emit(start, "forward", "checkpoint", {"f": y.data}, {}, {"y": y.data}, y.data, node, {"f": y.node})
    y = tensor_of(y.data, node)
    del newer
    replay.tick = node.tick
    replay.read = [x for x in read.values() if x() is not None]  # f's own arrays are gone with its graph
    return y


def _saved(node: Node) -> list[Array]:
    """The memory that the adjoints of this node read."""
    values = [value for _, _, saved in node.edges or () for value in saved]
    values += [x for value in values if isinstance(value, list | tuple) for x in value]
    return [inplace.owner(x) for x in values if inplace.is_array(x)]


class _Replay:
    """Runs f again for a gradient that has arrived, and carries it back to what f read."""

    def __init__(self, f: Any, inputs: Any, options: Any, sources: list[Node], draws: random.Draws) -> None:
        self.f, self.inputs, self.options, self.sources, self.draws = f, inputs, options, sources, draws
        self.modules = tuple(events.context.modules)
        self.read: list[weakref.ref[Array]] = []
        self.tick = 0
        self.g: Array = None
        self.found: dict[int, Array] = {}

    def gradient(self, g: Array, i: int, y: Array) -> Array:
        """That of the i-th source; f runs once for all of them."""
        if g is not self.g or i not in self.found:
            self.g, self.found = g, dict(enumerate(self.run(g, y)))
        gx = self.found.pop(i)
        if not self.found:
            self.g = None
        return gx

    def run(self, g: Array, y: Array) -> list[Array]:
        for read in self.read:
            memory = read()
            if memory is not None and inplace.stale(memory, self.tick):
                raise RuntimeError(
                    f"checkpoint: {memory.shape} of {memory.dtype}, which f reads, was written in place after f ran; "
                    "write before it is used, or run the backward pass first"
                )
        second = isinstance(g, Tensor)
        since = clock()
        with (
            grad_mode(True),
            random.replayed(self.draws),
            inplace.undone(),
            events.within(self.modules),
            events.phase("recompute"),
        ):
            again = self.f(*self.inputs, **self.options)
        sources = set(parted([again.node], since)[1])
        if sources != set(self.sources) or not _close(again.data, y.data if second else y):
            raise RuntimeError(
                "checkpoint: f gave something else when it ran again: what it reads has changed since (a parameter or "
                "setting; an array written to), or it draws from a generator of its own"
            )
        with as_leaves(self.sources):
            arrived = pull_back(again.node, g, sources, second, second)
        return [arrived[source] for source in self.sources]


def _close(a: Array, b: Array) -> bool:
    """Whether two results differ by rounding alone, as another kernel's may."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    tolerance = float(np.finfo(a.dtype).eps) ** 0.5
    largest = float(np.max(np.where(np.isfinite(b), np.abs(b), 0))) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * largest, equal_nan=True))
