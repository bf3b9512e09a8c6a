"""What the README and the documentation show, runs."""

import inspect
import re
from pathlib import Path

import pytest

from tinyxm import nn, ops, optim

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
