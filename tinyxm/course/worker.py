"""The process that an answer runs in: `python -m tinyxm.course.worker EXERCISE FILE RECORD MEGABYTES SECONDS`.

It writes the number of cases to the record, then each one's result as it comes, a line of JSON each, so that what was
done before an answer hung or crashed is known; the last line says that all is done, and the known mistake that it is.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tinyxm.course.exercise import Exercise, exercise, load
from tinyxm.course.grading import grade
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

        def told(result: Result) -> None:
            print(json.dumps(asdict(result)), file=lines, flush=True)

        print(json.dumps({"cases": len(tries(asked))}), file=lines, flush=True)
        sys.path.insert(0, str(path.parent))
        mistake = ""
        try:
            function = getattr(load(path), asked.function, None)
        except BaseException as error:
            told(Result("the file is read", False, f"{type(error).__name__}: {error}"))
        else:
            if callable(function):
                mistake = grade(asked, function, told).mistake
            else:
                told(Result("the file is read", False, f"it defines no function {asked.function}"))
        print(json.dumps({"done": True, "mistake": mistake}), file=lines, flush=True)


if __name__ == "__main__":
    name, file, record, megabytes, seconds = sys.argv[1:]
    limit(int(megabytes), int(seconds))
    results_of(exercise(name), Path(file), Path(record))
