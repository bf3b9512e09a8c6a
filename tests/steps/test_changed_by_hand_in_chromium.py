"""The page tells truly of what your code changed, of several backward passes, and of two optimizers on one layer."""

import numpy as np
import pytest
from chromium import Opened, launched

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps.recording import record
from tinyxm.steps.trace import encode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")
X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])


def stepped():
    """Two passes, the gradients halved, two optimizers on one layer, and a projection."""
    layer = nn.Linear(2, 2, rng=np.random.default_rng(0))
    first, second = (kind(layer.parameters(), lr=0.1) for kind in (optim.GradientDescent, optim.Momentum))
    with record(layer, first) as step:
        for _ in range(2):
            xm.ops.cross_entropy(layer(X), T).backward()
        for p in layer.parameters():
            p.grad /= 2
        first.step()
        second.step()
        layer.weight.data[...] = np.clip(layer.weight.data, -0.1, 0.1)
    return step


def test_every_operation_of_it_is_told_truly(tmp_path):
    step = stepped()
    told = encode(step)
    with launched() as browser, Opened(browser, tmp_path, told) as opened:
        page, texts = opened.page, []
        for op in step.operations:
            assert opened.operation == op.number
            texts.append(page.inner_text(".derivation"))
            assert not page.query_selector(".ledger .off")
            assert "They differ" not in texts[-1]
            assert "three digits" not in texts[-1]
            assert "doesn't agree" not in texts[-1]
            opened.press("ArrowRight")
        begins = [text for text in texts if "Here the backward pass begins" in text]
        assert all("= 1" in text for text in begins)
        for op in (op for op in step.operations if op.gathers):
            assert "from before this backward pass" in texts[op.number]
            assert "of pass 1" in texts[op.number]
            assert "of pass 2" in texts[op.number]
        by_hand = [op for op in step.operations if op.kind == "hand"]
        assert [op.phase for op in by_hand] == ["clip", "clip", "update"]
        assert all("Your own code made it" in texts[op.number] for op in by_hand)
        assert not opened.problems
    with launched() as browser, Opened(browser, tmp_path, told, "#weight=weight (update 2)[0,1]") as opened:
        stations = [text.split() for text in opened.page.locator(".follow li").all_inner_texts()]
        assert [" ".join(words[:-1]) for words in stations] == ["gradient", "changed", "moments", "step", "new value"]
        update = step.updates[2]
        g, used = (step.values[n].array[0, 1] for n in (update.gradient, update.clipped))
        assert used == pytest.approx(g / 2)
        told_numbers = [float(words[-1].replace("−", "-")) for words in stations]
        assert told_numbers[:2] == pytest.approx([g, used], rel=1e-3)
        assert abs(told_numbers[-1]) <= 0.1001, "what the projection left"
        select = opened.page.locator(".ledger select")
        assert select.locator("option").all_inner_texts() == [
            *("weight", "bias", "weight (update 2)", "bias (update 2)"),
        ]
        assert select.input_value() == "2"
        assert not opened.problems


def test_what_is_changed_and_then_clipped_is_one_chain(tmp_path):
    layer = nn.Linear(2, 2, rng=np.random.default_rng(0))
    first = optim.GradientDescent(layer.parameters(), lr=0.1)
    with record(layer, first) as step:
        xm.ops.cross_entropy(layer(X), T).backward()
        for p in layer.parameters():
            p.grad *= 2
        optim.clip_by_norm(layer.parameters(), 0.1)
        first.step()
    (update, _), (clip, *_) = step.updates, (op for op in step.operations if op.kind == "clip")
    chain = [update.gradient, clip.operands["gradient"], update.clipped]
    numbers = [float(step.values[n].array[0, 1]) for n in chain]
    with launched() as browser, Opened(browser, tmp_path, encode(step), "#weight=weight[0,1]") as opened:
        stations = [text.split() for text in opened.page.locator(".follow li").all_inner_texts()]
        assert [words[0] for words in stations[1:4]] == ["gradient", "changed", "clipped"]
        told = [float(words[-1].replace("−", "-")) for words in stations[1:4]]
        assert told == pytest.approx(numbers, rel=1e-3)
        rows = opened.page.locator(".ledger [role=row]").all_inner_texts()
        kinds = [
            next((k for k in ("how much the loss", "changed by your code", "clipped:") if k in row), "") for row in rows
        ]
        assert [k for k in kinds if k] == ["how much the loss", "changed by your code", "clipped:"]
        assert opened.page.locator(".ledger .check").count() >= 3
        made = [step.values[op.result].name for op in step.of_phase("clip")]
        listed = [opened.page.text_content(f'[data-op="{op.number}"] .name') for op in step.of_phase("clip")]
        assert listed == made, "each by what it makes"
        assert not opened.page.query_selector(".ledger .off")
        assert not opened.problems


def test_of_a_weight_is_said_only_what_is_known(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2, rng=np.random.default_rng(0)), nn.Linear(2, 2, rng=np.random.default_rng(1)))
    model[0].freeze()
    first = optim.GradientDescent(model.parameters(), lr=0.1)
    with record(model, first) as step:
        xm.ops.cross_entropy(model(X[np.array([2, 0, 1])]), T[:3]).backward()
        first.step()
    frozen, moved = (next(v.number for v in step.values if v.name == f"{i}.weight") for i in (0, 1))
    constant = next(v.number for v in step.values if v.role == "constant" and v.array.shape == (3, 2))
    with launched() as browser:
        for number, told in [
            (frozen, "It's a weight, as it stood before this step, which leaves it as it is."),
            (moved, "It's a weight, as it stood before this step."),
            (constant, "no variable of yours holds it as it is"),
        ]:
            with Opened(browser, tmp_path, encode(step), f"#op=3&value={number}&cell=0,0") as opened:
                assert told in opened.page.inner_text(".derivation")
                assert not opened.problems


def test_a_gradient_that_your_code_turned_is_why_the_weight_goes_with_it(tmp_path):
    layer = nn.Linear(2, 2, rng=np.random.default_rng(0))
    optimizer = optim.GradientDescent(layer.parameters(), lr=0.1)
    with record(layer, optimizer) as step:
        xm.ops.cross_entropy(layer(X), T).backward()
        for p in layer.parameters():
            p.grad *= -1
        optimizer.step()
    with launched() as browser, Opened(browser, tmp_path, encode(step), "#weight=weight[0,1]") as opened:
        said = opened.page.inner_text(".ledger")
        assert "with the gradient: your code turned it." in said
        assert "is stronger" not in said
        assert not opened.problems
