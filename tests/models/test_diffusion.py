"""Diffusion: held to data whose best denoiser is known in closed form, so that what is drawn is known, too."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm.models.diffusion import LAST, Denoiser, Diffusion, noised, schedule, twice, without
from tinyxm.optim import Adam, AveragedWeights

MEANS, SPREADS = np.array([1.0, -2.0]), np.array([0.5, 0.2])  # of two independent dimensions


def texts(words):
    words = np.asarray(words, np.int64)
    return words, np.arange(len(words)), np.ones(len(words), np.float32)


class Exact(xm.nn.Module):
    """The best answer for x ~ N(m, s²): E[x | x_t] = m + α·s² / (α²·s² + σ²)·(x_t − α·m). Without a text, m is 0."""

    dimensions = 2

    def __init__(self, predict, spreads=SPREADS):
        self.predict, self.spreads = predict, spreads

    def forward(self, x, t, bag):
        alpha, sigma = (a[:, None] for a in schedule(t))
        asked = np.bincount(np.arange(len(x)), bag[2], len(x)) > 0
        mean = MEANS * asked[:, None]
        signal = mean + alpha * self.spreads**2 / (alpha**2 * self.spreads**2 + sigma**2) * (x - alpha * mean)
        noise = (x - alpha * signal) / sigma
        y = alpha * noise - sigma * signal if self.predict == "v" else noise
        return xm.Tensor(y.astype(np.float32))


@given(st.floats(0, 1))
def test_the_schedule_keeps_the_variance(t):
    alpha, sigma = schedule(np.array([t]))
    assert alpha**2 + sigma**2 == pytest.approx(1, abs=1e-6)
    assert alpha == pytest.approx(np.cos(np.pi * t / 2), abs=1e-6)


def test_noise_is_mixed_in_by_each_sample_s_own_time():
    x, noise = np.ones((3, 2, 2), np.float32), np.full((3, 2, 2), 3, np.float32)
    mixed = noised(x, np.array([0, 0.5, 1]), noise)
    expected = [1, np.sqrt(0.5) * 4, 3]
    np.testing.assert_allclose(mixed, np.broadcast_to(np.reshape(expected, (3, 1, 1)), x.shape), atol=1e-6)


@pytest.mark.parametrize("predict", ["v", "noise"])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_with_the_best_denoiser_the_data_s_own_distribution_is_drawn(predict, eta):
    model = Diffusion(Exact(predict), predict)
    made = model.draw(texts([0] * 4000), np.random.default_rng(0), steps=400, eta=eta)
    np.testing.assert_allclose(made.mean(axis=0), MEANS, atol=0.04)
    np.testing.assert_allclose(made.std(axis=0), SPREADS, rtol=0.06)
    np.testing.assert_allclose(np.corrcoef(made.T)[0, 1], 0, atol=0.06)


def test_fresh_noise_is_as_much_as_ddpm_s_chain_of_noising_leaves_open():
    """Where x is known, x_t = (α_t/α_s)·x_s + fresh noise has the correlation α_t·σ_s / (α_s·σ_t) with x_s."""
    model = Diffusion(Exact("v", spreads=np.zeros(2)))
    states = [x for x, _ in model.steps(texts([0] * 20000), np.random.default_rng(0), steps=4, eta=1.0)]
    times = np.linspace(LAST, 0, 5)[1:]
    for (before, after), (t, s) in zip(pairwise(states[:3]), pairwise(times[:3]), strict=True):
        (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule(t), schedule(s)
        expected = alpha_t * sigma_s / (alpha_s * sigma_t)
        assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] == pytest.approx(expected, abs=0.03)
        assert after.std() == pytest.approx(np.sqrt(sigma_s**2 + alpha_s**2 * 2.25), rel=0.03)


def test_what_is_learned_of_standardised_data_is_drawn_as_data():
    model = Diffusion(Exact("v"))
    model.standardise(np.random.default_rng(1).normal([10, 20], [3, 0.5], (5000, 2)).astype(np.float32))
    made = model.draw(texts([0] * 2000), np.random.default_rng(0), steps=100)
    np.testing.assert_allclose(made.mean(axis=0), [10 + 3 * 1, 20 + 0.5 * -2], atol=0.2)
    np.testing.assert_allclose(made.std(axis=0), [3 * 0.5, 0.5 * 0.2], rtol=0.1)


def test_without_fresh_noise_the_first_noise_decides_all():
    model = Diffusion(Exact("v"))
    one, same, other = (model.draw(texts([0, 0]), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_guidance_goes_from_no_text_through_the_text_and_beyond():
    """v̂ is linear in m here, so guidance w draws as if the mean were w·m."""
    model = Diffusion(Exact("v"))
    for w in (0.0, 0.5, 1.0, 2.0):
        made = model.draw(texts([0] * 3000), np.random.default_rng(0), steps=100, guidance=w)
        np.testing.assert_allclose(made.mean(axis=0), w * MEANS, atol=0.08)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.data())
@settings(max_examples=25, deadline=None)
def test_a_text_left_out_weighs_nothing_and_its_neighbours_what_they_did(sizes, data):
    dropped = np.array(data.draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes))))
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    bag = (np.arange(sum(sizes)), offsets, np.ones(sum(sizes), np.float32))
    expected = np.concatenate([np.full(size, 0.0 if out else 1.0) for size, out in zip(sizes, dropped, strict=True)])
    np.testing.assert_array_equal(without(bag, dropped)[2], expected)
    encoder = xm.nn.EmbeddingBag(max(1, sum(sizes)), 3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(encoder(*twice(bag)).data, np.tile(encoder(*bag).data, (2, 1)))


def trained(steps, predict="v", decay=0.9):
    """Two texts: word 0 lies at (−1, 1), word 1 at (3, 0), each with a little spread."""
    rng = np.random.default_rng(0)
    points = np.array([[-1, 1], [3, 0]], np.float32)
    model = Diffusion(Denoiser(2, 2, width=32, blocks=2, rng=rng), predict, decay=decay)
    model.standardise(points)
    optimizer = Adam(model.parameters(), lr=5e-3)
    average = AveragedWeights(model.denoiser.parameters(), decay)
    for _ in range(steps):
        words = rng.integers(0, 2, 64)
        x = points[words] + 0.1 * rng.standard_normal((64, 2), np.float32)
        optimizer.zero_grad()
        average.update()
        model.loss(x, texts(words), rng).backward()
        optimizer.step()
    return model.eval(), points, average


def test_it_learns_which_points_a_text_means():
    model, points, _ = trained(300)
    words = np.array([0, 1] * 50)
    made = model.draw(texts(words), np.random.default_rng(5), steps=20)
    off = np.linalg.norm(made[:, None] - points, axis=2)  # from each of the two
    assert (off.argmin(axis=1) == words).mean() >= 0.98
    assert np.median(off.min(axis=1)) < 0.3


def test_the_average_is_that_of_averaged_weights_and_is_saved_and_used():
    model, _, average = trained(5)
    for kept, expected in zip(model.average, average.average, strict=True):
        np.testing.assert_allclose(kept.data, expected, atol=1e-6)
    again = Diffusion(Denoiser(2, 2, width=32, blocks=2)).eval()
    again.load_state_dict(model.state_dict())
    drawn = [m.draw(texts([0, 1]), np.random.default_rng(0)) for m in (model, again)]
    assert np.array_equal(*drawn)
    again.denoiser.out.bias.data += 1  # what is trained isn't what draws
    assert np.array_equal(drawn[0], again.draw(texts([0, 1]), np.random.default_rng(0)))
    for kept in again.average:
        kept.data += 0.1
    assert not np.allclose(drawn[0], again.draw(texts([0, 1]), np.random.default_rng(0)))


@pytest.mark.parametrize("predict", ["v", "noise"])
def test_the_loss_of_the_best_denoiser_is_what_no_one_can_know(predict):
    """The rest is the data's spread given x_t: E‖x − x̂‖² = s²σ² / (α²s² + σ²), in v divided by σ², in ε by σ²/α²."""
    model = Diffusion(Exact(predict), predict, without_text=0).eval()
    x = np.random.default_rng(0).normal(MEANS, SPREADS, (20000, 2)).astype(np.float32)
    found = model.loss(x, texts([0] * 20000), np.random.default_rng(1)).item()
    alpha, sigma = schedule(np.linspace(0, LAST, 20001)[1:, None])
    rest = SPREADS**2 * sigma**2 / (alpha**2 * SPREADS**2 + sigma**2)
    expected = (rest / sigma**2 * (1 if predict == "v" else alpha**2)).mean()
    assert found == pytest.approx(expected, rel=0.05)


def test_errors_say_what_was_given():
    with pytest.raises(ValueError, match="predict 'x': expected 'v' or 'noise'"):
        Diffusion(Denoiser(2, 2), "x")
    with pytest.raises(ValueError, match=r"without_text 1\.0, decay 0\.5"):
        Diffusion(Denoiser(2, 2), without_text=1.0, decay=0.5)
