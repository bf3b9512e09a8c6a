"""Film encoders: what a moment may depend on, that order matters to them, and that they learn what only order tells."""

from __future__ import annotations

import numpy as np
import pytest

from tinyxm import ops, optim
from tinyxm.models.captioner import BEGIN, END, Captioner
from tinyxm.models.watcher import EarlyFilmEncoder, FilmEncoder, RecurrentFilmEncoder

FRAMES, SIDE, FEATURES = 6, 8, 16
KINDS = ["early", "factored", "whole", "recurrent"]


def encoder(kind: str, seed: int = 0) -> EarlyFilmEncoder | FilmEncoder | RecurrentFilmEncoder:
    rng = np.random.default_rng(seed)
    if kind == "early":
        return EarlyFilmEncoder(FRAMES, SIDE, 1, FEATURES, (8, 16), rng)
    if kind == "recurrent":
        return RecurrentFilmEncoder(FRAMES, SIDE, 1, FEATURES, (8, 16), rng)
    return FilmEncoder(FRAMES, SIDE, 1, FEATURES, (8, 16), kind == "factored", rng)


def films(n: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((n, FRAMES, SIDE, SIDE, 1)).astype(np.float32)


@pytest.mark.parametrize(("kind", "moments"), [("factored", 3), ("whole", 3), ("recurrent", 6)])
def test_a_film_becomes_moments_that_know_nothing_of_other_films(kind, moments):
    model, x = encoder(kind), films()
    assert model.grid == (moments, 1, 1)
    y = model(x).data
    assert y.shape == (3, moments, FEATURES)
    np.testing.assert_allclose(model(x[1:2]).data[0], y[1], atol=1e-5)


def test_frames_as_channels_are_one_picture_to_a_convolution():
    model, x = encoder("early"), films()
    assert model.grid == (2, 2)
    y = model(x).data
    assert y.shape == (3, 4, FEATURES)
    np.testing.assert_allclose(model(x[1:2]).data[0], y[1], atol=1e-5)
    first, weight = model.layers[0], model.layers[0].weight.data
    by_frame = sum(ops.conv2d(x[:, t], weight[:, :, t : t + 1], stride=2, padding=1) for t in range(FRAMES))
    np.testing.assert_allclose(first(x[..., 0].transpose(0, 2, 3, 1)).data, by_frame + first.bias.data, atol=1e-5)
    assert np.abs(y - model(x[:, ::-1].copy()).data).max() > 0.05  # the order is seen


@pytest.mark.parametrize("kind", KINDS[1:])
def test_the_order_of_frames_is_seen_beyond_the_order_of_moments(kind):
    """Played backwards, a film isn't the same moments in the other order: each is made of what moves."""
    model, x = encoder(kind), films()
    model.positions.weight.data[...] = 0
    forwards, backwards = model(x).data, model(x[:, ::-1].copy()).data
    assert np.abs(forwards - backwards[:, ::-1]).max() > 0.05
    still = np.repeat(x[:, :1], FRAMES, axis=1)
    np.testing.assert_allclose(model(still).data, model(still[:, ::-1].copy()).data, atol=1e-6)


def test_convolutions_see_neighbouring_frames_and_a_recurrent_unit_all():
    x = films(1)
    changed = x.copy()
    changed[:, 5] += 1
    # group normalisation spreads a little of everything: what is compared is by convolutions alone
    for kind, reach in (("factored", 1), ("whole", 1)):
        layers = encoder(kind).layers
        first = [layer for layer in layers if type(layer).__name__ == "Conv3d"][: 2 if kind == "factored" else 1]
        a, b = x, changed
        for layer in first:
            a, b = layer(a), layer(b)
        moved = np.abs(a.data - b.data).max(axis=(0, 2, 3, 4)) > 1e-6
        assert moved.tolist() == [False] * (3 - reach) + [True] * reach
    model = encoder("recurrent")
    assert (np.abs(model(x).data - model(changed).data).max(axis=(0, 2)) > 1e-6).all()  # both ways


@pytest.mark.parametrize("kind", KINDS)
def test_a_captioner_learns_where_a_dot_goes_and_can_not_from_its_last_frame(kind):
    """A dot passes the middle at every step of the way there or back: left or right, up or down, only order tells."""
    x = np.zeros((8, FRAMES, SIDE, SIDE, 1), np.float32)
    for i in range(8):
        for t in range(FRAMES):
            at = 1 + (t if i % 2 else FRAMES - 1 - t)
            row, column = ((3, at), (at, 3))[i // 2 % 2]
            x[i, t, row, column + (i // 4) * (i // 2 % 2)] = 1
    x[:, -1] = 0.5  # all end alike
    captions = np.array([[BEGIN, 4 + i // 2 % 2, 6 + i % 2, END] for i in range(8)])
    rng = np.random.default_rng(0)
    model = Captioner(encoder(kind), 9, FEATURES, 2, 1, 4, 0.0, rng).train()
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(x, captions).backward()
        optimizer.step()
    model.eval()
    assert [list(text.tokens) for text in model.write(x)] == captions[:, 1:3].tolist()
    frozen = model.write(np.repeat(x[:, -1:], FRAMES, axis=1))
    assert len({text.tokens for text in frozen}) == 1
    maps = model.attention(x[:1], [4, 6])
    assert maps.shape == (3, *model.encoder.grid)
    np.testing.assert_allclose(maps.reshape(3, -1).sum(axis=1), 1, rtol=1e-5)
