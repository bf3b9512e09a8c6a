import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinyxm.metrics import (
    average_precisions,
    discounted_gains,
    found_at,
    mean_average_precision,
    mean_reciprocal_rank,
    median_rank,
    ndcg,
    ranks,
    recall_at,
    retrieval_scores,
)


def test_by_hand():
    similarity = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.3, 0.2, 0.1]], np.float32)
    np.testing.assert_array_equal(ranks(similarity), [1, 2, 3])
    scores = retrieval_scores(similarity, ks=(1, 2))
    assert scores == pytest.approx(
        {"recall@1": 1 / 3, "recall@2": 2 / 3, "mrr": (1 + 1 / 2 + 1 / 3) / 3, "median_rank": 2}
    )
    assert list(retrieval_scores(similarity)) == ["recall@1", "recall@5", "recall@10", "mrr", "median_rank"]


def test_a_constant_similarity_earns_the_middle_rank():
    found = ranks(np.zeros((7, 7)))
    np.testing.assert_array_equal(found, np.full(7, 4.0))
    assert recall_at(found, 1) == 0


def test_a_tie_across_k_is_a_miss():
    found = ranks([[0.5, 0.5]], [0])
    assert found == [1.5]
    assert (recall_at(found, 1), recall_at(found, 2)) == (0, 1)


def test_ties_among_right_answers_cost_nothing():
    assert ranks([[0.9, 0.9, 0.9, 0.1]], [{0, 1, 3}]) == [1.5]


@given(
    arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(-3, 3)),
    st.integers(0, 2**32 - 1),
)
def test_rank_is_the_mean_place_over_ties_and_the_best_right_answer_counts(similarity, seed):
    scipy_stats = pytest.importorskip("scipy.stats")
    queries, gallery = similarity.shape
    right = np.random.default_rng(seed).random((queries, gallery)) < 0.4
    right[np.arange(queries), np.arange(queries) % gallery] = True
    expected = []
    for row, mask in zip(similarity, right, strict=True):
        rivals = np.append(row[~mask], row[mask].max())
        expected.append(scipy_stats.rankdata(-rivals, method="average")[-1])
    np.testing.assert_array_equal(ranks(similarity, right), expected)
    sets = [set(np.flatnonzero(mask).tolist()) for mask in right]
    np.testing.assert_array_equal(ranks(similarity, sets), expected)
    np.testing.assert_array_equal(ranks(similarity.astype(np.float32) / 7, right), expected)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_recall_agrees_with_scikit_learn(queries, gallery, seed, k):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    similarity, correct = rng.normal(size=(queries, gallery)), rng.integers(gallery, size=queries)
    found = ranks(similarity, correct)
    np.testing.assert_array_equal(found, ranks(similarity, np.eye(gallery, dtype=bool)[correct]))
    np.testing.assert_array_equal(found, ranks(similarity, correct.tolist()))
    in_order = np.take_along_axis(np.argsort(-similarity, axis=1), found.astype(int)[:, None] - 1, axis=1)[:, 0]
    np.testing.assert_array_equal(in_order, correct)
    hot = np.eye(gallery, dtype=int)[correct]
    assert mean_reciprocal_rank(found) == pytest.approx(sklearn.label_ranking_average_precision_score(hot, similarity))
    if gallery > 2 and k < gallery:
        expected = sklearn.top_k_accuracy_score(correct, similarity, k=k, labels=range(gallery))
        assert recall_at(found, k) == pytest.approx(expected)
    assert median_rank(found) == np.median(found)


def test_several_right_answers_by_hand():
    similarity, right = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]), [{0, 2, 4}]
    assert average_precisions(similarity, right) == pytest.approx([(1 + 2 / 3 + 3 / 5) / 3])
    assert [found_at(similarity, k, right)[0] for k in (1, 2, 3, 9)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1])
    assert recall_at(ranks(similarity, right), 1) == 1, "the other recall at 1 asks for one of them"
    gains = np.array([[0, 0, 3, 0, 1]])
    best = 3 + 1 / np.log2(3)
    assert ndcg(similarity, gains) == pytest.approx((3 / np.log2(4) + 1 / np.log2(6)) / best)
    assert discounted_gains(similarity, gains, 2) == [0]
    assert found_at([[0.5, 0.5]], 1, [1]) == [0], "equals: the right come last"


@settings(max_examples=40)
@given(st.integers(1, 5), st.integers(2, 8), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_average_precision_and_ndcg_agree_with_scikit_learn(queries, gallery, seed, k):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    similarity = rng.integers(4, size=(queries, gallery)) / 7  # with ties
    gains = rng.integers(3, size=(queries, gallery))
    gains[np.arange(queries), rng.integers(gallery, size=queries)] = 2
    expected = [sklearn.average_precision_score(g > 0, s) for g, s in zip(gains, similarity, strict=True)]
    np.testing.assert_allclose(average_precisions(similarity, gains > 0), expected)
    assert mean_average_precision(similarity, gains > 0) == pytest.approx(np.mean(expected))
    assert ndcg(similarity, gains) == pytest.approx(sklearn.ndcg_score(gains, similarity))
    assert ndcg(similarity, gains, k) == pytest.approx(sklearn.ndcg_score(gains, similarity, k=k))


def test_with_one_right_answer_average_precision_is_the_reciprocal_rank():
    similarity = np.random.default_rng(0).normal(size=(9, 9))
    np.testing.assert_allclose(average_precisions(similarity), 1 / ranks(similarity))
    assert mean_average_precision(similarity) == pytest.approx(mean_reciprocal_rank(ranks(similarity)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ranks([[np.nan, 1.0], [0.0, np.inf]]), ValueError, r"similarity\[0, 0\] is nan.*2 are not"),
        (lambda: ranks([[1.0, 2.0]]), ValueError, r"\(1, 2\) isn't square; pass correct="),
        (lambda: ranks([1.0, 2.0]), ValueError, r"shape \(2,\)"),
        (lambda: ranks(np.zeros((0, 0))), ValueError, "neither of them 0"),
        (lambda: ranks([["a"]]), TypeError, "real numbers"),
        (lambda: ranks(np.eye(2), [0, 2]), ValueError, "index 2; the gallery runs from 0 to 1"),
        (lambda: ranks(np.eye(2), [{0}, {-1}]), ValueError, "index -1"),
        (lambda: ranks(np.eye(2), [{0}]), ValueError, "answers 1 queries; similarity has 2"),
        (lambda: ranks(np.eye(2), [0]), ValueError, "answers 1 queries; similarity has 2"),
        (lambda: ranks(np.eye(2), [{0}, set()]), ValueError, "query 1 has no right answer"),
        (lambda: ranks(np.eye(2), np.zeros((2, 2), bool)), ValueError, "query 0 has no right answer"),
        (lambda: ranks(np.eye(2), np.zeros((2, 3), bool)), ValueError, r"correct has shape \(2, 3\)"),
        (lambda: ranks(np.eye(2), [0.0, 1.0]), TypeError, "float64; expected integer"),
        (lambda: ranks(np.eye(2), [[True, False], [False, True]]), TypeError, "bool; expected integer"),
        (lambda: recall_at([1], 0), ValueError, "recall_at: k=0"),
        (lambda: found_at(np.eye(2), 0), ValueError, "found_at: k=0"),
        (lambda: average_precisions(np.eye(2), [{0}]), ValueError, "average_precisions: correct answers 1"),
        (lambda: ndcg(np.eye(2), np.ones((2, 3))), ValueError, r"gains \(2, 3\), similarity \(2, 2\)"),
        (lambda: ndcg(np.eye(2), [[1, 0], [0, 0]]), ValueError, "one above 0 in each row"),
        (lambda: ndcg(np.eye(2), [[1, -1], [0, 1]]), ValueError, "from 0"),
        (lambda: ndcg(np.eye(2), np.eye(2), 0), ValueError, "discounted_gains: k=0"),
        (lambda: median_rank([0.0, 1.0]), ValueError, "median_rank: ranks hold 0.0; ranks count from 1"),
        (lambda: mean_reciprocal_rank([np.nan]), ValueError, "ranks hold nan"),
        (lambda: recall_at([], 1), ValueError, r"shape \(0,\)"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
