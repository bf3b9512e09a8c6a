"""Activations: every rung against SciPy's and NumPy's functions and differences, over shapes, strides, threads."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.threads import threads

OPERATION = "gelu"
FORMS = pytest.mark.parametrize("approximate", ["none", "tanh"])


def truth(x, approximate):
    if approximate == "none":
        return x * special.ndtr(x)
    return x * special.expit(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def both(rung, g, x, approximate):
    with kernels.using(f"activations={rung}"):
        return kernels.gelu(x, approximate), kernels.gelu_gradient(g, x, approximate)


@FORMS
@given(
    shape=st.sampled_from([(0,), (1,), (), (3, 0, 2), (5, 7), (2, 3, 4), (40,), (67, 3)]), number=st.integers(1, 4),
    layout=st.sampled_from(["contiguous", "transposed", "strided"]), dtype=st.sampled_from([np.float32, np.float64]),
)  # fmt: skip
def test_agrees_with_scipy_and_with_differences(rung, approximate, shape, number, layout, dtype):
    rng = np.random.default_rng(len(shape))
    x, g = (3 * rng.normal(size=shape[::-1] if layout == "transposed" else (*shape, 2)) for _ in range(2))
    x, g = (a.T if layout == "transposed" else a[..., 1] for a in (x.astype(dtype), g.astype(dtype)))
    if layout == "contiguous":
        x, g = np.array(x, order="C"), np.array(g, order="C")
    with pytest.MonkeyPatch.context() as patch, threads(number):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        y, gradient = both(rung, g, x, approximate)
    wide, step = x.astype(np.float64), 1e-5
    slope = (truth(wide + step, approximate) - truth(wide - step, approximate)) / (2 * step)
    np.testing.assert_allclose(y, truth(wide, approximate), atol=1e-13 if dtype == np.float64 else 1e-6)
    error = 1e-8 if dtype == np.float64 else 5e-6
    np.testing.assert_allclose(gradient, g * slope, rtol=error, atol=error)
    assert np.shape(y) == np.shape(gradient) == shape
    assert y.dtype == gradient.dtype == dtype


@given(
    shape=st.sampled_from([(0,), (1,), (), (5, 7), (40,), (67, 3)]), number=st.integers(1, 4),
    layout=st.sampled_from(["contiguous", "transposed", "reversed"]), dtype=st.sampled_from([np.float32, np.float64]),
)  # fmt: skip
def test_relu_and_its_gradient(rung, shape, number, layout, dtype):
    """What isn't finite comes through; at 0 and −0 the gradient is 0."""
    rng = np.random.default_rng(len(shape))
    x, g = (rng.normal(size=shape[::-1] if layout == "transposed" else shape).astype(dtype) for _ in range(2))
    x.reshape(-1)[:4] = [np.nan, np.inf, -np.inf, -0.0][: x.size]
    g.reshape(-1)[4:5] = np.nan
    x, g = (a.T if layout == "transposed" else a[::-1] if layout == "reversed" and a.ndim else a for a in (x, g))
    with pytest.MonkeyPatch.context() as patch, threads(number), kernels.using(f"activations={rung}"):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        y = kernels.relu(x)
        gradient = kernels.relu_gradient(g, y)
    np.testing.assert_array_equal(y, np.where(np.isnan(x), x, np.where(x > 0, x, 0)))
    np.testing.assert_array_equal(gradient, np.where(np.isnan(g) | (x > 0), g, 0))
    assert np.shape(y) == np.shape(gradient) == shape
    assert y.dtype == gradient.dtype == dtype


@FORMS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_from_0_and_what_is_no_number(rung, approximate, dtype):
    x = np.resize(np.array([np.nan, -np.nan, np.inf, 1e20, -1e20, 60, -60, 0], dtype), 40)
    with np.errstate(all="ignore"):
        y, gradient = both(rung, np.ones_like(x), x, approximate)
    expected = [np.nan, np.nan, np.inf, dtype(1e20), 0, 60, 0, 0]
    np.testing.assert_allclose(y, np.resize(expected, 40), atol=1e-30)
    slope = [np.nan, np.nan, np.nan if approximate == "none" else 1, 1, 0, 1, 0, 0.5]
    np.testing.assert_allclose(gradient, np.resize(slope, 40), atol=1e-15)


def test_errors():
    with pytest.raises(ValueError, match=r"gelu: approximate is 'sigmoid'; expected \"none\" or \"tanh\""):
        kernels.gelu(np.ones(2), "sigmoid")
    with pytest.raises(TypeError, match="gelu: x is of type list"):
        kernels.gelu([1.0])
    with pytest.raises(ValueError, match=r"gelu_gradient: g has shape \(2,\), expected \(3,\)"):
        kernels.gelu_gradient(np.ones(2), np.ones(3))
