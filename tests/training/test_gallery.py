"""Exhibits of a page, read back from its HTML by other decoders than wrote them."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import SOURCES, Modality, Samples, Source
from tinyxm.training.gallery import Film, Gallery, Picture, Sound, Strokes, Words, envelope_svg
from tinyxm.training.report import Section, write_report
from tinyxm.training.source_page import evenly, exhibits, write_catalogue_page, write_source_page


def content(html, kind):
    return [base64.b64decode(found) for found in re.findall(rf'src="data:{kind};base64,([^"]+)"', html)]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_a_picture_is_shown_pixel_for_pixel(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    (png,) = content(Picture(image, "a <b>").html(), "image/png")
    seen = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)
    flat = image.reshape(5, 7, -1).astype(float)
    expected = flat[..., :3] * flat[..., 3:] / 255 + 255 - flat[..., 3:] if shape[-1] == 4 else flat + np.zeros(3)
    np.testing.assert_allclose(seen, expected, atol=1)
    assert "a &lt;b&gt;" in Picture(image, "a <b>").html()


def test_several_pictures_of_one_kind_stand_side_by_side():
    assert len(content(Picture(np.zeros((3, 4, 4, 1), np.uint8)).html(), "image/png")) == 3


def test_a_film_has_its_frames_and_their_time():
    frames = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    (png,) = content(Film(frames, 20.0).html(), "image/png")
    with Image.open(io.BytesIO(png)) as film:
        assert film.n_frames == 6
        for k in range(6):
            film.seek(k)
            assert film.info["duration"] == 50
            assert np.array_equal(np.asarray(film.convert("RGB")), frames[k])


@pytest.mark.parametrize("channels", [None, 1, 2])
def test_a_sound_is_played_as_it_is(channels):
    soundfile = pytest.importorskip("soundfile")
    shape = (400,) if channels is None else (400, channels)
    sound = np.random.default_rng(0).uniform(-1, 1, shape)
    html = Sound(sound, 8000, "noise").html()
    (wav,) = content(html, "audio/wav")
    read, rate = soundfile.read(io.BytesIO(wav), always_2d=True)
    assert rate == 8000
    np.testing.assert_allclose(read, sound.reshape(400, -1), atol=1e-4)
    assert "noise, 0.05 s" in html


def test_a_quiet_sound_is_played_louder_and_says_so_and_silence_stays():
    soundfile = pytest.importorskip("soundfile")
    quiet = np.random.default_rng(0).uniform(-1, 1, 400)
    quiet *= 0.05 / np.abs(quiet).max()
    html = Sound(quiet, 8000).html()
    assert "played 10.0 times as loud as recorded" in html
    read, _ = soundfile.read(io.BytesIO(content(html, "audio/wav")[0]))
    np.testing.assert_allclose(read, 10 * quiet, atol=1e-4)
    silence, _ = soundfile.read(io.BytesIO(content(Sound(np.zeros(400), 8000).html(), "audio/wav")[0]))
    assert not silence.any()


def test_an_envelope_spans_lowest_and_highest():
    sound = np.zeros(1000)
    sound[500], sound[501] = 1.0, -0.5
    points = re.search(r'points="([^"]+)"', envelope_svg(sound, "x", 100))[1].split()
    x, y = np.array([point.split(",") for point in points], float).T
    assert (x[y.argmin()], y.min()) == (50, 1)
    assert (x[y.argmax()], y.max()) == (50, 29.5)


def test_strokes_are_lines_in_their_order():
    html = Strokes([np.array([[0, 0], [1, 1.0]]), np.array([[0.5, 0.25], [1, 0]])]).html()
    assert re.findall(r'points="([^"]+)"', html) == ["0.0,0.0 100.0,100.0", "50.0,25.0 100.0,0.0"]
    assert re.findall(r">(\d)</text>", html) == ["1", "2"]


def test_texts_are_shown_not_obeyed(tmp_path):
    page = write_report(
        tmp_path / "a.html", "x", "y", [Section("z", [Gallery([[Words("<script>alert(1)</script>")]])])]
    ).read_text("utf-8")
    assert "<script" not in page
    assert "div.gallery" in page
    assert "div.gallery" not in write_report(tmp_path / "b.html", "x", "y", [Section("z", ["w"])]).read_text("utf-8")


def source(modalities, samples, **settings):
    told = {
        "name": "own",
        "what": "what I have",
        "origin": "simulated",
        "size": "2",
        "licence": "mine",
        "citation": "me",
    }
    return Source(modalities=modalities, load=lambda: samples, specimen=lambda: samples, **told | settings)


def test_a_page_shows_each_modality_and_what_is_missing(tmp_path):
    modalities = {
        "image": Modality("image", "a picture"),
        "audio": Modality("sound", "a sound", rate_hz=8000),
        "text": Modality("text", "a text"),
        "numbers": Modality("numbers", "measures", columns=("length", "width", "none")),
        "words": Modality("words", "keywords"),
        "hits": Modality("events", "impacts", columns=("seconds",)),
    }
    samples = Samples(
        {
            "image": np.full((2, 4, 4, 3), 200, np.uint8),
            "audio": [np.zeros((80, 1)), None],
            "text": ["first & last", "second"],
            "numbers": np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]]),
            "words": [["a", "b"], []],
            "hits": [np.arange(6.0)[:, None], np.zeros((0, 1))],
        },
        groups={"kind": ["x", "y"]},
    )
    page = write_source_page(tmp_path / "own.html", source(modalities, samples), samples).read_text("utf-8")
    for part in (
        "first &amp; last",
        "audio: missing",
        "1 missing",
        "8,000 Hz",
        "words: a, b",
        "6 in all",
    ):
        assert part in page, part
    assert "Simulated." in page
    assert page.count("<audio") == 1
    assert not re.search(r'(src|href)="(?!data:|#|https://)', page)


def test_a_catalogue_shows_what_there_is_and_says_what_is_not(tmp_path):
    def broken():
        raise ValueError("own: no folder was named; set OWN")

    samples = Samples({"image": np.full((2, 4, 4, 3), 200, np.uint8)})
    modalities = {"image": Modality("image", "a picture")}
    there = source(modalities, samples)
    absent = source(modalities, samples, name="absent", packages=("no-such-package",))
    failing = Source(**{**vars(there), "name": "failing", "specimen": broken})
    page = write_catalogue_page(tmp_path / "all.html", [there, absent, failing]).read_text("utf-8")
    assert len(content(page, "image/png")) == 2
    assert "no-such-package isn&#x27;t installed" in page
    assert "no folder was named; set OWN" in page


def test_samples_are_taken_evenly():
    assert evenly(100, 3) == [0, 50, 99] or evenly(100, 3) == [0, 49, 99]
    assert evenly(2, 12) == [0, 1]
    assert not exhibits(SOURCES["wine"].modalities, Samples({"strength": np.ones((3, 2))}), [0, 1])
