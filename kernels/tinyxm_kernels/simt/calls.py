"""Calls: of CUDA's own functions, and of `__device__` functions, whose bodies are compiled where they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from pycparser import c_ast

from tinyxm_kernels.simt import memory
from tinyxm_kernels.simt.expressions import Expression, Run, Symbol, counted, literal_text
from tinyxm_kernels.simt.intrinsics import (
    AT_ONCE,
    ATOMICS,
    FULL,
    FUNCTIONS,
    Function,
    named_lanes,
    shuffle,
    spread,
    vote,
)
from tinyxm_kernels.simt.lanes import WARP, Mask
from tinyxm_kernels.simt.machine import Machine
from tinyxm_kernels.simt.memory import Address, Site
from tinyxm_kernels.simt.places import Places
from tinyxm_kernels.simt.types import DOUBLE, INT, UNSIGNED, VOID, Pointer, Scalar, Type, Vector, common

SHUFFLES = ("__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync")
VOTES = ("__ballot_sync", "__any_sync", "__all_sync", "__activemask")
FENCES = ("__threadfence", "__threadfence_block", "__threadfence_system")
READS = ("__ldg", "__ldcg", "__ldca", "__ldcs")
BEFORE_VOLTA = ("__shfl", "__shfl_up", "__shfl_down", "__shfl_xor", "__ballot", "__any", "__all")


class Calls(Places):
    """Compiles calls; `statement` comes from the class that compiles statements."""

    statement: Callable[..., Any]
    inside: tuple[str, ...] = ()  # the functions that are being compiled, the outermost first
    in_loop: int = 0
    unused: c_ast.Node | None = None  # the call whose result nobody takes
    returns: tuple[Type, int] | None = None  # the type and slot of what the present function returns

    def on_FuncCall(self, node: c_ast.FuncCall) -> Expression:
        if not isinstance(node.name, c_ast.ID):
            raise self.error(node, "a call through a pointer", "name the function")
        name = node.name.name
        arguments = list(node.args.exprs) if node.args else []
        if name in self.functions:
            return self._device_function(node, name, arguments)
        if name == "__syncthreads":
            self._arity(node, name, arguments, 0)
            return self._barrier(node)
        if name == "__syncwarp":
            return self._warp_barrier(node, arguments)
        if name in SHUFFLES:
            return self._shuffle(node, name, arguments)
        if name in VOTES:
            return self._vote(node, name, arguments)
        if name in ATOMICS or name == "atomicCAS":
            return self._atomic(node, name, arguments)
        if name in FENCES:
            return Expression(VOID, _fence)
        if name in READS:
            self._arity(node, name, arguments, 1)
            return self.on_UnaryOp(c_ast.UnaryOp("*", arguments[0], node.coord))
        if name == "printf":
            return self._printf(node, arguments)
        if name in FUNCTIONS:
            return self._function(node, name, FUNCTIONS[name], arguments)
        if name in BEFORE_VOLTA:
            raise self.error(node, f"{name} went out with Volta", f"use {name}_sync(0xffffffff, ...)")
        raise self.error(node, f"there is no function {name}", self._near(name))

    def _near(self, name: str) -> str:
        from difflib import get_close_matches

        known = [*FUNCTIONS, *SHUFFLES, *VOTES, *ATOMICS, "atomicCAS", "__syncthreads", "__syncwarp", *self.functions]
        if name == "assert":
            return 'write if (!(...)) printf("..."); the sanitizer checks bounds and races by itself'
        near = get_close_matches(name, known, 3)
        return f"did you mean {' or '.join(near)}?" if near else "define it as a __device__ function in this file"

    def _arity(self, node: c_ast.Node, name: str, arguments: list[Any], *allowed: int) -> None:
        if len(arguments) not in allowed:
            expected = " or ".join(map(str, allowed))
            raise self.error(node, f"{name} with {len(arguments)} arguments", f"it takes {expected}")

    def _function(self, node: c_ast.FuncCall, name: str, function: Function, arguments: list[c_ast.Node]) -> Expression:
        """A function of numbers; one of several types takes C's common type of its arguments."""
        self._arity(node, name, arguments, len(function.arguments))
        given = [self.expression(argument) for argument in arguments]
        result = function.result
        kinds = function.arguments
        if None in kinds:
            numbers = [self.number(argument)[1] for argument in arguments]
            kind = numbers[0]
            for other in numbers[1:] or numbers:
                kind = common(kind, other)
            if not kind.is_float and name not in ("min", "max", "abs"):
                kind = DOUBLE
            kinds, result = (kind,) * len(given), result or kind
        runs = [self.converted(e, k, a).run for e, k, a in zip(given, kinds, arguments, strict=True)]  # type: ignore[arg-type]
        done = function.run
        if len(runs) == 1:
            (only,) = runs

            def run(machine: Machine, mask: Mask) -> Any:
                return done(only(machine, mask))
        else:

            def run(machine: Machine, mask: Mask) -> Any:
                return done(*[part(machine, mask) for part in runs])

        assert result is not None
        line = self.source.where(node)[0]
        expression = Expression(result, counted(run, line, function.flops) if function.flops else run)
        if any(e.constant is None for e in given) or isinstance(result, Vector):
            return expression
        return self._folded(Expression(result, run), *given)

    # ----------------------------------------------------------------- threads together

    def _barrier(self, node: c_ast.Node) -> Expression:
        line, _ = self.source.where(node)

        def run(machine: Machine, mask: Mask) -> None:
            machine.sanitizer.barrier(machine, line, mask)

        return Expression(VOID, run)

    def _lanes_named(self, node: c_ast.Node, name: str, argument: c_ast.Node | None) -> Run:
        """Checks the mask that a warp function is given."""
        line, _ = self.source.where(node)
        if argument is None:
            return lambda machine, mask: named_lanes(machine, line, name, FULL, mask)
        bits = self.converted(self.number(argument)[0], UNSIGNED, node).run
        return lambda machine, mask: named_lanes(machine, line, name, bits(machine, mask), mask)

    def _warp_barrier(self, node: c_ast.Node, arguments: list[c_ast.Node]) -> Expression:
        self._arity(node, "__syncwarp", arguments, 0, 1)
        check = self._lanes_named(node, "__syncwarp", arguments[0] if arguments else None)

        def run(machine: Machine, mask: Mask) -> None:
            check(machine, mask)
            machine.sanitizer.warp_barrier(machine.wave, mask)

        return Expression(VOID, run)

    def _shuffle(self, node: c_ast.Node, name: str, arguments: list[c_ast.Node]) -> Expression:
        self._arity(node, name, arguments, 3, 4)
        check, line = self._lanes_named(node, name, arguments[0]), self.source.where(node)[0]
        value = self.expression(arguments[1])
        if not isinstance(value.kind, Scalar | Vector) or value.kind == VOID:
            raise self.error(arguments[1], f"{name} of {value.kind}", "shuffle numbers")
        by = self.converted(self.number(arguments[2])[0], INT, node).run
        width = self.whole_number(arguments[3]) if len(arguments) == 4 else WARP
        if width not in (1, 2, 4, 8, 16, 32):
            raise self.error(arguments[3], f"a width of {width}", "the width is a power of two, at most 32")
        held, group = value.run, np.int32(width)

        def run(machine: Machine, mask: Mask) -> Any:
            check(machine, mask)
            return shuffle(machine, line, name, held(machine, mask), by(machine, mask), group, mask)

        return Expression(value.kind, run)

    def _vote(self, node: c_ast.Node, name: str, arguments: list[c_ast.Node]) -> Expression:
        kind = UNSIGNED if name in ("__ballot_sync", "__activemask") else INT
        if name == "__activemask":
            self._arity(node, name, arguments, 0)
            return Expression(kind, lambda machine, mask: vote(machine, name, None, mask))
        self._arity(node, name, arguments, 2)
        check, predicate = self._lanes_named(node, name, arguments[0]), self.truth(arguments[1]).run

        def run(machine: Machine, mask: Mask) -> Any:
            check(machine, mask)
            return vote(machine, name, predicate(machine, mask), mask)

        return Expression(kind, run)

    def _atomic(self, node: c_ast.FuncCall, name: str, arguments: list[c_ast.Node]) -> Expression:
        """One lane after another reads, computes and writes; the value before is returned."""
        self._arity(node, name, arguments, 3 if name == "atomicCAS" else 2)
        pointer = self.expression(arguments[0])
        kind = pointer.kind.target if isinstance(pointer.kind, Pointer) else getattr(pointer.kind, "row", None)
        if not isinstance(kind, Scalar) or kind == VOID:
            raise self.error(node, f"{name} at {pointer.kind}", "its first argument is a pointer to a number: &x[i]")
        if getattr(pointer.kind, "const", False):
            raise self.error(node, f"{name} through a pointer to const", "declare it without const")
        if kind.is_float and name not in ("atomicAdd", "atomicExch"):
            raise self.error(node, f"{name} of {kind}", "CUDA has it for whole numbers: use atomicCAS in a loop")
        operands = [self.converted(self.expression(a), kind, a).run for a in arguments[1:]]
        at, site, unused = pointer.run, self.site(node, name), node is self.unused
        update = ATOMICS.get(name)
        flops = int(kind.is_float)

        def run(machine: Machine, mask: Mask) -> Any:
            values = [operand(machine, mask) for operand in operands]
            if machine.counters is not None:
                machine.counters.line(site.line).flops += flops * mask.count
            place, at_once = at(machine, mask), AT_ONCE.get(name) if unused else None
            return _one_after_another(machine, site, place, kind, update, at_once, values, mask)

        return Expression(kind, run)

    def _printf(self, node: c_ast.FuncCall, arguments: list[c_ast.Node]) -> Expression:
        if not arguments or not isinstance(arguments[0], c_ast.Constant) or arguments[0].type != "string":
            raise self.error(node, "printf without a text", 'begin with one: printf("%d\\n", i)')
        text = re.sub(r"%([-+ #0]*\d*(?:\.\d+)?)(?:hh|h|ll|l|z)?u", r"%\1d", literal_text(arguments[0].value))
        text = re.sub(r"%([-+ #0]*\d*(?:\.\d+)?)(?:hh|h|ll|l|z)([dixX])", r"%\1\2", text)
        runs = [self.number(argument)[0].run for argument in arguments[1:]]

        def run(machine: Machine, mask: Mask) -> Any:
            columns = [spread(part(machine, mask), machine) for part in runs]
            for lane in mask.index:
                values = tuple(column[lane].item() for column in columns)
                machine.printed.append((int(machine.number[lane]), text % values))
            return np.int32(len(text))

        return Expression(INT, run)

    # ----------------------------------------------------------------- functions of the file

    def _device_function(self, node: c_ast.FuncCall, name: str, arguments: list[c_ast.Node]) -> Expression:
        if name in self.inside:
            raise self.error(node, f"{name} calls itself", "use a loop: recursion isn't simulated")
        function = self.functions[name]
        declared = function.decl.type
        parameters = [p for p in (declared.args.params if declared.args else []) if not is_void(p)]
        self._arity(node, name, arguments, len(parameters))
        result = self.type_of(declared.type)
        outer = self.scopes, self.inside, self.returns, self.in_loop
        given = []
        for parameter, argument in zip(parameters, arguments, strict=True):
            kind = self.type_of(parameter.type)
            if not isinstance(kind, Scalar | Vector | Pointer):
                kind = Pointer(kind.element, "const" in parameter.quals)
            given.append((parameter, kind, self.converted(self.expression(argument), kind, argument).run))
        self.scopes, self.inside, self.in_loop = [self.scopes[0], {}], (*self.inside, name), 0
        slots = []
        for parameter, kind, _ in given:
            slot = self.new_slot(parameter.name, kind)
            self.scopes[-1][parameter.name] = Symbol(kind, slot)
            slots.append(slot)
        returned = self.new_slot(f"({name})", result)
        self.returns = (result, returned)
        try:
            body = self.statement(function.body)
        finally:
            self.scopes, self.inside, self.returns, self.in_loop = outer
        runs = [run for _, _, run in given]
        line, _ = self.source.where(node)

        def call(machine: Machine, mask: Mask) -> Any:
            values = [run(machine, mask) for run in runs]
            machine.depth += 1
            for slot, value in zip(slots, values, strict=True):
                machine.declare(slot, value, mask)
            machine.declare(returned, None, mask)
            loops, machine.loops = machine.loops, []
            body(machine, mask)
            machine.loops = loops
            machine.depth -= 1
            return None if result == VOID else machine.value(returned, line, mask)

        return Expression(result, call)


def _fence(machine: Machine, mask: Mask) -> None:
    if machine.races is not None:
        machine.races.fence(machine, mask)


def is_void(parameter: c_ast.Node) -> bool:
    """`f(void)`: no parameter."""
    kind = getattr(getattr(parameter, "type", None), "type", None)
    return isinstance(kind, c_ast.IdentifierType) and kind.names == ["void"] and not getattr(parameter, "name", None)


def _one_after_another(
    machine: Machine,
    site: Site,
    address: Address,
    kind: Scalar,
    update: Callable[[Any, Any], Any] | None,
    at_once: np.ufunc | None,
    values: list[Any],
    mask: Mask,
) -> Any:
    """An atomic by all lanes of the mask, in their order; without `update` it is compare-and-swap.

    `at_once` does all of it where nobody takes the values before.
    """
    buffer = address.buffer
    if buffer.space == "local":
        raise TypeError(f"line {site.line}: {site.text} on {buffer.name}, a thread's own: plain assignment does")
    allowed, offsets, start = memory.checked(machine, site, address, kind, mask, "atomic")
    before = np.zeros(machine.wave.size, kind.dtype)
    if allowed is None:
        return before
    machine.observe(site, buffer, offsets, kind, allowed, "atomic")
    view, lanes = buffer.view(kind.dtype), allowed.index
    operands = [np.broadcast_to(value, before.shape)[lanes] for value in values]
    if at_once is not None:
        at_once.at(view, start, operands[0])
        return before
    for position, lane in enumerate(lanes):
        place = start[position]
        old = before[lane] = view[place]
        if update is not None:
            view[place] = update(old, operands[0][position])
        elif old == operands[0][position]:
            view[place] = operands[1][position]
    return before
