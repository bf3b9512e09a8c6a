"""Known errors in the tape, planted one at a time: each breaks a promise that a case of one operation hardly shows."""

import inspect
from typing import Any

import numpy as np
import pytest

from tinyxm import Tensor, check_gradients, gradients
from tinyxm.autograd import tape

ENGINE: dict[str, tuple[str, str]] = {
    "broadcast not summed over new axes": ("if added > 0:", "if False:"),
    "broadcast not summed over axes of length 1": ("if repeated:", "if False:"),
    "a second contribution is forgotten": ("accumulate(total, gx, source) if listening else total + gx", "total"),
    "a third contribution is forgotten": ("                total += gx\n", ""),
    "g is added to in place": ("            elif source in shared:", "            elif False:"),
    "gradients share memory": ("g.copy() if node in shared else g", "g"),
    "the oldest node first": ("heappush(queue, (-source.tick, source))", "heappush(queue, (source.tick, source))"),
    "stale values are read": ("if node.tick < last_write:", "if False:"),
    "y is a constant of the second order": ('{"y": node}', "{}"),
    "nothing is freed": ("if not retain_graph:", "if False:"),
}


def engine_is_right() -> None:
    """Each promise of the tape, in short; tests/autograd shows them at length."""
    rng = np.random.default_rng(0)
    check_gradients(lambda a, b: a * b, [rng.standard_normal(s) for s in ((2, 3), (3,))])
    check_gradients(lambda a, b: a * b, [rng.standard_normal(s) for s in ((2, 3), (2, 1))])
    check_gradients(lambda a: np.exp(a) + np.sin(a) * a, [rng.standard_normal(3)])
    x, z = (Tensor(np.ones(2), requires_grad=True) for _ in range(2))
    g = np.ones(2)
    y = x + z
    (y + x * 2 + x * 3 + x).backward(g)
    assert (x.grad.tolist(), z.grad.tolist(), g.tolist()) == ([7, 7], [1, 1], [1, 1])
    a, b = gradients(x + z, [x, z], g)
    assert not np.shares_memory(a.data, b.data)
    y = x
    for _ in range(5):
        y = y + np.exp(y) * 0
    assert gradients(y.sum(), [x])[0].data.tolist() == [1, 1]
    weights = Tensor(np.ones(2))
    y = (x * weights).sum()
    weights += 1
    with pytest.raises(RuntimeError, match="written in place"):
        y.backward()
    y = (x * x).sum()
    y.backward()
    assert y.node.edges == ()


def test_the_engine_as_it_stands_is_right() -> None:
    engine_is_right()


@pytest.mark.parametrize("name", ENGINE)
def test_a_wrong_engine_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions of the tape with one line changed."""
    right, wrong = ENGINE[name]
    source = inspect.getsource(tape)
    assert source.count(right) == 1
    changed: dict[str, Any] = dict(vars(tape))
    monkeypatch.setattr(Tensor, "backward", Tensor.backward)  # the mutant sets its own; this one is to come back
    exec(compile(source.replace(right, wrong), "<mutant>", "exec"), changed)
    for function in ("pull_back", "unbroadcast", "as_tensors", "starting_gradient", "accumulate"):
        mutant = changed[function]
        monkeypatch.setattr(getattr(tape, function), "__code__", mutant.__code__)
    with pytest.raises((AssertionError, ValueError, RuntimeError, pytest.fail.Exception)):
        engine_is_right()
