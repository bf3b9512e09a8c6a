"""A report is one file: everything inside, nothing asked from elsewhere, and texts shown as they stand."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from tinyxm.training.report import Plot, Scores, Section, write_report
from tinyxm.training.tables import score_tables

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Fails where tags don't nest; keeps all attributes by tag, and the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.text = [], [], ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.fixture
def page(tmp_path):
    figure = Figure((2, 1))
    figure.subplots().plot([1, 2])
    entry = {"recall@1": 0.4, "intervals": {"recall@1": [0.38, 0.42]}, "baselines": {"cca": {"recall@1": 0.2}}}
    sections = [
        Section("What & why", ["a <b>paragraph</b> with `code`", ["one, https://example.org/a_b.", "two"]]),
        Section("Scores", [Scores(score_tables({"test": {"image_to_text": entry}}))]),
        Section("Curves", [Plot(figure, 'a "curve"'), {"concepts": 1377, "rate": 0.002, "quick": False, "none": None}]),
    ]
    path = write_report(tmp_path / "report.html", "a <title>", "an introduction", sections, "the end")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    return Page(path.read_text("utf-8"))


def test_nothing_is_requested_from_elsewhere(page):
    for tag, attributes in page.attributes:
        assert tag not in ("script", "link", "iframe", "object", "base")
        assert attributes.get("src", "data:").startswith("data:")
        assert "srcset" not in attributes
        assert "style" not in attributes


def test_the_style_requests_nothing(tmp_path):
    text = write_report(tmp_path / "r.html", "t", "i", []).read_text("utf-8")
    assert not re.search(r"url\(|@import|@font-face", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_texts_are_shown_as_they_stand(page):
    for text in ("a <title>", "a <b>paragraph</b> with code", "an introduction", "the end", "What & why"):
        assert text in page.text
    assert ("a", {"href": "https://example.org/a_b"}) in page.attributes
    assert "https://example.org/a_b." in page.text


def test_sections_are_linked_and_links_lead_somewhere(page):
    anchors = {attributes["id"] for tag, attributes in page.attributes if tag == "h2"}
    links = {attributes["href"] for tag, attributes in page.attributes if tag == "a" and attributes["href"][0] == "#"}
    assert links == {f"#{anchor}" for anchor in anchors}
    assert len(anchors) == 3


def test_figures_are_embedded_pictures_with_a_description(page):
    (image,) = (attributes for tag, attributes in page.attributes if tag == "img")
    assert image["alt"] == 'a "curve"'
    data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    assert Image.open(io.BytesIO(data)).size == (320, 160)


def test_a_named_figure_is_kept_as_a_file_too(tmp_path):
    sections = [Section("s", [Plot(Figure((2, 1)), "caption", "curves"), Plot(Figure((2, 1)), "another")])]
    page = write_report(tmp_path / "report.html", "t", "i", sections).read_text("utf-8")
    (kept,) = (tmp_path / "plots").iterdir()
    assert kept.name == "curves.png"
    assert base64.b64encode(kept.read_bytes()).decode() in page


def test_scores_stand_beside_baselines_and_are_explained(page):
    for text in ("40.0", "38.0–42.0", "CCA", "canonical correlation analysis", "bootstrap"):
        assert text in page.text


def test_explanations_are_told_once(tmp_path):
    def entry(**extra):
        return {
            "recall@1": 0.4,
            "intervals": {"recall@1": [0.3, 0.5]},
            "baselines": {"cca": {"recall@1": 0.2}},
            **extra,
        }

    parts = [Scores(score_tables({"one": entry()})), Scores(score_tables({"two": entry(intervals_over="families")}))]
    parts.append(Scores(score_tables({"three": entry(baselines={"ridge": {"recall@1": 0.1}})})))
    text = Page(write_report(tmp_path / "r.html", "t", "i", [Section("s", parts)]).read_text("utf-8")).text
    for once in ("canonical correlation", "among the first k", "over queries", "over families", "squared penalty"):
        assert text.count(once) == 1


def test_on_a_narrow_screen_figures_and_tables_can_be_read(tmp_path):
    page = write_report(tmp_path / "r.html", "t", "i", []).read_text("utf-8")
    for rule in ("figure { margin: 1.4rem 0; overflow-x: auto; }", "max-width: max(100%, 38rem)", "position: sticky"):
        assert rule in page


def test_facts_are_readable(page):
    for text in ("1,377", "0.002", "no", "–"):
        assert text in page.text


def test_a_failure_leaves_the_older_report_and_no_rest(tmp_path):
    path = write_report(tmp_path / "report.html", "first", "", [])
    with pytest.raises(TypeError, match="a float can't be a part"):
        write_report(path, "second", "", [Section("s", [1.5])])
    assert "first" in path.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_leaves_the_older_report(tmp_path, monkeypatch):
    path = write_report(tmp_path / "report.html", "first", "", [])
    write_text = Path.write_text

    def fail_half_way(self, text, *arguments):
        write_text(self, text[:10], *arguments)
        raise OSError("full")

    monkeypatch.setattr(Path, "write_text", fail_half_way)
    with pytest.raises(OSError, match="full"):
        write_report(path, "second", "", [])
    assert "first" in path.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_absent_is_told(tmp_path):
    with pytest.raises(OSError, match="absent"):
        write_report(tmp_path / "absent" / "report.html", "", "", [])
