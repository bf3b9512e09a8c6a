"""What exercise 28 is checked by: all paths written down where they are few, and else the package's loss."""

from itertools import product

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap
from tinyxm.models.ctc_decoding import collapse


def by_all_paths(log_p, labels):
    ways = [
        sum(log_p[t, c] for t, c in enumerate(path))
        for path in product(range(log_p.shape[1]), repeat=len(log_p))
        if collapse(path) == tuple(labels)
    ]
    return float(np.logaddexp.reduce(ways)) if ways else -np.inf


def by_the_package(log_p, labels):
    lengths = np.array([len(log_p)]), np.array([len(labels)])
    return -float(xm.ops.ctc(log_p[None], labels[None], *lengths, reduction="sum"))


def cases(rng):
    def case(told, frames, classes, labels, truth=by_all_paths, sure=1.0):
        scores = sure * rng.normal(size=(frames, classes))
        given = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True), np.array(labels, int)
        return Case(told, given, truth(*given))

    yield case("1 frame, 1 letter", 1, 2, [1])
    yield case("3 frames, 2 letters", 3, 3, [1, 2])
    yield case("3 frames, a letter twice: only b−b says it", 3, 2, [1, 1])
    yield case("6 frames, 'abb'", 6, 3, [1, 2, 2])
    yield case("6 frames, 'aba'", 6, 3, [1, 2, 1])
    yield case("nothing said: blanks alone", 4, 3, [])
    yield case("more letters than frames: impossible", 2, 4, [1, 2, 3])
    yield case("a letter twice in 2 frames: impossible", 2, 3, [1, 1])
    yield case("60 frames, 10 letters", 60, 6, rng.integers(1, 6, 10), by_the_package)
    yield case("1000 frames: a probability of far below 10⁻³⁰⁸", 1000, 20, rng.integers(1, 20, 15), by_the_package)


def recursion(log_p, labels, leap="where letters differ", begin=2, end=2, join=np.logaddexp, blanks=True):
    """The recursion, with something else in one of its places."""
    states = np.zeros(2 * len(labels) + 1, int)
    states[1::2] = labels
    if not blanks:
        states = np.array(labels)
    a = np.where(np.arange(len(states)) < begin, log_p[0, states], -np.inf)
    for frame in log_p[1:]:
        new = np.full(len(states), -np.inf)
        for s in range(len(states)):
            new[s] = join(a[s], a[s - 1] if s else -np.inf)
            letter, differs = states[s] != 0, s > 1 and states[s] != states[s - 2]
            allowed = {"where letters differ": letter and differs, "never": False, "to letters": letter, "always": True}
            if blanks and s > 1 and allowed[leap]:
                new[s] = join(new[s], a[s - 2])
        a = new + frame[states]
    return float(join.reduce(a[-end:]))


def without_logarithms(log_p, labels):
    p, states = np.exp(log_p), np.zeros(2 * len(labels) + 1, int)
    states[1::2] = labels
    leap = np.zeros(len(states))
    leap[2:] = (states[2:] != 0) & (states[2:] != states[:-2])
    a = np.where(np.arange(len(states)) < 2, p[0, states], 0)
    for frame in p[1:]:
        before = np.concatenate([[0, 0], a])
        a = (a + before[1:-1] + leap * before[:-2]) * frame[states]
    with np.errstate(divide="ignore"):
        return float(np.log(a[-2:].sum()))


EXERCISE = Exercise(
    title="the forward recursion of CTC",
    lesson="17_recurrence_and_ctc",
    points=5,
    function="ctc_log_likelihood",
    hints=(
        "First the states: zeros, and labels at every other place, states[1::2] = labels. log_p[t, states] are the "
        "log-probabilities of all states at frame t. Write the loop over frames with a loop over states in it.",
        "States −1 and −2 don't exist: give them −∞, for example by putting two before a. np.logaddexp(a, b) is "
        "ln(eᵃ + eᵇ), and joins −∞ without harm.",
        "leap[2:] = (states[2:] != 0) & (states[2:] != states[:-2]). In each frame: before = [−∞, −∞, *a]; a = "
        "logaddexp(a, before[1:-1]); a = logaddexp(a, where(leap, before[:-2], −∞)) + log_p[t, states]. The answer is "
        "logaddexp of the last two of a (np.logaddexp.reduce(a[-2:]) does for one, too).",
    ),
    cases=cases,
    traps=(
        Trap(
            "the step over two states is taken between equal letters, too: then 'b' without a blank would say 'bb'",
            lambda log_p, labels: recursion(log_p, labels, leap="to letters"),
        ),
        Trap(
            "the step over two states is never taken: a blank between two letters may be left out",
            lambda log_p, labels: recursion(log_p, labels, leap="never"),
        ),
        Trap(
            "the step over two states is taken to blanks, too: it would leave a letter out",
            lambda log_p, labels: recursion(log_p, labels, leap="always"),
        ),
        Trap(
            "paths must begin with a blank, it seems: they may begin with the first letter",
            lambda log_p, labels: recursion(log_p, labels, begin=1),
        ),
        Trap(
            "only paths that end with a blank are counted: those that end with the last letter, too",
            lambda log_p, labels: recursion(log_p, labels, end=1),
        ),
        Trap(
            "paths that end anywhere are counted: only the last letter, or the blank after it, ends the text",
            lambda log_p, labels: recursion(log_p, labels, end=len(log_p) + 2 * len(labels)),
        ),
        Trap(
            "the best path alone (Viterbi): the probabilities of all paths add up",
            lambda log_p, labels: recursion(log_p, labels, join=np.maximum),
        ),
        Trap(
            "no blanks between the letters: the states are − a − b −",
            lambda log_p, labels: recursion(log_p, labels, blanks=False, begin=1, end=1),
        ),
        Trap(
            "the probabilities shrink to 0, whose logarithm is −∞: stay with logarithms throughout", without_logarithms
        ),
        Trap("the sign: ln p is wanted, not the loss −ln p", lambda log_p, labels: -recursion(log_p, labels)),
    ),
)
