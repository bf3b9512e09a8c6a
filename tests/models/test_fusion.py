"""Fusion: what is absent has no influence, each way is its formula, gradients reach every parameter."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from tinyxm import nn, optim
from tinyxm.autograd import no_grad
from tinyxm.models.fusion import FUSIONS, Fusion, modality_dropout

SIZES = (5, 3, 4)
CLASSES = 3


def model(name, features=8, seed=0):
    rng = np.random.default_rng(seed)
    encoders = [nn.Sequential(nn.Linear(n, features, rng=rng), nn.ReLU()) for n in SIZES]
    return Fusion(encoders, FUSIONS[name](len(SIZES), features, CLASSES, rng=rng))


def inputs(n, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, size)).astype(np.float32) for size in SIZES]


@pytest.mark.parametrize("name", list(FUSIONS))
@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 1000))
def test_what_is_absent_has_no_influence(name, n, seed):
    fused, rng = model(name), np.random.default_rng(seed)
    present = rng.random((n, len(SIZES))) < 0.5
    given_, other = inputs(n, seed), inputs(n, seed + 1)
    hidden = [np.where(present[:, [m]], x, np.nan) for m, x in enumerate(given_)]
    swapped = [np.where(present[:, [m]], x, y) for m, (x, y) in enumerate(zip(given_, other, strict=True))]
    with no_grad():
        expected = fused(given_, present).data
        assert expected.shape == (n, CLASSES)
        assert np.array_equal(expected, fused(hidden, present).data)
        assert np.array_equal(expected, fused(swapped, present).data)


@pytest.mark.parametrize("name", list(FUSIONS))
def test_what_is_present_has_influence(name):
    fused, given_ = model(name), inputs(4)
    everything = np.ones((4, 3), bool)
    with no_grad():
        whole = fused(given_).data
        assert np.array_equal(whole, fused(given_, everything).data)
        for m in range(len(SIZES)):
            moved = [x + np.float32(k == m) for k, x in enumerate(given_)]
            assert np.abs(fused(moved).data - whole).max() > 1e-4
            without = everything.copy()
            without[:, m] = False
            assert np.abs(fused(given_, without).data - whole).max() > 1e-4


@pytest.mark.parametrize("name", list(FUSIONS))
def test_gradients_agree_with_differences_and_reach_every_parameter(name):
    fused = model(name)
    rng = np.random.default_rng(1)
    for p in fused.parameters():  # moved, since relu has no derivative at the 0 that biases start from
        p.data = p.data + 0.1 * rng.standard_normal(p.shape)
    given_, labels = [x.astype(np.float64) for x in inputs(6)], rng.integers(0, CLASSES, 6)
    present = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0]], bool)
    fused.loss(given_, present, labels).backward()
    for path, p in fused.named_parameters():
        assert p.grad is not None, path
        # a linear shift of all attention keys changes nothing: softmax doesn't see it
        assert np.abs(p.grad).max() > 0 or path.endswith("attention.key.bias"), path
        direction = rng.standard_normal(p.shape)
        step, kept, found = 1e-6, p.data, []
        for sign in (1, -1):
            p.data = kept + sign * step * direction
            found.append(fused.loss(given_, present, labels).item())
        p.data = kept
        assert (found[0] - found[1]) / (2 * step) == pytest.approx(np.sum(p.grad * direction), rel=1e-4, abs=1e-7), path


def test_late_multiplies_probabilities_and_divides_by_the_prior():
    fused = model("late")
    fused.head.prior.data[:] = np.log([[0.5, 0.3, 0.2]])
    given_ = inputs(2)
    present = np.array([[True, False, True], [False, False, False]])
    with no_grad():
        vectors, _ = fused.vectors(given_, present)
        p = [np.exp(scores.data) for scores in fused.head.alone(vectors)]
        scores = fused(given_, present).data
    expected = p[0][0] * p[2][0] / [0.5, 0.3, 0.2]
    softmax = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert softmax[0] == pytest.approx(expected / expected.sum(), rel=1e-5)
    assert softmax[1] == pytest.approx([0.5, 0.3, 0.2], rel=1e-5)


def test_low_rank_is_the_whole_tensor_of_products():
    head, rng = FUSIONS["low_rank"](2, 3, 2, hidden=2, rank=2, rng=np.random.default_rng(0)), np.random.default_rng(1)
    a, b = rng.standard_normal((2, 1, 3)).astype(np.float32)
    wide = [np.concatenate([f.weight.data, f.bias.data[None]]).reshape(4, 2, 2) for f in head.factors]  # [x; 1], r, h
    tensor = np.einsum("irh,jrh,r->ijh", *wide, head.mixture.data[:, 0])
    h = np.einsum("i,j,ijh->h", np.append(a[0], 1), np.append(b[0], 1), tensor)
    found = head([a, b], np.ones((1, 2), bool)).data[0]
    assert found == pytest.approx(h @ head.last.weight.data + head.last.bias.data, rel=1e-4)


def test_gates_sum_to_one_over_what_is_present():
    fused = model("gated")
    present = np.array([[True, True, True], [False, True, True], [True, False, False], [False, False, False]])
    weights = fused.head.weights(*fused.vectors(inputs(4), present)).data
    assert np.all(weights[~present] == 0)
    assert weights.sum(axis=1) == pytest.approx([1, 1, 1, 0])


def test_attention_hears_no_absent_modality():
    fused = model("cross_attention")
    present = np.array([[True, False, True], [False, False, False]])
    heard = fused.head.attended(*fused.vectors(inputs(2), present))[1].data
    assert heard.shape == (2, 4, 4, 4)
    assert np.all(heard[0, :, :, 2] == 0)
    assert np.all(heard[1, :, :, 1:] == 0)
    assert heard.sum(axis=-1) == pytest.approx(np.ones((2, 4, 4)), rel=1e-5)


@pytest.mark.parametrize("name", list(FUSIONS))
def test_each_learns_a_label_that_needs_two_modalities(name):
    # the label is whether the signs of two numbers, one of each modality, agree: either alone tells nothing
    rng = np.random.default_rng(0)
    x = rng.choice([-1, 1], (256, 2)).astype(np.float32)
    labels = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    encoders = [nn.Sequential(nn.Linear(1, 8, rng=rng), nn.ReLU()) for _ in range(2)]
    fused = Fusion(encoders, FUSIONS[name](2, 8, 2, rng=rng))
    optimizer = optim.Adam(fused.parameters(), lr=0.01)
    given_, present = [x[:, :1], x[:, 1:]], np.ones((256, 2), bool)
    for _ in range(150):
        optimizer.zero_grad()
        fused.loss(given_, present, labels).backward()
        optimizer.step()
    right = np.mean(fused(given_, present).data.argmax(1) == labels)
    # multiplying what each says alone can't, and a mean of the two is right in three quarters at most
    most = {"late": 0.65, "gated": 0.8}.get(name)
    assert right < most if most else right == 1


def test_dropout_removes_at_its_rate_and_adds_nothing():
    present = np.ones((4000, 3), bool)
    present[:, 0] = False
    kept = modality_dropout(present, 0.3, np.random.default_rng(0))
    assert not kept[:, 0].any()
    assert kept[:, 1:].mean() == pytest.approx(0.7, abs=0.02)
    assert np.array_equal(modality_dropout(present, 0, np.random.default_rng(0)), present)
    assert not modality_dropout(present, 1, np.random.default_rng(0)).any()
    with pytest.raises(ValueError, match=r"rate 1\.5: expected a number from 0 to 1"):
        modality_dropout(present, 1.5, np.random.default_rng(0))


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="2 modalities and present bool"):
        model("early")(inputs(2)[:2])
    with pytest.raises(ValueError, match="present int64"):
        model("early")(inputs(2), np.ones((2, 3), int))
