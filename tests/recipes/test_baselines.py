"""The baselines every recipe calls: against counting, against scikit-learn, and on real digits."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.metrics import bleu, bootstrap, scores_of_ranks, text_scores
from tinyxm.recipes.baselines import (
    chance_of_retrieval,
    class_baselines,
    retrieval_baselines,
    score_both_ways,
    score_classes,
    score_retrieval,
    score_texts,
    score_told,
)


def pairs(n, seed=0, noise=0.3):
    """Two views of four hidden causes through fixed maps, so that held-out pairs can be told apart."""
    maps = np.random.default_rng(99)
    first, second = maps.normal(size=(4, 12)), maps.normal(size=(4, 9))
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 4))
    x, y = (hidden @ m + noise * rng.normal(size=(n, m.shape[1])) for m in (first, second))
    return x.reshape(n, 3, 4).astype(np.float32), y.astype(np.float32) + 5


@given(st.integers(1, 6), st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 99))
def test_chance_is_the_mean_over_all_orders(n, counts, seed):
    rng = np.random.default_rng(seed)
    right = np.zeros((len(counts), n), bool)
    for row, count in zip(right, counts, strict=True):
        row[rng.permutation(n)[: min(count, n)]] = True
    found = [1 + np.flatnonzero(row[list(o)])[0] for row in right for o in itertools.permutations(range(n))]
    counted = scores_of_ranks(np.array(found))
    chance = chance_of_retrieval(right)
    for name in ("recall@1", "recall@5", "recall@10", "mrr", "median_rank"):
        assert chance[name] == pytest.approx(counted[name]), name


def test_the_linear_baselines_find_held_out_pairs_of_a_linear_cause_both_ways():
    x, y = pairs(300)
    u, v = pairs(40, seed=1)
    there, back = retrieval_baselines(x, y, u, v), retrieval_baselines(y, x, v, u)
    scores = score_both_ways(there["cca"], there, back, resamples=50)
    for way in ("image_to_text", "text_to_image"):
        beside = scores[way]["baselines"]
        assert list(beside) == ["chance", "ridge", "cca", "nearest_training_pair"]
        assert beside["cca"]["recall@1"] > beside["nearest_training_pair"]["recall@1"] > 0.2
        assert beside["ridge"]["recall@5"] > 0.8 > 5 * beside["chance"]["recall@5"]
        low, high = scores[way]["intervals"]["recall@5"]
        assert low <= scores[way]["recall@5"] <= high
    shuffled = retrieval_baselines(x, y[::-1], u, v)
    assert score_retrieval(shuffled["cca"], resamples=2)["recall@1"] < 0.2


def test_the_class_mean_answers_with_the_mean_of_the_queries_class():
    rng = np.random.default_rng(0)
    centres_x, centres_y = 6 * rng.normal(size=(5, 7)), 6 * rng.normal(size=(5, 6))
    labels, new = rng.integers(5, size=100), rng.integers(5, size=60)
    x, y = centres_x[labels] + rng.normal(size=(100, 7)), centres_y[labels] + rng.normal(size=(100, 6))
    u, v = centres_x[new] + rng.normal(size=(60, 7)), centres_y[new] + rng.normal(size=(60, 6))
    right = new[:, None] == new
    scores = score_retrieval(
        *(lambda found: (found["ridge"], found))(retrieval_baselines(x, y, u, v, labels=labels)),
        correct=right,
        groups=new,
        over="classes",
        resamples=20,
    )
    assert scores["baselines"]["class_mean"]["recall@1"] > 0.95
    assert scores["intervals_over"] == "classes"
    assert 0.1 < scores["baselines"]["chance"]["recall@1"] < 0.3


def test_features_that_never_vary_and_few_samples_are_no_hindrance():
    x, y = pairs(6)
    x[:, 1] = 0
    assert {m.shape for m in retrieval_baselines(x, y, x, y[:4]).values()} == {(6, 4)}
    assert set(class_baselines(x, np.arange(6) % 2, x)) == {
        "majority",
        "linear",
        "nearest_training_example",
        "class_mean",
    }


def test_class_baselines_agree_with_scikit_learn_on_real_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

    x, labels = datasets.load_digits(return_X_y=True)
    train, test = slice(0, 600), slice(600, 1000)
    found = class_baselines(x[train], labels[train], x[test])
    centred = x - x[train].mean(axis=0)
    near = KNeighborsClassifier(1, metric="cosine").fit(centred[train], labels[train]).predict(centred[test])
    assert np.mean(found["nearest_training_example"] == near) > 0.995
    with warnings.catch_warnings():  # of pixels that are always 0, as it may
        warnings.simplefilter("ignore")
        mean = NearestCentroid().fit(x[train], labels[train]).predict(x[test])
    np.testing.assert_array_equal(found["class_mean"], mean)
    assert set(found["majority"]) == {np.bincount(labels[train]).argmax()}
    scores = score_classes(labels[test], found["linear"], found, resamples=50)
    assert 0.88 < scores["accuracy"] < 0.97
    assert scores["baselines"]["chance"] == {"accuracy": 0.1, "intervals": {}}
    assert scores["baselines"]["majority"]["accuracy"] < 0.15
    assert scores["intervals"]["f1"][0] < scores["f1"] < scores["intervals"]["f1"][1]


def test_a_class_missing_from_the_test_still_counts_in_the_macro_average():
    labels = np.array([0, 0, 1, 1])
    assert score_classes(labels, labels, classes=4, resamples=2)["f1"] == 0.5


def test_texts_are_scored_with_intervals_beside_their_baselines():
    rng = np.random.default_rng(0)
    words = ["a", "red", "blue", "cat", "dog", "left", "of"]
    references = [[" ".join(rng.choice(words, 7)) for _ in range(2)] for _ in range(40)]
    near = [" ".join([*several[0].split()[: rng.integers(4, 8)], "cat"]) for several in references]
    blank = ["a cat"] * 40
    found = score_texts(references, near, {"class_mean": blank}, resamples=100)
    assert {key: found[key] for key in text_scores(references, near)} == pytest.approx(text_scores(references, near))
    assert found["baselines"]["class_mean"]["chrf"] == pytest.approx(text_scores(references, blank)["chrf"])
    texts = np.array(near, object), np.array(references, object)
    expected = bootstrap(lambda h, r: bleu(r, h), *texts, rng=np.random.default_rng(0), resamples=100)
    assert found["intervals"]["bleu_4"] == pytest.approx(list(expected))
    for key, (low, high) in found["intervals"].items():
        assert low <= found[key] <= high


def test_what_is_told_is_the_quotient_of_sums_alone_or_beside_the_texts_scores():
    texts, true = ["a b c", "a", "d"], [{"a", "b"}, {"a", "c", "d"}, {"d"}]

    def told(said):
        return {"word_accuracy": np.array([(len(set(s.split()) & t), len(t)) for s, t in zip(said, true, strict=True)])}

    alone = score_told(told, texts, {"first": ["a"] * 3}, groups=np.array([0, 0, 1]), over="pairs", resamples=50)
    assert alone["word_accuracy"] == pytest.approx((2 + 1 + 1) / (2 + 3 + 1))  # not the mean of 1, 1/3 and 1
    assert alone["baselines"]["first"]["word_accuracy"] == pytest.approx(2 / 6)
    low, high = alone["intervals"]["word_accuracy"]
    assert (low, high) == (pytest.approx(3 / 5), 1.0)  # of the two groups the first is drawn twice, or the second is
    beside = score_texts(texts, texts, {"first": ["a"] * 3}, told=told, resamples=50)
    assert (beside["exact_match"], beside["word_accuracy"]) == (1, alone["word_accuracy"])
    assert beside["baselines"]["first"]["word_accuracy"] == pytest.approx(2 / 6)
    assert beside["intervals"].keys() == {"bleu_1", "bleu_4", "chrf", "exact_match", "word_accuracy"}
