"""Normalisation on the tape: what one kernel finds for three inputs goes to each of them, and no further."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm import Tensor, check_gradients, gradients, ops

NORMS: tuple[Callable[..., Any], ...] = (
    ops.layer_norm,
    ops.instance_norm,
    partial(ops.group_norm, groups=2),
    lambda *arrays: ops.batch_norm(*arrays)[0],
)
SHAPES = (2, 5, 4), (4,), (4,)
every = pytest.mark.parametrize("norm", NORMS, ids=["layer", "instance", "group", "batch"])


def drawn(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in SHAPES]


def composed(norm: Callable[..., Any], x: Any, scale: Any, shift: Any) -> Any:
    """The same in operations alone, by `standardise`."""
    if norm is ops.layer_norm:
        y = ops.standardise(np.reshape(x, (10, 4)), 1)
    elif norm is NORMS[3]:
        y = ops.standardise(np.reshape(x, (1, 10, 4)), 4)
    else:
        y = ops.standardise(x, 4 if norm is ops.instance_norm else 2)
    return np.reshape(y, x.shape) * scale + shift


@every
@pytest.mark.parametrize("wanted", [(0, 1, 2), (1, 2), (2,), (0, 2), (0,), (1,)])
def test_whichever_inputs_want_a_gradient_each_gets_its_own_at_each_pass(norm, wanted):
    arrays, g = drawn(), np.random.default_rng(1).standard_normal(SHAPES[0])
    tensors = [Tensor(array, requires_grad=i in wanted) for i, array in enumerate(arrays)]
    inputs = [tensors[i] for i in wanted]
    y, expected = norm(*tensors), composed(norm, *tensors)
    for _ in range(3):  # g is one array, and is written in between
        ours = gradients(y, inputs, g, retain_graph=True)
        truth = gradients(expected, inputs, g, retain_graph=True)
        for one, other in zip(ours, truth, strict=True):
            np.testing.assert_allclose(one.data, other.data, atol=1e-12)
        g *= np.random.default_rng(2).standard_normal(g.shape)


@every
def test_two_results_of_one_input_to_which_one_gradient_goes(norm):
    x, first, shift = (Tensor(array, requires_grad=True) for array in drawn())
    second = Tensor(drawn(3)[1], requires_grad=True)
    inputs = [x, first, second, shift]
    ours = gradients((norm(x, first, shift) + norm(x, second, shift)).sum(), inputs)
    truth = gradients((composed(norm, x, first, shift) + composed(norm, x, second, shift)).sum(), inputs)
    for one, other in zip(ours, truth, strict=True):
        np.testing.assert_allclose(one.data, other.data, atol=1e-12)


@pytest.mark.parametrize("frozen", [False, True])
def test_two_results_of_the_same_arrays_by_another_eps(frozen):
    x, scale, shift = (Tensor(array, requires_grad=True) for array in drawn())
    of_x = scale.detach() if frozen else scale
    first = ops.standardise(np.reshape(x.detach(), (10, 4)), 1, 1.0), ops.standardise(np.reshape(x, (10, 4)), 1, 0.1)
    truth = np.reshape(first[0] * scale + first[1] * of_x + 2 * shift, x.shape)
    y = ops.layer_norm(x.detach(), scale, shift, 1.0) + ops.layer_norm(x, of_x, shift, 0.1)
    for one, other in zip(*(gradients((z * drawn(4)[0]).sum(), [x, scale, shift]) for z in (y, truth)), strict=True):
        np.testing.assert_allclose(one.data, other.data, atol=1e-12)


def test_what_one_pass_found_is_gone_for_another_result_at_a_later_pass():
    x, scale, shift = (Tensor(array, requires_grad=True) for array in drawn())
    g = drawn(5)[0]
    gradients(ops.layer_norm(x, scale, shift), [x, scale, shift], g)
    g *= 2
    (ours,) = gradients(ops.layer_norm(x.detach(), scale, shift), [scale], g)
    np.testing.assert_allclose(ours.data, (g * ops.standardise(x.data.reshape(10, 4), 1).reshape(2, 5, 4)).sum((0, 1)))


@every
def test_the_kernel_runs_once_for_all_three(norm, monkeypatch):
    calls = []
    for name in ("layer_norm_gradients", "group_norm_gradients"):
        kernel = getattr(kernels, name)
        monkeypatch.setattr(kernels, name, lambda *given, kernel=kernel: calls.append(1) or kernel(*given))
    tensors = [Tensor(array, requires_grad=True) for array in drawn()]
    (norm(*tensors) ** 2).sum().backward()
    assert calls == [1]


def test_gradients_flow_through_what_batch_norm_takes_of_x():
    def all_three(x, scale, shift):
        y, mean, variance = ops.batch_norm(x, scale, shift)
        return y * np.sin(variance) + mean * variance

    check_gradients(all_three, drawn())


def test_large_ones_by_the_compiled_kernels():
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, 4, 48, 96)).astype(np.float32) + np.float32(2)
    tensors = [Tensor(array, requires_grad=True) for array in (x, x[0, 0].copy(), x[0, 1].copy())]
    for norm, axes in ((NORMS[3], (0, 1)), (ops.instance_norm, (1,))):
        y = norm(*tensors)
        wide, scale, shift = (tensor.data.astype(float) for tensor in tensors)
        mean, deviation = wide.mean(axes, keepdims=True), np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
        standard = (wide - mean) / deviation
        np.testing.assert_allclose(y.data, standard * scale + shift, atol=1e-4)
        h = g * scale
        expected = h - h.mean(axes, keepdims=True) - standard * (h * standard).mean(axes, keepdims=True)
        truth = expected / deviation, (g * standard).sum((0, 1)), g.sum((0, 1), dtype=float)
        for one, other in zip(gradients(y, tensors, g), truth, strict=True):
            np.testing.assert_allclose(one.data, other, rtol=1e-4, atol=1e-3)
