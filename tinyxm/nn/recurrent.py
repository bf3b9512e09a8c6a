"""Layers that read a sequence step by step, and carry a state along.

Sequences of several lengths are packed: sorted by length, longest first, and laid out step after step, each step with
the rows of those sequences alone that still go on. So a batch costs Σ lengths steps of one sequence and not batch·time,
and what lies beyond a sequence's end can't touch its state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinyxm import ops
from tinyxm.autograd import Array, Parameter, Tensor
from tinyxm.autograd.places import on_host, placed
from tinyxm.nn import init
from tinyxm.nn._checks import check_array, check_floats, check_function, check_lengths, initial, whole
from tinyxm.nn.module import Module
from tinyxm.nn.regularisation import Dropout

State = tuple[Array, ...]  # h, and for LSTM c: (sequences, hidden_features) each


class _Cell(Module):
    """One direction of one layer: its weights, all gates' side by side, and one step of its state.

    forward(a, *state) gets a = x·input_weight + bias, which is one product for all steps together.
    """

    gates = 1

    def __init__(
        self, in_features: int, hidden: int, initialise: init.Initialiser, rng: np.random.Generator | None
    ) -> None:
        def gates(features: int) -> Parameter:  # each gate starts by its own fans
            shape = features, hidden
            weights = [initial(type(self).__name__, initialise, shape, rng) for _ in range(self.gates)]
            return Parameter(np.concatenate(weights, axis=1))

        self.input_weight, self.hidden_weight = gates(in_features), gates(hidden)
        self.bias = Parameter(init.zeros((self.gates * hidden,)))


class RNNCell(_Cell):
    activation: Callable[[Array], Array] = staticmethod(ops.tanh)

    def forward(self, a: Array, h: Array) -> State:
        return (self.activation(a + h @ self.hidden_weight),)


class GRUCell(_Cell):
    gates = 3

    def __init__(
        self, in_features: int, hidden: int, initialise: init.Initialiser, rng: np.random.Generator | None
    ) -> None:
        super().__init__(in_features, hidden, initialise, rng)
        self.hidden_bias = Parameter(init.zeros((hidden,)))

    def forward(self, a: Array, h: Array) -> State:
        n, b = h.shape[1], h @ self.hidden_weight
        gates = ops.sigmoid(a[:, : 2 * n] + b[:, : 2 * n])
        candidate = ops.tanh(a[:, 2 * n :] + gates[:, :n] * (b[:, 2 * n :] + self.hidden_bias))
        return (candidate + gates[:, n:] * (h - candidate),)


class LSTMCell(_Cell):
    gates = 4

    def forward(self, a: Array, h: Array, c: Array) -> State:
        n, a = h.shape[1], a + h @ self.hidden_weight
        c = ops.sigmoid(a[:, n : 2 * n]) * c + ops.sigmoid(a[:, :n]) * ops.tanh(a[:, 2 * n : 3 * n])
        return ops.sigmoid(a[:, 3 * n :]) * ops.tanh(c), c


class _Recurrent(Module):
    """Layers of cells over a batch of sequences, packed by length."""

    cell: type[_Cell]
    states = 1

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        *,
        initialise: init.Initialiser = init.xavier_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        name = type(self).__name__
        self.in_features = whole(name, "in_features", in_features)
        self.hidden_features = whole(name, "hidden_features", hidden_features)
        self.layers, self.bidirectional = whole(name, "layers", layers), bidirectional
        widths = [self.in_features] + [self.hidden_features * (1 + bidirectional)] * (self.layers - 1)

        def cells() -> list[_Cell]:
            return [self.cell(width, self.hidden_features, initialise, rng) for width in widths]

        self.dropout = Dropout(dropout, rng=rng)
        self.forward_cells, self.backward_cells = cells(), cells() if bidirectional else []

    def forward(
        self, x: Array, state: Any = None, lengths: ArrayLike | None = None, mask: ArrayLike | None = None
    ) -> tuple[Array, Any]:
        name = type(self).__name__
        check_floats(name, x, self.forward_cells[0].input_weight)
        if x.ndim != 3 or x.shape[-1] != self.in_features:
            raise ValueError(f"{name}: x {x.shape}: expected (batch, time, {self.in_features})")
        batch, time, features = x.shape
        read = self._read(lengths, mask, batch, time)
        counts, kept = read.sum(axis=1), np.argsort(~read, axis=1, kind="stable")  # kept: each one's own steps, first
        order = np.argsort(-counts, kind="stable")
        going = counts[order] > np.arange(time)[:, None]  # at each step, the first few in this order
        steps, places = np.nonzero(going)
        rows, sizes = order[places] * time + kept[order[places], steps], [n for n in going.sum(axis=1).tolist() if n]
        initial, last = iter(self._initial(state, batch, order)), []
        y = ops.take(ops.reshape(x, (batch * time, features)), rows, 0)
        for i, cell in enumerate(self.forward_cells):
            y = self.dropout(y) if i else y
            runs = [_run(cell, y, sizes, next(initial), backward=False)]
            runs += [_run(cell, y, sizes, next(initial), backward=True) for cell in self.backward_cells[i : i + 1]]
            y = np.concatenate([outputs for outputs, _ in runs], axis=1)
            last += [state for _, state in runs]
        y = ops.reshape(ops.scatter_add(y, (batch * time, y.shape[1]), rows), (batch, time, y.shape[1]))
        found = tuple(ops.take(ops.stack(parts), np.argsort(order), 1) for parts in zip(*last, strict=True))
        return y, found if self.states > 1 else found[0]

    def _read(self, lengths: ArrayLike | None, mask: ArrayLike | None, batch: int, time: int) -> np.ndarray:
        """(batch, time): which steps are read."""
        name = type(self).__name__
        if mask is None:
            ends = np.full(batch, time) if lengths is None else check_lengths(name, lengths, batch, time)
            return np.arange(time) < ends[:, None]
        read = on_host(mask)
        if lengths is not None:
            raise ValueError(f"{name}: lengths and a mask were given; one of them says which steps are read")
        if read.dtype != bool:
            raise TypeError(f"{name}: mask is {read.dtype}; give booleans, True where a step is read")
        if read.shape != (batch, time):
            raise ValueError(f"{name}: mask {read.shape}: expected (batch, time) = {(batch, time)}")
        return read

    def _initial(self, state: Any, batch: int, order: np.ndarray) -> list[State]:
        """The state that each cell starts from, its sequences in this order."""
        name, dtype = type(self).__name__, self.forward_cells[0].hidden_weight.dtype
        shape = (self.layers * (1 + self.bidirectional), batch, self.hidden_features)
        if state is None:
            zeros = placed(np.zeros(shape[1:], dtype), self.forward_cells[0].hidden_weight)
            return [(Tensor(zeros),) * self.states] * shape[0]
        state = (state,) if self.states == 1 else state
        if not isinstance(state, tuple | list) or len(state) != self.states:
            raise TypeError(f"{name}: state is of type {type(state).__name__}; give the pair (h, c)")
        for part in state:
            check_array(name, part, "state")
            if part.shape != shape or part.dtype != dtype:
                raise ValueError(
                    f"{name}: state {part.shape} of {part.dtype}: expected (layers·directions, batch, hidden_features) "
                    f"= {shape} of {dtype}"
                )
        state = [ops.take(part, order, 1) for part in state]
        return [tuple(part[i] for part in state) for i in range(shape[0])]


def _run(cell: _Cell, x: Array, sizes: Sequence[int], initial: State, backward: bool) -> tuple[Array, State]:
    """A cell over packed x (Σ sizes, features): its outputs (Σ sizes, hidden_features), and each sequence's last state.

    Forwards, a sequence that ends leaves the state, and keeps what it has reached; backwards it enters at its own end.
    """
    a = x @ cell.input_weight + cell.bias
    state = _rows(initial, 0, 0) if backward else initial
    outputs: list[Array] = []
    ended: list[State] = []
    for step in _cut(a, sizes)[:: -1 if backward else 1]:
        n, going = len(step), len(state[0])
        if n < going:
            state, ended = _rows(state, 0, n), [_rows(state, n), *ended]
        elif n > going:
            state = _joined([state, _rows(initial, going, n)])
        state = cell(step, *state)
        outputs.append(state[0])
    if backward:
        outputs, ended = outputs[::-1], [_rows(initial, len(state[0]))]  # those of length 0
    hidden = cell.hidden_weight.shape[0]
    return np.concatenate(outputs) if outputs else a[:, :hidden], _joined([state, *ended])


def _cut(a: Array, sizes: Sequence[int]) -> list[Array]:
    """The rows of each step. Cut by halves: the gradient of a cut is as large as what was cut, and so n steps cost
    log n times a and not n times."""
    if len(sizes) < 2:
        return [a] * len(sizes)
    half = len(sizes) // 2
    rows = sum(sizes[:half])
    return [*_cut(a[:rows], sizes[:half]), *_cut(a[rows:], sizes[half:])]


def _rows(state: State, start: int, end: int | None = None) -> State:
    return tuple(part[start:end] for part in state)


def _joined(states: Sequence[State]) -> State:
    return tuple(np.concatenate(parts) for parts in zip(*states, strict=True))


class RNN(_Recurrent):
    """h_t = tanh(x_t W + h_{t−1} U + b), or another `activation`; gives h_t of the last layer, and each layer's last h

    x `(batch, time, in_features)`, outputs `(batch, time, hidden_features·directions)`, state `(layers·directions,
    batch, hidden_features)`: layer by layer, forwards before backwards. W `(in_features, hidden_features)`, U
    `(hidden_features, hidden_features)`, b. Layers above the first read the outputs below; `bidirectional` adds to each
    a second one that reads from the end. `dropout` is the rate between layers, in training. `state` is what to start
    from (zeros). `lengths` `(batch,)`, integers from 0 to time: what lies beyond is neither computed nor read, and its
    outputs are 0; the way back starts at each sequence's own end. `mask` `(batch, time)` in its place, booleans: a step
    where it is False is passed over, wherever it lies. Weights start by `initialise` (Xavier's rule), b at 0. Raises
    ValueError where x, state, lengths or mask don't fit, TypeError where x isn't an array of the weights' dtype,
    lengths aren't integers or the mask isn't boolean. Source: Elman, "Finding structure in time", Cognitive Science
    1990.
    """

    cell = RNNCell

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        activation: Callable[[Array], Array] = ops.tanh,
        *,
        initialise: init.Initialiser = init.xavier_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        check_function("RNN", "activation", activation, "ops.relu")
        super().__init__(in_features, hidden_features, layers, bidirectional, dropout, initialise=initialise, rng=rng)
        self.activation = activation
        for cell in self.forward_cells + self.backward_cells:
            cell.activation = activation


class GRU(_Recurrent):
    """h_t = (1 − z)·n + z·h_{t−1}: of each unit, z of the old state is kept, and 1 − z taken of a candidate n

        r, z = σ(x_t W_r,z + h_{t−1} U_r,z + b_r,z),   n = tanh(x_t W_n + b_n + r·(h_{t−1} U_n + b_h))

    W `(in_features, 3·hidden_features)`, the gates r, z, n side by side; U likewise; b `(3·hidden_features,)`, b_h
    `(hidden_features,)`. r scales after the product with U, as in cuDNN. All else is as in `RNN`. Source: Cho et al.,
    "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.
    """

    cell = GRUCell


class LSTM(_Recurrent):
    """c_t = f·c_{t−1} + i·g, h_t = o·tanh c_t: a memory c that is added to; gradients pass it unshrunk where f is 1

        i, f, o = σ(x_t W_i,f,o + h_{t−1} U_i,f,o + b_i,f,o),   g = tanh(x_t W_g + h_{t−1} U_g + b_g)

    W `(in_features, 4·hidden_features)`, the gates i, f, g, o side by side; U and b likewise. The state is the pair (h,
    c). b starts at 0, that of the forget gate f at `forget_bias`: 1 lets what is stored last from the start
    (Jozefowicz, Zaremba & Sutskever 2015). All else is as in `RNN`. Source: Hochreiter and Schmidhuber, "Long
    short-term memory", Neural Computation 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
    """

    cell = LSTMCell
    states = 2

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        forget_bias: float = 1.0,
        *,
        initialise: init.Initialiser = init.xavier_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(in_features, hidden_features, layers, bidirectional, dropout, initialise=initialise, rng=rng)
        self.forget_bias = forget_bias
        for cell in self.forward_cells + self.backward_cells:
            cell.bias.data[self.hidden_features : 2 * self.hidden_features] = forget_bias
