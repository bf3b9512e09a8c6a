"""The exercises as assignments for others' graders: plain pytest, and otter-grader's notebooks with their tests."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tinyxm.course.exercise import Exercise

PYTEST = '''"""{title} (exercise {number}, {points} points): checked by `pytest`, or by `tinyxm check {short}`."""

import pytest
from {name} import {function}

from tinyxm.course import exercise, grade, tries

CASES = [tried.told for tried in tries("{short}")]


@pytest.fixture(scope="module")
def results():
    return grade(exercise("{short}"), {function}).results


@pytest.mark.parametrize("case", range(len(CASES)), ids=CASES)
def test_{function}(results, case):
    if case >= len(results):
        pytest.skip("not written yet, as told once")
    result = results[case]
    assert result.passed, "; ".join(filter(None, (result.wrong, result.looks_like)))
'''

OTTER = """OK_FORMAT = False

from otter.test_files import test_case

from tinyxm.course import exercise, grade

name = "{short}"
points = {points}


@test_case(points={points}, hidden=False)
def test_{function}({function}):
    verdict = grade(exercise("{short}"), {function})
    wrong = next((result for result in verdict.results if not result.passed), None)
    assert wrong is None, "; ".join(filter(None, (f"{{wrong.told}}: {{wrong.wrong}}", wrong.looks_like)))
"""


def to_pytest(exercise: Exercise) -> dict[str, str]:
    """The stub, and a file of tests beside it."""
    return {
        exercise.stub.name: exercise.stub.read_text("utf-8"),
        f"test_{exercise.name}.py": _filled(PYTEST, exercise),
    }


def to_otter(exercise: Exercise) -> dict[str, str]:
    """A notebook (task, stub, check), and a folder of otter-grader's tests of it: to otter each is an assignment."""
    return {
        f"{exercise.name}.ipynb": json.dumps(_notebook(exercise), indent=1, ensure_ascii=False) + "\n",
        f"tests/{exercise.short}/{exercise.short}.py": _filled(OTTER, exercise),
    }


KINDS: dict[str, Callable[[Exercise], dict[str, str]]] = {"pytest": to_pytest, "otter": to_otter}


def export(folder: Path, exercises: Sequence[Exercise], kind: str) -> list[Path]:
    """Write assignments of a kind, "pytest" or "otter"; returns the files.

    Raises ValueError for another kind, and FileExistsError, writing nothing, where a file of these names stands: it may
    be somebody's answer.
    """
    if kind not in KINDS:
        raise ValueError(f"export: {kind!r} is no kind of assignment; expected {' or '.join(KINDS)}")
    files = {folder / path: text for exercise in exercises for path, text in KINDS[kind](exercise).items()}
    there = [str(path) for path in files if path.exists()]
    if there:
        raise FileExistsError(f"export: here already, and left as it is: {', '.join(there)}; take another folder")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return [*files]


def _filled(template: str, exercise: Exercise) -> str:
    facts = {key: getattr(exercise, key) for key in ("name", "number", "short", "function", "points", "title")}
    return template.format(**facts)


def _notebook(exercise: Exercise) -> dict[str, Any]:
    source = exercise.stub.read_text("utf-8")
    module = ast.parse(source)
    task = ast.get_docstring(module) or ""
    code = "\n".join(source.splitlines()[module.body[0].end_lineno or 0 :]).strip()
    check = f'import otter\n\notter.Notebook(tests_dir="tests/{exercise.short}").check("{exercise.short}")'
    cells = [
        _cell("markdown", task.replace(f"tinyxm check {exercise.short}", "the last cell"), 0),
        _cell("code", code, 1),
        _cell("code", check, 2),
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "otter": {"assignment_name": exercise.name},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(kind: str, text: str, number: int) -> dict[str, Any]:
    source = text.splitlines(keepends=True)
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
