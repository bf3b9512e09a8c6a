"""Films: every n-th step is recorded as it would be alone, the others not at all, within the size limit."""

import base64
import json
import sys
import zlib
from itertools import pairwise

import numpy as np
import pytest
from recorded_examples import perceptron

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.autograd import events
from tinyxm.steps import Film, compare, trace
from tinyxm.steps.blob import arrays
from tinyxm.steps.page import embedded, to_html


def trained(film, steps=7):
    rng = np.random.default_rng(0)
    model = nn.Linear(3, 2, rng=rng)
    optimizer = optim.Momentum(model.parameters(), lr=0.1)
    x, labels = rng.normal(size=(5, 3)).astype(np.float32), rng.integers(0, 2, 5)
    losses = []
    for k in range(steps):
        optimizer.zero_grad()
        with film.step(model, optimizer) as step:
            assert bool(events.listeners) == (step is not None)
            assert film.full or (step is not None) == (k % film.every == 0)
            loss = xm.ops.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return losses


def test_every_nth_step_is_recorded_as_it_was():
    film = Film(every=3, title="Linear")
    losses = trained(film)
    told = json.loads(json.dumps(film.encode(), allow_nan=False))
    assert (told["format"], told["title"], told["at"]) == ("tinyxm-film/1", "Linear", [1, 4, 7])
    for at, frame in zip(told["at"], told["frames"], strict=True):
        values = arrays(frame)
        assert values[frame["loss"]].item() == pytest.approx(losses[at - 1])
        assert frame["updates"][0]["settings"]["step"] == at
        assert {"x", "labels"} <= {value["name"] for value in frame["values"]}
        assert frame["operations"][-1]["name"] == told["frames"][0]["operations"][-1]["name"]
    names = [[value["name"] for value in frame["values"]] for frame in told["frames"]]
    assert names[0] == names[1] == names[2], "a number stays where it is as the slider moves"


def test_steps_are_compared_side_by_side():
    film = compare([perceptron(), perceptron()], "twice")
    assert film.encode()["at"] == [1, 2]
    assert "tinyxm-film/1" in to_html(film.encode())


def test_the_page_of_a_film_has_the_blobs_of_its_frames_as_one():
    film = Film()
    trained(film, 3)
    frames, told = film.encode()["frames"], json.loads(embedded(film.encode()))
    whole = zlib.decompress(base64.b64decode(told["blob"]))
    for frame, (start, end) in zip(frames, pairwise([0, *told["ends"]]), strict=True):
        assert whole[start:end] == zlib.decompress(base64.b64decode(frame["blob"]))


def test_a_film_is_told_what_numbers_stand_for():
    film = Film(words={"labels": ["no", "yes"]})
    trained(film, 1)
    assert film.frames[0]["words"] == {"labels": ["no", "yes"]}


def test_what_can_not_be_a_film_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="every 0"):
        Film(every=0)
    with pytest.raises(ValueError, match="no step was recorded"):
        Film().encode()
    film = Film()
    trained(film, 1)
    monkeypatch.setattr(trace, "REFUSE", 1.5 * len(film.frames[0]["blob"]))
    with pytest.warns(UserWarning, match=r"2 steps are .*Film\(every=2\).*the film ends before step 2"):
        trained(film, 3)  # which goes on to its end
    assert (film.count, len(film.frames)) == (4, 1)


def test_the_page_holds_the_trace_and_asks_for_nothing(tmp_path):
    step = perceptron()
    step.title = "</script><script>alert(1)</script>"
    step.to_html(tmp_path / "step.html")
    page = (tmp_path / "step.html").read_text("utf-8")
    assert page.count("<script") == 2
    assert "alert(1)</script>" not in page
    assert "default-src 'none'" in page


def test_the_notebook_s_widget_holds_trace_and_module(monkeypatch):
    pytest.importorskip("anywidget", reason="anywidget isn't installed (the extra notebook)")
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)  # as a notebook has it
    widget = perceptron().show()
    assert widget.trace["format"] == "tinyxm-trace/1"
    assert "export" in str(widget._esm)
    assert perceptron().show() is not widget


def test_the_widget_s_trace_is_made_of_what_json_has_alone(monkeypatch):
    """A notebook may write it by a library that knows no subclass of int, as marimo does."""
    from tinyxm.steps import notebook

    monkeypatch.setattr(notebook, "_kind", lambda: dict)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "script.py", raising=False)

    def kinds(x):
        parts = x.values() if isinstance(x, dict) else x if isinstance(x, list) else ()
        return {type(x)}.union(*map(kinds, parts))

    with pytest.warns(UserWarning, match=r"a script shows no widget; write a page by step\.to_html"):
        shown = perceptron().show()
    assert kinds(shown["trace"]) == {dict, list, str, int, float, bool, type(None)}


def test_without_anywidget_the_extra_is_named(monkeypatch):
    from tinyxm.data import MissingExtra
    from tinyxm.steps import notebook

    def absent(operation, extra, distributions):
        raise MissingExtra(f'{operation}: {distributions[0]} isn\'t installed; run: pip install "tinyxm[{extra}]"')

    notebook._kind.cache_clear()
    monkeypatch.setattr(notebook, "require", absent)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    with pytest.raises(MissingExtra, match=r"tinyxm\[notebook\]"):
        perceptron().show()
