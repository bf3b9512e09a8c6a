"""Asking a trained run, and the pictures that answer."""

import numpy as np
from PIL import Image
from refusal import refused
from rich.console import Console

from tinyxm.data import audio
from tinyxm.training.pictures import half_blocks, print_answers
from tinyxm.training.retrievals import Answer
from tinyxm.training.writing import wav


def test_eval_prints_the_tables(run, trained):
    code, out, _ = run("eval", str(trained))
    assert code == 0
    assert "41.5 ±1.5" in out


def test_eval_of_a_run_that_cannot_be_read(run, trained):
    (trained / "model.safetensors").write_bytes(b"half")
    refused(run("eval", str(trained)), 1, "model.safetensors is corrupt")
    (trained / "config.json").write_text("{half")
    refused(run("eval", str(trained)), 1, "config.json can't be read")


def test_query_by_text_prints_names_and_a_picture(run, fake, trained, tmp_path):
    code, out, _ = run("query", str(trained), "red/heart?", "--top", "3")
    assert code == 0
    assert fake.asked == [({"text": "red/heart?"}, "image", 3)]
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["1", "0.900", "answer", "0"],
        ["2", "0.800", "answer", "1"],
        ["3", "0.700", "answer", "2"],
    ]
    assert "\x1b" not in out, "no colours where nobody sees them"
    (sheet,) = (trained / "queries").iterdir()
    assert sheet.name.startswith("text-red-heart-")
    assert f"picture: {sheet}" in out.splitlines()
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    assert run("query", str(trained), "heart", "--out", "a/b.png")[0] == 0
    assert (tmp_path / "a" / "b.png").exists()


def test_doubts_about_a_question_are_told_beside_its_answers(run, fake, trained, monkeypatch):
    told = lambda self, run, given: [f"[{given['text']}]: never seen as a word"] if "x" in given["text"] else []  # noqa: E731
    monkeypatch.setattr(type(fake), "doubts", told)
    code, out, err = run("query", str(trained), "xqzw")
    assert (code, err) == (0, "[xqzw]: never seen as a word\n")
    assert out.split()[:2] == ["1", "0.900"]
    assert run("query", str(trained), "heart")[2] == ""
    assert run("generate", str(trained), "--text", "x", "--to", "text")[1:] == (
        "[x] 0\n",
        "[x]: never seen as a word\n",
    )


def test_query_by_image(run, fake, trained, tmp_path):
    image = tmp_path / "cat.jpg"
    Image.new("RGB", (40, 20), "red").save(image)
    assert run("query", str(trained), "--image", str(image))[0] == 0
    ((given, to, top),) = fake.asked
    assert (given["image"].shape, to, top) == ((20, 40, 4), "text", 5)
    assert [path.name[:10] for path in (trained / "queries").iterdir()] == ["image-cat-"]


def test_a_run_that_fuses_is_asked_with_several_modalities_and_others_are_not(
    run, fake, trained, tmp_path, monkeypatch
):
    image = tmp_path / "red.png"
    Image.new("RGB", (4, 4), "red").save(image)
    both = ("query", str(trained), "heart", "--image", str(image), "--to", "text")
    refused(run(*both), 2, "find: 2 modalities were given; expected one")
    monkeypatch.setattr(fake, "fuses", True)
    refused(run(*both), 2, "find: text → text isn't what this run does")
    monkeypatch.setattr(fake, "finds", {"text": ("text",), "image": ("text",)})
    assert run(*both)[0] == 0
    ((given, to, _),) = fake.asked
    assert (sorted(given), given["text"], given["image"].shape, to) == (["image", "text"], "heart", (4, 4, 4), "text")


def test_every_query_has_a_picture_of_its_own(run, trained, tmp_path):
    (tmp_path / "other").mkdir()
    for image in ("red heart.png", "other/red heart.png"):
        Image.new("RGB", (4, 4), "red").save(image)
        assert run("query", str(trained), "--image", image)[0] == 0
    for text in ("red heart", "red-heart", "Red heart", "c", "c++", "C", "?", "!", "水" * 100, "水" * 101):
        assert run("query", str(trained), text)[0] == 0
    names = {path.name for path in (trained / "queries").iterdir()}
    assert len(names) == 12
    assert {"text-red-heart.png", "text-c.png"} < names


def test_a_corrupt_image_fails_in_one_line(run, trained, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n half")
    refused(run("query", str(trained), "--image", "bad.png"), 1, "bad.png isn't a picture")


def test_half_blocks_draw_two_pixels_a_character():
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0], picture[1, 0], picture[0, 1] = (255, 0, 0), (0, 255, 0), (1, 2, 3)
    text = half_blocks(picture, size=2)
    assert text.plain == "▀▀"
    assert [str(span.style) for span in text.spans] == ["#ff0000 on #00ff00", "#010203 on #000000"]
    assert half_blocks(np.zeros((5, 9, 4), np.uint8), size=16).plain.split("\n") == ["▀" * 16] * 8


def test_pictures_are_drawn_only_where_a_terminal_shows_colours(capsys):
    answers = [Answer("a name that is much too long", 0.5, np.zeros((4, 4, 3), np.uint8)), Answer("bare", 0.4)]
    print_answers(Console(force_terminal=True, color_system="truecolor", width=80), answers)
    shown = capsys.readouterr().out
    assert shown.count("▀") == 16 * 8
    assert "bare" in shown
    print_answers(Console(force_terminal=True, color_system=None, width=80), answers)
    assert "▀" not in capsys.readouterr().out


def test_query_by_sound(run, fake, trained, tmp_path):
    (tmp_path / "said.wav").write_bytes(wav(np.linspace(-0.5, 0.5, 800, dtype=np.float32), 8000))
    assert run("query", str(trained), "--audio", "said.wav")[0] == 0
    sound, rate_hz = fake.asked[0][0]["audio"]
    assert (sound.shape, sound.dtype, rate_hz) == ((800,), np.float32, 8000)
    refused(run("query", str(trained), "--audio", "said.wav", "--to", "image"), 2, "audio → image", "audio → text")
    refused(run("query", str(trained), "--video", "said.wav"), 2, "video → anything")


def test_what_is_made_is_written_as_its_ending_says(run, fake, trained, tmp_path):
    assert run("generate", str(trained), "--text", "seven", "--out", "seven.png")[0] == 0
    with Image.open("seven.png") as picture:
        assert (picture.size, picture.mode) == ((8, 8), "L")
    assert run("generate", str(trained), "--text", "seven", "--count", "5", "--out", "a/b.png")[0] == 0
    with Image.open("a/b.png") as picture:
        assert picture.size == (3 * 10 + 2, 2 * 10 + 2)
    _, out, _ = run("generate", str(trained), "--text", "seven", "--count", "2", "--out", "seven.wav")
    assert [line.split()[-1] for line in out.splitlines()] == ["seven-1.wav", "seven-2.wav"]
    sound, rate_hz = audio.decode("seven-2.wav")
    assert (sound.shape, rate_hz) == ((400, 1), 8000)
    _, out, _ = run("generate", str(trained), "--text", "seven", "--to", "text")
    assert out == "[seven] 0\n"
    refused(run("generate", str(trained), "--text", "a", "--out", "a.xyz"), 2, "a.xyz", ".png")
    refused(run("generate", str(trained), "--text", "a", "--seed", "-1"), 2, "seed -1", "expected at least")
    refused(run("generate", str(trained), "--text", "a", "--out", "a.gif"), 2, "text → video", "text → image")
    run("generate", str(trained), "--text", "seven eight")
    assert [path.name for path in (trained / "generated").iterdir()] == ["text-seven-eight.png"]
