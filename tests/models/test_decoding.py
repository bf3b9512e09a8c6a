"""Decoding held to what can be enumerated: all texts there are, and their probabilities."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm.autograd import Tensor
from tinyxm.models.decoding import Hypothesis, beam, greedy, sample

BEGIN, END, WORDS = 0, 1, 4  # of four tokens, 2 and 3 are words


class Language:
    """p(next | all that was written), drawn at random for each prefix: nothing shorter than the whole prefix tells it.

    The state is the prefix, once as an array, once as a Tensor, in a dictionary within a tuple, and a list.
    """

    def __init__(self, seed: int, sharpness: float = 2.0) -> None:
        self.seed, self.sharpness = seed, sharpness

    def logits(self, which: int, prefix: tuple[int, ...]) -> np.ndarray:
        return np.random.default_rng([self.seed, which, *prefix]).normal(0, self.sharpness, WORDS)

    def start(self, n: int):
        empty = np.zeros((n, 0), np.int64)
        return ({"written": empty, "also": Tensor(empty.astype(np.float32))}, [np.arange(n), None])

    def step(self, state, tokens):
        kept, (which, nothing) = state
        written = np.concatenate([kept["written"], tokens[:, None]], axis=1)
        also = np.concatenate([kept["also"].data, tokens[:, None]], axis=1).astype(np.float32)
        assert (also == written).all()
        assert nothing is None
        rows = [self.logits(int(w), tuple(row)) for w, row in zip(which, written.tolist(), strict=True)]
        return np.array(rows), ({"written": written, "also": Tensor(also)}, [which, None])

    def log_probability_of(self, which: int, prefix: tuple[int, ...], token: int) -> float:
        a = self.logits(which, prefix)
        return float(a[token] - np.log(np.exp(a).sum()))

    def log_probability(self, which: int, tokens: tuple[int, ...], ended: bool) -> float:
        written = (BEGIN, *tokens, END) if ended else (BEGIN, *tokens)
        return sum(self.log_probability_of(which, written[:i], written[i]) for i in range(1, len(written)))

    def all_texts(self, which: int, longest: int) -> list[Hypothesis]:
        """Each text of tokens other than END that ends by itself within `longest`, END included."""
        words = [token for token in range(WORDS) if token != END]
        texts = [t for length in range(longest) for t in product(words, repeat=length)]
        return [Hypothesis(t, self.log_probability(which, t, True), True) for t in texts]


def by_hand(language: Language, which: int, longest: int) -> tuple[tuple[int, ...], bool]:
    prefix: tuple[int, ...] = (BEGIN,)
    while len(prefix) <= longest:
        token = int(language.logits(which, prefix).argmax())
        if token == END:
            return prefix[1:], True
        prefix += (token,)
    return prefix[1:], False


@given(seed=st.integers(0, 10_000), n=st.integers(1, 4), longest=st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_greedy_takes_the_most_probable_token_each_time_and_tells_what_it_cost(seed, n, longest):
    language = Language(seed)
    found = greedy(language.step, language.start(n), np.full(n, BEGIN), END, longest)
    for which, text in enumerate(found):
        assert (text.tokens, text.ended) == by_hand(language, which, longest)
        assert text.log_probability == pytest.approx(language.log_probability(which, text.tokens, text.ended))


@given(seed=st.integers(0, 10_000), n=st.integers(1, 3), longest=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_a_beam_of_one_is_greedy_and_so_is_sampling_from_the_first_alone(seed, n, longest):
    language, begin = Language(seed), np.full(n, BEGIN)
    found = greedy(language.step, language.start(n), begin, END, longest)
    assert [best for (best,) in beam(language.step, language.start(n), begin, END, longest, width=1)] == found
    assert sample(language.step, language.start(n), begin, END, longest, top_k=1, rng=np.random.default_rng(0)) == found
    cold = sample(language.step, language.start(n), begin, END, longest, temperature=1e-6, rng=np.random.default_rng(0))
    assert cold == found


@pytest.mark.parametrize("length_power", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_beam_wide_enough_finds_the_best_of_all_texts(seed, length_power):
    language, longest, n = Language(seed), 4, 2
    everything = beam(
        language.step,
        language.start(n),
        np.full(n, BEGIN),
        END,
        longest,
        width=WORDS**longest,
        length_power=length_power,
    )
    for which, found in enumerate(everything):
        ended = [text for text in found if text.ended]
        expected = sorted(language.all_texts(which, longest), key=lambda text: -text.score(length_power))
        assert [text.tokens for text in ended] == [text.tokens for text in expected]
        np.testing.assert_allclose(
            [text.log_probability for text in ended], [text.log_probability for text in expected]
        )
        assert found[: len(ended)] == ended  # those cut off come last


@given(seed=st.integers(0, 10_000), width=st.integers(1, 5), longest=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_a_beam_is_that_of_the_textbook_and_what_goes_together_is_as_if_alone(seed, width, longest):
    language, n = Language(seed, 1.0), 3
    together = beam(language.step, language.start(n), np.full(n, BEGIN), END, longest, width=width)
    for which in range(n):
        under_way, done = [((BEGIN,), 0.0)], []
        for _ in range(longest):
            candidates = [
                ((*prefix, token), total + language.log_probability_of(which, prefix, token))
                for prefix, total in under_way
                for token in range(WORDS)
            ]
            kept = sorted(candidates, key=lambda c: -c[1])[: width - len(done)]
            done += [Hypothesis(prefix[1:-1], total, True) for prefix, total in kept if prefix[-1] == END]
            under_way = [c for c in kept if c[0][-1] != END]
        done += [Hypothesis(prefix[1:], total, False) for prefix, total in under_way]
        expected = sorted(done, key=lambda text: (not text.ended, -text.score(1.0)))
        assert [(t.tokens, t.ended) for t in together[which]] == [(t.tokens, t.ended) for t in expected]
        np.testing.assert_allclose([t.log_probability for t in together[which]], [t.log_probability for t in expected])


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, None), (0.5, None), (2.0, 2), (1.0, 3)])
def test_samples_are_as_frequent_as_they_are_probable(temperature, top_k):
    logits, n = np.array([0.5, -1.0, 1.5, 0.0]), 20_000
    found = sample(
        lambda state, tokens: (np.tile(logits, (len(tokens), 1)), state),
        None,
        np.full(n, BEGIN),
        END,
        1,
        temperature=temperature,
        top_k=top_k,
        rng=np.random.default_rng(0),
    )
    expected = np.exp(logits / temperature)
    if top_k:
        expected[np.argsort(-logits)[top_k:]] = 0
    expected /= expected.sum()
    first = np.array([END if text.ended else text.tokens[0] for text in found])
    shares = np.bincount(first, minlength=WORDS) / n
    assert np.abs(shares - expected).max() < 4 * np.sqrt(0.25 / n)
    for text in found[:20]:  # the model's own, whatever the temperature
        token = END if text.ended else text.tokens[0]
        assert text.log_probability == pytest.approx(logits[token] - np.log(np.exp(logits).sum()))


def test_what_must_not_be_written_is_not():
    language, n = Language(3), 8
    begin = np.full(n, BEGIN)
    assert any(BEGIN in text.tokens for text in greedy(language.step, language.start(n), begin, END, 6))
    for found in (
        greedy(language.step, language.start(n), begin, END, 6, never=[BEGIN]),
        sample(language.step, language.start(n), begin, END, 6, never=[BEGIN], rng=np.random.default_rng(0)),
        [text for row in beam(language.step, language.start(n), begin, END, 6, never=[BEGIN], width=3) for text in row],
    ):
        assert all(BEGIN not in text.tokens for text in found)


def test_length_is_paid_for_or_not():
    short, long = Hypothesis((2,), -2.0, True), Hypothesis((2, 2, 2, 2, 2), -3.0, True)
    assert short.score(0) > long.score(0)
    assert short.score(1) < long.score(1)
    assert long.score(1) == -3.0 / 6  # five tokens and the end


def test_a_beam_can_find_what_greed_misses():
    """The classic: the first word that looks best leads nowhere."""
    table = {(0,): [-9, -9, 0.1, 0.0], (0, 2): [0.0, 0.1, 0.0, 0.0], (0, 3): [-9, 5.0, -9, -9]}

    def step(written, tokens):
        written = np.concatenate([written, tokens[:, None]], axis=1)
        return np.array([table.get(tuple(row), [-9, 5.0, -9, -9]) for row in written.tolist()]), written

    start = np.zeros((1, 0), np.int64)
    (plain,), ((best, *_),) = greedy(step, start, [0], 1, 5), beam(step, start, [0], 1, 5, width=2)
    assert plain.tokens == (2,)
    assert best.tokens == (3,)
    assert best.log_probability > plain.log_probability


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s, f: greedy(f, s, [], 1, 5), ValueError, "one token, an integer, for each text"),
        (lambda s, f: greedy(f, s, [0.0], 1, 5), ValueError, "float64"),
        (lambda s, f: greedy(f, s, [0], 1, 0), ValueError, "longest 0"),
        (lambda s, f: beam(f, s, [0], 1, 5, width=0), ValueError, "width 0"),
        (lambda s, f: sample(f, s, [0], 1, 5, temperature=0), ValueError, "temperature 0"),
        (lambda s, f: greedy(lambda s, t: (np.zeros(3), s), s, [0], 1, 5), ValueError, r"\(1, vocabulary\)"),
        (lambda s, f: beam(lambda s, t: (np.full((1, 3), np.nan), s), s, [0], 1, 5), FloatingPointError, "nan"),
    ],
)
def test_misuse_is_told(call, error, words):
    language = Language(0)
    with pytest.raises(error, match=words):
        call(language.start(1), language.step)
