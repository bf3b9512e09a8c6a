"""What exercise 23 is checked by: numbers counted by hand, and the package's metric."""

import math
from collections import Counter
from functools import partial

from tinyxm.course import Case, Exercise, Trap
from tinyxm.metrics import bleu as by_the_package

WORDS = ["a", "red", "green", "blue", "circle", "square", "left", "right", "of", "the"]


def cases(rng):
    cat = "the cat is on the mat"
    yield Case("a right text", ([cat], [cat], 4), 1.0)
    yield Case("'the' seven times, of words alone", ([cat], [" ".join(["the"] * 7)], 1), 2 / 7)
    yield Case("half of a text", (["a b c d"], ["a b"], 1), math.exp(1 - 4 / 2))
    yield Case("a text that is too long", (["a b"], ["a b c d"], 1), 1 / 2)
    yield Case("pairs of words", (["a b c d"], ["a b d c"], 2), math.sqrt(4 / 4 * 1 / 3))
    two = ["a b c d", "e f"], ["a x y z", "e f"]
    yield Case("two texts, counted together", (*two, 1), 3 / 6)
    yield Case("no word right", (["a b c"], ["x y z"], 1), 0.0)
    yield Case("nothing written", (["a b c"], [""], 1), 0.0)
    yield Case("too short for 4 words in a row", ([cat], ["the cat is"], 4), 0.0)
    references = [" ".join(rng.choice(WORDS, rng.integers(5, 12))) for _ in range(40)]
    hypotheses = [
        " ".join(word if rng.random() < 0.8 else rng.choice(WORDS) for word in text.split()[: rng.integers(4, 12)])
        for text in references
    ]
    yield Case("40 texts", (references, hypotheses, 4), by_the_package(references, hypotheses, 4))
    yield Case("40 texts, the other way around", (hypotheses, references, 3), by_the_package(hypotheses, references, 3))


def grams(text, n, fewer=0):
    words = text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1 - fewer))


def wrong_somewhere(
    shared=lambda found, right: (found & right).total(),
    total=lambda found, right: found.total(),
    penalty=lambda r, c: min(1, math.exp(1 - r / c)),
    mean=lambda p: math.prod(p) ** (1 / len(p)),
    grams=grams,
):
    def bleu(references, hypotheses, order):
        precisions = []
        for n in range(1, order + 1):
            pairs = [(grams(h, n), grams(r, n)) for r, h in zip(references, hypotheses, strict=True)]
            count = sum(total(*pair) for pair in pairs)
            precisions.append(sum(shared(*pair) for pair in pairs) / count if count else 0)
        r, c = (sum(len(text.split()) for text in texts) for texts in (references, hypotheses))
        return penalty(r, c) * mean(precisions) if c and all(precisions) else 0.0

    return bleu


def of_letters(references, hypotheses, order):
    return wrong_somewhere()(
        *([" ".join(text.replace(" ", "_")) for text in texts] for texts in (references, hypotheses)), order
    )


def mean_of_texts(references, hypotheses, order):
    right = wrong_somewhere()
    each = [right([r], [h], order) for r, h in zip(references, hypotheses, strict=True)]
    return sum(each) / len(each)


EXERCISE = Exercise(
    title="BLEU: clipped precision and the brevity penalty",
    lesson="20_image_to_text",
    points=4,
    function="bleu",
    hints=(
        "An n-gram is a tuple of n words in a row: Counter(tuple(words[i : i + n]) for i in …). How many of them are "
        "there in a text of m words?",
        "Counter(found) & Counter(right) has of each n-gram the smaller count, and .total() adds them up. Add matches "
        "and totals over all texts before you divide.",
        "for n in 1 … order: matches, total = 0, 0; for each text add (found & right).total() and found.total(); p_n = "
        "matches / total. At the end the root of their product, times exp(1 − r / c) if c < r; 0 if any p_n is 0.",
    ),
    cases=cases,
    traps=(
        Trap(
            "a word counts as often as it's written: count it no more often than the reference has it",
            wrong_somewhere(shared=lambda found, right: sum(count for g, count in found.items() if g in right)),
        ),
        Trap(
            "each n-gram counts once: two right 'the' are two matches",
            wrong_somewhere(shared=lambda found, right: len(found.keys() & right.keys())),
        ),
        Trap(
            "the last n-gram is left out: a text of m words has m − n + 1 of them",
            wrong_somewhere(grams=partial(grams, fewer=1)),
        ),
        Trap("letters are counted: the n-grams are of words, text.split()", of_letters),
        Trap("the mean of the texts' own scores: sum the counts over all texts, then divide", mean_of_texts),
        Trap(
            "texts that are too short aren't punished: the brevity penalty is missing",
            wrong_somewhere(penalty=lambda r, c: 1),
        ),
        Trap(
            "r and c are exchanged in the penalty: it is exp(1 − r / c), r of the references",
            wrong_somewhere(penalty=lambda r, c: min(1, math.exp(1 - c / r))),
        ),
        Trap(
            "texts that are too long are rewarded: the penalty is 1 at most",
            wrong_somewhere(penalty=lambda r, c: math.exp(1 - r / c)),
        ),
        Trap(
            "the mean of the precisions is geometric: the root of their product",
            wrong_somewhere(mean=lambda p: sum(p) / len(p)),
        ),
        Trap(
            "divided by the n-grams of the reference: that is recall; precision is of what was written",
            wrong_somewhere(total=lambda found, right: right.total()),
        ),
    ),
)
