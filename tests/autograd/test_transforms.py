"""Transforms: the derivatives of functions, beside PyTorch's and beside differences."""

from collections import namedtuple
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Tensor, check_gradients, gradients, no_grad, ops
from tinyxm.autograd.tensor import Leaf


def numbers(*shape: int) -> np.ndarray:
    return np.asarray(np.random.default_rng((3, *shape)).uniform(-1, 1, shape))


# name: a function of both libraries' Tensors, given the library; and the shape of x. Each returns one number, or more.
FUNCTIONS: dict[str, tuple[Callable[[Any, Any], Any], tuple[int, ...]]] = {
    "quartic": (lambda lib, x: (x**4).sum(), (3,)),
    "of everything": (lambda lib, x: lib.exp(x @ x.T) * lib.sin(x[:, :1]), (2, 3)),
    "of one number": (lambda lib, x: lib.tanh(x) * x, ()),
    "single element": (lambda lib, x: lib.exp(x) ** 2, (1, 1)),
    "linear": (lambda lib, x: x[1:] - 2 * x[:1], (3,)),
    "of nothing": (lambda lib, x: lib.exp(x), (0, 2)),
    "to nothing": (lambda lib, x: lib.exp(x)[2:], (2,)),
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # of torch.func.jvp itself
@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_transforms_agree_with_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    function, shape = FUNCTIONS[name]
    x = numbers(*shape)
    tx = torch.from_numpy(x)

    def ours(x: Any) -> Any:
        return function(np, x)

    def theirs(x: Any) -> Any:
        return function(torch, x)

    def same(found: Tensor, expected: Any) -> None:
        assert (found.shape, found.dtype, found.requires_grad) == (tuple(expected.shape), np.float64, False)
        np.testing.assert_allclose(found.data, expected.numpy(), rtol=1e-10, atol=1e-12)

    y = theirs(tx)
    g, v = numbers(*y.shape), numbers(*shape)
    same(xm.jacobian(ours)(x), torch.func.jacrev(theirs)(tx))
    same(xm.jvp(ours, x, v), torch.func.jvp(theirs, (tx,), (torch.from_numpy(v),))[1])
    same(xm.vjp(ours, x, g), torch.func.vjp(theirs, tx)[1](torch.from_numpy(g))[0])

    def our_sum(x: Any) -> Any:
        return ours(x).sum()

    def their_sum(x: Any) -> Any:
        return theirs(x).sum()

    value, slope = xm.value_and_grad(our_sum)(x)
    same(value, their_sum(tx))
    same(slope, torch.func.grad(their_sum)(tx))
    same(xm.grad(our_sum)(x), torch.func.grad(their_sum)(tx))
    same(xm.hessian(our_sum)(x), torch.func.hessian(their_sum)(tx))
    theirs_hvp = torch.func.jvp(torch.func.grad(their_sum), (tx,), (torch.from_numpy(v),))[1]
    same(xm.hvp(our_sum, x, v), theirs_hvp)
    same(xm.jacobian(xm.hessian(our_sum))(x), torch.func.jacrev(torch.func.hessian(their_sum))(tx))


def test_they_compose_to_every_order() -> None:
    f = xm.grad
    derivatives = [24.0 * 2, 24.0, 0.0]
    for order, expected in enumerate(derivatives, start=3):
        nested: Any = lambda x: x**4  # noqa: E731
        for _ in range(order):
            nested = f(nested)
        assert nested(np.array(2.0)).item() == expected
    x = numbers(3)
    h = xm.hessian(lambda x: (np.exp(x) * x[::-1]).sum())(x)
    turned = xm.jacobian(xm.jacobian(lambda x: (np.exp(x) * x[::-1]).sum()))(x)
    np.testing.assert_allclose(h.data, turned.data)
    along = [xm.jvp(xm.grad(lambda x: (np.exp(x) * x[::-1]).sum()), x, e).data for e in np.eye(3)]
    np.testing.assert_allclose(np.stack(along), h.data)  # forward over reverse
    check_gradients(lambda x: xm.hvp(lambda x: np.exp(x * x).sum(), x, numbers(3)), [x])
    check_gradients(lambda x: xm.jvp(lambda x: np.exp(x * x), x, numbers(3)), [x])
    check_gradients(lambda x, g: xm.vjp(lambda x: np.exp(x * x), x, g), [x, numbers(3)])
    check_gradients(lambda x, v: xm.jvp(lambda x: np.exp(x * x), x, v), [x, numbers(3)])
    check_gradients(xm.jacobian(lambda x: np.exp(x * x[::-1])), [x])


def test_several_arguments_and_trees_keep_their_form() -> None:
    def f(p: Any, x: Any, *, scale: float = 1.0) -> Any:
        return ((x @ p["layers"][0]["w"] + p["b"]) ** 2).sum() * scale

    p = {"b": numbers(2), "layers": [{"w": numbers(3, 2)}]}
    x = numbers(4, 3)
    value, slopes = xm.value_and_grad(f)(p, x, scale=2.0)
    residual = x @ p["layers"][0]["w"] + p["b"]
    assert value.data == pytest.approx(2 * (residual**2).sum())
    np.testing.assert_allclose(slopes["b"].data, 4 * residual.sum(0))
    np.testing.assert_allclose(slopes["layers"][0]["w"].data, 4 * x.T @ residual)
    both = xm.grad(f, (1, 0))(p, x)
    assert both[0].shape == (4, 3)
    np.testing.assert_allclose(both[1]["b"].data, 2 * residual.sum(0))
    np.testing.assert_allclose(xm.grad(f, -1)(p, x).data, both[0].data)

    blocks = xm.hessian(f)(p, x)
    assert blocks["layers"][0]["w"]["b"].shape == (3, 2, 2)
    assert blocks["b"]["layers"][0]["w"].shape == (2, 3, 2)
    v = {"b": numbers(2) + 1, "layers": [{"w": numbers(3, 2) - 1}]}
    product = xm.hvp(lambda p: f(p, x), p, v)
    w, b = blocks["layers"][0]["w"], blocks["b"]
    np.testing.assert_allclose(
        product["b"].data, b["b"].data @ v["b"] + np.tensordot(b["layers"][0]["w"].data, v["layers"][0]["w"], 2)
    )
    np.testing.assert_allclose(
        product["layers"][0]["w"].data,
        w["b"].data @ v["b"] + np.tensordot(w["layers"][0]["w"].data, v["layers"][0]["w"], 2),
    )

    def several(a: Any, b: Any) -> Any:
        return {"sum": a + b, "product": (a * b,)}

    a, b = numbers(2), numbers(2) + 3
    j = xm.jacobian(several, (0, 1))(a, b)
    np.testing.assert_allclose(j["product"][0][0].data, np.diag(b))
    np.testing.assert_allclose(j["sum"][1].data, np.eye(2))
    moved = xm.jvp(several, (a, b), (b, a))
    np.testing.assert_allclose(moved["product"][0].data, b * b + a * a)
    back = xm.vjp(several, (a, b), {"sum": a, "product": [b]})
    np.testing.assert_allclose(back[0].data, a + b * b)


def test_what_an_argument_may_be() -> None:
    def f(x: Any) -> Any:
        return (x * x).sum()

    for given, dtype in (
        (2.0, np.float32),
        ([1.0, 2.0], np.float32),
        (np.float32([1, 2]), np.float32),
        (np.array([1.0, 2.0]), np.float64),
        (Tensor(np.array([1.0, 2.0])), np.float64),
        (xm.Parameter(np.array([1.0, 2.0])), np.float64),
    ):
        g = xm.grad(f)(given)
        assert g.dtype == dtype
        np.testing.assert_array_equal(g.data, 2 * np.asarray(getattr(given, "data", given)))
    array = np.ones(2)
    xm.grad(lambda x: (x[0] * x).sum())(array)
    assert array.tolist() == [1, 1]
    assert xm.grad(lambda x: Tensor(1.0))(np.ones(3)).data.tolist() == [0, 0, 0]
    assert xm.jvp(lambda x: Tensor(np.ones(2)), np.ones(3), np.ones(3)).data.tolist() == [0, 0]
    assert xm.grad(lambda p: p[0].sum())([np.ones(2), np.ones(1)])[1].data.tolist() == [0]
    deep = xm.grad(lambda p: (p[0][0] * p[1][0][0]).sum())([[np.ones(2)], [(np.full(2, 3.0), np.ones(1))]])
    assert [deep[0][0].data.tolist(), *(g.data.tolist() for g in deep[1][0])] == [[3, 3], [1, 1], [0]]
    named = xm.grad(lambda p: p.weight * p.bias)(namedtuple("Named", "weight bias")(2.0, 3.0))
    assert (named.weight.item(), named.bias.item()) == (3, 2)


def test_the_derivative_by_an_argument_is_by_that_place_alone() -> None:
    w = Tensor(np.array(3.0), requires_grad=True)
    assert xm.grad(lambda x: x * w)(w).item() == 3
    assert [g.item() for g in xm.grad(lambda a, b: a * a * b, (0, 1))(w, w)] == [18, 9]
    assert xm.jvp(lambda x: x * w, w, np.array(1.0)).item() == 3


def test_a_result_stays_connected_to_what_requires_a_gradient() -> None:
    """Given or closed over: a penalty on the slope of a model is trained through the slope."""
    x, w = (Tensor(np.array([v, 1.0]), requires_grad=True) for v in (2.0, 3.0))
    slope = xm.grad(lambda x: (w * x * x).sum())(x)
    assert slope.requires_grad
    (slope**2).sum().backward()
    np.testing.assert_allclose(w.grad, 8 * w.data * x.data**2)  # (2wx)²
    np.testing.assert_allclose(x.grad, 8 * w.data**2 * x.data)
    value, slope = xm.value_and_grad(lambda x: (w * x).sum())(x.data)
    assert value.requires_grad
    assert gradients(slope.sum(), [w])[0].data.tolist() == [1, 1]
    with no_grad():
        value, slope = xm.value_and_grad(lambda x: (w * x * x).sum())(x)
        assert not value.requires_grad
        assert not slope.requires_grad
        assert not xm.jacobian(lambda x: w * x)(x).requires_grad
    assert not xm.grad(lambda x: (x * w.data).sum())(x.data).requires_grad
    direction = Tensor(np.ones(2), requires_grad=True)
    assert gradients(xm.jvp(lambda x: x**3, x.data, direction).sum(), [direction])[0].data.tolist() == [12, 3]


def test_a_transform_leaves_the_graph_outside_alone() -> None:
    """No pass of its own goes further than its function: nothing is freed, no hook runs, no `grad` is filled."""
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    h, seen = w * w, []
    h.register_hook(seen.append)
    hvp, vjp = (lambda f: lambda x: xm.hvp(f, x, np.ones(2))), (lambda f: lambda x: xm.vjp(f, x, 1.0))
    for transform in (xm.grad, xm.hessian, hvp, vjp):
        for mode in (no_grad, nullcontext):
            with mode():
                transform(lambda x: (x**3 * h).sum())(h)
                transform(lambda x: (x**3 * h).sum())(np.ones(2))
    assert xm.grad(lambda x: h.sum())(np.ones(2)).data.tolist() == [0, 0]
    assert not seen
    assert w.grad is None
    assert isinstance(w.node, Leaf)
    h.sum().backward()
    assert w.grad.tolist() == [2, 4]
    assert len(seen) == 1


def test_jvp_asks_nothing_of_the_second_derivative() -> None:
    """√ at 0 has no finite one; along v = 0 elsewhere the product is exact all the same."""
    with np.errstate(all="raise"):
        assert xm.jvp(lambda x: np.sqrt(x), np.array([4.0]), np.array([1.0])).data == [0.25]
        assert xm.jvp(lambda x: ops.relu(x), np.array([-1.0, 2.0]), np.array([1.0, 1.0])).data.tolist() == [0, 1]


def test_stop_gradient_is_a_constant_to_differentiate() -> None:
    x = np.array([1.0, 2.0])
    assert xm.grad(lambda x: (xm.stop_gradient(x) * x).sum())(x).data.tolist() == [1, 2]
    assert xm.stop_gradient(x) is x
    assert xm.stop_gradient(2.0) == 2.0


@pytest.mark.parametrize(
    ("kind", "words", "run"),
    [
        (TypeError, r"grad: it takes a function, .* call gradients\(y, \[x\]\)", lambda: xm.grad(Tensor([1.0]))),
        (TypeError, "jacobian: it takes a function, not a list", lambda: xm.jacobian([])),
        (ValueError, r"grad: f returned shape \(2,\); return one number", lambda: xm.grad(np.exp)(np.ones(2))),
        (TypeError, "grad: f returned a float; return", lambda: xm.grad(lambda x: 1.0)(np.ones(2))),
        (TypeError, "grad: f returned a tuple; return one", lambda: xm.grad(lambda x: (x.sum(),))(np.ones(2))),
        (TypeError, "grad: argument 0 is int64; give floats", lambda: xm.grad(np.sum)([1, 2])),
        (ValueError, "grad: argument 1 is to be differ.* but 1 were given", lambda: xm.grad(np.exp, 1)(1.0)),
        (TypeError, "grad: argument 'x'; give a place", lambda: xm.grad(np.exp, "x")(1.0)),
        (ValueError, r"hvp: f returned shape \(2,\)", lambda: xm.hvp(np.exp, np.ones(2), np.ones(2))),
        (ValueError, r"hessian: f returned shape \(2,\)", lambda: xm.hessian(np.exp)(np.ones(2))),
        (ValueError, r"vjp: g has shape \(3,\), expected \(2,\)", lambda: xm.vjp(np.exp, np.ones(2), np.ones(3))),
        (ValueError, r"jvp: v has shape \(\), expected \(2,\)", lambda: xm.jvp(np.exp, np.ones(2), 1.0)),
        (
            ValueError,
            r"jvp: v has another form; expected a dict of \['a'\]",
            lambda: xm.jvp(lambda p: p["a"], {"a": 1.0}, 1.0),
        ),
    ],
)
def test_what_can_not_be_transformed_is_told(kind: type[Exception], words: str, run: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=f"^{words}"):
        run()
