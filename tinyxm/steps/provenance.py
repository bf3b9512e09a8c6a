"""Where numbers came from: which operation made an array, of which arrays, and what flowed back to it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from tinyxm.autograd import Event, Tensor, listen
from tinyxm.autograd.tensor import Node, tensor_of
from tinyxm.steps.variables import Names, caller

Place = tuple[int, ...]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Origin:
    """One operation as it ran: `operands` are arrays (or lists of them), `made` the origins of those that have one."""

    operation: str
    function: Callable[..., Any] | None
    operands: dict[str, Any]
    static: dict[str, Any]
    made: dict[tuple[str, int], Origin]
    module: str
    source: tuple[str, int, str] | None
    called: dict[tuple[str, int], str] = field(default_factory=dict)  # what the caller calls its operands
    result: Callable[[], Any] = lambda: None  # what it made, while that is there


@dataclass(slots=True, eq=False)
class Term:
    """What one use of a value sent back to it: `g` is the gradient of what that use, `by`, made of it."""

    by: Origin
    input: str
    place: int  # in a sequence of inputs
    g: np.ndarray
    result: np.ndarray
    upstream: Flow | None


@dataclass(slots=True, weakref_slot=True, eq=False)
class Flow:
    """What flowed back to one value: a list of terms for each backward pass since its `grad` was None."""

    passes: list[list[Term]] = field(default_factory=list)


_origins: dict[int, tuple[Any, Origin]] = {}  # id of an array -> (weak reference to it, how it was made)
_nodes: weakref.WeakKeyDictionary[Node, Origin] = weakref.WeakKeyDictionary()
_flows: weakref.WeakKeyDictionary[Node, Flow] = weakref.WeakKeyDictionary()


@contextmanager
def explaining() -> Iterator[None]:
    """Remember how each number within this context comes about, for `explain`. It keeps every array: use it on little.

    What was made before it counts as given: the leaves of an explanation.
    """
    with listen(_Memory(caller())):
        yield


class _Memory:
    """The listener: origins of what was made, and terms of what flowed back, one list for each backward pass.

    A checkpoint is looked through: what it computes again in a pass, and that sends back, belongs to the pass.
    """

    def __init__(self, frame: FrameType) -> None:
        self.frame, self.names = frame, Names(frame)
        self.start()

    def start(self, root: Node | None = None) -> None:
        self.root = root  # where the present backward pass began,
        self.terms: dict[Node, list[Term]] = {}  # what it brought to each node,
        self.followed: set[tuple[Any, ...]] = set()  # the edges it took,
        self.again: set[Node] = set()  # what it computed again,
        self.loose: list[Term] = []  # and of that, the terms whose g came in from a checkpoint

    def __call__(self, event: Event) -> None:
        if event.kind == "forward":
            self.remember_origin(event)
            if event.phase == "forward":
                self.start()
            elif event.phase == "recompute" and event.node is not None:
                self.again.add(event.node)
        elif event.kind == "adjoint" and event.node in _nodes:
            if _nodes[event.node].function is None:  # a checkpoint, whose f has sent back what there is
                for term in self.loose:
                    if term.g is event.operands["g"]:
                        term.upstream = _flows.get(event.node)
            else:
                self.remember_term(event)

    def remember_term(self, event: Event) -> None:
        name, place = event.operation.rpartition(".")[2], event.saved.get("i", 0)
        edge = event.node, event.to, name, place
        known = event.node is self.root or event.node in self.terms or event.node in self.again
        if edge in self.followed or not known:
            self.start(event.node)
        self.followed.add(edge)
        if event.to not in self.terms:
            passes = _flows.setdefault(event.to, Flow()).passes
            if tensor_of(None, event.to).grad is None:  # what earlier passes brought is held no more
                passes.clear()
            passes.append(self.terms.setdefault(event.to, []))
        term = Term(_nodes[event.node], name, place, event.operands["g"], event.result, _flows.get(event.node))
        self.terms[event.to].append(term)
        if term.upstream is None:
            self.loose.append(term)

    def name_of(self, leaf: np.ndarray) -> str:
        """What the caller calls it, by variables that may have come since."""
        name = self.names.of(leaf)
        if not name:
            self.names = Names(self.frame)
            name = self.names.of(leaf, copies=True)
        return name

    def remember_origin(self, event: Event) -> None:
        made: dict[tuple[str, int], Origin] = {}
        called: dict[tuple[str, int], str] = {}

        def kept(name: str, i: int, x: Any) -> Any:
            if not isinstance(x, np.ndarray):
                return x
            origin = origin_of(x)
            if origin is None:
                if told := self.name_of(x):
                    called[name, i] = told
                return x.copy()  # a leaf, which an optimizer may write to
            made[name, i] = origin
            return x

        operands = {
            name: [kept(name, i, part) for i, part in enumerate(x)] if isinstance(x, list) else kept(name, 0, x)
            for name, x in event.operands.items()
        }
        origin = Origin(event.operation, event.function, operands, event.static, made, event.module, event.source)
        origin.called = called
        given = [part for x in event.operands.values() for part in (x if isinstance(x, list) else [x])]
        if not any(x is event.result for x in given):  # else it was made before, and its origin would keep it for good
            key, forget = id(event.result), _origins.pop  # bound here: when Python ends, the module's names go first
            origin.result = weakref.ref(event.result, lambda _: forget(key, None))
            _origins[key] = origin.result, origin
        if event.node is not None:
            _nodes[event.node] = origin


def call(origin: Origin, names: Names) -> str:
    """Call the operands that were made by the names that the caller has for them now; and the result's, or "". What has
    none, and in the formula a letter that the caller has for another array, is called by what made it."""
    for (name, i), made in origin.made.items():
        x = origin.operands[name]
        told = names.of(x[i] if isinstance(x, list) else x) or (made.operation if name in names.taken else "")
        if told:
            origin.called[name, i] = told
    y = origin.result()
    return ("" if y is None else names.of(y)) or (origin.operation if {"y", "g"} & names.taken else "")


def origin_of(array: np.ndarray) -> Origin | None:
    """How this array was made, where that was remembered."""
    return _origins[id(array)][1] if id(array) in _origins else None


def flow_to(tensor: Tensor) -> Flow | None:
    """What flowed back to this Tensor, where that was remembered."""
    return _flows.get(tensor.node) if tensor.node is not None else None
