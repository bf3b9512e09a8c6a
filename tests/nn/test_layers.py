"""Every layer: values and gradients against PyTorch, gradients against differences, errors against their words."""

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
INDICES, OFFSETS = np.array([3, 1, 1, 0, 4, 2]), np.array([0, 2, 2, 5])  # the second bag is empty
WEIGHTS = np.array([0.5, -1, 2, 1, 0.3, 4])

# A layer, and an x for it (None: it takes no differentiable input, and is called on the integers given last)
CASES = {
    "linear": (partial(nn.Linear, 4, 3), images(5, 4)),
    "linear on a batch of sequences": (partial(nn.Linear, 4, 3), images(2, 5, 4)),
    "linear without bias": (partial(nn.Linear, 4, 3, bias=False), images(5, 4)),
    "convolution": (partial(nn.Conv2d, 3, 4, 3), images(2, 6, 5, 3)),
    "convolution, strided": (partial(nn.Conv2d, 3, 4, (3, 2), stride=(2, 1), padding=(1, 0)), images(2, 7, 6, 3)),
    "convolution, same": (partial(nn.Conv2d, 2, 3, (3, 5), padding="same", bias=False), images(2, 5, 6, 2)),
    "group norm": (partial(nn.GroupNorm, 2, 6), images(3, 4, 5, 6)),
    "group norm, one group": (partial(nn.GroupNorm, 1, 6), images(3, 6)),
    "layer norm": (partial(nn.LayerNorm, 6), images(3, 4, 6)),
    "relu": (nn.ReLU, images(3, 4)),
    "gelu": (nn.GELU, images(3, 4)),
    "tanh": (nn.Tanh, images(3, 4)),
    "sigmoid": (nn.Sigmoid, images(3, 4)),
    "max pooling": (partial(nn.MaxPool2d, 2), images(2, 6, 4, 3)),
    "max pooling, overlapping": (partial(nn.MaxPool2d, 3, 2, 1), images(2, 7, 6, 3)),
    "average pooling": (partial(nn.AveragePool2d, (2, 3), (2, 1)), images(2, 6, 5, 3)),
    "average pooling, padded": (partial(nn.AveragePool2d, 3, 2, 1), images(2, 7, 6, 3)),
    "global average": (nn.GlobalAveragePool, images(2, 4, 5, 3)),
    "dropout in use": (lambda: nn.Dropout(0.5).eval(), images(3, 4)),
    "flatten": (nn.Flatten, images(2, 3, 4, 2)),
    "embedding": (partial(nn.Embedding, 5, 3), None, np.array([[0, 4], [4, 2]])),
    "embedding bag": (partial(nn.EmbeddingBag, 5, 3), None, INDICES, OFFSETS),
    "embedding bag, weighted": (partial(nn.EmbeddingBag, 5, 3), None, INDICES, OFFSETS, WEIGHTS),
}


def in_float64(make):
    """The layer, its parameters in float64 and moved off 0 and 1, where an error would hide."""
    layer, rng = make(), RNG(1)
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, xm.Parameter(parameter.data.astype(np.float64) + rng.normal(size=parameter.shape)))
    return layer


@pytest.mark.parametrize("case", CASES)
def test_gradients_agree_with_differences(case):
    make, x, *others = CASES[case]
    layer = in_float64(make)
    names, parameters = zip(*layer.named_parameters(), strict=True) if layer.parameters() else ((), ())

    def function(*tensors):
        for name, tensor in zip(names, tensors, strict=False):
            vars(layer)[name] = tensor  # past Module, which holds to Parameters
        return layer(*tensors[len(names) :], *others)

    xm.check_gradients(function, [*(p.data for p in parameters), *([] if x is None else [x])])


def torch_layer(torch, layer):
    """PyTorch's counterpart, channels first, as a function of a channels-first x."""
    f = torch.nn.functional
    p = {name: torch.tensor(t.data, requires_grad=True) for name, t in layer.named_parameters()}
    bias = p.get("bias")
    padding = getattr(layer, "padding", None)
    first = lambda x: x.movedim(-1, 1)  # noqa: E731
    last = lambda x: x.movedim(1, -1)  # noqa: E731
    functions = {
        nn.Linear: lambda x: f.linear(x, p["weight"].T, bias),
        nn.Conv2d: lambda x: last(f.conv2d(first(x), p["weight"].permute(3, 2, 0, 1), bias, layer.stride, padding)),
        nn.GroupNorm: lambda x: last(f.group_norm(first(x), layer.groups, p["scale"], p["shift"])),
        nn.LayerNorm: lambda x: f.layer_norm(x, (layer.features,), p["scale"], p["shift"]),
        nn.ReLU: f.relu,
        nn.GELU: f.gelu,
        nn.Tanh: torch.tanh,
        nn.Sigmoid: torch.sigmoid,
        nn.MaxPool2d: lambda x: last(f.max_pool2d(first(x), layer.size, layer.stride, padding)),
        nn.AveragePool2d: lambda x: last(f.avg_pool2d(first(x), layer.size, layer.stride, padding)),
        nn.GlobalAveragePool: lambda x: f.adaptive_avg_pool2d(first(x), 1).flatten(1),
        nn.Dropout: lambda x: f.dropout(x, layer.rate, training=False),
        nn.Flatten: lambda x: x.flatten(1),
        nn.Embedding: lambda i: f.embedding(i, p["weight"]),
        nn.EmbeddingBag: lambda i, o, w=None: f.embedding_bag(
            i, p["weight"], o, mode="mean" if w is None else "sum", per_sample_weights=w
        ),
    }
    return functions[type(layer)], p


@pytest.mark.oracle
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_agree_with_pytorch(case):
    torch = pytest.importorskip("torch")
    make, x, *others = CASES[case]
    layer = in_float64(make)
    theirs, parameters = torch_layer(torch, layer)
    xs = [] if x is None else [xm.Tensor(x, requires_grad=True)]
    their_xs = [torch.tensor(x.data, requires_grad=True) for x in xs]
    y, their_y = layer(*xs, *others), theirs(*their_xs, *map(torch.tensor, others))
    np.testing.assert_allclose(y.data, their_y.detach().numpy(), rtol=1e-10, atol=1e-10)
    g = RNG(2).normal(size=y.shape)
    y.backward(g)
    their_y.backward(torch.tensor(g))
    for x, their_x in zip(xs, their_xs, strict=True):
        np.testing.assert_allclose(x.grad, their_x.grad.numpy(), rtol=1e-9, atol=1e-9)
    for name, parameter in layer.named_parameters():
        np.testing.assert_allclose(parameter.grad, parameters[name].grad.numpy(), rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_float32_stays_float32_in_values_and_gradients(case):
    make, x, *others = CASES[case]
    layer = make()
    others = [o.astype(np.float32) if o.dtype.kind == "f" else o for o in others]
    xs = [] if x is None else [xm.Tensor(x.astype(np.float32), requires_grad=True)]
    y = layer(*xs, *others)
    assert y.dtype == np.float32
    y.sum().backward()
    assert {t.grad.dtype for t in (*xs, *layer.parameters())} == {np.dtype(np.float32)}


@settings(max_examples=30, deadline=None)
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
        (nn.GlobalAveragePool(), (np.ones((2, 3), np.float32),), r"GlobalAveragePool: x \(2, 3\)"),
        (nn.Bilinear(2, 3, 1), (ONES[:, :2], ONES[:, :2]), r"Bilinear: x2 \(2, 2\): expected \(\.\.\., 3\)"),
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


LAYERS_WITH_WEIGHTS = [nn.Linear(3, 2), nn.Conv2d(3, 2, 1)]
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
    "layer", [*LAYERS_WITH_WEIGHTS, nn.Dropout(0.3), nn.GlobalAveragePool(), nn.Flatten()], ids=repr
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
    y = nn.Dropout(0.3, RNG(0))(x)
    dropped = (y.data == 0).mean()
    assert dropped == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(y.data[y.data != 0], 1 / 0.7, rtol=1e-6)
    assert y.data.mean() == pytest.approx(1, abs=0.01)
    y.backward(np.ones_like(y.data))
    np.testing.assert_array_equal(x.grad, y.data)  # what was dropped gets no gradient
    np.testing.assert_array_equal(nn.Dropout(0.3, RNG(0))(x).data, y.data)
    layer = nn.Dropout(0.3)
    xm.seed(5)
    one, other = layer(x).data, layer(x).data
    xm.seed(5)
    np.testing.assert_array_equal(layer(x).data, one)
    assert not np.array_equal(one, other)


def test_dropout_gradients_agree_with_differences():
    xm.check_gradients(lambda x: nn.Dropout(0.4, RNG(0))(x), [images(5, 6)])


@pytest.mark.parametrize("make", [partial(nn.Linear, 6, 4), partial(nn.Conv2d, 2, 3, 3), partial(nn.Embedding, 7, 2)])
def test_initialisation_follows_rng_and_initialise(make):
    one, same, other = make(rng=RNG(0)), make(rng=RNG(0)), make(rng=RNG(1))
    np.testing.assert_array_equal(one.weight.data, same.weight.data)
    assert not np.array_equal(one.weight.data, other.weight.data)
    filled = make(initialise=lambda shape, rng: nn.init.constant(shape, rng, value=3))
    assert (filled.weight.data == 3).all()


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
    y = nn.SpatialDropout(0.3, RNG(0))(x)
    assert (np.ptp(y, axis=(1, 2)) == 0).all()
    assert (y[:, 0, 0] == 0).mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_allclose(y[y != 0], 1 / 0.7, rtol=1e-6)
    assert nn.SpatialDropout(0.3).eval()(x) is x
