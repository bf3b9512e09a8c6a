"""Normalising operations and rows of tables, by the formulas that the layers of these names are held to."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.certificate.case import Case, of_torch, values
from tinyxm.certificate.cases.layers import (
    by_group,
    by_rms,
    channels_first,
    in_batch,
    in_instance,
    standardised,
    torch_batch,
)

CASES: list[Case] = []
x: Any
weights: Any
truth: Any


def add(name: str, label: str, ours: Any, inputs: Any, truth: Any, torch: Any = None, edge: str = "") -> None:
    CASES.append(Case(name, "operation", label, ours, inputs, truth, torch, edge))


def of_norm(name: str, **settings: Any) -> Any:
    return lambda torch, x, *rest: getattr(torch.nn.functional, name)(x, *settings.values(), *rest)


def lengths(x: np.ndarray, eps: float = 1e-12) -> np.ndarray:
    return x / np.sqrt(np.sum(x * x, -1, keepdims=True) + eps)


def of_batch(x: Any, scale: Any, shift: Any) -> Any:
    return ops.batch_norm(x, scale, shift)[0]


GIVEN = np.array([0.5, -1.0, 0.25]), np.array([2.0, 0.5, 1.0])  # a mean and a variance


def as_given(x: Any, scale: Any, shift: Any) -> Any:
    mean, variance = (part.astype(x.dtype) for part in GIVEN)
    return ops.batch_norm(x, scale, shift, 1e-3, (mean, variance))[0]


NORMS: tuple[tuple[str, str, Any, int, tuple[tuple[int, ...], ...], Any, Any], ...] = (  # with so many parameters
    ("standardise", "2", partial(ops.standardise, groups=2), 0, ((2, 4), (2, 3, 4), (2, 2, 3, 4)),
     lambda x: by_group(x, np.ones(4), np.zeros(4), 2), channels_first(of_norm("group_norm", groups=2))),
    ("standardise", "1", partial(ops.standardise, groups=1), 0, ((3, 4), (2, 3, 4)),
     lambda x: by_group(x, np.ones(4), np.zeros(4), 1), channels_first(of_norm("group_norm", groups=1))),
    ("group_norm", "2", partial(ops.group_norm, groups=2), 2, ((2, 4), (2, 3, 4), (2, 2, 3, 4)),
     partial(by_group, groups=2), channels_first(of_norm("group_norm", groups=2))),
    ("group_norm", "4", partial(ops.group_norm, groups=4), 2, ((2, 3, 4),), in_instance,
     channels_first(of_norm("group_norm", groups=4))),
    ("instance_norm", "", ops.instance_norm, 2, ((2, 5, 3), (2, 2, 4, 3)), in_instance,
     channels_first(of_norm("instance_norm", mean=None, var=None))),
    ("layer_norm", "", ops.layer_norm, 2, ((3,), (2, 3), (2, 5, 3)), partial(standardised, axes=(-1,)),
     of_norm("layer_norm", shape=(3,))),
    ("batch_norm", "", of_batch, 2, ((4, 3), (2, 5, 3), (2, 2, 4, 3)), in_batch, channels_first(torch_batch)),
    ("batch_norm", "given", as_given, 2, ((4, 3), (2, 2, 4, 3)),
     lambda x, a, b: (x - GIVEN[0]) / np.sqrt(GIVEN[1] + 1e-3) * a + b, None),
    ("rms_norm", "", ops.rms_norm, 1, ((3,), (2, 3), (2, 5, 3)), by_rms,
     lambda torch, x, scale: torch.nn.functional.rms_norm(x, (3,), scale, 1e-5)),
    ("unit_length", "", ops.unit_length, 0, ((4,), (2, 3, 4)), lengths, of_torch("nn.functional.normalize", dim=-1)),
)  # fmt: skip
for name, label, ours, count, shapes, truth, torch in NORMS:
    parameters = tuple(values(shapes[0][-1], seed=i) for i in range(count))
    for shape in shapes:
        add(name, label, ours, (values(*shape), *parameters), truth, torch)
    add(name, label, ours, (values(*shape) * 1e18, *parameters), truth, edge="large")
    add(name, label, ours, (values(*shape) * 1e-18, *parameters), truth, edge="tiny")
    if ours is not of_batch:
        add(name, label, ours, (values(0, *shape[1:]), *parameters), truth, edge="empty")
one = values(1, 1), values(1), values(1, seed=8)
for name, ours in (("standardise", partial(ops.standardise, groups=1)), ("unit_length", ops.unit_length)):
    add(name, "", ours, one[:1], lengths if name == "unit_length" else np.zeros_like, edge="size one")
add("unit_length", "of 0", ops.unit_length, (np.zeros((2, 3)),), np.zeros_like, edge="tiny")
for name, ours in (("layer_norm", ops.layer_norm), ("group_norm", partial(ops.group_norm, groups=1)),
                   ("instance_norm", ops.instance_norm), ("batch_norm", of_batch)):  # fmt: skip
    add(name, "", ours, one, lambda x, scale, shift: 0 * x + shift, edge="size one")
add("rms_norm", "", ops.rms_norm, one[:2], by_rms, edge="size one")

for name, ours, truth in (  # the difference of two squares would lose a thousandth
    ("layer_norm", ops.layer_norm, partial(standardised, axes=(-1,))), ("batch_norm", of_batch, in_batch),
):  # fmt: skip
    add(name, "beside a large mean", ours, (values(4, 3, 6) + 30, *(values(6, seed=i) for i in (1, 2))), truth)
constant, parameters = np.full((2, 3, 4), 0.5), (values(4, seed=1), values(4, seed=2))
for name, _, ours, count, shapes, truth, torch in NORMS:
    if shapes[0][-1] == 4 and name != "unit_length":
        add(name, "no variance", ours, (constant, *parameters[:count]), truth, torch, edge="tiny")
for i, truth in ((1, lambda x, *_: x.mean((0, 1))), (2, lambda x, *_: x.var((0, 1)))):
    ours = partial(lambda i, *arrays: ops.batch_norm(*arrays)[i], i)
    add("batch_norm", ("μ", "σ²")[i - 1], ours, (values(2, 5, 4), *parameters), truth)
add("batch_norm", "given, with gradients", lambda x, a, b, *given: ops.batch_norm(x, a, b, statistics=given)[0],
    (values(2, 5, 4), *parameters, values(4, seed=3), values(4, low=0.5, seed=4)),
    lambda x, a, b, mean, variance: a * (x - mean) / np.sqrt(variance + 1e-5) + b)  # fmt: skip

# Tables

ROWS, ENTRIES, OFFSETS = np.array([[0, 4, 4], [2, 4, 0]]), np.array([3, 1, 1, 0, 4]), np.array([0, 2, 2])
for edge, rows in {"": ROWS, "empty": ROWS[:0], "size one": ROWS[0, 0]}.items():
    add("embedding", "", lambda w, rows=rows: ops.embedding(w, rows), (values(5, 3),), lambda w, rows=rows: w[rows],
        lambda torch, w, rows=rows: torch.nn.functional.embedding(torch.tensor(rows), w), edge)  # fmt: skip


def bags(w: np.ndarray, weights: np.ndarray, entries: np.ndarray = ENTRIES, offsets: np.ndarray = OFFSETS) -> Any:
    parts = zip(np.split(entries, offsets[1:]), np.split(weights, offsets[1:]), strict=True)
    return np.stack([a @ w[rows] for rows, a in parts])


def torch_bags(torch: Any, w: Any, weights: Any, entries: np.ndarray = ENTRIES, offsets: np.ndarray = OFFSETS) -> Any:
    options = {"mode": "sum", "per_sample_weights": weights}
    return torch.nn.functional.embedding_bag(torch.tensor(entries), w, torch.tensor(offsets), **options)


for edge, entries, offsets in (
    ("", ENTRIES, OFFSETS), ("", ENTRIES[::-1].copy(), np.array([0, 1, 4])), ("size one", ENTRIES[:1], OFFSETS[:1]),
    ("empty", ENTRIES[:0], np.array([0, 0])), ("", np.tile(ENTRIES, 3), np.array([0, 1, 1, 10])),
):  # fmt: skip
    given = {"entries": entries, "offsets": offsets}
    add("embedding_bag", "", lambda w, a, e=entries, o=offsets: ops.embedding_bag(w, e, o, a),
        (values(5, 3), values(len(entries))), partial(bags, **given), partial(torch_bags, **given), edge)  # fmt: skip
