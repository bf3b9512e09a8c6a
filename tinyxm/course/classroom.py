"""A class's answers graded together: a row per student as CSV, and a page that says what the class still gets wrong."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tinyxm.course.exercise import Exercise
from tinyxm.course.grading import Verdict, check
from tinyxm.training.folder import beside
from tinyxm.training.report import Grid, Part, Section, write_report

Verdicts = dict[str, dict[str, Verdict | None]]


@dataclass(frozen=True)
class Classroom:
    """Verdicts by student and exercise, None where nothing was handed in; and remarks, by student, on files that an
    exercise's name stands on and that weren't graded.
    """

    exercises: Sequence[Exercise]
    verdicts: Verdicts
    remarks: Mapping[str, Sequence[str]]

    def points(self, student: str) -> float:
        return round(sum(verdict.points for verdict in self.verdicts[student].values() if verdict), 1)

    @property
    def of(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    def write_csv(self, path: Path) -> None:
        """A row per student: the points of each exercise (empty: nothing handed in), the sum, and of how many."""
        with beside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["student", *(exercise.short for exercise in self.exercises), "points", "of"])
            for student, verdicts in self.verdicts.items():
                points = [f"{verdict.points:g}" if verdict else "" for verdict in verdicts.values()]
                rows.writerow([student, *points, f"{self.points(student):g}", self.of])

    def write_page(self, path: Path) -> None:
        """Points, then each exercise with its commonest mistakes, then each student with what is first wrong."""
        shorts = [exercise.short for exercise in self.exercises]
        rows = [
            (student, *(f"{verdict.points:g}" if verdict else "–" for verdict in verdicts.values()), self._sum(student))
            for student, verdicts in self.verdicts.items()
        ]
        exercises = [(f"{exercise.short} {exercise.title}", *self._solved(exercise)) for exercise in self.exercises]
        mistakes = [mistake for exercise in self.exercises for mistake in self._mistakes(exercise)]
        students: list[Part] = []
        for student in self.verdicts:
            students += [f"{student}:", [*self._wrong(student), *self.remarks[student]]]
        write_report(
            path,
            "The class's exercises",
            f"Students: {len(self.verdicts)}. Exercises: {len(self.exercises)}, of {self.of} points. "
            "A dash: nothing handed in.",
            [
                Section("Points", [Grid(("student", *shorts, f"of {self.of}"), rows)]),
                Section("Exercises", [Grid(("exercise", "handed in", "solved"), exercises)]),
                Section("Commonest mistakes", [mistakes or "None."]),
                Section("Students", students),
            ],
        )

    def _sum(self, student: str) -> str:
        return f"{self.points(student):g}"

    def _solved(self, exercise: Exercise) -> tuple[str, str]:
        given = [verdicts[exercise.name] for verdicts in self.verdicts.values()]
        return str(sum(verdict is not None for verdict in given)), str(sum(bool(v and v.passed) for v in given))

    def _mistakes(self, exercise: Exercise) -> list[str]:
        """What the wrong answers look like: the commonest three, with the number of students."""
        seen: Counter[tuple[bool, str]] = Counter()
        for verdicts in self.verdicts.values():
            verdict = verdicts[exercise.name]
            if verdict and not verdict.passed:
                wrong = [result for result in verdict.results if not result.passed]
                known = verdict.mistake or next((result.looks_like for result in wrong if result.looks_like), "")
                seen[not known, known or wrong[0].wrong] += 1
        commonest = sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:3]
        return [f"{exercise.short}, {_counted(count, 'student')}: {told}" for (_, told), count in commonest]

    def _wrong(self, student: str) -> list[str]:
        """What's missing, and the first thing wrong in each exercise that isn't solved."""
        verdicts = self.verdicts[student]
        missing = [exercise.short for exercise in self.exercises if verdicts[exercise.name] is None]
        told = [f"nothing handed in: {', '.join(missing)}"] if missing else []
        for exercise in self.exercises:
            verdict = verdicts[exercise.name]
            if verdict and not verdict.passed:
                first = next(result for result in verdict.results if not result.passed)
                seen = f" ({first.looks_like})" if first.looks_like else ""
                told.append(f"{exercise.short}, {first.told}: {first.wrong}{seen}")
        return told or ["all right"]


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def grade_class(
    folder: Path, exercises: Sequence[Exercise], report: Callable[[str, str], None] = lambda student, exercise: None
) -> Classroom:
    """Grade every student's answers: `folder` holds a folder for each student, with files named as the exercises are
    (ex04_neuron_gradient.py, or ex04 and anything), however deep in it.

    Of several files for one exercise the newest is graded. Each runs in a process of its own, as many at a time as
    there are cores. Raises FileNotFoundError for a folder without students.
    """
    students = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith((".", "__"))]
    if not students:
        raise FileNotFoundError(f"grade: {folder} has no folders; expected one for each student")
    found = {
        student.name: {exercise.name: _handed_in(student, exercise) for exercise in exercises} for student in students
    }

    def graded(student: str, exercise: Exercise) -> Verdict | None:
        answers = [path for path in found[student][exercise.name] if path.suffix.lower() == ".py"]
        verdict = check(exercise, answers[0]) if answers else None
        report(student, exercise.short)
        return verdict

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {
            student: {exercise.name: pool.submit(graded, student, exercise) for exercise in exercises}
            for student in found
        }
        verdicts = {student: {name: job.result() for name, job in jobs.items()} for student, jobs in waiting.items()}
    remarks = {
        name: [remark for files in found[name].values() for remark in _not_graded(folder / name, files)]
        for name in found
    }
    return Classroom(exercises, verdicts, remarks)


def _handed_in(student: Path, exercise: Exercise) -> list[Path]:
    """Files that begin with the exercise's short name, the newest first."""
    files = [
        path
        for path in student.rglob("*")
        if path.is_file()
        and path.name.lower().startswith(exercise.short)
        and not any(part.startswith((".", "__")) for part in path.relative_to(student).parts)
    ]
    return sorted(files, key=lambda path: (-path.stat().st_mtime_ns, str(path)))


def _not_graded(student: Path, files: Sequence[Path]) -> list[str]:
    """What is to be said of files that begin like an exercise, beside the newest program."""
    told = []
    programs = [path for path in files if path.suffix.lower() == ".py"]
    for path in files:
        name = path.relative_to(student).as_posix()
        if path not in programs:
            why = "otter grades notebooks" if path.suffix == ".ipynb" else "an answer's name ends with .py"
            told.append(f"not graded: {name}; {why}")
        elif path != programs[0]:
            told.append(f"not graded: {name}, as {programs[0].relative_to(student).as_posix()} is newer")
    return told
