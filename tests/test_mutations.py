"""Known errors, planted one at a time: each must be caught by the check that stands guard over it."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinyxm import Each, Tensor, check_gradients, gradients, ops, primitive
from tinyxm.autograd import tape
from tinyxm.autograd.tensor import primitives, rules

pytestmark = pytest.mark.slow

norm, shape, linalg, conv = (
    importlib.import_module(f"tinyxm.ops.{name}") for name in ("norm", "shape", "linalg", "conv")
)


def declared(operation: Any, **adjoints: Any) -> Callable[..., Any]:
    """The same forward rule with other adjoints; those not given stay as they are."""
    kept = {name.removesuffix("_adjoint"): a.rule for name, a in operation.adjoints.items()}
    answered, named = dict(rules), dict(primitives)
    try:
        return primitive(**kept | adjoints)(operation.__wrapped__)
    finally:
        rules.clear()
        rules.update(answered)
        primitives.update(named)


def standardise_without(term: str) -> Callable[..., Any]:
    def adjoint(g: Any, x: Any, y: Any, groups: int, eps: float) -> Any:
        _, deviation = norm._centred(x, groups, eps)
        form = norm._grouped(x.shape, groups)
        g, y = np.reshape(g, form), np.reshape(y, form)
        terms = {"mean": norm._mean(g), "projection": y * norm._mean(g * y)} | {term: 0.0}
        return np.reshape(
            (g - terms["mean"] - terms["projection"]) / (1.0 if term == "deviation" else deviation), x.shape
        )

    return declared(ops.standardise, x=adjoint)


def matmul_by(**adjoints: Any) -> Callable[..., Any]:
    return declared(linalg._matmul, **adjoints)


def conv_by(**adjoints: Any) -> Callable[..., Any]:
    mutant = declared(conv._conv2d, **adjoints)
    return lambda x, w: mutant(x, w, (1, 1), (1, 0))


square = (3, 3)
MUTANTS: dict[str, tuple[Callable[[], Callable[..., Any]], tuple[tuple[int, ...], ...]]] = {
    "missing factor": (lambda: declared(ops.square, a=lambda g, a: g * a), ((3,),)),
    "wrong sign": (lambda: declared(ops.subtract, b=lambda g: g), ((3,), (3,))),
    "inputs exchanged": (lambda: declared(ops.multiply, a=lambda g, a: g * a, b=lambda g, b: g * b), ((3,), (3,))),
    "divided once too seldom": (lambda: declared(ops.divide, b=lambda g, y: -g * y), ((3,), (3,))),
    "y for a": (lambda: declared(ops.sin, a=lambda g, y: g * np.cos(y)), ((3,),)),
    "a constant of the second order": (lambda: declared(ops.exp, a=lambda g, y: g * getattr(y, "data", y)), ((3,),)),
    "an input without its adjoint": (lambda: declared(ops.power, n=lambda g: 0 * g), ((3,), (3,))),
    "transposed operand": (lambda: matmul_by(a=lambda g, b: linalg._matmul(g, b)), (square, square)),
    "transposed result": (lambda: matmul_by(b=lambda g, a: linalg._matmul(linalg.transposed(g), a)), (square, square)),
    "mean that sums": (lambda: declared(ops.mean, a=lambda g, a_shape: g * np.ones(a_shape)), ((3, 2),)),
    "wrong axis": (
        lambda: lambda a: declared(
            ops.sum, a=lambda g, a_shape, axis, keepdims: shape.spread(g, a_shape, 1 - axis, keepdims)
        )(a, 0),
        (square,),
    ),
    "axis unmoved": (lambda: lambda a: declared(ops.moveaxis, a=lambda g: g)(a, 0, 1), (square,)),
    "axes put back the wrong way": (
        lambda: lambda a: declared(ops.transpose, a=lambda g, axes: np.transpose(g, axes))(a, (1, 2, 0)),
        ((3, 3, 3),),
    ),
    "losers that win": (lambda: declared(ops.maximum, a=lambda g: g), ((9,), (9,))),
    "limits let through": (lambda: lambda a: declared(ops.clip, a=lambda g: g)(a, -0.1, 0.1), ((5,),)),
    "softmax without its sum": (lambda: declared(ops.softmax, a=lambda g, y: g * y), ((2, 3),)),
    "log softmax over the wrong axis": (
        lambda: declared(ops.log_softmax, a=lambda g, y: g - np.exp(y) * np.sum(g, axis=0, keepdims=True)),
        (square,),
    ),
    "repeats dropped": (
        lambda: lambda a: declared(ops.getitem, a=lambda g, a_shape, index: last_of(g, a_shape, index))(a, [0, 0, 1]),
        ((3,),),
    ),
    "parts in reverse": (
        lambda: lambda *a: declared(
            ops.stack, arrays=Each(lambda g, i, axis: g[1 - i])
        )(a, 0),
        ((3,), (3,)),
    ),
    "standardise without its mean": (lambda: lambda x: standardise_without("mean")(x, 2), ((2, 3, 4),)),
    "standardise without its projection": (lambda: lambda x: standardise_without("projection")(x, 2), ((2, 3, 4),)),
    "standardise without its deviation": (lambda: lambda x: standardise_without("deviation")(x, 2), ((2, 3, 4),)),
    "unit length without its projection": (
        lambda: declared(ops.unit_length, x=lambda g, x, eps: g / norm._length(x, eps)), ((2, 3),)),
    "kernel flipped": (
        lambda: conv_by(
            x=lambda g, w, x_shape, stride, padding: conv.conv2d_input_gradient(g, w[::-1], x_shape, stride, padding)
        ),
        ((1, 4, 4, 2), (3, 3, 2, 2)),
    ),
    "channels exchanged": (
        lambda: conv_by(
            w=lambda g, x, w_shape, stride, padding: np.swapaxes(
                conv.conv2d_weight_gradient(g, x, w_shape, stride, padding), 2, 3
            )
        ),
        ((1, 4, 4, 2), (3, 3, 2, 2)),
    ),
}  # fmt: skip


def last_of(g: Any, a_shape: tuple[int, ...], index: Any) -> Any:
    y = np.zeros(a_shape)
    y[index] = getattr(g, "data", g)
    return Tensor(y) if isinstance(g, Tensor) else y


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_adjoint_is_caught(name: str) -> None:
    make, shapes = MUTANTS[name]
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match=r"^(first|second) order"):
        check_gradients(make(), [rng.uniform(0.5, 1.5, shape) for shape in shapes])


def test_the_rules_as_they_stand_pass_the_same_way() -> None:
    """Declared anew with their own adjoints they pass: mutants fail for the error planted, not for the planting."""
    rng = np.random.default_rng(0)
    for operation, count in (
        (ops.square, 1),
        (ops.multiply, 2),
        (ops.divide, 2),
        (ops.softmax, 1),
        (linalg._matmul, 2),
    ):
        check_gradients(declared(operation), [rng.uniform(0.5, 1.5, square)] * count)
    check_gradients(lambda x: declared(ops.standardise)(x, 2), [rng.standard_normal((2, 3, 4))])


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
    exec(compile(source.replace(right, wrong), "<mutant>", "exec"), changed)
    for function in ("pull_back", "unbroadcast", "as_tensors", "starting_gradient", "accumulate"):
        mutant = changed[function]
        monkeypatch.setattr(getattr(tape, function), "__code__", mutant.__code__)
    with pytest.raises((AssertionError, ValueError, RuntimeError, pytest.fail.Exception)):
        engine_is_right()
