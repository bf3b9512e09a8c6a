"""Embedding bags and scattered sums: every rung against plain loops and PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels.threads import threads

OPERATION = "embedding_bag"


@st.composite
def bags(draw):
    """(weight, indices, offsets, weights or None), empty bags and repeated indices included."""
    rows, dim, lengths = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.lists(st.integers(0, 4), min_size=1))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    indices = rng.integers(0, rows, sum(lengths)).astype(draw(st.sampled_from([np.int32, np.int64])))
    offsets = np.cumsum([0, *lengths[:-1]])
    return rng.normal(size=(rows, dim)), indices, offsets, draw(st.sampled_from([None, rng.normal(size=len(indices))]))


@given(case=bags(), seed=st.integers(0, 9))
def test_against_loops(rung, case, seed):
    weight, indices, offsets, weights = case
    g = np.random.default_rng(seed).normal(size=(len(offsets), weight.shape[1]))
    y, gradient = np.zeros(g.shape), np.zeros(weight.shape)
    for bag, (start, stop) in enumerate(zip(offsets, [*offsets[1:], len(indices)], strict=True)):
        for i in range(start, stop):
            factor = 1 if weights is None else weights[i]
            y[bag] += factor * weight[indices[i]]
            gradient[indices[i]] += factor * g[bag]
    with kernels.using(f"embedding={rung}"):
        np.testing.assert_allclose(kernels.embedding_bag(weight, indices, offsets, weights), y, atol=1e-12)
        ours = kernels.embedding_bag_weight_gradient(g, indices, offsets, weights, len(weight))
    np.testing.assert_allclose(ours, gradient, atol=1e-12)


@pytest.mark.parametrize("index_shape", [(), (0,), (6,), (3, 4)])
@pytest.mark.parametrize("rest", [(), (3,), (2, 3)])
def test_scatter_is_the_adjoint_of_looking_up(rung, index_shape, rest):
    rng = np.random.default_rng(0)
    indices, table = rng.integers(0, 4, index_shape), rng.normal(size=(4, *rest)).astype(np.float32)
    indices, g = np.asarray(indices), np.asarray(rng.normal(size=(*index_shape, *rest)), np.float32)
    with kernels.using(f"embedding={rung}"):
        scattered = kernels.scatter_add_rows(g, indices, 4)
    assert scattered.shape == table.shape
    assert scattered.dtype == np.float32
    assert np.sum(scattered * table) == pytest.approx(np.sum(g * table[indices]), abs=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dim", [1, 7, 37])
def test_threads_share_rows_and_no_bit_depends_on_how_many(monkeypatch, dtype, dim):
    monkeypatch.setattr(pytest.importorskip("tinyxm_kernels._compiled"), "SERIAL_BELOW", 0)
    rng = np.random.default_rng(0)
    table, g = (rng.normal(size=(n, 2 * dim)).astype(dtype)[::-1, ::2] for n in (9, 60))
    indices, offsets = rng.integers(0, 9, 120)[::2].astype(np.uint8), np.array([0, 0, 5, 9, 33, 60])
    weights, g[3, 0], table[2, -1] = rng.normal(size=60).astype(dtype), np.nan, np.inf

    def results(rung):
        with kernels.using(f"embedding={rung}"), np.errstate(invalid="ignore"):
            return (
                kernels.scatter_add_rows(g, indices, 9),
                kernels.embedding_bag(table, indices, offsets, weights),
                kernels.embedding_bag_weight_gradient(g[:6], indices, offsets, weights, 9),
            )

    runs = []
    for number in (1, 2, 3, 4):
        with threads(number):
            runs.append(results("vectorised"))
    for truth, *ours in zip(results("reference"), *runs, strict=True):
        for y in ours:
            np.testing.assert_array_equal(y, ours[0])
        tolerance = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(ours[0], truth, rtol=tolerance, atol=tolerance)


@pytest.mark.oracle
def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    weight, weights = rng.normal(size=(50, 8)), rng.normal(size=40)
    indices, offsets = rng.integers(0, 50, 40), np.array([0, 7, 7, 30])
    table = torch.tensor(weight, requires_grad=True)
    yt = torch.nn.functional.embedding_bag(
        *map(torch.tensor, [indices]),
        table,
        torch.tensor(offsets),
        mode="sum",
        per_sample_weights=torch.tensor(weights),
    )
    g = rng.normal(size=(4, 8))
    yt.backward(torch.tensor(g))
    np.testing.assert_allclose(
        kernels.embedding_bag(weight, indices, offsets, weights), yt.detach().numpy(), atol=1e-12
    )
    gradient = kernels.embedding_bag_weight_gradient(g, indices, offsets, weights, 50)
    np.testing.assert_allclose(gradient, table.grad.numpy(), atol=1e-12)


def test_what_is_no_array_is_refused():
    weight, g, indices = np.ones((5, 2)), np.ones((1, 2)), np.array([0])
    for call, role in (
        (lambda: kernels.embedding_bag(weight, [0, 1], indices), "embedding_bag: indices"),
        (lambda: kernels.embedding_bag(weight, indices, [0]), "embedding_bag: offsets"),
        (lambda: kernels.embedding_bag(None, indices, indices), "embedding_bag: weight"),
        (lambda: kernels.scatter_add_rows(g, [0], 5), "scatter_add_rows: indices"),
    ):
        with pytest.raises(TypeError, match=f"{role} is of type .*, expected an array"):
            call()


def test_errors():
    weight, offsets = np.ones((5, 2)), np.array([0, 1])
    for index in (5, -1):
        with pytest.raises(ValueError, match=rf"embedding_bag: index {index} is outside 0 \.\.\. 4"):
            kernels.embedding_bag(weight, np.array([0, index]), offsets)
    with pytest.raises(ValueError, match="scatter_add_rows: index 7 is outside"):
        kernels.scatter_add_rows(np.ones((1, 2)), np.array([7]), 5)
    with pytest.raises(ValueError, match="offsets must begin with 0 and never fall"):
        kernels.embedding_bag(weight, np.array([0, 1, 2]), np.array([0, 2, 1]))
    with pytest.raises(ValueError, match=r"weights has shape \(3,\), expected \(2,\)"):
        kernels.embedding_bag(weight, np.array([0, 1]), offsets, np.ones(3))
    with pytest.raises(TypeError, match="indices are float64, expected whole numbers"):
        kernels.embedding_bag(weight, np.array([0.0, 1.0]), offsets)
    with pytest.raises(ValueError, match=r"g has shape \(3, 2\), expected \(2, dim\)"):
        kernels.embedding_bag_weight_gradient(np.ones((3, 2)), np.array([0, 1]), offsets, None, 5)
