"""Replay a recorded step in float64, by the reference kernels: do the recorded numbers follow from its inputs?

Only what was there before the step is taken from the recording: inputs, constants, parameters, the optimizer's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tinyxm_kernels
from tinyxm.autograd import random
from tinyxm.autograd.tape import unbroadcast
from tinyxm.steps.step import Operation, Ref, Step

Array = NDArray[Any]


class Replayed(NamedTuple):
    """An operation, and how far what it makes in float64 is from what was recorded: max |a − b| / max |b|; of gradients
    that are 0 but for rounding, over a thousandth of the step's greatest gradient."""

    operation: Operation
    error: float


class Difference(NamedTuple):
    """One number of a parameter's gradient beside (L(θ + h) − L(θ − h)) / 2h, both in float64, and how far they are
    apart, over the greater of the two; or a thousandth of the step's greatest gradient, if that is more."""

    value: int
    cell: tuple[int, ...]
    gradient: float
    difference: float
    error: float


def replay(step: Step) -> list[Replayed]:
    """Every operation of the tape and of the optimizer again, from what was there before the step."""
    return _replay(step, {})[1]


def differences(
    step: Step, cells: int = 2, h: float = 1e-5, rng: np.random.Generator | None = None
) -> list[Difference]:
    """Some numbers of each parameter's gradient beside central differences of the replayed loss.

    `cells` of each: the one of the greatest gradient, and others drawn at random. Nothing where the step has no loss;
    and none of gradients that held something before the step.
    """
    rng = rng or np.random.default_rng(0)
    if not step.losses or any(op.kind == "forward" and op.function is None for op in step.operations):
        return []  # a checkpoint can't be replayed, and so no loss behind it
    again, least, found = _replay(step, {})[0], _least(step), []
    for update in step.updates:
        g = again.get(update.gradient)
        if g is None or not g.size or update.name in step.kept:
            continue
        chosen = [int(np.abs(g).argmax()), *rng.integers(0, g.size, cells - 1)]
        for flat in dict.fromkeys(int(i) for i in chosen):
            cell = tuple(int(i) for i in np.unravel_index(flat, g.shape))
            losses = []
            for sign in (1, -1):
                moved = step.values[update.before].array.astype(np.float64)
                moved[cell] += sign * h
                again_moved, _ = _replay(step, {update.before: moved}, forward=True)
                losses.append(float(sum(np.sum(again_moved[loss]) for loss in step.losses)))
            own, slope = float(g[cell]), (losses[0] - losses[1]) / (2 * h)
            error = abs(own - slope) / max(abs(own), abs(slope), least)
            found.append(Difference(update.gradient, cell, own, slope, error))
    return found


def _replay(step: Step, given: Mapping[int, Array], forward: bool = False) -> tuple[dict[int, Array], list[Replayed]]:
    """The values, by number, with `given` ones in the place of those recorded; the forward pass alone, if asked."""
    again = {v.number: _wide(v.array) for v in step.values if v.made_by is None or v.role == "input"}
    again.update(given)
    told, least = [], _least(step)
    kinds = ("forward",) if forward else ("forward", "adjoint", "accumulate", "norm", "clip", "update")
    generator = random.generator()
    before = generator.bit_generator.state
    try:
        with tinyxm_kernels.using("reference"), np.errstate(all="ignore"):
            for op in step.operations:
                if op.result is None or op.result in given:
                    continue
                try:
                    result = _run(op, again, step, generator) if op.kind in kinds else None
                except Exception:  # such as a checkpoint's, whose arrays the update has written to since
                    result = None
                for number, y in (result or {}).items():
                    again[number] = y
                    value = step.values[number]
                    told.append(Replayed(op, _error(y, value.array, least if value.role == "gradient" else 1e-30)))
                for number in (op.result, *op.also.values()):
                    again.setdefault(number, _wide(step.values[number].array))
    finally:
        generator.bit_generator.state = before
    return again, told


def _run(
    op: Operation, again: Mapping[int, Array], step: Step, generator: np.random.Generator
) -> dict[int, Array] | None:
    """What an operation makes of the values so far, by number; None where it can't be run again."""
    result = op.result
    if result is None:
        return None
    operands = {name: _given(x, again) for name, x in op.operands.items()}
    if op.kind == "norm":
        return {result: np.sqrt(sum(np.sum(np.square(g)) for g in operands.values()))}
    if op.kind == "clip" and op.name == "clip_by_norm":
        return {result: operands["gradient"] * min(1.0, op.static["limit"] / op.static["norm"])}
    if op.kind == "accumulate":
        return {result: operands["total"] + operands["g"]}
    if op.kind == "adjoint" and op.function is not None:
        g = op.function(*operands.values())
        shape = step.values[result].array.shape
        return {result: unbroadcast(g, shape) if np.shape(g) != shape else g}
    if op.kind == "update" and step.optimizer is not None:
        found = _updated(op, again, step)
        return {number: found[number] for number in (result, *op.also.values())} if found else None
    if op.kind == "forward" and op.function is not None:
        if op.random_state is not None:
            generator.bit_generator.state = op.random_state
        static = {**op.static, **{name: _given(x, again) for name, x in op.known.items()}}
        return {result: np.asarray(op.function(**operands, **static))}
    return None


def _updated(op: Operation, again: Mapping[int, Array], step: Step) -> dict[int, Array]:
    """The parameter and the state after the update that this operation is of.

    From the recorded gradient: an adaptive optimizer divides by its size, and makes steps of one that is 0 but for
    rounding, which no replay has again.
    """
    for update in step.updates:
        after = {update.after: again[update.before].copy()}
        after |= {new: again[old].copy() for old, new in update.state.values()}
        if op.result in after and step.optimizer is not None:
            used = step.values[update.gradient if update.clipped is None else update.clipped].array
            parameter, *state = after.values()
            by_name = dict(zip(update.state, state, strict=True))
            kept = [by_name.get(name) for name in step.optimizer.state]
            step.optimizer.rule(update.settings, update.settings["step"])(parameter, _wide(used), *kept)
            return after
    return {}


def _given(x: Any, again: Mapping[int, Array]) -> Any:
    if isinstance(x, list):
        return [_given(part, again) for part in x]
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
