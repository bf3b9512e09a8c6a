"""What an answer is worth: every case called, what was wrong told, in a process of its own with limits."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tinyxm.course.comparing import Difference, difference, nothing
from tinyxm.course.exercise import Case, Exercise, Function, Trap, said_of
from tinyxm.course.exercise import exercise as named

SEED = 20
TRIAL_TOLERANCE = 1e-4
UNWRITTEN = "not written yet"


@dataclass(frozen=True)
class Result:
    """One case: what was tried, whether it passed, what was wrong, and what that looks like.

    `known` is what is said of each known wrong answer that goes wrong here as this one does.
    """

    told: str
    passed: bool
    wrong: str = ""
    looks_like: str = ""
    square: bool = False
    known: tuple[str, ...] = ()

    @property
    def unwritten(self) -> bool:
        """Whether the stub's NotImplementedError is all that came."""
        return self.wrong == UNWRITTEN


@dataclass(frozen=True)
class Verdict:
    """An answer's results, and its share of the exercise's points, by the share of cases passed."""

    exercise: str
    results: tuple[Result, ...]
    of: int

    @property
    def passed(self) -> bool:
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def points(self) -> float:
        """To a tenth, downwards: full points are for what is right in full."""
        share = sum(result.passed for result in self.results) / max(len(self.results), 1)
        return int(share * self.of * 10 + 1e-9) / 10

    @property
    def remark(self) -> str:
        """What is seen only when the cases are looked at together."""
        if any(result.known for result in self.results):
            return ""  # what it is was said
        squares = [result.passed for result in self.results if result.square]
        others = [result.passed for result in self.results if not result.square]
        if squares and all(squares) and sum(others) < len(others) / 2:
            return "right for square shapes only: are rows and columns exchanged somewhere?"
        return ""


@dataclass(frozen=True)
class Try:
    """One call of an answer: what is tried, and, called with the function, its result."""

    told: str
    tried: Callable[[Function], Result]

    def __call__(self, function: Function) -> Result:
        return self.tried(function)


def tries(exercise: Exercise | str) -> list[Try]:
    """All that an answer to the exercise is tried by: its cases, and its trial in the package's place."""
    exercise = named(exercise) if isinstance(exercise, str) else exercise
    cases = exercise.cases(np.random.default_rng(SEED))
    found = [Try(case.told, partial(_tried, exercise, case)) for case in cases]
    return found + ([Try(exercise.trial_told, partial(_at_work, exercise))] if exercise.trial else [])


def grade(exercise: Exercise, function: Function, told: Callable[[Result], None] = lambda result: None) -> Verdict:
    """Try the function in this process; `told` hears each result as it comes, but once for all of a stub's."""
    results: list[Result] = []
    stub, heard = True, 0
    for tried in tries(exercise):
        results.append(tried(function))
        stub = stub and results[-1].unwritten
        if not stub:
            for result in results[heard:]:
                told(result)
            heard = len(results)
    if stub and results:
        results = [Result(exercise.function, False, UNWRITTEN)]
        told(results[0])
    return Verdict(exercise.name, settled(results), exercise.points)


def settled(results: Sequence[Result]) -> tuple[Result, ...]:
    """Results in which the same mistake has the same name.

    In a single case several mistakes may come to the same. The one that explains the most cases is named in all that it
    explains.
    """
    explained = Counter(told for result in results for told in result.known)

    def named(result: Result) -> Result:
        return replace(result, looks_like=max(result.known, key=explained.__getitem__)) if result.known else result

    return tuple(map(named, results))


def _tried(exercise: Exercise, case: Case, function: Function) -> Result:
    given = copy.deepcopy(case.arguments)
    try:
        with _quiet():
            got = function(*given)
    except NotImplementedError:
        return Result(case.told, False, UNWRITTEN, square=case.square)
    except Exception as error:
        known = _raising(exercise, lambda trap: trap(*copy.deepcopy(case.arguments)), error)
        return _named(case.told, _raised(error, function), known, square=case.square)
    for i, (before, after) in enumerate(zip(case.arguments, given, strict=True)):
        if _written(before, after):
            return Result(case.told, False, f"it writes to its argument {i + 1}: work on a copy", square=case.square)
    judge = case.expected if callable(case.expected) else None
    try:
        found = judge(got) if judge else difference(got, case.expected, case.tolerance, case.sizes)
    except Exception as error:
        found = f"this can't be judged ({type(error).__name__}: {error}): is it of the kind that was asked for?"
    if found is None:
        return Result(case.told, True, square=case.square)
    known = said_of(_trapped(exercise, lambda trap: trap(*copy.deepcopy(case.arguments)), got, case.tolerance))
    if not isinstance(found, Difference):
        return _named(case.told, str(found), known, nothing(got), case.square)
    found = replace(found, where=_by_name(found.where, exercise.returns))
    return _named(case.told, str(found), found.known or known, found.looks_like, case.square)


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


def _trapped(exercise: Exercise, run: Callable[[Function], Any], got: Any, tolerance: float) -> Iterator[Trap]:
    """The known wrong answers from which comes what came of this one."""
    for trap in exercise.traps:
        try:
            with _quiet():
                known = run(trap.function)
        except Exception:  # a trap may be one that fails
            continue
        if known is not None and difference(got, known, tolerance) is None:
            yield trap


def _raising(exercise: Exercise, run: Callable[[Function], Any], error: Exception) -> tuple[str, ...]:
    """What is said of the known wrong answers that fail with the same error."""
    alike = []
    for trap in exercise.traps:
        try:
            with _quiet():
                run(trap.function)
        except Exception as known:
            if type(known) is type(error) and str(known) == str(error):
                alike.append(trap)
    return said_of(alike)


def _at_work(exercise: Exercise, function: Function) -> Result:
    tried = exercise.trial_told
    assert exercise.trial
    try:
        with _quiet():
            got = exercise.trial(function)
    except NotImplementedError:
        return Result(tried, False, UNWRITTEN)
    except Exception as error:
        return _named(tried, _raised(error, function), _raising(exercise, exercise.trial, error))
    found = difference(got, exercise.trial(None), TRIAL_TOLERANCE)
    if found is None:
        return Result(tried, True)
    known = [*_trapped(exercise, exercise.trial, got, TRIAL_TOLERANCE)]
    if len(known) > 1 or (known and _yes_or_no(got)):  # the trial can't tell mistakes apart: the cases may
        passed = _passed(exercise, function)
        known = [trap for trap in known if _passed(exercise, trap.function) == passed]
    names = said_of(known)
    return _named(tried, str(found), names if len(names) == 1 else (), found.looks_like)


def _named(tried: str, wrong: str, known: tuple[str, ...], looks_like: str = "", square: bool = False) -> Result:
    """What went wrong, looking like the first of the known wrong answers that it may be, or like what is given."""
    return Result(tried, False, wrong, known[0] if known else looks_like, square, known)


def _yes_or_no(got: Any) -> bool:
    return all(map(_yes_or_no, got.values())) if isinstance(got, Mapping) else isinstance(got, bool | np.bool_)


def _passed(exercise: Exercise, function: Function) -> list[bool]:
    """Which cases a function passes."""
    bare = replace(exercise, traps=())
    return [_tried(bare, case, function).passed for case in exercise.cases(np.random.default_rng(SEED))]


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


OUT_OF_TIME = -getattr(signal, "SIGXCPU", 0) or None  # the status of a process whose processor time was used up


def check(exercise: Exercise, path: Path, megabytes: int = 8192) -> Verdict:
    """The verdict on a file, run in a process of its own: a file that loops, crashes or eats memory costs only itself.

    It may take `exercise.seconds` of processor time and `megabytes` of memory, where the system can limit them, and
    four times those seconds in all: a busy machine makes no answer wrong. Raises FileNotFoundError.
    """
    if not path.is_file():
        raise FileNotFoundError(f"check: there is no file {path}; begin with tinyxm check {exercise.short} --start")
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "results.jsonl")
        command = [sys.executable, "-m", "tinyxm.course.worker", exercise.name, str(path.resolve()), str(record)]
        with Path(folder, "printed").open("w+b") as printed:
            process = subprocess.Popen(
                [*command, str(megabytes), str(math.ceil(exercise.seconds))],
                cwd=folder,  # what it writes without a place of its own goes with it
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            too_long = "not done after {:.0f} s, and stopped: does every loop end?"
            try:
                status = process.wait(4 * exercise.seconds)
                out_of_time = status == OUT_OF_TIME
                by_itself = f"the answer ended the program, with status {status}"
                ended = too_long.format(exercise.seconds) if out_of_time else by_itself
            except subprocess.TimeoutExpired:
                ended = too_long.format(4 * exercise.seconds)
            finally:
                _end(process)
            printed.seek(0)
            said = printed.read()[-400:].decode("utf-8", "replace").strip()
        lines = record.read_text("utf-8").split("\n")[:-1] if record.exists() else []  # the last may be cut short
    told = [json.loads(line) for line in lines]
    whole = [Result(**{**line, "known": tuple(line["known"])}) for line in told if "told" in line]
    if not told or "done" not in told[-1]:
        last = said.splitlines()[-1] if said and "status" in ended else ""
        whole.append(Result(f"case {len(whole) + 1}", False, f"{ended}{last and ': '}{last}"))
        missing = range(len(whole), told[0]["cases"] if told else 0)
        whole += [Result(f"case {i + 1}", False, "not reached") for i in missing]
    return Verdict(exercise.name, settled(whole), exercise.points)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it may have started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
