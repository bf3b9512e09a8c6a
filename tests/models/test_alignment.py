"""Alignment: against scikit-learn and SciPy on real data, one method against another, and against planted structure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg
from scipy.spatial import distance

from tinyxm.models.linear import (
    CanonicalCorrelation,
    GeneralisedCorrelation,
    KernelComponents,
    PrincipalComponents,
    Procrustes,
    csls,
    mutual_nearest,
)

datasets = pytest.importorskip("sklearn.datasets", reason="needs the extra data")


def halves_of_digits():
    """Upper and lower halves of real digits, as principal components, so that both covariances are well conditioned."""
    images = datasets.load_digits().images
    upper, lower = images[:, :4].reshape(-1, 32), images[:, 4:].reshape(-1, 32)
    return PrincipalComponents(12).fit(upper).transform(upper), PrincipalComponents(12).fit(lower).transform(lower)


def groups_of_a_table(name):
    x = getattr(datasets, f"load_{name}")().data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]


def three_views():
    images = datasets.load_digits().images
    strips = [images[:, :3].reshape(-1, 24), images[:, 3:5].reshape(-1, 16), images[:, 5:].reshape(-1, 24)]
    return [PrincipalComponents(8).fit(strip).transform(strip) for strip in strips]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "views", [halves_of_digits(), groups_of_a_table("wine"), groups_of_a_table("iris")], ids=["digits", "wine", "iris"]
)
def test_canonical_variates_of_real_data_agree_with_scikit_learn_to_1e_5(views):
    from sklearn.cross_decomposition import CCA

    x, y = views
    components = min(3, x.shape[1], y.shape[1])
    ours = CanonicalCorrelation(components, penalty_x=0, penalty_y=0, power=0).fit(x, y)
    theirs = CCA(components, max_iter=100_000, tol=1e-16).fit(x, y).transform(x, y)
    for own, other in zip((ours.project_x(x), ours.project_y(y)), theirs, strict=True):
        other = other / other.std(axis=0)
        np.testing.assert_allclose(own * np.sign(np.sum(own * other, axis=0)), other, atol=1e-5)
    between = [np.corrcoef(a, b)[0, 1] for a, b in zip(theirs[0].T, theirs[1].T, strict=True)]
    np.testing.assert_allclose(ours.correlations, between, atol=1e-9)


def test_generalised_correlation_of_two_views_is_canonical_correlation():
    x, y = halves_of_digits()
    two = CanonicalCorrelation(5, penalty_x=0, penalty_y=0).fit(x, y)
    many = GeneralisedCorrelation(5, penalty=0).fit(x, y)
    np.testing.assert_allclose(many.correlations, two.correlations, atol=1e-10)
    signs = np.sign(np.sum(many.weights[0] * two.weights_x, axis=0))
    np.testing.assert_allclose(many.project(0, x) * signs, two.project_x(x), atol=1e-8)
    np.testing.assert_allclose(many.project(1, y) * signs, two.project_y(y), atol=1e-8)


def test_the_shared_variate_of_many_views_is_the_one_that_their_projections_tell_best():
    """Kettenring's definition: λ are the eigenvalues of the sum of projections, each made by least squares."""
    views = three_views()
    model = GeneralisedCorrelation(6, penalty=0, power=0).fit(*views)
    centred = [view - view.mean(axis=0) for view in views]
    projections = sum(view @ np.linalg.pinv(view) for view in centred)
    values = linalg.eigvalsh(projections, subset_by_index=[len(views[0]) - 6, len(views[0]) - 1])[::-1]
    np.testing.assert_allclose(model.agreements, values, atol=1e-9)
    shared = sum(model.project(v, view) for v, view in enumerate(views))
    shared /= np.linalg.norm(shared, axis=0)
    np.testing.assert_allclose(projections @ shared, shared * values, atol=1e-8)
    second = [np.mean(model.project(v, view) ** 2, axis=0) for v, view in enumerate(views)]
    np.testing.assert_allclose(np.mean(second, axis=0), 1, atol=1e-9)


def test_a_view_of_noise_shares_nothing():
    x, y = halves_of_digits()
    noise = np.random.default_rng(0).normal(size=x.shape)
    with_noise, without = (GeneralisedCorrelation(3, penalty=0).fit(x, y, third) for third in (noise, x @ np.eye(12)))
    assert np.all(with_noise.agreements[:1] < 2.1)
    assert without.agreements[0] > 2.8


@pytest.mark.oracle
def test_kernel_components_agree_with_scikit_learn():
    from sklearn.decomposition import KernelPCA

    x = datasets.load_wine().data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    ours = KernelComponents(6, bandwidth=0.8).fit(x[:120])
    theirs = KernelPCA(6, kernel="rbf", gamma=1 / (2 * ours.width**2), eigen_solver="dense").fit(x[:120])
    expected = theirs.transform(x[120:])
    got = ours.transform(x[120:])
    np.testing.assert_allclose(got * np.sign(np.sum(got * expected, axis=0)), expected, atol=1e-8)
    np.testing.assert_allclose(ours.variances, theirs.eigenvalues_ / 120, atol=1e-10)


def test_kernel_correlation_finds_an_agreement_that_no_line_shows():
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 300), rng.uniform(0.2, 1, 300)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    y = radius[:, None] + 0.02 * rng.normal(size=(300, 1))
    linear = CanonicalCorrelation(1, penalty_x=0, penalty_y=0, power=0).fit(x[:200], y[:200])
    kernel_x, kernel_y = KernelComponents(10).fit(x[:200]), KernelComponents(5).fit(y[:200])
    curved = CanonicalCorrelation(1, power=0).fit(kernel_x.transform(x[:200]), kernel_y.transform(y[:200]))

    def held_out(model, x, y):
        return abs(np.corrcoef(model.project_x(x)[:, 0], model.project_y(y)[:, 0])[0, 1])

    assert held_out(linear, x[200:], y[200:]) < 0.3
    assert held_out(curved, kernel_x.transform(x[200:]), kernel_y.transform(y[200:])) > 0.95


@given(st.integers(2, 30), st.integers(1, 8), st.booleans(), st.integers(0, 2**32 - 1))
def test_procrustes_agrees_with_scipy(n, p, scale, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, p)) + 3, rng.normal(size=(n, p)) - 1
    model = Procrustes(scale=scale).fit(x, y)
    rotation, total = linalg.orthogonal_procrustes(x - x.mean(0), y - y.mean(0))
    factor = total / np.sum((x - x.mean(0)) ** 2) if scale else 1
    np.testing.assert_allclose(model.rotation.T @ model.rotation, np.eye(p), atol=1e-10)
    np.testing.assert_allclose(model.predict(x), factor * (x - x.mean(0)) @ rotation + y.mean(0), atol=1e-8)


def test_procrustes_finds_a_rotation_from_few_pairs():
    rng = np.random.default_rng(1)
    x = PrincipalComponents(16).fit(datasets.load_digits().data).transform(datasets.load_digits().data)
    turn = linalg.qr(rng.normal(size=(16, 16)))[0]
    y = 2.5 * x @ turn + 7
    model = Procrustes().fit(x[:20], y[:20])
    np.testing.assert_allclose(model.predict(x), y, atol=1e-8)
    assert model.scale == pytest.approx(2.5)
    assert model.predict(x.astype(np.float32)).dtype == np.float64
    assert Procrustes().fit(x[:20].astype(np.float32), y[:20].astype(np.float32)).rotation.dtype == np.float32


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_csls_is_its_formula(n, m, k, seed):
    s = np.random.default_rng(seed).normal(size=(n, m))
    expected = [
        [
            2 * s[i, j] - np.mean(sorted(s[i], reverse=True)[:k]) - np.mean(sorted(s[:, j], reverse=True)[:k])
            for j in range(m)
        ]
        for i in range(n)
    ]
    np.testing.assert_allclose(csls(s, k), expected)


def test_csls_takes_a_hub_s_answers_back():
    """A gallery vector in the middle of all is nearer to many queries than their own answer, until it's charged."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(60, 100))
    queries, right = (causes + rng.normal(size=causes.shape) for _ in range(2))
    plain = -distance.cdist(queries, np.vstack([right, np.zeros((1, 100))]))
    hub, charged = np.mean(plain.argmax(axis=1) == 60), np.mean(csls(plain).argmax(axis=1) == 60)
    assert hub > 0.4 > 0.1 > charged
    before, after = (np.mean(s.argmax(axis=1) == np.arange(60)) for s in (plain, csls(plain)))
    assert after > 0.9 > 0.6 > before


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_mutual_nearest_are_each_other_s(n, m, seed):
    s = np.random.default_rng(seed).normal(size=(n, m))
    expected = [(i, j) for i in range(n) for j in range(m) if s[i, j] == s[i].max() == s[:, j].max()]
    np.testing.assert_array_equal(mutual_nearest(s), np.reshape(expected, (-1, 2)))


X, Y = np.random.default_rng(0).normal(size=(2, 10, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GeneralisedCorrelation(0), "components=0"),
        (lambda: GeneralisedCorrelation(2, penalty=-1), "penalty=-1"),
        (lambda: GeneralisedCorrelation(2).fit(X), "1 views; expected two or more"),
        (lambda: GeneralisedCorrelation(2).fit(X, Y, X[:9]), "10 and 9 rows"),
        (lambda: GeneralisedCorrelation(5).fit(X, Y), "5 components of 10 samples and 4 features"),
        (lambda: GeneralisedCorrelation(2, penalty=0).fit(X, Y[:, [0, 0]]), "covariance of view 1.*penalty above 0"),
        (lambda: GeneralisedCorrelation(2).project(0, X), "not fitted"),
        (lambda: GeneralisedCorrelation(2).fit(X, Y).project(2, X), "view 2; expected 0 to 1"),
        (lambda: KernelComponents(10).fit(X), "10 components of 10 samples"),
        (lambda: KernelComponents(2, bandwidth=0), "bandwidth=0"),
        (lambda: KernelComponents(2).fit(np.ones((5, 2))), "pairs of the 5 rows are equal"),
        (lambda: KernelComponents(4).fit(np.repeat(np.eye(3), 2, axis=0)), "fewer than 4 distinct rows"),
        (lambda: KernelComponents(2).transform(X), "not fitted"),
        (lambda: Procrustes().fit(X, Y[:, :3]), "a rotation keeps the width"),
        (lambda: Procrustes().fit(np.ones_like(X), Y), "rows of x are all equal"),
        (lambda: Procrustes().predict(X), "Procrustes.predict: not fitted"),
        (lambda: csls(X, 0), "csls: k=0"),
        (lambda: csls(X[0]), "similarity has shape"),
        (lambda: mutual_nearest(X[0]), "similarity has shape"),
    ],
)
def test_errors_of_alignment(call, message):
    with pytest.raises(ValueError, match=message):
        call()
