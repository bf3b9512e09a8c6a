"""The matmul rungs in CUDA C, in the simulator: exact products around the edges of every tile, batches, views.

The simulator raises what its sanitizer finds (an access out of bounds, a race, shared memory that nobody wrote, a
float4 at an odd address), so each product that comes out also says that there was nothing to find.
"""

from itertools import product

import cupy_stand_in
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import cuda
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.matmul import _cuda

# each with the rows and columns of a block's tile, and the terms that it takes at a time
TILES = {
    "cuda_naive": (32, 8, 1),
    "cuda_coalesced": (8, 32, 1),
    "cuda_tiled": (16, 16, 16),
    "cuda_registers": (128, 128, 8),
    "cuda_vectors": (128, 128, 8),
    "cuda_double_buffered": (128, 128, 8),
}
HALF = ["cuda_naive", "cuda_coalesced", "cuda_tiled", "cuda_registers"]
SIZE = st.sampled_from([0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33])


def exact(shape, seed, dtype=np.float32):
    """Whole numbers, whose sums are exact in every order: what differs is wrong."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def by(name, a, b):
    with kernels.using(f"matmul={name}"):
        return kernels.matmul(a, b)


def test_every_rung_is_here():
    assert {rung.name for rung in kernels.ladder("matmul", "cuda")} == {*TILES, "cublas"}


@pytest.mark.parametrize("name", TILES)
@settings(max_examples=40)
@given(
    batch=st.sampled_from([((), ())] * 4 + [((2,), ()), ((), (3,)), ((2,), (2,)), ((4, 1), (3,)), ((0,), ())]),
    m=SIZE, k=SIZE, n=SIZE, seed=st.integers(0, 9),
)  # fmt: skip
def test_small_products(name, batch, m, k, n, seed):
    a, b = exact((*batch[0], m, k), seed), exact((*batch[1], k, n), seed + 1)
    y = by(name, a, b)
    assert y.dtype == np.float32
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, np.matmul(a, b))


@pytest.mark.parametrize("name", TILES)
def test_the_edges_of_a_tile(name):
    """One less than a tile, a tile, and one more, in each direction; with what 4 divides and what it doesn't."""
    rows, columns, depth = TILES[name]
    for m, n, k in product((rows - 1, rows, rows + 1), (columns - 4, columns, columns + 1), (depth, 2 * depth + 1, 12)):
        a, b = exact((m, k), m), exact((k, n), n)
        np.testing.assert_array_equal(by(name, a, b), a @ b, err_msg=f"{m}×{k} by {k}×{n}")


@pytest.mark.parametrize("name", TILES)
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), (3, 2)), ((4, 3), (3,)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4))])
def test_vectors(name, shapes):
    a, b = (exact(shape, 0) for shape in shapes)
    y = by(name, a, b)
    np.testing.assert_array_equal(y, np.matmul(a, b))
    assert np.shape(y) == np.shape(np.matmul(a, b))


@pytest.mark.parametrize("name", TILES)
def test_views_are_multiplied_as_what_they_show(name):
    a, b = exact((20, 12), 0), exact((12, 16), 1)
    wide = np.full((20, 24), np.nan, np.float32)
    wide[:, ::2] = a
    views = [np.asfortranarray(a), wide[:, ::2], a[::-1].copy()[::-1], a.astype(">f4")]
    for view in views:
        np.testing.assert_array_equal(by(name, view, b), a @ b)
        np.testing.assert_array_equal(by(name, b.T, view.T), (a @ b).T)
    one_row = np.broadcast_to(a[:1], a.shape)
    np.testing.assert_array_equal(by(name, one_row, b), one_row @ b)
    a.flags.writeable = False
    np.testing.assert_array_equal(by(name, a, b), a @ b)


@pytest.mark.parametrize("name", TILES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_row_and_column(name, bad):
    """Also where a tile juts out beyond the matrices: nothing is multiplied there that isn't 0."""
    a, b = exact((18, 9), 0), np.abs(exact((9, 21), 1)) + 1
    a[7, 3] = bad
    y = by(name, a, b)
    assert not np.isfinite(y[7]).any()
    assert np.isfinite(np.delete(y, 7, axis=0)).all()
    y = by(name, b.T.copy(), a.T.copy())
    assert not np.isfinite(y[:, 7]).any()
    assert np.isfinite(np.delete(y, 7, axis=1)).all()


@pytest.mark.parametrize("name", HALF)
@settings(max_examples=20)
@given(m=SIZE, k=SIZE, n=SIZE)
def test_float16_is_rounded_once(name, m, k, n):
    """Each result is what float64 gives, rounded to float16: sums that are taken in float16 aren't."""
    a, b = exact((m, k), 0, np.float16) / 4, exact((k, n), 1, np.float16) / 4 + 1
    y = by(name, a, b)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y, (a.astype(float) @ b.astype(float)).astype(np.float16))


@pytest.mark.parametrize("name", HALF)
def test_float16_sums_in_float32(name):
    """2048 and eight ones: float16 has no odd numbers beyond 2048, so that a sum by ones would stop there."""
    a = np.array([[2048] + [1] * 8], np.float16)
    assert by(name, a, np.ones((9, 1), np.float16)).item() == 2056


@pytest.mark.parametrize("name", TILES)
def test_a_grid_that_is_too_long_becomes_several(name, monkeypatch):
    """Of at most 2 blocks along y and z: 5 matrices are 3 launches, 3 tiles of rows are 2, for each matrix."""
    monkeypatch.setattr(_cuda, "MOST_BLOCKS", 2)
    rows = TILES[name][0]
    for a, b, launches in (
        (exact((5, 3, 4), 0), exact((5, 4, 3), 1), 3),
        (exact((2 * rows + 1, 4), 0), exact((4, 3), 1), 2),
        (exact((2, 2 * rows + 1, 4), 0), exact((2, 4, 3), 1), 4),
        (exact((5, 3, 4), 0), exact((4, 3), 1), 1),  # one matrix for all: one tall product
    ):
        with cuda.launches() as seen:
            y = by(name, a, b)
        assert len(seen) == launches
        assert not any(launch.run.findings for launch in seen)
        np.testing.assert_array_equal(y, a @ b)


@pytest.mark.parametrize("name", TILES)
def test_what_an_int_cannot_number_is_refused(name, monkeypatch):
    monkeypatch.setattr(_cuda, "MOST_ELEMENTS", 11)
    with pytest.raises(ValueError, match=f"matmul: rung {name} takes matrices of at most 2147418112 elements"):
        by(name, np.ones((3, 4), np.float32), np.ones((4, 1), np.float32))
    with cuda.launches() as seen:  # 15 rows at once would be too many
        assert by(name, np.ones((5, 3, 2), np.float32), np.ones((2, 3), np.float32)).shape == (5, 3, 3)
    assert [launch.grid[2] for launch in seen] == [5]


def test_more_columns_than_the_naive_grid_counts_are_refused():
    wide = np.broadcast_to(np.float32(1), (1, 65535 * 8 + 1))
    with pytest.raises(ValueError, match=r"rung cuda_naive takes .* at most 524280 columns"):
        by("cuda_naive", wide[:, :1], wide)


def test_float64_is_refused_in_words():
    with pytest.raises(TypeError, match="matmul: rung cuda_vectors takes float32, not float64"):
        by("cuda_vectors", np.ones((2, 2)), np.ones((2, 2)))


def test_without_a_gpu_the_library_says_why():
    if cuda.available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="matmul: rung cublas is not available: ") as error:
        by("cublas", np.ones((2, 2)), np.ones((2, 2)))
    assert cuda.reason() in str(error.value)


def test_an_array_is_copied_only_where_a_kernel_cannot_read_it():
    memory = np.zeros(64, np.float32)
    start = (-memory.ctypes.data // 4) % 4  # elements to an address that 16 divides
    right, odd = memory[start : start + 12], memory[start + 1 : start + 13]
    assert in_one_piece(right, 16) is right
    assert in_one_piece(odd) is odd
    for view in (odd, right.reshape(3, 4).T, right[::2], right.astype(">f4")):
        copy = in_one_piece(view, 16)
        assert copy.flags.c_contiguous
        assert copy.dtype.isnative
        assert not np.shares_memory(copy, memory)
        np.testing.assert_array_equal(copy, view)


# On CuPy's arrays, by the stand-in for it


@pytest.fixture
def cupy():
    with cupy_stand_in.installed() as module:
        yield module


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_the_library_is_what_cupy_arrays_get(cupy, dtype):
    for left, right in (
        ((3, 4), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((4, 1, 3, 4), (3, 4, 2)),
        ((4,), (2, 4, 3)),
        ((2, 0), (0, 3)),
    ):
        a, b = exact(left, 0, dtype), exact(right, 1, dtype)
        on_gpu = cupy.asarray(a), cupy.asarray(b)
        assert kernels.chosen("matmul", *on_gpu).name == "cublas"
        y = kernels.matmul(*on_gpu)
        assert isinstance(y, cupy.ndarray)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y.get(), np.matmul(a, b))


@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
def test_linear_on_cupy_arrays(cupy, activation):
    x, w, bias = (
        np.random.default_rng(i).normal(size=s).astype(np.float32) for i, s in enumerate([(2, 3, 4), (4, 5), (5,)])
    )
    on_gpu = [cupy.asarray(array) for array in (x, w, bias)]
    assert kernels.chosen("linear", *on_gpu).name == "cublas"
    for given_bias in (True, False):
        operands = slice(3 if given_bias else 2)
        with kernels.using("reference"):
            expected = kernels.linear(*[array.astype(float) for array in (x, w, bias)[operands]], activation=activation)
        y = kernels.linear(*on_gpu[operands], activation=activation)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.get(), expected, atol=1e-6)
    np.testing.assert_array_equal(on_gpu[0].get(), x)


@pytest.mark.parametrize("name", TILES)
def test_every_rung_takes_cupy_arrays_and_their_views(cupy, name):
    a, b = exact((2, 5, 8), 0), exact((2, 8, 4), 1)
    for left, right in ((a, b), (a[0], b), (a, b[0])):
        y = by(name, cupy.asarray(left), cupy.asarray(right))
        assert isinstance(y, cupy.ndarray)
        np.testing.assert_array_equal(y.get(), left @ right)
    y = by(name, cupy.asarray(b).swapaxes(1, 2), cupy.asarray(a).swapaxes(1, 2))
    np.testing.assert_array_equal(y.get(), np.swapaxes(a @ b, 1, 2))
    flat = cupy.asarray(exact(161, 2))
    y = by(name, flat[1:].reshape(20, 8), cupy.asarray(b[0]))  # begins where no float4 may
    np.testing.assert_array_equal(y.get(), flat.get()[1:].reshape(20, 8) @ b[0])
