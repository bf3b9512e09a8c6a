"""The default source of randomness, where a function isn't given `rng=`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

_generator: np.random.Generator | None = None  # until it is asked for: `numpy.random` takes 10 ms to load
_first = threading.Lock()


def _default() -> np.random.Generator:
    global _generator
    with _first:
        _generator = np.random.default_rng(0) if _generator is None else _generator
    return _generator


def seed(value: int | Sequence[int]) -> None:
    """Start the default generator anew from a seed, or from several numbers such as (seed, step)."""
    global _generator
    _generator = np.random.default_rng(value)


def generator(rng: np.random.Generator | None = None) -> np.random.Generator:
    """This generator, or the default one."""
    rng = _default() if rng is None else rng
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: expected a numpy.random.Generator, got {rng!r}; make one with numpy.random.default_rng(seed)"
        )
    for draws in _watch.draws:
        draws.states.setdefault(rng, rng.bit_generator.state)
    return rng


class Draws:
    """The generators that were asked for within a context, with the state that each then had."""

    def __init__(self) -> None:
        self.default = _default()
        self.states: dict[np.random.Generator, Any] = {}


class _Watch(threading.local):
    draws: tuple[Draws, ...] = ()


_watch = _Watch()


@contextmanager
def remembered() -> Iterator[Draws]:
    """Remember what state the generators that are asked for within this context have before they are drawn from."""
    outer, draws = _watch.draws, Draws()
    _watch.draws = (*outer, draws)
    try:
        yield draws
    finally:
        _watch.draws = outer


@contextmanager
def replayed(draws: Draws) -> Iterator[None]:
    """Draw the same numbers again within this context; afterwards all generators are as they were before it."""
    global _generator
    default, states = _default(), {rng: rng.bit_generator.state for rng in draws.states}
    try:
        _generator = draws.default
        for rng, state in draws.states.items():
            rng.bit_generator.state = state
        yield
    finally:
        _generator = default
        for rng, state in states.items():
            rng.bit_generator.state = state
