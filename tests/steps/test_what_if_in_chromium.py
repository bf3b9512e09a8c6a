"""What the page says an update would have been with other settings is what the optimizer makes with them."""

import numpy as np
import pytest
from chromium import Opened, launched
from recorded_operations import ALL, CLIPS, OPTIMIZERS

import tinyxm as xm
from tinyxm import optim
from tinyxm.steps.blob import arrays
from tinyxm.steps.film import compare
from tinyxm.steps.trace import encode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")
CELL = (2, 1)
SETTINGS = {
    **{"learning rate η": "lr", "clip limit": "limit", "momentum μ": "momentum", "weight decay λ": "weight_decay"},
    **{"β₁, memory of gradients": "beta1", "β₂, memory of squares": "beta2"},
    **{"α, memory of squares": "alpha", "ρ, memory of squares": "rho"},
}


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


def truth(name, trace, settings):
    """The new weight, by the optimizer itself in float64, from what was there before the step."""
    held = [array.astype(np.float64) for array in arrays(trace)]
    params = [xm.Parameter(held[u["before"]]) for u in trace["updates"]]
    optimizer = OPTIMIZERS.get(name, OPTIMIZERS["adam"])(params)
    state = optimizer.state_dict()
    for i, u in enumerate(trace["updates"]):
        state |= {f"steps.{i}": u["settings"]["step"] - 1}
        state |= {f"{kind}.{i}": held[before] for kind, (before, _) in u["state"].items()}
        params[i].grad = held[u["gradient"]]
    optimizer.load_state_dict(state)
    told = dict(settings)
    limit = told.pop("limit", None)
    for group in optimizer.groups:
        betas = group.get("betas")
        group.update({key: x for key, x in told.items() if not key.startswith("beta")})
        if betas:
            group["betas"] = (told.get("beta1", betas[0]), told.get("beta2", betas[1]))
    clips = trace["clips"]
    if clips or limit is not None:
        clip = getattr(optim, clips[0]["name"] if clips else "clip_by_norm")
        clip(params, limit if limit is not None else clips[0]["limit"])
    with np.errstate(all="ignore"):
        optimizer.step()
    return params[0].data[CELL]


def number(text):
    return float(text.replace("−", "-").replace("∞", "inf"))


@pytest.mark.parametrize("name", [*OPTIMIZERS, *(f"clip_{name}" for name in CLIPS)])
def test_every_slider_at_both_its_ends_and_between(browser, tmp_path, name):
    trace = encode(ALL[name]())
    at = next(i for i, op in enumerate(trace["operations"]) if op["phase"] == "update")
    address = f"#op={at}&value={trace['updates'][0]['before']}&cell={CELL[0]},{CELL[1]}"
    page = Opened(browser, tmp_path, trace, address, viewport={"width": 1280, "height": 900})
    assert page.text(".ledger .place") == "[2, 1]"
    recorded = number(page.page.locator(".ledger .new .result").get_attribute("title"))
    assert recorded == pytest.approx(truth(name, trace, {}), rel=1e-6)
    rows = page.page.locator(".sliders .slider").all()
    labels = [row.locator("label").text_content() for row in rows]
    moved = {}

    def check():
        shown = page.page.locator(".ledger .new .what-if").get_attribute("title")
        expected = truth(name, trace, moved)
        assert number(shown) == pytest.approx(expected, rel=1e-9, abs=1e-12), (moved, shown)
        assert "what-if" in page.text(".scale")

    for row, label in zip(rows, labels, strict=True):
        slider, output = row.locator("input"), row.locator("output")
        before = slider.input_value()
        for key in ("Home", "PageUp", "ArrowRight", "End", "PageDown"):
            slider.press(key)
            if slider.input_value() == before:
                continue  # back at what was recorded
            moved[SETTINGS[label]] = number(output.get_attribute("title"))
            check()
        assert page.operation == at
    assert len(moved) == len(rows) >= 2
    page.page.click(".sliders .reset")
    assert page.page.locator(".ledger .what-if").count() == 0
    assert page.page.evaluate("document.activeElement.type") == "range"
    assert number(page.page.locator(".ledger .new .result").get_attribute("title")) == recorded
    assert not page.problems
    page.context.close()


def test_another_step_or_parameter_begins_with_what_was_recorded(browser, tmp_path):
    page = Opened(browser, tmp_path, compare([ALL["adam"](), ALL["adam"]()]).encode())
    places = [page.text(".ledger select option:checked"), page.page.input_value(".sliders input")]
    for act in ("Shift+ArrowRight", "End"):
        page.page.locator(".sliders input").first.press("PageUp")
        assert page.page.locator(".ledger .what-if").count() > 0
        page.page.focus(".operations .list")
        page.press(act)
        if act == "End":
            page.page.locator(".ledger select").select_option("b")
        assert page.page.locator(".ledger .what-if").count() == 0
        assert page.page.input_value(".sliders input") == places[1]
    assert page.text(".ledger select option:checked") != places[0]
    assert not page.problems
    page.context.close()
