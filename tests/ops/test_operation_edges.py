"""Where an operation could go wrong: ties and limits, large numbers, nothing to divide by, and bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinyxm import Tensor, check_gradients, gradients, ops


def leaf(*shape: int, dtype: str = "float64") -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal(shape).astype(dtype), requires_grad=True)


def of(values: Any) -> Tensor:
    return Tensor(np.array(values, float), requires_grad=True)


def gradients_of(y: Tensor, *inputs: Tensor) -> list[list[float]]:
    return [g.data.tolist() for g in gradients(y.sum(), inputs)]


def test_ties_share_the_gradient() -> None:
    a, b = of([1, 2, 3]), of([1, 3, 2])
    assert gradients_of(ops.maximum(a, b), a, b) == [[0.5, 0, 1], [0.5, 1, 0]]
    assert gradients_of(ops.minimum(a, b), a, b) == [[0.5, 1, 0], [0.5, 0, 1]]
    a = of([[2, 1, 2], [0, 0, 1]])
    assert gradients_of(a.max(axis=1), a) == [[[0.5, 0, 0.5], [0, 0, 1]]]
    assert gradients_of(a.min(axis=0, keepdims=True), a) == [[[0, 0, 0], [1, 1, 1]]]
    assert gradients_of(a.max(), a) == [[[0.5, 0, 0.5], [0, 0, 0]]]


def test_kinks_and_limits() -> None:
    a = of([-1, 0, 1, 2])
    assert gradients_of(ops.relu(a), a) == [[0, 0, 1, 1]]
    assert gradients_of(abs(a), a) == [[-1, 0, 1, 1]]
    assert gradients_of(ops.clip(a, -1, 1), a) == [[1, 1, 1, 0]]
    assert gradients_of(np.clip(a, None, 0), a) == [[1, 1, 0, 0]]


def test_max_pool_gives_ties_to_the_first_as_torch_does() -> None:
    x = Tensor(np.ones((1, 4, 4, 1)), requires_grad=True)
    (g,) = gradients(ops.max_pool2d(x, 2).sum(), [x])
    assert g.data[0, :, :, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    check_gradients(lambda g: ops.pooling._to_the_largest(g, x.data, x.data[:, ::2, ::2], (2, 2), (2, 2), (0, 0)),
                    [np.random.default_rng(0).standard_normal((1, 2, 2, 1))])  # fmt: skip


def test_powers_at_zero() -> None:
    for n, slope in ((0, 0), (1, 1), (2, 0), (3, 0)):
        x = of([0.0])
        (first,) = gradients((x**n).sum(), [x], create_graph=True)
        assert first.data.tolist() == [slope]
        if first.requires_grad:
            (second,) = gradients(first.sum(), [x])
            assert second.data.tolist() == [2 if n == 2 else 0]
    x, n = of([0, 0, 2]), of([0, 1, 3])
    assert gradients_of(x**n, x) == [[0, 1, 12]]
    assert gradients_of(of(0) ** n, n) == [[0, 0, 0]]


def test_a_gather_sums_what_it_repeats() -> None:
    w = leaf(4, 2)
    assert gradients_of(w[[0, 0, -4]], w)[0] == [[3, 3], [0, 0], [0, 0], [0, 0]]
    assert gradients_of(ops.embedding(w, np.array([[1, 1], [3, 1]])), w)[0] == [[0, 0], [3, 3], [0, 0], [1, 1]]
    assert gradients_of(w[((0, 0), (1, 1))], w)[0] == [[0, 2], [0, 0], [0, 0], [0, 0]]
    assert gradients_of(w[Tensor(np.array([2, 2]))], w)[0] == [[0, 0], [0, 0], [2, 2], [0, 0]]


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_no_logits_are_too_large(size: float) -> None:
    for dtype in ("float32", "float64"):
        logits = Tensor(np.array([[size, -size, 0], [-size, -size, -size]], dtype), requires_grad=True)
        assert ops.softmax(logits).data[0].tolist() == [1, 0, 0]
        np.testing.assert_allclose(ops.softmax(logits).data[1], 1 / 3, rtol=1e-6)
        np.testing.assert_allclose(ops.logsumexp(logits, 1).data, [size, -size + np.log(3)], rtol=1e-6)
        loss = ops.cross_entropy(logits, np.array([1, 0]))
        np.testing.assert_allclose(loss.data, (2 * size + np.log(3)) / 2, rtol=1e-6)
        (g,) = gradients(loss, [logits])
        np.testing.assert_allclose(g.data, np.array([[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3]]) / 2, atol=1e-6)


def test_minus_infinity_takes_no_part() -> None:
    a = of([[-np.inf, 1, 2], [-np.inf, -np.inf, 0]])
    np.testing.assert_allclose(ops.logsumexp(a, 1).data, [np.log(np.e + np.e**2), 0])
    np.testing.assert_allclose(gradients_of(ops.logsumexp(a, 1), a)[0], ops.softmax(a).data)
    assert ops.log_softmax(a).data[:, 0].tolist() == [-np.inf, -np.inf]
    assert ops.logsumexp(Tensor(np.full((2, 3), -np.inf)), axis=1).data.tolist() == [-np.inf, -np.inf]
    assert ops.cross_entropy(a, np.array([2, 2])).item() == pytest.approx(np.log(1 + np.exp(-1)) / 2)


def test_nothing_to_divide_by() -> None:
    x = Tensor(np.full((2, 3, 4), 5, np.float32), requires_grad=True)
    y = ops.standardise(x, 2)
    (g,) = gradients(y, [x], np.ones(y.shape))
    assert not y.data.any()
    assert np.isfinite(g.data).all()
    zero = Tensor(np.zeros((2, 3), np.float32), requires_grad=True)
    y = ops.unit_length(zero)
    (g,) = gradients(y, [zero], np.ones(y.shape))
    assert not y.data.any()
    assert np.isfinite(g.data).all()


def test_info_nce_of_what_has_learned_nothing_is_ln_n() -> None:
    a = Tensor(np.ones((5, 3)))
    assert ops.info_nce(a, a, 10.0).item() == pytest.approx(np.log(5))
    assert ops.info_nce(a, a, 10.0, np.ones((5, 5), bool)).item() == pytest.approx(0)


@pytest.mark.oracle
def test_a_row_of_the_table_with_padding_ties_like_torch() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).integers(0, 3, (2, 6, 5, 2)).astype(float)
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y = ops.max_pool2d(ours, 3, 2, 1)
    expected = torch.nn.functional.max_pool2d(theirs.permute(0, 3, 1, 2), 3, 2, 1).permute(0, 2, 3, 1)
    g = np.random.default_rng(1).standard_normal(y.shape)
    (expected_gradient,) = torch.autograd.grad(expected, [theirs], torch.tensor(g))
    np.testing.assert_allclose(gradients(y, [ours], g)[0].data, expected_gradient.numpy(), atol=1e-12)


BAD: list[tuple[str, type[Exception], Callable[[], Any]]] = [
    (r"add: a \(3,\), b \(4,\)", ValueError, lambda: leaf(3) + leaf(4)),
    (r"matmul: \(32, 10\) @ \(12, 4\): inner sizes 10 and 12 differ", ValueError, lambda: leaf(32, 10) @ leaf(12, 4)),
    (r"matmul: \(2, 3, 10\) @ \(12, 4\): inner sizes 10 and 12", ValueError, lambda: leaf(2, 3, 10) @ leaf(12, 4)),
    (r"matmul: \(3,\) @ \(4,\): inner sizes 3 and 4 differ", ValueError, lambda: leaf(3) @ leaf(4)),
    (r"matmul: \(2, 3, 4\) @ \(3, 4, 5\): leading axes", ValueError, lambda: leaf(2, 3, 4) @ leaf(3, 4, 5)),
    (r"matmul: \(2, 3\) @ \(\): a number", ValueError, lambda: leaf(2, 3) @ 2.0),
    (r"sum: a \(2, 3\): axis 2 is out of bounds", ValueError, lambda: leaf(2, 3).sum(axis=2)),
    (r"mean: a \(2, 3\): axis -3 is out of bounds", ValueError, lambda: np.mean(leaf(2, 3), axis=-3)),
    (r"var: 1 elements less ddof 1", ValueError, lambda: leaf(1).var(ddof=1)),
    (r"max: a \(0,\)", ValueError, lambda: leaf(0).max()),
    (r"softmax: .*axis 2 is out of bounds", ValueError, lambda: ops.softmax(leaf(2, 3), 2)),
    (r"reshape: a \(2, 3\): 6 elements don't fill", ValueError, lambda: leaf(2, 3).reshape(4, 2)),
    (r"transpose: a \(2, 3\)", ValueError, lambda: leaf(2, 3).transpose(0, 0)),
    (r"squeeze: a \(2, 3\)", ValueError, lambda: ops.squeeze(leaf(2, 3), 0)),
    (r"broadcast_to: a \(2, 3\)", ValueError, lambda: ops.broadcast_to(leaf(2, 3), (2, 4))),
    (r"concatenate: .*sizes", ValueError, lambda: ops.concatenate([leaf(2, 3), leaf(3, 4)])),
    (r"concatenate: ", TypeError, lambda: np.concatenate([leaf(2), leaf(3)], axis=None)),
    (r"stack: .*same shape", ValueError, lambda: np.stack([leaf(2), leaf(3)])),
    (r"getitem: a \(3,\): index 7 is out of bounds", IndexError, lambda: leaf(3)[7]),
    (r"getitem: a \(3,\): too many indices", IndexError, lambda: leaf(3)[0, 0]),
    (r"astype: int64 has no gradient", TypeError, lambda: leaf(3).astype(int)),
    (r"(softmax_)?cross_entropy: label 4 is outside", ValueError, lambda: ops.cross_entropy(leaf(2, 4), [0, 4])),
    (r"(softmax_)?cross_entropy: label -1 is outside", ValueError, lambda: ops.cross_entropy(leaf(2, 4), [0, -1])),
    (r"(softmax_)?cross_entropy: labels are float", TypeError, lambda: ops.cross_entropy(leaf(2, 4), [0.0, 1.0])),
    (r"(softmax_)?cross_entropy: .*labels.*\(3,\)", ValueError, lambda: ops.cross_entropy(leaf(2, 4), [0, 1, 2])),
    (r"cross_entropy: .*empty", ValueError, lambda: ops.cross_entropy(leaf(0, 4), np.zeros(0, int))),
    (r"squared_error: prediction \(3,\) and target \(3, 1\)", ValueError,
     lambda: ops.squared_error(leaf(3), leaf(3, 1))),
    (r"info_nce: a \(3, 2\) and b \(4, 2\)", ValueError, lambda: ops.info_nce(leaf(3, 2), leaf(4, 2), 1.0)),
    (r"embedding: index 4 is outside the table's rows, 0 to 3", ValueError, lambda: ops.embedding(leaf(4, 2), [0, 4])),
    (r"embedding: index -1 is outside", ValueError, lambda: ops.embedding(leaf(4, 2), [0, -1])),
    (r"embedding: indices are float64", TypeError, lambda: ops.embedding(leaf(4, 2), [0.0])),
    (r"embedding_bag: ", ValueError, lambda: ops.embedding_bag(leaf(4, 2), np.array([9]), np.array([0]), np.ones(1))),
    (r"group_norm: .*\(2, 5\).* groups", ValueError, lambda: ops.group_norm(leaf(2, 5), leaf(5), leaf(5), 2)),
    (r"conv2d: x has 2 channels, w .* expects 3", ValueError, lambda: ops.conv2d(leaf(1, 4, 4, 2), leaf(3, 3, 3, 1))),
    (r"conv2d: x has shape", ValueError, lambda: ops.conv2d(leaf(4, 4, 2), leaf(3, 3, 2, 1))),
    (r"conv2d: stride 0: expected an integer from 1", ValueError,
     lambda: ops.conv2d(leaf(1, 4, 4, 2), leaf(3, 3, 2, 1), 0)),
    (r"conv2d: padding 'same' needs stride 1", ValueError,
     lambda: ops.conv2d(leaf(1, 4, 4, 2), leaf(3, 3, 2, 1), 2, "same")),
    (r"conv2d: x float64, w float32", TypeError,
     lambda: ops.conv2d(leaf(1, 4, 4, 2), leaf(3, 3, 2, 1, dtype="float32"))),
    (r"max_pool2d: size 'x'", ValueError, lambda: ops.max_pool2d(leaf(1, 4, 4, 2), "x")),
    (r"average_pool2d: a 5×5 window doesn't fit", ValueError, lambda: ops.average_pool2d(leaf(1, 4, 4, 2), 5)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "kind", "call"), BAD, ids=[message for message, _, _ in BAD])
def test_bad_input_is_told_by_the_operation(message: str, kind: type[Exception], call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        call()
