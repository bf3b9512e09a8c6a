"""What exercise 22 is checked by: each query by itself, over the keys that it may see; and a transformer's layer."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def query_by_query(q, k, v, mask):
    y = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(q.shape[:-1]):
        seen = mask[place]
        scores = k[place[:-1]][seen] @ q[place] / np.sqrt(q.shape[-1])
        if seen.any():
            weights = np.exp(scores - scores.max())
            y[place] = weights / weights.sum() @ v[place[:-1]][seen]
    return y


def cases(rng):
    def case(told, shape, queries, keys, d, values, mask=None, size=1.0, square=False):
        q, k, v = (rng.normal(size=(*shape, *two)) for two in ((queries, d), (keys, d), (keys, values)))
        if mask is None:
            mask = rng.random((*shape, queries, keys)) < 0.6
            mask[..., 0] = True
        given = size * q, k, v, np.array(mask)
        sizes = {"number of keys": keys, "length d": d}
        return Case(told, given, query_by_query(*given), sizes=sizes, square=square)

    yield case("1 query, 2 keys, all seen", (), 1, 2, 4, 1, [[True, True]])
    yield case("3 queries, 5 keys, all seen", (), 3, 5, 4, 2, np.ones((3, 5), bool))
    yield case("3 queries, 5 keys, some seen", (), 3, 5, 4, 2)
    yield case("4 words, each sees the earlier ones", (), 4, 4, 4, 4, np.tri(4, dtype=bool), square=True)
    yield case("a query that may see nothing", (), 2, 3, 2, 3, [[True, False, True], [False, False, False]])
    yield case("a batch of 2 with 3 heads", (2, 3), 4, 5, 3, 2)
    yield case("scores of many hundreds", (), 3, 4, 9, 2, size=1000.0)


def trial(function):
    def at_work(q, k, v, mask=None, causal=False, scale=None):
        q, k, v = (x.data for x in (q, k, v))
        mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2])).copy()
        return xm.Tensor(np.asarray(function(q, k, v, mask), q.dtype))

    rng = np.random.default_rng(4)
    layer = nn.TransformerEncoder(8, 2, 2, 16, dropout=0.0, rng=rng).eval()
    x, mask = rng.normal(size=(2, 5, 8)).astype("f"), np.tri(5, dtype=bool)
    with xm.no_grad(), overridden("tinyxm.ops:attention", function and at_work):
        return layer(x, mask=mask).data


def softmax(scores, mask, axis=-1):
    with np.errstate(invalid="ignore"):
        scores = np.where(mask, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=axis, keepdims=True))
        return np.nan_to_num(weights / weights.sum(axis=axis, keepdims=True))


def fits(q, k):
    return q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])


def no_root(q, k, v, mask):
    return softmax(q @ np.swapaxes(k, -1, -2), mask) @ v


def by_d(q, k, v, mask):
    return softmax(q @ np.swapaxes(k, -1, -2) / q.shape[-1], mask) @ v


def by_keys(q, k, v, mask):
    return softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(k.shape[-2]), mask) @ v


def by_first_length(q, k, v, mask):
    return softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(len(k)), mask) @ v


def all_axes_turned(q, k, v, mask):
    return softmax(q @ k.T / np.sqrt(q.shape[-1]), mask) @ v


def never_nothing(q, k, v, mask):
    return softmax(np.where(mask, fits(q, k), -1e9), True) @ v


def over_queries(q, k, v, mask):
    return softmax(fits(q, k), mask, axis=-2) @ v


def masked_after(q, k, v, mask):
    return (softmax(fits(q, k), True) * mask) @ v


def times_mask(q, k, v, mask):
    return softmax(fits(q, k) * mask, True) @ v


def the_other_way(q, k, v, mask):
    return softmax(fits(q, k), ~mask) @ v


def no_mask(q, k, v, mask):
    return softmax(fits(q, k), True) @ v


def overflowing(q, k, v, mask):
    with np.errstate(all="ignore"):
        weights = np.where(mask, np.exp(fits(q, k)), 0)
        return weights / weights.sum(axis=-1, keepdims=True) @ v


NOT_KEYS = "divided by the root of the number of keys: √d, the length of a query, is wanted"


EXERCISE = Exercise(
    title="attention with a mask",
    lesson="18_attention_and_the_transformer",
    points=3,
    function="attention",
    hints=(
        "Scores first, (..., queries, keys): q times k, its last two axes exchanged. Is a key hidden before the "
        "softmax, or after?",
        "A hidden key has the score −∞, whose exponential is 0: np.where(mask, scores, -np.inf). The softmax is over "
        "the last axis; take the largest of each row away first.",
        "Where all of a row is −∞, its largest is −∞, too, and −∞ − (−∞) is NaN: take 0 away there. Its weights are "
        "then all 0, and so is their sum: divide by 1 in its place. Then weights @ v.",
    ),
    cases=cases,
    traps=(
        Trap("the scores aren't divided by √d", no_root),
        Trap("the scores are divided by d: it is its square root", by_d),
        Trap(NOT_KEYS, by_keys),
        Trap(NOT_KEYS, by_first_length),
        Trap("k.T turns all axes around, the batch's, too: np.swapaxes(k, -1, -2) turns the last two", all_axes_turned),
        Trap("where all keys are hidden, all weigh the same: a query that may see nothing gets zeros", never_nothing),
        Trap("the softmax is over the queries: each query's weights over the keys must sum to 1", over_queries),
        Trap("hidden after the softmax: the weights that are left don't sum to 1; hide before it", masked_after),
        Trap("a hidden key got the score 0, and exp(0) = 1: give it −∞", times_mask),
        Trap("the mask is turned around: True is where a query may look", the_other_way),
        Trap("hidden keys are looked at: the mask isn't used", no_mask),
        Trap("NaN where exp overflows, or nothing is seen: take the largest away, and mind the empty row", overflowing),
    ),
    trial=trial,
    trial_told="a transformer's encoder that computes with it",
)
