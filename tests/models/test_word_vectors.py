import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from tinyxm.data import Vocabulary
from tinyxm.models import word_vectors
from tinyxm.models.word_vectors import Corpus, SkipGram, WordVectors, cooccurrences, pmi_svd, positive_pmi, skip_gram
from tinyxm.optim import Momentum

TEXTS = [["the", "cat", "sat", "on", "the", "mat"], ["the", "dog"], [], ["alone"], ["a", "cat", "and", "a", "dog"]]
LETTERS = st.lists(st.lists(st.sampled_from("abcd"), max_size=6), min_size=1, max_size=4)


def topics(texts=400, seed=0):
    """Two topics of eight words each, and three words of both: what a word means is only in what it stands beside."""
    rng = random.Random(seed)
    found = []
    for _ in range(texts):
        own = "abcdefgh" if rng.random() < 0.5 else "stuvwxyz"
        found.append([rng.choice(own) if rng.random() < 0.7 else rng.choice(["the", "of", "and"]) for _ in range(8)])
    return found


@given(LETTERS, st.none() | st.integers(1, 4))
def test_cooccurrences_agree_with_loops(texts, window):
    vocabulary = Vocabulary.of_tokens([[*"abcd"]])
    expected = Counter()
    for tokens in texts:
        for i, centre in enumerate(tokens):
            for j, context in enumerate(tokens):
                if i != j and (window is None or abs(i - j) <= window):
                    expected[centre, context] += 1
    if not expected:
        with pytest.raises(ValueError, match="no two known words"):
            cooccurrences(texts, vocabulary, window)
        return
    counts = cooccurrences(texts, vocabulary, window).toarray()
    assert {(a, b): counts["abcd".index(a), "abcd".index(b)] for a, b in expected} == expected
    assert counts.sum() == expected.total()


def test_windows_shrink_as_often_as_word2vec_s():
    """A neighbour at distance d is taken where the drawn window, 1 to 4, reaches it: with probability (5 − d) / 4."""
    corpus = Corpus([[*"abcdefgh"]] * 2000, Vocabulary.of_tokens([[*"abcdefgh"]]))
    drawn = [len(centre) for centre, _ in corpus.pairs(4, np.random.default_rng(0))]
    every = [len(centre) for centre, _ in corpus.pairs(4)]
    np.testing.assert_allclose(np.array(drawn).reshape(4, 2).sum(1) / np.array(every).reshape(4, 2).sum(1),
                               [1, 0.75, 0.5, 0.25], atol=0.02)  # fmt: skip


def test_subsampling_keeps_the_share_it_says():
    corpus = Corpus([["a", "b"] * 5000], Vocabulary.of_tokens([["a", "b"]]))
    drawn = list(corpus.pairs(None, np.random.default_rng(0), np.array([0.3, 0.3])))
    words = 1 + max(len(centre) for centre, _ in drawn)
    assert abs(words / 10_000 - 0.3) < 0.02


def test_positive_pmi_by_hand():
    counts = sparse.csr_array(np.array([[0, 4, 1], [4, 0, 0], [1, 0, 2.0]]))
    total, of = 12, [5, 4, 3]
    expected = np.zeros((3, 3))
    for w in range(3):
        for c in range(3):
            if counts[w, c]:
                expected[w, c] = max(0, math.log(counts[w, c] * total / (of[w] * of[c])) - math.log(1.5))
    np.testing.assert_allclose(positive_pmi(counts, 1.5, smoothing=1).toarray(), expected, rtol=1e-12)
    chance = [n**0.75 / sum(m**0.75 for m in of) for n in of]
    smoothed = positive_pmi(counts).toarray()
    assert math.isclose(smoothed[0, 1], math.log(4 / (5 * chance[1])))
    with pytest.raises(ValueError, match="shift 0"):
        positive_pmi(counts, 0)


def test_pmi_svd_is_the_best_of_its_rank():
    """Eckart and Young: no matrix of rank d is nearer, and the rows are U Σ^½ of NumPy's decomposition, up to signs."""
    texts = topics()
    vocabulary = Vocabulary.of_tokens(texts)
    matrix = positive_pmi(cooccurrences(texts, vocabulary, 3), 1, 0.75).toarray()
    left, values, _ = np.linalg.svd(matrix)
    found = pmi_svd(texts, vocabulary, 4, window=3)
    expected = left[:, :4] * np.sqrt(values[:4])
    np.testing.assert_allclose(np.abs(found.vectors), np.abs(expected), atol=1e-4)
    assert np.array_equal(found.vectors, pmi_svd(texts, vocabulary, 4, window=3).vectors)


def test_the_loss_of_one_pair_by_hand():
    model = SkipGram(4, 3, np.random.default_rng(0))
    assert math.isclose(model([0], [1], np.array([[2, 3]])).item(), 3 * math.log(2), rel_tol=1e-6)  # v begins at 0
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    model.centre.weight.data[...], model.context.weight.data[...] = u, v
    loss = model([0], [1], np.array([[2, 3]]))
    loss.backward()

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    expected = -math.log(sigmoid(u[0] @ v[1])) - math.log(sigmoid(-u[0] @ v[2])) - math.log(sigmoid(-u[0] @ v[3]))
    assert math.isclose(loss.item(), expected, rel_tol=1e-5)
    gradient = (sigmoid(u[0] @ v[1]) - 1) * v[1] + sigmoid(u[0] @ v[2]) * v[2] + sigmoid(u[0] @ v[3]) * v[3]
    np.testing.assert_allclose(model.centre.weight.grad[0], gradient, rtol=1e-4)
    np.testing.assert_allclose(model.context.weight.grad[2], sigmoid(u[0] @ v[2]) * u[0], rtol=1e-4)
    assert not model.centre.weight.grad[1:].any()


def test_trained_to_its_end_skip_gram_factorises_pmi_minus_ln_k():
    """Levy and Goldberg 2014, equation 9, where every pair's negatives are all contexts, so that nothing is drawn."""
    counts = np.array([[1, 4, 2, 1], [4, 1, 1, 3], [2, 1, 2, 2], [1, 3, 2, 1]])
    words, contexts = (np.repeat(axis.ravel(), counts.ravel()) for axis in np.indices(counts.shape))
    negatives = np.tile(contexts, (len(words), 1))  # k = D, each context as often as it occurs
    model = SkipGram(4, 4, np.random.default_rng(0))
    optimizer = Momentum(model.parameters(), lr=0.3, momentum=0.9)
    for _ in range(2000):
        optimizer.zero_grad()
        model(words, contexts, negatives).backward()
        optimizer.step()
    total = counts.sum()
    pmi = np.log(counts * total / np.outer(counts.sum(1), counts.sum(0)))
    found = model.centre.weight.data @ model.context.weight.data.T
    np.testing.assert_allclose(found, pmi - np.log(total), atol=0.05)


def of_one_topic(vectors):
    """The share of a topic word's seven nearest that are of its topic."""
    topic = {**dict.fromkeys("abcdefgh", 0), **dict.fromkeys("stuvwxyz", 1)}
    return np.mean([topic.get(near) == topic[word] for word in topic for near, _ in vectors.nearest(word, 7)])


@pytest.mark.parametrize(("learn", "dimensions"), [(skip_gram, 6), (pmi_svd, 3)])
def test_words_of_a_topic_find_each_other_and_by_chance_they_do_not(learn, dimensions):
    texts, rng = topics(), random.Random(1)
    vocabulary = Vocabulary.of_tokens(texts)
    options = {"epochs": 6, "batch_pairs": 256, "subsample": 1.0} if learn is skip_gram else {}
    assert of_one_topic(learn(texts, vocabulary, dimensions, **options)) > 0.95
    every = [word for text in texts for word in text]
    rng.shuffle(every)
    shuffled = [every[i : i + 8] for i in range(0, len(every), 8)]  # the same words, beside others
    assert of_one_topic(learn(shuffled, vocabulary, dimensions, **options)) < 0.7


def test_the_seed_decides_and_the_rate_ends_at_nought():
    texts, told = topics(60), []
    vocabulary = Vocabulary.of_tokens(texts)

    def learn(rng):
        return skip_gram(texts, vocabulary, 4, epochs=2, rng=rng, report=lambda *heard: told.append(heard)).vectors

    assert np.array_equal(learn(3), learn(np.random.default_rng(3)))
    assert not np.array_equal(learn(3), learn(4))
    assert [epoch for epoch, _ in told[:2]] == [0, 1]
    assert told[1][1] < told[0][1] <= 6 * math.log(2) + 0.01


def test_negatives_are_drawn_by_count_to_the_three_quarters(monkeypatch):
    drawn = []

    class Watched(SkipGram):
        def forward(self, words, contexts, negatives):
            drawn.append(negatives)
            return super().forward(words, contexts, negatives)

    monkeypatch.setattr(word_vectors, "SkipGram", Watched)
    texts = [["a"] * 16 + ["b"] * 4 + ["c"]] * 100
    vocabulary = Vocabulary.of_tokens(texts)
    for power, weights in ((0.75, [8, 4**0.75, 1]), (1.0, [16, 4, 1])):
        drawn.clear()
        skip_gram(texts, vocabulary, 2, epochs=1, subsample=1.0, noise_power=power)
        every = np.concatenate(drawn).ravel()
        expected = np.array(weights) / sum(weights)
        spread = np.sqrt(expected * (1 - expected) / every.size)
        assert np.all(abs(np.bincount(every) / every.size - expected) < 4 * spread)


def test_unknown_words_are_left_out_as_if_not_there():
    vocabulary = Vocabulary.of_tokens(TEXTS, min_count=2)
    corpus = Corpus(TEXTS, vocabulary)
    assert corpus.words == ["the", "a", "cat", "dog"]
    assert [corpus.words[i] for i in corpus.numbers] == ["the", "cat", "the", "the", "dog", "a", "cat", "a", "dog"]
    assert corpus.text.tolist() == [0, 0, 0, 1, 1, 4, 4, 4, 4]


def test_a_space_of_words(tmp_path):
    vectors = WordVectors(["king", "man", "woman", "queen", "zero"], [[2, 1], [1, 0], [0, 1], [1, 2], [0, 0]])
    assert [word for word, _ in vectors.nearest("king", 2)] == ["man", "queen"]
    assert math.isclose(vectors.nearest("king", 2)[1][1], 4 / 5, rel_tol=1e-6)
    moved = vectors["king"] - vectors["man"] + vectors["woman"]
    assert vectors.nearest(moved, 1, exclude=["king", "man", "woman"])[0][0] == "queen"
    assert [word for word, _ in vectors.nearest("man", 99)] == ["king", "queen", "woman", "zero"]
    assert vectors.map().shape == (5, 2)
    longer = WordVectors(vectors.words, vectors.vectors * np.array([[3], [1], [9], [1], [1]]))
    np.testing.assert_allclose(longer.map(), vectors.map(), atol=1e-6)  # the map sees what the cosine sees
    vectors.plot(["king", "man", "queen"]).savefig(tmp_path / "map.png")
    vectors.save(tmp_path / "words.safetensors")
    again = WordVectors.load(tmp_path / "words.safetensors")
    assert again.words == vectors.words
    assert np.array_equal(again.vectors, vectors.vectors)
    (tmp_path / "words.safetensors").write_bytes(b"\x80\x04N.")
    with pytest.raises(ValueError, match=r"isn't a file of WordVectors\.save"):
        WordVectors.load(tmp_path / "words.safetensors")
    assert "king" in vectors
    with pytest.raises(KeyError, match="no vector for 'prince'"):
        vectors["prince"]


def test_refusals_name_what_is_wrong():
    vocabulary = Vocabulary.of_tokens(TEXTS)
    with pytest.raises(ValueError, match="no two known words"):
        skip_gram([["alone"], []], vocabulary)
    with pytest.raises(TypeError, match="got the text 'the cat'"):
        pmi_svd(["the cat"], vocabulary)
    with pytest.raises(ValueError, match="window 0"):
        cooccurrences(TEXTS, vocabulary, 0)
    with pytest.raises(ValueError, match="9 dimensions for 9 words"):
        pmi_svd(TEXTS, vocabulary, 9)
    with pytest.raises(ValueError, match="negatives 0"):
        skip_gram(TEXTS, vocabulary, negatives=0)
    with pytest.raises(ValueError, match="NaN or infinity"):
        WordVectors(["a"], np.array([[np.nan]]))
    with pytest.raises(ValueError, match="2 words, 1 distinct"):
        WordVectors(["a", "a"], np.zeros((2, 1)))


def test_a_line_of_a_million_words():
    line = ["the", "cat", "sat", "down"] * 250_000
    vocabulary = Vocabulary.of_tokens([line])
    counts = cooccurrences([line], vocabulary, 2)
    assert counts.sum() == 2 * (999_999 + 999_998)
    with pytest.raises(ValueError, match=r"1\.0e\+12 pairs.*1,000,000 words\); give a window"):
        cooccurrences([line], vocabulary, None)
