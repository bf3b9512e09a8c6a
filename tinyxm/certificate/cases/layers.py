"""Layers that are functions of an input (Bilinear: of two): linear, convolution, pooling, normalisation, activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

from tinyxm import nn
from tinyxm.certificate.case import Case, apart, layer, values

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

# Convolution


def windows(
    x: np.ndarray, size: Sequence[int], stride: int, padding: int, dilation: int = 1, outside: float = 0
) -> np.ndarray:
    """(batch, ..., channels) → (batch, positions ..., channels, window ...)"""
    n = x.ndim - 2
    x = np.pad(x, [(0, 0), *[(padding, padding)] * n, (0, 0)], constant_values=outside)
    views = sliding_window_view(x, [dilation * (k - 1) + 1 for k in size], tuple(range(1, n + 1)))
    every, dilated = (slice(None, None, stride),) * n, (slice(None, None, dilation),) * n
    return views[(slice(None), *every, slice(None), *dilated)]


def convolve(
    x: np.ndarray, w: np.ndarray, b: Any = 0.0, *, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> np.ndarray:
    """The sum over each window, group by group."""
    n = x.ndim - 2
    views = np.moveaxis(windows(x, w.shape[:n], stride, padding, dilation), n + 1, -1)
    parts = zip(np.split(views, groups, -1), np.split(w, groups, -1), strict=True)
    return np.concatenate([np.tensordot(part, kernel, n + 1) for part, kernel in parts], -1) + b


def convolve_back(
    x: np.ndarray, w: np.ndarray, b: Any = 0.0, *, output_padding: int = 0, **settings: Any
) -> np.ndarray:
    """The transpose of the matrix that `convolve` is, from results to x."""
    stride, padding, dilation, groups = (settings.get(k, 1 - (k == "padding")) for k in SETTINGS)
    size = [
        (i - 1) * stride - 2 * padding + dilation * (k - 1) + output_padding + 1
        for i, k in zip(x.shape[1:-1], w.shape, strict=False)
    ]
    shape = (*size, w.shape[-2] * groups)
    basis = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    matrix = convolve(basis, w, **settings).reshape(len(basis), -1)
    return (x.reshape(len(x), matrix.shape[1]) @ matrix.T).reshape(len(x), *shape) + b


def torch_convolve(name: str, **settings: Any) -> Callable[..., Any]:
    """Its weights are (out, in / groups, ...), of a transposed convolution (in, out / groups, ...): the same turn."""

    def function(torch: Any, x: Any, w: Any, b: Any = None) -> Any:
        n = w.ndim - 2
        return getattr(torch.nn.functional, name)(x, w.permute(n + 1, n, *range(n)), b, **settings)

    return channels_first(function)


SETTINGS = ("stride", "padding", "dilation", "groups")
FORWARD: list[dict[str, int]] = [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "padding": 1, "groups": 2}]
BACK: list[dict[str, int]] = [{}, {"stride": 2, "padding": 1, "output_padding": 1}, {"dilation": 2, "groups": 2}]
for n, shape in enumerate(((2, 7, 4), (2, 5, 4, 4), (1, 3, 4, 3, 4)), 1):
    for kind, truth, torch_name, tried in (
        (f"Conv{n}d", convolve, f"conv{n}d", FORWARD),
        (f"ConvTranspose{n}d", convolve_back, f"conv_transpose{n}d", BACK),
    ):
        convolution = getattr(nn, kind)
        for settings in tried:
            label = " ".join(f"{name} {value}" for name, value in settings.items())
            make = partial(convolution, 4, 2, 2, **settings)
            add(kind, label, make, values(*shape), partial(truth, **settings), torch_convolve(torch_name, **settings))
        uneven = partial(convolution, 4, 2, (2, 3, 1)[:n], bias=False)
        add(kind, "uneven, without bias", uneven, values(*shape), truth, torch_convolve(torch_name))
        single = partial(convolution, 1, 1, 1)
        add(kind, "", single, values(*(1,) * (n + 2)), truth, torch_convolve(torch_name), edge="size one")
        add_edges(kind, partial(convolution, 4, 2, 2, bias=False), shape, truth, torch_convolve(torch_name))
add("Conv2d", "same", lambda: nn.Conv2d(2, 3, 3, padding="same"), values(2, 4, 3, 2), partial(convolve, padding=1),
    torch_convolve("conv2d", padding="same"))  # fmt: skip

# Pooling


def pool(x: np.ndarray, how: Any, size: int, stride: int, padding: int, outside: float) -> np.ndarray:
    n = x.ndim - 2
    return how(windows(x, (size,) * n, stride, padding, outside=outside), tuple(range(-n, 0)))


def adaptive(x: np.ndarray, how: Any, sizes: Sequence[int]) -> np.ndarray:
    """Along one axis after another: a mean of means, as the parts are all alike within each."""
    for axis, n in enumerate(sizes, 1):
        length = x.shape[axis]
        parts = [np.arange(i * length // n, -(-(i + 1) * length // n)) for i in range(n)]
        x = np.stack([how(x.take(part, axis), axis) for part in parts], axis)
    return x


for n, shape in enumerate(((2, 7, 3), (2, 5, 6, 2), (1, 4, 3, 4, 2)), 1):
    for kind, how, torch_name, outside in (
        ("MaxPool", np.max, "max_pool", -np.inf), ("AveragePool", np.mean, "avg_pool", 0.0),
    ):  # fmt: skip
        layer_of, torch_name = getattr(nn, f"{kind}{n}d"), f"{torch_name}{n}d"
        for size, stride, padding in ((2, 2, 0), (3, 2, 1), (2, 1, 0)):
            truth = partial(pool, how=how, size=size, stride=stride, padding=padding, outside=outside)
            torch = channels_first(functional(torch_name, kernel_size=size, stride=stride, padding=padding))
            add(f"{kind}{n}d", f"{size} {stride} {padding}", partial(layer_of, size, stride, padding), apart(*shape),
                truth, torch)  # fmt: skip
        single = partial(pool, how=how, size=1, stride=1, padding=0, outside=outside)
        add(f"{kind}{n}d", "", partial(layer_of, 1), values(*(1,) * (n + 2)), single, edge="size one")
        add_edges(f"{kind}{n}d", partial(layer_of, 2, 1), shape, truth, torch)
    first = np.zeros((1, *(2,) * n, 1))
    first.flat[0] = 1.0
    add(f"MaxPool{n}d", "", partial(getattr(nn, f"MaxPool{n}d"), 2), np.ones_like(first),
        lambda x: x.reshape(1, *(1,) * (x.ndim - 2), -1)[..., :1], gradients=[first], edge="ties")  # fmt: skip

for n, shape, size in ((1, (2, 7, 3), (3,)), (2, (2, 5, 6, 2), (2, 4))):
    for kind, how, torch_name in (("Max", np.max, "max"), ("Average", np.mean, "avg")):
        name = f"Adaptive{kind}Pool{n}d"
        make, truth = partial(getattr(nn, name), size), partial(adaptive, how=how, sizes=size)
        torch = channels_first(functional(f"adaptive_{torch_name}_pool{n}d", output_size=size))
        add(name, "", make, apart(*shape), truth, torch)
        add(name, "to one", partial(getattr(nn, name), 1), apart(*shape), partial(adaptive, how=how, sizes=(1,) * n))
        add(name, "", partial(getattr(nn, name), 1), values(*(1,) * (n + 2)), lambda x: x, edge="size one")
        add_edges(name, make, shape, truth, torch)
    add(f"AdaptiveMaxPool{n}d", "", partial(getattr(nn, f"AdaptiveMaxPool{n}d"), 1), np.ones((1, *(2,) * n, 1)),
        lambda x: x[:, :1] if x.ndim == 3 else x[:, :1, :1],
        gradients=[np.reshape([1.0, *[0.0] * (2**n - 1)], (1, *(2,) * n, 1))], edge="ties")  # fmt: skip

for kind, how, torch_name in (("Max", np.max, "amax"), ("Average", np.mean, "mean")):
    make = getattr(nn, f"Global{kind}Pool")
    for shape in ((2, 5, 3), (2, 3, 4, 2), (1, 2, 3, 2, 2)):
        middle = tuple(range(1, len(shape) - 1))
        add(make.__name__, "", make, apart(*shape), partial(how, axis=middle),
            lambda torch, x, f=torch_name, middle=middle: getattr(torch, f)(x, middle))  # fmt: skip
    add(make.__name__, "", make, values(1, 1, 1), lambda x: x[:, 0], edge="size one")
    add_edges(
        make.__name__, make, (2, 5, 3), partial(how, axis=1), lambda torch, x, f=torch_name: getattr(torch, f)(x, 1)
    )
add("GlobalMaxPool", "", nn.GlobalMaxPool, np.array([1.0, 3, 3]).reshape(1, 3, 1), lambda x: x[:, 1],
    gradients=[np.array([0, 0.5, 0.5]).reshape(1, 3, 1)], edge="ties")  # fmt: skip

for mode in ("nearest", "bilinear"):
    make = partial(nn.Upsample, 2, mode)
    matrix = np.kron(np.eye(3), [[1.0], [1.0]])
    if mode == "bilinear":  # a pixel's halves lie a quarter of the way to its neighbours; the outermost are repeated
        matrix = np.array([[4, 0, 0], [3, 1, 0], [1, 3, 0], [0, 3, 1], [0, 1, 3], [0, 0, 4]]) / 4
    truth = partial(lambda x, matrix: np.einsum("im,jn,bmnc->bijc", matrix, matrix, x), matrix=matrix)
    torch = channels_first(functional("interpolate", scale_factor=2, mode=mode))
    add("Upsample", mode, make, values(2, 3, 3, 2), truth, torch)
    add("Upsample", mode, make, values(1, 1, 1, 1), lambda x: np.tile(x, (1, 2, 2, 1)), edge="size one")
    add_edges("Upsample", make, (2, 3, 3, 2), truth)

# Normalisation


def standardised(
    x: np.ndarray, scale: np.ndarray, shift: np.ndarray, axes: tuple[int, ...], eps: float = 1e-5
) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps) * scale + shift


def by_group(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, groups: int, eps: float = 1e-5) -> np.ndarray:
    form = x.reshape(len(x), int(np.prod(x.shape[1:-1])), groups, x.shape[-1] // groups)
    return standardised(form, np.ones(()), np.zeros(()), (1, 3), eps).reshape(x.shape) * scale + shift


def in_batch(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return standardised(x, scale, shift, tuple(range(x.ndim - 1)), eps)


def in_instance(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return standardised(x, scale, shift, tuple(range(1, x.ndim - 1)), eps)


def by_rms(x: np.ndarray, scale: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * scale


def torch_batch(torch: Any, x: Any, scale: Any, shift: Any) -> Any:
    return torch.nn.functional.batch_norm(x, None, None, scale, shift, training=True)


def used(eps: float = 1e-5) -> nn.Module:
    """After one batch in training, whose statistics float32 holds exactly: the mean is 2, the unbiased variance 8."""
    norm = nn.BatchNorm(3, eps, momentum=0.25)
    norm(np.repeat(np.array([[0], [4]], np.float32), 3, 1))
    return norm.eval()


def in_use(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return (x - 0.25 * 2) / np.sqrt(0.75 * 1 + 0.25 * 8 + eps) * scale + shift


NORMS: tuple[tuple[str, Any, tuple[tuple[int, ...], ...], Any, Any], ...] = (
    ("BatchNorm", partial(nn.BatchNorm, 3), ((4, 3), (2, 5, 3), (2, 2, 4, 3)), in_batch, channels_first(torch_batch)),
    ("GroupNorm", partial(nn.GroupNorm, 2, 4), ((2, 4), (2, 5, 4), (2, 3, 2, 4)), partial(by_group, groups=2),
     channels_first(lambda torch, x, *rest: torch.nn.functional.group_norm(x, 2, *rest))),
    ("InstanceNorm", partial(nn.InstanceNorm, 3), ((2, 5, 3), (2, 2, 4, 3)), in_instance,
     channels_first(lambda torch, x, *rest: torch.nn.functional.instance_norm(x, None, None, *rest))),
    ("LayerNorm", partial(nn.LayerNorm, 3), ((3,), (2, 3), (2, 5, 3)), partial(standardised, axes=(-1,)),
     lambda torch, x, *rest: torch.nn.functional.layer_norm(x, (3,), *rest)),
    ("RMSNorm", partial(nn.RMSNorm, 3), ((3,), (2, 3), (2, 5, 3)), by_rms,
     lambda torch, x, scale: torch.nn.functional.rms_norm(x, (3,), scale, 1e-5)),
)  # fmt: skip
for name, make, shapes, truth, torch in NORMS:
    for shape in shapes:
        add(name, "", make, values(*shape), truth, torch)
    add(name, "ε 0.3", partial(make, eps=0.3), values(*shapes[-1]), partial(truth, eps=0.3))
    if name != "BatchNorm":
        add_edges(name, make, shapes[-1], truth)
add("BatchNorm", "in use", used, values(4, 2, 3), in_use)
add("BatchNorm", "in use, ε 0.3", partial(used, 0.3), values(4, 3), partial(in_use, eps=0.3))
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
    training = partial(lambda make: make(0.4, rng=RNG(0)), make)
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
