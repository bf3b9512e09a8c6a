"""The conditional VAE: its loss by PyTorch's distributions, its gradient by differences, what it learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyxm as xm
from tinyxm.models.vae import BagEncoder, ConditionalVAE
from tinyxm.optim import Adam

BAG = (np.array([0, 2, 1]), np.array([0, 2]), np.array([0.5, 0.5, 1], np.float32))  # two texts, of two words and one


def small(shape=(8, 12, 3), beta=0.5):
    return ConditionalVAE(shape, vocabulary=3, dimensions=5, widths=(4, 6), beta=beta, rng=np.random.default_rng(0))


def pictures(n, shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (n, *shape)).astype(np.float32)


@given(st.tuples(st.integers(1, 5).map(lambda k: 4 * k), st.integers(1, 5).map(lambda k: 4 * k), st.integers(1, 4)))
@settings(max_examples=10, deadline=None)
def test_any_size_that_4_divides(shape):
    model = small(shape)
    x = pictures(2, shape)
    m, log_s = model.encode(x)
    assert m.shape == log_s.shape == model.place(BAG)[0].shape == (2, 5)
    made = model.draw(BAG, np.random.default_rng(0))
    assert made.shape == x.shape
    assert ((made >= 0) & (made <= 1)).all()
    assert np.isfinite(model.loss(x, BAG, np.random.default_rng(0)).item())


@pytest.mark.oracle
def test_the_terms_are_those_of_pytorch_s_distributions():
    torch = pytest.importorskip("torch")
    from torch.distributions import Bernoulli, Normal, kl_divergence

    model, x = small(), pictures(2, (8, 12, 3))
    reconstruction, divergence = model.terms(x, BAG, np.random.default_rng(7))
    (m, log_s), (mu, log_sigma) = model.encode(x), model.place(BAG)
    q, p = (Normal(torch.tensor(a.data), torch.tensor(b.data).exp()) for a, b in ((m, log_s), (mu, log_sigma)))
    assert divergence.item() == pytest.approx(kl_divergence(q, p).sum(1).mean().item(), rel=1e-5)
    z = m.data + np.exp(log_s.data) * np.random.default_rng(7).standard_normal(m.shape, np.float32)
    bernoulli = Bernoulli(logits=torch.tensor(model.logits(z).data), validate_args=False)
    assert reconstruction.item() == pytest.approx(-bernoulli.log_prob(torch.tensor(x)).sum().item() / 2, rel=1e-5)
    expected = reconstruction.item() + 0.5 * divergence.item()
    assert model.loss(x, BAG, np.random.default_rng(7)).item() == pytest.approx(expected, rel=1e-6)


def test_the_gradient_of_every_parameter_agrees_with_differences():
    model = small((4, 4, 1))
    x = pictures(2, (4, 4, 1)).astype(np.float64)
    bag = (*BAG[:2], BAG[2].astype(np.float64))
    names = [name for name, _ in model.named_parameters()]
    values = [p.data.astype(np.float64) for p in model.parameters()]

    def loss(*weights):
        given = dict(zip(names, weights, strict=True))
        return xm.nn.functional_call(model, given, x, bag, np.random.default_rng(1), call=type(model).loss)

    xm.check_gradients(loss, values, order=1)


def test_a_text_tells_where_in_the_space_its_pictures_lie():
    rng = np.random.default_rng(0)
    upright, level = np.zeros((8, 8, 1), np.float32), np.zeros((8, 8, 1), np.float32)
    upright[:, 3:5], level[3:5] = 1, 1
    bars = np.stack([upright, level])
    model = ConditionalVAE((8, 8, 1), vocabulary=2, dimensions=2, widths=(4, 8), rng=rng)
    optimizer = Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        words = rng.integers(0, 2, 16)
        optimizer.zero_grad()
        model.loss(bars[words], (words, np.arange(16), np.ones(16, np.float32)), rng).backward()
        optimizer.step()
    asked = np.array([0, 1] * 20)
    made = model.draw((asked, np.arange(40), np.ones(40, np.float32)), rng)
    off = np.abs(made[:, None] - bars).mean(axis=(2, 3, 4))  # (drawing, bar)
    assert np.array_equal(off.argmin(axis=1), asked)
    assert off.min(axis=1).mean() < 0.05


def test_an_empty_text_has_a_place_of_its_own_made_of_biases():
    encoder = BagEncoder(3, 4, rng=np.random.default_rng(0))
    empty = (np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.float32))
    silent = encoder(empty).data
    encoder.embedding.weight.data *= 5
    assert silent.shape == (1, 4)
    assert np.array_equal(silent, encoder(empty).data)
    assert not np.allclose(silent, encoder(BAG).data)


def test_errors_say_what_was_given():
    with pytest.raises(ValueError, match=r"ConditionalVAE: pictures \(28, 30, 1\): expected .* 4 divides"):
        ConditionalVAE((28, 30, 1), 3)
    with pytest.raises(ValueError, match="3 pictures and 2 texts"):
        small().loss(pictures(3, (8, 12, 3)), BAG, np.random.default_rng(0))
