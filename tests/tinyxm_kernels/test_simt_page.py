"""The page of a launch holds all that it shows, asks for nothing, and shows texts as they stand."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tinyxm_kernels.simt.page import embedded, finite, page, write_page

SOURCE = ['extern "C" __global__ void shift(const float *a, float *b) {', "  b[0] = a[1]; // </script><b>&", "}"]
VOID = {"meta", "input"}


def report(**changes):
    """A launch of one warp, written by hand: a load by lanes 0 and 1, and a race with what line 1 is said to do."""
    access = {"column": 10, "space": "global", "operation": "load", "array": "a", "requests": 1, "lanes": 2}
    access |= {"bytes": 8, "transactions": 2, "ideal": 1, "conflicts": 0}
    line = {"line": 2, "source": SOURCE[1].strip(), "executions": 1, "active_lanes": 2.0, "branches": 1, "divergent": 1}
    lanes = [1, 9, *[None] * 30]
    step = {"line": 2, "column": 3, "kind": "assignment", "mask": 3, "depth": 0, "findings": [0]}
    step["changes"] = [{"name": "x", "type": "float", "values": ["nan", 0.5, *[None] * 30]}]
    memory = {"space": "global", "array": "a", "operation": "load", "column": 10, "element_bytes": 4, "bytes": 4}
    step["memory"] = [memory | {"indices": lanes, "transactions": 2, "ideal": 1}]
    finding = {"kind": "race", "line": 2, "message": "thread (0, 0, 0) writes <b>[0]", "count": 3, "lines": [1, 2]}
    totals = {"flops": 0, "global_bytes": 8, "sectors": 2, "ideal_sectors": 1, "shared_passes": 0, "ideal_passes": 0}
    totals |= {"conflicts": 0, "intensity": None, "active_lanes": 2.0, "branches": 1, "divergent": 1}
    trace = {"kernel": "shift", "block": [0, 0, 0], "warp": 0, "threads": [[i, 0, 0] for i in range(32)]}
    made = {
        "label": "model",
        "kernel": "shift",
        "file": "<shift>.cu",
        "grid": [1, 1, 1],
        "block": [32, 1, 1],
        "shared": {"static": 0, "dynamic": 0},
        "findings": [finding],
        "lines": [line | {"flops": 0, "accesses": [access]}],
        "totals": totals,
        "occupancy": None,
        "not_modelled": ["time & caches"],
        "trace": trace | {"source": SOURCE, "steps": [step], "truncated": False},
    }
    return made | changes


class Page(HTMLParser):
    """Fails where tags don't nest; keeps attributes by tag, the text, and what scripts and styles hold."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.text, self.raw = [], [], "", {"script": [], "style": []}
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.text += data

    @property
    def data(self):
        return json.loads(self.raw["script"][0])


@pytest.fixture
def shown():
    return Page(page(report()))


def test_nothing_is_requested_and_the_policy_forbids_it(shown):
    for tag, attributes in shown.attributes:
        assert tag not in ("link", "iframe", "object", "base", "img", "form")
        assert not {"src", "href", "style", "srcset", "onclick"} & attributes.keys()
    whole = page(report())
    assert not re.search(r"https?://|url\(|@import|@font-face|\beval\b|innerHTML|document\.write|fetch\(", whole)
    policy = next(a["content"] for tag, a in shown.attributes if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for name, text in (("style", shown.raw["style"][0]), ("script", shown.raw["script"][1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_a_source_that_ends_the_script_is_shown_as_it_stands(shown):
    assert len(shown.raw["script"]) == 2
    assert shown.data[0]["source"] == SOURCE
    for text in (SOURCE[1], "<shift>.cu", "thread (0, 0, 0) writes <b>[0]", "time & caches"):
        assert text in shown.text


def test_the_data_are_those_of_the_report(shown):
    (kernel,) = shown.data
    made = report()
    assert kernel["lines"] == made["lines"]
    assert kernel["findings"] == made["findings"]
    assert kernel["trace"]["steps"] == made["trace"]["steps"]
    assert "source" not in kernel["trace"]


def test_each_line_has_its_profile_and_its_findings(shown):
    rows = [attributes for tag, attributes in shown.attributes if tag == "tr" and "data-line" in attributes]
    assert [row["data-line"] for row in rows] == ["1", "2", "3"]
    assert [row["class"] for row in rows] == ["unrun", "found", "unrun"]
    assert "2 / 1" in shown.text
    marks = [attributes["data-found"] for _, attributes in shown.attributes if "data-found" in attributes]
    assert marks == ["race"]
    for line in (1, 2):
        assert f"{line:4} | {SOURCE[line - 1]}" in shown.text  # quoted under the finding


def test_it_serves_light_and_dark_small_and_large_screens_and_keyboards(shown):
    style, script = shown.raw["style"][0], shown.raw["script"][1]
    assert "prefers-color-scheme: dark" in style
    assert "@media (max-width" in style
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in shown.attributes
    for key in ("ArrowRight", "ArrowLeft", "Home", "End", '" "'):
        assert key in script
    for tag, attributes in shown.attributes:
        if tag in ("input", "select"):
            assert attributes["aria-label"]


@pytest.mark.parametrize(("agrees", "kinds"), [(True, []), (None, []), (False, ["wrong"])])
def test_a_result_that_is_wrong_is_marked(agrees, kinds):
    expected = [{"output": "b", "formula": "a", "agrees": agrees, "told": "b & a < 3"}]
    shown = Page(page(report(expected=expected)))
    assert [a["class"] for tag, a in shown.attributes if tag == "strong" and "class" in a] == kinds
    assert "b & a < 3" in shown.text


def test_two_launches_are_compared_and_told_apart():
    other = report(defines={"PAD": "1"})
    other["totals"] |= {"sectors": 1}
    shown = Page(page(report(defines={"PAD": "0"}), other))
    assert [a["aria-pressed"] for _, a in shown.attributes if "data-show" in a] == ["true", "false"]
    assert "×0.5" in shown.text
    for name in ("shift PAD=0", "shift PAD=1"):
        assert name in shown.text
    assert [("hidden" in a) for tag, a in shown.attributes if tag == "main"] == [False, True]
    assert len(shown.data) == 2


def test_without_a_trace_there_is_the_profile_alone():
    shown = Page(page(report(trace=None, source=SOURCE)))
    assert not [a for _, a in shown.attributes if a.get("class") == "stepper"]
    assert SOURCE[1] in shown.text
    with pytest.raises(ValueError, match="without its source"):
        page(report(trace=None))
    with pytest.raises(ValueError, match="3 reports"):
        page(report(), report(), report())


def test_numbers_that_json_lacks_become_texts():
    assert finite({"a": [float("nan"), float("inf"), (-float("inf"), 1.5)]}) == {
        "a": ["NaN", "Infinity", ["-Infinity", 1.5]]
    }
    text = embedded(["</script><!--", "\u2028", float("nan")])
    assert "<" not in text
    assert json.loads(text) == ["</script><!--", "\u2028", "NaN"]


def test_an_older_page_is_replaced_only_by_a_whole_one(tmp_path):
    path = write_page(tmp_path / "page.html", report())
    whole = path.read_text("utf-8")
    with pytest.raises(KeyError):
        write_page(path, {"kernel": "half a report"})
    assert path.read_text("utf-8") == whole
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
