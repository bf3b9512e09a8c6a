"""The towers of sounds and pictures: shapes, unit length, the loss by its formula, gradients."""

import numpy as np
import pytest

from tinyxm.models.audio_image import AudioImage, PictureTower, SoundTower, embedded

rng = np.random.default_rng(0)
SOUNDS = rng.standard_normal((6, 20, 13, 1)).astype(np.float32)
PICTURES = rng.random((6, 28, 28, 1)).astype(np.float32)
CLASSES = np.array([0, 1, 2, 0, 1, 3])


def towers():
    generator = np.random.default_rng(1)
    sound = SoundTower((20, 13), 16, (4, 6, 8), rng=generator)
    return AudioImage(sound, PictureTower((28, 28), 16, (4, 6), rng=generator)).eval()


def test_vectors_have_unit_length_whatever_the_size():
    model = towers()
    for tower, x in ((model.sound, SOUNDS), (model.picture, PICTURES)):
        vectors = embedded(tower, x, block=4)
        assert vectors.shape == (6, 16)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    with pytest.raises(ValueError, match=r"SoundTower: x \(6, 28, 28, 1\): expected \(n, 20, 13, 1\)"):
        model.sound(PICTURES)


def test_pairs_of_one_class_take_no_part_in_the_loss():
    model = towers()
    a, b = (embedded(tower, x).astype(float) for tower, x in ((model.sound, SOUNDS), (model.picture, PICTURES)))
    s = a @ b.T * 10
    s[(CLASSES[:, None] == CLASSES) & ~np.eye(6, dtype=bool)] = -np.inf
    both = [np.diag(m) - np.log(np.exp(m).sum(1)) for m in (s, s.T)]
    assert model.loss(SOUNDS, PICTURES, CLASSES).item() == pytest.approx(-np.mean(both), rel=1e-4)


def test_gradients_reach_every_parameter_and_agree_with_differences():
    model = towers()
    for p in model.parameters():
        p.data = p.data.astype(np.float64)
    given = SOUNDS.astype(float), PICTURES.astype(float), CLASSES
    model.loss(*given).backward()
    for path, p in model.named_parameters():
        assert p.grad is not None, path
        direction, kept = np.random.default_rng(2).standard_normal(p.shape), p.data
        found = []
        for sign in (1, -1):
            p.data = kept + sign * 1e-6 * direction
            found.append(model.loss(*given).item())
        p.data = kept
        expected = np.sum(p.grad * direction)
        assert (found[0] - found[1]) / 2e-6 == pytest.approx(expected, rel=1e-3, abs=1e-7), path


def test_the_scale_is_held():
    model = towers()
    assert model.temperature == pytest.approx(0.1)
    model.log_scale.data[:] = 9
    assert model.temperature == pytest.approx(1 / 20)
