"""Convolution: rungs against six plain loops, each other, adjointness, and PyTorch."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels.conv2d import output_shape, patches

OPERATION = "conv2d"


@st.composite
def cases(draw):
    """(x shape, w shape, stride, padding), the kernel never larger than the padded image."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    window, stride = draw(pair), draw(pair)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    image = [draw(st.integers(max(1, w - 2 * p), 7)) for w, p in zip(window, padding, strict=True)]
    channels = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    return (draw(st.integers(0, 3)), *image, channels[0]), (*window, *channels), stride, padding


def by_loops(x, w, stride, padding):
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))
    rows = range(0, x.shape[1] - w.shape[0] + 1, stride[0])
    columns = range(0, x.shape[2] - w.shape[1] + 1, stride[1])
    y = np.zeros((len(x), len(rows), len(columns), w.shape[3]))
    for (p, row), (q, column) in product(enumerate(rows), enumerate(columns)):
        patch = x[:, row : row + w.shape[0], column : column + w.shape[1]]
        y[:, p, q] = (patch[..., None] * w).sum(axis=(1, 2, 3))
    return y


def drawn(case, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x, w, g = (rng.normal(size=s).astype(dtype) for s in (case[0], case[1], output_shape(*case)))
    return x, w, g


@settings(deadline=None)
@given(case=cases(), seed=st.integers(0, 9))
def test_forward_and_adjoints(rung, case, seed):
    """⟨g, conv(x, w)⟩ is linear in x and in w, so it equals ⟨∂x, x⟩ and ⟨∂w, w⟩ for every x and w."""
    (x_shape, w_shape, stride, padding), (x, w, g) = case, drawn(case, seed)
    other_x, other_w, _ = drawn(case, seed + 100)
    with kernels.using(f"conv2d={rung}"):
        np.testing.assert_allclose(kernels.conv2d(x, w, stride, padding), by_loops(x, w, stride, padding), atol=1e-12)
        x_gradient = kernels.conv2d_input_gradient(g, w, x_shape, stride, padding)
        w_gradient = kernels.conv2d_weight_gradient(g, x, w_shape, stride, padding)
    assert x_gradient.shape == x_shape
    assert w_gradient.shape == w_shape
    for vary, adjoint in ((other_x, x_gradient), (x, x_gradient)):
        assert np.sum(by_loops(vary, w, stride, padding) * g) == pytest.approx(np.sum(vary * adjoint), abs=1e-9)
    for vary, adjoint in ((other_w, w_gradient), (w, w_gradient)):
        assert np.sum(by_loops(x, vary, stride, padding) * g) == pytest.approx(np.sum(vary * adjoint), abs=1e-9)


@settings(deadline=None)
@given(case=cases(), seed=st.integers(0, 9))
def test_rungs_agree_on_strided_operands_in_blocks(case, seed):
    x, w, g = (np.asarray(a[::-1]) for a in drawn(case, seed, np.float32))
    x_shape, w_shape, stride, padding = case
    results = {}
    for rung in [rung.name for rung in kernels.ladder(OPERATION) if rung.available]:
        with kernels.using(f"conv2d={rung}"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(patches, "BLOCK_BYTES", 600)
            results[rung] = (
                kernels.conv2d(x, w, stride, padding),
                kernels.conv2d_input_gradient(g, w, x_shape, stride, padding),
                kernels.conv2d_weight_gradient(g, x, w_shape, stride, padding),
            )
    for result in results.values():
        for one, other in zip(results["reference"], result, strict=True):
            assert one.dtype == other.dtype == np.float32
            np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "case",
    [
        ((8, 16, 16, 11), (3, 3, 11, 64), (2, 2), (1, 1)),
        ((4, 9, 7, 2), (2, 3, 2, 5), (1, 2), (0, 2)),
        ((2, 6, 6, 4), (1, 1, 4, 3), (1, 1), (0, 0)),
    ],
)
def test_agrees_with_pytorch(rung, case):
    torch = pytest.importorskip("torch")
    (x_shape, w_shape, stride, padding), (x, w, g) = case, drawn(case, 0)
    xt = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    wt = torch.tensor(w.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    yt = torch.nn.functional.conv2d(xt, wt, stride=stride, padding=padding)
    yt.backward(torch.tensor(g.transpose(0, 3, 1, 2).copy()))
    with kernels.using(f"conv2d={rung}"):
        y = kernels.conv2d(x, w, stride, padding)
        x_gradient = kernels.conv2d_input_gradient(g, w, x_shape, stride, padding)
        w_gradient = kernels.conv2d_weight_gradient(g, x, w_shape, stride, padding)
    np.testing.assert_allclose(y, yt.detach().numpy().transpose(0, 2, 3, 1), atol=1e-10)
    np.testing.assert_allclose(x_gradient, xt.grad.numpy().transpose(0, 2, 3, 1), atol=1e-10)
    np.testing.assert_allclose(w_gradient, wt.grad.numpy().transpose(2, 3, 1, 0), atol=1e-10)


@pytest.mark.parametrize(
    ("x", "w", "static", "message"),
    [
        ((1, 5, 5, 3), (3, 3, 4, 8), {}, r"conv2d: x has 3 channels, w \(3, 3, 4, 8\) expects 4"),
        ((5, 5, 3), (3, 3, 3, 8), {}, "expected \\(batch, height, width, channels\\)"),
        ((1, 5, 5, 3), (3, 3, 3), {}, "expected \\(kernel_height, kernel_width, in_channels, out_channels\\)"),
        ((1, 2, 2, 3), (3, 3, 3, 8), {}, "a 3×3 window doesn't fit in the image, 2×2"),
        ((1, 5, 5, 3), (3, 3, 3, 8), {"stride": (0, 1)}, r"stride \(0, 1\): expected 2 whole numbers from 1 up"),
        ((1, 5, 5, 3), (3, 3, 3, 8), {"padding": 1}, "padding 1: expected 2 whole numbers"),
    ],
)
def test_shape_errors(x, w, static, message):
    with pytest.raises(ValueError, match=message):
        kernels.conv2d(np.ones(x), np.ones(w), **static)


def test_gradient_and_dtype_errors():
    with pytest.raises(TypeError, match="conv2d: x is of type list, expected an array"):
        kernels.conv2d([[1.0]], np.ones((3, 3, 3, 8)))
    x, w = np.ones((1, 5, 5, 3)), np.ones((3, 3, 3, 8))
    with pytest.raises(ValueError, match=r"conv2d_input_gradient: g has shape \(1, 5, 5, 8\), expected \(1, 3, 3, 8\)"):
        kernels.conv2d_input_gradient(np.ones((1, 5, 5, 8)), w, x.shape)
    with pytest.raises(ValueError, match="conv2d_weight_gradient: g has shape"):
        kernels.conv2d_weight_gradient(np.ones((1, 5, 5, 8)), x, w.shape)
    with pytest.raises(TypeError, match="conv2d: x float64, w float32; expected all float32 or all float64"):
        kernels.conv2d(x, w.astype(np.float32))
    with pytest.raises(TypeError, match="conv2d: x int64"):
        kernels.conv2d(x.astype(np.int64), w.astype(np.int64))
