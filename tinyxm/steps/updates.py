"""What becomes of parameters within a recording: updates, with the optimizer's state, and writes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm.autograd import Event
from tinyxm.autograd.places import to_host
from tinyxm.optim import Optimizer
from tinyxm.steps.step import Operands, Ref, Update
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
    before = recorder.by_identity[id(parameter.data)]
    clipped = recorder.clipped.get(place)
    told = event.operands["gradient"]
    raw = recorder.gathered(place, told) if clipped is None else recorder.gradient_of[parameter.node]
    used = raw if clipped is None else clipped
    if not np.array_equal(recorder.step.values[used].array, to_host(told), equal_nan=True):  # changed by hand since
        used = clipped = recorder.keep(told, f"changed ∂L/∂{name}", "gradient", before)
    number = next(i for i, p in enumerate(optimizer.parameters) if p is parameter)
    state: dict[str, tuple[int, int]] = {}
    for key, arrays in optimizer.state.items():
        if key in event.operands and event.operands[key] is not None and is_array(arrays[number]):
            of = f"{key} of {name if key in OF_THE_CHANGE else f'∂L/∂{name}'}"
            earlier = recorder.keep(event.operands[key], of, "state", before)
            state[key] = earlier, recorder.keep(to_host(arrays[number]), f"new {of}", "state", before)
    given: Operands = {"gradient": used, **{key: first for key, (first, _) in state.items()}}
    if state:
        (_, first), *others = state.values()
        also = dict(zip([*state][1:], (new for _, new in others), strict=True))
        recorder.add(event, "moments", given, first, also=also)
    after = recorder.keep(event.result, f"new {name}", "parameter")
    made = {"parameter": before, "gradient": used, **{key: new for key, (_, new) in state.items()}}
    recorder.add(event, "update", made, after)
    recorder.step.updates.append(
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
    recorder.stage = "after"


def _written(recorder: Recorder, event: Event) -> None:
    """A write in place, of which copies are told: what it wrote to is the buffer that holds its result now."""
    told = to_host(event.result)
    name = next((name for name, b in recorder.buffers.items() if np.array_equal(to_host(b.data), told)), "")
    operands = {key: recorder.operand(x) for key, x in event.operands.items()}
    if name and isinstance(target := operands.get("target"), Ref) and recorder.step.values[target].role == "input":
        recorder.step.values[target].name, recorder.step.values[target].role = name, "buffer"
    phase, role = ("forward", "buffer") if event.phase == "forward" else ("update", "parameter")
    recorder.add(event, phase, operands, recorder.keep(event.result, name and f"new {name}", role))


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
