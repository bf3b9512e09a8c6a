import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinyxm.metrics import mean_reciprocal_rank, median_rank, ranks, recall_at, retrieval_scores


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
        (lambda: median_rank([0.0, 1.0]), ValueError, "median_rank: ranks hold 0.0; ranks count from 1"),
        (lambda: mean_reciprocal_rank([np.nan]), ValueError, "ranks hold nan"),
        (lambda: recall_at([], 1), ValueError, r"shape \(0,\)"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
