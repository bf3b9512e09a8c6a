"""The speaker: frames belong to their phonemes, padding changes nothing, and it learns sounds and their lengths."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm import optim
from tinyxm.models.speaker import Speaker, spread


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=4))
def test_each_frame_belongs_to_its_phoneme(rows):
    frames = np.array(rows)
    frames[:, 0] += 1  # no word is empty
    which, places = spread(frames)
    for row, owners, where in zip(frames, which, places, strict=True):
        total = row.sum()
        assert owners[:total].tolist() == np.repeat(np.arange(3), row).tolist()
        within = np.concatenate([(np.arange(n) + 0.5) / n for n in row if n])
        np.testing.assert_allclose(where[:total, 0], within, rtol=1e-6)
        np.testing.assert_allclose(np.expm1(where[:total, 1]), row[owners[:total]], rtol=1e-5)
        np.testing.assert_allclose(np.expm1(where[:total, 2]), np.arange(total), rtol=1e-5)
        np.testing.assert_allclose(np.expm1(where[:total, 3]), np.arange(total)[::-1], rtol=1e-5, atol=1e-6)


def words(rng, count, names=5):
    lengths = rng.integers(2, 5, count)
    phonemes, stresses = rng.integers(1, names, (count, 4)), rng.integers(0, 3, (count, 4))
    real = np.arange(4) < lengths[:, None]
    return phonemes * real, stresses * real, lengths, (phonemes + stresses + 1) * real


def test_padding_changes_nothing():
    rng = np.random.default_rng(0)
    model = Speaker(5, 7, 16, 2, rng=rng)
    phonemes, stresses, lengths, _ = words(rng, 6)
    together = model.speak(phonemes, stresses, lengths)
    for i, length in enumerate(lengths):
        (alone,) = model.speak(phonemes[i : i + 1, :length], stresses[i : i + 1, :length], lengths[i : i + 1])
        np.testing.assert_allclose(together[i], alone, atol=2e-6)


def test_it_learns_what_phonemes_sound_like_and_how_long_they_last():
    rng = np.random.default_rng(1)
    model = Speaker(5, 6, 32, 2, dropout=0.0, rng=rng)
    optimizer = optim.AdamW(model.parameters(), lr=4e-3)
    colours = rng.normal(size=(5, 6)).astype(np.float32)

    def batch(count):
        phonemes, stresses, lengths, frames = words(rng, count)
        rows = [np.repeat(colours[p], f, axis=0) for p, f in zip(phonemes, frames, strict=True)]
        mels = np.zeros((count, max(map(len, rows)), 6), np.float32)
        for i, row in enumerate(rows):
            mels[i, : len(row)] = row
        return (phonemes, stresses, lengths, frames, mels), rows

    for _ in range(300):
        optimizer.zero_grad()
        model.loss(*batch(16)[0]).backward()
        optimizer.step()
    (phonemes, stresses, lengths, *_), rows = batch(20)
    spoken = model.speak(phonemes, stresses, lengths)
    same = [len(a) == len(b) for a, b in zip(spoken, rows, strict=True)]
    assert np.mean(same) > 0.7
    errors = [np.abs(a - b).mean() for a, b, equal in zip(spoken, rows, same, strict=True) if equal]
    assert np.mean(errors) < 0.2 * np.abs(colours).mean()
    slow = model.speak(phonemes, stresses, lengths, pace=0.5)
    assert sum(map(len, slow)) > 1.8 * sum(map(len, spoken))
