"""The page derives numbers from their operands, by rules of its own: what it finds is what was recorded."""

import base64
import json
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from recorded_examples import EXAMPLES
from recorded_operations import ALL

from tinyxm.steps import trace

FRONTEND = Path(__file__).parents[2] / "frontend"
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node isn't installed")


def told(traces, folder):
    """What tests/derivations.mjs says of each trace."""
    for name, one in traces.items():
        trace.save(one, folder / f"{name}.json")
    command = ["node", str(FRONTEND / "tests/derivations.mjs"), *(str(folder / f"{name}.json") for name in traces)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    return dict(zip(traces, map(json.loads, lines), strict=True))


@pytest.fixture(scope="module")
def traces():
    return {name: trace.encode(make()) for name, make in {**EXAMPLES, **ALL}.items()}


def test_every_number_is_derived_as_it_was_recorded(traces, tmp_path):
    found = told(traces, tmp_path)
    assert {name: one["wrong"] for name, one in found.items() if one["wrong"]} == {}
    assert {what for one in found.values() for what in one["underived"]} == set()
    assert all(one["checked"] > 50 and not one["missing"] for one in found.values())


def test_of_a_large_step_what_was_not_kept_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(trace, "KEEP", 1000)
    monkeypatch.setattr(trace, "SPARING", trace.EXACT)  # nothing to three digits: sums of such differ
    large = {name: trace.encode(EXAMPLES[name]()) for name in ("convolution", "attention")}
    found = told(large, tmp_path)
    assert all(one["checked"] and one["missing"] for one in found.values())
    assert {name: one["wrong"] for name, one in found.items() if one["wrong"]} == {}


@pytest.mark.parametrize(("example", "name"), [("convolution", "0.weight"), ("attention", "attention.key.weight")])
def test_a_number_that_was_changed_is_seen(traces, example, name, tmp_path):
    one = traces[example]
    value = next(v for v in one["values"] if v["name"] == name)
    blob = bytearray(zlib.decompress(base64.b64decode(one["blob"])))
    at = value["data"]["at"]
    blob[at : at + 4] = np.float32(np.frombuffer(blob, np.float32, 1, at)[0] * 1.01).tobytes()
    changed = {**one, "blob": base64.b64encode(zlib.compress(bytes(blob))).decode()}
    assert told({"changed": changed}, tmp_path)["changed"]["wrong"]


def test_what_is_computed_by_hand():
    files = [str(file) for file in FRONTEND.glob("tests/*.test.mjs")]
    done = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stdout
    assert "# pass 0" not in done.stdout
