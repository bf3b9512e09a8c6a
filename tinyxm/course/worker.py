"""The process that an answer runs in: `python -m tinyxm.course.worker EXERCISE FILE RECORD MEGABYTES SECONDS`.

It writes the number of cases to the record, then each one's result as it comes, a line of JSON each, so that what was
done before an answer hung or crashed is known; and last, when all is done, the verdict.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyxm.course.exercise import Exercise, exercise, load
from tinyxm.course.grading import Verdict, grade
from tinyxm.course.trying import Result, tries


def limit(megabytes: int, seconds: int) -> None:
    """Keep this process to so much memory and processor time, and to files of 100 MB, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    most_of = {
        resource.RLIMIT_AS: megabytes << 20,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 100 << 20,
    }
    for kind, most in most_of.items():
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def results_of(asked: Exercise, path: Path, record: Path) -> None:
    """Grade the file, writing each result as it comes."""
    with record.open("a", encoding="utf-8") as lines:

        def write(line: dict[str, Any]) -> None:
            print(json.dumps(line), file=lines, flush=True)

        write({"cases": len(tries(asked))})
        sys.path.insert(0, str(path.parent))
        write(asdict(_verdict(asked, path, lambda result: write(asdict(result)))))


def _verdict(asked: Exercise, path: Path, told: Callable[[Result], None]) -> Verdict:
    try:
        function = getattr(load(path), asked.function, None)
    except BaseException as error:
        wrong = f"{type(error).__name__}: {error}"
    else:
        if callable(function):
            return grade(asked, function, told)
        wrong = f"it defines no function {asked.function}"
    return Verdict(asked.name, (Result("the file is read", False, wrong),), asked.points)


if __name__ == "__main__":
    name, file, record, megabytes, seconds = sys.argv[1:]
    limit(int(megabytes), int(seconds))
    results_of(exercise(name), Path(file), Path(record))
