"""A class of five graded, and assignments written for pytest and otter-grader."""

import csv
import json
import os
import subprocess
import sys

import pytest

from tinyxm.course import Classroom, Result, Verdict, exercise, export, grade_class

SOLUTION = exercise("ex04").solution.read_text("utf-8")


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    answers = {
        "ada": SOLUTION,
        "ben": SOLUTION.replace(" / len(t)", ""),
        "chen": SOLUTION,
        "dora": "def neuron_gradient(x",
        "eli": None,
    }
    for student, answer in answers.items():
        (folder / student).mkdir()
        if answer:
            (folder / student / "ex04 mine.py").write_text(answer, "utf-8")
    return grade_class(folder, [exercise("ex04")])


def test_the_table_has_a_row_for_each_student(classroom, tmp_path):
    classroom.write_csv(tmp_path / "class.csv")
    with (tmp_path / "class.csv").open(encoding="utf-8") as file:
        rows = [*csv.reader(file)]
    assert rows == [
        ["student", "ex04", "points", "of"],
        ["ada", "3", "3", "3"],
        ["ben", "1", "1", "3"],
        ["chen", "3", "3", "3"],
        ["dora", "0", "0", "3"],
        ["eli", "", "0", "3"],
    ]


def test_the_page_says_who_solved_what_and_what_goes_wrong(classroom, tmp_path):
    classroom.write_page(tmp_path / "class.html")
    page = (tmp_path / "class.html").read_text("utf-8")
    assert "<td>4</td><td>2</td>" in page  # handed in, solved
    assert "ex04, 1 student: the loss is a mean over the rows: 1/n is missing" in page
    assert "nothing handed in: ex04" in page
    assert page.count("all right") == 2
    assert "5 rows of 3: at ∂L/∂w[0]: got" in page
    assert "SyntaxError" in page


def test_a_known_mistake_is_the_commonest_though_something_else_is_first_wrong(tmp_path):
    asked = exercise("ex04")
    results = Result("one row", False, "got nan", "there is NaN in it"), Result("5 rows", False, "got 2", "no mean")
    verdicts = {"ada": {asked.name: Verdict(asked.name, results, asked.points, "no mean")}}
    Classroom([asked], verdicts, {"ada": []}).write_page(tmp_path / "class.html")
    page = (tmp_path / "class.html").read_text("utf-8")
    assert "ex04, 1 student: no mean" in page
    assert "ex04, one row: got nan (there is NaN in it)" in page


def test_a_file_deep_in_a_folder_counts_the_newest_is_graded_and_the_others_are_named(tmp_path):
    mine = tmp_path / "ada" / "week 1"
    (mine / "__MACOSX").mkdir(parents=True)
    (tmp_path / "__MACOSX").mkdir()
    (mine / "EX04_Neuron_Gradient.PY").write_text(SOLUTION, "utf-8")
    for old in (mine / "ex04_neuron_gradient (1).py", mine / "ex04.ipynb", mine / "__MACOSX" / "ex04.py"):
        old.write_text("wrong", "utf-8")
        os.utime(old, (0, 0))
    classroom = grade_class(tmp_path, [exercise("ex04")])
    assert list(classroom.verdicts) == ["ada"]
    assert classroom.points("ada") == 3
    assert classroom.remarks["ada"] == [
        "not graded: week 1/ex04.ipynb; otter grades notebooks",
        "not graded: week 1/ex04_neuron_gradient (1).py, as week 1/EX04_Neuron_Gradient.PY is newer",
    ]


def test_a_folder_without_students_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected one for each student"):
        grade_class(tmp_path, [exercise("ex04")])


def test_what_is_not_written_yet_fails_once_in_pytest(tmp_path):
    export(tmp_path, [exercise("ex04")], "pytest")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True)
    assert "1 failed, 5 skipped" in done.stdout


@pytest.mark.parametrize(("answer", "status"), [(SOLUTION, 0), (SOLUTION.replace("2 *", ""), 1), (None, 1)])
def test_assignments_for_pytest_pass_and_fail_as_they_should(tmp_path, answer, status):
    export(tmp_path, [exercise("ex04")], "pytest")
    if answer:
        (tmp_path / "ex04_neuron_gradient.py").write_text(answer, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status, done.stdout
    if answer and status:
        assert "the square's own derivative is missing" in done.stdout


def test_assignments_for_otter_are_notebooks_with_tests(tmp_path):
    export(tmp_path, [exercise("ex04")], "otter")
    notebook = json.loads((tmp_path / "ex04_neuron_gradient.ipynb").read_text("utf-8"))
    task, stub, check = ("".join(cell["source"]) for cell in notebook["cells"])
    assert task.startswith("Exercise 4: the gradient of a neuron")
    assert "raise NotImplementedError" in stub
    assert "Exercise 4" not in stub
    assert 'tests_dir="tests/ex04"' in check
    written = (tmp_path / "tests" / "ex04" / "ex04.py").read_text("utf-8")
    compile(written, "ex04.py", "exec")
    assert "points = 3" in written


def test_nothing_that_is_there_is_written_over(tmp_path):
    there = tmp_path / "ex04_neuron_gradient.py"
    there.write_text("mine")
    with pytest.raises(FileExistsError, match="left as it is"):
        export(tmp_path, [exercise("ex04")], "pytest")
    assert [*tmp_path.iterdir()] == [there]
    assert there.read_text() == "mine"


def test_another_kind_of_assignment_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected pytest or otter"):
        export(tmp_path, [exercise("ex04")], "moodle")
