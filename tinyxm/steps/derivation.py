"""How one number follows from others: an operation's formula at one place, with the numbers that took part."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from tinyxm.autograd import Tensor, grad_mode, gradients
from tinyxm.steps.provenance import Origin, Place, Term


class Cell(NamedTuple):
    """One number of an operand; `i` tells which array, where the operand is a sequence of them, and `called` what the
    caller calls it."""

    operand: str
    i: int
    place: Place
    value: float
    in_sequence: bool = False
    called: str = ""

    @property
    def symbol(self) -> str:
        """As the formula has it."""
        return f"{self.operand}[{self.i}]" if self.in_sequence else self.operand

    @property
    def name(self) -> str:
        return self.called or self.symbol

    def __str__(self) -> str:
        return f"{self.name}{list(self.place) or ''}"


class Row(NamedTuple):
    """One line of a derivation: what it is, its numbers where they are several, what they make, and its operands."""

    label: str
    numbers: tuple[float, ...]
    value: float
    cells: tuple[Cell, ...] = ()


class Derivation(NamedTuple):
    """`formula` as the operation states it; `rows`; and in words what becomes of the rows."""

    formula: str
    rows: list[Row]
    conclusion: str


Rule = Callable[[Origin, np.ndarray, Place], Derivation]


def derive(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    """How y[place] came about, y the result of this operation."""
    room = getattr(origin.function, "__module__", "")
    own = _RULES.get(origin.operation) if room.startswith("tinyxm.ops.") else None  # not another's of that name
    rule = own or (_each_element if room in _ELEMENTWISE else _by_slopes if origin.function else _listed)
    return rule(origin, y, place)


def formula_of(origin: Origin) -> str:
    """The first formula of the operation's docstring, or of the public function's that it does the work for."""
    public = getattr(sys.modules.get(getattr(origin.function, "__module__", "")), origin.operation, None)
    lines = (getattr(origin.function, "__doc__", None) or getattr(public, "__doc__", None) or "").strip().splitlines()
    return lines[0].split(";")[0].strip().removesuffix(",") if lines else ""


def cell(origin: Origin, name: str, place: Place, i: int = 0) -> Cell:
    """The number of this operand that broadcasting puts at this place."""
    operand = origin.operands[name]
    x = np.asarray(operand[i] if isinstance(operand, list) else operand)
    own = place[len(place) - x.ndim :] if x.ndim else ()
    at = tuple(0 if n == 1 else k for n, k in zip(x.shape, own, strict=True))
    return Cell(name, i, at, x[at].item(), isinstance(operand, list), origin.called.get((name, i), ""))


def _called(origin: Origin, name: str) -> str:
    return origin.called.get((name, 0), name)


_ELEMENTWISE = ("tinyxm.ops.elementwise", "tinyxm.ops.activation")


def _each_element(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    cells = [cell(origin, name, place) for name, x in origin.operands.items() if x is not None]
    return Derivation(formula_of(origin), [Row(str(c), (), c.value, (c,)) for c in cells], "")


def _matmul(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    *batch, n, m = place
    rows = []
    for k in range(origin.operands["a"].shape[-1]):
        a, b = cell(origin, "a", (*batch, n, k)), cell(origin, "b", (*batch, k, m))
        rows.append(Row(f"{a}·{b}", (a.value, b.value), a.value * b.value, (a, b)))
    left, right = _called(origin, "a"), _called(origin, "b")
    return Derivation(formula_of(origin), rows, f"row {n} of {left} times column {m} of {right}: their sum")


def _linear(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    *row, j = place
    rows = []
    for k in range(origin.operands["w"].shape[0]):
        x, w = cell(origin, "x", (*row, k)), cell(origin, "w", (k, j))
        rows.append(Row(f"{x}·{w}", (x.value, w.value), x.value * w.value, (x, w)))
    given, formula = _called(origin, "x"), formula_of(origin)
    which = f"row {', '.join(map(str, row))} of {given}" if row else given
    conclusion = f"{which} times column {j} of {_called(origin, 'w')}"
    if origin.operands["bias"] is not None:
        bias = cell(origin, "bias", (j,))
        rows.append(Row(str(bias), (), bias.value, (bias,)))
        conclusion += f", and {bias}"
    conclusion += ": their sum"
    if (activation := origin.static["activation"]) != "none":
        formula = formula.replace("x W + b", f"{activation}(x W + b)")
        conclusion += f", and {activation}({sum(row.value for row in rows):.6g})"
    return Derivation(formula, rows, conclusion)


def _conv2d(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    x, w, static = origin.operands["x"], origin.operands["w"], origin.static
    (image, p, q, o), stride, padding = place, static["stride"], static["padding"]
    dilation, groups = static.get("dilation", (1, 1)), static.get("groups", 1)
    first = o // (w.shape[3] // groups) * w.shape[2]  # of the input channels that this one's group sees
    rows = []
    for u, v, c in np.ndindex(w.shape[:3]):
        i, j = (k * s + t * d - m for k, t, s, d, m in zip((p, q), (u, v), stride, dilation, padding, strict=True))
        if 0 <= i < x.shape[1] and 0 <= j < x.shape[2]:
            a, b = cell(origin, "x", (image, i, j, first + c)), cell(origin, "w", (u, v, c, o))
            rows.append(Row(f"{a}·{b}", (a.value, b.value), a.value * b.value, (a, b)))
    outside = math.prod(w.shape[:3]) - len(rows)
    beyond = f" ({outside} taps lie outside the image, where x is 0)" if outside else ""
    formula = "y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u·d − padding, q·s + v·d − padding, c]·w[u, v, c, o]"
    patch = f"the patch of {_called(origin, 'x')}"
    return Derivation(formula, rows, f"{patch} under the kernel, times the kernel: their sum{beyond}")


def _softmax(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    a, axis = origin.operands["a"], origin.static["axis"]
    return _exponentials(origin, a, place, axis % a.ndim, origin.operation)


def _exponentials(origin: Origin, a: np.ndarray, place: Place, axis: int, what: str) -> Derivation:
    line = [(*place[:axis], k, *place[axis + 1 :]) for k in range(a.shape[axis])]
    name = next(iter(origin.operands))
    cells = [cell(origin, name, at) for at in line]
    largest = max(c.value for c in cells)
    rows = [Row(f"exp({c} − {largest:.6g})", (), math.exp(c.value - largest), (c,)) for c in cells]
    total, own = sum(row.value for row in rows), rows[place[axis]].value
    if what == "softmax":
        conclusion = f"its own share: {own:.6g} / {total:.6g}, the sum of all"
    else:
        sign = "" if what == "log_softmax" else "−"
        conclusion = f"{sign}ln of its own share: {sign}ln({own:.6g} / {total:.6g}), {total:.6g} the sum of all"
    return Derivation(formula_of(origin), rows, conclusion)


def _cross_entropies(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    label = int(origin.operands["labels"][place])
    return _exponentials(origin, origin.operands["logits"], (*place, label), len(place), f"class {label}")


def _standardise(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    """Of `standardise`, and of what scales and shifts by statistics of (2, samples, groups), one sample for a batch."""
    x, eps, statistics = origin.operands["x"], origin.static["eps"], origin.static.get("statistics")
    groups = origin.static["groups"] if statistics is None else statistics.shape[2]
    together = statistics is not None and statistics.shape[1] == 1
    size = x.shape[-1] // groups
    start = place[-1] // size * size
    members = [
        cell(origin, "x", (*at, c))
        for at in np.ndindex(x.shape[:-1])
        if together or at[0] == place[0]
        for c in range(start, start + size)
    ]  # fmt: skip
    numbers = np.array([c.value for c in members])
    own, mean, variance = cell(origin, "x", place), float(numbers.mean()), float(numbers.var())
    rows = [
        Row(str(own), (), own.value, (own,)),
        Row(f"μ, the mean of {len(members)} in its group", (), mean, tuple(c for c in members if c != own)),
        Row("σ², their variance", (), variance),
        Row("ε", (), eps),
    ]
    conclusion = f"({own.value:.6g} − {mean:.6g}) / √({variance:.6g} + {eps:.6g})"
    if statistics is not None:
        scale, shift = (cell(origin, name, place) for name in ("scale", "shift"))
        rows += [Row(str(c), (), c.value, (c,)) for c in (scale, shift)]
        conclusion = f"{scale.value:.6g}·{conclusion} + {shift.value:.6g}"
    return Derivation(formula_of(origin), rows, conclusion)


_REDUCTIONS = {
    "sum": "their sum",
    "mean": "their sum over their number",
    "max": "the largest",
    "min": "the smallest",
    "prod": "their product",
    "logsumexp": "ln of the sum of their exponentials",
}


def _reduction(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    a, axis, keepdims = origin.operands["a"], origin.static["axis"], origin.static["keepdims"]
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = {i % a.ndim for i in axes}
    kept: Iterator[int] = iter(k for i, k in enumerate(place) if not (keepdims and i in reduced))
    spans = [range(n) if i in reduced else (next(kept),) for i, n in enumerate(a.shape)]
    cells = [cell(origin, "a", at) for at in product(*spans)]
    rows = [Row(str(c), (), c.value, (c,)) for c in cells]
    return Derivation(formula_of(origin), rows, f"{_REDUCTIONS[origin.operation]} ({len(rows)})")


def _by_slopes(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    """For any other operation: which numbers of its operands this one moves with, and how much, by its own adjoints."""
    again, tensors = _run_again(origin)
    if again is None or not again.requires_grad:
        return _listed(origin, y, place)
    slopes = gradients(again[place], [t for _, _, t in tensors])
    moving = [
        (cell(origin, name, at, i), float(slope.data[at]))
        for (name, i, _), slope in zip(tensors, slopes, strict=True)
        for at in _places(slope.data)
    ]
    names = dict.fromkeys(c.name for c, _ in moving)
    for part in (moving, *([(c, s) for c, s in moving if c.name == name] for name in names)):
        if np.isclose(sum(c.value * s for c, s in part), float(y[place]), rtol=1e-4, atol=1e-6):  # linear in this part
            rows = [Row(f"{c}" if s == 1 else f"{c}·{s:.6g}", (), c.value * s, (c,)) for c, s in part]
            return Derivation(formula_of(origin), rows, "" if len(part) == 1 else "their sum")
    rows = [Row(f"{c} (slope {s:.6g})", (), c.value, (c,)) for c, s in moving]
    return Derivation(formula_of(origin), rows, "it depends on these; the slope tells how much it moves with each")


def _places(x: np.ndarray) -> list[Place]:
    """Where x isn't 0."""
    return [tuple(at) for at in np.argwhere(x).tolist()]


def _listed(origin: Origin, y: np.ndarray, place: Place) -> Derivation:
    """Where nothing more is known: the operands' shapes."""
    shapes = ", ".join(f"{name} {np.shape(x)}" for name, x in origin.operands.items())
    return Derivation(formula_of(origin), [], f"from {shapes}")


def _run_again(origin: Origin) -> tuple[Tensor | None, list[tuple[str, int, Tensor]]]:
    """The operation once more, on Tensors of its own: its result, and (name, place in a sequence, Tensor) of each."""
    if origin.function is None:
        return None, []
    tensors: list[tuple[str, int, Tensor]] = []

    def fresh(name: str, i: int, x: Any) -> Any:
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            return x
        tensors.append((name, i, Tensor(x, requires_grad=True)))
        return tensors[-1][2]

    with grad_mode(True):
        operands = {
            name: [fresh(name, i, part) for i, part in enumerate(x)] if isinstance(x, list) else fresh(name, 0, x)
            for name, x in origin.operands.items()
        }
        y = origin.function(**operands, **origin.static)
    return y, tensors


def derive_term(term: Term, place: Place, made: str = "") -> list[Row]:
    """What one use sent back to the number at this place: ∂y/∂x·g for each number y of its result that x moves.

    The slopes ∂y/∂x are those of the adjoint itself: it's linear in g, so they are its gradient with respect to g.
    Where g is 0 nothing arrives, and no row is made. `made` is what the caller calls y.
    """
    y, tensors = _run_again(term.by)
    own = next((t for name, i, t in tensors if (name, i) == (term.input, term.place)), None)
    if y is None or own is None:
        return []
    with grad_mode(True):
        g = Tensor(np.zeros_like(y.data), requires_grad=True)
        (gx,) = gradients(y, [own], g, create_graph=True)
        slopes = gradients(gx[place], [g])[0].data if gx.requires_grad else np.zeros_like(y.data)
    x = cell(term.by, term.input, place, term.place)
    rows = []
    for at in _places(slopes * (term.g != 0)):
        arrived = Cell("g", 0, at, float(term.g[at]), called=f"∂L/∂{made}" if made else "")
        slope = float(slopes[at])
        label = f"∂{made or 'y'}{list(at) or ''}/∂{x.name}·{arrived}"
        rows.append(Row(label, (slope, arrived.value), slope * arrived.value, (arrived,)))
    return rows


_RULES: dict[str, Rule] = {
    "matmul": _matmul,
    "linear": _linear,
    "conv2d": _conv2d,
    "softmax": _softmax,
    "log_softmax": _softmax,
    "cross_entropies": _cross_entropies,
    "standardise": _standardise,
    "group_norm": _standardise,
    **dict.fromkeys(_REDUCTIONS, _reduction),
}
