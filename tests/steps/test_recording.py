"""Recorded steps: what is in them, their numbers replayed in float64, and slopes by differences."""

import re

import numpy as np
import pytest
from recorded_examples import EXAMPLES, perceptron

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.autograd import events
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
    replayed = {t.operation.number for t in told}
    left = [op.name for op in step.operations if op.number not in replayed and op.kind not in ("data", "after")]
    assert set(left) <= {"write"}  # of batch statistics, into a buffer
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
