import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tinyxm as xm
from tinyxm.nn import init

SHAPES = [(300, 200), (3, 5, 40, 60), (7, 60, 90), (2, 3, 3, 30, 40)]


def fan(shape):
    """Counted on the wiring itself: products that make one result, results that one input takes part in."""
    receptive = np.ones(shape[:-2]).size
    return receptive * shape[-2], receptive * shape[-1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("initialise", "variance", "flat"),
    [
        (init.xavier_uniform, lambda i, o: 2 / (i + o), True),
        (init.xavier_normal, lambda i, o: 2 / (i + o), False),
        (init.he_uniform, lambda i, o: 2 / i, True),
        (init.he_normal, lambda i, o: 2 / i, False),
        (init.lecun_uniform, lambda i, o: 1 / i, True),
        (init.lecun_normal, lambda i, o: 1 / i, False),
    ],
)
def test_rules_have_the_variance_and_the_form_they_promise(initialise, variance, flat, shape):
    w = initialise(shape, np.random.default_rng(0)).astype(np.float64)
    expected = variance(*fan(shape))
    deviation = math.sqrt(expected)
    assert abs(w.mean()) < 4 * deviation / math.sqrt(w.size)
    assert w.var() == pytest.approx(expected, rel=0.03)
    kurtosis = np.mean((w / deviation) ** 4)  # 1.8 for a uniform distribution, 3 for a normal one
    assert kurtosis == pytest.approx(1.8 if flat else 3, rel=0.05)
    if flat:
        assert np.abs(w).max() <= math.sqrt(3) * deviation * (1 + 1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", SHAPES)
def test_fans_agree_with_pytorch(shape):
    torch = pytest.importorskip("torch")
    theirs = tuple(reversed(shape[-2:])) + shape[:-2]  # (out, in, height, width)
    fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(theirs))
    assert init.fans(shape) == fans


def test_simple_fillings():
    rng = np.random.default_rng(0)
    assert not init.zeros((3, 2)).any()
    np.testing.assert_array_equal(init.constant((3,), value=2.5), np.full(3, 2.5, np.float32))
    w = init.uniform((10000,), rng, low=1, high=3)
    assert 1 <= w.min() < 1.01
    assert 2.99 < w.max() <= 3
    w = init.normal((100000,), rng, mean=2, deviation=0.5)
    assert w.mean() == pytest.approx(2, abs=0.01)
    assert w.std() == pytest.approx(0.5, rel=0.01)


def test_a_truncated_normal_keeps_within_two_deviations_and_has_the_variance_it_says():
    w = init.truncated_normal((400000,), np.random.default_rng(0), np.float64, mean=3, deviation=0.5)
    z = (w - 3) / 0.5
    assert 1.99 < np.abs(z).max() <= 2
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.var() == pytest.approx(0.7737, rel=0.01)
    assert z.var() == pytest.approx(stats.truncnorm(-2, 2).var(), rel=0.01)
    assert stats.kstest(z[:10000], stats.truncnorm(-2, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (1, 1), (3, 2, 7), (2, 2, 3, 20)])
def test_orthogonal_weights_keep_lengths(shape):
    w = init.orthogonal(shape, np.random.default_rng(0), np.float64, gain=3).reshape(-1, shape[-1])
    product = w.T @ w if len(w) >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_weights_are_drawn_evenly():
    """Without the turn of signs the diagonal of QR's Q would be negative nearly always."""
    rng = np.random.default_rng(0)
    corners = [init.orthogonal((3, 3), rng)[0, 0] for _ in range(400)]
    assert abs(np.mean(np.sign(corners))) < 0.2


def test_identity_weights_pass_their_inputs():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(xm.nn.Linear(3, 3, initialise=init.identity)(x).data, x)
    np.testing.assert_array_equal(xm.nn.Conv2d(3, 3, 3, padding="same", initialise=init.identity)(x).data, x)
    np.testing.assert_array_equal(init.identity((2, 3)), [[1, 0, 0], [0, 1, 0]])


RULES = ["xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"]


@given(
    st.sampled_from(["zeros", "constant", "uniform", "normal", "truncated_normal", "identity", *RULES]),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.sampled_from([np.float32, np.float64]),
)
def test_shape_dtype_and_seed_are_obeyed(name, shape, dtype):
    initialise = getattr(init, name)
    one, again = (initialise(shape, np.random.default_rng(3), dtype) for _ in range(2))
    assert (one.shape, one.dtype) == (shape, dtype)
    np.testing.assert_array_equal(one, again)
    xm.seed(3)
    np.testing.assert_array_equal(initialise(shape, None, dtype), one)


@pytest.mark.parametrize("name", [*RULES, "identity"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (4, 0)])
def test_weights_without_fans_are_refused(shape, name):
    with pytest.raises(ValueError, match="has no fan-in"):
        getattr(init, name)(shape)


def test_zero_weights_never_break_symmetry_and_random_ones_do():
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)

    def distinct_units(initialise):
        hidden = xm.nn.Linear(3, 5, initialise=initialise)
        out = xm.nn.Linear(5, 1, initialise=initialise)
        optimizer = xm.optim.GradientDescent([*hidden.parameters(), *out.parameters()], lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            ((out(np.tanh(hidden(x))) - 1) ** 2).sum().backward()
            optimizer.step()
        return len(np.unique(hidden.weight.data.round(6), axis=1).T)

    assert distinct_units(init.zeros) == 1
    assert distinct_units(lambda shape, rng: init.constant(shape, rng, value=0.3)) == 1
    assert distinct_units(init.xavier_uniform) == 5
