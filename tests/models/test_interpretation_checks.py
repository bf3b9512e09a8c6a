"""Checks of maps: they let a good map pass and fail a bad one, by hand and on a classifier of real digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

import tinyxm as xm
from tinyxm import data, nn, optim
from tinyxm.models.interpretation import (
    deletion_curve,
    faithfulness,
    gradient,
    gradient_times_input,
    insertion_curve,
    integrated_gradients,
    logit,
    occlusion,
    over_channels,
    probability,
    randomisation_test,
    rank_correlation,
    smooth_grad,
)
from tinyxm.models.interpretation.draw import Maps, Words, draw_curves, sheet

rng = np.random.default_rng(0)
WEIGHTS = np.array([4.0, 3.0, 2.0, 1.0])


def linear(x):
    return xm.Tensor(np.asarray(x) @ WEIGHTS)


def test_curves_of_a_linear_score_are_the_sums_that_are_left():
    x = np.ones((1, 4))
    deleted = deletion_curve(linear, x, WEIGHTS[None])
    np.testing.assert_allclose(deleted.fractions, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(deleted.scores, [[10, 6, 3, 1, 0]])
    np.testing.assert_allclose(deleted.area, [(5 + 6 + 3 + 1) / 4])
    np.testing.assert_allclose(insertion_curve(linear, x, WEIGHTS[None]).scores, [[0, 4, 7, 9, 10]])
    np.testing.assert_allclose(deletion_curve(linear, x, -WEIGHTS[None]).scores, [[10, 9, 7, 4, 0]])
    np.testing.assert_allclose(deletion_curve(linear, x, WEIGHTS[None], fill=-1).scores, [[10, 2, -4, -8, -10]])
    np.testing.assert_allclose(deletion_curve(linear, x, WEIGHTS[None], steps=2).scores, [[10, 3, 0]])


def test_the_right_order_beats_all_others_and_the_reverse_none():
    x = np.ones((2, 4))
    best = faithfulness(linear, x, np.tile(WEIGHTS, (2, 1)), orders=20, rng=np.random.default_rng(0))
    worst = faithfulness(linear, x, np.tile(-WEIGHTS, (2, 1)), orders=20, rng=np.random.default_rng(0))
    assert (best.deletion_wins >= 0.9).all()
    assert (best.insertion_wins >= 0.9).all()
    assert (worst.deletion_wins <= 0.1).all()
    assert (worst.insertion_wins <= 0.1).all()
    ties = faithfulness(linear, np.zeros((1, 4)), WEIGHTS[None], rng=np.random.default_rng(0))
    assert ties.deletion_wins == ties.insertion_wins == 0.5
    assert "beats" in str(best)


def test_random_orders_of_a_grain_cover_whole_blocks():
    seen = []

    def score(x):
        seen.append(np.asarray(x)[0, ..., 0])
        return xm.Tensor(np.zeros(len(x)))

    x = np.ones((1, 6, 8, 1))
    faithfulness(score, x, np.zeros((1, 6, 8)), orders=1, grain=2, steps=12, rng=np.random.default_rng(0))
    random = seen[13:26]  # after the 13 of the map's own deletion
    assert len(random) == 13
    for picture in random:
        blocks = picture.reshape(3, 2, 4, 2).transpose(0, 2, 1, 3).reshape(12, 4)
        assert (blocks == blocks[:, :1]).all(), "a block was split"


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=2, max_size=2))
def test_rank_correlation_is_spearman_s_ties_included(rows):
    a, b = np.array(rows, float)
    found = rank_correlation(a[None], b[None])[0]
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert found == 0
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


@pytest.fixture(scope="module")
def digits():
    """A small CNN trained for two seconds on real digits, with test pictures and what it takes them for."""
    pytest.importorskip("sklearn", reason="the digits are in scikit-learn")
    samples = data.load("handwritten-8")
    x, y = samples["image"].astype(np.float32) / 255, samples.groups["digit"]
    split = data.stratified_split(y, rng=0)
    generator = np.random.default_rng(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1, rng=generator), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, stride=2, padding=1, rng=generator), nn.ReLU(), nn.Flatten()),
        nn.Linear(4 * 4 * 16, 10, rng=generator),
    )
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(300):
        chosen = split["train"][generator.integers(len(split["train"]), size=64)]
        optimizer.zero_grad()
        xm.ops.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
    shown = split["test"][:40]
    with xm.no_grad():
        said = model(x[shown]).data.argmax(1)
    assert np.mean(said == y[shown]) > 0.9
    return model, x[shown], said


EXPLAINED = {
    "gradient": lambda s, x: over_channels(gradient(s, x)),
    "gradient times input": lambda s, x: over_channels(gradient_times_input(s, x)),
    "smooth": lambda s, x: over_channels(smooth_grad(s, x, samples=16, rng=np.random.default_rng(1))),
    "integrated": lambda s, x: over_channels(integrated_gradients(s, x, steps=16)),
    "occlusion": lambda s, x: occlusion(s, x, (2, 2), 1),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_signed_maps_of_real_digits_vanish_with_the_weights_and_beat_random_orders(digits, name):
    model, x, said = digits
    s = logit(model, said)
    before = model.state_dict()
    result = randomisation_test(model, lambda: EXPLAINED[name](s, x), np.random.default_rng(2))
    assert result.layers == ["5", "2", "0"]
    assert result.signed.shape == (3, 40)
    assert abs(result.signed[-1].mean()) < 0.25, str(result)
    at_once = randomisation_test(model, lambda: EXPLAINED[name](s, x), np.random.default_rng(2), cascade=False)
    np.testing.assert_array_equal(at_once.signed, result.signed[-1:])
    assert all(np.array_equal(value, before[key]) for key, value in model.state_dict().items()), "weights were changed"
    found = faithfulness(probability(model, said), x, EXPLAINED[name](s, x), grain=2, rng=np.random.default_rng(3))
    assert found.deletion_wins.mean() > 0.9, str(found)
    assert found.insertion_wins.mean() > 0.9, str(found)


def test_the_check_fails_a_map_that_shows_the_picture_in_place_of_the_model(digits):
    model, x, said = digits
    ink = randomisation_test(model, lambda: x[..., 0], np.random.default_rng(0))
    np.testing.assert_allclose(ink.signed, 1)
    assert ink.left == pytest.approx(1)
    inputs = randomisation_test(model, lambda: gradient_times_input(logit(model, said), x), np.random.default_rng(0))
    assert inputs.left > 0.7, "gradient × input is 0 where the picture is: that much survives any weights"
    assert "random down to" in str(ink)


def test_a_model_is_as_it_was_after_an_explanation_that_failed(digits):
    model, *_ = digits
    before, calls = model.state_dict(), []

    def explain():
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError
        return np.arange(4.0)[None]

    with pytest.raises(ZeroDivisionError):
        randomisation_test(model, explain)
    assert all(np.array_equal(value, before[key]) for key, value in model.state_dict().items())


def test_misuse_is_told():
    with pytest.raises(ValueError, match="no parameters to randomise"):
        randomisation_test(nn.ReLU(), lambda: np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"expected \(n, \.\.\.\)"):
        randomisation_test(nn.Linear(2, 2), lambda: np.zeros(3))
    with pytest.raises(ValueError, match="maps \\(1, 3\\) of x \\(1, 4\\)"):
        deletion_curve(linear, np.ones((1, 4)), np.ones((1, 3)))


def test_sheets_hold_pictures_spectrograms_words_and_curves(digits):
    _, x, _ = digits
    maps = {"one": rng.standard_normal((8, 8)), "zero": np.zeros((4, 4))}
    rows = [
        Maps("a $digit", x[0], maps),
        Maps("coloured", rng.integers(0, 256, (9, 9, 4), np.uint8), {"one": np.eye(3)}),
        Maps("heard", rng.standard_normal((20, 12, 1)), {"one": rng.standard_normal((5, 3))}, spectrogram=True),
        Words("read", ["red", "$heart"], {"left out": [0.1, -0.2], "integrated": [0.3, 0.0]}),
    ]
    figure = sheet(rows)
    assert [sum(axes.axison for axes in part.axes) for part in figure.subfigs] == [3, 2, 2, 2]
    assert len({len(part.axes) for part in figure.subfigs[:3]}) == 1, "maps are as wide in every row"
    figure.canvas.draw()
    result = faithfulness(linear, np.ones((1, 4)), WEIGHTS[None], rng=np.random.default_rng(0))
    assert len(draw_curves({"right": result}).axes) == 2
    for draw in (sheet, draw_curves):
        with pytest.raises(ValueError, match="nothing to draw"):
            draw({})
