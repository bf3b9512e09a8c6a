"""Sums: every rung against exact sums, and on a GPU the order of additions, which must be the same each time."""

import math
from fractions import Fraction

import cupy_stand_in
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import cuda

OPERATION = "reduce_sum"
CUDA = ["cuda_shared", "cuda_shuffle"]
SHAPES = [
    (),
    (1,),
    (0,),
    (3, 0),
    (0, 3),
    (7,),
    (3, 31),
    (3, 32),
    (2, 2, 33),
    (2, 255),
    (256,),
    (257,),
    (1025,),
    (3, 4097),
]


def by(name, a, axis=-1):
    with kernels.using(f"reduce_sum={name}"):
        return kernels.reduce_sum(a, axis)


def whole(shape, dtype=np.float32, seed=0):
    """Whole numbers, whose sums are exact in every order."""
    return np.random.default_rng(seed).integers(-99, 100, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_by_hand(rung, dtype):
    a = np.array([[1, 2, 3], [4, 5, 6]], dtype)
    for name in (rung, *CUDA) if dtype == np.float32 else (rung,):
        y = by(name, a)
        assert y.tolist() == [6, 15]
        assert y.dtype == dtype
        total = by(name, a, None)
        assert total == 21
        assert total.shape == ()
        assert total.dtype == dtype


def test_every_rung_is_here():
    assert [rung.name for rung in kernels.ladder("reduce_sum", "cuda")] == CUDA


@pytest.mark.parametrize("name", ["reference", *CUDA])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_exact_sums(name, shape):
    a = whole(shape)
    assert by(name, a, None) == sum(Fraction(float(x)) for x in a.ravel())
    if shape:
        y = by(name, a)
        assert y.shape == shape[:-1]
        rows = a.reshape(-1, shape[-1]) if a.size else np.zeros((math.prod(shape[:-1]), 0))
        assert y.ravel().tolist() == [sum(Fraction(float(x)) for x in row) for row in rows]


@pytest.mark.parametrize("name", CUDA)
@settings(max_examples=40)
@given(rows=st.integers(0, 5), columns=st.integers(0, 300), strided=st.booleans())
def test_exact_sums_of_any_shape_and_stride(name, rows, columns, strided):
    a = whole((rows, 2 * columns))[:, ::2] if strided else whole((columns, rows)).T
    np.testing.assert_array_equal(by(name, a), a.astype(int).sum(1))
    np.testing.assert_array_equal(by(name, a, None), a.astype(int).sum())


@pytest.mark.parametrize("name", ["reference", *CUDA])
def test_sums_are_as_exact_as_their_order_allows(name):
    """|error| ≤ (longest chain of additions) · 2⁻²⁴ · Σ|a|: a thread's share, 8 steps, and again for the pieces."""
    a = np.random.default_rng(0).normal(size=20000).astype(np.float32)
    exact = math.fsum(a.tolist())
    chain = 1 if name == "reference" else 17 + 8 + 1 + 8
    assert abs(float(by(name, a)) - exact) <= chain * 2**-24 * np.abs(a).sum()
    ones = np.ones(2**24 + 2, np.float32) if name == "reference" else np.ones(2**17 + 2, np.float32)
    assert by(name, ones, None) == ones.size


@pytest.mark.parametrize("name", CUDA)
def test_long_rows_are_cut_into_pieces_that_the_shape_alone_decides(name):
    rows = whole((2, 9000))
    with cuda.launches() as seen:
        np.testing.assert_array_equal(by(name, rows), rows.astype(int).sum(1))
    assert [launch.grid for launch in seen] == [(2, 3, 1), (2, 1, 1)]  # of 4096 numbers at least; then 3 shares a row
    assert [launch.block for launch in seen] == [(256, 1, 1), (32, 1, 1)]
    with cuda.launches() as seen:
        by(name, whole((1000, 40)))
    assert [(launch.grid, launch.block) for launch in seen] == [((1000, 1, 1), (64, 1, 1))]


def added_by_halves(x):
    """One after the other, the upper half added to the lower: the order of both trees over a power of two."""
    while len(x) > 1:
        x = x[: len(x) // 2] + x[len(x) // 2 :]
    return x[0]


def test_the_order_of_additions_is_the_tree_s():
    """Bit for bit: of float32, where another order would give other bits."""
    a = np.random.default_rng(1).normal(size=(4, 1024)).astype(np.float32)
    shares = np.zeros((4, 256), np.float32)
    for i in range(4):
        shares += a[:, 256 * i : 256 * (i + 1)]
    np.testing.assert_array_equal(by("cuda_shared", a), [added_by_halves(row) for row in shares])
    by_warps = [np.array([added_by_halves(warp) for warp in row.reshape(8, 32)]) for row in shares]
    in_one = [added_by_halves(np.concatenate([sums, np.zeros(24, np.float32)])) for sums in by_warps]
    np.testing.assert_array_equal(by("cuda_shuffle", a), in_one)
    assert by("cuda_shared", a).tolist() != by("cuda_shuffle", a).tolist()


@pytest.mark.parametrize("name", ["reference", *CUDA])
def test_what_is_no_number_comes_through(name):
    a = np.ones((3, 40), np.float32)
    a[0, 3], a[1, 5] = np.nan, np.inf
    np.testing.assert_array_equal(by(name, a), [np.nan, np.inf, 40])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_on_cupy_arrays(dtype):
    a = whole((3, 5000), dtype)
    with cupy_stand_in.installed() as cupy:
        on_gpu = cupy.asarray(a)
        assert kernels.chosen("reduce_sum", on_gpu, -1).name == ("cuda_shuffle" if dtype == np.float32 else "reference")
        for name in ("default", *(CUDA if dtype == np.float32 else [])):
            y, total = by(name, on_gpu), by(name, on_gpu, None)
            assert isinstance(y, cupy.ndarray)
            assert isinstance(total, cupy.ndarray)
            assert y.get().tolist() == a.sum(1).tolist()
            assert total.get() == a.sum()
            assert y.dtype == total.dtype == dtype


def test_errors():
    with pytest.raises(ValueError, match="reduce_sum: axis 0: expected -1, the last, or None"):
        kernels.reduce_sum(np.ones((2, 2)), 0)
    with pytest.raises(ValueError, match="reduce_sum: a is a single number"):
        kernels.reduce_sum(np.ones(()))
    with pytest.raises(TypeError, match="reduce_sum: a int64; expected all float32 or all float64"):
        kernels.reduce_sum(np.ones(3, int))
    with pytest.raises(TypeError, match="reduce_sum: a is of type list"):
        kernels.reduce_sum([1.0])
    with pytest.raises(TypeError, match="reduce_sum: rung cuda_shuffle takes float32, not float64"):
        by("cuda_shuffle", np.ones(3))


def test_work():
    assert kernels.flops("reduce_sum", (3, 4)) == 12
    assert kernels.bytes_moved("reduce_sum", np.ones((3, 4), np.float32)) == (12 + 3) * 4
    assert kernels.bytes_moved("reduce_sum", np.ones((3, 4), np.float32), axis=None) == (12 + 1) * 4
