"""Graders proved: of every exercise the solution has all points, the stub none, and no known wrong answer passes."""

import ast

import numpy as np
import pytest

from tinyxm.course import exercise, exercises, grade
from tinyxm.course.exercise import folder, load

ALL = [*exercises().values()]
each = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.short)


@each
def test_the_solution_has_all_points(exercise):
    verdict = grade(exercise, getattr(load(exercise.solution), exercise.function))
    assert verdict.passed, [result for result in verdict.results if not result.passed]
    assert verdict.points == exercise.points


@each
def test_the_stub_has_none(exercise):
    verdict = grade(exercise, getattr(load(exercise.stub), exercise.function))
    assert verdict.points == 0


@each
def test_every_known_wrong_answer_is_refused_and_called_by_its_own_words(exercise):
    """By no other's: two that come to the same in all cases couldn't be told apart."""
    assert len(exercise.traps) >= 5
    for trap in exercise.traps:
        verdict = grade(exercise, trap.function)
        assert not verdict.passed, trap.told
        assert verdict.mistake == trap.told
        assert {result.looks_like for result in verdict.results if not result.passed} == {trap.told}


def test_a_mistake_is_known_though_training_made_its_roundings_large():
    asked = exercise("ex10")
    missing = next(trap for trap in asked.traps if trap.told.endswith("1/n is missing"))

    def rounded_otherwise(logits, labels):
        answer = missing.function(logits, labels)
        return answer * (1 + np.finfo(answer.dtype).eps)

    assert grade(asked, rounded_otherwise).mistake == missing.told


@each
def test_stub_and_solution_tell_the_same_task(exercise):
    stub, solution = (
        next(node for node in ast.parse(path.read_text("utf-8")).body if getattr(node, "name", "") == exercise.function)
        for path in (exercise.stub, exercise.solution)
    )
    assert ast.get_docstring(stub) == ast.get_docstring(solution)
    assert ast.dump(stub.args) == ast.dump(solution.args)
    assert f"tinyxm check {exercise.short}" in exercise.stub.read_text("utf-8")
    assert f"lesson {int(exercise.lesson[:2])}, {exercise.points} point" in exercise.stub.read_text("utf-8")


@each
def test_its_lesson_stands(exercise):
    assert (folder().parent / f"{exercise.lesson}.py").exists()
    assert len(exercise.hints) == 3
    assert all(exercise.hints)


def test_numbers_are_used_once():
    assert len({exercise.number for exercise in ALL}) == len(ALL)
