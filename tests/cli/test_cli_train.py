"""Training from the command line: what it prints, where it writes, and with which kernels."""

import json
import shlex
import warnings

import cupy_stand_in
import numpy as np
import pytest
from refusal import refused

import tinyxm_kernels
from tinyxm.recipes.recipe import Goal


def test_train_alone_trains_emoji_into_a_folder_of_its_own(fake, run, tmp_path):
    code, out, err = run("train")
    assert (code, err) == (0, "")
    assert fake.trained == [fake.settings()]
    assert "trains [nothing]" in out
    assert "Test: image → text" in out
    assert "41.5 ±1.5" in out
    assert (tmp_path / "runs" / "emoji-0" / "results.json").exists()


def test_options_reach_the_recipe(fake, run, tmp_path):
    assert run("train", "fake", "--seed", "4", "--epochs", "7", "--quick", "--validation")[0] == 0
    assert run("train", "fake", "--out", "there/deep")[0] == 0
    assert fake.trained == [fake.settings(4, 7, True, True), fake.settings()]
    assert (tmp_path / "runs" / "fake-4-quick-validation").is_dir()
    assert (tmp_path / "there" / "deep" / "config.json").exists()


def test_a_quick_run_says_it_is_one(fake, run):
    assert "smoke test" in run("train", "--quick")[1]


SQUARE = np.ones((2, 2), np.float32)


def test_kernels_are_chosen_for_the_run_alone(fake, run):
    seen = []
    fake.before = lambda folder: seen.append(tinyxm_kernels.chosen("matmul", SQUARE, SQUARE).name)
    before = tinyxm_kernels.chosen("matmul", SQUARE, SQUARE).name
    assert run("train", "--kernels", "matmul=reordered")[0] == 0
    assert seen == ["reordered"] != [before]
    assert tinyxm_kernels.chosen("matmul", SQUARE, SQUARE).name == before


def test_a_run_keeps_the_kernels_it_was_given_by_any_way(fake, run, tmp_path, monkeypatch):
    seen = []
    fake.before = lambda folder: seen.append(tinyxm_kernels.chosen("matmul", SQUARE, SQUARE).name)
    monkeypatch.setenv("TINYXM_KERNELS", "matmul=reference")
    assert run("train", "--out", "r", "--kernels", "conv2d=reference")[0] == 0
    assert json.loads((tmp_path / "r" / "config.json").read_text())["kernels"] == "matmul=reference,conv2d=reference"
    monkeypatch.delenv("TINYXM_KERNELS")
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert seen == ["reference"] * 2
    refused(run("train", "--resume", "--out", "r", "--kernels", "reference"), 2, "kernels matmul=reference")


def test_a_quick_run_waits_for_no_compiler_unless_told_to(fake, run, tmp_path):
    for given, kept in (([], "numpy"), (["--kernels", "numba"], "numba"), (["--kernels", "default"], "default")):
        assert run("train", "--quick", *given, "--out", kept)[0] == 0
        assert json.loads((tmp_path / kept / "config.json").read_text())["kernels"] == kept
    assert run("train", "--resume", "--out", "numpy")[0] == 0


def test_a_wrong_word_in_the_environment_is_told_before_anything_is_done(fake, run, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_KERNELS", "magic")
    refused(run("train"), 2, "'magic'")
    assert not fake.trained
    assert not (tmp_path / "runs").exists()


@pytest.mark.filterwarnings("always")
def test_warnings_are_one_line(fake, run):
    fake.before = lambda folder: warnings.warn("emoji: the cache\n  is corrupt", stacklevel=1)
    code, _, err = run("train")
    assert (code, err) == (0, "tinyxm: emoji: the cache is corrupt\n")


def test_a_folder_that_exists_is_left_alone(run, fake, trained):
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    refused(run("train"), 2, "runs/emoji-0 exists", "--resume", "--out")
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before


def test_resume_takes_the_settings_the_run_was_started_with(fake, run):
    assert run("train", "--epochs", "7", "--seed", "5", "--quick", "--out", "r")[0] == 0
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert fake.trained == [fake.settings(5, 7, quick=True)] * 2
    refused(run("train", "--resume", "--out", "r", "--epochs", "8"), 2, "epochs 7, not 8")
    refused(run("train", "fake", "--resume", "--out", "r"), 2, "recipe emoji, not fake")


def test_the_line_to_type_has_a_path_with_blanks_quoted(fake, run):
    def stop(folder):
        (folder / "other.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    fake.before = stop
    _, _, err = run("train", "--out", "my  run's [x]")
    assert shlex.split(err.partition("tinyxm train ")[2])[-1] == "my  run's [x]"


def test_paths_are_printed_as_they_are(fake, run, tmp_path):
    fake.before = lambda folder: (folder / "report.html").write_text("")
    out = "a[b]/" + "deep/" * 20 + "q[x]"
    lines = run("train", "--out", out)[1].splitlines()
    assert f"run folder: {out}" in lines
    assert f"report: {out}/report.html" in lines
    assert not (tmp_path / "runs" / "emoji-0").exists()


def test_the_device_is_the_runs_and_another_may_go_on(run, fake, tmp_path):
    devices = []
    fake.before = lambda folder: devices.append(fake.device)
    out = tmp_path / "run"
    assert run("train", "--out", str(out))[0] == 0
    assert json.loads((out / "config.json").read_text())["device"] == "cpu"
    with cupy_stand_in.installed():
        assert run("train", "--out", str(out), "--resume", "--device", "cuda")[0] == 0
        code, _, err = run("train", "--out", str(tmp_path / "other"), "--device", "cuda:5")
        assert (code, err) == (2, 'tinyxm: device "cuda:5": there are 2, counted from cuda:0\n')
    config = json.loads((out / "config.json").read_text())
    assert config["device"] == "cpu", "what a run began on stays in its configuration"
    config.pop("device")  # of a run before there were any
    (out / "config.json").write_text(json.dumps(config))
    assert run("train", "--out", str(out), "--resume")[0] == 0
    assert devices == ["cpu", "cuda", "cpu"]


def test_a_device_that_is_not_there_leaves_no_folder(run, fake, tmp_path, monkeypatch):
    monkeypatch.setattr("tinyxm_kernels.cuda.devices.reason", lambda: "CuPy is not installed: install it")
    for device, status, told in (
        ("cuda", 1, 'tinyxm: device "cuda": there is no GPU to use: CuPy is not installed: install it\n'),
        ("gpu", 2, 'tinyxm: device \'gpu\': expected "cpu", "cuda" or "cuda:" and a number, such as "cuda:1"\n'),
    ):
        code, _, err = run("train", "--out", str(tmp_path / "run"), "--device", device)
        assert (code, err) == (status, told)
        assert not (tmp_path / "run").exists()


def test_any_setting_can_be_given(run, fake):
    assert run("train", "--set", "learning_rate=1e-3,betas=0.8:0.95,optimizer=Nesterov,model=large")[0] == 0
    assert fake.trained == [fake.settings(learning_rate=1e-3, betas=(0.8, 0.95), optimizer="Nesterov", model="large")]
    assert run("train", "--resume")[0] == 0
    assert fake.trained[1] == fake.trained[0]


def test_settings_are_chosen_without_the_test(run, fake, tmp_path):
    line = "learning_rate=1e-3/3e-3/2e-3,model=small/large"
    code, out, _ = run("train", "--select", line, "--out", "r")
    assert code == 0
    assert "trial 6 of 6: learning_rate 0.002, model large" in out
    trials, final = fake.trained[:6], fake.trained[6]
    assert all(settings.validation for settings in trials)
    assert [(s.learning_rate, s.model) for s in trials] == [
        (r, m) for r in (1e-3, 3e-3, 2e-3) for m in ("small", "large")
    ]
    assert not final.validation
    assert (final.learning_rate, final.model) == (3e-3, "small"), "the first of those that are equally good"
    selection = json.loads((tmp_path / "r" / "selection.json").read_text())
    assert selection["chosen"] == {"learning_rate": 3e-3, "model": "small"}
    assert [round(trial["score"], 3) for trial in selection["trials"]] == [0.515, 0.515, 0.715, 0.715, 0.615, 0.615]
    assert (tmp_path / "r" / "plots" / "selection.png").stat().st_size > 5000
    fake.trained.clear()
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert fake.trained == [final], "what was chosen stands"


def test_of_errors_the_least_is_chosen(run, fake, tmp_path, monkeypatch):
    monkeypatch.setattr(type(fake), "criterion", "test.character_error")
    told = {"baselines": {}}
    monkeypatch.setattr(
        fake, "score", lambda run: {"test": {"character_error": 100 * run.settings.learning_rate, **told}}
    )
    assert run("train", "--select", "learning_rate=3e-3/1e-3/2e-3", "--out", "r")[0] == 0
    assert json.loads((tmp_path / "r" / "selection.json").read_text())["chosen"] == {"learning_rate": 1e-3}


def test_a_selection_goes_on_where_it_stopped(run, fake, tmp_path):
    def stop(folder):
        if len(fake.trained) == 2:
            raise KeyboardInterrupt

    fake.before = stop
    line = ("train", "--select", "learning_rate=1e-3/3e-3/2e-3", "--out", "r")
    assert run(*line)[0] == 130
    fake.before = lambda folder: None
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert [settings.learning_rate for settings in fake.trained] == [1e-3, 3e-3, 2e-3, 3e-3]


def test_the_list_shows_goals_beside_what_was_recorded(run, fake, monkeypatch):
    told = {"figures": {"test.image_to_text.recall@1": {"values": [0.3, 0.4]}}, "minutes": 1.5, "date": "2026-11-29"}
    monkeypatch.setattr("tinyxm.recipes.recorded.recorded", lambda: {"fake": told})
    code, out, _ = run("train", "--list")
    assert code == 0
    assert "recorded 2026-11-29, 1.5 minutes a seed" in out
    rows = [line.split()[-2:] for line in out.splitlines() if line.startswith("test,")]
    assert rows == [["35.0", "40.0"], ["–", "40.0"]]
    rows = json.loads(run("train", "--list", "--json")[1])
    assert rows[0] == {
        "name": "fake",
        "arrow": "image ↔ text",
        "figures": {"test.image_to_text.recall@1": 0.35},
        "goals": {"test.image_to_text.recall@1": 0.4},
        "of": {},
        "minutes": 1.5,
        "recorded": "2026-11-29",
    }


def test_the_list_says_whose_the_figure_to_exceed_is(run, fake, monkeypatch):
    path = "test.image_to_text.recall@1"
    bounds = (0.3, "test.image_to_text.baselines.cca.recall@1", "summary.best_alone")
    monkeypatch.setattr(type(fake), "goals", goals := tuple(Goal(path, bound) for bound in bounds))
    limits = (0.3, 0.52, 0.45)
    told = [{"path": path, "told": str(goal), "limit": x} for goal, x in zip(goals, limits, strict=True)]
    known = {"figures": {path: {"values": [0.6]}}, "goals": told, "minutes": 1.5, "date": "2026-11-29"}
    monkeypatch.setattr("tinyxm.recipes.recorded.recorded", lambda: {"fake": known})
    lines = [line for line in run("train", "--list")[1].splitlines() if line.startswith("test,")]
    assert lines[0].split()[-3:] == ["60.0", "52.0", "CCA"]  # the hardest of the three
    row = json.loads(run("train", "--list", "--json")[1])[0]
    assert (row["goals"], row["of"]) == ({path: 0.52}, {path: "cca"})
    monkeypatch.setattr("tinyxm.recipes.recorded.recorded", dict)
    assert json.loads(run("train", "--list", "--json")[1])[0]["goals"] == {path: 0.3}  # nothing is known of the others
    monkeypatch.setattr(type(fake), "goals", (Goal(path, bounds[1], 0.03),))
    (line, *_) = [line for line in run("train", "--list")[1].splitlines() if line.startswith("test,")]
    assert line.split()[-3:] == ["–", "CCA", "+0.03"]
