"""Losses and softmax, against their formulas sample by sample; CTC against the sum over every path there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby, product
from typing import Any

import numpy as np
from scipy import special

from tinyxm import ops
from tinyxm.certificate.case import Case, apart, of_torch, values

CASES: list[Case] = []
shape: Any  # of what the loops below run over
labels: Any
s: Any
REDUCTIONS: dict[str, Callable[..., Any]] = {"mean": np.mean, "sum": np.sum, "none": np.asarray}


def add(name: str, label: str, ours: Any, inputs: Any, truth: Any, torch: Any = None, **more: Any) -> None:
    """A case for each reduction of the losses that `truth` gives; those of nothing have no mean."""
    arrays = tuple(np.asarray(x, float) for x in inputs)
    for reduction, reduce in REDUCTIONS.items():
        if more.get("edge") != "empty" or reduction != "mean":
            theirs = torch and partial(lambda f, r, t, *x: f(t, *x, reduction=r), torch, reduction)
            all_of = partial(lambda f, r, *x: r(f(*x)), truth, reduce)
            CASES.append(Case(name, "loss", f"{label} {reduction}", partial(ours, reduction=reduction), arrays,
                              all_of, theirs, **more))  # fmt: skip


def single(name: str, inputs: Any, edge: str, gradients: Any, **options: Any) -> None:
    """A case of the losses' sum whose gradients are known."""
    ours, (truth, theirs) = partial(getattr(ops, name), **options, reduction="sum"), FORMULAS[name]
    arrays = tuple(np.asarray(x, float) for x in inputs)
    torch = theirs and (lambda t, *x: theirs(t, *x, **options, reduction="sum"))
    CASES.append(Case(name, "loss", "", ours, arrays, lambda *x: np.sum(truth(*x, **options)), torch, edge, gradients))


# Softmax

for name, truth in (("softmax", special.softmax), ("log_softmax", special.log_softmax)):
    for axis, x, edge in (
        (-1, values(3, 4), ""), (0, values(3, 4), ""), (1, values(2, 3, 2), ""), (-1, values(3, 1), "size one"),
        (-1, values(0, 2), "empty"), (1, values(2, 3) * 1e-30, "tiny"),
        (-1, np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]]), "large"), (0, np.array([[1e30], [-1e30]]), "large"),
    ):  # fmt: skip
        CASES.append(Case(name, "operation", f"{axis}", partial(getattr(ops, name), axis=axis), (x,),
                          partial(truth, axis=axis), of_torch(name, axis), edge))  # fmt: skip


# Regression, distributions, margins


def huber(p: np.ndarray, t: np.ndarray, delta: float = 1) -> np.ndarray:
    d = np.abs(p - t)
    return np.where(d <= delta, np.minimum(d, delta) ** 2 / 2, delta * (d - delta / 2))


def kl(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    p = np.exp(a)
    return (special.xlogy(p, p) - np.where(p > 0, p * b, 0)).sum(-1)


def kl_of_torch(t: Any, a: Any, b: Any, reduction: str) -> Any:
    """Its "batchmean" is our mean; of single ones it knows the terms."""
    if reduction == "none":
        return t.nn.functional.kl_div(b, a, log_target=True, reduction="none").sum(-1)
    return t.nn.functional.kl_div(b, a, log_target=True, reduction={"mean": "batchmean"}.get(reduction, reduction))


CLASSES = np.array([2, 0, 1, 1])


def hinge(s: np.ndarray, labels: np.ndarray = CLASSES, margin: float = 1) -> np.ndarray:
    rows = zip(s.reshape(-1, s.shape[-1]), labels.ravel(), strict=True)
    losses = [sum(max(0.0, margin - row[t] + s) for k, s in enumerate(row) if k != t) / len(row) for row, t in rows]
    return np.array(losses).reshape(labels.shape)


def hinge_of_torch(t: Any, s: Any, labels: np.ndarray = CLASSES, **options: Any) -> Any:
    return t.nn.functional.multi_margin_loss(s, t.asarray(labels), **options)


def triplet(a: np.ndarray, p: np.ndarray, n: np.ndarray, margin: float = 1) -> np.ndarray:
    near, far = (np.hypot.reduce(a - b, axis=-1) for b in (p, n))
    return np.maximum(near - far + margin, 0)


FORMULAS: dict[str, tuple[Callable[..., Any], Callable[..., Any] | None]] = {
    "squared_error": (lambda p, t: (p - t) ** 2, of_torch("nn.functional.mse_loss")),
    "absolute_error": (lambda p, t: np.abs(p - t), of_torch("nn.functional.l1_loss")),
    "huber": (huber, of_torch("nn.functional.huber_loss")),
    "kl_divergence": (kl, None),  # where p = 0, PyTorch's is nan
    "hinge": (hinge, hinge_of_torch),
    "triplet": (triplet, None),  # PyTorch's has another gradient at the kink
}
for name, big, small in (("squared_error", 1e18, 1e-15), ("absolute_error", 1e30, 1e-30), ("huber", 1e30, 1e-15)):
    ours, formulas = getattr(ops, name), FORMULAS[name]
    for shape, edge in (((2, 3), ""), ((), "size one"), ((1, 1), "size one"), ((0, 3), "empty")):
        add(name, "", ours, (apart(*shape), apart(*shape, seed=8) + 0.03), *formulas, edge=edge)
    for edge, scale in (("large", big), ("tiny", small)):
        add(name, "", ours, (apart(2, 3) * scale, apart(2, 3, seed=8) * scale), *formulas, edge=edge)
for edge in ("ties", "subgradient"):
    single("absolute_error", ([1, 2, 3], [1, 3, 2]), edge, [[0, -1, 1], [0, 1, -1]])
    single("huber", ([1, 2, 3, 0], [1, 3, 2, 3]), edge, [[0, -1, 1, -1], [0, 1, -1, 1]])
add("huber", "δ 0.4", partial(ops.huber, delta=0.4), (values(3, 4), values(3, 4, seed=8)), partial(huber, delta=0.4),
    of_torch("nn.functional.huber_loss", delta=0.4))  # fmt: skip

logs = [special.log_softmax(values(3, 4, seed=i), -1) for i in (1, 2)]
for a, b, edge in (
    (*logs, ""), (logs[0][0], logs[1][0], ""), (logs[0][:, :1], logs[1][:, :1], "size one"),
    (logs[0][:0], logs[1][:0], "empty"), (logs[0], logs[1] * 1e4, "large"), (logs[0] - 60, logs[1] - 60, "tiny"),
):  # fmt: skip
    add("kl_divergence", "", ops.kl_divergence, (a, b), kl, kl_of_torch if a.ndim == 2 and a.size else None, edge=edge)
with np.errstate(divide="ignore"):
    never = np.log([[0.0, 1.0], [0.0, 1.0], [0.5, 0.5]]), np.log([[0.0, 1.0], [0.5, 0.5], [0.25, 0.75]])
single("kl_divergence", never, "large", [
    [[0, 1], [0, 1 + np.log(2)], [0.5 * (np.log(2) + 1), 0.5 * (np.log(2 / 3) + 1)]], [[0, -1], [0, -1], [-0.5, -0.5]]
])  # fmt: skip

for s, labels, edge in (
    (values(4, 3), CLASSES, ""), (values(4, 1), CLASSES * 0, "size one"), (values(0, 3), CLASSES[:0], "empty"),
    (apart(4, 3) * 1e30, CLASSES, "large"), (apart(4, 3) * 1e-30, CLASSES, "tiny"),
):  # fmt: skip
    add("hinge", "", partial(ops.hinge, labels=labels), (s,), partial(hinge, labels=labels),
        partial(hinge_of_torch, labels=labels) if s.size else None, edge=edge)  # fmt: skip
add("hinge", "of a grid, margin 0.4", partial(ops.hinge, labels=CLASSES.reshape(2, 2), margin=0.4), (values(2, 2, 3),),
    partial(hinge, labels=CLASSES.reshape(2, 2), margin=0.4))  # fmt: skip
for edge, s in (("ties", [[1, 1, 1]]), ("subgradient", [[0, -0.5, 1]])):
    single("hinge", (s,), edge, [[[1 / 3, 1 / 3, -2 / 3] if edge == "ties" else [0, 0, 0]]], labels=np.array([2]))

for shape, edge, scale in (
    ((4, 3), "", 1.0), ((3,), "", 1.0), ((1, 1), "size one", 1.0), ((0, 3), "empty", 1.0), ((4, 3), "large", 1e30),
    ((4, 3), "tiny", 1e-30),
):  # fmt: skip
    add("triplet", "", ops.triplet, [values(*shape, seed=i) * scale for i in (1, 2, 3)], triplet,
        None if edge else of_torch("nn.functional.triplet_margin_loss", eps=0), edge=edge)  # fmt: skip
for edge, points, gradients in (
    ("subgradient", ([[0.0]], [[1]], [[2]]), [[[0]], [[0]], [[0]]]),  # at the kink
    ("ties", ([[1.0, 1]], [[1, 1]], [[1, 1]]), [np.zeros((1, 2))] * 3),  # all at one place
):
    single("triplet", points, edge, gradients)


# Classifiers


def classified(
    z: np.ndarray, labels: np.ndarray, reduction: str, label_smoothing: float = 0, ignore_index: int | None = None,
    class_weights: Any = None, normalised: bool = False,
) -> Any:  # fmt: skip
    """Cross-entropy, sample by sample, or NLL of what is `normalised` already."""
    losses, counted = np.zeros(labels.shape), 0.0
    w = np.ones(z.shape[-1]) if class_weights is None else np.asarray(class_weights)
    for i in np.ndindex(labels.shape):
        if (t := labels[i]) != ignore_index:
            terms = -w * (z[i] if normalised else z[i] - special.logsumexp(z[i]))
            losses[i], counted = (1 - label_smoothing) * terms[t] + label_smoothing * terms.mean(), counted + w[t]
    return losses.sum() / counted if reduction == "mean" else REDUCTIONS[reduction](losses)


def classified_of_torch(
    name: str, t: Any, z: Any, labels: np.ndarray, ignore_index: int | None = None, class_weights: Any = None,
    **options: Any,
) -> Any:  # fmt: skip
    weight = None if class_weights is None else t.asarray(class_weights, dtype=z.dtype)
    y = getattr(t.nn.functional, name)(
        z.reshape(-1, z.shape[-1]), t.asarray(labels.ravel()), weight,
        ignore_index=-100 if ignore_index is None else ignore_index, **options,
    )  # fmt: skip
    return y.reshape(labels.shape) if options["reduction"] == "none" else y


def add_classified(z: np.ndarray, labels: Any, edge: str = "", gradients: Any = None, **options: Any) -> None:
    """cross_entropy, cross_entropies and nll by each reduction; of `gradients` those of cross_entropy are known."""
    labels, label = np.asarray(labels), " ".join(f"{name} {x}" for name, x in options.items())
    for reduction, (name, theirs) in product(REDUCTIONS, (("cross_entropy", "cross_entropy"), ("nll", "nll_loss"))):
        given = options | {"labels": labels, "reduction": reduction}
        if (edge == "empty" and reduction == "mean") or (name == "nll" and "label_smoothing" in options):
            continue
        known = gradients if name == "cross_entropy" and reduction == "sum" else None
        CASES.append(Case(
            name, "loss", f"{label} {reduction}", partial(getattr(ops, name), **given), (z,),
            partial(classified, normalised=name == "nll", **given),
            partial(classified_of_torch, theirs, **given) if z.size and np.isfinite(z).all() else None, edge, known,
        ))  # fmt: skip
    if not options:
        each = {"labels": labels, "reduction": "none"}
        CASES.append(Case("cross_entropies", "loss", "", partial(ops.cross_entropies, labels=labels), (z,),
                          partial(classified, **each),
                          partial(classified_of_torch, "cross_entropy", **each) if z.size else None, edge))  # fmt: skip


LABELS, GRID = np.array([0, 2, 2, 1]), np.array([[0, 2, 1], [3, 3, 1]])
for labels in (LABELS, GRID):
    z, weights = values(*labels.shape, 4), [1, 0.5, 2, 3]
    for options in (
        {}, {"label_smoothing": 0.1}, {"label_smoothing": 1.0}, {"ignore_index": 2}, {"class_weights": weights},
        {"ignore_index": 1, "class_weights": weights},
        {"label_smoothing": 0.2, "ignore_index": 2, "class_weights": weights},
    ):  # fmt: skip
        add_classified(z, labels, **options)
add_classified(np.where(np.arange(4)[:, None] == 1, np.inf, values(4, 4)), [0, -100, 2, 1], "large", ignore_index=-100)
add_classified(values(3), 1)
for shape, labels, edge in (((2, 1), [0, 0], "size one"), ((1, 3), [2], "size one"), ((0, 3), LABELS[:0], "empty")):
    add_classified(values(*shape), labels, edge)
add_classified(values(4, 3) * 1e-30, LABELS, "tiny")
add_classified(np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]]), [1, 0], "large",
               [[[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3]]])  # fmt: skip
add_classified(np.array([[1e30, -1e30, 0]]), [1], "large", [[[1, -1, 0]]])
add_classified(np.array([[1e4, -1e4, 0]]), [0], "large", label_smoothing=0.1)
CASES.append(Case("cross_entropy", "loss", "weights that learn",
    lambda z, w: ops.cross_entropy(z, LABELS, 0.1, class_weights=w), (values(4, 3), values(3, low=0.5)),
    lambda z, w: classified(z, LABELS, "mean", 0.1, class_weights=w)))  # fmt: skip


def binary(z: np.ndarray, t: np.ndarray, w: Any = 1) -> np.ndarray:
    return -(w * t * special.log_expit(z) + (1 - t) * special.log_expit(-z))


def binary_of_torch(t: Any, z: Any, targets: Any, w: Any = None, **options: Any) -> Any:
    return t.nn.functional.binary_cross_entropy_with_logits(z, targets, pos_weight=w, **options)


FORMULAS["binary_cross_entropy"] = binary, binary_of_torch
ours = ops.binary_cross_entropy
for shape, edge in (((2, 3), ""), ((), "size one"), ((1,), "size one"), ((0, 3), "empty"), ((2, 3), "tiny")):
    z = values(*shape) * (1e-30 if edge == "tiny" else 1)
    add("binary_cross_entropy", "", ours, (z, values(*shape, low=0.1, high=0.9)), binary,
        None if edge == "tiny" else binary_of_torch, edge=edge)  # fmt: skip
for w in (values(3, low=0.5), values(low=0.5), values(2, 3, low=0.5)):
    z, t = values(2, 3), values(2, 3, low=0.1, high=0.9)
    add("binary_cross_entropy", "positive_weight that learns", ours, (z, t, w), binary, edge="broadcast")
    add("binary_cross_entropy", "positive_weight", partial(ours, positive_weight=w), (z, t), partial(binary, w=w),
        lambda torch, z, t, w=w, **o: binary_of_torch(torch, z, t, torch.asarray(w, dtype=z.dtype), **o),
        edge="broadcast")  # fmt: skip
sure = np.array([1e4, 1e4, -1e4, -1e4])
single("binary_cross_entropy", (sure, [1, 0, 1, 0]), "large", [[0, 1, -1, 0], None])


# Contrastive


def pairs(loss: str, reduction: str, same: Any, a: np.ndarray, b: np.ndarray, *scale: Any) -> Any:
    """Pair by pair: each row's share of the loss."""
    n, losses = len(a), np.zeros(len(a))
    s = np.array([[x @ y for y in b] for x in a]).reshape(n, n) * scale[0] + sum(scale[1:])
    part = np.ones((n, n), bool) if same is None else ~same | np.eye(n, dtype=bool)
    for i in range(n):
        if loss == "info_nce":
            both = special.logsumexp(s[i][part[i]]), special.logsumexp(s[:, i][part[:, i]])
            losses[i] = sum(both) / 2 - s[i, i]
        else:
            losses[i] = sum(np.logaddexp(0, -s[i, j] if i == j else s[i, j]) for j in range(n) if part[i, j])
    return REDUCTIONS[reduction](losses)


def pairs_of_torch(loss: str, reduction: str, same: Any, t: Any, a: Any, b: Any, *scale: Any) -> Any:
    n, f = len(a), t.nn.functional
    out = t.asarray(np.zeros((n, n), bool) if same is None else same & ~np.eye(n, dtype=bool))
    s = a @ b.T * scale[0]
    if loss == "info_nce":
        s = s.masked_fill(out, -t.inf)
        return sum(f.cross_entropy(x, t.arange(n), reduction=reduction) for x in (s, s.T)) / 2
    losses = -f.logsigmoid((s + scale[1]) * (2 * t.eye(n, dtype=s.dtype) - 1)).masked_fill(out, 0).sum(1)
    return losses if reduction == "none" else getattr(losses, reduction)()


alike = np.array([0, 1, 0, 2])[:, None] == np.array([0, 1, 2, 1])  # not both ways
for (name, learned), reduction in product((("info_nce", (2.5,)), ("sigmoid_contrastive", (2.5, -1.2))), REDUCTIONS):
    for n, same, edge, scale in (
        (4, None, "", 1.0), (4, alike, "", 1.0), (1, None, "size one", 1.0), (4, None, "large", 1e4),
        (4, alike, "large", 1e4), (4, None, "tiny", 1e-30),
    ):  # fmt: skip
        drawn = (values(n, 3) * scale, values(n, 3, seed=8), *map(np.array, learned))
        CASES.append(Case(
            name, "loss", f"{reduction}{'' if same is None else ' some the same'}",
            partial(getattr(ops, name), same=same, reduction=reduction), drawn,
            partial(pairs, name, reduction, same), partial(pairs_of_torch, name, reduction, same), edge,
        ))  # fmt: skip


# Connectionist temporal classification


def every_path(z: np.ndarray, labels: Any, inputs: Any, lengths: Any, reduction: str, blank: int = 0) -> Any:
    """The probability of all paths that say the labels, each path found and added up."""
    losses = np.zeros(len(z))
    for n, scores in enumerate(z):
        log_p, said = special.log_softmax(scores[: inputs[n]], -1), list(labels[n][: lengths[n]])
        paths = product(range(z.shape[2]), repeat=inputs[n])
        right = [path for path in paths if [k for k, _ in groupby(path) if k != blank] == said]
        ways = [sum(log_p[t, k] for t, k in enumerate(path)) for path in right]
        losses[n] = -special.logsumexp(ways) if ways else np.inf
    return REDUCTIONS[reduction](losses / np.maximum(lengths, 1) if reduction == "mean" else losses)


def ctc_of_torch(t: Any, z: Any, labels: Any, inputs: Any, lengths: Any, reduction: str, blank: int = 0) -> Any:
    log_p = z.log_softmax(-1).movedim(1, 0)
    return t.nn.functional.ctc_loss(log_p, *map(t.asarray, (labels, inputs, lengths)), blank, reduction)


for reduction in REDUCTIONS:
    for label, z, labels, inputs, lengths, edge, blank in (
        ("lengths", values(4, 5, 3), [[1, 1], [2, 1], [1, 9], [1, 9]], [5, 4, 3, 5], [2, 2, 1, 0], "", 0),
        ("another blank", values(2, 4, 3), [[0, 1], [1, 0]], [4, 3], [2, 1], "", 2),
        ("just in time", values(1, 3, 3), [[1, 1]], [3], [2], "", 0),
        ("no labels", values(2, 3, 3), [[], []], [3, 2], [0, 0], "empty", 0),
        ("one of each", values(1, 1, 2), [[1]], [1], [1], "size one", 0),
        ("", values(2, 4, 3) * 1e4, [[1, 2], [2, 2]], [4, 4], [2, 2], "large", 0),
        ("", values(2, 4, 3) * 1e-30, [[1, 2], [2, 2]], [4, 4], [2, 2], "tiny", 0),
    ):  # fmt: skip
        given: dict[str, Any] = {"labels": np.array(labels, int), "reduction": reduction, "blank": blank}
        ours = partial(ops.ctc, input_lengths=inputs, label_lengths=lengths, **given)
        given |= {"inputs": inputs, "lengths": lengths}
        CASES.append(Case("ctc", "loss", f"{label} {reduction}", ours, (z,), partial(every_path, **given),
                          partial(ctc_of_torch, **given) if edge != "large" else None, edge))  # fmt: skip
CASES.append(Case("ctc", "loss", "too long", partial(ops.ctc, labels=[[1, 1], [1, 2]], input_lengths=[2, 2],
    label_lengths=[2, 2], reduction="none"), (np.zeros((2, 2, 3)),), lambda z: np.array([np.inf, np.log(9)]), None,
    "large", [np.array([[[0, 0, 0], [0, 0, 0]], [[1, -2, 1], [1, 1, -2]]]) / 3]))  # fmt: skip
CASES.append(Case("ctc", "loss", "too long, as 0", partial(ops.ctc, labels=[[1, 1]], input_lengths=[2],
    label_lengths=[2], zero_infinity=True), (np.zeros((1, 2, 3)),), lambda z: np.zeros(()), None, "large",
    [np.zeros((1, 2, 3))]))  # fmt: skip
