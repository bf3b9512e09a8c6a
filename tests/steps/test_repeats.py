"""What repeats in a step: a recurrence at each of its moments, a loop; and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_examples import EXAMPLES, recurrence

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps.recording import record
from tinyxm.steps.repeats import LEAST, TIMES, repeats
from tinyxm.steps.step import Operation

names = st.sampled_from("abcde")


def step_of(text, module=""):
    """A step whose operations have these letters for names."""
    operations = [Operation("forward", "forward", name, {}, None, module=module) for name in text]
    for number, op in enumerate(operations):
        op.number = number
    return SimpleNamespace(operations=operations)


@given(
    st.text("xyz", max_size=9), st.lists(names, min_size=1, max_size=9), st.integers(1, 12), st.text("uvw", max_size=9)
)
def test_what_is_repeated_is_found_and_how_often(before, once, times, after):
    text = before + "".join(once) * times + after
    found = repeats(step_of(text))
    period = next(k for k in range(1, len(once) + 1) if once == once[:k] * (len(once) // k))  # of abab it's ab
    times *= len(once) // period
    if times < TIMES or times * period < LEAST:
        inner = [one for one in found if one.last - one.first + 1 >= len(once) * times]
        assert not inner
        return
    first, last = len(before), len(before) + period * times - 1
    assert [(one.first, one.last) for one in found] == [(first, last)]
    assert len(found[0].starts) == times
    assert {*np.diff([*found[0].starts, last + 1])} == {period}


def test_times_that_differ_a_little_belong_to_it():
    text = "x" + "ac" + "abcd" * 5 + "abXcd" + "YZ" + "abcd" * 2 + "abd" + "uvwuvx"
    (found,) = repeats(step_of(text))
    assert text[found.first : found.last + 1] == text[1:-6]
    assert [text[k] for k in found.starts] == ["a"] * 10


def test_two_loops_behind_one_another_are_two():
    text = "abc" * 6 + "de" * 9 + "abc" * 6
    assert [(one.first, one.last, len(one.starts)) for one in repeats(step_of(text))] == [
        *((0, 17, 6), (18, 35, 9), (36, 53, 6)),
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_step_without_a_loop_repeats_nothing(name):
    assert repeats(EXAMPLES[name]()) == []


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_recurrence_repeats_as_often_as_its_sequence_is_long_forward_and_back(kind, bidirectional):
    moments = 12
    step = recurrence(kind, moments, bidirectional)
    cells = [f"reader.{way}_cells.0" for way in ("forward", "backward")[: 1 + bidirectional]]
    found = {(step.operations[one.first].phase, one.module): one for one in repeats(step) if "cells" in one.module}
    assert [*found] == [("forward", cell) for cell in cells] + [("backward", cell) for cell in reversed(cells)]
    for (phase, cell), one in found.items():
        assert len(one.starts) == moments
        own = [op.number for op in step.operations if op.phase == phase and op.kind != "accumulate"]
        own = [
            n
            for n in own
            if (step.operations[step.operations[n].of] if phase == "backward" else step.operations[n]).module == cell
        ]
        assert one.first <= own[0]
        assert own[-1] <= one.last
    forward, backward = (found[phase, cells[0]] for phase in ("forward", "backward"))
    assert {step.operations[start].name for start in forward.starts} == {"matmul"}
    times = {n: time for time, span in enumerate(spans(forward)) for n in span}
    for time, span in enumerate(spans(backward)):  # each goes back through one moment, the last first
        through = {
            times[op.of] for op in step.operations[span.start : span.stop] if op.kind == "adjoint" and op.of in times
        }
        assert through == {moments - 1 - time}


def spans(repeat):
    ends = [*repeat.starts[1:], repeat.last + 1]
    return [range(start, end) for start, end in zip(repeat.starts, ends, strict=True)]


def test_a_loop_of_the_user_s_repeats_without_a_layer():
    w = xm.Parameter(0.5 * np.eye(3, dtype=np.float32))
    optimizer = optim.Adam([w])
    x = np.ones((2, 3), np.float32)
    with record(None, optimizer) as step:
        h = x
        for _ in range(10):
            h = xm.ops.tanh(h @ w)
            h = h + x
        loss = np.mean(h @ w)
        loss.backward()
        optimizer.step()
    forward, backward = repeats(step)
    assert (forward.module, backward.module) == ("", "")
    assert [op.name for op in step.operations[forward.first : forward.last + 1]] == ["matmul", "tanh", "add"] * 10
    assert len(forward.starts) == len(backward.starts) == 10
    assert all(step.operations[k].phase == "backward" for k in range(backward.first, backward.last + 1))
