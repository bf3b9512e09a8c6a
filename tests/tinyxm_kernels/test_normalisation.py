"""Layer normalisation: every rung against the formulas in float64 and against differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.threads import threads

OPERATION = "layer_norm"


def truth(x, scale, shift, eps):
    x = x.astype(np.longdouble)
    return scale * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps) + shift


@given(
    rows=st.sampled_from([0, 1, 2, 5, 63, 64, 65, 130]), features=st.integers(1, 70), strided=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]), mean=st.sampled_from([0, 30]), number=st.integers(1, 4),
)  # fmt: skip
def test_agrees_with_the_formula_and_with_differences(rung, rows, features, strided, dtype, mean, number):
    rng = np.random.default_rng(rows)
    x, g, direction = (rng.normal(size=(rows, 2 * features)).astype(dtype) for _ in range(3))
    x, g, direction = (a[::-1, ::2] if strided else a[:, :features] for a in (x + dtype(mean), g, direction))
    scale, shift = rng.normal(size=(2, features)).astype(dtype)
    eps = 1e-2
    with kernels.using(f"normalisation={rung}"), pytest.MonkeyPatch.context() as patch, threads(number):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        y = kernels.layer_norm(x, scale, shift, eps)
        g_x = kernels.layer_norm_input_gradient(g, x, scale, eps)
        g_scale = kernels.layer_norm_scale_gradient(g, x, eps)
    error = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(y, truth(x, scale, shift, eps), rtol=error, atol=error * (1 + mean))
    one = np.ones_like(scale)
    np.testing.assert_allclose(g_scale, (g * truth(x, one, 0, eps)).sum(0), rtol=error, atol=30 * error * (1 + mean))
    step = 1e-5
    wide = x.astype(np.longdouble)
    slope = truth(wide + step * direction, scale, shift, eps) - truth(wide - step * direction, scale, shift, eps)
    difference = (g * slope).sum(1) / (2 * step)
    error = 1e-3 * (1 + mean) if dtype == np.float32 else 1e-6
    np.testing.assert_allclose((g_x * direction).sum(1), difference, rtol=error, atol=error)
    assert y.dtype == g_x.dtype == g_scale.dtype == dtype
    assert y.shape == g_x.shape == x.shape


@pytest.mark.parametrize("features", [3, 40])
def test_what_is_no_number_comes_through(rung, features):
    x = np.random.default_rng(0).normal(size=(5, features))
    x[1, 2], x[3, 0] = np.nan, np.inf
    one = np.ones(features)
    with kernels.using(f"normalisation={rung}"), np.errstate(invalid="ignore"):
        y, g_x = kernels.layer_norm(x, one, one), kernels.layer_norm_input_gradient(x, x, one)
        g_scale = kernels.layer_norm_scale_gradient(x, x)
    for result in (y, g_x):
        assert np.isnan(result).any(axis=1).tolist() == [False, True, False, True, False]
    assert np.isnan(g_scale).all()


def test_errors():
    with pytest.raises(ValueError, match=r"layer_norm: scale has shape \(2,\), expected \(3,\)"):
        kernels.layer_norm(np.ones((2, 3)), np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=r"layer_norm_scale_gradient: x has shape \(3,\), expected \(rows, features\)"):
        kernels.layer_norm_scale_gradient(np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="layer_norm: x float32, scale float64"):
        kernels.layer_norm(np.ones((2, 3), np.float32), np.ones(3), np.ones(3))
