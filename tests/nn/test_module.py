import copy
import sys

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn


class Towers(nn.Module):
    """Attributes of every kind: a parameter, modules, a list, a dictionary, and one module that is shared."""

    def __init__(self, rng=None):
        self.scale = xm.Parameter(np.float32(2))
        self.image = nn.Sequential(nn.Linear(4, 3, rng=rng), nn.ReLU(), nn.Dropout(0.5))
        self.heads = [nn.Linear(3, 2, rng=rng), nn.Linear(3, 2, bias=False, rng=rng)]
        self.named = {"shared": self.heads[0]}
        self.note = "not a module"

    def forward(self, x):
        h = self.image(x)
        return (self.heads[0](h) + self.named["shared"](h) + self.heads[1](h)) * self.scale


NAMES = ["scale", "image.0.weight", "image.0.bias", "heads.0.weight", "heads.0.bias", "heads.1.weight"]


def test_names_lead_to_each_parameter_once():
    model = Towers()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert model.count == 1 + 15 + 8 + 6 == sum(p.size for p in model.parameters())
    assert [name for name, _ in model.named_modules()] == [
        "",
        "image",
        "image.0",
        "image.1",
        "image.2",
        "heads.0",
        "heads.1",
    ]


def test_a_parameter_that_layers_share_is_listed_once():
    encoder, decoder = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    decoder.weight = encoder.weight
    model = nn.Sequential(encoder, decoder)
    assert list(model.state_dict()) == ["0.weight"]
    assert model.count == 9


def test_a_cycle_of_modules_ends():
    model = nn.Sequential(nn.Linear(1, 1))
    model[0].owner = model
    assert len(model.modules()) == 2
    assert len(model.parameters()) == 2


def test_state_goes_round_and_is_a_copy():
    one, other = Towers(np.random.default_rng(1)).eval(), Towers(np.random.default_rng(2)).eval()
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    assert not np.array_equal(one(x).data, other(x).data)
    state = one.state_dict()
    other.load_state_dict(state)
    np.testing.assert_array_equal(one(x).data, other(x).data)
    state["scale"][...] = 7
    assert one.scale.item() == other.scale.item() == 2


def test_a_state_that_does_not_fit_is_refused_whole():
    model = Towers()
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    del state["scale"]
    state["other"] = np.zeros(1)
    state["image.0.bias"] = np.zeros(3)
    state["heads.0.weight"] = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="load_state_dict") as error:
        model.load_state_dict(state)
    for part in (
        "scale is missing",
        "other is unexpected",
        "image.0.bias is (3,) of float64, expected (3,) of float32",
        "heads.0.weight is (2, 3) of float32, expected (3, 2) of float32",
    ):
        assert part in str(error.value)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_loading_between_forward_and_backward_is_noticed():
    layer = nn.Linear(2, 2)
    y = (layer(xm.Tensor([[1.0, 2.0]], requires_grad=True)) * 2).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match="written in place"):
        y.backward()


def test_train_and_eval_reach_every_module():
    model = Towers()
    assert all(module.training for module in model.modules())
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())


def test_zero_grad():
    model = Towers()
    model(np.ones((2, 4), np.float32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_listeners_are_told_the_path():
    model, events = Towers(), []
    x = np.ones((2, 4), np.float32)
    with xm.listen(events.append):
        y = model(x)
        model.image(x)
    paths = [e.module for e in events]
    inner = ["image.0", "image.1", "image.2"]
    assert paths[:3] == paths[-3:] == inner
    assert list(dict.fromkeys(paths[3:-3])) == ["heads.0", "", "heads.1"]
    assert y.data.shape == (2, 2)
    assert xm.autograd.events.context.modules == []


def test_the_path_is_left_after_an_error():
    model = nn.Sequential(nn.Linear(4, 3))
    with xm.listen(lambda event: None), pytest.raises(ValueError, match="Linear"):
        model(np.ones((2, 5), np.float32))
    assert xm.autograd.events.context.modules == []


def test_a_module_keeps_its_path_when_a_slice_was_made_of_it():
    model, events = nn.Sequential(nn.Linear(2, 2), nn.ReLU()), []
    part = model[1:]
    with xm.listen(events.append):
        model(np.ones((1, 2), np.float32))
        part(np.ones((1, 2), np.float32))
    assert [e.module for e in events] == ["0", "1"]  # an array that needs no Tensor emits nothing in `part`


def test_repr_shows_layers_shapes_and_counts():
    lines = repr(Towers()).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "layer parameters count",
        "Towers scale () 1",
        "image: Sequential",
        "0: Linear(4, 3) weight (4, 3), bias (3,) 15",
        "1: ReLU",
        "2: Dropout(0.5)",
        "heads.0: Linear(3, 2) weight (3, 2), bias (2,) 8",
        "heads.1: Linear(3, 2) weight (3, 2) 6",
        "named.shared = heads.0",
        "total 30",
    ]
    assert lines[3].startswith("    0:")
    assert "Conv2d(3, 8, (3, 5), padding='same')" in repr(nn.Conv2d(3, 8, (3, 5), padding="same"))


def test_repr_says_what_is_shared_and_counts_it_once():
    first, tied = nn.Linear(3, 3, bias=False), nn.Linear(3, 3)
    tied.weight = first.weight
    model = nn.Sequential(first, nn.Sequential(first, tied))
    model.owner = model
    assert [" ".join(line.split()) for line in repr(model).splitlines()[1:]] == [
        "Sequential",
        "0: Linear(3, 3) weight (3, 3) 9",
        "1: Sequential",
        "0 = 0",
        "1: Linear(3, 3) weight = 0.weight, bias (3,) 3",
        "owner = Sequential",
        "total 12",
    ]


def test_a_large_vocabulary_costs_a_model_no_call_a_word():
    def calls(words):
        model, count = nn.Sequential(nn.Linear(2, 2)), 0
        model.vocabulary, model.counts = {word: i for i, word in enumerate(words)}, [[1.0] * len(words)]

        def watch(frame, event, argument):
            nonlocal count
            count += event == "call"

        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            model.zero_grad()
        finally:
            sys.setprofile(before)
        return count

    assert calls([f"word {i}" for i in range(1000)]) == calls(["one"])


def test_sequential_is_a_sequence():
    layers = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    model = nn.Sequential(*layers)
    assert (len(model), model[0], model[-1], tuple(model)) == (3, layers[0], layers[2], layers)
    assert isinstance(model[:2], nn.Sequential)
    assert model[:2].parameters()[0] is layers[0].weight
    with pytest.raises(IndexError):
        model[3]
    with pytest.raises(TypeError, match="Sequential: layer 1"):
        nn.Sequential(nn.ReLU(), np.tanh)


def test_eleven_layers_run_in_order():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(11)))
    for i, layer in enumerate(model):
        layer.load_state_dict({"weight": np.full((1, 1), 2, np.float32), "bias": np.full(1, i, np.float32)})
    x = 1.0
    for i in range(11):
        x = 2 * x + i
    assert model(np.ones((1, 1), np.float32)).item() == x


def test_a_deep_copy_is_independent():
    model = Towers()
    other = copy.deepcopy(model)
    with xm.no_grad():
        other.scale[...] = 5
    assert model.scale.item() == 2
    assert other.named["shared"] is other.heads[0]


def test_forward_must_be_defined():
    with pytest.raises(NotImplementedError, match="define forward"):
        nn.Module()(1)


def test_a_tensor_that_would_be_left_out_of_training_is_refused():
    model, tensor = nn.Module(), xm.Tensor([1.0], requires_grad=True)
    for name, value in (("w", tensor), ("w", tensor * 2), ("parts", [{"w": tensor}])):
        with pytest.raises(TypeError, match=f"{name}.*: a Tensor that requires a gradient: make it an xm.Parameter"):
            setattr(model, name, value)
    assert not vars(model)
    model.fixed, model.parts = tensor.detach(), []
    assert not model.parameters()
    model.parts.append(tensor)
    with pytest.raises(TypeError, match=r"parts\.0: a Tensor that requires a gradient"):
        model.parameters()


def test_a_set_of_modules_is_refused_and_other_sets_are_not():
    model = nn.Module()
    for value in ({nn.ReLU()}, frozenset([xm.Parameter(np.ones(2))])):
        with pytest.raises(TypeError, match="parts: a set gives its members no names"):
            model.parts = value
    model.seen = {"a", 1}


def test_a_list_is_no_layer_of_a_sequential():
    with pytest.raises(TypeError, match=r"layer 0 is of type list; give modules .* Sequential\(\*layers\)$"):
        nn.Sequential([nn.Linear(2, 2), nn.ReLU()])


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"0.weigth": np.eye(2)}, ValueError, "0.weigth is no parameter of this Sequential"),
        ({"0.weight": np.ones(2)}, ValueError, r"0.weight is \(2,\), expected \(2, 2\)"),
        ({"0.weight": [[1.0, 0.0], [0.0, 1.0]]}, TypeError, "0.weight is of type list; give an array"),
    ],
)
def test_a_call_with_what_are_no_parameters_is_refused_and_changes_none(given, error, words):
    model = nn.Sequential(nn.Linear(2, 2))
    before = model.state_dict()
    with pytest.raises(error, match=f"^functional_call: {words}"):
        nn.functional_call(model, given, np.ones((1, 2), np.float32))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_module_that_a_list_got_later_has_its_path():
    model, events = Towers(), []
    model.forward = lambda x: model.late[0](x)
    model.late = []
    model.late.append(nn.Linear(4, 1))
    with xm.listen(events.append):
        model(np.ones((1, 4), np.float32))
    assert {event.module for event in events} == {"late.0"}


def test_a_module_called_from_outside_has_its_path():
    model, events = Towers(), []
    with xm.listen(events.append):
        model.heads[1](np.ones((1, 3), np.float32))
    assert {event.module for event in events} == {"heads.1"}
