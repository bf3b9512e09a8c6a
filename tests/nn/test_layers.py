"""What the certificate of the layers doesn't see: errors and their words, shapes, randomness, state, settings."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm import nn

RNG = np.random.default_rng


def images(*shape, seed=0):
    return RNG(seed).normal(size=shape)


ONES = np.ones((2, 3), np.float32)


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 8), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
def test_convolution_and_pooling_give_the_shape_their_docstrings_promise(batch, height, width, size, stride, padding):
    padding = min(padding, size // 2)
    if min(height, width) + 2 * padding < size:
        return
    x = images(batch, height, width, 2).astype(np.float32)
    rows, columns = ((n + 2 * padding - size) // stride + 1 for n in (height, width))
    assert nn.Conv2d(2, 3, size, stride, padding)(x).shape == (batch, rows, columns, 3)
    assert nn.MaxPool2d(size, stride, padding)(x).shape == (batch, rows, columns, 2)
    assert nn.AveragePool2d(size, stride, padding)(x).shape == (batch, rows, columns, 2)


@pytest.mark.parametrize(
    ("layer", "inputs", "words"),
    [
        (nn.Linear(12, 4), (np.ones((32, 10), np.float32),), r"Linear: x \(32, 10\) has 10 features, expected 12"),
        (nn.Linear(12, 4), (xm.Tensor(1.0),), r"Linear: x \(\) has no features"),
        (
            nn.Conv2d(3, 4, 3),
            (np.ones((2, 3, 8, 8), np.float32),),
            "conv2d: x has 8 channels, w .* expects 3; .* channels last",
        ),
        (nn.Conv2d(3, 4, 3), (np.ones((8, 8, 3), np.float32),), r"conv2d: x has shape \(8, 8, 3\), expected \(batch, "),
        (nn.GroupNorm(2, 4), (np.ones((2, 3), np.float32),), r"GroupNorm: x \(2, 3\): expected"),
        (nn.LayerNorm(4), (np.ones((2, 3), np.float32),), r"LayerNorm: x \(2, 3\): expected \(..., 4\)"),
        (nn.MaxPool2d(2), (np.ones((2, 3), np.float32),), r"max_pool2d: x has shape \(2, 3\), expected \(batch"),
        (nn.AveragePool2d(2), (np.ones((2, 3), np.float32),), r"average_pool2d: x has shape \(2, 3\)"),
        (nn.GlobalAveragePool(), (np.ones((2, 3), np.float32),), r"global_average_pool: x \(2, 3\)"),
        (nn.GlobalMaxPool(), (np.ones((2, 0, 3), np.float32),), r"global_max_pool: x \(2, 0, 3\)"),
        (nn.Bilinear(2, 3, 1), (ONES[:, :2], ONES[:, :2]), r"Bilinear: x2 \(2, 2\): expected \(\.\.\., 3\)"),
        (nn.Upsample(), (ONES,), r"Upsample: x \(2, 3\): expected \(batch, height, width, channels\)"),
        (nn.Bilinear(2, 3, 1), (ONES, ONES), r"Bilinear: x1 \(2, 3\): expected \(\.\.\., 2\)"),
        (nn.BatchNorm(4), (ONES,), r"BatchNorm: x \(2, 3\): expected \(batch, \.\.\., 4\), channels last"),
        (nn.BatchNorm(3), (ONES[:1],), r"BatchNorm: x \(1, 3\) has 1 values of a channel; give more, or call eval"),
        (nn.BatchNorm(3), (ONES[:0],), r"BatchNorm: x \(0, 3\) has 0 values of a channel"),
        (nn.InstanceNorm(3), (ONES,), r"InstanceNorm: x \(2, 3\): expected \(batch, \.\.\., 3\), channels last"),
        (nn.RMSNorm(4), (ONES,), r"RMSNorm: x \(2, 3\): expected \(\.\.\., 4\)"),
        (nn.SpatialDropout(0.5), (ONES[0],), r"SpatialDropout: x \(3,\): expected \(batch, \.\.\., channels\)"),
        (nn.Embedding(5, 3), (np.array([5]),), "embedding: index 5 is outside"),
        (nn.EmbeddingBag(5, 3), (np.array([1, 5]), np.array([0])), "5"),
        (nn.EmbeddingBag(5, 3), (np.array([1, 2]), np.array([1])), "EmbeddingBag: offsets"),
        (nn.EmbeddingBag(5, 3), (np.array([1, 2]), np.array([0, 2, 1])), "EmbeddingBag: offsets"),
    ],
)
def test_errors_name_the_layer_and_the_shapes(layer, inputs, words):
    with pytest.raises(ValueError, match=words):
        layer(*inputs)


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="GroupNorm: 6 channels don't divide into 4 groups"):
        nn.GroupNorm(4, 6)
    for rate in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="Dropout: rate"):
            nn.Dropout(rate)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Linear(-1, 3), "Linear: in_features -1: expected a whole number from 1"),
        (lambda: nn.Linear(3, 2.0), "Linear: out_features 2.0: expected"),
        (lambda: nn.Conv2d(0, 2, 3), "Conv2d: in_channels 0"),
        (lambda: nn.Conv2d(1, 2, (3,)), r"Conv2d: kernel_size \(3,\): expected an integer from 1, or a pair"),
        (lambda: nn.Conv2d(1, 2, 3, stride=0), "Conv2d: stride 0: expected"),
        (lambda: nn.Conv2d(1, 2, 3, padding="smae"), "Conv2d: padding 'smae': expected"),
        (lambda: nn.Conv1d(1, 2, (3, 3)), r"Conv1d: kernel_size \(3, 3\): expected an integer from 1"),
        (lambda: nn.Conv3d(1, 2, 3, dilation=0), "Conv3d: dilation 0: expected an integer from 1, or a tuple of 3"),
        (lambda: nn.Conv2d(4, 6, 3, groups=3), "Conv2d: 4 channels don't divide into 3 groups"),
        (lambda: nn.Conv2d(3, 4, 3, groups=3), "Conv2d: 4 channels don't divide into 3 groups"),
        (lambda: nn.ConvTranspose2d(1, 2, 3, padding="all"), "ConvTranspose2d: padding 'all': expected an integer"),
        (lambda: nn.ConvTranspose1d(1, 2, 3, output_padding=-1), "ConvTranspose1d: output_padding -1: expected"),
        (lambda: nn.AdaptiveMaxPool2d((2, 0)), r"AdaptiveMaxPool2d: size \(2, 0\): expected"),
        (lambda: nn.Upsample(0), "Upsample: factor 0: expected a whole number"),
        (lambda: nn.Upsample(2, "cubic"), "Upsample: mode 'cubic': expected"),
        (lambda: nn.BatchNorm(3, momentum=1.5), "BatchNorm: momentum 1.5: expected 0 to 1"),
        (lambda: nn.GELU("erf"), r"GELU: approximate 'erf': expected"),
        (lambda: nn.Bilinear(2, 0, 1), "Bilinear: in2_features 0: expected"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: size 0: expected"),
        (lambda: nn.AveragePool2d(2, -1), "AveragePool2d: stride -1: expected"),
        (lambda: nn.GroupNorm(0, 4), "GroupNorm: groups 0: expected"),
        (lambda: nn.LayerNorm((4,)), r"LayerNorm: features \(4,\): expected"),
        (lambda: nn.Embedding(0, 3), "Embedding: rows 0: expected"),
        (lambda: nn.EmbeddingBag(3, None), "EmbeddingBag: dimensions None: expected"),
    ],
)
def test_impossible_sizes_are_refused_when_the_layer_is_made(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_sizes_may_be_numpys():
    n, x = np.int64(3), np.ones((2, 6, 6, 3), np.float32)
    y = nn.MaxPool2d(n, np.int32(1), np.int64(1))(nn.Conv2d(n, n, (n, n), np.int64(2), np.int64(1))(x))
    assert nn.GroupNorm(n, n)(nn.LayerNorm(n)(nn.Linear(n, n)(y))).shape == y.shape == (2, 3, 3, 3)
    assert nn.EmbeddingBag(n, n)([2], [0]).shape == nn.Embedding(n, n)([2]).shape == (1, 3)


LAYERS_WITH_WEIGHTS = [nn.Linear(3, 2), nn.Conv2d(3, 2, 1), nn.ConvTranspose2d(3, 2, 1)]
LAYERS_WITH_WEIGHTS += [nn.GroupNorm(1, 3), nn.LayerNorm(3), nn.BatchNorm(3), nn.InstanceNorm(3), nn.RMSNorm(3)]


@pytest.mark.parametrize("layer", LAYERS_WITH_WEIGHTS, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("wrap", [np.asarray, xm.Tensor])
def test_an_array_of_another_dtype_than_the_weight_is_refused(layer, dtype, wrap):
    x = wrap(np.ones((2, 4, 4, 3), dtype))
    words = rf"{type(layer).__name__}: x is {np.dtype(dtype)}, its weight float32; convert x.astype\(np.float32\)"
    with pytest.raises(TypeError, match=words):
        layer(x)
    assert layer(x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "layer",
    [
        *LAYERS_WITH_WEIGHTS,
        nn.Dropout(0.3),
        nn.GlobalAveragePool(),
        nn.Flatten(),
        nn.MaxPool2d(2),
        nn.AdaptiveAveragePool2d(2),
    ],
    ids=repr,
)
@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], None])
def test_what_is_no_array_is_refused(layer, x):
    with pytest.raises(TypeError, match=r"x is of type (list|NoneType)"):
        layer(x)


def test_dropout_refuses_integers_whose_scale_would_be_cut_off():
    for layer in (nn.Dropout(0.3), nn.Dropout(0.3).eval()):
        with pytest.raises(TypeError, match="Dropout: x is int64, expected floats"):
            layer(xm.Tensor(np.ones(5, np.int64)))


def test_no_indices_give_no_rows():
    assert nn.Embedding(3, 2)([]).shape == (0, 2)
    assert nn.EmbeddingBag(3, 2)([], [0, 0]).data.tolist() == [[0, 0], [0, 0]]
    assert nn.EmbeddingBag(3, 2)([], []).shape == (0, 2)
    with pytest.raises(TypeError, match="embedding: indices are float64"):
        nn.Embedding(3, 2)(np.array([]))


def test_dropout_keeps_the_mean_drops_its_share_and_repeats():
    x = xm.Tensor(np.ones((200, 200), np.float32), requires_grad=True)
    y = nn.Dropout(0.3, rng=RNG(0))(x)
    dropped = (y.data == 0).mean()
    assert dropped == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(y.data[y.data != 0], 1 / 0.7, rtol=1e-6)
    assert y.data.mean() == pytest.approx(1, abs=0.01)
    y.backward(np.ones_like(y.data))
    np.testing.assert_array_equal(x.grad, y.data)  # what was dropped gets no gradient
    np.testing.assert_array_equal(nn.Dropout(0.3, rng=RNG(0))(x).data, y.data)
    layer = nn.Dropout(0.3)
    xm.seed(5)
    one, other = layer(x).data, layer(x).data
    xm.seed(5)
    np.testing.assert_array_equal(layer(x).data, one)
    assert not np.array_equal(one, other)


def test_dropout_gradients_agree_with_differences():
    xm.check_gradients(lambda x: nn.Dropout(0.4, rng=RNG(0))(x), [images(5, 6)])


@pytest.mark.parametrize("make", [partial(nn.Linear, 6, 4), partial(nn.Conv2d, 2, 3, 3), partial(nn.Embedding, 7, 2)])
def test_initialisation_follows_rng_and_initialise(make):
    one, same, other = make(rng=RNG(0)), make(rng=RNG(0)), make(rng=RNG(1))
    np.testing.assert_array_equal(one.weight.data, same.weight.data)
    assert not np.array_equal(one.weight.data, other.weight.data)
    filled = make(initialise=lambda shape, rng: nn.init.constant(shape, rng, value=3))
    assert (filled.weight.data == 3).all()


def test_a_starting_function_may_be_of_numpy_alone_and_is_held_to_the_shape():
    """It's always given a generator, and its float64 doesn't turn the layer to float64."""
    for make in (partial(nn.Linear, 6, 4), partial(nn.GRU, 6, 4), partial(nn.Conv1d, 2, 4, 3, groups=2)):
        layer = make(initialise=lambda shape, rng: rng.normal(0, 0.02, shape), rng=RNG(0))
        assert all(parameter.dtype == np.float32 for parameter in layer.parameters())
        assert 0 < layer.parameters()[0].data.std() < 0.04
        make(initialise=lambda shape, rng: rng.normal(0, 0.02, shape))
        with pytest.raises(ValueError, match=r": initialise gave a weight of shape \(5, 5\), expected \("):
            make(initialise=lambda shape, rng: np.ones((5, 5)))
        with pytest.raises(TypeError, match=r": initialise 'zeros': expected a function, such as nn\.init\.he_uniform"):
            make(initialise="zeros")


def test_norms_remove_what_they_should():
    x = images(4, 5, 6, 8) * 7 + 3
    y = nn.GroupNorm(2, 8)(x.astype(np.float32)).data.reshape(4, 30, 2, 4)
    np.testing.assert_allclose(y.mean((1, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var((1, 3)), 1, atol=1e-4)
    y = nn.LayerNorm(8)(x.astype(np.float32)).data
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(-1), 1, atol=1e-4)


@pytest.mark.oracle
@pytest.mark.parametrize("momentum", [0.1, 0.5, 1.0])
def test_running_statistics_follow_the_batches_as_pytorchs(momentum):
    torch = pytest.importorskip("torch")
    ours, theirs = nn.BatchNorm(3, momentum=momentum), torch.nn.BatchNorm2d(3, momentum=momentum)
    for seed, shape in enumerate([(4, 5, 6, 3), (2, 1, 1, 3), (1, 2, 3, 3)]):
        x = (images(*shape, seed=seed) * 3 + 1).astype(np.float32)
        y, their_y = ours(x), theirs(torch.tensor(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        np.testing.assert_allclose(y.data, their_y.detach().numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(ours.running_mean.data, theirs.running_mean.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.running_var.data, theirs.running_var.numpy(), rtol=1e-5)
    y, their_y = ours.eval()(x), theirs.eval()(torch.tensor(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    np.testing.assert_allclose(y.data, their_y.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_statistics_stand_still_in_use_and_go_with_the_state():
    layer, other, x = nn.BatchNorm(3), nn.BatchNorm(3).eval(), images(8, 4, 3).astype(np.float32)
    layer(x)
    state = layer.state_dict()
    assert list(state) == ["scale", "shift", "running_mean", "running_var"]
    other.load_state_dict(state)
    np.testing.assert_array_equal(other(x).data, layer.eval()(x).data)
    np.testing.assert_array_equal(other(x[:1, :1]).data, layer(x).data[:1, :1])  # alone or not
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    assert not any(buffer.requires_grad for _, buffer in layer.named_buffers())


def test_a_copy_in_float64_has_statistics_of_its_own_type():
    layer = nn.BatchNorm(3).astype(np.float64)
    layer(images(4, 3))
    assert layer.eval()(images(4, 3)).dtype == layer.running_var.dtype == np.float64


def test_whole_channels_are_dropped():
    x = np.ones((50, 3, 4, 20), np.float32)
    y = nn.SpatialDropout(0.3, rng=RNG(0))(x)
    assert (np.ptp(y, axis=(1, 2)) == 0).all()
    assert (y[:, 0, 0] == 0).mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_allclose(y[y != 0], 1 / 0.7, rtol=1e-6)
    assert nn.SpatialDropout(0.3).eval()(x) is x


def test_each_group_of_a_convolution_starts_on_its_own():
    layer = nn.Conv2d(4, 6, 3, groups=2, initialise=nn.init.orthogonal, rng=RNG(0))
    assert layer.weight.shape == (3, 3, 2, 6)
    for group in np.split(layer.weight.data, 2, -1):
        w = group.reshape(18, 3)
        np.testing.assert_allclose(w.T @ w, np.eye(3), atol=1e-5)
    wide = nn.Conv1d(64, 640, 5, groups=64, initialise=nn.init.xavier_normal, rng=RNG(0)).weight.data
    assert wide.var() == pytest.approx(2 / (5 * 1 + 5 * 10), rel=0.1)


def test_a_transposed_convolution_takes_the_weight_of_the_one_it_reverses():
    forward, back = nn.Conv2d(4, 6, 3, 2, groups=2, bias=False), nn.ConvTranspose2d(6, 4, 3, 2, groups=2, bias=False)
    assert forward.weight.shape == back.weight.shape
    back.weight = forward.weight
    x, g = (images(*shape).astype(np.float32) for shape in ((2, 7, 9, 4), (2, 3, 4, 6)))
    np.testing.assert_allclose((forward(x).data * g).sum(), (back(g).data * x).sum(), rtol=1e-4)
    same = nn.ConvTranspose1d(3, 3, 1, initialise=nn.init.identity)
    np.testing.assert_array_equal(same(g[0, :, :, :3]).data, g[0, :, :, :3])


def test_settings_of_a_layer_are_shown():
    assert "ConvTranspose2d(1, 2, 3, stride=2, output_padding=1)" in repr(
        nn.ConvTranspose2d(1, 2, 3, 2, output_padding=1)
    )
    assert "Conv3d(2, 2, 3, dilation=(1, 2, 2), groups=2)" in repr(nn.Conv3d(2, 2, 3, dilation=(1, 2, 2), groups=2))
