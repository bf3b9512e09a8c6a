"""tinyxm lab: the list, one mistake beside its right twin, the page, and what is refused."""

import json
import re

import pytest
from refusal import refused

from tinyxm.recipes.lab import MISTAKES, SYMPTOMS


def test_the_list_has_every_mistake(run):
    code, out, err = run("lab")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if re.match(r"\w+_\w+ ", line)] == list(MISTAKES)
    code, out, err = run("lab", "--json")
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert [row["name"] for row in rows] == list(MISTAKES)
    assert all(row["what"] and row["shows"] for row in rows)


def test_one_mistake_shows_its_symptom_beside_the_right_twin_and_is_named(run, tmp_path):
    pytest.importorskip("sklearn", reason="the digits are in scikit-learn")
    page = tmp_path / "deep" / "page.html"
    code, out, err = run("lab", "duplicate_captions", "--seed", "1", "--html", str(page))
    assert (code, err) == (0, "")
    right, wrong = map(float, re.search(r"^loss at the end +(\S+) +(\S+)", out, re.MULTILINE).groups())
    assert right < 0.3 < 1.5 < wrong
    assert re.search(r"^right twin +nothing *$", out, re.MULTILINE)
    assert re.search(r"^wrong twin +duplicate captions: \d+ of 64 captions", out, re.MULTILINE)
    assert f"written: {page}" in out
    text = page.read_text("utf-8")
    assert "The failure lab: duplicate captions" in text
    assert text.count("data:image/png;base64,") == 1
    assert "<code>tinyxm lab duplicate_captions --seed 1</code>" in text


def test_json_has_the_numbers_and_the_findings_and_nothing_else_on_stdout(run, tmp_path):
    pytest.importorskip("sklearn", reason="the digits are in scikit-learn")
    page = tmp_path / "page.html"
    code, out, err = run("lab", "zero_initialisation", "--json", "--html", str(page))
    assert (code, err) == (0, f"written: {page}\n")
    found = json.loads(out)
    assert (found["name"], found["seed"]) == ("zero_initialisation", 0)
    assert list(found["symptoms"]) == list(SYMPTOMS["zero_initialisation"])
    assert found["symptoms"]["gradients of weights that are exactly 0, %"]["wrong"] == 100
    assert found["diagnosis"]["right"] == []
    assert [finding["name"] for finding in found["diagnosis"]["wrong"]] == ["zero_initialisation"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["zero_initialization"], "no mistake 'zero_initialization'; there is zero_initialisation"),
        (["zzz"], "leaking_split"),
        (["zero_initialisation", "--seed", "-1"], "seed -1; expected 0 or more"),
        (["zero_initialisation", "--html", __file__ + "/page.html"], "test_cli_lab.py"),
        (["--html", "page.html"], "--html is for one mistake"),
        (["zero_initialisation", "leaking_split"], "leaking_split"),
    ],
)
def test_what_cannot_be_is_refused(run, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    refused(run("lab", *arguments), 2, told)
    assert not list(tmp_path.iterdir())
