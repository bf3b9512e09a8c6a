"""What the README and the documentation show, runs."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from tinyxm import nn, ops, optim
from tinyxm.certificate import known_names
from tinyxm_kernels import registry

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))])
def test_the_python_of_a_page_runs_from_top_to_bottom(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    exec(compile("\n".join(blocks), page, "exec"), {})
    if page == "README.md":
        assert "right 9" in capsys.readouterr().out.splitlines()[-1], "the example no longer learns its task"


def test_links_within_the_project_lead_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


LESSONS = sorted((ROOT / "tutorials").glob("[0-9]*.py"))
CLOSING = ["Change it and see", "What can go wrong", "Where it came from", "Three questions", "Answers"]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lessons_close_alike_with_three_questions_answered_and_stand_in_the_readme(lesson):
    text = lesson.read_text("utf-8")
    assert f"(tutorials/{lesson.name})" in (ROOT / "README.md").read_text("utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    assert "plt.show()" in text
    assert re.findall(r"^# ## (.*)", text, re.MULTILINE)[-5:] == CLOSING
    questions, answers = text.split("# ## Three questions")[1].split("# ## Answers")
    for part in (questions, answers):
        assert re.findall(r"^# (\d)\. ", part, re.MULTILINE) == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["make_api", "make_bench", "make_gpu", "make_gpu_table"])
def test_a_page_that_is_made_is_up_to_date(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    made = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(made)
    assert made.PAGE.read_text("utf-8") == made.page(), f"run: python docs/{name}.py"


def test_every_operation_has_its_place_on_the_page_of_families():
    page = (ROOT / "docs" / "operations.md").read_text("utf-8").split("## Families")[1]
    families = page.split("## What holds for all")[0]
    named = re.findall(r"`(\w+)`", families)
    assert sorted(named) == ops.__all__


def test_every_rung_has_its_place_on_the_page_of_ladders():
    page = (ROOT / "docs" / "kernels.md").read_text("utf-8").split("## The ladders")[1].split("## Which rung runs")[0]
    named = {
        room: sorted(re.findall(r"`(\w+)`", rungs)) for room, rungs in re.findall(r"^\| (\w+) \| (`.*) \|$", page, re.M)
    }
    rooms = {op.room for op in registry._operations.values()}
    assert named == {room.rpartition(".")[2]: sorted(registry.files_of(room)) for room in rooms}


def test_the_certificate_of_every_name_is_on_its_page():
    page = (ROOT / "docs" / "certificate.md").read_text("utf-8")
    assert not [name for name in known_names() if f"| `{name}` |" not in page], (
        "run: tinyxm certify --page docs/certificate.md"
    )
    assert "✗" not in page.partition("## ")[2], "the page tells of a failure"


@pytest.mark.parametrize("room", [ops, nn, optim], ids=lambda room: room.__name__)
def test_every_name_is_explained(room):
    """One line of purpose at least, with a formula, shapes, or the names of its arguments."""
    silent = []
    for name in room.__all__:
        thing = getattr(room, name)
        words = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
        if not inspect.ismodule(thing) and not (words and re.search(r"[=←→`(∂]", words)):
            silent.append(name)
    assert not silent
