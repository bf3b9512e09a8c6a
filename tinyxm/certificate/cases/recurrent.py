"""Recurrent layers: the truth reads one sequence at a time, one step after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyxm import nn, ops
from tinyxm.certificate.case import Case, layer, values

RNG, RATE = np.random.default_rng, 0.4
LENGTHS = (3, 0, 2)


def factors(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """What dropout multiplies by, as drawn from this generator."""
    return (rng.random(shape, np.float32) >= RATE) / (1 - RATE)


def anew(module: Any) -> Any:
    """The module, its dropout drawing from the first number on."""
    module.dropout.rng = RNG(0)
    return module


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * a))


def rnn_step(v: Any, h: Any, w: Any, u: Any, b: Any, activation: Callable[..., Any] = np.tanh) -> list[Any]:
    return [activation(v @ w + h @ u + b)]


def gru_step(v: Any, h: Any, w: Any, u: Any, b: Any, b_h: Any) -> list[Any]:
    (w_r, w_z, w_n), (u_r, u_z, u_n), (b_r, b_z, b_n) = (np.split(p, 3, -1) for p in (w, u, b))
    r, z = sigmoid(v @ w_r + h @ u_r + b_r), sigmoid(v @ w_z + h @ u_z + b_z)
    return [(1 - z) * np.tanh(v @ w_n + b_n + r * (h @ u_n + b_h)) + z * h]


def lstm_step(v: Any, h: Any, c: Any, w: Any, u: Any, b: Any) -> list[Any]:
    i, f, g, o = np.split(v @ w + h @ u + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


STEPS: dict[str, tuple[Callable[..., list[Any]], int, int]] = {  # one step, states, parameters of a cell
    "RNN": (rnn_step, 1, 3),
    "GRU": (gru_step, 1, 4),
    "LSTM": (lstm_step, 2, 3),
}


def recurrent(
    name: str, label: str, shape: tuple[int, int, int], edge: str = "", given: bool = False, scale: float = 1.0,
    lengths: Sequence[int] | None = None, layers: int = 1, bidirectional: bool = False, activation: str = "",
    mask: np.ndarray | None = None, dropped: bool = False,
) -> Case:  # fmt: skip
    """A case of outputs and last states, all in one row; `given`: from a state that is drawn; `dropped`: in part,
    between layers."""
    (step, states, count), hidden, directions = STEPS[name], 2, 1 + bidirectional
    batch, time, features = shape
    cells, ends = layers * directions, np.full(batch, time) if lengths is None else np.array(lengths)
    read = np.arange(time) < ends[:, None] if mask is None else mask
    step = partial(rnn_step, activation=lambda a: np.maximum(a, 0)) if activation == "relu" else step
    options = {"activation": getattr(ops, activation)} if activation else {}

    def taken(arrays: Sequence[Any], zeros: Callable[..., Any]) -> tuple[list[Any], list[Any]]:
        """The first states, and the parameters of each cell, layer by layer with the direction back second."""
        start = list(arrays[: states * given]) or [zeros((cells, batch, hidden)) for _ in range(states)]
        rest = arrays[states * given :]
        own = [rest[i : i + count] for i in range(0, len(rest), count)]
        return start, [own[i + layers * way] for i in range(layers) for way in range(directions)]

    def truth(x: np.ndarray, *arrays: np.ndarray) -> np.ndarray:
        start, parameters = taken(arrays, np.zeros)
        y, last = np.zeros((batch, time, hidden * directions)), [s.copy() for s in start]
        between = factors(RNG(0), batch * time, hidden * directions).reshape(
            time, batch, hidden * directions
        )  # step after step
        for b, steps in enumerate(map(np.flatnonzero, read)):
            rows, n = x[b, steps], len(steps)
            for i in range(layers):
                sides = []
                rows = rows * between[:, b] if i and dropped else rows
                for way in range(directions):
                    state, outputs = [s[i * directions + way, b] for s in start], np.zeros((n, hidden))
                    for t in range(n)[:: -1 if way else 1]:
                        state = step(rows[t], *state, *parameters[i * directions + way])
                        outputs[t] = state[0]
                    sides.append(outputs)
                    for s, part in zip(last, state, strict=True):
                        s[i * directions + way, b] = part
                rows = np.concatenate(sides, axis=1)
            y[b, steps] = rows
        return np.concatenate([part.ravel() for part in (y, *last)])

    def torch(torch: Any, x: Any, *arrays: Any) -> Any:
        start, parameters = taken(arrays, partial(torch.zeros, dtype=x.dtype))
        kind = {"nonlinearity": activation} if activation else {}
        module = getattr(torch.nn, name)(
            features, hidden, layers, batch_first=True, bidirectional=bidirectional, **kind
        )
        weights = []
        for w, u, b, *more in parameters:
            b_h = torch.cat([torch.zeros_like(b[: 2 * hidden]), *more]) if more else torch.zeros_like(b)
            weights += [w.T.contiguous(), u.T.contiguous(), b, b_h]
        module._flat_weights = weights
        if lengths is not None:
            x = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), True, enforce_sorted=False)
        y, last = module(x, tuple(start) if states > 1 else start[0])
        if lengths is not None:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, True, total_length=time)
        return torch.cat([part.reshape(-1) for part in (y, *(last if states > 1 else (last,)))])

    def call(module: Any, x: Any, *state: Any) -> Any:
        y, last = anew(module)(x, (state if states > 1 else state[0]) if given else None, lengths, mask)
        return np.concatenate([ops.reshape(part, -1) for part in (y, *(last if states > 1 else (last,)))])

    inputs = [values(*shape) * scale] + [values(cells, batch, hidden, seed=i) for i in range(states * given)]
    known = batch and time and (lengths is None or min(lengths) > 0) and mask is None and not dropped  # in PyTorch
    make = partial(getattr(nn, name), features, hidden, layers, bidirectional, RATE * dropped, **options)
    return layer(name, label, make, inputs, truth, torch if known else None, edge, call=call)


READ = np.array([[False, True, False, True], [False] * 4, [True, True, False, True]])

CASES = [
    case
    for name in ("RNN", "GRU", "LSTM")
    for case in (
        recurrent(name, "", (2, 3, 2)),
        recurrent(name, "from a state", (2, 3, 2), given=True),
        recurrent(name, "two layers, both ways", (2, 3, 2), given=True, layers=2, bidirectional=True),
        recurrent(name, "by length", (3, 4, 2), given=True, lengths=(2, 1, 4)),
        recurrent(name, "by length, two layers, both ways", (3, 4, 1), lengths=(2, 1, 4), layers=2, bidirectional=True),
        recurrent(name, "masked, both ways", (3, 4, 2), given=True, mask=READ, bidirectional=True),
        recurrent(name, "two layers, dropout", (2, 3, 2), layers=2, dropped=True),
        recurrent(name, "a length of 0", (3, 3, 2), given=True, lengths=LENGTHS, bidirectional=True),
        recurrent(name, "", (1, 1, 1), "size one"),
        recurrent(name, "no batch", (0, 3, 2), "empty"),
        recurrent(name, "no time", (2, 0, 2), "empty", given=True, bidirectional=True),
        recurrent(name, "saturated", (2, 3, 2), "large", scale=1e3),
        recurrent(name, "", (2, 3, 2), "tiny", scale=1e-30),
    )
]
CASES += [
    recurrent("RNN", "relu", (2, 3, 2), activation="relu"),
    recurrent("RNN", "relu, by length", (2, 3, 2), activation="relu", lengths=(1, 3), bidirectional=True),
]
