"""A file of CUDA C, ready to launch on NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from pycparser import c_ast

from tinyxm_kernels.cuda.devices import is_device_array
from tinyxm_kernels.cuda.packing import LARGEST_SHARED_BYTES, SHARED_BYTES, Parameter, check_limits, extent, pack
from tinyxm_kernels.simt.calls import is_void
from tinyxm_kernels.simt.counters import NOT_MODELLED, Counters
from tinyxm_kernels.simt.expressions import Symbol
from tinyxm_kernels.simt.lanes import WARP, Mask, Triple, waves
from tinyxm_kernels.simt.machine import LaunchError, Machine
from tinyxm_kernels.simt.memory import Address, Buffer
from tinyxm_kernels.simt.races import Races
from tinyxm_kernels.simt.sanitizer import Finding, Sanitizer
from tinyxm_kernels.simt.source import Source, read
from tinyxm_kernels.simt.statements import Statements, Step
from tinyxm_kernels.simt.trace import Tracer
from tinyxm_kernels.simt.types import BUILT_IN_TYPES, VOID, Array, Pointer, Scalar, Type, Vector


class Kernel:
    """One `__global__` function; compiled for the simulator when it is first launched."""

    def __init__(self, program: Program, function: c_ast.FuncDef) -> None:
        self.program, self.function = program, function
        self.name: str = function.decl.name
        self.line = program.source.where(function.decl)[0]
        self._compiled: tuple[Statements, Step] | None = None
        self._kinds: list[Type] = []
        compiler = Statements(program.source)
        program.prepare(compiler)
        declared = function.decl.type
        if compiler.type_of(declared.type) != VOID:
            raise compiler.error(function.decl, f"the kernel {self.name} returns a value", "kernels are void")
        parameters = []
        for node in declared.args.params if declared.args else []:
            if is_void(node):
                continue
            kind = compiler.type_of(node.type)
            if isinstance(kind, Array):
                kind = Pointer(kind.element, "const" in node.quals)
            self._kinds.append(kind)
            parameters.append(_parameter(node, kind, compiler))
        self.parameters = tuple(parameters)

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(f'{p.ctype} {p.name}' for p in self.parameters)})>"

    def compiled(self) -> tuple[Statements, Step]:
        if self._compiled is None:
            compiler = Statements(self.program.source, frozenset(_addressed(self.program.source.tree)))
            before = self.program.prepare(compiler)
            compiler.inside = (self.name,)
            compiler.scopes.append({})
            for parameter, kind in zip(self.parameters, self._kinds, strict=True):
                if parameter.name in compiler.addressed:
                    raise compiler.error(
                        self.function.decl, f"the address of the parameter {parameter.name}", "copy it to a variable"
                    )
                slot = compiler.new_slot(parameter.name, kind)
                compiler.scopes[-1][parameter.name] = Symbol(kind, slot)
                compiler.parameters.append(slot)
            try:
                body = compiler.statement(self.function.body)
            except RecursionError:
                raise compiler.error(self.function.decl, f"{self.name} is nested too deep", "divide it") from None

            def run(machine: Machine, mask: Mask) -> Mask | None:
                for step in before:
                    step(machine, mask)
                return body(machine, mask)

            self._compiled = compiler, run
        return self._compiled


@dataclass
class Run:
    """What a launch did: the arrays hold the result; this holds the rest."""

    kernel: str
    file: str
    grid: Triple
    block: Triple
    static_shared: int
    dynamic_shared: int
    findings: list[Finding]
    counters: Counters | None
    source: list[str]
    trace: dict[str, Any] | None = None
    printed: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The profile: for each line that did anything, what it would ask of the hardware."""
        return [] if self.counters is None else self.counters.by_line(self.source)

    @property
    def totals(self) -> dict[str, Any]:
        return {} if self.counters is None else self.counters.totals()

    def report(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "label": "model",
            "kernel": self.kernel,
            "file": self.file,
            "grid": list(self.grid),
            "block": list(self.block),
            "shared": {"static": self.static_shared, "dynamic": self.dynamic_shared},
            "findings": [finding.as_dict() for finding in self.findings],
            "lines": self.lines,
            "totals": self.totals,
            "occupancy": None,
            "not_modelled": list(NOT_MODELLED),
            "printed": self.printed,
            "source": self.source,
            "trace": self.trace,
        }


class Program:
    """A file of CUDA C, or its text. `defines` are those of `nvcc -D`; SubsetError says what isn't in the subset.

    >>> program = Program(Path("matmul.cu"), defines={"TILE": 16})
    >>> run = program.launch("matmul", grid=(4, 4), block=(16, 16), arguments=[a, b, c, 64, 64, 64])
    >>> run.findings, run.lines
    """

    def __init__(
        self, source: str | Path, defines: Mapping[str, object] | None = None, file: str | None = None
    ) -> None:
        text, name = read(source)
        self.text, self.file = text, file or name
        self.source = Source(text, self.file, defines or {})
        self.kernels: dict[str, Kernel] = {}
        functions = [node for node in self.source.tree.ext if isinstance(node, c_ast.FuncDef)]
        self.functions = {node.decl.name: node for node in functions if "_Noreturn" not in node.decl.funcspec}
        for node in functions:
            if "_Noreturn" in node.decl.funcspec:
                self.kernels[node.decl.name] = Kernel(self, node)
        if not self.kernels:
            raise ValueError(f'{self.file}: there is no kernel: one is written extern "C" __global__ void name(...)')

    def prepare(self, compiler: Statements) -> list[Step]:
        """What the file says outside its functions; returns what of it is to be done before a kernel's body."""
        compiler.functions = self.functions
        steps = []
        for node in self.source.tree.ext:
            if node.coord is None or node.coord.file != "kernel" or _is_prelude(node):
                continue
            if isinstance(node, c_ast.Typedef):
                compiler.do_Typedef(node)
            elif isinstance(node, c_ast.Decl) and not isinstance(node.type, c_ast.FuncDecl):
                if "_Thread_local" in node.storage and "extern" in node.storage:
                    steps.append(compiler.statement(node))
                elif "_Thread_local" in node.storage:
                    raise compiler.error(node, f"shared memory {node.name} outside a kernel", "declare it within")
                else:
                    compiler.constant(node)
        return steps

    def kernel(self, name: str) -> Kernel:
        if name not in self.kernels:
            raise ValueError(f"{self.file}: there is no kernel {name!r}; there are {', '.join(self.kernels)}")
        return self.kernels[name]

    def launch(
        self,
        name: str,
        grid: int | Sequence[int],
        block: int | Sequence[int],
        arguments: Sequence[Any],
        shared: int = 0,
        *,
        check: bool = True,
        count: bool = True,
        trace: tuple[int, int] | None = None,
        steps: int = 2000,
    ) -> Run:
        """Run a kernel on NumPy arrays, which it changes in place.

        `grid` blocks of `block` threads, as ints or (x, y, z); `shared` bytes of `extern __shared__` memory. `check`
        watches every access for races and uninitialised shared memory, `count` makes the profile; without both only
        bounds, alignment, barriers and warp masks are checked, at a fraction of the time. `trace` (block, warp) records
        that warp, at most `steps` statements. A wrong access is left out and told in `findings`; the launch goes on.

        Raises TypeError or ValueError for arguments that don't fit the kernel's parameters, LaunchError for a launch
        that no device could do.
        """
        kernel = self.kernel(name)
        grid, block = extent(name, "grid", grid), extent(name, "block", block)
        check_limits(name, grid, block, shared)
        packed = pack(name, kernel.parameters, arguments)
        if any(is_device_array(argument) for argument in packed):
            raise TypeError(f"{name}: an array is on a GPU, and the simulator runs on NumPy's: x.get() copies it")
        compiler, body = kernel.compiled()
        if compiler.shared > SHARED_BYTES:
            raise LaunchError(
                f"{name}: {compiler.shared} bytes of __shared__ arrays; at most {SHARED_BYTES} are known beforehand: "
                "make the arrays smaller, or one of them extern __shared__ and give its bytes at the launch"
            )
        if compiler.shared + shared > LARGEST_SHARED_BYTES:
            raise LaunchError(
                f"{name}: {compiler.shared} bytes of static and {shared} of dynamic shared memory; a block has at most "
                f"{LARGEST_SHARED_BYTES}: take smaller tiles"
            )
        values = _bound(kernel.parameters, packed)
        counters = Counters() if count else None
        warps = prod(grid) * -(-prod(block) // WARP)
        sanitizer, races = Sanitizer(compiler.sites, warps), Races(warps) if check else None
        tracer = None if trace is None else _tracer(name, trace, grid, block, steps, self.source.lines)
        printed: list[tuple[int, str]] = []
        with np.errstate(all="ignore"):
            for wave in waves(grid, block):
                machine = Machine(wave, compiler.slots, sanitizer, races, counters, shared)
                for slot, value in zip(compiler.parameters, values, strict=True):
                    machine.values[slot] = value
                for slot, address in compiler.constants.items():
                    machine.values[slot] = address
                if tracer is not None:
                    tracer.attach(machine)
                body(machine, wave.mask)
                if tracer is not None and machine.tracer is not None:
                    tracer.close(machine)
                printed += machine.printed
                if races is not None:
                    races.forget_shared()
        return Run(
            name,
            self.file,
            grid,
            block,
            compiler.shared,
            shared,
            list(sanitizer.findings.values()),
            counters,
            self.source.lines,
            tracer.as_dict() if tracer is not None else None,
            [text for _, text in printed],
        )


def _is_prelude(node: c_ast.Node) -> bool:
    return isinstance(node, c_ast.Typedef) and (node.name in BUILT_IN_TYPES or node.name == "bool")


def _addressed(tree: c_ast.Node) -> list[str]:
    """Names of variables whose address is taken anywhere in the file."""
    names = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, c_ast.UnaryOp) and node.op == "&" and isinstance(node.expr, c_ast.ID):
            names.append(node.expr.name)
        stack += [child for _, child in node.children()]
    return names


def _parameter(node: c_ast.Decl, kind: Type, compiler: Statements) -> Parameter:
    target = kind.target if isinstance(kind, Pointer) else kind
    if isinstance(target, Vector):
        target = target.element if isinstance(kind, Pointer) else target
    if not isinstance(target, Scalar) or target == VOID:
        raise compiler.error(
            node, f"a parameter of type {kind}", "kernels take numbers, and pointers to numbers or vectors"
        )
    const = isinstance(kind, Pointer) and kind.const
    return Parameter(node.name, str(kind), isinstance(kind, Pointer), target.dtype, const)


def _bound(parameters: Sequence[Parameter], packed: Sequence[Any]) -> list[Any]:
    """Packed arguments as the machine holds them: arrays as addresses of buffers, the same array as the same buffer."""
    buffers: dict[tuple[int, int, str], Buffer] = {}
    values: list[Any] = []
    for parameter, argument in zip(parameters, packed, strict=True):
        if not parameter.pointer:
            values.append(argument)
            continue
        array = np.zeros(0, parameter.dtype) if argument is None else argument
        name = f"{parameter.name} (null)" if argument is None else parameter.name
        key = array.__array_interface__["data"][0], array.nbytes, parameter.dtype.str
        if key not in buffers or not array.nbytes:
            buffers[key] = Buffer(name, "global", array.reshape(-1), parameter.dtype, array.size, array.shape or (1,))
        values.append(Address(buffers[key]))
    return values


def _tracer(name: str, trace: tuple[int, int], grid: Triple, block: Triple, steps: int, source: list[str]) -> Tracer:
    number, warp = trace
    warps = -(-prod(block) // WARP)
    if not 0 <= number < prod(grid) or not 0 <= warp < warps:
        raise ValueError(f"{name}: trace {trace}: blocks are 0 to {prod(grid) - 1}, warps of each 0 to {warps - 1}")
    return Tracer(name, number, warp, steps, source)
