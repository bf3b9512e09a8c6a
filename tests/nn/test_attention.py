"""Attention and positions: what masks promise, what rotary and sinusoidal positions are for, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
import tinyxm_kernels as kernels
from tinyxm import nn, ops


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(max_examples=25)
@given(
    shape=st.tuples(*[st.integers(1, 3)] * 4), seed=st.integers(0, 99), causal=st.booleans(), repeated=st.integers(0, 3)
)
def test_a_mask_leaves_what_it_leaves(shape, seed, causal, repeated):
    """Weights are 0 where the mask is False, a row of them sums to 1, or to 0 where it leaves none; so of gradients."""
    batch, heads, queries, keys = shape
    mask_shape = [1 if i < repeated else n for i, n in enumerate(shape)]
    mask = np.random.default_rng(seed).random(mask_shape) > 0.5
    layer = nn.MultiHeadAttention(4 * heads, heads, rng=np.random.default_rng(seed))
    query, memory = drawn(batch, queries, 4 * heads), xm.Tensor(drawn(batch, keys, 4 * heads, seed=1), True)
    y, weights = layer(query, memory, mask=mask, causal=causal, weights=True)
    may = np.broadcast_to(mask & np.tri(queries, keys, dtype=bool) if causal else mask, shape)
    assert weights.shape == shape
    np.testing.assert_array_equal(weights.data[~may], 0)
    np.testing.assert_allclose(weights.data.sum(-1), may.any(-1), atol=1e-6)
    nothing = ~may.any(axis=(1, 3))
    np.testing.assert_array_equal(y.data[nothing], np.broadcast_to(layer.output.bias.data, (nothing.sum(), 4 * heads)))
    y.sum().backward()
    np.testing.assert_array_equal(memory.grad[~may.any(axis=(1, 2))], 0)


def test_lengths_are_a_mask_of_keys():
    layer, x = nn.MultiHeadAttention(8, 2), drawn(3, 4, 8)
    lengths = np.array([4, 1, 2])
    mask = (np.arange(4) < lengths[:, None])[:, None, None]
    y = layer(x, lengths=lengths)
    np.testing.assert_array_equal(y.data, layer(x, mask=mask).data)
    changed = x.copy()
    changed[1, 1:] += 5
    first = x[:, :1]
    np.testing.assert_array_equal(layer(first, changed, lengths=lengths).data, layer(first, x, lengths=lengths).data)
    other = drawn(1, 1, 4, 4) > 0
    np.testing.assert_array_equal(layer(x, mask=other, lengths=lengths).data, layer(x, mask=other & mask).data)


def test_without_positions_attention_knows_no_order():
    layer, x, order = nn.MultiHeadAttention(6, 3), drawn(2, 5, 6), [3, 1, 4, 0, 2]
    np.testing.assert_allclose(layer(x[:, order]).data, layer(x).data[:, order], rtol=1e-5, atol=1e-6)
    layer = nn.MultiHeadAttention(6, 3, rotary=True)
    assert not np.allclose(layer(x[:, order]).data, layer(x).data[:, order], atol=1e-3)


def test_dropout_is_among_the_weights():
    layer, x = nn.MultiHeadAttention(4, 2, dropout=0.5, rng=np.random.default_rng(0)), drawn(2, 3, 4)
    assert not np.array_equal(layer(x).data, layer(x).data)
    _, weights = layer(x, weights=True)
    np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-6)  # what is returned is what was attended, undropped
    layer.eval()
    np.testing.assert_array_equal(layer(x).data, layer(x).data)


def test_attention_of_arrays_is_an_array():
    q, k, v = drawn(3, 4), drawn(5, 4), drawn(5, 2)
    y = ops.attention(q, k, v, scale=np.float64(0.3))
    assert isinstance(y, np.ndarray)
    assert y.dtype == np.float32
    e = np.exp(0.3 * q @ k.T)
    np.testing.assert_allclose(y, e / e.sum(-1, keepdims=True) @ v, rtol=1e-5)
    np.testing.assert_array_equal(ops.masked_softmax(np.array([1.0, -np.inf, 3.0]), [True, True, False]), [1, 0, 0])


def test_what_needs_no_weights_stores_none():
    """The kernel, which returns no weights, and the product with them: the same y and gradients."""
    layer, x = nn.MultiHeadAttention(8, 2, dropout=0.5).eval(), drawn(2, 70, 8)
    results = []
    for weights in (False, True):
        given = xm.Tensor(x, requires_grad=True)
        y = layer(given, causal=True, weights=weights)
        y = y[0] if weights else y
        (y * drawn(*y.shape, seed=1)).sum().backward()
        results.append((y.data, given.grad))
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_gradients_are_computed_together_and_not_taken_for_others(monkeypatch):
    calls, inner = [], kernels.attention_gradients
    monkeypatch.setattr(kernels, "attention_gradients", lambda *given: calls.append(given) or inner(*given))
    q, k, v = (xm.Tensor(drawn(n, 4, seed=n), requires_grad=True) for n in (3, 5, 5))
    y = ops.attention(q, k, v)
    g = drawn(3, 4, seed=9)
    y.backward(g, retain_graph=True)
    assert len(calls) == 1
    first = [x.grad.copy() for x in (q, k, v)]
    g *= 2  # the same array, of other numbers
    y.backward(g)
    assert len(calls) == 2
    for x, once in zip((q, k, v), first, strict=True):
        np.testing.assert_allclose(x.grad, 3 * once, rtol=1e-5, atol=1e-6)


@settings(max_examples=25)
@given(start=st.integers(0, 1000), apart=st.integers(0, 20), pairs=st.integers(1, 4))
def test_rotary_positions_tell_how_far_apart_and_not_where(start, apart, pairs):
    turn = nn.RotaryPositions(2 * pairs)
    q, k = np.random.default_rng(start).normal(size=(2, 1, 2 * pairs))
    here = turn(q, start) @ turn(k, start + apart).T
    np.testing.assert_allclose(here, turn(q) @ turn(k, apart).T, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(turn(q, start)), np.linalg.norm(q))


def test_with_rotary_positions_a_shift_of_all_changes_nothing():
    """The scores of a sequence that starts elsewhere are the same: seen by padding in front that no query attends."""
    layer, x = nn.MultiHeadAttention(8, 2, rotary=True), drawn(1, 4, 8)
    shifted = np.concatenate([drawn(1, 3, 8, seed=2), x], axis=1)
    y = layer(shifted, mask=np.arange(7) >= 3)
    np.testing.assert_allclose(y.data[:, 3:], layer(x).data, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [nn.SinusoidalPositions, nn.RotaryPositions, lambda n: nn.LearnedPositions(9, n)])
def test_a_start_is_where_a_longer_sequence_would_be(make):
    layer, x = make(4), xm.Tensor(drawn(2, 6, 4))
    np.testing.assert_array_equal(layer(x)[:, 2:].data, layer(x[:, 2:], 2).data)
    assert layer(x).dtype == np.float32


def test_sinusoids_are_no_two_alike_and_stay_as_they_are():
    layer = nn.SinusoidalPositions(8)
    rows = layer(np.zeros((500, 8)))
    assert len(np.unique(rows.round(9), axis=0)) == 500
    rows[...] = 0  # the result is the caller's own
    assert layer(np.zeros((500, 8)))[0, 1] == 1


X = drawn(2, 3, 4)
attend = nn.MultiHeadAttention(4, 2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.MultiHeadAttention(8, 3), ValueError, "8 features don't divide into 3 heads"),
        (lambda: nn.MultiHeadAttention(8, 0), ValueError, "MultiHeadAttention: heads 0"),
        (lambda: nn.MultiHeadAttention(6, 2, rotary=True), ValueError, "RotaryPositions: 3 features: expected an even"),
        (lambda: attend(X[0]), ValueError, r"query \(3, 4\): expected"),
        (lambda: attend(X[..., :2]), ValueError, r"query \(2, 3, 2\): expected \(2, time, 4\)"),
        (lambda: attend(X, X[:1]), ValueError, r"key \(1, 3, 4\): expected \(2, time, 4\)"),
        (lambda: attend(X, X, X[:, :2]), ValueError, r"key \(2, 3, 4\) and value \(2, 2, 4\) differ"),
        (lambda: attend(X.astype(float)), TypeError, "MultiHeadAttention: query is float64.* convert query"),
        (lambda: attend(X, mask=np.zeros((3, 3))), TypeError, "mask is float64; give booleans.*mask == 0"),
        (lambda: attend(X, mask=np.ones((2, 2), bool)), ValueError, r"mask \(2, 2\) doesn't .* shape \(2, 2, 3, 3\)"),
        (lambda: attend(X, mask=np.ones((5, 2, 2, 3, 3), bool)), ValueError, "doesn't broadcast"),
        (lambda: attend(X, lengths=[3, 4]), ValueError, "MultiHeadAttention: length 4: expected 0 to 3"),
        (lambda: attend(X, X[:, :2], lengths=[3, 2]), ValueError, "length 3: expected 0 to 2"),
        (lambda: ops.attention(X, X[..., :2], X), ValueError, r"attention: q \(2, 3, 4\) and k \(2, 3, 2\): expected"),
        (lambda: ops.attention(X, X, X[:, :2]), ValueError, r"attention: k \(2, 3, 4\) and v \(2, 2, 4\)"),
        (lambda: ops.attention(X, X, X, mask=[[1, 0, 1]]), TypeError, "attention: mask is int64"),
        (lambda: nn.SinusoidalPositions(3), ValueError, "SinusoidalPositions: 3 features: expected an even number"),
        (lambda: nn.RotaryPositions(2)(X), ValueError, r"RotaryPositions: x \(2, 3, 4\): expected \(..., time, 2\)"),
        (lambda: nn.SinusoidalPositions(4)(np.ones((3, 4), int)), TypeError, "SinusoidalPositions: x is int64"),
        (lambda: nn.LearnedPositions(4, 4)(X, 2), ValueError, r"LearnedPositions: x \(2, 3, 4\) from 2: expected"),
        (lambda: nn.LearnedPositions(9, 4)(X, -4), ValueError, r"from -4: expected .* within positions 0 to 8"),
    ],
)  # fmt: skip
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
