"""The tape: how gradients are carried back along what was recorded.

`pull_back` visits the nodes from the newest to the oldest. One clock serves two ends. Nodes are numbered as they are
recorded, so newest-first is a valid order of visit. Memory is stamped as it is written in place, so a node recorded
before a value it saved was written is known to be stale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from heapq import heappop, heappush
from typing import Any

import numpy as np

from tinyxm.autograd import events, inplace, tensor
from tinyxm.autograd.hooks import Hooked, run_hooks
from tinyxm.autograd.places import beside
from tinyxm.autograd.primitive import Adjoint, as_array
from tinyxm.autograd.tensor import Array, Leaf, Node, Tensor, grad_mode, retained, tensor_of


def pull_back(
    root: Node | None,
    g: Array,
    keep: Collection[Node] = (),
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Array]:
    """Carry g from a node back to all it was computed from; {node: gradient} of the leaves and of those in `keep`.

    A gradient in `shared` may be another's memory too (an adjoint returned g itself, or a view): it is copied before
    it's added to or handed out. Any other is ours alone, and is added to in place.
    """
    if root is None:
        raise RuntimeError(
            "backward: this Tensor requires no gradient; compute it from one made with requires_grad=True, "
            "and not under no_grad()"
        )
    listening, last_write = events.listeners, inplace.last_write
    arrived, shared = {root: g}, {root}
    queue = [(-root.tick, root)] if root.edges is not None else []
    while queue:
        node = heappop(queue)[1]
        edges, g = node.edges, arrived.pop(node)
        if not node.shape:
            g = as_array(g)
        if not edges and not isinstance(node, Leaf):
            raise RuntimeError(
                f"{node.operation}: an earlier backward pass freed its saved values; pass retain_graph=True to that "
                f"one ({events.recorded(node)})"
            )
        if node.tick < last_write:
            inplace.refuse_stale(node)
        if not retain_graph:
            node.edges = ()
        if keep or type(node) is not Node:
            if isinstance(node, Leaf):
                node.edges = edges  # its hooks outlast this graph
            if isinstance(edges, Hooked):
                g = run_hooks(node, edges.hooks, g)
                shared.add(node)
            if isinstance(node, Leaf) or node in (keep or retained):
                arrived[node] = g
        for source, adjoint, saved in edges:
            if create_graph:
                saved = as_tensors(saved, adjoint, node, edges)
            try:
                if listening:
                    name = f"{adjoint.operation}.{adjoint.input}"
                    values = dict(zip(adjoint.reads, saved, strict=True))
                    rule = partial(fitted, source, adjoint.rule)
                    operands = {"g": g, **values}
                    gx = events.observe("adjoint", name, rule, operands, None, values, node, source, adjoint.rule)
                else:
                    gx = adjoint.rule(g, *saved)
                    if gx.shape != source.shape:
                        gx = unbroadcast(gx, source.shape)
                    if gx.dtype is not source.dtype:  # where NumPy promoted an input, its gradient comes back
                        gx = gx.astype(source.dtype)
            except Exception as error:
                error.add_note(
                    f"in the adjoint of {adjoint.input} of {adjoint.operation}, whose result is {node.shape}; "
                    + events.recorded(node)
                )
                raise
            total = arrived.get(source)
            if total is None:
                arrived[source] = gx
                if create_graph or gx is g or gx.base is not None:
                    shared.add(source)
                if source.edges is not None:
                    heappush(queue, (-source.tick, source))
            elif source in shared:
                arrived[source] = accumulate(total, gx, source) if listening else total + gx
                if not create_graph:
                    shared.remove(source)
            elif listening:
                arrived[source] = accumulate(total, gx, source)
            else:
                total += gx
                arrived[source] = total
    return (
        arrived if create_graph else {node: as_array(g.copy() if node in shared else g) for node, g in arrived.items()}
    )


def fitted(source: Node, rule: Callable[..., Array], *values: Any) -> Array:
    """rule(*values) in the shape and dtype of what it goes on to: what a listener is told, as one event."""
    gx = rule(*values)
    if gx.shape != source.shape:
        gx = unbroadcast(gx, source.shape)
    return gx if gx.dtype is source.dtype else gx.astype(source.dtype)


def accumulate(total: Array, gx: Array, node: Node) -> Array:
    """One more contribution to the gradient of this node, told to those who listen."""
    if not events.listeners:
        return total + gx
    return events.observe("accumulate", node.operation, lambda a, b: a + b, {"total": total, "g": gx}, node=node)


def as_tensors(saved: Sequence[Any], adjoint: Adjoint, node: Node, edges: Iterable[Any]) -> list[Any]:
    """The values an adjoint reads, as Tensors tied to the nodes they came from, so that the adjoint is recorded."""
    origin: dict[Any, Node] = {"y": node}
    for source, other, values in edges:
        origin[(other.input, values[0]) if other.reads[:1] == ("i",) else other.input] = source

    def tied(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [tensor_of(x, origin[name, i]) if (name, i) in origin else x for i, x in enumerate(value)]
        return tensor_of(value, origin[name]) if name in origin else value

    return [tied(name, value) for name, value in zip(adjoint.reads, saved, strict=True)]


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum g over the axes along which NumPy repeated an input of this shape."""
    added = g.ndim - len(shape)
    if added > 0:
        if added > 1 and not isinstance(g, Tensor):  # one long axis sums several times as fast as many short ones
            g = g.reshape((math.prod(g.shape[:added]), *g.shape[added:]))
            added = 1
        g = g.sum(axis=tuple(range(added)))
    repeated = tuple(i for i, (n, m) in enumerate(zip(shape, g.shape, strict=False)) if n == 1 != m)
    if repeated:
        g = g.sum(axis=repeated, keepdims=True)
    if g.shape == shape:
        return g
    raise ValueError(f"the adjoint gave a gradient of shape {g.shape} to an input of shape {shape}")


def starting_gradient(y: Tensor, g: Any) -> Array:
    """The gradient to start from: g in the dtype of y, or 1 for a single number."""
    if g is None:
        if y.size != 1:
            raise ValueError(
                f"backward: y has shape {y.shape}; reduce it to one number first (y.sum(), y.mean()), "
                "or give g, the gradient of your objective with respect to y"
            )
        return np.ones_like(y.data)
    g = beside("backward", tensor.array_of(g), y.data, y.dtype)
    if g.shape != y.shape:
        raise ValueError(f"backward: y has shape {y.shape} and g {g.shape}; they must agree")
    return g


def backward(y: Tensor, g: Any = None, retain_graph: bool = False) -> None:
    """Add the gradient of y to `x.grad` of every leaf x it was computed from (and of those with `retain_grad`).

    ∂x = Σ over y of g·∂y/∂x. `g` has the shape of y; it may be left out where y is one number. Values that the adjoints
    read are freed as the pass proceeds, unless `retain_graph`.

    Raises RuntimeError: y requires no gradient; its graph was freed by an earlier pass; a value that an adjoint reads
    was written in place since. ValueError: the shapes of y and g differ.
    """
    with events.phase("backward"):
        arrived = pull_back(y.node, starting_gradient(y, g), (), retain_graph)
        for node, gx in arrived.items():
            if isinstance(node, Leaf):
                gx = as_array(gx)
                node.grad = gx if node.grad is None else accumulate(node.grad, gx, node)
            else:
                total = retained.get(node)
                retained[node] = gx if total is None else accumulate(total, gx, node)


def gradients(
    y: Tensor, inputs: Iterable[Tensor], g: Any = None, retain_graph: bool = False, create_graph: bool = False
) -> list[Tensor]:
    """The gradients of y with respect to these Tensors, leaves or not, as Tensors; zeros where y doesn't depend on one.

    With `create_graph` they can be differentiated again. Nothing is added to any `x.grad`. Raises as `backward` does,
    and ValueError where an input requires no gradient.
    """
    if isinstance(inputs, Tensor):
        raise TypeError("gradients: inputs is a Tensor; give a list of them, as in gradients(y, [x])")
    inputs = list(inputs)
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"gradients: input {i} is a {type(x).__name__}; give Tensors")
        if any(x is other for other in inputs[:i]):
            raise ValueError(f"gradients: input {i} is given twice; each has one gradient")
        if x.node is None:
            raise ValueError(f"gradients: input {i} requires no gradient; make it with requires_grad=True")
    seed = starting_gradient(y, g)
    start = seed
    if create_graph:
        start = Tensor(seed) if not isinstance(g, Tensor) else g if g.dtype == y.dtype else g.astype(y.dtype)
    with grad_mode(create_graph), events.phase("backward"):
        arrived = pull_back(
            y.node, start, {x.node for x in inputs if x.node}, retain_graph or create_graph, create_graph
        )
    found = [arrived.get(x.node, np.zeros_like(x.data)) for x in inputs if x.node]
    return [
        gx if isinstance(gx, Tensor) else tensor_of(as_array(gx), None) for gx, x in zip(found, inputs, strict=True)
    ]


Tensor.backward = backward  # type: ignore  # it stands here, beside pull_back, with its account
