"""Every operation is derived number by number on the page, or it's told why not: the whole registry is walked."""

import importlib
import json
import pkgutil
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from chromium import Opened, launched

from tinyxm import ops
from tinyxm.autograd import Tensor
from tinyxm.certificate.case import Case
from tinyxm.certificate.run import all_cases
from tinyxm.steps import trace
from tinyxm.steps.recording import record
from tinyxm.steps.underived import underived, why_underived

DERIVATIONS = Path(__file__).parents[2] / "frontend/tests/derivations.mjs"


def registered():
    """The names of all operations that tinyxm.ops declares with an adjoint."""
    rooms = [importlib.import_module(f"tinyxm.ops.{found.name}") for found in pkgutil.iter_modules(ops.__path__)]
    functions = [f for room in rooms for f in vars(room).values() if getattr(f, "__module__", "") == room.__name__]
    return {f.__name__ for f in functions if getattr(f, "adjoints", None)}


def steps():
    """A recorded step of each operation that a certified case runs."""
    seen = set()
    for case in all_cases():
        if not isinstance(case, Case) or case.edge in ("large", "tiny"):
            continue
        with np.errstate(all="ignore"), record() as step:
            y = case.ours(*(Tensor(x, requires_grad=True) for x in case.inputs))
            if isinstance(y, Tensor) and y.requires_grad:
                y.backward(np.ones(y.shape))
        names = {op.name for op in step.operations if op.kind in ("forward", "adjoint")}
        if names - seen:
            seen |= names
            yield case.name, step, names


@pytest.mark.skipif(shutil.which("node") is None, reason="node isn't installed")
def test_every_operation_is_derived_or_told_why_not(tmp_path):
    files, seen = [], set()
    for i, (_, step, names) in enumerate(steps()):
        seen |= names
        files.append(tmp_path / f"{i}.json")
        trace.save(trace.encode(step, checks=False), files[-1])
    command = ["node", str(DERIVATIONS), *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    without = {what.split(" ", 1)[1] for one in told for what in one["underived"]}
    assert not [name for name in without if not why_underived(name)], "derive it on the page, or say why not"
    assert not [name for name in registered() - {name.partition(".")[0] for name in seen} if not why_underived(name)]
    assert not [one["wrong"] for one in told if one["wrong"]]
    needless = {name for name in underived() if name.partition(".")[0] in {n.partition(".")[0] for n in seen}}
    assert not needless - {name for n in without for name in (n, n.partition(".")[0])}, "it's derived: no need to say"


def test_whatever_has_a_sentence_is_an_operation():
    assert {name.partition(".")[0] for name in underived()} <= registered() | {"to"}
    assert why_underived("solve.a").startswith("No cell-by-cell derivation, because it's found by elimination")
    assert not why_underived("matmul") + why_underived("matmul.a") + why_underived("binary_cross_entropies")


def test_the_trace_says_it_beside_the_rule():
    a = Tensor(np.array([[2.0, 1.0], [0.0, 3.0]]), requires_grad=True)
    with record() as step:
        np.sum(np.linalg.solve(a, np.array([1.0, 2.0])) * 2).backward()
    rules = trace.encode(step)["code"]["rules"]
    assert {name for name, rule in rules.items() if "underived" in rule} == {"solve", "solve.a"}
    assert rules["solve"]["underived"] == why_underived("solve")


def test_the_page_shows_the_sentence(tmp_path):
    a = Tensor(np.array([[2.0, 1.0], [0.0, 3.0]]), requires_grad=True)
    with record() as step:
        np.sum(np.linalg.solve(a, np.array([1.0, 2.0])) * 2).backward()
    told = trace.encode(step)
    with launched() as browser:
        for name in ("solve", "solve.a"):
            at = next(i for i, op in enumerate(told["operations"]) if op["name"] == name)
            with Opened(browser, tmp_path, told, f"#op={at}") as opened:
                shown = opened.text(".derivation")
                assert why_underived(name) in shown
                assert not opened.problems
