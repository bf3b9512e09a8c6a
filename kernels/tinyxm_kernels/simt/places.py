"""Names, elements, parts and pointers: what can be read from somewhere, and what can be written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pycparser import c_ast

from tinyxm_kernels.simt import memory
from tinyxm_kernels.simt.expressions import Expression, Expressions, Run, Symbol
from tinyxm_kernels.simt.lanes import WARP, Mask
from tinyxm_kernels.simt.machine import Machine
from tinyxm_kernels.simt.memory import Address
from tinyxm_kernels.simt.types import DIM3, INT, VOID, Array, Pointer, Scalar, Type, Vector

PARTS = "xyzw"


def _triple(sizes: tuple[int, int, int]) -> tuple[Any, ...]:
    return tuple(np.uint32(size) for size in sizes)


GRID: dict[str, Run] = {
    "threadIdx": lambda machine, mask: machine.wave.thread_index,
    "blockIdx": lambda machine, mask: machine.wave.block_index,
    "blockDim": lambda machine, mask: _triple(machine.wave.block),
    "gridDim": lambda machine, mask: _triple(machine.wave.grid),
}


class Place:
    """What stands left of an `=`: `locate` once, then `read` and `write` there."""

    def __init__(self, kind: Type, locate: Run, read: Callable[..., Any], write: Callable[..., None]) -> None:
        self.kind, self.locate, self.read, self.write = kind, locate, read, write


class Places(Expressions):
    """Compiles expressions that stand for something somewhere, and assignments to it."""

    def on_ID(self, node: c_ast.ID) -> Expression:
        if node.name == "warpSize":
            return Expression(INT, lambda machine, mask: np.int32(WARP), np.int32(WARP))
        if node.name in GRID:
            return Expression(DIM3, GRID[node.name])
        symbol = self.lookup(node)
        if symbol.constant is not None:
            value = symbol.constant
            return Expression(symbol.kind, lambda machine, mask: value, value)
        slot = symbol.slot
        if isinstance(symbol.kind, Array):
            return Expression(symbol.kind, lambda machine, mask: machine.values[slot])
        if symbol.in_memory:
            return self._loaded(node, symbol.kind, lambda machine, mask: machine.values[slot])
        line, _ = self.source.where(node)

        def run(machine: Machine, mask: Mask) -> Any:
            value = machine.values[slot]
            return machine.value(slot, line, mask) if value is None or slot in machine.unset else value

        return Expression(symbol.kind, run)

    def _loaded(self, node: c_ast.Node, kind: Type, address: Run) -> Expression:
        if not isinstance(kind, Scalar | Vector) or kind == VOID:
            raise self.error(node, f"{kind} can't be read from memory", "keep pointers in variables")
        site = self.site(node)
        load = memory.load
        return Expression(kind, lambda machine, mask: load(machine, site, address(machine, mask), kind, mask))

    def on_ArrayRef(self, node: c_ast.ArrayRef) -> Expression:
        kind, address, _ = self.address(node)
        if isinstance(kind, Array):
            return Expression(kind, address)
        return self._loaded(node, kind, address)

    def on_StructRef(self, node: c_ast.StructRef) -> Expression:
        if node.type == "->":
            inner: Expression = self.on_UnaryOp(c_ast.UnaryOp("*", node.name, node.coord))
        elif isinstance(node.name, c_ast.ArrayRef) or (isinstance(node.name, c_ast.UnaryOp) and node.name.op == "*"):
            kind, address, _ = self.address(node)
            return self._loaded(node, kind, address)
        else:
            inner = self.expression(node.name)
        part, element = self._part(node, inner.kind)
        run = inner.run
        return Expression(element, lambda machine, mask: run(machine, mask)[part])

    def _part(self, node: c_ast.StructRef, kind: Type) -> tuple[int, Scalar]:
        name = node.field.name
        if not isinstance(kind, Vector) or name not in PARTS[: kind.length]:
            has = (
                f"{kind} has .{' .'.join(PARTS[: kind.length])}"
                if isinstance(kind, Vector)
                else "only vectors have parts"
            )
            raise self.error(node, f".{name} of {kind}", has)
        return PARTS.index(name), kind.element

    def address(self, node: c_ast.Node) -> tuple[Type, Run, bool]:
        """(what is there, its address, whether it is const) of a[i], *p, p->x, v[i].x, or a name in memory."""
        if isinstance(node, c_ast.ArrayRef):
            base, run, const = self._pointed(node.name)
            index, number = self.number(node.subscript)
            if number.is_float:
                raise self.error(node.subscript, f"an index of type {number}", "convert it: (int)...")
            step, size = index.run, base.size
            if index.constant is not None:
                steps = np.int64(index.constant)
                return base, lambda machine, mask: run(machine, mask).moved(steps, size), const

            def moved(machine: Machine, mask: Mask) -> Address:
                steps = step(machine, mask)
                return run(machine, mask).moved(steps if steps.dtype == np.int64 else steps.astype(np.int64), size)

            return base, moved, const
        if isinstance(node, c_ast.UnaryOp) and node.op == "*":
            return self._pointed(node.expr)
        if isinstance(node, c_ast.StructRef):
            kind, run, const = self._pointed(node.name) if node.type == "->" else self.address(node.name)
            part, element = self._part(node, kind)
            steps = np.int64(part)
            return element, lambda machine, mask: run(machine, mask).moved(steps, element.size), const
        if isinstance(node, c_ast.ID) and node.name not in GRID:
            symbol = self.lookup(node)
            slot = symbol.slot
            if symbol.in_memory or isinstance(symbol.kind, Array):
                return symbol.kind, lambda machine, mask: machine.values[slot], symbol.const
        raise self.error(node, "no place in memory", "take the address of an array's element or a variable")

    def _pointed(self, node: c_ast.Node) -> tuple[Type, Run, bool]:
        """(what a pointer points to, the pointer, const)."""
        expression = self.expression(node)
        if isinstance(expression.kind, Array):
            return expression.kind.row, expression.run, expression.kind.const
        if isinstance(expression.kind, Pointer):
            return expression.kind.target, expression.run, expression.kind.const
        raise self.error(node, f"{expression.kind} isn't an array or a pointer")

    def place(self, node: c_ast.Node) -> Place:
        """What an assignment writes to."""
        name = node.name if isinstance(node, c_ast.StructRef) else node
        if isinstance(name, c_ast.ID) and (name.name in GRID or name.name == "warpSize"):
            raise self.error(node, f"{name.name} can't be assigned to", "copy it to a variable of your own")
        if isinstance(node, c_ast.ID) and node.name not in GRID and node.name != "warpSize":
            symbol = self.lookup(node)
            if symbol.const or symbol.constant is not None:
                raise self.error(node, f"{node.name} is const", "declare it without const, or another variable")
            if not symbol.in_memory and not isinstance(symbol.kind, Array):
                slot = symbol.slot
                line, _ = self.source.where(node)
                return Place(
                    symbol.kind,
                    lambda machine, mask: None,
                    lambda machine, mask, at: machine.value(slot, line, mask),
                    lambda machine, mask, at, value: machine.assign(slot, value, mask),
                )
        elif isinstance(node, c_ast.StructRef) and isinstance(node.name, c_ast.ID) and node.type == ".":
            symbol = self.lookup(node.name)
            if not symbol.in_memory:
                return self._part_of_variable(node, symbol)
        elif not isinstance(node, c_ast.ArrayRef | c_ast.StructRef | c_ast.UnaryOp):
            raise self.error(node, "nothing that can be assigned to", "assign to a variable or an array's element")
        kind, address, const = self.address(node)
        if const:
            raise self.error(node, "a write through a pointer to const", "declare the parameter without const")
        if not isinstance(kind, Scalar | Vector):
            raise self.error(node, f"an assignment to {kind}", "assign to its elements")
        site = self.site(node)

        def write(machine: Machine, mask: Mask, at: Address, value: Any) -> None:
            memory.store(machine, site, at, kind, value, mask)

        return Place(kind, address, lambda machine, mask, at: memory.load(machine, site, at, kind, mask), write)

    def _part_of_variable(self, node: c_ast.StructRef, symbol: Symbol) -> Place:
        part, element = self._part(node, symbol.kind)
        slot, length = symbol.slot, symbol.kind.length  # type: ignore[union-attr]  # _part has seen a vector
        line, _ = self.source.where(node)
        zero = element.dtype.type(0)

        def write(machine: Machine, mask: Mask, at: None, value: Any) -> None:
            old = list(machine.values[slot] or (zero,) * length)
            old[part] = value
            machine.assign(slot, tuple(old), mask)

        return Place(
            element, lambda machine, mask: None, lambda machine, mask, at: machine.value(slot, line, mask)[part], write
        )

    def on_Assignment(self, node: c_ast.Assignment) -> Expression:
        place = self.place(node.lvalue)
        kind, locate, write = place.kind, place.locate, place.write
        right = self.expression(node.rvalue)
        if node.op == "=":
            value = self.converted(right, kind, node.rvalue).run

            def run(machine: Machine, mask: Mask) -> Any:
                new = value(machine, mask)
                write(machine, mask, locate(machine, mask), new)
                return new

            return Expression(kind, run)
        return self._updated(node, place, node.op[:-1], right, new_value=True)

    def _updated(self, node: c_ast.Node, place: Place, operator: str, right: Expression, new_value: bool) -> Expression:
        """`place op= right`, and ++ and --: the place is found once, read and written."""
        locate, read, write = place.locate, place.read, place.write
        cell: list[Any] = [None]
        old = Expression(place.kind, lambda machine, mask: cell[0])
        computed = self.converted(self.binary(node, operator, old, right), place.kind, node).run

        def run(machine: Machine, mask: Mask) -> Any:
            at = locate(machine, mask)
            before = cell[0] = read(machine, mask, at)
            after = computed(machine, mask)
            write(machine, mask, at, after)
            return after if new_value else before

        return Expression(place.kind, run)

    def on_UnaryOp(self, node: c_ast.UnaryOp) -> Expression:
        operator = node.op
        if operator in ("++", "--", "p++", "p--"):
            place = self.place(node.expr)
            one = Expression(INT, lambda machine, mask: np.int32(1), np.int32(1))
            return self._updated(node, place, operator[-1], one, new_value=operator[0] != "p")
        if operator == "&":
            kind, run, const = self.address(node.expr)
            return Expression(Pointer(kind.element if isinstance(kind, Array) else kind, const), run)
        if operator == "*":
            kind, run, _ = self._pointed(node.expr)
            return Expression(kind, run) if isinstance(kind, Array) else self._loaded(node, kind, run)
        return super().on_UnaryOp(node)
