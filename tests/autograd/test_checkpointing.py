"""Checkpoints: the same numbers as without them, and less memory."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Parameter, Tensor, check_gradients, checkpoint, gradients, no_grad


def numbers(*shape: int) -> np.ndarray:
    return np.asarray(np.random.default_rng((5, *shape)).uniform(-1, 1, shape))


def plain(f: Callable[..., Tensor], *inputs: Any, **options: Any) -> Tensor:
    return f(*inputs, **options)


class Net:
    """Layers closed over, with random masks in between, and an input that is used twice."""

    def __init__(self, run: Callable[..., Tensor]) -> None:
        self.run = run
        self.layers = [Parameter(numbers(4, 4) + i) for i in range(4)]
        self.shift = Parameter(numbers(4))
        self.dropout = xm.nn.Dropout(0.4)
        self.own = xm.nn.Dropout(0.4, rng=np.random.default_rng(3))
        self.statistics = Tensor(np.zeros(4))

    def layer(self, x: Tensor, i: int) -> Tensor:
        with no_grad():
            self.statistics += x.data.mean(0)
        return self.own(self.dropout(np.tanh(x @ self.layers[i] * 0.3 + self.shift))) * x

    def segment(self, x: Tensor, first: int) -> Tensor:
        return self.run(self.layer, self.run(self.layer, x, i=first), i=first + 1)  # checkpoints within a checkpoint

    def __call__(self, x: Tensor) -> Tensor:
        h = np.exp(x * 0.5)
        return self.run(self.segment, self.run(self.segment, h, first=0) + h, 2).sum()


def trained(run: Callable[..., Tensor], how: str) -> list[np.ndarray]:
    """Everything that must be the same: gradients of whatever is read, the random state, what was written in place."""
    xm.seed(8)
    net = Net(run)
    x = Parameter(numbers(3, 4))
    everything = [x, *net.layers, net.shift]
    y = net(x)
    if how == "backward":
        y.backward()
        found = [t.grad for t in everything]
    elif how == "twice":
        y.backward(retain_graph=True)
        y.backward()
        found = [t.grad for t in everything]
    else:
        found = [g.data for g in gradients(y, everything, create_graph=how == "second order")]
    if how == "second order":
        firsts = gradients(net(x), everything, create_graph=True)
        found += [g.data for g in gradients(sum((g * g).sum() for g in firsts), everything)]
    return [*found, y.data, xm.generator().random(3), net.own.rng.random(3), net.statistics.data]


@pytest.mark.parametrize("how", ["backward", "twice", "gradients", "second order"])
def test_a_checkpoint_changes_no_number(how: str) -> None:
    for found, expected in zip(trained(checkpoint, how), trained(plain, how), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected) if how != "second order" else np.testing.assert_allclose(
            found, expected, rtol=1e-12
        )


def test_to_every_order() -> None:
    def f(x: Any, w: Any) -> Any:
        return checkpoint(lambda x: np.exp(x @ w) * x.sum(), x) + checkpoint(lambda a: a * 2, x).sum()

    check_gradients(f, [numbers(2, 3), numbers(3, 2)])
    x, w = numbers(2, 3), numbers(3, 2)
    third = xm.jacobian(xm.hessian(lambda x: f(x, w).sum()))(x)
    np.testing.assert_allclose(
        third.data,
        xm.jacobian(xm.hessian(lambda x: (np.exp(x @ w) * x.sum()).sum()))(x).data,
    )
    v = numbers(2, 3)
    np.testing.assert_allclose(xm.jvp(lambda x: f(x, w), x, v).data, np.tensordot(xm.jacobian(f)(x, w).data, v, 2))


def test_f_runs_once_more_for_all_that_it_reads() -> None:
    runs = []
    a, b, c = (Parameter(numbers(2)) for _ in range(3))

    def f(a: Tensor, b: Tensor) -> Tensor:
        runs.append(1)
        return a * b * c

    checkpoint(f, a, b).sum().backward()
    assert len(runs) == 2
    (g,) = gradients(checkpoint(f, a.data, b.data).sum(), [c])
    np.testing.assert_array_equal(g.data, a.data * b.data)
    with no_grad():
        assert not checkpoint(f, a, b).requires_grad
    assert checkpoint(lambda: a) is a
    assert not checkpoint(lambda: Tensor([1.0])).requires_grad
    assert len(runs) == 5


def test_what_came_before_is_passed_once_and_its_hooks_run_once() -> None:
    x = Parameter(numbers(3))
    h = x * x
    seen: list[Any] = []
    for t in (x, h):
        t.register_hook(seen.append)
    y = checkpoint(lambda: np.exp(h) * x)
    (y + h).sum().backward()
    assert len(seen) == 2
    np.testing.assert_allclose(seen[0], np.exp(h.data) * x.data + 1)
    np.testing.assert_allclose(x.grad, np.exp(h.data) * (1 + 2 * h.data) + 2 * x.data)


def test_what_changed_in_between_is_told() -> None:
    w, x, dropped = Parameter(numbers(3)), Tensor(numbers(3)), xm.nn.Dropout(0.5)
    for t, words in ((x, r"\(3,\) of float64, which f reads, was written in place"), (w, "f gave something else")):
        y = checkpoint(lambda: np.exp(w * x) + 0 * w).sum()
        with no_grad():
            t += 1.0
        with pytest.raises(RuntimeError, match=rf"^checkpoint: {words}"):
            y.backward()
    shift = Parameter(numbers(3))  # that no adjoint reads
    y = checkpoint(lambda: np.exp(x + shift)).sum()
    with no_grad():
        shift += 1.0
    with pytest.raises(RuntimeError, match=r"^checkpoint: f gave something else when it ran again"):
        y.backward()
    y = checkpoint(lambda: dropped(w)).sum()
    dropped.eval()
    with pytest.raises(RuntimeError, match=r"^checkpoint: f gave something else"):
        y.backward()
    rng = np.random.default_rng(0)
    y = checkpoint(lambda: w * rng.random(3)).sum()
    with pytest.raises(RuntimeError, match=r"draws from a generator of its own"):
        y.backward()
    layer = xm.nn.Linear(3, 1)
    y = xm.nn.functional_call(
        layer,
        {"weight": Parameter(layer.weight.data)},
        np.ones((1, 3), np.float32),
        call=lambda m, x: checkpoint(m.forward, x),
    )
    with pytest.raises(RuntimeError, match=r"^checkpoint: f gave something else"):
        y.sum().backward()
    with pytest.raises(TypeError, match=r"^checkpoint: f returned a tuple; return one Tensor"):
        checkpoint(lambda: (w, x))


def test_seeding_in_between_changes_nothing() -> None:
    drawn = []
    for between in (lambda: None, lambda: xm.seed(99)):
        xm.seed(4)
        w = Parameter(np.ones(50))
        y = checkpoint(xm.nn.Dropout(0.5), w).sum()
        between()
        after = xm.generator().bit_generator.state
        y.backward()
        assert xm.generator().bit_generator.state == after
        drawn.append(w.grad)
    np.testing.assert_array_equal(*drawn)


def test_values_that_are_not_finite_are_no_difference() -> None:
    w = Parameter(np.array([-np.inf, np.nan, 1.0]))
    checkpoint(lambda: w * 2).sum().backward()
    assert w.grad.tolist() == [2, 2, 2]


def test_listeners_hear_both_runs_and_debug_names_the_line() -> None:
    w = Parameter(np.array([0.0, 1.0]))
    found: list[xm.Event] = []
    with xm.listen(found.append):
        y = checkpoint(lambda: np.sqrt(w))
    assert [(e.operation, e.node is y.node) for e in found] == [("sqrt", False), ("checkpoint", True)]
    assert found[1].inputs == {"f": found[0].node}
    with (
        np.errstate(all="ignore"),
        xm.debug(),
        pytest.raises(FloatingPointError, match=r"^sqrt.a: .*test_checkpointing"),
    ):
        checkpoint(lambda: np.sqrt(w)).sum().backward()


def peak(run: Callable[..., Tensor], segments: int, layers: int = 36) -> int:
    """Bytes at most, above what there was before, of a chain of layers that each keep 80 kB."""
    w = Parameter(np.full(10_000, 0.1))

    def segment(x: Tensor) -> Tensor:
        for _ in range(layers // segments):
            x = np.tanh(x + 0.1)
        return x

    tracemalloc.start()
    try:
        x: Any = w
        for _ in range(segments):
            x = run(segment, x)
        x.sum().backward()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_square_root_of_the_memory() -> None:
    """36 layers in 6 segments: 6 results and the 6 of one segment, in place of 36."""
    size = 80_000
    assert peak(plain, 6) > 36 * size
    assert peak(checkpoint, 6) < 18 * size
