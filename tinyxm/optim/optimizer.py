"""Optimizer: what all of them share. They say how gradients g become updates of the parameters θ, at a learning rate η.

All take `params`: Parameters, or groups of them with settings of their own,

    AdamW([{"params": tower.parameters()}, {"params": [table], "lr": 4e-3, "weight_decay": 0.0}], lr=2e-3)

and raise ValueError for no parameters, one that is given twice, a setting that isn't known or is out of its range;
TypeError for what isn't a Parameter. `step()` updates each parameter that has a gradient in place, and leaves the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from tinyxm.autograd import Parameter, Tensor, events, no_grad, write
from tinyxm.autograd.places import copy_into, to_host
from tinyxm.autograd.tensor import Leaf
from tinyxm_kernels.cuda import is_device_array, like

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]
Rule = Callable[..., None]
PAGE = 4096  # bytes

_RANGES: dict[str, tuple[Callable[[float], bool], int, str]] = {  # what holds for each of how many numbers
    "lr": (lambda x: 0 <= x < math.inf, 1, "finite and at least 0"),
    "weight_decay": (lambda x: 0 <= x < math.inf, 1, "finite and at least 0"),
    "momentum": (lambda x: 0 <= x < 1, 1, "at least 0 and less than 1"),
    "alpha": (lambda x: 0 <= x < 1, 1, "at least 0 and less than 1"),
    "rho": (lambda x: 0 <= x < 1, 1, "at least 0 and less than 1"),
    "betas": (lambda x: 0 <= x < 1, 2, "two numbers, at least 0 and less than 1"),
    "eps": (lambda x: 0 < x < math.inf, 1, "finite and more than 0"),
}


class Optimizer:
    """What all optimizers share: parameter groups, the state they keep per parameter, and saving both.

    `groups` is a list of dictionaries: "params", and each setting by its name; what is set there is checked, and holds
    from the next step on. `state` holds, for each of `state_names`, one array per parameter, all 0 at first, in the
    order of `parameters`; `steps` counts the updates of each. An optimizer of your own names its state and gives its
    `rule`.
    """

    operation: str
    state_names: tuple[str, ...] = ()

    def __init__(self, params: Parameters, **settings: Any) -> None:
        self.groups = self._grouped(params, settings)
        self.parameters: list[Tensor] = [parameter for group in self.groups for parameter in group["params"]]
        self.state = {name: self._zeros(i) for i, name in enumerate(self.state_names, start=1)}
        self.steps = [0] * len(self.parameters)

    def _zeros(self, number: int) -> list[Any]:
        """The arrays of the state of this number, from 1 up, all 0."""
        return [_zeros_beside(parameter.data, number) for parameter in self.parameters]

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        """The update with this group's settings, a function (parameter, gradient, *state) that writes to its arrays."""
        raise NotImplementedError(f"{type(self).__name__}: define rule(self, group, step)")

    def step(self) -> None:
        """Update each parameter that has a gradient; told to listeners as an `update`."""
        i, names = -1, ("gradient", *self.state)
        with no_grad(), events.phase("update"):
            for group in self.groups:
                for parameter in group["params"]:
                    i += 1
                    gradient = parameter.grad
                    if gradient is not None:
                        count = self.steps[i] + 1
                        if is_device_array(parameter.data) or any(map(is_device_array, self._state_of(i))):
                            self._follow(i, parameter.data)
                        state = self._state_of(i)
                        rule = self.rule(group, count)
                        static = None
                        if events.listeners:
                            static = {name: value for name, value in group.items() if name != "params"}
                            static["step"] = count
                        write(self.operation, rule, parameter, gradient, *state, names=names, static=static)
                        self.steps[i] = count

    def _state_of(self, i: int) -> list[Any]:
        return [arrays[i] for arrays in self.state.values()]

    def _follow(self, i: int, parameter: Any) -> None:
        """The state of a parameter, where the parameter is now."""
        for arrays in self.state.values():
            arrays[i] = like(arrays[i], parameter)

    def zero_grad(self) -> None:
        """Drop the gradients that `backward` gathered, so that the next ones aren't added to them."""
        for parameter in self.parameters:
            if parameter.requires_grad:  # one that is frozen holds none
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on but parameters and gradients, flat: copies of arrays, NumPy's wherever they
        are, and plain numbers.

        `mean.3` is the array of parameter 3, `steps.3` its count, `groups.0.lr` a setting (a list for betas).
        """
        return {
            **{f"{name}.{i}": to_host(a) for name, arrays in self.state.items() for i, a in enumerate(arrays)},
            **{f"steps.{i}": steps for i, steps in enumerate(self.steps)},
            **{
                f"groups.{i}.{name}": list(value) if isinstance(value, tuple) else value
                for i, group in enumerate(self.groups)
                for name, value in group.items()
                if name != "params"
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, bit for bit. Raises ValueError, and loads nothing, unless all of it fits."""
        name = type(self).__name__
        check_state(name, self.state_dict(), state)
        settings = [
            {key: _checked(name, key, state[f"groups.{i}.{key}"]) for key in group if key != "params"}
            for i, group in enumerate(self.groups)
        ]
        for group, loaded in zip(self.groups, settings, strict=True):
            group.update(loaded)
        self.steps = [int(state[f"steps.{i}"]) for i in range(len(self.steps))]
        for kind, arrays in self.state.items():
            for i, array in enumerate(arrays):
                copy_into(array, state[f"{kind}.{i}"])

    def _grouped(self, params: Parameters, settings: dict[str, Any]) -> list[dict[str, Any]]:
        name = type(self).__name__
        given = listed(name, params)
        if any(isinstance(part, Mapping) for part in given):
            groups = [{**settings, **part} if isinstance(part, Mapping) else {"params": part} for part in given]
        else:
            groups = [{**settings, "params": given}]
        seen: set[int] = set()
        for i, group in enumerate(groups):
            if group.keys() != {*settings, "params"}:
                raise ValueError(f"{name}: group {i}: expected params and any of {[*settings]}, got {[*given[i]]}")
            group.update({key: _checked(name, key, group[key]) for key in settings})
            parameters = group["params"]
            group["params"] = [parameters] if isinstance(parameters, Tensor) else list(parameters)
            for j, parameter in enumerate(group["params"]):
                frozen = isinstance(parameter, Parameter) and parameter.node is None
                if not frozen and not (isinstance(parameter, Tensor) and isinstance(parameter.node, Leaf)):
                    raise TypeError(f"{name}: parameter {j} of group {i} is {_kind(parameter)}; expected a Parameter")
                if id(parameter) in seen:
                    raise ValueError(f"{name}: parameter {j} of group {i}, {parameter.shape}, is given twice")
                seen.add(id(parameter))
        if not seen:
            raise ValueError(f"{name}: no parameters were given; give a list of them, such as model.parameters()")
        return [_Group(name, group) for group in groups]


class _Group(dict[str, Any]):
    """A group whose settings are checked when they are set, too: a misspelt one would be without effect."""

    def __init__(self, optimizer: str, group: Mapping[str, Any]) -> None:
        self.optimizer, self.settings = optimizer, [*group]
        super().__init__(group)

    def __setitem__(self, setting: str, value: Any) -> None:
        if setting not in self.settings:
            raise ValueError(f"{self.optimizer}: {setting!r} isn't a setting; expected any of {self.settings}")
        super().__setitem__(setting, value if setting == "params" else _checked(self.optimizer, setting, value))


def _zeros_beside(array: Any, number: int) -> Any:
    """Zeros like this array, that begin at another place in a page of memory, by a part of it for each `number`.

    An update goes through a parameter and its state side by side. Large arrays all begin at the same place in a page,
    and what lies whole pages apart has the same few places in the first-level cache, from where one drives out another.
    """
    if not isinstance(array, np.ndarray) or array.nbytes < 4 * PAGE:
        return np.zeros_like(array)
    memory = np.zeros(array.nbytes + PAGE, np.uint8)
    first = (array.ctypes.data + number * PAGE // 8 - memory.ctypes.data) % PAGE
    return memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)


def listed(name: str, params: Any) -> list[Any]:
    """params as a list. Raises TypeError for one Tensor, a dictionary, or what isn't a list at all."""
    if isinstance(params, Tensor | Mapping) or not isinstance(params, Iterable):
        raise TypeError(f"{name}: params is a {type(params).__name__}; give a list of them, such as model.parameters()")
    return list(params)


def listed_once(name: str, params: Any) -> list[Tensor]:
    """params as a list of Tensors. Raises TypeError for what isn't one, ValueError for one that is given twice."""
    given = listed(name, params)
    places: dict[int, int] = {}
    for i, parameter in enumerate(given):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{name}: parameter {i} is a {type(parameter).__name__}; expected a Parameter")
        if (first := places.setdefault(id(parameter), i)) != i:
            raise ValueError(f"{name}: parameter {i}, {parameter.shape}, is given twice: it's parameter {first}, too")
    return given


def check_state(name: str, own: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Raises ValueError unless the state has the keys of `own`, and its arrays their shapes and dtypes."""
    wrong = [f"{key} is missing" for key in own if key not in state]
    wrong += [f"{key} is unexpected" for key in state if key not in own]
    for key in own.keys() & state.keys():
        if isinstance(own[key], np.ndarray):
            given, wanted = _kind(state[key]), _kind(own[key])
            wrong += [f"{key} is {given}, expected {wanted}"] * (given != wanted)
    if wrong:
        raise ValueError(f"{name}.load_state_dict: the state isn't this {name}'s: {'; '.join(sorted(wrong))}")


def _checked(optimizer: str, setting: str, value: Any) -> Any:
    """A setting as plain numbers, also of an array, as NumPy's files hold them. Raises ValueError out of its range."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, bool) and setting not in _RANGES:
        return value
    within, count, words = _RANGES.get(setting, (math.isfinite, 1, "a finite number"))
    numbers = tuple(value) if count > 1 and isinstance(value, tuple | list) else (value,)
    if len(numbers) != count or not all(
        isinstance(x, Real) and not isinstance(x, bool) and within(float(x)) for x in numbers
    ):
        raise ValueError(f"{optimizer}: {setting} {value!r}: expected {words}")
    plain = tuple(map(float, numbers))
    return plain if count > 1 else plain[0]


def _kind(x: Any) -> str:
    return f"{np.shape(x)} of {x.dtype}" if hasattr(x, "dtype") else type(x).__name__
