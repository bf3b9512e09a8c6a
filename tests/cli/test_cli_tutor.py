"""`tinyxm tutor` as a student meets it: from a clone, from an install, with a site and without."""

import json
import webbrowser

import pytest
from refusal import refused

from tinyxm.course import tutor


@pytest.fixture
def opened(monkeypatch):
    """The addresses that were opened in the browser."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


@pytest.fixture
def built(monkeypatch, tmp_path):
    site = tmp_path / "site of mine"
    (site / "tutorials").mkdir(parents=True)
    for page in ("index", f"tutorials/{tutor.lesson('04').stem}"):
        (site / f"{page}.html").write_text("<!doctype html>", "utf-8")
    monkeypatch.setattr(tutor, "SITE", site)
    return site


def test_the_site_opens_where_it_is_built(run, built, opened):
    assert run("tutor") == (0, f"site: {built / 'index.html'}\n", "")
    assert opened == [(built / "index.html").as_uri()]


def test_a_lesson_opens_by_its_number(run, built, opened):
    assert run("tutor", "4")[0] == 0
    assert opened == [(built / "tutorials" / "04_a_neuron_by_hand.html").as_uri()]


def test_without_a_browser_its_place_is_said(run, built, opened, monkeypatch):
    assert run("tutor", "--no-browser")[:2] == (0, f"site: {built / 'index.html'}\n")
    assert not opened
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert "open that file yourself" in run("tutor")[1]


def test_a_clone_without_a_site_is_told_how_to_build_it(run, monkeypatch, tmp_path, opened):
    monkeypatch.setattr(tutor, "SITE", tmp_path / "nothing")
    refused(run("tutor"), 1, "isn't built yet", "python docs/make_site.py", ".[data,docs]")
    assert not opened


def test_an_install_says_what_it_carries(run, monkeypatch, tmp_path):
    monkeypatch.setattr(tutor, "SITE", tmp_path / "nothing")
    monkeypatch.setattr(tutor, "BUILDER", tmp_path / "docs" / "make_site.py")
    refused(run("tutor"), 1, "carries the lessons, not the site", "--notebook")


def test_the_lessons_are_listed_with_their_scripts(run):
    status, out, _ = run("tutor", "--list")
    lines = out.splitlines()
    assert status == 0
    assert lines[::2] == [f"{number}  {tutor.title(path)}" for number, path in tutor.lessons().items()]
    assert all(line.strip().endswith(".py") for line in lines[1::2])


def test_a_lesson_becomes_a_notebook_once(run, monkeypatch, tmp_path):
    pytest.importorskip("jupytext", reason="jupytext isn't installed: pip install jupytext")
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("tutor", "04", "--notebook", "--no-browser")
    path = tmp_path / "04_a_neuron_by_hand.ipynb"
    assert (status, out) == (0, f"notebook: {path}\n")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert "".join(cells[0]["source"]).startswith("# A neuron, by hand")
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "import tinyxm as xm" in code
    path.write_text("mine", "utf-8")
    assert run("tutor", "04", "--notebook", "--no-browser")[0] == 0
    assert path.read_text("utf-8") == "mine"


def test_what_only_a_notebook_can_show_is_code_there_and_a_comment_in_the_script(run, monkeypatch, tmp_path):
    pytest.importorskip("jupytext", reason="jupytext isn't installed: pip install jupytext")
    monkeypatch.chdir(tmp_path)
    assert run("tutor", "09", "--notebook", "--no-browser")[0] == 0
    cells = json.loads((tmp_path / "09_one_training_step.ipynb").read_text("utf-8"))["cells"]
    assert any("".join(cell["source"]).startswith("step.show()") for cell in cells if cell["cell_type"] == "code")
    assert "\n# step.show()" in tutor.lesson("09").read_text("utf-8")


def test_jupyter_lab_opens_it_where_it_is_installed(run, monkeypatch, tmp_path):
    pytest.importorskip("jupytext", reason="jupytext isn't installed: pip install jupytext")
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(tutor.subprocess, "run", lambda command, check: started.append(command[1:]))
    find = tutor.find_spec
    monkeypatch.setattr(tutor, "find_spec", lambda name: name if name == "jupyterlab" else find(name))
    assert run("tutor", "04", "--notebook")[0] == 0
    assert started == [["-m", "jupyterlab", str(tmp_path / "04_a_neuron_by_hand.ipynb")]]
    monkeypatch.setattr(tutor, "find_spec", lambda name: None)
    assert 'pip install "tinyxm[notebook]"' in run("tutor", "04", "--notebook")[1]


def test_without_jupytext_the_script_is_named(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tutor, "find_spec", lambda name: None)
    refused(run("tutor", "04", "--notebook"), 1, "jupytext, which isn't installed", "04_a_neuron_by_hand.py")


def test_misuse_says_what_to_do(run):
    refused(run("tutor", "77"), 2, "'77' is no lesson; there are ", "--list")
    refused(run("tutor", "--notebook"), 2, "give its number")
