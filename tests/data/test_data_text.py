import numpy as np
import pytest

from tinyxm.data import TfIdf, Vocabulary, character_ngrams, words

TEXTS = [("red heart", ["love", "like red"]), ("cat", ["animal", "pet"]), ("dog", [])]


def test_words():
    assert words("Face_with-COLD Sweat, rescue worker’s") == ["face", "with", "cold", "sweat", "rescue", "worker", "s"]
    assert words("ﬁsh　Ｎｏ。２ Ärger") == ["fish", "no", "2", "ärger"]
    assert words("✉\xa0letter") == ["letter"]
    with pytest.raises(TypeError, match="NoneType"):
        words(None)


def test_character_ngrams():
    assert character_ngrams("cat") == ["<ca", "cat", "at>", "<cat", "cat>"]
    assert character_ngrams("a") == ["<a>"]


def test_a_bag_by_hand():
    vocabulary = Vocabulary(TEXTS)
    indices, offsets, weights = vocabulary.bag([("red cat", ["pet", "red red"]), ("xyzzy", []), ("pet", [])])
    assert offsets.tolist() == [0, len(indices) - 6, len(indices) - 6]
    np.testing.assert_allclose(weights[: offsets[1]].sum(), 1, rtol=1e-6)
    # 2 (red) + 2 (cat) + 1 (pet) + 1 (red, once) = 6, each word shared by itself and its five n-grams
    first = list(indices[: offsets[1]])
    np.testing.assert_allclose(weights[first.index(vocabulary.index["red"])], 2 / 6 / 6, rtol=1e-6)
    np.testing.assert_allclose(weights[first.index(vocabulary.index["pet"])], 1 / 6 / 6, rtol=1e-6)
    assert first.count(vocabulary.index["red"]) == 2


def test_an_unknown_word_is_known_by_its_parts():
    vocabulary = Vocabulary(TEXTS)
    assert "cats" not in vocabulary
    parts = [vocabulary.index["#" + gram] for gram in ("<ca", "cat", "<cat")]
    assert sorted(vocabulary.indices("cats")) == sorted(parts)
    assert Vocabulary(TEXTS, ngrams=False).indices("cats") == []


def test_dropout_draws_from_the_generator_alone():
    vocabulary = Vocabulary(TEXTS)
    full = len(vocabulary.bag(TEXTS)[0])

    def draw(seed, **options):
        return vocabulary.bag(TEXTS, np.random.default_rng(seed), **options)

    assert all(np.array_equal(a, b) for a, b in zip(draw(3), draw(3), strict=True))
    assert len(draw(0, word_dropout=0, keyword_dropout=0)[0]) == full
    names = [(name, []) for name, _ in TEXTS]
    assert np.array_equal(draw(0, word_dropout=0, keyword_dropout=1)[0], vocabulary.bag(names)[0])
    _, offsets, weights = draw(0, word_dropout=1.0)
    np.testing.assert_allclose(np.add.reduceat(weights, offsets), 1, rtol=1e-6)  # one word is left
    kept = np.mean([len(draw(seed, keyword_dropout=0)[0]) < full for seed in range(50)])
    assert kept > 0.5


def test_tfidf_by_hand():
    features = TfIdf([("b", ["c"]), ("b", [])])
    assert list(features.index) == ["#<b>", "b", "c"]
    row = np.array([0.5 * 1, 2 * 1, 1 * (np.log(3 / 2) + 1)])
    np.testing.assert_allclose(features([("b", ["c", "new"])])[0], row / np.linalg.norm(row), rtol=1e-6)
    np.testing.assert_array_equal(features([("new", [])]), 0)


def test_nothing_to_learn():
    for learn in (Vocabulary, TfIdf):
        with pytest.raises(ValueError, match="nothing to learn"):
            learn([("!", [])])
