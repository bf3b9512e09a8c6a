"""What layers check alike: the sizes and functions they are made with, and the arrays they are given."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinyxm.autograd import Array, generator
from tinyxm.autograd.places import on_host
from tinyxm.nn import init
from tinyxm.ops.conv import Sizes, per_axis


def whole(layer: str, name: str, value: Any) -> int:
    """A size as an int, NumPy's integers included. Raises ValueError unless it's a whole number from 1 up."""
    if hasattr(value, "__index__") and operator.index(value) > 0:
        return operator.index(value)
    raise ValueError(f"{layer}: {name} {value!r}: expected a whole number from 1")


def window(layer: str, name: str, value: Any, axes: int, least: int = 1) -> Sizes:
    """A size, or one for each of so many axes, as ints. Raises ValueError unless all are integers from `least` up."""
    plain = tuple(map(_plain, value)) if isinstance(value, tuple) else _plain(value)
    per_axis(layer, name, plain, axes, least)
    return plain


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


def check_lengths(layer: str, lengths: Any, batch: int, time: int) -> np.ndarray:
    """How many steps of each sequence are real. Raises TypeError, ValueError unless (batch,) integers, 0 to time."""
    lengths = on_host(lengths)
    if lengths.dtype.kind not in "iu" and lengths.size:
        raise TypeError(f"{layer}: lengths are {lengths.dtype}; give one integer for each sequence")
    if lengths.shape != (batch,):
        raise ValueError(f"{layer}: lengths {lengths.shape}: expected ({batch},), one for each sequence of the batch")
    wrong = lengths[(lengths < 0) | (lengths > time)]
    if wrong.size:
        raise ValueError(f"{layer}: length {wrong[0]}: expected 0 to {time}, the steps there are")
    return lengths.astype(np.intp)


def check_array(layer: str, x: Array, name: str = "x") -> None:
    """Raise TypeError for a list, None, or whatever else isn't an array or a Tensor."""
    if isinstance(x, tuple):
        raise TypeError(f"{layer}: {name} is a tuple; give an array (of what RNN, GRU and LSTM return, the first part)")
    if not isinstance(getattr(x, "dtype", None), np.dtype):
        kind = type(x).__name__
        raise TypeError(f"{layer}: {name} is of type {kind}; give an array, such as np.asarray({name}, np.float32)")


def check_floats(layer: str, x: Array, weight: Array | None = None, name: str = "x") -> None:
    """Raise TypeError unless x is an array or Tensor of floats, of the weight's dtype where there is one.

    Another dtype would turn all that follows into float64, which is slower and seldom meant.
    """
    check_array(layer, x, name)
    if weight is not None and x.dtype != weight.dtype:
        wanted = weight.dtype
        raise TypeError(f"{layer}: {name} is {x.dtype}, its weight {wanted}; convert {name}.astype(np.{wanted})")
    if x.dtype.kind != "f":
        raise TypeError(f"{layer}: {name} is {x.dtype}, expected floats; convert {name}.astype(np.float32)")


def check_function(layer: str, name: str, given: Any, such_as: str) -> None:
    """Raise TypeError for a name in place of a function, or a class in place of one of its kind."""
    if not callable(given) or isinstance(given, type):
        raise TypeError(f"{layer}: {name} {given!r}: expected a function, such as {such_as}")


def initial(
    layer: str, initialise: init.Initialiser, shape: tuple[int, ...], rng: np.random.Generator | None
) -> np.ndarray:
    """A weight as it starts: initialise(shape, rng) in float32, rng the default generator where it's None.

    So a function of one's own may be of NumPy alone, whose numbers are float64. Raises TypeError for what is no
    function, ValueError where it gives another shape.
    """
    check_function(layer, "initialise", initialise, "nn.init.he_uniform")
    weight = np.asarray(initialise(shape, generator(rng)), np.float32)
    if weight.shape != shape:
        raise ValueError(f"{layer}: initialise gave a weight of shape {weight.shape}, expected {shape}")
    return weight
