"""`tinyxm inside`: a sheet of maps for what was given, or one line that says what can be."""

import numpy as np
from PIL import Image
from refusal import refused

from tinyxm.models.interpretation.draw import Maps, Words


def test_a_sheet_is_written_for_what_was_given(run, fake, trained, tmp_path):
    seen = []

    def inside(opened, given):
        seen.append(given)
        return [Maps("why", np.zeros((4, 4, 3)), {"one": np.eye(4)}), Words("why", ["red"], {"left out": [0.5]})]

    fake.inside = inside
    Image.new("RGB", (5, 4), "red").save(tmp_path / "cat.png")
    code, out, _ = run("inside", str(trained), "--text", "red heart", "--image", "cat.png")
    assert code == 0
    assert seen[0]["text"] == "red heart"
    assert seen[0]["image"].shape == (4, 5, 4)
    (sheet,) = (trained / "inside").iterdir()
    assert sheet.name.startswith("text-red-heart-image-cat")
    assert f"picture: {sheet}" in out.splitlines()
    assert run("inside", str(trained), "--text", "red", "--out", "a/b.png")[0] == 0
    with Image.open(tmp_path / "a" / "b.png") as picture:
        assert picture.format == "PNG"


def test_what_cannot_be_looked_into_is_told_in_one_line(run, trained, tmp_path):
    refused(run("inside", str(trained)), 2, "nothing to look into; give --text")
    refused(run("inside", str(trained), "--text", "x", "--out", "a.jpg"), 2, "ends in .png")
    refused(run("inside", str(trained), "--text", "x"), 1, "fake: nothing to look inside of yet")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n half")
    refused(run("inside", str(trained), "--image", "bad.png"), 1, "bad.png isn't a picture")
    (tmp_path / "film.gif").write_bytes(b"GIF89a")
    refused(run("inside", str(trained), "--video", "film.gif"), 1, "video was given; this run is asked with text")
