"""What is said of words that a model has never seen."""

from tinyxm.data import Vocabulary
from tinyxm.data.text import TfIdf
from tinyxm.recipes.doubts import told_of_words

TEXTS = [("red heart", ["love"]), ("smiling cat", [])]


def test_words_that_are_known_raise_no_doubt():
    assert told_of_words("Red hearts? no: red HEART!", Vocabulary(TEXTS)) != ""
    assert told_of_words("Red HEART, love!", Vocabulary(TEXTS)) == ""
    assert told_of_words("", Vocabulary(TEXTS)) == ""


def test_a_word_of_known_parts_and_one_without_are_told_apart():
    known = Vocabulary(TEXTS)
    for index in (known, TfIdf(TEXTS).index):
        told = told_of_words("red hearty xqzw hearty", index)
        assert told == (
            "“hearty”: never seen as a word; it's taken by groups of its letters that were. "
            "“xqzw”: never seen, nor any part of it; it's left out"
        )
    assert "left out" in told_of_words("hearty", Vocabulary(TEXTS, ngrams=False))
