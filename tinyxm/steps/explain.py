"""Explain one number: print how it came about, from the operands that made it, one level or down to the leaves."""

from __future__ import annotations

import operator
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tinyxm.autograd import Tensor
from tinyxm.steps.derivation import Row, cell, derive, derive_term
from tinyxm.steps.provenance import Flow, Origin, Place, Term, call, flow_to, origin_of
from tinyxm.steps.variables import Names, caller, file_name

SHOWN = 12  # rows of one derivation; of more, the first and the last are shown
INDENT = "  "  # small, so that deep explanations stay within
WIDTH = 80


def explain(
    tensor: Tensor, index: int | Sequence[int] = (), depth: int | None = 1, gradient: bool = False, widest: int = 3
) -> None:
    """Print how tensor[index] came about: the formula of the operation that made it, with its actual operands.

    The Tensor is one that was computed `with xm.explaining():`. A product of matrices shows the row, the column and the
    products, a convolution the patch and the kernel, a softmax its row, a normalisation its statistics; any other
    operation the numbers that this one depends on. Operands have the names of your variables, and parameters of your
    models; what has none, and what would leave the line, has that of the formula, a or x. `depth` is how many
    operations to go back, None: down to the leaves; of each, the `widest` numbers that weigh most are followed.

    With `gradient=True` it is the gradient that is explained: ∂L/∂x = Σ over the uses of x, and over each number y that
    a use made of it, of ∂y/∂x·g, g the gradient that had arrived at y. `depth` then goes on towards the loss.

    Raises ValueError unless index is one whole number within each axis, RuntimeError where nothing was remembered.
    """
    if (depth is not None and depth < 1) or widest < 1:
        raise ValueError(f"explain: depth {depth}, widest {widest}: expected 1 or more")
    if not isinstance(tensor, Tensor):
        raise TypeError(f"explain: {type(tensor).__name__} given; give a Tensor that was computed within explaining()")
    if tensor.device != "cpu":
        raise TypeError(
            f"explain: this Tensor is on {tensor.device}; numbers are followed on the CPU: run the model there, "
            'model.to("cpu")'
        )
    names = Names(caller())
    place, printer = _checked(tensor.shape, index), _Printer(widest, names)
    own = names.of(tensor.data)
    if gradient:
        flow = flow_to(tensor)
        if flow is None:
            raise RuntimeError(
                "explain: it isn't remembered what flowed back to this Tensor; run forward and backward within "
                "`with xm.explaining():`"
            )
        printer.run(partial(printer.gradient, f"∂L/∂{own or 'x'}", place, flow, tensor.grad, depth, 0))
        return
    origin = origin_of(tensor.data)
    if origin is None:
        raise RuntimeError(
            "explain: it isn't remembered how this Tensor was made; compute it within `with xm.explaining():`"
            + (" (it's a leaf, made by hand: nothing made it)" if tensor.node and tensor.node.edges is None else "")
        )
    printer.run(partial(printer.value, own or "y", place, tensor.data, origin, depth, 0))


def _checked(shape: tuple[int, ...], index: int | Sequence[int]) -> Place:
    numbers = tuple(index) if isinstance(index, tuple | list) else (index,)
    try:
        place = tuple(operator.index(k) for k in numbers)
    except TypeError:
        place = ()
    if len(place) != len(shape) or len(place) != len(numbers):
        raise ValueError(f"explain: index {index} into {shape}: give one whole number for each axis")
    for axis, (k, n) in enumerate(zip(place, shape, strict=True)):
        if not -n <= k < n:
            raise ValueError(f"explain: index {index} into {shape}: {k} is outside axis {axis}, 0 to {n - 1}")
    return tuple(k % n for k, n in zip(place, shape, strict=True))


Printed = Callable[[], "list[Printed] | None"]  # prints, and returns what is to be printed next, below it


class _Printer:
    """Prints each number once: `seen` are those above."""

    def __init__(self, widest: int, names: Names) -> None:
        self.widest, self.names = widest, names
        self.seen: set[tuple[int, Place]] = set()

    def run(self, first: Printed) -> None:
        """Print `first` and all below it; by a list and not by calls within calls, which long chains would exhaust."""
        waiting = [first]
        while waiting:
            waiting += reversed(waiting.pop()() or [])

    def value(
        self, name: str, place: Place, y: np.ndarray, origin: Origin, depth: int | None, level: int
    ) -> list[Printed]:
        """How y[place] came about, and, while depth lasts, how its heaviest operands did."""
        margin, told = INDENT * level, (id(origin), place) in self.seen
        print(f"{margin}{name}{list(place) or ''} = {_number(y[place])}    {_title(origin)}{', as above' * told}")
        if told:
            return []
        self.seen.add((id(origin), place))
        call(origin, self.names)
        derivation = derive(origin, y, place)
        if not _fits(derivation.rows, margin):
            derivation = derive(replace(origin, called={}), y, place)
        if derivation.formula:
            _print_text(margin, derivation.formula)
        if legend := _legend(origin):
            _print_text(margin, legend)
        _print_rows(derivation.rows, margin)
        if derivation.conclusion:
            _print_text(margin, f"= {_number(y[place])}    {derivation.conclusion}")
        if depth == 1:
            return []
        heaviest = sorted(derivation.rows, key=lambda row: -abs(row.value))
        cells = [*dict.fromkeys(c for row in heaviest for c in row.cells if (c.operand, c.i) in origin.made)]
        below: list[Printed] = []
        for c in cells[: self.widest]:
            x, made = origin.operands[c.operand], origin.made[c.operand, c.i]
            array = x[c.i] if isinstance(x, list) else x
            below.append(partial(self.value, c.name, c.place, array, made, depth and depth - 1, level + 1))
        if len(cells) > self.widest:
            more = f"{margin}{INDENT}… {len(cells) - self.widest} more, which weigh less (widest={self.widest})"
            below.append(partial(print, more))
        return below

    def gradient(
        self, name: str, place: Place, flow: Flow, grad: np.ndarray | None, depth: int | None, level: int
    ) -> list[Printed]:
        """What flowed back to one place, use by use."""
        margin, told = INDENT * level, (id(flow), place) in self.seen
        passes, total = _passes(flow, place, grad)
        terms = [term for one in passes for term in one]
        uses = f"{len(terms)} use{'s' * (len(terms) != 1)}" + f", {len(passes)} passes" * (len(passes) > 1)
        print(f"{margin}{name}{list(place) or ''} = {_number(total)}    from {uses}{', as above' * told}")
        if told:
            return []
        self.seen.add((id(flow), place))
        if grad is not None and not np.isclose(total, grad[place], rtol=1e-4, atol=1e-7):
            print(f"{margin}  (.grad holds {_number(grad[place])}: it was changed since, as clipping does)")
        return [partial(self.term, term, place, depth, level) for term in terms]

    def term(self, term: Term, place: Place, depth: int | None, level: int) -> list[Printed]:
        """What one use sent back, and, while depth lasts, where the heaviest of it came from."""
        margin, x = INDENT * level, cell(term.by, term.input, place, term.place)
        print(f"{margin}  {_number(term.result[place])} by way of {_title(term.by)}, as its input {x.symbol}")
        made = call(term.by, self.names)
        rows = derive_term(term, place, made)
        if not _fits(rows, margin):
            rows = derive_term(replace(term, by=replace(term.by, called={})), place)
            named = [(made, "y")] * (made not in ("", term.by.operation)) + [(x.called, x.symbol)] * bool(x.called)
            if named:
                _print_text(margin, f"where {', '.join(f'{letter} is {name}' for name, letter in named)}, g is ∂L/∂y")
        _print_rows(rows, margin)
        if depth == 1 or term.upstream is None:
            return []
        heaviest = sorted(rows, key=lambda row: -abs(row.value))[: self.widest]
        below = depth and depth - 1
        return [
            partial(
                self.gradient, f"∂L/∂{made}" if made else "g", row.cells[0].place, term.upstream, None, below, level + 2
            )
            for row in heaviest
        ]


def _passes(flow: Flow, place: Place, grad: np.ndarray | None) -> tuple[list[list[Term]], float]:
    """The latest backward passes whose terms add up to what the Tensor holds, and their sum; the last one, if none."""

    def total(passes: list[list[Term]]) -> float:
        return float(sum(term.result[place] for one in passes for term in one))

    for count in range(1, len(flow.passes) + 1):
        latest = flow.passes[-count:]
        if grad is not None and np.isclose(total(latest), grad[place], rtol=1e-4, atol=1e-7):
            return latest, total(latest)
    return flow.passes[-1:], total(flow.passes[-1:])


def _title(origin: Origin) -> str:
    where = f", {file_name(origin.source[0])}:{origin.source[1]}" if origin.source else ""
    return f"{origin.operation}{where}" + (f", in {origin.module}" if origin.module else "")


def _print_text(margin: str, text: str) -> None:
    """One line of words, broken where it leaves the terminal; numbers keep their lines."""
    first, width = margin + INDENT, max(WIDTH, len(margin) + WIDTH // 2)
    print(textwrap.fill(text, width, initial_indent=first, subsequent_indent=first + INDENT, break_long_words=False))


def _legend(origin: Origin) -> str:
    """What the caller calls the letters of the formula."""
    told = []
    order = list(origin.operands)
    for (name, i), called in sorted(origin.called.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        letter = f"{name}[{i}]" if isinstance(origin.operands[name], list) else name
        if called != letter:
            told.append(f"{letter} is {called}")
    return f"where {', '.join(told)}" if told else ""


def _fits(rows: Sequence[Row], margin: str) -> bool:
    """Whether no row leaves the terminal, at this margin."""
    width = max(WIDTH, len(margin) + WIDTH // 2)
    shown = [*rows[: SHOWN - 3], *rows[-2:]] if len(rows) > SHOWN else [*rows]
    products = [" · ".join(map(_number, row.numbers)) for row in shown]
    label, product = (max(map(len, texts), default=0) for texts in ([row.label for row in shown], products))
    return len(margin) + 4 + label + (product and product + 3) + 3 + 12 <= width


def _print_rows(rows: Sequence[Row], margin: str) -> None:
    """Aligned; of a long list the first and last, and what the rest adds up to."""
    shown = [*rows[: SHOWN - 3], *rows[-2:]] if len(rows) > SHOWN else [*rows]
    labels = [row.label for row in shown]
    products = [" · ".join(map(_number, row.numbers)) for row in shown]
    first, second = max(map(len, labels), default=0), max(map(len, products), default=0)
    for i, (row, label, numbers) in enumerate(zip(shown, labels, products, strict=True)):
        if len(rows) > SHOWN and i == SHOWN - 3:
            rest = sum(r.value for r in rows[SHOWN - 3 : -2])
            print(f"{margin}    … {len(rows) - len(shown)} more, which add up to {_number(rest)}")
        middle = f" = {numbers:<{second}}" if numbers else " " * (second and second + 3)
        print(f"{margin}    {label:<{first}}{middle} = {_number(row.value)}")


def _number(x: float) -> str:
    return f"{float(x) + 0.0:.6g}"  # + 0.0 makes 0 of −0
