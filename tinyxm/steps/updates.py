"""What becomes of parameters within a recording: updates, with the optimizer's state, and writes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm.autograd import Event
from tinyxm.autograd.places import to_host
from tinyxm.optim import Optimizer
from tinyxm.steps.step import Operands, Update
from tinyxm.steps.variables import is_array

if TYPE_CHECKING:
    from tinyxm.steps.recording import Recorder

OF_THE_CHANGE = {"velocity", "change_square"}  # what a parameter does; the other moments are of its gradient


def update(recorder: Recorder, event: Event) -> None:
    """One parameter's update: its moments, its step, and what they made of it."""
    found = _place_of(recorder, event)
    if recorder.step.repeated:
        return
    if found is None:
        _written(recorder, event)
        return
    optimizer, place = found
    name, parameter = recorder.parameters[place]
    holdings = recorder.holdings
    if not recorder.step.operations or recorder.step.operations[-1].phase not in ("moments", "update"):
        holdings.look("clip")  # before the optimizer writes to any
    before = holdings.weight(parameter, event.operands["target"])
    used = holdings.gradient(name, parameter, parameter.grad)
    raw = holdings.gradient_of[parameter.node]
    after = holdings.renewed(name, parameter, event.result)
    states = (key for one in recorder.step.updates if one.name == name for key in one.state)
    again = holdings.again(name) if {*states} & {*optimizer.state} else ""  # another optimizer remembers of it, too
    number = next(i for i, p in enumerate(optimizer.parameters) if p is parameter)
    state: dict[str, tuple[int, int]] = {}
    for key, arrays in optimizer.state.items():
        if key in event.operands and event.operands[key] is not None and is_array(arrays[number]):
            of = f"{key} of {name if key in OF_THE_CHANGE else f'∂L/∂{name}'}{again}"
            earlier = recorder.keep(event.operands[key], of, "state", before)
            state[key] = earlier, recorder.keep(to_host(arrays[number]), f"new {of}", "state", before)
    given: Operands = {"gradient": used, **{key: first for key, (first, _) in state.items()}}
    if state:
        (_, first), *others = state.values()
        also = dict(zip([*state][1:], (new for _, new in others), strict=True))
        recorder.add(event, "moments", given, first, also=also)
    made = {"parameter": before, "gradient": used, **{key: new for key, (_, new) in state.items()}}
    recorder.add(event, "update", made, after)
    recorder.step.updates.append(
        Update(
            name=name,
            before=before,
            gradient=raw,
            clipped=None if used == raw else used,
            after=after,
            state=state,
            settings={**event.static, **_variant(optimizer)},
            operation=event.operation,
            optimizer=optimizer,
        )
    )
    recorder.stage = "after"


def _written(recorder: Recorder, event: Event) -> None:
    """A write in place, of which copies are told: what it wrote to is the buffer, or the parameter, that holds its
    result now."""
    step, told, holdings = recorder.step, to_host(event.result), recorder.holdings
    buffers = ((n, b) for n, b in recorder.buffers.items() if np.array_equal(to_host(b.data), told))
    name, buffer = next(buffers, ("", None))
    weight = _weight_written(recorder, event) if buffer is None else None
    operands = {key: recorder.operand(x) for key, x in event.operands.items() if weight is None or key != "target"}
    if weight is not None:
        name, parameter = weight
        operands = {"target": holdings.weight(parameter, event.operands["target"]), **operands}
        number = holdings.renewed(name, parameter, event.result)
    else:
        number = recorder.keep(event.result, name and f"new {name}", "buffer")
    if buffer is not None:
        recorder.is_now(buffer.data, number)
        if step.values[operands["target"]].role == "input":
            step.values[operands["target"]].name, step.values[operands["target"]].role = name, "buffer"
    begun = event.phase == "update" or bool(weight is not None and step.losses)
    recorder.add(event, "update" if begun else "forward", operands, number)
    recorder.stage = "after" if begun else recorder.stage


def _weight_written(recorder: Recorder, event: Event) -> tuple[str, Any] | None:
    """The parameter that an operation wrote to, with its name; of several that fit, one that held the target."""
    gradient = event.operands.get("gradient")
    found = [
        (name, p)
        for name, p in recorder.parameters
        if np.array_equal(to_host(p.data), to_host(event.result), equal_nan=True)
        and (gradient is None or (p.grad is not None and np.array_equal(to_host(p.grad), to_host(gradient))))
    ]
    now, target = recorder.holdings.now, event.operands["target"]
    held = ((name, p) for name, p in found if recorder.holdings.still(now[id(p)], target))
    return next(held, found[0] if found else None)


def _place_of(recorder: Recorder, event: Event) -> tuple[Optimizer, int] | None:
    """Whose update this is, and of which parameter: they come in its order, those that have a gradient."""
    known = [one for one in recorder.step.optimizers if one.operation == event.operation]
    for optimizer in known:
        for i in range(recorder.next.get(optimizer, 0), len(optimizer.parameters)):
            place = _written_to(recorder, optimizer.parameters[i], event)
            if place is not None:
                recorder.next[optimizer] = i + 1
                return optimizer, place
    recorder.step.repeated = any(optimizer in recorder.next for optimizer in known)
    return None


def _written_to(recorder: Recorder, parameter: Any, event: Event) -> int | None:
    """The place of this parameter where it's the one that the update wrote to."""
    held = parameter.data, parameter.grad
    if held[1] is None or not all(
        np.array_equal(to_host(x), to_host(told), equal_nan=True)
        for x, told in zip(held, (event.result, event.operands["gradient"]), strict=True)
    ):
        return None
    return next((place for place, (_, p) in enumerate(recorder.parameters) if p is parameter), None)


def _variant(optimizer: Optimizer) -> dict[str, bool]:
    """What tells apart two methods that share an operation: Nesterov from Momentum, AdamW from Adam."""
    return {name: bool(getattr(optimizer, name)) for name in ("nesterov", "decoupled") if hasattr(optimizer, name)}
