"""Winograd's convolution: its matrices by hand, the rung against the reference over shapes and tails."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.conv2d import _tiles, reference, winograd
from tinyxm_kernels.threads import threads

ONE = (1, 1)


def operands(shape, out_channels, padding, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=shape), rng.normal(size=(3, 3, shape[3], out_channels))
    grid = (n + 2 * p - 2 for n, p in zip(shape[1:3], padding, strict=True))
    return (a.astype(dtype) for a in (x, w, rng.normal(size=(shape[0], *grid, out_channels))))


def assert_close(found, operation, *operands):
    """Within a few roundings of the largest sum of magnitudes: terms may cancel, and their rounding errors stay. The
    transforms mix what meets only padding in, too, so the largest product counts where no sum is as large."""
    arrays, static = operands[:2], operands[2:]
    expected, scale = (operation(*(f(a.astype(np.float64)) for a in arrays), *static) for f in (np.asarray, np.abs))
    dtype = arrays[0].dtype
    assert found.shape == expected.shape
    assert found.dtype == dtype
    product = np.prod([np.abs(a).max(initial=0) for a in arrays])
    scale = max(scale.max(initial=1e-9), product)
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * (2e-6 if dtype == np.float32 else 4e-15))


@pytest.mark.parametrize(
    ("outputs", "points"), [(2, (0, 1, -1)), (4, (0, 1, -1, 2, -2)), (6, (0, 1, -1, 2, -2, 3, -3))]
)
def test_matrices_of_any_points_make_the_convolution(outputs, points):
    rng = np.random.default_rng(0)
    to_points, weights, output = _tiles.matrices(points, outputs)
    for _ in range(20):
        d, w = rng.integers(-9, 10, outputs + 2), rng.integers(-9, 10, 3)
        y = output @ ((weights @ w) * (to_points @ d))
        np.testing.assert_allclose(y, [d[i : i + 3] @ w for i in range(outputs)], atol=1e-9)


def test_the_matrices_of_the_paper():
    """Lavin and Gray, section 4.3; the sign of row 0 is turned in both Bᵀ and G, which cancels."""
    to_points, weights, output = _tiles.matrices((0, 1, -1, 2, -2), 4)
    assert to_points.tolist() == [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ]  # fmt: skip
    expected = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]
    np.testing.assert_allclose(24 * weights, expected, atol=1e-12)
    assert output.tolist() == [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def test_the_points_in_use_need_no_rounding_of_their_own():
    assert all(float(np.float32(v)) == v for m in (_tiles.INPUT, _tiles.OUTPUT) for v in m.ravel())


@given(
    shape=st.tuples(st.integers(0, 3), st.integers(1, 11), st.integers(1, 11), st.integers(0, 20)),
    out_channels=st.integers(0, 35),
    padding=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dtype=st.sampled_from([np.float32, np.float64]),
    layout=st.sampled_from([np.ascontiguousarray, lambda a: a[::-1], lambda a: a.swapaxes(1, 2).copy().swapaxes(1, 2)]),
    seed=st.integers(0, 9),
)
@example((1, 3, 3, 1), 1, (0, 0), np.float32, np.asarray, 0)
@example((2, 6, 9, 17), 16, (0, 1), np.float64, np.asarray, 0)
@example((3, 12, 5, 33), 80, (1, 0), np.float32, np.asarray, 0)  # two groups of output channels
@example((5, 13, 14, 260), 6, (1, 1), np.float32, np.asarray, 0)  # two sums, several blocks of tiles
@example((1, 1, 1, 4), 4, (9, 1), np.float64, np.asarray, 0)  # tiles of padding alone
@example((1, 1, 1, 1), 4, (2, 3), np.float32, np.asarray, 4)  # terms that cancel
@settings(max_examples=60)
def test_agrees_with_the_reference(shape, out_channels, padding, dtype, layout, seed):
    x, w, g = map(layout, operands(shape, out_channels, padding, dtype, seed))
    static = ONE, padding, ONE, 1
    with kernels.using("conv2d=winograd"):
        y = kernels.conv2d(x, w, *static)
        x_gradient = kernels.conv2d_input_gradient(g, w, shape, *static)
        w_gradient = kernels.conv2d_weight_gradient(g, x, w.shape, *static)
    assert_close(y, reference.conv2d, x, w, *static)
    assert_close(x_gradient, reference.conv2d_input_gradient, g, w, shape, *static)
    assert_close(w_gradient, reference.conv2d_weight_gradient, g, x, w.shape, *static)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_threads_gives_the_same_bits_forward(dtype, monkeypatch):
    monkeypatch.setattr(_compiled, "SERIAL_BELOW", 0)
    x, w, g = operands((3, 17, 10, 19), 21, ONE, dtype)
    results = []
    for number in (1, 2, 3, 4):
        with threads(number):
            y = winograd.conv2d(x, w, ONE, ONE, ONE, 1)
            results.append((y, winograd.conv2d_input_gradient(g, w, x.shape, ONE, ONE, ONE, 1)))
    assert_close(results[0][0], reference.conv2d, x, w, ONE, ONE, ONE, 1)
    for y, x_gradient in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(x_gradient, results[0][1])


@pytest.mark.parametrize(("channels", "out_channels"), [(5, 21), (2, 300)])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_weight_gradient_repeats_on_as_many_threads(channels, out_channels, number, monkeypatch):
    """On 4 threads 21 output channels are one group, of four parts of the tiles; 300 are two, of two parts each."""
    monkeypatch.setattr(_compiled, "SERIAL_BELOW", 0)
    x, w, g = operands((6, 14, 13, channels), out_channels, ONE, np.float32)
    with threads(number):
        first, again = (winograd.conv2d_weight_gradient(g, x, w.shape, ONE, ONE, ONE, 1) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert_close(first, reference.conv2d_weight_gradient, g, x, w.shape, ONE, ONE, ONE, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spreads_over_the_tiles_that_see_it_and_no_further(value):
    x, w, _ = operands((2, 16, 16, 5), 6, ONE, np.float32)
    before = winograd.conv2d(x, w, ONE, ONE, ONE, 1)
    x[1, 9, 3, 2] = value
    y = winograd.conv2d(x, w, ONE, ONE, ONE, 1)
    seen = ~np.isfinite(reference.conv2d(x, w, ONE, ONE, ONE, 1))
    assert seen.any()
    assert not np.isfinite(y[seen]).any()
    touched = np.zeros(y.shape, bool)
    touched[1, 8:12, 0:8] = True  # the tile with row 9, column 3, and its neighbour: 4 is the next to see column 3
    np.testing.assert_array_equal(y[~touched], before[~touched])
    w_gradient = winograd.conv2d_weight_gradient(np.ones_like(y), x, w.shape, ONE, ONE, ONE, 1)
    assert not np.isfinite(w_gradient[:, :, 2]).any()
    assert np.isfinite(w_gradient[:, :, [0, 1, 3, 4]]).all()


def test_operands_that_can_not_be_written_to_are_read_all_the_same():
    x, w, _ = operands((1, 8, 8, 3), 4, ONE, np.float32)
    before = winograd.conv2d(x, w, ONE, ONE, ONE, 1)
    x.flags.writeable = w.flags.writeable = False
    np.testing.assert_array_equal(winograd.conv2d(x, w, ONE, ONE, ONE, 1), before)


def test_an_infinite_weight_reaches_all_that_it_is_multiplied_with():
    x, w, _ = operands((1, 8, 8, 3), 4, ONE, np.float32)
    w[1, 1, 0, 2] = np.inf
    y = winograd.conv2d(x, w, ONE, ONE, ONE, 1)
    assert not np.isfinite(y[..., 2]).any()
    assert np.isfinite(y[..., [0, 1, 3]]).all()


@pytest.mark.parametrize(
    ("kernel", "static"),
    [((3, 2), {}), ((3, 3), {"stride": (1, 2)}), ((3, 3), {"dilation": (2, 1)}), ((3, 3), {"groups": 2})],
)
def test_other_convolutions_are_refused(kernel, static):
    x, w = np.ones((1, 9, 9, 4)), np.ones((*kernel, 4 // static.get("groups", 1), 4))
    with (
        kernels.using("conv2d=winograd"),
        pytest.raises(ValueError, match="rung winograd takes kernels of 3×3, stride 1, dilation 1, groups 1"),
    ):
        kernels.conv2d(x, w, **static)
