"""What listeners are told, and what debug() finds."""

import inspect
from typing import Any

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Event, Tensor, debug, gradients, listen, no_grad, ops
from tinyxm.autograd import events, write


def heard(run: Any) -> list[Event]:
    found: list[Event] = []
    with listen(found.append):
        run()
    return found


def leaf(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


def test_each_rule_tells_what_it_did() -> None:
    a, b = leaf(2, 3), leaf(3)

    def run() -> None:
        y = ops.sum(a * b, axis=1)
        (y * y).sum().backward()

    found = heard(run)
    line = inspect.getsourcelines(run)[1]
    forwards = [e for e in found if e.kind == "forward"]
    assert [(e.kind, e.phase, e.operation) for e in found] == [
        *(("forward", "forward", name) for name in ("multiply", "sum", "multiply", "sum")),
        *(("adjoint", "backward", name) for name in ("sum.a", "multiply.a", "multiply.b")),
        ("accumulate", "backward", "sum"),
        *(("adjoint", "backward", name) for name in ("sum.a", "multiply.a", "multiply.b")),
    ]
    assert [e.source[1:] for e in found] == [
        *[(line + 1, "run")] * 2,
        *[(line + 2, "run")] * 6,  # an adjoint's line is that of its forward
        *[(line + 1, "run")] * 3,
    ]
    assert {e.source[0] for e in found} == {__file__}
    product, total = forwards[0], forwards[1]
    assert product.operands["a"] is a.data
    assert set(product.saved) == {"a", "b"}
    assert product.saved["b"] is b.data
    assert (total.operands.keys(), total.static) == ({"a"}, {"axis": 1, "keepdims": False})
    assert total.saved == {"a_shape": (2, 3), "axis": 1, "keepdims": False}
    assert np.array_equal(total.result, (a.data * b.data).sum(1))
    assert found[-1].operands["g"].shape == (2, 3)
    assert np.array_equal(found[-1].saved["a"], a.data)
    assert all(e.seconds >= 0 and e.flops > 0 and e.bytes > 0 for e in found)
    assert product.bytes == (6 + 3 + 6) * 8
    assert found[-1].node is product.node


def test_the_graph_can_be_walked_by_what_is_told() -> None:
    """A forward names the nodes of its operands, an adjoint the node that its gradient goes to."""
    a, b = leaf(2), leaf(2)

    def run() -> None:
        ops.concatenate([a * b, np.ones(1), a]).sum().backward()

    found = heard(run)
    product, joined, total = (e for e in found if e.kind == "forward")
    assert product.inputs == {"a": a.node, "b": b.node}
    assert joined.inputs == {"arrays": [product.node, None, a.node]}
    assert total.inputs == {"a": joined.node}
    adjoints = [e for e in found if e.kind == "adjoint"]
    assert [(e.node, e.to) for e in adjoints] == [
        (total.node, joined.node),
        (joined.node, product.node),
        (joined.node, a.node),
        (product.node, a.node),
        (product.node, b.node),
    ]
    (sum_,) = (e for e in found if e.kind == "accumulate")
    assert sum_.node is a.node
    terms = [e.result for e in adjoints if e.to is a.node]
    assert np.array_equal(sum_.result, terms[0] + terms[1])


def test_kernels_count_their_own_operations() -> None:
    found = heard(lambda: leaf(5, 2, 3) @ leaf(3, 4))
    assert [e.flops for e in found if e.operation == "matmul"] == [2 * 5 * 2 * 3 * 4]
    found = heard(lambda: ops.attention(leaf(5, 2), leaf(7, 2), leaf(7, 3)))  # which keeps what no kernel is given
    assert [e.flops for e in found if e.operation == "attention"] == [2 * 5 * 7 * (2 + 3)]
    x, w = leaf(1, 4, 4, 2), leaf(3, 3, 2, 5)

    def both_orders() -> None:
        (gx,) = gradients(ops.conv2d(x, w).sum(), [x], create_graph=True)
        gx.sum().backward()

    counted = {e.operation: e.flops for e in heard(both_orders)}
    assert counted["conv2d"] == counted["conv2d_input_gradient"] == 2 * 4 * (9 * 2 * 5)


def test_writes_are_updates() -> None:
    t = Tensor([1.0, 2.0])

    def run() -> None:
        with events.phase("update"):
            write("step", lambda a, g: a.__isub__(g), t, np.ones(2, np.float32))

    (event,) = heard(run)
    assert (event.kind, event.phase, event.operation, list(event.operands)) == (
        "update",
        "update",
        "step",
        ["target", "value"],
    )
    assert t.data.tolist() == [0, 1]


def test_the_random_state_and_the_module_are_told() -> None:
    xm.seed(5)
    state = xm.generator().bit_generator.state
    events.context.modules += ["encoder", "linear"]
    try:
        (event,) = heard(lambda: leaf(2) * 2)
    finally:
        events.context.modules.clear()
    assert event.random_state == state
    assert event.module == "encoder.linear"


def test_second_derivatives_record_forwards_in_the_backward() -> None:
    x = leaf(2)
    found = heard(lambda: gradients((x**3).sum(), [x], create_graph=True))
    assert {(e.kind, e.phase) for e in found} == {
        ("forward", "forward"),
        ("adjoint", "backward"),
        ("forward", "backward"),
    }


def test_nobody_is_told_when_nobody_listens() -> None:
    found: list[Event] = []
    with listen(found.append):
        pass
    with pytest.raises(ZeroDivisionError), listen(found.append):
        _ = 1 / 0
    leaf(2) * 2
    assert not found
    assert not events.listeners
    with no_grad():
        (event,) = heard(lambda: leaf(2) * 2)
    assert event.node is None
    assert not heard(lambda: ops.multiply(np.ones(2), 2.0))


def test_a_listener_that_comes_during_an_operation_does_no_harm() -> None:
    found: list[Event] = []
    listening = listen(found.append)

    @xm.primitive(a=lambda g: g)
    def slow(a: Any) -> Any:
        listening.__enter__()
        return a + 1

    try:
        assert slow(Tensor([1.0])).data.tolist() == [2]
    finally:
        listening.__exit__(None, None, None)


def test_debug_finds_the_first_that_is_not_finite() -> None:
    x = Tensor(np.array([1.0, -1.0]), requires_grad=True)
    with np.errstate(all="ignore"), debug():
        fine = x * 2
        with pytest.raises(FloatingPointError) as error:
            np.exp(np.log(fine) + 1)
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert str(error.value).startswith("log: (2,) from 0.6931 to 0.6931 with 1 NaN of 2 came out at ")
    assert f":{line}, in test_debug" in str(error.value)
    assert "it was given a (2,) from -2 to 2" in str(error.value)
    np.exp(x)


def test_debug_finds_the_adjoint_that_is_not_finite_by_its_forward() -> None:
    x = Tensor(np.array([0.0, 1.0]), requires_grad=True)
    with np.errstate(all="ignore"), debug():
        y = np.sqrt(x)
        line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
        with pytest.raises(FloatingPointError, match=rf"^sqrt.a: .* 1 inf of 2 came out at .*:{line}, in test_debug"):
            y.sum().backward()


def test_debug_lets_what_was_infinite_before_pass() -> None:
    with debug():
        y = ops.logsumexp(Tensor(np.array([-np.inf, 0.0]), requires_grad=True))
        y.backward()


@pytest.mark.parametrize("what", ["value", "index", "indices"])
def test_debug_finds_a_change_through_the_raw_array(what: str) -> None:
    w, x, rows = leaf(3), Tensor(np.ones(3)), np.array([0, 1, 1])
    record = {"value": lambda: w * x, "index": lambda: w[rows], "indices": lambda: w[None][rows - rows, rows]}[what]
    with debug():
        y = record()
        line = inspect.getsourcelines(record)[1]
        x.data[0] = 7
        rows[0] = 2
        with pytest.raises(RuntimeError, match=rf"was changed after it was recorded at .*:{line}, in .*; its gradient"):
            y.sum().backward()


def test_an_update_tells_what_was_before_and_after() -> None:
    w = xm.Parameter(np.ones(2))
    w.grad = np.full(2, 0.5)
    (event,) = heard(xm.optim.Momentum([w], lr=0.1).step)
    assert list(event.operands) == ["target", "gradient", "velocity"]
    assert event.operands["target"].tolist() == [1, 1]
    assert event.operands["velocity"].tolist() == [0, 0]
    assert event.result.tolist() == [0.95, 0.95]
    assert event.static["lr"] == 0.1


def test_an_adjoint_tells_the_gradient_that_goes_on_and_where_its_forward_was() -> None:
    layer = xm.nn.Sequential(xm.nn.Linear(3, 2))
    x = np.ones((4, 3), np.float32)
    found = {e.operation: e for e in heard(lambda: layer(x).sum().backward())}
    assert found["linear.bias"].result.shape == (2,)  # summed over the batch
    assert found["linear.w"].module == "0"
    assert found["linear.w"].flops == found["linear"].flops == 2 * 4 * 3 * 2 + 4 * 2


def test_debug_names_an_update_that_overflows_and_nan_that_comes_in() -> None:
    w = xm.Parameter(np.full(2, 1e38, np.float32))
    w.grad = np.full(2, -3e37, np.float32)
    with np.errstate(all="ignore"), xm.debug(), pytest.raises(FloatingPointError, match="came out"):
        xm.optim.GradientDescent([w], lr=1e10).step()
    t = Tensor([1.0], requires_grad=True)
    with xm.debug(), pytest.raises(FloatingPointError, match=r"multiply: b held NaN when it came in"):
        t * np.array([np.nan], np.float32)
    with xm.debug(), pytest.raises(FloatingPointError, match=r"matmul: a held ∞ when it came in"):
        np.array([[np.inf]], np.float32) @ t
    w = xm.Parameter([1.0, 2.0])
    w.grad = np.full(2, np.nan, np.float32)
    with xm.debug(), pytest.raises(FloatingPointError, match="update: gradient held NaN when it came in"):
        xm.optim.GradientDescent([w], lr=1.0).step()
    with xm.debug():
        np.where([True, False], np.concatenate([t, t]), -np.inf)  # a mask is no mistake
