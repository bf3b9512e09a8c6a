"""Scores of texts agree with published examples, with sacrebleu, NLTK and jiwer, and fail loudly."""

import warnings
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm import metrics

WORDS = st.lists(st.sampled_from(["a", "cat", "sat", "on", "the", "mat", "mat.", "(so)", "the"]), max_size=9)
SENTENCES = WORDS.map(" ".join)

# Papineni et al. 2002, examples 1 and 2, in lower case and without punctuation, as their counts are
MILITARY = [
    "it is a guide to action that ensures that the military will forever heed party commands",
    "it is the guiding principle which guarantees the military forces always being under the command of the party",
    "it is the practical guide for the army always to heed the directions of the party",
]
GOOD = "it is a guide to action which ensures that the military always obeys the commands of the party"
BAD = "it is to insure the troops forever hearing the activity guidebook that party direct"


def test_modified_precisions_are_those_of_the_paper():
    assert metrics.bleu_parts([MILITARY], [GOOD], 2).precisions == pytest.approx((17 / 18, 10 / 17))
    assert metrics.bleu_parts([MILITARY], [BAD], 2).precisions == pytest.approx((8 / 14, 1 / 13))
    cats = ["the cat is on the mat", "there is a cat on the mat"]
    assert metrics.bleu_parts([cats], ["the the the the the the the"], 1).precisions == pytest.approx((2 / 7,))


def test_a_short_text_pays_and_the_nearest_length_counts():
    parts = metrics.bleu_parts([MILITARY], ["it is a guide"], 1)
    assert (parts.hypothesis_length, parts.reference_length) == (4, 16)
    assert parts.brevity_penalty == pytest.approx(exp(1 - 16 / 4))
    assert metrics.bleu_parts([["a b c d", "a b"]], ["a b c"]).reference_length == 2, "of two equally near, the shorter"
    assert metrics.bleu([["a b c d"]], ["a b c d e f"], 1) == pytest.approx(4 / 6), "a long one pays by precision alone"


def test_counts_are_summed_before_they_are_divided():
    references, hypotheses = ["a b c d", "x"], ["a b c d", "y"]
    assert metrics.bleu(references, hypotheses, 1) == pytest.approx(4 / 5)
    assert np.mean([metrics.bleu([r], [h], 1) for r, h in zip(references, hypotheses, strict=True)]) == 0.5


def test_short_texts_need_an_effective_order():
    assert metrics.bleu(["red heart"], ["red heart"]) == 0
    assert metrics.bleu(["red heart"], ["red heart"], effective_order=True) == 1
    assert metrics.bleu(["red heart"], ["red heart"], order=2) == 1
    assert metrics.sentence_bleu("red heart", "red heart") == 1


def test_tokens_are_taken_as_they_are():
    assert metrics.bleu([[1, 2, 3, 4]], [[1, 2, 3, 4]]) == 1
    assert metrics.bleu([[[9, 9], [1, 2, 3, 4]]], [[1, 2, 3, 4]]) == 1
    assert metrics.bleu([["a", "b"]], [["a", "b"]], 2) == 1
    assert metrics.bleu([["a b", "b"]], ["a b"], 2) == 1, "of a string hypothesis, a list holds several references"
    assert metrics.word_error([np.array([1, 2, 3])], [np.array([1, 3])]) == pytest.approx(1 / 3)


@pytest.mark.oracle
@pytest.mark.parametrize("effective", [False, True])
@pytest.mark.parametrize(
    ("smoothing", "theirs"), [("none", "none"), ("floor", "floor"), ("add-1", "add-k"), ("exp", "exp")]
)
@settings(max_examples=30)
@given(texts=st.lists(st.tuples(SENTENCES, st.tuples(SENTENCES, SENTENCES)), min_size=1, max_size=4))
def test_bleu_agrees_with_sacrebleu(smoothing, theirs, effective, texts):
    sacrebleu = pytest.importorskip("sacrebleu.metrics", reason="sacrebleu isn't installed")
    hypotheses, several = [h for h, _ in texts], [list(r) for _, r in texts]
    for order in (1, 2, 4):
        oracle = sacrebleu.BLEU(
            tokenize="none", smooth_method=theirs, max_ngram_order=order, effective_order=effective, force=True
        ).corpus_score(hypotheses, list(zip(*several, strict=True)))
        parts = metrics.bleu_parts(several, hypotheses, order, smoothing, effective)
        assert (parts.hypothesis_length, parts.reference_length) == (oracle.sys_len, oracle.ref_len)
        if oracle.sys_len:  # of no word at all theirs has a penalty of 1, and a score of 0
            assert parts.brevity_penalty == pytest.approx(oracle.bp)
        np.testing.assert_allclose(100 * metrics.bleu(several, hypotheses, order, smoothing, effective), oracle.score)


@pytest.mark.oracle
@settings(max_examples=30)
@given(st.lists(st.tuples(WORDS.filter(lambda words: len(words) > 3), st.tuples(WORDS, WORDS)), min_size=1, max_size=4))
def test_bleu_agrees_with_nltk(texts):
    nltk = pytest.importorskip("nltk.translate.bleu_score", reason="NLTK isn't installed")
    hypotheses, several = [h for h, _ in texts], [list(r) for _, r in texts]
    for order in (1, 2, 3, 4):
        with warnings.catch_warnings(action="ignore"):
            expected = nltk.corpus_bleu(several, hypotheses, weights=[1 / order] * order)
        # without a match theirs takes the smallest float
        assert metrics.bleu(several, hypotheses, order) == pytest.approx(expected, rel=1e-9, abs=1e-60)


def test_chrf_by_hand():
    # a, b, c of a, b, d: one n-gram of each kind is wrong
    one, two = 2 / 3, 1 / 2
    assert metrics.chrf(["a bd"], ["ab c"], order=2) == pytest.approx((one + two) / 2)
    precision, recall = (1 + 1) / 2, (2 / 4 + 1 / 3) / 2
    assert metrics.chrf(["abcd"], ["ab"], order=6) == pytest.approx(5 * precision * recall / (4 * precision + recall))
    assert metrics.chrf(["abcd"], ["ab"]) < metrics.chrf(["ab"], ["abcd"]), "recall weighs more"


@pytest.mark.oracle
@pytest.mark.parametrize("word_order", [0, 2])
@settings(max_examples=30)
@given(texts=st.lists(st.tuples(SENTENCES, st.tuples(SENTENCES, SENTENCES)), min_size=1, max_size=4))
def test_chrf_agrees_with_sacrebleu(word_order, texts):
    sacrebleu = pytest.importorskip("sacrebleu.metrics", reason="sacrebleu isn't installed")
    hypotheses, several = [h for h, _ in texts], [list(r) for _, r in texts]
    expected = sacrebleu.CHRF(word_order=word_order).corpus_score(hypotheses, list(zip(*several, strict=True))).score
    assert 100 * metrics.chrf(several, hypotheses, word_order=word_order) == pytest.approx(expected)


def test_kitten_to_sitting():
    found = metrics.edits("kitten", "sitting")
    assert (found.distance, found.substitutions, found.insertions, found.deletions) == (3, 2, 1, 0)
    assert str(found) == "k i t t e n\ns i t t i n g\nS       S   I"
    assert metrics.edit_distance("kitten", "sitting") == 3
    assert metrics.edit_distance("intention", "execution") == 5  # Jurafsky and Martin
    assert metrics.edits("", "").distance == metrics.edit_distance("", "") == 0
    words = metrics.edits(["the", "red", "heart"], ["red", "hearts"])
    assert words.pairs == (("the", None), ("red", "red"), ("heart", "hearts"))


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_alignment_is_one_and_the_cheapest(reference, hypothesis):
    found = metrics.edits(reference, hypothesis)
    assert "".join(a for a, _ in found.pairs if a is not None) == reference
    assert "".join(b for _, b in found.pairs if b is not None) == hypothesis
    assert (None, None) not in found.pairs
    assert found.substitutions + found.insertions + found.deletions == found.distance
    assert found.distance == metrics.edit_distance(reference, hypothesis) == _distance(reference, hypothesis)


def _distance(a, b):
    if not a or not b:
        return len(a) + len(b)
    return min(_distance(a[1:], b[1:]) + (a[0] != b[0]), _distance(a[1:], b) + 1, _distance(a, b[1:]) + 1)


@pytest.mark.oracle
@given(st.lists(st.tuples(SENTENCES.filter(bool), SENTENCES), min_size=1, max_size=4))
def test_errors_agree_with_jiwer(texts):
    jiwer = pytest.importorskip("jiwer", reason="jiwer isn't installed")
    references, hypotheses = map(list, zip(*texts, strict=True))
    assert metrics.word_error(references, hypotheses) == pytest.approx(jiwer.wer(references, hypotheses))
    assert metrics.character_error(references, hypotheses) == pytest.approx(jiwer.cer(references, hypotheses))
    mine = [metrics.edits(r.split(), h.split()) for r, h in texts]
    theirs = jiwer.process_words(references, hypotheses)
    assert sum(e.distance for e in mine) == theirs.substitutions + theirs.insertions + theirs.deletions


def test_errors_are_of_all_texts_together_and_can_pass_1():
    assert metrics.character_error(["ab", "cdef"], ["ab", "cd"]) == pytest.approx(2 / 6)
    assert metrics.word_error(["one", "two"], ["one two three", "two"]) == 1
    assert metrics.word_error(["no"], ["yes it is"]) == 3
    assert metrics.character_error(["seven", ""], ["seven", "x"]) == pytest.approx(1 / 5)


def test_exact_match_means_every_character():
    assert metrics.exact_match(["a b", "c", ["d", "e"]], ["a b", "C", "e"]) == pytest.approx(2 / 3)
    assert metrics.exact_match(["a  b"], ["a b"]) == 0
    assert metrics.exact_match([[1, 2]], [[1, 2]]) == 1


def test_counts_are_what_an_interval_draws_again():
    rng = np.random.default_rng(0)
    words = ["a", "red", "cat", "sat", "on", "it"]
    references = [" ".join(rng.choice(words, 6)) for _ in range(30)]
    hypotheses = [" ".join(rng.choice([*words, *reference.split() * 4], 6)) for reference in references]
    drawn = rng.integers(30, size=30)
    again = [references[i] for i in drawn], [hypotheses[i] for i in drawn]
    counts = metrics.bleu_counts(references, hypotheses, 2)
    assert counts.shape == (30, 6)
    assert metrics.bleu_of_counts(counts[drawn]) == metrics.bleu(*again, 2) > 0
    assert metrics.chrf_of_counts(metrics.chrf_counts(references, hypotheses)[drawn]) == metrics.chrf(*again)
    for of, error in (("characters", metrics.character_error), ("words", metrics.word_error)):
        assert metrics.error_of_counts(metrics.error_counts(references, hypotheses, of)[drawn]) == error(*again)
    low, high = metrics.bootstrap(metrics.bleu_of_counts, counts, rng=rng, resamples=200)
    assert low < metrics.bleu(references, hypotheses, 2) < high


def test_sets_of_scores():
    assert metrics.text_scores(["a red cat sat"], ["a red cat sat"]) == {
        "bleu_1": 1, "bleu_4": 1, "chrf": 1, "exact_match": 1,
    }  # fmt: skip
    assert metrics.recognition_scores(["one", "two"], ["one", "too"]) == {
        "character_error": pytest.approx(1 / 6), "word_error": 0.5, "exact_match": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.bleu(["a"], []), ValueError, "bleu: 1 references, 0 hypotheses"),
        (lambda: metrics.chrf([], []), ValueError, "chrf: 0 references"),
        (lambda: metrics.bleu("a b", "a b"), TypeError, "a string in place of a list"),
        (lambda: metrics.bleu([[]], ["a"]), ValueError, "hypothesis 0 has no reference"),
        (lambda: metrics.bleu([[["a"]]], ["a"]), TypeError, r"text 0 is \['a'\]; expected a string"),
        (lambda: metrics.bleu(["a"], [["a"]]), TypeError, "expected a sequence of tokens"),
        (lambda: metrics.word_error(["a", None], ["a", "b"]), TypeError, "None"),
        (lambda: metrics.bleu(["a"], ["a"], 0), ValueError, "order=0"),
        (lambda: metrics.bleu(["a"], ["a"], smoothing="add"), ValueError, "smoothing='add'"),
        (lambda: metrics.error_counts(["a"], ["a"], "letters"), ValueError, "of='letters'"),
        (lambda: metrics.chrf(["a"], ["a"], beta=0), ValueError, "beta=0"),
        (lambda: metrics.word_error([["a", "b"]], ["a"]), ValueError, "word_error: 2 references for one"),
        (lambda: metrics.character_error(["", ""], ["", "a"]), ValueError, "all references are empty"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
