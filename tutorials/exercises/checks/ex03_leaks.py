"""What exercise 3 is checked by: sets of Python; and the package's own leak report."""

import numpy as np

from tinyxm import data
from tinyxm.course import Case, Exercise, Trap


def by_sets(rows, groups, train, test):
    known = {tuple(row) for row in rows[train].tolist()}
    seen = set(groups[train].tolist())
    same = [i for i in sorted(test.tolist()) if tuple(rows[i].tolist()) in known]
    kin = [i for i in sorted(test.tolist()) if groups[i].item() in seen]
    return np.array(same, int), np.array(kin, int)


def cases(rng):
    rows = np.array([[1, 1], [2, 2], [1, 1], [1, 2]])
    groups = np.array(["ann", "bob", "cat", "bob"])
    train, test = np.array([0, 1]), np.array([2, 3])
    yield Case(
        "2 test samples: a duplicate, and one of bob's", (rows, groups, train, test), (np.array([2]), np.array([3]))
    )
    rows, groups = np.array([[1, 1], [2, 2], [1, 2], [1, 9]]), np.arange(4)
    yield Case(
        "rows that are alike in some columns only", (rows, groups, train, test), by_sets(rows, groups, train, test)
    )
    for n, columns, kinds in ((12, 2, 5), (40, 3, 30), (30, 1, 12)):
        rows, groups = rng.integers(0, 4, (n, columns)), rng.integers(0, kinds, n)
        order = rng.permutation(n)
        given = rows, groups, order[n // 3 :], order[: n // 3]
        yield Case(f"{n} samples of {columns} column{'s' * (columns > 1)}, in no order", given, by_sets(*given))
    rows = np.array([[5], [6], [7], [7]])
    given = rows, np.array([1, 2, 3, 3]), np.array([0, 1]), np.array([2, 3])
    yield Case("duplicates and kin within the test alone: no leak", given, (np.zeros(0, int), np.zeros(0, int)))
    some = rng.integers(0, 2, (10, 2)), np.arange(10), np.arange(8), np.array([8, 9])
    yield Case("more duplicates in training than one", some, by_sets(*some))
    nothing = rows, np.arange(4), np.arange(4), np.zeros(0, int)
    yield Case("a test without samples", nothing, (np.zeros(0, int), np.zeros(0, int)))


def trial(function):
    """How many test samples the leak report of a random split has, by kind."""
    rng = np.random.default_rng(3)
    rows, groups = rng.integers(0, 3, (60, 3)), rng.integers(0, 40, 60)
    split = data.random_split(60, {"train": 0.7, "test": 0.3}, 0)
    if function is None:
        report = split.leaks(data.Samples({"row": list(rows)}, groups={"kin": groups}), near=None)
        counts = {leak.kind: leak.count for leak in report}
        return {"same": counts["same row"], "kin": counts["group kin"]}
    same, kin = function(rows, groups, split["train"], split["test"])
    return {"same": len(same), "kin": len(kin)}


def places(rows, groups, train, test):
    return tuple(np.flatnonzero(np.isin(np.sort(test), found)) for found in by_sets(rows, groups, train, test))


def places_as_they_stand(rows, groups, train, test):
    return tuple(np.flatnonzero(np.isin(test, found)) for found in by_sets(rows, groups, train, test))


def of_training(rows, groups, train, test):
    return by_sets(rows, groups, test, train)


def any_column(rows, groups, train, test):
    test = np.sort(test)
    same = (rows[test][:, None] == rows[train][None]).any(axis=(1, 2))
    return test[same], by_sets(rows, groups, train, test)[1]


def columns_apart(rows, groups, train, test):
    test = np.sort(test)
    same = (rows[test][:, None] == rows[train][None]).any(axis=1).all(axis=1)
    return test[same], by_sets(rows, groups, train, test)[1]


def within_all(rows, groups, train, test):
    _, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    _, kind, many = np.unique(groups, return_inverse=True, return_counts=True)
    test = np.sort(test)
    return test[counts[which.ravel()][test] > 1], test[many[kind.ravel()][test] > 1]


def pairs(rows, groups, train, test):
    test = np.sort(test)
    same = (rows[test][:, None] == rows[train][None]).all(axis=2)
    kin = groups[test][:, None] == groups[train][None]
    return test[np.nonzero(same)[0]], test[np.nonzero(kin)[0]]


def exchanged(rows, groups, train, test):
    return by_sets(rows, groups, train, test)[::-1]


def unsorted(rows, groups, train, test):
    same, kin = by_sets(rows, groups, train, test)
    return test[np.isin(test, same)], test[np.isin(test, kin)]


def masks(rows, groups, train, test):
    return tuple(np.isin(np.sort(test), found) for found in by_sets(rows, groups, train, test))


EXERCISE = Exercise(
    title="what has crossed from training to the test",
    lesson="03_splits_leaks_and_why_they_flatter",
    points=2,
    function="leaks",
    hints=(
        "Two questions to each test sample: is its row among the training rows, and its group among theirs?",
        "rows[test][:, None] == rows[train][None] compares each test row with each training row, column by column. All "
        "columns must agree, with any of the training rows. For groups there is np.isin.",
        "test = np.sort(test); equal = (rows[test][:, None] == rows[train][None]).all(axis=2); return "
        "test[equal.any(axis=1)], test[np.isin(groups[test], groups[train])].",
    ),
    cases=cases,
    returns=("same", "kin"),
    trial=trial,
    trial_told="the package's leak report of a random split",
    traps=(
        Trap("those are places in test: give the samples' own indices, test[...]", places),
        Trap("those are places in test: give the samples' own indices, test[...]", places_as_they_stand),
        Trap("those are training samples: report the test's", of_training),
        Trap("all columns must agree, not any", any_column),
        Trap("all columns must agree with the same training row: .all over columns first, then .any", columns_apart),
        Trap("a twin within the test is no leak: compare with training alone", within_all),
        Trap("each test sample counts once, however many twins it has in training", pairs),
        Trap("the two are exchanged: first the equal rows, then the groups", exchanged),
        Trap("the indices are right, but not sorted", unsorted),
        Trap("give indices, not a mask: test[mask]", masks),
    ),
)
