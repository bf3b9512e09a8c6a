"""What exercise 2 is checked by: numbers by hand, and the package's scaling; a class told apart after it."""

import numpy as np

from tinyxm import data
from tinyxm.course import Case, Exercise, Trap


def by_the_package(train, test):
    scale = data.Scale().fit(train)
    return scale.transform(train), scale.transform(test)


def cases(rng):
    train, test = np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]])
    by_hand = np.array([[-1.0], [1.0]]), np.array([[2.0], [4.0]])
    yield Case("a column of 0 and 2, then a 3 and a 5", (train, test), by_hand)
    for n, m, columns in ((6, 3, 2), (5, 5, 5), (40, 1, 3)):
        train, test = rng.normal(2, 3, (n, columns)), rng.normal(5, 1, (m, columns))
        told = f"{n} training rows, {m} of the test, {columns} columns"
        yield Case(told, (train, test), by_the_package(train, test))
    train = np.stack([rng.normal(size=8), 1e6 + 1e5 * rng.normal(size=8), 1e-4 * rng.normal(size=8)], axis=1)
    yield Case("columns of very different units", (train, train[:3] * 2), by_the_package(train, train[:3] * 2))
    train = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    test = np.array([[1.0, 6.0], [4.0, 5.0]])
    yield Case("a column that never varies in training", (train, test), by_the_package(train, test))
    train = rng.integers(0, 9, (6, 2))
    yield Case("whole numbers", (train, train + 1), by_the_package(train, train + 1))
    yield Case("a test without rows", (train, train[:0]), by_the_package(train, train[:0]))


def safe(deviation):
    return np.where(deviation > 0, deviation, 1.0)


def by(mean, deviation, train, test):
    return (train - mean) / deviation, (test - mean) / deviation


def by_all_rows(train, test):
    both = np.concatenate([train, test])
    return by(both.mean(axis=0), safe(both.std(axis=0)), train, test)


def each_by_its_own(train, test):
    own = test.mean(axis=0), safe(test.std(axis=0))
    return (train - train.mean(axis=0)) / safe(train.std(axis=0)), (test - own[0]) / own[1]


def one_for_all_columns(train, test):
    return by(train.mean(), train.std(), train, test)


def by_rows(train, test):
    normal = [(x - x.mean(axis=1, keepdims=True)) / safe(x.std(axis=1, keepdims=True)) for x in (train, test)]
    return tuple(normal)


def by_variance(train, test):
    return by(train.mean(axis=0), safe(train.var(axis=0)), train, test)


def one_less(train, test):
    return by(train.mean(axis=0), safe(train.std(axis=0, ddof=1)), train, test)


def divided_by_zero(train, test):
    return by(train.mean(axis=0), train.std(axis=0), train, test)


def a_tiny_number(train, test):
    return by(train.mean(axis=0), train.std(axis=0) + 1e-8, train, test)


def not_centred(train, test):
    return by(0, safe(train.std(axis=0)), train, test)


def left_as_it_was(train, test):
    return (train - train.mean(axis=0)) / safe(train.std(axis=0)), test * 1.0


EXERCISE = Exercise(
    title="normalised by what training knows",
    lesson="03_splits_leaks_and_why_they_flatter",
    points=1,
    function="normalise",
    hints=(
        "Two numbers a column, both of train. Then the same line for train and for test.",
        "train.mean(axis=0) and train.std(axis=0) have one number a column. np.where(deviation > 0, deviation, 1.0) "
        "mends those of 0.",
        "return (train - mean) / deviation, (test - mean) / deviation, with both from train.",
    ),
    cases=cases,
    returns=("train", "test"),
    traps=(
        Trap("the test has a say in mean and deviation: take them of train alone", by_all_rows),
        Trap("the test is treated by its own mean and deviation: use those of train", each_by_its_own),
        Trap("each column has its own mean and deviation: axis=0", one_for_all_columns),
        Trap("along rows, axis=1, other units are mixed: a column is axis=0", by_rows),
        Trap("divided by the variance: take its root, std", by_variance),
        Trap("the deviation divides by n, not by n − 1", one_less),
        Trap("a column that never varies has a deviation of 0: divide by 1", divided_by_zero),
        Trap("0 and a tiny number is no deviation: what differs in the test becomes huge. Use 1", a_tiny_number),
        Trap("the mean isn't taken off", not_centred),
        Trap("the test is as it was: it needs the same treatment", left_as_it_was),
    ),
)
