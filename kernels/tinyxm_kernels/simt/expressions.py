"""From C's expressions to functions on lanes: each becomes one Python function `run(machine, mask)`, made once.

Types are known beforehand, as C has it, so that what runs is NumPy's operation and nothing else. A value that is the
same for all lanes stays one number (a loop's counter, an argument), and costs next to nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycparser import c_ast

from tinyxm_kernels.simt.lanes import Mask
from tinyxm_kernels.simt.machine import Machine
from tinyxm_kernels.simt.memory import Address, Buffer, Site
from tinyxm_kernels.simt.operators import ARITHMETIC, COMPARISONS, WHOLE, conversion, distance, selected
from tinyxm_kernels.simt.source import Source
from tinyxm_kernels.simt.types import (
    BOOL,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    NAMED,
    UNSIGNED,
    UNSIGNED_LONG,
    VOID,
    Array,
    Pointer,
    Scalar,
    Type,
    common,
    integer,
    promoted,
)

Run = Callable[[Machine, Mask], Any]


@dataclass
class Expression:
    """A piece of the program: its type in C, and what computes it."""

    kind: Type
    run: Run
    constant: Any = None  # its value, where it is known before any launch


@dataclass
class Symbol:
    """A name: a variable in a slot, something in memory at the address in the slot, or a constant."""

    kind: Type
    slot: int = -1
    in_memory: bool = False
    const: bool = False
    constant: Any = None


def counted(run: Run, line: int, flops: int) -> Run:
    """`run`, with its floating-point operations counted for the lanes that need it."""

    def counting(machine: Machine, mask: Mask) -> Any:
        if machine.counters is not None:
            machine.counters.line(line).flops += flops * mask.count
        return run(machine, mask)

    return counting


class Expressions:
    """Compiles expressions of one kernel; what a name means is looked up in `scopes`, the innermost last."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.scopes: list[dict[str, Symbol]] = [{}]
        self.slots: list[tuple[str, Type]] = []
        self.sites: list[Site] = []
        self.functions: dict[str, c_ast.FuncDef] = {}

    def error(self, node: c_ast.Node, construct: str, instead: str = "") -> Exception:
        return self.source.error(node, construct, instead)

    def new_slot(self, name: str, kind: Type) -> int:
        self.slots.append((name, kind))
        return len(self.slots) - 1

    def site(self, node: c_ast.Node, text: str = "") -> Site:
        line, column = self.source.where(node)
        self.sites.append(Site(len(self.sites), line, column, text))
        return self.sites[-1]

    def lookup(self, node: c_ast.ID) -> Symbol:
        for scope in reversed(self.scopes):
            if node.name in scope:
                return scope[node.name]
        raise self.error(node, f"{node.name} is not declared", "declare it, or give it by #define")

    def type_of(self, node: Any) -> Type:
        """The type that a declaration or a cast names."""
        if isinstance(node, c_ast.Typename | c_ast.Decl):
            return self.type_of(node.type)
        if isinstance(node, c_ast.PtrDecl):
            target = self.type_of(node.type)
            if isinstance(target, Array):
                raise self.error(node, "a pointer to an array", "use a pointer to its elements, and compute the index")
            return Pointer(target, "const" in (getattr(node.type, "quals", None) or ()))
        if isinstance(node, c_ast.ArrayDecl):
            inner = self.type_of(node.type)
            size = -1 if node.dim is None else self.whole_number(node.dim)
            if isinstance(inner, Pointer):
                raise self.error(node, "an array of pointers", "use one array, and compute the index")
            shape = inner.shape if isinstance(inner, Array) else ()
            element = inner.element if isinstance(inner, Array) else inner
            return Array(element, (size, *shape), "const" in (node.dim_quals or ()))
        if isinstance(node, c_ast.TypeDecl):
            return self.type_of(node.type)
        if isinstance(node, c_ast.IdentifierType):
            words = list(node.names)
            named = NAMED.get(words[0]) if len(words) == 1 else None
            kind = named or self.typedef(words) or integer(words)
            if kind is not None:
                return kind
            raise self.error(node, f"the type {' '.join(words)}", f"the subset has {', '.join(sorted(NAMED))}")
        raise self.error(
            node, f"a {type(node).__name__.lower()} as a type", "use numbers, float4 and its like, pointers"
        )

    def typedef(self, words: list[str]) -> Type | None:
        name = words[0] if len(words) == 1 else ""
        for scope in reversed(self.scopes):
            if f"typedef {name}" in scope:
                return scope[f"typedef {name}"].kind
        return None

    def whole_number(self, node: c_ast.Node) -> int:
        """A size that must be known before the launch."""
        value = self.expression(node).constant
        if value is None:
            raise self.error(node, "a size that isn't known before the launch", "use a number, #define or const int")
        return int(value)

    # ----------------------------------------------------------------- conversions

    def converted(self, expression: Expression, kind: Type, node: c_ast.Node) -> Expression:
        """The same value as another type, as C converts on its own."""
        have = expression.kind
        if have == kind:
            return expression
        if isinstance(kind, Scalar) and isinstance(have, Scalar) and VOID not in (kind, have):
            run, convert = expression.run, conversion(have, kind)
            constant = None if expression.constant is None else convert(expression.constant)
            if constant is not None:
                return Expression(kind, lambda machine, mask: constant, constant)
            return Expression(kind, lambda machine, mask: convert(run(machine, mask)))
        if isinstance(kind, Pointer) and expression.constant is not None and int(expression.constant) == 0:
            null = Address(Buffer("a null pointer", "global", np.zeros(0, np.float32), np.dtype(np.float32), 0))
            return Expression(kind, lambda machine, mask: null)
        if isinstance(kind, Pointer) and isinstance(have, Pointer | Array):
            target = have.target if isinstance(have, Pointer) else have.element
            if target != kind.target:
                raise self.error(node, f"{have} where {kind} is expected", f"convert it: ({kind})...")
            if have.const and not kind.const:
                raise self.error(node, f"{have} where {kind} is expected", "declare the pointer const")
            return Expression(kind, expression.run)
        raise self.error(node, f"{have} where {kind} is expected")

    def truth(self, node: c_ast.Node) -> Expression:
        """A condition: one bool, or one per lane."""
        expression = self.expression(node)
        run = expression.run
        if isinstance(expression.kind, Pointer | Array):
            return Expression(BOOL, lambda machine, mask: np.bool_(run(machine, mask).buffer.length > 0))
        if isinstance(expression.kind, Scalar) and expression.kind != VOID:
            return self.converted(expression, BOOL, node)
        raise self.error(node, f"{expression.kind} as a condition", "compare it with something")

    # ----------------------------------------------------------------- expressions

    def expression(self, node: c_ast.Node) -> Expression:
        method = getattr(self, f"on_{type(node).__name__}", None)
        if method is None:
            raise self.error(node, f"{type(node).__name__} isn't in the subset")
        return method(node)

    def number(self, node: c_ast.Node) -> tuple[Expression, Scalar]:
        """An expression that must be a number."""
        expression = self.expression(node)
        if not isinstance(expression.kind, Scalar) or expression.kind == VOID:
            raise self.error(node, f"{expression.kind} where a number is expected", "vectors' parts are .x .y .z .w")
        return expression, expression.kind

    def on_Constant(self, node: c_ast.Constant) -> Expression:
        text = node.value.lower()
        if node.type in ("float", "double", "long double"):
            kind = FLOAT if text.endswith("f") and not text.startswith("0x") else DOUBLE
            digits = text.rstrip("fl") if not text.startswith("0x") else text
            value = kind.dtype.type(float.fromhex(digits) if digits.startswith("0x") else float(digits))
        elif node.type == "char":
            kind, value = INT, np.int32(ord(literal_text(node.value)))
        elif "int" in node.type:
            digits = text.rstrip("ul")
            octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
            plain = int(digits, 8 if octal else 0)
            unsigned, long = "u" in text[len(digits) :], "l" in text[len(digits) :]
            fits = [
                kind
                for kind in (INT, UNSIGNED, LONG, UNSIGNED_LONG)
                if plain <= np.iinfo(kind.dtype).max
                and (not unsigned or kind.dtype.kind == "u")
                and (not long or kind.size == 8)
                and (kind.dtype.kind == "i" or unsigned or digits.startswith("0x"))
            ]
            if not fits:
                raise self.error(node, f"{node.value} is too large for any integer")
            kind, value = fits[0], fits[0].dtype.type(plain)
        else:
            raise self.error(node, f"a {node.type} here", "text stands only in printf")
        return Expression(kind, lambda machine, mask: value, value)

    def on_UnaryOp(self, node: c_ast.UnaryOp) -> Expression:
        operator = node.op
        if operator == "sizeof":
            kind = self.type_of(node.expr) if isinstance(node.expr, c_ast.Typename) else self.expression(node.expr).kind
            size = np.uint64(kind.size)
            return Expression(UNSIGNED_LONG, lambda machine, mask: size, size)
        if operator == "!":
            truth = self.truth(node.expr)
            return self._folded(Expression(BOOL, lambda machine, mask: ~truth.run(machine, mask)), truth)
        inner, kind = self.number(node.expr)
        inner = self.converted(inner, promoted(kind), node)
        run, done = inner.run, {"-": np.negative, "~": np.invert, "+": np.positive}.get(operator)
        if done is None or (operator == "~" and promoted(kind).is_float):
            raise self.error(node, f"{operator} of {kind}")
        return self._folded(Expression(inner.kind, lambda machine, mask: done(run(machine, mask))), inner)

    def _folded(self, expression: Expression, *operands: Expression) -> Expression:
        """Known beforehand where all that it is made of is."""
        if all(operand.constant is not None for operand in operands):
            with np.errstate(all="ignore"):
                value = expression.run(None, None)  # type: ignore[arg-type]  # constants ask nothing of a machine
            return Expression(expression.kind, lambda machine, mask: value, value)
        return expression

    def on_BinaryOp(self, node: c_ast.BinaryOp) -> Expression:
        if node.op in ("&&", "||"):
            return self._short_circuit(node)
        return self.binary(node, node.op, self.expression(node.left), self.expression(node.right))

    def _short_circuit(self, node: c_ast.BinaryOp) -> Expression:
        """The right side is evaluated only in lanes that the left one leaves undecided."""
        sides, both = (self.truth(node.left), self.truth(node.right)), node.op == "&&"
        left, right = (side.run for side in sides)

        def run(machine: Machine, mask: Mask) -> Any:
            first = left(machine, mask)
            holds, fails = mask.split(first)
            rest = holds if both else fails
            if rest is None:
                return first
            second = right(machine, rest)
            return first & second if both else first | second

        known = [side.constant for side in sides]
        if known[0] is not None and (bool(known[0]) != both or known[1] is not None):
            value = np.bool_(all(known) if both else any(known))
            return Expression(BOOL, lambda machine, mask: value, value)
        return Expression(BOOL, run)

    def binary(self, node: c_ast.Node, operator: str, left: Expression, right: Expression) -> Expression:
        """`left operator right` of numbers, or a step of a pointer."""
        kinds = (left.kind, right.kind)
        if any(isinstance(kind, Pointer | Array) for kind in kinds):
            return self._of_pointers(node, operator, left, right)
        if not all(isinstance(kind, Scalar) and kind != VOID for kind in kinds):
            raise self.error(node, f"{left.kind} {operator} {right.kind}", "compute with the parts, .x .y .z .w")
        if operator in ("<<", ">>"):
            kind = promoted(left.kind)  # type: ignore[arg-type]  # they are scalars here, as below
            right = self.converted(right, kind, node)
        else:
            kind = common(*kinds)  # type: ignore[arg-type]
            right = self.converted(right, kind, node)
        left = self.converted(left, kind, node)
        a, b, line = left.run, right.run, self.source.where(node)[0]
        if operator in COMPARISONS:
            compare = COMPARISONS[operator]
            return self._folded(
                Expression(BOOL, lambda machine, mask: compare(a(machine, mask), b(machine, mask))), left, right
            )
        table = ARITHMETIC if kind.is_float else WHOLE
        if operator not in table:
            raise self.error(node, f"{operator} of {kind}", "fmodf(x, y) gives the remainder" * (operator == "%"))
        operation = table[operator]

        def run(machine: Machine, mask: Mask) -> Any:
            return operation(a(machine, mask), b(machine, mask))

        if left.constant is not None and right.constant is not None:
            return self._folded(Expression(kind, run), left, right)
        return Expression(kind, counted(run, line, 1) if kind.is_float else run)

    def _of_pointers(self, node: c_ast.Node, operator: str, left: Expression, right: Expression) -> Expression:
        """A step of a pointer, the distance of two, or their comparison."""
        first, second = self._as_pointer(left), self._as_pointer(right)
        a, b = left.run, right.run
        if operator in ("==", "!=") and (first is None or second is None):  # with NULL
            other, number = (first, right) if first else (second, left)
            null = self.converted(number, other or Pointer(FLOAT), node)
            sides = (left, null) if first else (null, right)
            return self._of_pointers(node, operator, *sides)
        if first is not None and second is not None:
            size = first.target.size
            if operator == "-":
                return Expression(LONG, lambda m, k: distance(a(m, k), b(m, k), size))
            if operator in COMPARISONS:
                compare = COMPARISONS[operator]
                return Expression(BOOL, lambda m, k: compare(distance(a(m, k), b(m, k), 1), np.int64(0)))
        pointer, number = (first, right) if first else (second, left)
        if pointer and operator in ("+", "-") and (first or operator == "+"):
            at, steps = (a, b) if first else (b, a)
            if isinstance(number.kind, Scalar) and not number.kind.is_float:
                sign, size = np.int64(1 if operator == "+" else -1), pointer.target.size
                return Expression(pointer, lambda m, k: at(m, k).moved(steps(m, k).astype(np.int64) * sign, size))
        raise self.error(node, f"{left.kind} {operator} {right.kind}")

    def _as_pointer(self, expression: Expression) -> Pointer | None:
        if isinstance(expression.kind, Array):
            return Pointer(expression.kind.row, expression.kind.const)
        return expression.kind if isinstance(expression.kind, Pointer) else None

    def on_TernaryOp(self, node: c_ast.TernaryOp) -> Expression:
        truth = self.truth(node.cond)
        condition, known = truth.run, truth.constant
        yes, no = self.expression(node.iftrue), self.expression(node.iffalse)
        if isinstance(yes.kind, Scalar) and isinstance(no.kind, Scalar) and VOID not in (yes.kind, no.kind):
            kind: Type = yes.kind if yes.kind == no.kind else common(yes.kind, no.kind)
        else:
            kind = Pointer(yes.kind.row, yes.kind.const) if isinstance(yes.kind, Array) else yes.kind
        first, second = self.converted(yes, kind, node.iftrue), self.converted(no, kind, node.iffalse)
        if known is not None:
            return first if known else second
        a, b = first.run, second.run

        def run(machine: Machine, mask: Mask) -> Any:
            decided = condition(machine, mask)
            holds, fails = mask.split(decided)
            if fails is None:
                return a(machine, mask)
            if holds is None:
                return b(machine, mask)
            return selected(decided, a(machine, holds), b(machine, fails))

        return Expression(kind, run)

    def on_Cast(self, node: c_ast.Cast) -> Expression:
        kind, inner = self.type_of(node.to_type), self.expression(node.expr)
        if isinstance(kind, Pointer) and isinstance(inner.kind, Pointer | Array):
            if inner.kind.const and not kind.const:
                raise self.error(node, f"a cast of {inner.kind} to {kind}", f"keep it const: (const {kind})...")
            return Expression(kind, inner.run)
        if kind == VOID:
            return Expression(VOID, inner.run)
        return self.converted(inner, kind, node)

    def on_ExprList(self, node: c_ast.ExprList) -> Expression:
        """a, b: the last one's value."""
        parts = [self.expression(part) for part in node.exprs]
        runs = [part.run for part in parts]

        def run(machine: Machine, mask: Mask) -> Any:
            value = None
            for part in runs:
                value = part(machine, mask)
            return value

        return Expression(parts[-1].kind, run)


def literal_text(literal: str) -> str:
    """The text that a literal of C stands for."""
    return ast.literal_eval(literal)
