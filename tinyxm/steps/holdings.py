"""What parameters and their gradients hold: compared when they are read, so that whatever changed them is told.

The engine tells of its operations. A weight or a gradient that your own code writes to (p.grad /= 2, p.data -= ..., a
projection behind the step) holds other numbers at the next look, and gets an operation of its own: "changed by hand".
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm.autograd.places import to_host
from tinyxm.autograd.tensor import Node
from tinyxm.steps.step import Operation, Ref

if TYPE_CHECKING:
    from tinyxm.steps.recording import Recorder


class Holdings:
    """Of each parameter the value that it holds, and the one that its gradient is."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.step = recorder, recorder.step
        self.first: dict[int, Ref] = {}  # id of a Parameter → the value that it held when the step began,
        self.now: dict[int, Ref] = {}  # and the one that it's known to hold
        self.gradient_of: dict[Node, Ref] = {}  # what the tape left in .grad
        self.used: dict[Node, Ref] = {}  # and what clips, or your code, made of that
        self.coming: dict[Node, Ref] = {}  # what the present pass brought so far, which .grad holds once it has ended
        self.gathered: set[Node] = set()  # those to whose gradient the present pass added
        self.times: Counter[str] = Counter()  # how often operations wrote to a parameter
        self.earlier: set[Node] = set()  # those that had a gradient when the recording met them

    def begin(self, parameter: Any, number: Ref) -> Ref:
        """Of a parameter that the recording hasn't met."""
        self.first[id(parameter)] = number
        if parameter.grad is not None:
            self.earlier.add(parameter.node)
        return self.becomes(parameter, number)

    def becomes(self, parameter: Any, number: Ref) -> Ref:
        """From now on the parameter holds this value."""
        self.recorder.is_now(parameter.data, number)
        self.now[id(parameter)] = number
        if parameter.node is not None:
            self.recorder.by_node[parameter.node] = number
        return number

    def renewed(self, name: str, parameter: Any, array: Any) -> Ref:
        """What an operation made of a parameter: "new w", or "new w 2"."""
        self.times[name] += 1
        return self.becomes(parameter, self.recorder.keep(array, f"new {name}{self.again(name)}", "parameter"))

    def again(self, name: str) -> str:
        return f" {self.times[name]}" if self.times[name] > 1 else ""

    def weight(self, parameter: Any, array: Any) -> Ref:
        """The value that a parameter holds, whose array this is, or was."""
        known = self.now[id(parameter)]
        return self.becomes(parameter, known if self.still(known, array) else self.changed(known, array))

    def gradient(self, name: str, parameter: Any, array: Any, phase: str = "clip") -> Ref:
        """The value that its gradient is: what the tape brought, or clips or your code made of that."""
        node = parameter.node
        known = self.used.get(node, self.gradient_of.get(node))
        if known is not None:
            if not self.still(known, array):
                known = self.used[node] = self.changed(known, array, phase)
            return known
        number = self.recorder.keep(array, "", "gradient", self.now[id(parameter)])
        if node in self.earlier:
            self.step.kept.append(name)
            self.step.values[number].name = f"earlier ∂L/∂{name}"
        else:
            self._told(phase, None, number)
        self.gradient_of[node] = number
        return number

    def settle(self) -> None:
        """A backward pass has ended: .grad holds what it brought."""
        for node, number in self.coming.items():
            if node in self.gradient_of and node not in self.gathered:
                self.step.emptied[number] = self.gradient_of[node]
            self.gradient_of[node] = number
            self.used.pop(node, None)
        self.coming, self.gathered = {}, set()

    def look(self, phase: str) -> None:
        """Compare every gradient of this step with what it's known to be."""
        self.settle()
        for name, parameter in self.recorder.parameters:
            known = parameter.node in self.gradient_of or parameter.node not in self.earlier
            if parameter.node is not None and parameter.grad is not None and known:
                self.gradient(name, parameter, parameter.grad, phase)

    def end(self) -> None:
        """Compare all once more; but what came after a second step of the optimizer isn't recorded."""
        if self.step.repeated:
            return
        self.look("after" if self.recorder.stage == "after" else "clip")
        for _, parameter in self.recorder.parameters:
            self.weight(parameter, parameter.data)

    def still(self, number: int, array: Any) -> bool:
        """Whether an array holds what this value does."""
        known = self.step.values[number].array
        return np.array_equal(known, to_host(array), equal_nan=known.dtype.kind in "fc")

    def changed(self, before: Ref, array: Any, phase: str = "") -> Ref:
        """The value that your code made of another, between two operations."""
        value, begun = self.step.values[before], bool(self.step.losses)
        number = self.recorder.keep(array, "", value.role, value.of)
        if value.role == "parameter":
            phase = "update" if begun else "forward"
            self.recorder.stage = "after" if begun else "forward"
            for _, parameter in self.recorder.parameters:
                if self.now.get(id(parameter)) == before:
                    self.becomes(parameter, number)
        elif not phase:
            phase = "backward" if value.role == "gradient" else self.recorder.stage
        self._told(phase, before, number)
        return number

    def _told(self, phase: str, before: Ref | None, number: Ref) -> None:
        operands = {} if before is None else {"before": before}
        self.step.operations.append(Operation(phase, "hand", "changed by hand", operands, number))
