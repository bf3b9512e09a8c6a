"""From C's statements to functions on lanes: `run(machine, mask)` gives back the lanes that go on to the next one.

Lanes that `return`, `break` or `continue` aren't among them; the others are. An `if` runs one branch after the other,
each under its own mask; a loop runs as long as any lane wants to. That is how a warp diverges, and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pycparser import c_ast

from tinyxm_kernels.simt import memory
from tinyxm_kernels.simt.calls import Calls
from tinyxm_kernels.simt.expressions import Run, Symbol
from tinyxm_kernels.simt.lanes import Mask, union
from tinyxm_kernels.simt.machine import MOST_TURNS, LaunchError, Loop, Machine
from tinyxm_kernels.simt.memory import Address, Buffer
from tinyxm_kernels.simt.source import Source
from tinyxm_kernels.simt.types import VOID, Array, Pointer, Scalar, Vector

Step = Callable[[Machine, Mask], Mask | None]


class Statements(Calls):
    """Compiles statements: a kernel's body, and what its file says outside of functions."""

    def __init__(self, source: Source, addressed: frozenset[str] = frozenset()) -> None:
        super().__init__(source)
        self.addressed = addressed  # variables whose address is taken: they live in memory
        self.shared = 0  # bytes of static shared memory
        self.shared_keys: set[str] = set()
        self.constants: dict[int, Address] = {}
        self.parameters: list[int] = []  # their slots

    def statement(self, node: c_ast.Node | None) -> Step:
        if node is None or isinstance(node, c_ast.EmptyStatement | c_ast.Pragma):
            return lambda machine, mask: mask
        method = getattr(self, f"do_{type(node).__name__}", None)
        if method is not None:
            return method(node)
        if isinstance(node, c_ast.FuncCall):
            self.unused = node
        kind = {"Assignment": "assignment", "FuncCall": "call"}.get(type(node).__name__, "expression")
        if isinstance(node, c_ast.FuncCall) and getattr(node.name, "name", "") in ("__syncthreads", "__syncwarp"):
            kind = "barrier"
        if isinstance(node, c_ast.UnaryOp) and node.op in ("p++", "p--", "++", "--"):
            kind = "assignment"
        if not hasattr(self, f"on_{type(node).__name__}"):
            raise self.error(node, f"{type(node).__name__.lower()} isn't in the subset", "use if, for, while, do")
        return self._simple(node, kind, self.expression(node).run)

    def _simple(self, node: c_ast.Node, kind: str, run: Run) -> Step:
        """A statement that all lanes go on from."""
        begin = self._begin(node, kind)

        def step(machine: Machine, mask: Mask) -> Mask:
            begin(machine, mask)
            run(machine, mask)
            return mask

        return step

    def _begin(self, node: c_ast.Node, kind: str) -> Callable[[Machine, Mask], None]:
        line, column = self.source.where(node)

        def begin(machine: Machine, mask: Mask) -> None:
            if machine.counters is not None:
                machine.counters.statement(line, mask)
            if machine.tracer is not None:
                machine.tracer.begin(machine, line, column, kind, mask)

        return begin

    def do_Compound(self, node: c_ast.Compound) -> Step:
        self.scopes.append({})
        steps = [self.statement(item) for item in node.block_items or []]
        self.scopes.pop()

        def run(machine: Machine, mask: Mask) -> Mask | None:
            going: Mask | None = mask
            for step in steps:
                if going is None:
                    return None
                going = step(machine, going)
            return going

        return run

    def do_DeclList(self, node: c_ast.DeclList) -> Step:
        steps = [self.statement(item) for item in node.decls]

        def run(machine: Machine, mask: Mask) -> Mask:
            for step in steps:
                step(machine, mask)
            return mask

        return run

    def do_Typedef(self, node: c_ast.Typedef) -> Step:
        self.scopes[-1][f"typedef {node.name}"] = Symbol(self.type_of(node.type))
        return lambda machine, mask: mask

    # ----------------------------------------------------------------- declarations

    def do_Decl(self, node: c_ast.Decl) -> Step:
        if isinstance(node.type, c_ast.FuncDecl):
            return lambda machine, mask: mask
        if node.name in self.scopes[-1]:
            raise self.error(node, f"{node.name} is declared twice", "give one of them another name")
        if "_Thread_local" in node.storage:
            return self._shared(node)
        kind = self.type_of(node.type)
        const = "const" in (node.type.quals if isinstance(node.type, c_ast.PtrDecl) else node.quals)
        if isinstance(kind, Array):
            return self._local_array(node, kind, const)
        if kind == VOID:
            raise self.error(node, f"{node.name} of type void")
        if node.name in self.addressed:
            if isinstance(kind, Pointer):
                raise self.error(node, f"the address of the pointer {node.name}", "return it, or pass an index")
            return self._local_array(node, kind, const)
        if isinstance(node.init, c_ast.InitList):
            mend = f"make_{kind}(...) makes one" if isinstance(kind, Vector) else "write the number alone"
            raise self.error(node, f"{node.name} = {{...}}, which is no array", mend)
        initial = None if node.init is None else self.converted(self.expression(node.init), kind, node)
        if const and initial is not None and initial.constant is not None:
            self.scopes[-1][node.name] = Symbol(kind, constant=initial.constant, const=True)
            return lambda machine, mask: mask
        slot = self.new_slot(node.name, kind)
        self.scopes[-1][node.name] = Symbol(kind, slot, const=const)
        if initial is None:

            def undefined(machine: Machine, mask: Mask) -> Mask:
                machine.declare(slot, None, mask)
                return mask

            return undefined
        run = initial.run
        begin = self._begin(node, "declaration")

        def declare(machine: Machine, mask: Mask) -> Mask:
            begin(machine, mask)
            machine.declare(slot, run(machine, mask), mask)
            return mask

        return declare

    def _shared(self, node: c_ast.Decl) -> Step:
        """`__shared__`: one for the block; `extern` leaves its length to the launch."""
        kind = self.type_of(node.type)
        dynamic = "extern" in node.storage
        if node.init is not None:
            raise self.error(
                node, f"{node.name} is shared and has a value", "let the threads write it, then __syncthreads()"
            )
        if isinstance(kind, Pointer):
            raise self.error(node, f"a shared pointer {node.name}", "keep pointers in variables of each thread")
        array = kind if isinstance(kind, Array) else Array(kind, (1,))
        if dynamic and array.shape != (-1,):
            raise self.error(node, f"{node.name} is extern and has a size", "write extern __shared__ float name[];")
        if not dynamic and -1 in array.shape:
            raise self.error(
                node, f"{node.name} has no size", "give one, or write extern and pass shared= at the launch"
            )
        slot = self.new_slot(node.name, array)
        self.scopes[-1][node.name] = Symbol(kind, slot, in_memory=not isinstance(kind, Array))
        # In a __device__ function, which is compiled at each call, it is still one array
        key, name = "" if dynamic else f"{node.name}:{id(node)}", node.name
        if not dynamic and key not in self.shared_keys:
            self.shared_keys.add(key)
            self.shared = -(-self.shared // 16) * 16 + array.size

        def run(machine: Machine, mask: Mask) -> Mask:
            machine.values[slot] = machine.shared_array(key, name, array)
            return mask

        return run

    def _local_array(self, node: c_ast.Decl, kind: Array | Scalar | Vector, const: bool) -> Step:
        array = kind if isinstance(kind, Array) else Array(kind, (1,))
        if -1 in array.shape:
            if not isinstance(node.init, c_ast.InitList):
                raise self.error(node, f"{node.name} has no size", "give one")
            array = Array(array.element, (len(node.init.exprs), *array.shape[1:]), const)
        fills = self._initial(node, array)
        slot, name = self.new_slot(node.name, array), node.name
        self.scopes[-1][name] = Symbol(
            array if isinstance(kind, Array) else kind, slot, not isinstance(kind, Array), const
        )
        element, site, begin = array.element, self.site(node), self._begin(node, "declaration")
        filled = isinstance(node.init, c_ast.InitList)

        def run(machine: Machine, mask: Mask) -> Mask:
            address = machine.local_array(name, array, filled)
            machine.values[slot] = address
            if fills:
                begin(machine, mask)
                for place, fill in fills:
                    at = address.moved(np.int64(place), element.size)
                    memory.store(machine, site, at, element, fill(machine, mask), mask)
            return mask

        return run

    def _initial(self, node: c_ast.Decl, array: Array) -> list[tuple[int, Run]]:
        """(element, value) of `= {…}`; what isn't named is 0, and it is known already."""
        if node.init is None:
            return []
        if not isinstance(node.init, c_ast.InitList):
            if array.shape != (1,):
                raise self.error(node, f"{node.name} = something", "give an array its values in braces")
            return [(0, self.converted(self.expression(node.init), array.element, node).run)]
        values = [
            (place, self.converted(self.expression(value), array.element, value))
            for place, value in self._flat(node.init, array.shape, 0)
        ]
        return [(place, value.run) for place, value in values if value.constant is None or np.any(value.constant != 0)]

    def _flat(self, values: c_ast.InitList, shape: tuple[int, ...], start: int) -> list[tuple[int, c_ast.Node]]:
        flat: list[tuple[int, c_ast.Node]] = []
        step = int(np.prod(shape[1:]))
        if len(values.exprs) > shape[0] and not all(not isinstance(v, c_ast.InitList) for v in values.exprs):
            raise self.error(values, f"{len(values.exprs)} values for {shape[0]} rows")
        for number, value in enumerate(values.exprs):
            if isinstance(value, c_ast.InitList):
                flat += self._flat(value, shape[1:] or (1,), start + number * step)
            else:
                flat.append((start + number, value))
        if flat and flat[-1][0] >= start + shape[0] * step:
            raise self.error(values, f"{len(values.exprs)} values for {shape[0] * step} elements")
        return flat

    def constant(self, node: c_ast.Decl) -> None:
        """`__constant__` or const numbers of the file: read like memory, or known beforehand."""
        if node.init is None:
            mend = "give its values here, in braces (nothing copies them there later), or pass it as an argument"
            raise self.error(node, f"{node.name} outside all functions, without values", mend)
        kind = self.type_of(node.type)
        if not isinstance(kind, Array):
            value = self.converted(self.expression(node.init), kind, node).constant
            if value is None:
                raise self.error(
                    node, f"{node.name} outside all functions", "make it const with a known value, or pass it"
                )
            self.scopes[0][node.name] = Symbol(kind, constant=value, const=True)
            return
        element = kind.element
        if not isinstance(element, Scalar):
            raise self.error(node, f"an array of {element} outside all functions", "use an array of numbers")
        if -1 in kind.shape:
            rows = len(node.init.exprs) if isinstance(node.init, c_ast.InitList) else 0
            kind = Array(element, (rows, *kind.shape[1:]), True)
        data = np.zeros(int(np.prod(kind.shape)), element.dtype)
        for place, value in self._flat(node.init, kind.shape, 0):
            number = self.converted(self.expression(value), element, value).constant
            if number is None:
                raise self.error(value, "a value that isn't known before the launch", "use numbers")
            data[place] = number
        buffer = Buffer(node.name, "constant", data, element.dtype, data.size, kind.shape)
        slot = self.new_slot(node.name, kind)
        self.scopes[0][node.name] = Symbol(Array(kind.element, kind.shape, True), slot, const=True)
        self.constants[slot] = Address(buffer)

    # ----------------------------------------------------------------- control flow

    def do_If(self, node: c_ast.If) -> Step:
        condition = self.truth(node.cond).run
        yes, no = self._scoped(node.iftrue), self._scoped(node.iffalse)
        begin, line = self._begin(node, "branch"), self.source.where(node)[0]

        def run(machine: Machine, mask: Mask) -> Mask | None:
            begin(machine, mask)
            holds, fails = mask.split(condition(machine, mask))
            if machine.counters is not None:
                machine.counters.branch(line, mask, holds, fails)
            going = union(yes(machine, holds) if holds else None, no(machine, fails) if fails else None)
            return mask if going is not None and going.count == mask.count else going

        return run

    def _scoped(self, node: c_ast.Node | None) -> Step:
        self.scopes.append({})
        step = self.statement(node)
        self.scopes.pop()
        return step

    def do_For(self, node: c_ast.For) -> Step:
        self.scopes.append({})
        first = self.statement(node.init)
        loop = self._loop(node, node.cond, node.stmt, node.next, False)
        self.scopes.pop()

        def run(machine: Machine, mask: Mask) -> Mask | None:
            first(machine, mask)
            return loop(machine, mask)

        return run

    def do_While(self, node: c_ast.While) -> Step:
        return self._loop(node, node.cond, node.stmt, None, False)

    def do_DoWhile(self, node: c_ast.DoWhile) -> Step:
        return self._loop(node, node.cond, node.stmt, None, True)

    def _loop(
        self, node: c_ast.Node, cond: c_ast.Node | None, body: c_ast.Node, after: c_ast.Node | None, body_first: bool
    ) -> Step:
        condition = self.truth(cond).run if cond is not None else None
        self.in_loop += 1
        turn = self._scoped(body)
        self.in_loop -= 1
        advance = self.expression(after).run if after is not None else None
        begin, line = self._begin(cond or node, "loop"), self.source.where(cond or node)[0]
        next_at = self.source.where(after or node)

        def run(machine: Machine, mask: Mask) -> Mask | None:
            loop = Loop()
            machine.loops.append(loop)
            live: Mask | None = mask
            done: Mask | None = None
            turns, testing = 0, not body_first
            while live is not None:
                if testing and condition is not None:
                    begin(machine, live)
                    stay, leave = live.split(condition(machine, live))
                    if machine.counters is not None:
                        machine.counters.branch(line, live, stay, leave)
                    done, live = union(done, leave), stay
                    if live is None:
                        break
                testing = True
                loop.continued = None
                on = union(turn(machine, live), loop.continued)
                live = live if on is not None and on.count == live.count else on
                if live is not None and advance is not None:
                    if machine.tracer:  # a step of its own, or else the body's last would seem to do it
                        machine.tracer.begin(machine, *next_at, "expression", live)
                    advance(machine, live)
                turns += 1
                if turns > MOST_TURNS:
                    raise LaunchError(
                        f"line {line}: a loop has run {MOST_TURNS:,} times: does it end? Threads that wait for one "
                        "another in a loop, as for a lock, aren't simulated: all run in step"
                    )
            machine.loops.pop()
            done = union(done, loop.broken)
            return mask if done is not None and done.count == mask.count else done

        return run

    def do_Break(self, node: c_ast.Break) -> Step:
        return self._leave(node, "break")

    def do_Continue(self, node: c_ast.Continue) -> Step:
        return self._leave(node, "continue")

    def _leave(self, node: c_ast.Node, word: str) -> Step:
        if not self.in_loop:
            raise self.error(node, f"{word} outside a loop", "use return, or an if")
        begin = self._begin(node, word)

        def run(machine: Machine, mask: Mask) -> None:
            begin(machine, mask)
            loop = machine.loops[-1]
            if word == "break":
                loop.broken = union(loop.broken, mask)
            else:
                loop.continued = union(loop.continued, mask)

        return run

    def do_Return(self, node: c_ast.Return) -> Step:
        begin = self._begin(node, "return")
        if self.returns is None:
            if node.expr is not None:
                raise self.error(node, "a kernel that returns a value", "write it to an array; kernels are void")

            def leave(machine: Machine, mask: Mask) -> None:
                begin(machine, mask)
                machine.exited |= mask.lanes

            return leave
        kind, slot = self.returns
        if (node.expr is None) != (kind == VOID):
            raise self.error(node, f"a return {'with' if node.expr else 'without'} a value in a function of {kind}")
        if node.expr is None:
            return lambda machine, mask: begin(machine, mask)
        value: Any = self.converted(self.expression(node.expr), kind, node).run

        def give(machine: Machine, mask: Mask) -> None:
            begin(machine, mask)
            machine.assign(slot, value(machine, mask), mask)

        return give
