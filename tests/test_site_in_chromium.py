"""The site in a browser, from file://: two widths, light and dark, search, folded answers, pages within the page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "steps"))
from chromium import launched  # noqa: E402

pytestmark = pytest.mark.slow
LESSON = "tutorials/04_a_neuron_by_hand.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, with one lesson run."""
    pytest.importorskip("myst_nb", reason='the extra docs isn\'t installed: pip install -e ".[docs]"')
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "make_site.py"), "--lessons", "04", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stdout[-3000:] + done.stderr[-3000:]
    return out / "html"


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture
def page(browser):
    """A page whose `problems` holds what the console, the scripts and the network said against it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)  # of a machine that is busy
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    here = ("file:", "data:", "blob:")
    page.on("request", lambda asked: page.problems.append(asked.url) if not asked.url.startswith(here) else None)
    yield page
    context.close()
    assert not page.problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_its_window(page, site, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    wide = []
    for path in sorted(site.rglob("*.html")):
        if "source" not in path.parts and "live" not in path.parts:
            page.goto(path.as_uri())
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(path.relative_to(site).as_posix())
    assert not wide


def test_a_source_page_fits_and_shows_its_line(page, site):
    page.goto((site / "batch.html").as_uri())
    page.set_viewport_size({"width": 360, "height": 800})
    page.get_by_role("link", name="tinyxm/autograd/tape.py, line").first.click()
    line = page.url.partition("#")[2]
    assert "adjoint.rule(g, *saved)" in page.locator(f"#{line}").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("words", ["vanishing", "Winograd", "梯度裁剪"])
def test_search_finds(page, site, words):
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")


def test_answers_are_folded_and_open_by_the_keyboard(page, site):
    page.goto((site / LESSON).as_uri())
    answers = page.locator("details.answers")
    assert not answers.locator("ol").is_visible()
    answers.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answers.locator("ol").is_visible()


def test_dark_is_kept_from_page_to_page(page, site):
    ground = "getComputedStyle(document.body).backgroundColor"
    page.goto((site / LESSON).as_uri())
    light = page.evaluate(ground)
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.goto((site / "batch.html").as_uri())
    assert page.evaluate(ground) != light
    page.locator(".theme-toggle:visible").first.click()
    assert page.evaluate("document.body.dataset.theme") != "dark"


@pytest.mark.parametrize(("name", "ready"), [("debugger", "[data-ready]"), ("simulator", "input[type=range]")])
def test_what_is_embedded_lives(page, site, name, ready):
    page.goto((site / f"practice/{name}.html").as_uri())
    frames = page.locator("iframe.live")
    for number in range(frames.count()):
        frames.nth(number).scroll_into_view_if_needed()
        frames.nth(number).content_frame.locator(ready).first.wait_for(state="attached")


def test_the_debugger_steps_within_the_site(page, site):
    page.goto((site / "practice/debugger.html").as_uri())
    frame = page.locator("iframe.live").first.content_frame
    frame.locator("[data-ready]").wait_for(state="attached")
    frame.locator("h1").first.click()
    page.keyboard.press("ArrowRight")
    within = next(each for each in page.frames if "two-layers" in each.url)
    within.wait_for_url(re.compile(r"#.*\bop=1\b"), timeout=20_000)
