"""The run: all cases found, each asked everything, the answers gathered by name, and what has no case told."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from tinyxm.certificate import cases as families
from tinyxm.certificate.case import EDGES, Case, OptimizerCase
from tinyxm.certificate.checks import DTYPES, NO_KERNEL, Finding, examine
from tinyxm.certificate.optimizers import examine_optimizer
from tinyxm.certificate.scope import NOT_ASKED, public

KINDS = ("operation", "loss", "layer", "optimizer")
CHECKS = (
    *("forward", "first order", "second order", "torch", "restored", "non-contiguous", "arrays", "dtype"),
    *(*EDGES, "no gradient"),
)
ADVICE = "write one in tinyxm/certificate/cases, or tell in tinyxm/certificate/scope.py why there is none"
NO_TORCH = "PyTorch isn't installed"


class Row(NamedTuple):
    """One line of the certificate: the worst of a name's cases, in one dtype, on one rung, by one check.

    `passed` is None where nothing could be asked, and `reason` says why; of a failure it says what, on which case.
    """

    name: str
    kind: str
    dtype: str
    rung: str
    check: str
    error: float | None
    tolerance: float
    passed: bool | None
    reason: str = ""

    @property
    def is_gap(self) -> bool:
        """Whether it tells of a case that is missing."""
        return self.reason == ADVICE

    @property
    def ratio(self) -> float:
        """How much of its tolerance the error takes."""
        return Finding(self.check, self.error, self.tolerance, self.passed).ratio


def all_cases() -> list[Case | OptimizerCase]:
    """The `CASES` of every file of `cases/`, by the families' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(families.__path__))
    return [case for name in names for case in importlib.import_module(f"{families.__name__}.{name}").CASES]


def known_names() -> list[str]:
    """All that can be asked about: what is public, and what has cases."""
    return sorted({*public(), *(case.name for case in all_cases())})


def certify(
    names: Collection[str] = (), dtypes: Iterable[str] = DTYPES, checks: Collection[str] = CHECKS
) -> Iterator[tuple[str, list[Row]]]:
    """(name, its rows) for these names, or for all; those without cases have rows that say what is missing."""
    wanted = public()
    found: dict[str, list[Case | OptimizerCase]] = {}
    for case in all_cases():
        found.setdefault(case.name, []).append(case)
    torch = the_torch() if "torch" in checks else None
    for name in names or known_names():
        kind = kind_of(found.get(name, []), wanted.get(name, "operation"))
        rows = [row for dtype in dtypes for row in _rows(name, kind, dtype, found.get(name, []), torch)]
        rows += _missing(name, kind, rows, torch) if name in wanted or not rows else []
        yield name, [row for row in rows if row.check in checks]


def the_torch() -> Any:
    """The module torch, or None where it isn't installed."""
    if not find_spec("torch"):
        return None
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)  # on arrays this small its threads do nothing but wait for one another
    return torch


def kind_of(cases: Sequence[Case | OptimizerCase], otherwise: str) -> str:
    return next((case.kind if isinstance(case, Case) else "optimizer" for case in cases), otherwise)


def _rows(name: str, kind: str, dtype: str, cases: Sequence[Case | OptimizerCase], torch: Any) -> list[Row]:
    """The worst finding for each rung and check."""
    worst: dict[tuple[str, str], Row] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow is what some cases are about
        for case in cases:
            if isinstance(case, OptimizerCase):
                found = examine_optimizer(case, dtype, torch)
            else:
                found = examine(case, dtype, torch)
            for rung, finding in found:
                told = {True: "", False: f"{case}: {finding.reason}", None: finding.reason}[finding.passed]
                row = Row(name, kind, dtype, rung, *finding._replace(reason=told))
                if (rung, finding.check) not in worst or row.ratio > worst[rung, finding.check].ratio:
                    worst[rung, finding.check] = row
    return sorted(worst.values(), key=lambda row: (row.rung, CHECKS.index(row.check)))


def _missing(name: str, kind: str, rows: Sequence[Row], torch: Any) -> list[Row]:
    """What wasn't asked, for each dtype and rung: a failure, but where NOT_ASKED or the cases themselves say why."""
    required = ("forward",) if kind == "optimizer" else ("forward", "first order", "second order", *EDGES)
    asked = {row.check for row in rows if row.passed is not None}
    here = {(row.dtype, row.rung, row.check) for row in rows}
    places = dict.fromkeys((row.dtype, row.rung) for row in rows) or [(dtype, NO_KERNEL) for dtype in DTYPES]
    missing = []
    for check in ("torch", *required) if rows else required:
        reason = next((why for why, who in NOT_ASKED.get(check, {}).items() if name in who.split()), ADVICE)
        if check == "torch":
            reason = NO_TORCH if torch is None else "PyTorch has no such function"
        if check in asked:
            reason = "none of these cases runs this kernel, or fits this dtype"
        for dtype, rung in places:
            if (dtype, rung, check) not in here:
                passed = False if reason == ADVICE else None
                missing.append(Row(name, kind, dtype, rung, check, None, 0.0, passed, reason))
    return missing
