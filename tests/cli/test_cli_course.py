"""`tinyxm course` as a teacher meets it."""

import pytest

from tinyxm.course import exercise


@pytest.mark.parametrize(("out", "name"), [("marks.week1", "marks.week1"), ("marks.csv", "marks")])
def test_a_class_is_graded_into_a_table_and_a_page(run, tmp_path, out, name):
    for student in ("ada", "ben"):
        (tmp_path / "class" / student).mkdir(parents=True)
    solution = exercise("ex04").solution.read_text("utf-8")
    (tmp_path / "class" / "ada" / "ex04_neuron_gradient.py").write_text(solution, "utf-8")
    status, told, _ = run("course", "grade", str(tmp_path / "class"), "ex04", "--out", str(tmp_path / out))
    assert status == 0
    assert [line.split() for line in told.splitlines()[:2]] == [["ada", "3", "of", "3"], ["ben", "0", "of", "3"]]
    assert {path.name for path in tmp_path.iterdir()} == {"class", f"{name}.csv", f"{name}.html"}


def test_assignments_are_written_once(run, tmp_path):
    assert run("course", "export", str(tmp_path), "ex04")[0] == 0
    status, _, err = run("course", "export", str(tmp_path), "ex04")
    assert status == 2
    assert "left as it is" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["course", "export", "here", "--to", "moodle"], "expected pytest or otter"),
        (["course", "grade", "nowhere"], "nowhere is no folder"),
        (["course", "export", "here", "ex99"], "isn't one of the course"),
    ],
)
def test_misuse_says_what_to_do(run, arguments, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(*arguments)
    assert status == 2
    assert told in err
