import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from tinyxm.data.sources import MissingExtra
from tinyxm.data.video import (
    Video,
    frame_differences,
    natural_order,
    read_video,
    sample_frames,
    write_gif,
)


def folder(tmp_path, names, size=(5, 7)):
    for k, name in enumerate(names):
        Image.fromarray(np.full((*size, 3), k, np.uint8)).save(tmp_path / name)


def apng(frames, size, plays=0):
    """An APNG of frames (RGBA array, (x, y), delay in ms, dispose, blend): APNG specification 1.0, chunks by hand."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size[1], size[0], 8, 6, 0, 0, 0))
    out += chunk(b"acTL", struct.pack(">II", len(frames), plays))
    number = 0
    for k, (rgba, (x, y), delay, dispose, blend) in enumerate(frames):
        height, width = rgba.shape[:2]
        control = struct.pack(">IIIIIHHBB", number, width, height, x, y, delay, 1000, dispose, blend)
        out += chunk(b"fcTL", control)
        number += 1
        packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rgba))
        if k == 0:
            out += chunk(b"IDAT", packed)
        else:
            out += chunk(b"fdAT", struct.pack(">I", number) + packed)
            number += 1
    return out + chunk(b"IEND", b"")


def apng_frames(frames, size):
    """What is seen, frame by frame, where alpha is 0 or 255: the specification's text in NumPy."""
    canvas, seen = np.zeros((*size, 4), np.uint8), []
    for k, (rgba, (x, y), _, dispose, blend) in enumerate(frames):
        area = canvas[y : y + rgba.shape[0], x : x + rgba.shape[1]]
        before = area.copy()
        area[...] = np.where(rgba[..., 3:] > 0, rgba, area) if blend else rgba
        seen.append(canvas.copy())
        if dispose == 1 or (dispose == 2 and k == 0):
            area[...] = 0
        elif dispose == 2:
            area[...] = before
    return np.array(seen)


@pytest.mark.parametrize("seed", range(6))
def test_a_moving_png_as_its_specification_says(tmp_path, seed):
    rng, frames, size = np.random.default_rng(seed), [], (9, 11)
    for k in range(7):
        height, width = size if k == 0 else rng.integers(1, 7, 2)
        rgba = rng.integers(0, 256, (height, width, 4)).astype(np.uint8)
        rgba[..., 3] = 255 * (rgba[..., 3] > 100)
        rgba[rgba[..., 3] == 0] = 0
        at = (
            (0, 0)
            if k == 0
            else (int(rng.integers(0, size[1] - width + 1)), int(rng.integers(0, size[0] - height + 1)))
        )
        frames.append((rgba, at, int(rng.integers(20, 300)), int(rng.integers(3)), int(rng.integers(2))))
    (tmp_path / "a.png").write_bytes(apng(frames, size))
    video = read_video(tmp_path / "a.png")
    seen = video.frames.copy()
    seen[seen[..., 3] == 0] = 0
    np.testing.assert_array_equal(seen, apng_frames(frames, size))
    np.testing.assert_allclose(np.diff(video.seconds), [frame[2] / 1000 for frame in frames])


def test_a_moving_png_s_clear_colours_palettes_and_first_picture_apart(tmp_path):
    below, top = np.full((2, 2, 4), (200, 100, 0, 255), np.uint8), np.full((2, 2, 4), (0, 100, 255, 51), np.uint8)
    (tmp_path / "a.png").write_bytes(apng([(below, (0, 0), 50, 0, 0), (top, (0, 0), 0, 0, 1)], (2, 2)))
    video = read_video(tmp_path / "a.png")
    assert video.frames[1, 0, 0].tolist() == [160, 100, 51, 255]  # four fifths of the one, a fifth of the other
    assert np.diff(video.seconds).tolist() == pytest.approx([0.05, 0.1])
    rng = np.random.default_rng(0)
    drawn = [Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).quantize(16) for _ in range(3)]
    options = {"save_all": True, "append_images": drawn[1:], "duration": 50}
    drawn[0].save(tmp_path / "b.png", **options)
    np.testing.assert_array_equal(read_video(tmp_path / "b.png").frames[0], np.asarray(drawn[0].convert("RGBA")))
    drawn[0].save(tmp_path / "c.png", default_image=True, **options)
    assert len(read_video(tmp_path / "b.png").frames) == 3
    assert len(read_video(tmp_path / "c.png").frames) == 2


def test_a_moving_png_that_lies_is_refused(tmp_path):
    pixel, path = np.zeros((1, 1, 4), np.uint8), tmp_path / "a.png"
    for frames, size, said in (
        ([(pixel, (0, 0), 50, 0, 0)] * 2, (20_000, 20_000), "bytes in all"),
        ([(pixel, (0, 0), 50, 0, 0), (pixel, (3, 0), 50, 0, 0)], (1, 1), "frame 1 lies beyond"),
        ([(pixel, (0, 0), 50, 0, 0)] * 10_001, (1, 1), "more than 10,000 frames"),
    ):
        path.write_bytes(apng(frames, size))
        with pytest.raises(ValueError, match=said):
            read_video(path)
    whole = bytearray(apng([(pixel, (0, 0), 50, 0, 0)] * 2, (1, 1)))
    whole[-20] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="checksum"):
        read_video(path)


def test_a_moving_webp_and_delays_too_short_to_be_seen(tmp_path):
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (8, 10, 3), np.uint8)) for _ in range(4)]
    delays = [40, 250, 10, 100]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=delays, lossless=True)
    video = read_video(tmp_path / "a.webp")
    np.testing.assert_array_equal(video.frames[..., :3], np.array(frames))
    np.testing.assert_allclose(np.diff(video.seconds), [0.04, 0.25, 0.1, 0.1])
    assert len(read_video(tmp_path / "a.webp", sample_hz=20).frames) == 10
    with pytest.raises(ValueError, match=r"a\.webp has 4 frames .* at most 3"):
        read_video(tmp_path / "a.webp", most_frames=3)


@pytest.mark.parametrize("form", ["png", "webp"])
def test_a_moving_picture_cut_anywhere_gives_one_line_and_a_still_one_is_sent_to_decode(tmp_path, form):
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)) for _ in range(3)]
    path = tmp_path / f"a.{form}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    whole = path.read_bytes()
    for length in range(20, len(whole) - 20, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"read_video: .*a\.") as error:
            read_video(path)
        assert "\n" not in str(error.value)
    frames[0].save(path)
    with pytest.raises(ValueError, match="doesn't move; decode reads it"):
        read_video(path)


def test_a_folder_in_natural_order(tmp_path):
    folder(tmp_path, ["f1.png", "f2.bmp", "f10.png", "F11.PNG", "f012.png"])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".f3.png").write_bytes(b"what a file manager leaves")
    video = read_video(tmp_path, rate_hz=4)
    assert video.frames.shape == (5, 5, 7, 4)
    assert video.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(video.seconds, np.arange(6) / 4)
    assert sorted(["b", "a10", "a9b10", "a9b9"], key=natural_order) == ["a9b9", "a9b10", "a10", "b"]
    with pytest.raises(ValueError, match="rate_hz=12"):
        read_video(tmp_path)
    with pytest.raises(ValueError, match=r"5 frames .* expected at most 4"):
        read_video(tmp_path, rate_hz=4, most_frames=4)


def test_a_folder_of_different_pictures(tmp_path):
    folder(tmp_path, ["1.png"])
    folder(tmp_path, ["2.png"], (6, 6))
    with pytest.raises(ValueError, match=r"changes its size from \(5, 7, 4\) to \(6, 6, 4\); give a size"):
        read_video(tmp_path, rate_hz=4)
    assert read_video(tmp_path, rate_hz=4, size=8).frames.shape == (2, 8, 8, 4)
    (tmp_path / "3.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"3\.png isn't a picture that can be read: it's empty"):
        read_video(tmp_path, rate_hz=4, size=8)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no picture"):
        read_video(tmp_path / "empty", rate_hz=4)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"some words", "begins with b'some words'; expected a GIF"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://localhost:1/a.ts\n", "begins with b'#EXTM3U"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "begins with b'ffconcat"),
        (b"\x89PNG\r\n\x1a\n", "is truncated"),
        (b"\x89PNX\r\n\x1a\n", "begins with"),
    ],
)
def test_files_that_are_no_video(tmp_path, content, fault):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ValueError, match=rf"read_video: .*a\.mp4 {fault}"):
        read_video(tmp_path / "a.mp4")


def test_wrong_settings_and_absent_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_video(tmp_path / "absent.gif")
    write_gif(tmp_path / "a.gif", np.zeros((1, 1, 1, 1), np.uint8), [0, 0.02])
    with pytest.raises(ValueError, match="has times of its own"):
        read_video(tmp_path / "a.gif", rate_hz=3)
    with pytest.raises(ValueError, match="sample_hz 0"):
        read_video(tmp_path / "a.gif", sample_hz=0)


def test_without_a_decoder_the_line_that_installs_one(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    with pytest.raises(MissingExtra, match=r'a\.mp4 needs a decoder; run: pip install "tinyxm\[video\]"'):
        read_video(tmp_path / "a.mp4")


def ramp(count=20, size=(48, 64)):
    """Frames that tell their number by their gray."""
    return np.stack([np.full((*size, 3), 20 + 10 * k, np.uint8) for k in range(count)])


def write_container(path, frames, rate, codec="mpeg4"):
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mov"])
def test_containers(tmp_path, name):
    frames = ramp()
    write_container(tmp_path / name, frames, 10)
    video = read_video(tmp_path / name)
    assert video.frames.shape == (20, 48, 64, 3)
    np.testing.assert_allclose(video.seconds, np.arange(21) / 10, atol=2e-3)
    np.testing.assert_allclose(video.frames.mean((1, 2, 3)), frames.mean((1, 2, 3)), atol=4)
    some = read_video(tmp_path / name, sample_hz=5, size=(12, 16))
    assert some.frames.shape == (10, 12, 16, 3)
    np.testing.assert_allclose(some.frames.mean((1, 2, 3)), frames[::2].mean((1, 2, 3)), atol=4)
    with pytest.raises(ValueError, match="expected at most 7"):
        read_video(tmp_path / name, most_frames=7)
    data = (tmp_path / name).read_bytes()
    if name == "a.avi":
        (tmp_path / name).write_bytes(b"00dc".join(data.split(b"00dc")[:12]))  # the first pictures alone
        with pytest.warns(UserWarning, match=r"announces 20 frames, and has \d"):
            assert len(read_video(tmp_path / name).frames) < 20
    (tmp_path / name).write_bytes(data[:60] + bytes(len(data) - 60))
    with pytest.raises(ValueError, match=r"isn't a video that can be read|has no frame") as caught:
        read_video(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_sampling_takes_the_frame_that_is_seen():
    frames = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)
    seconds = [0, 0.3, 0.4, 1.0, 1.1]
    by_rate = sample_frames(frames, seconds, rate_hz=10)
    assert by_rate.frames.ravel().tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 3]
    np.testing.assert_allclose(by_rate.seconds, np.arange(12) / 10)
    assert sample_frames(frames, seconds, rate_hz=2).frames.ravel().tolist() == [0, 2, 3]
    assert sample_frames(frames, seconds, count=2).frames.ravel().tolist() == [0, 2]  # at 0.275 and 0.825
    assert sample_frames(frames, seconds, count=1).frames.ravel().tolist() == [2]  # at 0.55, the middle
    assert sample_frames(frames, seconds, count=11).frames.ravel().tolist() == by_rate.frames.ravel().tolist()
    assert len(sample_frames(frames, seconds, rate_hz=0.1).frames) == 1
    late = sample_frames(frames, np.add(seconds, 5), rate_hz=10)
    np.testing.assert_array_equal(late.frames, by_rate.frames)
    assert late.seconds[0] == 5
    # a rate of its own changes nothing, whatever the rounding of its times
    for rate in (3, 7, 24, 29.97, 60):
        many = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
        np.testing.assert_array_equal(sample_frames(many, np.arange(101) / rate, rate_hz=rate).frames, many)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "rate_hz None, count None; expected one"),
        ({"rate_hz": 1, "count": 1}, "expected one"),
        ({"count": 0}, "at least 1"),
        ({"rate_hz": -1}, "expected 1 to"),
        ({"rate_hz": 1e12}, "expected 1 to"),
    ],
)
def test_sampling_says_what_it_expects(settings, fault):
    with pytest.raises(ValueError, match=f"sample_frames: .*{fault}"):
        sample_frames(np.zeros((2, 1, 1, 1)), [0, 1, 2], **settings)
    for seconds in ([0, 1], [0, 2, 1], [0, np.nan, 1]):
        with pytest.raises(ValueError, match=r"seconds \(.*,\) for 2 frames; expected 3 growing times"):
            sample_frames(np.zeros((2, 1, 1, 1)), seconds, count=1)


def test_differences_add_up_again():
    frames = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), np.uint8)
    change = frame_differences(frames)
    assert change.shape == (5, 4, 5, 3)
    np.testing.assert_allclose(frames[0] / 255 + change.sum(0), frames[-1] / 255, atol=1e-5)
    assert change.min() < -0.5
    with pytest.raises(ValueError, match="at least two frames"):
        frame_differences(frames[:1])


def test_a_written_gif_is_read_again(tmp_path):
    rng = np.random.default_rng(0)
    seconds = np.cumsum([0, 0.105, 0.033, 0.02, 0.5])
    grays = rng.integers(0, 256, (4, 6, 7, 1), np.uint8)
    for frames in (grays, grays / 255, np.repeat(grays, 3, -1)):
        write_gif(tmp_path / "a.gif", frames, seconds)
        video = read_video(tmp_path / "a.gif")
        np.testing.assert_array_equal(video.frames[..., :1], grays)
        np.testing.assert_allclose(video.seconds, np.round(seconds, 2), atol=1e-9)
    clear = np.concatenate([np.repeat(grays, 3, -1), (grays > 128) * np.uint8(255)], -1)
    write_gif(tmp_path / "a.gif", clear, seconds)
    again = read_video(tmp_path / "a.gif").frames
    np.testing.assert_array_equal(again[..., 3], clear[..., 3])
    same = np.repeat(grays[:1], 4, 0)
    write_gif(tmp_path / "a.gif", same, seconds)
    np.testing.assert_allclose(read_video(tmp_path / "a.gif").seconds[-1], 0.66, atol=1e-9)  # one frame, as long as all
    # a third of a second isn't a number of hundredths: the errors don't add up
    write_gif(tmp_path / "a.gif", rng.integers(0, 256, (30, 2, 2, 1), np.uint8), np.arange(31) / 30)
    np.testing.assert_allclose(read_video(tmp_path / "a.gif").seconds, np.arange(31) / 30, atol=0.0051)


def test_gifs_that_cannot_be_written(tmp_path):
    before = tmp_path / "a.gif"
    before.write_bytes(b"kept")
    with pytest.raises(ValueError, match=r"a frame of 0\.01 seconds; expected at least 0\.02"):
        write_gif(before, np.zeros((2, 1, 1, 1)), [0, 0.01, 1])
    with pytest.raises(ValueError, match="expected 1 channel"):
        write_gif(before, np.zeros((1, 1, 1, 2)), [0, 1])
    with pytest.raises(ValueError, match=r"write_gif: \(2, 2\); expected frames"):
        write_gif(before, np.zeros((2, 2)), [0, 1])
    assert before.read_bytes() == b"kept"
    assert len(list(tmp_path.iterdir())) == 1


def test_steps_show_themselves(tmp_path):
    frames = ramp(4, (8, 8))
    figure = sample_frames.plot(frames, np.arange(5) / 2, count=3)
    assert figure.axes[1].get_xlabel() == "3 of 8 × 8 pixels, uint8; 2 seconds"
    frame_differences.plot(frames).savefig(tmp_path / "a.png")
    assert isinstance(sample_frames(frames, np.arange(5), count=1), Video)
