"""Matrix multiplication: every rung against sums by hand and NumPy, over shapes, strides and dtypes."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import registry

OPERATION = "matmul"
SIZE = st.integers(0, 5)


def laid_out(array, layout):
    """The same values in another memory layout."""
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    if layout == "strided":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "reversed":
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    return array


LAYOUT = st.sampled_from(["contiguous", "transposed", "strided", "reversed"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_by_hand(rung, dtype):
    a, b = np.array([[1, 2, 3], [4, 5, 6]], dtype), np.array([[1, 0], [2, 1], [0, 3]], dtype)
    with kernels.using(f"matmul={rung}"):
        y = kernels.matmul(a, b)
    assert y.tolist() == [[5, 11], [14, 23]]
    assert y.dtype == dtype


@given(
    batch=st.sampled_from([((), ()), ((2,), ()), ((), (3,)), ((2,), (2,)), ((4, 1), (3,)), ((1,), (5,)), ((0,), ())]),
    m=SIZE, k=SIZE, n=SIZE, left=LAYOUT, right=LAYOUT, seed=st.integers(0, 9),
)  # fmt: skip
def test_agrees_with_sums_of_products(rung, batch, m, k, n, left, right, seed):
    rng = np.random.default_rng(seed)
    a = laid_out(rng.normal(size=(*batch[0], m, k)), left)
    b = laid_out(rng.normal(size=(*batch[1], k, n)), right)
    expected = sum((a[..., :, i, None] * b[..., None, i, :] for i in range(k)), np.zeros((1, 1)))
    with kernels.using(f"matmul={rung}"):
        y = kernels.matmul(a, b)
    assert y.shape == (*np.broadcast_shapes(*batch), m, n)
    np.testing.assert_allclose(y, np.broadcast_to(expected, y.shape), atol=1e-12)


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), (3, 2)), ((4, 3), (3,)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4))])
def test_vectors(rung, shapes):
    a, b = (np.random.default_rng(0).normal(size=shape) for shape in shapes)
    with kernels.using(f"matmul={rung}"):
        y = kernels.matmul(a, b)
    np.testing.assert_allclose(y, np.matmul(a, b), atol=1e-12)
    assert np.shape(y) == np.shape(np.matmul(a, b))


def test_broadcast_operands(rung):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 5, 3)), rng.normal(size=(3, 6))
    with kernels.using(f"matmul={rung}"):
        np.testing.assert_allclose(kernels.matmul(a, np.broadcast_to(b, (4, 3, 6))), a @ b, atol=1e-12)
        np.testing.assert_allclose(
            kernels.matmul(a[:1], np.broadcast_to(b, (4, 3, 6))), np.stack([a[0] @ b] * 4), atol=1e-12
        )
        one_row = np.broadcast_to(a[:, :1], a.shape)
        np.testing.assert_allclose(kernels.matmul(one_row, b), one_row.copy() @ b, atol=1e-12)


def test_other_dtypes_run_on_the_reference():
    a = np.arange(6).reshape(2, 3)
    assert kernels.matmul(a, a.T).tolist() == [[5, 14], [14, 50]]
    assert kernels.chosen("matmul", a, a.T).name == "reference"


def test_every_rung_gets_operands_of_one_dtype(monkeypatch):
    """So the result's dtype is that of NumPy's promotion, also by a rung that allocates it in the dtype of `a`."""

    def greedy(a, b):
        return (a @ b).astype(a.dtype)

    kernels.use("default")
    monkeypatch.setitem(registry._choices, "matmul", "greedy")
    monkeypatch.setitem(registry._operations["matmul"].rungs, "greedy", registry.Rung("matmul", "greedy", greedy))
    for left, right in product((np.float32, np.float64, np.int64), repeat=2):
        assert kernels.matmul(np.ones((2, 3), left), np.ones((3, 2), right)).dtype == np.result_type(left, right)


def test_mixed_dtypes_on_every_rung_that_is_there(rung):
    a, b = np.ones((2, 3), np.float32), np.full((3, 2), 1 + 1e-12)
    with kernels.using(f"matmul={rung}"):
        for y in (kernels.matmul(a, b), kernels.matmul(b.T, a.T)):
            assert y.dtype == np.float64
            assert (y > 3).all()


@pytest.mark.parametrize("given", [[[1.0]], None, 2.0])
def test_what_is_no_array_is_refused(given):
    with pytest.raises(TypeError, match=r"matmul: b is of type .*, expected an array"):
        kernels.matmul(np.ones((1, 1)), given)


def test_shapes_that_do_not_multiply_have_no_cost():
    for cost in (kernels.flops, kernels.bytes_moved):
        with pytest.raises(ValueError, match="inner sizes 2 and 5 differ"):
            cost("matmul", (3, 2), (5, 3))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((32, 10), (12, 4), r"matmul: \(32, 10\) @ \(12, 4\): inner sizes 10 and 12 differ"),
        ((3,), (4,), "inner sizes 3 and 4 differ"),
        ((2, 3, 4), (3, 4, 5), "leading axes .* don't broadcast"),
        ((), (2, 2), "no axis to sum over"),
    ],
)
def test_errors(a, b, message):
    with pytest.raises(ValueError, match=message):
        kernels.matmul(np.ones(a), np.ones(b))
