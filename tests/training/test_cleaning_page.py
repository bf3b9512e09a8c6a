"""The page of a cleaning, for samples that no folder holds: whatever is in them, the page comes."""

import numpy as np
import pytest

from tinyxm.data import Entry, Ledger, Samples, clean, duplicates, silent
from tinyxm.training.cleaning_page import write_cleaning_page


@pytest.mark.parametrize("field", ["sample", "fault", "value", "repair", "text", "name"])
def test_what_is_no_text_is_shown_by_its_number(tmp_path, field):
    bad = "bad\udcff"
    said = {"sample": "0", "fault": "odd", "value": "", "repair": None, **{field: bad}}
    samples = Samples({"text": [bad if field == "text" else "good", "other"]}, ids=[said["sample"], "1"])
    entry = Entry(said["sample"], "text", said["fault"], "kept", "rule", said["value"], said["repair"])
    name = bad if field == "name" else "folder"
    page = write_cleaning_page(tmp_path / "page.html", name, samples, samples, Ledger([entry])).read_text("utf-8")
    assert "bad\\udcff" in page


def test_a_finding_stands_beside_what_it_was_compared_with_and_hostile_texts_stay_texts(tmp_path):
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, 4000)
    texts = ["<script>alert(1)</script>", "a & b", "c"]
    samples = Samples({"audio": [(sound, 8000), (sound, 8000), (0 * sound, 8000)], "text": texts})
    kept, ledger = clean(samples, {"audio": [silent, duplicates()]})
    page = write_cleaning_page(tmp_path / "page.html", "two & three", samples, kept, ledger).read_text("utf-8")
    assert "<script" not in page
    assert "2 findings in 3 samples, of which 2 are kept" in page
    assert page.count("beside: 0") == 1
    assert page.count("<audio") == 3  # the duplicate, its original, the silence
