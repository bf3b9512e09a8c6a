"""Hooks on Tensors: what they are given, when, and what becomes of what they return."""

import weakref
from typing import Any

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Tensor, gradients


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, float), requires_grad=True)


@pytest.mark.parametrize("which", ["leaf", "between", "root"])
def test_a_hook_sees_the_whole_gradient_once(which: str) -> None:
    seen: list[Any] = []
    x = leaf(1, 2)
    h = x * 3
    y = (h * h + np.exp(h) + h).sum()
    {"leaf": x, "between": h, "root": y}[which].register_hook(seen.append)
    y.backward(retain_graph=True)
    slope = 2 * h.data + np.exp(h.data) + 1
    expected = {"leaf": 3 * slope, "between": slope, "root": np.ones(())}[which]
    assert len(seen) == 1
    assert type(seen[0]) is np.ndarray
    np.testing.assert_allclose(seen[0], expected)
    np.testing.assert_allclose(x.grad, 3 * slope)
    y.backward(retain_graph=True)
    np.testing.assert_allclose(x.grad, 6 * slope)  # what was gathered before doesn't come in
    gradients(y, [x], retain_graph=True)
    gradients(y, [h])
    assert len(seen) == 4
    np.testing.assert_allclose(seen[-1], expected)


def test_what_a_hook_returns_goes_on_in_place_of_the_gradient() -> None:
    x = leaf(1, 2)
    h = x * 3
    h.retain_grad()
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: g + 1)  # the hooks run in the order they came
    h.sum().backward(retain_graph=True)
    assert (h.grad.tolist(), x.grad.tolist()) == ([11, 11], [33, 33])
    assert [g.data.tolist() for g in gradients(h.sum(), [x, h])] == [[33, 33], [11, 11]]
    constant = np.full(2, 5.0)
    w = leaf(1, 2)
    w.register_hook(lambda g: constant)
    (w * 2).sum().backward()
    assert w.grad.tolist() == [5, 5]
    assert not np.shares_memory(w.grad, constant)
    single = leaf(1)[0]
    single.register_hook(lambda g: g * 2)  # of a 0-d array NumPy makes a scalar
    (g,) = gradients(single * 3, [single])
    assert g.data == 6


def test_a_handle_removes_its_hook_alone() -> None:
    x, seen = leaf(1), []
    y = x * 2
    for t in (x, y):
        first = t.register_hook(lambda g: seen.append("first"))
        with t.register_hook(lambda g: seen.append("second")):
            y.sum().backward(retain_graph=True)
        y.sum().backward(retain_graph=True)
        first.remove()
        first.remove()
        y.sum().backward(retain_graph=True)
        assert seen == ["first", "second", "first"]
        seen.clear()
    again = x.register_hook(seen.append)
    x.register_hook(seen.append)
    again.remove()
    y.sum().backward()
    assert len(seen) == 1
    x.sum().backward()
    assert len(seen) == 2, "a leaf's hooks outlast the graphs it takes part in"


def test_with_create_graph_a_hook_takes_part_in_the_second_order() -> None:
    x = leaf(2.0)
    h = x * x
    with h.register_hook(lambda g: g * h):  # ∂x = h·2x = 2x³
        (gx,) = gradients(h.sum(), [x], create_graph=True)
    assert gx.data.tolist() == [16]
    (gxx,) = gradients(gx.sum(), [x])
    assert gxx.data.tolist() == [24]
    x.register_hook(lambda g: np.ones(1))
    assert gradients((x * x).sum(), [x], create_graph=True)[0].data.tolist() == [1]


def test_a_hook_that_can_not_be_used_is_told() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"^register_hook: this Tensor requires no gradient"):
        Tensor([1.0]).register_hook(print)
    y = x * 2
    y.sum().backward()
    with pytest.raises(RuntimeError, match=r"^register_hook: a backward pass freed this Tensor's graph"):
        y.register_hook(print)
    for wrong, words in (
        (np.ones(3), r"\(3,\) of float64"),
        (np.ones(2, np.float32), r"\(2,\) of float32"),
        (1.0, r"\(\) of float64"),
    ):
        with (
            x.register_hook(lambda g, wrong=wrong: wrong),
            pytest.raises(ValueError, match=f"^hook: it returned {words} for a gradient") as error,
        ):
            (x * 2).sum().backward()
        assert error.value.__notes__ == ["in a hook on the gradient of the result (2,) of leaf"]


def test_hooks_keep_nothing_alive_and_listeners_hear_them() -> None:
    h = leaf(1.0) * 2

    def own(g: Any, h: Tensor = h) -> Any:  # a hook that holds its own Tensor
        return g * h.data

    h.register_hook(own)
    gone = weakref.ref(h)
    kinds = []
    with xm.listen(lambda event: kinds.append(event.kind)):
        h.sum().backward()
    assert kinds == ["forward", "adjoint", "hook", "adjoint"]
    del h, own
    assert gone() is None
