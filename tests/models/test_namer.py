"""The namer: towers recognise and recall; a voice begins as its mean name, and learns to say each name its own way."""

import numpy as np
import pytest

from tinyxm import optim
from tinyxm.models.audio_image import embedded
from tinyxm.models.namer import ImageSound, SpokenTower, Voice
from tinyxm.models.two_towers import ImageTower

FRAMES, BANDS, SIZE = 16, 6, 32


def towers(seed=0):
    rng = np.random.default_rng(seed)
    image = ImageTower(channels=3, widths=(8, 16), dimensions=SIZE, dropout=0.0, rng=rng)
    return ImageSound(image, SpokenTower(FRAMES, BANDS, SIZE, 16, 0.0, rng=rng))


def concepts(rng, count=6, voices=2):
    """Pictures (count, 16, 16, 3) and what each voice calls them (voices, count, frames, bands)."""
    pictures = rng.normal(size=(count, 16, 16, 3)).astype(np.float32)
    names = rng.uniform(-1, 1, (voices, count, FRAMES, BANDS)).astype(np.float32)
    return pictures, names


def test_towers_learn_whose_name_is_whose_and_recall_it():
    rng = np.random.default_rng(1)
    model, (pictures, (names, _)) = towers(), concepts(rng)
    optimizer = optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(60):
        views = np.concatenate([pictures, pictures + 0.1 * rng.normal(size=pictures.shape).astype(np.float32)])
        optimizer.zero_grad()
        model.loss(views, names).backward()
        optimizer.step()
    heard = np.stack([embedded(model.sound, names), embedded(model.sound, np.roll(names, 1, axis=1))])
    seen, voices = embedded(model.image, pictures), np.array([0, 1, 0, 1, 0, 1])
    new = pictures + 0.1 * rng.normal(size=pictures.shape).astype(np.float32)
    recalled = model.recall(new, seen, heard, voices, sharpness=2.0)
    for i, voice in enumerate(voices):
        assert (recalled[i] @ heard[voice].T).argmax() == i
        # a mix by the softmax of agreements, written out
        agreement = seen @ embedded(model.image, new[i : i + 1])[0]
        shares = np.exp(2 * agreement * np.exp(min(model.log_scale.data[1], np.log(100))))
        np.testing.assert_allclose(recalled[i], shares / shares.sum() @ heard[voice], atol=1e-4)


def test_what_cannot_be_told_apart_is_no_mistake():
    rng = np.random.default_rng(2)
    model, (pictures, names) = towers(), concepts(rng, 4)
    model.log_scale.data[:] = 0  # at so low a scale all four are about as likely
    views, sounds = np.concatenate([pictures[[0, 0, 2, 3]]] * 2), names[0, [0, 0, 2, 3]]
    same = np.eye(4, dtype=bool)
    same[0, 1] = same[1, 0] = True
    blind, told = (float(model.loss(views, sounds, mask).data) for mask in (None, same))
    # two of the rows lose one of four rivals, in the contrast with sounds and in that with drawings
    assert blind - told == pytest.approx(2 * np.log(4 / 3) / 2, abs=0.15)


def test_a_voice_begins_as_its_mean_name_at_any_width():
    rng = np.random.default_rng(0)
    _, names = concepts(rng)
    usual, who = names.mean(axis=1), np.array([0, 1, 0, 1, 0, 1])
    vectors = rng.normal(size=(6, SIZE)).astype(np.float32) / np.sqrt(np.float32(SIZE))
    for width in (24, 192):
        voice = Voice(2, FRAMES, BANDS, SIZE, 64, width, rng=rng)
        voice.usual.data = usual
        said = voice.say(vectors, who)
        assert 0 < np.abs(said - usual[who]).mean() < 0.15 * np.abs(names - usual[:, None]).mean()
        np.testing.assert_allclose(said, voice.say(vectors, who, block=4), atol=1e-5)


def test_a_voice_learns_names_and_each_voice_its_own():
    rng = np.random.default_rng(1)
    _, names = concepts(rng)
    voice, vectors = Voice(2, FRAMES, BANDS, SIZE, 64, 24, rng=rng), rng.normal(size=(6, SIZE)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    voice.usual.data = names.mean(axis=1)
    optimizer, order = optim.AdamW(voice.parameters(), lr=4e-3), np.arange(6)
    for _ in range(200):
        who = rng.integers(0, 2, 6)
        optimizer.zero_grad()
        voice.loss(vectors, names[who, order], who).backward()
        optimizer.step()
    for who in (0, 1):
        said = voice.say(vectors, np.full(6, who))
        off = np.abs(said[:, None] - names[who]).mean(axis=(2, 3))  # of each said to each name
        assert off.argmin(axis=1).tolist() == order.tolist()
        assert np.diag(off).mean() < 0.65 * np.abs(names[who] - voice.usual.data[who]).mean()
        assert np.diag(off).mean() < 0.6 * np.abs(said - names[1 - who]).mean()


def test_the_loss_is_its_formula():
    rng = np.random.default_rng(3)
    _, names = concepts(rng, 4)
    voice, who = Voice(2, FRAMES, BANDS, SIZE, 64, 24, rng=rng), np.array([0, 1, 1, 0])
    voice.usual.data = names.mean(axis=1)
    vectors, true = rng.normal(size=(4, SIZE)).astype(np.float32), names[who, np.arange(4)]
    said, usual = voice.say(vectors, who), voice.usual.data[who]
    a, b = (
        (x - usual).reshape(4, -1) / np.linalg.norm((x - usual).reshape(4, -1), axis=1)[:, None] for x in (said, true)
    )
    s = 20 * a @ b.T
    wrong = [np.mean(np.log(np.exp(t).sum(axis=1)) - np.diag(t)) for t in (s, s.T)]
    off = 10 * np.abs(said - true).mean()
    assert float(voice.loss(vectors, true, who).data) == pytest.approx(off + np.mean(wrong), rel=1e-4)
    assert float(voice.loss(vectors, true, who, contrast=0.0).data) == pytest.approx(off, rel=1e-4)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="3 views and 2 names: expected two views"):
        towers().loss(np.zeros((3, 16, 16, 3), np.float32), np.zeros((2, FRAMES, BANDS), np.float32))
    with pytest.raises(ValueError, match="Voice: 20 frames: expected a multiple of 8"):
        Voice(1, 20, BANDS, SIZE)
