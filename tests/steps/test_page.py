"""The page as a text: what it lets run, what it holds, and that it is what its source makes."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from recorded_examples import perceptron

from tinyxm.steps.page import ASSETS, embedded, to_html, write
from tinyxm.steps.trace import encode

FRONTEND = Path(__file__).parents[2] / "frontend"


class Reader(HTMLParser):
    """Elements of a page with their attributes, and what scripts and styles hold."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.held, self.within = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style", "title"):
            self.within = tag + dict(attributes).get("type", "")

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within:
            self.held[self.within] = self.held.get(self.within, "") + data


def held(page):
    """The trace that a page holds."""
    told = json.loads(page.held["scriptapplication/json"])
    trace = json.loads(zlib.decompress(base64.b64decode(told["packed"])))
    return trace | ({} if "frames" in trace else {"blob": told["blob"]})


@pytest.fixture(scope="module")
def trace():
    return json.loads(json.dumps(encode(perceptron())))


def test_the_policy_allows_the_script_and_the_style_alone(trace):
    page = Reader(to_html(trace))
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for rule, held in (("script-src", "scriptmodule"), ("style-src", "style")):
        digest = base64.b64encode(hashlib.sha256(page.held[held].encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert not rules


def test_nothing_is_fetched(trace):
    page = Reader(to_html(trace))
    assert not [(tag, a) for tag, a in page.elements if {"src", "href", "action", "style"} & set(a)]
    assert not re.search(r"url\(|@import", page.held["style"])
    asks = r"\bfetch\(|XMLHttpRequest|WebSocket|\beval\(|new Function|\bimport\("
    assert not re.search(asks, page.held["scriptmodule"])


def test_our_own_source_never_reads_text_as_markup():
    for path in (FRONTEND / "src").rglob("*.js"):
        found = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.html\(", path.read_text("utf-8"))
        assert not found, f"{path}: {found}"


def test_the_trace_comes_through_whole(trace):
    page = Reader(to_html(trace))
    assert held(page) == trace


HOSTILE = "</script><script>alert(1)</script><!-- &lt;\u2028]]>' \" $title"


def test_hostile_text_stays_text(trace):
    named = {**trace, "title": HOSTILE, "modules": {HOSTILE: HOSTILE}}
    page = Reader(to_html(named))
    assert page.held["title"] == HOSTILE
    assert held(page) == named
    assert [tag for tag, _ in page.elements].count("script") == 2


def test_half_a_character_in_a_title_still_makes_a_page(trace, tmp_path):
    write({**trace, "title": "a\ud800b"}, tmp_path / "step.html", at="weight=\ud800")
    page = Reader((tmp_path / "step.html").read_text("utf-8"))
    assert page.held["title"] == "a?b"
    assert held(page)["title"] == "a\ud800b"


def test_a_place_that_is_not_there_is_refused_with_what_there_is(tmp_path):
    step = perceptron()
    for at, words in (
        ("weight=0.wieght[0,0]", r"weight=0.wieght\[0,0\]: there are, of these shapes, 0.weight\[2, 3\], 0.bias\[3\]"),
        ("weight=0.weight[0,3]", r"expected a whole number within each axis of \[2, 3\]"),
        ("weight=0.weight", "there are, of these shapes"),
        ("op=999", "at op=999: there are [0-9]+ operations, counted from 0"),
        ("op=0&cell=9,9", r"at cell=9,9: expected a whole number within each axis of \[4, 2\]"),
        ("opp=3", "at 'opp=3': expected such as"),
        ("nowhere", "at 'nowhere': expected such as"),
    ):
        with pytest.raises(ValueError, match=words):
            step.to_html(tmp_path / "step.html", at=at)
        assert not (tmp_path / "step.html").exists()
    for at in ("", "op=2&cell=1,0", "weight=0.weight[1, 2]", "value=0&cell=1,2"):
        step.to_html(tmp_path / "step.html", at=at)


def test_embedded_json_has_no_markup():
    assert set("<>&\u2028\u2029").isdisjoint(embedded({HOSTILE: [HOSTILE], "blob": HOSTILE}))
    with pytest.raises(ValueError, match="JSON"):
        embedded({"x": float("nan")})


def test_the_page_is_what_its_source_builds(packages, tmp_path):
    subprocess.run(["node", packages / "build.mjs", tmp_path], check=True)
    built = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text("utf-8") for path in ASSETS.iterdir()}
    assert built == committed, "frontend/ and tinyxm/steps/page differ: cd frontend && npm ci && npm run build"


def test_the_source_is_formatted(packages):
    done = subprocess.run(["npm", "run", "--silent", "check"], cwd=packages, capture_output=True, text=True)
    assert not done.returncode, f"cd frontend && npm run format\n{done.stdout}{done.stderr}"


def test_what_is_bundled_has_its_licence():
    told = (ASSETS / "licences.txt").read_text("utf-8")
    script = (ASSETS / "step.js").read_text("utf-8")
    bundled = set(re.findall(r"^ *// node_modules/((?:@[^/]+/)?[^/]+)/", script, re.MULTILINE))  # as esbuild notes it
    assert {"@dagrejs/dagre", "d3-selection"} <= bundled
    for name in bundled:
        assert re.search(rf"^{re.escape(name)} [\d.]+ \((MIT|ISC|BSD-3-Clause)\)$", told, re.MULTILINE), name


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node isn't installed")


@needs_node
def test_the_front_end_passes_its_own_tests():
    files = sorted(map(str, (FRONTEND / "tests").glob("*.test.mjs")))
    assert files
    done = subprocess.run(["node", "--test", *files], capture_output=True, text=True)
    assert not done.returncode, done.stdout


@needs_node
def test_halves_are_read_as_numpy_reads_them():
    script = f"""import {{ half }} from "{(FRONTEND / "src/trace.js").as_uri()}";
    console.log(JSON.stringify(Array.from({{ length: 65536 }}, (_, bits) => String(half(bits)))));"""
    done = subprocess.run(["node", "--input-type=module"], input=script, capture_output=True, text=True, check=True)
    read = np.array([float(text) for text in json.loads(done.stdout)])
    np.testing.assert_array_equal(read, np.arange(65536, dtype=np.uint16).view(np.float16).astype(float))
