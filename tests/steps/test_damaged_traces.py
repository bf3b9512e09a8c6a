"""A trace is checked in one place: a file that is none is refused in a line, and what is let through is shown."""

import base64
import copy
import io
import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_examples import EXAMPLES
from rich.console import Console

from tinyxm.steps import page, trace
from tinyxm.steps.blob import arrays
from tinyxm.steps.terminal import play, screen

GOOD = json.loads(trace.dumps(trace.encode(EXAMPLES["perceptron"]())))
GONE = object()


def damaged(path, to):
    """The good trace with another thing at this place, or without it."""
    told = copy.deepcopy(GOOD)
    *outer, last = path
    part = told
    for key in outer:
        part = part[key]
    if to is GONE:
        del part[last]
    else:
        part[last] = to
    return told


def packed(zeros):
    return base64.b64encode(zlib.compress(bytes(zeros))).decode()


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (["title"], GONE, "it has no 'title'$"),
        (["operations"], None, "operations is None; expected a list$"),
        (["values", 3, "shape"], "abc", r"values\[3\].shape is 'abc'; expected a list$"),
        (["values", 3, "shape"], [-1], r"values\[3\].shape\[0\] is -1; expected a whole number from 0$"),
        (["values", 3, "data", "at"], 4, r"values\[3\].data.at is 4; expected a multiple of 8$"),
        (["values", 3, "data", "at"], 8 * 10**9, "blob holds fewer bytes than its arrays take, 8,000,000,0"),
        (["values", 3, "shape"], [10**30], "blob can't be read: .* too large"),
        (["values", 3, "kept"], [10**4], r"values\[3\].kept is \[10000\]; expected a part of its shape, "),
        (["operations", 2, "result"], 999, r"operations\[2\].result is 999; expected the number of one of \d+ values"),
        (["operations", 2, "line"], True, r"operations\[2\].line is True; expected the number of one of \d+ lines$"),
        (["operations", 2, "kind"], "so", r"operations\[2\].kind is 'so'; expected 'accumulate' or 'adjoint' or"),
        (["operations", 2, "operands", "x"], {"value": 999}, r"operands.x is {'value': 999}; expected"),
        (["updates", 0, "state"], {"velocity": [1]}, r"updates\[0\].state.velocity is \[1\]; expected a list of 2$"),
        *(
            (
                ["repeats"],
                [{"module": "", "first": 1, "last": 3, "starts": [1, 2]}, told],
                r"repeats\[1\] is from \d to \d",
            )
            for told in (
                {"module": "", "first": 5, "last": 4, "starts": [5]},
                {"module": "", "first": 5, "last": 8, "starts": []},
                {"module": "", "first": 5, "last": 8, "starts": [7, 5]},
                {"module": "", "first": 5, "last": 8, "starts": [5, 5]},
                {"module": "", "first": 5, "last": 8, "starts": [5, 9]},
                {"module": "", "first": 5, "last": 8, "starts": [4, 6]},
                {"module": "", "first": 3, "last": 8, "starts": [3, 5]},
            )
        ),
        (["blob"], "x", "blob can't be read: .*base64"),
        (["blob"], packed(10), "blob holds fewer bytes"),
        (["blob"], packed(2 * 10**9), "blob holds more bytes"),  # 2 MB, which would take 2 GB
    ],
)
def test_what_is_damaged_is_refused_in_one_line(tmp_path, path, to, words):
    (tmp_path / "x.json").write_text(json.dumps(damaged(path, to)))
    with pytest.raises(ValueError, match=words) as error:
        trace.load(tmp_path / "x.json")
    assert str(error.value).startswith(f"trace: {tmp_path / 'x.json'} is damaged: ")
    assert "\n" not in str(error.value)


def test_numbers_that_json_hasnt_are_refused(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(damaged(["operations", 0, "seconds"], float("nan"))))
    with pytest.raises(ValueError, match="isn't JSON: NaN stands for a number; expected the text 'NaN'"):
        trace.load(tmp_path / "x.json")


def places(part, path=()):
    """Every place in a trace, but what is the user's own."""
    for key, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield [*path, key]
        yield from places(inner, (*path, key))


PLACES = list(places(GOOD))


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from([GONE, None, True, -1, 0, 5, 10**9, 1.5, "", "x", [], [7], {}, {"value": 0}, ["x"]]),
)
def test_what_is_let_through_can_be_shown(tmp_path_factory, path, to):
    file = tmp_path_factory.getbasetemp() / "damaged.json"
    file.write_text(json.dumps(damaged(path, to)))
    try:
        told = trace.load(file)
    except ValueError:
        return
    page.to_html(told)
    console = Console(file=io.StringIO(), width=80)
    play(told, console)
    numbers = arrays(told)
    for at in range(len(told["operations"])):
        console.print(screen(told, numbers, at))
