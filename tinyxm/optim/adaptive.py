"""Adaptive methods: each element has a rate of its own, smaller where its gradients have been large.

Each mends an earlier one: AdaGrad's rates only ever fall; RMSProp and AdaDelta forget; Adam adds momentum and corrects
the start; AMSGrad keeps Adam's rates from rising again; AdamW takes weight decay out of the division. ε keeps a
quotient finite; it stands outside the root as in PyTorch, but in AdaDelta's. λ is `weight_decay`, added to the gradient
as λθ everywhere but in AdamW.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import tinyxm_kernels as kernels
from tinyxm.optim.optimizer import Optimizer, Parameters, Rule


class AdaGrad(Optimizer):
    """s ← s + g²,  θ ← θ − η·g / (√s + ε)

    Elements with rare gradients, as those of words in a vocabulary, keep a high rate; as s never falls, all rates go to
    0 in the end, about as 1 / √t. State: `square_sum`, s. (ε is PyTorch's; the paper has it beneath the root, or none.)
    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    JMLR 2011.
    """

    operation = "adagrad_update"
    state_names = ("square_sum",)

    def __init__(self, params: Parameters, lr: float = 0.01, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, eps=eps, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.adagrad_update,
            learning_rate=float(group["lr"]),
            epsilon=group["eps"],
            weight_decay=group["weight_decay"],
        )


class AdaDelta(Optimizer):
    """v ← ρv + (1 − ρ)g²,  d = g·√(w + ε) / √(v + ε),  w ← ρw + (1 − ρ)d²,  θ ← θ − ηd

    d has the unit of θ, whatever that of the loss, so that η = 1 is the paper's, and need not be tuned; but ε sets the
    size of the first steps, √ε. State: `square`, v, and `change_square`, w: running means of g² and of d². Source:
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    operation = "adadelta_update"
    state_names = ("square", "change_square")

    def __init__(
        self, params: Parameters, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        return partial(
            kernels.adadelta_update,
            learning_rate=float(group["lr"]),
            rho=group["rho"],
            epsilon=group["eps"],
            weight_decay=group["weight_decay"],
        )


class RMSProp(Optimizer):
    """v ← αv + (1 − α)g²,  θ ← θ − η·g / (√v + ε)

    `centered`: m ← αm + (1 − α)g, and √(v − m²), the standard deviation of g, for √v. Where a gradient hardly varies
    that is near 0, and steps are huge: raise ε (1e-4, say). `momentum` μ: u ← μu + g / (√v + ε),  θ ← θ − ηu. v starts
    at 0 and isn't corrected, so the first steps are 1 / √(1 − α) times as large, 10 at α = 0.99. State: `square`, v, a
    running mean of g²; where any group is centred `mean`, m, that of g; where any has momentum `velocity`, u. Sources:
    Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012; centred: Graves, "Generating
    sequences with recurrent neural networks", 2013.
    """

    operation = "rmsprop_update"
    state_names = ("square",)

    def __init__(
        self,
        params: Parameters,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, lr=lr, alpha=alpha, eps=eps, momentum=momentum, centered=centered, weight_decay=weight_decay
        )
        wanted = {"mean": "centered", "velocity": "momentum"}
        for number, (name, key) in enumerate(wanted.items(), start=2):
            if any(group[key] for group in self.groups):
                self.state[name] = self._zeros(number)

    def rule(self, group: dict[str, Any], step: int) -> Rule:
        needed = ["square", *["mean"] * bool(group["centered"]), *["velocity"] * bool(group["momentum"])]
        if missing := [name for name in needed if name not in self.state]:
            raise ValueError(f"RMSProp: no {missing[0]} is kept, as no group asked for it at the start; make a new one")

        def update(parameter: Any, gradient: Any, *state: Any) -> None:
            kept = dict(zip(self.state, state, strict=True))
            kernels.rmsprop_update(
                parameter,
                gradient,
                **{name: kept[name] for name in needed},
                learning_rate=float(group["lr"]),
                alpha=group["alpha"],
                epsilon=group["eps"],
                momentum=group["momentum"],
                weight_decay=group["weight_decay"],
            )

        return update


class Adam(Optimizer):
    """m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  θ ← θ − η·m̂ / (√v̂ + ε)

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up for the start at 0, t counting a parameter's updates from 1. Weight
    decay λ adds λθ to g, so it is divided by √v̂ as well (see AdamW). State: `mean`, m, and `square`, v: running means
    of the gradient and of its square. Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    operation = "adam_update"
    state_names: tuple[str, ...] = ("mean", "square")
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


class AMSGrad(Adam):
    """Adam with ṽ ← max(ṽ, v) for v: θ ← θ − η·m̂ / (√(ṽ / (1 − β₂ᵗ)) + ε)

    Adam forgets a rare large gradient, and its rate rises again, so that it may diverge where the rare ones are those
    that matter; here √ṽ never falls. State: Adam's, and `largest`, ṽ, the largest v so far. (The paper leaves out both
    corrections; they are kept, as in PyTorch's Adam with amsgrad=True.) Source: Reddi, Kale and Kumar, "On the
    convergence of Adam and beyond", ICLR 2018.
    """

    state_names = ("mean", "square", "largest")


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
