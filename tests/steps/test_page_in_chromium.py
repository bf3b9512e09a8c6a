"""The page in a real browser: driven by keyboard through every operation, with nothing said against it."""

import json

import numpy as np
import pytest
from chromium import Opened, launched
from recorded_examples import EXAMPLES, film, perceptron

import tinyxm as xm
from tinyxm.steps.blob import arrays
from tinyxm.steps.film import compare
from tinyxm.steps.page import ASSETS, to_html
from tinyxm.steps.recording import record
from tinyxm.steps.trace import encode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")
traces = {name: None for name in EXAMPLES}
LONG = {"attention", "contrast"}  # of more operations than a default run should step through
STEPPED = [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in EXAMPLES]


def trace_of(name):
    traces[name] = traces[name] or encode(EXAMPLES[name]())
    return traces[name]


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


@pytest.fixture
def opened(browser, tmp_path):
    pages = []

    def open_page(trace, address="", **context):
        pages.append(Opened(browser, tmp_path, trace, address, **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.mark.parametrize("name", STEPPED)
def test_every_operation_is_reached_by_keyboard_forward_and_back(opened, name):
    trace = trace_of(name)
    page, last = opened(trace), len(trace["operations"]) - 1
    told = []
    for number in range(last + 1):
        assert page.operation == number
        assert page.text(".place") == f"{number} of {last}"
        assert page.text('.phases [aria-current="step"] .name') == trace["operations"][number]["phase"]
        told.append(page.text(".sentence"))
        assert "undefined" not in told[-1]
        assert "NaN" not in told[-1]
        page.press("ArrowRight")
    assert page.operation == last  # there it ends
    for number in reversed(range(last)):
        page.press("ArrowLeft")
        assert page.operation == number
        assert page.text(".sentence") == told[number]
    page.press("End")
    assert page.operation == last
    page.press("Home")
    assert page.operation == 0
    assert not page.problems


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("scheme", "rules"), [("light", "{}"), ("dark", "{runOnly: 'color-contrast'}")])
def test_axe_finds_nothing(opened, packages, name, scheme, rules):
    axe = (packages / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    trace = trace_of(name)
    page = opened(trace, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page.page.evaluate(axe)
    firsts = {op["phase"]: i for i, op in reversed(list(enumerate(trace["operations"])))}
    for number in firsts.values():
        page.page.evaluate(f"location.hash = 'op={number}'")
        page.page.wait_for_selector(f'[data-op="{number}"][aria-selected="true"]')
        found = page.page.evaluate(f"axe.run({rules}).then(({{violations}}) => violations)")
        assert not [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in found]


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_the_page_is_never_wider_than_its_window(opened, width):
    for name in EXAMPLES:
        page = opened(trace_of(name), viewport={"width": width, "height": 800})
        for key in ("Home", "End"):
            page.press(key)
            assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_address_carries_the_place(opened):
    page = opened(trace_of("perceptron"), "#op=8&cell=1,0")
    assert page.operation == 8
    page.press("ArrowRight")
    page.wait("location.hash", "#op=9")
    page.press("End")
    page.wait("location.hash", "#op=24")
    page.page.go_back()
    page.page.wait_for_selector('[data-op="9"][aria-selected="true"]')
    page.page.go_forward()
    page.page.wait_for_selector('[data-op="24"][aria-selected="true"]')
    assert not page.problems


@pytest.mark.parametrize(
    "address", ["#op=999", "#op=-1", "#op=x&cell=,&value=1e9", "#%%%", "#op=2&cell=7,7&value=0&update=99"]
)
def test_an_address_may_say_anything(opened, address):
    page = opened(trace_of("perceptron"), address)
    assert 0 <= page.operation <= 24
    page.press("Home", "ArrowRight")
    assert page.operation == 1
    assert not page.problems


def test_a_page_opens_where_it_was_told_to(browser, tmp_path):
    file = tmp_path / "step.html"
    perceptron().to_html(file, at="weight=2.weight[1,0]")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("[data-ready]")
    assert page.text_content(".follow .whose") == "You follow 2.weight[1, 0]"
    assert page.text_content('.phases [aria-current="step"] .name') == "forward"
    page.goto(f"{file.as_uri()}#op=3")  # unless its address says another
    page.reload()
    page.wait_for_selector("[data-ready]")
    assert page.is_hidden(".follow")
    page.close()


def test_space_plays_and_pauses(opened):
    page = opened(trace_of("perceptron"))
    page.press("Space")
    assert page.page.get_attribute(".play", "aria-pressed") == "true"
    page.page.wait_for_selector('[data-op="2"][aria-selected="true"]')
    page.press("Space")
    assert page.page.get_attribute(".play", "aria-pressed") == "false"


def test_search_finds_by_name(opened):
    page = opened(trace_of("attention"))
    page.press("/")
    page.page.keyboard.type("attention.query linear.w")
    shown = page.page.locator("[data-op]:visible")
    assert shown.count() == 1
    page.press("Enter")
    operation = trace_of("attention")["operations"][page.operation]
    assert (operation["name"], operation["module"]) == ("linear.w", "attention.query")
    page.press("Escape")
    assert page.page.locator("[data-op]:visible").count() == len(trace_of("attention")["operations"])


def test_modules_fold_and_unfold_by_keyboard(opened):
    page = opened(trace_of("contrast"))
    boxes = page.page.locator(".graph [data-box]")
    before = boxes.count()
    head = page.page.locator('[data-box="fimage"]')
    head.focus()
    page.press("Enter")
    assert boxes.count() < before
    assert page.page.evaluate("document.activeElement.dataset.box") == "mimage"
    page.press("Enter")
    assert boxes.count() == before
    assert not page.problems


def test_gradients_add_where_a_value_was_used_twice(opened):
    trace = trace_of("attention")
    page = opened(trace)
    page.page.click('.graph .tools button:text("unfold all")')
    number = next(i for i, op in enumerate(trace["operations"]) if op["kind"] == "accumulate")
    page.page.evaluate(f"location.hash = 'op={number}'")
    page.page.wait_for_selector(".graph svg .sum.present")
    assert page.text(".graph svg .sum.present title") == "used 4 times: its gradients add up here"


def test_the_present_operation_is_shown_in_code_and_graph(opened):
    trace = trace_of("perceptron")
    number = next(i for i, op in enumerate(trace["operations"]) if op["name"] == "linear.w" and op["module"] == "2")
    page = opened(trace, f"#op={number}")
    lines = page.page.locator(".code .line.here").all_text_contents()
    assert any("logits = model(x)" in line for line in lines)
    assert any("w=lambda g, x: matmul(_rows(x).T, _rows(g))" in line for line in lines)
    assert page.page.get_attribute(".graph .box.present", "data-box") == "o4"
    assert page.page.get_attribute(".graph .box.present", "data-way") == "backward"
    assert page.text(".graph .arrow.backward.present title") == "∂L/∂2.weight, 3 × 2"


HOSTILE = "</script><img src=x onerror=alert(1)><svg onload=alert(2)>'\"&amp;\u2028"


def hostile():
    """A step of a model with names that are markup, and with NaN, infinity, nothing, and 10^6 columns in its arrays."""
    table = np.array([[np.nan, np.inf, -np.inf], [0.0, -0.0, 1e-30]], np.float32)
    rng = np.random.default_rng(0)
    model = xm.nn.Linear(3, 2, rng=rng)
    optimizer = xm.optim.Adam(model.parameters(), lr=0.1)
    wide, empty = np.ones((1, 10**6), np.float32), np.zeros((0, 3), np.float32)
    with record(model, optimizer, title=HOSTILE) as step, np.errstate(all="ignore"):
        loss = model(table).sum() + model(empty).sum() + (xm.Tensor(wide) * 2).mean()
        loss.backward()
        optimizer.step()
    trace = json.loads(json.dumps(encode(step), allow_nan=False))
    for named in (*trace["values"], *trace["operations"], *trace["updates"]):
        named["name"] = f"{HOSTILE} {named['name']}"
    for operation in trace["operations"]:
        operation["module"] = HOSTILE
    trace["modules"] = {HOSTILE: HOSTILE}
    for line in trace["code"]["lines"]:
        line |= {"file": HOSTILE, "function": HOSTILE, "text": {key: HOSTILE for key in line["text"]}}
    trace["code"]["rules"] = {op["name"]: {"code": HOSTILE, "formula": HOSTILE} for op in trace["operations"]}
    return trace


def test_hostile_names_and_values_come_through_harmless(opened):
    trace = hostile()
    page = opened(trace, viewport={"width": 1280, "height": 800})
    assert page.text("h1") == HOSTILE
    for number in range(len(trace["operations"])):
        assert page.operation == number
        page.press("ArrowRight")
    assert page.page.locator("img, svg[onload], script").count() == 2  # its own two
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert not page.problems


def inherited():
    """A step of arrays and a layer called as what every object has in JavaScript, and data called as an operation."""

    class Net(xm.nn.Module):
        def __init__(self):
            super().__init__()
            rng = np.random.default_rng(0)
            self.toString = xm.nn.Sequential(xm.nn.Linear(2, 3, rng=rng), xm.nn.Tanh())

        def __call__(self, x):
            return self.toString(x)

    constructor = xm.Parameter(np.array([[0.5, -1.0, 0.9]], np.float32))
    net, mean = Net(), np.array([[1.0, 0.5], [-0.5, 1.0]], np.float32)
    optimizer = xm.optim.Momentum([constructor], lr=0.1)
    with record(net, optimizer) as step:
        np.mean((constructor + net(mean)) ** 2).backward()
        optimizer.step()
    return encode(step)


def test_names_that_every_object_has_are_names_like_others(opened):
    trace = inherited()
    page = opened(trace)
    assert trace["operations"][0]["name"] == "mean"
    assert page.page.locator("[data-panel=code] .block:visible").count() == 0  # not the operation's of that name
    for operation in trace["operations"]:
        assert "native code" not in page.text(".tinyxm-step")
        if operation["phase"] == "update":
            cell, _, number = page.text(".derivation .number strong").removeprefix("new constructor").partition(" = ")
            assert page.text(f'.cells [data-cell="{cell[1:-1].replace(", ", ",")}"]') == number
        page.press("ArrowRight")
    assert not page.problems


@pytest.mark.parametrize("width", [360, 1280])
def test_names_of_ten_thousand_letters_leave_the_page_in_its_window(opened, width):
    layer = xm.nn.Module()
    setattr(layer, "l" * 10_000, xm.nn.Linear(2, 3, rng=np.random.default_rng(0)))
    with record(layer, title="t" * 10_000) as step:
        np.sum(getattr(layer, "l" * 10_000)(np.ones((4, 2), np.float32))).backward()
    page = opened(encode(step), viewport={"width": width, "height": 800})
    for _ in step.operations:
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.page.evaluate("document.querySelector('.tinyxm-step > header').scrollHeight") <= 800
        page.press("ArrowRight")
    assert not page.problems


def test_the_page_can_not_ask_for_anything(opened):
    page = opened(trace_of("perceptron"))
    asked = "fetch('https://example.org/').then(() => 'came through', () => 'refused')"
    assert page.page.evaluate(asked) == "refused"
    assert any("Content Security Policy" in problem for problem in page.problems)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told | {"format": "tinyxm-trace/2"}, "This is tinyxm-trace/2; expected tinyxm-trace/1."),
        (lambda told: told["values"][4]["data"].update(at=8 * 10**9), "The array x isn't all there."),
        (lambda told: told["values"][4].update(shape="wide"), ""),
        (lambda told: told["operations"][0].update(result=999), ""),
        (lambda told: told.update(phases=None), ""),
        (lambda told: told.update(blob="x"), ""),
    ],
)
def test_a_trace_that_is_none_is_told(browser, tmp_path, change, words):
    file, told = tmp_path / "step.html", encode(perceptron())
    file.write_text(to_html(change(told) or told), "utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.text_content("[role=alert]").startswith(f"This trace can't be shown. {words}")
    page.close()


def test_the_module_serves_a_notebook_widget_too(browser):
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(
        """async ([source, style, trace]) => {
          const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
          document.body.append(Object.assign(document.createElement("button"), { textContent: "elsewhere" }));
          const el = document.body.appendChild(document.createElement("div"));
          window.leave = await module.default.render({ model: { get: (name) => ({ trace })[name] }, el });
        }""",
        [(ASSETS / "step.js").read_text("utf-8"), (ASSETS / "step.css").read_text("utf-8"), trace_of("perceptron")],
    )
    shown = '[data-op][aria-selected="true"]'
    page.focus("text=elsewhere")
    page.keyboard.press("ArrowRight")  # keys are the notebook's, unless the widget has the focus
    assert page.get_attribute(shown, "data-op") == "0"
    page.focus(".transport .forward")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute(shown, "data-op") == "1"
    assert page.url == "about:blank"
    page.evaluate("leave()")
    assert page.locator(".tinyxm-step *").count() == 0
    page.close()


def test_a_film_changes_the_step_under_the_place_that_is_looked_at(opened):
    told = film().encode()
    frames = [arrays(frame) for frame in told["frames"]]
    number = next(i for i, op in enumerate(told["frames"][0]["operations"]) if op["name"] == "linear.w")
    value = told["frames"][0]["operations"][number]["result"]
    page = opened(told, f"#op={number}&cell=1,1")
    for i in [*range(11), 10]:
        assert page.text(".film .place").startswith(f"training step {1 + 10 * i} ")
        assert page.operation == number
        shown = page.page.get_attribute(".tensor [role=gridcell][aria-selected=true]", "title").replace("−", "-")
        assert np.float32(shown) == frames[i][value][1, 1]
        before = page.text(".changes p").partition(": ")[2].partition(" → ")[0].replace("−", "-")
        assert float(before) == pytest.approx(frames[i - 1 if i else 1][value][1, 1], rel=1e-3)
        page.press("Shift+ArrowRight")
    page.wait("location.hash", f"#op={number}&cell=1,1&frame=10")
    page.press("Shift+ArrowLeft", "ArrowRight")
    assert page.text(".film .place").startswith("training step 91 ")
    assert page.operation == number + 1
    assert not page.problems


def test_steps_that_are_not_alike_are_shown_each_by_itself(opened):
    page = opened(compare([EXAMPLES["perceptron"](), EXAMPLES["contrast"]()]).encode())
    assert page.text("h1") == "A network of two layers"
    page.page.focus(".unlike select")
    page.press("ArrowDown")
    assert page.text("h1") == "Two towers"
    assert page.page.evaluate("document.activeElement.tagName") == "SELECT"
    assert page.page.locator('[data-panel="contrast"]').count() == 1
    assert not page.problems
