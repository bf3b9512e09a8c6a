"""The writer: its ink never fades, its loss is the formula, the hand can't say what, and it learns an order."""

import numpy as np
import pytest

from tinyxm import optim
from tinyxm.models.writer import Writer, like

SIZE = (16, 8)


def writer(**settings):
    return Writer(SIZE, 3, frames=5, side=8, dimensions=2, width=16, rng=np.random.default_rng(0), **settings)


def bars(label, shift):
    """A film in which a bar grows: to the right (0), to the left (1), downwards (2); `shift` is the hand."""
    film = np.zeros((5, 8, 8, 1), np.float32)
    for t in range(5):
        span = slice(1, 2 + t) if label != 1 else slice(6 - t, 7)
        film[t, (3 + shift,) if label < 2 else span, span if label < 2 else (3 + shift,)] = 1
    return film


def test_ink_only_grows():
    rng = np.random.default_rng(1)
    z = 2 * rng.normal(size=(4, 2)).astype(np.float32)
    films = writer().write(rng.normal(size=(4, *SIZE, 1)).astype(np.float32), z)
    assert films.shape == (4, 5, 8, 8, 1)
    assert np.diff(films, axis=1).min() >= 0
    assert 0 <= films.min() <= films.max() <= 1


def test_the_terms_of_the_loss_are_the_formulas():
    rng = np.random.default_rng(2)
    model = writer(dropout=0.0).eval()
    sounds = rng.normal(size=(3, *SIZE, 1)).astype(np.float32)
    films = np.sort(rng.uniform(size=(3, 5, 8, 8, 1)), axis=1).astype(np.float32)
    drawn, divergence, named = model.terms(sounds, films, films[::-1], np.array([2, 0, 1]), np.random.default_rng(5))
    m, log_s = (t.data.astype(float) for t in model.hand(films[::-1]))
    z = m + np.exp(log_s) * np.random.default_rng(5).standard_normal(m.shape, np.float32)
    scores = model.ear(sounds)
    p = 1 - np.exp(-model.ink(scores, z.astype(np.float32)).data.astype(float))
    x = films.astype(float)
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum() / 3
    assert drawn.item() == pytest.approx(entropy, rel=1e-4)
    s = np.exp(log_s)
    assert divergence.item() == pytest.approx((0.5 * (s**2 + m**2 - 1 - 2 * log_s)).sum(axis=1).mean(), rel=1e-4)
    exp = np.exp(scores.data.astype(float))
    chances = exp / exp.sum(axis=1, keepdims=True)
    assert named.item() == pytest.approx(-np.log(chances[np.arange(3), [2, 0, 1]]).mean(), rel=1e-4)
    assert named.item() == pytest.approx(model.ear.loss(sounds, np.array([2, 0, 1])).item(), rel=1e-5)
    whole = model.loss(sounds, films, films[::-1], np.array([2, 0, 1]), np.random.default_rng(5)).item()
    assert whole == pytest.approx(drawn.item() + divergence.item() + 20 * named.item(), rel=1e-5)


def test_it_learns_what_by_ear_and_how_by_eye():
    rng = np.random.default_rng(3)
    model = writer(dropout=0.0, beta=0.1)
    of = rng.normal(size=(3, *SIZE, 1)).astype(np.float32)
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(150):
        labels, hands = rng.integers(3, size=24), rng.integers(-2, 3, 24)
        films, others = (
            np.stack([bars(label, shift) for label, shift in zip(some, hands, strict=True)])
            for some in (labels, (labels + rng.integers(1, 3, 24)) % 3)
        )
        optimizer.zero_grad()
        sounds = of[labels] + 0.1 * rng.normal(size=(24, *SIZE, 1)).astype(np.float32)
        model.loss(sounds, films, others, labels, rng).backward()
        optim.clip_by_norm(model.parameters(), 5.0)
        optimizer.step()
    for shift in (-2, 2):
        shown = np.stack([bars((label + 1) % 3, shift) for label in range(3)])
        made = model.write(of, model.codes(shown))
        true = np.stack([bars(label, shift) for label in range(3)])
        assert np.mean(np.abs(made - true)) < 0.03, "what was heard, where the other film's hand puts it"


def test_drawn_codes_have_the_mean_and_the_covariance_of_those_given():
    rng = np.random.default_rng(4)
    codes = (rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)) + [1, -2, 0]).astype(np.float32)
    drawn = like(codes, 40_000, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.05 * np.cov(codes.T).max())


def test_a_side_that_four_does_not_divide_is_told():
    with pytest.raises(ValueError, match="30 pixels a side: expected a multiple of 4"):
        Writer(SIZE, 3, side=30)
