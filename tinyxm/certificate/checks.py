"""What is asked of each case: in float64 and in float32, on every rung of the kernels that it runs.

An error is the largest difference from what is expected, relative to the scale: the largest number expected, or 1 where
that is smaller (but no such floor in `tiny` cases). What counts as passed is one table, TOLERANCES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from tinyxm.autograd import Tensor, gradient_errors, gradients
from tinyxm.autograd.tensor import Leaf, tensor_of
from tinyxm.certificate.case import Case
from tinyxm_kernels.registry import Operation, ladder, using, watching

DTYPES = ("float64", "float32")
NO_KERNEL = "numpy"  # the rung of what is NumPy alone
TOLERANCES: dict[str, tuple[float, float, str]] = {  # of float64 and of float32, and why so much
    "forward": (1e-12, 1e-5, "some 80 units in the last place of float32: rounding of sums, of 50 steps"),
    "first order": (1e-6, 2e-5, "central differences are right to some 1e-8; float32 is held to our float64"),
    "second order": (1e-5, 1e-4, "differences of gradients, right to some 1e-6; float32 is held to our float64"),
    "torch": (1e-11, 2e-5, "both round, each in an order of its own, and in gradients twice as often"),
    "non-contiguous": (1e-12, 2e-5, "the same numbers, summed in another order"),
    "arrays": (1e-12, 1e-5, "the same rule, without a Tensor around it"),
    "dtype": (0.0, 0.0, "counts results and gradients that are of another dtype than the inputs"),
    "restored": (0.0, 0.0, "bit for bit"),
    "no gradient": (0.0, 0.0, "bit for bit"),
}


class Finding(NamedTuple):
    """One comparison: `passed` is None where it couldn't be made, and `reason` says why (or what went wrong)."""

    check: str
    error: float | None
    tolerance: float
    passed: bool | None
    reason: str = ""

    @property
    def ratio(self) -> float:
        """How much of the tolerance the error takes: what makes one finding worse than another."""
        if self.passed is None:
            return -1.0
        if not self.error:
            return 0.0 if self.passed else np.inf
        return self.error / self.tolerance if self.tolerance else np.inf


class Outcome(NamedTuple):
    """What a case gives: the result y, its gradients for a random weighting, the same recorded, those of bent(y)'s."""

    y: np.ndarray
    first: list[np.ndarray]
    recorded: list[np.ndarray]
    second: list[np.ndarray]


def difference(found: Any, expected: Any, floor: float = 1.0) -> float:
    """The largest |found − expected|, relative to the largest |expected| or to `floor`; infinite for other shapes."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise AssertionError(f"shape {found.shape}, expected {expected.shape}")
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    finite = np.abs(expected[np.isfinite(expected)])
    apart = np.max(np.abs(np.where(same, 0, found) - np.where(same, 0, expected)), initial=0.0)
    return float(apart / max(np.max(finite, initial=0.0), floor)) if np.isfinite(apart) else np.inf


def tolerance_of(check: str, dtype: str) -> float:
    return float(TOLERANCES[check][DTYPES.index(dtype)])


def compare(
    check: str, dtype: str, pairs: Sequence[tuple[str, Any, Any]], like: str = "", floor: float = 1.0
) -> Finding:
    """The worst of several comparisons (what, found, expected), to the tolerance of the check `like`."""
    tolerance = tolerance_of(like or check, dtype)
    worst = Finding(check, 0.0, tolerance, True)
    for what, found, expected in pairs:
        try:
            error = difference(found, expected, floor)
        except AssertionError as wrong:
            return Finding(check, None, tolerance, False, f"{what}: {wrong}")
        if not np.isfinite(error):
            return Finding(check, None, tolerance, False, f"{what}: {_shown(found)}, expected {_shown(expected)}")
        if error > (worst.error or 0.0):
            worst = Finding(check, error, tolerance, error <= tolerance, what)
    return worst


@lru_cache(4096)
def weighting(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    """Random numbers that float32 holds exactly, in this dtype; read-only."""
    numbers = np.asarray(np.random.default_rng(seed).standard_normal(shape), np.float32).astype(dtype)
    numbers.flags.writeable = False
    return numbers


def bent(y: Any) -> Any:
    """y + y²/2: its second derivatives pass the adjoints of linear operations, too, since g depends on y."""
    return y * (1 + 0.5 * y)


def differentiate(ours: Callable[..., Any], tensors: Sequence[Tensor], order: int = 2) -> Outcome:
    """The result of ours(*tensors) and its derivatives; none where it has no gradient."""
    y = ours(*tensors)
    if not isinstance(y, Tensor):
        raise AssertionError(f"gave a {type(y).__name__} for Tensors, expected one Tensor")
    if not y.requires_grad:
        return Outcome(y.data, [], [], [])
    w = weighting(y.shape, y.dtype)
    first = gradients(y, tensors, w, retain_graph=order > 1)
    recorded, second = first, [Tensor(np.zeros_like(x.data)) for x in tensors]
    if order > 1:
        recorded = gradients(y, tensors, w, create_graph=True)
        curved = gradients(bent(y), tensors, w, create_graph=True)
        slope: Any = sum((g * weighting(g.shape, g.dtype, i + 1)).sum() for i, g in enumerate(curved))
        second = gradients(slope, tensors) if slope.requires_grad else second
    return Outcome(y.data, *([g.data for g in found] for found in (first, recorded, second)))


class Trial:
    """A case in one dtype, on the rungs in force: what is run once, for the checks to read."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.case, self.dtype = case, dtype
        self.arrays = [np.array(x, dtype) for x in case.inputs]
        self.exact = [x.astype(np.float64) for x in self.arrays]  # the numbers as they were rounded
        for x in self.arrays + self.exact:
            x.flags.writeable = False  # who writes to an input fails
        self.floor = float(np.finfo(dtype).tiny) if case.edge == "tiny" else 1.0
        self.ours = differentiate(case.ours, self.tensors(self.arrays))

    @staticmethod
    def tensors(arrays: Sequence[np.ndarray]) -> list[Tensor]:
        """The arrays as they lie, without a copy, as Tensors that require a gradient."""
        return [tensor_of(x, Leaf(x)) for x in arrays]

    def compare(self, check: str, pairs: Sequence[tuple[str, Any, Any]], like: str = "") -> Finding:
        return compare(check, self.dtype, pairs, like, self.floor)

    def forward(self) -> Iterator[Finding]:
        """The result against the formula in plain NumPy, computed in float64 from the same numbers."""
        case = self.case
        if case.truth is not None:
            expected = np.asarray(case.truth(*self.exact))
            expected = expected.astype(self.ours.y.dtype) if expected.dtype.kind == "f" else expected
            yield self.compare(case.edge or "forward", [("result", self.ours.y, expected)], "forward")

    def gradients(self) -> Iterator[Finding]:
        """First and second order: expected ones, or differences in float64, or our float64 for float32."""
        case = self.case
        if not self.ours.first:
            return
        pairs: list[tuple[str, Any, Any]]
        again = enumerate(zip(self.ours.recorded, self.ours.first, strict=True))
        pairs = [(f"gradient of input {i}, recorded for the next order,", *pair) for i, pair in again]
        yield self.compare(case.edge or "second order", pairs, "non-contiguous")
        if case.gradients is not None:
            tensors = self.tensors(self.arrays)
            found = gradients(case.ours(*tensors).sum(), tensors)
            pairs = [
                (f"gradient of input {i}", g.data, expected)
                for i, (g, expected) in enumerate(zip(found, case.gradients, strict=True))
                if expected is not None
            ]
            yield self.compare(case.edge or "first order", pairs, "first order")
            yield self.transposed()
        elif case.edge in ("large", "tiny"):  # differences say nothing there
            wrong = [i for i, g in enumerate(self.ours.first) if not np.all(np.isfinite(g))]
            words = "; ".join(f"gradient of input {i}: {_shown(self.ours.first[i])}" for i in wrong)
            yield Finding(case.edge, float(len(wrong)), 0.0, not wrong, words)
            if self.dtype == "float32":  # where float64 is far from its ends
                near = differentiate(case.ours, self.tensors(self.exact), order=1).first
                for i, pair in enumerate(zip(self.ours.first, near, strict=True)):
                    yield self.compare(case.edge, [(f"gradient of input {i}", *pair)], "first order")
        elif self.dtype == "float64":
            yield from self.differences()
        else:
            exact = differentiate(case.ours, self.tensors(self.exact))
            for order, *both in (
                ("first order", self.ours.first, exact.first),
                ("second order", self.ours.second, exact.second),
            ):
                pairs = [(f"{order} of input {i}", *pair) for i, pair in enumerate(zip(*both, strict=True))]
                yield self.compare(case.edge or order, pairs, order)

    def transposed(self) -> Finding:
        """Gradients J·g are linear in g, so that a second gradient tells them for another g: where input isn't smooth
        differences say nothing of the second order, but this does."""
        tensors, case = self.tensors(self.arrays), self.case
        y = case.ours(*tensors)
        w, other = (Tensor(weighting(y.shape, self.dtype, seed), requires_grad=True) for seed in (0, 1))

        def weighed(g: Tensor) -> Any:
            found = gradients(y, tensors, g, create_graph=True)
            return sum((x * weighting(x.shape, self.dtype, i + 2)).sum() for i, x in enumerate(found))

        slope, expected = weighed(w), weighed(other).data
        found = np.sum(gradients(slope, [w])[0].data * other.data) if slope.requires_grad else np.zeros(())
        pairs = [("gradients by a gradient of gradients", found, expected)]
        return self.compare(case.edge or "second order", pairs, "second order")

    def differences(self) -> Iterator[Finding]:
        """Central differences along one direction of all inputs together; where they differ, of each, to tell which."""
        # other numbers than gradient_errors weighs the result with: where d = g, an adjoint transposed looks right
        directions = [weighting(x.shape, np.float64, i + 100) for i, x in enumerate(self.exact)]

        def along(t: Tensor) -> Any:
            return bent(self.case.ours(*(x + t * d for x, d in zip(self.exact, directions, strict=True))))

        found = [("all inputs", error) for error in gradient_errors(along, [np.zeros(())])]
        if not found[0][1].relative <= tolerance_of("first order", self.dtype):
            found += [(f"input {error.input}", error) for error in gradient_errors(self.case.ours, self.exact, 1)]
        for of, error in found:
            order = ("first order", "second order")[error.order - 1]
            tolerance = tolerance_of(order, self.dtype)
            what = f"{order} of {of}: {error.found:.9g}, by differences {error.expected:.9g}"
            shown = error.relative if np.isfinite(error.relative) else None
            yield Finding(self.case.edge or order, shown, tolerance, bool(error.relative <= tolerance), what)

    def torch(self, torch: Any) -> Iterator[Finding]:
        """Result and gradients as PyTorch's, in the same dtype."""
        if self.case.torch is None or torch is None:
            return
        theirs = [torch.tensor(np.array(x), requires_grad=True) for x in self.arrays]
        expected = self.case.torch(torch, *theirs)
        pairs = [("result", self.ours.y, expected.detach().numpy())]
        if expected.requires_grad and self.ours.first:
            g = torch.tensor(weighting(tuple(expected.shape), self.dtype))
            found = torch.autograd.grad(expected, theirs, g, allow_unused=True)
            for i, (ours, g) in enumerate(zip(self.ours.first, found, strict=True)):
                pairs.append((f"gradient of input {i}", ours, np.zeros_like(ours) if g is None else g.numpy()))
        yield self.compare("torch", pairs)

    def non_contiguous(self) -> Iterator[Finding]:
        """The same result and gradients where the inputs are strided, reversed, or in Fortran's order."""
        pairs: list[tuple[str, Any, Any]] = []
        for how, view in VIEWS.items():
            found = differentiate(self.case.ours, self.tensors([view(x) for x in self.arrays]), order=1)
            pairs.append((f"result of {how} inputs", found.y, self.ours.y))
            for i, pair in enumerate(zip(found.first, self.ours.first, strict=True)):
                pairs.append((f"gradient of input {i}, {how}", *pair))
        yield self.compare("non-contiguous", pairs)

    def plain_arrays(self) -> Iterator[Finding]:
        """Without a Tensor among its inputs an operation is a plain function of arrays."""
        if self.case.kind != "layer":
            y = self.case.ours(*self.arrays)
            if isinstance(y, Tensor):
                yield Finding("arrays", None, 0.0, False, "gave a Tensor for arrays, expected an array")
            else:
                yield self.compare("arrays", [("result", y, self.ours.y)])

    def kept_dtype(self) -> Iterator[Finding]:
        """float32 stays float32 to second order, and float64 float64."""
        found = {"result": self.ours.y} if self.ours.y.dtype.kind == "f" else {}
        for order, arrays in (("gradient", self.ours.first), ("second derivative", self.ours.second)):
            found |= {f"{order} of input {i}": g for i, g in enumerate(arrays)}
        yield of_dtype(self.dtype, found)


def strided(x: np.ndarray) -> np.ndarray:
    """x as every second element of an array, from its end."""
    index: tuple[Any, ...] = (*(slice(None, None, -2),) * x.ndim, ...)
    view = np.empty([2 * n for n in x.shape], x.dtype)[index]
    view[...] = x
    return view


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "strided": strided,
    "Fortran's": lambda x: np.array(x, order="F"),
}


def _shown(x: Any) -> str:
    return np.array2string(np.asarray(x), precision=4, threshold=6, edgeitems=2).replace("\n", "")


def rungs_of(calls: Sequence[tuple[Operation, tuple[Any, ...]]]) -> dict[str, str]:
    """The rungs to try a case on, "room=rung", from the kernels it called; and why one can't be, or "" if it can."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(operation.name for operation, _ in calls):
        for rung in ladder(name, "cpu"):
            operands = [(operation, given) for operation, given in calls if operation.name == name]
            room = operands[0][0].room.rpartition(".")[2]
            reason = rung.reason
            if not reason and not all(rung.takes(*given) for _, given in operands):
                reason = f"takes {rung.needs or 'other operands'}"
            found[f"{room}={rung.name}"] = found.get(f"{room}={rung.name}") or reason
    return found or {NO_KERNEL: ""}


def on_every_rung(
    attempt: Callable[[], Any], ask: Callable[[], Iterator[Finding]], check: str
) -> Iterator[tuple[str, Finding]]:
    """What `ask` finds on every rung of the kernels that `attempt` was seen to run: (rung, finding)."""
    with np.errstate(all="ignore"):
        with watching() as calls, suppress(Exception):  # what is wrong will be said on each rung
            attempt()
        for rung, reason in rungs_of(calls).items():
            if reason:
                yield rung, Finding(check, None, 0.0, None, f"{rung} {reason}")
                continue
            with using("" if rung == NO_KERNEL else rung):
                try:
                    for finding in ask():
                        yield rung, finding
                except Exception as error:
                    yield rung, failed(check, error)


def examine(case: Case, dtype: str, torch: Any) -> Iterator[tuple[str, Finding]]:
    """Everything that is asked of a case in one dtype: (rung, finding)."""
    with np.errstate(over="ignore"):
        fit = all(np.array_equal(np.isfinite(x), np.isfinite(np.asarray(x, dtype))) for x in case.inputs)
    if fit:  # 1e300 is no number in float32
        yield from on_every_rung(partial(Trial, case, dtype), partial(_ask, case, dtype, torch), case.edge or "forward")


def _ask(case: Case, dtype: str, torch: Any) -> Iterator[Finding]:
    trial = Trial(case, dtype)
    for check, ask in (
        (case.edge or "forward", trial.forward),
        (case.edge or "first order", trial.gradients),
        ("torch", lambda: trial.torch(torch)),
        ("non-contiguous", trial.non_contiguous),
        ("arrays", trial.plain_arrays),
        ("dtype", trial.kept_dtype),
    ):
        try:
            yield from ask()
        except Exception as error:
            yield failed(check, error)


def of_dtype(dtype: str, arrays: Mapping[str, np.ndarray]) -> Finding:
    """Whether all arrays are of this dtype."""
    wrong = [f"{what} is {x.dtype}" for what, x in arrays.items() if x.dtype != dtype]
    return Finding("dtype", float(len(wrong)), 0.0, not wrong, "; ".join(wrong))


def failed(check: str, error: Exception) -> Finding:
    """The finding that a check didn't come to its end."""
    lines = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])]
    return Finding(check, None, 0.0, False, "; ".join(lines))
