import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from tinyxm.data.augment import augment, draw_edges, enclosed, fill, gain, gamma, gray, mean_colour, over, warp

CHAIN = [warp, gain, gamma, gray, over]


def pictures(n=6, size=16, seed=0):
    x = np.random.default_rng(seed).random((n, size, size, 4)).astype(np.float32)
    x[..., :3] *= x[..., 3:]
    return x


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("step", [*CHAIN, augment])
def test_every_step_is_seeded_bounded_and_leaves_its_input(step):
    x = pictures(40)
    before = x.copy()
    out = step(x, rng(1))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(out, step(x, rng(1)))
    assert not np.array_equal(out, step(x, rng(2)))
    assert out.dtype == np.float32
    assert out.min() >= 0
    assert out.max() <= 1
    assert step(x[:0], rng()).shape[0] == 0
    if out.shape[-1] == 4:
        assert out.shape == x.shape


def test_warp_without_ranges_changes_nothing():
    x = pictures()
    np.testing.assert_allclose(warp(x, rng(), 0, 0, 0, 0), x, atol=1e-5)


def test_warp_against_scipy():
    x = pictures(5, size=12)
    draws = rng(7).random((5, 5), np.float32)  # the same numbers, five per range
    angle, scale, aspect, dx, dy = (
        centre + spread * (2 * u - 1)
        for u, centre, spread in zip(draws, (0, 1, 1, 0, 0), (0.5, 0.3, 0.2, 3, 3), strict=True)
    )
    out = warp(x, rng(7), rotation=0.5, scale=0.3, aspect=0.2, shift=3)
    ys, xs = np.mgrid[:12, :12] - 5.5
    for i in range(5):
        c, s = scale[i] * np.cos(angle[i]), scale[i] * np.sin(angle[i])
        at_x = c * aspect[i] * xs - s * ys + dx[i] + 5.5
        at_y = s * xs + c / aspect[i] * ys + dy[i] + 5.5
        for channel in range(4):
            truth = map_coordinates(np.pad(x[i, ..., channel], 2), [at_y + 2, at_x + 2], order=1, mode="constant")
            np.testing.assert_allclose(out[i, ..., channel], truth, atol=2e-5)


def test_colour_steps_touch_colours_alone():
    x = pictures(200)
    for step in (gain, gamma, gray):
        np.testing.assert_array_equal(step(x, rng())[..., 3], x[..., 3])
    factors = gain(np.full_like(x, 0.5), rng(), 0.2)[..., :3] * 2
    np.testing.assert_allclose(np.ptp(factors, axis=(1, 2)), 0)
    assert 0.8 <= factors.min() < 0.81
    assert 1.19 < factors.max() <= 1.2
    changed = (gamma(x, rng()) != x).any((1, 2, 3))
    assert 70 < changed.sum() < 130
    assert (gamma(x, rng())[..., :3] <= np.maximum(x[..., 3:], x[..., :3])).all()
    grays = np.ptp(gray(x, rng())[..., :3], axis=-1).max((1, 2)) < 1e-6
    assert 5 < grays.sum() < 40
    assert gray(x, rng(), probability=1)[0, 0, 0, 0] == pytest.approx(x[0, 0, 0, :3].mean(), abs=1e-6)


def test_over_white_and_over_colours():
    x = pictures(300)
    white = x[..., :3] + 1 - x[..., 3:]
    plain = np.isclose(over(x, rng()), white, atol=1e-6).all((1, 2, 3))
    assert 240 < plain.sum() < 295
    np.testing.assert_allclose(over(x, rng(), probability=0), white, atol=1e-6)


def test_draw_edges_by_hand():
    x = np.ones((1, 6, 6, 3), np.float32)
    x[:, :, 3:] = 0.5
    # at the step, Sobel / 4 is 0.5 on both sides, times 1.5 gives a darkness of 0.75; the border stays as it is
    line = draw_edges(x, rng(), overlay=0, line_art=1, strength=(1.5, 1.5))[0, ..., 0]
    np.testing.assert_allclose(line[2], [1, 1, 0.25, 0.25, 1, 1], atol=1e-6)
    np.testing.assert_allclose(line[0], 1)
    both = draw_edges(x, rng(), overlay=1, line_art=0, strength=(1.5, 1.5))[0, 2, :, 0]
    np.testing.assert_allclose(both, [1, 1, 0.25, 0.125, 0.5, 0.5], atol=1e-6)
    many = np.repeat(x, 1000, 0)
    changed = (draw_edges(many, rng()) != many).any((1, 2, 3)).mean()
    assert 0.55 < changed < 0.65
    with pytest.raises(ValueError, match="more than 1"):
        draw_edges(x, rng(), 0.7, 0.4)


def ring(n):
    x = np.zeros((n, 9, 9, 4), np.float32)
    x[:, 2:7, 2:7, 3] = 1
    x[:, 3:6, 3:6, 3] = 0
    return x


def test_fill_colours_what_is_enclosed():
    x = ring(400)
    inside = enclosed((x[..., 3] * 255).astype(np.uint8))
    np.testing.assert_array_equal(inside, enclosed(x[..., 3]))
    assert inside[0].sum() == 25
    own = np.tile(np.float32([0.1, 0.05, 0.15]), (400, 1))
    out = fill(x, inside, own, rng())
    filled = out[:, 4, 4, 3] == 1
    assert 150 < filled.sum() < 250
    np.testing.assert_array_equal(out[~filled], x[~filled])
    assert (out[:, 2, 2, :3] == 0).all()
    assert (out[:, 0, 0] == 0).all()
    kept = np.isclose(out[filled, 4, 4, :3], own[0]).all(1)
    assert 0.35 < kept.mean() < 0.65
    assert out[filled, 4, 4, :3][~kept].min() >= 0.2
    np.testing.assert_array_equal(fill(x, inside, own, rng(), probability=0), x)


def test_mean_colour():
    x = np.zeros((1, 4, 4, 4), np.float32)
    x[0, 0, :2] = [0.5, 0.25, 0, 0.5]
    x[0, 1, :2] = [1, 0.5, 0, 1]
    np.testing.assert_allclose(mean_colour(x), [[1, 0.5, 0]])


@pytest.mark.parametrize("step", CHAIN)
def test_wrong_pictures(step):
    with pytest.raises(TypeError, match=f"{step.__name__}: uint8"):
        step(np.zeros((2, 8, 8, 4), np.uint8), rng())
    with pytest.raises(ValueError, match=r"\(2, 8, 8, 3\)"):
        step(np.zeros((2, 8, 8, 3), np.float32), rng())
    with pytest.raises(ValueError, match="fill: inside"):
        fill(ring(2), np.zeros((2, 3, 3), np.float32), np.zeros((2, 3), np.float32), rng())
