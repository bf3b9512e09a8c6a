"""The simulator's trace: each step of a warp, with its mask, its changes and what was found there."""

import json

import numpy as np
from launching import floats, launch


def test_a_warp_steps_through_its_own_path():
    """Collatz: each lane stays in the loop as long as its own number takes; the mask says which are still there."""
    body = """int v = x[threadIdx.x];
int steps = 0;
while (v != 1) {
    if (v % 2) v = 3 * v + 1;
    else v = v / 2;
    steps++;
}
x[threadIdx.x] = steps;"""
    x = np.arange(1, 33, dtype=np.int32)
    run = launch(body, [x], parameters="int *x", trace=(0, 0))

    def collatz(v):
        steps = 0
        while v != 1:
            v, steps = (3 * v + 1 if v % 2 else v // 2), steps + 1
        return steps

    expected = [collatz(v) for v in range(1, 33)]
    assert x.tolist() == expected
    trace = run.trace
    assert trace["threads"][5] == (5, 0, 0)
    tests = [step for step in trace["steps"] if step["kind"] == "loop"]
    assert len(tests) == max(expected) + 1
    for turn, step in enumerate(tests):
        assert [bool(step["mask"] >> lane & 1) for lane in range(32)] == [count >= turn for count in expected]
    counts = [step for step in trace["steps"] if step["changes"] and step["changes"][0]["name"] == "steps"]
    assert counts[3]["changes"][0]["values"][:4] == [None, None, 3, None]
    load = trace["steps"][0]["memory"][0]
    assert (load["array"], load["operation"], load["indices"][7], load["transactions"], load["ideal"]) == (
        "x",
        "load",
        7,
        4,
        4,
    )


def test_a_trace_is_cut_where_told_and_names_its_block():
    run = launch("for (int i = 0; i < n; i++) x[i] = i;", [floats(100), 100], grid=4, block=64, trace=(3, 1), steps=50)
    assert len(run.trace["steps"]) == 50
    assert run.trace["truncated"]
    assert (run.trace["block"], run.trace["warp"], run.trace["threads"][0]) == ([3, 0, 0], 1, (32, 0, 0))


def test_findings_stand_at_their_step():
    run = launch("float a = 1.0f;\nx[threadIdx.x] = a;\na = 2.0f;", [floats(16), 0], trace=(0, 0))
    assert [step["findings"] for step in run.trace["steps"]] == [[], [0], []]


def test_a_report_is_json():
    run = launch("x[threadIdx.x] = 1.0f / 0.0f;", [floats(16), 0], trace=(0, 0))
    told = json.loads(json.dumps(run.report(), allow_nan=False))
    assert told["label"] == "model"
    assert told["findings"][0]["kind"] == "out-of-bounds"
    assert told["lines"][0]["line"] == 4
