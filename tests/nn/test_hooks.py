"""Hooks, buffers, freezing, dtypes, sharing, and the path in an error."""

import copy
import re

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


class Counting(nn.Module):
    """Keeps how often it was called, and a running sum of what it saw: state, but nothing to train."""

    def __init__(self):
        self.calls = nn.Buffer(np.zeros((), np.int64))
        self.parts = [nn.Buffer(np.zeros(3, np.float32))]
        self.scale = xm.Parameter(np.ones(3, np.float32))

    def forward(self, x):
        with xm.no_grad():
            self.calls += 1
            self.parts[0] += x.sum(0)
        return x * self.scale


def test_buffers_are_saved_and_loaded_and_not_trained():
    model, other = nn.Sequential(Counting()), nn.Sequential(Counting())
    model(X)
    model(X)
    assert [name for name, _ in model.named_buffers()] == ["0.calls", "0.parts.0"]
    assert [name for name, _ in model.named_parameters()] == ["0.scale"]
    assert model.count == 3
    state = model.state_dict()
    assert list(state) == ["0.scale", "0.calls", "0.parts.0"]
    other.load_state_dict(state)
    assert other[0].calls.item() == 2
    np.testing.assert_allclose(other[0].parts[0].data, 2 * X.sum(0), rtol=1e-6)
    state["0.calls"][...] = 7
    assert model[0].calls.item() == other[0].calls.item() == 2


def test_a_state_without_the_buffers_is_refused_whole():
    model = Counting()
    state = model.state_dict() | {"parts.0": np.zeros(2, np.float32)}
    del state["calls"]
    with pytest.raises(ValueError, match=r"calls is missing; parts\.0 is \(2,\) of float32, expected \(3,\) of"):
        model.load_state_dict(state)


def test_a_shared_buffer_is_listed_once_and_a_copy_has_its_own():
    one = Counting()
    model = nn.ModuleList([one, Counting()])
    model[1].calls = one.calls
    assert [name for name, _ in model.named_buffers()] == ["0.calls", "0.parts.0", "1.parts.0"]
    other = copy.deepcopy(model)
    other[0](X)
    assert (one.calls.item(), other[1].calls.item()) == (0, 1)


def test_forward_hooks_see_and_change_what_comes_and_goes():
    layer, seen = nn.Linear(3, 3, initialise=nn.init.identity), []
    layer.register_forward_pre_hook(lambda module, args: seen.append((module, args)))
    before = layer.register_forward_pre_hook(lambda module, args: args[0] * 2)
    layer.register_forward_hook(lambda module, args, y: seen.append((args[0], y)))
    after = layer.register_forward_hook(lambda module, args, y: y + 1)
    np.testing.assert_array_equal(layer(X).data, X * 2 + 1)
    assert seen[0] == (layer, (X,))
    np.testing.assert_array_equal(seen[1][0], X * 2)
    np.testing.assert_array_equal(seen[1][1].data, X * 2)
    before.remove()
    after.remove()
    np.testing.assert_array_equal(layer(X).data, X)
    assert len(seen) == 4


def test_a_hook_may_change_all_arguments():
    class Sum(nn.Module):
        def forward(self, a, b, c=0):
            return a + b + c

    layer = Sum()
    layer.register_forward_pre_hook(lambda module, args: (args[0], 10))
    assert layer(1, 2, c=100) == 111


def test_hooks_run_in_order_and_leave_at_the_end_of_a_with():
    layer = nn.ReLU()
    layer.register_forward_hook(lambda module, args, y: y * 2)
    with layer.register_forward_hook(lambda module, args, y: y + 1) as hook:
        assert layer(np.ones(1)).tolist() == [3]
    assert layer(np.ones(1)).tolist() == [2]
    hook.remove()  # once more does no harm


def test_the_hooks_of_a_copy_are_its_own():
    layer = nn.ReLU()
    hook = layer.register_forward_hook(lambda module, args, y: y * 2)
    other = copy.deepcopy(layer)
    hook.remove()
    assert (layer(np.ones(1)).item(), other(np.ones(1)).item()) == (1, 2)


def test_a_hook_that_is_a_module_does_not_become_a_part():
    class Watch(nn.Module):
        def __call__(self, module, args, y):
            self.last = y.shape

    layer, watch = nn.Linear(3, 2), Watch()
    layer.register_forward_hook(watch)
    layer(X)
    assert watch.last == (4, 2)
    assert layer.modules() == [layer]


def test_a_backward_hook_is_given_the_gradient_of_the_result():
    model, seen = nn.Sequential(nn.Linear(3, 2), nn.Tanh()), []
    hooks = [layer.register_backward_hook(lambda module, g: seen.append((module, g))) for layer in model]
    y = model(X)
    y.backward(np.full(y.shape, 2, np.float32))
    assert [module for module, _ in seen] == [model[1], model[0]]
    np.testing.assert_array_equal(seen[0][1], np.full(y.shape, 2))
    np.testing.assert_allclose(seen[1][1], 2 * (1 - y.data**2), rtol=1e-5)
    for hook in hooks:
        hook.remove()
    model(X).sum().backward()
    assert len(seen) == 2


def test_a_backward_hook_may_change_the_gradient():
    x, layer = xm.Tensor(X, requires_grad=True), nn.ReLU()
    layer.register_backward_hook(lambda module, g: g * 3)
    layer(x).sum().backward()
    np.testing.assert_array_equal(x.grad, 3 * (X > 0))


def test_a_backward_hook_of_a_layer_that_passes_its_input_sees_its_own_share():
    x, layer, seen = xm.Tensor(X, requires_grad=True), nn.Dropout(0.5).eval(), []
    layer.register_backward_hook(lambda module, g: seen.append(g.copy()))
    (layer(x) * 2 + x * 5).sum().backward()
    np.testing.assert_array_equal(seen, [np.full(X.shape, 2)])
    np.testing.assert_array_equal(x.grad, np.full(X.shape, 7))


def test_a_backward_hook_is_called_for_each_result_that_has_a_gradient():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, [x * 3, "text", x.data]

    x, layer, seen = xm.Tensor(X, requires_grad=True), Two(), []
    layer.register_backward_hook(lambda module, g: seen.append(g.item(0)))
    a, (b, text, _) = layer(x)
    assert text == "text"
    (a * 5 + b * 7).sum().backward()
    assert sorted(seen) == [5, 7]
    layer(X)  # arrays: nothing to hook


def test_a_frozen_module_is_not_trained_and_passes_gradients():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    optimizer = xm.optim.Momentum(model.parameters(), lr=0.1)
    before = model[1].state_dict()
    assert model[1].freeze() is model[1]
    for _ in range(2):
        optimizer.zero_grad()
        model(X).sum().backward()
        optimizer.step()
    assert model[1].weight.grad is None
    assert not model[1].weight.requires_grad
    assert model[0].weight.grad.any()
    for name, array in model[1].state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    model.zero_grad()
    assert model.unfreeze() is model
    model(X).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_unfreezing_keeps_the_gradients_of_what_was_not_frozen():
    layer = nn.Linear(3, 2)
    layer(X).sum().backward()
    grad = layer.weight.grad
    layer.unfreeze()
    assert layer.weight.grad is grad


def test_a_model_in_float64():
    model = nn.Sequential(nn.Linear(3, 3), Counting())
    assert model.astype(np.float64) is model
    y = model(X.astype(np.float64))
    y.sum().backward()
    assert {t.dtype for t in (y, *model.parameters())} == {p.grad.dtype for p in model.parameters()} == {np.dtype("f8")}
    assert {name: array.dtype.str for name, array in model.state_dict().items() if name.startswith("1")} == {
        "1.scale": "<f8",
        "1.calls": "<i8",
        "1.parts.0": "<f8",
    }
    model[0].freeze().astype(np.float32)
    assert model[0].weight.dtype == np.float32
    assert not model[0].weight.requires_grad
    for other in (np.int64, np.float16):
        with pytest.raises(
            TypeError, match=f"astype: {np.dtype(other)} can't be trained; give np.float32 or np.float64"
        ):
            model.astype(other)


def test_a_shared_parameter_gathers_from_both_places():
    encoder, decoder = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    x = xm.Tensor(X)
    h = encoder(x)
    (decoder(h) ** 2).sum().backward()
    apart = encoder.weight.grad, decoder.weight.grad
    decoder.load_state_dict(encoder.state_dict())
    tied = nn.Sequential(encoder, decoder)
    tied.zero_grad()
    (tied(x) ** 2).sum().backward()
    parts = encoder.weight.grad, decoder.weight.grad
    assert not np.allclose(apart[1], parts[1])
    decoder.weight = encoder.weight
    tied.zero_grad()
    (tied(x) ** 2).sum().backward()
    np.testing.assert_allclose(encoder.weight.grad, parts[0] + parts[1], rtol=1e-5)
    assert (list(tied.state_dict()), tied.count) == (["0.weight"], 9)
    tied.load_state_dict({"0.weight": np.eye(3, dtype=np.float32)})
    np.testing.assert_allclose(tied(x).data, X, rtol=1e-6)
    assert copy.deepcopy(tied)[1].weight is not tied[1].weight
    copied = copy.deepcopy(tied)
    assert copied[0].weight is copied[1].weight


class Attention(nn.Module):
    def __init__(self, error=None):
        self.project, self.error = nn.Linear(4, 4), error

    def forward(self, x):
        if self.error:
            raise self.error
        return self.project(x)


class Encoder(nn.Module):
    def __init__(self, last):
        self.blocks = [nn.Residual(nn.ReLU()), {"attention": last}]

    def forward(self, x):
        return self.blocks[1]["attention"](self.blocks[0](x))


class Model(nn.Module):
    def __init__(self, last):
        self.encoder = Encoder(last)
        self.again = self.encoder.blocks

    def forward(self, x):
        return self.encoder(x)


PATH = "encoder.blocks.1.attention"


@pytest.mark.parametrize(
    ("shape", "path"), [((2, 3), f"{PATH}.project: Linear: x (2, 3) has 3 features, expected 4"), ((2, 4), None)]
)
@pytest.mark.parametrize("listening", [False, True])
def test_an_error_tells_the_path_of_the_layer(shape, path, listening):
    model, x = Model(Attention()), np.ones(shape, np.float32)
    listeners = [lambda event: None] * listening
    xm.autograd.events.listeners.extend(listeners)
    try:
        if path is None:
            assert model(x).shape == (2, 4)
            return
        with pytest.raises(ValueError, match=f"^{re.escape(path)}$") as error:
            model(x)
        assert error.type is ValueError
        assert error.traceback[-1].name == "forward"
    finally:
        xm.autograd.events.listeners.clear()


@pytest.mark.parametrize("kind", [ValueError, TypeError, IndexError, FloatingPointError, RuntimeError])
def test_the_kind_of_an_error_stays_and_a_bare_layer_adds_nothing(kind):
    error = kind("it: went wrong")
    with pytest.raises(kind, match=r"^it: went wrong$"):
        Attention(error)(X)
    error = kind("it: went wrong")
    with pytest.raises(kind, match=rf"^{PATH}: it: went wrong$") as caught:
        Model(Attention(error))(X)
    assert caught.value is error
    assert not hasattr(error, "__notes__")


class Odd(ValueError):
    def __init__(self, code, place):
        super().__init__(code, place)


@pytest.mark.parametrize("error", [KeyError("image"), Odd(3, "there"), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
def test_an_error_whose_arguments_mean_something_gets_a_note(error):
    before = error.args
    with pytest.raises(type(error)):
        Model(Attention(error))(X)
    assert error.args == before
    assert error.__notes__ == [f"in {PATH}"]


def test_an_operation_that_fails_names_its_module():
    class Product(nn.Module):
        def forward(self, x):
            return x @ xm.Tensor(np.ones((2, 2), np.float32))

    with pytest.raises(ValueError, match=rf"^{PATH}: matmul: "):
        Model(Product())(X)


def test_shared_layers_go_by_the_place_they_failed_in():
    table = nn.Linear(3, 3)

    class Side(nn.Module):
        def __init__(self, name):
            setattr(self, name, table)

        def forward(self, x):
            return table(x)

    class Both(nn.Module):
        def __init__(self):
            self.encoder, self.decoder = Side("table"), Side("words")

        def forward(self, x):
            self.encoder(x)
            return self.decoder(x[:, :2])

    with pytest.raises(ValueError, match=r"^decoder\.words: Linear: x \(4, 2\) has 2"):
        Both()(X)


def test_a_module_that_is_called_past_its_owner_has_its_whole_path():
    class Direct(Model):
        def forward(self, x):
            return self.encoder.blocks[1]["attention"].project(x)

    with pytest.raises(ValueError, match=rf"^{PATH}\.project: Linear"):
        Direct(Attention())(X)


def test_a_module_made_on_the_way_adds_no_name():
    class Made(nn.Module):
        def forward(self, x):
            return nn.Sequential(nn.Linear(5, 5))(x)

    with pytest.raises(ValueError, match=rf"^{PATH}\.0: Linear"):
        Model(Made())(X)


def test_an_error_that_is_dealt_with_leaves_no_trace():
    class Careful(Encoder):
        def forward(self, x):
            try:
                return super().forward(x)
            except ValueError:
                raise ValueError("Careful: x is no good") from None

    model = Model(Attention())
    model.encoder = Careful(Attention())
    with pytest.raises(ValueError, match=r"^encoder: Careful: x is no good$"):
        model(X)
