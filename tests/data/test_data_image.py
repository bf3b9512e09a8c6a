import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tinyxm.data import (
    composite,
    content_square,
    decode,
    edges,
    linear_to_rgb,
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
    flipped = pixels[:, ::-1]
    # what the first row and the first column are of the scene: TIFF 6.0, the tag Orientation
    upright = [pixels, flipped, np.rot90(pixels, 2), pixels[::-1], np.rot90(flipped), np.rot90(pixels, -1)]
    upright += [np.rot90(flipped, -1), np.rot90(pixels)]
    for orientation, expected in enumerate(upright, 1):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(decode(tmp_path / "a.png")[..., :3], expected)


def png(depth, kind, rows, *chunks):
    """A PNG by the letter of its specification: what Pillow can't write."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), depth, kind, 0, 0, 0)), *chunks]
    values = b"".join(b"\0" + np.asarray(row, f">u{depth // 8}").tobytes() for row in rows)
    parts += [(b"IDAT", zlib.compress(values)), (b"IEND", b"")]
    packed = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_decode_reads_16_bits_of_each_kind():
    values = np.array([[[0x1234, 0xFF80, 0x00FF, 0x8000], [0xFFFF, 0, 0x0100, 0x7FFF]]])
    upper = values // 256
    np.testing.assert_array_equal(decode(png(16, 6, values)), upper)
    np.testing.assert_array_equal(decode(png(16, 2, values[..., :3]))[..., :3], upper[..., :3])
    gray = decode(png(16, 4, values[..., :2]))
    np.testing.assert_array_equal(gray, upper[..., [0, 0, 0, 1]])
    clear = decode(png(16, 0, values[..., 0], (b"tRNS", struct.pack(">H", 0xFFFF))))
    np.testing.assert_array_equal(clear[0], [[0x12, 0x12, 0x12, 255], [255, 255, 255, 0]])


def test_decode_reads_palettes_with_clear_colours():
    palette = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255])
    data = png(8, 3, [[0, 1, 2]], (b"PLTE", palette), (b"tRNS", bytes([255, 128, 0])))
    np.testing.assert_array_equal(decode(data)[0], [[255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 255, 0]])


def test_decode_reads_the_first_frame_of_a_gif():
    stream = io.BytesIO()
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    assert (decode(stream.getvalue()) == [255, 0, 0, 255]).all()
    clear = Image.new("P", (2, 1))
    clear.putpalette([0, 0, 0, 9, 8, 7])
    clear.putpixel((1, 0), 1)
    stream = io.BytesIO()
    clear.save(stream, "GIF", transparency=0)
    np.testing.assert_array_equal(decode(stream.getvalue())[0], [[0, 0, 0, 0], [9, 8, 7, 255]])


def test_decode_reads_cmyk_gray_and_floating_point(tmp_path):
    inks = np.array([[[0, 255, 255, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 102]]], np.uint8)
    Image.fromarray(inks, mode="CMYK").save(tmp_path / "a.tiff")
    red, cyan, black, gray = decode(tmp_path / "a.tiff")[0]
    assert [*red] == [255, 0, 0, 255]
    assert [*cyan] == [0, 255, 255, 255]
    assert [*black] == [0, 0, 0, 255]
    assert [*gray] == [153, 153, 153, 255]
    wide = np.repeat(np.repeat(inks, 16, 0), 16, 1)
    Image.fromarray(wide, mode="CMYK").save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(decode(tmp_path / "a.jpg")[8, 8::16].astype(int), [red, cyan, black, gray], atol=4)
    Image.fromarray(np.array([[0, 0.5, 1]], np.float32)).save(tmp_path / "f.tiff")
    assert [*decode(tmp_path / "f.tiff")[0, :, 0]] == [0, 128, 255]
    Image.fromarray(np.array([[0, 3.5]], np.float32)).save(tmp_path / "f.tiff")
    with pytest.raises(ValueError, match=r"f\.tiff .*floating point from 0 to 3\.5"):
        decode(tmp_path / "f.tiff")
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "b.png")
    assert [*decode(tmp_path / "b.png")[0, :, 0]] == [255, 0]


def icc_profile(red, green, blue, gamma=1.0, kind=b"RGB "):
    """A profile of version 2 with these primaries (XYZ beside D50) and one gamma: ICC.1:2001-04, 6.1 and 6.5."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"made by hand\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78 + 12)
    tags = {b"desc": described, b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"cprt": b"text\0\0\0\0" + text}
    tags |= {b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue)}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, content, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(content), bytes(4), 0x02400000, b"mntr", kind, b"XYZ ")
    white = struct.pack(">3i", 63190, 65536, 54061)
    return (head + bytes(12) + b"acsp" + bytes(28) + white).ljust(128, b"\0") + table + content


SRGB_PRIMARIES = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))  # beside D50


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_decode_applies_a_profile(form):
    red, green, blue = SRGB_PRIMARIES
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4], pixels[4:] = 128, (60, 20, 20)
    stream = io.BytesIO()
    quality = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    profile = icc_profile(green, red, blue)  # light in place of its root, red and green changed
    Image.fromarray(pixels).save(stream, form, icc_profile=profile, **quality)
    seen = decode(stream.getvalue())
    expected = np.rint(255 * linear_to_rgb(pixels[..., [1, 0, 2]] / np.float32(255)))
    np.testing.assert_allclose(seen[..., :3], expected, atol=2)
    assert (seen[..., 3] == 255).all()


def test_decode_keeps_alpha_beside_a_profile_and_palettes_have_profiles_too():
    red, green, blue = SRGB_PRIMARIES
    profile = icc_profile(green, red, blue, gamma=2.2)
    rgba = np.array([[[200, 10, 10, 255], [10, 200, 10, 128]]], np.uint8)
    for picture in (Image.fromarray(rgba), Image.fromarray(rgba).quantize(4)):
        stream = io.BytesIO()
        picture.save(stream, "PNG", icc_profile=profile)
        seen = decode(stream.getvalue())
        assert seen[0, 0, 1] > 190 > 30 > seen[0, 0, 0]
        assert seen[0, 1, 0] > 190
        assert seen[..., 3].tolist() == [[255, 128]]


@pytest.mark.parametrize(
    "profile", [b"no profile", icc_profile(*SRGB_PRIMARIES)[:200], icc_profile(*SRGB_PRIMARIES, kind=b"CMYK")]
)
def test_a_profile_that_is_wrong_counts_as_none(profile):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(decode(stream.getvalue())[..., :3], pixels)


def test_srgb_s_own_profile_changes_nothing():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    stream = io.BytesIO()
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(stream, "PNG", icc_profile=own)
    np.testing.assert_array_equal(decode(stream.getvalue())[..., :3], pixels)


def test_decode_goes_by_content_and_runs_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("JPEG"))
    assert decode(tmp_path / "a.png").shape == (9, 12, 4)
    (tmp_path / "a.svg").write_text("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(ValueError, match="SVG drawing; save it as PNG"):
        decode(tmp_path / "a.svg")
    with pytest.raises(ValueError, match="no picture format that is read here"):  # Pillow would start Ghostscript
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(ValueError, match=r"is a folder; expected a file"):
        decode(tmp_path)


def test_decode_refuses_a_large_file_before_it_reads_it(tmp_path, monkeypatch):
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(2**40)  # nothing but a length
    with pytest.raises(ValueError, match=r"a\.png has 1,099,511,627,776 bytes; expected at most 268,435,456"):
        decode(tmp_path / "a.png")
    bomb = png(8, 0, np.zeros((1, 1)))
    huge = bomb[:16] + struct.pack(">II", 60000, 60000) + bomb[24:29]
    with pytest.raises(ValueError, match="too large a picture"):
        decode(huge + struct.pack(">I", zlib.crc32(huge[12:29])) + bomb[33:])


def encoded(kind):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray((picture(12, 9, 3) * 255).astype(np.uint8)).save(stream, kind, exif=exif.tobytes())
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"])
def test_decode_survives_every_bent_file(kind):
    """Bytes changed at random and files cut short: a picture or one clear line, never anything else."""
    data, rng = encoded(kind), np.random.default_rng(0)
    faults = []
    for trial in range(150):
        bent = np.frombuffer(data, np.uint8).copy()
        bent[rng.integers(0, len(bent), rng.integers(1, 9))] = rng.integers(0, 256)
        content = bent.tobytes() if trial % 3 else data[: rng.integers(1, len(data))]
        try:
            rgba = decode(content)
        except ValueError as error:
            faults.append(str(error))
        else:
            assert rgba.dtype == np.uint8
            assert rgba.shape[2] == 4
    assert len(faults) > 20
    assert all(fault.startswith("decode: ") and "\n" not in fault for fault in faults)


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
