"""What a recorded step shows to be wrong, or worth a look: the number, where it is, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tinyxm.steps.contrasts import contrasts
from tinyxm.steps.step import Operation, Ref, Step, Value, numbers_of

MOVES = 1e-6, 0.1  # ‖Δθ‖ / ‖θ‖ that a step usually lies between
DEPTH = 1e3  # by how much gradients of layers may differ
CHANCE = 0.5  # dead units: where as many would be 0 at every place by chance, on at every second, none is told


class Finding(NamedTuple):
    """What it is, the numbers that show it, what to do, and the operation where it's seen."""

    name: str
    sign: str
    mend: str
    operation: int | None


class Fine(str):
    """What a rule could look at, and is so where it finds nothing."""


Told = Iterator[Finding | Fine]


def diagnose(step: Step) -> list[Finding]:
    """All that the rules below find, in this order; nothing where all is as it should be."""
    return examine(step)[0]


def examine(step: Step) -> tuple[list[Finding], list[str]]:
    """What the rules find; and what is as it should be, of all that they could look at."""
    findings: list[Finding] = []
    fine: list[str] = []
    for rule in RULES:
        told = [*rule(step)]
        found = [one for one in told if isinstance(one, Finding)]
        findings += found
        fine += dict.fromkeys(one for one in told if isinstance(one, Fine) and not found)
    return findings, fine


def not_a_number(step: Step) -> Told:
    """Where what isn't a number began, or else what is infinite; but no infinity that was given, as a mask's is."""
    began: dict[int, Operation | Value | None] = {}  # of what isn't finite: who made it so; None: it was given so
    for value in step.values:
        was_there = value.made_by is None or step.operations[value.made_by].kind == "data"
        if was_there and not _finite(step, value.number):
            masked = value.role in ("input", "constant") and not _nan(step, value.number)
            began[value.number] = None if masked else value
    given = [one for one in began.values() if one is not None]
    nans: list[Operation | Value] = []
    infinite: list[Operation | Value] = []
    for op in step.operations:
        made = [n for n in (op.result, *op.also.values()) if n is not None]
        broken = [n for n in made if not _finite(step, n)] if op.kind not in ("data", "after") else []
        if not broken:
            continue
        sources = [began[n] for n in numbers_of(op.operands) if n in began]
        blamed = next((one for one in sources if one is not None), None)
        nan = any(_nan(step, n) for n in broken)
        if blamed is None and op.of is not None:  # an adjoint divides by 0 where its operation took a logarithm of it
            blamed = began.get(step.operations[op.of].result or -1)
        if blamed is None and (nan or not (sources or _infinite_given(op))):
            blamed = op
        for n in broken:
            began.setdefault(n, blamed)
        if blamed is not None:
            (nans if nan else infinite).append(blamed)
    first = next(iter((*nans, *infinite, *given)), None)
    if isinstance(first, Operation):
        yield _broken(step, first)
    elif first is not None:
        yield _broken_before(step, first)
    elif step.operations:
        yield Fine("every number is finite" + (", but for infinities that were given" if began else ""))


def _broken(step: Step, op: Operation) -> Finding:
    """What isn't finite began at this operation."""
    made = [n for n in (op.result, *op.also.values()) if n is not None and not _finite(step, n)]
    array, sources = step.values[made[0]].array, list(numbers_of(op.operands))
    what = "aren't numbers" if _nan(step, made[0]) else "aren't finite"
    count = int(np.sum(np.isnan(array) if _nan(step, made[0]) else ~np.isfinite(array)))
    where = f", {op.source[0].rpartition('/')[2]}:{op.source[1]}" if op.source else ""
    ranges = ", ".join(f"{_name(step, n)} {_span(step, n)}" for n in sources if step.values[n].array.size)
    return Finding(
        "not_a_number",
        f"{op.name}{where} makes {count} of {array.size} numbers that {what}, of {ranges}",
        "Keep what goes in within the operation's range: no logarithm of 0, no exponential above 88, no 0 / 0, and no "
        "row of a softmax masked whole",
        op.number,
    )


def _broken_before(step: Step, value: Value) -> Finding:
    """It was there before the step; told where it's read."""
    count = int(np.sum(~np.isfinite(_numbers(value.array))))
    sign = f"{count} of {value.array.size} numbers of {value.name} weren't finite before the step"
    readers = (op.number for op in step.operations if value.number in [*numbers_of(op.operands)])
    at = value.made_by if value.made_by is not None else next(readers, None)
    return Finding("not_a_number", sign, "Look where they came from", at)


def _infinite_given(op: Operation) -> bool:
    """Whether an infinity is among its plain operands, as in where(mask, x, -inf)."""
    return any(isinstance(x, float) and math.isinf(x) for x in op.operands.values())


def gradient_kept(step: Step) -> Told:
    """Gradients that were there before the step, and count in it."""
    if step.kept:
        more = f" and {len(step.kept) - 1} more" if len(step.kept) > 1 else ""
        yield Finding(
            "gradient_kept",
            f"the gradient of {step.kept[0]}{more} held something before this step, which counts in its update, too",
            "Call optimizer.zero_grad() before backward; unless batches are gathered on purpose",
            next((op.number for op in step.operations if op.phase in ("clip", "moments", "update")), None),
        )


def stepped_again(step: Step) -> Told:
    """More than one step of the optimizer within one recording."""
    if step.repeated:
        yield Finding(
            "stepped_again",
            "optimizer.step() ran again: only what came before that is recorded",
            "Record one step each, or a training by xm.steps.Film",
            step.operations[-1].number,
        )


def unknown_optimizer(step: Step) -> Told:
    """Weights that an optimizer wrote to which the recording doesn't know."""
    for op in step.operations:
        if (
            op.kind == "update"
            and op.phase == "update"
            and "gradient" in op.operands
            and "parameter" not in op.operands
        ):
            yield Finding(
                "unknown_optimizer",
                f"{op.name} is of an optimizer that the recording doesn't know, so how its weights change isn't told",
                "Give it to xm.record(model, optimizer), or let it be a variable where that stands",
                op.number,
            )
            return


def nothing_learned(step: Step) -> Told:
    """A loss at ln n: all n choices are equally likely to the model."""
    if step.loss is None or step.values[step.loss].array.size != 1:
        return
    loss = float(step.values[step.loss].array.ravel()[0])
    for op in step.operations:
        logits = op.operands.get("logits") if op.name == "cross_entropies" and op.kind == "forward" else None
        if isinstance(logits, Ref) and step.values[logits].array.ndim:
            n = step.values[logits].array.shape[-1]
            if n > 1 and abs(loss - math.log(n)) < 0.02 * math.log(n):
                yield Finding(
                    "nothing_learned",
                    f"the loss, {loss:.4g}, is ln {n} = {math.log(n):.4g}: all {n} choices are as likely to the model",
                    "At the first steps that is as it should be; a loss that stays there hasn't learned",
                    op.number,
                )
            return


def dead_units(step: Step) -> Told:
    """Units of a ReLU that are 0 for every sample: no gradient passes them."""
    for op in step.operations:
        if op.kind != "forward" or op.name not in ("relu", "maximum") or op.result is None:
            continue
        y = step.values[op.result].array
        if y.ndim < 2 or (op.name == "maximum" and op.operands.get("b") != 0):
            continue
        units, places = y.shape[-1], y.size // max(y.shape[-1], 1)
        if units * 0.5**places >= CHANCE:
            continue
        yield Fine("no unit is dead")
        dead = int(np.sum(~np.any(y.reshape(-1, units), axis=0)))
        if dead:
            yield Finding(
                "dead_units",
                f"{dead} of {units} units of {_name(step, op.result)} are 0 for all {y.shape[0]} samples",
                "In one batch that may be chance; units that stay dead need a smaller learning rate, or a leaky ReLU",
                op.number,
            )


def clipped(step: Step) -> Told:
    """By how much the gradients were shortened, each time that they were clipped."""
    for clip in step.clips:
        limit, norms = clip.limit, [float(op.static["norm"]) for op in clip.operations]
        mend = "lower the learning rate or raise the limit"
        if clip.name == "clip_by_value":
            read = [step.values[next(numbers_of(op.operands))].array for op in clip.operations]
            beyond, count = sum(int(np.sum(np.abs(g) > limit)) for g in read), sum(g.size for g in read)
            sign = f"{beyond} of {count} numbers of the gradients lay beyond ±{limit:.4g}, and were cut off there"
            mend = "it turns the direction of the step. Clip by the norm to keep it, or raise the limit"
        elif clip.name == "clip_by_layer":
            beyond = sum(norm > limit for norm in norms)
            place = norms.index(max(norms))
            name = _name(step, next(numbers_of(clip.operations[place].operands)))
            sign = (
                f"{beyond} of {len(norms)} gradients were longer than {limit:.4g}, each by itself; the longest, "
                f"{name}, {norms[place]:.4g}: it's multiplied by {limit / max(norms[place], limit):.3g}"
            )
        else:
            beyond = int(clip.norm > limit)
            sign = (
                f"the gradients' norm, {clip.norm:.4g}, was cut to {limit:.4g}: all are multiplied by "
                f"{limit / max(clip.norm, limit):.3g}"
            )
        if beyond:
            often = f"Now and then that is what clipping is for; at every step, {mend}"
            yield Finding("clipped", sign, often, clip.operations[0].number)


def unusual_updates(step: Step) -> Told:
    """Weights that move by more than a tenth of their length, or by less than a millionth."""
    pairs = ((op, *pair) for op in step.operations if op.kind == "after" for pair in op.operands.items())
    for op, name, number in pairs:
        before, after = step.values[number].array.astype(np.float64), step.values[op.also.get(name, op.result or 0)]
        length, moved = np.linalg.norm(before), np.linalg.norm(after.array.astype(np.float64) - before)
        if before.ndim < 2 or not length or not np.isfinite(moved):
            continue
        yield Fine("the weights move by a usual share of their size")
        if not MOVES[0] <= moved / length <= MOVES[1]:
            much = moved / length > MOVES[1]
            yield Finding(
                "large_update" if much else "small_update",
                f"{name} moves by {moved / length:.2g} of its length",
                "Lower the learning rate" if much else "Raise the learning rate, or see why its gradient is so small",
                after.made_by,
            )


def embeddings(step: Step) -> Told:
    """Vectors that are compared by dot products: of other lengths than 1, or all in one direction."""
    for contrast in contrasts(step):
        for number in (contrast.rows, contrast.columns):
            if number is None:
                continue
            vectors = step.values[number].array.astype(np.float64)
            lengths, name = np.linalg.norm(vectors, axis=1), _name(step, number)
            if np.std(lengths) > 0.01 * np.mean(lengths):
                yield Finding(
                    "no_unit_length",
                    f"the vectors {name} have lengths from {lengths.min():.2g} to {lengths.max():.2g}",
                    "Divide each by its length before comparing",
                    contrast.operation,
                )
            unit = vectors / np.maximum(lengths, 1e-12)[:, None]
            n = len(unit)
            alike = (np.sum(unit.sum(axis=0) ** 2) - n) / (n * (n - 1)) if n > 1 else 0.0
            if alike > 0.95:
                yield Finding(
                    "collapsed",
                    f"the vectors {name} are nearly one: their mean cosine is {alike:.3f}",
                    "A contrastive loss drives them apart; if it doesn't, lower the learning rate or the temperature",
                    contrast.operation,
                )


def depth(step: Step) -> Told:
    """Gradients of the weights of the first layers beside those of the last."""
    read = [number for op in step.of_phase("forward") for number in numbers_of(op.operands)]
    order: dict[int | None, int] = {number: i for i, number in enumerate(read)}
    rows = []
    for number in (n for op in step.of_phase("gradient norm") for n in numbers_of(op.operands)):
        gradient = step.values[number]
        if gradient.array.ndim >= 2 and gradient.array.size and gradient.of in order:
            size = float(np.sqrt(np.mean(np.square(gradient.array.astype(np.float64)))))
            rows.append((order[gradient.of], gradient, size))
    rows.sort(key=lambda row: row[0])
    if len(rows) < 2 or not all(math.isfinite(size) for *_, size in rows):
        return
    yield Fine("gradients neither vanish nor explode on their way to the first layer")
    (_, first, early), (_, last, late) = rows[0], rows[-1]
    if (late and early < late / DEPTH) or early > late * DEPTH:
        vanishing = early < late
        yield Finding(
            "vanishing_gradients" if vanishing else "exploding_gradients",
            f"a number of {first.name} is {early:.2g} at the root mean square, one of {last.name} {late:.2g}",
            "Begin with He's or Xavier's weights, normalise, or let layers be skipped (residual connections)"
            + ("; clipping doesn't help" if vanishing else "; clip"),
            first.made_by,
        )


RULES = (
    not_a_number,
    gradient_kept,
    stepped_again,
    unknown_optimizer,
    nothing_learned,
    embeddings,
    dead_units,
    depth,
    clipped,
    unusual_updates,
)


def _numbers(array: np.ndarray) -> np.ndarray:
    return array if array.dtype.kind in "fc" else np.zeros(1)


def _finite(step: Step, number: int) -> bool:
    """-1e9, which masks take for minus infinity, is finite."""
    return bool(np.all(np.isfinite(_numbers(step.values[number].array))))


def _nan(step: Step, number: int) -> bool:
    return bool(np.any(np.isnan(_numbers(step.values[number].array))))


def _name(step: Step, number: int) -> str:
    return step.values[number].name


def _span(step: Step, number: int) -> str:
    array = step.values[number].array
    return f"{array.min():.3g} to {array.max():.3g}" if array.size > 1 else f"{array.ravel()[0]:.3g}"
