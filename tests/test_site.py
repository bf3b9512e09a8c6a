"""What the site is made from: the map's lines, links, formulas, spelling, the glossary. The site itself is checked
where it is built, by docs/building/checks.py.
"""

import re
import sys
from pathlib import Path

import pytest

from tinyxm.course.tutor import lessons

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from building import batch, contents, links  # noqa: E402

PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").glob("*.md") if path.stem != "api")]
TEXTS = [*PAGES, *lessons().values()]


@pytest.mark.parametrize("station", [each for part in batch.MAP.values() for each in part], ids=lambda each: each.title)
def test_each_step_of_the_map_has_its_line(station):
    shown = (ROOT / station.file).read_text("utf-8").splitlines()[station.line - 1]
    assert station.code.splitlines()[0] == shown.strip()
    assert not station.lesson or station.lesson in lessons()


def test_a_line_that_is_gone_or_stands_twice_ends_the_build():
    for text, count in (("no such line", 0), ("def ", "several")):
        station = batch.Station("", "", batch.TAPE, text)
        with pytest.raises(LookupError, match="lines; expected one" if count else "in 0 lines"):
            station.line  # noqa: B018


@pytest.mark.parametrize(
    ("page", "written", "linked"),
    [
        ("docs/engine.md", "[x](layers.md#y)", "[x](layers.md#y)"),
        ("docs/engine.md", "[x](../tutorials/04_a_neuron_by_hand.py)", "[x](../tutorials/04_a_neuron_by_hand.ipynb)"),
        ("docs/engine.md", "[every name](api.md)", "[every name](../api/index.md)"),
        ("docs/engine.md", "[x](../README.md)", "[x](../index.md)"),
        ("docs/engine.md", "[x](https://a.b/c.md)", "[x](https://a.b/c.md)"),
        (
            "docs/engine.md",
            "[x](../tinyxm/autograd/tape.py)",
            '<a href="../source/tinyxm/autograd/tape.py.html">x</a>',
        ),
        ("README.md", "[04](tutorials/04_a_neuron_by_hand.py)", "[04](tutorials/04_a_neuron_by_hand.ipynb)"),
        ("tutorials/06_layers.py", "see `16_convolution.py`", "see [`16_convolution.py`](16_convolution.ipynb)"),
        ("tutorials/06_layers.py", "see `docs/text.md`", "see [`docs/text.md`](../docs/text.md)"),
        ("tutorials/06_layers.py", "a file `mine.py`", "a file `mine.py`"),
        ("tutorials/06_layers.py", "lesson 04 and 44", "lesson [04](04_a_neuron_by_hand.ipynb) and 44"),
        ("tutorials/06_layers.py", "itself, lesson 06", "itself, lesson 06"),
        (
            "tutorials/06_layers.py",
            "told later [04, 05]",
            "told later [[04](04_a_neuron_by_hand.ipynb), [05](05_the_tape_in_sixty_lines.ipynb)]",
        ),
        ("docs/engine.md", "[lesson 04](layers.md)", "[lesson 04](layers.md)"),
        ("docs/engine.md", "an index [10, 11]", "an index [10, 11]"),
        ("docs/engine.md", "```\n[x](api.md)\n```", "```\n[x](api.md)\n```"),
        ("docs/engine.md", "![x](debugger.png)", "![x](debugger.png)"),
    ],
)
def test_links_by_path_become_links_of_the_site(page, written, linked):
    assert links.relink(written, page) == linked


def test_no_page_shows_an_answer_to_an_exercise():
    for path in (ROOT / "tutorials" / "exercises").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        assert (links.place(name) is None) == ("solutions" in name or "checks" in name)


def test_every_lesson_and_page_has_one_place():
    assert [stem for part in contents.parts().values() for stem in part] == list(contents.LESSONS)
    placed = [name for names in contents.themes().values() for name in names]
    assert sorted([*placed, *contents.APART]) == sorted({*placed, *contents.APART})
    assert {page.stem for page in PAGES[1:]} <= {*placed, *contents.APART}


def prose(path: Path) -> str:
    """A page, or a lesson's markdown, without code and quotations."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        text = "\n".join(line[2:] if line.startswith("# ") else "" for line in text.splitlines())
    for code in (r"(?s)```.*?```", r"`[^`]*`", r'(?s)"[^"]*"', r"(?m)^    .*$"):
        text = re.sub(code, "", text)
    return text


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_formulas_are_plain_text(path):
    """LaTeX would need a library in the browser, and doesn't read well in a script."""
    assert not re.findall(r"\$\$|\\(?:frac|sum|cdot|alpha|ell|mathrm|text)\b|(?<!\$)\$[A-Za-z\\][^$\n]*\$", prose(path))


AMERICAN = (
    r"\b(behaviors?|neighbors?|neighboring|colors?|colored|centers?|centered|model(?:ed|ing)|label(?:ed|ing)|analyz\w+|"
    r"favor\w*|honor\w*|judgment|traveled|canceled|catalog|\w+ization\w*|"
    r"(?:normal|regular|general|initial|visual|minim|maxim|final|real|recogn|summar|organ|emphas)iz\w+)\b"
)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_spelling_is_british(path):
    assert not re.findall(AMERICAN, prose(path), re.IGNORECASE)


def test_the_glossary_tells_each_term_once_and_where():
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    rows = [row for row in rows if row[0] != "中文"]
    assert {len(row) for row in rows} == {4}
    for column in (0, 1):
        terms = [row[column] for row in rows]
        assert sorted(terms) == sorted(set(terms))
    assert len(rows) >= 120
    assert all(re.search(r"\]\([^)]+\.(?:py|md)\)", row[3]) for row in rows)
    assert {"跨模态学习", "梯度裁剪", "均值初始化", "准确率", "精确率", "召回率"} <= {row[0] for row in rows}


def squashed(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.lower())


def test_the_glossary_links_where_its_english_terms_stand():
    """The beginning of a term's first word (or of another of its names') is on every page that the row links."""
    docs, missing = ROOT / "docs", []
    for line in (docs / "glossary.md").read_text("utf-8").splitlines():
        if pages := re.findall(r"\]\(([^)]+\.(?:py|md))\)", line):
            term = line.split(" | ")[1]
            names = [name.split() for name in re.split(r"[,()]", term) if name.strip()]
            texts = [squashed((docs / page).read_text("utf-8")) for page in pages]
            if not all(any(squashed(name[0])[:6] in text for name in names) for text in texts):
                missing.append(term)
    assert not missing


def test_a_page_leaves_out_what_only_a_notebook_can_show():
    for module in ("jupytext", "nbclient"):
        pytest.importorskip(module, reason='the extra docs isn\'t installed: pip install -e ".[docs]"')
    from building.lessons import _read

    cells = _read(contents.LESSONS["09_one_training_step"]).cells
    assert len(cells) > 20
    assert not any("step.show()" in cell.source for cell in cells if cell.cell_type == "code")
