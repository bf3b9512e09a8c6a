"""Hooks: functions that see a Tensor's gradient once it is complete, and may put another in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from tinyxm.autograd import events
from tinyxm.autograd.places import beside
from tinyxm.autograd.tensor import Array, Node, Tensor, Watched, array_of, tensor_of


class Handle:
    """A function's place among others: it stands there until `remove()`, or the end of a `with` block."""

    def __init__(self, functions: dict[object, Callable[..., Any]], function: Callable[..., Any]) -> None:
        self.functions, self.key = functions, object()  # not self: a circle would keep what the function holds
        functions[self.key] = function

    def remove(self) -> None:
        """Take the function away; a second time does nothing."""
        self.functions.pop(self.key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Hooked(list):
    """The edges of a node whose gradient goes through hooks: they live and are freed together."""

    def __init__(self, edges: Any) -> None:
        super().__init__(edges)
        self.hooks: dict[object, Callable[[Array], Any]] = {}


def register_hook(self: Tensor, hook: Callable[[Array], Any]) -> Handle:
    """Call hook(g) with this Tensor's gradient in each pass that reaches it; what it returns, unless None, replaces g.

    A leaf or not: g is complete, the sum over all branches, and is called with once per pass, before it goes on to what
    the Tensor was computed from, and before it's kept in `grad`. It's an array, which must not be written to; with
    `create_graph` a Tensor. The hooks of one Tensor run in the order they came. `remove()` of what is returned, or the
    end of `with t.register_hook(hook):`, takes it away. Raises RuntimeError where no gradient will arrive; the pass
    raises ValueError where a hook returns another shape or dtype.
    """
    node = self.node
    if node is None:
        raise RuntimeError("register_hook: this Tensor requires no gradient")
    if node.edges == ():
        raise RuntimeError("register_hook: a backward pass freed this Tensor's graph; register before it")
    if not isinstance(node.edges, Hooked):
        node.edges = Hooked(node.edges or ())  # a leaf has none; now the pass stops there, too
    if type(node) is Node:
        node.__class__ = Watched
    return Handle(node.edges.hooks, hook)


def run_hooks(node: Node, hooks: dict[object, Callable[[Array], Any]], g: Array) -> Array:
    """g after these hooks."""
    for hook in tuple(hooks.values()):
        rule = _replaced(node, hook)
        try:
            g = events.observe("hook", node.operation, rule, {"g": g}, node=node) if events.listeners else rule(g)
        except Exception as error:
            error.add_note(f"in a hook on the gradient of the result {node.shape} of {node.operation}")
            raise
    return g


def _replaced(node: Node, hook: Callable[[Array], Any]) -> Callable[[Array], Array]:
    def run(g: Array) -> Array:
        other = hook(g)
        if other is None:
            return g
        if not isinstance(g, Tensor):
            other = beside("hook", array_of(other), g)
        elif not isinstance(other, Tensor):
            other = tensor_of(beside("hook", other, g.data), None)
        if other.shape != node.shape or other.dtype != node.dtype:
            raise ValueError(
                f"hook: it returned {other.shape} of {other.dtype} for a gradient {node.shape} of {node.dtype}; "
                "return one of that shape and dtype, or None"
            )
        return other

    return run


Tensor.register_hook = register_hook  # type: ignore  # it stands here, with its account
