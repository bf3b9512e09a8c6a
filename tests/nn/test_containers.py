import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn

X = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)


class Heads(nn.Module):
    def __init__(self):
        self.blocks = nn.ModuleList(nn.Linear(3, 3) for _ in range(2))
        self.towers = nn.ModuleDict({"image": nn.Linear(3, 2), "text": nn.Linear(3, 2, bias=False)})

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return {name: tower(x) for name, tower in self.towers.items()}


def test_lists_and_dictionaries_of_modules_have_short_paths():
    model = Heads()
    names = ["blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias"]
    names += ["towers.image.weight", "towers.image.bias", "towers.text.weight"]
    assert list(model.state_dict()) == names
    y = model(X)
    assert {name: part.shape for name, part in y.items()} == {"image": (2, 2), "text": (2, 2)}
    (y["image"].sum() + y["text"].sum()).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("kind", [nn.ModuleList, nn.Sequential])
def test_a_list_grows_and_changes(kind):
    first, second, third = nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1)
    layers = kind()
    layers.append(first)
    layers.extend([second, third])
    assert (len(layers), layers[0], layers[-1], [*layers]) == (3, first, third, [first, second, third])
    assert type(layers[1:]) is kind
    assert [*layers[::-1]] == [third, second, first]
    layers[-2] = other = nn.Tanh()
    assert [*layers] == [first, other, third]
    for index in (3, -4):
        with pytest.raises(IndexError):
            layers[index] = second
    with pytest.raises(TypeError, match=f"{kind.__name__}: layer 3 is of type function; give modules one by one"):
        layers.append(lambda x: x)
    assert len(layers) == 3


def test_a_list_of_modules_is_no_function():
    with pytest.raises(NotImplementedError, match="ModuleList: define forward"):
        nn.ModuleList([nn.ReLU()])(X)


def test_a_dictionary_of_modules_is_one():
    towers = nn.ModuleDict()
    assert not len(towers)
    towers["image"], towers["text"] = image, text = nn.ReLU(), nn.Tanh()
    towers["image"] = image = nn.Sigmoid()
    assert (len(towers), [*towers], [*towers.keys()]) == (2, ["image", "text"], ["image", "text"])
    assert [*towers.values()] == [image, text]
    assert [*towers.items()] == [("image", image), ("text", text)]
    assert ("image" in towers, "audio" in towers) == (True, False)
    assert [*nn.ModuleDict(towers).items()] == [*towers.items()]
    del towers["image"]
    assert [*towers] == ["text"]
    for wrong in (lambda: towers["image"], lambda: towers.__delitem__("image"), lambda: towers["forward"]):
        with pytest.raises(KeyError):
            wrong()


@pytest.mark.parametrize("name", ["train", "a.b", "", "_hooks", "keys"])
def test_names_that_are_taken_are_refused(name):
    with pytest.raises(ValueError, match=f"ModuleDict: '{name}' can't be the name of a module"):
        nn.ModuleDict({name: nn.ReLU()})


@pytest.mark.parametrize("modules", [{"a": np.tanh}, {1: nn.ReLU()}])
def test_what_is_no_module_by_name_is_refused(modules):
    with pytest.raises(TypeError, match=r"ModuleDict: .* give modules, by strings"):
        nn.ModuleDict(modules)


def test_a_residual_adds_what_it_was_given():
    layer = nn.Linear(3, 3)
    np.testing.assert_array_equal(nn.Residual(layer)(X).data, X + layer(X).data)
    narrow, projection = nn.Linear(3, 2), nn.Linear(3, 2, bias=False)
    block = nn.Residual(narrow, projection)
    np.testing.assert_array_equal(block(X).data, projection(X).data + narrow(X).data)
    assert list(block.state_dict()) == ["module.weight", "module.bias", "projection.weight"]
    zero = nn.Residual(nn.Linear(3, 3, initialise=nn.init.zeros))
    x = xm.Tensor(X, requires_grad=True)
    zero(x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones_like(X))  # past the module, unchanged


def test_a_residual_that_would_broadcast_is_refused():
    with pytest.raises(ValueError, match=r"Residual: module\(x\) is \(2, 1\), what it's added to \(2, 3\); give"):
        nn.Residual(nn.Linear(3, 1))(X)


def test_what_recurrent_layers_return_is_no_array():
    x = np.zeros((2, 4, 3), np.float32)
    with pytest.raises(
        TypeError, match=r"^Residual: module\(x\) is a tuple; give an array \(of what RNN, GRU and LSTM"
    ):
        nn.Residual(nn.GRU(3, 3))(x)
    with pytest.raises(TypeError, match=r"^1: Linear: x is a tuple; give an array"):
        nn.Sequential(nn.GRU(3, 3), nn.Linear(3, 2))(x)


def test_a_residual_hands_further_arguments_on():
    class Scaled(nn.Module):
        def forward(self, x, scale, *, shift=0.0):
            return x * scale + shift

    np.testing.assert_allclose(nn.Residual(Scaled())(X, 2.0, shift=1.0), X * 3 + 1, rtol=1e-6)
