"""What an answer is worth: every case called, what was wrong told, in a process of its own with limits."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tinyxm.course.exercise import Exercise, Function
from tinyxm.course.trying import UNWRITTEN, Outcome, Result, known, tries


@dataclass(frozen=True)
class Verdict:
    """An answer's results, and its share of the exercise's points, by the share of cases passed.

    `mistake` is what is said of the known wrong answer that it is, "" where it is none.
    """

    exercise: str
    results: tuple[Result, ...]
    of: int
    mistake: str = ""

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
        if self.mistake:
            return ""
        squares = [result.passed for result in self.results if result.square]
        others = [result.passed for result in self.results if not result.square]
        if squares and all(squares) and sum(others) < len(others) / 2:
            return "right for square shapes only: are rows and columns exchanged somewhere?"
        return ""


def grade(exercise: Exercise, function: Function, told: Callable[[Result], None] = lambda result: None) -> Verdict:
    """Try the function in this process; `told` hears each result as it comes, but once for all of a stub's.

    A known wrong answer is named when all is tried, in the verdict.
    """
    tried, outcomes = tries(exercise), list[Outcome]()
    stub, heard = True, 0
    for each in tried:
        outcomes.append(each.outcome(function))
        stub = stub and outcomes[-1].result.unwritten
        if not stub:
            for outcome in outcomes[heard:]:
                told(outcome.result)
            heard = len(outcomes)
    if stub and outcomes:
        told(Result(exercise.function, False, UNWRITTEN))
        return Verdict(exercise.name, (Result(exercise.function, False, UNWRITTEN),), exercise.points)
    mistake, where = known(exercise, tried, outcomes)
    results = [
        replace(outcome.result, looks_like=mistake) if i in where else outcome.result
        for i, outcome in enumerate(outcomes)
    ]
    return Verdict(exercise.name, tuple(results), exercise.points, mistake)


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
            too_long, by_itself = "not done after {:.0f} s, and stopped: does every loop end?", False
            try:
                status = process.wait(4 * exercise.seconds)
                by_itself = status != OUT_OF_TIME
                ended = too_long.format(exercise.seconds)
            except subprocess.TimeoutExpired:
                ended = too_long.format(4 * exercise.seconds)
            finally:
                _end(process)
            printed.seek(0)
            said = printed.read()[-400:].decode("utf-8", "replace").strip().rpartition("\n")[2]
        lines = record.read_text("utf-8").split("\n")[:-1] if record.exists() else []  # the last may be cut short
    told = [json.loads(line) for line in lines]
    if told and "mistake" in told[-1]:
        results = (Result(**line) for line in told[-1]["results"])
        return Verdict(exercise.name, tuple(results), exercise.points, told[-1]["mistake"])
    whole = [Result(**line) for line in told if "told" in line]
    cases = told[0]["cases"] if told else 1
    if len(whole) < cases:
        if by_itself:
            ended = f"the answer ended the program, with status {status}{said and ': '}{said}"
        whole.append(Result(f"case {len(whole) + 1}", False, ended))
    whole += [Result(f"case {i + 1}", False, "not reached") for i in range(len(whole), cases)]
    return Verdict(exercise.name, tuple(whole), exercise.points)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it may have started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
