"""What losses and norms refuse, in their words, and what holds of them for any sizes and settings."""

from collections.abc import Callable
from functools import partial
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm import Tensor, gradients, ops

REGRESSION = ("squared_error", "absolute_error", "huber")


def leaf(*shape: int, dtype: str = "float64", seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype), requires_grad=True)


# Reductions


LOSSES: dict[str, tuple[Callable[..., Any], Callable[[int], list[Tensor]]]] = {
    **{name: (getattr(ops, name), lambda n: [leaf(n, 3), leaf(n, 3, seed=1)]) for name in REGRESSION},
    "binary_cross_entropy": (ops.binary_cross_entropy, lambda n: [leaf(n, 3), Tensor(np.full((n, 3), 0.3))]),
    "cross_entropy": (lambda z, **o: ops.cross_entropy(z, np.zeros(len(z), int), **o), lambda n: [leaf(n, 3)]),
    "nll": (lambda z, **o: ops.nll(z, np.zeros(len(z), int), **o), lambda n: [leaf(n, 3)]),
    "kl_divergence": (ops.kl_divergence, lambda n: [leaf(n, 3), leaf(n, 3, seed=1)]),
    "hinge": (lambda s, **o: ops.hinge(s, np.zeros(len(s), int), **o), lambda n: [leaf(n, 3)]),
    "triplet": (ops.triplet, lambda n: [leaf(n, 3), leaf(n, 3, seed=1), leaf(n, 3, seed=2)]),
    "info_nce": (partial(ops.info_nce, scale=2.0), lambda n: [leaf(n, 3), leaf(n, 3, seed=1)]),
    "sigmoid_contrastive": (
        partial(ops.sigmoid_contrastive, scale=2.0, bias=-1.0), lambda n: [leaf(n, 3), leaf(n, 3, seed=1)]
    ),
    "ctc": (
        lambda z, **o: ops.ctc(z, np.ones((len(z), 1), int), np.full(len(z), 4), np.ones(len(z), int), **o),
        lambda n: [leaf(n, 4, 3)],
    ),
}  # fmt: skip
each_loss = pytest.mark.parametrize("name", LOSSES)


@each_loss
def test_sum_and_mean_are_those_of_the_single_losses(name: str) -> None:
    loss, inputs = LOSSES[name]
    single = loss(*inputs(4), reduction="none").data
    assert single.shape[0] == 4
    np.testing.assert_allclose(loss(*inputs(4), reduction="sum").data, single.sum(), rtol=1e-12)
    np.testing.assert_allclose(loss(*inputs(4)).data, single.mean(), rtol=1e-12)


@each_loss
def test_a_batch_of_nothing_has_a_sum_and_no_mean(name: str) -> None:
    loss, inputs = LOSSES[name]
    with pytest.raises(ValueError, match=rf"^{name}: .*(empty|expected two)"):
        loss(*inputs(0))
    if name not in ("info_nce", "sigmoid_contrastive"):  # which compare pairs of a batch
        assert loss(*inputs(0), reduction="sum").item() == 0
        assert loss(*inputs(0), reduction="none").size == 0


@each_loss
def test_another_reduction_is_told(name: str) -> None:
    loss, inputs = LOSSES[name]
    with pytest.raises(ValueError, match=r"\w+: reduction 'average': expected 'mean', 'sum' or 'none'"):
        loss(*inputs(2), reduction="average")


# Types and settings


def test_whole_numbers_and_lists_beside_float32_stay_float32() -> None:
    z = leaf(2, 3, dtype="float32")
    whole = np.array([[0, 1, 1], [1, 0, 0]])
    losses = [getattr(ops, name)(z, whole) for name in REGRESSION]
    losses += [ops.binary_cross_entropy(z, whole, [1.0, 2, 3]), ops.binary_cross_entropy(z, whole > 0, np.ones(3))]
    losses += [ops.cross_entropy(z, [0, 2], 0.1, class_weights=[1.0, 2, 3]), ops.nll(z, [0, 2], None, np.ones(3))]
    losses += [ops.ctc(leaf(2, 4, 3, dtype="float32"), [[1], [2]], [4, 3], [1, 1])]
    assert {loss.dtype for loss in losses} == {np.dtype(np.float32)}


def test_an_ignored_sample_may_hold_anything() -> None:
    z, labels = leaf(3, 4).data, np.array([1, 7, 2])
    z[1] = [np.nan, np.inf, -np.inf, 0]
    with_it, without = (Tensor(x, requires_grad=True) for x in (z, z[[0, 2]]))
    options: dict[str, Any] = {"label_smoothing": 0.1, "class_weights": [1.0, 2, 3, 4]}
    loss, expected = ops.cross_entropy(with_it, labels, ignore_index=7, **options), ops.cross_entropy(
        without, labels[[0, 2]], **options)  # fmt: skip
    np.testing.assert_allclose(loss.data, expected.data, rtol=1e-12)
    (g,), (part,) = gradients(loss, [with_it]), gradients(expected, [without])
    np.testing.assert_allclose(g.data, np.insert(part.data, 1, 0, axis=0), rtol=1e-12)
    assert ops.cross_entropy(with_it, labels, ignore_index=7, reduction="none").data[1] == 0


def test_nll_of_log_softmax_is_cross_entropy() -> None:
    z, labels = leaf(2, 5, 4), np.random.default_rng(0).integers(0, 4, (2, 5))
    for options in ({}, {"ignore_index": 1}, {"class_weights": [1.0, 2, 3, 4]}):
        ours, theirs = ops.nll(ops.log_softmax(z), labels, **options), ops.cross_entropy(z, labels, **options)
        np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-12)


@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber", "binary_cross_entropy"])
def test_targets_may_be_lists(name: str) -> None:
    z = Tensor(np.array([0.3, -2], np.float32), requires_grad=True)
    for target in ([1, 0], [1.0, 0.5]):
        loss = getattr(ops, name)(z, target)
        assert loss.dtype == np.float32
        assert loss.item() == getattr(ops, name)(z, np.array(target, np.float32)).item()


def test_binary_cross_entropy_keeps_its_digits_where_it_is_sure_and_right() -> None:
    z = Tensor(np.array([20, -20], np.float32), requires_grad=True)
    loss = ops.binary_cross_entropy(z, np.array([1, 0], np.float32), reduction="sum")
    np.testing.assert_allclose(loss.data, 2 * np.exp(-20), rtol=1e-6)
    np.testing.assert_allclose(gradients(loss, [z])[0].data, [-np.exp(-20), np.exp(-20)], rtol=1e-6)


@pytest.mark.oracle
@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 3), max_size=2), st.integers(1, 4), st.sampled_from([0.0, 0.1, 1.0]), st.booleans(),
    st.booleans(), st.sampled_from(["mean", "sum", "none"]), st.integers(0, 99),
)  # fmt: skip
def test_cross_entropy_is_pytorchs_whatever_the_settings(
    batch: list[int], classes: int, smoothing: float, weighted: bool, ignoring: bool, reduction: str, seed: int
) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(0, 3, (*batch, classes)), rng.integers(0, classes, batch)
    weights = rng.uniform(0.5, 2, classes) if weighted else None
    ignored = int(np.ravel(labels)[0]) if ignoring else None
    if ignoring and reduction == "mean" and (labels == ignored).all():
        with pytest.raises(ValueError, match="which is ignored"):
            ops.cross_entropy(z, labels, smoothing, ignored, weights)
        return
    x = Tensor(z, requires_grad=True)
    loss = ops.cross_entropy(x, labels, smoothing, ignored, weights, reduction)
    t = torch.tensor(z.reshape(-1, classes), requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        t, torch.asarray(np.ravel(labels)), None if weights is None else torch.asarray(weights), reduction=reduction,
        ignore_index=-100 if ignored is None else ignored, label_smoothing=smoothing,
    )  # fmt: skip
    np.testing.assert_allclose(loss.data.ravel(), expected.detach().numpy().ravel(), atol=1e-10)
    g = rng.standard_normal(loss.shape)
    (theirs,) = torch.autograd.grad(expected, [t], torch.tensor(g.ravel() if reduction == "none" else g))
    np.testing.assert_allclose(gradients(loss, [x], g)[0].data.reshape(-1, classes), theirs.numpy(), atol=1e-10)


# CTC


def by_every_path(z: np.ndarray, said: list[int], blank: int) -> float:
    """The loss of one sequence: the probabilities of all paths that say this, added up."""
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    paths = product(range(z.shape[1]), repeat=len(z))
    right = (path for path in paths if [k for k, _ in groupby(path) if k != blank] == said)
    total = sum(np.prod([p[t, k] for t, k in enumerate(path)]) for path in right)
    return -np.log(total) if total else np.inf


@settings(max_examples=60)
@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.integers(2, 4), st.integers(0, 3), st.integers(0, 99))
def test_ctc_is_the_sum_over_every_path(
    data: st.DataObject, batch: int, time: int, classes: int, longest: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    z, blank = rng.normal(0, 2, (batch, time, classes)), data.draw(st.integers(0, classes - 1))
    labels = rng.choice([k for k in range(classes) if k != blank], (batch, longest))
    inputs, lengths = rng.integers(1, time + 1, batch), rng.integers(0, longest + 1, batch)
    labels[np.arange(longest) >= lengths[:, None]] = data.draw(st.sampled_from([-1, blank, 99]))  # padding is anything
    x = Tensor(z, requires_grad=True)
    losses = ops.ctc(x, labels, inputs, lengths, blank, reduction="none")
    expected = [by_every_path(z[n, : inputs[n]], labels[n, : lengths[n]].tolist(), blank) for n in range(batch)]
    np.testing.assert_allclose(losses.data, expected, rtol=1e-10)
    (g,) = gradients(losses, [x], np.ones(batch))
    np.testing.assert_allclose(g.data.sum(-1), 0, atol=1e-12)  # more of one class is less of the others
    assert not g.data[~np.isfinite(expected)].any()
    assert not g.data[np.arange(time) >= inputs[:, None]].any()  # what comes after the end doesn't count
    finite = ops.ctc(x, labels, inputs, lengths, blank, zero_infinity=True, reduction="none").data
    np.testing.assert_allclose(finite, np.where(np.isfinite(expected), expected, 0), rtol=1e-10)


def test_ctc_of_a_long_sequence_in_float32() -> None:
    rng = np.random.default_rng(0)
    z, labels = rng.normal(0, 3, (2, 300, 20)), rng.integers(1, 20, (2, 60))
    found = []
    for dtype in ("float32", "float64"):
        x = Tensor(z.astype(np.float32).astype(dtype), requires_grad=True)
        loss = ops.ctc(x, labels, [300, 250], [60, 50], reduction="sum")
        found.append((loss.data, gradients(loss, [x])[0].data))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=2e-4)


def test_ctc_of_a_class_that_never_comes() -> None:
    z = np.zeros((2, 3, 3))
    z[:, :, 2] = -np.inf
    x = Tensor(z, requires_grad=True)
    losses = ops.ctc(x, [[1], [2]], [3, 3], [1, 1], reduction="none")
    np.testing.assert_allclose(losses.data, [np.log(8 / 6), np.inf])
    assert np.isfinite(gradients(losses, [x], np.ones(2))[0].data).all()


# Errors

WHOLE = np.array([0, 2])
SEQUENCE = leaf(2, 4, 3)
BAD: list[tuple[str, type[Exception], Callable[[], Any]]] = [
    *(
        (rf"{name}: prediction \(3,\) and target \(3, 1\) differ", ValueError,
         partial(getattr(ops, name), leaf(3), leaf(3, 1)))
        for name in REGRESSION
    ),
    (r"binary_cross_entropy: logits \(3,\) and targets \(1,\) differ", ValueError,
     lambda: ops.binary_cross_entropy(leaf(3), leaf(1))),
    (r"binary_cross_entropy: targets from -1.0 to 1.0: expected them from 0 to 1", ValueError,
     lambda: ops.binary_cross_entropy(leaf(2), np.array([-1.0, 1]))),
    (r"binary_cross_entropy: positive_weight \(2, 3\), logits \(3,\)", ValueError,
     lambda: ops.binary_cross_entropy(leaf(3), np.ones(3), np.ones((2, 3)))),
    (r"huber: delta 0: expected a number above 0", ValueError, lambda: ops.huber(leaf(2), leaf(2), 0)),
    (r"kl_divergence: log_p \(2, 3\) and log_q \(3,\) differ", ValueError,
     lambda: ops.kl_divergence(leaf(2, 3), leaf(3))),
    (r"kl_divergence: log_p is a single number", ValueError, lambda: ops.kl_divergence(leaf(), leaf())),
    (r"triplet: anchor \(2, 3\) and negative \(3,\) differ", ValueError,
     lambda: ops.triplet(leaf(2, 3), leaf(2, 3), leaf(3))),
    *(
        (rf"{name}: {words}", kind, partial(getattr(ops, name), leaf(2, 3), labels))
        for name in ("nll", "hinge")
        for words, kind, labels in (
            (r"label 3 is outside 0 ... 2", ValueError, [0, 3]), (r"label -1 is outside", ValueError, [0, -1]),
            (r"labels are float64, expected whole numbers", TypeError, [0.0, 1.0]),
            (r"scores \(2, 3\) and labels \(3,\)", ValueError, [0, 1, 2]),
        )
    ),
    (r"cross_entropy: labels \(3, 2\) and logits \(2, 3, 4\)", ValueError,
     lambda: ops.cross_entropy(leaf(2, 3, 4), np.zeros((3, 2), int))),
    (r"cross_entropy: label_smoothing 1.5: expected a number from 0 to 1", ValueError,
     lambda: ops.cross_entropy(leaf(2, 3), WHOLE, 1.5)),
    (r"cross_entropy: class_weights \(2,\): expected \(3,\)", ValueError,
     lambda: ops.cross_entropy(leaf(2, 3), WHOLE, class_weights=[1.0, 2])),
    (r"nll: class_weights \(2,\): expected \(3,\)", ValueError,
     lambda: ops.nll(leaf(2, 3), WHOLE, class_weights=[1.0, 2])),
    (r"cross_entropy: all 2 labels are -100, which is ignored", ValueError,
     lambda: ops.cross_entropy(leaf(2, 3), [-100, -100], ignore_index=-100)),
    (r"cross_entropy: the class_weights of these labels sum to 0", ValueError,
     lambda: ops.cross_entropy(leaf(2, 3), WHOLE, class_weights=[0.0, 1, 0])),
    (r"info_nce: same \(2,\): expected \(3, 3\)", ValueError,
     lambda: ops.info_nce(leaf(3, 2), leaf(3, 2), 1.0, np.ones(2, bool))),
    (r"sigmoid_contrastive: a \(3, 2\) and b \(4, 2\)", ValueError,
     lambda: ops.sigmoid_contrastive(leaf(3, 2), leaf(4, 2), 1.0, 0.0)),
    (r"ctc: labels are float64, expected whole numbers", TypeError,
     lambda: ops.ctc(SEQUENCE, np.ones((2, 1)), [4, 4], [1, 1])),
    (r"ctc: logits \(2, 4, 3\) and labels \(3, 1\)", ValueError,
     lambda: ops.ctc(SEQUENCE, np.ones((3, 1), int), [4, 4], [1, 1])),
    (r"ctc: input_lengths \[5, 4\]: expected 2 numbers from 1 to 4", ValueError,
     lambda: ops.ctc(SEQUENCE, [[1], [1]], [5, 4], [1, 1])),
    (r"ctc: label_lengths \[1\]: expected 2 numbers from 0 to 1", ValueError,
     lambda: ops.ctc(SEQUENCE, [[1], [1]], [4, 4], [1])),
    (r"ctc: label 3 is none of the classes 0 ... 2", ValueError, lambda: ops.ctc(SEQUENCE, [[1], [3]], [4, 4], [1, 1])),
    (r"ctc: label 0 is .* the blank, 0", ValueError, lambda: ops.ctc(SEQUENCE, [[1], [0]], [4, 4], [1, 1])),
    (r"ctc: blank .* 3", ValueError, lambda: ops.ctc(SEQUENCE, [[1], [1]], [4, 4], [1, 1], blank=3)),
    (r"layer_norm: scale \(3,\): expected \(4,\)", ValueError, lambda: ops.layer_norm(leaf(2, 4), leaf(3), leaf(4))),
    (r"layer_norm: x \(\): expected \(..., features\)", ValueError, lambda: ops.layer_norm(leaf(), leaf(1), leaf(1))),
    (r"group_norm: shift \(3,\): expected \(4,\)", ValueError, lambda: ops.group_norm(leaf(2, 4), leaf(4), leaf(3), 2)),
    (r"instance_norm: x \(4,\): expected \(batch, ..., channels\)", ValueError,
     lambda: ops.instance_norm(leaf(4), leaf(4), leaf(4))),
    (r"instance_norm: x \(2, 0, 4\) has no elements", ValueError,
     lambda: ops.instance_norm(leaf(2, 0, 4), leaf(4), leaf(4))),
    (r"rms_norm: scale \(1,\): expected \(4,\)", ValueError, lambda: ops.rms_norm(leaf(2, 4), leaf(1))),
    (r"batch_norm: x \(0, 4\) has no elements; give `statistics`", ValueError,
     lambda: ops.batch_norm(leaf(0, 4), leaf(4), leaf(4))),
    (r"batch_norm: variance \(3,\): expected \(4,\)", ValueError,
     lambda: ops.batch_norm(leaf(2, 4), leaf(4), leaf(4), statistics=(leaf(4), leaf(3)))),
]  # fmt: skip


@pytest.mark.parametrize(("message", "kind", "call"), BAD, ids=[message for message, _, _ in BAD])
def test_bad_input_is_told_by_the_operation(message: str, kind: type[Exception], call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        call()
