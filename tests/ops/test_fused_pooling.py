"""Fused pooling beside the operations that it is made of, where numbers are equal, infinite or none."""

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import ops


def gradients(pool, x, bias, g):
    """∂x, ∂bias and, of Σ ∂x²·weights + Σ ∂bias², the gradient by g."""
    x, bias, g = (xm.Tensor(a, requires_grad=True) for a in (x, bias, g))
    y = pool(x, bias)
    dx, dbias = xm.autograd.gradients(np.sum(y * g), [x, bias], create_graph=True)
    weights = np.cos(np.arange(x.data.size)).reshape(x.shape)
    (second,) = xm.autograd.gradients(np.sum(dx * dx * weights) + np.sum(dbias * dbias), [g])
    return y.data, dx.data, dbias.data, second.data


@pytest.mark.parametrize("activation", ["none", "relu"])
@pytest.mark.parametrize("settings", [(2, 2, 0), (3, 2, 1)])
@pytest.mark.parametrize("shape", [(1, 5, 6, 2), (2, 24, 31, 3)])
@pytest.mark.parametrize("strange", [(), (np.nan, np.inf, -np.inf)])
def test_bias_max_pool_is_what_it_fuses(activation, settings, shape, strange):
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, shape).astype(float)
    if strange:
        x[rng.random(shape) < 0.1] = np.nan
        x[rng.random(shape) < 0.1] = np.inf
        x[:, :2, :3] = -np.inf
    bias = np.array([0.5, -1, 0])[: shape[3]]

    def fused(x, bias):
        return ops.bias_max_pool2d(x, bias, *settings, activation)

    def composed(x, bias):
        return ops.max_pool2d(ops.relu(x + bias) if activation == "relu" else x + bias, *settings)

    g = rng.normal(size=composed(x, bias).shape)
    with np.errstate(invalid="ignore"):
        results = gradients(fused, x, bias, g), gradients(composed, x, bias, g)
    for ours, truth in zip(*results, strict=True):
        np.testing.assert_allclose(ours, truth, rtol=1e-12, atol=1e-12)
