"""Transformer encoder and decoder: who may see whom, padding, settings, names. Values: the certificate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import nn, ops, optim


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(max_examples=20)
@given(
    t=st.integers(0, 4), lengths=st.lists(st.integers(1, 5), min_size=2, max_size=2), norm_first=st.booleans(),
    rotary=st.booleans(), layers=st.integers(1, 2),
)  # fmt: skip
def test_a_decoder_never_looks_ahead(t, lengths, norm_first, rotary, layers):
    """Changing x at t changes no output before t, real or padded; y at t changes, unless t is padding itself."""
    options = {"norm_first": norm_first, "rotary": rotary, "rng": np.random.default_rng(t)}
    decoder = nn.TransformerDecoder(8, 2, layers, 16, **options).eval()
    x, memory = drawn(2, 5, 8), drawn(2, 3, 8, seed=1)
    told = {"lengths": lengths, "memory_lengths": [3, 1]}
    y = decoder(x, memory, **told).data
    changed = x.copy()
    changed[:, t] += drawn(2, 8, seed=2)
    z = decoder(changed, memory, **told).data
    np.testing.assert_array_equal(z[:, :t], y[:, :t])
    assert (z[:, t] != y[:, t]).any(axis=1).all()
    for b, n in enumerate(lengths):
        if t >= n:  # padding: no other position reads it
            np.testing.assert_array_equal(np.delete(z[b], t, 0), np.delete(y[b], t, 0))
        else:
            assert (z[b, t:n] != y[b, t:n]).any(axis=1).all()
    leaf = xm.Tensor(x, requires_grad=True)
    (decoder(leaf, memory, **told)[:, t] ** 3).sum().backward()
    np.testing.assert_array_equal(leaf.grad[:, t + 1 :], 0)
    assert leaf.grad[:, t].any(axis=1).all()


@pytest.mark.parametrize("norm_first", [False, True])
def test_padding_changes_nothing(norm_first):
    """Each sequence gives what it gives alone, encoder and decoder, whatever stands beyond its end."""
    rng = np.random.default_rng(0)
    encoder = nn.TransformerEncoder(8, 2, 2, 16, norm_first=norm_first, rotary=True, rng=rng).eval()
    decoder = nn.TransformerDecoder(8, 2, 2, 16, norm_first=norm_first, rng=rng).eval()
    source, target, lengths, ends = drawn(2, 5, 8), drawn(2, 4, 8, seed=1), [3, 5], [4, 2]
    memory = encoder(source, lengths=lengths)
    y = decoder(target, memory, lengths=ends, memory_lengths=lengths)
    for b, (n, m) in enumerate(zip(lengths, ends, strict=True)):
        own = encoder(source[b : b + 1, :n])
        np.testing.assert_allclose(memory.data[b, :n], own.data[0], rtol=1e-4, atol=1e-5)
        alone = decoder(target[b : b + 1, :m], own)
        np.testing.assert_allclose(y.data[b, :m], alone.data[0], rtol=1e-4, atol=1e-5)


def test_an_encoder_looks_both_ways_unless_causal():
    encoder = nn.TransformerEncoder(8, 2, 1).eval()
    x, changed = drawn(1, 4, 8), drawn(1, 4, 8)
    changed[:, 2] += 1
    assert (encoder(changed).data != encoder(x).data).any(axis=2).all()
    kept = (encoder(changed, causal=True).data == encoder(x, causal=True).data).all(axis=2)
    np.testing.assert_array_equal(kept, [[True, True, False, False]])
    tri = np.tri(4, dtype=bool)
    np.testing.assert_array_equal(encoder(x, causal=True).data, encoder(x, mask=tri).data)


def test_a_decoder_reads_the_memory_it_may():
    decoder, memory = nn.TransformerDecoderLayer(8, 2).eval(), xm.Tensor(drawn(2, 4, 8, seed=1), requires_grad=True)
    mask = np.array([True, False, True, True])
    (decoder(drawn(2, 3, 8), memory, memory_mask=mask, memory_lengths=[3, 4]) ** 3).sum().backward()
    np.testing.assert_array_equal(memory.grad.any(axis=2), [[True, False, True, False], [True, False, True, True]])


def test_settings_reach_their_places():
    encoder = nn.TransformerEncoder(8, 2, 3, dropout=0.25, activation=ops.gelu, norm_first=True, rotary=True)
    assert encoder.norm is not None
    assert nn.TransformerEncoder(8, 2, 1).norm is None
    for layer in encoder.layers:
        assert layer.feed_forward.hidden.out_features == 32
        assert layer.feed_forward.activation is ops.gelu
        assert layer.attention.positions is not None
        rates = [module.rate for module in layer.modules() if isinstance(module, nn.Dropout)]
        assert rates == [0.25] * 3
    x = drawn(2, 3, 8)
    assert not np.array_equal(encoder(x).data, encoder(x).data)
    np.testing.assert_array_equal(encoder.eval()(x).data, encoder(x).data)


def test_names_of_the_state():
    names = list(nn.TransformerDecoder(4, 2, 1, 8, norm_first=True).state_dict())
    parts = [f"{part}.{kind}" for part in ("query", "key", "value", "output") for kind in ("weight", "bias")]
    norm = ("scale", "shift")
    assert names == [
        *(f"layers.0.attention.{part}" for part in parts),
        *(f"layers.0.attention_norm.{part}" for part in norm),
        *(f"layers.0.cross_attention.{part}" for part in parts),
        *(f"layers.0.cross_attention_norm.{part}" for part in norm),
        *(f"layers.0.feed_forward.{part}" for part in ("hidden.weight", "hidden.bias", "output.weight", "output.bias")),
        *(f"layers.0.feed_forward_norm.{part}" for part in norm),
        *(f"norm.{part}" for part in norm),
    ]


def test_it_learns_to_reverse():
    """The last symbols first: each position must attend another place, which takes its position to know."""
    rng = np.random.default_rng(0)
    layers = {
        "read": nn.Embedding(6, 16, rng=rng), "positions": nn.SinusoidalPositions(16),
        "encode": nn.TransformerEncoder(16, 2, 1, 32, dropout=0.0, norm_first=True, rng=rng),
        "write": nn.Linear(16, 6, rng=rng),
    }  # fmt: skip
    parameters = [parameter for layer in layers.values() for parameter in layer.parameters()]
    adam = optim.Adam(parameters, 0.01)
    for _ in range(150):
        x = rng.integers(0, 6, (32, 5))
        scores = layers["write"](layers["encode"](layers["positions"](layers["read"](x) * 10)))
        loss = ops.cross_entropy(ops.reshape(scores, (-1, 6)), x[:, ::-1].ravel())
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert (scores.data.argmax(-1) == x[:, ::-1]).mean() > 0.95


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.TransformerEncoder(8, 3, 1), ValueError, "8 features don't divide into 3 heads"),
        (lambda: nn.TransformerEncoder(8, 2, 0), ValueError, "TransformerEncoder: layers 0"),
        (lambda: nn.TransformerDecoder(8, 2, -1), ValueError, "TransformerDecoder: layers -1"),
        (lambda: nn.TransformerEncoderLayer(8, 2, hidden_features=0), ValueError, "out_features 0"),
        (lambda: nn.TransformerEncoderLayer(8, 2, activation="gelu"), TypeError, "FeedForward: activation 'gelu': ex"),
        (lambda: nn.FeedForward(8, 16, activation=nn.GELU), TypeError, "FeedForward: activation .* such as ops.gelu"),
        (lambda: nn.TransformerEncoderLayer(8, 2, dropout=1), ValueError, "Dropout: rate 1"),
        (lambda: nn.TransformerEncoderLayer(8, 2)(drawn(2, 3, 4)), ValueError, r"query \(2, 3, 4\): .* \(2, time, 8\)"),
        (lambda: nn.TransformerDecoderLayer(8, 2)(drawn(2, 3, 8), drawn(1, 3, 8)), ValueError, r"key \(1, 3, 8\)"),
        (lambda: nn.TransformerDecoder(8, 2, 1)(drawn(2, 3, 8)), TypeError, "memory"),
    ],
)  # fmt: skip
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
