"""The course: exercises, each one function of a package that works without it, and what checks their answers."""

from tinyxm.course.comparing import Difference, difference
from tinyxm.course.exercise import Case, Exercise, Trap, exercise, exercises
from tinyxm.course.grading import Result, Verdict, check, grade
from tinyxm.course.overriding import overridden

__all__ = [
    "Case", "Difference", "Exercise", "Result", "Trap", "Verdict", "check", "difference", "exercise", "exercises",
    "grade", "overridden",
]  # fmt: skip
