"""CTC decoding against all paths there are, one by one; n-grams against counts by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm.models.ctc_decoding import NGrams, WordList, align, collapse, greedy, prefix_beam
from tinyxm.ops import ctc


def random_log_p(time, classes, seed, sharp=2.0):
    logits = sharp * np.random.default_rng(seed).normal(size=(time, classes))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def every_path(log_p, blank=0):
    """{labels: [(ln probability, path), ...]}: all classesᵗⁱᵐᵉ paths by what they say."""
    found = {}
    for path in product(range(log_p.shape[1]), repeat=len(log_p)):
        score = sum(log_p[t, c] for t, c in enumerate(path))
        found.setdefault(collapse(path, blank), []).append((score, path))
    return found


def test_what_paths_say():
    assert collapse([0, 3, 3, 0, 3, 1, 1, 0]) == (3, 3, 1)
    assert collapse([2, 2, 0, 1], blank=2) == (0, 1)
    assert collapse([]) == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 10**6), st.data())
def test_a_wide_beam_sums_over_all_paths(time, classes, seed, data):
    blank = data.draw(st.integers(0, classes - 1))
    log_p = random_log_p(time, classes, seed)
    sums = {y: np.logaddexp.reduce([score for score, _ in ways]) for y, ways in every_path(log_p, blank).items()}
    found = prefix_beam(log_p, width=10_000, blank=blank, least=0)
    assert {h.labels for h in found} == set(sums)
    for h in found:
        assert h.score == pytest.approx(sums[h.labels], abs=1e-9)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_a_language_model_is_counted_label_by_label_and_at_the_end(time, seed):
    log_p = random_log_p(time, 3, seed)
    language = NGrams([(1, 2, 2), (2, 1)], 3, order=3)
    expected = {}
    for y, ways in every_path(log_p).items():
        prior = sum(language(y[:i])[c] for i, c in enumerate(y)) + language(y)[0]
        expected[y] = np.logaddexp.reduce([score for score, _ in ways]) + 0.7 * prior + 0.4 * len(y)
    found = prefix_beam(log_p, 10_000, language=language, weight=0.7, bonus=0.4, least=0)
    assert {h.labels: h.score for h in found} == pytest.approx(expected, abs=1e-9)


def test_the_best_path_need_not_say_the_best_labels():
    # Graves 2006, figure 2: blank alone is the best path, .36; the paths that say "1" have .64 together
    log_p = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert greedy(log_p) == ()
    best = prefix_beam(log_p)[0]
    assert best.labels == (1,)
    assert np.exp(best.score) == pytest.approx(0.64)


def test_a_narrow_beam_keeps_the_width_and_is_no_better_than_a_wide_one():
    log_p = random_log_p(12, 6, 3)
    narrow, wide = prefix_beam(log_p, 2, least=0), prefix_beam(log_p, 400, least=0)
    assert len(narrow) == 2
    assert narrow[0].score <= wide[0].score + 1e-9


def test_the_loss_is_the_beams_score():
    log_p = random_log_p(6, 4, 7)
    for y, score in prefix_beam(log_p, 10_000, least=0)[:20]:
        labels = np.array([y]) if y else np.zeros((1, 0), np.int64)
        loss = ctc(log_p[None], labels, np.array([6]), np.array([len(y)]), reduction="sum")
        assert -float(loss) == pytest.approx(score, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 10**6))
def test_alignment_is_that_of_the_best_path(time, labels, seed):
    log_p = random_log_p(time, 4, seed)
    ways = every_path(log_p).get(tuple(labels))
    if ways is None:
        with pytest.raises(ValueError, match="don't fit"):
            align(log_p, labels)
        return
    path = max(ways)[1]
    spans = align(log_p, labels)
    drawn = np.zeros(time, int)
    for label, (start, end) in zip(labels, spans, strict=True):
        assert end > start
        drawn[start:end] = label
    assert tuple(drawn) == path


def test_a_word_list_lets_nothing_else_be_said():
    log_p, texts = random_log_p(5, 4, 1), [(1,), (1, 2), (3, 3), (2, 1, 3)]
    words = WordList([*texts, (1,)], 4)
    sums = {y: np.logaddexp.reduce([score for score, _ in ways]) for y, ways in every_path(log_p).items()}
    found = prefix_beam(log_p, 10_000, language=words, weight=1, least=0)
    assert {h.labels: h.score for h in found} == pytest.approx({y: sums[y] - np.log(4) for y in texts}, abs=1e-9)
    assert np.exp(words((1,))).tolist() == [0.5, 0, 0.5, 0]
    assert not np.isfinite(words((2, 2))).any()


def test_n_grams_by_hand():
    language = NGrams([(1, 1), (1, 2)], 3, order=2)
    # unigrams: 1 three times, 2 once, end twice: three kinds in six; uniform below
    one = (3 + 3 / 3) / (6 + 3)
    # after 1: 1, end, 2, once each; three kinds
    assert np.exp(language((2, 1))[1]) == pytest.approx((1 + 3 * one) / (3 + 3))
    assert np.exp(language(())[1]) == pytest.approx((2 + 1 * one) / (2 + 1))
    for before in ((), (1,), (2, 2), (1, 2)):
        assert np.exp(language(before)).sum() == pytest.approx(1)


def test_refusals():
    with pytest.raises(ValueError, match=r"prefix_beam: width 0"):
        prefix_beam(random_log_p(2, 3, 0), 0)
    with pytest.raises(ValueError, match=r"greedy: \(3,\); expected floating-point"):
        greedy(np.zeros(3))
    with pytest.raises(ValueError, match=r"blank 5 is none of the classes 0 \.\.\. 2"):
        prefix_beam(random_log_p(2, 3, 0), blank=5)
    with pytest.raises(ValueError, match="order 0"):
        NGrams([(1,)], 3, 0)
