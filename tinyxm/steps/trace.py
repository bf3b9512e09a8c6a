"""tinyxm-trace/1: a recorded step as JSON and one compressed blob, as docs/trace.md describes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data.sources import beside
from tinyxm.steps.blob import EXACT, SPARING, Blob, inflated
from tinyxm.steps.contrasts import contrasts
from tinyxm.steps.diagnoses import examine
from tinyxm.steps.looks import look
from tinyxm.steps.repeats import repeats
from tinyxm.steps.replay import checkable, differences
from tinyxm.steps.rules import line_of, rule_name, rules
from tinyxm.steps.schema import check
from tinyxm.steps.sentences import sentence
from tinyxm.steps.step import PHASES, Operation, Ref, Step, Value, numbers_of

Array = NDArray[Any]
Json = dict[str, Any]
FORMAT = "tinyxm-trace/1"
BINS = 24
KEEP, REFUSE = 10e6, 25e6  # bytes of the file
CHECKED = 24  # parameters whose gradients are set beside differences: of more, so many spread over them all
RERUNS = 20_000  # operations that these checks may run: of a longer step, fewer parameters
FULL = ("parameter", "state")  # roles that are kept in full, whatever their size: an update is computed from them again


def encode(step: Step, checks: bool = True) -> Json:
    """The whole trace, its blob in base64 under "blob".

    `checks` sets numbers of each gradient beside differences of the loss, which takes a replay of the step, and of
    what comes of a parameter four more; of many, or in a long step, it checks some, and says so under "checked".
    Over 10 MB it keeps the first two samples of each batch, and says so under "kept"; ValueError over 25 MB even so,
    with a table of what is large. RuntimeError of a step whose recording hasn't ended.
    """
    if not step.recorded:
        raise RuntimeError(
            "record: the recording hasn't ended; write `with xm.record(model, optimizer) as step:` around the step, "
            "and what reads it, such as step.to_html(path), behind the block, not indented into it"
        )
    trace = _encoded(step, None)
    if len(trace["blob"]) > KEEP:
        samples = batch_size(step)
        if samples is not None and samples > 1:
            trace = _encoded(step, samples)
    if len(trace["blob"]) > REFUSE:
        raise ValueError(_too_large(step, len(trace["blob"])))
    forward = sum(op.kind == "forward" for op in step.operations)
    most = min(CHECKED, max(RERUNS // (4 * max(forward, 1)), 2))  # each of two cells runs twice again
    found = differences(step, most=most) if checks else []
    trace["checks"] = [_plain(d._asdict()) for d in found]
    trace["checked"] = {"parameters": len({d.value for d in found}), "of": len(checkable(step))}
    return trace


def batch_size(step: Step) -> int | None:
    """How many samples the inputs have, where most of them agree; where no variable names one, what else came in."""
    for role, least in (("input", 1), ("constant", 2)):
        given = [v.array for v in step.values if v.role == role and v.array.ndim >= least and v.array.size > 1]
        sizes = [array.shape[0] for array in given]
        if sizes:
            return max(set(sizes), key=sizes.count)
    return None


def _encoded(step: Step, samples: int | None) -> Json:
    """The trace; of batches of `samples` the first two, and of what adds up to a gradient (one part for each moment of
    a recurrence, say) the first two rows, and more of it to three digits."""
    blob = Blob(SPARING) if samples else Blob()
    sums = [op for op in step.operations if op.kind == "accumulate"] if samples else []
    parts = {number for op in sums for number in numbers_of(op.operands)}
    full = {u.gradient for u in step.updates} | {op.result for op in step.operations if op.kind in ("clip", "hand")}
    values = []
    for v in step.values:
        whole = v.number in full or v.role in FULL
        cut = samples and v.array.ndim and not whole
        cut = cut and (v.array.shape[0] == samples or (v.number in parts and v.array.size > EXACT))
        values.append(_value(v, v.array[:2] if cut else v.array, blob, step, whole))
    lines: list[tuple[str, int, str]] = list(dict.fromkeys(op.source for op in step.operations if op.source))
    findings, fine = examine(step)
    return {
        "format": FORMAT,
        "tinyxm": version("tinyxm"),
        "title": step.title or "One training step",
        "kept": {"samples": [0, 1], "of": samples} if samples else None,
        "phases": list(PHASES),
        "loss": step.loss,
        "values": values,
        "operations": [_operation(op, lines, step) for op in step.operations],
        "modules": step.modules,
        "words": {name: [*words] for name, words in step.words.items()},
        "updates": [
            {
                **{name: x for name, x in vars(u).items() if name != "optimizer"},
                "state": {name: list(pair) for name, pair in u.state.items()},
                "settings": _plain(u.settings),
            }
            for u in step.updates
        ],
        "clips": [
            {"name": c.name, "limit": c.limit, "norm": _plain(c.norm), "operations": [op.number for op in c.operations]}
            for c in step.clips
        ],
        "repeats": [r._asdict() for r in repeats(step)],
        "contrasts": [c._asdict() for c in contrasts(step)],
        "diagnoses": [finding._asdict() for finding in findings],
        "fine": fine,
        "code": {"lines": [line_of(source) for source in lines], "rules": rules(step)},
        "blob": blob.packed(),
    }


def _value(value: Value, kept: Array, blob: Blob, step: Step, full: bool) -> Json:
    array = value.array
    told: Json = {
        "name": value.name,
        "role": value.role,
        "of": value.of,
        "by": value.made_by,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        **look(value, step.show_as),
        "statistics": statistics(array),
    }
    if kept.shape != array.shape:
        told["kept"] = list(kept.shape)
    return {**told, "data": blob.store(kept, full)}


def statistics(array: Array) -> Json:
    """Exact: of the finite elements least, greatest, mean, deviation and norm, how many are 0, NaN or infinite, and a
    histogram."""
    x = array.astype(np.float64).ravel()
    finite = x[np.isfinite(x)]
    told: Json = {
        "zeros": int(np.sum(x == 0)),
        "nan": int(np.sum(np.isnan(x))),
        "infinite": int(np.sum(np.isinf(x))),
    }
    if not finite.size:
        return told
    low, high = float(finite.min()), float(finite.max())
    with np.errstate(over="ignore"):
        mean, deviation, norm = float(finite.mean()), float(finite.std()), float(np.linalg.norm(finite))
    told |= _plain({"least": low, "greatest": high, "mean": mean, "deviation": deviation, "norm": norm})
    if high > low and math.isfinite(high - low):
        counts, _ = np.histogram(finite, BINS, (low, high))
        told["histogram"] = counts.tolist()
    return told


def _operation(op: Operation, lines: list[tuple[str, int, str]], step: Step) -> Json:
    return {
        "phase": op.phase,
        "kind": op.kind,
        "name": op.name,
        "module": op.module,
        "operands": {name: _operand(x) for name, x in {**op.operands, **op.known}.items()},
        "result": op.result,
        **({"also": dict(op.also)} if op.also else {}),
        **({"static": static} if (static := _plain({k: x for k, x in op.static.items() if k not in op.known})) else {}),
        **({"saved": list(op.saved)} if op.saved else {}),
        **({"of": op.of} if op.of is not None else {}),
        **({"gathers": True} if op.gathers else {}),
        **({"rule": rule} if (rule := rule_name(op, step)) != op.name else {}),
        **({"says": said} if (said := sentence(step, op)) else {}),
        **({"line": lines.index(op.source)} if op.source else {}),
        "seconds": op.seconds,
        "flops": op.flops,
        "bytes": op.bytes,
    }


def _operand(x: Any) -> Any:
    """{"value": number}, {"values": numbers}, or {"plain": what was given}."""
    if isinstance(x, Ref):
        return {"value": int(x)}
    if isinstance(x, list | tuple) and any(isinstance(part, Ref) for part in x):
        return {"values": [int(part) if isinstance(part, Ref) else None for part in x]}
    return {"plain": _plain(x)}


def _plain(x: Any) -> Any:
    """x as JSON has it: numbers that aren't finite as "NaN", "Infinity", "-Infinity"; what isn't known as text."""
    if isinstance(x, Mapping):
        return {str(key): _plain(part) for key, part in x.items()}
    if isinstance(x, list | tuple):
        return [_plain(part) for part in x]
    if isinstance(x, np.ndarray):
        return _plain(x.tolist()) if x.size <= 64 else f"array {x.shape} of {x.dtype}"
    if isinstance(x, np.generic):
        return _plain(x.item())
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x if x is None or isinstance(x, bool | int | float | str) else _called(x)


def _called(x: Any) -> str:
    """What is no data, by its name: a repr may hold its address, which differs from run to run."""
    return str(
        getattr(x, "__name__", None) or (repr(x) if type(x).__repr__ is not object.__repr__ else type(x).__name__)
    )


def _too_large(step: Step, size: float) -> str:
    """What is large: by what it is, and the largest arrays."""
    roles: dict[str, list[Array]] = {}
    for v in step.values:
        roles.setdefault(v.role, []).append(v.array)
    kinds = sorted(((sum(a.nbytes for a in found), len(found), role) for role, found in roles.items()), reverse=True)
    told = [f"    {size / 1e6:6.1f} MB  {role}: {count} arrays" for size, count, role in kinds[:4]]
    largest = sorted(step.values, key=lambda v: -v.array.nbytes)[:8]
    told += [f"    {v.array.nbytes / 1e6:6.1f} MB  {v.name}  {v.array.shape}" for v in largest]
    rows = "\n".join(told)
    return (
        f"record: the trace is {size / 1e6:.0f} MB compressed, with two samples of the batch; expected at most "
        f"{REFUSE / 1e6:.0f} MB. Record a smaller model, fewer samples, or a shorter recurrence. Of "
        f"{sum(v.array.nbytes for v in step.values) / 1e6:.0f} MB in all the largest are\n{rows}"
    )


def dumps(trace: Mapping[str, Any]) -> str:
    """A trace or a film as JSON: all of it ASCII, half a character too. ValueError for a number that JSON hasn't."""
    return json.dumps(trace, allow_nan=False, separators=(",", ":"))


def save(trace: Mapping[str, Any], path: str | Path) -> None:
    """Write a trace as one JSON file, beside and renamed: what stood there stays until all of it is written."""
    with beside(Path(path)) as part:
        part.write_text(dumps(trace), "ascii")


def load(path: str | Path) -> Json:
    """A trace from a file. Raises ValueError for what is none, or is damaged: it says where."""
    try:
        trace = json.loads(Path(path).read_text("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"trace: {path} isn't JSON: {error}") from None
    if not isinstance(trace, dict) or trace.get("format") != FORMAT:
        found = trace.get("format") if isinstance(trace, dict) else type(trace).__name__
        raise ValueError(f"trace: {path} is {found!r}; expected {FORMAT}")
    try:
        check(trace)
        inflated(trace)
    except ValueError as error:
        raise ValueError(f"trace: {path} is damaged: {error}") from None
    return trace


def _refused(name: str) -> None:
    """What Python's JSON has beyond the true one."""
    raise ValueError(f"{name} stands for a number; expected the text {name!r}")
