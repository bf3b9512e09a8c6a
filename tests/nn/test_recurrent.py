"""RNN, GRU, LSTM: what packing by length promises, state carried on, errors. Values: the certificate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import nn, ops
from tinyxm.autograd import listen

KINDS = [nn.RNN, nn.GRU, nn.LSTM]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def parts(last):
    """The last states as a tuple, of h alone or of h and c."""
    return last if isinstance(last, tuple) else (last,)


def result_and_gradients(layer, x, state, lengths=None):
    x = xm.Tensor(x, requires_grad=True)
    state = [xm.Tensor(s, requires_grad=True) for s in state]
    y, last = layer(x, tuple(state) if len(state) > 1 else state[0], lengths)
    layer.zero_grad()
    sum(((s * s).sum() for s in parts(last)), start=(y * y * y).sum()).backward()
    return y.data, [s.data for s in parts(last)], x.grad, [s.grad for s in state], [p.grad for p in layer.parameters()]


@settings(max_examples=25)
@given(
    kind=st.sampled_from(KINDS),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
)
def test_each_sequence_is_as_if_run_alone(kind, lengths, layers, bidirectional):
    rng = np.random.default_rng(3)
    layer = kind(2, 3, layers, bidirectional, rng=rng)
    x, cells = drawn(len(lengths), 5, 2), layers * (1 + bidirectional)
    for b, n in enumerate(lengths):
        x[b, n:] = np.nan  # nothing may read it
    state = [drawn(cells, len(lengths), 3, seed=i) for i in range(2 if kind is nn.LSTM else 1)]
    y, last, gx, g_state, g_parameters = result_and_gradients(layer, x, state, lengths)
    total = [np.zeros_like(p.data) for p in layer.parameters()]
    close = {"rtol": 1e-4, "atol": 1e-5}
    for b, n in enumerate(lengths):
        own = [s[:, b : b + 1] for s in state]
        alone = result_and_gradients(layer, x[b : b + 1, :n], own)
        np.testing.assert_allclose(y[b, :n], alone[0][0], **close)
        np.testing.assert_array_equal(y[b, n:], 0)
        np.testing.assert_allclose(gx[b, :n], alone[2][0], **close)
        np.testing.assert_array_equal(gx[b, n:], 0)
        for whole, single in ((last, alone[1]), (g_state, alone[3])):
            for a, expected in zip(whole, single, strict=True):
                np.testing.assert_allclose(a[:, b : b + 1], expected, **close)
        total = [a + (0 if g is None else g) for a, g in zip(total, alone[4], strict=True)]
    for g, expected in zip(g_parameters, total, strict=True):
        np.testing.assert_allclose(0 if g is None else g, expected, **close)


@pytest.mark.parametrize("kind", KINDS)
def test_padded_steps_are_not_computed(kind):
    layer, lengths, rows = kind(2, 3, bidirectional=True), [1, 7, 2], []

    def count(event):
        if event.kind == "forward" and event.operation == "matmul":
            rows.append(event.result.shape[0])

    with listen(count):
        layer(drawn(3, 7, 2), lengths=lengths)
    assert sum(rows) == 2 * 2 * sum(lengths)  # both directions: the inputs all at once, the states step by step


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_carries_a_sequence_on(kind):
    layer, x = kind(2, 3, layers=2), drawn(2, 6, 2)
    whole, end = layer(x)
    first, state = layer(x[:, :4])
    second, last = layer(x[:, 4:], state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data], 1), whole.data, rtol=1e-5, atol=1e-6)
    for a, b in zip(parts(last), parts(end), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_steps_forwards_and_back(kind):
    layer = kind(2, 4, bidirectional=True)
    x = xm.Tensor(drawn(2, 1000, 2), requires_grad=True)
    y, _ = layer(x, lengths=[1000, 400])
    y.sum().backward()
    assert np.isfinite(x.grad).all()
    np.testing.assert_array_equal(x.grad.any(axis=2).sum(axis=1), [1000, 400])  # every step has its own, and no more


def test_the_way_back_is_the_way_forward_of_what_is_reversed():
    both, x = nn.GRU(2, 3, bidirectional=True), drawn(2, 5, 2)
    there = nn.GRU(2, 3)
    there.forward_cells[0] = both.backward_cells[0]
    np.testing.assert_allclose(both(x)[0].data[..., 3:], there(x[:, ::-1])[0].data[:, ::-1], rtol=1e-6)


def test_dropout_stands_between_layers_and_in_training_alone():
    x, rng = drawn(2, 5, 2), np.random.default_rng
    layer = nn.LSTM(2, 3, 2, dropout=0.5, rng=rng(0))
    y, z = layer(x)[0].data, layer(x)[0].data
    assert not np.array_equal(y, z)
    plain = nn.LSTM(2, 3, 2, rng=rng(0))
    plain.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(layer.eval()(x)[0].data, plain(x)[0].data)
    single = nn.LSTM(2, 3, dropout=0.5)
    np.testing.assert_array_equal(single(x)[0].data, single(x)[0].data)


def test_the_forget_gate_starts_open():
    bias = nn.LSTM(2, 3).forward_cells[0].bias.data
    np.testing.assert_array_equal(bias, [0] * 3 + [1] * 3 + [0] * 6)
    assert not nn.LSTM(2, 3, forget_bias=0).forward_cells[0].bias.data.any()
    kept = nn.LSTM(1, 2, 2, True, forget_bias=100)  # σ(100) = 1: with inputs of 0 the memory stays as it is
    for name, parameter in kept.named_parameters():
        parameter.data[...] *= name.endswith("bias")
    c = drawn(4, 1, 2)
    np.testing.assert_array_equal(kept(np.zeros((1, 50, 1), np.float32), (c * 0, c))[1][1].data, c)


def test_any_function_may_be_the_activation():
    x, weights = drawn(2, 5, 2), nn.RNN(2, 3).state_dict()
    layer = nn.RNN(2, 3, 2, True, activation=nn.SiLU())
    assert all(cell.activation is layer.activation for cell in layer.forward_cells + layer.backward_cells)
    layer = nn.RNN(2, 3, activation=ops.sin)
    layer.load_state_dict(weights)
    h = np.zeros((2, 3), np.float32)
    for t in range(5):
        w, u, b = weights.values()
        h = np.sin(x[:, t] @ w + h @ u + b)
    np.testing.assert_allclose(layer(x)[1].data[0], h, rtol=1e-5)
    assert "RNN(2, 3, activation=sin)" in repr(layer)


def test_names_and_starting_weights():
    layer = nn.GRU(2, 3, 2, bidirectional=True, rng=np.random.default_rng(0))
    state = layer.state_dict()
    assert [name for name in state if name.startswith("backward_cells.1")] == [
        f"backward_cells.1.{name}" for name in ("input_weight", "hidden_weight", "bias", "hidden_bias")
    ]
    assert state["forward_cells.1.input_weight"].shape == (6, 9)
    bound = (6 / (3 + 3)) ** 0.5  # Xavier's, of one gate and not of three side by side
    assert 0.8 * bound < np.abs(state["forward_cells.0.hidden_weight"]).max() <= bound
    other = nn.GRU(2, 3, 2, bidirectional=True, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(other.backward_cells[1].input_weight.data, state["backward_cells.1.input_weight"])


def test_lengths_may_be_of_any_integer_type():
    layer, x = nn.RNN(2, 3), drawn(3, 4, 2)
    y = layer(x, lengths=[1, 4, 2])[0].data
    for lengths in (np.array([1, 4, 2], np.uint8), xm.Tensor([1, 4, 2])):
        np.testing.assert_array_equal(layer(x, lengths=lengths)[0].data, y)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.RNN(2, 0), ValueError, "RNN: hidden_features 0"),
        (lambda: nn.RNN(2, 3, activation="relu"), TypeError, "RNN: activation 'relu': expected a function, such as"),
        (lambda: nn.GRU(2, 3, layers=1.5), ValueError, "GRU: layers 1.5"),
        (lambda: nn.GRU(2, 3)(drawn(4, 2)), ValueError, r"GRU: x \(4, 2\): expected \(batch, time, 2\)"),
        (lambda: nn.GRU(2, 3)(drawn(4, 5, 3)), ValueError, r"GRU: x \(4, 5, 3\): expected \(batch, time, 2\)"),
        (lambda: nn.GRU(2, 3)(np.zeros((4, 5, 2))), TypeError, "GRU: x is float64"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), lengths=[5]), ValueError, r"GRU: lengths \(1,\): expected \(2,\)"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), lengths=[5, 6]), ValueError, "GRU: length 6: expected 0 to 5"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), lengths=[-1, 5]), ValueError, "GRU: length -1: expected 0 to 5"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), lengths=[1.0, 5.0]), TypeError, "GRU: lengths are float64"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), drawn(2, 3)), ValueError, r"state \(2, 3\) .* expected .* \(1, 2, 3\)"),
        (lambda: nn.GRU(2, 3)(drawn(2, 5, 2), np.zeros((1, 2, 3))), ValueError, "of float64: expected .* of float32"),
        (lambda: nn.LSTM(2, 3)(drawn(2, 5, 2), drawn(1, 2, 3)), TypeError, "LSTM: state .* give the pair"),
        (lambda: nn.LSTM(2, 3)(drawn(2, 5, 2), (drawn(1, 2, 3),)), TypeError, "LSTM: state .* give the pair"),
        (lambda: nn.LSTM(2, 3)(drawn(2, 5, 2), ([[0.0]], drawn(1, 2, 3))), TypeError, "LSTM: state is of type list"),
    ],
)  # fmt: skip
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


@settings(max_examples=20)
@given(kind=st.sampled_from(KINDS), bits=st.integers(0, 2**15 - 1), bidirectional=st.booleans())
def test_a_masked_step_is_passed_over(kind, bits, bidirectional):
    """Each sequence gives what its own steps give when they alone are run; the others are not read."""
    mask = (bits >> np.arange(15) & 1).astype(bool).reshape(3, 5)
    layer, x = kind(2, 3, 2, bidirectional, rng=np.random.default_rng(3)), drawn(3, 5, 2)
    x[~mask] = np.nan
    y, last = layer(x, mask=mask)
    np.testing.assert_array_equal(y.data[~mask], 0)
    for b, read in enumerate(mask):
        alone, state = layer(x[b : b + 1, read])
        np.testing.assert_allclose(y.data[b, read], alone.data[0], rtol=1e-5, atol=1e-6)
        for found, expected in zip(parts(last), parts(state), strict=True):
            np.testing.assert_allclose(found.data[:, b], expected.data[:, 0], rtol=1e-5, atol=1e-6)


def test_a_mask_that_does_not_fit_is_refused():
    layer, x = nn.GRU(2, 3), drawn(2, 4, 2)
    with pytest.raises(TypeError, match=r"^GRU: mask is float64; give booleans"):
        layer(x, mask=np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^GRU: mask \(4,\): expected \(batch, time\) = \(2, 4\)"):
        layer(x, mask=np.ones(4, bool))
    with pytest.raises(ValueError, match=r"^GRU: lengths and a mask were given"):
        layer(x, lengths=[1, 2], mask=np.ones((2, 4), bool))
