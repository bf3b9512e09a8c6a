import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.ndimage import map_coordinates

from tinyxm.data import composite
from tinyxm.data.augment import (
    augment,
    cutout,
    draw_edges,
    enclosed,
    fill,
    flip,
    gain,
    gamma,
    gray,
    mean_colour,
    mix,
    mixup,
    noise,
    over,
    random_crop,
    recolour,
    shift,
    slant,
    warp,
)
from tinyxm.data.recorded import Augmentation, Record, augmentation, in_turn

CHAIN = [warp, gain, gamma, gray, over]
ANY = [flip, shift, slant, random_crop, noise, cutout, mix]


def pictures(n=6, size=16, seed=0):
    x = np.random.default_rng(seed).random((n, size, size, 4)).astype(np.float32)
    x[..., :3] *= x[..., 3:]
    return x


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("step", [*CHAIN, augment, *ANY], ids=lambda step: step.__name__)
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


def test_slant_against_scipy_and_films_as_channels():
    x = pictures(5, size=12)
    assert np.abs(slant(x, rng(), 0, 0, 0) - x).max() < 1e-5
    out, record = slant.recorded(x, rng(7), amount=0.5, stretch=0.3, pixels=2)
    ((_, decided),) = record.steps
    ys, xs = np.mgrid[:12, :12] - 5.5
    for i in range(5):
        lean, across, along, right, down = (float(decided[k][i]) for k in ("lean", "across", "along", "right", "down"))
        assert abs(lean) <= 0.5
        assert max(abs(np.log(across)), abs(np.log(along))) <= 0.3
        at_x, at_y = across * xs + lean * ys + right + 5.5, along * ys + down + 5.5
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


@pytest.mark.parametrize("step", [*CHAIN, augment, *ANY], ids=lambda step: step.__name__)
def test_what_was_done_is_done_again(step):
    x, others = pictures(6), pictures(6, seed=1)
    out, record = step.recorded(x, rng(1))
    np.testing.assert_array_equal(out, step(x, rng(1)))
    np.testing.assert_array_equal(out, step(x, 1))
    np.testing.assert_array_equal(record.replay(x), out)
    assert not np.array_equal(record.replay(others), out)
    np.testing.assert_array_equal(Record.from_json(record.to_json()).replay(others), record.replay(others))
    assert len(record) == 6
    assert len(str(record).splitlines()) == 6 * len(record.steps)
    if step is mix:
        with pytest.raises(ValueError, match="mix mixed the pictures"):
            record[[0]]
    else:
        np.testing.assert_array_equal(record[[4, 2]].replay(x[[4, 2]]), out[[4, 2]])
        np.testing.assert_array_equal(record[[3]].replay(x)[3], out[3])
        np.testing.assert_array_equal(record[[3]].replay(x)[1], record[[3] * 6].replay(x)[1])


def test_the_recipe_s_chain_is_its_steps_from_one_generator():
    x, one, chance = pictures(30), pictures(30), rng(4)
    for step in (warp, gain, gamma, gray, over, draw_edges):
        one = step(one, chance)
    np.testing.assert_array_equal(augment(x, rng(4)), one)


def test_a_picture_and_its_mask_are_changed_alike():
    """What tells a recorded change from two that are drawn apart: colours and mask stay one."""
    x = pictures(20, size=24)
    mask = (x[..., 3:] > 0.5).astype(np.float32)
    coloured = np.concatenate([mask * 0.25, mask * 0.5, mask], axis=-1)
    changed, record = in_turn(coloured, 3, flip, shift, random_crop, cutout)
    same = record.replay(mask)
    np.testing.assert_allclose(changed[..., 2:], same, atol=1e-6)
    np.testing.assert_allclose(changed[..., :1], same * 0.25, atol=1e-6)
    assert [name for name, _ in record.steps] == ["flip", "shift", "random_crop", "cutout"]


def test_one_record_is_done_to_every_frame():
    frames = np.repeat(pictures(1)[..., :3], 5, axis=0)
    _, record = in_turn(frames[:1], 0, flip, recolour, noise)
    out = record.replay(frames)
    assert (out == out[:1]).all()
    assert not np.array_equal(out, frames)


def test_records_say_what_they_expect():
    x = pictures(4)
    _, record = flip.recorded(x, 0)
    with pytest.raises(ValueError, match=r"replay: 3 pictures; expected 4"):
        record.replay(x[:3])
    with pytest.raises(TypeError, match=r"record\[\[2\]\]"):
        record[2]
    with pytest.raises(ValueError, match="4 pictures \\+ 2"):
        record + flip.recorded(x[:2], 0)[1]
    for text, fault in {
        "[": "Expecting value",
        "{}": None,
        "[1]": "not subscriptable",
        '[{"operation": "burn", "decisions": {}}]': "no operation 'burn'; there are",
        '[{"operation": "flip", "decisions": {"across": 0}}]': "flip with across; expected across, down",
        record.to_json().replace('"bool"', '"object"', 1): "'object'; expected float32, int64 or bool",
        record.to_json().replace("[false", "[false, true", 1).replace("[true", "[true, true", 1): "different numbers",
    }.items():
        if fault:
            with pytest.raises(ValueError, match=rf"Record\.from_json: .*{fault}"):
                Record.from_json(text)
    assert len(Record(())) == 0


def test_an_operation_of_ones_own():
    def darkened(images, share):
        return images * share[:, None, None, None]

    @augmentation(darkened)
    def darken(images, rng, least=0.5):
        """Darken each picture by a factor of its own."""
        return {"share": np.random.default_rng(rng).uniform(least, 1, len(images)).astype(np.float32)}

    @Augmentation
    def both(images, rng):
        """Mirror, then darken."""
        return in_turn(images, rng, flip, darken)

    x = pictures(5)
    out, record = both.recorded(x, 2)
    np.testing.assert_array_equal(record.replay(x), out)
    assert "darken: share 0." in str(record)
    assert darken.__doc__.startswith("Darken")
    assert (darken(x, 0, least=1) == x).all()


def test_flip_and_shift_by_hand():
    x = pictures(300)
    out, record = flip.recorded(x, 0, probability=0.5, upside_down=0.25)
    across, down = record.steps[0][1]["across"], record.steps[0][1]["down"]
    assert 120 < across.sum() < 180
    assert 50 < down.sum() < 100
    np.testing.assert_array_equal(out[across & ~down], x[across & ~down, :, ::-1])
    np.testing.assert_array_equal(out[across & down], x[across & down, ::-1, ::-1])
    np.testing.assert_array_equal(out[~across & ~down], x[~across & ~down])
    out, record = shift.recorded(x, 0, pixels=3, outside=0.5)
    moves = record.steps[0][1]
    assert {*moves["right"].tolist()} == {*range(-3, 4)}
    for one, given, right, below in zip(out[:40], x, moves["right"], moves["down"], strict=False):
        padded = np.pad(given, ((3, 3), (3, 3), (0, 0)), constant_values=0.5)
        np.testing.assert_array_equal(one, padded[3 - below : 19 - below, 3 - right : 19 - right])
    assert (shift(x[:40, :2, :2], 0, pixels=9).reshape(40, -1).max(1) == 0).any()  # wholly out of sight


def test_random_crop_against_pillow():
    x = pictures(30, size=20)[..., :3]
    out, record = random_crop.recorded(x, 0, area=(0.2, 0.7))
    what = record.steps[0][1]
    areas = what["height"] * what["width"]
    assert 0.15 < areas.min() < 0.35
    assert 0.55 < areas.max() <= 0.7 + 1e-6
    for i, (one, given) in enumerate(zip(out, x, strict=True)):
        top, left, height, width = (float(what[name][i]) * 20 for name in ("top", "left", "height", "width"))
        box = (left, top, min(left + width, 20), min(top + height, 20))
        for channel in range(3):
            plane = Image.fromarray(np.ascontiguousarray(given[..., channel]))
            expected = np.asarray(plane.resize((20, 20), Image.Resampling.BILINEAR, box))
            np.testing.assert_allclose(one[..., channel], expected, atol=2e-4)
    np.testing.assert_allclose(random_crop(x, 0, (1, 1), (1, 1)), x, atol=1e-5)
    with pytest.raises(ValueError, match="random_crop: area"):
        random_crop(x, 0, area=(0.5, 1.5))


def test_recolour_against_pillow_and_colorsys():
    bytes_ = (pictures(12)[..., :3] * 255).round().astype(np.uint8)
    x = bytes_ / np.float32(255)
    names = ["brightness", "contrast", "saturation", "hue"]
    pillow = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "saturation": ImageEnhance.Color,
    }
    for name, enhance in pillow.items():
        out, record = recolour.recorded(x, 0, **{**dict.fromkeys(names, 0), name: 0.8})
        for one, given, factor in zip(out, bytes_, record.steps[0][1][name], strict=True):
            expected = np.asarray(enhance(Image.fromarray(given)).enhance(float(factor)))
            np.testing.assert_allclose(one * 255, expected, atol=2.5)  # Pillow rounds, also in between
    out, record = recolour.recorded(x, 0, **{**dict.fromkeys(names, 0), "hue": 0.5})
    for one, given, turn in zip(out, x, record.steps[0][1]["hue"], strict=True):
        for y in range(0, 16, 5):
            hue, saturation, value = colorsys.rgb_to_hsv(*given[y, y].astype(float))
            expected = colorsys.hsv_to_rgb((hue + float(turn)) % 1, saturation, value)
            np.testing.assert_allclose(one[y, y], expected, atol=1e-5)
    np.testing.assert_allclose(recolour(x, 0, 0, 0, 0, 0), x, atol=1e-6)
    assert recolour(x[:0], 0).shape == (0, 16, 16, 3)


def test_noise_has_the_spread_that_is_told():
    x = np.full((50, 40, 40, 3), 0.5, np.float32)
    out, record = noise.recorded(x, 0, amount=0.1)
    told = record.steps[0][1]["deviation"]
    assert told.max() <= 0.1
    np.testing.assert_allclose((out - x).std((1, 2, 3)), told, rtol=0.05)
    assert abs((out - x).mean()) < 1e-3
    rgba = pictures()
    noisy = noise(rgba, 0, amount=0.5)
    np.testing.assert_array_equal(noisy[..., 3], rgba[..., 3])
    assert (noisy[..., :3] <= rgba[..., 3:]).all()


def test_cutout_cuts_a_square():
    x = np.ones((400, 20, 30, 1), np.float32)
    out, record = cutout.recorded(x, 0, side=0.5, probability=0.75, value=0.25)
    what = record.steps[0][1]
    cut = (out != 1).any((1, 2, 3))
    assert 260 < cut.sum() < 340
    assert (out[cut].min((1, 2, 3)) == 0.25).all()
    area = (out != 1).sum((1, 2, 3))
    assert area.max() == 100  # half of the shorter side, squared
    within = cut & (np.abs(what["row"] - 0.5) < 0.2) & (np.abs(what["column"] - 0.5) < 0.3)
    assert within.sum() > 30
    assert (np.abs(area[within] - 100) <= 20).all()  # a pixel more or less where halves are rounded
    assert area[cut].min() < 60  # some are cut off


def test_mixup_mixes_labels_as_it_mixes_pictures():
    x, labels = pictures(200), np.arange(200) % 5
    mixed, shares, record = mixup(x, labels, 0, alpha=0.4)
    what = record.steps[0][1]
    for i in range(0, 200, 7):
        own, other = what["share"][i], what["partner"][i]
        np.testing.assert_allclose(mixed[i], own * x[i] + (1 - own) * x[other], atol=1e-6)
        expected = np.zeros(5)
        expected[labels[i]] += own
        expected[labels[other]] += 1 - own
        np.testing.assert_allclose(shares[i], expected, atol=1e-6)
    assert sorted(what["partner"]) == [*range(200)]
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    assert what["share"].var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), rel=0.15)  # of Beta(α, α)
    again = mixup(x, shares, 0, alpha=0.4)[1]
    np.testing.assert_allclose(again.sum(1), 1, atol=1e-6)
    assert mixup(x, labels, 0, classes=9)[1].shape == (200, 9)
    for wrong, fault in ((labels[:5], r"\(5,\) for 200"), (labels * 0.5, "float64"), (labels - 1, "from 0 to")):
        with pytest.raises(ValueError, match=f"mixup: labels .*{fault}"):
            mixup(x, wrong, 0)
    with pytest.raises(ValueError, match="alpha 0"):
        mixup(x, labels, 0, alpha=0)
    with pytest.raises(TypeError, match="mix: uint8"):
        mix(np.zeros((2, 2), np.uint8), 0)


def test_augmentations_show_what_they_did(tmp_path):
    x = pictures(10)
    figure = augment.plot(x, 0)
    assert len(figure.axes) == 7 * 8
    assert "angle" in figure.axes[8].get_xlabel()
    figure.savefig(tmp_path / "a.png")
    assert len(mix.plot(composite(x), 0).axes) == 2 * 8
    assert len(flip.recorded(x[:1], 0)[1].plot(x[:3]).axes) == 2 * 3


@pytest.mark.parametrize("step", CHAIN)
def test_wrong_pictures(step):
    with pytest.raises(TypeError, match=f"{step.__name__}: uint8"):
        step(np.zeros((2, 8, 8, 4), np.uint8), rng())
    with pytest.raises(ValueError, match=r"\(2, 8, 8, 3\)"):
        step(np.zeros((2, 8, 8, 3), np.float32), rng())
    with pytest.raises(ValueError, match="fill: inside"):
        fill(ring(2), np.zeros((2, 3, 3), np.float32), np.zeros((2, 3), np.float32), rng())
