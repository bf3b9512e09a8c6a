"""Every operation once or more: how it is called, on what, and the same in PyTorch where PyTorch has it."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from tinyxm import ops

rng = np.random.default_rng(7)


class Case(NamedTuple):
    """`ours` gets Tensors and `torch` (the module, *its tensors) the same; `inputs` are float64."""

    operation: str
    label: str
    ours: Callable[..., Any]
    inputs: tuple[np.ndarray, ...]
    torch: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return f"{self.operation} {self.label} {' '.join(str(x.shape).replace(' ', '') for x in self.inputs)}"


def values(*shape: int, low: float = -2, high: float = 2) -> np.ndarray:
    return np.asarray(rng.uniform(low, high, shape))


def method(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """Call ops.NAME or torch.NAME: on Tensors the same words."""
    return lambda *tensors: getattr(ops, name)(*tensors, *args, **options)


def of_torch(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    def call(torch: Any, *tensors: Any) -> Any:
        for part in name.split("."):
            torch = getattr(torch, part)
        return torch(*tensors, *args, **options)

    return call


CASES: list[Case] = []


def add(operation: str, label: str, ours: Any, inputs: Any, torch: Any = None) -> None:
    CASES.append(Case(operation, label, ours, inputs, torch))


# Elementwise: single numbers, axes of length 1 and 0

for name, low, theirs in (
    *((n, -2, n) for n in ("absolute", "cos", "erf", "exp", "negative", "relu", "sigmoid", "sin", "square", "tanh")),
    *((n, 0.3, n) for n in ("log", "sqrt")),
    ("gelu", -2, "nn.functional.gelu"),
):
    for shape in ((), (2, 1, 3), (2, 0)):
        add(name, "", method(name), (values(*shape, low=low),), of_torch(theirs))
for name, low in (
    *((n, -2) for n in ("add", "subtract", "multiply", "maximum", "minimum")),
    ("divide", 0.4),
    ("power", 0.4),
):
    theirs = of_torch({"power": "pow"}.get(name, name))
    for a, b in product(((), (3,), (2, 1), (4, 2, 3)), repeat=2):
        add(name, "", method(name), (values(*a, low=low), values(*b, low=low)), theirs)
    for a, b in (((0,), (2, 4, 0)), ((1,), (0,)), ((0, 1), (1, 3))):
        add(name, "", method(name), (values(*a, low=low), values(*b, low=low)), theirs)
for n in (-1, 0, 0.5, 1, 2, 2.0, 3):
    add("power", f"{n}", lambda a, n=n: a**n, (values(2, 3, low=0.3),), lambda torch, a, n=n: a**n)
    add("power", f"{n} to the", lambda a, n=n: (n + 2) ** a, (values(2, 3),), lambda torch, a, n=n: (n + 2) ** a)
add("power", "negative base", lambda a: a**3, (values(2, 3),), lambda torch, a: a**3)
for limits in ((-1, 1), (None, 0.5), (-0.5, None), (-3, 3)):
    add("clip", f"{limits}", method("clip", *limits), (values(3, 4),), of_torch("clip", *limits))
add("clip", "learned limits", ops.clip, (values(3, 4), values(4, high=-1), values(high=2, low=1)), of_torch("clip"))
chosen = rng.random((2, 3)) < 0.5
for a, b in (((2, 3), (3,)), ((), (2, 1)), ((1, 3), (4, 1, 1))):
    inputs = values(*a), values(*b)
    add("where", "", lambda a, b: ops.where(chosen, a, b), inputs, lambda t, a, b: t.where(t.asarray(chosen), a, b))
add("astype", "float64", lambda a: a.astype(a.dtype), (values(2, 3),), lambda torch, a: a)

# Reductions: each form of axis

theirs_of = {"sum": "sum", "mean": "mean", "var": "var", "std": "std", "max": "amax", "min": "amin"}
for name, theirs in (*theirs_of.items(), ("logsumexp", "logsumexp")):
    correction = {"correction": 0} if name in ("var", "std") else {}
    for axis, keepdims in product((None, 1, -1, (0, 2), (-1, 0), (0, 1, 2)), (False, True)):
        dim = axis if axis is not None else (0, 1, 2)
        call = of_torch(theirs, dim, keepdim=keepdims, **correction)
        add(name, f"{axis} {keepdims}", method(name, axis=axis, keepdims=keepdims), (values(2, 3, 4),), call)
    add(name, "length 1", method(name), (values(1) if name != "std" else values(2),), of_torch(theirs, 0, **correction))
    if name not in ("var", "std"):
        add(name, "no axis", method(name), (values(),))
    add(name, "nothing left", method(name, axis=1), (values(0, 3),))
add("sum", "of nothing", method("sum", axis=1), (values(2, 0, 3),), of_torch("sum", 1))
for name in ("var", "std"):
    add(name, "ddof 1", method(name, axis=0, ddof=1), (values(4, 2),), of_torch(name, 0, correction=1))

# Moving and repeating

for shape, to in (((), (2, 3)), ((3,), (2, 3)), ((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((2, 3), (2, 3))):
    add("broadcast_to", f"{to}", method("broadcast_to", to), (values(*shape),), of_torch("broadcast_to", to))
for axis in (0, -1, (0, 3)):
    add("expand_dims", f"{axis}", method("expand_dims", axis), (values(2, 3),))
add("expand_dims", "like torch", method("expand_dims", 1), (values(2, 3),), of_torch("unsqueeze", 1))
for axis in (None, 1, -1, (1, 3)):
    theirs = of_torch("squeeze", *([axis] if axis is not None else []))
    add("squeeze", f"{axis}", method("squeeze", axis), (values(2, 1, 3, 1),), theirs)
for shape, to in (
    ((2, 3), (3, 2)),
    ((2, 3, 4), (-1, 4)),
    ((2, 3), (-1,)),
    ((1,), ()),
    ((), (1, 1)),
    ((0, 3), (3, 0, 2)),
):
    add("reshape", f"{to}", method("reshape", to), (values(*shape),), of_torch("reshape", to))
add("flatten", "", ops.flatten, (values(2, 3, 4),), of_torch("flatten", 1))
add("flatten", "no batch", ops.flatten, (values(0, 3, 4),), of_torch("flatten", 1))
add("transpose", "all", ops.transpose, (values(2, 3, 4),), lambda torch, a: a.permute(2, 1, 0))
for axes in ((1, 2, 0), (-1, 0, 1), (0, 1, 2)):
    add("transpose", f"{axes}", method("transpose", axes), (values(2, 3, 4),), of_torch("permute", axes))
add("transposed", "", ops.transposed, (values(2, 3, 4),), lambda torch, a: a.mT)
add("swapaxes", "", method("swapaxes", 0, -1), (values(2, 3, 4),), of_torch("swapaxes", 0, -1))
for source, to in ((0, -1), (-1, 0), ((0, 1), (2, 0))):
    add(
        "moveaxis",
        f"{source}→{to}",
        method("moveaxis", source, to),
        (values(2, 3, 4),),
        of_torch("moveaxis", source, to),
    )
for axis in (0, 1, -1):
    parts = [(2, 3), (2, 3), (2, 3)] if axis == 0 else [(2, 1), (2, 0), (2, 4)]
    inputs = tuple(values(*shape) for shape in parts)
    add(
        "concatenate",
        f"{axis}",
        lambda *a, axis=axis: ops.concatenate(a, axis),
        inputs,
        lambda t, *a, d=axis: t.cat(a, d),
    )
    inputs = values(2, 3), values(2, 3)
    add("stack", f"{axis}", lambda *a, axis=axis: ops.stack(a, axis), inputs, lambda t, *a, d=axis: t.stack(a, d))
add(
    "concatenate",
    "twice the same",
    lambda a: ops.concatenate([a, a * 2, a]),
    (values(3),),
    lambda t, a: t.cat([a, a * 2, a]),
)
add("stack", "with an array", lambda a: ops.stack([a * a, np.ones(3, a.dtype)]), (values(3),))

# Indexing (see also test_operation_edges.py)

rows, columns = np.array([0, 2, 0, -1]), np.array([1, 1, 1, 0])
mask = np.array([[True, False], [False, False], [True, True]])
for label, index in {
    "integer": 1, "repeated": rows, "pairs": (rows, columns), "mask": mask, "ellipsis": (..., 0), "empty": [],
    "step": (slice(None, None, 2), None), "tuple in a tuple": ((0, 0), (1, 1)), "2-d": rows.reshape(2, 2),
    "mixed": (slice(None), [0, 1, 1]), "row of mask": [True, False, True],
}.items():  # fmt: skip
    theirs = None if label == "tuple in a tuple" else lambda t, a, index=index: a[index]
    add("getitem", label, lambda a, index=index: ops.getitem(a, index), (values(3, 2),), theirs)
    taken = np.zeros((3, 2))[index].shape
    add("scatter_add", label, lambda a, index=index: ops.scatter_add(a, (3, 2), index), (values(*taken),))
add("scatter_add", "like torch", lambda a: ops.scatter_add(a, (3, 2), rows), (values(4, 2),),
    lambda t, a: t.zeros(3, 2, dtype=a.dtype).index_put((t.asarray(rows),), a, accumulate=True))  # fmt: skip

# Matrices and windows

for a, b in (
    ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((1, 2, 3), (5, 3, 4)), ((1, 1), (1, 1)), ((0, 3), (3, 2)),
    ((2, 0), (0, 3)), ((2, 2, 0), (0, 3)),
):  # fmt: skip
    add("matmul", "", ops.matmul, (values(*a), values(*b)), of_torch("matmul"))


def nchw(function: Callable[..., Any]) -> Callable[..., Any]:
    """A PyTorch function of images with channels second, as one of images with channels last."""
    return lambda t, x, *rest: function(t.nn.functional, x.permute(0, 3, 1, 2), *rest).permute(0, 2, 3, 1)


for kernel, stride, padding in (
    ((3, 3), 1, 0),
    ((3, 2), (2, 1), (1, 0)),
    ((1, 4), (1, 3), (0, 2)),
    ((3, 3), (3, 2), 1),
):
    theirs = nchw(lambda f, x, w, s=stride, p=padding: f.conv2d(x, w.permute(3, 2, 0, 1), None, s, p))
    inputs = values(2, 5, 6, 2), values(*kernel, 2, 3)
    add("conv2d", f"{stride} {padding}", method("conv2d", stride, padding), inputs, theirs)
add("conv2d", "same", method("conv2d", padding="same"), (values(1, 4, 5, 2), values(3, 1, 2, 2)),
    nchw(lambda f, x, w: f.conv2d(x, w.permute(3, 2, 0, 1), None, 1, "same")))  # fmt: skip
for size, stride, padding in ((2, None, 0), ((3, 2), (2, 1), (1, 0)), ((1, 3), (1, 2), (0, 1)), (3, 1, 1), (2, 3, 1)):
    settings, x = f"{size} {stride} {padding}", (values(2, 5, 6, 2),)
    theirs = nchw(lambda f, x, n=size, s=stride, p=padding: f.max_pool2d(x, n, s, p))
    add("max_pool2d", settings, method("max_pool2d", size, stride, padding), x, theirs)
    theirs = nchw(lambda f, x, n=size, s=stride, p=padding: f.avg_pool2d(x, n, s, p, count_include_pad=True))
    add("average_pool2d", settings, method("average_pool2d", size, stride, padding), x, theirs)

# Normalisation

for shape, groups in (((2, 3, 4), 2), ((3, 6), 1), ((2, 2, 3, 4), 4), ((1, 5, 2), 1), ((0, 2, 4), 2)):
    x = values(*shape)
    theirs = (
        None if shape[0] == 0 else lambda t, x, g=groups: t.nn.functional.group_norm(x.movedim(-1, 1), g).movedim(1, -1)
    )
    if shape != (2, 2, 3, 4):  # one channel a group is a norm over positions, shown below
        add("standardise", f"{groups}", method("standardise", groups), (x,), theirs)
    affine = None if theirs is None else (
        lambda t, x, a, b, g=groups: t.nn.functional.group_norm(x.movedim(-1, 1), g, a, b).movedim(1, -1))  # fmt: skip
    inputs = (x, values(shape[-1]), values(shape[-1]))
    add("group_norm", f"{groups}", method("group_norm", groups), inputs, affine)
for shape in ((5,), (3, 4), (2, 3, 4), (0, 4)):
    theirs = lambda t, x, a, b: t.nn.functional.layer_norm(x, x.shape[-1:], a, b)  # noqa: E731
    add("layer_norm", "", ops.layer_norm, (values(*shape), values(shape[-1]), values(shape[-1])), theirs)
for shape in ((4,), (2, 3, 4), (0, 4)):
    add("unit_length", "", ops.unit_length, (values(*shape),), of_torch("nn.functional.normalize", dim=-1))

# Words to vectors, and losses

words = np.array([[0, 2, 2], [3, 0, 0]])
add("embedding", "", lambda w: ops.embedding(w, words), (values(4, 3),), lambda t, w: w[t.asarray(words)])
entries, offsets, weights = np.array([0, 2, 2, 3, 1]), np.array([0, 3, 3]), rng.uniform(0.5, 2, 5)
add(
    "embedding_bag",
    "with weights that learn",
    lambda w, x: ops.embedding_bag(w, entries, offsets, x),
    (values(4, 3), values(len(entries))),
    lambda t, w, x: t.nn.functional.embedding_bag(
        t.asarray(entries), w, t.asarray(offsets), mode="sum", per_sample_weights=x
    ),
)
add("embedding_bag", "an empty bag",
    lambda w: ops.embedding_bag(w, entries, offsets, weights.astype(w.dtype)), (values(4, 3),),
    lambda t, w: t.nn.functional.embedding_bag(t.asarray(entries), w, t.asarray(offsets), mode="sum",
                                               per_sample_weights=t.asarray(weights, dtype=w.dtype)))  # fmt: skip
for name in ("softmax", "log_softmax"):
    for axis, shape in ((-1, (3, 4)), (0, (3, 4)), (1, (2, 3, 2)), (-1, (3, 1)), (-1, (0, 2))):
        add(name, f"{axis}", method(name, axis=axis), (values(*shape),), of_torch(name, axis))
labels = np.array([0, 2, 2])
add("cross_entropies", "", lambda a: ops.cross_entropies(a, labels), (values(3, 4),),
    lambda t, a: t.nn.functional.cross_entropy(a, t.asarray(labels), reduction="none"))  # fmt: skip
add("cross_entropy", "", lambda a: ops.cross_entropy(a, labels), (values(3, 4),),
    lambda t, a: t.nn.functional.cross_entropy(a, t.asarray(labels)))  # fmt: skip
add("squared_error", "", ops.squared_error, (values(2, 3), values(2, 3)), of_torch("nn.functional.mse_loss"))


def contrastive_of_torch(t: Any, a: Any, b: Any, scale: Any, same: np.ndarray | None = None) -> Any:
    s = scale * a @ b.T
    if same is not None:
        s = s.masked_fill(t.asarray(same & ~np.eye(len(same), dtype=bool)), -t.inf)
    return (
        t.nn.functional.cross_entropy(s, t.arange(len(s))) + t.nn.functional.cross_entropy(s.T, t.arange(len(s)))
    ) / 2


inputs = values(4, 3), values(4, 3), values(low=1, high=3)
add("info_nce", "", ops.info_nce, inputs, contrastive_of_torch)
alike = np.array([0, 1, 0, 2])
alike = alike[:, None] == alike
add("info_nce", "some the same", method("info_nce", same=alike), inputs,
    lambda t, *inputs: contrastive_of_torch(t, *inputs, alike))  # fmt: skip
