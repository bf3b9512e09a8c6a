"""Deep CCA: its objective against linear CCA, PyTorch's nuclear norm and differences; and what only depth can find."""

import numpy as np
import pytest

from tinyxm import Tensor, optim
from tinyxm.autograd import check_gradients, gradients
from tinyxm.models.deep_correlation import DeepCorrelation, total_correlation
from tinyxm.models.linear import CanonicalCorrelation


def views(n=80, p=5, q=4, seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 3))
    x = hidden @ rng.normal(size=(3, p)) + rng.normal(size=(n, p))
    return x, hidden @ rng.normal(size=(3, q)) + rng.normal(size=(n, q)) + 4


def test_the_objective_is_the_sum_of_the_canonical_correlations():
    x, y = views()
    linear = CanonicalCorrelation(4, penalty_x=0, penalty_y=0).fit(x, y)
    assert float(total_correlation(Tensor(x), Tensor(y), eps=0).data) == pytest.approx(linear.correlations.sum())
    assert float(total_correlation(Tensor(3 * x - 5), Tensor(y), eps=0).data) == pytest.approx(
        linear.correlations.sum()
    )


@pytest.mark.parametrize(("p", "q"), [(5, 4), (3, 6), (1, 1)])
def test_its_gradient_is_that_of_differences(p, q):
    x, y = views(30, p, q)
    check_gradients(lambda x, y: total_correlation(x, y, 0.1), [x, y], order=1)


@pytest.mark.oracle
def test_its_gradient_is_that_of_pytorch_s_nuclear_norm():
    torch = pytest.importorskip("torch")
    given = views()
    ours = [Tensor(a, requires_grad=True) for a in given]
    total_correlation(*ours, eps=0.01).backward()
    theirs = [torch.tensor(a, requires_grad=True) for a in given]
    whitened = []
    for a in theirs:
        centred = a - a.mean(0)
        factor = torch.linalg.cholesky(centred.T @ centred / (len(a) - 1) + 0.01 * torch.eye(a.shape[1]))
        whitened.append(torch.linalg.solve_triangular(factor, centred.T, upper=False))
    torch.linalg.svdvals(whitened[0] @ whitened[1].T / (len(given[0]) - 1)).sum().backward()
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own.grad, other.grad.numpy(), atol=1e-9)


def test_a_second_derivative_is_refused_and_never_wrong():
    x = Tensor(views(30)[0], requires_grad=True)
    with pytest.raises(TypeError, match="svd"):
        gradients(total_correlation(x, Tensor(views(30)[1])), [x], create_graph=True)


def test_it_finds_an_agreement_that_no_line_shows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 2)).astype(np.float32)
    y = np.stack([x[:, 0] * x[:, 1], rng.normal(size=1500)], axis=1).astype(np.float32)
    y[:, 0] += 0.1 * rng.normal(size=1500).astype(np.float32)
    train, test = slice(0, 1000), slice(1000, 1500)
    linear = CanonicalCorrelation(1, penalty_x=0, penalty_y=0, power=0).fit(x[train], y[train])
    model = DeepCorrelation(2, 2, hidden=(64,), components=1, dropout=0, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for step in range(150):
        rows = np.random.default_rng(step).choice(1000, 500, replace=False)
        model.loss(x[rows], y[rows]).backward()
        optimizer.step()
        optimizer.zero_grad()
    shared = model.align(x[train], y[train])
    u, v = model.outputs(x[test], y[test])

    def correlation(model, x, y):
        return np.corrcoef(model.project_x(x)[:, 0], model.project_y(y)[:, 0])[0, 1]

    assert abs(correlation(linear, x[test], y[test])) < 0.2
    assert correlation(shared, u, v) > 0.8


def test_outputs_are_without_dropout_and_leave_the_mode_as_it_was():
    model = DeepCorrelation(5, 4, dropout=0.5, components=3, rng=np.random.default_rng(0))
    x, y = (a.astype(np.float32) for a in views())
    first, second = model.outputs(x, y), model.outputs(x, y[:7])
    np.testing.assert_array_equal(first[0], second[0])
    assert second[1].shape == (7, 3)
    assert model.training


def test_errors():
    x, y = views()
    with pytest.raises(ValueError, match=r"total_correlation.*expected rows in pairs"):
        total_correlation(Tensor(x), Tensor(y[:9]))
    with pytest.raises(ValueError, match="whiten"):
        total_correlation(Tensor(x[:1]), Tensor(y[:1]))
