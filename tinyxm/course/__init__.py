"""The course: exercises, each one function of a package that works without it, and what checks their answers."""

from tinyxm.course.classroom import Classroom, grade_class
from tinyxm.course.comparing import Difference, difference
from tinyxm.course.exercise import Case, Exercise, Trap, exercise, exercises
from tinyxm.course.export import export
from tinyxm.course.grading import Verdict, check, grade
from tinyxm.course.overriding import overridden
from tinyxm.course.trying import Result, Try, tries

__all__ = [
    "Case", "Classroom", "Difference", "Exercise", "Result", "Trap", "Try", "Verdict", "check", "difference",
    "exercise", "exercises", "export", "grade", "grade_class", "overridden", "tries",
]  # fmt: skip
