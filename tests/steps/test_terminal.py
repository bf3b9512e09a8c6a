"""The terminal's player: keys lead where they should, the screen shows what is there, at any width."""

import io
import sys
import threading

import numpy as np
import pytest
from recorded_examples import EXAMPLES, recurrence
from rich.console import Console

import tinyxm as xm
from tinyxm.steps import trace
from tinyxm.steps.blob import arrays
from tinyxm.steps.keyboard import keyboard
from tinyxm.steps.recording import record
from tinyxm.steps.terminal import find, moved, play, screen


@pytest.fixture(scope="module")
def told():
    return trace.encode(EXAMPLES["convolution"]())


def shown(told, at, width=120, height=40):
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(screen(told, arrays(told), at, "", width, height))
    return console.file.getvalue()


def test_keys_lead_forward_and_back_and_stop_at_the_ends(told):
    last = len(told["operations"]) - 1
    at = 0
    for _ in range(last):
        at = moved(told, at, "right")
    assert at == moved(told, at, "right") == last == moved(told, 3, "end")
    for _ in range(last):
        at = moved(told, at, "left")
    assert at == moved(told, at, "left") == 0 == moved(told, 9, "home")
    phases = [op["phase"] for op in told["operations"]]
    begins = [phases.index(phase) for phase in told["phases"] if phase in phases]
    at, found = 0, [0]
    while (at := moved(told, at, "]")) != found[-1]:
        found.append(at)
    assert found == begins
    assert moved(told, begins[3] + 1, "[") == begins[3]
    assert moved(told, 5, "?") == 5


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_operation_has_a_screen_within_the_width(told, width):
    for at, op in enumerate(told["operations"]):
        text = shown(told, at, width)
        assert f"operation {at} of {len(told['operations']) - 1}"[: width - 30] in text.replace("\n", " ")
        assert max(map(len, text.splitlines())) <= width
        if width == 200 and op["result"] is not None:
            assert told["values"][op["result"]]["name"] in text


def test_the_numbers_are_those_of_the_arrays(told):
    at = next(i for i, op in enumerate(told["operations"]) if op["name"] == "linear")
    text = shown(told, at, 200)
    logits = arrays(told)[told["operations"][at]["result"]]
    for x in logits.ravel():
        assert f"{x:.3g}" in text
    assert "y = x W + b" in text
    assert "logits = model(pictures)" in text


def test_data_called_as_an_operation_has_no_rule():
    mean = np.array([[1.0, 2.0]], np.float32)
    with record() as step:
        np.mean(xm.Tensor(mean) * 2)
    text = shown(trace.encode(step), 0)
    assert "what came in" in text
    assert "Σ" not in text


def test_every_array_of_an_operation_has_its_place(told):
    linear = next(i for i, op in enumerate(told["operations"]) if op["name"] == "linear")
    moments, updated = (
        next(i for i, op in enumerate(told["operations"]) if op["phase"] == p) for p in ("moments", "update")
    )
    for at, titles in (
        (linear, ("result", "x", "w", "bias")),
        (moments, ("result", "square", "gradient")),
        (updated, ("result", "parameter", "mean", "square")),
    ):
        for width, height in ((200, 60), (80, 24)):
            text = shown(told, at, width, height)
            assert all(f"{title}: " in text for title in titles), (titles, text)


def test_search_goes_round(told):
    first = find(told, "conv2d")
    assert told["operations"][first]["name"] == "conv2d"
    assert find(told, "CONV2D", first) > first
    assert find(told, "nowhere") is None
    adjoint = find(told, "conv2d.w")
    assert told["operations"][adjoint]["name"] == "conv2d.w"


@pytest.mark.parametrize(("width", "height"), [(60, 24), (80, 24), (80, 50), (120, 40), (200, 60)])
def test_a_screen_is_no_higher_than_the_terminal(told, width, height):
    for at, op in enumerate(told["operations"]):
        lines = shown(told, at, width, height).splitlines()
        assert len(lines) <= height
        if op["result"] is not None:
            assert any("result: " in line for line in lines)
            assert lines[-1].rstrip().endswith("╯")  # and no panel is cut off


def test_what_repeats_is_one_line_and_leapt_over():
    told = trace.encode(recurrence(), checks=False)
    cell = next(r for r in told["repeats"] if r["module"] == "reader.forward_cells.0")
    behind = cell["last"] + 1
    text = shown(told, behind, 100)
    assert f"{cell['first']} forward       12 times reader.forward_cells.0, to {cell['last']}" in text
    assert f"  {cell['last']} forward" not in text
    inside = shown(told, cell["starts"][6], 100)
    assert "time 7 of 12" in inside.splitlines()[0]
    assert f"  {cell['starts'][6] + 1} forward" in inside
    assert moved(told, cell["starts"][6], "r") == behind
    assert moved(told, cell["starts"][6], "R") == cell["first"] - 1
    assert moved(told, behind, "r") == behind


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_keys_of_a_terminal(monkeypatch):
    import os
    import pty
    import termios

    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(theirs)
        with keyboard() as read:
            for sent, key in {
                "\x1b[C": "right",
                "\x1bOD": "left",
                "\x1b[B": "right",
                "\x1b[5~": "[",
                "x": "x",
                "∂": "∂",
            }.items():
                os.write(ours, sent.encode())
                assert read() == key
            os.write(ours, b"\x1b")
            assert read() == "escape"
            threading.Timer(0.3, termios.tcsetwinsize, (theirs, (30, 70))).start()
            assert read() == ""  # it has another size now
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


def test_it_is_played_by_keys(told):
    keys = iter(["right", "right", "]", "/", *"linear", "\r", "/", *"nil", "\r", "/", "x", "escape", "q"])
    console = Console(width=100, height=40, file=io.StringIO(), color_system=None, force_terminal=True)
    play(told, console, lambda: next(keys))
    assert not list(keys)
    assert "search: linear" in console.file.getvalue()
    assert "nothing is called 'nil'" in console.file.getvalue()


def test_in_a_pipe_every_operation_is_a_line(told):
    console = Console(width=80, file=io.StringIO(), color_system=None)
    play(told, console)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == len(told["operations"])
    assert lines[2].split()[1] == "forward"


def test_hostile_and_empty_arrays_have_a_screen():
    x = np.array([[np.nan, np.inf, -1e38]], np.float32)
    with record(title="[red]not markup[/red]") as step:
        y = xm.Tensor(x) + xm.Tensor(np.zeros((0, 1), np.float32)).sum()
        z = xm.Tensor(np.zeros((0, 3), np.float32)) * 2
    told = trace.encode(step)
    assert "[red]not markup[/red]" in shown(told, 0)
    for at in range(len(told["operations"])):
        shown(told, at)
    assert y.shape == (1, 3)
    assert z.shape == (0, 3)
    with record() as nothing:
        pass
    assert "no operation" in shown(trace.encode(nothing), 0)


def test_a_gradient_that_is_added_to_is_added_up_and_called_by_no_inner_name():
    w = xm.Parameter(np.ones(2, np.float32))
    with record() as step:
        for _ in range(2):
            (w * w).sum().backward()
    told = trace.encode(step)
    added = [op["operands"] for op in told["operations"] if op["kind"] == "accumulate"]
    assert len(added) == 3
    text = shown(told, len(told["operations"]) - 1, width=200, height=80)
    assert text.count(" = add up(total: ") == 3
    assert "leaf(" not in text
