"""Where an answer first differs from what was expected, and what that looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Difference:
    """What is wrong with an answer: where first (an index, or words), what stood there, what was expected, and what it
    looks like ("" where it looks like nothing known). `way`: in which way it is wrong, where a judge can tell, to know
    other answers by that are wrong in the same.
    """

    where: str
    got: str
    expected: str
    looks_like: str = ""
    way: str = ""

    def __str__(self) -> str:
        place = f"at {self.where}: " if self.where else ""
        return f"{place}got {self.got}, expected {self.expected}"


def difference(
    got: Any, expected: Any, tolerance: float = 1e-5, sizes: Mapping[str, int] | None = None
) -> Difference | None:
    """The first difference of an answer, or None: |got − expected| ≤ tolerance · (1 + |expected|) everywhere.

    Numbers, arrays, strings, and tuples, lists and dicts of them. `sizes` names lengths that a wrong factor may be.
    """
    if isinstance(expected, Mapping):
        return _of_dicts(got, expected, tolerance, sizes or {})
    if isinstance(expected, list | tuple) and not _numbers(expected):
        return _of_sequences(got, expected, tolerance, sizes or {})
    if isinstance(expected, str | bool | None):
        same = type(got) is type(expected) and got == expected
        same |= isinstance(expected, bool) and isinstance(got, np.bool_) and bool(got) is expected
        return None if same else Difference("", repr(got)[:80], repr(expected)[:80], nothing(got))
    return _of_arrays(got, np.asarray(expected), tolerance, sizes or {})


def nothing(got: Any) -> str:
    """What is said of an answer that is None, "" of any other."""
    return "it returns None: is a return missing?" if got is None else ""


def _numbers(values: Any) -> bool:
    """Whether a list is one of numbers, to be compared as an array."""
    return bool(values) and all(isinstance(value, int | float | np.number) for value in values)


def _within(found: Difference, at: str) -> Difference:
    return Difference(f"{at}{found.where}", found.got, found.expected, found.looks_like)


def _of_dicts(got: Any, expected: Mapping[Any, Any], tolerance: float, sizes: Mapping[str, int]) -> Difference | None:
    if not isinstance(got, Mapping):
        return Difference("", _kind(got), "a dict", nothing(got))
    for key in [*expected, *(key for key in got if key not in expected)]:
        if key not in got or key not in expected:
            return Difference(
                f"[{key!r}]", "no such key" if key not in got else "the key", "it" if key in expected else "none"
            )
        found = difference(got[key], expected[key], tolerance, sizes)
        if found and expected[key] is True and isinstance(got[key], bool | np.bool_):
            return Difference(str(key), "no", "yes")
        if found:
            return _within(found, f"[{key!r}]")
    return None


def _of_sequences(got: Any, expected: Any, tolerance: float, sizes: Mapping[str, int]) -> Difference | None:
    if not isinstance(got, list | tuple | np.ndarray):
        return Difference("", _kind(got), f"a {type(expected).__name__} of {len(expected)}", nothing(got))
    if len(got) != len(expected):
        return Difference("", f"{len(got)} of them: {_short(got)}", f"{len(expected)}: {_short(expected)}")
    for i, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
        found = difference(ours, theirs, tolerance, sizes)
        if found:
            exchanged = isinstance(expected, tuple) and _exchanged(got, expected, tolerance)
            return _within(replace(found, looks_like="the parts are exchanged") if exchanged else found, f"[{i}]")
    return None


def _exchanged(got: Any, expected: tuple[Any, ...], tolerance: float) -> bool:
    """Whether the parts would be right in another order; with more than four, nobody could tell which was meant."""

    def right(parts: tuple[Any, ...]) -> bool:
        return all(difference(ours, theirs, tolerance) is None for ours, theirs in zip(parts, expected, strict=True))

    return 1 < len(expected) <= 4 and any(map(right, permutations(got)))


def _kind(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__} {_short(value)}"


def _short(value: Any) -> str:
    """What a value is, on one line: arrays by their shapes."""
    if isinstance(value, np.ndarray):
        return f"array of the shape {value.shape}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_short, value))
        written = f"[{inner}]" if isinstance(value, list) else f"({inner})"
    else:
        written = " ".join(repr(value).split())
    return written if len(written) <= 80 else f"{written[:77]}..."


def _of_arrays(got: Any, expected: NDArray[Any], tolerance: float, sizes: Mapping[str, int]) -> Difference | None:
    try:
        answer = np.asarray(got.data if hasattr(got, "requires_grad") else got)
    except (ValueError, TypeError):
        answer = np.asarray(None)
    if answer.dtype.kind not in "biufc":
        return Difference("", _kind(got), f"numbers of the shape {expected.shape}", nothing(got))
    if answer.shape != expected.shape:
        return Difference("", f"the shape {answer.shape}", f"{expected.shape}", _shaped(answer, expected, tolerance))
    wrong = ~_close(answer, expected, tolerance)
    if not wrong.any():
        return None
    first = tuple(int(i) for i in np.argwhere(wrong)[0]) if expected.ndim else ()
    where = f"[{', '.join(map(str, first))}]" if first else ""
    return Difference(
        where, f"{answer[first]:.6g}", f"{expected[first]:.6g}", diagnosis(answer, expected, tolerance, sizes)
    )


def _close(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    if b.dtype.kind in "biu" and a.dtype.kind in "biu":
        return np.asarray(a == b)
    return np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _shaped(answer: NDArray[Any], expected: NDArray[Any], tolerance: float) -> str:
    if not answer.any():
        return ""  # zeros are right too easily
    if answer.T.shape == expected.shape and _close(answer.T, expected, tolerance).all():
        return "it is right, but transposed"
    if answer.size == expected.size and _close(answer.reshape(expected.shape), expected, tolerance).all():
        return "the numbers are right: only the shape isn't; is a keepdims missing or too many?"
    if answer.size and answer.ndim == expected.ndim + 1:
        for axis in range(answer.ndim):
            for name, reduced in (("sum", answer.sum(axis)), ("mean", answer.mean(axis))):
                if reduced.shape == expected.shape and _close(reduced, expected, tolerance).all():
                    return f"its {name} over axis {axis} would be right: is it missing?"
    if answer.ndim == 0 and expected.ndim:
        return "a single number: is it summed over too much?"
    return ""


@np.errstate(all="ignore")
def diagnosis(
    answer: NDArray[Any], expected: NDArray[Any], tolerance: float = 1e-5, sizes: Mapping[str, int] | None = None
) -> str:
    """What a wrong answer of the right shape looks like, or "".

    Seen are the sign, a factor (such as 1/batch), a transposition, an offset, an order, and a part that is right.
    """
    if expected.dtype.kind == "b":
        return "each is the opposite of what it should be" if (answer != expected).all() else ""
    answer, expected = answer.astype(np.float64), expected.astype(np.float64)
    if not np.isfinite(answer).all() and np.isfinite(expected).all():
        kind = "NaN" if np.isnan(answer).any() else "infinity"
        return f"there is {kind} in it: an overflow, a division by zero, or the logarithm of 0?"
    if not np.isfinite(expected).all():
        return ""
    if not answer.any():
        return "all zeros"

    def same(other: NDArray[Any]) -> bool:
        return other.shape == answer.shape and bool(_close(answer, other, tolerance).all())

    if same(-expected):
        return "the sign is wrong"
    return (
        _scaled(answer, expected, tolerance, sizes or {})
        or (answer.ndim == 2 and same(expected.T) and "transposed: the shape hides it, since it is square")
        or _ordered(answer, expected, same)
        or _partly(answer, expected, tolerance, sizes or {})
        or ""
    )


def _scaled(answer: NDArray[Any], expected: NDArray[Any], tolerance: float, sizes: Mapping[str, int]) -> str:
    """Told where every element is the same number of times too large or too small, or off by the same number."""
    largest = np.unravel_index(np.abs(expected).argmax(), expected.shape)
    if not expected[largest] or not answer[largest]:
        return ""
    factor = float(answer[largest] / expected[largest])
    if _close(answer, factor * expected, 10 * tolerance).all():
        return _factor(factor, expected, sizes)
    offset = answer - expected
    constant = answer.size > 1 and _close(offset, offset.flat[0] + np.zeros_like(offset), tolerance).all()
    return f"each is {offset.flat[0]:+.6g} off: a constant is added" if constant else ""


def _factor(factor: float, expected: NDArray[Any], sizes: Mapping[str, int]) -> str:
    """Told where the number can be: a small whole one, or a length of the arrays, or the root of one. Any other may be
    an accident."""
    sign = "of the wrong sign and " if factor < 0 else ""
    size, many = abs(factor), abs(factor) > 1
    times = f"{sign}exactly {_number(size if many else 1 / size)} times too {'large' if many else 'small'}"
    for name, length in sizes.items():
        if length > 1 and np.isclose(max(size, 1 / size), length, rtol=1e-3):
            question = (
                f"is a mean (or 1/{name}) missing" if many else "is it divided by once too often, or a sum missing"
            )
            return f"{times}, and {length} is the {name}: {question}?"
        if length > 1 and np.isclose(max(size, 1 / size), length**0.5, rtol=1e-3):
            return f"{times}, the square root of {length}, the {name}"
    tellable = [number for whole in (*range(2, 13), *expected.shape, expected.size) for number in (whole, whole**0.5)]
    return times if expected.size > 1 and np.isclose(max(size, 1 / size), tellable, rtol=1e-3).any() else ""


def _number(value: float) -> str:
    return f"{round(value)}" if np.isclose(value, round(value), rtol=1e-3) else f"{value:.4g}"


def _ordered(answer: NDArray[Any], expected: NDArray[Any], same: Any) -> str:
    for axis in range(expected.ndim):
        along = f" along axis {axis}" if expected.ndim > 1 else ""
        if expected.shape[axis] > 1:
            if same(np.flip(expected, axis)):
                return f"in the reverse order{along}"
            if same(np.roll(expected, 1, axis)) or same(np.roll(expected, -1, axis)):
                return f"shifted by one{along}"
    if answer.size > 2 and np.allclose(np.sort(answer, axis=None), np.sort(expected, axis=None)):
        return "the right numbers in another order"
    return ""


def _partly(answer: NDArray[Any], expected: NDArray[Any], tolerance: float, sizes: Mapping[str, int]) -> str:
    """Told where some rows, or all but an edge, are right."""
    right = _close(answer, expected, tolerance)
    if expected.ndim and len(expected) > 2:
        rows = np.asarray(right.reshape(len(right), -1).all(axis=1))
        if rows[0] and not rows[1:].any():
            seen = f"only the first{' row' * (expected.ndim > 1)} is right"
            batch = sizes.get("batch") == len(expected)
            return f"{seen}: does it see the first of the batch alone?" if batch else seen
        if rows[:-1].all():
            return "all but the last are right: does a loop end too early?"
        if rows[1:].all():
            return "all but the first are right: does a loop begin too late?"
    return f"{right.mean():.0%} of it is right" if right.mean() >= 0.5 else ""
