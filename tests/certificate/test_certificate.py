"""The certificate of all that is public, quickly; and that what it asks can fail."""

import json
from typing import Any

import numpy as np
import pytest

from tinyxm import Tensor, ops, optim
from tinyxm.autograd.tensor import array_of
from tinyxm.certificate import CHECKS, Row, as_json, certify, known_names, markdown, run, scope
from tinyxm.certificate.case import Case, OptimizerCase, values
from tinyxm.certificate.checks import difference
from tinyxm_kernels.registry import ladder

x = values(2, 3)


@pytest.mark.parametrize("name", known_names())
def test_certified(name: str) -> None:
    """In float64 and without PyTorch: `tinyxm certify` asks all."""
    ((_, rows),) = certify([name], ["float64"], [check for check in CHECKS if check != "torch"])
    assert rows
    assert not [row for row in rows if row.passed is False]


def test_what_is_not_asked_is_of_public_names_without_such_a_case() -> None:
    asked = {(case.name, case.edge) for case in run.all_cases() if isinstance(case, Case)}
    for check, reasons in scope.NOT_ASKED.items():
        excused = [name for names in reasons.values() for name in names.split()]
        assert set(excused) <= scope.public().keys()
        assert len(set(excused)) == len(excused), f"{check}: two reasons for one name"
        assert not [name for name in excused if (name, check) in asked], f"{check}: there are cases"


@pytest.fixture
def rows_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The rows of one case alone."""

    def rows_of(case: Any, **options: Any) -> list[Row]:
        monkeypatch.setattr(run, "all_cases", lambda: [case])
        ((_, rows),) = certify([case.name], **options)
        return rows

    return rows_of


def failing(rows: list[Row]) -> set[str]:
    return {row.check for row in rows if row.passed is False and not row.is_gap}


def operation(ours: Any, truth: Any, *inputs: np.ndarray, **options: Any) -> Case:
    return Case("trial", "operation", "", ours, inputs or (x,), truth, **options)


def detached(a: Any) -> Any:
    """The same numbers, as constants."""
    return a.detach() if isinstance(a, Tensor) else a


def transposed(a: Any) -> Any:
    """A running sum with the adjoint of the one from the other end: the transpose of the right one."""
    back = np.flip(np.cumsum(np.flip(a, 1), 1), 1)
    return back + detached(np.cumsum(a, 1) - back)


def widened(a: Any) -> Any:
    return a * np.ones(a.shape)


def test_a_right_case_passes_every_check(rows_of: Any) -> None:
    rows = rows_of(operation(ops.tanh, np.tanh))
    assert failing(rows) == set()
    asked = {(row.dtype, row.check) for row in rows if row.passed}
    checks = ("forward", "first order", "second order", "non-contiguous", "arrays", "dtype")
    assert asked == {(dtype, check) for dtype in ("float64", "float32") for check in checks}
    assert {row.rung for row in rows} == {"numpy"}


@pytest.mark.parametrize(
    ("ours", "truth", "checks"),
    [
        (ops.tanh, np.sin, {"forward"}),
        (lambda a: ops.tanh(a)[None], np.tanh, {"forward"}),
        (lambda a: ops.sin(a) + detached(a), lambda a: np.sin(a) + a, {"first order", "second order"}),
        (lambda a: a * a * 0 + detached(a) * a, lambda a: a * a, {"first order", "second order"}),
        (transposed, lambda a: np.cumsum(a, 1), {"first order", "second order"}),
        (widened, lambda a: a, {"dtype"}),
        (lambda a: Tensor(a) if isinstance(a, np.ndarray) else ops.tanh(a), np.tanh, {"arrays"}),
        (lambda a: np.nan * ops.tanh(a), np.tanh, {"forward", "first order", "second order"}),
        (lambda a: [ops.tanh(a)], np.tanh, {"forward"}),
        (lambda a: ops.tanh(a) if array_of(a).flags.c_contiguous else a, np.tanh, {"non-contiguous"}),
    ],
)
def test_a_wrong_case_fails_by_name(rows_of: Any, ours: Any, truth: Any, checks: set[str]) -> None:
    rows = rows_of(operation(ours, truth))
    assert failing(rows) == checks
    assert all("trial (2,3): " in row.reason for row in rows if row.passed is False and not row.is_gap)


def test_expected_gradients_are_held_to(rows_of: Any) -> None:
    zero = np.zeros(2)
    for expected, failures in (([[0.0, 0.0]], set()), ([[0.0, 1.0]], {"subgradient"})):
        case = operation(ops.relu, lambda a: np.maximum(a, 0), zero, edge="subgradient", gradients=expected)
        assert failing(rows_of(case)) == failures


def test_large_values_must_have_finite_gradients_and_tiny_ones_no_floor(rows_of: Any) -> None:
    large, tiny = np.array([1e4]), np.array([1e-30])
    case = operation(lambda a: ops.log(ops.exp(a)), lambda a: a, large, edge="large")
    assert failing(rows_of(case)) == {"large"}
    case = operation(lambda a: (1 + a) - 1, lambda a: a, tiny, edge="tiny")
    assert failing(rows_of(case)) == {"tiny"}


def test_numbers_beyond_float32_are_asked_in_float64_alone(rows_of: Any) -> None:
    rows = rows_of(operation(ops.sqrt, np.sqrt, np.array([1e300]), edge="large"))
    assert {row.dtype for row in rows if row.check == "large"} == {"float64"}


def test_rungs_are_found_out(rows_of: Any) -> None:
    rows = rows_of(operation(lambda a: ops.matmul(a, a.T) if isinstance(a, Tensor) else a @ a.T, lambda a: a @ a.T))
    assert {row.rung for row in rows} == {f"matmul={rung.name}" for rung in ladder("matmul", "cpu")}


@pytest.mark.oracle
def test_pytorch_is_an_oracle_where_it_is_installed(rows_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    case = operation(ops.tanh, np.tanh, torch=lambda torch, a: torch.sin(a))
    assert failing(rows_of(case)) == {"torch"}
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    told = {(row.passed, row.reason) for row in rows_of(case._replace(name="tanh")) if row.check == "torch"}
    assert told == {(None, "PyTorch isn't installed")}


def test_what_is_missing_is_told(rows_of: Any) -> None:
    rows = rows_of(Case("tanh", "operation", "", ops.tanh, (x,), np.tanh))
    missing = {row.check for row in rows if row.passed is False}
    assert "empty" in missing
    assert "forward" not in missing
    ((_, rows),) = certify(["exp"])
    assert {row.check for row in rows} >= {"forward", "first order"}
    assert not any(row.passed for row in rows)


class Forgetful(optim.Momentum):
    def load_state_dict(self, state: Any) -> None:
        pass


class Sleepless(optim.Momentum):
    def step(self) -> None:
        for parameter in self.parameters:
            if parameter.grad is None:
                parameter.grad = np.ones_like(parameter.data)
        super().step()


def test_optimizers_are_asked(rows_of: Any) -> None:
    def truth(p: np.ndarray, gradients: Any) -> np.ndarray:
        u = np.zeros_like(p)
        for g in gradients:
            u = 0.9 * u + g
            p = p - 0.1 * u
        return p

    for made, failures in (
        (optim.Momentum, set()),
        (Forgetful, {"restored"}),
        (Sleepless, {"no gradient"}),
        (optim.GradientDescent, {"forward", "size one", "large", "tiny"}),
    ):
        case = OptimizerCase("trial", "", lambda params, made=made: made(params, lr=0.1), truth)
        assert failing(rows_of(case)) == failures
        assert {row.rung.partition("=")[0] for row in rows_of(case) if not row.is_gap} == {"updates"}


def test_an_error_is_relative_to_the_scale() -> None:
    assert difference([2.0, 100.0], [1.0, 100.0]) == 0.01
    assert difference([0.25], [0.0]) == 0.25
    assert difference([1.5e-9], [1e-9], floor=0.0) == pytest.approx(0.5)
    assert difference([np.inf, np.nan], [np.inf, np.nan]) == 0
    assert difference([np.inf], [1.0]) == np.inf
    assert difference([np.nan], [1.0]) == np.inf
    assert difference(np.zeros((0, 2)), np.zeros((0, 2))) == 0
    with pytest.raises(AssertionError, match=r"shape \(2,\), expected \(1, 2\)"):
        difference([1, 2], [[1, 2]])


def test_rows_are_written_as_json_and_as_a_page(rows_of: Any) -> None:
    results = {"trial": rows_of(operation(lambda a: np.nan * ops.tanh(a), np.tanh))}
    (row, *_) = json.loads(as_json(results))
    assert [*row] == ["name", "kind", "dtype", "rung", "check", "error", "tolerance", "passed", "reason"]
    assert row["passed"] is False
    assert row["error"] is None
    assert "| `trial` | ✗ | ✗ |" in markdown(results)
