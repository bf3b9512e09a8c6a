import colorsys

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import colour

SPACES = [
    (colour.rgb_to_hsv, colour.hsv_to_rgb),
    (colour.rgb_to_linear, colour.linear_to_rgb),
    (colour.rgb_to_ycbcr, colour.ycbcr_to_rgb),
]


def colours(dtype=np.float64):
    """Random ones, the corners of the cube, grays and ties of two channels."""
    steps = np.linspace(0, 1, 6)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    return np.concatenate([grid, np.random.default_rng(0).random((300, 3))]).astype(dtype)


def test_hsv_against_the_standard_library():
    rgb = colours()
    hsv = np.array([colorsys.rgb_to_hsv(*one) for one in rgb])
    np.testing.assert_allclose(colour.rgb_to_hsv(rgb), hsv, atol=1e-12)
    turned = np.random.default_rng(1).random((300, 3))
    np.testing.assert_allclose(colour.hsv_to_rgb(turned), [colorsys.hsv_to_rgb(*one) for one in turned], atol=1e-12)
    np.testing.assert_allclose(colour.hsv_to_rgb(turned + np.array([3, 0, 0])), colour.hsv_to_rgb(turned), atol=1e-12)


def test_gray_and_ycbcr_against_pillow():
    rgb = (colours(np.float32).reshape(-1, 3) * 255).round().astype(np.uint8)[None]
    picture = Image.fromarray(rgb)
    np.testing.assert_allclose(colour.rgb_to_gray(rgb)[..., 0] * 255, np.asarray(picture.convert("L")), atol=0.52)
    pillow = np.asarray(picture.convert("YCbCr")).astype(int)
    np.testing.assert_allclose(colour.rgb_to_ycbcr(rgb) * 255, pillow, atol=1.0)
    assert np.mean(np.floor(colour.rgb_to_ycbcr(rgb) * 255 + 1e-3) == pillow) > 0.95  # Pillow rounds down


def test_the_weights_of_gray():
    primaries = np.eye(3)
    np.testing.assert_allclose(colour.rgb_to_gray(primaries)[:, 0], [0.299, 0.587, 0.114])
    np.testing.assert_allclose(colour.rgb_to_gray(primaries, "rec709")[:, 0], [0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose(colour.rgb_to_gray(colours(), "mean")[:, 0], colours().mean(-1))
    np.testing.assert_allclose(colour.rgb_to_gray(primaries, (0, 1, 0))[:, 0], [0, 1, 0])
    # the luminance of pure green is 0.7152, which is encoded as 1.055·0.7152^(1/2.4) − 0.055
    luminance = colour.rgb_to_gray(primaries, "rec709", linear_light=True)[1, 0]
    assert luminance == pytest.approx(1.055 * 0.7152 ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(colour.gray_to_rgb(np.full((2, 2, 1), 0.3)), np.full((2, 2, 3), 0.3))


def test_linear_light_at_known_points():
    known = {0.0: 0.0, 0.04045: 0.04045 / 12.92, 0.5: 0.21404114, 1.0: 1.0}  # 0.214: half of full, a mid gray's light
    np.testing.assert_allclose(colour.rgb_to_linear(np.array([*known])), [*known.values()], rtol=1e-7)
    assert colour.linear_to_rgb(np.array([0.5]))[0] == pytest.approx(0.7353569, abs=1e-6)
    below, above = colour.rgb_to_linear(np.array([0.04045, np.nextafter(0.04045, 1)]))
    assert above - below < 1e-7  # the two pieces meet
    assert colour.rgb_to_linear(np.array([127], np.uint8)).dtype == np.float32


@pytest.mark.parametrize(("there", "back"), SPACES, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-7), (np.float32, 2e-6)])
def test_there_and_back(there, back, dtype, error):
    rgb = colours(dtype)
    before = rgb.copy()
    out = there(rgb)
    assert out.dtype == dtype
    np.testing.assert_allclose(back(out), rgb, atol=error)
    np.testing.assert_array_equal(rgb, before)
    assert out.min() >= -1e-6
    assert out.max() <= 1 + 1 / 255  # JFIF puts the middle of chroma at 128 of 255
    assert there(rgb.reshape(2, -1, 3)).shape == (2, len(rgb) // 2, 3)


def test_wrong_colours():
    with pytest.raises(ValueError, match=r"rgb_to_hsv: \(2, 2, 4\); expected .*\(\.\.\., 3\).*composite"):
        colour.rgb_to_hsv(np.zeros((2, 2, 4)))
    with pytest.raises(TypeError, match="rgb_to_gray: int64; expected uint8"):
        colour.rgb_to_gray(np.zeros((2, 2, 3), int))
    with pytest.raises(TypeError, match="list"):
        colour.rgb_to_linear([0.5])
    with pytest.raises(ValueError, match="'rec2020'; expected rec601, rec709, mean or three numbers"):
        colour.rgb_to_gray(np.zeros(3), "rec2020")
    with pytest.raises(ValueError, match="expected three"):
        colour.rgb_to_gray(np.zeros(3), (0.5, 0.5))


def test_the_steps_show_themselves():
    rgb = colours().reshape(-1, 2, 3)
    for there, back in SPACES:
        for step, given in ((there, rgb), (back, there(rgb))):
            left, right = step.plot(given).axes
            assert "pixels" in left.get_xlabel()
            assert "pixels" in right.get_xlabel()
