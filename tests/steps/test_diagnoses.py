"""Diagnoses: each ailment is named where it is, and a healthy step is told nothing of it; contrasts are found."""

from itertools import pairwise

import numpy as np
import pytest
from recorded_examples import EXAMPLES, Towers

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps.contrasts import contrasts
from tinyxm.steps.diagnoses import diagnose, examine
from tinyxm.steps.recording import record


def names(step):
    return [finding.name for finding in diagnose(step)]


def stepped(model, loss, lr=1e-2, limit=None, kind=optim.GradientDescent):
    optimizer = kind(model.parameters(), lr=lr)
    with record(model, optimizer) as step:
        value = loss(model)
        value.backward()
        if limit:
            optim.clip_by_norm(model.parameters(), limit)
        optimizer.step()
    return step


def classifier(widths=(6, 8, 3), seed=0):
    rng = np.random.default_rng(seed)
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b, rng=rng), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


X = np.random.default_rng(1).normal(size=(12, 6)).astype(np.float32)
LABELS = np.random.default_rng(2).integers(0, 3, 12)


def cross_entropy(model):
    return xm.ops.cross_entropy(model(X), LABELS)


def test_a_healthy_step_is_told_nothing():
    assert names(stepped(classifier(), cross_entropy)) == []


def test_a_loss_at_the_logarithm_of_the_choices():
    model = classifier()
    model[2].weight.data[:] = 0
    step = stepped(model, cross_entropy)
    found = next(f for f in diagnose(step) if f.name == "nothing_learned")
    assert "ln 3 = 1.099" in found.sign
    assert step.operations[found.operation].name == "cross_entropies"


@pytest.mark.filterwarnings("ignore:.*encountered")
@pytest.mark.parametrize("at", ["forward", "backward", "input"])
def test_the_origin_of_what_is_no_number(at):
    model = classifier()
    x = X.copy()
    if at == "input":
        x[2, 3] = np.nan

    def loss(model):
        y = model(x)
        if at == "forward":
            return np.mean(np.log(y * 0))
        if at == "backward":
            return np.mean(np.sqrt(np.maximum(y, 0)))  # whose slope at 0 is infinite
        return np.mean(y)

    step = stepped(model, loss)
    found = [f for f in diagnose(step) if f.name == "not_a_number"]
    assert len(found) == 1
    if at == "input":
        assert found[0].sign.endswith("numbers of x of 0.linear weren't finite before the step")
        assert step.operations[found[0].operation].name == "linear"  # the first that reads them
        return
    op = step.operations[found[0].operation]
    assert op.name == {"forward": "log", "backward": "sqrt.a"}[at]
    assert "test_diagnoses.py:" in found[0].sign


Q = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
LOWER = np.tril(np.ones((3, 3), bool))


def attended(mask, then, added=False):
    """Attention's weights, masked by minus infinity, and what a student makes of them."""
    q = xm.Parameter(Q)
    with record() as step:
        scores = q @ q
        scores = scores + np.where(mask, 0, -np.inf).astype(np.float32) if added else np.where(mask, scores, -np.inf)
        then(xm.ops.softmax(scores)).backward()
    return step


@pytest.mark.filterwarnings("ignore:.*encountered")
@pytest.mark.parametrize("added", [False, True])
def test_a_mask_of_infinity_is_no_ailment_and_hides_none(added):
    step = attended(LOWER, lambda y: (y**2).sum(), added)
    findings, fine = examine(step)
    assert not findings
    assert "every number is finite, but for infinities that were given" in fine
    (found,) = diagnose(attended(LOWER, lambda y: np.log(y).sum(), added))
    assert found.sign.startswith("log, test_diagnoses.py:")
    assert "makes 3 of 9 numbers that aren't finite, of softmax 0 to" in found.sign
    none = LOWER & np.array([[False], [True], [True]])  # a row masked whole
    (found,) = diagnose(attended(none, lambda y: (y**2).sum(), added))
    assert found.sign.startswith("softmax, test_diagnoses.py:")
    assert "makes 3 of 9 numbers that aren't numbers" in found.sign


@pytest.mark.filterwarnings("ignore:.*encountered")
def test_what_is_no_number_counts_before_an_infinity():
    w = xm.Parameter(np.array([0.0, 1.0], np.float32))
    with record() as step:
        y = 1 / w  # an infinity, from which nothing comes
        ((w - 1) / (w - 1)).sum().backward()
        del y
    (found,) = diagnose(step)
    assert "1 of 2 numbers that aren't numbers" in found.sign
    assert found.sign.startswith("divide")


@pytest.mark.filterwarnings("ignore:.*encountered")
def test_only_what_was_looked_at_is_called_fine():
    whole = ["every number is finite"]
    with record() as step:
        pass
    assert examine(step) == ([], [])
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(6, 3, rng=rng), nn.ReLU(), nn.Linear(3, 3, rng=rng))
    with record(model) as step:
        model(X[:1])
    assert examine(step) == ([], whole), "of one sample every second unit is 0 by chance"
    with record(model) as step:
        cross_entropy(model).backward()
    assert examine(step)[1] == [
        *whole,
        "no unit is dead",
        "gradients neither vanish nor explode on their way to the first layer",
    ]
    with record(model) as step:
        cross_entropy(model).backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
    assert examine(step)[1][-1] == "the weights move by a usual share of their size"
    with record(model) as step:
        cross_entropy(model).backward()
        for p in model.parameters():
            p.data -= 100 * p.grad
    assert "large_update" in names(step), "an update by hand is one, too"


def test_a_small_network_is_looked_at():
    x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
    rng = np.random.default_rng(0)
    for kind, name in ((nn.ReLU, "dead_units"), (nn.Sigmoid, "vanishing_gradients")):
        model = nn.Sequential(nn.Linear(2, 3, rng=rng), kind(), nn.Linear(3, 2, rng=rng))
        model[0].bias.data[:] = (-9, 1, 1) if kind is nn.ReLU else 30
        found = names(stepped(model, lambda model: xm.ops.cross_entropy(model(x), t)))
        assert found[0] == name


def test_a_loss_without_numbers_is_diagnosed():
    w = xm.Parameter(np.zeros(0, np.float32))
    with record() as step:
        (w * 2).backward(np.zeros(0, np.float32))
    assert diagnose(step) == []


def test_dead_units_are_counted():
    model = classifier()
    model[0].bias.data[[1, 4]] = -100
    found = next(f for f in diagnose(stepped(model, cross_entropy)) if f.name == "dead_units")
    assert found.sign.startswith("2 of 8 units")


def test_clipping_and_moves_are_measured():
    assert "clipped" in names(stepped(classifier(), cross_entropy, limit=1e-3))
    assert "clipped" not in names(stepped(classifier(), cross_entropy, limit=100))
    assert "large_update" in names(stepped(classifier(), cross_entropy, lr=10.0))
    assert "small_update" in names(stepped(classifier(), cross_entropy, lr=1e-9))


def test_gradients_that_vanish_and_explode_with_depth():
    for layers, scale, name in (
        (slice(2, -1, 2), 0.02, "vanishing_gradients"),
        (slice(-1, None), 1e5, "exploding_gradients"),
    ):
        model = classifier((6, 8, 8, 8, 8, 3))
        for layer in list(model)[layers]:
            layer.weight.data *= scale
        for layer in list(model)[::2]:
            layer.bias.data[:] = 1
        found = [f for f in diagnose(stepped(model, lambda model: np.mean(model(X)))) if "gradients" in f.name]
        assert [f.name for f in found] == [name]


def towers_step(loss, spread=1.0):
    rng = np.random.default_rng(0)
    model = Towers(rng)
    images, texts = (spread * rng.normal(size=(7, n)).astype(np.float32) + (1 - spread) for n in (6, 5))
    return stepped(model, lambda model: loss(*model(images, texts)))


def test_contrasts_are_found_with_their_masks_and_vectors():
    same = np.eye(7, dtype=bool)
    same[2, 5] = same[5, 2] = True
    for mask in (None, same):
        for kind, loss in (
            ("softmax", lambda a, b, m=mask: xm.ops.info_nce(a, b, 5.0, m)),
            ("sigmoid", lambda a, b, m=mask: xm.ops.sigmoid_contrastive(a, b, 5.0, -2.0, m)),
        ):
            step = towers_step(loss)
            (found,) = contrasts(step)
            assert found.kind == kind
            similarity = step.values[found.similarity].array
            a, b = (step.values[n].array for n in (found.rows, found.columns))
            expected = 5 * a @ b.T - (2 if kind == "sigmoid" else 0)
            off = ~same | np.eye(7, dtype=bool) if mask is not None else np.ones((7, 7), bool)
            np.testing.assert_allclose(similarity[off], expected[off], atol=1e-5)
            if kind == "softmax" and mask is not None:
                np.testing.assert_array_equal(step.values[found.masked].array, same & ~np.eye(7, dtype=bool))
    assert [len(contrasts(make())) for make in EXAMPLES.values()] == [0, 0, 0, 1]


def test_embeddings_that_collapsed_or_have_no_unit_length():
    assert "collapsed" in names(towers_step(lambda a, b: xm.ops.info_nce(a, b, 5.0), spread=1e-3))
    assert "no_unit_length" in names(towers_step(lambda a, b: xm.ops.info_nce(a * np.arange(1, 8)[:, None], b, 5.0)))
    assert not {"collapsed", "no_unit_length"} & set(names(towers_step(lambda a, b: xm.ops.info_nce(a, b, 5.0))))
