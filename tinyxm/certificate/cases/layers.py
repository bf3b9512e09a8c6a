"""Layers that are functions of an input (Bilinear: of two): linear, convolution, pooling, normalisation, activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tinyxm import nn
from tinyxm.certificate.case import Case, layer, values

CASES: list[Case] = []
RNG = np.random.default_rng
make: Any  # what the loops below go over is of many types
truth: Any
torch: Any
shape: Any
size: Any


def add(name: str, label: str, make: Any, inputs: Any, truth: Any = None, torch: Any = None, **more: Any) -> None:
    CASES.append(layer(name, label, make, inputs if isinstance(inputs, tuple) else (inputs,), truth, torch, **more))


def add_edges(name: str, make: Any, shape: Sequence[int], truth: Any, torch: Any = None, **more: Any) -> None:
    """No batch, and numbers whose squares float32 just holds."""
    add(name, "", make, values(0, *shape[1:]), truth, torch, edge="empty", **more)
    add(name, "", make, values(*shape) * 1e18, truth, torch, edge="large", **more)
    add(name, "", make, values(*shape) * 1e-18, truth, torch, edge="tiny", **more)


def functional(name: str, **settings: Any) -> Callable[..., Any]:
    return lambda torch, *given: getattr(torch.nn.functional, name)(*given, **settings)


def channels_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """function(torch, x, ...) of channels-first x, as one of channels-last x."""
    return lambda torch, x, *rest: function(torch, x.movedim(-1, 1), *rest).movedim(1, -1)


# Linear and bilinear


def linear(x: np.ndarray, w: np.ndarray, b: Any = 0.0) -> np.ndarray:
    return np.einsum("...i,io->...o", x, w) + b


def torch_linear(torch: Any, x: Any, w: Any, b: Any = None) -> Any:
    return torch.nn.functional.linear(x, w.T, b)


for label, shape in {"": (2, 3), "of sequences": (2, 4, 3), "of one vector": (3,)}.items():
    add("Linear", label, lambda: nn.Linear(3, 4), values(*shape), linear, torch_linear)
add("Linear", "without bias", lambda: nn.Linear(3, 1, bias=False), values(2, 3), linear, torch_linear)
add("Linear", "", lambda: nn.Linear(1, 1), values(1, 1), linear, torch_linear, edge="size one")
add_edges("Linear", lambda: nn.Linear(3, 4), (2, 3), linear, torch_linear)


def bilinear(x1: np.ndarray, x2: np.ndarray, w: np.ndarray, b: Any = 0.0) -> np.ndarray:
    return np.einsum("...i,ijk,...j->...k", x1, w, x2) + b


def torch_bilinear(torch: Any, x1: Any, x2: Any, w: Any, b: Any = None) -> Any:
    return torch.nn.functional.bilinear(x1, x2, w.permute(2, 0, 1).contiguous(), b)


for edge, one, other, scale in (
    ("", (2, 3), (2, 2), 1.0), ("empty", (0, 3), (0, 2), 1.0), ("large", (2, 3), (2, 2), 1e18),
    ("tiny", (2, 3), (2, 2), 1e-18), ("broadcast", (4, 1, 3), (2, 2), 1.0),
):  # fmt: skip
    torch = None if edge == "broadcast" else torch_bilinear
    inputs = values(*one) * scale, values(*other) * scale
    make = partial(nn.Bilinear, 3, 2, 4, bias=edge != "tiny")
    add("Bilinear", "", make, inputs, bilinear, torch, edge=edge)
add("Bilinear", "of vectors, without bias", lambda: nn.Bilinear(3, 2, 4, bias=False), (values(3), values(2)), bilinear)
add("Bilinear", "", lambda: nn.Bilinear(1, 1, 1), (values(1, 1), values(1, 1)), bilinear, edge="size one")

# Normalisation


def standardised(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5) * scale + shift


def by_group(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, groups: int) -> np.ndarray:
    form = x.reshape(len(x), int(np.prod(x.shape[1:-1])), groups, x.shape[-1] // groups)
    return standardised(form, np.ones(()), np.zeros(()), (1, 3)).reshape(x.shape) * scale + shift


def in_batch(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return standardised(x, scale, shift, tuple(range(x.ndim - 1)))


def in_instance(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return standardised(x, scale, shift, tuple(range(1, x.ndim - 1)))


def by_rms(x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale


def torch_batch(torch: Any, x: Any, scale: Any, shift: Any) -> Any:
    return torch.nn.functional.batch_norm(x, None, None, scale, shift, training=True)


def used() -> nn.Module:
    """After one batch in training, whose statistics float32 holds exactly: the mean is 2, the unbiased variance 8."""
    norm = nn.BatchNorm(3, momentum=0.5)
    norm(np.repeat(np.array([[0], [4]], np.float32), 3, 1))
    return norm.eval()


def in_use(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return (x - 0.5 * 2) / np.sqrt(0.5 * 1 + 0.5 * 8 + 1e-5) * scale + shift


NORMS: tuple[tuple[str, Any, tuple[tuple[int, ...], ...], Any, Any], ...] = (
    ("BatchNorm", lambda: nn.BatchNorm(3), ((4, 3), (2, 5, 3), (2, 2, 4, 3)), in_batch, channels_first(torch_batch)),
    ("GroupNorm", lambda: nn.GroupNorm(2, 4), ((2, 4), (2, 5, 4), (2, 3, 2, 4)), partial(by_group, groups=2),
     channels_first(lambda torch, x, *rest: torch.nn.functional.group_norm(x, 2, *rest))),
    ("InstanceNorm", lambda: nn.InstanceNorm(3), ((2, 5, 3), (2, 2, 4, 3)), in_instance,
     channels_first(lambda torch, x, *rest: torch.nn.functional.instance_norm(x, None, None, *rest))),
    ("LayerNorm", lambda: nn.LayerNorm(3), ((3,), (2, 3), (2, 5, 3)), partial(standardised, axes=(-1,)),
     lambda torch, x, *rest: torch.nn.functional.layer_norm(x, (3,), *rest)),
    ("RMSNorm", lambda: nn.RMSNorm(3), ((3,), (2, 3), (2, 5, 3)), by_rms,
     lambda torch, x, scale: torch.nn.functional.rms_norm(x, (3,), scale, 1e-5)),
)  # fmt: skip
for name, make, shapes, truth, torch in NORMS:
    for shape in shapes:
        add(name, "", make, values(*shape), truth, torch)
    if name != "BatchNorm":
        add_edges(name, make, shapes[-1], truth)
add("BatchNorm", "in use", used, values(4, 2, 3), in_use)
add_edges("BatchNorm", used, (4, 3), in_use)
add("BatchNorm", "", lambda: nn.BatchNorm(3), values(4, 3) * 1e18, in_batch, torch_batch, edge="large")
add("BatchNorm", "", lambda: nn.BatchNorm(1), values(2, 1), in_batch, torch_batch, edge="size one")
for name, one in (("GroupNorm", (1, 1)), ("InstanceNorm", (1, 1, 1)), ("LayerNorm", (1, 1))):
    add(name, "", partial(getattr(nn, name), *(1,) * (1 + (name == "GroupNorm"))), values(*one),
        lambda x, scale, shift: x * 0 + shift, edge="size one")  # fmt: skip
add("RMSNorm", "", lambda: nn.RMSNorm(1), values(1, 1), by_rms, edge="size one")

# Activation

ACTIVATIONS: Sequence[tuple[str, Mapping[str, Any], Any, Any]] = (
    ("ReLU", {}, lambda x: np.where(x > 0, x, 0), functional("relu")),
    ("LeakyReLU", {"slope": 0.2}, lambda x: np.where(x > 0, x, 0.2 * x), functional("leaky_relu", negative_slope=0.2)),
    ("ELU", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0))),
     functional("elu", alpha=0.5)),
    ("GELU", {}, lambda x: x * special.ndtr(x), functional("gelu")),
    ("GELU", {"approximate": "tanh"}, lambda x: x * special.expit(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)),
     functional("gelu", approximate="tanh")),
    ("SiLU", {}, lambda x: x * special.expit(x), functional("silu")),
    ("Softplus", {}, lambda x: np.logaddexp(0, x), functional("softplus", threshold=200)),
    ("Tanh", {}, np.tanh, functional("tanh")),
    ("Sigmoid", {}, special.expit, functional("sigmoid")),
    ("Softmax", {}, lambda x: special.softmax(x, -1), functional("softmax", dim=-1)),
    ("Softmax", {"axis": 0}, lambda x: special.softmax(x, 0), functional("softmax", dim=0)),
)  # fmt: skip
for name, chosen, truth, torch in ACTIVATIONS:
    make = partial(getattr(nn, name), **chosen)
    label = " ".join(map(str, chosen.values()))
    add(name, label, make, values(2, 3), truth, torch)
    add(name, label, make, values(1, 1), truth, torch, edge="size one")
    add(name, label, make, values(3, 0) if chosen == {"axis": 0} else values(0, 3), truth, torch, edge="empty")
    add(name, label, make, np.array([[-1e4, -50.0, 50.0, 1e4]]), truth, torch, edge="large")
    add(name, label, make, np.array([[-1e-18, 1e-18]]), truth, torch, edge="tiny")
for name, slope in (("ReLU", 0.0), ("LeakyReLU", 0.01)):
    add(name, "", getattr(nn, name), np.zeros(2), np.zeros_like, gradients=[[slope, slope]], edge="subgradient")
add("ELU", "", nn.ELU, np.zeros(2), np.zeros_like, gradients=[[1.0, 1.0]], edge="subgradient")

# Dropout, whose draws are made again here; shape; tables

KEPT, CHANNELS = (RNG(0).random(shape, np.float32) >= 0.4 for shape in ((3, 4, 2), (3, 1, 2)))
for name, kept in (("Dropout", KEPT), ("SpatialDropout", CHANNELS)):
    make = getattr(nn, name)
    training = partial(lambda make: make(0.4, RNG(0)), make)
    truth = lambda x, kept=kept: np.where(kept[: len(x)], x / 0.6, 0)  # noqa: E731
    add(name, "training", training, values(3, 4, 2), truth)
    add(name, "use", partial(lambda make: make(0.4).eval(), make), values(3, 4), lambda x: x, lambda torch, x: x * 1)
    add_edges(name, training, (3, 4, 2), truth)
    add(name, "", training, values(1, 1), lambda x: x / 0.6 * (RNG(0).random(1, np.float32) >= 0.4), edge="size one")

flat = lambda x: x.reshape(len(x), int(np.prod(x.shape[1:])))  # noqa: E731
add("Flatten", "", nn.Flatten, values(2, 3, 4), flat, lambda torch, x: x.flatten(1))
add("Flatten", "", nn.Flatten, values(1, 1), flat, edge="size one")
add_edges("Flatten", nn.Flatten, (2, 3, 4), flat)

ROWS, ENTRIES, OFFSETS = np.array([[0, 4], [4, 2]]), np.array([3, 1, 1, 0, 4]), np.array([0, 2, 2])
for edge, rows in {"": ROWS, "empty": ROWS[:0], "size one": ROWS[0, 0]}.items():
    add("Embedding", "", lambda: nn.Embedding(5, 3), (), lambda w, rows=rows: w[rows],
        lambda torch, w, rows=rows: torch.nn.functional.embedding(torch.tensor(rows), w),
        call=lambda m, rows=rows: m(rows), edge=edge)  # fmt: skip
add("EmbeddingBag", "means", lambda: nn.EmbeddingBag(5, 3), (),
    lambda w: np.stack([w[[3, 1]].mean(0), w[0] * 0, w[[1, 0, 4]].mean(0)]),
    lambda torch, w: torch.nn.functional.embedding_bag(torch.tensor(ENTRIES), w, torch.tensor(OFFSETS)),
    call=lambda m: m(ENTRIES, OFFSETS))  # fmt: skip
add("EmbeddingBag", "weighted", lambda: nn.EmbeddingBag(5, 3), (),
    lambda w: np.stack([w[3] * 0.5 - w[1], w[0] * 0, w[1] * 2 + w[0] + w[4] * 4]),
    call=lambda m: m(ENTRIES, OFFSETS, np.array([0.5, -1, 2, 1, 4], m.weight.dtype)))  # fmt: skip
add("EmbeddingBag", "of nothing", lambda: nn.EmbeddingBag(5, 3), (), lambda w: np.zeros((2, 3)),
    call=lambda m: m([], [0, 0]), edge="empty")  # fmt: skip
add("EmbeddingBag", "", lambda: nn.EmbeddingBag(1, 1), (), lambda w: w, call=lambda m: m([0], [0]), edge="size one")

# Containers

add("Sequential", "", lambda: nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1)), values(2, 3),
    lambda x, w, b, v, c: linear(np.tanh(linear(x, w, b)), v, c),
    lambda torch, x, w, b, v, c: torch_linear(torch, torch.tanh(torch_linear(torch, x, w, b)), v, c))  # fmt: skip
add("Residual", "", lambda: nn.Residual(nn.Linear(3, 3)), values(2, 3), lambda x, w, b: x + linear(x, w, b),
    lambda torch, x, w, b: x + torch_linear(torch, x, w, b))  # fmt: skip
add("Residual", "projected", lambda: nn.Residual(nn.Linear(3, 2), nn.Linear(3, 2, bias=False)), values(2, 3),
    lambda x, w, b, p: x @ p + linear(x, w, b))  # fmt: skip
for name, make in (("Sequential", nn.Sequential), ("Residual", nn.Residual)):
    whole = partial(lambda make: make(nn.Linear(1, 1, bias=False)), make)
    truth = lambda x, w, kind=name: x @ w + (kind == "Residual") * x  # noqa: E731
    add(name, "", whole, values(1, 1), truth, edge="size one")
    add_edges(name, whole, (2, 1), truth)
