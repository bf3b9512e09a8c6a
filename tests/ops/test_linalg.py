"""Linear algebra: Einstein's summation against plain loops, NumPy's own names, and what is said of bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm import Tensor, check_gradients, ops


@st.composite
def products(draw: Any) -> tuple[str, list[np.ndarray]]:
    """(subscripts, operands): letters repeated within and across operands, lengths from 0, the result said or not."""
    sizes = {c: draw(st.integers(0, 3)) for c in "abcd"}
    names = draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    subscripts = ",".join(names)
    if draw(st.booleans()):
        used = sorted(set("".join(names)))
        subscripts += "->" + "".join(draw(st.lists(st.sampled_from(used), unique=True)) if used else [])
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    return subscripts, [np.asarray(rng.standard_normal([sizes[c] for c in name])) for name in names]


def by_loops(subscripts: str, operands: list[np.ndarray]) -> np.ndarray:
    """One product for each choice of all indices, added where the result's letters say."""
    given, arrow, output = subscripts.partition("->")
    names = given.split(",")
    letters = sorted(set("".join(names)))
    if not arrow:
        output = "".join(c for c in letters if given.count(c) == 1)
    size = {c: n for name, a in zip(names, operands, strict=True) for c, n in zip(name, a.shape, strict=True)}
    y = np.zeros([size[c] for c in output])
    for place in np.ndindex(*(size[c] for c in letters)):
        at = dict(zip(letters, place, strict=True))
        terms = [a[tuple(at[c] for c in name)] for name, a in zip(names, operands, strict=True)]
        y[tuple(at[c] for c in output)] += np.prod(terms)
    return y


@settings(max_examples=60)
@given(products())
def test_einsum_against_loops(case: tuple[str, list[np.ndarray]]) -> None:
    subscripts, operands = case
    found = np.einsum(subscripts, *(Tensor(a) for a in operands))
    np.testing.assert_allclose(found.data, by_loops(subscripts, operands), atol=1e-12)
    check_gradients(lambda *a: ops.einsum(subscripts, *a), operands)


def test_numpys_names_answer_for_tensors() -> None:
    a, b = (np.random.default_rng(i).standard_normal((3, 3)) + 3 * np.eye(3) for i in (0, 1))
    s, t = Tensor(a, requires_grad=True), Tensor(b)
    symmetric = Tensor(a @ a.T, requires_grad=True)
    for found, expected in (
        (np.dot(s, b), np.dot(a, b)), (np.outer(s, t), np.outer(a, b)), (np.trace(s, 1), np.trace(a, 1)),
        (np.diagonal(s, -1), np.diagonal(a, -1)), (np.tril(s), np.tril(a)), (np.triu(s, 1), np.triu(a, 1)),
        (np.einsum("ij,kj", s, t), a @ b.T), (np.einsum("...ij, ...jk", s, t), a @ b),
        (np.linalg.solve(s, t), np.linalg.solve(a, b)), (np.linalg.cholesky(symmetric), np.linalg.cholesky(a @ a.T)),
    ):  # fmt: skip
        assert found.requires_grad
        np.testing.assert_allclose(found.data, expected, atol=1e-12)


def test_whitened_features_have_no_correlation_left() -> None:
    x = np.random.default_rng(0).standard_normal((50, 4)) @ np.random.default_rng(1).standard_normal((4, 4)) + 7
    np.testing.assert_allclose(np.cov(ops.whiten(x, 0.0).T), np.eye(4), atol=1e-9)
    y = ops.whiten(x.astype(np.float32))
    assert y.dtype == np.float32
    np.testing.assert_allclose(np.cov(y.T), np.eye(4), atol=1e-3)


def test_canonical_correlations_of_whitened_features() -> None:
    """Those of scipy: √ of the eigenvalues of Σxx⁻¹ Σxy Σyy⁻¹ Σyx."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    y = x @ rng.standard_normal((3, 2)) + rng.standard_normal((200, 2))
    between = ops.whiten(x, 0.0).T @ ops.whiten(y, 0.0) / 199
    c = np.cov(x.T, y.T)
    product = np.linalg.inv(c[:3, :3]) @ c[:3, 3:] @ np.linalg.inv(c[3:, 3:]) @ c[3:, :3]
    expected = np.sqrt(np.sort(np.linalg.eigvals(product).real)[::-1][:2])
    np.testing.assert_allclose(np.linalg.svd(between)[1], expected, atol=1e-9)


def test_a_matrix_that_is_not_symmetric_counts_by_its_symmetric_part() -> None:
    a = np.array([[4.0, 3.0], [1.0, 5.0]])
    np.testing.assert_allclose(ops.cholesky(a), np.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])))
    check_gradients(ops.cholesky, [a])


def leaf(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


BAD: list[tuple[str, type[Exception], Callable[[], Any]]] = [
    (r"dot: \(2, 3\) · \(2,\): inner sizes 3 and 2 differ", ValueError, lambda: np.dot(leaf(2, 3), leaf(2))),
    (r"dot: \(2, 3\) · \(2, 2, 3\): inner sizes 3 and 2", ValueError, lambda: ops.dot(leaf(2, 3), leaf(2, 2, 3))),
    (r"einsum: 'ij,jk' of \(2, 3\), \(4, 2\): j has the lengths 3 and 4", ValueError,
     lambda: ops.einsum("ij,jk", leaf(2, 3), leaf(4, 2))),
    (r"einsum: 'ii' of \(1, 3\): i has the lengths 1 and 3", ValueError, lambda: np.einsum("ii", leaf(1, 3))),
    (r"einsum: 'i,j' of \(3,\): 2 names for 1 operands", ValueError, lambda: ops.einsum("i,j", leaf(3))),
    (r"einsum: 'i' of \(2, 3\): 'i' names 1 axes, \(2, 3\) has 2", ValueError, lambda: ops.einsum("i", leaf(2, 3))),
    (r"einsum: 'ij->k' .* the result names \['k'\]", ValueError, lambda: ops.einsum("ij->k", leaf(2, 3))),
    (r"einsum: 'ij->ii' .* the result names \['i'\]", ValueError, lambda: ops.einsum("ij->ii", leaf(2, 3))),
    (r"einsum: 'i1' .* name axes by letters", ValueError, lambda: ops.einsum("i1", leaf(2, 3))),
    (r"einsum: subscripts are of type Tensor", TypeError, lambda: ops.einsum(leaf(2), "i")),  # type: ignore[arg-type]
    (r"diagonal: a \(3,\)", ValueError, lambda: ops.diagonal(leaf(3))),
    (r"tril: \(3,\): expected matrices", ValueError, lambda: np.tril(leaf(3))),
    (r"solve: a \(2, 3\): expected square matrices", ValueError, lambda: ops.solve(leaf(2, 3), leaf(2))),
    (r"solve: a \(2, 2\), b \(3,\): expected 2 rows in b", ValueError, lambda: ops.solve(leaf(2, 2), leaf(3))),
    (r"solve: a \(2, 2\) is singular: .* eps", ValueError, lambda: ops.solve(Tensor(np.ones((2, 2))), leaf(2))),
    (r"cholesky: a \(3,\): expected square matrices", ValueError, lambda: ops.cholesky(leaf(3))),
    (r"cholesky: a \(2, 2\) isn't positive definite; .* eps", ValueError,
     lambda: np.linalg.cholesky(Tensor(-np.eye(2)))),
    (r"whiten: x \(1, 3\): expected .* two samples", ValueError, lambda: ops.whiten(leaf(1, 3))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "call"), BAD, ids=[words for words, *_ in BAD])
def test_errors(words: str, kind: type[Exception], call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=f"^{words}"):
        call()
