"""What must be certified: every public operation, loss, layer and optimizer; and what isn't asked of which, and why."""

from __future__ import annotations

import inspect

from tinyxm import nn, ops, optim

NOT_ASKED: dict[str, dict[str, str]] = {  # check -> why it isn't asked of these names
}
OUTSIDE: dict[str, str] = {  # public names that aren't certified, and why
    "Module": "what all layers are made of; it computes nothing",
    "Optimizer": "what all optimizers share; it has no rule of its own",
}


def public() -> dict[str, str]:
    """Every name that needs a certificate, and its kind; a loss among the operations is told by its cases."""
    names = {name: "operation" for name in ops.__all__ if callable(getattr(ops, name))}
    names |= {name: "layer" for name in nn.__all__ if _is(getattr(nn, name), nn.Module)}
    names |= {name: "optimizer" for name in optim.__all__ if _is(getattr(optim, name), optim.Optimizer)}
    return {name: kind for name, kind in names.items() if name not in OUTSIDE}


def _is(value: object, base: type) -> bool:
    return inspect.isclass(value) and issubclass(value, base)
