"""With no recorder a step runs nothing of the debugger: an operation looks once whether someone listens, no more."""

import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np

import tinyxm as xm
from tinyxm import nn, ops, optim
from tinyxm.autograd import events

ROOM = Path(xm.__file__).parent
TOLD = {"before", "emit", "observe", "user_line", "_array"}  # of events.py, what works for listeners


def functions_run(run):
    """(file, function) of all Python functions that run."""
    found = set()

    def watch(frame, event, argument):
        if event == "call":
            found.add((frame.f_code.co_filename, frame.f_code.co_name))

    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
    return found


def step():
    """A training step with layers, statistics, a clip, and an optimizer."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(4, 8, rng=rng), nn.BatchNorm(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3, rng=rng)
    )
    optimizer = optim.Adam(model.parameters())
    x, labels = rng.normal(size=(6, 4)).astype(np.float32), rng.integers(0, 3, 6)

    def run():
        optimizer.zero_grad()
        h = model(x)
        loss = ops.cross_entropy(h + h, labels)
        loss.backward()
        optim.clip_by_norm(model.parameters(), 0.1)
        optimizer.step()

    return run


def of_the_debugger(found):
    told = {name for file, name in found if Path(file) == Path(events.__file__)} & TOLD
    return told | {name for file, name in found if Path(file).parent == ROOM / "steps"}


def test_nothing_of_the_debugger_runs_in_a_step_that_nobody_records():
    run = step()
    run()
    assert not events.listeners
    assert not of_the_debugger(functions_run(run))
    with xm.record():
        assert of_the_debugger(functions_run(run)) > TOLD - {"_array"}, "which the test would see"
    assert not of_the_debugger(functions_run(run)), "nor does it once a recording is over"


def test_an_operation_looks_once():
    rooms = [importlib.import_module(f"tinyxm.ops.{found.name}") for found in pkgutil.iter_modules(ops.__path__)]
    declared = {f.__name__: f for room in rooms for f in vars(room).values() if hasattr(f, "adjoints")}
    assert len(declared) > 100
    for name, operation in declared.items():
        source = operation.source()
        assert source.count("_listeners") == 1, name
        assert [line.strip()[:11] for line in source.splitlines() if "_start" in line] == [
            "_start = _b",
            "if _start: ",
        ], name
