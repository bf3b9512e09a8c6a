"""How an operation is declared: a forward rule, an adjoint for each input, and from these what runs at each call.

A primitive called on Tensors runs its forward rule on their arrays and records a Node, with one edge per differentiable
input: the node the gradient goes on to, the adjoint that takes it there, and the values this adjoint reads.
"""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinyxm.autograd import events, tensor
from tinyxm.autograd.tensor import Array, Node, Tensor, mode, rules

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
