"""The words for digits, and how people ask for them."""

from __future__ import annotations

import numpy as np

from tinyxm.data import Vocabulary, words
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.models.two_towers import Bag

Text = tuple[str, list[str]]  # a name and its keywords
ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
NAMES: list[tuple[str, ...]] = [(name, str(digit), ORDINALS[digit]) for digit, name in enumerate(DIGITS)]
NAMES[0] += ("nought", "nil")
PHRASES = ("{}", "a {}", "the digit {}", "number {}", "draw a {}", "a handwritten {}")
UNSEEN_PHRASES = ("please write the {}", "draw the number {}", "{}, handwritten, a digit")
MISLEADING = "one moment, then a {}"  # a bag of words can't know which of two numbers is meant
SPOKEN = {name: digit for digit, names in enumerate(NAMES) for name in names}


def vocabulary_of_digits() -> Vocabulary:
    """The words of all names and phrases, with their n-grams, so that "sevn" is nearly "seven"."""
    return Vocabulary([(phrase.format(name), []) for phrase in PHRASES for names in NAMES for name in names])


def asked_for(digits: np.ndarray, rng: np.random.Generator) -> list[Text]:
    """A way of asking for each digit: a name of its own in a phrase, both by chance."""
    names = [NAMES[digit][rng.integers(len(NAMES[digit]))] for digit in digits]
    return [(PHRASES[rng.integers(len(PHRASES))].format(name), []) for name in names]


def bag_of(vocabulary: Vocabulary, texts: list[Text]) -> Bag:
    """Names and keywords as bags. Raises ValueError for one that has no word, nor part of one, that the model knows."""
    bag = vocabulary.bag(texts)
    sizes = np.diff(np.append(bag[1], len(bag[0])))
    if not sizes.all():
        text, _ = texts[int(np.flatnonzero(sizes == 0)[0])]
        raise ValueError(f"draw: {text!r} has no word, nor part of one, that the model has seen; try other words")
    return bag


def is_a_digit(text: str) -> bool:
    """Whether the text asks for a digit: it names just one, beside words of the phrases alone."""
    known = {word for phrase in PHRASES for word in words(phrase.format(""))}
    rest = [word for word in words(text) if word not in known]
    return len(rest) == 1 and rest[0] in SPOKEN
