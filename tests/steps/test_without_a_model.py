"""Steps of bare layers and of functions: phases, parameters, names, and gradients that add up, without a model."""

import functools
import importlib
import io
import itertools
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps import Film, trace
from tinyxm.steps.blob import arrays
from tinyxm.steps.diagnoses import diagnose
from tinyxm.steps.recording import record
from tinyxm.steps.replay import differences, replay
from tinyxm.steps.terminal import screen

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
LABELS = np.array([0, 1, 1, 0])


def drawn(*shape, seed=0):
    return xm.Parameter(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def phases(step):
    return {phase: [op.name for op in step.of_phase(phase)] for phase in ("forward", "loss")}


def roles(step, role):
    return {value.name for value in step.values if value.role == role and not value.name.startswith("new ")}


def checked(step):
    """Replayed, and every gradient a slope."""
    assert max(t.error for t in replay(step)) < 1e-4
    found = differences(step)
    assert {step.values[d.value].of for d in found} == {
        v.number for v in step.values if v.name in roles(step, "parameter")
    }
    assert max(d.error for d in found) < 1e-6
    return step


def test_bare_layers_have_their_variables_names():
    hidden, out = nn.Linear(3, 5), nn.Linear(5, 2)
    with record() as step:
        logits = out(np.tanh(hidden(X)))
        loss = xm.ops.cross_entropy(logits, LABELS)
        loss.backward()
    assert roles(step, "parameter") == {"hidden.weight", "hidden.bias", "out.weight", "out.bias"}
    assert phases(step) == {"forward": ["linear", "tanh", "linear"], "loss": ["cross_entropies", "mean"]}
    assert step.of_phase("gradient norm")[0].operands.keys() == roles(step, "parameter")
    checked(step)


def test_a_bare_normalisation_keeps_its_statistics_in_the_network():
    norm, layers = nn.BatchNorm(3), [nn.Linear(3, 2)]
    with record() as step:
        loss = xm.ops.cross_entropy(layers[0](norm(X)), LABELS)
        loss.backward()
    assert phases(step)["loss"] == ["cross_entropies", "mean"]
    assert {"norm.scale", "norm.shift", "layers[0].weight", "layers[0].bias"} <= roles(step, "parameter")
    assert roles(step, "buffer") == {"norm.running_mean", "norm.running_var"}
    assert {"new norm.running_mean", "new norm.running_var"} <= {value.name for value in step.values}
    checked(step)


def penalty(weights):
    return functools.reduce(lambda a, b: a + b, [(w * w).sum() for w in weights])


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("held", [True, False])
def test_a_penalty_belongs_to_the_loss_wherever_it_is_computed(first, held):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    weights = list(model.parameters())
    with record(model if held else None) as step:
        decay = penalty(weights) if first else 0
        loss = xm.ops.cross_entropy(model(X), LABELS)
        loss = loss + 0.1 * (decay if first else penalty(weights))
        loss.backward()
    told = phases(step)
    assert told["forward"] == ["linear", "relu", "linear"]
    assert sorted(told["loss"]) == sorted(
        ["multiply", "sum"] * 4 + ["add"] * 3 + ["cross_entropies", "mean", "multiply", "add"]
    )
    places = [step.operations.index(op) for phase in ("data", "forward", "loss") for op in step.of_phase(phase)]
    assert places == sorted(places)
    checked(step)


def test_a_function_of_arrays_and_parameters():
    w, b, v, extra = drawn(3, 4), drawn(4, seed=1), drawn(4, 2, seed=2), drawn(4, seed=3)
    target = np.ones((4, 2), np.float32)
    with record() as step:
        h = np.tanh(X @ (w * 2) + b) * np.exp(extra)
        y = h @ v
        loss = np.mean((y - target) ** 2) + 0.01 * penalty([w, v])
        loss.backward()
    assert phases(step)["forward"] == ["multiply", "matmul", "add", "tanh", "exp", "multiply", "matmul"]
    assert phases(step)["loss"][0:3] == ["subtract", "power", "mean"]
    assert roles(step, "parameter") == {"w", "b", "v", "extra"}
    assert roles(step, "input") == {"X", "target"}, "X is a global that its code names"
    checked(step)


def test_one_neuron_of_plain_numbers():
    w, b, x, t = (xm.Parameter(np.float32(k)) for k in (0.5, 0.1)), None, np.array(2.0), np.array(1.0)
    w, b = w
    with record() as step:
        loss = (w * x + b - t) ** 2 + 0.1 * w**2
        loss.backward()
    assert phases(step)["forward"] == ["multiply", "add"]
    checked(step)


class Pair(NamedTuple):
    """A class among the caller's variables, which holds nothing."""

    a: int


def test_classes_and_pairs_among_the_variables():
    kind, pair = Pair, NamedPair(drawn(3, 2), np.ones(2, np.float32))
    with record() as step:
        np.sum(X @ pair.weight + pair.shift).backward()
    assert roles(step, "parameter") == {"pair.weight"}
    assert roles(step, "input") == {"X", "pair.shift"}
    assert kind is Pair


class NamedPair(NamedTuple):
    weight: xm.Parameter
    shift: np.ndarray


def test_parameters_that_are_made_within_or_belong_to_the_file():
    with record() as step:
        w = drawn(3, 2)
        loss = xm.ops.cross_entropy(X @ w * GLOBAL, LABELS)
        loss.backward()
    assert roles(step, "parameter") == {"w", "GLOBAL"}
    checked(step)


GLOBAL = xm.Parameter(np.array([2.0, 3.0], np.float32))


def test_what_is_beside_an_optimizer_is_a_parameter_too():
    w, frozen = drawn(3, 2), nn.Linear(2, 2)
    optimizer = optim.GradientDescent([w], lr=0.1)
    with record(optimizer=optimizer) as step:
        loss = xm.ops.cross_entropy(frozen(X @ w), LABELS)
        loss.backward()
        optim.clip_by_norm([w, *frozen.parameters()], 0.1)
        optimizer.step()
    assert {"w", "frozen.weight", "frozen.bias"} == roles(step, "parameter")
    assert [update.name for update in step.updates] == ["w"]
    assert len(step.clips[0].operations) == 3
    unused = nn.Linear(100, 100)
    assert "unused.weight" not in roles(checked(step), "parameter")
    del unused


def two_layers():
    rng = np.random.default_rng(1)
    return nn.Linear(3, 3, rng=rng), nn.Linear(3, 2, rng=rng)


def test_every_optimizer_among_the_variables_is_heard():
    hidden, out = two_layers()
    first, second = optim.Adam(hidden.parameters()), optim.GradientDescent(out.parameters(), lr=0.1)
    with record(optimizer=first) as step:
        loss = xm.ops.cross_entropy(out(np.tanh(hidden(X))), LABELS)
        loss.backward()
        first.step()
        second.step()
    assert [(update.name, update.optimizer) for update in step.updates] == [
        *(("hidden.weight", first), ("hidden.bias", first)),
        *(("out.weight", second), ("out.bias", second)),
    ]
    told = trace.encode(checked(step))
    assert told["code"]["rules"]["gradient_descent_update"]["formula"].startswith("θ ← θ − η·(g")
    assert "unknown_optimizer" not in [finding["name"] for finding in told["diagnoses"]]


def test_an_optimizer_that_steps_later_comes_behind_its_own_backward_pass():
    drawer, judge = two_layers()
    ours, theirs = optim.Adam(drawer.parameters()), optim.Adam(judge.parameters())
    with record() as step:
        xm.ops.cross_entropy(judge(drawer(X).detach()), LABELS).backward()
        theirs.step()
        judge.zero_grad()
        xm.ops.cross_entropy(judge(drawer(X)), 1 - LABELS).backward()
        ours.step()
    assert [u.name for u in step.updates] == ["judge.weight", "judge.bias", "drawer.weight", "drawer.bias"]
    for update in step.updates:
        assert step.values[update.gradient].made_by < step.values[update.after].made_by
    assert step.operations[-1].kind == "after"
    assert all(one.error is not None and one.error < 1e-4 for one in replay(step))


class Trainer:
    """Holds its model and its optimizer, as objects of many users do."""

    def __init__(self, hidden, out):
        self.hidden, self._out = hidden, out
        self.optimizer = optim.Adam([*hidden.parameters(), *out.parameters()])

    def step(self):
        with record() as step:
            xm.ops.cross_entropy(self._out(np.tanh(self.hidden(X))), LABELS).backward()
            self.optimizer.step()
        return step


class TrainedModule(nn.Module):
    """A module that holds its own optimizer."""

    def __init__(self, layer):
        self.layer = layer
        self.optimizer = optim.Momentum(layer.parameters(), lr=0.1)

    def step(self):
        with record(self) as step:
            xm.ops.cross_entropy(self.layer(X), LABELS).backward()
            self.optimizer.step()
        return step


def test_an_optimizer_that_an_object_holds_is_heard():
    step = Trainer(*two_layers()).step()
    assert [update.name for update in step.updates] == [
        *("self.hidden.weight", "self.hidden.bias", "self._out.weight", "self._out.bias"),
    ]
    assert not [found for found in diagnose(checked(step)) if found.name == "unknown_optimizer"]
    step = TrainedModule(two_layers()[1]).step()
    assert [update.name for update in step.updates] == ["layer.weight", "layer.bias"]


def test_weights_of_an_unknown_optimizer_are_said_to_be_so():
    hidden, out = two_layers()
    held = {"two levels": {"down": {"and further": optim.Adam(out.parameters())}}}
    with record() as step:
        xm.ops.cross_entropy(out(np.tanh(hidden(X))), LABELS).backward()
        held["two levels"]["down"]["and further"].step()
    assert step.updates == []
    told = trace.encode(step)
    (found,) = [finding for finding in told["diagnoses"] if finding["name"] == "unknown_optimizer"]
    assert step.operations[found["operation"]].name == "adam_update"
    assert not told["code"]["rules"]["adam_update"]["formula"]
    assert {one.why for one in replay(step) if one.error is None} == {"the recording doesn't have its optimizer"}


def test_globals_that_the_code_names_are_data_too():
    w = drawn(3, 2)
    with record() as step:
        xm.ops.cross_entropy(X @ w, LABELS).backward()
    assert {op.name for op in step.of_phase("data")} == {"X", "LABELS"}


def test_parts_of_a_gradient_are_named_by_the_use_that_sent_them():
    w, x = drawn(3, 3), X
    with record() as step:
        h = x @ w
        y = np.tanh(h) + h * h
        z = np.sum(y) + np.sum(np.tanh(h))
        z.backward()
    sums = [op for op in step.operations if op.kind == "accumulate"]
    named = {step.values[op.operands[name]].name for op in sums for name in ("total", "g")}
    prefix = "∂L/∂h by way of "
    assert named >= {f"{prefix}multiply.a", f"{prefix}multiply.b", "∂L/∂h, 2 of 4 uses", "∂L/∂h, 3 of 4 uses"}
    assert {f"{prefix}tanh → tanh", f"{prefix}tanh → tanh 2"} <= named
    assert step.values[sums[-1].result].name == "∂L/∂h"
    told = trace.encode(step)
    says = [op["says"] for op in told["operations"] if op["kind"] == "accumulate"]
    line = next(op.source[1] for op in step.operations if op.name == "multiply")
    assert all(text.startswith("h was used four times: by ") for text in says)
    assert f"by multiply.a (line {line})" in says[0]
    assert "is the sum of what they send back" in says[0]
    assert says[-1].endswith("sends back joins what the first 3 sent.")
    at = sums[0].number
    console = Console(width=400, file=io.StringIO())
    console.print(screen(told, arrays(told), at, width=400))
    assert "h was used four times" in console.file.getvalue()


def test_what_gathers_over_passes_is_told_apart_from_what_adds_up_in_one():
    w = drawn(3, 2)
    np.sum(X @ w).backward()
    with record() as step:
        for _ in range(2):
            np.sum(X @ w).backward()
    earlier, again = [op["says"] for op in trace.encode(step)["operations"] if op["kind"] == "accumulate"]
    assert earlier.startswith("w had a gradient from before this backward pass, earlier ∂L/∂w.")
    assert again.startswith("w had a gradient from before this backward pass, ∂L/∂w up to pass 1.")
    totals = [step.values[op.result].array for op in step.operations if op.kind == "accumulate"]
    np.testing.assert_allclose(totals[1], 1.5 * totals[0], rtol=1e-6)
    assert step.kept == ["w"]


def test_a_value_that_is_used_at_every_moment_has_a_short_sentence():
    w, h = drawn(3, 3), xm.Tensor(X)
    with record() as step:
        for _ in range(30):
            h = np.tanh(h @ w)
        np.sum(h).backward()
    said = [op["says"] for op in trace.encode(step)["operations"] if op["kind"] == "accumulate"]
    assert len(said) == 29
    assert max(map(len, said)) < 500
    assert "26 more" in said[0]
    assert said[0].startswith("w was used 30 times")
    checked(step)


def test_what_can_not_be_replayed_is_named_with_its_reason():
    w = drawn(3, 2)
    handle = w.register_hook(lambda g: g * 2)
    with record() as step:
        np.sum(X @ w).backward()
    handle.remove()
    (left,) = [t for t in replay(step) if t.error is None]
    assert left.operation.kind == "hook"
    assert "a function of yours" in left.why
    assert not differences(step), "no slope is what a hook made of it"


def test_of_many_parameters_some_are_checked_and_it_is_said(monkeypatch):
    layers = [nn.Linear(3, 3, bias=False) for _ in range(9)]
    with record() as step:
        h = X
        for layer in layers:
            h = np.tanh(layer(h))
        np.sum(h).backward()
    monkeypatch.setattr(trace, "CHECKED", 4)
    told = trace.encode(step)
    assert told["checked"] == {"parameters": 4, "of": 9}
    names = {told["values"][check["value"]]["name"] for check in told["checks"]}
    assert {"∂L/∂layers[0].weight", "∂L/∂layers[8].weight"} <= names
    monkeypatch.setattr(trace, "RERUNS", 4 * 19 * 3)
    assert trace.encode(step)["checked"] == {"parameters": 3, "of": 9}


def test_for_a_difference_only_what_comes_of_the_parameter_runs_again(monkeypatch):
    room = importlib.import_module("tinyxm.steps.replay")  # whose name the room gives to its function
    layers = [nn.Linear(3, 3, bias=False) for _ in range(6)]
    with record() as step:
        h = X
        for layer in layers:
            h = np.tanh(layer(h))
        np.sum(h).backward()
    ran = []
    monkeypatch.setattr(room, "_run", lambda op, *given, run=room._run: ran.append(op.number) or run(op, *given))
    found = differences(step, cells=1)
    assert len(found) == 6
    whole = len([op for op in step.operations if op.kind != "data"])
    forward = 2 * 6 + 1
    assert len(ran) == whole + sum(2 * (forward - 2 * i) for i in range(6))


def test_show_is_told_what_there_is():
    w = drawn(3, 2)
    with pytest.raises(ValueError, match=r"show: nothing is called 'picture' in this step; inputs are 'seen'"):  # noqa: PT012, SIM117
        with record(show={"picture": "matrix"}) as step:
            seen = X.copy()
            np.sum(seen @ w).backward()
    assert step.of_phase("backward"), "what was recorded is there"
    with pytest.raises(ZeroDivisionError), record(show={"picture": "matrix"}):
        1 / 0  # noqa: B018
    with record(show={"seen": "spectrogram"}) as step:
        np.sum(seen @ w).backward()
    assert next(v for v in trace.encode(step)["values"] if v["name"] == "seen")["shown"] == "spectrogram"


def test_files_take_the_place_of_what_stood_there_once_they_are_whole(tmp_path, monkeypatch):
    from tinyxm.steps import page

    w = drawn(3, 2)
    film = Film()
    with film.step() as step:
        np.sum(X @ w).backward()

    def fails(trace, at=""):
        raise OSError("no space left")

    for name, write in (("a.html", step.to_html), ("a.json", step.save), ("film.html", film.to_html)):
        write(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(page, "to_html", fails)
            patch.setattr(trace, "dumps", fails)
            with pytest.raises(OSError, match="no space"):
                write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.json", "film.html"]


def adversaries():
    """A drawer and a judge, each with an optimizer of its own, one after the other."""
    drawer, judge = two_layers()
    ours, theirs = optim.AdamW(drawer.parameters()), optim.Adam(judge.parameters())
    with record() as step:
        xm.ops.cross_entropy(judge(drawer(X).detach()), LABELS).backward()
        theirs.step()
        judge.zero_grad()
        xm.ops.cross_entropy(judge(drawer(X)), 1 - LABELS).backward()
        ours.step()
    return step


def test_what_a_later_loss_comes_of_is_network_and_loss_again():
    step = adversaries()
    told = [(op.phase, op.name) for op in step.operations if op.kind == "forward"]
    once = [*(("forward", "linear"),) * 2, ("loss", "cross_entropies"), ("loss", "mean")]
    assert told == once * 2
    runs = [phase for phase, _ in itertools.groupby(op.phase for op in step.operations)]
    once = ["forward", "loss", "backward"]
    assert runs == ["data", *once, "gradient norm", "moments", "update", *once, "moments", "update", "after"]


def test_gradients_of_a_later_loss_are_checked_by_that_loss():
    step = adversaries()
    found = differences(step)
    assert {step.values[step.values[d.value].of].name for d in found} == {
        *("judge.weight", "judge.bias", "drawer.weight", "drawer.bias"),
    }
    assert all(d.error < 1e-5 for d in found)


def test_each_method_has_its_formula_where_two_share_an_operation():
    told = trace.encode(adversaries())
    rules = told["code"]["rules"]
    used = {
        op["name"]: op.get("rule") for op in told["operations"] if op["kind"] == "update" and op["phase"] == "update"
    }
    assert used == {"adam_update": "adam_update of AdamW"}  # the last of both, by name
    assert {op.get("rule") for op in told["operations"] if op["name"] == "adam_update"} == {
        *("adam_update of Adam", "adam_update of AdamW"),
    }
    assert "λ" in rules["adam_update of AdamW"]["formula"]
    assert rules["adam_update of Adam"]["formula"] != rules["adam_update of AdamW"]["formula"]


def test_a_loop_over_the_parameters_takes_none_of_their_names():
    w1, b1 = xm.Parameter(np.ones((2, 3), np.float32)), xm.Parameter(np.zeros(3, np.float32))
    optimizer = xm.optim.GradientDescent([w1, b1], lr=0.1)
    for p in (w1, b1):
        p.grad = None
    with record(None, optimizer) as step, xm.explaining():
        y = np.ones((4, 2), np.float32) @ w1 + b1
        np.sum(y).backward()
        optimizer.step()
    assert [update.name for update in step.updates] == ["w1", "b1"]
    assert p is b1
