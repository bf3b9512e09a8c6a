"""Operations on each element, against NumPy's and SciPy's functions of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from tinyxm import ops
from tinyxm.certificate.case import Case, of_torch, values

CASES: list[Case] = []


def add(name: str, label: str, ours: Any, inputs: Any, truth: Any, torch: Any = None, **more: Any) -> None:
    inputs = tuple(np.asarray(x, float) for x in inputs)
    CASES.append(Case(name, "operation", label, ours, inputs, truth, of_torch(torch) if torch else None, **more))


# name: (the truth, the name in PyTorch, the lowest number it takes, large numbers and tiny ones that it can be given)
UNARY: dict[str, tuple[Callable[..., Any], str, float, Any, Any]] = {
    "arccos": (lambda a: np.arctan2(np.sqrt(1 - a * a), a), "arccos", -0.9, None, [-1e-30, 3e-30]),
    "arccosh": (lambda a: np.abs(np.arccos(a + 0j).imag), "arccosh", 1.1, [1e30, 3e30], None),
    "arcsin": (lambda a: np.arctan2(a, np.sqrt(1 - a * a)), "arcsin", -0.9, None, [-1e-30, 3e-30]),
    "arcsinh": (lambda a: np.arcsin(1j * a).imag, "arcsinh", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "arctan": (lambda a: np.angle(1 + 1j * a), "arctan", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "arctanh": (lambda a: np.arctan(1j * a).imag, "arctanh", -0.9, None, [-1e-30, 3e-30]),
    "cosh": (lambda a: np.cos(1j * a).real, "cosh", -2, [-80, 85], [-1e-30, 3e-30]),
    "exp2": (lambda a: np.exp(a * np.log(2)), "exp2", -2, [-1e30, 120], [-1e-30, 3e-30]),
    "log10": (lambda a: np.log(a) / np.log(10), "log10", 0.3, [1e30, 3e30], [1e-30, 3e-30]),
    "log2": (lambda a: np.log(a) / np.log(2), "log2", 0.3, [1e30, 3e30], [1e-30, 3e-30]),
    "positive": (lambda a: a * 1, "positive", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "reciprocal": (lambda a: a**-1.0, "reciprocal", 0.3, [1e30, -3e30], [1e-15, -3e-15]),
    "sinh": (lambda a: np.sin(1j * a).imag, "sinh", -2, [-80, 85], [-1e-30, 3e-30]),
    "abs": (lambda a: np.where(a < 0, -a, a), "abs", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "cos": (lambda a: np.sin(a + np.pi / 2), "cos", -2, [-1e3, 3e3], [-1e-30, 3e-30]),
    "erf": (special.erf, "erf", -2, [-1e30, 7, 3e30], [-1e-30, 3e-30]),
    "exp": (lambda a: np.exp2(a / np.log(2)), "exp", -2, [-1e30, 85], [-1e-30, 3e-30]),
    "expm1": (special.expm1, "expm1", -2, [-1e30, 85], [-1e-30, 3e-30]),
    "log": (lambda a: np.log2(a) * np.log(2), "log", 0.3, [1e30, 3e30], [1e-30, 3e-30]),
    "log1p": (special.log1p, "log1p", -0.6, [1e30, 3e30], [-1e-30, 3e-30]),
    "negative": (lambda a: 0 - a, "neg", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "rsqrt": (lambda a: a**-0.5, "rsqrt", 0.3, [1e20, 3e20], [1e-20, 3e-20]),
    "sign": (lambda a: 1.0 * (a > 0) - (a < 0), "sign", -2, [-1e30, 3e30], [-1e-30, 3e-30]),
    "sin": (lambda a: np.exp(1j * a).imag, "sin", -2, [-1e3, 3e3], [-1e-30, 3e-30]),
    "sqrt": (lambda a: a**0.5, "sqrt", 0.3, [1e30, 3e30], [1e-30, 3e-30]),
    "square": (lambda a: a**2, "square", -2, [-1e18, 3e18], [-1e-18, 3e-18]),
    "tan": (lambda a: np.sin(a) / np.cos(a), "tan", -1.2, [-1e3, 3e3], [-1e-30, 3e-30]),
    "tanh": (lambda a: np.expm1(2 * a) / (np.expm1(2 * a) + 2), "tanh", -2, [-1e2, 3e2], [-1e-30, 3e-30]),
}
for name, (truth, theirs, low, large, tiny) in UNARY.items():
    ours = getattr(ops, name)
    high = 1.2 if name == "tan" else 0.9 if low == -0.9 else 2
    add(name, "", ours, [values(2, 1, 3, low=low, high=high)], truth, theirs)
    for edge, x in (
        ("empty", values(2, 0)), ("size one", values(low=low, high=high)), ("size one", values(1, low=low, high=high)),
        ("large", large), ("tiny", tiny),
    ):  # fmt: skip
        if x is not None:
            add(name, "", ours, [x], truth, theirs, edge=edge)
for name in ("abs", "sign"):
    add(name, "", getattr(ops, name), [[0.0]], UNARY[name][0], UNARY[name][1], edge="subgradient",
        gradients=[[0.0]])  # fmt: skip
add("tanh", "", ops.tanh, [[-1e30, 3e30]], np.sign, "tanh", edge="large", gradients=[[0.0, 0.0]])

# name: (the truth, the name in PyTorch, the lowest number it takes, pairs of large numbers and of tiny ones)
BINARY: dict[str, tuple[Callable[..., Any], str, float, Any, Any]] = {
    "add": (lambda a, b: a - (-b), "add", -2, ([1e30, -3e30], [2e30, 1e30]), ([1e-30, 3e-30], [2e-30, -1e-30])),
    "arctan2": (lambda a, b: np.angle(b + 1j * a), "atan2", -2, ([1e30, -3e30], [-2e30, 1e30]),
                ([1e-30, -3e-30], [2e-30, -1e-30])),
    "divide": (lambda a, b: a * b**-1.0, "div", 0.4, ([1e30, -3e30], [2e30, 1e10]), ([1e-30, 3e-30], [2e-15, 1.0])),
    "hypot": (lambda a, b: np.abs(a + 1j * b), "hypot", -2, ([1e30, -3e30], [2e30, 1e30]),
              ([1e-30, -3e-30], [2e-30, 1e-30])),
    "logaddexp": (lambda a, b: np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b))), "logaddexp", -2,
                  ([1e30, -3e30], [2e30, 1e30]), ([1e-30, -3e-30], [2e-30, -1e-30])),
    "maximum": (lambda a, b: np.where(a > b, a, b), "maximum", -2, ([1e30, -3e30], [2e30, -4e30]),
                ([1e-30, -3e-30], [2e-30, -4e-30])),
    "minimum": (lambda a, b: np.where(a < b, a, b), "minimum", -2, ([1e30, -3e30], [2e30, -4e30]),
                ([1e-30, -3e-30], [2e-30, -4e-30])),
    "multiply": (lambda a, b: np.einsum("...,...->...", a, b), "mul", -2, ([1e18, -3e18], [2e18, 1e18]),
                 ([1e-18, 3e-18], [2e-18, -1e-18])),
    "power": (lambda a, b: np.exp(b * np.log(a)), "pow", 0.4, ([1e9, 1e15], [3.0, 2.0]), ([1e-9, 1e-15], [3.0, 2.0])),
    "subtract": (lambda a, b: a + (-b), "sub", -2, ([1e30, -3e30], [2e30, 1e30]), ([1e-30, 3e-30], [2e-30, -1e-30])),
}  # fmt: skip
for name, (truth, theirs, low, large, tiny) in BINARY.items():
    ours = getattr(ops, name)
    for edge, a, b in (
        ("", (2, 3), (2, 3)), ("broadcast", (3,), (4, 2, 3)), ("broadcast", (4, 2, 1), (1, 3)),
        ("broadcast", (), (2, 1)), ("empty", (0,), (2, 4, 0)), ("empty", (0, 1), (1, 3)), ("size one", (), ()),
        ("size one", (1,), (1,)),
    ):  # fmt: skip
        add(name, "", ours, [values(*a, low=low), values(*b, low=low, seed=8)], truth, theirs, edge=edge)
    add(name, "", ours, large, truth, theirs, edge="large")
    add(name, "", ours, tiny, truth, "" if name == "arctan2" else theirs, edge="tiny")  # theirs underflows in float32
for name, shares in (("maximum", ([0.5, 0, 1], [0.5, 1, 0])), ("minimum", ([0.5, 1, 0], [0.5, 0, 1]))):
    truth, theirs, *_ = BINARY[name]
    for edge in ("ties", "subgradient"):
        add(name, "", getattr(ops, name), ([1, 2, 3], [1, 3, 2]), truth, theirs, edge=edge, gradients=shares)
for name in ("arctan2", "hypot"):
    add(
        name, "at the origin", getattr(ops, name), ([0], [0]), BINARY[name][0], edge="subgradient", gradients=[[0], [0]]
    )

for n in (-1, 0, 0.5, 1, 2, 2.0, 3):
    add("power", f"{n}", lambda a, n=n: ops.power(a, n), [values(2, 3, low=0.3)], lambda a, n=n: np.power(a, float(n)))
    add("power", f"{n} to the", lambda a, n=n: ops.power(n + 2, a), [values(2, 3)], lambda a, n=n: (n + 2.0) ** a)
add("power", "negative base", lambda a: ops.power(a, 3), [values(2, 3)], lambda a: a * a * a)
for n, slope in ((0, 0), (1, 1), (2, 0), (3, 0)):
    add("power", f"0 to {n}", lambda a, n=n: ops.power(a, n), [[0.0]], lambda a, n=n: a**n, edge="subgradient",
        gradients=[[slope]])  # fmt: skip
add("power", "exponents of 0", ops.power, ([0, 0, 2], [0, 1, 3]), np.power, edge="subgradient",
    gradients=[[0, 1, 12], [0, 0, 8 * np.log(2)]])  # fmt: skip


def held(a: np.ndarray, low: Any, high: Any) -> np.ndarray:
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    return np.where(a < low, low, np.where(a > high, high, a))


for limits in ((-1, 1), (None, 0.5), (-0.5, None), (-3, 3)):
    for edge, x in (("", values(3, 4)), ("empty", values(0, 4)), ("size one", values(1)), ("large", values(3) * 1e30),
                    ("tiny", values(3) * 1e-30)):  # fmt: skip
        CASES.append(Case("clip", "operation", f"{limits}", lambda a, limits=limits: ops.clip(a, *limits), (x,),
                          lambda a, limits=limits: held(a, *limits), of_torch("clip", *limits), edge))  # fmt: skip
add("clip", "learned limits", ops.clip, [values(3, 4), values(4, high=-1), values(low=1, high=2)], held, "clip",
    edge="broadcast")  # fmt: skip
for edge, gradients in (("ties", [[1, 1, 1, 0]]), ("subgradient", [[1, 1, 1, 0]])):
    add("clip", "at its limits", lambda a: ops.clip(a, -1, 1), [[-1, 0, 1, 2]], lambda a: held(a, -1, 1), edge=edge,
        gradients=gradients)  # fmt: skip
add("clip", "at learned limits", ops.clip, [[-1, 1], [-1, -1], [1, 1]], held, "clip", edge="ties",
    gradients=[[1, 1], [0, 0], [0, 0]])  # fmt: skip
add("clip", "limits exchanged", ops.clip, [[-2, 0, 3], [1, 1, 1], [-1, -1, -1]], lambda a, low, high: high,
    edge="subgradient", gradients=[[0, 0, 0], [0, 0, 0], [1, 1, 1]])  # fmt: skip

for edge, x in (("", values(2, 3)), ("empty", values(0, 2)), ("size one", values()), ("large", values(3) * 1e30),
                ("tiny", values(3) * 1e-30)):  # fmt: skip
    add("nan_to_num", "", ops.nan_to_num, [x], np.array, "nan_to_num", edge=edge)
add("nan_to_num", "", lambda a: ops.nan_to_num(a, 2.0, 3.0, -4.0), [[np.nan, np.inf, -np.inf, 1]],
    lambda a: np.array([2.0, 3, -4, 1]), edge="subgradient", gradients=[[0, 0, 0, 1]])  # fmt: skip

CHOSEN = np.arange(6).reshape(2, 3) % 2 == 0
for edge, a, b, scale in (
    ("", (2, 3), (2, 3), 1), ("broadcast", (2, 3), (3,), 1), ("broadcast", (), (2, 1), 1),
    ("broadcast", (1, 3), (4, 1, 1), 1), ("empty", (0, 2, 3), (3,), 1), ("size one", (1, 1), (), 1),
    ("large", (2, 3), (3,), 1e30), ("tiny", (2, 3), (3,), 1e-30),
):  # fmt: skip
    condition = CHOSEN[:1, :1] if edge == "size one" else CHOSEN
    CASES.append(
        Case("where", "operation", "", lambda a, b, c=condition: ops.where(c, a, b),
             (values(*a) * scale, values(*b, seed=8) * scale),
             lambda a, b, c=condition: np.choose(c.astype(int), [b, a]),
             lambda t, a, b, c=condition: t.where(t.asarray(c), a, b), edge)
    )  # fmt: skip
for edge, x in (("", values(2, 3)), ("empty", values(0, 2)), ("size one", values()), ("large", values(3) * 1e30),
                ("tiny", values(3) * 1e-30)):  # fmt: skip
    add("astype", "there and back", lambda a: ops.astype(ops.astype(a, np.float64), a.dtype), [x], np.array,
        "clone", edge=edge)  # fmt: skip
