"""Recorded steps: what is in them, their numbers replayed in float64, and slopes by differences."""

import re
import threading

import numpy as np
import pytest
from recorded_examples import EXAMPLES, perceptron

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.autograd import events
from tinyxm.steps import trace
from tinyxm.steps.diagnoses import diagnose
from tinyxm.steps.recording import record
from tinyxm.steps.replay import differences, replay
from tinyxm.steps.step import PHASES, Ref

OPTIMIZERS = {
    "gradient descent": lambda p: optim.GradientDescent(p, lr=0.1, weight_decay=0.1),
    "momentum": lambda p: optim.Momentum(p, lr=0.1, weight_decay=0.1),
    "Nesterov": lambda p: optim.Nesterov(p, lr=0.1),
    "AdaGrad": lambda p: optim.AdaGrad(p, lr=0.1),
    "AdaDelta": lambda p: optim.AdaDelta(p),
    "RMSProp": lambda p: optim.RMSProp(p, lr=0.01),
    "RMSProp, centred": lambda p: optim.RMSProp(p, lr=0.01, momentum=0.5, centered=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1),
    "AMSGrad": lambda p: optim.AMSGrad(p, lr=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


@pytest.fixture(scope="module", params=list(EXAMPLES))
def step(request):
    return EXAMPLES[request.param]()


def test_what_is_recorded_follows_from_the_inputs_in_float64(step):
    told = replay(step)
    assert {t.operation.number for t in told} == {
        op.number for op in step.operations if op.kind not in ("data", "after")
    }
    assert not [t.why for t in told if t.error is None]
    worst = max(told, key=lambda t: t.error)
    assert worst.error < 1e-4, worst


def test_gradients_are_slopes_of_the_loss(step):
    found = differences(step)
    assert {d.value for d in found} == {u.gradient for u in step.updates}
    worst = max(found, key=lambda d: d.error)
    assert worst.error < 1e-6, worst


def test_a_wrong_number_is_found_by_replay():
    for role, operation in (("activation", "tanh"), ("gradient", "linear.w"), ("parameter", "momentum_update")):
        step = perceptron()
        op = next(op for op in step.operations if op.name == operation and step.values[op.result].role == role)
        step.values[op.result].array[...] *= 1.01
        found = [t.operation.number for t in replay(step) if t.error > 1e-4]
        assert found[0] == op.number
        others = {step.operations[number].phase for number in found[1:]}
        assert others == ({"moments", "update"} if role == "gradient" else set()), "replay goes on with its own numbers"


def test_phases_come_in_their_order_and_operands_before_what_is_made_of_them(step):
    places = [PHASES.index(op.phase) for op in step.operations]
    assert places == sorted(places)
    assert [op.number for op in step.operations] == list(range(len(step.operations)))
    for op in step.operations:
        for x in op.operands.values():
            for ref in x if isinstance(x, list) else [x]:
                if isinstance(ref, Ref) and op.kind != "after":
                    made = step.values[ref].made_by
                    assert made is None or made < op.number, (op.name, step.values[ref].name)
        if op.kind in ("adjoint", "accumulate"):
            assert step.operations[op.of].kind == "forward"
            assert step.operations[op.of].number < op.number


def test_names_are_those_of_the_caller_and_of_the_model():
    step = perceptron()
    names = {value.name: value.role for value in step.values}
    assert names.items() >= {
        "x": "input", "labels": "input", "0.weight": "parameter", "logits": "activation", "loss": "activation",
        "∂L/∂0.weight": "gradient", "velocity of 2.bias": "state", "new 2.bias": "parameter",
    }.items()  # fmt: skip
    assert step.values[step.loss].name == "loss"
    assert step.modules == {"": "Sequential", "0": "Linear", "1": "Tanh", "2": "Linear"}
    assert [op.name for op in step.of_phase("loss")] == ["cross_entropies", "mean"]
    assert {op.source[2] for op in step.operations if op.source} == {"perceptron"}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_is_told_and_replayed_over_two_steps(name):
    rng = np.random.default_rng(0)
    model = nn.Linear(3, 2, rng=rng)
    optimizer = OPTIMIZERS[name](model.parameters())
    x, y = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(5, 2)).astype(np.float32)
    for count in (1, 2):
        optimizer.zero_grad()
        with record(model, optimizer) as step:
            xm.ops.squared_error(model(x), y).backward()
            optimizer.step()
        assert max(t.error for t in replay(step)) < 1e-5
        assert {op.phase for op in step.operations} >= {"update", "after"}
        assert bool(step.of_phase("moments")) == bool(optimizer.state)
        for update, parameter in zip(step.updates, model.parameters(), strict=True):
            assert update.settings["step"] == count
            np.testing.assert_array_equal(step.values[update.after].array, parameter.data)
            number = next(i for i, p in enumerate(model.parameters()) if p is parameter)
            for key, (_, after) in update.state.items():
                np.testing.assert_array_equal(step.values[after].array, optimizer.state[key][number])


def test_gradients_that_were_there_are_added_to():
    p = xm.Parameter(np.array([1.0, 2.0], np.float32))
    optimizer = optim.GradientDescent([p], lr=0.1)
    (p * 3).sum().backward()
    with record(None, optimizer) as step:
        (p * p).sum().backward()
        optimizer.step()
    np.testing.assert_array_equal(step.values[step.updates[0].gradient].array, [5, 7])
    assert step.values[step.updates[0].gradient].name == "∂L/∂p"


def test_a_step_without_an_update_or_a_loss_is_a_step():
    x = np.ones((2, 2), np.float32)
    with record() as step:
        doubled = xm.Tensor(x) * 2
    assert [op.phase for op in step.operations] == ["data", "forward"]
    assert step.loss is None
    assert step.values[step.operations[-1].result].name == "doubled"
    assert doubled.data is not step.values[step.operations[-1].result].array
    assert not differences(step)
    with record() as empty:
        pass
    assert not empty.operations


def test_an_error_within_ends_the_recording_and_what_came_before_is_there():
    with pytest.raises(ValueError, match="inner sizes"), record() as step:  # noqa: PT012
        a = xm.Tensor(np.ones((2, 3)), requires_grad=True)
        b = a * 2
        a @ b
    assert [op.name for op in step.operations if op.kind == "forward"] == ["multiply"]
    assert not events.listeners


def test_what_is_no_model_is_refused_and_a_step_is_recorded_once():
    with pytest.raises(TypeError, match="record: model is a int; expected a Module"):
        record(3)
    with pytest.raises(TypeError, match="record: optimizer is a Linear; expected a Optimizer"):
        record(None, nn.Linear(1, 1))
    with pytest.raises(ValueError, match=re.escape("record: show photo: expected any of")):
        record(show={"x": "photo"})
    step = perceptron()
    with pytest.raises(RuntimeError, match="has been recorded"), step:
        pass


def test_arrays_are_kept_as_they_were():
    step = perceptron()
    before = [step.values[u.before].array for u in step.updates]
    after = [step.values[u.after].array for u in step.updates]
    for update, old, new in zip(step.updates, before, after, strict=True):
        velocity = step.values[update.state["velocity"][1]].array
        np.testing.assert_allclose(new, old - 0.5 * velocity, rtol=1e-6)
        assert not np.array_equal(old, new)


def test_an_index_of_several_arrays_is_replayed_as_the_tuple_it_is():
    w, rows, columns = (
        xm.Parameter(np.random.default_rng(0).normal(size=(4, 5))),
        np.array([0, 2, 2]),
        np.array([1, 4, 0]),
    )
    with record() as step:
        np.sum(w[rows, columns] ** 2).backward()
    assert max(t.error for t in replay(step)) < 1e-12
    assert all(d.error < 1e-6 for d in differences(step, cells=4))


def ones(*shape):
    return xm.Parameter(np.ones(shape, np.float32))


def test_an_update_is_told_of_the_parameter_that_it_is_of():
    a, b, w = (xm.Parameter(np.zeros(3, np.float32)) for _ in range(3))
    optimizer = optim.GradientDescent([a, b, w], lr=1.0)
    with record(optimizer=optimizer) as step:
        np.sum(b * 0 + w).backward()
        optimizer.step()
    assert [update.name for update in step.updates] == ["b", "w"]


def test_several_passes_are_checked_together_and_what_was_kept_isn_t_blamed():
    w = ones(2)
    optimizer = optim.GradientDescent([w], lr=1.0)
    with record(optimizer=optimizer) as step:
        np.sum(w * 3).backward()
        np.sum(w * w).backward()
        optimizer.step()
    assert len(step.losses) == 2
    assert not step.kept
    assert all(d.gradient == 5 and d.error < 1e-6 for d in differences(step))
    with record(optimizer=optimizer) as step:  # zero_grad was forgotten
        np.sum(w * 3).backward()
        optimizer.step()
    assert step.kept == ["w"]
    assert not differences(step)


def test_a_checkpoint_can_be_shown():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh(), nn.Linear(4, 1, rng=rng))
    optimizer = optim.GradientDescent(model.parameters(), lr=0.1)
    x = xm.Tensor(rng.normal(size=(5, 3)).astype(np.float32), requires_grad=True)
    with record(model, optimizer) as step:
        np.sum(xm.checkpoint(model, x)).backward()
        optimizer.step()
    told = replay(step)
    assert max(t.error for t in told if t.error is not None) < 1e-5
    left = {(t.operation.kind, t.operation.name) for t in told if t.error is None}
    assert left == {(op.kind, op.name) for op in step.operations if op.name.startswith("checkpoint")}
    assert all("checkpoint" in t.why for t in told if t.error is None)
    assert trace.encode(step)["checks"] == []


def test_what_is_written_in_place_is_another_value_from_then_on():
    w, buffer = ones(2, 2), np.zeros((3, 2), np.float32)
    with record() as step:
        for k in (1, 2):
            buffer[...] = k
            xm.Tensor(buffer) @ w
            w.data[...] *= 2
    for op in (op for op in step.operations if op.kind == "forward"):
        a, b = (step.values[op.operands[name]].array for name in ("a", "b"))
        np.testing.assert_array_equal(step.values[op.result].array, a @ b)


def test_a_second_step_of_the_optimizer_is_left_out_and_said_so():
    w = ones(2)
    optimizer = optim.Momentum([w], lr=0.1)
    with record(optimizer=optimizer) as step:
        for _ in range(2):
            optimizer.zero_grad()
            np.sum(w * w).backward()
            optimizer.step()
    assert len(step.updates) == 1
    assert [finding.name for finding in diagnose(step)] == ["stepped_again"]
    np.testing.assert_array_equal(step.values[step.updates[0].after].array, np.full(2, 0.8, np.float32))


def test_another_thread_s_step_is_its_own():
    w = ones(2)

    def other():
        for _ in range(20):
            np.sum(ones(3) * 5).backward()

    thread = threading.Thread(target=other)
    with record() as step:
        thread.start()
        np.sum(w * 3).backward()
        thread.join()
    assert [op.name for op in step.operations if op.kind == "forward"] == ["multiply", "sum"]
    assert step.values[step.loss].array == 6


def test_a_step_that_is_being_recorded_is_not_begun_again():
    with record() as step, pytest.raises(RuntimeError, match="has been recorded"), step:
        pass


class Listed(nn.Module):
    """Layers in lists of two kinds."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.first = nn.ModuleList([nn.Linear(2, 2, rng=rng), nn.Linear(2, 2, rng=rng)])
        self.second = [nn.Linear(2, 2, rng=rng)]

    def forward(self, x):
        for layer in (*self.first, *self.second):
            x = layer(x)
        return x


def test_operations_have_the_path_of_their_parameters():
    model = Listed()
    with record(model) as step:
        model(xm.Tensor(np.ones((1, 2), np.float32)))
    assert [op.module for op in step.of_phase("forward")] == ["first.0", "first.1", "second.0"]
    assert set(step.modules) >= {"first.0", "first.1", "second.0"}


def alike(seed):
    """With [0, 0] among the data and biases of 0, each relu's input is exactly 0 for it."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.ReLU(), nn.Linear(8, 1, rng=rng))
    x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([[1], [0], [0], [1]], np.float32)
    with record(model) as step:
        loss = np.mean((model(x) - t) ** 2)
        loss.backward()
    return model, x, t, step


@pytest.mark.parametrize("seed", range(3))
def test_a_kink_of_the_loss_is_no_wrong_gradient(seed):
    model, x, t, step = alike(seed)
    found = differences(step, cells=8)
    assert all(d.error < 1e-6 for d in found)
    kinks = [d for d in found if d.sides]
    (w, b, v, c) = (p.data.astype(np.float64) for p in model.parameters())
    assert {step.values[step.values[d.value].of].name for d in kinks} == {"0.bias"}
    for d in kinks:
        for sign, slope in zip((-1, 1), d.sides, strict=True):  # by hand: off for [0, 0], and on
            z = x @ w + b
            on = (z > 0) | ((z == 0) & (sign > 0))
            g = 2 / 4 * (np.maximum(z, 0) @ v + c - t) @ v.T * on
            assert slope == pytest.approx(g.sum(0)[d.cell], rel=1e-4, abs=1e-6)


def test_a_wrong_gradient_at_a_kink_is_told(monkeypatch):
    *_, step = alike(0)
    (right,) = (d for d in differences(step, cells=1) if d.sides)
    op = next(op for op in step.operations if op.result == right.value)
    rule = op.function
    op.function = lambda *given: rule(*given) + 1
    wrong = next(d for d in differences(step, cells=1) if d.value == right.value)
    assert wrong.error > 0.1


def test_a_step_that_is_still_recorded_or_never_was_writes_nothing(tmp_path):
    w = ones(2)
    for write in ("to_html", "save"):
        with record() as step:
            np.sum(w * w).backward()
            with pytest.raises(RuntimeError, match="behind the block, not indented into it"):
                getattr(step, write)(tmp_path / "step")
        with pytest.raises(RuntimeError, match=r"write `with xm.record\(model, optimizer\) as step:`"):
            getattr(record(), write)(tmp_path / "step")
        assert not [*tmp_path.iterdir()]
        getattr(step, write)(tmp_path / write)
        (tmp_path / write).unlink()
