"""A recording's end: values get their names, operations their order and phases, and those join that no tape knows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np

from tinyxm.steps.names import name_by_variables, name_the_rest
from tinyxm.steps.phases import mark_loss
from tinyxm.steps.step import Operands, Operation, Ref, Step, numbers_of

if TYPE_CHECKING:
    from tinyxm.steps.recording import Recorder


def finish(recorder: Recorder, frame: FrameType) -> None:
    """Name what can be named, say which operations are the loss's, and put in what no operation of the tape is."""
    step = recorder.step
    recorder.find_bare(frame)
    for key, (name, parameter) in recorder.bare.items():  # made within the recording, and used
        if key in recorder.by_identity:
            number = recorder.by_identity[key]
            step.values[number].name, step.values[number].role = name, "parameter"
            recorder.parameters.append((name, parameter))
            recorder.holdings.begin(parameter, number)
    recorder.holdings.end()
    name_by_variables(step, recorder.by_identity, frame)
    for value in step.values:
        if value.role == "input" and not value.name:
            value.role = "constant"  # a mask, say, that a layer drew
    mark_loss(step)
    _add_norm(recorder)
    data = [Operation("data", "data", value.name, {}, value.number) for value in step.values if value.role == "input"]
    step.operations = [*data, *_moments_first(step)]
    if (after := _weights_after(recorder)) is not None:
        places = [i + 1 for i, op in enumerate(step.operations) if op.phase == "update"]
        step.operations.insert(max(places, default=len(step.operations)), after)
    _number(step)
    for op, forward in recorder.belongs:
        op.of = forward.number
    name_the_rest(step)
    if step.model is not None:
        step.modules = {path: type(module).__name__ for path, module in step.model.named_modules()}


def _moments_first(step: Step) -> Iterator[Operation]:
    """Moments and updates of an optimizer take turns, parameter by parameter; they are told one after the other."""
    whose = {n: u.optimizer for u in step.updates for n in (u.after, *(new for _, new in u.state.values()))}
    for optimizer, run in groupby(step.operations, lambda op: whose.get(op.result or -1)):
        told = [*run]
        yield from told if optimizer is None else sorted(told, key=lambda op: op.phase == "update")


def _weights_after(recorder: Recorder) -> Operation | None:
    """What the step made of the parameters, of those that changed; None where none did."""
    first, now = recorder.holdings.first, recorder.holdings.now
    moved = {name: id(p) for name, p in recorder.parameters if first[id(p)] != now[id(p)]}
    if not moved:
        return None
    before: Operands = {name: first[key] for name, key in moved.items()}
    (_, result), *others = ((name, now[key]) for name, key in moved.items())
    return Operation("after", "after", "weights after the step", before, result, dict(others))


def _number(step: Step) -> None:
    """Operations by their order, and of each value the one that made it."""
    used: set[int] = set()
    for number, op in enumerate(step.operations):
        op.number = number
        used.update(numbers_of(op.operands))
        for made in (op.result, *op.also.values()) if op.kind != "after" else ():
            if made is not None and made not in used and step.values[made].made_by is None:
                step.values[made].made_by = number


def _add_norm(recorder: Recorder) -> None:
    """√Σ g² over all gradients, which nobody may have asked for, before anything is clipped."""
    step, values = recorder.step, recorder.step.values
    places = [i for i, other in enumerate(step.operations) if other.phase in ("clip", "moments", "update", "after")]
    place = min(places, default=len(step.operations))
    later = {op.result for op in step.operations[place:]}  # of a second backward pass, for another optimizer
    updated = {update.name: update.gradient for update in step.updates}
    found: Operands = {}
    for name, parameter in recorder.parameters:
        number = updated.get(name, recorder.holdings.gradient_of.get(parameter.node))
        if number is not None and number not in later:
            found[name] = Ref(number)
    if not found:
        return
    norm = np.sqrt(sum(np.sum(np.square(values[n].array.astype(np.float64))) for n in found.values()))
    result = recorder.keep(np.asarray(norm), "norm of all gradients", "gradient")
    op = Operation("gradient norm", "norm", "norm of all gradients", found, result)
    step.operations.insert(place, op)
