import io

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import composite, content_square, decode, edges, oriented_gradients, premultiplied, resize


def picture(*shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_decode_reads_files_and_bytes(tmp_path):
    pixels = (picture(5, 7, 3) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), (tmp_path / "a.png").read_bytes()):
        rgba = decode(source)
        np.testing.assert_array_equal(rgba[..., :3], pixels)
        assert (rgba[..., 3] == 255).all()


def test_decode_names_the_corrupt_file(tmp_path):
    stream = io.BytesIO()
    Image.fromarray((picture(40, 40, 3) * 255).astype(np.uint8)).save(stream, "PNG")
    data = stream.getvalue()
    for name, content in {
        "cut.png": data[:200],
        "bent.png": data[:60] + b"?" * 20 + data[80:],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            decode(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        decode(tmp_path / "absent.png")


@pytest.mark.parametrize(("content", "fault"), [(b"", "it's empty"), (b"some words", "no picture format")])
def test_decode_says_what_is_wrong(tmp_path, content, fault):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.png isn't .*: .*{fault}") as caught:
        decode(tmp_path / "a.png")
    assert "BytesIO" not in str(caught.value)


def test_decode_reads_16_bits(tmp_path):
    gray = np.arange(16, dtype=np.uint16).reshape(2, 8) * 4369
    Image.fromarray(gray).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode(tmp_path / "a.png")[..., 0], gray // 257)
    Image.fromarray(gray.astype(np.int32)).save(tmp_path / "a.tiff")
    np.testing.assert_array_equal(decode(tmp_path / "a.tiff")[..., 1], gray // 257)


def test_decode_turns_a_picture_upright(tmp_path):
    pixels = (picture(5, 7, 3) * 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: to be shown a quarter turn clockwise
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(decode(tmp_path / "a.png")[..., :3], np.rot90(pixels, -1))


@pytest.mark.parametrize("limit", [30, 10])  # Pillow warns of 35 pixels by the first, refuses them by the second
def test_decode_refuses_a_picture_too_large(tmp_path, monkeypatch, limit):
    Image.new("RGB", (5, 7)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ValueError, match=r"a\.png is too large a picture: .*35 pixels.*limit of [23]0 pixels"):
        decode(tmp_path / "a.png")


def test_composite_by_hand():
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    np.testing.assert_allclose(composite(rgba)[0], [[1, 0, 0], [1, 1, 1], [0.8, 0.8, 0.8]], atol=1e-6)
    np.testing.assert_allclose(composite(rgba, 0.5)[0, 1:], [[0.5] * 3, [0.4] * 3], atol=1e-6)
    np.testing.assert_allclose(premultiplied(rgba)[0, 0], [1, 0, 0, 1])
    assert rgba[0, 0, 0] == 255


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
