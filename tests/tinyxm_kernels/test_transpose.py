"""Transposition: every rung against the definition, element by element, around the edges of a tile and over batches."""

import cupy_stand_in
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import cuda
from tinyxm_kernels.transpose import _cuda

OPERATION = "transpose"
CUDA = ["cuda_naive", "cuda_unpadded", "cuda_padded"]


def by(name, a):
    with kernels.using(f"transpose={name}"):
        return kernels.transpose(a)


def numbered(*shape):
    """Every element another number."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_by_hand(rung):
    for name in (rung, *CUDA):
        y = by(name, np.array([[1, 2, 3], [4, 5, 6]], np.float32))
        assert y.tolist() == [[1, 4], [2, 5], [3, 6]]
        assert y.flags.c_contiguous
        assert y.dtype == np.float32


def test_every_rung_is_here():
    assert [rung.name for rung in kernels.ladder("transpose", "cuda")] == sorted(CUDA)


@pytest.mark.parametrize("name", ["reference", *CUDA])
@settings(max_examples=60)
@given(
    batch=st.sampled_from([(), (), (1,), (3,), (2, 2), (0,)]),
    m=st.integers(0, 70), n=st.integers(0, 70), layout=st.sampled_from(["rows", "columns", "strided", "reversed"]),
)  # fmt: skip
def test_each_element_is_where_it_belongs(name, batch, m, n, layout):
    a = numbered(*batch, m, n)
    given = {
        "rows": lambda: a,
        "columns": lambda: np.swapaxes(np.swapaxes(a, -1, -2).copy(), -1, -2),
        "strided": lambda: np.repeat(a, 2, axis=-1)[..., ::2],
        "reversed": lambda: a[..., ::-1, :].copy()[..., ::-1, :],
    }[layout]()
    y = by(name, given)
    assert y.shape == (*batch, n, m)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, np.einsum("...mn->...nm", a))


@pytest.mark.parametrize("name", CUDA)
def test_the_edges_of_a_tile(name):
    for m in (31, 32, 33, 65):
        for n in (1, 31, 32, 33, 64):
            np.testing.assert_array_equal(by(name, numbered(m, n)), numbered(m, n).T, err_msg=f"{m}×{n}")


@pytest.mark.parametrize("name", CUDA)
def test_more_matrices_than_a_grid_counts_are_several_launches(name, monkeypatch):
    monkeypatch.setattr(_cuda, "MOST_BLOCKS", 2)
    with cuda.launches() as seen:
        y = by(name, numbered(5, 3, 4))
    assert [launch.grid[2] for launch in seen] == [2, 2, 1]
    np.testing.assert_array_equal(y, np.swapaxes(numbered(5, 3, 4), 1, 2))


def test_on_cupy_arrays():
    with cupy_stand_in.installed() as cupy:
        a = cupy.asarray(numbered(3, 33, 5))
        assert kernels.chosen("transpose", a).name == "cuda_padded"
        for name in ("default", *CUDA):
            y = by(name, a)
            assert isinstance(y, cupy.ndarray)
            np.testing.assert_array_equal(y.get(), np.swapaxes(a.get(), 1, 2))
        whole = cupy.asarray(np.arange(6).reshape(2, 3))
        assert kernels.chosen("transpose", whole).name == "reference"
        assert kernels.transpose(whole).get().tolist() == [[0, 3], [1, 4], [2, 5]]


def test_any_dtype_on_the_reference_and_float32_alone_on_a_gpu():
    for a in (np.array([["a", "b"]]), np.array([[1, 2]]), np.array([[1j, 2]])):
        assert kernels.transpose(a).tolist() == [[x] for x in a[0].tolist()]
    with pytest.raises(TypeError, match="transpose: rung cuda_padded takes float32, not float64"):
        by("cuda_padded", np.ones((2, 2)))


def test_the_result_is_its_own():
    a = numbered(2, 3)
    assert not np.shares_memory(kernels.transpose(a), a)
    assert kernels.transpose(np.ones((1, 3)).T).flags.owndata


def test_errors():
    with pytest.raises(ValueError, match=r"transpose: a has shape \(3,\), expected \(..., rows, columns\)"):
        kernels.transpose(np.ones(3))
    with pytest.raises(TypeError, match="transpose: a is of type list, expected an array"):
        kernels.transpose([[1.0]])
    with pytest.raises(ValueError, match=r"transpose: rung cuda_naive takes .* at most 524280 rows"):
        by("cuda_naive", np.broadcast_to(np.float32(1), (524281, 1)))


def test_work():
    assert kernels.flops("transpose", (3, 4)) == 0
    assert kernels.bytes_moved("transpose", np.ones((2, 3, 4), np.float32)) == 2 * 24 * 4
