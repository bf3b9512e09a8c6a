"""The syllabus names what there is, its sums are right, and its commands run."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinyxm.course import exercise, exercises

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "syllabus.md").read_text("utf-8")
TITLES = re.findall(r"^## ((?:Twelve|Eight|Four) weeks.*)", PAGE, re.MULTILINE)


def rows(title: str) -> list[list[str]]:
    """The cells of a plan's table, without its heads."""
    table = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][2:]


def handed_out(row: list[str]) -> list[str]:
    return re.findall(r"\[(ex\d\d)\]\(\.\./tutorials/exercises/\1_\w+\.py\)", row[4])


@pytest.mark.parametrize(("title", "weeks"), [*zip(TITLES, (12, 8, 4), strict=True)])
def test_the_sums_agree_with_the_tables(title, weeks):
    *plan, total = rows(title)
    assert [int(row[0]) for row in plan] == list(range(1, weeks + 1))
    for row in plan:
        lessons, points = row[1].split(", "), sum(exercise(short).points for short in handed_out(row))
        assert int(row[3]) == 15 * len(lessons)
        assert (int(row[5]), int(row[6])) == (points, 10 * points)
        assert int(row[7]) == int(row[2]) + int(row[3]) + int(row[6])
    for column in (2, 3, 5, 6, 7):
        assert int(total[column]) == sum(int(row[column]) for row in plan)
    assert total[4] == f"{sum(len(handed_out(row)) for row in plan)} exercises"
    assert f"| {round(int(total[7]) / 60)} hours, {int(total[7]) / 60 / weeks:.1f} a week |" in PAGE
    assert f"% of {total[5]} points" in PAGE


@pytest.mark.parametrize("title", TITLES)
def test_lessons_exist_and_come_before_their_exercises(title):
    told: set[str] = set()
    for row in rows(title)[:-1]:
        named = re.findall(r"\[(\d\d)\]\(\.\./tutorials/(\w+\.py)\)", row[1])
        assert len(named) == len(row[1].split(", "))
        words = 0
        for number, name in named:
            assert name.startswith(number)
            words += len((ROOT / "tutorials" / name).read_text("utf-8").split())
            told.add(number)
        assert 0.7 < words / 70 / int(row[2]) < 1.4, f"week {row[0]}: {words} words, so {words / 70:.0f} minutes"
        for short in handed_out(row):
            assert exercise(short).lesson[:2] in told, f"week {row[0]} hands out {short}, whose lesson comes later"


def test_twelve_weeks_tell_every_lesson_once_and_hand_out_every_exercise_once():
    plan = rows(TITLES[0])[:-1]
    lessons = [name for row in plan for name in re.findall(r"tutorials/(\w+\.py)", row[1])]
    assert sorted(lessons) == sorted(path.name for path in (ROOT / "tutorials").glob("[0-9]*.py"))
    given = [short for row in plan for short in handed_out(row)]
    assert sorted(given) == sorted(found.short for found in exercises().values())


def command(head: str) -> list[str]:
    """The page's line that begins so, as this interpreter runs it."""
    (line,) = {line for line in PAGE.splitlines() if line.startswith(head)}
    return [sys.executable, "-m", "tinyxm.cli", *shlex.split(line)[1:]]


@pytest.mark.slow
def test_a_week_from_handing_out_to_marks(tmp_path):
    def run(line: list[str], folder: Path = tmp_path) -> int:
        return subprocess.run(line, cwd=folder, capture_output=True).returncode

    assert run(command("tinyxm course export")) == 0
    week, pytest_ = tmp_path / "week1", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    stub = exercise("ex01").stub.name
    assert run([*pytest_, "--rootdir", str(week)], week) == 1  # nothing written yet
    assert run([*command("tinyxm check ex01 --hint"), "--mine", stub], week) == 0
    (tmp_path / "handed-in" / "ben").mkdir(parents=True)
    shutil.copy(week / stub, tmp_path / "handed-in" / "ben" / stub)
    shutil.copy(exercise("ex01").solution, week / stub)
    assert run([*pytest_, "--rootdir", str(week)], week) == 0
    shutil.copytree(week, tmp_path / "handed-in" / "ada")
    assert run(command("tinyxm course grade")) == 0
    with (tmp_path / "marks1.csv").open(encoding="utf-8") as file:
        assert [row[:2] for row in csv.reader(file)][1:] == [["ada", "2"], ["ben", "0"]]
    assert "ex01" in (tmp_path / "marks1.html").read_text("utf-8")
