"""The namer: begins as the mean name, learns names of pictures by voice, and takes no false negative for a mistake."""

import numpy as np
import pytest

from tinyxm import optim
from tinyxm.models.audio_image import embedded
from tinyxm.models.namer import Namer, SpokenTower, Voice
from tinyxm.models.two_towers import ImageTower

FRAMES, BANDS, SIZE = 16, 6, 32


def namer(voices=2, contrast=1.0, seed=0):
    rng = np.random.default_rng(seed)
    image = ImageTower(channels=3, widths=(8, 16), dimensions=SIZE, dropout=0.0, rng=rng)
    sound = SpokenTower(FRAMES, BANDS, SIZE, 16, 0.0, rng=rng)
    return Namer(image, sound, Voice(voices, FRAMES, BANDS, SIZE, 24, rng=rng), contrast, 10.0, 8)


def concepts(rng, count=6, voices=2):
    """Pictures (count, 16, 16, 3) and what each voice calls them (voices, count, frames, bands)."""
    pictures = rng.normal(size=(count, 16, 16, 3)).astype(np.float32)
    names = rng.uniform(-1, 1, (voices, count, FRAMES, BANDS)).astype(np.float32)
    return pictures, names


def test_it_begins_as_the_mean_name_of_its_voice():
    rng = np.random.default_rng(0)
    model, (pictures, names) = namer(), concepts(rng)
    usual = names.mean(axis=1)
    model.voice.usual.data = usual
    voices = np.array([0, 1, 0, 1, 0, 1])
    heard = np.stack([embedded(model.sound, said) for said in names])
    made = model.name(pictures, voices, heard)
    off = np.abs(made - usual[voices]).mean()
    assert 0 < off < 0.3 * np.abs(names - usual[:, None]).mean()
    np.testing.assert_allclose(made, model.name(pictures, voices, heard, block=2), atol=1e-5)


def test_it_learns_what_pictures_are_called_by_each_voice():
    rng = np.random.default_rng(1)
    model, (pictures, names) = namer(), concepts(rng)
    usual = names.mean(axis=1)
    model.voice.usual.data = usual
    optimizer, order = optim.AdamW(model.parameters(), lr=4e-3), np.arange(6)
    for _ in range(250):
        voices = rng.integers(0, 2, 6)
        views = np.concatenate([pictures, pictures + 0.1 * rng.normal(size=pictures.shape).astype(np.float32)])
        optimizer.zero_grad()
        model.loss(views, names[voices, order], voices).backward()
        optimizer.step()
    heard = np.stack([embedded(model.sound, said) for said in names])
    for voice in (0, 1):
        made = model.name(pictures, np.full(6, voice), heard)
        off = np.abs(made[:, None] - names[voice]).mean(axis=(2, 3))  # of each made to each name
        assert off.argmin(axis=1).tolist() == order.tolist()
        assert np.diag(off).mean() < 0.5 * np.abs(names[voice] - usual[voice]).mean()
        other = np.abs(made - names[1 - voice]).mean()
        assert np.diag(off).mean() < 0.6 * other


def test_what_cannot_be_told_apart_is_no_mistake():
    rng = np.random.default_rng(2)
    model, (pictures, names) = namer(), concepts(rng, 4)
    views, voices = np.concatenate([pictures[[0, 0, 2, 3]]] * 2), np.zeros(4, int)
    same = np.eye(4, dtype=bool)
    same[0, 1] = same[1, 0] = True
    blind, told = (float(model.loss(views, names[0, [0, 0, 2, 3]], voices, mask).data) for mask in (None, same))
    # near the start all four of a batch are about as likely; two of the rows lose one rival, in each of three contrasts
    assert blind - told == pytest.approx(3 * np.log(4 / 3) / 2, abs=0.2)


def test_the_contrast_can_be_left_out():
    rng = np.random.default_rng(3)
    pictures, names = concepts(rng, 4)
    views, voices = np.concatenate([pictures, pictures]), np.zeros(4, int)
    full, without = (float(namer(contrast=c).loss(views, names[0], voices).data) for c in (1.0, 0.0))
    assert full - without == pytest.approx(np.log(4), abs=0.5)  # it starts near knowing nothing


def test_what_does_not_fit_is_told():
    model = namer()
    with pytest.raises(ValueError, match="3 views and 2 names: expected two views"):
        model.loss(np.zeros((3, 16, 16, 3), np.float32), np.zeros((2, FRAMES, BANDS), np.float32), np.zeros(2, int))
    with pytest.raises(ValueError, match="Voice: 20 frames: expected a multiple of 8"):
        Voice(1, 20, BANDS, SIZE)
