"""Softmax cross-entropy: every rung by hand, far from overflow, against differences, the formulas and PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.threads import threads

OPERATION = "softmax_cross_entropy"


def both(rung, g, logits, labels):
    with kernels.using(f"softmax_cross_entropy={rung}"):
        return (
            kernels.softmax_cross_entropy(logits, labels),
            kernels.softmax_cross_entropy_gradient(g, logits, labels),
        )


def test_by_hand_and_without_overflow(rung):
    logits = np.array([[0.0, np.log(3.0)], [1e4, -1e4]])
    losses, gradient = both(rung, np.array([1.0, 2.0]), logits, np.array([0, 1]))
    np.testing.assert_allclose(losses, [np.log(4.0), 2e4])
    np.testing.assert_allclose(gradient, [[-0.75, 0.75], [2.0, -2.0]])


@given(
    rows=st.integers(0, 40), classes=st.integers(1, 70), dtype=st.sampled_from([np.float32, np.float64]),
    label_type=st.sampled_from([np.uint8, np.int32, np.int64, np.uint64]), strided=st.booleans(),
    scale=st.sampled_from([1.0, 50.0, 1e4]), number=st.integers(1, 4),
)  # fmt: skip
def test_agrees_with_the_formulas(rung, rows, classes, dtype, label_type, strided, scale, number):
    rng = np.random.default_rng(rows)
    logits, labels = scale * rng.normal(size=(rows, 2 * classes)), rng.integers(0, classes, 2 * rows).astype(label_type)
    logits, g = logits.astype(dtype), rng.normal(size=2 * rows).astype(dtype)
    logits, labels, g = (
        (logits[::-1, ::2], labels[::2], g[::-2]) if strided else (logits[:, :classes], labels[:rows], g[:rows])
    )
    with pytest.MonkeyPatch.context() as patch, threads(number):
        patch.setattr(_compiled, "SERIAL_BELOW", 0)
        losses, gradient = both(rung, g, logits, labels)
    log_p = special.log_softmax(logits.astype(float), axis=1) if rows else np.zeros((0, classes))
    error = {"rtol": 1e-5, "atol": 2e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(losses, -log_p[np.arange(rows), labels], **error)
    np.testing.assert_allclose(gradient, (np.exp(log_p) - (labels[:, None] == range(classes))) * g[:, None], **error)
    assert losses.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [3, 40])
def test_what_is_no_number_comes_through(rung, dtype, classes):
    logits = np.random.default_rng(0).normal(size=(7, classes)).astype(dtype)
    logits[0, 1], logits[1, -1], logits[2, 0], logits[3], logits[4, 2] = np.nan, -np.nan, np.inf, -np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        losses, gradient = both(rung, np.ones(7, dtype), logits, np.array([0, 0, 0, 1, 0, 1, 2]))
    assert np.isnan(losses).tolist() == [True] * 4 + [False] * 3
    assert np.isnan(gradient).any(axis=1).tolist() == [True] * 4 + [False] * 3
    assert gradient[4, 2] == 0


def test_gradient_by_differences(rung):
    rng = np.random.default_rng(0)
    logits, labels, g = rng.normal(size=(5, 4)), rng.integers(0, 4, 5), rng.normal(size=5)
    direction, step = rng.normal(size=logits.shape), 1e-6
    up, down = (both(rung, g, logits + s * step * direction, labels)[0] @ g for s in (1, -1))
    slope = np.sum(both(rung, g, logits, labels)[1] * direction)
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-7)


@pytest.mark.oracle
def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    logits, labels = 10 * rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(kernels.softmax_cross_entropy(logits, labels), expected.numpy(), atol=1e-12)


def test_labels_of_any_whole_number_type():
    for kind in (np.int8, np.uint16, np.int64, np.uint64):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 2], kind))
        with pytest.raises(ValueError, match=r"label 3 is outside"):
            kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3], kind))
    with pytest.raises(ValueError, match=r"label -1 is outside"):
        kernels.softmax_cross_entropy(np.ones((2, 300)), np.array([0, -1], np.int8))


def test_errors():
    with pytest.raises(TypeError, match="labels is of type list, expected an array"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"label 3 is outside 0 \.\.\. 2"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3]))
    with pytest.raises(ValueError, match=r"labels has shape \(3,\), expected \(2,\)"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 1, 2]))
    with pytest.raises(TypeError, match="labels are float64"):
        kernels.softmax_cross_entropy(np.ones((2, 3)), np.ones(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_loss_beside_large_scores_keeps_its_digits(rung, dtype):
    logits = np.array([[1000, 995], [1000, 990], [-996, -1000.0], [1e4, 1e4 - 8]], dtype)
    losses, _ = both(rung, np.ones(4, dtype), logits, np.zeros(4, int))
    expected = np.log1p(np.exp([-5.0, -10.0, -4.0, -8.0]))
    np.testing.assert_allclose(losses, expected, atol=1.2e-7 if dtype == np.float32 else 2.3e-16, rtol=0)
