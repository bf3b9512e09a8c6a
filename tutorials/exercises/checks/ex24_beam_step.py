"""What exercise 24 is checked by: all continuations in a list, sorted; and texts that the package's beam writes."""

import numpy as np

from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models import decoding


def from_a_list(totals, log_p, width):
    every = [(totals[i] + log_p[i, w], i, w) for i, w in np.ndindex(log_p.shape) if totals[i] + log_p[i, w] > -np.inf]
    best = sorted(every, reverse=True)[:width]
    return tuple(np.array([row[part] for row in best]) for part in (1, 2, 0))


def cases(rng):
    def case(told, totals, p, width):
        with np.errstate(divide="ignore"):
            given = np.array(totals, float), np.log(np.array(p)), width
        return Case(told, given, from_a_list(*given))

    yield case("1 text, 3 words, the best 2", [0.0], [[0.2, 0.5, 0.3]], 2)
    yield case("2 texts, both go on from the first", [-0.1, -5.0], [[0.6, 0.4], [0.7, 0.3]], 2)
    yield case("2 texts, the second is the better one now", [-1.0, -1.2], [[0.4, 0.35, 0.25], [0.9, 0.06, 0.04]], 2)
    yield case("fewer continuations than places", [-1.0, -2.0], [[0.6, 0.4], [0.7, 0.3]], 9)
    yield case("some words are impossible", [-1.0, -2.0], [[0.0, 1.0, 0.0], [0.0, 0.3, 0.7]], 5)
    yield case("greedy: a width of 1", [-1.0, -0.5, -2.0], rng.dirichlet(np.ones(4), 3), 1)
    yield case("5 texts, 30 words, the best 5", np.sort(rng.normal(-9, 1, 5)), rng.dirichlet(np.ones(30), 5), 5)
    yield case("3 texts, 3 words, the best 3", rng.normal(-3, 1, 3), rng.dirichlet(np.ones(3), 3), 3)


def trial(function):
    """What a beam writes by a table of which word follows which."""
    follows = np.log(np.random.default_rng(2).dirichlet(np.full(6, 0.5), 6))

    def best(scores, rows, places):
        # the package's own step, for the one text that is asked for here: what is behind is in the scores already
        texts, words, kept = function(scores.max(axis=1), scores - scores.max(axis=1, keepdims=True), places[0])
        return np.asarray(texts), np.asarray(words), np.asarray(kept)

    with overridden("tinyxm.models.decoding:_best", function and best):
        found = decoding.beam(lambda state, tokens: (follows[tokens], state), None, [1], 0, 8, width=4)[0]
    return [(float(text.log_probability), *map(float, text.tokens)) for text in found]


def best_of(scores, width, vocabulary):
    best = np.argsort(-scores.ravel(), kind="stable")[:width]
    return best // vocabulary, best % vocabulary, scores.ravel()[best]


def forgets(totals, log_p, width):
    return from_a_list(0 * totals, log_p, width)


def each_its_own(totals, log_p, width):
    texts, words = np.arange(len(totals)), log_p.argmax(axis=1)
    scores = totals + log_p.max(axis=1)
    order = np.argsort(-scores)[:width]
    return texts[order], words[order], scores[order]


def first_alone(totals, log_p, width):
    _, words, scores = from_a_list(totals[:1], log_p[:1], width)
    return np.zeros(len(words), int), words, scores


def worst(totals, log_p, width):
    texts, words, scores = from_a_list(totals, log_p, log_p.size)
    return texts[::-1][:width], words[::-1][:width], scores[::-1][:width]


def wrong_length(totals, log_p, width):
    scores = (totals[:, None] + log_p).ravel()
    best = np.argsort(-scores)[:width]
    best = best[np.isfinite(scores[best])]
    return best // len(totals), best % len(totals), scores[best]


def impossible_ones(totals, log_p, width):
    return best_of(totals[:, None] + log_p, width, log_p.shape[1])


def own_scores(totals, log_p, width):
    texts, words, _ = from_a_list(totals, log_p, width)
    return texts, words, log_p[texts, words]


def multiplied(totals, log_p, width):
    return best_of(totals[:, None] * log_p, width, log_p.shape[1])


EXERCISE = Exercise(
    title="one step of beam search",
    lesson="20_image_to_text",
    points=3,
    function="beam_step",
    hints=(
        "totals[:, None] + log_p has the score of every continuation, (k, vocabulary). Make one row of it: ravel().",
        "np.argsort(-scores)[:width] are the places of the best, best first. Place p of the row belongs to text "
        "p // vocabulary.",
        "scores = (totals[:, None] + log_p).ravel(); best = np.argsort(-scores)[:width]; leave out those whose score "
        "is −∞; texts, words = np.divmod(best, log_p.shape[1]); the scores are scores[best].",
    ),
    cases=cases,
    traps=(
        Trap("the scores so far are forgotten: totals[i] + log_p[i, w]", forgets),
        Trap("each text keeps its own best: places are for the best of all, wherever they come from", each_its_own),
        Trap("only the first text goes on", first_alone),
        Trap("the least probable ones: argsort begins with the smallest", worst),
        Trap("divided by the number of texts: a row holds as many places as the vocabulary has words", wrong_length),
        Trap("a continuation of score −∞ is kept: it can't be written", impossible_ones),
        Trap("the scores are those of the last word alone: return those of the whole text", own_scores),
        Trap("the scores are multiplied: logarithms of probabilities add up", multiplied),
    ),
    trial=trial,
    trial_told="the package's beam, which writes by it",
)
