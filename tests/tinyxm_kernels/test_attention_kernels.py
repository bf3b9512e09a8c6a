"""Attention: every rung against a loop over queries in float64, and against differences."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.threads import threads

OPERATION = "attention"
SIZES = st.sampled_from([0, 1, 2, 5, 16, 17, 47, 49, 127, 130])


def drawn(*shapes, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def truth(q, k, v, may, scale):
    """Query by query, in float64 at least; may (..., queries, keys)."""
    batch = np.broadcast_shapes(*(a.shape[:-2] for a in (q, k, v)))
    q, k, v = (np.broadcast_to(a, (*batch, *a.shape[-2:])).astype(np.float64) for a in (q, k, v))
    may = np.broadcast_to(may, (*batch, q.shape[-2], k.shape[-2]))
    y, logsumexp = np.zeros((*q.shape[:-1], v.shape[-1])), np.full(q.shape[:-1], -np.inf)
    for place in np.ndindex(q.shape[:-1]):
        scores = k[place[:-1]][may[place]] @ q[place] * scale
        if scores.size:
            e = np.exp(scores - scores.max())
            y[place], logsumexp[place] = e / e.sum() @ v[place[:-1]][may[place]], np.log(e.sum()) + scores.max()
    return y, logsumexp


def logsumexp(statistics):
    with np.errstate(divide="ignore"):
        return statistics[..., 0] + np.log(statistics[..., 1])


@settings(max_examples=40, deadline=None)
@given(
    queries=SIZES, keys=SIZES, features=st.sampled_from([0, 1, 5, 16, 33]), values=st.sampled_from([0, 1, 5, 16, 33]),
    batch=st.sampled_from([((), (), ()), ((2,), (2,), (2,)), ((2, 1), (3,), (1, 1)), ((0,), (0,), (0,))]),
    masked=st.sampled_from([None, (), ("keys",), ("queries", 1), ("queries", "keys"), (3, 1, "keys")]),
    layout=st.sampled_from(["rows", "heads", "reversed", "columns"]), causal=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]), number=st.integers(1, 4),
)  # fmt: skip
def test_agrees_with_a_loop_and_with_differences(
    rung, queries, keys, features, values, batch, masked, layout, causal, dtype, number
):
    shapes = [(*batch[0], queries, features), (*batch[1], keys, features), (*batch[2], keys, values)]
    q, k, v = drawn(*shapes, dtype=dtype)
    full = np.broadcast_shapes(*batch)
    g, *directions = drawn((*full, queries, values), *shapes, dtype=dtype, seed=1)
    if layout == "heads":  # as those of a layer lie: queries apart
        q, k, v, g = (np.repeat(a, 2, axis=-2)[..., ::2, :] for a in (q, k, v, g))
    elif layout == "reversed":
        q, k, v, g = (a[..., ::-1, ::-1] for a in (q, k, v, g))
    elif layout == "columns":
        q, k, v, g = (np.swapaxes(np.ascontiguousarray(np.swapaxes(a, -1, -2)), -1, -2) for a in (q, k, v, g))
    mask = None
    if masked is not None and not (len(masked) == 3 and full[-1:] != (3,)):
        sizes = {"queries": queries, "keys": keys}
        mask = np.random.default_rng(2).random([sizes.get(n, n) for n in masked]) > 0.4
        mask = np.asarray(mask)
    may = np.ones((queries, keys), bool) if mask is None else mask
    may = may & np.tri(queries, keys, dtype=bool) if causal else may
    with kernels.using(f"attention={rung}"), pytest.MonkeyPatch.context() as patch, threads(number):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        y, statistics = kernels.attention(q, k, v, mask, causal, 0.3)
        gradients = kernels.attention_gradients(g, q, k, v, mask, causal, 0.3, y, statistics)
    error = 2e-5 if dtype == np.float32 else 1e-12
    expected = truth(q, k, v, may, 0.3)
    np.testing.assert_allclose(y, expected[0], rtol=error, atol=error)
    np.testing.assert_allclose(logsumexp(statistics), expected[1], rtol=error, atol=error)
    step = 1e-5
    for i, (gradient, direction) in enumerate(zip(gradients, directions, strict=True)):
        moved = [
            [a + sign * step * direction.astype(np.float64) if i == j else a for j, a in enumerate((q, k, v))]
            for sign in (1, -1)
        ]
        slope = (truth(*moved[0], may, 0.3)[0] - truth(*moved[1], may, 0.3)[0]) / (2 * step)
        size = 1e-3 if dtype == np.float32 else 1e-6
        np.testing.assert_allclose((gradient * direction).sum(), (g * slope).sum(), rtol=size, atol=size)
        assert gradient.shape == (*full, *direction.shape[-2:])
        assert gradient.dtype == dtype
    assert y.dtype == statistics.dtype == dtype


@pytest.mark.parametrize("causal", [False, True])
def test_what_is_no_number_comes_through(rung, causal):
    q, k, v = drawn((70, 8), (200, 8), (200, 3))
    q[4, 0], q[50, 1], v[0, 2] = np.nan, np.inf, np.inf
    k[0] = np.abs(k[0])
    with kernels.using(f"attention={rung}"), np.errstate(invalid="ignore"):
        y, statistics = kernels.attention(q, k, v, None, causal, 1.0)
        g_q, g_k, _ = kernels.attention_gradients(y, q, k, v, None, causal, 1.0, y, statistics)
    others = np.delete(np.arange(70), [4, 50])
    assert np.isnan(y[[4, 50]]).all()
    assert np.isnan(statistics[[4, 50], 1]).all()
    assert np.isfinite(y[others, :2]).all()
    assert (y[others, 2] == np.inf).all()
    assert np.isnan(g_q[[4, 50]]).any(axis=1).all()
    assert np.isnan(g_k[0]).all()


def test_scores_that_grow_or_vanish(rung):
    """The greatest score comes last, or far above all others: sums are turned over without overflow."""
    q, v = np.full((1, 1), 1.0), np.arange(600.0)[:, None]
    for k in (np.arange(600.0)[:, None] * 5, -np.arange(600.0)[:, None] * 5):
        with kernels.using(f"attention={rung}"):
            y, statistics = kernels.attention(q, k, v)
        expected = truth(q, k, v, True, 1)
        np.testing.assert_allclose(y, expected[0], rtol=1e-12)
        np.testing.assert_allclose(logsumexp(statistics), expected[1], rtol=1e-12, atol=1e-12)


def test_the_same_bits_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(_compiled, "SERIAL_BELOW", 0)
    q, k, v = drawn((3, 100, 16), (3, 200, 16), (3, 200, 16))
    results = []
    for number in (1, 2, 3, 4, 4):
        with kernels.using("attention=online"), threads(number):
            y, statistics = kernels.attention(q, k, v, None, True)
            results.append([y, *kernels.attention_gradients(y, q, k, v, None, True, 1.0, y, statistics)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_same_bits_whichever_number_of_threads_was_first(order):
    """In a process of its own: what is loaded first may be linked into what comes after."""
    code = (
        "import sys, numpy as np, tinyxm_kernels as kernels; from tinyxm_kernels import _compiled\n"
        "_compiled.SERIAL_BELOW, results = 0, {}\n"
        "x = np.random.default_rng(0).normal(size=(3, 100, 16))\n"
        "for number in map(int, sys.argv[1:]):\n"
        "    with kernels.using('attention=online'), kernels.threads(number):\n"
        "        results[number] = kernels.attention(x, x, x, None, True)[0].tobytes()\n"
        "print(results[1] == results[2])"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, order)], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_no_matrix_of_scores_is_stored():
    q, k, v = drawn((2, 1024, 16), (2, 1024, 16), (2, 1024, 16), dtype=np.float32)
    peaks = {}
    for rung in ("reference", "online"):
        with kernels.using(f"attention={rung}"):
            for _ in range(2):  # the first compiles
                tracemalloc.start()
                y, statistics = kernels.attention(q, k, v, None, True)
                kernels.attention_gradients(q, q, k, v, None, True, 1.0, y, statistics)
                peaks[rung] = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
    scores = 2 * 1024 * 1024 * 4
    assert peaks["online"] < scores / 4
    assert peaks["reference"] > scores


@pytest.mark.parametrize("causal", [False, True])
def test_agrees_with_pytorch(rung, causal):
    torch = pytest.importorskip("torch")
    q, k, v, g = drawn((2, 3, 60, 20), (2, 3, 150, 20), (2, 3, 150, 9), (2, 3, 60, 9))
    mask = np.random.default_rng(3).random((2, 1, 60, 150)) > 0.3
    mask[..., 0] = True
    given = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    may = torch.tensor(mask & np.tri(60, 150, dtype=bool) if causal else mask)
    theirs = torch.nn.functional.scaled_dot_product_attention(*given, attn_mask=may, scale=0.4)
    theirs.backward(torch.tensor(g))
    with kernels.using(f"attention={rung}"):
        y, statistics = kernels.attention(q, k, v, mask, causal, 0.4)
        ours = kernels.attention_gradients(g, q, k, v, mask, causal, 0.4, y, statistics)
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-11, atol=1e-12)
    for a, b in zip(ours, given, strict=True):
        np.testing.assert_allclose(a, b.grad.numpy(), rtol=1e-11, atol=1e-12)


X = np.ones((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kernels.attention(X, X[..., :2], X), ValueError, r"attention: q \(2, 3, 4\), k \(2, 3, 2\), v"),
        (lambda: kernels.attention(X, X, X[:, :2]), ValueError, r"expected \(..., queries, n\), \(..., keys, n\)"),
        (lambda: kernels.attention(X, np.ones((3, 3, 4)), np.ones((3, 3, 4))), ValueError, "don't broadcast"),
        (lambda: kernels.attention(X, X, X, np.ones((3, 3))), TypeError, "attention: mask is float64, expected bool"),
        (lambda: kernels.attention(X, X, X, X[:, :, :2] > 0), ValueError, r"mask \(2, 3, 2\) doesn't broadcast"),
        (lambda: kernels.attention(X, X, X.astype(np.float32)), TypeError, "q float64, k float64, v float32"),
        (
            lambda: kernels.attention_gradients(X[:1], X, X, X, None, False, 1.0, X, X[..., 0]),
            ValueError,
            r"attention_gradients: g has shape \(1, 3, 4\), expected \(2, 3, 4\)",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
