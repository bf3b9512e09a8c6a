"""Optimizers: how gradients g become updates of the parameters θ, at a learning rate η.

All take `params`: Parameters, or groups of them with settings of their own,

    AdamW([{"params": tower.parameters()}, {"params": [table], "lr": 4e-3, "weight_decay": 0.0}], lr=2e-3)

and raise ValueError for no parameters, one that is given twice, a setting that isn't known or is out of its range;
TypeError for what isn't a Parameter. `step()` updates each parameter that has a gradient in place, and leaves the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Tensor, events, no_grad, write
from tinyxm.autograd.tensor import Leaf

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]
Rule = Callable[..., None]

_RANGES: dict[str, tuple[Callable[[float], bool], int, str]] = {  # what holds for each of how many numbers
    "lr": (lambda x: 0 <= x < math.inf, 1, "finite and at least 0"),
    "weight_decay": (lambda x: 0 <= x < math.inf, 1, "finite and at least 0"),
    "momentum": (lambda x: 0 <= x < 1, 1, "at least 0 and less than 1"),
    "betas": (lambda x: 0 <= x < 1, 2, "two numbers, at least 0 and less than 1"),
    "eps": (lambda x: 0 < x < math.inf, 1, "finite and more than 0"),
}


class Optimizer:
    """What all optimizers share: parameter groups, the state they keep per parameter, and saving both.

    `groups` is a list of dictionaries: "params", and each setting by its name; what is set there holds from the next
    step on. `state` holds, for each of `state_names`, one array per parameter, all 0 at first, in the order of
    `parameters`; `steps` counts the updates of each. An optimizer of your own names its state and gives its `rule`.
    """

    operation: str
    state_names: tuple[str, ...] = ()

    def __init__(self, params: Parameters, **settings: Any) -> None:
        self.groups = self._grouped(params, settings)
        self.parameters: list[Tensor] = [parameter for group in self.groups for parameter in group["params"]]
        self.state = {name: [np.zeros_like(p.data) for p in self.parameters] for name in self.state_names}
        self.steps = [0] * len(self.parameters)

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
                        self.steps[i] += 1
                        state = [arrays[i] for arrays in self.state.values()]
                        rule = self.rule(group, self.steps[i])
                        static = None
                        if events.listeners:
                            static = {name: value for name, value in group.items() if name != "params"}
                            static["step"] = self.steps[i]
                        write(self.operation, rule, parameter, gradient, *state, names=names, static=static)

    def zero_grad(self) -> None:
        """Drop the gradients that `backward` gathered, so that the next ones aren't added to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on but parameters and gradients, flat: copies of arrays, and plain numbers.

        `mean.3` is the array of parameter 3, `steps.3` its count, `groups.0.lr` a setting (a list for betas).
        """
        return {
            **{f"{name}.{i}": a.copy() for name, arrays in self.state.items() for i, a in enumerate(arrays)},
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
        name, own = type(self).__name__, self.state_dict()
        wrong = [f"{key} is missing" for key in own if key not in state]
        wrong += [f"{key} is unexpected" for key in state if key not in own]
        for key in own.keys() & state.keys():
            if isinstance(own[key], np.ndarray):
                given, wanted = _kind(state[key]), _kind(own[key])
                wrong += [f"{key} is {given}, expected {wanted}"] * (given != wanted)
        if wrong:
            raise ValueError(f"{name}.load_state_dict: the state isn't this optimizer's: {'; '.join(sorted(wrong))}")
        settings = [
            {key: _checked(name, key, state[f"groups.{i}.{key}"]) for key in group if key != "params"}
            for i, group in enumerate(self.groups)
        ]
        for group, loaded in zip(self.groups, settings, strict=True):
            group.update(loaded)
        self.steps = [int(state[f"steps.{i}"]) for i in range(len(self.steps))]
        for kind, arrays in self.state.items():
            for i, array in enumerate(arrays):
                array[...] = state[f"{kind}.{i}"]

    def _grouped(self, params: Parameters, settings: dict[str, Any]) -> list[dict[str, Any]]:
        name = type(self).__name__
        if isinstance(params, Tensor) or not isinstance(params, Iterable):
            raise TypeError(f"{name}: params is a {type(params).__name__}; give a list, such as model.parameters()")
        given: list[Any] = list(params)
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
                if not isinstance(parameter, Tensor) or not isinstance(parameter.node, Leaf):
                    raise TypeError(f"{name}: parameter {j} of group {i} is {_kind(parameter)}; expected a Parameter")
                if id(parameter) in seen:
                    raise ValueError(f"{name}: parameter {j} of group {i}, {parameter.shape}, is given twice")
                seen.add(id(parameter))
        if not seen:
            raise ValueError(f"{name}: no parameters were given; give a list of them, such as model.parameters()")
        return groups


class GradientDescent(Optimizer):
    """θ ← θ − η·(g + λθ), λ the weight decay

    It keeps no state. On batches of samples this is stochastic gradient descent. Sources: Cauchy 1847; Robbins and
    Monro, "A stochastic approximation method", Annals of Mathematical Statistics 1951.
    """

    operation = "gradient_descent_update"

    def __init__(self, params: Parameters, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.gradient_descent_update, learning_rate=float(group["lr"]), weight_decay=group["weight_decay"]
        )


class Momentum(Optimizer):
    """u ← μu + g + λθ,  θ ← θ − ηu;  Nesterov's, which looks ahead:  θ ← θ − η·(g + λθ + μu)

    μ is `momentum`, λ `weight_decay`. State: `velocity`, u, the sum of past gradients, each weighing μ times the next:
    along a steady slope it grows to 1 / (1 − μ) of them, and across a ravine they cancel. Sources: Polyak 1964;
    Nesterov 1983; Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    operation = "momentum_update"
    state_names = ("velocity",)

    def __init__(
        self,
        params: Parameters,
        lr: float,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.momentum_update,
            learning_rate=float(group["lr"]),
            momentum=group["momentum"],
            nesterov=group["nesterov"],
            weight_decay=group["weight_decay"],
        )


class Adam(Optimizer):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  θ ← θ − η·m̂ / (√v̂ + ε)

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up for the start at 0, t counting a parameter's updates from 1. Weight
    decay λ adds λθ to g, so it is divided by √v̂ as well (see AdamW). State: `mean`, m, and `square`, v: running means
    of the gradient and of its square. Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    operation = "adam_update"
    state_names = ("mean", "square")
    decoupled = False

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        beta1, beta2 = group["betas"]
        return partial(
            kernels.adam_update,
            step=step,
            learning_rate=float(group["lr"]),
            beta1=beta1,
            beta2=beta2,
            epsilon=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=self.decoupled,
        )


class AdamW(Adam):
    """θ ← θ − ηλθ, then Adam's update without λ: all weights decay alike, whatever their gradients' size

    State: Adam's. Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    decoupled = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


def _checked(optimizer: str, setting: str, value: Any) -> Any:
    """A setting as plain numbers. Raises ValueError where it's out of its range."""
    if isinstance(value, bool):
        return value
    within, count, words = _RANGES.get(setting, (math.isfinite, 1, "a finite number"))
    numbers = tuple(value) if count > 1 and isinstance(value, tuple | list) else (value,)
    if len(numbers) != count or not all(isinstance(x, Real) and within(float(x)) for x in numbers):
        raise ValueError(f"{optimizer}: {setting} {value!r}: expected {words}")
    plain = tuple(map(float, numbers))
    return plain if count > 1 else plain[0]


def _kind(x: Any) -> str:
    return f"{np.shape(x)} of {x.dtype}" if hasattr(x, "dtype") else type(x).__name__
