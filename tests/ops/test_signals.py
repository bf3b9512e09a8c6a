"""Convolution, pooling, resizing and spectra: how they hang together, and what is said of bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm import Tensor, gradients, ops


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def convolutions(draw: Any) -> tuple[int, tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """(axes, shape of x, shape of w, settings), the kernel never larger than what it slides over."""
    axes, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    numbers = {name: tuple(draw(st.integers(low, 2)) for _ in range(axes))
               for name, low in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1))}  # fmt: skip
    kernel = numbers.pop("kernel")
    image = tuple(draw(st.integers(3, 5)) for _ in range(axes))
    x = (draw(st.integers(0, 2)), *image, groups * draw(st.integers(1, 2)))
    return axes, x, (*kernel, x[-1] // groups, groups * draw(st.integers(1, 2))), {**numbers, "groups": groups}


@settings(max_examples=80)
@given(convolutions())
def test_a_transposed_convolution_is_the_input_gradient_with_the_same_weight(case: Any) -> None:
    axes, x_shape, w_shape, given_settings = case
    x, w = Tensor(drawn(*x_shape), requires_grad=True), drawn(*w_shape, seed=1)
    y = getattr(ops, f"conv{axes}d")(x, w, **given_settings)
    g = drawn(*y.shape, seed=2)
    plain = {**given_settings, "output_padding": 0}
    least = getattr(ops, f"conv_transpose{axes}d")(g, w, **plain)
    more = tuple(n - m for n, m in zip(x_shape[1:-1], least.shape[1:-1], strict=True))
    found = getattr(ops, f"conv_transpose{axes}d")(g, w, **given_settings, output_padding=more)
    np.testing.assert_allclose(found, gradients(y, [x], g)[0].data, atol=1e-12)


def test_settings_are_whole_numbers_of_any_kind() -> None:
    x, w = drawn(1, 7, 8, 2), drawn(3, 2, 2, 3, seed=1)
    expected = ops.conv2d(x, w, (2, 1), (1, 0))
    for stride, padding in (([2, 1], np.array([1, 0])), ((np.int64(2), 1), [np.uint8(1), 0])):
        np.testing.assert_array_equal(ops.conv2d(x, w, stride, padding), expected)
    np.testing.assert_array_equal(ops.max_pool2d(x, np.int64(2)), ops.max_pool2d(x, 2))
    np.testing.assert_array_equal(ops.stft(x[0, :, :, 0], np.int64(4), np.int32(2)), ops.stft(x[0, :, :, 0], 4, 2))


def test_one_frame_and_one_row_are_the_same_convolution() -> None:
    x, w = drawn(2, 7, 4), drawn(3, 2, 6, seed=1)
    y = ops.conv1d(x, w, 2, 1, 2, 2)
    np.testing.assert_allclose(ops.conv2d(x[:, :, None], w[:, None], (2, 1), (1, 0), (2, 1), 2)[:, :, 0], y)
    deep = ops.conv3d(x[:, :, None, None], w[:, None, None], (2, 1, 1), (1, 0, 0), (2, 1, 1), 2)
    np.testing.assert_allclose(deep[:, :, 0, 0], y)


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 9))
def test_windows_and_their_sum_are_adjoint(length: int, hop: int, more: int) -> None:
    x = drawn(2, length + more)
    windows = ops.frames(x, length, hop)
    g = drawn(*windows.shape, seed=1)
    assert (windows * g).sum() == pytest.approx((x * ops.overlap_add(g, length + more, hop)).sum())


@settings(max_examples=40)
@given(st.integers(1, 20))
def test_a_transform_undone_is_the_signal(n: int) -> None:
    x = drawn(3, n)
    np.testing.assert_allclose(ops.irfft(ops.rfft(x), n), x, atol=1e-12)


def test_a_tone_stands_in_the_bin_of_its_frequency() -> None:
    rate, frequency = 8000, 1250.0
    x = np.sin(2 * np.pi * frequency / rate * np.arange(4000)).astype(np.float32)
    y = ops.stft(x, 256, 64)
    assert y.dtype == np.float32
    assert y.shape == (1 + 4000 // 64, 129, 2)
    y = y[2:-3]  # where no mirrored part is in the window
    assert (np.square(y).sum(-1).argmax(-1) * rate / 256 == frequency).all()
    assert ops.stft(x, 256, 64, np.hamming(256), center=False).dtype == np.float32


def test_bilinear_resizing_keeps_a_slope_and_nearest_repeats() -> None:
    slope = np.arange(5.0)[None, :, None, None] * np.ones((1, 1, 3, 1))
    y = ops.resize(slope, (9, 3), "bilinear", align_corners=True)
    np.testing.assert_allclose(y[0, :, 1, 0], np.linspace(0, 4, 9), atol=1e-12)
    np.testing.assert_array_equal(ops.resize(slope, (10, 6)), np.repeat(np.repeat(slope, 2, 1), 2, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.resize(x, 3, "bilinear"),
        lambda x: ops.adaptive_average_pool1d(x[0], 3),
        lambda x: ops.adaptive_average_pool2d(x, 3),
        lambda x: ops.adaptive_max_pool2d(x, 3),
    ],
)
def test_means_of_integers_are_refused_and_not_cut_off(call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"^(resize|adaptive_\w+): x is uint8.*convert with \.astype"):
        call(np.full((1, 4, 4, 1), 7, np.uint8))


def leaf(*shape: int) -> Tensor:
    return Tensor(drawn(*shape), requires_grad=True)


BAD: list[tuple[str, Callable[[], Any]]] = [
    (r"conv1d: x has shape \(5, 2\), expected \(batch, samples, channels\)",
     lambda: ops.conv1d(leaf(5, 2), leaf(3, 2, 1))),
    (r"conv1d: x has 2 channels, w \(3, 4, 1\) expects 4", lambda: ops.conv1d(leaf(1, 5, 2), leaf(3, 4, 1))),
    (r"conv1d: a 9 window doesn't fit in the image, 5", lambda: ops.conv1d(leaf(1, 5, 2), leaf(9, 2, 1))),
    (r"conv1d: stride \(1, 2\): expected an integer from 1$", lambda: ops.conv1d(leaf(1, 5, 2), leaf(3, 2, 1), (1, 2))),
    (r"conv2d: groups 2: .* divides the 3 channels", lambda: ops.conv2d(leaf(1, 5, 5, 3), leaf(3, 3, 1, 2), groups=2)),
    (r"conv2d: dilation 0: expected an integer from 1, or a pair",
     lambda: ops.conv2d(leaf(1, 5, 5, 3), leaf(3, 3, 3, 2), dilation=0)),
    (r"conv3d: w has shape \(3, 3, 2, 4\), expected \(kernel_frames, ",
     lambda: ops.conv3d(leaf(1, 4, 5, 5, 2), leaf(3, 3, 2, 4))),
    (r"conv3d: padding \(1, 1\): expected an integer from 0, or a tuple of 3",
     lambda: ops.conv3d(leaf(1, 4, 5, 5, 2), leaf(3, 3, 3, 2, 4), padding=(1, 1))),
    (r"conv3d: padding 'same' needs stride 1 and an odd kernel, got \(1, 1, 1\), \(2, 3, 3\)",
     lambda: ops.conv3d(leaf(1, 4, 5, 5, 2), leaf(2, 3, 3, 2, 4), padding="same")),
    (r"conv_transpose2d: x has 3 channels, w \(3, 3, 3, 2\) gives 2",
     lambda: ops.conv_transpose2d(leaf(1, 4, 4, 3), leaf(3, 3, 3, 2))),
    (r"conv_transpose1d: output_padding \(2,\) isn't smaller than the stride \(2,\)",
     lambda: ops.conv_transpose1d(leaf(1, 4, 3), leaf(3, 2, 3), 2, output_padding=2)),
    (r"conv_transpose1d: x \(1, 1, 3\) and w .* padding \(2,\) leave a result of \(-1,\)",
     lambda: ops.conv_transpose1d(leaf(1, 1, 3), leaf(3, 2, 3), padding=2)),
    (r"max_pool1d: x has shape \(1, 4, 4, 2\), expected \(batch, samples, channels\)",
     lambda: ops.max_pool1d(leaf(1, 4, 4, 2), 2)),
    (r"max_pool3d: padding \(1, 1, 2\) is more than half of size \(2, 2, 2\)",
     lambda: ops.max_pool3d(leaf(1, 4, 4, 4, 2), 2, padding=(1, 1, 2))),
    (r"average_pool1d: a 5 window doesn't fit in the image, 4", lambda: ops.average_pool1d(leaf(1, 4, 2), 5)),
    (r"adaptive_max_pool2d: x \(1, 0, 4, 2\): expected \(batch, height, width, channels\), with places",
     lambda: ops.adaptive_max_pool2d(leaf(1, 0, 4, 2), 2)),
    (r"global_max_pool: x \(4, 2\): expected \(batch, ..., channels\)", lambda: ops.global_max_pool(leaf(4, 2))),
    (r"resize: x has shape \(4, 4, 2\)", lambda: ops.resize(leaf(4, 4, 2), 2)),
    (r"resize: mode 'cubic': expected 'nearest'", lambda: ops.resize(leaf(1, 4, 4, 2), 2, "cubic")),
    (r"resize: mode 'nearest': expected 'nearest' \(without align_corners\)",
     lambda: ops.resize(leaf(1, 4, 4, 2), 2, align_corners=True)),
    (r"rfft: a \(2, 0\)", lambda: ops.rfft(leaf(2, 0))),
    (r"irfft: a \(3, 2\): 9 samples have \(…, 5, 2\)", lambda: ops.irfft(leaf(3, 2), 9)),
    (r"frames: a \(3,\) is shorter than a window of 4 samples", lambda: ops.frames(leaf(3), 4, 1)),
    (r"frames: hop 0: expected a whole number of samples from 1", lambda: ops.frames(leaf(3), 2, 0)),
    (r"overlap_add: a \(3, 4\): windows .* at every 2 don't fit in 7", lambda: ops.overlap_add(leaf(3, 4), 7, 2)),
    (r"stft: x \(3,\) is too short for a window of 8 samples", lambda: ops.stft(leaf(3), 8, 2)),
    (r"stft: window \(4,\): expected \(8,\)", lambda: ops.stft(leaf(30), 8, 2, np.ones(4))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "call"), BAD, ids=[words for words, _ in BAD])
def test_errors(words: str, call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        call()
