"""`linear`: one operation beside PyTorch's, past the size where compiled kernels run, and what it keeps for later."""

import gc
import weakref

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import ops

ACTIVATIONS = pytest.mark.parametrize("activation", ["none", "relu", "gelu"])


def drawn(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.oracle
@ACTIVATIONS
@pytest.mark.parametrize("rows", [(300,), (3, 100)])
def test_agrees_with_pytorch_recorded_or_not(activation, rows):
    torch = pytest.importorskip("torch")
    x, w, b, g = drawn((*rows, 70), (70, 90), (90,), (*rows, 90))
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    z = torch.nn.functional.linear(theirs[0], theirs[1].T, theirs[2])
    (z if activation == "none" else getattr(torch.nn.functional, activation)(z)).backward(torch.tensor(g))
    ours = [xm.Parameter(a) for a in (x, w, b)]
    y = ops.linear(*ours, activation)
    y.backward(g)
    for own, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own.grad, their.grad.numpy(), atol=1e-10)
    with xm.no_grad():  # bias and activation in one pass
        np.testing.assert_allclose(ops.linear(*ours, activation).data, y.data, atol=1e-11)


@ACTIVATIONS
@pytest.mark.parametrize("rows", [2, 400])
def test_nan_stays_in_its_row(activation, rows):
    x = np.ones((rows, 64), np.float32)
    x[1] = np.nan
    y = ops.linear(x, np.ones((64, 64), np.float32), np.ones(64, np.float32), activation)
    assert np.isnan(y[1]).all()
    assert np.isfinite(y[0]).all()


def test_each_gradient_has_the_dtype_of_what_it_is_of():
    (x, w) = drawn((2, 3), (3, 4))
    x, w = xm.Parameter(x.astype(np.float32)), xm.Parameter(w)
    y = ops.linear(x, w)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, w.grad.dtype) == (np.float64, np.float32, np.float64)


def test_what_relu_was_taken_of_is_let_go():
    parameters, seen = [xm.Parameter(a) for a in drawn((40, 30), (30, 60), (60,))], []
    with xm.listen(lambda event: seen.append((event.operation, weakref.ref(event.result)))):
        y = ops.linear(*parameters, "relu")
    gc.collect()
    assert [(operation, made() is not None) for operation, made in seen] == [("linear", False), ("relu", True)]
    assert y.shape == (40, 60)


def test_a_layer_gives_the_same_through_a_checkpoint():
    layer, (x,) = xm.nn.Linear(3, 2), drawn((4, 3))
    x = xm.Tensor(x.astype(np.float32), requires_grad=True)
    layer(x).sum().backward()
    gradient, layer.weight.grad = layer.weight.grad.copy(), None
    xm.checkpoint(layer, x).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, gradient)
