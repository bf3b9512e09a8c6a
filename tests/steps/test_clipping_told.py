"""Clips of every kind, once or several times in a step: recorded as they ran, replayed by their norms, diagnosed."""

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps import trace
from tinyxm.steps.diagnoses import diagnose
from tinyxm.steps.recording import record
from tinyxm.steps.replay import replay

CLIPS = {"value": optim.clip_by_value, "layer": optim.clip_by_layer, "norm": optim.clip_by_norm}


def stepped(*clips):
    """A step of two layers, and by NumPy what each clip should have made of each gradient."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(4, 5, rng=rng), nn.Tanh(), nn.Linear(5, 3, rng=rng))
    optimizer = optim.GradientDescent(model.parameters(), lr=1.0)
    x, labels = 3 * rng.normal(size=(6, 4)).astype(np.float32), rng.integers(0, 3, 6)
    expected = []
    with record(model, optimizer) as step:
        xm.ops.cross_entropy(model(x), labels).backward()
        g = [p.grad.astype(np.float64) for p in model.parameters()]
        for kind, limit in clips:
            CLIPS[kind](model.parameters(), limit)
            norm = np.sqrt(sum(np.sum(a**2) for a in g))
            if kind == "value":
                g = [np.clip(a, -limit, limit) for a in g]
            else:
                norms = [np.linalg.norm(a) if kind == "layer" else norm for a in g]
                g = [a * min(1, limit / n) for a, n in zip(g, norms, strict=True)]
            expected.append((kind, limit, norm, g))
        optimizer.step()
    return step, expected


@pytest.mark.parametrize(
    "clips",
    [
        *([("value", 0.05)], [("layer", 0.1)], [("norm", 0.2)], [("norm", 100.0)]),
        [("value", 0.1), ("layer", 0.12), ("norm", 0.15)],
        [("norm", 0.3), ("norm", 0.3)],
        [("norm", 0.5), ("value", 0.05)],
    ],
)
def test_every_clip_is_kept_in_its_order_and_replayed(clips):
    step, expected = stepped(*clips)
    assert len(step.clips) == len(expected)
    for clip, (kind, limit, norm, gradients) in zip(step.clips, expected, strict=True):
        assert (clip.name, clip.limit) == (f"clip_by_{kind}", limit)
        assert clip.norm == pytest.approx(norm, rel=1e-5)
        for op, g in zip(clip.operations, gradients, strict=True):
            np.testing.assert_allclose(step.values[op.result].array, g, rtol=1e-5, atol=1e-8)
    for i, update in enumerate(step.updates):  # one chain from the gradient to what was used
        chain = [clip.operations[i] for clip in step.clips]
        assert [op.operands["gradient"] for op in chain] == [update.gradient, *(op.result for op in chain[:-1])]
        assert update.clipped == chain[-1].result
    assert not step.kept, "what a clip made isn't a gradient from before the step"
    told = replay(step)
    assert not [t.why for t in told if t.error is None]
    assert max(t.error for t in told) < 1e-5
    ops = trace.encode(step)["clips"]
    assert [(c["name"], c["limit"], len(c["operations"])) for c in ops] == [(f"clip_by_{k}", x, 4) for k, x in clips]


def test_a_clip_that_made_something_else_is_found_by_replay():
    for kind in CLIPS:
        step, _ = stepped((kind, 0.05))
        step.values[step.clips[0].operations[1].result].array[...] *= 1.01
        wrong = [t.operation for t in replay(step) if t.error > 1e-4]
        assert step.clips[0].operations[1] in wrong


def test_each_clip_is_diagnosed_by_itself():
    step, expected = stepped(("value", 0.1), ("layer", 0.12), ("norm", 0.15))
    by_value, by_layer, by_norm = (f.sign for f in diagnose(step) if f.name == "clipped")
    raw = [step.values[u.gradient].array for u in step.updates]
    beyond = sum(int(np.sum(np.abs(g) > 0.1)) for g in raw)
    assert by_value.startswith(f"{beyond} of {sum(g.size for g in raw)} numbers of the gradients lay beyond ±0.1")
    norms = [np.linalg.norm(g) for g in expected[0][3]]
    assert by_layer.startswith(f"{sum(n > 0.12 for n in norms)} of 4 gradients were longer than 0.12")
    longest = step.updates[int(np.argmax(norms))].name
    assert f"the longest, clipped ∂L/∂{longest}, {max(norms):.4g}" in by_layer
    assert by_norm == f"the gradients' norm, {expected[2][2]:.4g}, was cut to 0.15: all are multiplied by " + (
        f"{0.15 / expected[2][2]:.3g}"
    )
    assert "clipped" not in [f.name for f in diagnose(stepped(*((kind, 100.0) for kind in CLIPS))[0])]


def test_a_gradient_changed_by_hand_behind_a_clip_is_the_one_that_is_used():
    w = xm.Parameter(np.array([3.0, 4.0], np.float32))
    optimizer = optim.GradientDescent([w], lr=1.0)
    with record(optimizer=optimizer) as step:
        (w * w).sum().backward()
        optim.clip_by_norm([w], 1.0)
        w.grad = w.grad * np.float32(0.5)
        optimizer.step()
    (update,) = step.updates
    np.testing.assert_allclose(step.values[update.clipped].array, [0.3, 0.4], rtol=1e-6)
    np.testing.assert_allclose(step.values[update.after].array, [2.7, 3.6], rtol=1e-6)
