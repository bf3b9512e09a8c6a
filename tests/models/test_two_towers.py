"""Two towers: shapes, unit length, gradients, and the loss by its formula."""

import numpy as np
import pytest

import tinyxm as xm
from tinyxm.models.two_towers import ImageTower, TextTower, TwoTowers

rng = np.random.default_rng(0)
VIEWS = rng.standard_normal((8, 16, 16, 11)).astype(np.float32)
BAG = (np.array([0, 3, 2, 2, 6, 1]), np.array([0, 2, 3, 5]), rng.uniform(0.1, 1, 6).astype(np.float32))


def towers():
    generator = np.random.default_rng(1)
    return TwoTowers(ImageTower(widths=(8, 16), rng=generator), TextTower(7, rng=generator))


def test_vectors_have_unit_length_and_the_default_has_the_recipe_s_size():
    model = towers().eval()
    for vectors, n in ((model.image(VIEWS), 8), (model.text(BAG), 4)):
        assert vectors.shape == (n, 128)
        assert np.allclose(np.linalg.norm(vectors.data, axis=1), 1, atol=1e-5)
    assert sum(p.size for p in ImageTower().parameters()) == 342_912


def test_the_loss_is_its_formula():
    model = towers().eval()
    images, texts = model.image(VIEWS).data.astype(float), model.text(BAG).data.astype(float)

    def info_nce(a, b):
        s = a @ b.T / 0.07
        both = [m - np.log(np.exp(m).sum(1, keepdims=True)) for m in (s, s.T)]
        return -np.mean([np.diag(m).mean() for m in both])

    expected = (info_nce(images[:4], texts) + info_nce(images[4:], texts)) / 2 + info_nce(images[:4], images[4:])
    assert model.loss(VIEWS, BAG).item() == pytest.approx(expected, rel=1e-4)


def test_the_loss_by_sigmoids_is_its_formula_and_learns_its_bias():
    generator = np.random.default_rng(1)
    image, text = ImageTower(widths=(8, 16), rng=generator), TextTower(7, rng=generator)
    model = TwoTowers(image, text, "sigmoid").eval()
    images, texts = model.image(VIEWS).data.astype(float), model.text(BAG).data.astype(float)

    def sigmoid(a, b):
        sign = 2 * np.eye(len(a)) - 1
        return np.mean(np.sum(np.log1p(np.exp(-sign * (10 * a @ b.T - 10))), axis=1))

    expected = (sigmoid(images[:4], texts) + sigmoid(images[4:], texts)) / 2 + sigmoid(images[:4], images[4:])
    loss = model.loss(VIEWS, BAG)
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    loss.backward()
    assert np.all(model.bias.grad != 0)
    with pytest.raises(ValueError, match="contrast 'triplet': expected one of info_nce, sigmoid"):
        TwoTowers(image, text, "triplet")


def test_pairs_of_equal_meaning_are_no_mistakes():
    model = towers().eval()
    same = np.eye(4, dtype=bool)
    assert model.loss(VIEWS, BAG, same).item() == pytest.approx(model.loss(VIEWS, BAG).item(), rel=1e-6)
    same[0, 1] = same[1, 0] = True
    assert model.loss(VIEWS, BAG, same).item() < model.loss(VIEWS, BAG).item()


def test_gradients_reach_every_parameter_and_agree_with_differences():
    model = towers().eval()
    model.loss(VIEWS, BAG).backward()
    assert all(p.grad is not None and np.abs(p.grad).max() > 0 for p in model.parameters())
    named = dict(model.named_parameters())
    for name in ("log_scale", "text.layers.4.bias", "image.layers.0.bias"):
        p = named[name]
        d = rng.standard_normal(p.shape).astype(np.float32)
        values = []
        for step in (1e-2, -1e-2):
            with xm.no_grad():
                p += step * d
                values.append(model.loss(VIEWS, BAG).item())
                p -= step * d
        assert (values[0] - values[1]) / 2e-2 == pytest.approx(float((p.grad * d).sum()), rel=2e-2, abs=2e-3), name


def test_a_batch_without_two_views_each_is_refused():
    with pytest.raises(ValueError, match="7 views and 4 texts"):
        towers().loss(VIEWS[:7], BAG)
