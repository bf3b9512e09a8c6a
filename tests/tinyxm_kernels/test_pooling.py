"""Pooling: against plain loops, ties by hand, adjointness, and PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels.threads import threads


@st.composite
def cases(draw):
    """(x shape, size, stride, padding), windows within the padded image, padding at most half a window."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    size, stride = draw(pair), draw(pair)
    padding = tuple(draw(st.integers(0, s // 2)) for s in size)
    image = [draw(st.integers(max(1, s - 2 * p), 7)) for s, p in zip(size, padding, strict=True)]
    return (draw(st.integers(0, 2)), *image, draw(st.integers(1, 3))), size, stride, padding


def windows(x, size, stride, padding, value):
    """(batch, rows, columns, channels, size₀·size₁), row-major within the window."""
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)), constant_values=value)
    seen = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    return seen.reshape(*seen.shape[:4], size[0] * size[1])


@given(case=cases(), seed=st.integers(0, 9))
def test_values_and_adjoints(case, seed):
    shape, *static = case
    rng = np.random.default_rng(seed)
    x, vary = rng.normal(size=shape), rng.normal(size=shape)
    greatest, mean = windows(x, *static, -np.inf), windows(x, *static, 0).mean(axis=-1)
    y = kernels.max_pool2d(x, *static)
    np.testing.assert_array_equal(y, greatest.max(axis=-1))
    np.testing.assert_allclose(kernels.average_pool2d(x, *static), mean, atol=1e-12)
    g = rng.normal(size=y.shape)
    at_maximum = np.take_along_axis(windows(vary, *static, 0), greatest.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    gradient = kernels.max_pool2d_input_gradient(g, x, y, *static)
    assert np.sum(gradient * vary) == pytest.approx(np.sum(g * at_maximum), abs=1e-9)
    gradient = kernels.average_pool2d_input_gradient(g, shape, *static)
    assert gradient.shape == shape
    assert np.sum(gradient * vary) == pytest.approx(np.sum(g * windows(vary, *static, 0).mean(axis=-1)), abs=1e-9)


@given(case=cases(), seed=st.integers(0, 9), dtype=st.sampled_from(["f", "d"]), number=st.integers(1, 4))
def test_the_compiled_rung_equals_the_reference(case, seed, dtype, number):
    _compiled = pytest.importorskip("tinyxm_kernels._compiled")
    (batch, height, width, channels), *static = case
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (batch, height, width, channels * 5)).astype(dtype)  # many ties
    if seed % 2:
        x = np.where(rng.random(x.shape) < 0.2, rng.choice([np.nan, np.inf, -np.inf], x.shape), x).astype(dtype)
    x = x[:, ::-1, :, ::2]
    results = []
    for rung in ("reference", "vectorised"):
        context = pytest.MonkeyPatch.context()
        with kernels.using(f"pooling={rung}"), context as patch, threads(number), np.errstate(invalid="ignore"):
            patch.setattr(_compiled, "SERIAL_BELOW", 0)
            y = kernels.max_pool2d(x, *static)
            g = np.sin(1 + np.arange(y.size)).reshape(y.shape).astype(dtype)
            gradient = kernels.max_pool2d_input_gradient(g, x, y, *static)
            mean = kernels.average_pool2d(x, *static)
            of_mean = kernels.average_pool2d_input_gradient(g, x.shape, *static)
            bias, activation = np.resize(np.array([0, 0.5, -1, -9, 9], dtype), x.shape[3]), ("none", "relu")[seed % 2]
            biased = kernels.bias_max_pool2d(x, bias, *static, activation)
            of_biased = kernels.bias_max_pool2d_input_gradient(g, x, bias, biased, *static, activation)
            results.append((y, gradient, mean, of_mean, biased, of_biased))
    tolerance = 1e-5 if dtype == "f" else 1e-12
    for truth, result in zip(*results, strict=True):
        assert result.dtype == truth.dtype
        np.testing.assert_allclose(result, truth, rtol=tolerance, atol=tolerance)


def test_a_tie_goes_to_the_first_row_by_row():
    x = np.array([[1, 3, 2, 2], [3, 3, 2, 2]], np.float32).reshape(1, 2, 4, 1)
    y = kernels.max_pool2d(x, (2, 2), (2, 2))
    gradient = kernels.max_pool2d_input_gradient(np.array([5, 7], np.float32).reshape(y.shape), x, y, (2, 2), (2, 2))
    assert gradient[0, :, :, 0].tolist() == [[0, 5, 7, 0], [0, 0, 0, 0]]


def test_sums_that_round_alike_are_ties_and_what_relu_stops_has_no_gradient():
    x = np.array([[1, 2, -1, -2], [3, 0, -3, -4]], np.float32).reshape(1, 2, 4, 1)
    for rung in ("reference", "vectorised"):
        for bias, activation, expected in (
            (1e9, "relu", [[5, 0, 7, 0], [0, 0, 0, 0]]),
            (0.5, "relu", [[0, 0, 0, 0], [5, 0, 0, 0]]),
            (0.5, "none", [[0, 0, 7, 0], [5, 0, 0, 0]]),
        ):
            shift, static = np.array([bias], np.float32), ((2, 2), (2, 2), (0, 0), activation)
            with kernels.using(f"pooling={rung}"):
                y = kernels.bias_max_pool2d(x, shift, *static)
                g = np.array([5, 7], np.float32).reshape(y.shape)
                assert kernels.bias_max_pool2d_input_gradient(g, x, shift, y, *static)[0, :, :, 0].tolist() == expected


def test_a_nan_is_passed_on_and_gets_a_gradient_in_its_window():
    x = np.array([1, np.nan, 2, 3], np.float32).reshape(1, 1, 4, 1)
    y = kernels.max_pool2d(x, (1, 2), (1, 2))
    assert np.isnan(y[0, 0, 0, 0])
    assert y[0, 0, 1, 0] == 3
    gradient = kernels.max_pool2d_input_gradient(np.ones_like(y), x, y, (1, 2), (1, 2))
    assert gradient[0, 0, :, 0].tolist() == [1, 0, 0, 1]


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("size", "stride", "padding"), [((2, 2), (2, 2), (0, 0)), ((3, 3), (2, 2), (1, 1)), ((3, 2), (1, 2), (1, 0))]
)
def test_agrees_with_pytorch_ties_included(size, stride, padding):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, size=(2, 8, 9, 3)).astype(np.float64)
    for ours, adjoint, theirs in (
        (kernels.max_pool2d, kernels.max_pool2d_input_gradient, torch.nn.functional.max_pool2d),
        (kernels.average_pool2d, kernels.average_pool2d_input_gradient, torch.nn.functional.avg_pool2d),
    ):
        xt = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
        yt = theirs(xt, size, stride, padding)
        y = ours(x, size, stride, padding)
        g = rng.normal(size=y.shape)
        yt.backward(torch.tensor(g.transpose(0, 3, 1, 2).copy()))
        saved = (x, y) if ours is kernels.max_pool2d else (x.shape,)
        np.testing.assert_allclose(y, yt.detach().numpy().transpose(0, 2, 3, 1), atol=1e-12)
        expected = xt.grad.numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(adjoint(g, *saved, size, stride, padding), expected, atol=1e-12)


def test_errors():
    x = np.ones((1, 4, 4, 2))
    with pytest.raises(ValueError, match="max_pool2d: a 5×5 window doesn't fit in the image, 4×4"):
        kernels.max_pool2d(x, (5, 5), (1, 1))
    with pytest.raises(ValueError, match=r"average_pool2d: padding \(2, 2\) is more than half of size \(2, 2\)"):
        kernels.average_pool2d(x, (2, 2), (2, 2), (2, 2))
    with pytest.raises(ValueError, match="max_pool2d_input_gradient: y has shape"):
        kernels.max_pool2d_input_gradient(np.ones((1, 2, 2, 2)), x, x, (2, 2), (2, 2))
    with pytest.raises(ValueError, match=r"bias_max_pool2d: bias has shape \(3,\), expected \(2,\)"):
        kernels.bias_max_pool2d(x, np.ones(3), (2, 2), (2, 2))
    with pytest.raises(ValueError, match="bias_max_pool2d: activation is 'tanh'"):
        kernels.bias_max_pool2d(x, np.ones(2), (2, 2), (2, 2), activation="tanh")
    with pytest.raises(TypeError, match="max_pool2d: x int64"):
        kernels.max_pool2d(x.astype(np.int64), (2, 2), (2, 2))
