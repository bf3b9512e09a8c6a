"""What a step runs over and over: the cell of a recurrence at each moment, the body of a loop."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinyxm.steps.step import Operation, Step

Ids = NDArray[np.int64]
TIMES, LEAST = 4, 16  # it runs so often at least, and has so many operations in all
PHASES = ("forward", "loss", "backward")  # what runs once for each parameter, such as an update, is no repetition


class Repeat(NamedTuple):
    """Operations first … last, the same at each time; `starts` are the first of each time.

    `module` is the path of what all of them ran in, "" where that is nothing.
    """

    first: int
    last: int
    starts: list[int]
    module: str


class _Stretch(NamedTuple):
    """Operations first … end − 1, each of them like that a period later; `once`, the kinds of one period."""

    first: int
    end: int
    period: int
    once: tuple[int, ...]


def repeats(step: Step) -> list[Repeat]:
    """Every repetition of a step, in their order and apart.

    Operations are alike that have one kind, name and layer, and come of one line. A time may differ from the others by
    a few operations, as the first of a recurrence does, and one at which a sequence of the batch ends; and by how often
    gradients are added up.
    """
    own = [op for op in step.operations if op.kind != "accumulate"]
    kinds: dict[tuple[object, ...], int] = {}
    ids = np.array([kinds.setdefault(_kind(op, step), len(kinds)) for op in own], np.int64)
    found: list[Repeat] = []
    times: dict[int, int] = {}  # forward operation → where the time begins in which it ran
    for stretch in _grown(ids, _stretches(ids)):
        first, end, _, once = stretch
        within = own[first:end]
        starts = _starts_back(within, times) or [own[start].number for start in _starts(ids, stretch)]
        module = _shared([_layer(op, step) for op, kind in zip(within, ids[first:end], strict=True) if kind in once])
        last = own[end].number if end < len(own) else len(step.operations)
        found.append(Repeat(within[0].number, last - 1, starts, module))
        times |= {op.number: max(start for start in starts if start <= op.number) for op in within}
    return found


def _kind(op: Operation, step: Step) -> tuple[object, ...]:
    if op.phase not in PHASES or op.kind == "data":
        return (op.number,)  # like no other
    source = step.operations[op.of].source if op.of is not None else op.source
    return op.phase, op.kind, op.name.partition("[")[0], _layer(op, step), source


def _layer(op: Operation, step: Step) -> str:
    """Where it ran; of what goes back, where that ran which it goes back through."""
    return step.operations[op.of].module if op.of is not None else op.module


def _shared(paths: list[str]) -> str:
    """The path of the module that all of these lie in."""
    ways = [path.split(".") for path in {*paths}]
    levels = [{*names} for names in zip(*ways, strict=False)]
    return ".".join(next(iter(names)) for names in takewhile(lambda names: len(names) == 1, levels))


def _stretches(ids: Ids) -> list[_Stretch]:
    """In their order and apart: where some would overlap, the longest has it all, of equally long ones that of the
    shortest period."""
    found = []
    for period in range(1, len(ids) // TIMES + 1):
        for first, end in _runs(ids[period:] == ids[:-period]):
            if _enough(end + period - first, period):
                found.append((first, end + period, period))
    free = np.ones(len(ids), bool)
    apart = []
    for first, end, period in sorted(found, key=lambda one: (one[0] - one[1], one[2])):
        for a, b in _runs(free[first:end]):
            if _enough(b - a, period):
                once = tuple(ids[first + a : first + a + period].tolist())
                apart.append(_Stretch(first + a, first + b, period, once))
                free[first + a : first + b] = False
    return sorted(apart)


def _enough(length: int, period: int) -> bool:
    return length >= max(TIMES * period, LEAST)


def _runs(true: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and end of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _grown(ids: Ids, stretches: list[_Stretch]) -> list[_Stretch]:
    """Each with the times at either side that are much like its own, though not the same."""
    found: list[_Stretch] = []
    for i, (first, end, period, once) in enumerate(stretches):
        if found and end <= found[-1].end:
            continue  # taken in already
        others = [other.first for other in stretches[i + 1 :] if not _half(other.once, once)]
        before, after = found[-1].end if found else 0, others[0] if others else len(ids)
        first -= _more(ids[before:first][::-1], period, once)
        end += _more(ids[end:after], period, once)
        found.append(_Stretch(first, end, period, once))
    return found


def _more(ids: Ids, period: int, once: tuple[int, ...]) -> int:
    """How many of these operations go on like that: as long as there are half the kinds of a time within one period,
    and what is left of a time behind that."""
    taken = 0
    while True:
        begin = next((i for i in range(taken, min(taken + period, len(ids))) if ids[i] in once), len(ids))
        end = _own(ids[begin : begin + period], once, begin)
        if not _half(ids[begin:end].tolist(), once):
            break
        taken = end
    rest = takewhile(lambda kind: kind in once, ids[taken : taken + period].tolist())
    return _own(np.array([*rest], np.int64), once, taken)


def _own(ids: Ids, once: tuple[int, ...], begin: int) -> int:
    """The end of what could be one time among these, the first of which is number `begin`."""
    left, end = [*once], begin
    for i, kind in enumerate(ids.tolist(), begin + 1):
        if kind in left:
            left.remove(kind)
            end = i
    return end


def _half(some: Iterable[int], once: tuple[int, ...]) -> bool:
    """Whether half the kinds of one time are among these."""
    return 2 * len({*some} & {*once}) >= len({*once})


def _starts(ids: Ids, stretch: _Stretch) -> list[int]:
    """Where each time begins: so far before a kind that marks it, one that runs seldom in a time, often in all, as the
    first time does."""
    first, end, period, once = stretch
    within = ids[first:end].tolist()
    mark = min(once, key=lambda kind: (once.count(kind), -within.count(kind), within.index(kind)))
    lead, at = within.index(mark), once.index(mark)
    starts = []
    for i in [i for i, kind in enumerate(within) if kind == mark][:: once.count(mark)]:
        same = (within[i - k] == once[(at - k) % period] for k in range(1, lead + 1))
        starts.append(first + i - sum(takewhile(bool, same)))
    return [first, *starts[1:]]


def _starts_back(within: list[Operation], times: dict[int, int]) -> list[int]:
    """The same of what goes back: where that begins which goes back through another time of the forward pass; nothing
    where that has none."""
    begins: dict[int, int] = {}
    for op in within:
        if op.kind == "adjoint" and op.of in times:
            begins.setdefault(times[op.of], op.number)
    return [within[0].number, *[*begins.values()][1:]] if begins else []
