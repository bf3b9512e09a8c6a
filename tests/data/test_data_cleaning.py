import io
import json

import numpy as np
import pytest
from PIL import Image

from tinyxm.data import Ledger, Samples, clean, restated


def png(value, size=4):
    stream = io.BytesIO()
    noise = np.random.default_rng(value).integers(0, 255, (size, size, 3), np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def faults(ledger):
    return [(e.sample, e.modality, e.fault, e.action) for e in ledger]


def test_images_and_texts():
    images = np.random.default_rng(0).random((6, 4, 4, 3)).astype(np.float32)
    images[1, 0, 0, 0] = np.nan
    images[2] = 0.5
    images[3] = images[0]
    samples = Samples(
        {"image": images, "text": ["a cat", "a dog", " -", "a bird", "A  Cat!", "a fish"]}, ids=list("abcdef")
    )
    kept, ledger = clean(samples)
    assert faults(ledger) == [
        ("b", "image", "non-finite", "missing"),
        ("c", "image", "blank picture", "missing"),
        ("d", "image", "exact duplicate", "dropped"),
        ("c", "text", "empty text", "missing"),
        ("e", "text", "exact duplicate", "dropped"),
        ("c", "all", "nothing left", "dropped"),
    ]
    assert kept.ids == ["a", "b", "f"]
    assert kept.present["image"].tolist() == [True, False, True]
    assert len(samples) == 6
    assert samples.present["image"].all()


def test_corrupt_files_become_missing_and_required_modalities_drop(tmp_path):
    good, truncated = tmp_path / "good.png", tmp_path / "truncated.png"
    good.write_bytes(png(3))
    truncated.write_bytes(png(3, 64)[:60])
    samples = Samples({"image": [good, truncated, png(5), b"no picture", tmp_path / "absent.png"]})
    kept, ledger = clean(samples.with_modality("name", ["a", "b", "c", "d", "e"]), require=["image"])
    assert [e.sample for e in ledger if e.fault == "undecodable picture"] == ["1", "3", "4"]
    assert "truncated.png" in ledger.entries[0].value
    assert [e.sample for e in ledger if e.fault == "missing modality"] == ["1", "3", "4"]
    assert kept.ids == ["0", "2"]


def test_transparent_pictures_are_blank():
    images = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 4, 4)).astype(np.uint8)
    images[1, ..., 3] = 0
    _, ledger = clean(Samples({"image": images}))
    assert [(e.sample, e.value) for e in ledger if e.rule == "blank"] == [("1", "transparent")]


def test_restated_keywords_are_repaired_and_the_original_stays():
    samples = Samples({"name": ["red heart", "rat"], "keywords": [["Red_Heart", "love", "heart"], ["mouse"]]})
    kept, ledger = clean(samples, {"keywords": [restated("name")]})
    assert kept["keywords"] == [["love", "heart"], ["mouse"]]
    assert samples["keywords"][0][0] == "Red_Heart"
    (entry,) = ledger
    assert (entry.action, entry.value, entry.repair) == ("repaired", "Red_Heart", ["love", "heart"])


def test_the_ledger_counts_prints_and_adds_up():
    samples = Samples({"text": ["a", "a", "b", ""]})
    kept, first = clean(samples)
    again, second = clean(kept)
    assert first.counts() == {
        ("text", "empty text", "missing"): 1,
        ("text", "exact duplicate", "dropped"): 1,
        ("all", "nothing left", "dropped"): 1,
    }
    assert str(first).splitlines()[0].split() == ["count", "modality", "fault", "action"]
    assert [e["sample"] for e in json.loads(first.to_json())] == ["3", "1", "3"]
    assert len(second) == 0
    assert str(second) == "nothing to clean"
    assert len(again.ledger) == 3
    assert isinstance(again.ledger, Ledger)


def test_bad_requests():
    samples = Samples({"text": ["a", "b"]}, ids=["x", "x"])
    with pytest.raises(ValueError, match="ids repeat"):
        clean(samples)
    with pytest.raises(ValueError, match="no modality 'sound'"):
        clean(Samples({"text": ["a"]}), require=["sound"])
