"""What repeats is folded in the page: opened by whoever comes inside, by hand, by a search; and leapt over."""

import pytest
from chromium import Opened, launched
from recorded_examples import recurrence

from tinyxm.steps.trace import encode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")
OPEN = '.fold > .head[aria-expanded="true"]'


@pytest.fixture(scope="module")
def trace():
    return encode(recurrence())


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


@pytest.fixture
def opened(browser, tmp_path, trace):
    pages = []

    def open_page(address="", **context):
        pages.append(Opened(browser, tmp_path, trace, address, **context))
        return pages[-1]

    yield open_page
    for page in pages:
        assert not page.problems
        page.context.close()


def cell(trace, phase):
    return next(
        one
        for one in trace["repeats"]
        if "cells" in one["module"] and trace["operations"][one["first"]]["phase"] == phase
    )


def test_every_operation_has_a_row_or_a_repetition_that_holds_it(opened, trace):
    page = opened()
    rows = page.page.locator("[data-op]:visible").count()
    folded = sum(one["last"] - one["first"] + 1 for one in trace["repeats"])
    assert rows == len(trace["operations"]) - folded
    assert page.page.locator(".fold:visible").count() == len(trace["repeats"]) > 3
    told = page.page.locator(".fold .head .name").all_text_contents()
    one = cell(trace, "forward")
    assert f"reader.forward_cells.0: 12 times{one['first']} … {one['last']}, 16 to 18 operations each" in told


def test_stepping_comes_through_every_operation_and_opens_and_folds(opened, trace):
    page, one = opened(f"#op={cell(trace, 'forward')['first'] - 1}"), cell(trace, "forward")
    assert page.page.locator(OPEN).count() == 0 or trace["repeats"][0]["last"] + 1 == one["first"]
    for number in range(one["first"], one["last"] + 2):
        page.press("ArrowRight")
        assert page.operation == number
        inside = number <= one["last"]
        assert page.page.locator(OPEN).count() == inside
        assert page.page.locator(f'[data-op="{number}"]').is_visible()
    page.press("ArrowLeft")
    assert page.page.locator(OPEN).count() == 1
    assert "the 12th of 12 times" in page.text(".story .facts")
    page.press("Home")
    assert page.page.locator(OPEN).count() == 0


def test_it_is_opened_and_folded_by_hand_and_stays_so(opened, trace):
    page, one = opened(), cell(trace, "backward")
    fold = page.page.locator(".fold").nth(trace["repeats"].index(one))
    fold.locator(".head").click()
    assert fold.locator(".head").get_attribute("aria-expanded") == "true"
    assert page.operation == 0  # nobody has moved
    assert fold.locator("[data-op]:visible").count() == one["last"] - one["first"] + 1
    page.page.evaluate(f"location.hash = 'op={one['first'] + 3}'")
    page.wait("document.querySelector('[data-op][aria-selected=true]').dataset.op", str(one["first"] + 3))
    page.press("Home")
    assert fold.locator(".head").get_attribute("aria-expanded") == "true"
    fold.locator(".head").click()
    assert fold.locator(".head").get_attribute("aria-expanded") == "false"


def test_in_the_list_up_and_down_pass_what_is_folded_as_one_row(opened, trace):
    one = cell(trace, "forward")
    page = opened(f"#op={one['last'] + 1}")
    page.page.focus(".operations .list")

    def active():
        return page.page.evaluate(
            "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
        )

    page.press("ArrowUp")
    assert page.operation == one["first"]  # folded still
    assert page.page.locator(OPEN).count() == 0
    assert active().startswith("reader.forward_cells.0: 12 times")
    assert active().endswith("now the 1st of 12 times")
    page.press("ArrowDown")
    assert page.operation == one["last"] + 1
    page.press("ArrowUp", "ArrowRight")  # opens
    assert page.page.locator(OPEN).count() == 1
    page.press("ArrowRight", "ArrowDown")  # and then steps, as everywhere
    assert page.operation == one["first"] + 2
    page.press("Enter")  # folds
    assert page.page.locator(OPEN).count() == 0
    page.press("ArrowDown")
    assert page.operation == one["last"] + 1
    page.press("ArrowLeft")  # back inside
    assert page.operation == one["last"]
    assert page.page.locator(OPEN).count() == 1


def test_r_leaves_it_and_so_does_the_button(opened, trace):
    one = cell(trace, "backward")
    page = opened(f"#op={one['first'] + 40}")
    assert page.page.locator(OPEN).count() == 1
    page.press("r")
    assert page.operation == one["last"] + 1
    page.press("ArrowLeft", "Shift+R")
    assert page.operation == one["first"] - 1
    page.press("ArrowRight")
    page.page.click(".story .past")
    assert page.operation == one["last"] + 1
    page.press("End", "r")
    assert page.operation == len(trace["operations"]) - 1
    assert page.page.locator(".story .past").count() == 0


def test_a_search_looks_inside(opened, trace):
    page = opened()
    page.press("/")
    page.page.keyboard.type("forward_cells tanh")
    expected = [
        i
        for i, op in enumerate(trace["operations"])
        if "forward_cells" in op["module"] and op["name"].startswith("tanh")
    ]
    shown = page.page.locator("[data-op]:visible")
    assert {int(one.get_attribute("data-op")) for one in shown.all()} >= {*expected}
    page.press("Enter", "Enter")
    assert page.operation == expected[1]
    page.press("Escape")
    assert page.page.locator(OPEN).count() == 1  # one is inside
    page.press("Home")
    assert page.page.locator(OPEN).count() == 0


@pytest.mark.parametrize(("scheme", "rules"), [("light", "{}"), ("dark", "{runOnly: 'color-contrast'}")])
def test_axe_finds_nothing(opened, packages, trace, scheme, rules):
    axe = (packages / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    page = opened(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page.page.evaluate(axe)
    for address in ("#op=0", f"#op={cell(trace, 'backward')['first']}"):
        page.page.evaluate(f"location.hash = '{address}'")
        page.wait("document.querySelector('[data-op][aria-selected=true]').dataset.op", address.partition("=")[2])
        found = page.page.evaluate(f"axe.run({rules}).then(({{violations}}) => violations)")
        assert not [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in found]


def test_in_the_network_it_is_one_box_that_unfolds(opened, trace):
    page = opened(f"#op={cell(trace, 'forward')['first']}", viewport={"width": 1400, "height": 900})
    box = page.page.locator('[data-box="mreader.forward_cells.0"]')
    assert box.text_content() == "▸ reader.forward_cells.0 GRUCell, 12 times"
    assert "present" in box.get_attribute("class")
    box.focus()
    page.press("Enter")
    assert page.page.locator(".graph .box.present").text_content().startswith("matmul")
