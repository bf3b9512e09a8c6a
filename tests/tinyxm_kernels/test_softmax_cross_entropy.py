"""Softmax cross-entropy: by hand, far from overflow, against differences and PyTorch."""

import numpy as np
import pytest

import tinyxm_kernels as kernels


def test_by_hand_and_without_overflow():
    logits = np.array([[0.0, np.log(3.0)], [1e4, -1e4]])
    losses = kernels.softmax_cross_entropy(logits, np.array([0, 1]))
    np.testing.assert_allclose(losses, [np.log(4.0), 2e4])
    gradient = kernels.softmax_cross_entropy_gradient(np.array([1.0, 2.0]), logits, np.array([0, 1]))
    np.testing.assert_allclose(gradient, [[-0.75, 0.75], [2.0, -2.0]])


def test_gradient_by_differences():
    rng = np.random.default_rng(0)
    logits, labels, g = rng.normal(size=(5, 4)), rng.integers(0, 4, 5), rng.normal(size=5)
    direction, step = rng.normal(size=logits.shape), 1e-6
    up, down = (kernels.softmax_cross_entropy(logits + s * step * direction, labels) @ g for s in (1, -1))
    slope = np.sum(kernels.softmax_cross_entropy_gradient(g, logits, labels) * direction)
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-7)


@pytest.mark.oracle
def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    logits, labels = 10 * rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(kernels.softmax_cross_entropy(logits, labels), expected.numpy(), atol=1e-12)


def test_errors():
    with pytest.raises(TypeError, match="labels is of type list, expected an array"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"label 3 is outside 0 \.\.\. 2"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3]))
    with pytest.raises(ValueError, match=r"labels has shape \(3,\), expected \(2,\)"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 1, 2]))
    with pytest.raises(TypeError, match="labels are float64"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.ones(2))
