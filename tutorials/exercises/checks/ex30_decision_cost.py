"""What exercise 30 is checked by: each case decided and counted by itself; the threshold found by halving."""

import numpy as np

from tinyxm.course import Case, Exercise, Trap


def case_by_case(p, bad, missed, needless):
    low, high = 0.0, 1.0
    for _ in range(60):  # the probability at which both are as dear
        middle = (low + high) / 2
        low, high = (low, middle) if middle * missed > (1 - middle) * needless else (middle, high)
    cost = 0.0
    for chance, is_bad in zip(p, bad, strict=True):
        refuse = chance * missed > (1 - chance) * needless
        cost += missed if is_bad and not refuse else needless if refuse and not is_bad else 0
    return low, cost / len(p)


def cases(rng):
    def case(told, p, bad, missed, needless):
        given = np.array(p, float), np.array(bad, bool), missed, needless
        return Case(told, given, case_by_case(*given), sizes={"number of cases": len(given[0])})

    yield case("2 loans, a missed one costs 5", [0.3, 0.1], [0, 1], 5.0, 1.0)
    yield case("both mistakes cost the same: the likelier class", [0.6, 0.4, 0.7], [1, 1, 0], 1.0, 1.0)
    yield case("4 loans, a missed one costs 3", [0.2, 0.3, 0.6, 0.9], [0, 0, 1, 1], 3.0, 1.0)
    yield case("a needless one is the dearer", [0.7, 0.6, 0.95, 0.3], [1, 0, 1, 1], 1.0, 4.0)
    yield case("none is bad", [0.05, 0.5, 0.3], [0, 0, 0], 5.0, 1.0)
    yield case("all are bad", [0.05, 0.1, 0.3], [1, 1, 1], 5.0, 1.0)
    yield case("just at the threshold both cost the same: grant", [0.25, 0.25], [1, 0], 3.0, 1.0)
    bad = rng.random(300) < 0.3
    yield case("300 loans", rng.beta(2 + 2 * bad, 4), bad, 5.0, 1.0)
    yield case("costs in euros", rng.beta(2 + 2 * bad, 4), bad, 8000.0, 1250.0)


def counted(threshold, p, bad, missed, needless):
    refused = p > threshold
    return threshold, np.mean(missed * (bad & ~refused) + needless * (~bad & refused))


def likelier(p, bad, missed, needless):
    return counted(0.5, p, bad, missed, needless)


def ratio(p, bad, missed, needless):
    return counted(needless / missed, p, bad, missed, needless)


def exchanged(p, bad, missed, needless):
    return counted(missed / (missed + needless), p, bad, missed, needless)


def charged_for_the_other(p, bad, missed, needless):
    threshold = needless / (missed + needless)
    return threshold, counted(threshold, p, bad, needless, missed)[1]


def all_alike(p, bad, missed, needless):
    threshold = needless / (missed + needless)
    return threshold, np.mean((p > threshold) != bad)


def summed(p, bad, missed, needless):
    threshold = needless / (missed + needless)
    return threshold, len(p) * counted(threshold, p, bad, missed, needless)[1]


def of_the_bad(p, bad, missed, needless):
    threshold, cost = counted(needless / (missed + needless), p, bad, missed, needless)
    return threshold, cost * len(p) / max(bad.sum(), 1)


def expected_alone(p, bad, missed, needless):
    return needless / (missed + needless), np.mean(np.minimum(p * missed, (1 - p) * needless))


def right_ones_too(p, bad, missed, needless):
    threshold = needless / (missed + needless)
    return threshold, np.mean(np.where(p > threshold, needless, missed * bad))


EXERCISE = Exercise(
    title="decide by what mistakes cost",
    lesson="25_medicine_finance_natural_resources",
    points=2,
    function="decision_cost",
    hints=(
        "Solve p · missed = (1 − p) · needless for p. With costs 5 and 1 it must be 1/6.",
        "threshold = needless / (missed + needless), refused = p > threshold. Two kinds of mistake: bad and not "
        "refused, refused and not bad.",
        "np.mean(missed * (bad & ~refused) + needless * (~bad & refused)).",
    ),
    cases=cases,
    traps=(
        Trap("the threshold is ½: that asks for the likelier class, not for the cheaper answer", likelier),
        Trap("the threshold is a ratio of the costs: it is needless / (missed + needless)", ratio),
        Trap("the costs are exchanged in the threshold: the dearer a missed one, the lower it must be", exchanged),
        Trap("each mistake is charged with the cost of the other one", charged_for_the_other),
        Trap("mistakes are counted, not what they cost", all_alike),
        Trap("the sum of the costs is taken, not their mean over the cases", summed),
        Trap("divided by the number of bad ones: the mean is over all cases", of_the_bad),
        Trap("what is expected by p was averaged: count what the decisions cost, by what was true", expected_alone),
        Trap("a bad one that is refused costs nothing: that was right", right_ones_too),
    ),
)
