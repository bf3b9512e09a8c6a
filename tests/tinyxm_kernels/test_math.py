"""The vectorised exponential, against the C library's in a wider type, over the whole range."""

import numba
import numpy as np
import pytest

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels._math import exp


@compiled
def exponentials(x, y):
    for i in range(x.size):
        y[i] = exp(x[i])


DTYPES = pytest.mark.parametrize(
    ("dtype", "low", "high", "error"), [(np.float32, -110, 90, 8e-8), (np.float64, -750, 712, 2e-16)]
)


@DTYPES
def test_exponential_over_the_whole_range(dtype, low, high, error):
    x = np.concatenate([np.linspace(low, high, 100_003), np.linspace(-1e-3, 1e-3, 1001)]).astype(dtype)
    y = np.empty_like(x)
    exponentials(x, y)
    wide = np.float64 if dtype == np.float32 else np.longdouble
    with np.errstate(over="ignore"):
        truth = np.exp(x.astype(wide))
    limits = np.finfo(dtype)
    usual = (truth > 2 * limits.tiny) & (truth < limits.max * (1 - 1e-6))
    if np.finfo(wide).eps < limits.eps / 100:  # on some systems a long double is a double
        assert np.max(np.abs(y[usual] / truth[usual] - 1)) < error
    np.testing.assert_allclose(y[usual], truth[usual].astype(dtype), rtol=4 * limits.eps)
    assert np.all(np.isinf(y[truth / limits.max > 1 + 1e-6]))
    assert np.all(y[truth < limits.tiny] == 0)


@DTYPES
@pytest.mark.parametrize("count", [1, 7, 8, 67])
def test_exponential_of_what_is_no_number(dtype, low, high, error, count):
    x = np.resize(np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30], dtype), count)
    y = np.full_like(x, 5)
    exponentials(x, y)
    np.testing.assert_array_equal(y, np.resize([np.nan, np.nan, np.inf, 0, 1, 1, np.inf, 0], count))


def test_loops_with_it_are_vectorised():
    afresh = numba.jit(**exponentials.targetoptions)(exponentials.py_func)  # what comes from the cache shows no code
    afresh(np.ones(2, np.float32), np.ones(2, np.float32))
    (code,) = afresh.inspect_llvm().values()
    assert " x float> @llvm.fmuladd" in code
