"""Module: parameters and other modules, gathered under names; and the function they take part in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, overload

import numpy as np

from tinyxm.autograd import Array, Parameter, Tensor, events, no_grad


class Module:
    """A function with parameters: assign Parameters and Modules to attributes in `__init__`, and define `forward`.

        class Tower(Module):
            def __init__(self, rng=None):
                self.hidden, self.out = Linear(784, 256, rng=rng), Linear(256, 10, rng=rng)

            def forward(self, x):
                return self.out(np.maximum(self.hidden(x), 0))

    What is an attribute (or within a list, tuple or dictionary that is one) belongs to the module. Its name is the path
    that leads to it, `hidden.weight`, `layers.0.weight`. Shared by several modules, it's listed once, where it's found
    first. `training` tells layers such as Dropout whether this is training or use. Printed, it shows what it's made of.

    Raises TypeError for what would be left out of training unseen: an attribute that is a Tensor which requires a
    gradient, or a set that holds Parameters or Modules.
    """

    training = True
    _name = ""  # of this module in the module it belongs to

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, ...), which calling the module runs")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """forward(...), with this module's name on the path that listeners are told."""
        if not events.listeners:
            return self.forward(*args, **kwargs)
        _tell_names(self.children())  # again, for modules that others hold as well, or that a list got later
        path = [self._name] if self._name else []  # the outermost has no name
        events.context.modules += path
        try:
            return self.forward(*args, **kwargs)
        finally:
            del events.context.modules[len(events.context.modules) - len(path) :]

    def __setattr__(self, name: str, value: Any) -> None:
        _tell_names(_members(name, value))  # now, for a module that is called from outside
        super().__setattr__(name, value)

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one is made of directly, with their names."""
        for name, value in vars(self).items():
            yield from ((path, member) for path, member in _members(name, value) if isinstance(member, Module))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the name "", and all within it, each once, with the path that leads there."""
        seen: set[int] = set()
        waiting: list[tuple[str, Module]] = [("", self)]
        while waiting:
            path, module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                within = [(f"{path}.{name}" if path else name, child) for name, child in module.children()]
                waiting += reversed(within)

    def modules(self) -> list[Module]:
        """This module and all within it, each once."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module and of all within it, each once, with the path that leads there."""
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, parameter in module._own_parameters():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield f"{path}.{name}" if path else name, parameter

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        for name, value in vars(self).items():
            yield from ((path, member) for path, member in _members(name, value) if isinstance(member, Parameter))

    def parameters(self) -> list[Parameter]:
        """The parameters of this module and of all within it, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    @property
    def count(self) -> int:
        """How many numbers are trained: the elements of all parameters."""
        return sum(parameter.size for parameter in self.parameters())

    def zero_grad(self) -> None:
        """Drop the gradients that `backward` gathered, so that the next ones aren't added to them."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules within; returns this module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """For use, not training: Dropout passes everything. Returns this module."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of each parameter's array, by its name."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy arrays into the parameters of these names. Raises ValueError, and loads none, unless all of them fit."""
        parameters = dict(self.named_parameters())
        wrong = [f"{name} is missing" for name in parameters if name not in state]
        wrong += [f"{name} is unexpected" for name in state if name not in parameters]
        for name, parameter in parameters.items():
            if name in state:
                given, wanted = _kind(state[name]), _kind(parameter)
                wrong += [f"{name} is {given}, expected {wanted}"] * (given != wanted)
        if wrong:
            raise ValueError(f"load_state_dict: the state isn't this {type(self).__name__}'s: " + "; ".join(wrong))
        with no_grad():
            for name, parameter in parameters.items():
                parameter[...] = state[name]

    def __repr__(self) -> str:
        rows = [("layer", "parameters", "count")]
        modules = dict(self.named_modules())
        for path, module in modules.items():
            above = [outer for outer in modules if outer and path.startswith(f"{outer}.")]
            name = path.removeprefix(max(above, key=len, default="")).removeprefix(".")
            indented = "  " * (len(above) + 1) + f"{name}: " if path else ""
            own = dict(module._own_parameters())
            shapes = ", ".join(f"{name} {parameter.shape}" for name, parameter in own.items())
            count = f"{sum(parameter.size for parameter in own.values()):,}" if own else ""
            rows.append((indented + module._settings(), shapes, count))
        rows.append(("total", "", f"{self.count:,}"))
        first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{a:<{first}}  {b:<{second}}  {c:>{third}}".rstrip() for a, b, c in rows)

    def _settings(self) -> str:
        """The class and the arguments it was made with, as far as they are attributes and not the defaults."""
        shown = []
        for name, argument in inspect.signature(type(self)).parameters.items():
            value = vars(self).get(name)
            if isinstance(value, bool | int | float | str | tuple) and value != argument.default:
                shown.append(repr(value) if argument.default is argument.empty else f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})" if shown else type(self).__name__


class Sequential(Module):
    """One module after another: y = fₙ(… f₂(f₁(x))). Has a length, indices and slices; the names are 0, 1, …"""

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(
                    f"Sequential: layer {i} is of type {type(layer).__name__}; "
                    "give modules one by one, such as nn.ReLU(); those of a list as Sequential(*layers)"
                )
            setattr(self, str(i), layer)

    @property
    def layers(self) -> list[Module]:
        return [layer for name, layer in vars(self).items() if name.isdigit()]

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]


def _members(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Parameters and Modules in an attribute, lists, tuples and dictionaries included, with their paths."""
    if isinstance(value, Parameter | Module):
        yield path, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _members(f"{path}.{key}", part)
    elif isinstance(value, Tensor) and value.requires_grad:
        raise TypeError(f"{path}: a Tensor that requires a gradient: make it an xm.Parameter, or detach it")
    elif isinstance(value, set | frozenset) and any(isinstance(part, Tensor | Module) for part in value):
        raise TypeError(f"{path}: a set gives its members no names to be known by; make it a list")


def _tell_names(members: Iterable[tuple[str, Any]]) -> None:
    """Let modules know their names; one that is there twice goes by the first."""
    for name, member in reversed([*members]):
        if isinstance(member, Module):
            vars(member)["_name"] = name


def _kind(x: Any) -> str:
    return f"{np.shape(x)} of {getattr(x, 'dtype', type(x).__name__)}"


def functional_call(
    module: Module, parameters: Mapping[str, Any], *args: Any, call: Callable[..., Any] | None = None, **kwargs: Any
) -> Any:
    """module(*args, **kwargs) with these values, by their paths, in place of its parameters: a function of them, too

    So that what is differentiated are Tensors of your own: `hessian(lambda w: loss(functional_call(model, {"weight":
    w}, x)), w)`. The parameters are as they were afterwards. `call(module, *args, **kwargs)` stands in for the call
    itself. Raises ValueError for a path that names no parameter, or a value of another shape.
    """
    own = dict(module.named_parameters())
    for path, value in parameters.items():
        if path not in own:
            raise ValueError(f"functional_call: {path} is no parameter of this {type(module).__name__}")
        if np.shape(value) != own[path].shape:
            raise ValueError(f"functional_call: {path} is {np.shape(value)}, expected {own[path].shape}")
    kept = {path: (own[path].data, own[path].node) for path in parameters}
    try:
        for path, value in parameters.items():
            own[path].data, own[path].node = (value.data, value.node) if isinstance(value, Tensor) else (value, None)
        return module(*args, **kwargs) if call is None else call(module, *args, **kwargs)
    finally:
        for path, (data, node) in kept.items():
            own[path].data, own[path].node = data, node
