"""Linear algebra: products against their sums, factors against textbook loops and other factors."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from tinyxm import ops
from tinyxm.certificate.case import Case, of_torch, values

CASES: list[Case] = []


def add(name: str, label: str, ours: Any, inputs: Any, truth: Any, torch: Any, edge: str = "") -> None:
    CASES.append(Case(name, "operation", label, ours, tuple(inputs), truth, torch, edge))


def rows_times_columns(a: Any, b: Any) -> Any:
    x, w = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    y = (x[..., :, :, None] * w[..., None, :, :]).sum(-2)
    return np.squeeze(y, (-2,) * (a.ndim == 1) + (-1,) * (b.ndim == 1))


def of_shapes(*shapes: tuple[int, ...], scale: float = 1) -> list[np.ndarray]:
    return [values(*shape, seed=i) * scale for i, shape in enumerate(shapes)]


# Products

a: Any
b: Any
shape: Any
truth: Any
for a, b, edge in (
    ((2, 3), (3, 4), ""), ((3,), (3,), ""), ((3,), (3, 4), ""), ((2, 3), (3,), ""), ((5, 2, 3), (3, 4), ""),
    ((5, 2, 3), (3,), ""), ((3,), (5, 3, 4), ""), ((5, 1, 2, 3), (4, 3, 2), "broadcast"),
    ((1, 2, 3), (5, 3, 4), "broadcast"), ((1, 1), (1, 1), "size one"), ((1,), (1,), "size one"),
    ((0, 3), (3, 2), "empty"), ((2, 0), (0, 3), "empty"), ((2, 2, 0), (0, 3), "empty"), ((2, 0), (0,), "empty"),
):  # fmt: skip
    add("matmul", "", ops.matmul, of_shapes(a, b), rows_times_columns, of_torch("matmul"), edge)
ACTIVATIONS: dict[str, Any] = {
    "none": lambda z: z, "relu": lambda z: np.where(z > 0, z, 0), "gelu": lambda z: z * special.ndtr(z),
}  # fmt: skip
for activation, f in ACTIVATIONS.items():
    for operands, scale, edge in (
        (((2, 3), (3, 4), (4,)), 1, ""), (((5, 2, 3), (3, 4), (4,)), 1, ""), (((3,), (3, 2), (2,)), 1, ""),
        (((2, 3), (3, 4)), 1, ""), (((1, 1), (1, 1), (1,)), 1, "size one"), (((0, 3), (3, 2), (2,)), 1, "empty"),
        (((2, 0), (0, 3), (3,)), 1, "empty"), (((2, 3), (3, 0), (0,)), 1, "empty"),
        (((2, 3), (3, 2)), 1e18, "large"), (((2, 3), (3, 2)), 1e-18, "tiny"),
    ):  # fmt: skip
        theirs = (lambda t, z: z) if activation == "none" else of_torch(f"nn.functional.{activation}")
        add("linear", activation, lambda x, w, b=None, a=activation: ops.linear(x, w, b, a),
            of_shapes(*operands, scale=scale), lambda x, w, b=0.0, f=f: f(np.einsum("...i,io->...o", x, w) + b),
            lambda t, x, w, b=None, f=theirs: f(t, t.nn.functional.linear(x, w.T, b)), edge)  # fmt: skip
at_0 = np.ones((1, 2)), np.array([[1.0], [-1.0]]), np.zeros(1)
CASES.append(Case("linear", "operation", "relu at 0", lambda x, w, b: ops.linear(x, w, b, "relu"), at_0,
                  lambda x, w, b: np.maximum(x @ w + b, 0), None, "subgradient", [np.zeros_like(a) for a in at_0])
)  # fmt: skip
for a, b, edge in (
    ((3,), (3,), ""), ((2, 3), (3, 4), ""), ((2, 3), (3,), ""), ((3,), (2, 3, 4), ""), ((2, 2, 3), (3,), ""),
    ((2, 2, 3), (3, 4), ""), ((2, 2, 3), (5, 3, 4), ""), ((), (2, 3), "broadcast"), ((3,), (), "broadcast"),
    ((1,), (1,), "size one"), ((), (), "size one"), ((2, 0), (0, 3), "empty"), ((2, 0), (2, 0, 3), "empty"),
):  # fmt: skip
    theirs = of_torch("tensordot", dims=([-1], [max(len(b) - 2, 0)])) if a and b else of_torch("multiply")
    add("dot", "", ops.dot, of_shapes(a, b), np.dot, theirs, edge)
for a, b, edge in (
    ((3,), (3,), ""), ((2, 3), (4, 3), ""), ((2, 3), (3,), ""), ((2, 3), (2, 2, 3), ""), ((), (2, 3), "broadcast"),
    ((1,), (1,), "size one"), ((0, 2), (3, 2), "empty"), ((2, 0), (3, 0), "empty"),
):  # fmt: skip
    add("inner", "", ops.inner, of_shapes(a, b), lambda a, b: (np.expand_dims(a, tuple(range(a.ndim - 1, b.ndim - 2 +
        a.ndim))) * b).sum(-1) if a.ndim and b.ndim else a * b, of_torch("inner"), edge)  # fmt: skip
for a, b, axes, edge in (
    ((2, 3), (3, 4), 1, ""), ((2, 3, 4), (3, 4, 2), 2, ""), ((2, 3), (4,), 0, ""),
    ((2, 3, 4), (4, 2, 5), ([0, 2], [1, 0]), ""), ((2, 3), (4, 3), (-1, -1), ""), ((1, 1), (1, 1), 2, "size one"),
    ((2, 0), (0, 3), 1, "empty"), ((), (), 0, "size one"),
):  # fmt: skip
    add("tensordot", f"{axes}", lambda a, b, n=axes: ops.tensordot(a, b, n), of_shapes(a, b),
        lambda a, b, n=axes: np.tensordot(a, b, n),
        lambda t, a, b, n=axes: t.tensordot(a, b, n if isinstance(n, int) else [np.ravel(i).tolist() for i in n]),
        edge)  # fmt: skip
for edge, scale in (("large", 1e18), ("tiny", 1e-18)):
    add("tensordot", "", ops.tensordot, of_shapes((2, 2), (2, 2), scale=scale), lambda a, b: (a * b).sum(),
        of_torch("tensordot"), edge)  # fmt: skip
for a, b, edge in (
    ((3,), (3,), ""), ((2, 3), (3, 2), ""), ((), (1,), "size one"), ((0, 2), (0,), "empty"),
):  # fmt: skip
    add("vdot", "", ops.vdot, of_shapes(a, b), lambda a, b: (a.reshape(-1) * b.reshape(-1)).sum(), lambda t, a, b:
        t.vdot(a.reshape(-1), b.reshape(-1)), edge)  # fmt: skip
for a, b, edge in (
    ((2, 3), (3, 2), ""), ((2,), (3,), ""), ((2,), (3, 2), "broadcast"), ((), (2, 2), "broadcast"),
    ((2, 1, 2), (1, 3), "broadcast"), ((1, 1), (1, 1), "size one"), ((0, 2), (2, 3), "empty"),
):  # fmt: skip
    add("kron", "", ops.kron, of_shapes(a, b), np.kron, of_torch("kron"), edge)
for a, b, edge in (
    ((3,), (4,), ""), ((2, 3), (2, 2), ""), ((1,), (1,), "size one"), ((), (3,), "broadcast"), ((3,), (0,), "empty"),
):  # fmt: skip
    add("outer", "", ops.outer, of_shapes(a, b), lambda a, b: np.multiply.outer(a.reshape(-1), b.reshape(-1)),
        lambda t, a, b: t.outer(a.reshape(-1), b.reshape(-1)), edge)  # fmt: skip
for name, truth in (
    ("matmul", rows_times_columns), ("dot", np.dot), ("outer", np.multiply.outer), ("inner", np.dot), ("vdot", np.dot),
    ("kron", np.kron),
):  # fmt: skip
    for edge, scale in (("large", 1e18), ("tiny", 1e-18)):
        add(name, "", getattr(ops, name), of_shapes((3,), (3,), scale=scale), truth, of_torch(name), edge)

for subscripts, shapes, edge in (
    ("ij,jk->ik", ((2, 3), (3, 4)), ""), ("ij,jk", ((2, 3), (3, 4)), ""), ("ba", ((2, 3),), ""),
    ("ii->i", ((3, 3),), ""), ("ii", ((3, 3),), ""), ("iij->j", ((3, 3, 2),), ""), ("iji,j->i", ((3, 2, 3), (2,)), ""),
    ("i,j->ij", ((2,), (3,)), ""),
    ("ij->", ((2, 3),), ""), ("ij->i", ((2, 3),), ""), ("i,i,i->i", ((3,), (3,), (3,)), ""),
    ("bij,bjk,kl->bil", ((2, 2, 3), (2, 3, 4), (4, 2)), ""), ("ij,kl->jl", ((2, 3), (4, 2)), ""),
    (",i->i", ((), (3,)), ""), ("iiii->i", ((2, 2, 2, 2),), ""), ("ijij->ji", ((2, 3, 2, 3),), ""),
    ("...i,i->...", ((2, 3, 4), (4,)), ""), ("...ij,...jk->...ik", ((5, 2, 3), (1, 3, 2)), "broadcast"),
    ("...i,...i", ((2, 1, 3), (4, 3)), "broadcast"), ("ij,j->i", ((2, 3), (1,)), "broadcast"),
    ("iijk,kl->jli", ((2, 2, 3, 4), (4, 2)), ""),
    ("ij,jk->ik", ((2, 0), (0, 3)), "empty"), ("ij->j", ((0, 2),), "empty"), ("ij,ij->", ((1, 1), (1, 1)), "size one"),
):  # fmt: skip
    add("einsum", subscripts, lambda *a, s=subscripts: ops.einsum(s, *a), of_shapes(*shapes),
        lambda *a, s=subscripts: np.einsum(s, *a), lambda t, *a, s=subscripts: t.einsum(s, *a), edge)  # fmt: skip
for edge, scale in (("large", 1e18), ("tiny", 1e-18)):
    add("einsum", "ij,kj->ik", lambda *a: ops.einsum("ij,kj->ik", *a), of_shapes((2, 3), (2, 3), scale=scale),
        lambda a, b: rows_times_columns(a, b.T), lambda t, a, b: a @ b.T, edge)  # fmt: skip

# Diagonals and triangles


def the_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> np.ndarray:
    a = np.moveaxis(a, (axis1, axis2), (0, 1))
    places = [(i, i + offset) for i in range(a.shape[0]) if 0 <= i + offset < a.shape[1]]
    return np.stack([a[place] for place in places], -1) if places else np.zeros((*a.shape[2:], 0))


add("transposed", "", ops.transposed, of_shapes((2, 3, 4)), lambda a: np.einsum("nij->nji", a), lambda t, a: a.mT)
for edge, shape in (("empty", (0, 2)), ("size one", (1, 1))):
    add("transposed", "", ops.transposed, of_shapes(shape), lambda a: a.T, lambda t, a: a.mT, edge)
for settings in ((), (1,), (-1,), (5,), (1, -1, 0), (0, 2, 1)):
    for name, truth, theirs in (
        ("diagonal", the_diagonal, lambda t, a, *s: t.diagonal(a, *s)),
        ("trace", lambda *a: the_diagonal(*a).sum(-1), lambda t, a, *s: t.diagonal(a, *s).sum(-1)),
    ):
        add(name, f"{settings}", lambda a, f=name, s=settings: getattr(ops, f)(a, *s), of_shapes((3, 4, 2)),
            lambda a, f=truth, s=settings: f(a, *s),
            lambda t, a, f=theirs, s=settings: f(t, a, *(s or (0, 0, 1))))  # fmt: skip
for k in (0, 1, -2, 9, -9):
    for name in ("tril", "triu"):
        add(name, f"{k}", lambda m, f=name, k=k: getattr(ops, f)(m, k), of_shapes((2, 3, 4)),
            lambda m, f=name, k=k: getattr(np, f)(m, k), of_torch(name, k))  # fmt: skip
for k, shape in ((0, (3,)), (1, (2,)), (-2, (2,)), (0, (3, 4)), (-1, (3, 2))):
    add("diag", f"{k}", lambda v, k=k: ops.diag(v, k), of_shapes(shape), lambda v, k=k: np.diag(v, k),
        lambda t, v, k=k: t.diag(v, k))  # fmt: skip
for name in ("diag", "diagonal", "trace", "tril", "triu"):
    truth = getattr(np, name)
    for edge, shape, scale in (
        ("size one", (1, 1), 1.0), ("empty", (0, 0), 1.0), ("large", (2, 2), 1e30), ("tiny", (2, 2), 1e-30),
    ):  # fmt: skip
        add(name, "", getattr(ops, name), of_shapes(shape, scale=scale), truth, of_torch(name), edge)

# Equations and factors


def invertible(*shape: int) -> np.ndarray:
    return values(*shape, low=-1, high=1) + 3 * np.eye(shape[-1])


def definite(*shape: int) -> np.ndarray:
    a = values(*shape, low=-1, high=1)
    return np.asarray(a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1]))


def by_rows(a: Any) -> np.ndarray:
    """The factor of Cholesky and Banachiewicz, element by element, of the symmetric part of a."""
    a, y = (a + np.swapaxes(a, -1, -2)) / 2, np.zeros_like(a)
    for i in range(a.shape[-1]):
        for j in range(i + 1):
            rest = a[..., i, j] - (y[..., i, :j] * y[..., j, :j]).sum(-1)
            y[..., i, j] = np.sqrt(rest) if i == j else rest / y[..., j, j]
    return y


def orthogonal(x: Any, eps: float) -> np.ndarray:
    """Whitening by QR, in which no covariance is computed: ε is as many more rows, √(ε·(n − 1))·I."""
    n, features = x.shape[-2:]
    centred = x - x.mean(-2, keepdims=True)
    ridge = np.broadcast_to(np.sqrt(eps * (n - 1)) * np.eye(features), (*x.shape[:-2], features, features))
    q, r = np.linalg.qr(np.concatenate([centred, ridge], -2))
    signs = np.sign(np.diagonal(r, 0, -2, -1))
    return q[..., :n, :] * signs[..., None, :] * np.sqrt(n - 1)


def whiten_of_torch(t: Any, x: Any, eps: float) -> Any:
    centred = x - x.mean(-2, keepdim=True)
    covariance = centred.mT @ centred / (x.shape[-2] - 1) + eps * t.eye(x.shape[-1], dtype=x.dtype)
    return t.linalg.solve_triangular(t.linalg.cholesky(covariance), centred.mT, upper=False).mT


for a, b, edge in (
    (invertible(3, 3), values(3), ""), (invertible(3, 3), values(3, 2), ""), (invertible(2, 3, 3), values(2, 3, 2), ""),
    (invertible(3, 3), values(2, 3, 2), "broadcast"), (invertible(2, 1, 3, 3), values(4, 3, 1), "broadcast"),
    (invertible(1, 1), values(1), "size one"), (invertible(0, 0), values(0, 2), "empty"),
    (invertible(2, 2), values(2, 0), "empty"), (invertible(2, 2) * 1e30, values(2) * 1e30, "large"),
    (invertible(2, 2) * 1e-30, values(2) * 1e-30, "tiny"),
):  # fmt: skip
    add("solve", "", ops.solve, (a, b), lambda a, b: np.linalg.inv(a) @ b, of_torch("linalg.solve"), edge)
add("solve", "a vector for each matrix", ops.solve, (invertible(2, 3, 3), values(3)),
    lambda a, b: np.linalg.inv(a) @ b, lambda t, a, b: t.linalg.solve(a, b[:, None])[..., 0], "broadcast")  # fmt: skip
for a, edge in (
    (invertible(3, 3), ""), (invertible(2, 2, 2), ""), (invertible(1, 1), "size one"), (invertible(0, 2, 2), "empty"),
    (invertible(0, 0), "empty"), (invertible(2, 2) * 1e15, "large"), (invertible(2, 2) * 1e-15, "tiny"),
):  # fmt: skip
    add("inv", "", ops.inv, (a,), lambda a: np.linalg.solve(a, np.broadcast_to(np.eye(a.shape[-1]), a.shape)),
        of_torch("linalg.inv"), edge)  # fmt: skip
    add("det", "", ops.det, (a,), lambda a: np.prod(np.linalg.eigvals(a), -1).real, of_torch("linalg.det"), edge)
for a, edge in (
    (definite(3, 3), ""), (definite(2, 4, 4), ""), (definite(1, 1), "size one"), (definite(0, 0), "empty"),
    (definite(0, 2, 2), "empty"), (definite(3, 3) * 1e30, "large"), (definite(3, 3) * 1e-30, "tiny"),
):  # fmt: skip
    add("cholesky", "", ops.cholesky, (a,), by_rows, of_torch("linalg.cholesky"), edge)
for x, eps, edge in (
    (values(6, 3), 0.0, ""), (values(6, 3), 1e-2, ""), (values(2, 5, 2), 1e-5, ""), (values(2, 1), 1e-5, "size one"),
    (values(0, 4, 2), 1e-5, "empty"), (values(3, 0), 1e-5, "empty"), (values(6, 3) * 1e15, 1e-5, "large"),
    (values(6, 3) * 1e-15, 0.0, "tiny"),
):  # fmt: skip
    add("whiten", f"{eps}", lambda x, eps=eps: ops.whiten(x, eps), (x,), lambda x, eps=eps: orthogonal(x, eps),
        lambda t, x, eps=eps: whiten_of_torch(t, x, eps), edge)  # fmt: skip
add("whiten", "beside ε", ops.whiten, (values(6, 3) * 1e-15,), lambda x: (x - x.mean(0)) / np.sqrt(1e-5),
    lambda t, x: whiten_of_torch(t, x, 1e-5), "tiny")  # fmt: skip
