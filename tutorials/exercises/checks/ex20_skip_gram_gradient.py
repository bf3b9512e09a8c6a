"""What exercise 20 is checked by: the tape, on softplus; and word vectors learned by it beside the package's."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap
from tinyxm.models.word_vectors import SkipGram


def by_the_tape(u, v, negatives):
    u, v, negatives = (xm.Tensor(a.astype(float), requires_grad=True) for a in (u, v, negatives))
    loss = xm.ops.softplus(-(u @ v)) + np.sum(xm.ops.softplus(negatives @ u))
    loss.backward()
    return u.grad, v.grad, negatives.grad


def cases(rng):
    u, v, n = np.array([2.0]), np.zeros(1), np.zeros((1, 1))
    yield Case("one dimension, scores of 0", (u, v, n), (np.zeros(1), np.array([-1.0]), np.array([[1.0]])))
    for d, k in ((3, 2), (3, 3), (5, 1), (20, 15)):
        given = rng.normal(size=d), rng.normal(size=d), rng.normal(size=(k, d))
        told = f"{d} dimensions, {k} negative sample{'s' * (k > 1)}"
        yield Case(told, given, by_the_tape(*given), sizes={"number of negative samples": k}, square=d == k)
    given = rng.normal(size=4), rng.normal(size=4), np.zeros((0, 4))
    yield Case("no negative samples", given, by_the_tape(*given))
    given = 30 * rng.normal(size=4), 30 * rng.normal(size=4), 30 * rng.normal(size=(3, 4))
    yield Case("vectors that are very sure", given, by_the_tape(*given))
    v = rng.normal(size=4)
    given = rng.normal(size=4), v, np.stack([v, rng.normal(size=4)])
    yield Case("the seen context is drawn, too", given, by_the_tape(*given))


def trial(function):
    """The vectors of 6 words after 30 steps, from the same pairs and negative samples."""
    rng = np.random.default_rng(20)
    words, contexts, negatives = rng.integers(0, 6, 30), rng.integers(0, 6, 30), rng.integers(0, 6, (30, 2))
    model, start = SkipGram(6, 4, np.random.default_rng(0)), rng.normal(size=(2, 6, 4)).astype(np.float32)
    model.centre.weight.data[...], model.context.weight.data[...] = start
    optimizer, (u, v) = xm.optim.GradientDescent(model.parameters(), lr=0.5), start.astype(float)
    for word, context, drawn in zip(words, contexts, negatives, strict=True):
        if function is None:
            optimizer.zero_grad()
            model([word], [context], drawn[None]).backward()
            optimizer.step()
        else:
            of_u, of_v, of_drawn = function(u[word].copy(), v[context].copy(), v[drawn])
            u[word] -= 0.5 * of_u
            v[context] -= 0.5 * of_v
            np.subtract.at(v, drawn, 0.5 * of_drawn)
    return (model.centre.weight.data, model.context.weight.data) if function is None else (u, v)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradients(u, v, negatives, seen, drawn):
    return seen * v + drawn @ negatives, seen * u, drawn[:, None] * u


def uphill(u, v, negatives):
    return gradients(u, v, negatives, 1 - sigmoid(u @ v), -sigmoid(negatives @ u))


def seen_uphill(u, v, negatives):
    return gradients(u, v, negatives, 1 - sigmoid(u @ v), sigmoid(negatives @ u))


def as_if_unseen(u, v, negatives):
    return gradients(u, v, negatives, sigmoid(u @ v), sigmoid(negatives @ u))


def all_pull(u, v, negatives):
    return gradients(u, v, negatives, sigmoid(u @ v) - 1, sigmoid(negatives @ u) - 1)


def wrong_side(u, v, negatives):
    return gradients(u, v, negatives, sigmoid(u @ v) - 1, sigmoid(-(negatives @ u)))


def averaged(u, v, negatives):
    return gradients(u, v, negatives, sigmoid(u @ v) - 1, sigmoid(negatives @ u) / max(len(negatives), 1))


def seen_alone(u, v, negatives):
    seen = sigmoid(u @ v) - 1
    return seen * v, seen * u, sigmoid(negatives @ u)[:, None] * u


def not_summed(u, v, negatives):
    seen, drawn = sigmoid(u @ v) - 1, sigmoid(negatives @ u)
    return seen * v + drawn[:, None] * negatives, seen * u, drawn[:, None] * u


def not_joined(u, v, negatives):
    seen, drawn = sigmoid(u @ v) - 1, sigmoid(negatives @ u)
    return seen * v + drawn * negatives, seen * u, drawn * u


def summed(u, v, negatives):
    seen, drawn = sigmoid(u @ v) - 1, sigmoid(negatives @ u)
    return seen * v + drawn @ negatives, seen * u, drawn.sum() * u


def slope_again(u, v, negatives):
    seen, drawn = sigmoid(u @ v), sigmoid(negatives @ u)
    return gradients(u, v, negatives, (seen - 1) * seen * (1 - seen), drawn * drawn * (1 - drawn))


def own_vectors(u, v, negatives):
    seen, drawn = sigmoid(u @ v) - 1, sigmoid(negatives @ u)
    return (seen + drawn.sum()) * u, seen * v, drawn[:, None] * negatives


ADD_UP = "u has one gradient, in which each negative sample adds its own: drawn @ negatives, not drawn * negatives"


EXERCISE = Exercise(
    title="true neighbours pull, random ones push",
    lesson="15_bag_of_words_to_word_vectors",
    points=3,
    function="skip_gram_gradient",
    hints=(
        "d/ds of −ln σ(s) is σ(s) − 1; of −ln σ(−s) it is σ(s). The score s = u · v has the slope v for u, u for v.",
        "u is in every score, so its gradient is a sum over all 1 + k of them; v and each nᵢ are in one each.",
        "seen = σ(u @ v) − 1; drawn = σ(negatives @ u); return seen * v + drawn @ negatives, seen * u, "
        "drawn[:, None] * u.",
    ),
    cases=cases,
    returns=("∂L/∂u", "∂L/∂v", "∂L/∂negatives"),
    trial=trial,
    trial_told="word vectors learned by it",
    traps=(
        Trap("the sign is wrong: it is what was said, σ, less what was true, 1 or 0", uphill),
        Trap("the seen pair's error has the wrong sign: σ(u · v) − 1, below 0", seen_uphill),
        Trap("the pair was seen, so 1 was true: σ(u · v) − 1", as_if_unseen),
        Trap("a random context should have 0: its error is σ(u · nᵢ), without − 1", all_pull),
        Trap("the error of a random context is σ(u · nᵢ), not σ(−u · nᵢ)", wrong_side),
        Trap("the loss adds up over the negative samples: it is no mean", averaged),
        Trap("u stands in the negative samples' scores, too: + Σ σ(u · nᵢ) nᵢ", seen_alone),
        Trap(ADD_UP, not_summed),
        Trap(ADD_UP, not_joined),
        Trap("each negative sample has a gradient of its own, a row: no sum over them", summed),
        Trap("σ' is already in it: the slope of −ln σ is σ − 1 alone", slope_again),
        Trap("the slope of u · v for u is v, and for v it is u: they are exchanged", own_vectors),
    ),
)
