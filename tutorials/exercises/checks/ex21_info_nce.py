"""What exercise 21 is checked by: the package's loss, and two towers trained by either."""

import numpy as np
from scipy.special import logsumexp

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap


def by_the_package(a, b, scale, captions):
    return xm.ops.info_nce(a, b, scale, np.equal.outer(captions, captions))


def cases(rng):
    def case(told, a, b, scale, captions):
        captions = np.array(captions)
        expected = float(by_the_package(a, b, scale, captions))
        return Case(told, (a, b, scale, captions), expected, sizes={"batch": len(a)})

    def unit(n, d):
        x = rng.normal(size=(n, d))
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    yield case("2 pairs at right angles", np.eye(2), np.eye(2), 1.0, [0, 1])
    yield case("4 pairs, all captions different", unit(4, 3), unit(4, 3), 2.0, [0, 1, 2, 3])
    yield case("5 pairs, captions 0 and 3 equal", unit(5, 4), unit(5, 4), 3.0, [7, 1, 2, 7, 4])
    yield case("6 pairs of 3 captions", unit(6, 3), unit(6, 3), 10.0, [0, 1, 2, 2, 1, 0])
    yield case("one pair: nothing to confuse it with", unit(1, 3), unit(1, 3), 5.0, [0])
    yield case("3 pairs of one caption", unit(3, 3), unit(3, 3), 5.0, [2, 2, 2])
    yield case("a scale of 1000", unit(4, 3), unit(4, 3), 1000.0, [0, 1, 1, 3])


def trial(function):
    rng = np.random.default_rng(1)
    towers = [nn.Linear(5, 3, rng=np.random.default_rng(seed)) for seed in (2, 3)]
    optimizer = xm.optim.Adam([p for tower in towers for p in tower.parameters()], lr=0.02)
    losses = []
    for _ in range(20):
        captions = rng.integers(0, 6, 8)
        x = np.eye(6, 5)[captions] + rng.normal(0, 0.3, (2, 8, 5))
        a, b = (xm.ops.unit_length(tower(part.astype("f"))) for tower, part in zip(towers, x, strict=True))
        loss = (function or by_the_package)(a, b, 10.0, captions)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def scores(a, b, scale, captions):
    own = np.eye(len(a), dtype=bool)
    equal = np.equal.outer(captions, captions)
    return scale * a @ b.T, own, equal & ~own


def both(s, reduce=np.mean):
    return 0.5 * reduce(logsumexp(s, axis=1) - np.diag(s)) + 0.5 * reduce(logsumexp(s, axis=0) - np.diag(s))


def not_masked(a, b, scale, captions):
    return both(scores(a, b, scale, captions)[0])


def to_nought(a, b, scale, captions):
    s, _, false = scores(a, b, scale, captions)
    return both(np.where(false, 0, s))


def own_masked_too(a, b, scale, captions):
    s, own, false = scores(a, b, scale, captions)
    return both(np.where(false | own, -1e9, s))


def one_way(a, b, scale, captions):
    s, _, false = scores(a, b, scale, captions)
    s = np.where(false, -1e9, s)
    return np.mean(logsumexp(s, axis=1) - np.diag(s))


def not_halved(a, b, scale, captions):
    s, _, false = scores(a, b, scale, captions)
    return 2 * both(np.where(false, -1e9, s))


def summed(a, b, scale, captions):
    s, _, false = scores(a, b, scale, captions)
    return both(np.where(false, -1e9, s), np.sum)


def divided(a, b, scale, captions):
    s, _, false = scores(a, b, 1 / scale, captions)
    return both(np.where(false, -1e9, s))


def overflowing(a, b, scale, captions):
    s, _, false = scores(a, b, scale, captions)
    with np.errstate(all="ignore"):
        e = np.where(false, 0, np.exp(s))
        return -np.mean(np.log(np.diag(e) / e.sum(1)) + np.log(np.diag(e) / e.sum(0))) / 2


EXERCISE = Exercise(
    title="the contrastive loss, with equal captions",
    lesson="19_image_text_from_nothing",
    points=4,
    function="info_nce",
    hints=(
        "captions[:, None] == captions says which pairs have equal captions. Which of these must stay nevertheless?",
        "What takes no part in Σ exp(S) has S = −10⁹, not 0: exp(0) is 1. np.where(false, -1e9, scores) does that.",
        "For S, then for S.T: s −= its largest in each row (keepdims=True); the loss of row i is ln Σ_j exp(s_ij) − "
        "s_ii; take the mean over i. Half the sum of the two is L.",
    ),
    cases=cases,
    traps=(
        Trap("equal captions still count as mistakes: their scores must leave both sums", not_masked),
        Trap("a score of 0 isn't nothing: exp(0) = 1 stays in the sum; −10⁹ leaves it", to_nought),
        Trap("each pair's own score was masked, too: a caption equals itself; leave out the diagonal", own_masked_too),
        Trap("one way only: each b_j must also find its a_j, by the columns", one_way),
        Trap("the two ways are added, not averaged: a half is missing", not_halved),
        Trap("the sum over the pairs is taken, not their mean", summed),
        Trap("divided by the scale: it is 1 / temperature, so it multiplies", divided),
        Trap("exp overflows, and ∞ / ∞ is NaN: take each row's largest away before exp", overflowing),
    ),
    trial=trial,
    trial_told="two towers trained by it for 20 steps",
)
