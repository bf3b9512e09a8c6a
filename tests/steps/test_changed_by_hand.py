"""What changes outside the engine's operations, a weight or its gradient, is an operation of its own."""

import numpy as np

import tinyxm as xm
from tinyxm import optim
from tinyxm.steps import trace
from tinyxm.steps.diagnoses import diagnose
from tinyxm.steps.recording import record
from tinyxm.steps.replay import differences, replay

X = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)


def weights():
    return xm.Parameter(np.array([1.0, 2.0], np.float32))


def loss(w):
    return ((X @ w) ** 2).sum()


def gradient(w):
    return 2 * X.T @ (X @ w)


def by_hand(step):
    """[(phase, name before, numbers before, name, numbers)]"""
    found = []
    for op in step.operations:
        if op.kind == "hand":
            before = step.values[op.operands["before"]]
            found.append(
                (op.phase, before.name, before.array, step.values[op.result].name, step.values[op.result].array)
            )
    return found


def phases(step):
    return list(dict.fromkeys(op.phase for op in step.operations))


def names_are_its_own(step):
    """No two numbers that differ have one name, but for parts of a gradient that operations hand on."""
    seen = {}
    for value in step.values:
        assert np.array_equal(seen.setdefault(value.name, value.array), value.array), value.name


def test_a_gradient_divided_by_hand():
    for write in ("in place", "anew"):
        w = weights()
        optimizer = optim.GradientDescent([w], lr=0.01)
        with record(optimizer=optimizer) as step:
            optimizer.zero_grad()
            loss(w).backward()
            if write == "anew":
                w.grad = w.grad / 2
            else:
                w.grad /= 2
            optimizer.step()
        g = gradient(np.array([1.0, 2.0]))
        ((phase, before, raw, name, used),) = by_hand(step)
        assert (phase, before, name) == ("clip", "∂L/∂w", "changed ∂L/∂w")
        np.testing.assert_allclose(raw, g, rtol=1e-6)
        np.testing.assert_allclose(used, g / 2, rtol=1e-6)
        (update,) = step.updates
        assert step.values[update.gradient].array is raw
        assert step.values[update.clipped].array is used
        np.testing.assert_allclose(step.values[update.after].array, [1, 2] - 0.01 * g / 2, rtol=1e-6)
        assert step.kept == []
        assert phases(step)[-5:] == ["backward", "gradient norm", "clip", "update", "after"]
        assert "∂L/∂w was changed by your code, not by an operation: 2 of its 2 numbers differ now." in next(
            op["says"] for op in trace.encode(step)["operations"] if op["kind"] == "hand"
        )
        assert [t.why for t in replay(step) if t.error is None] == ["your code changed it between two operations"]
        assert all(d.error < 1e-6 for d in differences(step)), "it's the raw gradient that is a slope"
        names_are_its_own(step)


def test_what_is_said_of_one_number_that_your_code_changed():
    for start, told in (([1.0, 2.0], "1 of its 2 numbers differs now."), ([1.0], "it is another now.")):
        w = xm.Parameter(np.array(start, np.float32))
        with record() as step:
            w.sum().backward()
            w.grad[0] = 5
        (op,) = (op for op in trace.encode(step)["operations"] if op["kind"] == "hand")
        assert op["says"] == f"∂L/∂w was changed by your code, not by an operation: {told}"


def test_a_gradient_that_your_code_gives_is_none_from_before():
    w, v = weights(), weights()
    optimizer = optim.Momentum([w, v], lr=1.0)
    with record(optimizer=optimizer) as step:
        w.grad = v.grad = np.array([0.5, -0.5], np.float32)
        optimizer.step()
    assert [op.phase for op in step.operations] == ["clip", "clip", "moments", "moments", "update", "update", "after"]
    op, _ = (op for op in step.operations if op.kind == "hand")
    assert step.values[op.result].name == "∂L/∂w by hand"
    assert "no backward pass brought it" in next(
        op["says"] for op in trace.encode(step)["operations"] if op["kind"] == "hand"
    )
    assert step.updates[0].gradient == op.result
    assert not step.kept


def test_a_forgotten_zero_grad_gives_each_gradient_its_name():
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.01)
    loss(w).backward()
    with record(optimizer=optimizer) as step:
        loss(w).backward()
        optimizer.step()
    (gathered,) = (op for op in step.operations if op.gathers)
    named = {key: step.values[n].name for key, n in gathered.operands.items()}
    assert named == {"total": "earlier ∂L/∂w", "g": "∂L/∂w of this pass"}
    assert step.values[gathered.result].name == "∂L/∂w"
    told = trace.encode(step)["operations"][gathered.number]
    assert told["gathers"]
    assert "earlier ∂L/∂w. What this pass brought, ∂L/∂w of this pass, is added" in told["says"]
    assert [found.name for found in diagnose(step) if found.name == "gradient_kept"]
    assert not by_hand(step)
    names_are_its_own(step)


def test_gradients_of_several_passes_and_one_changed_between_them():
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.01)
    with record(optimizer=optimizer) as step:
        for k in range(3):
            (loss(w) * (k + 1)).backward()
            if k == 1:
                w.grad *= 10
        optimizer.step()
    first, second = (op for op in step.operations if op.gathers)
    assert [step.values[n].name for n in first.operands.values()] == ["∂L/∂w of pass 1", "∂L/∂w of pass 2"]
    assert [step.values[n].name for n in second.operands.values()] == ["changed ∂L/∂w up to pass 2", "∂L/∂w of pass 3"]
    g = gradient(np.array([1.0, 2.0]))
    np.testing.assert_allclose(step.values[step.updates[0].gradient].array, 33 * g, rtol=1e-5)
    assert step.updates[0].clipped is None
    assert not differences(step), "no slope is what your code made of it"
    assert [phase for phase, *_ in by_hand(step)] == ["backward"]
    names_are_its_own(step)


def test_a_gradient_emptied_between_two_passes_is_of_the_second_alone():
    for empty in ("zero_grad", "None"):
        w = weights()
        optimizer = optim.GradientDescent([w], lr=0.01)
        with record(optimizer=optimizer) as step:
            first, *others = loss(w), w.sum(), 3 * loss(w)  # all before any backward pass
            first.backward()
            if empty == "None":
                w.grad = None
            else:
                optimizer.zero_grad()
            for other in others:
                other.backward()
            optimizer.step()
        (update,) = step.updates
        expected = 1 + 3 * gradient(np.array([1.0, 2.0]))
        np.testing.assert_allclose(step.values[update.gradient].array, expected, rtol=1e-6)
        checked = differences(step)
        assert checked
        assert all(d.error < 1e-6 for d in checked)
        passes = [v.name for v in step.values if v.role == "gradient" and "of pass" in v.name]
        assert passes == ["∂L/∂w of pass 1", "∂L/∂w of pass 2", "∂L/∂w of pass 3"]
        names_are_its_own(step)


def test_a_second_pass_from_one_loss_is_a_pass_and_no_change_by_hand():
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.01)
    with record(optimizer=optimizer) as step:
        once = loss(w)
        once.backward(retain_graph=True)
        once.backward()
        optimizer.step()
    assert not by_hand(step)
    (gathered,) = (op for op in step.operations if op.gathers)
    assert [step.values[n].name for n in gathered.operands.values()] == ["∂L/∂w of pass 1", "∂L/∂w of pass 2"]
    checked = differences(step)
    assert checked
    assert all(d.error < 1e-6 for d in checked)


def test_all_that_your_code_changed_is_told_before_any_of_it_is_clipped():
    w, v = weights(), weights()
    optimizer = optim.GradientDescent([w, v], lr=0.01)
    with record(optimizer=optimizer) as step:
        (loss(w) + loss(v)).backward()
        for _ in range(3):
            for p in (w, v):
                p.grad /= 2
            optim.clip_by_norm([w, v], 1.0)
        optimizer.step()
    told = [(op.kind, step.values[op.result].name) for op in step.of_phase("clip")]
    assert [kind for kind, _ in told] == ["hand", "hand", "clip", "clip"] * 3
    assert [name for kind, name in told if kind == "clip"][::2] == [
        *("clipped ∂L/∂w", "clipped again ∂L/∂w", "clipped again ∂L/∂w 2"),
    ]
    for clip in step.clips:
        given = [step.values[op.operands["gradient"]].array for op in clip.operations]
        assert clip.norm == np.float32(np.linalg.norm(np.concatenate(given)))
    assert max(t.error for t in replay(step) if t.error is not None) < 1e-5
    names_are_its_own(step)


def test_gradients_of_an_unused_parameter_are_from_before():
    w, unused = weights(), weights()
    optimizer = optim.GradientDescent([w, unused], lr=0.01)
    unused.grad = np.ones(2, np.float32)
    with record(optimizer=optimizer) as step:
        loss(w).backward()
        optimizer.step()
    assert step.kept == ["unused"]
    assert step.values[step.updates[1].gradient].name == "earlier ∂L/∂unused"
    assert not by_hand(step)


def test_two_optimizers_on_one_parameter_take_their_steps_one_from_the_other():
    w = weights()
    first, second = optim.GradientDescent([w], lr=0.1), optim.Momentum([w], lr=0.01)
    with record(optimizer=first) as step:
        w.sum().backward()
        first.step()
        second.step()
    one, other = step.updates
    assert other.before == one.after
    np.testing.assert_allclose(step.values[other.before].array, [0.9, 1.9], rtol=1e-6)
    np.testing.assert_allclose(step.values[other.after].array, [0.89, 1.89], rtol=1e-6)
    assert max(t.error for t in replay(step)) < 1e-6
    (after,) = step.of_phase("after")
    assert (after.operands, after.result, after.also) == ({"w": one.before}, other.after, {})
    assert not by_hand(step)
    names_are_its_own(step)


def test_a_projection_behind_the_step_is_told_and_is_in_what_the_weights_are_after():
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.1)
    with record(optimizer=optimizer) as step:
        w.sum().backward()
        optimizer.step()
        w.data[...] = np.clip(w.data, -1, 1)
    ((phase, before, was, name, now),) = by_hand(step)
    assert (phase, before, name) == ("update", "new w", "changed new w")
    np.testing.assert_allclose((was, now), ([0.9, 1.9], [0.9, 1.0]), rtol=1e-6)
    (after,) = step.of_phase("after")
    assert step.values[after.result].array is now
    assert step.operations[-1] is after


def test_an_update_by_hand_has_its_place_without_an_optimizer():
    for write in ("in place", "anew"):
        w = weights()
        with record() as step:
            for _ in range(2):
                w.grad = None
                loss(w).backward()
                if write == "anew":
                    w.data = w.data - 0.01 * w.grad
                else:
                    w.data -= 0.01 * w.grad
        expected = [np.array([1.0, 2.0])]
        for _ in range(2):
            expected.append(expected[-1] - 0.01 * gradient(expected[-1]))
        told = by_hand(step)
        assert [(phase, before, name) for phase, before, _, name, _ in told] == [
            ("update", "w", "changed w"),
            ("update", "changed w", "changed w 2"),
        ]
        for (_, _, was, _, now), a, b in zip(told, expected, expected[1:], strict=False):
            np.testing.assert_allclose((was, now), (a, b), rtol=1e-5)
        (after,) = step.of_phase("after")
        np.testing.assert_allclose(step.values[after.result].array, expected[2], rtol=1e-5)
        np.testing.assert_allclose(step.values[after.operands["w"]].array, expected[0])


def test_an_update_by_the_engines_own_operators_is_one():
    w = weights()
    with record() as step:
        loss(w).backward()
        with xm.no_grad():
            w -= 0.01 * w.grad
    assert not by_hand(step)
    (op,) = step.of_phase("update")
    assert (op.name, step.values[op.operands["target"]].name) == ("subtract in place", "w")
    assert step.values[op.result].name == "new w"
    (after,) = step.of_phase("after")
    expected = np.array([1.0, 2.0]) - 0.01 * gradient(np.array([1.0, 2.0]))
    np.testing.assert_allclose(step.values[after.result].array, expected, rtol=1e-6)
    assert all(t.error is not None and t.error < 1e-6 for t in replay(step))
    assert "unknown_optimizer" not in [found.name for found in diagnose(step)]


def test_a_weight_set_before_the_forward_pass_is_what_the_gradient_is_of():
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.01)
    with record(optimizer=optimizer) as step:
        w.data[...] = 3
        loss(w).backward()
    ((phase, _, was, name, now),) = by_hand(step)
    assert (phase, name) == ("forward", "changed w")
    np.testing.assert_array_equal((was, now), ([1, 2], [3, 3]))
    assert {step.values[d.value].name for d in differences(step)} == {"∂L/∂changed w"}
    assert all(d.error < 1e-6 for d in differences(step))


def test_what_the_engine_does_is_nothing_by_hand():
    norm, out = xm.nn.BatchNorm(2), xm.nn.Linear(2, 2)
    held = {"two levels": {"down": {"and further": optim.Adam(out.parameters())}}}  # which isn't found
    with record() as step:
        xm.ops.cross_entropy(out(norm(X)), np.array([0, 0])).backward()
        held["two levels"]["down"]["and further"].step()
    assert not by_hand(step)
    (after,) = step.of_phase("after")
    assert {*after.operands} == {"out.weight", "out.bias"}
    names_are_its_own(step)
    w = weights()
    optimizer = optim.GradientDescent([w], lr=0.01)
    with record(optimizer=optimizer) as step:
        for _ in range(2):  # of which the second isn't recorded
            loss(w).backward()
            optimizer.step()
    assert not by_hand(step)
