"""What is refused before a kernel runs, and what is taken as if it were something else."""

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm import Tensor


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def foreign(array):
    return array.astype(array.dtype.newbyteorder())


IMAGE, KERNEL, ROWS, ONES = drawn(2, 16, 16, 16), drawn(3, 3, 16, 24), drawn(64, 64), np.ones(64, np.float32)
CALLS = {
    "conv2d": lambda f: kernels.conv2d(f(IMAGE), KERNEL),
    "its weights": lambda f: kernels.conv2d(IMAGE, f(KERNEL)),
    "gelu": lambda f: kernels.gelu(f(ROWS)),
    "relu": lambda f: kernels.relu(f(drawn(200, 200))),
    "layer_norm": lambda f: kernels.layer_norm(f(ROWS), ONES, ONES),
    "attention": lambda f: kernels.attention(ROWS, f(ROWS), ROWS),
    "max_pool2d": lambda f: kernels.max_pool2d(f(IMAGE), (2, 2), (2, 2)),
    "cross_entropy": lambda f: kernels.softmax_cross_entropy(f(ROWS), np.zeros(64, int)),
    "adam": lambda f: kernels.adam_update(ROWS.copy(), f(ROWS), ROWS * 0, ROWS * 0, step=1, learning_rate=0.1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_bytes_in_another_order_are_refused(call):
    with pytest.raises(TypeError, match=r"expected .*this machine's byte order: convert with \.astype\(np\.float32\)"):
        call(foreign)


def test_a_tensor_of_bytes_in_another_order_has_this_machines():
    x = Tensor(foreign(ROWS))
    assert x.data.dtype == np.float32
    np.testing.assert_array_equal(x.data, ROWS)


@pytest.mark.parametrize("rows", [4, 64])
def test_a_setting_of_float64_makes_no_float64(rows):
    """1 / np.sqrt(n) is one; few rows go to the reference, many to a compiled rung."""
    x, scale, image = drawn(rows, 64), np.ones(64, np.float32), drawn(rows, 64, 64)
    eps, statistics = np.float64(1e-5), kernels.group_statistics(image, 8)
    y, sums = kernels.attention(x, x, x, None, False, 1 / np.sqrt(8))
    results = [y, sums, *kernels.attention_gradients(x, x, x, x, None, False, 1 / np.sqrt(8), y, sums)]
    results += [kernels.layer_norm(x, scale, scale, eps), *kernels.layer_norm_gradients(x, x, scale, eps)]
    results += [kernels.group_norm(image, scale, scale, statistics, eps)]
    results += kernels.group_norm_gradients(image, image, scale, statistics, eps)
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_whole_numbers_of_numpy_are_whole_numbers():
    one = np.int64(1)
    y = kernels.conv2d(IMAGE, drawn(3, 3, 1, 16), (one, one), groups=np.int64(16))
    np.testing.assert_array_equal(y, kernels.conv2d(IMAGE, drawn(3, 3, 1, 16), groups=16))
    with kernels.threads(np.int64(1)):
        assert kernels.get_threads() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kernels.conv2d(IMAGE, KERNEL, stride=(1.0, 1.0)), r"stride \(1.0, 1.0\): expected 2 whole numbers"),
        (lambda: kernels.conv2d(IMAGE, KERNEL, stride=1), "stride 1: expected 2 whole numbers"),
        (lambda: kernels.set_threads(True), "set_threads: True: expected a whole number"),
        (lambda: kernels.max_pool2d(IMAGE, 2, (2, 2)), "max_pool2d: size 2: expected a pair"),
    ],
)
def test_what_is_no_whole_number_or_no_pair_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_parameter_that_is_read_only_is_refused():
    parameter = drawn(2000)
    parameter.flags.writeable = False
    with pytest.raises(ValueError, match="gradient_descent_update: parameter is read-only"):
        kernels.gradient_descent_update(parameter, drawn(2000), learning_rate=0.1)


def test_offsets_of_bags_may_be_unsigned():
    weight, indices = drawn(10, 4), np.arange(6)
    for dtype in (np.uint64, np.uint8, np.int32):
        y = kernels.embedding_bag(weight, indices, np.array([0, 3], dtype))
        np.testing.assert_allclose(y, [weight[:3].sum(0), weight[3:6].sum(0)], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "groups"),
    [("reference", 8), ("implicit", 8), ("reference", 16), ("implicit", 16), ("depthwise", 16)],
)
def test_the_gradient_of_no_image_is_no_gradient(name, groups):
    w, g, image = drawn(3, 3, 16 // groups, 16), np.zeros((3, 2, 11, 16), np.float32), (3, 0, 11, 16)
    with kernels.using(f"conv2d_input_gradient={name}"):
        assert kernels.conv2d_input_gradient(g, w, image, padding=(2, 1), groups=groups).shape == image
