"""`tinyxm clean` on a folder of everything that can be wrong: all is told, nothing stops it, nothing is changed."""

import hashlib
import json
import os
import re
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from tinyxm import cli
from tinyxm.data import audio, clean_folder, read_folder
from tinyxm.data.corruption import wav

pytest.importorskip("soundfile")
HOSTILE = "<img src=x onerror=alert(1)>"


def noise(seed, samples=3000):
    return np.random.default_rng(seed).normal(0, 0.1, samples).clip(-1, 1)


def picture(seed):
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC)


def bomb(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "raw"
    root.mkdir()
    for k in range(4):
        picture(k).save(root / f"p{k}.png")
        (root / f"p{k}.txt").write_text(f"picture number {k}\n", "utf-8")
        (root / f"p{k}.wav").write_bytes(wav(noise(k), 8000))
    files = {
        "p0 copy.png": (root / "p0.png").read_bytes(),
        "cut.png": (root / "p1.png").read_bytes()[:900],
        "cut.wav": (root / "p1.wav").read_bytes()[:900],
        "zero.png": b"",
        "zero.wav": b"",
        "zero.txt": b"",
        "decompression.png": bomb(60_000, 60_000),
        "really.jpg": (root / "p2.png").read_bytes(),
        "sound.png": (root / "p2.wav").read_bytes(),
        "picture.txt": (root / "p2.png").read_bytes(),
        "latin.txt": "Größe".encode("latin-1"),
        "wide.txt": "Größe".encode("utf-16"),
        "mojibake.txt": "crÃ¨me".encode(),
        "million.txt": b"word " * 1_000_000,
        "none.txt": b"N/A",
        "silent.wav": wav(0 * noise(0), 8000),
        "offset.wav": wav(noise(9) + 0.1, 8000),
        "loud.wav": wav((20 * noise(8)).clip(-1, 1), 8000),
        "nan.wav": wav(np.where(np.arange(3000) == 5, np.nan, noise(7)), 8000),
        "other.xyz": b"?",
        ".hidden": b"?",
        f"{HOSTILE}.txt": b"N/A",
        "script.txt": b"<script>alert(1)</script>\x07",
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    picture(5).quantize(16).save(root / "palette.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 65535, (20, 20), np.uint16)).save(root / "sixteen.png")
    Image.new("RGB", (20, 20), (9, 9, 9)).save(root / "blank.png")
    with zipfile.ZipFile(root / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    (root / "bomb.png").write_bytes((root / "bomb.zip").read_bytes())
    import soundfile

    soundfile.write(root / "deep.wav", 0.5 * noise(11), 16_000, subtype="PCM_24")
    soundfile.write(root / "float.flac", 0.5 * noise(12), 44_100)
    os.symlink("/etc/hostname", root / "link.txt")
    os.mkfifo(root / "pipe.png")
    return root


def state(root):
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.iterdir()
        if path.is_file() and not path.is_symlink()
    }


EXPECTED = {
    ("bomb.png", "wrong extension", "missing"),
    ("sound.png", "wrong extension", "missing"),
    ("picture.txt", "wrong extension", "missing"),
    ("really.jpg", "wrong extension", "kept"),
    ("bomb.zip", "unknown kind of file", "dropped"),
    ("other.xyz", "unknown kind of file", "dropped"),
    ("link.txt", "outside the folder", "missing"),
    ("pipe.png", "unreadable file", "missing"),
    ("zero.png", "empty file", "missing"),
    ("zero.wav", "empty file", "missing"),
    ("zero", "empty text", "missing"),
    ("none", "empty text", "missing"),
    ("cut", "undecodable picture", "missing"),
    ("cut", "undecodable sound", "missing"),
    ("decompression", "undecodable picture", "missing"),
    ("blank", "blank picture", "missing"),
    ("p0 copy", "exact duplicate", "dropped"),
    ("really", "exact duplicate", "dropped"),
    ("silent", "silence", "missing"),
    ("nan", "non-finite", "missing"),
    ("offset", "DC offset", "repaired"),
    ("loud", "clipping", "kept"),
    ("latin", "mis-encoded text", "repaired"),
    ("wide", "mis-encoded text", "repaired"),
    ("mojibake", "mis-encoded text", "repaired"),
    ("million", "unusual length", "kept"),
    (HOSTILE, "empty text", "missing"),
    ("script", "mis-encoded text", "repaired"),
}


def test_everything_is_told_and_nothing_changed(folder, tmp_path, capsys):
    before = state(folder)
    found, page, out = tmp_path / "found.json", tmp_path / "found.html", tmp_path / "out"
    assert cli.main(["clean", str(folder), "--json", str(found), "--html", str(page), "--out", str(out)]) == 0
    assert state(folder) == before
    content = json.loads(found.read_text("utf-8"))
    assert set(content) == {"kept", "ledger"}
    assert all(set(e) == {"sample", "modality", "fault", "action", "rule", "value"} for e in content["ledger"])
    told = {(e["sample"], e["fault"], e["action"]) for e in content["ledger"] if e["fault"] != "nothing left"}
    assert told == EXPECTED
    kept = {"p0", "p1", "p2", "p3", "palette", "sixteen", "deep", "float", "offset", "loud", "latin", "wide"}
    assert set(content["kept"]) == kept | {"mojibake", "million", "script"}
    printed = capsys.readouterr().out
    assert "undecodable picture" in printed
    assert str(folder) not in found.read_text("utf-8")
    # what was kept, as it was repaired
    assert (out / "p0.png").read_bytes() == (folder / "p0.png").read_bytes()
    assert (out / "latin.txt").read_text("utf-8") == "Größe"
    assert (out / "mojibake.txt").read_text("utf-8") == "crème"
    assert abs(audio.decode(out / "offset.wav")[0].mean()) < 1e-4
    assert not {path.name for path in out.iterdir()} & {"cut.png", "p0 copy.png", "bomb.zip", "link.txt"}


def test_the_page_is_whole_and_can_t_be_talked_into_anything(folder, tmp_path):
    page = tmp_path / "found.html"
    assert cli.main(["clean", str(folder), "--html", str(page)]) == 0
    text = page.read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "<script" not in text
    assert HOSTILE not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not re.search(r"https?://", text)
    assert not re.search(r"\sstyle=", text)
    assert text.count("<audio") >= 3
    assert text.count("data:image/png") >= 3
    assert len(text) < 3_000_000


def test_a_table_names_files_texts_and_labels_and_none_outside(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    picture(0).save(root / "a.png")
    (tmp_path / "secret.png").write_bytes((root / "a.png").read_bytes())
    rows = [
        "id,image,caption,label",
        'one,a.png,"a picture, small",x',
        "two,../secret.png,stolen,y",
        "three,none.png,,",
    ]
    (root / "index.csv").write_text("\n".join(rows), "utf-8")
    for given in (root, root / "index.csv"):
        samples, ledger, paths = read_folder(given)
        assert samples.ids == ["one", "two"]
        assert samples["text"] == ["a picture, small", "stolen"]
        assert samples["label"] == ["x", "y"]
        assert samples.present["image"].tolist() == [True, False]
        assert [(e.sample, e.fault) for e in ledger] == [
            *[("two", "outside the folder"), ("three", "unreadable file"), ("three", "nothing left")]
        ]
        assert paths == {("one", "image"): root / "a.png"}


def test_subfolders_are_labels_and_wrong_ones_are_told(tmp_path):
    for axis, label in enumerate(("down", "right")):
        (tmp_path / label).mkdir()
        for k in range(30):
            spots = np.random.default_rng(100 * axis + k).integers(0, 60, (16, 16, 3))
            ramp = np.indices((16, 16))[axis][..., None] * 12
            Image.fromarray((spots + ramp).astype(np.uint8)).save(tmp_path / label / f"{k}.png")
    os.rename(tmp_path / "down" / "7.png", tmp_path / "right" / "down7.png")
    result = clean_folder(tmp_path)
    assert [(e.sample, e.fault, e.action) for e in result.ledger if e.modality == "label"] == [
        ("right/down7", "wrong label", "kept")
    ]
    assert "right/down7" in result.kept.ids


def test_misuse(folder, tmp_path, capsys):
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    for arguments, said in (
        ([str(tmp_path / "absent")], "there is no folder"),
        ([str(full / "file")], "is a file"),
        ([str(full)], "has no picture, sound or text"),
        ([str(folder), "--out", str(full)], "isn't an empty folder"),
        ([str(folder), "--out", str(folder / "clean")], "in which nothing is changed"),
        ([str(folder), "--json", str(folder / "found.json")], "in which nothing is changed"),
    ):
        assert cli.main(["clean", *arguments]) == 2, arguments
        assert said in capsys.readouterr().err
    assert not (folder / "clean").exists()


def test_names_that_are_no_text(tmp_path):
    place = os.fsencode(tmp_path) + b"/bad\xff.txt"
    try:
        with open(place, "w", encoding="utf-8") as file:
            file.write("hello")
    except OSError:
        pytest.skip("this file system has names in UTF-8 alone")
    found = tmp_path.parent / f"{tmp_path.name}.json"
    page = tmp_path.parent / f"{tmp_path.name}.html"
    assert cli.main(["clean", str(tmp_path), "--json", str(found), "--html", str(page)]) == 0
    assert json.loads(found.read_text("utf-8"))["kept"] == ["bad\\udcff"]


def test_names_that_would_steer_a_terminal(tmp_path, capsys):
    try:
        (tmp_path / "a\x1b[31m\nb.png").write_bytes(b"")
    except OSError:
        pytest.skip("this file system has no such names")
    (tmp_path / "c.txt").write_text("hello")
    found = tmp_path.parent / f"{tmp_path.name}.json"
    assert cli.main(["clean", str(tmp_path), "--json", str(found)]) == 0
    out = capsys.readouterr().out
    assert "a\\x1b[31m\\nb" in out
    assert "\x1b" not in out
    samples = [row["sample"] for row in json.loads(found.read_text("utf-8"))["ledger"]]
    assert samples == ["a\\x1b[31m\\nb.png"]
