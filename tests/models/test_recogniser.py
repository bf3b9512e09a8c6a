"""The recogniser: padding tells it nothing, and it learns to spell what it can hear."""

import numpy as np

from tinyxm import optim
from tinyxm.models.ctc_decoding import greedy
from tinyxm.models.recogniser import Recogniser


def sounds(labels, rng, bands=6):
    """Each label as a few frames of its own band, with noise and a gap: (frames, bands)."""
    x = []
    for label in labels:
        x += [np.eye(bands)[label]] * rng.integers(3, 6) + [np.zeros(bands)] * rng.integers(2, 4)
    return (np.array(x) + 0.1 * rng.normal(size=(len(x), bands))).astype(np.float32)


def padded(rows, value=0.0):
    lengths = np.array([len(row) for row in rows])
    x = np.full((len(rows), lengths.max(), *rows[0].shape[1:]), value, rows[0].dtype)
    for i, row in enumerate(rows):
        x[i, : len(row)] = row
    return x, lengths


def test_what_lies_beyond_the_end_changes_nothing():
    rng = np.random.default_rng(0)
    model = Recogniser(6, 5, 16, 8, rng=rng)
    rows = [rng.normal(size=(n, 6)).astype(np.float32) for n in (9, 14, 5)]
    together = model.log_probabilities(*padded(rows, value=7.0))
    for row, told in zip(rows, together, strict=True):
        (alone,) = model.log_probabilities(row[None], np.array([len(row)]))
        assert told.shape == ((len(row) + 1) // 2, 5)
        np.testing.assert_allclose(told, alone, atol=2e-6)
        np.testing.assert_allclose(np.exp(told).sum(axis=1), 1, atol=1e-5)


def test_it_learns_to_spell():
    rng = np.random.default_rng(1)
    model = Recogniser(6, 6, 32, 24, dropout=0.0, rng=rng)
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)

    def batch(n):
        said = [rng.integers(1, 6, rng.integers(1, 5)) for _ in range(n)]
        return said, (*padded([sounds(labels, rng) for labels in said]), *padded(said))

    for _ in range(120):
        optimizer.zero_grad()
        loss = model.loss(*batch(16)[1])
        loss.backward()
        optimizer.step()
    said, (x, lengths, *_) = batch(40)
    heard = [greedy(log_p) for log_p in model.log_probabilities(x, lengths)]
    assert np.mean([tuple(labels) == found for labels, found in zip(said, heard, strict=True)]) > 0.9
