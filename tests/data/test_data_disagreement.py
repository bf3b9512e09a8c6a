"""Models that judge labels, pairs and rows, held to scikit-learn's and to formulas written out."""

import numpy as np
import pytest

from tinyxm.data import Samples, clean, misaligned, mislabelled, outliers
from tinyxm.data.cleaning.disagreement import (
    confident_joint,
    described,
    held_out_probabilities,
    label_faults,
    pair_scores,
    posterior_wrong,
    principal,
)
from tinyxm.data.cleaning.outliers import evened, robust_distance


def classes(n=240, seed=0, apart=2.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return rng.normal(size=(n, 5)) + apart * np.eye(3, 5)[labels], labels


def test_held_out_probabilities_are_those_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, labels = classes()
    mine = held_out_probabilities(x, labels, 3, folds=4, rng=0, penalty=0.02)
    # the folds, drawn again as the docstring says
    shuffled = np.random.default_rng(0).permutation(len(x))
    fold = np.empty(len(x), int)
    fold[shuffled[np.argsort(labels[shuffled], kind="stable")]] = np.arange(len(x)) % 4
    units = x / np.sqrt(np.mean(np.square(x).sum(1)) / 5)
    for k in range(4):
        train = fold != k
        model = linear_model.LogisticRegression(C=1 / (0.02 * train.sum()), tol=1e-8, max_iter=2000)
        theirs = model.fit(units[train], labels[train]).predict_proba(units[~train])
        np.testing.assert_allclose(mine[~train], theirs, atol=2e-3)


def test_the_confident_joint_by_hand():
    p = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9], [0.55, 0.45]])
    labels = np.array([0, 0, 0, 1, 1, 1])  # usual: class 0 (0.9 + 0.7 + 0.2) / 3 = 0.6, class 1 0.683
    assert confident_joint(p, labels).tolist() == [[2, 1], [0, 2]]
    assert label_faults(p, labels).tolist() == [-1, -1, 1, -1, -1, -1]


def test_wrong_labels_are_found_and_right_ones_are_not():
    x, labels = classes(300, apart=6)
    spoilt = labels.copy()
    spoilt[[3, 50, 120]] = (labels[[3, 50, 120]] + 1) % 3
    names = np.array(["ant", "bee", "cat"])
    kept, ledger = clean(Samples({"x": x, "label": list(names[spoilt])}), {"label": [mislabelled("x")]})
    assert {e.sample for e in ledger} == {"3", "50", "120"}
    assert len(kept) == 297
    assert f"{names[labels[3]]} has" in ledger.entries[0].value


def test_principal_components_are_numpy_s_either_way():
    for shape in ((30, 8), (8, 30)):
        x = np.random.default_rng(0).normal(size=shape)
        u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        mine = principal(x, 5)
        np.testing.assert_allclose(np.abs(mine), np.abs(u[:, :5] * s[:5]), atol=1e-6)
    assert principal(np.ones((6, 4)), 3).shape[0] == 6


def test_pairs_that_mean_another_thing_are_found():
    rng = np.random.default_rng(0)
    meaning = rng.integers(0, 6, 600)
    x = np.eye(6)[meaning] @ rng.normal(size=(6, 10)) * 2 + 0.3 * rng.normal(size=(600, 10))
    y = np.eye(6)[meaning] @ rng.normal(size=(6, 7)) * 2 + 0.3 * rng.normal(size=(600, 7))
    wrong = rng.choice(600, 30, replace=False)
    y[wrong] = y[np.roll(wrong, 1)]
    differs = {str(i) for i, j in zip(wrong, np.roll(wrong, 1), strict=True) if meaning[i] != meaning[j]}
    _, ledger = clean(Samples({"x": x, "y": y}), {"y": [misaligned("x")]})
    found = {e.sample for e in ledger}
    assert len(found & differs) >= 0.8 * len(differs)
    assert len(found & differs) >= 0.8 * len(found)
    own, random = pair_scores(x, y)
    assert own.mean() > random.mean() + 1
    _, nothing = clean(Samples({"x": x, "y": rng.permutation(y)}), {"y": [misaligned("x")]})
    assert not len(nothing), "where nothing belongs together nothing can be said"


def test_the_posterior_of_a_known_mixture():
    rng = np.random.default_rng(1)
    wrong = rng.random(20_000) < 0.06
    own = np.where(wrong, rng.normal(0, 1, 20_000), rng.normal(3, 1, 20_000))
    posterior = posterior_wrong(own, rng.normal(0, 1, 200_000))
    density = np.exp(-(own**2) / 2), np.exp(-((own - 3) ** 2) / 2)
    truth = 0.06 * density[0] / (0.06 * density[0] + 0.94 * density[1])
    assert np.mean(np.abs(posterior - truth)) < 0.02
    assert posterior_wrong(rng.normal(0, 1, 500), rng.normal(0, 1, 5000)).max() == 0


def test_the_robust_distance_isn_t_moved_by_outliers():
    covariance = pytest.importorskip("sklearn.covariance")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3))
    x[:40] += 25
    mine = robust_distance(x)
    theirs = np.sqrt(covariance.MinCovDet(support_fraction=0.75, random_state=0).fit(x).mahalanobis(x))
    assert np.corrcoef(mine[40:], theirs[40:])[0, 1] > 0.98
    assert mine[:40].min() > 3 * mine[40:].max()


def test_outliers_break_what_holds_between_columns():
    rng = np.random.default_rng(0)
    first = rng.lognormal(size=300)
    x = np.stack([first, 2 * first * rng.lognormal(0, 0.03, 300), rng.normal(size=300)], 1)
    x[7, 1] /= 10  # neither number is unusual by itself
    _, ledger = clean(Samples({"x": x}), {"x": [outliers]})
    assert [e.sample for e in ledger if e.fault == "outlier"] == ["7"]


def test_an_outlier_breaks_a_proportion_of_powers():
    rng = np.random.default_rng(0)
    radius = rng.lognormal(0, 0.5, 400)
    area = np.pi * radius**2 * rng.lognormal(0, 0.05, 400)
    x = np.stack([radius, area, rng.normal(size=400)], 1)
    for row, factor in ((7, 0.1), (30, 10), (90, 0.1)):  # of ordinary size still, by itself
        x[row, 1] *= factor
    _, ledger = clean(Samples({"x": x}), {"x": [outliers]})
    assert [e.sample for e in ledger if e.fault == "outlier"] == ["7", "30", "90"]


@pytest.mark.parametrize("columns", [1, 2, 10, 60])
def test_outliers_of_few_columns_and_of_many(columns):
    x = np.random.default_rng(0).normal(size=(200, columns))
    x[11] += 60 / np.sqrt(columns)
    x = np.column_stack([x, np.full(200, 3.0)])  # a column that says nothing
    _, ledger = clean(Samples({"x": x}), {"x": [outliers]})
    assert [e.sample for e in ledger if e.fault == "outlier"] == ["11"]
    _, ledger = clean(Samples({"x": x[:, -1:]}), {"x": [outliers]})
    assert not len(ledger)


def test_columns_are_evened_by_logarithms_where_these_have_lighter_tails_and_far_numbers_count_less():
    rng = np.random.default_rng(0)
    x = np.stack([rng.lognormal(0, 1, 500), rng.normal(10, 1, 500), rng.normal(size=500)], 1)
    z = evened(x)
    assert np.corrcoef(z[:, 0], np.log(x[:, 0]))[0, 1] > 0.99
    assert np.corrcoef(z[:, 1], x[:, 1])[0, 1] > 0.99
    x[3] = [-1, 1e6, -1e6]
    assert np.all(np.abs(evened(x)[3]) > 3)
    assert np.all(np.abs(evened(x)[3, 1:]) < 5 * (1 + np.log(1e6)))


def test_what_can_t_be_described_is_refused():
    with pytest.raises(TypeError, match="described: a object"):
        described([object()])
