import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from tinyxm.models.linear import (
    CanonicalCorrelation,
    Logistic,
    Nearest,
    PrincipalComponents,
    Ridge,
    cosine_similarity,
)


def views(n=120, p=7, q=5, seed=0, dtype=np.float64):
    """Two views of a shared hidden cause, off-centre and unevenly scaled."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 3))
    x = hidden @ rng.normal(size=(3, p)) + rng.normal(size=(n, p)) * np.linspace(0.5, 3, p) + 4
    y = hidden @ rng.normal(size=(3, q)) + rng.normal(size=(n, q)) - 2
    return x.astype(dtype), y.astype(dtype)


def generalised_eigenvalues(x, y, penalty_x, penalty_y):
    """ρ and A of C_xy C_yy⁻¹ C_yx a = ρ² C_xx a, a' C_xx a = 1: the same problem by another road."""
    x, y = x - x.mean(0), y - y.mean(0)
    cxx, cyy, cxy = x.T @ x / len(x), y.T @ y / len(y), x.T @ y / len(x)
    cxx += penalty_x * np.diag(cxx).mean() * np.eye(len(cxx))
    cyy += penalty_y * np.diag(cyy).mean() * np.eye(len(cyy))
    values, vectors = linalg.eigh(cxy @ np.linalg.inv(cyy) @ cxy.T, cxx)
    return np.sqrt(np.maximum(values[::-1], 0)), vectors[:, ::-1]


def same_up_to_sign(actual, expected, **tolerance):
    signs = np.sign(np.sum(actual * expected, axis=0))
    np.testing.assert_allclose(actual * signs, expected, **tolerance)


@pytest.mark.parametrize(("n", "p"), [(60, 8), (9, 8), (8, 40)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_principal_components_agree_with_scikit_learn(n, p, dtype):
    decomposition = pytest.importorskip("sklearn.decomposition")
    x, new = views(n, p, dtype=dtype)[0], views(5, p, seed=1, dtype=dtype)[0]
    ours, theirs = PrincipalComponents(4).fit(x), decomposition.PCA(4, svd_solver="full").fit(x.astype(np.float64))
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    same_up_to_sign(ours.axes, theirs.components_.T, **tolerance)
    same_up_to_sign(ours.transform(new), theirs.transform(new.astype(np.float64)), **tolerance)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_, **tolerance)
    assert ours.transform(new).dtype == ours.axes.dtype == ours.variances.dtype == dtype


@given(st.integers(3, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_principal_components_keep_all_variance_when_all_are_kept(n, p, seed):
    x = np.random.default_rng(seed).normal(size=(n, p))
    model = PrincipalComponents(min(n - 1, p)).fit(x)
    np.testing.assert_allclose(model.axes.T @ model.axes, np.eye(model.components), atol=1e-6)
    np.testing.assert_allclose(model.transform(x) @ model.axes.T + x.mean(0), x, atol=1e-6)


@pytest.mark.parametrize(("n", "p"), [(60, 8), (8, 8), (8, 40)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ridge_agrees_with_scikit_learn(n, p, dtype):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = views(n, p, dtype=dtype)
    new = views(6, p, seed=1, dtype=dtype)[0]
    alpha = 0.3 * n * x.astype(np.float64).var(axis=0).mean()
    theirs = linear_model.Ridge(alpha).fit(x.astype(np.float64), y.astype(np.float64))
    ours = Ridge(0.3).fit(x, y)
    tolerance = 2e-4 if dtype == np.float32 else 1e-10
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(ours.predict(new), theirs.predict(new), rtol=tolerance, atol=tolerance)
    assert ours.predict(new).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_regression_agrees_with_scikit_learn(dtype):
    datasets = pytest.importorskip("sklearn.datasets")
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, labels = datasets.load_wine(return_X_y=True)
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(dtype)
    ours = Logistic(0.02).fit(x, labels)
    theirs = linear_model.LogisticRegression(C=1 / (0.02 * len(x)), tol=1e-10, max_iter=10_000).fit(x, labels)
    tolerance = {"rtol": 1e-3, "atol": 1e-4}
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, **tolerance)
    np.testing.assert_allclose(ours.probabilities(x), theirs.predict_proba(x), **tolerance)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    assert ours.weights.dtype == ours.probabilities(x).dtype == dtype


def test_logistic_regression_takes_names_as_labels_and_features_off_centre():
    x = np.array([[0.0], [1], [9], [10]]) + 1000
    model = Logistic(0.1).fit(x, np.array(["near", "near", "far", "far"]))
    assert model.predict(x).tolist() == ["near", "near", "far", "far"]


def test_fewer_components_are_kept_where_data_vary_along_fewer():
    x = views()[0][:, [0, 1, 1, 2]]
    model = PrincipalComponents(9, fewer=True).fit(x)
    assert model.axes.shape == (4, 3)
    np.testing.assert_allclose(model.transform(x) @ model.axes.T + x.mean(0), x)


def test_the_ridge_penalty_means_the_same_at_every_scale():
    x, y = views()
    plain, scaled = Ridge(0.5).fit(x, y), Ridge(0.5).fit(1000 * x, y)
    np.testing.assert_allclose(plain.predict(x), scaled.predict(1000 * x))
    twice = Ridge(0.5).fit(np.vstack([x, x]), np.vstack([y, y]))
    np.testing.assert_allclose(plain.weights, twice.weights)


def test_canonical_correlations_agree_with_scikit_learn():
    cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
    x, y = views()
    ours = CanonicalCorrelation(3, penalty_x=0, penalty_y=0, power=0).fit(x, y)
    first, second = cross_decomposition.CCA(3, max_iter=10_000, tol=1e-12).fit_transform(x, y)
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(first.T, second.T, strict=True)]
    np.testing.assert_allclose(ours.correlations, correlation, rtol=1e-6)
    same_up_to_sign(ours.project_x(x), first / first.std(axis=0), atol=1e-4)
    same_up_to_sign(ours.project_y(y), second / second.std(axis=0), atol=1e-4)


@given(
    st.integers(2, 8),
    st.integers(2, 8),
    st.sampled_from([0.01, 0.1, 1.0]),
    st.sampled_from([0.05, 0.3]),
    st.integers(0, 99),
)
def test_penalised_canonical_correlations_solve_the_generalised_eigenproblem(p, q, penalty_x, penalty_y, seed):
    x, y = views(60, p, q, seed)
    k = min(p, q)
    model = CanonicalCorrelation(k, penalty_x=penalty_x, penalty_y=penalty_y, power=0).fit(x, y)
    correlations, weights = generalised_eigenvalues(x, y, penalty_x, penalty_y)
    np.testing.assert_allclose(model.correlations, correlations[:k], atol=1e-6)
    if correlations[0] > 1.05 * correlations[1]:
        same_up_to_sign(model.weights_x[:, :1], weights[:, :1], atol=1e-6)
    swapped = CanonicalCorrelation(k, penalty_x=penalty_y, penalty_y=penalty_x, power=0).fit(y, x)
    np.testing.assert_allclose(model.correlations, swapped.correlations, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_canonical_projections_pair_up_with_more_features_than_samples(dtype):
    x, y = views(12, 30, 20, dtype=dtype)
    model = CanonicalCorrelation(5, penalty_x=0.2, penalty_y=0.1, power=0).fit(x, y)
    cross = model.project_x(x).T @ model.project_y(y) / len(x)
    np.testing.assert_allclose(cross, np.diag(model.correlations), atol=1e-5)
    assert np.all(np.diff(model.correlations) <= 0)
    assert np.all(model.correlations < 1)
    assert model.project_x(x).dtype == model.project_y(y).dtype == dtype


def test_power_weights_each_direction_by_its_correlation():
    x, y = views()
    plain, weighted = CanonicalCorrelation(3, power=0).fit(x, y), CanonicalCorrelation(3, power=2).fit(x, y)
    np.testing.assert_allclose(weighted.project_x(x), plain.project_x(x) * plain.correlations**2)
    np.testing.assert_allclose(weighted.project_y(y), plain.project_y(y) * plain.correlations**2)


@given(st.integers(1, 6), st.integers(1, 20), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_nearest_is_the_best_cosine_among_a_concepts_examples(queries, n, width, seed):
    rng = np.random.default_rng(seed)
    x, labels, new = rng.normal(size=(n, width)), rng.integers(5, size=n) * 10, rng.normal(size=(queries, width))
    model = Nearest().fit(x, labels)
    np.testing.assert_array_equal(model.concepts, sorted(set(labels.tolist())))
    expected = [
        [max(q @ a / np.sqrt(q @ q * (a @ a)) for a in x[labels == concept]) for concept in model.concepts] for q in new
    ]
    np.testing.assert_allclose(model.similarity(new), expected, atol=1e-12)


def test_nearest_takes_names_as_labels():
    model = Nearest().fit(np.eye(3, dtype=np.float32), np.array(["moon", "car", "moon"]))
    assert model.concepts.tolist() == ["car", "moon"]
    np.testing.assert_array_equal(model.similarity(np.eye(3, dtype=np.float32)), [[0, 1], [1, 0], [0, 1]])


def test_the_cosine_with_a_zero_row_is_0():
    np.testing.assert_array_equal(cosine_similarity(np.array([[0.0, 0.0], [3.0, 0.0]]), np.eye(2)), [[0, 0], [1, 0]])


X, Y = views(10, 4, 3)
FLAT = np.ones((10, 4))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PrincipalComponents(0), ValueError, "PrincipalComponents: components=0"),
        (lambda: PrincipalComponents(5).fit(X), ValueError, r"5 components of 10 samples and 4 features.*at most 4"),
        (lambda: PrincipalComponents(3).fit(X[:3]), ValueError, r"3 components of 3 samples.*at most 2"),
        (lambda: PrincipalComponents(3).fit(X[:, [0, 1, 1]]), ValueError, "varies along 2 directions"),
        (lambda: PrincipalComponents(3).fit(X[[0, 1, 1, 0]]), ValueError, "varies along 1 directions"),
        (lambda: PrincipalComponents(1).fit(FLAT), ValueError, "varies along 0 directions"),
        (lambda: PrincipalComponents(2).transform(X), ValueError, "PrincipalComponents.transform: not fitted"),
        (lambda: PrincipalComponents(2).fit(X).transform(Y), ValueError, r"\(10, 3\); expected \(samples, 4\)"),
        (lambda: PrincipalComponents(2).fit(X[0]), ValueError, r"x has shape \(4,\)"),
        (lambda: PrincipalComponents(2).fit(X[:0]), ValueError, r"x has shape \(0, 4\)"),
        (lambda: PrincipalComponents(2).fit(X.astype(int)), TypeError, "int64; expected float32 or float64"),
        (lambda: PrincipalComponents(2).fit(X / (X - X[0])), ValueError, "NaN or infinity"),
        (lambda: PrincipalComponents(3, fewer=True).fit(FLAT), ValueError, "varies along 0 directions"),
        (lambda: PrincipalComponents(3, fewer=True).fit(X[:1]), ValueError, "1 samples"),
        (lambda: Logistic(-1), ValueError, "Logistic: penalty=-1"),
        (lambda: Logistic().fit(X, np.zeros(10)), ValueError, "1 classes"),
        (lambda: Logistic().fit(FLAT, np.arange(10)), ValueError, "features that vary"),
        (lambda: Logistic().fit(X, np.arange(9)), ValueError, r"labels \(9,\) for x \(10, 4\)"),
        (lambda: Logistic().predict(X), ValueError, "Logistic.probabilities: not fitted"),
        (lambda: Ridge(0), ValueError, "Ridge: penalty=0"),
        (lambda: Ridge().fit(X, Y[:9]), ValueError, "Ridge.fit.*10 and 9 rows"),
        (lambda: Ridge().fit(FLAT, Y), ValueError, "rows of x are all equal"),
        (lambda: Ridge().predict(X), ValueError, "Ridge.predict: not fitted"),
        (lambda: CanonicalCorrelation(4).fit(X, Y), ValueError, "4 components of 10 samples and 3 features"),
        (lambda: CanonicalCorrelation(2).fit(X, Y[:9]), ValueError, "10 and 9 rows"),
        (lambda: CanonicalCorrelation(2, penalty_x=-1), ValueError, "penalty_x=-1"),
        (lambda: CanonicalCorrelation(2, penalty_x=0).fit(X[:, [0, 0]], Y), ValueError, "of x .* penalty_x above 0"),
        (lambda: CanonicalCorrelation(2, penalty_y=0).fit(X[:3], Y[:3]), ValueError, "of y .* penalty_y above 0"),
        (lambda: CanonicalCorrelation(2).fit(FLAT, Y), ValueError, "covariance of x"),
        (lambda: CanonicalCorrelation(2).project_y(Y), ValueError, "project_y: not fitted"),
        (lambda: CanonicalCorrelation(2).fit(X, Y).project_y(X), ValueError, r"y has shape.*expected \(samples, 3\)"),
        (lambda: Nearest().fit(X, np.arange(9)), ValueError, r"labels \(9,\) for x \(10, 4\)"),
        (lambda: Nearest().similarity(X), ValueError, "Nearest.similarity: not fitted"),
        (lambda: Nearest().fit(X, np.arange(10)).similarity(Y), ValueError, r"queries has shape \(10, 3\)"),
        (lambda: cosine_similarity(X, Y), ValueError, r"y has shape \(10, 3\); expected \(samples, 4\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
