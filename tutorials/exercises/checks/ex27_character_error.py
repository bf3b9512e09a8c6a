"""What exercise 27 is checked by: distances known by hand, and the package's metric."""

from functools import cache

from tinyxm.course import Case, Exercise, Trap
from tinyxm.metrics import character_error as by_the_package


def cases(rng):
    yield Case("'kitten' heard as 'sitten': one replaced", (["kitten"], ["sitten"]), 1 / 6)
    yield Case("'cat' heard as 'cart': one put in", (["cat"], ["cart"]), 1 / 3)
    yield Case("'cart' heard as 'cat': one taken out", (["cart"], ["cat"]), 1 / 4)
    yield Case("'kitten' heard as 'sitting'", (["kitten"], ["sitting"]), 3 / 6)
    yield Case("a letter lost at the beginning", (["abcdef"], ["bcdef"]), 1 / 6)
    yield Case("two letters exchanged: no single edit does that", (["abcd"], ["abdc"]), 2 / 4)
    yield Case("nothing heard", (["seven"], [""]), 1.0)
    yield Case("far too much heard: above 1", (["a"], ["banana"]), 5.0)
    yield Case("texts of 2 and of 8 letters", (["no", "elephant"], ["yes", "elephant"]), 3 / 10)
    yield Case("silence, and something heard in it", (["", "abcd"], ["ab", "abcd"]), 2 / 4)
    letters = list("abcd ")
    texts = [["".join(rng.choice(letters, rng.integers(1, 15))) for _ in range(12)] for _ in range(2)]
    yield Case("12 texts of random letters", (*texts,), by_the_package(*texts))


def distance(a, b, replace=1, free_border=False):
    @cache
    def d(i, j):
        if not i or not j:
            return 0 if free_border else i + j
        return min(d(i - 1, j - 1) + (replace if a[i - 1] != b[j - 1] else 0), d(i - 1, j) + 1, d(i, j - 1) + 1)

    return d(len(a), len(b))


def rate(count, length=lambda r, h: len(r)):
    """The rate of another count of errors, or over another length."""

    def answer(references, hypotheses):
        pairs = [*zip(references, hypotheses, strict=True)]
        return sum(count(*pair) for pair in pairs) / sum(length(*pair) for pair in pairs)

    return answer


def mean_of_texts(references, hypotheses):
    rates = [distance(r, h) / len(r) for r, h in zip(references, hypotheses, strict=True)]
    return sum(rates) / len(rates)


def edits_alone(references, hypotheses):
    return sum(map(distance, references, hypotheses))


def place_by_place(r, h):
    return sum(a != b for a, b in zip(r, h, strict=False)) + abs(len(r) - len(h))


EXERCISE = Exercise(
    title="edit distance and character error rate",
    lesson="22_audio_to_text_and_back",
    points=3,
    function="character_error",
    hints=(
        "A table of (len(reference) + 1) × (len(hypothesis) + 1) numbers: the first row and column belong to the empty "
        "text. What does it take to make a text of three letters from nothing?",
        "Fill the first row with 0, 1, 2, …, and the first column, too. Then row by row: each number needs the one "
        "above, the one to the left, and the one above that. D[i, j] is about reference[i − 1] and hypothesis[j − 1].",
        "d[i, j] = min(d[i−1, j−1] + (r != h), d[i−1, j] + 1, d[i, j−1] + 1); add d[-1, -1] of all texts, then divide "
        "once by the sum of the references' lengths.",
    ),
    cases=cases,
    traps=(
        Trap("letters are compared place by place: after a lost one all others are out of step", rate(place_by_place)),
        Trap("the mean of each text's own rate: divide the sum of edits by the sum of lengths", mean_of_texts),
        Trap(
            "divided by the length of what was heard: it is that of the reference",
            rate(distance, lambda r, h: len(h)),
        ),
        Trap(
            "divided by the longer of the two texts: it is the reference's length, and may be above 1",
            rate(distance, lambda r, h: max(len(r), len(h))),
        ),
        Trap("to replace a letter costs 1, not 2", rate(lambda r, h: distance(r, h, replace=2))),
        Trap(
            "the first row and column are 0: from nothing i letters take i edits",
            rate(lambda r, h: distance(r, h, free_border=True)),
        ),
        Trap(
            "the last letters aren't looked at: the table has one row and column more than the texts have letters",
            rate(lambda r, h: distance(r[:-1], h[:-1])),
        ),
        Trap("the edits are counted, not divided by anything", edits_alone),
    ),
)
