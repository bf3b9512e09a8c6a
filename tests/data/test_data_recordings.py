"""Recordings, archives, characters, pairs of sources, and a user's own folder."""

import io
import os
import wave
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import SOURCES, folder, load
from tinyxm.data.sources.archive import opened
from tinyxm.data.sources.combined import spoken_handwritten
from tinyxm.data.sources.recordings import recorded_digits


def wav(seconds=0.1, rate=8000):
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return output.getvalue()


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def fsdd():
    path = os.environ.get("TINYXM_FSDD")
    if not path:
        pytest.skip("TINYXM_FSDD names no Free Spoken Digit Dataset")
    return path


def test_the_whole_of_fsdd(fsdd):
    samples = recorded_digits(fsdd)
    assert len(samples) == 3000
    assert len(set(samples.groups["speaker"])) == 6
    assert (samples.groups["official"] == "test").sum() == 300
    assert np.bincount(samples.groups["digit"]).tolist() == [300] * 10
    with zipfile.ZipFile(fsdd) as archive, wave.open(archive.open("recordings/7_jackson_32.wav")) as file:
        truth = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    at = samples.ids.index("7_jackson_32")
    np.testing.assert_allclose(samples["audio"][at][:, 0], truth, atol=1e-7)
    assert samples["text"][at] == "seven"


def test_recordings_in_a_folder_and_a_zip_are_the_same_and_the_broken_ones_are_told(tmp_path):
    pytest.importorskip("soundfile")
    members = {"r/3_ann_0.wav": wav(), "r/3_ann_10.wav": wav(0.2), "r/3_ann_9.wav": wav(0.1, 16_000)}
    broken = {"r/4_ann_1.wav": b"", "r/4_ann_2.wav": wav()[:900], "r/readme.txt": b"x", "s/3_ann_0.wav": wav(0.3)}
    for name, content in (members | broken).items():
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_bytes(content)
    (tmp_path / "f/r/5_eve_0.wav").symlink_to("/etc/hostname")
    by_folder = recorded_digits(tmp_path / "f")
    by_zip = recorded_digits(zipped(tmp_path / "f.zip", members | broken))
    assert by_folder.ids == by_zip.ids == ["3_ann_0", "3_ann_9", "3_ann_10"]
    assert [len(sound) for sound in by_zip["audio"]] == [800, 800, 1600]
    assert by_zip.groups["official"].tolist() == ["test", "train", "train"]
    told = {(e.sample, e.fault) for e in by_folder.ledger}
    assert told == {
        ("3_ann_9", "other rate"),
        ("4_ann_1", "unreadable recording"),
        ("4_ann_2", "unreadable recording"),
        ("3_ann_0", "unreadable recording"),
        ("r/5_eve_0.wav", "not read"),
    }


@pytest.mark.parametrize("name", ["../a.wav", "/a.wav", "r/../../a.wav", "..\\a.wav", "C:/a.wav"])
def test_a_zip_that_leads_outside_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="leads outside; refused"):
        recorded_digits(zipped(tmp_path / "a.zip", {"3_ann_0.wav": wav(), name: b"x"}))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(ValueError, match="refused as a bomb"):
        recorded_digits(zipped(tmp_path / "a.zip", {"3_ann_0.wav": bytes(2**25)}))


def test_a_zip_that_lies_about_a_size_is_told(tmp_path):
    path = zipped(tmp_path / "a.zip", {"3_ann_0.wav": wav()})
    data = path.read_bytes()
    true = len(wav()).to_bytes(4, "little")
    path.write_bytes(data.replace(true, (100).to_bytes(4, "little")))
    with opened("x", path) as files, pytest.raises(ValueError, match="can't be read"):
        files.read("3_ann_0.wav")


def test_what_is_no_set_of_recordings_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        recorded_digits(tmp_path / "a.zip")
    with pytest.raises(FileNotFoundError, match="isn't there"):
        recorded_digits(tmp_path / "b")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no readable recordings; expected .*7_jackson_32"):
        recorded_digits(tmp_path / "empty")
    monkeypatch.delenv("TINYXM_FSDD", raising=False)
    with pytest.raises(FileNotFoundError, match="set TINYXM_FSDD"):
        recorded_digits()


def test_characters_are_written_stroke_by_stroke():
    if why := SOURCES["characters"].missing:
        pytest.skip(why)
    samples = load("characters", which="山川A7か", size_pixels=40, frames=8, cache=False)
    assert samples["text"] == list("山川A7か")
    assert samples.groups["strokes"].tolist() == [3, 3, 3, 2, 3]  # a Japanese 7 has two
    assert samples.groups["script"].tolist() == ["kanji", "kanji", "latin", "digits", "hiragana"]
    ink = samples["video"].astype(int)
    assert (np.diff(ink, axis=1) >= 0).all()  # what is written stays
    assert (np.diff(ink.sum((2, 3, 4)), axis=1) > 0).all()
    assert np.array_equal(ink[:, -1], samples["image"])
    for lines, image in zip(samples["strokes"], samples["image"], strict=True):
        for x, y in np.concatenate(lines):
            assert image[min(int(y * 40), 39), min(int(x * 40), 39), 0] > 60
    middles = [line[:, 0].mean() for line in samples["strokes"][1]]
    assert middles == sorted(middles)  # 川 is written from left to right
    with pytest.raises(ValueError, match="no writing of"):
        load("characters", which="a\u0e01", cache=False)


def test_a_picture_and_a_sound_are_in_one_pair_alone(tmp_path, monkeypatch):
    for name in ("handwritten-8", "speech"):
        if why := SOURCES[name].missing:
            pytest.skip(why)
    monkeypatch.setattr("tinyxm.data.sources.combined.VOICES", ("en-us", "en+f2"))
    samples = spoken_handwritten(8, cache=False)
    assert np.bincount(samples.groups["digit"]).tolist() == [18] * 10
    pictures, sounds = zip(*(name.split("~") for name in samples.ids), strict=True)
    assert len(set(pictures)) == len(set(sounds)) == 180
    truth = load("handwritten-8")
    digits = dict(zip(truth.ids, truth.groups["digit"], strict=True))
    assert [digits[name] for name in pictures] == samples.groups["digit"].tolist()
    assert all(sound.endswith("/" + text) for sound, text in zip(sounds, samples["text"], strict=True))


def test_a_character_is_seen_heard_and_written_in_one_sample():
    for name in ("characters", "speech"):
        if why := SOURCES[name].missing:
            pytest.skip(why)
    samples = load("spoken-characters", which="7Aか山", cache=False)
    assert samples.groups["language"].tolist() == ["en-us", "en-us", "ja", "cmn"]
    assert all(mask.all() for mask in samples.present.values())
    from tinyxm.data.sources.speech import speech

    assert np.array_equal(samples["audio"][2], speech(["か"], ["ja"], cache=False)["audio"][0])


def test_a_folder_of_pairs_is_a_source_in_one_line(tmp_path):
    pytest.importorskip("soundfile")
    for name, colour in (("cat", "red"), ("dog", "blue")):
        Image.new("RGB", (20, 10), colour).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text(f"a {name}\n", "utf-8")
    (tmp_path / "dog.wav").write_bytes(wav(0.1, 8000))
    (tmp_path / "bird.png").write_bytes(b"\x89PNG cut short")
    (tmp_path / "bird.txt").write_bytes("a caf\u00e9".encode("cp1252"))
    (tmp_path / "ghost.png").write_bytes(b"")
    (tmp_path / "odd.exe").write_bytes(b"MZ")
    samples = folder(tmp_path, size_pixels=16)
    assert samples.ids == ["bird", "cat", "dog"]
    assert samples["image"].shape == (3, 16, 16, 4)
    assert samples.present["image"].tolist() == [False, True, True]
    assert samples["image"][2, 8, 8].tolist() == [0, 0, 255, 255]
    assert samples.present["audio"].tolist() == [False, False, True]
    assert samples["audio"][2].shape == (1600, 1)
    assert samples["text"] == ["a caf\u00e9", "a cat", "a dog"]
    faults = {(e.sample, e.fault) for e in samples.ledger}
    assert {("bird", "undecodable"), ("bird", "not UTF-8"), ("dog", "other rate")} <= faults
    assert {name for name, _ in faults} == {"bird", "dog", "ghost.png", "odd.exe"}
    assert folder(tmp_path)["image"][1].shape == (10, 20, 4)


def test_a_csv_of_pairs_is_one_too_and_leads_nowhere_else(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    (tmp_path / "pairs.csv").write_text("image,text,label\na.png,red,x\n/etc/hostname,none,y\n", "utf-8")
    samples = folder(tmp_path / "pairs.csv")
    assert samples["text"] == ["red", "none"]
    assert samples.present["image"].tolist() == [True, False]
    assert samples.groups["label"].tolist() == ["x", "y"]
    assert "outside the folder" in {e.fault for e in samples.ledger}
    with pytest.raises(FileNotFoundError):
        folder(tmp_path / "nothing")
