"""What each word of a bag contributes: sums that must come out, and texts with a word left out by hand."""

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn
from tinyxm.data import Vocabulary
from tinyxm.models.interpretation import (
    bag_contributions,
    deletion_curve,
    gradient,
    integrated_gradients,
    occlusion,
    of_embedding,
    of_presence,
    similarity,
    word_spans,
)
from tinyxm.models.interpretation.overview import token_words
from tinyxm.models.interpretation.scores import values
from tinyxm.models.two_towers import TextTower

TEXTS = [("red heart", ["love", "red card"]), ("blue car", ["road"]), ("cat face", ["animal", "cat"])]
VOCABULARY = Vocabulary(TEXTS)
rng = np.random.default_rng(0)


def tower(seed=1):
    made = TextTower(len(VOCABULARY), 16, 24, 8, rng=np.random.default_rng(seed))
    made.embedding.weight.data[...] = rng.standard_normal(made.embedding.weight.shape)  # trained ones aren't small
    return made


TOWARDS = rng.standard_normal(8).astype(np.float32)


def test_spans_hold_the_entries_of_their_words():
    text = ("Red xyzzy heart", ["love", "red card"])
    indices, _, _ = VOCABULARY.bag([text])
    spans = word_spans(VOCABULARY, text)
    assert [word for word, _ in spans] == ["red", "heart", "love", "red", "card"]
    for word, span in spans:
        assert indices[span].tolist() == VOCABULARY.indices(word)
    assert spans[-1][1].stop == len(indices)


def test_contributions_of_entries_add_up_to_the_rise_over_the_baseline():
    model, bag = tower(), VOCABULARY.bag(TEXTS[:1])
    s = similarity(model, TOWARDS)
    m = model.embedding(*VOCABULARY.bag(TEXTS)).data.mean(0)
    found = bag_contributions(s, model.embedding, bag, m, steps=256)
    assert found.shape == bag[0].shape
    _, of = of_embedding(s, model.embedding, bag)
    assert found.sum() == pytest.approx(values(s, bag)[0] - values(of, m[None])[0], abs=2e-3)


def test_of_a_linear_tower_an_entry_contributes_its_own_share():
    class Linear(nn.Module):
        def __init__(self):
            self.embedding = nn.EmbeddingBag(6, 4, rng=np.random.default_rng(0))

        def forward(self, bag):
            return self.embedding(*bag)

    model, w = Linear(), np.array([1.0, -2, 3, 0.5], np.float32)
    bag = np.array([2, 5, 2]), np.array([0]), np.array([0.5, 0.3, 0.2], np.float32)
    m = np.array([0.1, 0, 0, 0.2], np.float32)
    found = bag_contributions(similarity(model, w), model.embedding, bag, m, steps=2)
    expected = [a * (model.embedding.weight.data[i] - m) @ w for i, a in zip(bag[0], bag[2], strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    _, of = of_presence(similarity(model, w), bag, [slice(0, 1), slice(1, 3)])
    rest = 0.6 * model.embedding.weight.data[5] + 0.4 * model.embedding.weight.data[2]  # what is left weighs 1 again
    np.testing.assert_allclose(values(of, np.array([[0, 1]], np.float32)), [rest @ w], rtol=1e-4)


def test_a_word_left_out_by_presence_is_a_text_without_the_word():
    model, text = tower(), ("red heart", ["love", "card"])
    s = similarity(model, TOWARDS)
    spans = word_spans(VOCABULARY, text)
    x, of = of_presence(s, VOCABULARY.bag([text]), [span for _, span in spans])
    shorter = [("heart", ["love", "card"]), ("red", ["love", "card"]), ("red heart", ["card"]), ("red heart", ["love"])]
    whole = values(s, VOCABULARY.bag([text]))[0]
    assert values(of, x)[0] == pytest.approx(whole, rel=1e-5)
    expected = [whole - values(s, VOCABULARY.bag([other]))[0] for other in shorter]
    np.testing.assert_allclose(occlusion(of, x, (1,))[0], expected, rtol=1e-3, atol=1e-5)


def test_presence_can_be_differentiated_and_deleted_to_the_last_word():
    model = tower()
    spans = [span for _, span in word_spans(VOCABULARY, TEXTS[0])]
    x, of = of_presence(similarity(model, TOWARDS), VOCABULARY.bag(TEXTS[:1]), spans)
    g = gradient(of, x)
    numeric = [
        (values(of, x + 1e-2 * step)[0] - values(of, x - 1e-2 * step)[0]) / 2e-2
        for step in np.eye(len(spans), dtype=np.float32)
    ]
    np.testing.assert_allclose(g[0], numeric, rtol=0.05, atol=2e-3)
    curve = deletion_curve(of, x, g)
    assert curve.scores.shape == (1, len(spans) + 1)
    empty = np.array([], np.int64), np.array([0]), np.array([], np.float32)
    assert curve.scores[0, -1] == pytest.approx(values(similarity(model, TOWARDS), empty)[0], rel=1e-4)


def test_token_vectors_of_a_sequence_account_for_its_score():
    class Reader(nn.Module):
        def __init__(self):
            generator = np.random.default_rng(0)
            self.embedding, self.gru = nn.Embedding(9, 6, rng=generator), nn.GRU(6, 8, rng=generator)
            self.embedding.weight.data *= 20

        def forward(self, tokens):
            return self.gru(self.embedding(tokens))[0][:, -1]

    model, tokens = Reader(), np.array([[1, 5, 2, 8], [3, 3, 0, 1]])
    vectors, s = of_embedding(similarity(model, TOWARDS), model.embedding, tokens)
    assert vectors.shape == (2, 4, 6)
    found = integrated_gradients(s, vectors, steps=64).sum(-1)
    assert found.shape == (2, 4)
    rise = values(s, vectors) - values(s, np.zeros_like(vectors))
    np.testing.assert_allclose(found.sum(1), rise, rtol=0.02, atol=1e-3)
    with xm.no_grad():
        np.testing.assert_allclose(values(s, vectors), (model(tokens).data * TOWARDS).sum(-1), rtol=1e-4)


def test_a_recipe_shows_each_token_with_what_it_contributes():
    """Of a score that is a sum over tokens both ways find each one's summand, less that of the filling."""

    class Sum(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(9, 8, rng=np.random.default_rng(0))

        def forward(self, tokens):
            return self.embedding(tokens).sum(axis=1)

    model, tokens = Sum(), np.array([[5, 2, 8, 1]])
    weights = np.random.default_rng(1).standard_normal((9, 8)).astype(np.float32)
    model.embedding.weight.data[...] = weights
    shown = token_words("like it", similarity(model, TOWARDS), model, model.embedding, tokens, ["red", "big", "cat"], 1)
    worth = weights @ TOWARDS
    assert shown.title == f"like it: {worth[tokens].sum():.2f}"
    assert shown.words == ["red", "big", "cat"]
    assert [name.split("\n")[0] for name in shown.contributions] == ["left out", "integrated gradients"]
    for found in shown.contributions.values():
        np.testing.assert_allclose(found, worth[[5, 2, 8]] - worth[1], rtol=1e-4)


def test_bags_of_several_texts_and_unused_embeddings_are_refused():
    model, bag = tower(), VOCABULARY.bag(TEXTS)
    s = similarity(model, TOWARDS)
    with pytest.raises(ValueError, match="bag of 3 texts"):
        bag_contributions(s, model.embedding, bag, 0.0)
    with pytest.raises(ValueError, match="bag of 3 texts"):
        of_presence(s, bag, [slice(0, 1)])
    with pytest.raises(ValueError, match="EmbeddingBag 0 times"):
        of_embedding(s, nn.EmbeddingBag(2, 2), bag)
