"""Record one training step: every operation of it, forward and back, with all that it read and made."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Event
from tinyxm.autograd.places import to_host
from tinyxm.autograd.tensor import Node
from tinyxm.nn import Module
from tinyxm.optim import Optimizer
from tinyxm.steps.holdings import Holdings
from tinyxm.steps.looks import KINDS, Look
from tinyxm.steps.step import Clip, Operands, Operation, Ref, Step, Value
from tinyxm.steps.updates import update
from tinyxm.steps.variables import is_array, optimizers, variables, weights

Array = NDArray[Any]


def record(
    model: Module | None = None,
    optimizer: Optimizer | None = None,
    *,
    title: str = "",
    show: Mapping[str, Look] | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
) -> Step:
    """A step to be recorded: `with xm.record(model, optimizer) as step:` around forward, `backward` and `step`.

    Parameters get their names from the model, and inputs those of the caller's variables; parameters and layers that no
    model holds, and further optimizers, are found among these.
    `show` says what an input is where its shape doesn't tell, by that name: {"x": "spectrogram"}; also "picture",
    "waveform", "tokens", "video", "matrix", or `steps.Picture` where its colours are among more channels. `words` says
    what the rows of an embedding stand for, by the parameter's name, or the numbers of an input:
    {"embedding.weight": vocabulary}. What either names counts as data, though no operation reads it as it is, as the
    labels of a loss that makes others of them. Raises TypeError for what is no Module or Optimizer; and at the end
    ValueError where `show` or `words` names what isn't there.
    """
    for what, given, kind in (("model", model, Module), ("optimizer", optimizer, Optimizer)):
        if given is not None and not isinstance(given, kind):
            raise TypeError(f"record: {what} is a {type(given).__name__}; expected a {kind.__name__}, or None")
    unknown = {x for x in (show or {}).values() if isinstance(x, str)} - KINDS
    if unknown:
        raise ValueError(f"record: show {', '.join(sorted(unknown))}: expected any of {', '.join(sorted(KINDS))}")
    return Step(model, optimizer, title, show or {}, words or {})


class Recorder:
    """The listener. Arrays are told apart by identity, and held until the end so that none takes another's."""

    def __init__(self, step: Step, frame: FrameType) -> None:
        self.step = step
        self.held: list[Any] = []
        self.by_identity: dict[int, Ref] = {}
        self.by_node: dict[Node, Ref] = {}  # the tape's node → the value it stands for
        self.forward_of: dict[Node, Operation] = {}
        self.belongs: list[tuple[Operation, Operation]] = []  # an adjoint, and the forward operation that it's of
        self.holdings = Holdings(self)  # what parameters and their gradients hold
        self.stage = "forward"
        self.thread = threading.get_ident()
        self.next: dict[Optimizer, int] = {}  # of its parameters, the one whose update may come
        self.sent: dict[Node, list[Operation]] = {}  # the adjoints that the present pass brought to each node
        self.brought: set[int] = set()  # and what it began with, and made
        self.shortened: set[Node] = set()  # whose gradients the present call clipped
        self.parameters: list[tuple[str, Any]] = self._parameters(frame)
        self.buffers = dict(step.model.named_buffers() if step.model is not None else ())
        self.fields = {id(b.data): name for name, b in self.buffers.items()}
        for name, parameter in self.parameters:
            self.hold(name, parameter)
        step.optimizers += [found for found in dict.fromkeys(optimizers(frame)) if found not in step.optimizers]
        self.bare: dict[int, tuple[str, Any]] = {}  # Parameters that neither holds; they count where they are used
        self.find_bare(frame)

    def hold(self, name: str, parameter: Any) -> Ref:
        return self.holdings.begin(parameter, self.value(parameter.data, name, "parameter"))

    def find_bare(self, frame: FrameType) -> None:
        """Parameters and buffers of the caller's that belong to no model."""
        mine = {id(p) for _, p in self.parameters}
        for name, role, x in weights(frame):
            if role == "buffer":
                if id(x.data) not in self.fields:
                    self.fields[id(x.data)], self.buffers[name] = name, x
            elif id(x) not in mine:
                self.bare.setdefault(id(x.data), (name, x))
        for optimizer in self.step.optimizers:
            for i, parameter in enumerate(optimizer.parameters):
                if id(parameter) not in mine:
                    self.bare.setdefault(id(parameter.data), (f"parameter {i}", parameter))

    def _parameters(self, frame: FrameType) -> list[tuple[str, Any]]:
        """By the names that the model has for them, or else the caller: of several, the first."""
        called: dict[int, str] = {}
        for name, array in (*variables(frame), *((name, x.data) for name, _, x in weights(frame))):
            called.setdefault(id(array), name)
        model = self.step.model
        named: dict[int, tuple[str, Any]] = {}
        for name, p in model.named_parameters() if model is not None else ():
            named[id(p)] = name, p
        for i, parameter in enumerate(p for optimizer in self.step.optimizers for p in optimizer.parameters):
            named.setdefault(id(parameter), (called.get(id(parameter.data), f"parameter {i}"), parameter))
        return list(named.values())

    def value(self, array: Any, name: str, role: str, of: int | None = None) -> Ref:
        """The number of this array, which is new where nothing was known of it."""
        known = self.by_identity.get(id(array))
        if known is None:
            return self.keep(array, name, role, of)
        return known if self.holdings.still(known, array) else self.holdings.changed(known, array)

    def keep(self, array: Any, name: str, role: str, of: int | None = None) -> Ref:
        values, number = self.step.values, Ref(len(self.step.values))
        values.append(Value(number, to_host(array), name, role, of))
        return self.is_now(array, number)

    def is_now(self, array: Any, number: Ref) -> Ref:
        """This array is the value of that number from now on."""
        self.held.append(array)
        self.by_identity[id(array)] = number
        return number

    def operand(self, x: Any, role: str = "input") -> Any:
        """Of an array its number, of a sequence those of its parts, and of all else what it is."""
        if isinstance(x, list | tuple) and any(is_array(part) for part in x):
            parts = [self.operand(part, role) for part in x]
            return tuple(parts) if isinstance(x, tuple) else parts  # an index that is a tuple means another thing
        if not is_array(x):
            return x
        if id(x) in self.bare:
            name, parameter = self.bare.pop(id(x))
            self.parameters.append((name, parameter))
            return self.hold(name, parameter)
        if id(x) not in self.by_identity:  # data that a parameter was given since
            for _, parameter in self.parameters:
                if parameter.data is x:
                    return self.holdings.weight(parameter, x)
        return self.value(x, self.fields.get(id(x), ""), "buffer" if id(x) in self.fields else role)

    def __call__(self, event: Event) -> None:
        if threading.get_ident() != self.thread or self.step.repeated:
            return
        if event.kind == "forward":
            self.forward(event)
        elif event.kind in ("adjoint", "accumulate", "hook"):
            self.backward(event)
        elif event.kind == "clip":
            self.clip(event)
        elif event.kind == "update":
            update(self, event)

    def add(self, event: Event, phase: str, operands: Operands, result: int | None, **more: Any) -> Operation:
        op = Operation(
            *(phase, event.kind, event.operation, operands, result),
            module=event.module, source=event.source, seconds=event.seconds, flops=event.flops, bytes=event.bytes,
            function=event.function, random_state=event.random_state, static=dict(event.static), **more,
        )  # fmt: skip
        self.step.operations.append(op)
        return op

    def forward(self, event: Event) -> None:
        operands = {name: self.operand(x) for name, x in event.operands.items()}
        for name, node in event.inputs.items():  # leaves that are no parameter
            for one, number in zip(*_paired(node, operands[name]), strict=True):
                if one is not None and isinstance(number, Ref):
                    self.by_node.setdefault(one, number)
        known_as = self.by_identity.get(id(event.result))  # what returns its operand makes no other
        returned = known_as is not None and self.holdings.still(known_as, event.result)
        result = known_as if known_as is not None and returned else self.keep(event.result, "", "activation")
        phase = {"forward": self.stage, "recompute": "backward"}.get(event.phase, "backward")
        known = {name: self.by_identity[id(x)] for name, x in event.static.items() if id(x) in self.by_identity}
        op = self.add(event, phase, operands, result, saved=tuple(event.saved), known=known)
        if event.node is not None:
            self.by_node[event.node], self.forward_of[event.node] = result, op

    def backward(self, event: Event) -> None:
        to = event.to if event.kind == "adjoint" else event.node
        target = self.by_node.get(to)
        operands: Operands = {}
        for name, x in event.operands.items():
            if name in ("g", "total") and is_array(x) and id(x) not in self.by_identity:
                self.arrived(event, x, name == "total")
            operands[name] = self.operand(x)
        if id(event.result) in self.by_identity:
            result = self.by_identity[id(event.result)]
        else:
            result = self.keep(event.result, "", "gradient", target)
        forward = self.forward_of.get(event.node)
        op = self.add(event, "backward", operands, result, saved=tuple(event.saved))
        if forward is not None:
            self.belongs.append((op, forward))
        if event.kind == "adjoint":
            self.sent.setdefault(to, []).append(op)
        elif event.kind == "accumulate":
            op.gathers = operands["total"] not in self.brought
            if op.gathers:
                self.holdings.gathered.add(to)
            else:
                op.branches = self.sent.get(to, [])  # which grows
                op.joined = len(op.branches)
        self.brought.add(result)
        if to is not None:
            self.holdings.coming[to] = result

    def arrived(self, event: Event, g: Any, before: bool) -> None:
        """A gradient in an array not seen before: a copy of one of this pass, or from `before` it; at a parameter, what
        `.grad` held before this pass; else a backward pass begins."""
        node, seed = event.node, self.step.seeds[-1] if self.step.seeds else None
        target = self.by_node.get(node)
        gone = {op.name for ops in self.sent.values() for op in ops if op.operands.get("g") == seed}
        for value in reversed(self.step.values):
            if before == (value.number in self.brought):
                continue
            if value.number == seed and event.operation in gone:
                break  # the same loss once more
            if value.role == "gradient" and value.of == target and np.array_equal(value.array, to_host(g)):
                self.is_now(g, Ref(value.number))
                return
        for name, parameter in self.parameters:
            if parameter.node is node:
                self.is_now(g, self.holdings.gradient(name, parameter, g, "backward"))
                return
        self.holdings.settle()
        if target is not None:
            self.step.losses.append(target)
        self.step.seeds.append(seed := self.keep(g, "", "gradient", target))
        self.sent, self.brought = {}, {seed}

    def clip(self, event: Event) -> None:
        gradient, held = event.operands["gradient"], self.holdings
        held.settle()
        found = next(((name, p) for name, p in self.parameters if p.grad is gradient), None)
        if found is None:
            return
        name, parameter = found
        limit, norm = event.static["limit"], event.static["norm"]
        last = self.step.clips[-1] if self.step.clips else None
        same = last is not None and (last.name, last.limit) == (event.operation, limit)
        if last is None or not same or parameter.node in self.shortened:
            held.look("clip")  # what your code made of all gradients, before this call makes another of any
            self.step.clips.append(last := Clip(event.operation, limit, norm, []))
            self.shortened = set()
        self.shortened.add(parameter.node)
        given = held.gradient(name, parameter, gradient)
        of = self.step.values[given].of
        times = sum(self.step.values[op.result or 0].of == of for clip in self.step.clips for op in clip.operations)
        called = f"clipped {'again ' * (times > 0)}∂L/∂{name}{f' {times}' * (times > 1)}"
        result = self.keep(event.result, called, "gradient", of)
        last.operations.append(self.add(event, "clip", {"gradient": given}, result))
        held.used[parameter.node] = result
        if event.operation == "clip_by_layer":  # whose norms are those of each gradient by itself
            last.norm = math.hypot(*(op.static["norm"] for op in last.operations))


def _paired(node: Any, number: Any) -> tuple[list[Any], list[Any]]:
    return (node, number) if isinstance(node, list) else ([node], [number])
