"""Replay a recorded step in float64, by the reference kernels: do the recorded numbers follow from its inputs?

Only what was there before the step is taken from the recording: inputs, constants, parameters, the optimizer's state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tinyxm_kernels
from tinyxm.autograd import random
from tinyxm.autograd.tape import unbroadcast
from tinyxm.steps.step import Operation, Ref, Step, numbers_of

Array = NDArray[Any]
AGREES = 1e-3  # how far a gradient may be from a difference
WIDTHS = 1e-5, 1e-7  # of differences: where a kink is within the first, the second may be beside it
IN_PLACE = {
    "add in place": np.add,
    "subtract in place": np.subtract,
    "multiply in place": np.multiply,
    "divide in place": np.divide,
}


class Replayed(NamedTuple):
    """An operation, and how far what it makes in float64 is from what was recorded: max |a − b| / max |b|; of gradients
    that are 0 but for rounding, over a thousandth of the step's greatest gradient. Where it can't be run again `error`
    is None, `why` says why, and the replay goes on with what was recorded."""

    operation: Operation
    error: float | None
    why: str = ""


class Difference(NamedTuple):
    """One number of a parameter's gradient beside (L(θ + h) − L(θ − h)) / 2h, both in float64, and how far they are
    apart, over the greater of the two; or a thousandth of the step's greatest gradient, if that is more.

    Where the loss has a kink, as where a relu's input is 0, it has two slopes, `sides`: below θ and above. There the
    gradient may be any number between them, and `error` is how far it's from that."""

    value: int
    cell: tuple[int, ...]
    gradient: float
    difference: float
    error: float
    sides: tuple[float, float] | None = None


def replay(step: Step) -> list[Replayed]:
    """Every operation of the tape and of the optimizer again, from what was there before the step; what can't be run
    again, such as a hook, is named with its reason."""
    return _Replay(step).run(step.operations)


def differences(
    step: Step, cells: int = 2, rng: np.random.Generator | None = None, most: int | None = None
) -> list[Difference]:
    """Some numbers of each parameter's gradient beside central differences of the replayed loss.

    `cells` of each: the one of the greatest gradient, and others drawn at random; of at most `most` parameters, spread
    evenly over them all. For each cell only what comes of its parameter runs again. Nothing where the step has no loss,
    or one that can't be replayed; and none of gradients that held something before the step.
    """
    rng = rng or np.random.default_rng(0)
    chosen = checkable(step)
    if most is not None and len(chosen) > most:
        chosen = [chosen[round(i * (len(chosen) - 1) / max(most - 1, 1))] for i in range(most)]
    if not chosen:
        return []
    replayed, least, found = _Replay(step), _least(step), []
    replayed.run(step.operations)
    for parameter, gradient in chosen:
        g, downstream, judged = replayed.values[gradient], _downstream(step, parameter), _losses_of(step, gradient)
        moved = partial(_moved_loss, step, replayed.values, parameter, downstream, judged)
        flat = [int(np.abs(g).argmax()), *rng.integers(0, g.size, cells - 1)]
        for at in dict.fromkeys(int(i) for i in flat):
            cell = tuple(int(i) for i in np.unravel_index(at, g.shape))
            found.append(_compared(gradient, cell, float(g[cell]), partial(moved, cell), least))
    return found


def _moved_loss(
    step: Step,
    values: Mapping[int, Array],
    parameter: int,
    downstream: Sequence[Operation],
    losses: Sequence[int],
    cell: tuple[int, ...],
    by: float,
) -> float:
    """The sum of the losses where one number of a parameter is another."""
    moved = step.values[parameter].array.astype(np.float64)
    moved[cell] += by
    again = _Replay(step, {**values, parameter: moved})
    again.run(downstream)
    return float(sum(np.sum(again.values[loss]) for loss in losses))


def _compared(
    value: int, cell: tuple[int, ...], own: float, loss: Callable[[float], float], least: float
) -> Difference:
    """A number of a gradient beside a difference; where they don't agree beside a finer one, and with the two slopes
    there if these don't agree either, by more than a loss of some curvature has them."""
    for h in WIDTHS:
        above, below = loss(h), loss(-h)
        slope = (above - below) / (2 * h)
        error = abs(own - slope) / max(abs(own), abs(slope), least)
        if not error > AGREES:
            return Difference(value, cell, own, slope, error)
    here, finest = loss(0.0), WIDTHS[-1]
    low, high = sides = (here - below) / finest, (above - here) / finest
    if not abs(high - low) > AGREES * max(abs(low), abs(high), least):
        return Difference(value, cell, own, slope, error)
    apart = max(min(sides) - own, own - max(sides), 0.0)
    return Difference(value, cell, own, slope, apart / max(abs(own), *map(abs, sides), least), sides)


def checkable(step: Step) -> list[tuple[int, int]]:
    """The parameters whose gradients differences can check, with these: numbers of Values."""
    if not step.losses or any(op.kind == "forward" and op.function is None for op in step.operations):
        return []  # a checkpoint can't be replayed, and so no loss behind it
    if any(op.kind == "hook" for op in step.operations):
        return []  # which may have made of a gradient what it likes
    if any(op.kind == "hand" and step.values[op.result or 0].role == "activation" for op in step.operations):
        return []  # through which no gradient goes
    norm = next((op for op in step.operations if op.kind == "norm"), None)
    named = {name: int(g) for name, g in norm.operands.items()} if norm is not None else {}
    # of a further backward pass, for another optimizer, what it alone brought
    named |= {u.name: u.gradient for u in step.updates if step.values[u.gradient].made_by is not None}
    whole = {name: g for name, g in named.items() if name not in step.kept and _by_passes_alone(step, g)}
    pairs = [(step.values[g].of, g) for g in whole.values() if step.values[g].array.size]
    return [(parameter, g) for parameter, g in pairs if parameter is not None]


def _by_passes_alone(step: Step, gradient: int) -> bool:
    """Whether nothing but backward passes made it: no clip or code of yours in between."""
    made_by = step.values[gradient].made_by
    op = None if made_by is None else step.operations[made_by]
    if op is not None and op.gathers:
        return _by_passes_alone(step, op.operands["total"])
    return op is not None and op.kind not in ("clip", "hand")


def _losses_of(step: Step, gradient: int) -> list[int]:
    """The losses that a gradient is of: those of the backward passes that it holds."""
    made_by = step.values[gradient].made_by
    op = None if made_by is None else step.operations[made_by]
    if op is not None and op.gathers:
        return [loss for part in ("total", "g") for loss in _losses_of(step, op.operands[part])]
    loss = step.values[step.seeds[step.pass_of(gradient) - 1]].of
    return [] if loss is None else [loss]


def _downstream(step: Step, value: int) -> list[Operation]:
    """The forward operations that come of a value."""
    reached, found = {value}, []
    for op in step.operations:
        if op.kind == "forward" and op.result is not None and reached & set(numbers_of({**op.operands, **op.known})):
            reached.add(op.result)
            found.append(op)
    return found


class _Replay:
    """Values in float64, by number; those that no operation of the step made, unless they are given."""

    def __init__(self, step: Step, values: Mapping[int, Array] | None = None) -> None:
        self.step, self.least = step, _least(step) if values is None else 1e-30
        given = {v.number: _wide(v.array) for v in step.values if v.made_by is None or v.role == "input"}
        self.values: dict[int, Array] = given if values is None else dict(values)

    def run(self, operations: Sequence[Operation]) -> list[Replayed]:
        told = []
        generator = random.generator()
        before = generator.bit_generator.state
        try:
            with tinyxm_kernels.using("reference"), np.errstate(all="ignore"):
                for op in operations:
                    if op.kind not in ("data", "after") and op.result is not None:
                        told += self.again(op, generator)
        finally:
            generator.bit_generator.state = before
        return told

    def again(self, op: Operation, generator: np.random.Generator) -> list[Replayed]:
        why, made = _left_out(op, self.step), {}
        if not why:
            try:
                made = _run(op, self.values, self.step, generator)
            except Exception as problem:  # such as of arrays that were written to since
                why = f"{type(problem).__name__}: {problem}"
        told = []
        for number, y in made.items():
            self.values[number] = y
            value = self.step.values[number]
            error = _error(y, value.array, self.least if value.role == "gradient" else 1e-30)
            told.append(Replayed(op, error))
        for left in (op.result, *op.also.values()):
            if left is not None:
                self.values.setdefault(left, _wide(self.step.values[left].array))
        return told if not why else [Replayed(op, None, why)]


def _left_out(op: Operation, step: Step) -> str:
    """Why an operation isn't run again; "" where it is."""
    if op.kind == "hook":
        return "a hook is a function of yours, which may do more than return an array"
    if op.kind == "hand":
        return "your code changed it between two operations"
    if op.kind == "update" and op.phase == "update" and {*op.operands} >= {"target", "gradient"}:
        return "the recording doesn't have its optimizer"
    if op.kind == "forward" and op.function is None:
        return "what it ran is recorded in the backward pass, where a checkpoint computes it again"
    if op.kind == "adjoint" and op.function is None:
        return "a checkpoint's gradients come from the operations that it computed again"
    return ""


def _run(op: Operation, again: Mapping[int, Array], step: Step, generator: np.random.Generator) -> dict[int, Array]:
    """What an operation makes of the values so far, by number."""
    result = op.result if op.result is not None else -1
    operands = {name: _given(x, again) for name, x in op.operands.items()}
    if op.kind == "norm":
        return {result: np.sqrt(sum(np.sum(np.square(g)) for g in operands.values()))}
    if op.kind == "clip":
        return {result: _clipped(op, operands["gradient"], again, step)}
    if op.kind == "accumulate":
        return {result: operands["total"] + operands["g"]}
    if op.kind == "adjoint" and op.function is not None:
        g = op.function(*operands.values())
        shape = step.values[result].array.shape
        return {result: unbroadcast(g, shape) if np.shape(g) != shape else g}
    if op.kind == "forward" and op.function is not None:
        if op.random_state is not None:
            generator.bit_generator.state = op.random_state
        static = {name: _wide(x) if isinstance(x, np.ndarray) else x for name, x in op.static.items()}
        static |= {name: _given(x, again) for name, x in op.known.items()}
        return {result: np.asarray(op.function(**operands, **static))}
    if op.name == "write":
        return {result: np.broadcast_to(operands["value"], step.values[result].array.shape)}
    if op.name in IN_PLACE:
        return {result: IN_PLACE[op.name](operands["target"], operands["value"])}
    if op.kind == "update" and (found := _updated(op, again, step)):
        return {number: found[number] for number in (result, *op.also.values())}
    raise ValueError(f"{op.kind} {op.name}: nothing is known of how it's made")


def _clipped(op: Operation, g: Array, again: Mapping[int, Array], step: Step) -> Array:
    """The gradient clipped, by norms of the replay's own."""
    limit = op.static["limit"]
    if op.name == "clip_by_value":
        return np.clip(g, -limit, limit)
    together = [op] if op.name == "clip_by_layer" else next(c.operations for c in step.clips if op in c.operations)
    norm = math.hypot(*(float(np.linalg.norm(again[n])) for other in together for n in numbers_of(other.operands)))
    return g * min(1.0, limit / norm) if norm else g


def _updated(op: Operation, again: Mapping[int, Array], step: Step) -> dict[int, Array]:
    """The parameter and the state after the update that this operation is of.

    From the recorded gradient: an adaptive optimizer divides by its size, and makes steps of one that is 0 but for
    rounding, which no replay has again.
    """
    for update in step.updates:
        after = {update.after: again[update.before].copy()}
        after |= {new: again[old].copy() for old, new in update.state.values()}
        if op.result in after:
            used = step.values[update.gradient if update.clipped is None else update.clipped].array
            parameter, *state = after.values()
            by_name = dict(zip(update.state, state, strict=True))
            kept = [by_name.get(name) for name in update.optimizer.state]
            update.optimizer.rule(update.settings, update.settings["step"])(parameter, _wide(used), *kept)
            return after
    return {}


def _given(x: Any, again: Mapping[int, Array]) -> Any:
    if isinstance(x, list | tuple):
        parts = [_given(part, again) for part in x]
        return tuple(parts) if isinstance(x, tuple) else parts
    return again[x] if isinstance(x, Ref) else x


def _wide(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _least(step: Step) -> float:
    """A thousandth of the greatest gradient, what one that is 0 but for rounding is measured against."""
    return max((1e-3 * _largest(v.array) for v in step.values if v.role == "gradient"), default=0) or 1e-30


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), where=np.isfinite(x), initial=0))


def _error(found: Any, recorded: Array, least: float) -> float:
    a, b = np.asarray(found, np.float64), recorded.astype(np.float64)
    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    apart = np.where(same, 0, np.abs(a - b))
    return float(apart.max() / max(_largest(b), least))
