import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import optim
from tinyxm.optim import Schedule, constant, cosine, warm_up


def optimizer():
    one, two = xm.Parameter(np.ones(2)), xm.Parameter(np.ones(2))
    return optim.GradientDescent([{"params": [one]}, {"params": [two], "lr": 2.0}], lr=1.0)


def test_shapes_of_the_curves():
    assert [constant(step) for step in (0, 5)] == [1, 1]
    factor = cosine(4, floor=0.2)
    expected = [1, 0.6 + 0.4 * math.sqrt(0.5), 0.6, 0.6 - 0.4 * math.sqrt(0.5), 0.2, 0.2]
    assert [factor(step) for step in (*range(5), 9)] == pytest.approx(expected)
    factor = warm_up(4, cosine(4, 0.2))
    assert [factor(step) for step in range(10)] == pytest.approx([0.25, 0.5, 0.75, 1, *expected])
    assert warm_up(0)(0) == 1


@given(st.integers(1, 500), st.floats(0, 1), st.integers(0, 50))
def test_a_warmed_up_cosine_rises_then_falls_and_stays_within_bounds(total, floor, steps):
    factor = warm_up(steps, cosine(total, floor))
    values = np.array([factor(step) for step in range(steps + total + 3)])
    assert (np.diff(values[:steps]) > 0).all()
    assert (np.diff(values[steps:]) <= 1e-12).all()
    assert values.max() == 1
    assert values[steps:].min() >= floor - 1e-12
    assert values[-1] == pytest.approx(floor)


def test_each_group_keeps_its_proportion():
    o = optimizer()
    schedule = Schedule(o, lambda step: 1 / (step + 1))
    rates = []
    for _ in range(3):
        rates.append([group["lr"] for group in o.groups])
        o.step()
        schedule.step()
    assert rates == [[1, 2], [0.5, 1], [1 / 3, 2 / 3]]


def test_resumed_it_goes_on():
    one, two = optimizer(), optimizer()
    first = Schedule(one, warm_up(3, cosine(10)))
    for _ in range(5):
        first.step()
    two.load_state_dict(one.state_dict())  # with the lr of step 5, which must not become the base
    second = Schedule(two, warm_up(3, cosine(10)))
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        assert [g["lr"] for g in one.groups] == [g["lr"] for g in two.groups]
        first.step()
        second.step()
    assert first.state_dict() == second.state_dict() == {"step": 8, "base.0": 1.0, "base.1": 2.0}


def test_errors():
    for total, floor in ((0, 0), (5, -0.1), (5, 1.1)):
        with pytest.raises(ValueError, match=f"cosine: total {total}, floor {floor}"):
            cosine(total, floor)
    with pytest.raises(ValueError, match="warm_up: steps -1"):
        warm_up(-1)
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="Schedule: the factor at step 0"):
            Schedule(optimizer(), lambda step, bad=bad: bad)
    with pytest.raises(ValueError, match=r"Schedule.load_state_dict: expected \['step', 'base.0', 'base.1'\]"):
        Schedule(optimizer(), constant).load_state_dict({"step": 3, "base.0": 1.0})


def test_a_factor_is_a_function():
    optimizer = optim.GradientDescent([xm.Parameter(np.ones(1))], lr=0.1)
    with pytest.raises(TypeError, match="Schedule: factor is 5; give a function of the step"):
        optim.Schedule(optimizer, 5)
