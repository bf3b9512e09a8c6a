"""Record one training step: every operation of it, forward and back, with all that it read and made."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Event
from tinyxm.autograd.places import to_host
from tinyxm.autograd.tensor import Node
from tinyxm.nn import Module
from tinyxm.optim import Optimizer
from tinyxm.steps.looks import KINDS, Look
from tinyxm.steps.names import name_by_variables, name_the_rest
from tinyxm.steps.phases import mark_loss
from tinyxm.steps.step import Clip, Operands, Operation, Ref, Step, Update, Value, numbers_of
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
        self.gradient_of: dict[Node, Ref] = {}  # the last that arrived
        self.clipped: dict[int, Ref] = {}  # of a parameter, by its place
        self.stage = "forward"
        self.thread = threading.get_ident()
        self.next: dict[Optimizer, int] = {}  # of its parameters, the one whose update may come
        self.passes: list[dict[Node, Ref]] = []  # what each backward pass brought to each node
        self.sent: dict[Node, list[Operation]] = {}  # the adjoints that the present pass brought to each node
        self.brought: set[int] = set()  # and what it made
        self.parameters: list[tuple[str, Any]] = self._parameters(frame)
        self.buffers = dict(step.model.named_buffers() if step.model is not None else ())
        self.fields = {id(b.data): name for name, b in self.buffers.items()}
        for name, parameter in self.parameters:
            self.hold(name, parameter)
        step.optimizers += [found for found in dict.fromkeys(optimizers(frame)) if found not in step.optimizers]
        self.bare: dict[int, tuple[str, Any]] = {}  # Parameters that neither holds; they count where they are used
        self.find_bare(frame)

    def hold(self, name: str, parameter: Any) -> Ref:
        number = self.value(parameter.data, name, "parameter")
        if parameter.node is not None:
            self.by_node[parameter.node] = number
        return number

    def find_bare(self, frame: FrameType) -> None:
        """Parameters and buffers of the caller's that belong to no model."""
        mine = {id(p) for _, p in self.parameters}
        for name, role, x in weights(frame):
            if role == "buffer" and id(x.data) not in self.fields:
                self.fields[id(x.data)], self.buffers[name] = name, x
            elif id(x) not in mine:
                self.bare.setdefault(id(x.data), (name, x))
        for optimizer in self.step.optimizers:
            for i, parameter in enumerate(optimizer.parameters):
                if id(parameter) not in mine:
                    self.bare.setdefault(id(parameter.data), (f"parameter {i}", parameter))

    def _parameters(self, frame: FrameType) -> list[tuple[str, Any]]:
        """By the names that the model has for them, or else the caller: of several, the shortest."""
        called: dict[int, str] = {}
        for name, array in sorted(variables(frame), key=lambda item: -len(item[0])):
            called[id(array)] = name
        for name, _, x in weights(frame):
            called.setdefault(id(x.data), name)
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
        value = self.step.values[known]
        if np.array_equal(value.array, to_host(array), equal_nan=value.array.dtype.kind in "fc"):
            return known
        return self.keep(array, value.name, value.role, value.of)  # it was written to since: another value

    def keep(self, array: Any, name: str, role: str, of: int | None = None) -> Ref:
        values, number = self.step.values, Ref(len(self.step.values))
        values.append(Value(number, to_host(array), name, role, of))
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
            self.update(event)

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
        result = self.value(event.result, "", "activation")  # what returns its operand makes no other
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
                self.arrived(event.node, x, name == "total")
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
        elif event.kind == "accumulate" and operands["total"] in self.brought:  # else it gathers what came before
            op.branches = self.sent.get(to, [])  # which grows
            op.joined = len(op.branches)
        self.brought.add(result)
        if to is not None:
            self.gradient_of[to] = result
            if self.passes:
                self.passes[-1][to] = result

    def arrived(self, node: Node, g: Any, before: bool) -> None:
        """A gradient in an array not seen before. Of one number it's a copy (of one from `before` this pass, where it's
        that); at a parameter, what was there before the step; else a backward pass begins."""
        target = self.by_node.get(node)
        for value in reversed(self.step.values):
            if before and value.number in self.brought:
                continue
            if value.role == "gradient" and value.of == target and np.array_equal(value.array, to_host(g)):
                self.by_identity[id(g)] = Ref(value.number)
                self.held.append(g)
                return
        parameter = next((name for name, p in self.parameters if p.node is node), None)
        if parameter is not None:
            self.step.kept.append(parameter)
            self.keep(g, f"earlier ∂L/∂{parameter}", "gradient", target)
            return
        self.passes.append({})
        self.sent, self.brought = {}, set()
        if target is not None:
            self.step.losses.append(target)
        self.keep(g, "", "gradient", target)

    def clip(self, event: Event) -> None:
        gradient = event.operands["gradient"]
        place = next((i for i, (_, p) in enumerate(self.parameters) if p.grad is gradient), None)
        if place is None:
            return
        name, again = self.parameters[place][0], place in self.clipped
        given = self.value(gradient, "", "gradient") if again else self.gathered(place, gradient)
        times = "again " * (again and self.step.values[given].name.startswith("clipped"))
        result = self.keep(event.result, f"clipped {times}∂L/∂{name}", "gradient", self.step.values[given].of)
        op = self.add(event, "clip", {"gradient": given}, result)
        self.clipped[place] = result
        limit, norm = event.static["limit"], event.static["norm"]
        last = self.step.clips[-1] if self.step.clips else None
        same = last is not None and (last.name, last.limit) == (event.operation, limit)
        if last is None or not same or any(other.result == given for other in last.operations):
            self.step.clips.append(last := Clip(event.operation, limit, norm, []))
        last.operations.append(op)
        if event.operation == "clip_by_layer":  # whose norms are those of each gradient by itself
            last.norm = math.hypot(*(op.static["norm"] for op in last.operations))

    def gathered(self, place: int, gradient: Array) -> Ref:
        """The value that is this parameter's gradient: what the pass brought, or the sum with what was there."""
        _, parameter = self.parameters[place]
        number = self.gradient_of.get(parameter.node)
        host = to_host(gradient)
        if number is not None and np.array_equal(self.step.values[number].array, host, equal_nan=True):
            return number
        name, brought = self.parameters[place][0], [p[parameter.node] for p in self.passes if parameter.node in p]
        together = sum(self.step.values[n].array.astype(np.float64) for n in brought)
        if not np.allclose(together, host, rtol=1e-4, atol=1e-7, equal_nan=True):
            self.step.kept.append(name)
        number = self.keep(gradient, "", "gradient", self.by_identity[id(parameter.data)])
        self.gradient_of[parameter.node] = number
        return number

    def update(self, event: Event) -> None:
        found = self.place_of(event)
        if self.step.repeated:
            return
        if found is None:
            self.written(event)
            return
        optimizer, place = found
        name, parameter = self.parameters[place]
        before = self.by_identity[id(parameter.data)]
        clipped = self.clipped.get(place)
        raw = self.gathered(place, event.operands["gradient"]) if clipped is None else self.gradient_of[parameter.node]
        used = raw if clipped is None else clipped
        told = event.operands["gradient"]
        if not np.array_equal(self.step.values[used].array, to_host(told), equal_nan=True):  # changed by hand since
            used = clipped = self.keep(told, f"changed ∂L/∂{name}", "gradient", before)
        number = next(i for i, p in enumerate(optimizer.parameters) if p is parameter)
        state: dict[str, tuple[int, int]] = {}
        for key, arrays in optimizer.state.items():
            if key in event.operands and event.operands[key] is not None and is_array(arrays[number]):
                earlier = self.keep(event.operands[key], f"{key} of {name}", "state", before)
                state[key] = earlier, self.keep(to_host(arrays[number]), f"new {key} of {name}", "state", before)
        given: Operands = {"gradient": used, **{key: first for key, (first, _) in state.items()}}
        if state:
            (_, first), *others = state.values()
            also = dict(zip([*state][1:], (new for _, new in others), strict=True))
            self.add(event, "moments", given, first, also=also)
        after = self.keep(event.result, f"new {name}", "parameter")
        made = {"parameter": before, "gradient": used, **{key: new for key, (_, new) in state.items()}}
        self.add(event, "update", made, after)
        self.step.updates.append(
            Update(
                name=name,
                before=before,
                gradient=raw,
                clipped=clipped,
                after=after,
                state=state,
                settings={**event.static, **_variant(optimizer)},
                operation=event.operation,
                optimizer=optimizer,
            )
        )
        self.stage = "after"

    def written(self, event: Event) -> None:
        """A write in place, of which copies are told: what it wrote to is the buffer that holds its result now."""
        told = to_host(event.result)
        name = next((name for name, b in self.buffers.items() if np.array_equal(to_host(b.data), told)), "")
        operands = {key: self.operand(x) for key, x in event.operands.items()}
        if name and isinstance(target := operands.get("target"), Ref) and self.step.values[target].role == "input":
            self.step.values[target].name, self.step.values[target].role = name, "buffer"
        phase, role = ("forward", "buffer") if event.phase == "forward" else ("update", "parameter")
        self.add(event, phase, operands, self.keep(event.result, name and f"new {name}", role))

    def place_of(self, event: Event) -> tuple[Optimizer, int] | None:
        """Whose update this is, and of which parameter: they come in its order, those that have a gradient."""
        known = [one for one in self.step.optimizers if one.operation == event.operation]
        for optimizer in known:
            for i in range(self.next.get(optimizer, 0), len(optimizer.parameters)):
                place = self.written_to(optimizer.parameters[i], event)
                if place is not None:
                    self.next[optimizer] = i + 1
                    return optimizer, place
        self.step.repeated = any(optimizer in self.next for optimizer in known)
        return None

    def written_to(self, parameter: Any, event: Event) -> int | None:
        """The place of this parameter where it's the one that the update wrote to."""
        held = parameter.data, parameter.grad
        if held[1] is None or not all(
            np.array_equal(to_host(x), to_host(told), equal_nan=True)
            for x, told in zip(held, (event.result, event.operands["gradient"]), strict=True)
        ):
            return None
        return next((place for place, (_, p) in enumerate(self.parameters) if p is parameter), None)

    def finish(self, frame: FrameType) -> None:
        """Name what can be named, say which operations are the loss's, and put in what no operation of the tape is."""
        step = self.step
        self.find_bare(frame)
        for key, (name, parameter) in self.bare.items():  # made within the recording, and used
            if key in self.by_identity:
                value = step.values[self.by_identity[key]]
                value.name, value.role = name, "parameter"
                self.parameters.append((name, parameter))
        name_by_variables(step, self.by_identity, frame)
        for value in step.values:
            if value.role == "input" and not value.name:
                value.role = "constant"  # a mask, say, that a layer drew
        mark_loss(step)
        self.add_norm()
        data = [
            Operation("data", "data", value.name, {}, value.number) for value in step.values if value.role == "input"
        ]
        step.operations[:0] = data
        step.operations = [  # moments and updates take turns, parameter by parameter; told one after the other
            op
            for turns, run in groupby(step.operations, lambda op: op.phase in ("moments", "update"))
            for op in (sorted(run, key=lambda op: op.phase == "update") if turns else run)
        ]
        if step.updates:
            also = {update.name: update.after for update in step.updates[1:]}
            before: Operands = {update.name: update.before for update in step.updates}
            last = max(i for i, op in enumerate(step.operations) if op.phase == "update")
            after = Operation("after", "after", "weights after the step", before, step.updates[0].after, also)
            step.operations.insert(last + 1, after)
        used: set[int] = set()
        for number, op in enumerate(step.operations):
            op.number = number
            used.update(numbers_of(op.operands))
            for made in (op.result, *op.also.values()) if op.kind != "after" else ():
                if made is not None and made not in used and step.values[made].made_by is None:
                    step.values[made].made_by = number
        for op, forward in self.belongs:
            op.of = forward.number
        name_the_rest(step)
        if step.model is not None:
            step.modules = {path: type(module).__name__ for path, module in step.model.named_modules()}

    def add_norm(self) -> None:
        """√Σ g² over all gradients, which nobody may have asked for, before anything is clipped."""
        step, values = self.step, self.step.values
        places = [i for i, other in enumerate(step.operations) if other.phase in ("clip", "moments", "update", "after")]
        place = min(places, default=len(step.operations))
        later = {op.result for op in step.operations[place:]}  # of a second backward pass, for another optimizer
        updated = {update.name: update.gradient for update in step.updates}
        found: Operands = {}
        for name, parameter in self.parameters:
            number = updated.get(name, self.gradient_of.get(parameter.node))
            if number is not None and number not in later:
                found[name] = Ref(number)
        if not found:
            return
        norm = np.sqrt(sum(np.sum(np.square(values[n].array.astype(np.float64))) for n in found.values()))
        result = self.keep(np.asarray(norm), "norm of all gradients", "gradient")
        op = Operation("gradient norm", "norm", "norm of all gradients", found, result)
        step.operations.insert(place, op)


def _variant(optimizer: Optimizer) -> dict[str, bool]:
    """What tells apart two methods that share an operation: Nesterov from Momentum, AdamW from Adam."""
    return {name: bool(getattr(optimizer, name)) for name in ("nesterov", "decoupled") if hasattr(optimizer, name)}


def _paired(node: Any, number: Any) -> tuple[list[Any], list[Any]]:
    return (node, number) if isinstance(node, list) else ([node], [number])
