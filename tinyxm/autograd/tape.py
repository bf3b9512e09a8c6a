"""The tape: how an operation is recorded, and how gradients are carried back along it.

A primitive called on Tensors runs its forward rule on their arrays and records a Node, with one edge per differentiable
input: the node the gradient goes on to, the adjoint that takes it there, and the values this adjoint reads. `pull_back`
visits the nodes from the newest to the oldest.

One clock serves two ends. Nodes are numbered as they are recorded, so newest-first is a valid order of visit. Memory is
stamped as it is written in place, so a node recorded before a value it saved was written is known to be stale.
"""

from __future__ import annotations

import inspect
import linecache
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinyxm.autograd import events, inplace, tensor
from tinyxm.autograd.tensor import Array, Leaf, Node, Tensor, grad_mode, mode, retained, rules, tensor_of

Rule = TypeVar("Rule", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Adjoint:
    """Takes g, the gradient of an operation's result, to that of one input: rule(g, *values of what it reads)."""

    operation: str
    input: str
    rule: Callable[..., Any]
    reads: tuple[str, ...]


class Each(NamedTuple):
    """The adjoint of an input that is a sequence of arrays: rule(g, i, ...) is the gradient of the i-th."""

    rule: Callable[..., Any]


# What runs at each call of a primitive is written out once, from its signature and without loops: a general loop over
# the inputs costs half as much again on small arrays. `operation.source` shows it, and a debugger steps through it.

CALL = """\
def build({bound}):
    def {name}({signature}):
        is_tensor = False
{unwrap}
        start = before() if listeners else None
        try: y = forward({arguments})
        except Exception as error: raise explained(error, "{name}", {operands}) from None
        if not is_tensor: return y
        if type(y) is not ndarray: y = as_array(y)
        node = None
        if mode.recording:
            edges = []
{record}
            if edges:
                node = new(Node)
                node.operation, node.shape, node.dtype = "{name}", y.shape, y.dtype
                node.edges, node.tick = edges, clock()
        if start: emit(start, "forward", "{name}", {operands}, {static}, {saved}, y, node)
        tensor = new(Tensor)
        tensor.data, tensor.node = y, node
        return tensor
    return {name}
"""
UNWRAP = """\
        {0}_node = None
        if isinstance({0}, Tensor): {0}, {0}_node, is_tensor = {0}.data, {0}.node, True
        elif type({0}) is float64: {0} = float({0})
        elif type({0}) is list: {0} = Tensor({0}).data"""
UNWRAP_STATIC = """\
        if type({0}) is float64: {0} = float({0})"""
UNWRAP_EACH = """\
        {0}_nodes = [x.node if isinstance(x, Tensor) else None for x in {0}]
        if any(isinstance(x, Tensor) for x in {0}): is_tensor = True
        {0} = [array_of(x) for x in {0}]"""
RECORD = """\
            if {0}_node is not None: edges.append(({0}_node, {0}_adjoint, ({1})))"""
RECORD_EACH = """\
            {0}_saved = ({1})
            for i, node_i in enumerate({0}_nodes):
                if node_i is not None: edges.append((node_i, {0}_adjoint, (i, *{0}_saved)))"""


def as_array(y: Any) -> Array:
    """A 0-d array where NumPy made a scalar of a result."""
    return np.asarray(y) if isinstance(y, np.generic) else y


def explained(error: Exception, operation: str, operands: dict[str, Any]) -> Exception:
    """The same error with the operation and its operands' shapes first, unless it is one of ours already."""
    if re.match(r"\w+: ", str(error)) or not isinstance(error, ValueError | TypeError | IndexError):
        return error
    shapes = ", ".join(f"{name} {getattr(x, 'shape', type(x).__name__)}" for name, x in operands.items())
    kind = next(kind for kind in (ValueError, TypeError, IndexError) if isinstance(error, kind))
    return kind(f"{operation}: {shapes}: {error}")


NAMES = {
    "Node": Node,
    "Tensor": Tensor,
    "array_of": tensor.array_of,
    "as_array": as_array,
    "before": events.before,
    "emit": events.emit,
    "explained": explained,
    "float64": np.float64,
    "listeners": events.listeners,
    "mode": mode,
    "new": object.__new__,
    "ndarray": np.ndarray,
    "clock": tensor.clock,
    "np": np,
}


def primitive(
    *numpy_functions: Callable[..., Any], **adjoints: Callable[..., Any] | Each | None
) -> Callable[[Rule], Rule]:
    """Declare an operation: decorate its forward rule, and give an adjoint for each array input by name.

    None in place of an adjoint: an array input without a gradient. Parameters not named are static. The operation
    answers for these `numpy_functions` when they are called on Tensors.

    An adjoint's first parameter is g, the gradient of the result. The others name what it reads, and only that is kept
    alive until the backward pass: `y` the result, any parameter of the forward rule, `a_shape` the shape of `a` alone.
    For a sequence of arrays give `Each(rule)`; its second parameter is `i`, the place in the sequence.

    Both rules are plain NumPy. The adjoint must be linear in g and must not write to it; handed Tensors, it is itself
    recorded, so it serves every order. It may return a gradient in the shape that broadcasting gave the input: the tape
    sums it back. On arrays a primitive returns an array, on Tensors a Tensor.

        @primitive(np.multiply, a=lambda g, b: g * b, b=lambda g, a: g * a)
        def multiply(a, b):
            return a * b
    """

    def declare(forward: Rule) -> Rule:
        name, signature = forward.__name__.strip("_"), inspect.signature(forward)
        inputs = list(signature.parameters)
        each = {i for i, rule in adjoints.items() if isinstance(rule, Each)}
        readable = {"y": "y"} | {i: i for i in inputs}
        readable |= {f"{i}_shape": f"[np.shape(x) for x in {i}]" if i in each else f"np.shape({i})" for i in inputs}
        for i in {"g", "y", "i", "tensor", "edges", "node", "start", "is_tensor"} & {*inputs}:
            raise TypeError(f"{name}: rename its parameter {i}, which the tape uses")
        bound: dict[str, Any] = {"forward": forward}
        record: list[str] = []
        kept: dict[str, str] = {}
        for i, rule in adjoints.items():
            if rule is None:
                continue
            rule = rule.rule if isinstance(rule, Each) else rule
            reads = tuple(inspect.signature(rule).parameters)[1:]
            if i in each and reads[:1] != ("i",):
                raise TypeError(f"{name}: the adjoint of the sequence {i} takes (g, i, ...), not {('g', *reads)}")
            for read in (i, *reads[i in each :]):
                if read not in readable:
                    raise TypeError(f"{name}: the adjoint of {i} names {read}, which is no parameter of {name}")
            bound[f"{i}_adjoint"] = Adjoint(name, i, rule, reads)
            values = {read: readable[read] for read in reads[i in each :]}
            kept |= values
            template = RECORD_EACH if i in each else RECORD
            record.append(template.format(i, "".join(f"{value}, " for value in values.values())))
        by_name = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        static = [i for i in inputs if i not in adjoints]
        source = CALL.format(
            name=name,
            bound=", ".join(bound),
            signature=str(signature.replace(parameters=by_name, return_annotation=signature.empty))[1:-1],
            arguments=", ".join(f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else p.name for p in by_name),
            unwrap="\n".join((UNWRAP_EACH if i in each else UNWRAP).format(i) for i in adjoints)
            + "".join("\n" + UNWRAP_STATIC.format(i) for i in static),
            record="\n".join(record) or "            pass",
            operands="{" + ", ".join(f'"{i}": {i}' for i in adjoints) + "}",
            static="{" + ", ".join(f'"{i}": {i}' for i in static) + "}",
            saved="{" + ", ".join(f'"{read}": {value}' for read, value in kept.items()) + "}",
        )
        file, built = f"<primitive {name}>", dict(NAMES)
        linecache.cache[file] = len(source), None, source.splitlines(True), file
        exec(compile(source, file, "exec"), built)
        build: Any = built["build"]
        operation = build(**bound)
        operation.__qualname__ = name
        operation.__doc__, operation.__module__, operation.__wrapped__ = forward.__doc__, forward.__module__, forward
        operation.source, operation.adjoints = source, {i: a for i, a in bound.items() if i != "forward"}
        rules.update(dict.fromkeys(numpy_functions, operation))
        return operation

    return declare


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
        edges, g = node.edges, arrived[node] if keep and node in keep else arrived.pop(node)
        if not node.shape:
            g = as_array(g)
        if not edges:
            raise RuntimeError(
                f"{node.operation}: an earlier backward pass freed its saved values; pass retain_graph=True to that one"
            )
        if node.tick < last_write:
            inplace.refuse_stale(node)
        if not retain_graph:
            node.edges = ()
        for source, adjoint, saved in edges:
            if create_graph:
                saved = as_tensors(saved, adjoint, node, edges)
            try:
                if listening:
                    name = f"{adjoint.operation}.{adjoint.input}"
                    values = dict(zip(adjoint.reads, saved, strict=True))
                    gx = events.observe("adjoint", name, adjoint.rule, {"g": g, **values}, saved=values, node=node)
                else:
                    gx = adjoint.rule(g, *saved)
                if gx.shape != source.shape:
                    gx = unbroadcast(gx, source.shape)
                if gx.dtype is not source.dtype:  # where NumPy promoted an input, its gradient comes back
                    gx = gx.astype(source.dtype)
            except Exception as error:
                error.add_note(
                    f"in the adjoint of {adjoint.input} of {adjoint.operation}, whose result is {node.shape}"
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


def accumulate(total: Array, gx: Array, node: Node) -> Array:
    """One more contribution to the gradient of this node, told to the listeners."""
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


def seed_of(y: Tensor, g: Any) -> Array:
    """The gradient to start from: g in the dtype of y, or 1 for a single number."""
    if g is None:
        if y.size != 1:
            raise ValueError(
                f"backward: y has shape {y.shape}; reduce it to one number first (y.sum(), y.mean()), "
                "or give g, the gradient of your objective with respect to y"
            )
        return np.ones_like(y.data)
    g = np.asarray(tensor.array_of(g), dtype=y.dtype)
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
        arrived = pull_back(y.node, seed_of(y, g), set(retained), retain_graph)
        for node, gx in arrived.items():
            if isinstance(node, Leaf):
                gx = np.asarray(gx, node.dtype)
                if node.grad is None:
                    node.grad = gx
                else:
                    node.grad = accumulate(node.grad, gx, node) if events.listeners else node.grad + gx
            else:
                retained[node] = gx if retained[node] is None else retained[node] + gx


def grad(
    y: Tensor, inputs: Sequence[Tensor], g: Any = None, retain_graph: bool = False, create_graph: bool = False
) -> list[Tensor]:
    """The gradients of y with respect to these Tensors, leaves or not, as Tensors; zeros where y doesn't depend on one.

    With `create_graph` they can be differentiated again. Nothing is added to any `x.grad`. Raises as `backward` does,
    and ValueError where an input requires no gradient.
    """
    for i, x in enumerate(inputs):
        if x.node is None:
            raise ValueError(f"grad: input {i} requires no gradient; make it with requires_grad=True")
    seed = seed_of(y, g)
    start = seed
    if create_graph:
        start = Tensor(seed) if not isinstance(g, Tensor) else g if g.dtype == y.dtype else g.astype(y.dtype)
    with grad_mode(create_graph), events.phase("backward"):
        arrived = pull_back(
            y.node, start, {x.node for x in inputs if x.node}, retain_graph or create_graph, create_graph
        )
    found = [arrived.get(x.node, np.zeros_like(x.data)) for x in inputs if x.node]
    return [
        gx if isinstance(gx, Tensor) else tensor_of(np.asarray(gx, x.dtype), None)
        for gx, x in zip(found, inputs, strict=True)
    ]


Tensor.backward = backward  # type: ignore  # it stands here, beside pull_back, with its account
