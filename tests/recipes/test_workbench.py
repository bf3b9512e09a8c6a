"""The workbench: each instrument against planted causes, and against the formula it draws."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tinyxm import Tensor, nn
from tinyxm.cli import main
from tinyxm.metrics import modality_gap
from tinyxm.ops import info_nce
from tinyxm.recipes.workbench import (
    Pairs,
    collapse,
    false_negatives,
    gradient_norms,
    missing_modalities,
    sections,
    space_of,
    temperature_sweep,
    training_of_the_space,
    write_page,
)


def pairs(n, seed=0):
    maps = np.random.default_rng(99)
    first, second = maps.normal(size=(6, 20)), maps.normal(size=(6, 15))
    hidden = np.random.default_rng(seed).normal(size=(n, 6))
    return (hidden @ first).astype(np.float32) + 3, (hidden @ second).astype(np.float32)


@pytest.fixture(scope="module")
def sweep():
    x, y = pairs(400)
    return temperature_sweep(x, y, *pairs(60, 1), temperatures=(1.0, 0.03), steps=80, batch_size=64)


def test_a_low_temperature_keeps_the_gap_that_a_high_one_closes(sweep):
    assert sweep.temperatures == (0.03, 1.0)
    cold, warm = sweep.last("modality_gap")
    assert cold > 2 * warm
    first = [course[0] for course in sweep.measures]
    assert first[0] == first[1], "both begin with the same weights"
    assert sweep.last("recall@1")[0] > 5 * first[0]["recall@1"]
    assert sweep.steps[0] == 0
    assert sweep.steps[-1] == 80


def test_a_sweep_is_repeated_by_its_seed(sweep):
    x, y = pairs(400)
    again = temperature_sweep(x, y, *pairs(60, 1), temperatures=(0.03,), steps=80, batch_size=64)
    assert again.measures[0] == sweep.measures[0]


def test_the_sweep_is_drawn_with_an_axis_for_each_measure(sweep):
    left, right, recall = sweep.plot().axes
    assert left.get_xscale() == "log"
    assert len(left.lines[0].get_xdata()) == 2
    np.testing.assert_allclose(left.lines[0].get_ydata(), sweep.last("modality_gap"))
    np.testing.assert_allclose(recall.lines[0].get_ydata(), sweep.last("recall@1"))
    assert len(right.lines) == 4


def test_the_space_is_what_the_metrics_say():
    x, y = pairs(50)[0], pairs(50, 1)[0]
    told = space_of(x, y)
    assert told["modality_gap"] == modality_gap(x, y)
    assert space_of(x, x)["modality_gap"] == space_of(x, x)["alignment"] == 0
    assert 1 <= told["effective_rank"] <= 20


def test_a_healthy_space_raises_no_alarm():
    x = np.random.default_rng(0).normal(size=(200, 32))
    found = collapse({"image": x, "text": x + 0.1}, loss=2.0, batch_size=128)
    assert not found.raised
    assert str(found) == "no sign of collapse"
    assert {len(found.spectra[name]) for name in ("image", "text")} == {32}
    np.testing.assert_allclose(found.spectra["image"].sum(), 1)
    assert found.plot().axes[0].get_yscale() == "log"


@pytest.mark.parametrize(
    ("planted", "sign"),
    [
        (lambda rng: 10 + 0.1 * rng.normal(size=(100, 16)), "one point"),
        (lambda rng: rng.normal(size=(100, 1)) * rng.normal(size=16) + 1e-3 * rng.normal(size=(100, 16)), "a few dir"),
        (lambda rng: rng.normal(size=(100, 16)) * (np.arange(16) < 6), "most dimensions"),
        (lambda rng: np.ones((100, 16)), "one point"),
    ],
)
def test_each_kind_of_collapse_is_named(planted, sign):
    x = planted(np.random.default_rng(0))
    found = collapse({"text": x})
    assert found.raised
    assert sign in str(found)
    assert "text" in str(found)


def test_a_loss_that_stays_at_ln_batch_is_named_and_one_that_fell_is_not():
    x = np.random.default_rng(0).normal(size=(50, 8))
    assert "hasn't moved" in str(collapse({"a": x}, loss=math.log(64) - 0.01, batch_size=64))
    assert not collapse({"a": x}, loss=math.log(64) - 0.5, batch_size=64).raised


def test_two_dimensions_are_no_collapse_where_there_are_no_more():
    assert not collapse({"a": np.random.default_rng(0).normal(size=(50, 2))}).raised


def test_false_negatives_are_found_in_either_modality_and_by_name():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 30)), rng.normal(size=(8, 20))
    x[3], y[5] = 2 * x[1] + 0.01 * rng.normal(size=30), y[0]
    names = ["a", "b", "c", "d", "c", "e", "f", "g"]
    found = false_negatives(x, y, names=names)
    assert {tuple(pair) for pair in found.pairs.tolist()} == {(1, 3), (0, 5), (2, 4)}
    assert found.share == pytest.approx(3 / 28)
    np.testing.assert_array_equal(found.same, found.same.T)
    assert found.same.sum() == 6
    frames = [patch for patch in found.plot().axes[0].patches if patch.get_width() == 1]
    assert len(frames) == 6


def test_the_mask_of_false_negatives_takes_them_out_of_the_loss():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 12))
    x[4] = x[2]
    unit = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    same = false_negatives(x, names=list("abcdef")).same
    plain, masked = (float(info_nce(Tensor(unit), Tensor(unit), 100, mask).data) for mask in (None, same))
    assert plain > masked + 0.2
    assert masked < 1e-3


def test_a_batch_without_false_negatives_has_none_and_is_drawn_all_the_same():
    found = false_negatives(np.eye(5), names=list("abcde"), pictures=np.zeros((5, 4, 4, 3), np.uint8))
    assert found.share == 0
    assert not found.same.any()
    assert found.plot().axes


def fused(labels):
    """A model that is right by its sound, half right by its picture, and says 0 where nothing is there."""
    half = np.arange(len(labels)) % 2 == 0

    def predict(present):
        by_picture = np.where(present["image"] & half, labels, 0)
        return np.where(present["audio"], labels, by_picture)

    return predict


def test_missing_modalities_tell_which_one_carries_the_answer():
    labels = np.random.default_rng(0).integers(1, 5, size=400)
    found = missing_modalities(fused(labels), labels, ("image", "audio"), rates=(0, 0.25, 1), resamples=20)
    assert found.alone[("audio",)]["accuracy"] == found.alone[("image", "audio")]["accuracy"] == 1
    assert found.alone[("image",)]["accuracy"] == pytest.approx(0.5)
    assert [scores["accuracy"] for scores in found.curves["image"]] == [1, 1, 1]
    lost = [scores["accuracy"] for scores in found.curves["audio"]]
    assert lost[0] == 1
    assert lost[2] == 0.5
    assert 0.85 < lost[1] < 0.9
    assert 0.7 < found.curves["any"][-1]["accuracy"] < 0.8, "each sample keeps one of both, half of them the sound"
    assert len(found.plot().axes[0].lines) == 3
    assert len(found.bars().axes[0].patches) == 3


def test_what_is_missing_at_one_rate_is_missing_at_all_higher_ones():
    asked = []

    def predict(present):
        asked.append(present["a"] & True)
        return np.zeros(100, int)

    missing_modalities(predict, np.zeros(100, int), ("a", "b"), rates=(0.5, 0.1), classes=2, resamples=2)
    less, more = asked[3], asked[4]
    assert (less.sum(), more.sum()) == (90, 50)
    assert not np.any(more & ~less)


class Two(nn.Module):
    def __init__(self):
        rng = np.random.default_rng(0)
        self.image, self.text = nn.Linear(3, 2, rng=rng), nn.Linear(4, 2, rng=rng)


def test_gradient_norms_are_those_of_each_tower():
    model = Two()
    x, y = np.ones((5, 3), np.float32), np.full((5, 4), 2, np.float32)
    assert gradient_norms(model) == {}
    (np.sum(model.image(x)) + 3 * np.sum(model.text(y))).backward()
    norms = gradient_norms(model)
    image = math.sqrt(6 * 5**2 + 2 * 5**2)
    assert norms["gradient_norm_of_image"] == pytest.approx(image)
    assert norms["gradient_norm_of_text"] == pytest.approx(3 * math.sqrt(8 * 10**2 + 2 * 5**2))


def test_the_space_along_training_is_drawn_from_a_run_s_metrics():
    records = [
        {"stage": "a", "step": s, "loss": 1.0, "gradient_norm_of_image": 1 + s, "gradient_norm_of_text": 2.0, **space}
        for s in range(1, 6)
        for space in [{"alignment": 1 / s, "uniformity": -s}]
    ]
    other = [{"stage": "b", "step": 1, "alignment": 5.0}]
    figure = training_of_the_space(records + other)
    assert len(figure.axes) == 4
    assert len(figure.axes[0].lines) == 4
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: collapse({}), "expected one array or more"),
        (lambda: collapse({"a": np.ones((1, 3))}), "two rows at least"),
        (lambda: false_negatives(np.eye(3), names=["a", "b"]), "2 names"),
        (lambda: missing_modalities(lambda p: p, np.zeros(3, int), ("a",)), "two or more"),
        (lambda: missing_modalities(lambda p: p, np.zeros(3, int), ("a", "b"), rates=(2,)), "0 to 1"),
        (lambda: temperature_sweep(np.eye(3), np.eye(3), np.eye(2), np.eye(3)), "2 and 3 held out"),
        (lambda: temperature_sweep(np.eye(3), np.eye(3), np.eye(3), np.eye(3), (0.0, 1)), "temperatures above 0"),
        (lambda: training_of_the_space([{"step": 1, "loss": 1.0}]), "no record has a gradient norm"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def a_run(tmp_path, pairs=None, missing=None, metrics=()):
    recipe = SimpleNamespace(name="fake", title="Fake", pairs=lambda run: pairs, missing=lambda run: missing)
    folder = SimpleNamespace(path=tmp_path, metrics=lambda: list(metrics))
    return SimpleNamespace(recipe=recipe, folder=folder, settings=SimpleNamespace(seed=0, batch_size=32))


def test_the_page_of_two_towers_holds_every_instrument_and_leaves_out_what_was_not_logged(tmp_path):
    (x, y), (new_x, new_y) = pairs(60), pairs(20, 1)
    given = Pairs(
        {"image": new_x, "text": new_x + 0.1},
        {"image": x, "text": y},
        {"image": new_x, "text": new_y},
        [f"thing {i // 2}" for i in range(60)],
        held_out_kinds=np.arange(20) // 2,
    )
    run = a_run(tmp_path, given)
    titles = [section.title for section in sections(run, steps=2)]
    assert titles == ["The shared space", "The modality gap against temperature", "False negatives"]
    logged = [{"stage": "a", "step": s, "gradient_norm_of_image": 1.0} for s in (1, 2)]
    assert sections(a_run(tmp_path, given, metrics=logged), steps=2)[1].title == "Along training"
    page = write_page(run).read_text("utf-8")
    assert page.count("<img") == 3
    assert "alarm beyond" in page
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"space.png", "temperature.png", "negatives.png"}


def test_the_page_of_a_fused_model_tells_of_missing_modalities(tmp_path):
    labels = np.random.default_rng(0).integers(1, 5, size=60)
    found = missing_modalities(fused(labels), labels, ("image", "audio"), rates=(0, 1), resamples=3)
    assert [section.title for section in sections(a_run(tmp_path, missing=found))] == ["Missing modalities"]
    with pytest.raises(ValueError, match="fake has neither"):
        write_page(a_run(tmp_path))


def test_the_command_writes_the_page_and_says_where(tmp_path, monkeypatch, capsys):
    labels = np.random.default_rng(0).integers(1, 5, size=60)
    found = missing_modalities(fused(labels), labels, ("image", "audio"), rates=(0, 1), resamples=3)
    monkeypatch.setattr("tinyxm.recipes.open", lambda run, console: a_run(tmp_path, missing=found))
    out = tmp_path / "deep" / "page.html"
    assert main(["workbench", str(tmp_path), "--out", str(out)]) == 0
    assert f"page: {out}" in capsys.readouterr().out.replace("\n", "")
    assert out.exists()
