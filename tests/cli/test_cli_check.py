"""`tinyxm check` as a student and a teacher meet it."""

import json

import pytest

from tinyxm.course import exercise, exercises


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_names_every_exercise(run):
    status, out, _ = run("check")
    assert status == 0
    assert all(each.short in out for each in exercises().values())
    status, out, _ = run("check", "--list", "--json")
    assert [each["name"] for each in json.loads(out)] == [*exercises()]


def test_an_exercise_is_begun_once_and_never_overwritten(run, here):
    assert run("check", "ex04", "--start")[0] == 0
    file = here / "ex04_neuron_gradient.py"
    assert file.read_text() == exercise("ex04").stub.read_text()
    file.write_text("mine")
    status, _, err = run("check", "ex04", "--start")
    assert status == 2
    assert "stays as it is" in err
    assert file.read_text() == "mine"


def test_a_right_and_a_wrong_answer_are_told_apart(run, here):
    file = here / "answer.py"
    file.write_text(exercise("ex04").solution.read_text())
    status, out, _ = run("check", "ex04", "--mine", str(file))
    assert status == 0
    assert "3 of 3 points" in out
    file.write_text(file.read_text().replace(" / len(t)", ""))
    status, out, _ = run("check", "ex04", "--mine", str(file))
    assert status == 1
    assert "5 rows of 3\n         at ∂L/∂w[0]: got" in out
    assert "the loss is a mean over the rows" in out
    file.write_text(exercise("ex04").stub.read_text())
    out = run("check", "ex04", "--mine", str(file))[1]
    assert out.count("not written yet") == 1
    assert "as above" not in out
    file.write_text(exercise("ex04").solution.read_text().replace(" / len(t)", ""))
    status, out, _ = run("check", "ex04", "--mine", str(file), "--json")
    told = json.loads(out)
    assert (status, told["passed"], told["points"], told["of"]) == (1, False, 1.0, 3)


def test_hints_come_one_by_one(run):
    status, out, _ = run("check", "ex04", "--hint", "2")
    assert status == 0
    assert "hint 2 of 3" in out
    assert run("check", "ex04", "--hint", "4")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "ex99"], "isn't one of the course"),
        (["check", "ex04"], "begin with tinyxm check ex04 --start"),
        (["check", "--start"], "are for one exercise"),
    ],
)
def test_misuse_says_what_to_do(run, arguments, told):
    status, _, err = run(*arguments)
    assert status == 2
    assert told in err
