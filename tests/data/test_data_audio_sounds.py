"""Decoding, one channel, resampling, trimming, levels, frames and windows, against formulas and other readers."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest
from matplotlib.figure import Figure

from tinyxm.data import audio
from tinyxm.data.audio import sounds

soundfile = pytest.importorskip("soundfile", reason="soundfile (extra data) isn't installed")


def tone(hz, rate_hz, samples, phase=0.0):
    return np.sin(2 * np.pi * hz * np.arange(samples) / rate_hz + phase)


def written(sound, rate_hz=16_000, form="WAV", subtype="PCM_16"):
    stream = io.BytesIO()
    soundfile.write(stream, sound, rate_hz, format=form, subtype=subtype)
    return stream.getvalue()


def wav(rate_hz, channels, bits, data, tag=1, said=None):
    """A WAV file by its definition, without a library."""
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", len(data) if said is None else said) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


STEREO = np.stack([0.5 * tone(440, 16_000, 4000), 0.25 * tone(1000, 16_000, 4000, 1.0)], axis=1)


@pytest.mark.parametrize(
    ("bits", "values", "expected"),
    [
        (8, bytes([0, 64, 128, 255]), [-1, -0.5, 0, 127 / 128]),
        (16, struct.pack("<4h", -32768, -16384, 0, 32767), [-1, -0.5, 0, 32767 / 32768]),
        (24, bytes([0, 0, 128, 0, 0, 192, 0, 0, 0, 255, 255, 127]), [-1, -0.5, 0, (2**23 - 1) / 2**23]),
        (32, struct.pack("<4i", -(2**31), -(2**30), 0, 2**30), [-1, -0.5, 0, 0.5]),
    ],
)
def test_whole_numbers_are_shares_of_full_scale(bits, values, expected):
    sound, rate_hz = audio.decode(wav(11_025, 1, bits, values))
    assert (sound.dtype, sound.shape, rate_hz) == (np.float32, (4, 1), 11_025)
    np.testing.assert_array_equal(sound[:, 0], np.float32(expected))
    pairs, _ = audio.decode(wav(8000, 2, bits, values))
    np.testing.assert_array_equal(pairs, np.float32(expected).reshape(2, 2))


def test_floating_point_stays_as_it_is_also_beyond_full_scale():
    values = np.array([-1.5, 0.1, 1e-30, 3.0], "<f4")
    np.testing.assert_array_equal(audio.decode(wav(8000, 1, 32, values.tobytes(), tag=3))[0][:, 0], values)
    wide = audio.decode(wav(8000, 1, 64, values.astype("<f8").tobytes(), tag=3))[0]
    np.testing.assert_array_equal(wide[:, 0], values)


@pytest.mark.parametrize(
    ("form", "subtype", "error"),
    [
        *(("WAV", s, e) for s, e in (("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("PCM_32", 6e-8))),
        *(("WAV", "FLOAT", 6e-8), ("WAV", "DOUBLE", 6e-8), ("WAV", "ULAW", 0.02), ("WAVEX", "PCM_24", 2**-23)),
        *(("RF64", "PCM_16", 2**-15), ("FLAC", "PCM_S8", 2**-7), ("FLAC", "PCM_16", 2**-15)),
        *(("FLAC", "PCM_24", 2**-23), ("OGG", "VORBIS", 0.06), ("OGG", "OPUS", 0.12)),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_gives_the_sound_back(tmp_path, form, subtype, error, channels):
    data = written(STEREO[:, :channels], form=form, subtype=subtype)
    path = tmp_path / f"sound.{'wav' if form not in ('FLAC', 'OGG') else form.lower()}"
    path.write_bytes(data)
    for source in (data, path, str(path)):
        sound, rate_hz = audio.decode(source)
        assert (sound.dtype, sound.shape, rate_hz) == (np.float32, (4000, channels), 16_000)
        assert np.abs(sound - STEREO[:, :channels]).max() <= error


def test_the_other_order_of_bytes_is_read():
    stream = io.BytesIO()
    soundfile.write(stream, STEREO, 16_000, format="WAV", subtype="PCM_16", endian="BIG")
    data = stream.getvalue()
    assert data.startswith(b"RIFX")
    np.testing.assert_allclose(audio.decode(data)[0], STEREO, atol=2**-15)
    with pytest.raises(ValueError, match="15990 of 16000 bytes of sound are there"):
        audio.decode(data[:-10])


def test_a_sound_of_several_blocks_is_whole(monkeypatch):
    monkeypatch.setattr(sounds, "BLOCK", 1000)
    for form in ("WAV", "FLAC"):
        np.testing.assert_allclose(audio.decode(written(STEREO, form=form))[0], STEREO, atol=2**-15)


def test_recordings_against_another_reader():
    from scipy.io import wavfile

    if not os.environ.get("TINYXM_FSDD"):
        pytest.skip("TINYXM_FSDD doesn't name the recorded digits")
    with zipfile.ZipFile(os.environ["TINYXM_FSDD"]) as files:
        names = [name for name in files.namelist() if name.endswith(".wav")]
        for name in names[::300]:
            rate_hz, values = wavfile.read(io.BytesIO(files.read(name)))
            sound, rate = audio.decode(files.read(name))
            assert rate == rate_hz == 8000
            np.testing.assert_array_equal(audio.mono(sound), values.astype(np.float32) / 32768)
            start, stop = audio.sounding(sound, rate_hz=rate, threshold_db=30)
            assert 800 < stop - start <= len(sound)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "RF64"])
@pytest.mark.parametrize("share", [0.0, 0.002, 0.03, 0.3, 0.6, 0.99])
def test_a_file_cut_short_is_refused_in_one_line(tmp_path, form, share):
    data = written(STEREO, form=form, subtype="VORBIS" if form == "OGG" else "PCM_16")
    path = tmp_path / f"cut.{form.lower() if form != 'RF64' else 'wav'}"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"^decode: .*cut\.\w+ (isn't a sound|is truncated|is neither)") as caught:
        audio.decode(path)
    assert "\n" not in str(caught.value)
    assert "BytesIO" not in str(caught.value)


def test_a_stream_without_its_last_page_is_refused():
    data = written(noise := np.random.default_rng(0).uniform(-0.5, 0.5, 60_000), form="OGG", subtype="VORBIS")
    assert audio.decode(data)[0].shape == (len(noise), 1)
    for page in (data.rfind(b"OggS"), data.rfind(b"OggS", 0, data.rfind(b"OggS"))):
        with pytest.raises(ValueError, match="is truncated: its last page isn't the stream's end"):
            audio.decode(data[:page])


def test_a_library_that_stops_early_in_silence_is_found_out(monkeypatch):
    monkeypatch.setattr(sounds, "BLOCK", 1000)
    read = soundfile.SoundFile.read
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda file, *a, **k: read(file, *a, **k)[: 3000 - file.tell()])
    with pytest.raises(ValueError, match=r"is truncated: \d+ of 4000 samples are there"):
        audio.decode(written(STEREO, form="FLAC"))


def test_a_header_that_promises_more_than_there_is():
    data = struct.pack("<100h", *range(100))
    with pytest.raises(
        ValueError, match=r"^decode: 244 bytes is truncated: 200 of 2000000000 bytes of sound are there"
    ):
        audio.decode(wav(8000, 1, 16, data, said=2_000_000_000))
    sound, _ = audio.decode(wav(8000, 1, 16, data, said=2**32 - 1))  # as pipes write it
    assert len(sound) == 100
    flac = bytearray(written(STEREO, form="FLAC"))
    flac[21] |= 15  # the upper bits of the number of samples: over 64 thousand million
    with pytest.raises(ValueError, match=r"^decode: \d+ bytes is truncated"):
        audio.decode(bytes(flac))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.wav", b"", r"isn't a sound that can be read: it's empty"),
        ("a.wav", b"ID3\x04 some music", r"is neither WAV, FLAC nor OGG: it begins with b'ID3"),
        ("a.flac", written(STEREO), r"holds WAV, which its name denies; rename it to …\.wav"),
        ("a.wav", written(STEREO, form="FLAC"), r"holds FLAC, which its name denies; rename it to …\.flac"),
        ("a.txt", written(STEREO, form="OGG", subtype="VORBIS"), r"holds OGG, which its name denies"),
        ("a.wav", wav(8000, 1, 16, b""), r"has no samples"),
        ("a.wav", wav(2_000_000, 1, 16, b"1234"), r"says 2000000 Hz; expected at most 1000000"),
        ("a.wav", wav(0, 1, 16, b"1234"), r"is truncated or corrupt WAV"),
        ("a.wav", wav(8000, 1, 16, b"1234", tag=999), r"is truncated or corrupt WAV: .+; get the whole file"),
        ("a.wav", written(STEREO)[:12] + b"\xff" * 200, r"is truncated: the sound itself .* is missing"),
    ],
)
def test_what_is_no_sound_is_refused_in_one_line(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"^decode: .*{name} {fault}") as caught:
        audio.decode(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_names_in_capitals_and_without_a_suffix_are_read(tmp_path):
    for name in ("A.WAV", "sound"):
        (tmp_path / name).write_bytes(written(STEREO))
        assert audio.decode(tmp_path / name)[0].shape == (4000, 2)
    with pytest.raises(FileNotFoundError):
        audio.decode(tmp_path / "absent.wav")


def test_a_sound_too_long_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    silence = written(np.zeros(200_000), rate_hz=100, form="FLAC")
    assert len(silence) < 3000  # a bomb in small: 800 kB of float32 from 1 kB
    with pytest.raises(ValueError, match=r"is too long a sound: over 1000 seconds of 100 Hz × 1; cut it"):
        audio.decode(silence, longest_seconds=1000)
    assert audio.decode(silence, longest_seconds=2000)[0].shape == (200_000, 1)
    with pytest.raises(ValueError, match=r"over 0\.1 seconds of 16000 Hz × 2"):
        audio.decode(written(STEREO), longest_seconds=0.1)
    blocks = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(sounds, "BLOCK", 1000)
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *a, **k: blocks.append(1) or read(*a, **k))
    with pytest.raises(ValueError, match="is too long"):
        audio.decode(silence, longest_seconds=20)
    assert len(blocks) == 3  # the first that goes beyond 2000 samples
    monkeypatch.setattr(sounds, "LARGEST", 1000)
    with pytest.raises(ValueError, match=r"over 0\.03125 seconds of 16000 Hz × 2"):
        audio.decode(written(STEREO))
    (tmp_path / "long.wav").write_bytes(written(STEREO))
    with pytest.raises(ValueError, match=r"long\.wav is too long a sound: over 8000 bytes"):
        audio.decode(tmp_path / "long.wav")


def test_mono_is_the_mean():
    np.testing.assert_array_equal(audio.mono(STEREO), (STEREO[:, 0] + STEREO[:, 1]) / 2)
    np.testing.assert_array_equal(audio.mono(STEREO[:, 0]), STEREO[:, 0])


@pytest.mark.parametrize(("rate_hz", "to_hz"), [(8000, 16_000), (22_050, 16_000), (44_100, 8000), (8000, 11_025)])
def test_a_sine_resampled_is_the_sine_at_the_other_rate(rate_hz, to_hz):
    sound = np.stack([tone(700, rate_hz, rate_hz), tone(1500, rate_hz, rate_hz, 2.0)], axis=1)
    there = audio.resample(sound, rate_hz=rate_hz, to_hz=to_hz)
    assert there.shape == (to_hz, 2)
    expected = np.stack([tone(700, to_hz, to_hz), tone(1500, to_hz, to_hz, 2.0)], axis=1)
    inner = slice(to_hz // 20, -to_hz // 20)  # beyond the filter's reach from the ends
    assert np.abs(there - expected)[inner].max() < 0.004
    np.testing.assert_array_equal(audio.resample(sound[:, 0], rate_hz=rate_hz, to_hz=to_hz), there[:, 0])
    assert audio.resample(sound.astype(np.float32), rate_hz=rate_hz, to_hz=to_hz).dtype == np.float32


def test_what_the_lower_rate_cannot_carry_is_filtered_out_not_folded():
    there = audio.resample(tone(6000, 16_000, 16_000), rate_hz=16_000, to_hz=8000)  # would fold to 2000 Hz
    assert audio.rms_dbfs(there[400:-400]) < -60
    assert audio.rms_dbfs(tone(6000, 16_000, 16_000)[::2]) > -4


def test_the_length_after_resampling_is_rounded_up():
    for samples, expected in ((1, 2), (147, 160), (148, 162)):
        assert len(audio.resample(np.ones(samples), rate_hz=44_100, to_hz=48_000)) == expected
    same = np.ones(3)
    assert audio.resample(same, rate_hz=8000, to_hz=8000) is same


def test_silence_is_cut_off_at_both_ends_and_kept_within():
    sound = np.zeros(8000)
    sound[2000:3000] = tone(400, 8000, 1000)
    sound[4000:5000] = tone(400, 8000, 1000)
    sound += 1e-4 * np.random.default_rng(0).normal(size=8000)
    start, stop = audio.sounding(sound, rate_hz=8000, threshold_db=40, frame_seconds=0.032)
    assert 2000 - 256 <= start <= 2000  # a frame that touches the sound is loud
    assert 5000 <= stop <= 5000 + 256
    np.testing.assert_array_equal(audio.trim_silence(sound, rate_hz=8000), sound[start:stop])
    both = np.stack([sound, np.roll(sound, 1000)], axis=1)  # the other channel sounds later
    assert audio.sounding(both, rate_hz=8000) == (start, audio.sounding(both[:, 1], rate_hz=8000)[1])
    assert audio.sounding(sound, rate_hz=8000, threshold_db=100) == (0, 8000)
    assert audio.sounding(1e-3 * sound, rate_hz=8000) == (start, stop)  # below its own peak, not below full scale


def test_where_it_sounds_by_plain_loops():
    sound = np.random.default_rng(1).normal(size=900) * np.exp(-(((np.arange(900) - 400) / 90) ** 2))
    padded = np.concatenate([np.zeros(20), sound, np.zeros(20)])
    levels = [10 * np.log10(np.mean(padded[at : at + 40] ** 2)) for at in range(0, 901, 10)]
    for threshold in (3, 20, 60):
        loud = [10 * i for i, db in enumerate(levels) if db > max(levels) - threshold]
        found = audio.sounding(sound, rate_hz=1000, threshold_db=threshold, frame_seconds=0.04)
        assert found == (loud[0], min(900, loud[-1] + 10))


def test_a_quieter_beginning_is_kept_or_cut_by_the_threshold():
    sound = np.concatenate([0.01 * np.ones(4000), np.ones(4000)])  # 40 dB below
    assert audio.sounding(sound, rate_hz=8000, threshold_db=44)[0] == 0
    assert 3800 < audio.sounding(sound, rate_hz=8000, threshold_db=39)[0] <= 4000


def test_levels_by_hand():
    full = tone(100, 8000, 8000)
    assert audio.rms_dbfs(full) == pytest.approx(-3.0103, abs=1e-4)
    assert audio.peak_dbfs(full) == pytest.approx(0)
    assert audio.peak_dbfs(np.full(4, -0.1)) == pytest.approx(-20)
    assert audio.rms_dbfs(np.zeros(4)) == audio.peak_dbfs(np.zeros(4)) == -np.inf
    for measure, measured in (("rms", audio.rms_dbfs), ("peak", audio.peak_dbfs)):
        louder = audio.level(STEREO.astype(np.float32), to_dbfs=-12, measure=measure)
        assert louder.dtype == np.float32
        assert measured(louder) == pytest.approx(-12, abs=1e-5)
        np.testing.assert_allclose(louder, STEREO * (louder[1, 0] / STEREO[1, 0]), atol=1e-6)  # one factor for all


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "rectangular"])
def test_windows_against_scipy_and_by_their_sums(name):
    from scipy.signal import get_window

    for samples in (1, 2, 7, 512):
        w = audio.window_weights(name, samples)
        np.testing.assert_allclose(w, get_window({"rectangular": "boxcar"}.get(name, name), samples), atol=1e-15)
    mean, power = {"hann": (0.5, 0.375), "hamming": (0.54, 0.54**2 + 0.46**2 / 2), "rectangular": (1, 1)}.get(
        name, (0.42, 0.42**2 + 0.5**2 / 2 + 0.08**2 / 2)
    )
    assert w.sum() == pytest.approx(512 * mean)
    assert (w * w).sum() == pytest.approx(512 * power)


def test_frames_stand_where_they_should():
    x = np.arange(1.0, 11)
    np.testing.assert_array_equal(audio.frames(x, frame_samples=4, hop_samples=3), [x[:4], x[3:7], x[6:10]])
    zeros = audio.frames(x, frame_samples=4, hop_samples=3, edges="zeros")
    np.testing.assert_array_equal(zeros[:, 2], x[::3])  # frame i's middle is sample i·hop
    np.testing.assert_array_equal(zeros[0], [0, 0, 1, 2])
    mirror = audio.frames(x, frame_samples=4, hop_samples=3, edges="mirror")
    np.testing.assert_array_equal(mirror[[0, -1]], [[3, 2, 1, 2], [8, 9, 10, 9]])
    both = audio.frames(np.stack([x, -x], axis=1), frame_samples=4, hop_samples=3, window="hann")
    assert both.shape == (3, 4, 2)
    np.testing.assert_allclose(both[1, :, 1], -x[3:7] * [0, 0.5, 1, 0.5])


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"^mono: int16; expected a float32 or float64 array", lambda: audio.mono(np.zeros(9, np.int16))),
        (r"^level: list; expected", lambda: audio.level([0.1])),
        (r"^mono: a sound \(2, 2, 2\); expected \(samples,\) or", lambda: audio.mono(np.zeros((2, 2, 2)))),
        (r"^level: a sound \(0,\)", lambda: audio.level(np.zeros(0))),
        (r"^level: a sound \(2, 900\) .*channels come last", lambda: audio.level(np.ones((2, 900)))),
        (r"^level: 1 of 3 numbers aren't finite", lambda: audio.level(np.array([0, np.nan, 1]))),
        (r"^level: the sound is silent throughout", lambda: audio.level(np.zeros(9))),
        (r"^level: measure 'loud'", lambda: audio.level(np.ones(9), measure="loud")),
        (r"^trim_silence: the sound is silent throughout", lambda: audio.trim_silence(np.zeros(9), rate_hz=8000)),
        (r"^trim_silence: rate_hz 0", lambda: audio.trim_silence(np.ones(9), rate_hz=0)),
        (r"^resample: to_hz 0: expected a whole", lambda: audio.resample(np.ones(9), rate_hz=1, to_hz=0)),
        (r"^resample: rate_hz 0\.5", lambda: audio.resample(np.ones(9), rate_hz=0.5, to_hz=1)),
        (r"^frames: 3 samples are too few for frames of 4", lambda: audio.frames(np.ones(3), frame_samples=4)),
        (r"^frames: edges 'wrap'", lambda: audio.frames(np.ones(3), edges="wrap")),
        (r"^frames: hop_samples 0: expected", lambda: audio.frames(np.ones(3), hop_samples=0)),
        (r"^window_weights: 'gauss': expected one of rect", lambda: audio.window_weights("gauss", 4)),
    ],
)
def test_wrong_sounds_and_settings(message, call):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_no_step_changes_what_it_is_given_and_each_draws_itself(tmp_path):
    sound, before = STEREO.copy(), STEREO.copy()
    figures = [
        audio.decode.plot(written(STEREO)),
        audio.mono.plot(sound),
        audio.resample.plot(sound, rate_hz=16_000, to_hz=8000),
        audio.trim_silence.plot(sound, rate_hz=16_000),
        audio.level.plot(sound, measure="peak"),
        audio.frames.plot(sound, window="hann", edges="mirror"),
    ]
    np.testing.assert_array_equal(sound, before)
    for k, figure in enumerate(figures):
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / f"{k}.png", dpi=40)


def test_bytes_overwritten_at_random_give_a_sound_or_one_line():
    rng = np.random.default_rng(0)
    files = [written(STEREO[:1500], form=form) for form in ("WAV", "FLAC", "RF64")]
    files.append(written(STEREO[:1500], form="OGG", subtype="VORBIS"))
    read = 0
    for n in range(400):
        data = bytearray(files[n % 4])
        for place in rng.integers(0, 100 if n % 3 else len(data), 3):
            data[place] = rng.integers(0, 256)
        try:
            sound, rate_hz = audio.decode(bytes(data))
            assert sound.size
            assert rate_hz > 0
            read += 1
        except ValueError as error:
            told = str(error)
            assert told.startswith("decode: ")
            assert "\n" not in told
    assert read > 50
