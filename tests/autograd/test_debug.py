"""Explained errors: what the causes are said to be, and which sizes clash."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import Tensor, debug, gradients, no_grad, ops
from tinyxm.autograd import primitive
from tinyxm.autograd.causes import CAUSES

MAX = float(np.finfo(np.float32).max)
INF = np.inf


def leaf(*values: Any) -> Tensor:
    return Tensor(np.array(values, np.float32), requires_grad=True)


def updated() -> None:
    w = xm.Parameter(np.full(2, 1e38, np.float32))
    w.grad = np.full(2, -3e37, np.float32)
    xm.optim.GradientDescent([w], lr=1e10).step()


def accumulated() -> None:
    x = leaf(0.0)
    (x * (0.7 * MAX) + x * (0.7 * MAX)).sum().backward()


def hooked() -> None:
    x = leaf(1.0)
    x.register_hook(lambda g: g / np.float32(0))
    (x * 2).sum().backward()


# what goes wrong: the operation that is named, words of the cause and its mend
WRONG: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: np.log(leaf(1.0, -1.0)), "log", "the logarithm of a negative number; .*np.maximum"),
    (lambda: np.log(leaf(1.0, 0.0)), "log", "the logarithm of 0; .*add eps.*log_softmax or logsumexp"),
    (lambda: np.log1p(leaf(-1.0)), "log1p", "a ≤ −1"),
    (lambda: np.log(leaf(1e-40)).backward(leaf(1.0)), "log.a", "for an a so near to 0; add eps"),
    (lambda: np.exp(leaf(1.0, 100.0)), "exp", "eᵃ overflows; subtract the maximum .*lower the learning rate"),
    (lambda: np.expm1(leaf(100.0)), "expm1", "eᵃ overflows"),
    (lambda: np.sqrt(leaf(-1e-9)), "sqrt", "the root of a negative number, .*ops.var"),
    (lambda: np.sqrt(leaf(0.0)).sum().backward(), "sqrt.a", "the slope of √ at 0 is infinite; add eps under the root"),
    (lambda: np.sqrt(leaf(1e-45)).backward(leaf(1e30)), "sqrt.a", "the slope of √ so near to 0; add eps"),
    (lambda: ops.rsqrt(leaf(0.0)), "rsqrt", "1 / √a where a is 0 or less; add eps under the root"),
    (lambda: leaf(0.0) / leaf(0.0), "divide", "0 / 0, such as .*ops.unit_length"),
    (lambda: leaf(1.0) / np.linalg.norm(leaf(0.0)), "divide", "a division by 0, such as by a norm"),
    (lambda: leaf(1.0) / 1e-42, "divide", "a division by a number so near to 0; add eps to the divisor"),
    (lambda: (leaf(1e-20) / leaf(1e-20)).backward(leaf(1e30)), "divide.a", "so near to 0; add eps to the divisor"),
    (lambda: leaf(0.0) ** -1.0, "power", "0 to a negative power"),
    (lambda: leaf(-2.0) ** 0.5, "power", "a negative number has no real power that isn't whole"),
    (lambda: (leaf(0.0) ** 0.5).sum().backward(), "power.a", "the slope of aⁿ at 0 is infinite for n < 1"),
    (lambda: leaf(1e20) ** 3.0, "power", "numbers too large to hold; .*learning rate"),
    (lambda: ops.softmax(leaf(-INF, -INF)), "softmax", "a row in which all is masked"),
    (lambda: ops.log_softmax(leaf(-INF, -INF)), "log_softmax", "a row in which all is masked"),
    (lambda: ops.standardise(leaf([2.0, 2.0], [2.0, 2.0]), 1, eps=0.0), "standardise", "a group of equal values"),
    (lambda: ops.unit_length(leaf([0.0, 0.0]), eps=0.0), "unit_length", "a vector of zeros has no direction"),
    (lambda: leaf(0.0) * leaf(INF), "multiply", "0·∞; choose by np.where"),
    (
        lambda: leaf(0.0, 1.0) * np.exp(leaf(-1.0, 1.0)) - leaf(INF) + leaf(INF),
        "add",
        "∞ − ∞; mask with a large number",
    ),
    (
        lambda: leaf([1e30, 1e30]) @ leaf([1e30], [1e30]),
        "matmul",
        "sums of products too large to hold; .*learning rate",
    ),
    (lambda: leaf(1e30) * leaf(1e30), "multiply", "numbers too large to hold; initialise smaller"),
    (lambda: (leaf(1.0) * 1e30).backward(leaf(1e30)), "multiply.a", "the gradient exploded on its way back; clip grad"),
    (accumulated, "accumulate", "the gradient's terms add up to more than can be held; clip gradients"),
    (hooked, "hook", "what a hook returned"),
    (updated, "update", "the step is too large: lower the learning rate, or clip gradients"),
]


@pytest.mark.parametrize(("run", "operation", "words"), WRONG, ids=[f"{w[1]}-{i}" for i, w in enumerate(WRONG)])
def test_the_likely_cause_is_told_with_its_mend(run: Callable[[], Any], operation: str, words: str) -> None:
    found: list[xm.Event] = []
    with (
        np.errstate(all="ignore"),
        xm.listen(found.append),
        debug(),
        pytest.raises(FloatingPointError, match=f" came out .*Likely .*{words}"),
    ):
        run()
    assert operation in (found[-1].operation, found[-1].kind)


def test_each_row_of_the_table_is_tried_and_comes_after_none_that_hides_it() -> None:
    tried = {row for run, _, _ in WRONG if (row := row_of(run)) is not None}
    assert tried == set(range(len(CAUSES)))


def row_of(run: Callable[[], Any]) -> int | None:
    with np.errstate(all="ignore"), debug(), pytest.raises(FloatingPointError) as error:
        run()
    said = str(error.value).partition("Likely ")[2]
    return next((i for i, (_, _, words) in enumerate(CAUSES) if words == said), None)


def test_an_operation_of_the_same_name_with_other_operands_is_no_matter() -> None:
    @primitive(x=lambda g, x: g / x)
    def log(x: Any) -> Any:
        return np.log(x)

    with np.errstate(all="ignore"), debug(), pytest.raises(FloatingPointError, match="Likely numbers too large"):
        log(leaf(0.0))


def test_the_module_and_the_settings_are_told() -> None:
    model = xm.nn.Sequential(xm.nn.Linear(2, 2), xm.nn.Linear(2, 2))
    with no_grad():
        model[1].weight[...] = 1e38
    with np.errstate(all="ignore"), debug(), pytest.raises(FloatingPointError) as error:
        model(np.full((1, 2), 1e3, np.float32))
    assert ", in the module 1; it was given" in str(error.value)
    with np.errstate(all="ignore"), debug(), pytest.raises(FloatingPointError, match=r", lr 1e\+10"):
        updated()
    with (
        np.errstate(all="ignore"),
        debug(),
        pytest.raises(FloatingPointError, match=r"a \(1,\) .*, b 0\. Likely"),
    ):
        leaf(1.0) / 0


def test_what_was_infinite_and_stays_so_is_no_mistake() -> None:
    with debug():
        scores = np.where([True, False], leaf(1.0, 2.0), -INF)
        ops.softmax(scores * 2.0).sum().backward()
        np.maximum(leaf(-INF), 0.0).sum().backward()


def test_a_failing_backward_shows_its_forward() -> None:
    x = leaf(1.0, 2.0)
    with xm.listen(lambda event: None):
        y = np.exp(x)
        y.sum().backward()
    with pytest.raises(RuntimeError, match=r"^exp: an earlier .* \(recorded at .*test_debug.py:\d+, in test_a_failing"):
        gradients(y, [x], np.ones(2))
    y = np.exp(x)
    with no_grad():
        y += 1
    with pytest.raises(
        RuntimeError, match=r"^exp: y, .* written in place .*run forward and backward within tinyxm.debug"
    ):
        y.sum().backward()


def t(*shape: int) -> Tensor:
    return Tensor(np.ones(shape, np.float32))


CLASHES: list[tuple[Callable[[], Any], str]] = [
    (lambda: t(2, 3) + t(4), "add: a (2, 3), b (4,): sizes 3 and 4 of the last axis don't broadcast"),
    (lambda: t(5, 3) * t(2, 3), "multiply: a (5, 3), b (2, 3): sizes 5 and 2 of axis -2 don't broadcast"),
    (lambda: t(3, 1, 2) - np.ones((4, 5, 2)), "subtract: a (3, 1, 2), b (4, 5, 2): sizes 3 and 4 of axis -3 don't"),
    (lambda: np.maximum(t(2), t(3)), "maximum: a (2,), b (3,): sizes 2 and 3 of the last axis don't broadcast"),
    (
        lambda: np.where(np.ones((2, 3), bool), t(4), t(5, 1)),
        "where: condition (2, 3), a (4,), b (5, 1): sizes 3 and 4 of the last axis don't broadcast",
    ),
    (lambda: np.broadcast_to(t(3), (2, 2)), "broadcast_to: a (3,): sizes 3 and 2 of the last axis don't broadcast"),
    (lambda: t(2, 3).reshape(4), "reshape: a (2, 3): 6 elements don't fill (4,), which has 4"),
    (lambda: t(2, 3).reshape(4, -1), "reshape: a (2, 3): 6 elements don't divide by the 4 of (4, -1)"),
    (lambda: t(2, 3).reshape(-1, 4), "reshape: a (2, 3): 6 elements don't divide by the 4 of (-1, 4)"),
    (lambda: t(3, 2).__setitem__(0, np.ones(3)), "write: target (3, 2), value (3,): sizes 3 and 2 of the last axis"),
    (lambda: t(3, 2).__imul__(np.ones(3)), "multiply in place: target (3, 2), value (3,): sizes 2 and 3 of the last"),
    (lambda: t(3, 2).__setitem__(5, 1.0), "write: target (3, 2), value float: index 5 is out of bounds"),
    (
        lambda: np.concatenate([t(2, 3), t(2, 4)]),
        "concatenate: arrays [(2, 3), (2, 4)]: sizes 3 and 4 of axis 1 differ in arrays 0 and 1; only the axis to join",
    ),
    (lambda: np.stack([t(2), t(2), t(3)]), "stack: arrays [(2,), (2,), (3,)]: array 2 is (3,), array 0 (2,); all must"),
    (lambda: np.stack([t(i) for i in range(6)]), "stack: arrays [(0,), (1,), (2,), (3,), ...]: array 1 is (1,), array"),
    (lambda: t(3, 3)[np.arange(2), np.arange(3)], "getitem: a (3, 3): the indices' sizes 2 and 3 of the last axis"),
    (lambda: t(2, 3).sum(axis=2), "sum: a (2, 3): axis 2 is out of bounds for array of dimension 2"),
    (lambda: np.swapaxes(t(2), 0, 1), "swapaxes: a (2,): axis2: axis 1 is out of bounds"),
    (lambda: t(2, 3)[5], "getitem: a (2, 3): index 5 is out of bounds for axis 0 with size 2"),
    (lambda: t(2, 3) @ t(4, 5), "matmul: (2, 3) @ (4, 5): inner sizes 3 and 4 differ"),
    (lambda: t(2, 3, 4) @ t(3, 4, 5), "matmul: (2, 3, 4) @ (3, 4, 5): "),
]


@pytest.mark.parametrize(("run", "words"), CLASHES, ids=[words.partition(":")[0] for _, words in CLASHES])
def test_the_sizes_that_clash_are_named(run: Callable[[], Any], words: str) -> None:
    with pytest.raises((ValueError, IndexError)) as error:
        run()
    assert str(error.value).startswith(words)


def test_sizes_of_a_product_of_batches_are_those_of_their_axes() -> None:
    @primitive(a=lambda g: g, b=lambda g: g)
    def product(a: Any, b: Any) -> Any:
        return a @ b

    with pytest.raises(ValueError, match=r"^product: a \(2, 3, 4\), b \(3, 4, 5\): sizes 2 and 3 of axis -3 don't"):
        product(t(2, 3, 4), t(3, 4, 5))
