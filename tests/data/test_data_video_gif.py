import struct

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import decode
from tinyxm.data.moving import gif_layout
from tinyxm.data.video import (
    read_video,
)

PALETTE = np.random.default_rng(5).integers(0, 256, (128, 3), np.uint8)


def gif(width, height, frames, end=b"\x3b", own_colours=b"", flags=0):
    """A GIF by the letter of its specification: frames are (left, top, indices, hundredths, disposal, transparent).

    Its pictures are LZW without compression: each code is a pixel, and the table is cleared before codes get longer.
    """
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0x80 | 6, 0, 0), PALETTE.tobytes()]
    for left, top, indices, hundredths, disposal, transparent in frames:
        control = disposal << 2 | (transparent is not None)
        parts.append(b"\x21\xf9\x04" + struct.pack("<BHB", control, hundredths, transparent or 0) + b"\0")
        parts.append(b"\x2c" + struct.pack("<HHHHB", left, top, *indices.shape[::-1], flags) + own_colours)
        parts.append(b"\x07")
        flat, codes = indices.ravel().tolist(), []
        for start in range(0, len(flat), 100):
            codes += [128, *flat[start : start + 100]]
        data = bytes([*codes, 129])
        parts += [bytes([len(data[k : k + 255])]) + data[k : k + 255] for k in range(0, len(data), 255)]
        parts.append(b"\0")
    return b"".join([*parts, end])


def shown(width, height, frames):
    """What GIF89a says is seen: an implementation of its own, a few lines long."""
    canvas = np.zeros((height, width, 4), np.uint8)
    for left, top, indices, _, disposal, transparent in frames:
        before = canvas.copy()
        area = canvas[top : top + indices.shape[0], left : left + indices.shape[1]]
        seen = np.ones(indices.shape, bool) if transparent is None else indices != transparent
        area[seen] = np.concatenate([PALETTE[indices], np.full((*indices.shape, 1), 255, np.uint8)], -1)[seen]
        yield canvas.copy()
        if disposal == 2:
            area[...] = 0
        elif disposal == 3:
            canvas = before


def random_frames(seed, width=11, height=9, count=6, transparent=7):
    rng = np.random.default_rng(seed)
    for k in range(count):
        h, w = (height, width) if k == 0 else (int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1)))
        top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        indices = rng.integers(0, 128, (h, w))
        if transparent is not None:
            indices[rng.random((h, w)) < 0.3] = transparent
        yield left, top, indices, int(rng.integers(2, 40)), int(rng.integers(0, 4)), transparent


@pytest.mark.parametrize("seed", range(8))
def test_gif_as_the_specification_shows_it(tmp_path, seed):
    frames = list(random_frames(seed))
    (tmp_path / "a.gif").write_bytes(gif(11, 9, frames))
    video = read_video(tmp_path / "a.gif")
    expected = np.stack(list(shown(11, 9, frames)))
    alpha = expected[..., 3:] > 0
    np.testing.assert_array_equal(video.frames[..., 3:] > 0, alpha)
    np.testing.assert_array_equal(video.frames * alpha, expected * alpha)
    np.testing.assert_allclose(video.seconds, np.cumsum([0] + [frame[3] / 100 for frame in frames]))
    np.testing.assert_array_equal(decode(tmp_path / "a.gif") * alpha[0], video.frames[0])


def test_gif_with_colours_of_its_frames_own(tmp_path):
    own, pixels = PALETTE[::-1].tobytes(), np.arange(6).reshape(2, 3)
    (tmp_path / "a.gif").write_bytes(gif(3, 2, [(0, 0, pixels, 5, 1, None)], own_colours=own, flags=0x86))
    np.testing.assert_array_equal(read_video(tmp_path / "a.gif").frames[0, ..., :3], PALETTE[::-1][pixels])


def test_gif_with_interlaced_rows(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 128, (19, 5))
    order = [*range(0, 19, 8), *range(4, 19, 8), *range(2, 19, 4), *range(1, 19, 2)]  # GIF89a, appendix E
    (tmp_path / "a.gif").write_bytes(gif(5, 19, [(0, 0, pixels[order], 5, 1, None)], flags=0x40))
    np.testing.assert_array_equal(read_video(tmp_path / "a.gif").frames[0, ..., :3], PALETTE[pixels])


def test_gif_without_times_takes_a_tenth_of_a_second(tmp_path):
    pixel = np.zeros((1, 1), int)
    data = gif(1, 1, [(0, 0, pixel, hundredths, 1, None) for hundredths in (0, 1, 2, 50)])
    (tmp_path / "a.gif").write_bytes(data)
    np.testing.assert_allclose(read_video(tmp_path / "a.gif").seconds, [0, 0.1, 0.2, 0.22, 0.72])
    assert gif_layout("a", data)[:2] == (1, 1)


def test_what_is_said_of_a_gif_s_frame_holds_for_that_one_alone(tmp_path):
    pixels = np.array([[1, 2]])
    data = gif(2, 1, [(0, 0, pixels, 50, 2, None), (0, 0, pixels, 30, 2, 1)])
    silent = data.replace(b"\x21\xf9\x04" + struct.pack("<BHB", 2 << 2 | 1, 30, 1) + b"\0", b"")
    assert len(silent) == len(data) - 8
    (tmp_path / "a.gif").write_bytes(silent)
    video = read_video(tmp_path / "a.gif")
    np.testing.assert_allclose(np.diff(video.seconds), [0.5, 0.1])
    assert (video.frames[..., 3] == 255).all()


def test_a_gif_from_elsewhere(tmp_path):
    rng = np.random.default_rng(0)
    grays = rng.integers(0, 256, (5, 20, 30), np.uint8)
    pictures = [Image.fromarray(gray) for gray in grays]
    pictures[0].save(
        tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[40, 50, 60, 70, 80], loop=0
    )
    video = read_video(tmp_path / "a.gif")
    np.testing.assert_array_equal(video.frames[..., 0], grays)
    np.testing.assert_allclose(np.diff(video.seconds), [0.04, 0.05, 0.06, 0.07, 0.08])


def test_a_gif_cut_anywhere_is_refused_in_one_line(tmp_path):
    data = gif(11, 9, list(random_frames(0, count=3)))
    for cut in [0, 1, 6, 12, *range(400, len(data) - 1, 23), len(data) - 1]:
        (tmp_path / "a.gif").write_bytes(data[:cut])
        with pytest.raises(ValueError, match=r"read_video: .*a\.gif (is|begins with) ") as caught:
            read_video(tmp_path / "a.gif")
        assert "\n" not in str(caught.value)


def test_a_bent_gif_gives_frames_or_one_line(tmp_path):
    data, rng, faults = gif(11, 9, list(random_frames(0, count=3))), np.random.default_rng(0), []
    for _ in range(150):
        bent = np.frombuffer(data, np.uint8).copy()
        bent[rng.integers(0, len(bent), 3)] = rng.integers(0, 256, 3)
        (tmp_path / "a.gif").write_bytes(bent.tobytes())
        try:
            read_video(tmp_path / "a.gif", most_frames=50)
        except ValueError as error:
            faults.append(str(error))
    assert len(faults) > 10
    assert all(fault.startswith("read_video: ") and "\n" not in fault for fault in faults)


def test_bombs_are_refused_before_they_are_decoded(tmp_path):
    one = gif(1, 1, [(0, 0, np.zeros((1, 1), int), 2, 1, None)], b"")
    head, frame = one[: 13 + 384], one[13 + 384 :]
    path = tmp_path / "a.gif"
    path.write_bytes(head + frame * 10**6 + b"\x3b")
    with pytest.raises(ValueError, match="has more than 10,000 frames"):
        read_video(path)
    wide = head[:6] + struct.pack("<HH", 4000, 4000) + head[10:]
    path.write_bytes(wide + frame * 500 + b"\x3b")
    with pytest.raises(ValueError, match=r"500 frames of 64,000,000 bytes, or more; expected .* sample_hz"):
        read_video(path)
    path.write_bytes(head[:6] + struct.pack("<HH", 65535, 65535) + head[10:] + frame + b"\x3b")
    with pytest.raises(ValueError, match="frames of 17,179,344,900 bytes"):
        read_video(path)
    with pytest.raises(ValueError, match="65535 × 65535 pixels; expected at most"):
        read_video(path, size=8)
    with path.open("wb") as file:
        file.write(b"GIF89a")
        file.truncate(2**40)
    with pytest.raises(ValueError, match="1,099,511,627,776 bytes"):
        read_video(path)
    path.write_bytes(head[:6] + struct.pack("<HH", 900, 900) + head[10:] + frame * 40 + b"\x3b")
    assert read_video(path, sample_hz=5, size=16).frames.shape == (4, 16, 16, 4)


def test_a_frame_beyond_the_screen_is_seen_within_it(tmp_path):
    frames = [(0, 0, np.full((2, 3), 1), 5, 1, None), (2, 1, np.full((4, 4), 2), 5, 1, None)]
    (tmp_path / "a.gif").write_bytes(gif(3, 2, frames))
    video = read_video(tmp_path / "a.gif")
    assert video.frames.shape == (2, 2, 3, 4)
    np.testing.assert_array_equal(video.frames[1, 1, :, :3], PALETTE[[1, 1, 2]])
