"""Normalisation of rows and of groups: every rung against the formulas in float64 and against differences."""

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
        g_x, g_scale, g_shift = kernels.layer_norm_gradients(g, x, scale, eps)
    error = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(y, truth(x, scale, shift, eps), rtol=error, atol=error * (1 + mean))
    one = np.ones_like(scale)
    np.testing.assert_allclose(g_scale, (g * truth(x, one, 0, eps)).sum(0), rtol=error, atol=30 * error * (1 + mean))
    np.testing.assert_allclose(g_shift, g.sum(0, dtype=np.longdouble), rtol=error, atol=30 * error)
    step = 1e-5
    wide = x.astype(np.longdouble)
    slope = truth(wide + step * direction, scale, shift, eps) - truth(wide - step * direction, scale, shift, eps)
    difference = (g * slope).sum(1) / (2 * step)
    error = 1e-3 * (1 + mean) if dtype == np.float32 else 1e-6
    np.testing.assert_allclose((g_x * direction).sum(1), difference, rtol=error, atol=error)
    assert y.dtype == g_x.dtype == g_scale.dtype == g_shift.dtype == dtype
    assert y.shape == g_x.shape == x.shape


@pytest.mark.parametrize("features", [3, 40])
def test_what_is_no_number_comes_through(rung, features):
    x = np.random.default_rng(0).normal(size=(5, features))
    x[1, 2], x[3, 0] = np.nan, np.inf
    one = np.ones(features)
    with kernels.using(f"normalisation={rung}"), np.errstate(invalid="ignore"):
        y, (g_x, g_scale, g_shift) = kernels.layer_norm(x, one, one), kernels.layer_norm_gradients(x, x, one)
    for result in (y, g_x):
        assert np.isnan(result).any(axis=1).tolist() == [False, True, False, True, False]
    assert np.isnan(g_scale).all()
    assert np.isfinite(g_shift).sum() == features - 2


def truth_of_groups(x, scale, shift, groups, eps):
    form = x.astype(np.longdouble).reshape(*x.shape[:2], groups, x.shape[2] // groups)
    mean, variance = form.mean((1, 3), keepdims=True), form.var((1, 3), keepdims=True)
    y = scale * ((form - mean) / np.sqrt(variance + eps)).reshape(x.shape) + shift
    return y, np.stack([mean, variance])[:, :, 0, :, 0]


on_each_rung = pytest.mark.parametrize(
    "group_rung",
    [
        pytest.param(rung.name, marks=[pytest.mark.skip(reason=rung.reason)] * (not rung.available))
        for rung in kernels.ladder("group_norm", "cpu")
    ],
)


@on_each_rung
@given(
    samples=st.integers(0, 3), positions=st.sampled_from([1, 2, 5, 40, 200]), groups=st.sampled_from([1, 2, 3, 7]),
    each=st.sampled_from([1, 2, 5]), strided=st.booleans(), dtype=st.sampled_from([np.float32, np.float64]),
    mean=st.sampled_from([0, 30]), number=st.integers(1, 4), block=st.sampled_from([1, 64, 16384]),
)  # fmt: skip
def test_groups_agree_with_the_formula_and_with_differences(
    group_rung, samples, positions, groups, each, strided, dtype, mean, number, block
):
    rng, channels, eps = np.random.default_rng(positions), groups * each, 1e-2
    x, g, direction = (rng.normal(size=(samples, 2 * positions, channels)).astype(dtype) for _ in range(3))
    x, g, direction = (a[:, ::-2] if strided else a[:, :positions] for a in (x + dtype(mean), g, direction))
    scale, shift = rng.normal(size=(2, channels)).astype(dtype)
    before = x.copy()
    with kernels.using(f"normalisation={group_rung}"), pytest.MonkeyPatch.context() as patch, threads(number):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        if group_rung == "lanes":
            patch.setattr("tinyxm_kernels.normalisation.lanes.BLOCK", block)
            patch.setattr("tinyxm_kernels.normalisation.lanes.LANES", 16)
        statistics = kernels.group_statistics(x, groups)
        y = kernels.group_norm(x, scale, shift, statistics, eps)
        g_x, g_scale, g_shift = gradients = kernels.group_norm_gradients(g, x, scale, statistics, eps)
    np.testing.assert_array_equal(x, before)
    error = 1e-5 if dtype == np.float32 else 1e-12
    expected, both = truth_of_groups(x, scale, shift, groups, eps)
    np.testing.assert_allclose(statistics, both, rtol=error, atol=error)
    np.testing.assert_allclose(y, expected, rtol=error, atol=error * (1 + 3 * mean))
    standard, wide = truth_of_groups(x, np.ones(channels), 0, groups, eps)[0], x.astype(np.longdouble)
    np.testing.assert_allclose(g_scale, (g * standard).sum((0, 1)), rtol=error, atol=100 * error * (1 + mean))
    np.testing.assert_allclose(g_shift, g.sum((0, 1), dtype=np.longdouble), rtol=error, atol=100 * error)
    ahead, behind = (truth_of_groups(wide + s * direction, scale, shift, groups, eps)[0] for s in (1e-5, -1e-5))
    difference, error = (g * (ahead - behind)).sum((1, 2)) / 2e-5, 1e-3 * (1 + mean) if dtype == np.float32 else 1e-6
    np.testing.assert_allclose((g_x * direction).sum((1, 2)), difference, rtol=error, atol=error)
    assert all(array.dtype == dtype for array in (statistics, y, *gradients))


@on_each_rung
def test_what_is_no_number_comes_through_its_group_alone(group_rung):
    x = np.random.default_rng(0).normal(size=(3, 20, 4))
    x[0, 7, 1], x[2, 0, 2] = np.nan, np.inf
    one = np.ones(4)
    with kernels.using(f"normalisation={group_rung}"), np.errstate(invalid="ignore"):
        statistics = kernels.group_statistics(x, 2)
        y = kernels.group_norm(x, one, one, statistics)
        g_x, g_scale, _ = kernels.group_norm_gradients(x, x, one, statistics)
    expected = [[True, True, False, False], [False] * 4, [False, False, True, True]]
    assert np.isnan(statistics[1]).tolist() == [[True, False], [False, False], [False, True]]
    for result in (y, g_x):
        assert np.isnan(result).all(axis=1).tolist() == np.isnan(result).any(axis=1).tolist() == expected
    assert np.isnan(g_scale).all()


def test_errors():
    with pytest.raises(ValueError, match=r"layer_norm: scale has shape \(2,\), expected \(3,\)"):
        kernels.layer_norm(np.ones((2, 3)), np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=r"layer_norm_gradients: x has shape \(3,\), expected \(rows, features\)"):
        kernels.layer_norm_gradients(np.ones(3), np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="layer_norm: x float32, scale float64"):
        kernels.layer_norm(np.ones((2, 3), np.float32), np.ones(3), np.ones(3))
    x, one = np.ones((2, 3, 4)), np.ones(4)
    with pytest.raises(ValueError, match="group_statistics: 4 channels don't divide into 3 groups"):
        kernels.group_statistics(x, 3)
    with pytest.raises(ValueError, match=r"group_statistics: x has shape \(2, 0, 4\), so there is nothing"):
        kernels.group_statistics(x[:, :0], 2)
    with pytest.raises(ValueError, match=r"group_norm: statistics has shape \(2, 1, 2\), expected \(2, 2, groups\)"):
        kernels.group_norm(x, one, one, np.ones((2, 1, 2)))
    with pytest.raises(ValueError, match=r"group_norm_gradients: g has shape \(2, 3\), expected \(2, 3, 4\)"):
        kernels.group_norm_gradients(x[..., 0], x, one, np.ones((2, 2, 2)))
