"""Linear algebra: products of matrices, their diagonals and triangles, equations solved, and whitening."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import Array, primitive
from tinyxm.autograd.places import placed
from tinyxm.autograd.primitive import answers_for, from_list
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.elementwise import multiply

__all__ = [
    "cholesky", "det", "diag", "diagonal", "dot", "inner", "inv", "kron", "matmul", "outer", "solve", "tensordot",
    "trace", "transposed", "tril", "triu", "vdot", "whiten",
]  # fmt: skip


@answers_for(np.matrix_transpose)
def transposed(a: Array) -> Array:
    """Y(…, m, n) = A(…, n, m)ᵀ"""
    return np.swapaxes(a, -1, -2)


@primitive(a=lambda g, b: _matmul(g, transposed(b)), b=lambda g, a: _matmul(transposed(a), g))
def _matmul(a: Array, b: Array) -> Array:
    """Y(…, n, m) = A(…, n, k) B(…, k, m);  ∂A = G Bᵀ,  ∂B = Aᵀ G"""
    return tinyxm_kernels.matmul(a, b)


@answers_for(np.matmul)
def matmul(a: Array, b: Array) -> Array:
    """Y = A B as NumPy has it: batches broadcast; a vector on the left is a row, on the right a column"""
    if isinstance(a, list) or isinstance(b, list):
        a, b = from_list(a, (array_of(b),)), from_list(b, (array_of(a),))
    x, w = array_of(a), array_of(b)
    rows, columns = np.ndim(x), np.ndim(w)
    if not rows or not columns:
        raise ValueError(f"matmul: {np.shape(x)} @ {np.shape(w)}: a number has no rows or columns; multiply with *")
    if x.shape[-1] != w.shape[-2:][0]:
        raise ValueError(f"matmul: {x.shape} @ {w.shape}: inner sizes {x.shape[-1]} and {w.shape[-2:][0]} differ")
    if rows > 2 and columns == 2:  # one matrix for all batches: one tall product, and one for its gradient
        y = _matmul(np.reshape(a, (math.prod(x.shape[:-1]), x.shape[-1])), b)
        return np.reshape(y, (*x.shape[:-1], w.shape[1]))
    if rows > 1 and columns > 1:
        return _matmul(a, b)
    y = _matmul(np.expand_dims(a, 0) if rows == 1 else a, np.expand_dims(b, 1) if columns == 1 else b)
    return np.squeeze(y, (-2,) * (rows == 1) + (-1,) * (columns == 1))


@answers_for(np.dot)
def dot(a: Array, b: Array) -> Array:
    """y[i, …, j, …] = Σ over k of a[i, …, k]·b[j, …, k, …] as np.dot: matmul for two matrices, the inner product of two
    vectors; of more axes, every row of a with every column of b. A number times an array is their product"""
    x, w = np.shape(array_of(a)), np.shape(array_of(b))
    if not x or not w:
        return multiply(a, b)
    if x[-1] != w[-2:][0]:
        raise ValueError(f"dot: {x} · {w}: inner sizes {x[-1]} and {w[-2:][0]} differ")
    if len(w) < 3:
        return matmul(a, b)
    columns = np.reshape(np.moveaxis(b, -2, 0), (x[-1], math.prod(w[:-2]) * w[-1]))
    return np.reshape(matmul(a, columns), (*x[:-1], *w[:-2], w[-1]))


@answers_for(np.inner)
def inner(a: Array, b: Array) -> Array:
    """y[i, …, j, …] = Σ over k of a[i, …, k]·b[j, …, k]: every row of a with every row of b. A number times an array is
    their product"""
    if not np.shape(array_of(a)) or not np.shape(array_of(b)):
        return multiply(a, b)
    return tensordot(a, b, (-1, -1))


@answers_for(np.vdot)
def vdot(a: Array, b: Array) -> Array:
    """y = Σ a·b over all elements, both flattened"""
    return matmul(np.reshape(a, -1), np.reshape(b, -1))


@answers_for(np.tensordot)
def tensordot(a: Array, b: Array, axes: int | tuple[Any, Any] = 2) -> Array:
    """y = Σ a·b over pairs of axes, the others of a and then those of b left: so many of the last of a with the first
    of b, or those named, (of a, of b), each one or several. Raises ValueError where their lengths differ"""
    x, w = np.shape(array_of(a)), np.shape(array_of(b))
    pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    try:
        left, right = ([range(len(s))[i] for i in np.ravel(p)] for s, p in zip((x, w), pairs, strict=True))
    except IndexError:
        raise ValueError(f"tensordot: {x} and {w} haven't the axes {axes}") from None
    if [x[i] for i in left] != [w[i] for i in right]:
        raise ValueError(f"tensordot: {x} over the axes {left} and {w} over {right}: lengths differ")
    rows, columns = [i for i in range(len(x)) if i not in left], [i for i in range(len(w)) if i not in right]
    n = math.prod(x[i] for i in left)
    tall = np.reshape(np.transpose(a, (*rows, *left)), (math.prod(x[i] for i in rows), n))
    wide = np.reshape(np.transpose(b, (*right, *columns)), (n, math.prod(w[i] for i in columns)))
    return np.reshape(matmul(tall, wide), (*(x[i] for i in rows), *(w[i] for i in columns)))


@answers_for(np.kron)
def kron(a: Array, b: Array) -> Array:
    """Y = a copy of B in the place of each element of A, times it: Y[i·n + k, j·m + l] = A[i, j]·B[k, l], B (n, m)"""
    x, w = np.shape(array_of(a)), np.shape(array_of(b))
    axes = max(len(x), len(w))
    x, w = (1,) * (axes - len(x)) + x, (1,) * (axes - len(w)) + w
    copies = multiply(np.reshape(a, [n for i in x for n in (i, 1)]), np.reshape(b, [n for i in w for n in (1, i)]))
    return np.reshape(copies, [i * j for i, j in zip(x, w, strict=True)])


@answers_for(np.outer)
def outer(a: Array, b: Array) -> Array:
    """y[i, j] = aᵢ·bⱼ, a and b flattened as np.outer does"""
    return multiply(np.reshape(a, (-1, 1)), np.reshape(b, (1, -1)))


@primitive(np.diagonal, a=lambda g, a_shape, offset, axis1, axis2: _onto_the_diagonal(g, a_shape, offset, axis1, axis2))
def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """y[…, i] = a[…, i, …, i + offset, …], the two axes taken out and the diagonal last;  ∂a = g there, 0 elsewhere"""
    return np.diagonal(a, offset, axis1, axis2)


@primitive(a=lambda g, offset, axis1, axis2: diagonal(g, offset, axis1, axis2))
def _onto_the_diagonal(a: Array, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Array:
    """Zeros of this shape with a on their diagonal: the adjoint of `diagonal`."""
    y = np.zeros_like(a, shape=shape)
    i = placed(np.arange(a.shape[-1]), a)
    np.moveaxis(y, (axis1, axis2), (-2, -1))[..., i + max(-offset, 0), i + max(offset, 0)] = a
    return y


@answers_for(np.diag)
def diag(v: Array, k: int = 0) -> Array:
    """Y = zeros with the vector v on their k-th diagonal; or y = the k-th diagonal of a matrix v"""
    shape = np.shape(array_of(v))
    if len(shape) != 1:
        return diagonal(v, k)
    n = shape[0] + abs(k)
    return _onto_the_diagonal(v, (n, n), k, 0, 1)


@answers_for(np.trace)
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """y = Σ over i of a[…, i, …, i + offset, …]: the sum of a diagonal"""
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)


@answers_for(np.tril)
def tril(m: Array, k: int = 0) -> Array:
    """Y = the elements of M on and below the k-th diagonal, 0 above;  ∂M = the same of G"""
    return np.where(_below("tril", m, k), m, 0)


@answers_for(np.triu)
def triu(m: Array, k: int = 0) -> Array:
    """Y = the elements of M on and above the k-th diagonal, 0 below;  ∂M = the same of G"""
    return np.where(~_below("triu", m, k - 1), m, 0)


def _below(operation: str, m: Array, k: int) -> Array:
    shape = np.shape(array_of(m))
    if len(shape) < 2:
        raise ValueError(f"{operation}: {shape}: expected matrices, (…, rows, columns)")
    return placed(np.tri(shape[-2], shape[-1], k, dtype=bool), m)


@primitive(
    a=lambda g, a, y: -_matmul(_solve(transposed(a), g), transposed(y)),
    b=lambda g, a: _solve(transposed(a), g),
)
def _solve(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"solve: a {a.shape} is singular: one row is a sum of others, so no x or many solve it; look for features "
            "that repeat, or add a little to the diagonal, a + eps * np.eye(n)"
        ) from None


@answers_for(np.linalg.solve)
def solve(a: Array, b: Array) -> Array:
    """X with A X = B;  ∂B = A⁻ᵀ G,  ∂A = −∂B Xᵀ

    a `(…, n, n)`, b `(…, n, m)`, or a vector `(n,)` and then X `(…, n)`, as NumPy 2 has it; leading axes broadcast.
    Raises ValueError where shapes don't agree, and where a matrix is singular. Source: Giles 2008, "Collected matrix
    derivative results".
    """
    a_shape, b_shape = _square("solve", a), np.shape(array_of(b))
    if not b_shape or b_shape[-2:][0] != a_shape[-1]:
        raise ValueError(f"solve: a {a_shape}, b {b_shape}: expected {a_shape[-1]} rows in b, as a has")
    if len(b_shape) == 1:
        return np.squeeze(_solve(a, np.expand_dims(b, 1)), -1)
    return _solve(a, b)


@answers_for(np.linalg.inv)
def inv(a: Array) -> Array:
    """Y = A⁻¹, the solution of A Y = I;  ∂A = −Yᵀ G Yᵀ. For A⁻¹ B, solve(A, B) is faster and closer

    a `(…, n, n)`. Raises ValueError as `solve` does.
    """
    return _solve(a, placed(np.eye(_square("inv", a)[-1], dtype=a.dtype), a))


@primitive(a=lambda g, a, y: (g * y)[..., None, None] * transposed(inv(a)))
def _det(a: Array) -> Array:
    return np.linalg.det(a)


@answers_for(np.linalg.det)
def det(a: Array) -> Array:
    """y = det A, the volume that A makes of one;  ∂A = g·y·A⁻ᵀ (Jacobi's formula)

    a `(…, n, n)`, y `(…)`. Raises ValueError where matrices aren't square, and for the gradient of a singular one.
    """
    _square("det", a)
    return _det(a)


def _square(operation: str, a: Array) -> tuple[int, ...]:
    shape = np.shape(array_of(a))
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"{operation}: a {shape}: expected square matrices, (…, n, n)")
    return shape


@primitive(a=lambda g, y: _cholesky_adjoint(g, y))
def _cholesky(a: Array) -> Array:
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"cholesky: a {a.shape} isn't positive definite; a covariance becomes so with a little on its diagonal, "
            "a + eps * np.eye(n), or with more samples than features"
        ) from None


def _cholesky_adjoint(g: Array, y: Array) -> Array:
    """∂A = L⁻ᵀ Φ(Lᵀ G) L⁻¹, where Φ keeps the lower triangle and half of the diagonal."""
    half = np.tri(y.shape[-1], dtype=y.dtype) - 0.5 * np.eye(y.shape[-1], dtype=y.dtype)
    half, upper = placed(half, y), transposed(y)
    return _solve(upper, transposed(_solve(upper, transposed(_matmul(upper, g) * half))))


@answers_for(np.linalg.cholesky)
def cholesky(a: Array) -> Array:
    """L, lower triangular, with L Lᵀ = A;  ∂A = the symmetric part of L⁻ᵀ Φ(Lᵀ G) L⁻¹

    Φ keeps the lower triangle, and half of its diagonal. a `(…, n, n)`, symmetric and positive definite: its symmetric
    part, (A + Aᵀ)/2, is what counts. Raises ValueError where one isn't positive definite. Source: Murray 2016,
    "Differentiation of the Cholesky decomposition".
    """
    _square("cholesky", a)
    return _cholesky((a + transposed(a)) * 0.5)


def whiten(x: Array, eps: float = 1e-5) -> Array:
    """Y = (X − μ) L⁻ᵀ with L Lᵀ = Σ + εI, Σ = (X − μ)ᵀ (X − μ) / (n − 1): features without mean or correlation

    x `(…, samples, features)`: rows are samples. Σ, the covariance of the features, becomes I (but for ε, which keeps
    it invertible). No singular values are needed, so gradients stay finite where two of them are equal. The canonical
    correlations of two sets of features are the singular values of whiten(x)ᵀ whiten(y) / (n − 1). Raises ValueError
    for fewer than two samples, and where Σ + εI isn't positive definite. Source: Kessy, Lewin & Strimmer 2018 (Cholesky
    whitening); Andrew, Arora, Bilmes & Livescu 2013 (Deep CCA).
    """
    shape = np.shape(array_of(x))
    if len(shape) < 2 or shape[-2] < 2:
        raise ValueError(f"whiten: x {shape}: expected (…, samples, features) with two samples at least")
    centred = x - np.mean(x, axis=-2, keepdims=True)
    covariance = matmul(transposed(centred), centred) * (1 / (shape[-2] - 1))
    factor = cholesky(covariance + placed(eps * np.eye(shape[-1], dtype=x.dtype), x))
    return transposed(solve(factor, transposed(centred)))
