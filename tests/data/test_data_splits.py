import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import (
    grouped_folds,
    grouped_split,
    random_folds,
    random_split,
    stratified_folds,
    stratified_grouped_folds,
    stratified_grouped_split,
    stratified_split,
    time_folds,
    time_split,
)

TWO = {"train": 0.75, "test": 0.25}


def assert_partition(split, n):
    assert sorted(np.concatenate(list(split.parts.values()))) == list(range(n))
    assert all(len(part) for part in split.parts.values())


def assert_same(one, other):
    assert all(np.array_equal(one[name], other[name]) for name in one.parts)


@given(st.integers(3, 200), st.integers(0, 99))
def test_random_split(n, seed):
    split = random_split(n, rng=seed)
    assert_partition(split, n)
    assert_same(split, random_split(n, rng=np.random.default_rng(seed)))
    if n >= 20:
        assert abs(len(split["train"]) - 0.8 * n) <= 1


@given(st.lists(st.integers(0, 12), min_size=1, max_size=150), st.integers(0, 99))
def test_grouped_split_never_divides_a_group(groups, seed):
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="2 parts of 1 groups"):
            grouped_split(groups, TWO, seed)
        return
    split = grouped_split(groups, TWO, seed)
    assert_partition(split, len(groups))
    assert_same(split, grouped_split(groups, TWO, seed))
    labels = np.array(groups)
    assert not set(labels[split["train"]]) & set(labels[split["test"]])
    largest = np.bincount(labels).max()
    assert abs(len(split["test"]) - 0.25 * len(groups)) <= largest


@given(st.lists(st.integers(3, 30), min_size=1, max_size=6), st.integers(0, 99))
def test_stratified_split_keeps_proportions(sizes, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    split = stratified_split(labels, rng=seed)
    assert_partition(split, len(labels))
    assert_same(split, stratified_split(labels, rng=seed))
    for part, share in zip(split.parts.values(), (0.8, 0.1, 0.1), strict=True):
        counts = np.bincount(labels[part], minlength=len(sizes))
        assert (counts >= 1).all()
        assert (np.abs(counts - share * np.array(sizes)) <= 3 + len(sizes)).all()


def test_stratified_split_has_the_right_totals():
    split = stratified_split(np.repeat(np.arange(50), 7), {"train": 0.8, "test": 0.2})
    assert len(split["test"]) == 70  # 1.4 of each class: rounding alone would give 50


def test_seeds_differ():
    assert not np.array_equal(random_split(100, rng=0)["test"], random_split(100, rng=1)["test"])
    groups = np.arange(100) // 2
    assert not np.array_equal(grouped_split(groups, rng=0)["test"], grouped_split(groups, rng=1)["test"])


@pytest.mark.parametrize("split", [random_split, lambda *a: stratified_split([], *a[1:]), lambda *a: grouped_split([])])
def test_nothing_to_split(split):
    with pytest.raises(ValueError, match="no samples"):
        split(0)


@pytest.mark.parametrize("fractions", [{}, {"train": 0.5}, {"train": 1.2, "test": -0.2}, {"a": 0.5, "b": float("nan")}])
def test_impossible_fractions(fractions):
    with pytest.raises(ValueError, match="add up to 1"):
        random_split(10, fractions)


def test_too_many_parts():
    with pytest.raises(ValueError, match="3 parts of 2 samples"):
        random_split(2)
    with pytest.raises(ValueError, match="class 'b' has 1"):
        stratified_split(["a", "a", "b"], TWO)
    with pytest.raises(ValueError, match="one label per sample"):
        grouped_split(np.zeros((3, 2)))
    with pytest.raises(KeyError, match="train, test"):
        random_split(4, TWO)["validation"]


def sechidis(sets, shares, rng):
    """Algorithm 1 of Sechidis et al. 2011, as it is printed, on Python's sets."""
    left, part = set(range(len(sets))), {}
    due = [share * len(sets) for share in shares]
    labels = sorted(set().union(*sets))
    due_of = {label: [share * sum(label in s for s in sets) for share in shares] for label in labels}
    while left:
        counts = {label: sum(label in sets[i] for i in left) for label in labels}
        some = [label for label in labels if counts[label]]
        chosen = left.copy()
        if some:
            fewest = min(counts[label] for label in some)
            label = rng.choice([label for label in some if counts[label] == fewest])
            chosen = {i for i in left if label in sets[i]}
        for i in sorted(chosen, key=lambda _: rng.random()):
            wanted = due_of[label] if some else due
            m = [j for j, value in enumerate(wanted) if value >= max(wanted) - 1e-9]
            m = [j for j in m if due[j] >= max(due[k] for k in m) - 1e-9]
            part[i] = rng.choice(m)
            for own in sets[i]:
                due_of[own][part[i]] -= 1
            due[part[i]] -= 1
            left.discard(i)
    return np.array([part[i] for i in range(len(sets))])


def distortion(sets, parts):
    """The mean over parts and labels of |odds of the label in the part − in the whole|: LD of the paper, section 4."""
    labels = sorted(set().union(*sets))
    has = np.array([[label in s for label in labels] for s in sets])
    odds = [has[part].sum(0) / np.maximum((~has[part]).sum(0), 1) for part in parts]
    return np.mean([np.abs(o - has.sum(0) / (~has).sum(0)).mean() for o in odds])


def drawn_sets(rng, n=240, labels=12):
    share = np.geomspace(0.4, 0.06, labels)
    return [{str(k) for k in np.flatnonzero(rng.random(labels) < share)} for _ in range(n)]


def test_several_labels_are_shared_out_as_by_the_printed_algorithm_and_better_than_at_random():
    rng = np.random.default_rng(0)
    ours, printed, random = [], [], []
    for seed in range(6):
        sets = drawn_sets(rng)
        split = stratified_split(sets, TWO, seed)
        assert_partition(split, len(sets))
        assert_same(split, stratified_split(sets, TWO, seed))
        part = sechidis(sets, [0.75, 0.25], np.random.default_rng(seed))
        ours.append(distortion(sets, split.parts.values()))
        printed.append(distortion(sets, [np.flatnonzero(part == j) for j in range(2)]))
        random.append(distortion(sets, random_split(len(sets), TWO, seed).parts.values()))
        assert abs(len(split["test"]) - 60) <= 3
    assert np.mean(ours) == pytest.approx(np.mean(printed), rel=0.35)
    assert np.mean(ours) < 0.4 * np.mean(random)


def test_label_columns_are_each_stratified():
    rng = np.random.default_rng(1)
    columns = {"digit": rng.integers(0, 10, 600), "speaker": rng.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1])}
    split = stratified_split(columns, TWO)
    for column in columns.values():
        for value in np.unique(column):
            count = np.sum(column == value)
            assert abs(np.sum(column[split["test"]] == value) - count / 4) <= 2
    folds = stratified_folds(columns, 4)
    assert all(
        abs(np.sum(columns["digit"][fold["test"]] == d) - np.sum(columns["digit"] == d) / 4) <= 2
        for fold in folds
        for d in range(10)
    )
    assert sorted(np.concatenate([fold["test"] for fold in folds])) == list(range(600))


def test_rare_labels_are_told_and_a_sample_without_labels_has_a_part():
    split = stratified_split([{"common"}] * 8 + [{"common", "rare"}] + [set()] * 3, TWO)
    assert_partition(split, 12)
    assert split.notes == ("1 of 2 labels have fewer samples than the 2 parts, and go anywhere: 'rare' (1)",)
    assert split.notes[0] in repr(split)
    with pytest.raises(ValueError, match=r"stratified_split: label columns a \(2,\), b \(3,\)"):
        stratified_split({"a": [0, 1], "b": [0, 1, 2]}, TWO)


@given(st.integers(2, 6), st.lists(st.integers(0, 12), min_size=1, max_size=80), st.integers(0, 99))
def test_folds_test_each_sample_once(k, labels, seed):
    labels, n = np.array(labels), len(labels)
    groups, counts = np.unique(labels, return_counts=True)
    for make, possible in (
        (lambda: random_folds(n, k, seed), n >= k),
        (lambda: stratified_folds(labels, k, seed), n >= k and counts.min() >= k),
        (lambda: grouped_folds(labels, k, seed), len(groups) >= k),
    ):
        if not possible:
            with pytest.raises(ValueError, match=rf"_folds: ({k} folds of|class)"):
                make()
            continue
        folds = make()
        assert len(folds) == k
        assert sorted(np.concatenate([fold["test"] for fold in folds])) == list(range(n))
        for fold, again in zip(folds, make(), strict=True):
            assert_partition(fold, n)
            assert_same(fold, again)
    if len(groups) >= k:
        for fold in grouped_folds(labels, k, seed):
            assert not set(labels[fold["test"]]) & set(labels[fold["train"]])
    if n >= k and counts.min() >= k:
        for fold in stratified_folds(labels, k, seed):
            shares = [np.sum(labels[fold["test"]] == group) for group in groups]
            assert np.all(np.abs(shares - counts / k) < 1)


@pytest.mark.oracle
def test_grouped_folds_are_as_even_as_those_of_scikit_learn():
    model_selection = pytest.importorskip("sklearn.model_selection")
    groups = np.random.default_rng(3).integers(0, 40, 500)
    ours = sorted(len(fold["test"]) for fold in grouped_folds(groups, 7))
    theirs = sorted(len(test) for _, test in model_selection.GroupKFold(7).split(groups, groups=groups))
    assert ours == theirs


def test_groups_of_several_columns_are_chained_together():
    speaker = np.array(list("aabbccdd"))
    room = np.array([1, 2, 2, 3, 4, 4, 5, 5])  # a and b share room 2
    split = grouped_split({"speaker": speaker, "room": room}, {"train": 0.5, "test": 0.5})
    for column in (speaker, room):
        assert not set(column[split["train"]]) & set(column[split["test"]])
    assert {0, 3} <= set(split["train"]) or {0, 3} <= set(split["test"])
    with pytest.raises(ValueError, match="2 parts of 1 groups"):
        grouped_split({"speaker": speaker, "all": [0] * 8}, TWO)


def test_a_group_larger_than_its_part_is_told():
    groups = np.array(["crowd"] * 50 + [str(i) for i in range(50)])
    split = grouped_split(groups, {"train": 0.8, "test": 0.2}, 1)
    assert split.notes[0].startswith("group 'crowd' has 50 of 100 samples, more than the 20 that test was to have")
    assert "crowd" in grouped_folds(groups, 5)[0].notes[0]
    assert not grouped_split(np.arange(100) // 2).notes


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_a_time_split_never_looks_ahead(times):
    times = np.array(times)
    if len(np.unique(times)) < 3:
        with pytest.raises(ValueError, match="moments"):
            time_split(times)
        return
    split = time_split(times)
    assert_partition(split, len(times))
    assert times[split["train"]].max() < times[split["validation"]].min()
    assert times[split["validation"]].max() < times[split["test"]].min()
    folds = time_folds(times, 2)
    for fold in folds:
        assert times[fold["train"]].max() < times[fold["test"]].min()
    assert set(folds[1]["train"]) == set(folds[0]["train"]) | set(folds[0]["test"])
    assert set(folds[1]["test"]) | set(folds[1]["train"]) == set(range(len(times)))


def test_dates_are_times_and_missing_ones_are_refused():
    days = np.array(["2020-01-03", "2020-01-01", "2020-01-02", "2020-01-04"], "datetime64[D]")
    assert time_split(days, {"train": 0.75, "test": 0.25})["test"].tolist() == [3]
    assert time_split([str(day) for day in days], {"train": 0.25, "test": 0.75})["train"].tolist() == [1]
    with pytest.raises(ValueError, match="time_split: 1 of 2 times are missing"):
        time_split(np.array(["2020-01-01", "NaT"], "datetime64[D]"))
    with pytest.raises(ValueError, match="2 of 3 times"):
        time_folds([1.0, np.nan, np.nan])


def test_one_sample_is_refused_in_one_line():
    for make in (
        lambda: random_split(1),
        lambda: stratified_split([{"a"}]),
        lambda: grouped_split(["a"]),
        lambda: time_split([1]),
        lambda: random_folds(1),
        lambda: stratified_folds([1]),
        lambda: grouped_folds([1]),
        lambda: time_folds([1]),
    ):
        with pytest.raises(ValueError, match=r"^\w+_(split|folds): \d (parts|folds) of \d") as caught:
            make()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="random_folds: 1 folds"):
        random_folds(4, 1)


def unevenness(labels, groups, folds):
    """Root mean square of k·share − 1, of each fold's share of each class and of all samples."""
    classes = [*[labels == value for value in np.unique(labels)], np.ones(len(labels), bool)]
    shares = np.array([[np.mean(np.isin(np.flatnonzero(rows), test)) for rows in classes] for test in folds])
    return np.sqrt(np.mean((len(folds) * shares - 1) ** 2))


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=1, max_size=120),
    st.integers(0, 99),
)
def test_a_stratified_grouped_split_never_divides_a_group(rows, seed):
    groups, labels = np.array(rows).T
    if len(set(groups)) < 3:
        with pytest.raises(ValueError, match=f"3 parts of {len(set(groups))} groups"):
            stratified_grouped_split(labels, groups, rng=seed)
        return
    split = stratified_grouped_split(labels, groups, rng=seed)
    assert_partition(split, len(groups))
    assert_same(split, stratified_grouped_split(labels, groups, rng=seed))
    assert len(set(groups)) == sum(len(set(groups[part])) for part in split.parts.values())


@pytest.mark.parametrize("seed", range(5))
def test_stratified_grouped_folds_are_as_even_as_scikit_learns(seed):
    selection = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(60), rng.integers(1, 12, 60))
    leaning = rng.dirichlet([0.5] * 4, 60)  # each group has classes that it likes
    labels = np.array([rng.choice(4, p=leaning[group]) for group in groups])
    mine = [fold["test"] for fold in stratified_grouped_folds(labels, groups, 5, seed)]
    assert sorted(np.concatenate(mine)) == list(range(len(groups)))
    grouped = selection.StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    theirs = [test for _, test in grouped.split(groups, labels, groups)]
    assert unevenness(labels, groups, mine) < 1.05 * unevenness(labels, groups, theirs)
    alone = [fold["test"] for fold in grouped_folds(groups, 5, seed)]
    assert unevenness(labels, groups, mine) < 0.5 * unevenness(labels, groups, alone)


def test_what_can_be_shared_out_evenly_is():
    groups = np.repeat(np.arange(8), 5)  # 2 groups of each kind; a quarter of them is one, a half one of each kind
    labels = np.repeat(np.arange(4), 10)
    split = stratified_grouped_split(labels, groups, {"train": 0.5, "test": 0.5})
    assert np.bincount(labels[split["test"]]).tolist() == [5, 5, 5, 5]
    several = stratified_grouped_split({"kind": labels, "hand": np.tile([0, 1], 20)}, groups, TWO)
    assert len(several["test"]) == 10
    assert several.notes == ()


def test_a_stratified_grouped_split_says_what_it_can_t_do():
    groups, labels = np.repeat(np.arange(4), [10, 10, 10, 2]), np.repeat(["a", "b"], [30, 2])
    split = stratified_grouped_split(labels, groups, {"train": 0.5, "test": 0.5})
    assert any("1 of 2 labels are in fewer groups than the 2 parts: 'label=b' (1)" in note for note in split.notes)
    with pytest.raises(ValueError, match="labels of 3 samples, and groups of 4"):
        stratified_grouped_split([0, 1, 0], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="stratified_grouped_folds: 1 folds"):
        stratified_grouped_folds(labels, groups, 1)
    with pytest.raises(ValueError, match="stratified_grouped_folds: 5 parts of 4 groups"):
        stratified_grouped_folds(labels, groups, 5)
