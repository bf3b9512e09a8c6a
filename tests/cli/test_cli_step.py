"""`tinyxm step`: a recipe's first step, a run's next one, and a saved trace, as a page, a trace or in a pipe."""

import json

import pytest
from refusal import refused

from tinyxm.recipes.step import first_step, next_step
from tinyxm.steps import load


def test_the_first_step_of_a_recipe_is_a_page(fake, run, tmp_path):
    code, out, _ = run("step", "fake")
    assert code == 0
    assert "step.html" in out
    page = (tmp_path / "step.html").read_text("utf-8")
    assert "tinyxm-trace/1" in page
    assert "Fake · model · step 1" in page


def test_a_run_goes_on_where_it_is(fake, run, trained, tmp_path):
    assert run("step", str(trained), "--out", "next.json")[0] == 0
    told = load(tmp_path / "next.json")
    steps = json.loads((trained / "results.json").read_text())["facts"]["steps"]["model"]
    assert told["title"] == f"Fake · model · step {steps + 1}"
    assert {update["settings"]["step"] for update in told["updates"]} == {steps + 1}
    assert run("step", "next.json", "--out", "again.html")[0] == 0
    assert (tmp_path / "again.html").exists()


def test_played_in_a_pipe_it_is_a_line_for_each_operation(fake, run, tmp_path):
    code, out, _ = run("step", "fake", "--play")
    assert code == 0
    assert "backward" in out
    assert not (tmp_path / "step.html").exists()


def test_what_can_not_be_is_told_in_a_line(fake, run, trained, tmp_path):
    refused(run("step", "nothing"), 2, "nothing")
    refused(
        run("step", "out/step.json"), 2, "no file or folder out/step.json; give a trace, a run's folder, or a recipe"
    )
    refused(run("step", "fake", "--stage", "other"), 2, "no stage 'other'; there are model")
    refused(run("step", "fake", "--out", "step.png"), 2, "ends in .html or .json")
    (tmp_path / "x.json").write_text("{}")
    refused(run("step", "x.json"), 2, "expected tinyxm-trace/1")


def test_the_same_in_python(fake, trained):
    from tinyxm import recipes

    step = first_step(fake, seed=3)
    assert [update.name for update in step.updates]
    assert next_step(recipes.open(trained)).updates[0].settings["step"] > 1
    with pytest.raises(ValueError, match="no stage"):
        first_step(fake, stage="none")
