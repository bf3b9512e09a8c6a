import copy

import numpy as np
import pytest

import tinyxm as xm
import tinyxm_kernels as kernels
from tinyxm import optim
from tinyxm.certificate.cases.optimizers import CASES
from tinyxm.optim.optimizer import Optimizer

SHAPES = [(4, 3), (3,), (), (2, 3, 2), (0, 2)]
EVERY = [one for one in vars(optim).values() if isinstance(one, type) and issubclass(one, Optimizer)]
EVERY.remove(Optimizer)


def parameters(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [xm.Parameter(rng.normal(size=shape).astype(dtype)) for shape in SHAPES]


def give_gradients(params, step, skip=()):
    rng = np.random.default_rng((7, step))
    for i, parameter in enumerate(params):
        g = rng.normal(size=parameter.shape).astype(parameter.dtype)
        parameter.grad = None if i in skip else np.asarray(g)


def give_same_gradients(ours, theirs, torch, step, skip=()):
    give_gradients(ours, step, skip)
    for our, their in zip(ours, theirs, strict=True):
        their.grad = None if our.grad is None else torch.tensor(our.grad)
        if our.grad is not None and our.ndim > 1:
            our.grad = np.asarray(our.grad.T.copy()).T  # an adjoint may hand on a view of any strides


def test_each_optimizer_is_certified():
    assert {case.name for case in CASES} == {one.__name__ for one in EVERY}
    assert len(EVERY) == 9


@pytest.mark.oracle
@pytest.mark.parametrize("kernel", ["default", "reference"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_several_steps_agree_with_pytorch(case, kernel):
    """Also where a parameter has no gradient at some steps: neither it nor its count of updates may move."""
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.tensor(p.data, requires_grad=True) for p in ours]
    optimizer, their_optimizer = case.ours(ours), case.torch(torch, theirs)
    with kernels.using(kernel):
        for step in range(6):
            give_same_gradients(ours, theirs, torch, step, skip=[1] if step in (0, 3) else [])
            optimizer.step()
            their_optimizer.step()
            for our, their in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(our.data, their.detach().numpy(), rtol=1e-11, atol=1e-12)
    assert optimizer.steps == [6, 4, 6, 6, 6]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_saved_halfway_it_goes_on_bit_for_bit(case):
    straight = parameters(np.float32)
    optimizer = case.ours(straight)
    for step in range(3):
        give_gradients(straight, step, skip=[0] if step == 1 else [])
        optimizer.step()
    optimizer.groups[0]["lr"] /= 3
    resumed = [xm.Parameter(p.data) for p in straight]
    state = optimizer.state_dict()
    other = case.ours(resumed)
    other.groups[0]["lr"] = 9.0
    other.load_state_dict(state)
    for step in range(3, 6):
        for params, o in ((straight, optimizer), (resumed, other)):
            give_gradients(params, step)
            o.step()
    for one, two in zip(straight, resumed, strict=True):
        np.testing.assert_array_equal(one.data, two.data)
        assert one.dtype == np.float32
    assert all(isinstance(x, np.ndarray | int | float | list) for x in state.values())
    for key, value in other.state_dict().items():
        np.testing.assert_array_equal(value, optimizer.state_dict()[key])


def test_a_state_goes_through_numpys_files(tmp_path):
    optimizer = optim.RMSProp(parameters(), lr=0.02, centered=True)
    np.savez(tmp_path / "state.npz", **optimizer.state_dict())
    other = optim.RMSProp(parameters(), centered=True)
    with np.load(tmp_path / "state.npz") as state:
        other.load_state_dict(state)
    assert {k: v for k, v in other.groups[0].items() if k != "params"} == {
        k: v for k, v in optimizer.groups[0].items() if k != "params"
    }
    adam = optim.Adam(parameters(), lr=np.array(0.5), betas=np.array([0.8, 0.9]))
    assert (adam.groups[0]["lr"], adam.groups[0]["betas"]) == (0.5, (0.8, 0.9))


def test_an_update_that_fails_isnt_counted():
    params = parameters()
    optimizer = optim.Adam(params)
    give_gradients(params, 0)
    params[1].data = np.ones(17)
    with pytest.raises(ValueError, match="adam_update"):
        optimizer.step()
    assert optimizer.steps == [1, 0, 0, 0, 0]


def test_a_copy_keeps_its_groups():
    optimizer = copy.deepcopy(optim.Adam(parameters(), lr=0.5))
    optimizer.groups[0]["lr"] *= 0.1
    assert optimizer.groups[0]["lr"] == 0.05
    assert optimizer.parameters[0] is optimizer.groups[0]["params"][0]


def test_a_state_dict_is_a_copy():
    params = parameters()
    optimizer = optim.Adam(params)
    state = optimizer.state_dict()
    give_gradients(params, 0)
    optimizer.step()
    assert not state["mean.0"].any()
    assert state["steps.0"] == 0
    other = optim.Adam(parameters())
    other.load_state_dict(state := optimizer.state_dict())
    give_gradients(params, 1)
    optimizer.step()
    np.testing.assert_array_equal(other.state["mean"][0], state["mean.0"])


def test_a_state_that_does_not_fit_is_refused_whole():
    optimizer = optim.Adam(parameters())
    before = optimizer.state_dict()
    state = {**before, "mean.0": np.ones((3, 4)), "mean.1": np.ones(3), "steps.2": 5, "other": 1}
    del state["square.3"]
    with pytest.raises(ValueError, match=r"Adam.load_state_dict") as error:
        optimizer.load_state_dict(state)
    for part in ("mean.0 is (3, 4) of float64, expected (4, 3)", "other is unexpected", "square.3 is missing"):
        assert part in str(error.value)
    with pytest.raises(ValueError, match=r"groups.0.betas|betas"):
        optimizer.load_state_dict({**before, "mean.1": np.ones(3), "groups.0.betas": [0.9, 2.0]})
    for key, value in optimizer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert optimizer.steps == [0] * 5


def test_groups_have_settings_of_their_own():
    one, two = xm.Parameter(np.ones(2)), xm.Parameter(np.ones(2))
    optimizer = optim.GradientDescent([{"params": [one]}, {"params": two, "lr": 0.5, "weight_decay": 1}], lr=0.1)
    one.grad, two.grad = np.ones(2), np.ones(2)
    optimizer.step()
    np.testing.assert_allclose(one.data, 0.9)
    np.testing.assert_allclose(two.data, 1 - 0.5 * (1 + 1))
    optimizer.groups[0]["lr"] = 0.2
    optimizer.step()
    np.testing.assert_allclose(one.data, 0.7)
    optimizer.zero_grad()
    assert one.grad is None
    assert two.grad is None


def test_updates_by_hand():
    """Two steps on one number, worked out on paper: g = 1, then 3."""
    expected = {
        optim.GradientDescent: [0.9, 0.6],
        optim.Momentum: [0.9, 0.9 - 0.1 * (0.9 * 1 + 3)],
        optim.Nesterov: [1 - 0.1 * 1.9, 0.81 - 0.1 * (3 + 0.9 * 3.9)],
        optim.AdaGrad: [0.9, 0.9 - 0.1 * 3 / 10**0.5],
        optim.RMSProp: [1 - 0.1 * 10, 0 - 0.1 * 3 / 0.0999**0.5],
        optim.Adam: [1 - 0.1, 0.9 - 0.1 * (0.09 + 0.3) / 0.19 / ((0.000999 + 0.009) / 0.001999) ** 0.5],
    }
    for make, values in expected.items():
        x = xm.Parameter(np.ones(()))
        optimizer = make([x], lr=0.1)
        for g, value in zip((1.0, 3.0), values, strict=True):
            x.grad = np.asarray(g)
            optimizer.step()
            assert x.item() == pytest.approx(value, rel=1e-6, abs=2e-7)


@pytest.mark.parametrize("make", EVERY)
def test_it_descends(make):
    x = xm.Parameter(np.array([3.0, -2.0]))
    optimizer = make([x], lr={"AdaGrad": 1.0, "AdaDelta": 5.0}.get(make.__name__, 0.05))
    for _ in range(300):
        optimizer.zero_grad()
        ((x - np.array([1.0, 1.0])) ** 2 * np.array([1.0, 5.0])).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(x.data, 1, atol=0.05)


def test_an_update_makes_a_recorded_graph_stale():
    x = xm.Parameter(np.ones(2))
    y = (x * x).sum()
    x.grad = np.ones(2)
    optim.Adam([x]).step()
    with pytest.raises(RuntimeError, match="written in place"):
        y.backward()


def test_listeners_are_told_of_each_update():
    params, events = parameters(), []
    optimizer = optim.AdamW(params)
    give_gradients(params, 0, skip=[2])
    before = params[0].data.copy()
    with xm.listen(events.append):
        optimizer.step()
    assert [(e.kind, e.phase, e.operation) for e in events] == [("update", "update", "adam_update")] * 4
    np.testing.assert_array_equal(events[0].operands["target"], before)
    np.testing.assert_array_equal(events[0].result, params[0].data)
    assert events[0].flops > 0


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda p: optim.Adam([]), ValueError, "Adam: no parameters"),
        (lambda p: optim.Adam([{"params": []}]), ValueError, "Adam: no parameters"),
        (lambda p: optim.Adam([p, p]), ValueError, r"Adam: parameter 1 of group 0, \(2,\), is given twice"),
        (lambda p: optim.Adam([{"params": [p]}, {"params": [p]}]), ValueError, "parameter 0 of group 1"),
        (lambda p: optim.Adam(p), TypeError, "Adam: params is a Parameter; give a list"),
        (lambda p: optim.Adam(xm.nn.ReLU()), TypeError, "Adam: params is a ReLU; give a list"),
        (lambda p: optim.Adam([np.ones(2)]), TypeError, "parameter 0 of group 0 is .*; expected a Parameter"),
        (lambda p: optim.Adam([p.detach()]), TypeError, "expected a Parameter"),
        (lambda p: optim.Adam([p * 2]), TypeError, "expected a Parameter"),
        (lambda p: optim.Adam([{"params": [p], "momentum": 1}]), ValueError, "group 0: expected params and any of"),
        (lambda p: optim.Adam([{"lr": 1}]), ValueError, "group 0: expected params and any of"),
        (lambda p: optim.Adam([{"params": [p], "lr": -1}]), ValueError, "Adam: lr -1: expected finite"),
        (lambda p: optim.GradientDescent([p], float("nan")), ValueError, "GradientDescent: lr nan"),
        (lambda p: optim.GradientDescent([p], float("inf")), ValueError, "GradientDescent: lr inf"),
        (lambda p: optim.GradientDescent([p], "0.1"), ValueError, "GradientDescent: lr '0.1'"),
        (lambda p: optim.GradientDescent([p], True), ValueError, "GradientDescent: lr True"),
        (lambda p: optim.Adam([p]).groups[0].__setitem__("lr", -1), ValueError, "Adam: lr -1: expected finite"),
        (lambda p: optim.Adam([p]).groups[0].__setitem__("rate", 1), ValueError, "Adam: 'rate' isn't a setting"),
        (lambda p: optim.GradientDescent([p], 0.1, -1), ValueError, "weight_decay -1"),
        (lambda p: optim.Momentum([p], 0.1, 1.0), ValueError, "momentum 1.0: expected at least 0 and less than 1"),
        (lambda p: optim.Adam([p], betas=(0.9, 1)), ValueError, r"betas \(0.9, 1\)"),
        (lambda p: optim.Adam([p], betas=(0.9,)), ValueError, r"betas \(0.9,\): expected two"),
        (lambda p: optim.RMSProp([p], alpha=1), ValueError, "RMSProp: alpha 1: expected at least 0 and less than 1"),
        (lambda p: optim.AdaDelta([p], rho=-0.1), ValueError, "AdaDelta: rho -0.1"),
        (lambda p: optim.AdaGrad({"w": p}), TypeError, "AdaGrad: params is a dict; give a list"),
        (lambda p: optim.AdamW([p], eps=0), ValueError, "AdamW: eps 0"),
    ],
)
def test_errors_say_what_was_given(make, error, words):
    with pytest.raises(error, match=words):
        make(xm.Parameter(np.ones(2)))


def test_an_optimizer_of_ones_own_needs_a_rule():
    x = xm.Parameter(np.ones(2))

    class Signs(optim.Optimizer):
        operation, state_names = "signs", ("last",)

        def __init__(self, params, lr):
            super().__init__(params, lr=lr)

        def rule(self, group, step):
            def update(parameter, gradient, last):
                last[...] = np.sign(gradient)
                parameter -= group["lr"] * last

            return update

    optimizer = Signs([x], 0.25)
    x.grad = np.array([5.0, -3.0])
    optimizer.step()
    np.testing.assert_array_equal(x.data, [0.75, 1.25])
    with pytest.raises(NotImplementedError, match="define rule"):
        optim.Optimizer([x]).rule({}, 1)


def test_rmsprop_keeps_what_some_group_asks_for():
    one, two = xm.Parameter(np.ones(2)), xm.Parameter(np.ones(2))
    optimizer = optim.RMSProp([{"params": [one], "momentum": 0.5}, {"params": [two]}], lr=0.1)
    alone = optim.RMSProp([three := xm.Parameter(np.ones(2))], lr=0.1)
    assert [*optimizer.state] == ["square", "velocity"]
    assert [*alone.state] == ["square"]
    for _ in range(2):
        one.grad = two.grad = three.grad = np.ones(2)
        optimizer.step()
        alone.step()
    np.testing.assert_array_equal(two.data, three.data)
    assert (one.data < two.data).all()
    optimizer.groups[1]["centered"] = True
    with pytest.raises(ValueError, match="RMSProp: no mean is kept, as no group asked for it"):
        optimizer.step()


@pytest.mark.parametrize("kernel", ["default", "reference"])
def test_centred_rmsprop_stays_finite_where_the_gradient_never_changes(kernel):
    """v − m² tends to 0, and rounding takes it below."""
    x = xm.Parameter(np.zeros(64, np.float32))
    optimizer = optim.RMSProp([x], lr=1e-6, eps=1e-4, centered=True)
    g = np.random.default_rng(0).normal(size=64).astype(np.float32)
    with kernels.using(kernel):
        for _ in range(3000):
            x.grad = g
            optimizer.step()
    square, mean = optimizer.state["square"][0], optimizer.state["mean"][0]
    assert (square - mean**2).min() < 0
    assert np.isfinite(x.data).all()


def test_amsgrad_remembers_the_gradient_that_adam_forgets():
    """Reddi's example: one large gradient, then two small ones against it, which don't make up for it."""
    ends = {}
    for make in (optim.Adam, optim.AMSGrad):
        x = xm.Parameter(np.zeros(1))
        optimizer = make([x], lr=1e-3, betas=(0.0, 0.1))
        for t in range(3000):
            x.grad = np.array([4.0 if t % 3 == 0 else -1.0])
            optimizer.step()
        ends[make] = x.item()
    assert ends[optim.Adam] > 0 > ends[optim.AMSGrad]


@pytest.mark.parametrize("make", EVERY)
def test_micro_batches_accumulate_to_one_batch(make):
    """backward adds gradients up, so n batches with loss / n each are one batch of n times the size."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    ends = []
    for n in (1, 4):
        w = xm.Parameter(np.linspace(-1, 1, 6).reshape(3, 2))
        optimizer = make([w], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            for inputs, targets in zip(np.split(x, n), np.split(y, n), strict=True):
                (xm.ops.mean((inputs @ w - targets) ** 2) / n).backward()
            optimizer.step()
        ends.append(w.data)
    np.testing.assert_allclose(*ends, rtol=1e-10)


@pytest.mark.parametrize("early", [True, False])
def test_what_is_frozen_rests_with_its_state_until_it_is_thawed(early):
    layer, head = xm.nn.Linear(2, 3), xm.nn.Linear(3, 1)
    if early:
        layer.freeze()
    optimizer = optim.Adam([*layer.parameters(), *head.parameters()], lr=0.1)
    layer.freeze()
    before = layer.state_dict()
    for frozen in (True, False):
        optimizer.zero_grad()
        head(layer(np.ones((4, 2), np.float32))).sum().backward()
        optim.clip_by_norm(optimizer.parameters, 1.0)
        optimizer.step()
        assert (layer.state_dict()["weight"] == before["weight"]).all() == frozen
        layer.unfreeze()
    assert optimizer.steps == [1, 1, 2, 2]
    layer.freeze()
    optim.lr_range_test(optimizer, lambda x: head(layer(x)).sum() ** 2, [np.ones((4, 2), np.float32)], steps=5)


@pytest.mark.parametrize("make", [optim.AMSGrad, lambda p: optim.RMSProp(p, centered=True, momentum=0.9)])
def test_large_arrays_of_one_parameter_begin_at_different_places_in_a_page(make):
    large = xm.Parameter(np.ones((300, 1001), np.float32))
    optimizer = make([large, xm.Parameter(np.ones(3, np.float32))])
    arrays = [large.data, *(arrays[0] for arrays in optimizer.state.values())]
    places = [array.ctypes.data % 4096 for array in arrays]
    assert len(arrays) == len(set(places)) == 4
    assert len({place % 64 for place in places}) == 1, "the start of a line of memory, where vectors begin, is shared"
    large.grad = np.full_like(large.data, 2)
    before = large.data.copy()
    optimizer.step()
    assert (large.data < before).all()
    for array in arrays:
        assert array.flags.carray
        assert array.dtype == np.float32
        assert array.shape == large.shape
        assert len(np.unique(array)) == 1, "each element is updated, and none of another array"
