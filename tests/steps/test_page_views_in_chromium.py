"""What the page shows of numbers: they are NumPy's, they can be walked and followed, and settings can be tried."""

import numpy as np
import pytest
from chromium import Opened, launched
from recorded_examples import EXAMPLES
from recorded_operations import ALL

import tinyxm as xm
from tinyxm import nn, ops, optim
from tinyxm.steps.blob import arrays
from tinyxm.steps.trace import encode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")
traces = {}

SHOWN = """() => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  return {
    cells: [...document.querySelectorAll(".cells [role=gridcell]")].map((one) => [
      one.dataset.cell,
      one.textContent,
      one.title,
    ]),
    told: [".readout .numbers", ".derivation .number strong"].map((one) => [
      text(one),
      document.querySelector(one)?.title,
    ]),
    derivation: text(".derivation"),
    conclusion: text(".derivation .conclusion"),
    ledger: text(".ledger"),
    off: document.querySelectorAll(".ledger .off").length,
    checked: document.querySelectorAll(".ledger .check").length,
  };
}"""


def trace_of(name):
    if name not in traces:
        traces[name] = encode({**EXAMPLES, **ALL}[name]())
    return traces[name]


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


@pytest.fixture
def opened(browser, tmp_path):
    pages = []

    def open_page(name, address="", **context):
        context = {"viewport": {"width": 1280, "height": 900}, **context}
        pages.append(Opened(browser, tmp_path, trace_of(name), address, **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


def number(text):
    """The number that a text shows, with its true minus sign."""
    plain = text.replace("−", "-").replace("∞", "inf")
    return {"True": 1.0, "False": 0.0}.get(plain) if plain in ("True", "False") else float(plain)


def place(text):
    """The cell in a text such as name[3, 5] = 0.5."""
    inner = text.rpartition(" = ")[0].rpartition("[")[2].rstrip("]")
    return tuple(int(k) for k in inner.split(", ")) if "[" in text.rpartition(" = ")[0] else ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_numbers_on_the_screen_are_numpys_and_are_derived(opened, name):
    trace, held = trace_of(name), arrays(trace_of(name))
    page = opened(name)
    for operation in trace["operations"]:
        x = held[operation["result"]]
        shown = page.page.evaluate(SHOWN)
        for cell, text, whole in shown["cells"]:
            at = tuple(int(k) for k in cell.split(",")) if cell else ()
            assert x.dtype.type(number(whole)) == x[at], (operation["name"], cell)
            assert number(text) == pytest.approx(x[at], rel=1e-5, abs=0), (operation["name"], cell)
        assert len(shown["cells"]) >= (x.ndim > 0 and trace["values"][operation["result"]]["shown"] != "tokens")
        for told, whole in shown["told"]:
            own = x[place(told)] if place(told) else x.ravel()[0]
            assert x.dtype.type(number(whole)) == own, (operation["name"], told)
            assert number(told.rpartition(" = ")[2]) == pytest.approx(own, rel=1e-5, abs=0), (operation["name"], told)
        if operation["kind"] not in ("data",):
            assert "that's what the step recorded" in shown["conclusion"], (operation["name"], shown["derivation"])
        assert "undefined" not in shown["derivation"] + shown["ledger"]
        assert "NaN" not in shown["derivation"] + shown["ledger"]
        assert shown["checked"] > 0
        assert shown["off"] == 0
        page.press("ArrowRight")
    assert not page.problems


def test_the_grid_is_walked_by_keyboard(opened):
    trace = trace_of("convolution")
    number_of = next(i for i, op in enumerate(trace["operations"]) if op["name"] == "group_norm")
    page = opened("convolution", f"#op={number_of}&cell=1,0,0,2")
    page.page.focus('.grid [tabindex="0"]')

    def at():
        assert page.page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
        return page.page.evaluate("document.activeElement.dataset.cell")

    for key, cell in (
        *(("ArrowRight", "1,0,1,2"), ("ArrowDown", "1,1,1,2"), ("End", "1,1,7,2"), ("ArrowRight", "1,1,7,2")),
        *(("PageDown", "1,7,7,2"), ("Home", "1,7,0,2"), ("Control+Home", "1,0,0,2"), ("ArrowUp", "1,0,0,2")),
    ):
        page.press(key)
        assert at() == cell
        assert place(page.text(".derivation .number strong")) == tuple(int(k) for k in cell.split(","))
    assert page.operation == number_of  # keys of the grid don't step
    page.page.click('.stepper [data-does="next channel"]')
    assert page.page.evaluate("document.activeElement.dataset.does") == "next channel"
    page.wait("location.hash", f"#op={number_of}&cell=1,0,0,3")
    assert not page.problems


def test_a_number_is_followed_back_to_the_data(opened):
    trace = trace_of("perceptron")
    loss = next(i for i, op in enumerate(trace["operations"]) if op["result"] == trace["loss"])
    page, seen = opened("perceptron", f"#op={loss}"), []
    for _ in range(12):
        operand = page.page.locator(".derivation button.operand").first
        if not operand.count():
            break
        name = operand.get_attribute("aria-label").rpartition(": ")[0].rpartition(", ")[0]
        operand.focus()
        page.press("Enter")
        page.page.wait_for_timeout(600)  # what follows more quickly is one entry of the history
        heading = page.text(".derivation .number strong")
        assert place(heading) == place(f"{name} = 0")
        assert page.page.evaluate("document.activeElement.className") == "number"  # the focus goes with the reader
        seen.append(heading.partition("[")[0])
    assert seen == ["cross_entropies", "logits", "1.tanh", "0.linear", "x"]
    page.page.go_back()
    page.wait("document.querySelector('.derivation .number strong').textContent.split('[')[0]", "0.linear")
    assert not page.problems


def test_what_if_computes_the_update_again(opened):
    trace, held = trace_of("clip_norm"), arrays(trace_of("clip_norm"))
    update = trace["updates"][0]
    after = next(i for i, op in enumerate(trace["operations"]) if op["phase"] == "update")
    page = opened("clip_norm", f"#op={after}&cell=2,1")
    settings, at = update["settings"], (2, 1)
    m, v = (held[update["state"][name][1]][at] for name in ("mean", "square"))
    step, (b1, b2) = settings["step"], settings["betas"]
    change = m / (1 - b1**step) / (np.sqrt(v / (1 - b2**step)) + settings["eps"])
    slider = page.page.locator(".sliders input").first
    slider.focus()
    page.press("ArrowRight", "ArrowRight", "PageUp")
    rate = number(slider.get_attribute("aria-valuetext"))
    assert rate > settings["lr"]
    assert page.operation == after  # keys of the slider don't step
    decayed = settings["weight_decay"] == 0.1
    assert decayed
    shown = number(page.page.locator(".ledger .new .what-if").text_content())
    assert shown == pytest.approx(held[update["before"]][at] - rate * change, rel=1e-3)
    assert "what-if" in page.text(".scale")
    page.page.click(".sliders .reset")
    assert page.page.locator(".ledger .what-if").count() == 0
    limit = page.page.locator(".sliders input").nth(1)
    limit.focus()
    page.press("Home")
    assert page.page.locator(".ledger .what-if").count() > 0
    assert not page.problems


def test_on_a_phone_what_is_followed_leaves_room(opened):
    page = opened("perceptron", "#weight=0.weight[1,2]", viewport={"width": 360, "height": 740})
    strip = page.page.locator(".follow")
    assert strip.bounding_box()["height"] < 740 / 4
    assert not page.page.locator(".follow li").first.is_visible()
    page.page.click(".follow .all")
    assert page.page.locator(".follow li").count() == page.page.locator(".follow li:visible").count() == 5
    page.page.click(".follow .on")
    assert page.text(".follow [aria-current] span") == "gradient"
    page.page.click(".follow .all")
    assert not page.page.locator(".follow li").first.is_visible()
    assert not page.problems


def test_all_views_have_the_same_number_of_a_weight_for_an_example(opened):
    trace = trace_of("perceptron")
    for number, op in enumerate(trace["operations"]):
        if op["kind"] != "update":
            continue
        page = opened("perceptron", f"#op={number}")
        told = page.text(".ledger .place")
        assert f"{told} = " in page.text(".tensor .readout")
        assert f"{told} = " in page.text(".derivation .number")
        page.context.close()


def test_what_an_operation_makes_is_called_once(opened):
    page = opened("perceptron")
    names = page.page.locator("[role=treeitem] .name").all_text_contents()
    assert {"linear → logits", "0.linear", "cross_entropies", "mean → loss"} <= set(names)


def test_a_followed_weight_stays_through_the_whole_step(opened):
    trace, held = trace_of("clip_norm"), arrays(trace_of("clip_norm"))
    update = trace["updates"][0]
    assert update["name"] == "w"
    page = opened("clip_norm", "#weight=w[1,0]")
    stations = {"forward": update["before"], "gradient": update["gradient"], "clipped": update["clipped"]}
    stations |= {"moments": update["state"]["mean"][1], "new value": update["after"]}
    shown = {
        one.locator("span").first.text_content(): number(one.locator(".numbers").text_content())
        for one in page.page.locator(".follow li").all()
    }
    for name, value in stations.items():
        assert shown.pop(name) == pytest.approx(held[value][1, 0], rel=1e-3)
    moved = held[update["after"]][1, 0] - held[update["before"]][1, 0]
    assert shown == {"step": pytest.approx(moved, rel=1e-3)}
    passed = []
    for _ in range(6):
        passed.append(page.text(".follow [aria-current] span"))
        assert "that's what the step recorded" in page.text(".derivation .conclusion")
        page.press("f")
    assert passed == ["forward", "gradient", "clipped", "moments", "step", "new value"]
    page.press("Home")
    at = place(page.text(".ledger .place") + " = ")
    own = {
        "w",
        "∂L/∂w",
        "clipped ∂L/∂w",
        "mean of ∂L/∂w",
        "new mean of ∂L/∂w",
        "square of ∂L/∂w",
        "new square of ∂L/∂w",
        "new w",
    }
    for _ in trace["operations"]:
        assert page.text(".follow .whose") == "You follow w[1, 0]"
        assert at == place(page.text(".ledger .place") + " = ") == (1, 0)
        heading = page.text(".derivation .number strong")
        followed = page.page.locator(".derivation button.operand.followed").count()
        assert followed or (heading.partition("[")[0] in own and place(heading) == (1, 0)) or "norm" in heading
        page.press("ArrowRight")
    page.wait("location.hash.split('&').at(-1)", "weight=w[1,0]")
    page.page.click('.walk [aria-label="the next weight"]')
    assert page.text(".follow .whose") == "You follow w[1, 1]"
    page.page.click(".follow .stop")
    assert page.page.is_hidden(".follow")
    page.page.click(".derivation .follows")
    assert page.text(".follow .whose").startswith("You follow")
    assert not page.problems


def test_formulas_have_the_names_of_the_trace(opened):
    trace = trace_of("perceptron")
    number_of = {op["name"]: i for i, op in enumerate(trace["operations"]) if op["module"] == "2"}
    page = opened("perceptron", f"#op={number_of['linear.w']}")
    assert "∂L/∂2.weight[k, j] = Σ over all rows of 1.tanh[k] · ∂L/∂logits[j]" in page.text(".formula")
    assert "2.weight[" in page.text(".derivation .stage p")
    assert "∂L/∂logits[" in page.text(".derivation .symbols")
    page.page.evaluate(f"location.hash = 'op={number_of['linear']}'")
    page.wait("document.querySelector('.formula').textContent.includes('logits[j]')", True)
    assert "logits[j] = Σ over k of 1.tanh[k] · 2.weight[k, j] + 2.bias[j]" in page.text(".formula")


def test_words_stand_for_their_numbers(browser, tmp_path):
    words = ["the", "cat", "<script>", "sat"]
    model = nn.Sequential(
        nn.Embedding(4, 3, rng=np.random.default_rng(0)), nn.Linear(3, 4, rng=np.random.default_rng(1))
    )
    tokens, following = np.array([[0, 1], [2, 3]]), np.array([[1, 3], [3, 0]])
    with xm.record(model, optim.Adam(model.parameters()), words={"0.weight": words}) as step:
        ops.cross_entropy(model(tokens), following).backward()
    trace = encode(step)
    with Opened(browser, tmp_path, trace) as page:
        for name, shown in (("tokens", tokens), ("following", following)):
            value = next(i for i, v in enumerate(trace["values"]) if v["name"] == name)
            page.page.evaluate(f"location.hash = 'op=0&value={value}'")
            page.wait(f"document.querySelector('.tensor .head').textContent.startsWith('{name}')", True)
            told = page.page.locator(".tensor .token").all_text_contents()
            assert told == [words[k] for k in shown.ravel()]
        table = next(i for i, v in enumerate(trace["values"]) if v["name"] == "0.weight")
        page.page.evaluate(f"location.hash = 'op=0&value={table}'")
        page.wait("document.querySelectorAll('.grid [role=rowheader]').length", 4)
        assert page.page.locator(".grid [role=rowheader]").nth(1).text_content() == "1 cat"
        assert not page.problems


def test_a_picture_has_the_colours_of_its_channels(browser, tmp_path):
    x = np.zeros((1, 4, 4, 5), np.float32)
    x[..., 2:] = 1 - 2 * np.array([0.2, 0.4, 0.8])
    with xm.record(show={"x": xm.steps.Picture((2, 3, 4), black=1, white=-1)}) as step:
        np.sum(xm.Tensor(x) * 2)
    pixel = "[...document.querySelector('.image > canvas').getContext('2d').getImageData(9, 9, 1, 1).data]"
    with Opened(browser, tmp_path, encode(step)) as page:
        assert page.page.evaluate(pixel) == pytest.approx([51, 102, 204, 255], abs=1)
        assert not page.problems


def test_what_a_step_changed_of_a_weight(opened):
    trace, held = trace_of("clip_norm"), arrays(trace_of("clip_norm"))
    update = trace["updates"][0]
    page = opened("clip_norm", f"#op={len(trace['operations']) - 1}&value={update['after']}&cell=2,1")
    moved = held[update["after"]][2, 1] - held[update["before"]][2, 1]
    told = page.text(".changes p")
    assert told.startswith("[2, 1]: ")
    assert number(told.rpartition("a change of ")[2].rstrip(".")) == pytest.approx(moved, rel=1e-3)
    page.page.select_option(".changes select", "none")
    assert page.page.locator(".changes canvas").count() == 0
    assert not page.problems


def test_shares_of_a_row_are_its_softmax_without_false_negatives(opened):
    trace, held = trace_of("contrast"), arrays(trace_of("contrast"))
    contrast = trace["contrasts"][0]
    scores, out = held[contrast["similarity"]].astype(np.float64), held[contrast["masked"]].astype(bool)
    page = opened("contrast")
    page.page.click('.contrast [aria-label="next row"]')
    e = np.where(out[1], 0, np.exp(scores[1] - scores[1].max()))
    rows = page.page.locator(".contrast .share")
    assert rows.count() == 5  # one is a false negative
    for row in rows.all():
        words = row.locator("span").all_text_contents()
        column = int(words[0].split()[1])
        assert number(row.locator(".numbers").first.text_content()) == pytest.approx(e[column] / e.sum(), rel=1e-2)
    assert page.page.locator(".contrast .own").text_content().startswith("column 1 (its own)")
    page.page.locator(".contrast .own button").click()
    assert place(page.text(".derivation .number strong")) == (1, 1)
    assert not page.problems


def test_a_checked_gradient_bears_its_badge(opened):
    trace = trace_of("perceptron")
    check = trace["checks"][0]
    by = trace["values"][check["value"]]["by"]
    page = opened("perceptron", f"#op={by}&value={check['value']}&cell={','.join(map(str, check['cell']))}")
    assert f"The gradient says {check['gradient']:.3g}"[:24].replace("-", "−") in page.text(".badge")


@pytest.mark.parametrize("name", ["sequences", "images"])
def test_every_operation_has_its_derivation_on_the_screen(opened, name):
    trace = trace_of(name)
    page = opened(name)
    for operation in trace["operations"]:
        shown = page.page.evaluate(SHOWN)
        size = int(np.prod(trace["values"][operation["result"]]["shape"]))
        if operation["kind"] != "data" and size:
            assert "that's what the step recorded" in shown["conclusion"], (operation["name"], shown["derivation"])
        page.press("ArrowRight")
    assert not page.problems


@pytest.mark.parametrize("shown", ["picture", "waveform", "video", "spectrogram", "tokens"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_value_is_shown_as_what_it_is_and_picked_from(opened, shown, width):
    trace = trace_of("kinds")
    value = next(i for i, v in enumerate(trace["values"]) if v["shown"] == shown)
    page = opened("kinds", f"#op={trace['values'][value]['by']}", viewport={"width": width, "height": 900})
    picked = page.page.locator(".image button.token" if shown == "tokens" else ".image > canvas").last
    picked.click()
    x = arrays(trace)[value]
    cell = place(page.text(".derivation .number strong"))
    middle = tuple((n - 1, n - 1) if shown == "tokens" else (n // 2 - 1, n // 2) for n in x.shape)
    axes = {"picture": (1, 2), "waveform": (1,), "video": (2, 3), "spectrogram": (1, 2), "tokens": (0, 1)}[shown]
    assert all(cell[axis] in middle[axis] for axis in axes)
    readout, heading = page.text(".readout .numbers"), page.text(".derivation .number strong")
    assert place(readout) == cell
    assert number(readout.rpartition(" = ")[2]) == pytest.approx(number(heading.rpartition(" = ")[2]), rel=1e-5)
    if shown in ("picture", "video"):
        page.page.locator(".strip button").last.click()
        axis = {"picture": 0, "video": 1}[shown]
        assert place(page.text(".derivation .number strong"))[axis] == x.shape[axis] - 1
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.problems


def test_of_a_long_network_the_part_around_the_operation_is_drawn(browser, tmp_path):
    """A recurrence of hundreds of operations, unfolded: laid out as a whole it would take minutes."""
    model, x = nn.GRU(2, 3, rng=np.random.default_rng(0)), np.ones((1, 24, 2), np.float32)
    with xm.record(title="A recurrence") as step:
        np.sum(model(x)[0]).backward()
    trace = encode(step, checks=False)
    last = len(trace["operations"]) - 1
    assert last > 800
    page = Opened(browser, tmp_path, trace, viewport={"width": 1280, "height": 900})
    assert page.page.locator(".graph .box").count() < 40  # what repeats is folded
    page.page.click('.graph .tools button:text("unfold all")')
    for number in (0, 200, 400, last - 1, 1):
        page.page.evaluate(f"location.hash = 'op={number}'")
        page.page.wait_for_selector(f'[data-op="{number}"][aria-selected="true"]')
        assert page.page.locator(".graph .box").count() < 100
        assert page.page.locator(".graph .box.present").count() == 1
        row, shown = (page.page.locator(one).bounding_box() for one in (f'[data-op="{number}"]', ".operations .list"))
        assert shown["y"] <= row["y"] < shown["y"] + shown["height"]
    assert "more boxes" in page.text(".graph .part")
    assert not page.problems
    page.context.close()
