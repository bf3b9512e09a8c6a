"""What an operation does in a sentence, where that depends on the step and not on the operation alone."""

from __future__ import annotations

import numpy as np

from tinyxm.steps.names import ways
from tinyxm.steps.step import Operation, Step

TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
NAMED = 4  # uses of a value that are listed; of more, how many more


def sentence(step: Step, op: Operation) -> str:
    """In plain English; "" where the operation's kind and name say it all."""
    if op.kind == "accumulate":
        return _gathering(step, op) if op.gathers else _accumulation(step, op)
    if op.kind == "hand":
        return _changing(step, op)
    if op.kind == "clip":
        return _clipping(step, op)
    return ""


def _accumulation(step: Step, op: Operation) -> str:
    """Which uses of a value sent a gradient back, and which of them is added here."""
    value = step.values[op.result or 0]
    name = step.values[value.of].name if value.of is not None else "A value"
    count = len(op.branches)
    uses = [f"{way}{_line(op)}" for way, op in zip(ways(step, op.branches), op.branches, strict=True)]
    named = uses if count <= NAMED + 1 else [*uses[:NAMED], f"{count - NAMED} more"]
    told = f"{name} was used {TIMES.get(count, f'{count} times')}: by {_listed(named)}."
    here = f"joins what {uses[0]} sent" if op.joined == 2 else f"joins what the first {op.joined - 1} sent"
    own = "" if count == 2 else f" Here what {uses[op.joined - 1]} sends back {here}."
    return f"{told} It changes the loss through each of them, so its gradient is the sum of what they send back.{own}"


def _gathering(step: Step, op: Operation) -> str:
    """A gradient that is added to what was there before the pass."""
    value = step.values[op.result or 0]
    name = step.values[value.of].name if value.of is not None else "A value"
    earlier, now = (step.values[op.operands[key]].name for key in ("total", "g"))
    return f"{name} had a gradient from before this backward pass, {earlier}. What this pass brought, {now}, is added."


def _changing(step: Step, op: Operation) -> str:
    """What no operation of the engine's did."""
    if "before" not in op.operands:
        name = step.values[step.values[op.result or 0].of or 0].name
        return f"Your code gave {name} a gradient of its own: no backward pass brought it."
    before, after = step.values[op.operands["before"]], step.values[op.result or 0]
    how = "it has another shape now"
    if before.array.shape == after.array.shape:
        size, count = before.array.size, int(np.sum(before.array != after.array))
        how = (
            f"{count} of its {size} numbers {'differs' if count == 1 else 'differ'} now"
            if size > 1
            else "it is another now"
        )
    return f"{before.name} was changed by your code, not by an operation: {how}."


def _clipping(step: Step, op: Operation) -> str:
    limit, norm = float(op.static["limit"]), float(op.static["norm"])
    gradient = step.values[op.operands["gradient"]].name
    if op.name == "clip_by_value":
        return f"Each number of {gradient} is held between −{limit:.4g} and {limit:.4g}; what lies beyond is cut off."
    whose = f"{gradient} by itself has" if op.name == "clip_by_layer" else "All gradients together have"
    length = f"{whose} the length {norm:.4g}"
    if norm <= limit:
        return f"{length}, which isn't over the limit {limit:.4g}: {gradient} stays as it is."
    every = "" if op.name == "clip_by_layer" else ", as every other gradient is"
    return f"{length}, over the limit {limit:.4g}: {gradient} is multiplied by {limit / norm:.4g}{every}."


def _line(branch: Operation) -> str:
    return f" (line {branch.source[1]})" if branch.source else ""


def _listed(parts: list[str]) -> str:
    return ", by ".join(parts[:-1]) + f" and by {parts[-1]}" if len(parts) > 1 else parts[0]
