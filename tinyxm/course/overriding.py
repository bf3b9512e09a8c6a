"""One function of the package replaced for a while by another: an exercise's answer at work in the real thing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def overridden(target: str, function: Callable[..., Any] | None) -> Iterator[None]:
    """Within, `function` stands in the place of `target`; with None nothing changes.

    `target` is "module:name", such as "tinyxm.optim.clipping:clip_by_norm", or "module:operation/input" for the adjoint
    of an operation for one of its inputs, such as "tinyxm.ops.linear:_linear/w"; an adjoint's function takes what the
    one it replaces takes, by the same names. Raises ValueError for what isn't there, or takes something else.
    """
    if function is None:
        yield
        return
    owner, name = _place(target)
    kept = getattr(owner, name)
    if name == "rule" and inspect.signature(function).parameters.keys() != inspect.signature(kept).parameters.keys():
        takes = ", ".join(inspect.signature(kept).parameters)
        raise ValueError(f"overridden: the adjoint {target} takes ({takes}), in this order; got {function.__name__}")
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def _place(target: str) -> tuple[Any, str]:
    """The object that holds the target, and under which name."""
    module, _, path = target.partition(":")
    path, _, given = path.partition("/")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    try:
        for part in owners:
            owner = getattr(owner, part)
        return (getattr(owner, name).adjoints[given], "rule") if given else (owner, vars(owner)[name] and name)
    except (AttributeError, KeyError):
        raise ValueError(f"overridden: {module} has no {path}{given and '/' + given}") from None
