"""Where a step's network ends and its loss begins, told from what each operation reads."""

from __future__ import annotations

from tinyxm.steps.step import Operation, Step, numbers_of


def mark_loss(step: Step) -> None:
    """The loss is every forward operation that the network needs nothing of; it's told behind the network.

    The network is what the model's modules run; where none does, what brings data together with parameters. A penalty
    on the parameters (Σ w², say) reads no data: it belongs to the loss, wherever it was computed. What a further loss
    comes of, behind the update of one optimizer and before another's, is network and loss again, in its place.
    """
    if step.loss is None:
        return
    first = next((i for i, op in enumerate(step.operations) if op.phase in ("moments", "update")), len(step.operations))
    early, late = step.operations[:first], step.operations[first:]
    _mark(step, [op for op in early if op.phase == "forward" and op.kind == "forward"])
    again = _needed([op for op in late if op.kind == "forward" and op.result in step.losses], late)
    for op in again:
        op.phase = "forward"
    _mark(step, [op for op in late if op in again])
    ahead = [op for op in early if op.phase in ("forward", "loss")]
    behind = [op for op in early if op.phase not in ("forward", "loss")]
    step.operations = [*sorted(ahead, key=lambda op: op.phase == "loss"), *behind, *late]


def _mark(step: Step, forward: list[Operation]) -> None:
    """Among these forward operations, those of the loss."""
    modules = step.model is not None
    network = [op for op in forward if op.module or (modules and op.source and op.source[2] == "forward")]
    network = network or _weighing(step, forward)
    makers = {op.result: op for op in forward}
    written = [op for op in step.operations if op.phase == "forward" and op.kind == "update"]  # running statistics
    needed = _needed(
        [*network, *(makers[n] for op in written for n in numbers_of(op.operands) if n in makers)], forward
    )
    for op in forward:
        if op not in needed:
            op.phase = "loss"


def _needed(some: list[Operation], forward: list[Operation]) -> set[Operation]:
    """These, and of the forward operations all that they come of."""
    makers = {op.result: op for op in forward if op.kind == "forward"}
    needed: set[Operation] = set()
    waiting = [*some]
    while waiting:
        op = waiting.pop()
        if op not in needed:
            needed.add(op)
            waiting += [makers[n] for n in numbers_of({**op.operands, **op.known}) if n in makers]
    return needed


def _weighing(step: Step, forward: list[Operation]) -> list[Operation]:
    """The operations that bring data together with parameters, or with what was made of parameters alone; where no data
    came in, those that read a parameter."""
    values = step.values
    data = {v.number for v in values if v.role in ("input", "buffer") or (v.role == "constant" and v.array.ndim)}
    own = {v.number for v in values if v.role == "parameter"}
    of_data, of_own = set(data), set(own)
    found = []
    for op in forward:
        read = set(numbers_of({**op.operands, **op.known}))
        alone = (read & of_own) - of_data
        joins = op.name == "cross_entropies" or (_adds_numbers(op, step) and not alone & own)  # a loss, and a penalty
        if read & of_data and alone and not joins:
            found.append(op)
        if op.result is not None and op.result not in read:
            of_data |= {op.result} if read & of_data else set()
            of_own |= {op.result} if read & of_own else set()
    return found or [op for op in forward if own & set(numbers_of(op.operands))]


def _adds_numbers(op: Operation, step: Step) -> bool:
    """Whether what it makes is a sum of two numbers."""
    return op.name in ("add", "subtract") and op.result is not None and not step.values[op.result].array.ndim
