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
            value = step.values[recorder.by_identity[key]]
            value.name, value.role = name, "parameter"
            recorder.parameters.append((name, parameter))
    name_by_variables(step, recorder.by_identity, frame)
    for value in step.values:
        if value.role == "input" and not value.name:
            value.role = "constant"  # a mask, say, that a layer drew
    mark_loss(step)
    _add_norm(recorder)
    data = [Operation("data", "data", value.name, {}, value.number) for value in step.values if value.role == "input"]
    step.operations = [*data, *_moments_first(step.operations)]
    if step.updates:
        last = max(i for i, op in enumerate(step.operations) if op.phase == "update")
        step.operations.insert(last + 1, _weights_after(step))
    _number(step)
    for op, forward in recorder.belongs:
        op.of = forward.number
    name_the_rest(step)
    if step.model is not None:
        step.modules = {path: type(module).__name__ for path, module in step.model.named_modules()}


def _moments_first(operations: list[Operation]) -> Iterator[Operation]:
    """Moments and updates take turns, parameter by parameter; they are told one after the other."""
    for turns, run in groupby(operations, lambda op: op.phase in ("moments", "update")):
        told = [*run]
        yield from sorted(told, key=lambda op: op.phase == "update") if turns else told


def _weights_after(step: Step) -> Operation:
    before: Operands = {update.name: update.before for update in step.updates}
    also = {update.name: update.after for update in step.updates[1:]}
    return Operation("after", "after", "weights after the step", before, step.updates[0].after, also)


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
        number = updated.get(name, recorder.gradient_of.get(parameter.node))
        if number is not None and number not in later:
            found[name] = Ref(number)
    if not found:
        return
    norm = np.sqrt(sum(np.sum(np.square(values[n].array.astype(np.float64))) for n in found.values()))
    result = recorder.keep(np.asarray(norm), "norm of all gradients", "gradient")
    op = Operation("gradient norm", "norm", "norm of all gradients", found, result)
    step.operations.insert(place, op)
