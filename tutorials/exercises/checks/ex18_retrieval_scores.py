"""What exercise 18 is checked by: ranks by hand, and the package's scores."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap


def by_the_package(similarity, k):
    found = xm.metrics.retrieval_scores(similarity, ks=(k,))
    return found[f"recall@{k}"], found["median_rank"]


def cases(rng):
    three = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.3, 0.7, 0.2]])
    yield Case("3 queries, whose ranks are 1, 2, 3; k = 1", (three, 1), (1 / 3, 2.0))
    yield Case("the same, k = 2", (three, 2), (2 / 3, 2.0))
    for n, k in ((8, 1), (8, 3), (50, 10), (51, 5)):
        similarity = rng.normal(size=(n, n)) + np.eye(n)
        yield Case(f"{n} queries, k = {k}", (similarity, k), by_the_package(similarity, k))
    yield Case("all is alike: a rank of 2.5 for each of 4", (np.ones((4, 4)), 2), (0.0, 2.5))
    tied = rng.integers(0, 3, (9, 9)) / 2
    yield Case("many ties", (tied, 3), by_the_package(tied, 3))
    skewed = np.eye(6)
    skewed[4:] = -np.eye(6)[4:]
    yield Case("two of six come last", (skewed, 1), (4 / 6, 1.0))
    yield Case("one query alone", (np.array([[0.3]]), 1), (1.0, 1.0))
    yield Case("k beyond the gallery", (three, 10), (1.0, 2.0))


def scores(ranks, k):
    return np.mean(ranks <= k), np.median(ranks)


def parts(similarity):
    right = np.diag(similarity)[:, None]
    return (similarity > right).sum(axis=1), (similarity == right).sum(axis=1) - 1


def ties_won(similarity, k):
    return scores(1 + parts(similarity)[0], k)


def ties_lost(similarity, k):
    nearer, alike = parts(similarity)
    return scores(1 + nearer + alike, k)


def alike_to_itself(similarity, k):
    nearer, alike = parts(similarity)
    return scores(1 + nearer + (alike + 1) / 2, k)


def from_zero(similarity, k):
    nearer, alike = parts(similarity)
    return scores(nearer + alike / 2, k)


def other_direction(similarity, k):
    nearer, alike = parts(similarity.T)
    return scores(1 + nearer + alike / 2, k)


def as_distance(similarity, k):
    nearer, alike = parts(-similarity)
    return scores(1 + nearer + alike / 2, k)


def below_k(similarity, k):
    nearer, alike = parts(similarity)
    ranks = 1 + nearer + alike / 2
    return np.mean(ranks < k), np.median(ranks)


def mean_rank(similarity, k):
    nearer, alike = parts(similarity)
    ranks = 1 + nearer + alike / 2
    return np.mean(ranks <= k), np.mean(ranks)


def counted(similarity, k):
    nearer, alike = parts(similarity)
    ranks = 1 + nearer + alike / 2
    return np.sum(ranks <= k), np.median(ranks)


EXERCISE = Exercise(
    title="recall at k, and the median rank",
    lesson="14_accuracy_precision_recall_and_when_each_lies",
    points=2,
    function="retrieval_scores",
    hints=(
        "No sorting is needed: count, in each row, how many are greater than the number on the diagonal.",
        "right = np.diag(similarity)[:, None] is a column, to compare rows with. An answer is exactly as near as "
        "itself: take 1 from that count.",
        "ranks = 1 + (similarity > right).sum(axis=1) + ((similarity == right).sum(axis=1) - 1) / 2; then "
        "np.mean(ranks <= k) and np.median(ranks).",
    ),
    cases=cases,
    returns=("recall", "median rank"),
    traps=(
        Trap("ties count half: as it is, a model that finds all alike has rank 1", ties_won),
        Trap("ties count half, not in full", ties_lost),
        Trap("the right answer ties with itself, and that doesn't count", alike_to_itself),
        Trap("ranks count from 1", from_zero),
        Trap("queries are rows: compare within a row, not within a column", other_direction),
        Trap("a larger similarity is nearer: it isn't a distance", as_distance),
        Trap("rank k is among the first k: ≤, not <", below_k),
        Trap("the median of the ranks, not their mean, which a few lost queries rule", mean_rank),
        Trap("recall is a share of the queries, from 0 to 1: a mean, not a count", counted),
    ),
)
