"""How the page looks to those who see it otherwise than on a large screen."""

import pytest
from chromium import Opened, launched
from recorded_examples import contrast, film, perceptron

from tinyxm.steps import compare, trace
from tinyxm.steps.recording import record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


COVERED = """() => {
  scrollTo(0, 500);
  const inHead = (y) => document.elementFromPoint(innerWidth / 2, y)?.closest(".tinyxm-step > header");
  let y = 0;
  while (y < innerHeight && inHead(y)) y++;
  return y / innerHeight;
}"""


@pytest.mark.parametrize(("width", "height"), [(1366, 625), (1024, 700), (1920, 1000)])
def test_what_stays_in_sight_leaves_the_screen_to_the_numbers(browser, tmp_path, width, height):
    viewport = {"width": width, "height": height}
    with Opened(browser, tmp_path, film().encode(), "#weight=0.weight[1,2]", viewport=viewport) as page:
        assert 0.02 < page.page.evaluate(COVERED) < 0.3


def empty():
    with record() as step:
        pass
    return step


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "made",
    [lambda: trace.encode(empty()), lambda: compare([perceptron(), contrast()]).encode()],
    ids=["empty", "unlike"],
)
def test_axe_finds_nothing_in_what_is_seldom_seen(browser, packages, tmp_path, made, width):
    axe = (packages / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    with Opened(browser, tmp_path, made(), viewport={"width": width, "height": 740}) as page:
        page.page.evaluate(axe)
        found = page.page.evaluate("axe.run().then(({violations}) => violations)")
        assert not [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in found]


def test_a_phone_at_200_percent_has_all_buttons_whole(browser, tmp_path):
    with Opened(
        browser, tmp_path, trace.encode(perceptron()), "#op=12", viewport={"width": 180, "height": 400}
    ) as page:
        beyond = """([selector, edge]) => [...document.querySelectorAll(selector)].filter((one) =>
          one.getBoundingClientRect().right > edge || one.scrollWidth > one.clientWidth).length"""
        assert page.page.evaluate(beyond, [".title > *, .transport button", 180]) == 0
        assert page.page.evaluate(beyond, [".phases button", 10**6]) == 0


@pytest.mark.parametrize(("width", "size"), [(180, "100%"), (360, "200%")])
def test_who_follows_a_weight_has_all_words_and_buttons_whole_at_200_percent(browser, tmp_path, width, size):
    encoded = trace.encode(perceptron())
    weight = f"#weight={encoded['updates'][0]['name']}[0,0]"
    with Opened(browser, tmp_path, encoded, weight, viewport={"width": width, "height": 740}) as page:
        page.page.evaluate("size => document.documentElement.style.fontSize = size", size)
        beyond = """edge => [...document.querySelectorAll(".transport button, .follow .top button")].filter((one) =>
          one.checkVisibility() && one.getBoundingClientRect().right > edge).map((one) => one.textContent)"""
        assert page.page.evaluate(beyond, width) == []
        for words in (".title h1", ".follow .whose"):
            assert page.page.locator(words).bounding_box()["width"] > width / 2


STYLE = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
CUT = """() => [...document.querySelectorAll(".phases > div, .cells, pre, .list")]
  .filter((one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight)
  .map((one) => one.className || one.tagName)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_prints_light_whole_and_in_its_colours(browser, tmp_path, theme):
    encoded = trace.encode(perceptron())
    viewport = {"width": 690, "height": 900}  # about an A4 page within its margins
    with Opened(browser, tmp_path, encoded, "#op=10", viewport=viewport, color_scheme="light") as page:
        cell = page.page.evaluate(STYLE, ["[role=gridcell]", "backgroundColor"])
        page.page.select_option(".theme select", theme)
        page.page.emulate_media(media="print")
        page.wait(f"getComputedStyle(document.querySelector('[role=gridcell]')).backgroundColor === '{cell}'", True)
        assert page.page.evaluate(STYLE, [".tinyxm-step", "colorScheme"]) == "light"
        assert page.page.evaluate(STYLE, ["[role=gridcell]", "printColorAdjust"]) == "exact"
        assert page.page.evaluate(CUT) == []
        assert not page.page.is_visible(".transport")
        assert not page.page.is_visible(".operations .search")
        assert page.page.is_visible(".sentence")


def test_where_the_system_sets_the_colours_what_is_current_is_marked(browser, tmp_path):
    with Opened(browser, tmp_path, trace.encode(perceptron()), "#op=10", forced_colors="active") as page:
        for current, other in [
            ('[data-op][aria-selected="true"]', '[data-op][aria-selected="false"]'),
            (".code .line.here", ".code .line:not(.here)"),
        ]:
            colours = [page.page.evaluate(STYLE, [one, "borderLeftColor"]) for one in (current, other)]
            assert colours[0] != colours[1]
        assert page.page.evaluate(STYLE, [".phases [aria-current]", "outlineStyle"]) == "solid"
        done, track = (page.page.evaluate(STYLE, [f".phases .{one}", "backgroundColor"]) for one in ("done", "track"))
        assert done != track
