import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import optim
from tinyxm.optim import Plateau, Schedule, constant, cosine, exponential, one_cycle, step, warm_up


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


ORACLES = {
    "constant": (constant, lambda s, o: s.ConstantLR(o, factor=1)),
    "step": (step(7, 0.3), lambda s, o: s.StepLR(o, 7, 0.3)),
    "exponential": (exponential(0.9), lambda s, o: s.ExponentialLR(o, 0.9)),
    "cosine": (cosine(39, 0.0), lambda s, o: s.CosineAnnealingLR(o, 39)),
    "warm-up": (warm_up(5), lambda s, o: s.LinearLR(o, 1 / 5, 1, total_iters=4)),
    "warm-up, step": (
        warm_up(5, step(7)),
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 1 / 5, 1, total_iters=4), s.StepLR(o, 7)], [5]),
    ),
    "one cycle": (one_cycle(40), lambda s, o: s.OneCycleLR(o, 2.0, 40)),
    "one cycle, settings": (
        one_cycle(40, 0.45, 0.1, 0.001),
        lambda s, o: s.OneCycleLR(o, 2.0, 40, pct_start=0.45, div_factor=10, final_div_factor=100),
    ),
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:The epoch parameter")  # PyTorch's SequentialLR warns of its own call
@pytest.mark.parametrize("name", ORACLES)
def test_rates_agree_with_pytorch(name):
    torch = pytest.importorskip("torch")
    factor, make = ORACLES[name]
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    their_schedule = make(torch.optim.lr_scheduler, theirs)
    ours = optim.GradientDescent([xm.Parameter(np.ones(1))], lr=2.0)
    schedule = Schedule(ours, factor)
    for i in range(40):
        assert ours.groups[0]["lr"] == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12), i
        theirs.step()
        schedule.step()
        if i < 39:
            their_schedule.step()


@pytest.mark.oracle
@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=40), st.integers(0, 3), st.integers(0, 3),
    st.sampled_from([0, 0.01, 0.3]), st.sampled_from([0.0, 0.2]),
)  # fmt: skip
def test_plateau_agrees_with_pytorch(metrics, patience, cooldown, threshold, floor):
    torch = pytest.importorskip("torch")
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    their_plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        theirs, factor=0.5, patience=patience, threshold=threshold, cooldown=cooldown, min_lr=2 * floor, eps=0
    )
    ours = optim.GradientDescent([xm.Parameter(np.ones(1))], lr=2.0)
    plateau = Plateau(ours, 0.5, patience, threshold, cooldown, floor)
    for i, metric in enumerate(metrics):
        if i == len(metrics) // 2:
            state = plateau.state_dict()
            plateau = Plateau(ours, 0.5, patience, threshold, cooldown)  # made late, it doesn't know the start
            plateau.load_state_dict(state)
        plateau.step(metric)
        their_plateau.step(metric)
        assert ours.groups[0]["lr"] == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)


def test_plateau_by_hand():
    o = optimizer()
    plateau = Plateau(o, 0.5, patience=1, threshold=0.1, cooldown=1, floor=0.2)
    cuts = [plateau.step(metric) for metric in (-1.0, -1.05, -1.2, -1.2, -1.2, -1.2, -1.2, -1.2)]
    assert cuts == [False, False, False, False, True, False, False, True]  # −1.05 isn't better by a tenth of 1
    assert [group["lr"] for group in o.groups] == [0.25, 0.5]
    for _ in range(9):
        plateau.step(0.0)
    assert [group["lr"] for group in o.groups] == [0.2, 0.4]
    with pytest.raises(ValueError, match="Plateau: the metric is nan"):
        plateau.step(np.float64("nan"))
    for bad in ({"factor": 1.0}, {"patience": -1}, {"floor": 1.5}, {"threshold": -1}, {"cooldown": -1}):
        with pytest.raises(ValueError, match="Plateau: factor"):
            Plateau(o, **bad)
    with pytest.raises(ValueError, match=r"Plateau.load_state_dict: expected \['best', 'waited', 'cooling', 'floor.0'"):
        plateau.load_state_dict({"best": 1.0})


@given(st.integers(1, 60), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_one_cycle_stays_within_its_bounds_and_ends_where_it_says(total, peak_at, start, end):
    factor = one_cycle(total, peak_at, start, end)
    values = [factor(i) for i in range(total + 3)]
    assert min(values) >= min(start, end) - 1e-12
    assert max(values) <= 1 + 1e-12
    assert values[total - 1] == values[-1] == pytest.approx(1 if total == 1 or peak_at == 1 else end)


def test_errors_of_the_others():
    for make, words in (
        (lambda: step(0), "step: size 0, factor 0.1: expected size from 1 up"),
        (lambda: step(3, 1.5), "step: size 3, factor 1.5"),
        (lambda: exponential(-0.1), "exponential: factor -0.1"),
        (lambda: one_cycle(0), "one_cycle: total 0"),
        (lambda: one_cycle(5, start=2), "one_cycle: total 5, peak_at 0.3, start 2"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
