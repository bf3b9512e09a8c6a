import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from tinyxm.data import (
    composite,
    content_square,
    decode,
    edges,
    oriented_gradients,
    premultiplied,
    resize,
)
from tinyxm.data.image import (
    FILTERS,
    channel_statistics,
    crop,
    crop_centre,
    crop_content,
    denormalise_channels,
    normalise_channels,
)


def picture(*shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_composite_by_hand():
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    np.testing.assert_allclose(composite(rgba)[0], [[1, 0, 0], [1, 1, 1], [0.8, 0.8, 0.8]], atol=1e-6)
    np.testing.assert_allclose(composite(rgba, 0.5)[0, 1:], [[0.5] * 3, [0.4] * 3], atol=1e-6)
    np.testing.assert_allclose(premultiplied(rgba)[0, 0], [1, 0, 0, 1])
    assert rgba[0, 0, 0] == 255


def test_composite_over_a_colour():
    rgba = np.array([[[255, 0, 0, 51], [0, 255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(composite(rgba, (0, 0.5, 1))[0], [[0.2, 0.4, 0.8], [0, 0.5, 1]], atol=1e-6)
    with pytest.raises(ValueError, match="one number or three"):
        composite(rgba, (0, 1))


def test_crop_takes_the_box():
    x = np.arange(6 * 7 * 3, dtype=np.uint8).reshape(6, 7, 3)
    np.testing.assert_array_equal(crop(x, 1, 2, 3, 4), x[1:4, 2:6])
    np.testing.assert_array_equal(crop(x[..., 0], 1, 2, 3, 4), x[1:4, 2:6, 0])
    np.testing.assert_array_equal(crop(np.stack([x, x]), 0, 6, 6, 1), np.stack([x, x])[:, :, 6:])
    np.testing.assert_array_equal(crop_centre(x, 3), x[1:4, 2:5])
    np.testing.assert_array_equal(crop_centre(x, (6, 2)), x[:, 2:4])
    for box in ((4, 0, 3, 3), (0, -1, 3, 3), (0, 0, 0, 3)):
        with pytest.raises(ValueError, match=r"crop: rows .* of a picture of 6 × 7 pixels"):
            crop(x, *box)
    with pytest.raises(ValueError, match="crop_centre: 7 × 7 of a picture of 6 × 7"):
        crop_centre(x, 7)


def test_crop_content_by_alpha_and_by_colour():
    rgba = np.zeros((9, 8, 4), np.uint8)
    rgba[2:5, 3:7, 3] = 9
    assert crop_content(rgba).shape == (3, 4, 4)
    assert crop_content(rgba, margin=1).shape == (5, 6, 4)
    assert crop_content(rgba, margin=4).shape == (9, 8, 4)
    with pytest.raises(ValueError, match="is empty"):
        crop_content(rgba, tolerance=9)
    paper = np.full((9, 8, 3), 240, np.uint8)
    paper[2:5, 3:7] = (240, 0, 240)
    paper[8, 7] = 235  # a speck at the border
    assert crop_content(paper).shape == (7, 5, 3)
    assert crop_content(paper, tolerance=6).shape == (3, 4, 3)
    assert crop_content(paper, (240, 240, 240), tolerance=6).shape == (3, 4, 3)
    assert crop_content(paper[..., 1]).shape == (7, 5)


def triangle_matrix(inputs, outputs):
    """The formula of resizing with the bilinear filter, in float64: (outputs, inputs)."""
    scale = inputs / outputs
    wide = max(scale, 1)
    place = (np.arange(outputs)[:, None] + 0.5) * scale - 0.5
    weights = np.maximum(1 - np.abs(np.arange(inputs) - place) / wide, 0)
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("size", [(5, 7), (30, 40), (11, 3)])
def test_resize_is_its_formula(size):
    x = picture(13, 17, 3)
    rows, columns = triangle_matrix(13, size[0]), triangle_matrix(17, size[1])
    expected = np.einsum("yi,xj,ijc->yxc", rows, columns, x)
    np.testing.assert_allclose(resize(x, size, "bilinear"), expected, atol=1e-5)
    bytes_ = (x * 255).round().astype(np.uint8)
    np.testing.assert_allclose(resize(bytes_, size, "bilinear"), expected * 255, atol=1.6)
    np.testing.assert_array_equal(resize(x[..., 1], size, "bilinear"), resize(x, size, "bilinear")[..., 1])
    np.testing.assert_array_equal(resize(np.stack([x, x * 0]), size)[0], resize(x, size))


@pytest.mark.parametrize("size", [(20, 20), (7, 30), (40, 12)])
@pytest.mark.parametrize("filter", [*FILTERS])
def test_resize_keeps_the_aspect_as_pillow_does(size, filter):
    bytes_ = (picture(13, 17, 3) * 255).astype(np.uint8)
    shown, flipped, method = Image.fromarray(bytes_), size[::-1], FILTERS[filter]
    whole = np.asarray(ImageOps.contain(shown, flipped, method))
    top, left = (size[0] - whole.shape[0]) // 2, (size[1] - whole.shape[1]) // 2
    expected = np.full((*size, 3), (9, 8, 7), np.uint8)
    expected[top : top + whole.shape[0], left : left + whole.shape[1]] = whole
    np.testing.assert_array_equal(resize(bytes_, size, filter, fit="pad", background=(9, 8, 7)), expected)
    covered = resize(bytes_, size, filter, fit="cover")
    np.testing.assert_allclose(
        covered.astype(int), np.asarray(ImageOps.fit(shown, flipped, method)).astype(int), atol=1
    )


def test_resize_pads_in_the_middle():
    x = np.ones((10, 20, 1), np.float32)
    out = resize(x, 8, fit="pad", background=0.25)[..., 0]
    np.testing.assert_allclose(out[2:6], 1, atol=1e-6)
    assert (out[[0, 1, 6, 7]] == 0.25).all()
    sharp = np.zeros((2, 2, 1), np.uint8)
    sharp[0, 0] = 255
    np.testing.assert_array_equal(np.unique(resize(sharp, 6, "nearest")), [0, 255])


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"size": 0}, "size 0"),
        ({"size": 10**6}, "at most 32768"),
        ({"size": 4, "filter": "cubist"}, "'cubist'; expected one of nearest"),
        ({"size": 4, "fit": "squeeze"}, "'squeeze'; expected stretch"),
    ],
)
def test_resize_says_what_it_expects(settings, fault):
    with pytest.raises(ValueError, match=rf"resize: .*{fault}"):
        resize(picture(3, 3, 3), **settings)
    with pytest.raises(TypeError, match="int64; expected uint8"):
        resize(np.zeros((2, 2), int), 4)
    with pytest.raises(ValueError, match=r"\(0, 4, 3\)"):
        resize(np.zeros((0, 4, 3), np.uint8), 4)


def test_statistics_of_parts_are_those_of_the_whole():
    parts = [picture(5, 7, 3), 3 + picture(4, 2, 6, 3, seed=1), picture(1, 1, 3)]
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts]).astype(np.float64)
    mean, std = channel_statistics(iter(parts))
    np.testing.assert_allclose(mean, pixels.mean(0), rtol=1e-6)
    np.testing.assert_allclose(std, pixels.std(0), rtol=1e-6)
    with pytest.raises(ValueError, match="4 channels after 3"):
        channel_statistics([parts[0], picture(5, 7, 4)])
    with pytest.raises(ValueError, match="no pictures"):
        channel_statistics([])
    with pytest.raises(ValueError, match=r"\(5, 7\); expected arrays"):
        channel_statistics(picture(5, 7))


def test_normalise_and_back():
    bytes_ = (picture(4, 8, 8, 3) * 255).astype(np.uint8)
    bytes_[..., 2] = 51  # never varies
    moments = channel_statistics(bytes_)
    out = normalise_channels(bytes_, *moments)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std((0, 1, 2)), [1, 1, 0], atol=1e-5)
    np.testing.assert_array_equal((denormalise_channels(out, *moments) * 255).round(), bytes_)
    np.testing.assert_allclose(normalise_channels(bytes_, 0.5, 0.5), bytes_ / 127.5 - 1, atol=1e-6)
    with pytest.raises(
        ValueError, match=r"normalise_channels: mean \(2,\) for pictures \(4, 8, 8, 3\); expected \(3,\)"
    ):
        normalise_channels(bytes_, [0, 0], 1)
    with pytest.raises(ValueError, match="no negative number"):
        normalise_channels(bytes_, 0, -1)


def test_steps_show_themselves(tmp_path):
    rgba = (picture(12, 16, 4) * 255).astype(np.uint8)
    figure = resize.plot(rgba, 8, fit="pad")
    assert figure.axes[1].get_xlabel() == "8 × 8 pixels, uint8"
    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG")
    assert decode.plot(stream.getvalue()).axes[0].get_title().startswith(f"{len(stream.getvalue())} bytes")
    for shown in (
        decode.plot(stream.getvalue()),
        content_square.plot(rgba),
        composite.plot(rgba, 0.5),
        crop.plot(rgba, 1, 1, 4, 4),
        crop_content.plot(rgba),
        normalise_channels.plot(rgba[None], 0.5, 0.5),
    ):
        shown.savefig(tmp_path / "a.png")


def test_content_square_centres_what_is_drawn():
    rgba = np.zeros((50, 60, 4), np.uint8)
    rgba[10:30, 5:45] = 200
    square = content_square(rgba, margin=0.05)
    assert square.shape == (44, 44, 4)
    assert (square[12:32, 2:42] == 200).all()
    assert square.astype(int).sum() == rgba.astype(int).sum()
    with pytest.raises(ValueError, match="is empty"):
        content_square(np.zeros((4, 4, 4), np.uint8))


def test_resize_does_not_darken_edges():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[16:48, 16:48] = (255, 0, 0, 255)
    small = resize(rgba, 24)
    assert small.shape == (24, 24, 4)
    assert (small[small[..., 3] > 8][:, 0] >= 240).all()


def test_oriented_gradients_against_plain_loops():
    images = picture(2, 32, 32, 3)
    gray = images.astype(np.float64).mean(-1)
    for image, rgb, features in zip(gray, images, oriented_gradients(images), strict=True):
        cells = np.zeros((8, 8, 8))
        for y in range(32):
            for x in range(32):
                dx = image[y, x + 1] - image[y, x - 1] if 0 < x < 31 else 0.0
                dy = image[y + 1, x] - image[y - 1, x] if 0 < y < 31 else 0.0
                place = np.arctan2(dy, dx) % np.pi / np.pi * 8
                low = int(place) % 8
                cells[y // 4, x // 4, low] += np.hypot(dx, dy) * (1 - place % 1)
                cells[y // 4, x // 4, (low + 1) % 8] += np.hypot(dx, dy) * (place % 1)
        histogram = np.minimum(cells.ravel() / np.linalg.norm(cells), 0.15)
        np.testing.assert_allclose(features[:512], histogram / np.linalg.norm(histogram), atol=1e-4)
        colours = rgb.reshape(8, 4, 8, 4, 3).mean((1, 3)).ravel()
        colours -= colours.mean()
        np.testing.assert_allclose(features[512:], 0.5 * colours / np.linalg.norm(colours), atol=1e-5)


def test_edges_of_a_ramp():
    # light grows from left to right: channel 0 answers, and its neighbours where cos 45° just passes 0.7
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32)[:, None] / 16, (1, 16, 16, 3))
    out = edges(np.ascontiguousarray(ramp))
    assert out.shape == (1, 8, 8, 11)
    assert out.dtype == np.float32
    centre = out[0, 4, 4]
    q = 2 / 16  # Sobel / 4 sums a central difference of two steps
    responses = q * np.array([1, (0.5**0.5 - 0.7) / 0.3, 0, 0, 0, 0, 0, (0.5**0.5 - 0.7) / 0.3])
    np.testing.assert_allclose(centre[:8], responses / (responses.sum() + 0.05), atol=1e-5)
    np.testing.assert_allclose(centre[8:], 1 - 2 * (8.5 / 16), atol=1e-6)
    np.testing.assert_allclose(
        edges(np.ascontiguousarray(ramp.transpose(0, 2, 1, 3)))[0, 4, 4, 4], centre[0], rtol=1e-5
    )
    np.testing.assert_allclose(edges(1 - ramp)[..., :8], out[..., :8], atol=1e-5)


@pytest.mark.oracle
def test_edges_against_pytorch():
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    images = picture(37, 32, 32, 3)  # more than one block
    x = torch.tensor(images).permute(0, 3, 1, 2).double()
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).double() / 4
    g = f.conv2d(x.mean(1, keepdim=True), torch.stack([kernel, kernel.T])[:, None], padding=1)
    g[:, :, [0, -1]] = 0
    g[:, :, :, [0, -1]] = 0
    q = ((g * g).sum(1, keepdim=True) + 1e-8).sqrt()
    beta = torch.arange(8).view(1, 8, 1, 1) * torch.pi / 8
    angle = torch.atan2(g[:, 1:], g[:, :1])
    response = (g * g).sum(1, keepdim=True) / q * torch.cos(2 * (angle - beta)) - 0.7 * q
    h = f.avg_pool2d(f.relu(response) / 0.3, 2)
    h = h / (f.avg_pool2d(h.sum(1, keepdim=True), 5, 1, 2) + 0.05)
    expected = torch.cat([h, 1 - 2 * f.avg_pool2d(x, 2)], 1).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(edges(images), expected, atol=2e-5)


@pytest.mark.parametrize("operation", [edges, oriented_gradients])
def test_wrong_pictures(operation):
    with pytest.raises(ValueError, match="channels last"):
        operation(picture(2, 32, 32, 4))
    with pytest.raises(ValueError, match="n, height, width, 3"):
        operation(picture(32, 32, 3))
    with pytest.raises(ValueError, match="must be"):
        operation(picture(1, 33, 33, 3))
    with pytest.raises(TypeError, match="list"):
        operation([[1.0]])
    assert len(operation(picture(0, 32, 32, 3))) == 0
    bytes_ = (picture(3, 32, 32, 3) * 255).astype(np.uint8)
    np.testing.assert_allclose(operation(bytes_), operation(bytes_ / np.float32(255)), atol=1e-5)
