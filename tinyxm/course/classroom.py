"""A class's answers graded together: a row per student as CSV, and a page that says what the class still gets wrong."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tinyxm.course.exercise import Exercise
from tinyxm.course.grading import Verdict, check
from tinyxm.training.folder import beside
from tinyxm.training.report import Grid, Section, write_report

Verdicts = dict[str, dict[str, Verdict | None]]


@dataclass(frozen=True)
class Classroom:
    """Verdicts by student and exercise; None where nothing was handed in."""

    exercises: Sequence[Exercise]
    verdicts: Verdicts

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
        exercises = [
            (f"{exercise.short} {exercise.title}", *self._solved(exercise), self._mistakes(exercise))
            for exercise in self.exercises
        ]
        headings = ("exercise", "handed in", "solved", "commonest mistakes")
        write_report(
            path,
            "The class's exercises",
            f"{len(self.verdicts)} students, {len(self.exercises)} exercises, {self.of} points. "
            "A dash: nothing handed in.",
            [
                Section("Points", [Grid(("student", *shorts, f"of {self.of}"), rows)]),
                Section("Exercises", [Grid(headings, exercises)]),
                Section("Students", [{student: self._wrong(student) for student in self.verdicts}]),
            ],
        )

    def _sum(self, student: str) -> str:
        return f"{self.points(student):g}"

    def _solved(self, exercise: Exercise) -> tuple[str, str]:
        given = [verdicts[exercise.name] for verdicts in self.verdicts.values()]
        return str(sum(verdict is not None for verdict in given)), str(sum(bool(v and v.passed) for v in given))

    def _mistakes(self, exercise: Exercise) -> str:
        """What the wrong answers look like, most frequent first, each student counted once."""
        seen: Counter[str] = Counter()
        for verdicts in self.verdicts.values():
            verdict = verdicts[exercise.name]
            if verdict:
                seen.update({result.looks_like or result.wrong for result in verdict.results if not result.passed})
        return "; ".join(f"{told} ({count})" for told, count in seen.most_common(3))

    def _wrong(self, student: str) -> str:
        """The first thing wrong in each exercise that isn't solved."""
        told = []
        for exercise in self.exercises:
            verdict = self.verdicts[student][exercise.name]
            if verdict and not verdict.passed:
                first = next(result for result in verdict.results if not result.passed)
                seen = f" ({first.looks_like})" if first.looks_like else ""
                told.append(f"{exercise.short}, {first.told}: {first.wrong}{seen}")
        return ". ".join(told) or "nothing wrong in what was handed in"


def grade_class(
    folder: Path, exercises: Sequence[Exercise], report: Callable[[str, str], None] = lambda student, exercise: None
) -> Classroom:
    """Grade every student's answers: `folder` holds a folder for each student, with files named as the exercises are
    (ex04_neuron_gradient.py, or ex04 and anything).

    Each file runs in a process of its own, as many at a time as there are cores. Raises FileNotFoundError for a folder
    without students.
    """
    students = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not students:
        raise FileNotFoundError(f"grade: {folder} has no folders; expected one for each student")

    def graded(student: Path, exercise: Exercise) -> Verdict | None:
        handed_in = sorted(student.glob(f"{exercise.short}*.py"))
        verdict = check(exercise, handed_in[0]) if handed_in else None
        report(student.name, exercise.short)
        return verdict

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {
            student.name: {exercise.name: pool.submit(graded, student, exercise) for exercise in exercises}
            for student in students
        }
        return Classroom(
            exercises,
            {student: {name: job.result() for name, job in jobs.items()} for student, jobs in waiting.items()},
        )
