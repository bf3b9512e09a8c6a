"""The default source of randomness, where a function isn't given `rng=`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_generator = np.random.default_rng(0)


def seed(value: int | Sequence[int]) -> None:
    """Start the default generator anew from a seed, or from several numbers such as (seed, step)."""
    global _generator
    _generator = np.random.default_rng(value)


def generator(rng: np.random.Generator | None = None) -> np.random.Generator:
    """This generator, or the default one."""
    if rng is None:
        return _generator
    if isinstance(rng, np.random.Generator):
        return rng
    raise TypeError(
        f"rng: expected a numpy.random.Generator, got {rng!r}; make one with numpy.random.default_rng(seed)"
    )
