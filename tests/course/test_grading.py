"""Answers graded: what a case, a trap, a trial and the limits of the process say; and what overriding does."""

import textwrap

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Result, Trap, Verdict, check, exercise, grade, overridden
from tinyxm.course.trying import tries
from tinyxm.ops import linear
from tinyxm.ops.linear import _linear


def transposing(rng):
    for rows, columns in ((2, 3), (3, 3)):
        a = rng.normal(size=(rows, columns))
        yield Case(f"{rows} by {columns}", (a,), a.T, square=rows == columns)


def an_exercise(**changes):
    facts = {
        "title": "a transposition",
        "lesson": "06_layers",
        "points": 3,
        "function": "transpose",
        "hints": ("a", "b", "c"),
        "cases": transposing,
        "traps": (Trap("it is doubled", lambda a: 2 * a.T),),
        "name": "ex01_transposition",
    }
    return Exercise(**{**facts, **changes})


def test_a_right_answer_has_all_points():
    verdict = grade(an_exercise(), np.transpose)
    assert verdict.passed
    assert verdict.points == 3


def test_a_known_wrong_answer_is_told_as_what_it_is():
    verdict = grade(an_exercise(), lambda a: 2 * a.T)
    assert verdict.points == 0
    assert {result.looks_like for result in verdict.results} == {"it is doubled"}


def test_what_is_right_for_square_shapes_only_is_said():
    verdict = grade(an_exercise(), lambda a: a.T if len(a) == len(a.T) else a)
    assert verdict.points == 1.5
    assert "right for square shapes only" in verdict.remark
    assert grade(an_exercise(), lambda a: a).remark == ""
    some = [Result("", passed, square=square) for passed, square in ((True, True), (True, False), (False, False))]
    assert Verdict("ex01", tuple(some), 3).remark == ""  # most others are right, too


def test_an_error_is_told_with_the_line_that_made_it():
    def answer(a):
        return a @ a[:1]

    wrong = grade(an_exercise(), answer).results[1].wrong
    assert wrong.startswith("ValueError: @ can't multiply these: the lengths that it sums over are 3 and 1, at line")
    assert "return a @ a[:1]" in wrong
    assert "one is a single number" in grade(an_exercise(), lambda a: a @ 2).results[0].wrong


def test_an_answer_that_writes_to_its_argument_is_wrong():
    def answer(a):
        a += 1
        return a.T - 1

    assert "writes to its argument 1" in grade(an_exercise(), answer).results[0].wrong


def test_an_answer_that_writes_within_a_list_of_its_arguments_is_wrong():
    def first(arrays):
        arrays[0] *= 2
        return arrays[0] / 2

    listed = an_exercise(cases=lambda rng: iter([Case("a list", ([np.ones(2), np.ones(3)],), np.ones(2))]))
    assert "writes to its argument 1" in grade(listed, first).results[0].wrong
    assert grade(listed, lambda arrays: arrays[0]).passed


def test_what_overflows_is_seen_in_its_numbers():
    large = an_exercise(cases=lambda rng: iter([Case("large", (np.array([1000.0]),), np.array([1.0]))]))
    assert "infinity" in grade(large, np.exp).results[0].looks_like


def test_what_is_not_written_yet_has_no_points():
    def answer(a):
        raise NotImplementedError

    verdict = grade(an_exercise(), answer)
    assert verdict.points == 0
    assert [result.wrong for result in verdict.results] == ["not written yet"]


def test_what_is_written_for_some_cases_only_is_graded_by_all():
    def answer(a):
        if a.shape == (2, 3):
            raise NotImplementedError
        return a.T

    heard = []
    verdict = grade(an_exercise(), answer, heard.append)
    assert [result.unwritten for result in heard] == [True, False]
    assert verdict.points == 1.5


def test_a_known_wrong_answer_is_told_by_the_error_it_fails_with():
    known = an_exercise(traps=(Trap("it isn't transposed", lambda a: a @ a),))
    assert grade(known, lambda a: 1 * (a @ a)).results[0].looks_like == "it isn't transposed"
    assert grade(known, lambda a: a @ a[:1]).results[0].looks_like == ""


def rows(rng):
    yield from (Case(f"{n}", (np.arange(n),), np.arange(n) + 1) for n in (0, 1, 2, 3))


def test_a_mistake_that_comes_to_the_same_as_another_in_one_case_is_named_by_all():
    traps = (Trap("all zeros", lambda a: 0 * a), Trap("one is missing", lambda a: a.copy()))
    verdict = grade(an_exercise(traps=traps, cases=rows), lambda a: a + 0)
    assert [result.looks_like for result in verdict.results] == ["", *["one is missing"] * 3]
    assert verdict.mistake == "one is missing"


@pytest.mark.parametrize(
    "answer", [lambda a: a + 0 if len(a) < 3 else 1 - a, lambda a: a + (len(a) > 2), lambda a: a[:2]]
)
def test_no_mistake_is_named_that_a_single_case_contradicts(answer):
    """Be it otherwise wrong there, right, or of another shape."""
    known = an_exercise(traps=(Trap("one is missing", lambda a: a.copy()),), cases=rows)
    verdict = grade(known, answer)
    assert not verdict.passed
    assert verdict.mistake == ""
    assert "one is missing" not in {result.looks_like for result in verdict.results}


def test_no_mistake_is_named_by_nan_alone():
    def overflowing(a):
        return a + np.where(len(a) > 2, np.nan, 1)

    known = an_exercise(traps=(Trap("an overflow", overflowing), Trap("0 / 0", lambda a: a / 0 * 0)), cases=rows)
    assert grade(known, lambda a: np.full(len(a), np.nan)).mistake == ""
    assert grade(known, lambda a: 1 + a + np.where(len(a) > 2, np.nan, 0)).mistake == "an overflow"


def test_a_known_mistake_is_named_beside_another_that_comes_to_no_number():
    known = an_exercise(traps=(Trap("one is missing", lambda a: a.copy()),), cases=rows)
    verdict = grade(known, lambda a: a if len(a) else a[0])
    assert verdict.mistake == "one is missing"
    assert [result.looks_like for result in verdict.results] == ["", *["one is missing"] * 3]
    assert "IndexError" in verdict.results[0].wrong
    once = grade(known, lambda a: a if len(a) < 2 else a + np.nan)
    assert once.mistake == "", "one case alone names nothing"
    assert "NaN" in once.results[2].looks_like


def test_too_deep_a_call_is_known_in_whatever_words():
    def deep(a):
        return deep(a)

    def deeper(a):
        raise RecursionError("in other words")

    assert grade(an_exercise(traps=(Trap("it calls itself", deep),)), deeper).mistake == "it calls itself"


def test_what_was_named_isnt_taken_for_exchanged_rows_and_columns():
    known = an_exercise(traps=(Trap("only squares", lambda a: a.T if len(a) == len(a.T) else a),))
    assert grade(known, lambda a: a.T if len(a) == len(a.T) else 1 * a).remark == ""


def test_a_judged_answer_of_none_asks_for_the_return():
    judged = an_exercise(cases=lambda rng: iter([Case("judged", (), lambda got: None if got else "nothing there")]))
    assert grade(judged, lambda: None).results[0].looks_like == "it returns None: is a return missing?"


def test_a_trial_that_says_yes_or_no_names_no_mistake_whose_cases_went_otherwise():
    def one(rng):
        yield Case("one", (1,), 2)

    trap = Trap("the seed", lambda a: 2 * a if a == 1 else 0)
    tried = an_exercise(traps=(trap,), cases=one, trial=lambda f: {"even": bool(f is None or f(3) == 6)})
    results = grade(tried, lambda a: 0).results
    assert [result.looks_like for result in results] == ["all zeros", ""]
    assert results[1].wrong == "at even: got no, expected yes"
    assert grade(tried, trap.function).results[1].looks_like == "the seed"


def test_a_trial_that_cant_tell_two_mistakes_apart_names_neither():
    traps = (Trap("it is doubled", lambda a: 2 * a), Trap("it is tripled", lambda a: 3 * a))
    tried = an_exercise(traps=traps, cases=lambda rng: iter(()), trial=lambda f: bool(f is None or f(1) == 1))
    assert grade(tried, lambda a: 4 * a).results[0].looks_like == ""


def test_a_judge_says_what_is_wrong():
    judged = an_exercise(cases=lambda rng: iter([Case("judged", (), lambda got: None if got > 2 else "too small")]))
    assert grade(judged, lambda: 3).passed
    assert grade(judged, lambda: 1).results[0].wrong == "too small"
    assert "can't be judged (TypeError" in grade(judged, lambda: "three").results[0].wrong


def test_the_parts_of_an_answer_are_called_by_their_names():
    def both(rng):
        yield Case("both", (), (1.0, np.zeros(3)))

    named = an_exercise(cases=both, returns=("norm", "clipped"))
    assert grade(named, lambda: (1.0, np.array([0, 0, 2]))).results[0].wrong == "at clipped[2]: got 2, expected 0"
    assert grade(named, lambda: (2.0, np.zeros(3))).results[0].wrong == "at norm: got 2, expected 1"


def test_a_known_wrong_answer_is_told_where_a_judge_or_a_trial_refuses_it():
    trap = Trap("it is doubled", lambda a: 2 * a.T)

    def judging(rng):
        yield Case("judged", (np.ones((2, 3)),), lambda got: None if got.max() == 1 else "too large")

    judged = an_exercise(traps=(trap,), cases=judging)
    result = grade(judged, lambda a: a.T + a.T).results[0]
    assert (result.wrong, result.looks_like) == ("too large", "it is doubled")
    tried = an_exercise(traps=(trap,), cases=lambda rng: iter(()), trial=lambda f: (f or np.transpose)(np.eye(3)))
    assert grade(tried, lambda a: a.T + a.T).results[0].looks_like == "it is doubled"


def test_a_trial_compares_the_package_with_and_without_the_answer():
    def trial(function):
        with overridden("tinyxm.ops.linear:_linear/w", function):
            w = xm.Tensor(np.ones((3, 2), np.float32), requires_grad=True)
            (linear(np.ones((4, 3), np.float32), w) ** 2).sum().backward()
        return w.grad

    tried = an_exercise(trial=trial, cases=lambda rng: iter(()))
    assert grade(tried, lambda g, x: x.T @ g).passed
    verdict = grade(tried, lambda g, x: x.T @ g / len(x))
    assert "exactly 4 times too small" in verdict.results[0].looks_like


def test_an_error_outside_of_the_answer_is_told_without_a_line():
    def trial(function):
        return np.ones(3) @ (np.ones(3) if function is None else function(np.ones((4, 4))))

    tried = an_exercise(trial=trial, cases=lambda rng: iter(()))
    wrong = grade(tried, np.transpose).results[0].wrong
    assert wrong == "ValueError: @ can't multiply these: the lengths that it sums over are 3 and 4"


def test_overriding_ends_with_its_block_even_after_an_error():
    kept = _linear.adjoints["w"].rule
    loss = linear(np.ones((4, 3)), xm.Tensor(np.ones((3, 2)), requires_grad=True)).sum()
    with pytest.raises(ZeroDivisionError), overridden("tinyxm.ops.linear:_linear/w", lambda g, x: 1 / 0):
        loss.backward()
    assert _linear.adjoints["w"].rule is kept


def test_a_function_and_a_method_are_overridden_where_the_package_calls_them():
    with overridden("tinyxm.nn:Linear.forward", lambda self, x: x + 1):
        assert nn.Linear(2, 2)(np.zeros(2)).sum() == 2
    assert nn.Linear(2, 2, bias=False)(np.zeros(2, np.float32)).sum().item() == 0


@pytest.mark.parametrize(
    "target", ["tinyxm.ops.linear:lineal", "tinyxm.ops.linear:_linear/y", "tinyxm.nn:Liner.forward"]
)
def test_what_is_not_there_is_refused(target):
    with pytest.raises(ValueError, match="overridden: tinyxm"), overridden(target, lambda: None):
        pass


def test_an_adjoint_of_other_parameters_is_refused():
    with (
        pytest.raises(ValueError, match=r"takes \(g, x\), in this order"),
        overridden("tinyxm.ops.linear:_linear/w", lambda g, w: g),
    ):
        pass


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("def neuron_gradient(x, w, b, t:", "SyntaxError"),
        ("import nowhere", "No module named 'nowhere'"),
        ("def another(): pass", "it defines no function neuron_gradient"),
        ("import os\nos._exit(7)", "the answer ended the program, with status 7"),
        ("def neuron_gradient(x, w, b, t):\n    return 'a' * (1 << 40)", "MemoryError"),
        ("def neuron_gradient(x, w, b, t):\n    import sys\n    sys.exit()", "the answer ended the program"),
    ],
)
def test_a_file_that_breaks_costs_only_itself(tmp_path, written, told):
    path = tmp_path / "mine.py"
    path.write_text(written)
    verdict = check(exercise("ex04"), path)
    assert verdict.points == 0
    assert told in verdict.results[0].wrong


def test_an_endless_loop_is_ended_and_what_was_done_before_is_kept(tmp_path):
    path = tmp_path / "mine.py"
    solution = exercise("ex04").solution.read_text()
    path.write_text(solution.replace("    y = 1", "    while len(t) > 4: pass\n    y = 1"))
    slow = exercise("ex04")
    limited = Exercise(**{**vars(slow), "seconds": 8.0})
    verdict = check(limited, path)
    assert [result.passed for result in verdict.results[:3]] == [True, True, False]
    assert "does every loop end?" in verdict.results[2].wrong
    assert len(verdict.results) == len(tries(slow)), "points are a share of all cases, not of those that were reached"
    assert {result.wrong for result in verdict.results[3:]} == {"not reached"}


def test_what_an_answer_prints_is_not_taken_for_its_results(tmp_path):
    path = tmp_path / "mine.py"
    solution = exercise("ex04").solution.read_text()
    path.write_text(
        solution
        + textwrap.dedent("""
        print('{"done": true}')
    """)
    )
    assert check(exercise("ex04"), path).passed


@pytest.mark.parametrize("name", ["ex4", "4", "ex04", "04", "ex04_neuron_gradient"])
def test_an_exercise_is_found_by_its_names(name):
    assert exercise(name).name == "ex04_neuron_gradient"


def test_an_unknown_exercise_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'ex99' isn't one of the course; run `tinyxm check` for the list"):
        exercise("ex99")
