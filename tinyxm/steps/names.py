"""What the values of a step are called: by the caller's variables, and by what made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import FrameType

from tinyxm.autograd.places import to_host
from tinyxm.steps.looks import MASKED
from tinyxm.steps.step import Operation, Ref, Step, Value
from tinyxm.steps.variables import masks, same, variables


def name_by_variables(step: Step, by_identity: Mapping[int, Ref], frame: FrameType) -> None:
    """By identity; and what came in as a copy, as `Tensor(x)` makes one, by what it holds. What the caller tells of by
    `show` or `words` is data, whether an operation read it as it is or not."""
    named = list(variables(frame))
    changed = {op.result: op.operands.get("before") for op in step.operations if op.kind == "hand"}
    for name, array in named:
        number = by_identity.get(id(array))
        while number in changed:
            number = changed[number]
        if number is not None and not step.values[number].name:
            step.values[number].name = name
    for value in step.values:
        if value.role == "input" and not value.name and value.array.size > 1 and value.number not in changed:
            value.name = next((name for name, array in named if same(array, value.array)), "")
            value.name = value.name or next((name + MASKED for name, array in named if masks(array, value.array)), "")
    there = {value.name.removesuffix(MASKED) for value in step.values}
    for name, array in named:
        if name in {*step.show_as, *step.words} - there:
            step.values.append(Value(Ref(len(step.values)), to_host(array), name, "input"))


def name_the_rest(step: Step) -> None:
    """By what made it; a gradient by what it's of, and where it is only a part of that, by the use that sent it."""
    taken = {value.name for value in step.values if value.name}
    for value in step.values:
        if value.name or (value.role == "gradient" and value.of is not None):
            continue
        op = None if value.made_by is None else step.operations[value.made_by]
        if op is not None and op.kind == "hand":
            value.name = _changed_name(step, op, taken)
        elif op is not None:
            value.name = _unlike(_within(op.module, op.name), taken)
        else:
            value.name = _unlike(use_of(step, value.number), taken)
        taken.add(value.name)
    parts = _parts(step)
    for value in step.values:
        if value.name:
            continue
        op = None if value.made_by is None else step.operations[value.made_by]
        value.name = f"∂L/∂{step.values[value.of or 0].name}{parts.get(value.number, '')}"
        if op is not None and op.kind == "hand":
            value.name = _changed_name(step, op, taken) or f"{value.name} by hand"
            taken.add(value.name)


def _changed_name(step: Step, op: Operation, taken: set[str]) -> str:
    """What your code made of a value, "changed w", and of that again, "changed w 2"; "" where it made it of none."""
    if "before" not in op.operands:
        return ""
    first = op
    while (maker := step.values[first.operands["before"]].made_by) is not None:
        if step.operations[maker].kind != "hand" or "before" not in step.operations[maker].operands:
            break
        first = step.operations[maker]
    return _unlike(f"changed {step.values[first.operands['before']].name}", taken)


def _parts(step: Step) -> dict[int, str]:
    """Of each gradient that others were added to, what tells it apart: " by way of 0.linear", ", 2 of 3 uses"; of what
    one pass added to what was there before it " of this pass", of several " of pass 2" and " up to pass 2"."""
    found = _passes(step)
    for op in step.operations:
        if not op.branches or op.result is None:
            continue
        if op.joined < len(op.branches):
            found[op.result] = f", {op.joined} of {len(op.branches)} uses"
        if op.joined == 2:
            for branch, way in zip(op.branches, ways(step, op.branches), strict=True):
                if branch.result is not None and step.values[branch.result].of == step.values[op.result].of:
                    found[branch.result] = f" by way of {way}"
    return found


def _passes(step: Step) -> dict[int, str]:
    """Of gradients that are gathered over backward passes, or emptied between them, the passes that they are of."""
    found: dict[int, str] = {}
    totals = {op.result for op in step.operations if op.gathers}
    for number, earlier in step.emptied.items():
        if step.values[number].of == step.values[earlier].of:
            found[number] = f" of pass {step.pass_of(number)}"
            found[earlier] = f" {'up to' if earlier in totals else 'of'} pass {step.pass_of(earlier)}"
    sums: dict[int | None, list[Operation]] = {}
    for op in step.operations:
        if op.gathers and op.result is not None:
            sums.setdefault(step.values[op.result].of, []).append(op)
    for gathered in sums.values():
        first = gathered[0].operands["total"]
        own = not step.values[first].name  # else it's from before this step
        if own:
            found[first] = f" of pass {step.pass_of(first)}"
        for op in gathered:
            number = step.pass_of(op.operands["g"])
            found[op.operands["g"]] = f" of pass {number}" if own or len(gathered) > 1 else " of this pass"
            if op is not gathered[-1] and op.result is not None:
                found[op.result] = f" up to pass {number}"
    return found


def ways(step: Step, branches: list[Operation]) -> list[str]:
    """The uses of a value that these adjoints belong to: layer and operation; the input where it went in twice, and
    what was made of it where two of them are called alike."""
    forward = [branch if branch.of is None else step.operations[branch.of] for branch in branches]
    times = Counter(op.number for op in forward)
    called = [
        _within(op.module, branch.name if times[op.number] > 1 else op.name)
        for branch, op in zip(branches, forward, strict=True)
    ]
    alike = Counter(called)
    return [
        f"{name} → {step.values[op.result].name}" if alike[name] > 1 and op.result is not None else name
        for name, op in zip(called, forward, strict=True)
    ]


def use_of(step: Step, number: int) -> str:
    """What is made by nobody is called by its first use: "labels of cross_entropies"."""
    for op in step.operations:
        for name, x in {**op.operands, **op.known}.items():
            if any(isinstance(part, Ref) and part == number for part in (x if isinstance(x, list | tuple) else [x])):
                return f"{name} of {_within(op.module, op.name)}"
    return "an array"


def _within(module: str, name: str) -> str:
    """What a layer does, as its parameters are called: "0.linear" beside "0.weight"."""
    return f"{module}.{name}" if module else name


def _unlike(name: str, taken: set[str]) -> str:
    """This name, with a number behind where others have it, too."""
    if name not in taken:
        return name
    return next(other for k in range(2, len(taken) + 3) if (other := f"{name} {k}") not in taken)
