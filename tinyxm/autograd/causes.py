"""Why a number stops being finite, and what mends it: a table by operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from typing import Any

import numpy as np

from tinyxm.autograd.events import Event

Condition = Callable[..., Any]

_GROWN = "initialise smaller (He, Xavier), normalise, or lower the learning rate"
_EXPLODED = "clip gradients (optim.clip_by_norm), initialise smaller (He, Xavier), or lower the learning rate"


def _any(*_: Any) -> bool:
    return True


# Operations (an adjoint's has its input's name after a dot), a condition on the operands that it names, and words. The
# first row that fits is told. `y` is the result.
CAUSES: list[tuple[str, Condition, str]] = [
    ("log", lambda a: a < 0, "the logarithm of a negative number; take it of what is above 0, as np.maximum(a, eps)"),
    ("log", lambda a: a == 0, "the logarithm of 0; add eps to a, or use log_softmax or logsumexp in place of log"),
    ("log1p", lambda a: a <= -1, "the logarithm of 0 or less, as a ≤ −1; keep a above −1, as np.maximum(a, eps − 1)"),
    ("log.a log1p.a", _any, "g / a for an a so near to 0; add eps to it, or use log_softmax, logsumexp"),
    ("exp expm1", _any, "eᵃ overflows; subtract the maximum first, as softmax and logsumexp do; where scores "
     "have grown, lower the learning rate or normalise them"),
    ("sqrt", lambda a: a < 0, "the root of a negative number, perhaps a variance that rounding brought below 0; take "
     "np.maximum(a, 0), or ops.var and ops.std"),
    ("rsqrt", lambda a: a <= 0, "1 / √a where a is 0 or less; add eps under the root"),
    ("sqrt.a", lambda y: y == 0, "the slope of √ at 0 is infinite; add eps under the root, np.sqrt(a + eps), or use "
     "ops.norm, ops.std, ops.unit_length"),
    ("sqrt.a rsqrt.a", _any, "the slope of √ so near to 0; add eps under the root"),
    ("divide", lambda a, b: (a == 0) & (b == 0), "0 / 0, such as a mean of nothing or a vector of length 0 over its "
     "norm; add eps to the divisor, or use ops.unit_length"),
    ("divide divide.*", lambda b: b == 0, "a division by 0, such as by a norm, a deviation or a count; add eps to the "
     "divisor, or use ops.unit_length, ops.standardise"),
    ("divide divide.*", lambda b: np.abs(b) < 1e-3, "a division by a number so near to 0; add eps to the divisor"),
    ("power", lambda a, n: (a == 0) & (n < 0), "0 to a negative power is a division by 0; add eps to it"),
    ("power", lambda a, n: (a < 0) & (n % 1 != 0), "a negative number has no real power that isn't whole; "
     "take np.abs(a) or np.maximum(a, 0)"),
    ("power.a", lambda a, n: (a == 0) & (n < 1), "the slope of aⁿ at 0 is infinite for n < 1; add eps"),
    ("softmax log_softmax", lambda a: np.isneginf(a), "a row in which all is masked; leave one position open, or mask "
     "with a large number such as −1e9"),
    ("standardise standardise.x layer_norm layer_norm.* group_norm group_norm.*", lambda eps: eps == 0, "a group of "
     "equal values has no deviation to divide by; give eps above 0"),
    ("unit_length unit_length.x", lambda eps: eps == 0, "a vector of zeros has no direction; give eps above 0"),
    ("multiply matmul linear multiply.* matmul.* linear.*", lambda y: np.isnan(y), "0·∞; choose by np.where in place "
     "of multiplying by a mask, and see where the ∞ came from"),
    ("add subtract sum mean add.* subtract.*", lambda y: np.isnan(y), "∞ − ∞; mask with a large number such as −1e9 in "
     "place of −∞, and see where the ∞ came from"),
    ("matmul linear conv*", _any, f"sums of products too large to hold; {_GROWN}"),
]  # fmt: skip
OTHERWISE = {
    "forward": f"numbers too large to hold; {_GROWN}",
    "adjoint": f"the gradient exploded on its way back; {_EXPLODED}",
    "accumulate": f"the gradient's terms add up to more than can be held; {_EXPLODED}",
    "hook": "what a hook returned",
    "update": "the step is too large: lower the learning rate, or clip gradients (optim.clip_by_norm)",
}


def likely_cause(event: Event) -> str:
    """Why this event's result isn't finite, and what mends it, in words."""
    values = {**event.static, **event.operands, "y": event.operands.get("y", event.result)}
    for operations, condition, words in CAUSES:
        if any(fnmatch(event.operation, pattern) for pattern in operations.split()) and _holds(condition, values):
            return words
    return OTHERWISE.get(event.kind, OTHERWISE["forward"])


def _holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Whether the condition is met anywhere by the operands that it names; not by an operation that has others."""
    if condition is _any:
        return True
    names = list(inspect.signature(condition).parameters)
    return all(name in values for name in names) and bool(np.any(condition(*(values[name] for name in names))))
