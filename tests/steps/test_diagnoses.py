"""Diagnoses: each ailment is named where it is, and a healthy step is told nothing of it; contrasts are found."""

from itertools import pairwise

import numpy as np
import pytest
from recorded_examples import EXAMPLES, Towers

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps.contrasts import contrasts
from tinyxm.steps.diagnoses import diagnose
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
