"""What exercise 1 is checked by: what must hold of any such split; and what a second seed changes."""

import numpy as np

from tinyxm import data
from tinyxm.course import Case, Exercise, Trap


def judge(groups, share):
    """Says what is wrong with a split of these groups."""
    sizes = dict(zip(*np.unique(groups, return_counts=True), strict=True))

    def judged(got):
        if not isinstance(got, tuple | list) or len(got) != 2:
            return f"got {type(got).__name__}; expected two arrays of indices, (train, test)"
        train, test = (np.asarray(side) for side in got)
        for name, side in (("train", train), ("test", test)):
            if side.ndim != 1 or side.dtype.kind not in "iu":
                return f"{name} is of shape {side.shape} and {side.dtype}; expected indices, whole numbers"
            if not side.size:
                return f"{name} is empty: each side needs at least one group"
            if side.min() < 0 or side.max() >= len(groups):
                return f"{name} holds the index {side.max()}: there are {len(groups)} samples, from 0"
            if (np.diff(side) <= 0).any():
                return f"{name} isn't sorted, or has a sample twice"
        if both := np.intersect1d(train, test).tolist():
            return f"sample {both[0]} is in train and in test"
        if lost := np.setdiff1d(np.arange(len(groups)), np.concatenate(got)).tolist():
            return f"sample {lost[0]} is on neither side"
        if crossing := np.intersect1d(groups[train], groups[test]).tolist():
            return f"group {crossing[0]!r} is on both sides"
        off = abs(len(test) - share * len(groups))
        if off > max(sizes.values()):
            return f"test has {len(test)} of {len(groups)} samples, {share:.0%} were asked for: more than a group off"
        return None

    return judged


def cases(rng):
    shapes = {
        "four groups of 2, half of them": (np.repeat(["cat", "dog", "fox", "owl"], 2), 0.5),
        "two groups: one for each side": (np.array(["b", "a", "a", "b", "b"]), 0.2),
        "groups in no order, as numbers": (rng.integers(0, 12, 60), 0.25),
        "groups of one: a plain split": (rng.permutation(20), 0.3),
        "a group as large as all others": (np.array([7] * 10 + [*range(8, 18)]), 0.2),
    }
    for told, (groups, share) in shapes.items():
        yield Case(told, (groups, share, np.random.default_rng(1)), judge(groups, share))
    for seed in range(4):
        groups = rng.permutation(np.repeat(np.arange(400), rng.integers(1, 11, 400)))
        share = (0.2, 0.4, 0.1, 0.3)[seed]
        told = f"400 groups of 1 to 10 samples, a share of {share}"
        yield Case(told, (groups, share, np.random.default_rng(seed)), judge(groups, share))


def trial(function):
    """What holds of splits by several seeds."""

    def package(groups, share, rng):
        split = data.grouped_split(groups, {"test": share, "train": 1 - share}, rng)
        return split["train"], split["test"]

    def split(seed):
        return np.asarray((function or package)(groups, 0.3, np.random.default_rng(seed))[1]).tolist()

    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(30), 3))
    many = [split(seed) for seed in range(8)]
    return {
        "one seed gives one split": split(5) == split(5) == many[5],
        "other seeds give other splits": len({tuple(test) for test in many}) > 6,
    }


def sides(groups, names):
    chosen = np.isin(groups, names)
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def samples_dealt(groups, share, rng):
    order = rng.permutation(len(groups))
    cut = round(share * len(groups))
    return np.sort(order[cut:]), np.sort(order[:cut])


def groups_counted(groups, share, rng):
    order = rng.permutation(np.unique(groups))
    return sides(groups, order[: max(round(share * len(order)), 1)])


def cut_within(groups, share, rng):
    names = rng.permutation(np.unique(groups))
    order = np.concatenate([np.flatnonzero(groups == name) for name in names])
    cut = round(share * len(groups))
    return np.sort(order[cut:]), np.sort(order[:cut])


def in_whole_groups(groups, share, names):
    sizes = np.array([np.sum(groups == name) for name in names])
    return names[: 1 + np.abs(np.cumsum(sizes)[:-1] - share * len(groups)).argmin()]


def exchanged(groups, share, rng):
    test, train = sides(groups, in_whole_groups(groups, share, rng.permutation(np.unique(groups))))
    return train, test


def no_chance(groups, share, rng):
    return sides(groups, in_whole_groups(groups, share, np.unique(groups)))


def chance_from_elsewhere(groups, share, rng):
    return sides(groups, in_whole_groups(groups, share, np.random.default_rng().permutation(np.unique(groups))))


def one_group(groups, share, rng):
    return sides(groups, rng.permutation(np.unique(groups))[:1])


EXERCISE = Exercise(
    title="a split that no group crosses",
    lesson="03_splits_leaks_and_why_they_flatter",
    points=2,
    function="grouped_split",
    hints=(
        "Shuffle the groups, not the samples. Then go along them, and stop where the samples so far come nearest to "
        "share · n.",
        "np.unique(groups, return_counts=True) has the names and sizes, rng.permutation(len(names)) an order, "
        "np.cumsum(sizes[order]) the samples so far, np.isin(groups, chosen names) the samples of the chosen.",
        "reached = np.cumsum(sizes[order])[:-1] (the last group stays in training); nearest = 1 + np.abs(reached - "
        "share * len(groups)).argmin(); the test has the groups names[order[:nearest]].",
    ),
    cases=cases,
    trial=trial,
    trial_told="the same seed again, and other seeds",
    traps=(
        Trap("samples were dealt out, not groups: relatives are on both sides", samples_dealt),
        Trap("the share is of samples: count those in the groups, not the groups", groups_counted),
        Trap("the cut falls within a group: cut between groups only", cut_within),
        Trap("the two sides are exchanged: (train, test), and the share is the test's", exchanged),
        Trap("chance doesn't come from rng: another seed must give another split", no_chance),
        Trap("chance must come from rng alone: one seed gives one split", chance_from_elsewhere),
        Trap("one group alone is the test: go on until the share is reached", one_group),
    ),
)
