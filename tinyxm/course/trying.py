"""An answer tried: what comes of each call of it, and which known wrong answer goes the same way in all of them."""

from __future__ import annotations

import contextlib
import copy
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tinyxm.course.comparing import Difference, difference, nothing
from tinyxm.course.exercise import Case, Exercise, Function
from tinyxm.course.exercise import exercise as named

SEED = 20
TRIAL_TOLERANCE = 1e-4
UNWRITTEN = "not written yet"


@dataclass(frozen=True)
class Result:
    """One case: what was tried, whether it passed, what was wrong, and what that looks like."""

    told: str
    passed: bool
    wrong: str = ""
    looks_like: str = ""
    square: bool = False

    @property
    def unwritten(self) -> bool:
        """Whether the stub's NotImplementedError is all that came."""
        return self.wrong == UNWRITTEN


@dataclass(frozen=True)
class Outcome:
    """What came of one call: its result; and, to know a like one by, what was returned, or in words why nothing was."""

    result: Result
    came: Any = None
    stopped: str = ""

    @property
    def tells(self) -> bool:
        """Whether anything came but NaN, infinity, or a bare yes or no."""
        return not self.stopped and _tells(self.came)

    def like(self, other: Outcome, tolerance: float | None) -> bool:
        """Whether both are right, or stopped by the same error, or wrong with the same numbers (None: by the same yes
        and no, whatever the numbers)."""
        if self.result.passed or other.result.passed:
            return self.result.passed and other.result.passed
        if self.stopped or other.stopped:
            return self.stopped == other.stopped
        if tolerance is None:
            return _said(self.came) == _said(other.came)
        return other.came is not None and difference(self.came, other.came, tolerance) is None


@dataclass(frozen=True)
class Try:
    """One call of an answer: what is tried, what comes of it for a function, and how near two that are alike come.

    None where they needn't: training that goes wrong makes roundings large.
    """

    told: str
    outcome: Callable[[Function], Outcome]
    tolerance: float | None = None

    def __call__(self, function: Function) -> Result:
        return self.outcome(function).result


def tries(exercise: Exercise | str) -> list[Try]:
    """All that an answer to the exercise is tried by: its cases, and its trial in the package's place."""
    exercise = named(exercise) if isinstance(exercise, str) else exercise
    found = [
        Try(case.told, partial(_called, exercise, case), case.tolerance)
        for case in exercise.cases(np.random.default_rng(SEED))
    ]
    if exercise.trial:
        found.append(Try(exercise.trial_told, partial(_at_work, exercise)))
    return found


def known(exercise: Exercise, tried: Sequence[Try], outcomes: Sequence[Outcome]) -> tuple[str, list[int]]:
    """What is said of the known wrong answer that goes as this one does, and in which tries; ("", []) if none does.

    It must do so in every try, right or wrong: in a single one different mistakes may come to the same, as σ(0) =
    1 − σ(0). An error or NaN may be another mistake, though, told by itself: where none is known that has these, too,
    all the others must agree, and of those two at least be wrong.
    """
    right = [i for i, outcome in enumerate(outcomes) if outcome.result.passed]
    failed = [i for i, outcome in enumerate(outcomes) if not outcome.result.passed]
    telling = [i for i in failed if outcomes[i].tells]
    anything = any(outcome.tells or outcome.stopped for outcome in outcomes)
    for wrong in (failed if anything else [], telling if len(telling) > 1 else []):
        for trap in exercise.traps if wrong else ():
            if all(outcomes[i].like(tried[i].outcome(trap.function), tried[i].tolerance) for i in (*wrong, *right)):
                return trap.told, wrong
    return "", []


def _said(value: Any) -> list[bool]:
    """Each yes and no of what came."""
    parts = value.values() if isinstance(value, Mapping) else [value]
    return [bool(part) for part in parts if isinstance(part, bool | np.bool_)]


def _tells(value: Any) -> bool:
    if isinstance(value, Mapping | list | tuple):
        return any(map(_tells, value.values() if isinstance(value, Mapping) else value))
    if value is None or isinstance(value, bool | np.bool_):
        return False
    array = np.asarray(value)
    return bool(np.isfinite(array).any()) if array.dtype.kind in "fc" else array.size > 0


def _ran(act: Callable[[], Any], function: Function, wrong: Callable[[str], Result]) -> tuple[Any, Outcome | None]:
    """What the act gives, or what came where the function stopped it."""
    try:
        with _quiet():
            return act(), None
    except NotImplementedError:
        return None, Outcome(wrong(UNWRITTEN), stopped=UNWRITTEN)
    except Exception as error:
        return None, Outcome(wrong(_raised(error, function)), stopped=_in_words(error))


def _called(exercise: Exercise, case: Case, function: Function) -> Outcome:
    wrong = partial(Result, case.told, False, square=case.square)
    given = copy.deepcopy(case.arguments)
    got, stopped = _ran(lambda: function(*given), function, wrong)
    if stopped:
        return stopped
    for i, (before, after) in enumerate(zip(case.arguments, given, strict=True)):
        if _written(before, after):
            told = f"it writes to its argument {i + 1}: work on a copy"
            return Outcome(wrong(told), stopped=told)
    try:
        judge = case.expected if callable(case.expected) else None
        found = judge(got) if judge else difference(got, case.expected, case.tolerance, case.sizes)
    except Exception as error:
        found = f"this can't be judged ({type(error).__name__}: {error}): is it of the kind that was asked for?"
    if found is None:
        return Outcome(Result(case.told, True, square=case.square), got)
    if not isinstance(found, Difference):
        return Outcome(wrong(str(found), nothing(got)), got)
    found = replace(found, where=_by_name(found.where, exercise.returns))
    return Outcome(wrong(str(found), found.looks_like), found.way or got)


def _at_work(exercise: Exercise, function: Function) -> Outcome:
    wrong, trial = partial(Result, exercise.trial_told, False), exercise.trial
    assert trial
    got, stopped = _ran(lambda: trial(function), function, wrong)
    if stopped:
        return stopped
    found = difference(got, trial(None), TRIAL_TOLERANCE)
    if found is None:
        return Outcome(Result(exercise.trial_told, True), got)
    return Outcome(wrong(str(found), found.looks_like), got)


def _by_name(where: str, returns: Sequence[str]) -> str:
    """A place, such as [1][0, 2], with the part's name for its number: recall[0, 2]."""
    for i, name in enumerate(returns):
        if where.startswith(f"[{i}]"):
            return name + where.removeprefix(f"[{i}]")
    return where


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without NumPy's warnings: what overflows is seen in the numbers."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _written(before: Any, after: Any) -> bool:
    """Whether an array, or one within lists and dicts, isn't what it was."""
    if isinstance(before, np.ndarray):
        return not np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    if isinstance(before, Mapping):
        return before.keys() != after.keys() or any(_written(before[key], after[key]) for key in before)
    if isinstance(before, list | tuple):
        return len(before) != len(after) or any(map(_written, before, after))
    return False


def _in_words(error: Exception) -> str:
    """An error, as far as another answer with the same mistake has it, too."""
    return type(error).__name__ if isinstance(error, RecursionError) else f"{type(error).__name__}: {error}"


def _raised(error: Exception, function: Function) -> str:
    """An error in the student's function, with the line of theirs that made it."""
    line, theirs = "", getattr(getattr(function, "__code__", None), "co_filename", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == theirs:
            line = f", at line {frame.lineno}: {frame.line}"
    return f"{type(error).__name__}: {_plain(str(error).strip())}{line}"


def _plain(said: str) -> str:
    """What NumPy says of a matrix product whose operands don't fit, without the signature of its inner loop."""
    if sizes := re.match(r"matmul: Input operand .* \(size (\d+) is different from (\d+)\)", said):
        return f"@ can't multiply these: the lengths that it sums over are {sizes[2]} and {sizes[1]}"
    if re.match(r"matmul: Input operand \d does not have enough dimensions", said):
        return "@ can't multiply these: one is a single number, not an array"
    return said
