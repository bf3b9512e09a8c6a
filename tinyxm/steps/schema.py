"""What a trace must hold, as docs/trace.md describes it: checked before anything is made of a file."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyxm.steps.looks import KINDS
from tinyxm.steps.step import PHASES


@dataclass(frozen=True)
class Below:
    """A whole number from 0: of one of the trace's `of`, such as its values; without that any."""

    of: str = ""


@dataclass(frozen=True)
class Named:
    """An object whose keys are names of the user's, each with `one` such."""

    one: Any


# A type; None for null; a set of texts; a tuple of what it may be; [x], a list of any number of x; [x, y], of these
# two; {"name": x}, an object with these keys, and maybe with those that end in "?".
SIZE, VALUE, OPERATION = Below(), Below("values"), Below("operations")
FINITE = {"least", "greatest", "mean", "deviation", "norm"}  # a value's statistics, where any of its numbers is
NUMBER = (int, float, {"NaN", "Infinity", "-Infinity"})
TRACE = {
    "title": str,
    "kept?": (None, {"samples": [SIZE], "of": SIZE}),
    "phases": [set(PHASES)],
    "loss": (None, VALUE),
    "values": [
        {
            "name": str,
            "role": {"input", "constant", "parameter", "buffer", "activation", "gradient", "state"},
            "of": (None, VALUE),
            "by": (None, OPERATION),
            "shape": [SIZE],
            "dtype": str,
            "shown": KINDS | {"maps"},
            "pixels?": {"channels": [SIZE], "black": NUMBER, "white": NUMBER},
            "statistics": {
                **dict.fromkeys(("zeros", "nan", "infinite"), SIZE),
                **dict.fromkeys((f"{name}?" for name in FINITE), NUMBER),
                **dict.fromkeys(("least?", "greatest?"), (int, float)),
                "histogram?": [SIZE],
            },
            "kept?": [SIZE],
            "data": {"at": SIZE, "type": {"float64", "float32", "float16", "int32", "uint8"}, "scale?": NUMBER},
        }
    ],
    "operations": [
        {
            "phase": set(PHASES),
            "kind": {"forward", "adjoint", "accumulate", "hook", "clip", "update", "data", "norm", "after", "hand"},
            "name": str,
            "module": str,
            "operands": Named(({"value": VALUE}, {"values": [(None, VALUE)]}, {"plain": object})),
            "result": (None, VALUE),
            "also?": Named(VALUE),
            "static?": Named(object),
            "saved?": [str],
            "of?": OPERATION,
            "gathers?": bool,
            "says?": str,
            "rule?": str,
            "line?": Below("lines"),
            **dict.fromkeys(("seconds", "flops", "bytes"), NUMBER),
        }
    ],
    "modules": Named(str),
    "words?": Named([str]),
    "updates": [
        {
            **{"name": str, "operation": str, "settings": Named(object), "clipped": (None, VALUE)},
            **{"before": VALUE, "gradient": VALUE, "after": VALUE, "state": Named([VALUE, VALUE])},
        }
    ],
    "clips?": [{"name": str, "limit": NUMBER, "norm": NUMBER, "operations": [OPERATION]}],
    "repeats?": [{"first": OPERATION, "last": OPERATION, "starts": [OPERATION], "module": str}],
    "contrasts?": [
        {
            **{"kind": {"softmax", "sigmoid"}, "operation": OPERATION, "similarity": VALUE},
            **dict.fromkeys(("masked", "rows", "columns"), (None, VALUE)),
        }
    ],
    "fine?": [str],
    "diagnoses?": [{"name": str, "sign": str, "mend": str, "operation": (None, OPERATION)}],
    "checks?": [
        {
            **{"value": VALUE, "cell": [SIZE], "sides?": (None, [NUMBER, NUMBER])},
            **dict.fromkeys(("gradient", "difference", "error"), NUMBER),
        }
    ],
    "checked?": {"parameters": SIZE, "of": SIZE},
    "code": {
        "lines": [{"file": str, "line": int, "function": str, "text": Named(str)}],
        "rules": Named({"code": str, "formula?": str, "underived?": str}),
    },
    "blob": str,
}


def check(trace: Mapping[str, Any]) -> None:
    """Raise ValueError, which says where, what is given and what was expected, unless it holds what TRACE says."""
    _holds(trace, {"values": [object], "operations": [object], "code": {"lines": [object]}}, "", {})
    lists = {"values": trace["values"], "operations": trace["operations"], "lines": trace["code"]["lines"]}
    _holds(trace, TRACE, "", {name: len(found) for name, found in lists.items()})
    for i, value in enumerate(trace["values"]):
        shape, kept = value["shape"], value.get("kept", value["shape"])
        if len(kept) != len(shape) or any(k > n for k, n in zip(kept, shape, strict=True)):
            raise ValueError(f"values[{i}].kept is {kept}; expected a part of its shape, {shape}")
        if len(missing := FINITE - value["statistics"].keys()) not in (0, len(FINITE)):
            raise ValueError(f"values[{i}].statistics has no {min(missing)!r}, but others of what is finite")
        if value["data"]["at"] % 8:
            raise ValueError(f"values[{i}].data.at is {value['data']['at']}; expected a multiple of 8")
    before = -1
    for i, repeat in enumerate(trace.get("repeats", ())):
        first, last, starts = repeat["first"], repeat["last"], repeat["starts"]
        if not starts or not before < first <= starts[0] <= starts[-1] <= last or starts != sorted({*starts}):
            raise ValueError(
                f"repeats[{i}] is from {first} to {last} with the starts {reprlib.repr(starts)}; expected starts in "
                "their order within it, and each repetition behind the one before"
            )
        before = last


def _holds(given: Any, wanted: Any, where: str, counts: Mapping[str, int]) -> None:
    """Raise ValueError where one of the trace's parts isn't what is wanted."""
    if isinstance(wanted, Named) and isinstance(given, dict):
        for name, part in given.items():
            _holds(part, wanted.one, f"{where}.{name}", counts)
    elif isinstance(wanted, dict) and isinstance(given, dict):
        for key, one in wanted.items():
            name = key.removesuffix("?")
            if name in given:
                _holds(given[name], one, f"{where}.{name}" if where else name, counts)
            elif name == key:
                raise ValueError(f"{where or 'it'} has no {name!r}")
    elif isinstance(wanted, list) and isinstance(given, list) and len(wanted) in (1, len(given)):
        for i, part in enumerate(given):
            _holds(part, wanted[i if len(wanted) > 1 else 0], f"{where}[{i}]", counts)
    elif not _is(given, wanted, counts):
        raise ValueError(f"{where} is {reprlib.repr(given)}; expected {_told(wanted, counts)}")


def _is(given: Any, wanted: Any, counts: Mapping[str, int]) -> bool:
    if isinstance(wanted, Below):
        return type(given) is int and given >= 0 and (not wanted.of or given < counts[wanted.of])
    if isinstance(wanted, tuple):
        return any(_fits(given, one, counts) for one in wanted)
    if isinstance(wanted, set):
        return isinstance(given, str) and given in wanted
    return wanted is object or (given is None if wanted is None else type(given) is wanted)


def _fits(given: Any, wanted: Any, counts: Mapping[str, int]) -> bool:
    try:
        _holds(given, wanted, "", counts)
    except ValueError:
        return False
    return True


def _told(wanted: Any, counts: Mapping[str, int]) -> str:
    if isinstance(wanted, Below):
        return f"the number of one of {counts[wanted.of]} {wanted.of}" if wanted.of else "a whole number from 0"
    if isinstance(wanted, tuple):
        return ", or ".join(dict.fromkeys(_told(one, counts) for one in reversed(wanted)))
    if isinstance(wanted, set):
        return " or ".join(map(repr, sorted(wanted)))
    if isinstance(wanted, list):
        return "a list" if len(wanted) == 1 else f"a list of {len(wanted)}"
    if isinstance(wanted, dict):
        return f"an object of {', '.join(map(repr, wanted))}"
    if isinstance(wanted, Named):
        return "an object"
    return (
        "null"
        if wanted is None
        else {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[wanted]
    )
