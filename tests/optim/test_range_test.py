import numpy as np
import pytest

import tinyxm as xm
from tinyxm import optim
from tinyxm.optim import lr_range_test

CURVATURE = np.array([1.0, 20.0])


def bowl(start=(3.0, -2.0), make=optim.GradientDescent, **settings):
    """L = Σ c·w² / 2, which gradient descent leaves for ever where its rate is above 2 / max(c) = 0.1."""
    w = xm.Parameter(np.array(start))
    return w, make([w], lr=0.5, **settings), lambda batch: (w * w * CURVATURE).sum() * 0.5


def test_it_finds_where_a_bowl_is_left():
    w, optimizer, loss = bowl()
    found = lr_range_test(optimizer, loss, [None], 1e-5, 10.0, steps=120)
    assert 0.1 < found.diverged < 1.0  # the error grows from next to nothing, so that it takes some steps
    assert 1e-3 < found.suggestion < 0.1
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 120
    np.testing.assert_allclose(found.rates[:2], [1e-5, 1e-5 * 1e6 ** (1 / 119)])
    # the losses are those of descent by hand at these rates
    x, expected = np.array([3.0, -2.0]), []
    for rate in found.rates:
        expected.append((x * x * CURVATURE).sum() / 2)
        x = x - rate * CURVATURE * x
    np.testing.assert_allclose(found.losses, expected, rtol=1e-9)
    np.testing.assert_array_equal(w.data, [3, -2])


def test_smoothing_keeps_a_straight_line_and_the_suggestion_is_the_steepest_place():
    losses = iter(np.r_[np.full(30, 5.0), np.linspace(5, 1, 21), np.linspace(1, 4, 30)])
    w = xm.Parameter(np.zeros(()))
    optimizer = optim.GradientDescent([w], lr=1.0)
    found = lr_range_test(optimizer, lambda batch: w * 0 + next(losses), [0], 1e-4, 1.0, steps=81)
    assert found.diverged is None
    assert found.rates[30] < found.suggestion < found.rates[50]
    np.testing.assert_allclose(found.smoothed[40], found.losses[40], rtol=1e-5)
    np.testing.assert_allclose(found.smoothed[:15], 5)


def dropped(w, rng=None):
    keep = xm.generator(rng).random(w.shape) < 0.5
    return (w * keep - 1) ** 2


@pytest.mark.parametrize("make", [optim.Adam, optim.Momentum])
@pytest.mark.parametrize("fails", [False, True])
def test_all_is_as_it_was_whatever_happened(make, fails):
    """Training goes on after the test, or after an error within it, as if there had been none."""
    ends, calls = [], iter(range(1000))
    for tested in (False, True):
        xm.seed(3)
        w = xm.Parameter(np.linspace(-1, 1, 6))
        optimizer = make([w], lr=0.05)
        for step in range(6):
            optimizer.zero_grad()
            dropped(w).sum().backward()
            optimizer.step()
            if tested and step == 2:
                before = w.grad

                def loss(batch, w=w):
                    xm.generator().random(5)
                    if fails and next(calls) > 10:
                        raise KeyError(batch)
                    return dropped(w).sum() * batch

                if fails:
                    with pytest.raises(KeyError):
                        lr_range_test(optimizer, loss, [1.0, 2.0], steps=50)
                else:
                    lr_range_test(optimizer, loss, [1.0, 2.0], steps=50)
                assert w.grad is before
        ends.append([w.data.copy(), optimizer.state_dict()])
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    for key, value in ends[0][1].items():
        np.testing.assert_array_equal(value, ends[1][1][key])


def test_groups_keep_their_proportions_and_what_is_kept_is_put_back():
    one, two = xm.Parameter(np.ones(1)), xm.Parameter(np.ones(1))
    optimizer = optim.GradientDescent([{"params": [one]}, {"params": [two], "lr": 4.0}], lr=2.0)
    seen = []

    class Counter:
        count = 0

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    counter = Counter()

    def loss(batch):
        counter.count += 1
        seen.append([group["lr"] for group in optimizer.groups])
        return (one + two).sum() * 1e-3

    lr_range_test(optimizer, loss, iter([1, 2, 3]), 0.01, 1.0, steps=3, keep=[counter])
    np.testing.assert_allclose(seen, [[2, 4], [0.01, 0.02], [0.1, 0.2]])
    assert counter.count == 0
    assert [group["lr"] for group in optimizer.groups] == [2, 4]


@pytest.mark.parametrize("flat", [False, True])
def test_its_picture(tmp_path, flat):
    _, optimizer, loss = bowl((0.0, 0.0) if flat else (3.0, -2.0))
    found = lr_range_test(optimizer, loss, [None], 1e-5, 10.0, steps=120)
    figure = found.plot()
    figure.savefig(tmp_path / "range.png")
    assert (tmp_path / "range.png").stat().st_size > 5000
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert "learning rate" in axes.get_xlabel()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert any("steepest" in label for label in labels) != flat
    assert (found.suggestion is None) == flat
    assert found.plot(axes) is figure


def test_errors():
    _, optimizer, loss = bowl()
    for options in ({"low": 0.0}, {"low": 1.0, "high": 0.1}, {"steps": 1}, {"high": np.inf}):
        with pytest.raises(ValueError, match=r"lr_range_test: .* expected 0 < low < high, 2 steps or more"):
            lr_range_test(optimizer, loss, [None], **options)
    for batches in ([], iter([1, 2])):
        with pytest.raises(ValueError, match="lr_range_test: no batches, or too few"):
            lr_range_test(optimizer, loss, batches)
    with pytest.raises(ValueError, match="lr_range_test: the loss isn't finite before any update"):
        lr_range_test(optimizer, lambda batch: loss(batch) * np.inf, [None])
    optimizer.groups[0]["lr"] = 0.0
    with pytest.raises(ValueError, match="lr_range_test: the first group's lr is 0"):
        lr_range_test(optimizer, loss, [None])
