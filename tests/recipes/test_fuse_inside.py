"""Which modality made a fusion's answer, and what in it: in a small world where it's known, and by the usual tests."""

import numpy as np
import pytest

from tinyxm import nn, optim
from tinyxm.models import interpretation
from tinyxm.models.fusion import FUSIONS, Fusion, modality_dropout
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.recipes.fuse.answers import by_modality, of_modality, shapley, why
from tinyxm.recipes.fuse.data import Task
from tinyxm.recipes.fuse.scores import only, predicted

CLASSES, SIDE, FRAMES = ("no", "yes"), 12, 8


def world(n, rng):
    """A picture whose upper left corner is lighter where the answer is yes; a sound whose first frames are louder."""
    labels = rng.integers(0, 2, n)
    pictures, sounds = rng.normal(0, 0.3, (n, SIDE, SIDE, 1)), rng.normal(0, 0.3, (n, FRAMES, 6, 1))
    pictures[:, :4, :4] += (2.0 * labels - 1)[:, None, None, None]
    sounds[:, :3, 2:4] += (2.0 * labels - 1)[:, None, None, None]
    return [pictures.astype(np.float32), sounds.astype(np.float32)], labels


def encoder(shape, rng):
    layers = [nn.Conv2d(1, 4, 3, stride=2, padding=1, rng=rng), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4 * (shape[0] // 2) * (shape[1] // 2), 8, rng=rng), nn.ReLU())


@pytest.fixture(scope="module", params=["early", "cross_attention", "late"])
def learned(request):
    rng = np.random.default_rng(0)
    model = Fusion([encoder((SIDE, SIDE), rng), encoder((FRAMES, 6), rng)], FUSIONS[request.param](2, 8, 2, rng=rng))
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(120):
        x, labels = world(32, rng)
        optimizer.zero_grad()
        model.loss(x, modality_dropout(np.ones((32, 2), bool), 0.3, rng), labels).backward()
        optimizer.step()
    x, labels = world(24, np.random.default_rng(1))
    assert np.mean(predicted(model, x) == labels) > 0.95  # else there's nothing to explain
    return model, x, labels


@pytest.mark.parametrize("m", [0, 1])
def test_random_weights_destroy_the_maps_of_each_modality(learned, m):
    model, x, labels = learned
    yes, present = np.flatnonzero(labels == 1)[:6], np.ones((1, 2), bool)

    def explain():
        scores = [(of_modality(model, [one[[i]] for one in x], present, 1, m), x[m][[i]]) for i in yes]
        return np.concatenate([interpretation.integrated_gradients(score, given)[..., 0] for score, given in scores])

    found = interpretation.randomisation_test(model, explain, np.random.default_rng(0), cascade=False)
    assert abs(found.signed[-1].mean()) < 0.3


@pytest.mark.parametrize("m", [0, 1])
def test_what_speaks_for_the_answer_is_where_it_was_put(learned, m):
    model, x, labels = learned
    marked = np.zeros((SIDE, SIDE) if m == 0 else (FRAMES, 6), bool)
    marked[(slice(0, 4), slice(0, 4)) if m == 0 else (slice(0, 3), slice(2, 4))] = True
    alone = only(m, (1, 2))  # beside the other, which says the same, it may have nothing to add
    for i in np.flatnonzero(labels == 1)[:4]:
        score = of_modality(model, [one[[i]] for one in x], alone, 1, m)
        drawn = interpretation.integrated_gradients(score, x[m][[i]])[0, ..., 0]
        assert drawn[marked].mean() > 5 * np.abs(drawn[~marked].mean())
        logits = model([one[[i]] for one in x], alone).data.astype(np.float64)[0]
        assert score(x[m][[i]]).data[0] == pytest.approx(logits[1] - logits[0], abs=1e-4)


def test_shares_of_the_modalities_add_up_and_a_modality_that_contradicts_speaks_against(learned):
    model, x, labels = learned
    yes, no = np.flatnonzero(labels == 1)[0], np.flatnonzero(labels == 0)[0]
    both, none = np.ones((1, 2), bool), np.zeros((1, 2), bool)

    def odds(inputs, present):
        z = model(inputs, present).data[0].astype(np.float64)
        return z[1] - z[0]

    inputs = [one[[yes]] for one in x]
    row = by_modality("", model, inputs, both, 1, ("image", "audio"), (0.0, 0.0))
    assert row.words == ("image", "audio")
    assert sum(row.contributions["Shapley's value"]) == pytest.approx(odds(inputs, both) - odds(inputs, none), abs=1e-3)
    blank = [np.zeros_like(one) for one in inputs]
    rise = odds(inputs, both) - odds(blank, both)
    assert sum(row.contributions["integrated gradients"]) == pytest.approx(rise, abs=0.05 * abs(rise))
    alone = odds(inputs, np.array([[True, False]]))
    assert row.contributions["left out"][1] == pytest.approx(odds(inputs, both) - alone, abs=1e-3)
    torn = by_modality("", model, [x[0][[yes]], x[1][[no]]], both, 1, ("image", "audio"), (0.0, 0.0))
    for told in torn.contributions.values():
        assert told[0] > 0 > told[1]


def test_what_is_not_given_has_no_share(learned):
    model, x, _ = learned
    inputs = [x[0][:1], np.full_like(x[1][:1], 7)]
    row = by_modality("", model, inputs, np.array([[True, False]]), 1, ("image", "audio"), (0.0, 0.0))
    for told in row.contributions.values():
        assert told[0] != 0
        assert told[1] == 0


def test_shapleys_value_of_a_game_worked_out_by_hand():
    """Two left gloves and a right one: a pair is worth 1, of which the right one gets 2/3, each left one 1/6."""
    found = shapley(lambda kept: float(kept[2] and (kept[0] or kept[1])), np.ones(3, bool))
    assert found == pytest.approx([1 / 6, 1 / 6, 2 / 3])
    assert shapley(lambda kept: float(kept[0]) + 3 * kept[2], np.array([True, False, True])) == [1, 0, 3]


def test_a_sheet_has_a_row_for_the_modalities_and_one_for_each_that_is_given(learned):
    model, x, labels = learned
    read = {name: lambda value: value for name in ("image", "audio")}
    task = Task(dict(zip(("image", "audio"), x, strict=True)), labels, CLASSES, {}, "", (), read)
    yes = np.flatnonzero(labels == 1)[0]
    shares, seen, heard = why(model, task, {"image": x[0][yes], "audio": x[1][yes]})
    assert isinstance(shares, Words)
    assert shares.title.startswith("log-odds of “yes”: ")
    assert isinstance(seen, Maps)
    assert isinstance(heard, Maps)
    assert [(row.spectrogram, row.shown.shape) for row in (seen, heard)] == [(False, (12, 12, 1)), (True, (8, 6, 1))]
    assert (seen.shown.min(), seen.shown.max()) == pytest.approx((0, 1), abs=0.5)
    for row in (seen, heard):
        assert {name.split("\n")[0] for name in row.maps} == {"SmoothGrad", "integrated gradients", "occlusion"}
    _, only = why(model, task, {"audio": x[1][yes]})
    assert only.title.startswith("log-odds of “yes”, by the audio")
