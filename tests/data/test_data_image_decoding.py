import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tinyxm.data import (
    decode,
    linear_to_rgb,
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
