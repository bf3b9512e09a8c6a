"""Matrix multiplication: every rung against sums by hand and NumPy, over shapes, strides and dtypes."""

import math
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import registry
from tinyxm_kernels.threads import threads

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


# What only the rungs with their own addressing can get wrong: edges of tiles, blocks, threads, views

OWN = ["packed", "parallel"]


def exact(m, n, k, dtype, seed=0):
    """Whole numbers, whose sums are exact in every order: what differs is wrong."""
    rng = np.random.default_rng(seed)
    return rng.integers(-4, 5, (m, k)).astype(dtype), rng.integers(-4, 5, (k, n)).astype(dtype)


@pytest.fixture
def threads_from_the_first_operation(monkeypatch):
    compiled = pytest.importorskip("tinyxm_kernels._compiled")
    monkeypatch.setattr(compiled, "SERIAL_BELOW", 0)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tails_of_every_width_and_several_blocks(name, dtype):
    with kernels.using(f"matmul={name}"):
        for m, n, k in [*product((1, 5, 6, 7), range(1, 18), (1, 3, 4)), (200, 530, 258), (13, 9, 600), (193, 16, 513)]:
            a, b = exact(m, n, k, dtype)
            np.testing.assert_array_equal(kernels.matmul(a, b), np.einsum("ik,kj->ij", a, b))


def field(x):
    """In a structure of 5 or 9 bytes: no element lies where an element may."""
    whole = np.zeros(x.shape, [("before", np.int8), ("x", x.dtype)])
    whole["x"] = x
    return whole["x"]


def test_infinity_times_what_adds_up_to_0_is_no_number(rung):
    """In a broadcast operand, too, where a sum could be taken first."""
    a = np.array([[1.0, -1.0], [1.0, 1.0]])
    with kernels.using(f"matmul={rung}"), np.errstate(invalid="ignore"):
        y = kernels.matmul(a, np.broadcast_to(np.inf, (2, 3)))
    np.testing.assert_array_equal(y, [[np.nan] * 3, [np.inf] * 3])


VIEWS = {
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "rows apart": lambda x: np.repeat(x, 3, axis=0)[::3],
    "columns apart": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "rows reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "columns reversed": lambda x: np.ascontiguousarray(x[:, ::-1])[:, ::-1],
    "inside": lambda x: np.pad(x, 5, constant_values=np.nan)[5:-5, 5:-5],
    "foreign bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "a field": field,
}


def readonly(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("left", [*VIEWS, "read-only"])
@pytest.mark.parametrize("right", ["transposed", "columns reversed", "inside", "foreign bytes", "read-only"])
def test_views_are_read_where_they_lie(name, left, right):
    a, b = exact(20, 37, 11, np.float32)
    x, w = ((VIEWS | {"read-only": readonly})[view](operand) for view, operand in ((left, a), (right, b)))
    np.testing.assert_array_equal(x, a)
    with kernels.using(f"matmul={name}"):
        np.testing.assert_array_equal(kernels.matmul(x, w), np.einsum("ik,kj->ij", a, b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_strides_that_crowd_the_cache(dtype):
    """Rows, and columns of the transpose, 8192 bytes apart: A is packed, too."""
    a, b = exact(201, 100, 8192 // np.dtype(dtype).itemsize, dtype)
    with kernels.using("matmul=packed"):
        np.testing.assert_array_equal(kernels.matmul(a, b), np.einsum("ik,kj->ij", a, b))
        np.testing.assert_array_equal(kernels.matmul(a.T, a[:, :90]), np.einsum("ki,kj->ij", a, a[:, :90]))


@pytest.mark.parametrize(
    "shapes", [((70, 40), (40, 50)), ((300, 7), (7, 3)), ((2, 500), (500, 64)), ((3, 9, 8), (3, 8, 33))]
)
def test_the_same_bits_on_any_number_of_threads(shapes, threads_from_the_first_operation):
    a, b = (np.random.default_rng(0).normal(size=shape).astype(np.float32) for shape in shapes)
    with kernels.using("matmul=packed"):
        expected = kernels.matmul(a, b)
    np.testing.assert_allclose(expected, a @ b, atol=1e-4)
    with kernels.using("matmul=parallel"):
        for number in (1, 2, 3, 4, 4):
            with threads(number):
                np.testing.assert_array_equal(kernels.matmul(a, b), expected)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_row_and_column(name, bad, threads_from_the_first_operation):
    a, b = exact(14, 19, 9, np.float32)
    b[:] = np.abs(b) + 1
    a[8, 3] = bad
    with kernels.using(f"matmul={name}"):
        y = kernels.matmul(a, b)
        assert (np.isnan(y[8]) if np.isnan(bad) else y[8] == bad).all()
        assert np.isfinite(np.delete(y, 8, axis=0)).all()
        z = kernels.matmul(b.T, a.T)
        assert np.isfinite(np.delete(z, 8, axis=1)).all()
        assert not np.isfinite(z[:, 8]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_beyond_the_operands_is_read(dtype):
    """The operands end where a page of memory ends, after which there is none: a read beyond them ends the process."""
    code = f"""
import ctypes, mmap, numpy as np, tinyxm_kernels as kernels
page, libc = mmap.PAGESIZE, ctypes.CDLL(None)
libc.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
def at_the_end(x):
    memory = mmap.mmap(-1, 4 * page)
    whole = np.frombuffer(memory, np.uint8)
    assert not libc.mprotect(whole.ctypes.data + 3 * page, page, 0)
    y = whole[3 * page - x.nbytes : 3 * page].view(x.dtype).reshape(x.shape)
    y[:] = x
    return y
for name in ("packed", "parallel"):
    with kernels.using(f"matmul={{name}}"):
        for m, n, k in ((1, 1, 1), (6, 16, 4), (7, 17, 5), (5, 3, 9), (13, 31, 2)):
            a, b = np.ones((m, k), "{np.dtype(dtype).name}"), np.ones((k, n), "{np.dtype(dtype).name}")
            for x, w in ((a, b), (b.T, a.T)):
                assert (kernels.matmul(*(at_the_end(np.ascontiguousarray(o.T)).T for o in (x, w))) == k).all()
                assert (kernels.matmul(at_the_end(x.copy()), at_the_end(w.copy())) == k).all()
print("right")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "right\n", run.stderr


# linear: y = activation(x w + bias)


@pytest.mark.parametrize("name", ["blas", "epilogue", "packed", "parallel", "reference"])
@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 5, 7), (0, 7), (3, 0), (300, 520)])
def test_linear(name, activation, shape, threads_from_the_first_operation):
    rng = np.random.default_rng(0)
    x, w, bias = rng.normal(size=shape), rng.normal(size=(shape[-1], 19)), rng.normal(size=38)[::2]
    phi = np.vectorize(lambda z: z * math.erfc(-z / math.sqrt(2)) / 2, otypes=[float])
    f = {"none": lambda z: z, "relu": lambda z: np.where(z > 0, z, 0), "gelu": phi}[activation]
    with kernels.using(f"linear={name}"):
        np.testing.assert_allclose(kernels.linear(x, w, bias, activation), f(x @ w + bias), atol=1e-12)
        np.testing.assert_allclose(kernels.linear(x, w, None, activation), f(x @ w), atol=1e-12)
        single = kernels.linear(*(array.astype(np.float32) for array in (x, w, bias)), activation)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, f(x @ w + bias), atol=1e-4)


@pytest.mark.parametrize("name", ["blas", "epilogue", "packed", "parallel", "reference"])
@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
def test_linear_lets_no_nan_be_lost(name, activation):
    x, w = np.array([[np.nan, 1], [1, 1]], np.float32), np.ones((2, 3), np.float32)
    with kernels.using(f"linear={name}"):
        assert np.isnan(kernels.linear(x, w, None, activation)).tolist() == [[True] * 3, [False] * 3]


@pytest.mark.parametrize(
    ("x", "w", "bias", "activation", "message"),
    [
        ((2, 3), (4, 5), None, "none", r"linear: x \(2, 3\), w \(4, 5\): expected"),
        ((2, 3), (3,), None, "none", "expected .*inputs, outputs"),
        ((2, 3), (3, 5), (4,), "none", r"linear: bias has shape \(4,\), expected \(5,\)"),
        ((2, 3), (3, 5), None, "tanh", "activation 'tanh': expected none, relu, gelu"),
    ],
)
def test_linear_errors(x, w, bias, activation, message):
    with pytest.raises(ValueError, match=message):
        kernels.linear(np.ones(x), np.ones(w), None if bias is None else np.ones(bias), activation)
    with pytest.raises(TypeError, match="linear: x is of type list"):
        kernels.linear([[1.0, 2.0]], np.ones((2, 2)))


def test_operands_of_several_dtypes_are_converted():
    x, w, bias = np.ones((2, 3), np.float32), np.full((3, 2), 0.1), np.arange(2)
    y = kernels.linear(x, w, bias)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, kernels.linear(np.ones((2, 3)), w, np.arange(2.0)))
