"""Tensor's contract: types, NumPy's protocols, and what it refuses."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Parameter, Tensor, gradients, no_grad, ops

x32 = Tensor(np.array([0.5, 0.25], np.float32), requires_grad=True)
x64 = Tensor(np.array([0.5, 0.25]), requires_grad=True)


def test_what_a_tensor_is_made_of() -> None:
    for data in (0.5, [0.5], [[1.0, 2.0]], np.float64(0.5), (0.5, 1)):
        assert Tensor(data).dtype == np.float32
    for dtype in ("float32", "float64", "int64", "bool"):
        array = np.ones(2, dtype)
        tensor = Tensor(array)
        assert tensor.dtype == array.dtype
        assert not np.shares_memory(tensor.data, array)
    assert Tensor(x64.detach()).dtype == np.float64
    with pytest.raises(TypeError, match="requires a gradient, which a copy would lose"):
        Tensor(x64)
    assert Parameter([0.5]).requires_grad
    with pytest.raises(TypeError, match=r"^Tensor: int64 has no gradient; give floats"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match=r"^Tensor: .*isn't a number type"):
        Tensor(["a"])


@pytest.mark.parametrize("x", [x32, x64], ids=["float32", "float64"])
def test_numbers_promote_nothing(x: Tensor) -> None:
    for number in (2, 0.5, np.float64(0.5), np.sqrt(2), np.float32(0.5), True, [0.5, 2.0]):
        for y in (x + number, number + x, x - number, number - x, x * number, number * x, x / number, number / x):
            assert y.dtype == x.dtype
        for y in (x**number, np.maximum(x, number), np.minimum(number, x), np.where(x > 0, x, number)):
            assert y.dtype == x.dtype
        y = (x * number).sum()
        y.backward()
        assert x.grad.dtype == x.dtype
    assert np.clip(x, np.float64(0), np.float64(1)).dtype == x.dtype
    x.grad = None


def test_numpy_functions_are_the_operations() -> None:
    a = np.array([1.0, 2.0])
    for y, expected in (
        (np.exp(x64), np.exp(x64.data)),
        (np.add(a, x64), a + x64.data),
        (a * x64, a * x64.data),
        (a @ x64, a @ x64.data),
        (np.sum(x64, axis=0), 0.75),
        (np.mean(x64), 0.375),
        (np.concatenate([a, x64]), [1, 2, 0.5, 0.25]),
        (np.stack([x64, x64], axis=1), [[0.5, 0.5], [0.25, 0.25]]),
        (np.where(x64 > 0.3, x64, 0), [0.5, 0]),
        (np.reshape(x64, (2, 1)), [[0.5], [0.25]]),
        (np.clip(x64, 0, 0.3), [0.3, 0.25]),
        (x64[..., None], [[0.5], [0.25]]),
        (np.float64(2) * x64, [1, 0.5]),
        (2 / x64, [4, 8]),
    ):
        assert isinstance(y, Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.data, expected)


def test_what_carries_no_gradient_gives_arrays() -> None:
    for y in (x64 > 0.3, np.argmax(x64), np.isnan(x64), np.zeros_like(x64), np.floor(x64), np.shape(x64), x64 == x64):
        assert not isinstance(y, Tensor)
    assert (x64 > np.array([0.4, 0.4])).tolist() == (np.array([0.4, 0.4]) < x64).tolist() == [True, False]


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("array: this Tensor requires a gradient, which an array would lose; use t.data", lambda: np.asarray(x64)),
        ("array: ", lambda: np.array([x64, x64])),
        ("array: ", lambda: np.array([x64.sum(), x64.sum()])),
        ("cross: no rule differentiates it", lambda: np.cross(x64, x64)),
        ("quantile: no rule differentiates it", lambda: np.quantile(x64, 0.5)),
        ("cond: no rule differentiates it", lambda: np.linalg.cond(x64)),
        ("cbrt: no rule differentiates it", lambda: np.cbrt(x64)),
        ("add: on a Tensor, out= has no gradient", lambda: np.add(x64, 1, out=np.zeros(2))),
        ("add: on a Tensor, where= has no gradient", lambda: np.add(x64, 1, where=np.array([True, False]))),
        ("exp: on a Tensor, dtype= has no gradient", lambda: np.exp(x64, dtype=np.float32)),
        ("add: on a Tensor, method 'reduce' has no gradient", lambda: np.add.reduce(x64)),
        ("multiply: on a Tensor, method 'outer' has no gradient", lambda: np.multiply.outer(x64, x64)),
        (
            "sum: got an unexpected keyword argument 'dtype'; on a Tensor it takes a, axis, keepdims",
            lambda: np.sum(x64, dtype=np.float32),
        ),
        ("sum: too many positional arguments; on a Tensor", lambda: np.sum(x64, 0, None, None)),
        ("where: missing a required argument: 'a'; on a Tensor", lambda: np.where(x64)),
        ("sum: got an unexpected keyword argument 'out'; on a Tensor", lambda: np.sum(x64, out=np.zeros(()))),
    ],
)
def test_what_is_not_supported_raises_and_never_detaches(message: str, call: object) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        call()  # type: ignore[operator]
    array = np.ones(2)
    with pytest.raises(TypeError, match=r"^add: on a Tensor, out="):
        array += x64


def test_a_tensor_without_gradient_is_an_array_to_numpy() -> None:
    assert np.asarray(x64.detach()).tolist() == [0.5, 0.25]
    assert np.array(x64.detach(), dtype=np.float32).dtype == np.float32


def test_grad_takes_only_what_fits() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.grad = np.ones(2, np.float32)
    for wrong in (np.ones(3, np.float32), np.ones(2), 1.0):
        with pytest.raises(ValueError, match=r"^grad: expected an array \(2,\) of float32 or None"):
            x.grad = wrong
    with pytest.raises(TypeError, match=r"^grad: only a leaf"):
        (x * 2).grad = None


def test_grad_has_the_type_of_its_tensor() -> None:
    for create_graph in (False, True):
        (g,) = gradients((x32 * 2).sum(), [x32], Tensor(np.array(1.0)), create_graph=create_graph)
        assert g.dtype == np.float32
    (g,) = gradients((x32 * np.arange(2)).sum(), [x32])
    assert g.dtype == np.float32


def test_a_float64_array_leaves_the_gradients_of_float32_alone() -> None:
    """NumPy makes float64 of the product; before it, the gradient is float32 again, as the kernels need it."""
    for create_graph in (False, True):
        x, w = (Tensor(np.ones(shape, np.float32), requires_grad=True) for shape in ((1, 4, 4, 1), (3, 3, 1, 1)))
        y = ops.conv2d(x, w)
        loss = (y * np.ones(y.shape)).sum()
        assert loss.dtype == np.float64
        assert [g.dtype for g in gradients(loss, [x, w, y], create_graph=create_graph)] == [np.float32] * 3


def test_methods_properties_and_words() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    assert x.T.shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == x.reshape(3, -1).shape == (3, 2)
    assert [row.shape for row in x] == [(3,), (3,)]
    assert float(x[0, 1]) == x[0, 1].item() == 1
    assert f"{x.sum():.1f}" == "15.0"
    assert repr(Tensor([1.0], requires_grad=True)) == "Tensor([1.], dtype=float32, requires_grad=True)"
    assert "multiply" in repr(x * 2)
    assert len({x, x, Tensor([1.0])}) == 2
    with pytest.raises(TypeError, match=r"^iter: "):
        iter(x.sum())


def test_no_grad_is_of_one_thread_and_decorates() -> None:
    @no_grad()
    def twice(x: Tensor) -> Tensor:
        return x * 2

    assert not twice(x64).requires_grad
    assert not twice(x64).requires_grad
    seen = []
    with no_grad():
        assert not (x64 * 2).requires_grad
        thread = threading.Thread(target=lambda: seen.append((x64 * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]
    assert (x64 * 2).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert (x64 * 2).requires_grad


def test_importing_imports_no_numba() -> None:
    code = """import sys, tinyxm as xm; x = xm.Tensor([1.0], requires_grad=True); (x * x).backward()
sys.exit("numba" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("number", [np.float64(2), np.int64(2), np.int32(2), 2, 2.0, [2], [2.0]])
def test_no_scalar_and_no_list_promotes(number) -> None:
    for dtype in (np.float32, np.float64):
        t = Tensor(np.ones(1, dtype), requires_grad=True)
        for y in (t * number, number * t, np.maximum(t, number), t / number, np.concatenate([t, [2.0]]), t @ [2.0]):
            assert y.dtype == dtype
    x = Tensor(np.ones(1), requires_grad=True)
    assert np.add(x, [0.1]).data[0] == 1.1  # and none loses digits


def test_small_integers_index() -> None:
    table = Tensor(np.ones((300, 2), np.float32), requires_grad=True)
    table[np.array([3, 250, 3], np.uint8)].sum().backward()
    assert table.grad.sum(1).nonzero()[0].tolist() == [3, 250]
    assert table.grad[3].tolist() == [2, 2]


def test_a_gradient_that_is_set_is_an_array_of_this_type() -> None:
    p = xm.Parameter(np.ones(2))
    with pytest.raises(ValueError, match="expected an array"):
        p.grad = [1.0, 2.0]
    p.grad = Tensor(np.ones(2))
    assert type(p.grad) is np.ndarray
    assert xm.Parameter(np.ones((2, 3)).T).data.flags.c_contiguous
