"""A kernel's result against a formula: `c = a @ b`, in NumPy's words over the names of the kernel's parameters.

The formula is evaluated in float64 on what the kernel was given. It may use numbers, operators, comparisons, indexing,
`.T` and `.shape`, the functions below, and the operations of `tinyxm_kernels` by their reference rungs, so that
`y = layer_norm(x, weight, bias, 1e-5)` holds a kernel to the ladder's own truth. It is walked through node by node and
never given to `eval`: there is nothing else that it could reach.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "abs", "arange", "argmax", "argmin", "broadcast_to", "ceil", "clip", "concatenate", "cos", "cumsum", "diff",
        "dot", "exp", "expand_dims", "floor", "log", "matmul", "max", "maximum", "mean", "min", "minimum", "ones_like",
        "outer", "pad", "power", "prod", "reshape", "roll", "round", "sign", "sin", "sort", "sqrt", "square", "stack",
        "std", "sum", "swapaxes", "take", "tanh", "transpose", "var", "where", "zeros_like",
    )
} | {"bincount": np.bincount, "float32": np.float32}  # fmt: skip
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: lambda a, b: np.float64(a) ** b,
    ast.MatMult: operator.matmul, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.LShift: np.left_shift, ast.RShift: np.right_shift,
}  # fmt: skip
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
TOLERANCE = {2: 5e-3, 4: 1e-5, 8: 1e-12}  # by bytes of a number, of the largest expected one


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The value of a formula over these names; raises ValueError for what isn't one, or doesn't fit."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"expect: {expression!r} isn't a formula: {getattr(error, 'msg', error)}") from None
    try:
        with np.errstate(all="ignore"):
            return _Walk(expression, values).value(tree.body)
    except (TypeError, ValueError, IndexError, ArithmeticError, MemoryError, RecursionError) as error:
        told = str(error)
        raise ValueError(told if told.startswith("expect:") else f"expect: {expression}: {told}") from None


def check(text: str, before: Mapping[str, Any], after: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Hold an output to `NAME = FORMULA`, or to a formula alone where there is one output; what came of it, for JSON.

    `before` is what the kernel was given, `after` its outputs. Floats may differ by `TOLERANCE` times the largest
    expected number, whole numbers not at all. Raises ValueError where the formula can't be evaluated, or has another
    number of elements.
    """
    name, formula = _parted(text, after)
    real = {
        key: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for key, value in before.items()
    }
    found, expected = after[name], np.asarray(evaluate(formula, real))
    if expected.size != found.size:
        raise ValueError(f"expect: {text}: {expected.shape} has {expected.size} numbers, {name} {found.size}")
    expected = expected.reshape(found.shape)
    exact = found.dtype.kind != "f"
    largest = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))) if expected.size else 0.0
    tolerance = 0.0 if exact else TOLERANCE[found.dtype.itemsize] * max(largest, np.finfo(found.dtype).tiny)
    with np.errstate(all="ignore"):
        error = np.abs(found.astype(np.float64) - expected)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected) if not exact else False)
    wrong = ~(same | (error <= tolerance))
    worst = float(np.max(error, initial=0.0, where=~np.isnan(error)))
    agrees = not wrong.any()
    return {
        "output": name,
        "formula": formula,
        "agrees": agrees,
        "error": worst,
        "tolerance": tolerance,
        "told": _told(name, formula, found, expected, wrong, worst),
    }


def _told(name: str, formula: str, found: np.ndarray, expected: np.ndarray, wrong: np.ndarray, worst: float) -> str:
    if not wrong.any():
        return f"{name} is {formula}: the largest error is {worst:.2g}."
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f"{name}[{', '.join(map(str, first))}]"
    unwritten = int(np.isnan(found).sum()) if found.dtype.kind == "f" else 0
    further = f"; {unwritten:,} are NaN, as where nothing was written" if unwritten else ""
    return (
        f"{name} isn't {formula}: {int(wrong.sum()):,} of {found.size:,} numbers are wrong, first {where}, "
        f"{found[first]:.6g} where {expected[first]:.6g} is right{further}."
    )


def _parted(text: str, outputs: Mapping[str, Any]) -> tuple[str, str]:
    """(output, formula) of a text."""
    name, equals, formula = text.partition("=")
    if equals and name.strip().isidentifier() and not formula.startswith("="):
        if name.strip() not in outputs:
            there = ", ".join(outputs) or "none"
            raise ValueError(f"expect: {text}: {name.strip()} is no output of the kernel; there is {there}")
        return name.strip(), formula.strip()
    if len(outputs) != 1:
        there = ", ".join(outputs) or "none"
        raise ValueError(f"expect: {text}: say which output, as in NAME = {text}; there is {there}")
    return next(iter(outputs)), text.strip()


class _Walk:
    """The value of each node that is allowed; all others are refused by their name."""

    def __init__(self, expression: str, values: Mapping[str, Any]) -> None:
        self.expression, self.values = expression, values

    def value(self, node: ast.AST) -> Any:
        visit = getattr(self, f"_{type(node).__name__.lower()}", None)
        if visit is None:
            raise ValueError(f"expect: {self.expression}: {type(node).__name__} isn't part of a formula")
        return visit(node)

    def _constant(self, node: ast.Constant) -> Any:
        if node.value is not None and not isinstance(node.value, bool | int | float | str):
            raise ValueError(f"expect: {self.expression}: {node.value!r} isn't part of a formula")
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.values:
            raise ValueError(f"expect: {self.expression}: no {node.id}; there are {', '.join(self.values)}")
        return self.values[node.id]

    def _binop(self, node: ast.BinOp) -> Any:
        return BINARY[type(node.op)](self.value(node.left), self.value(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in UNARY:
            raise ValueError(f"expect: {self.expression}: write ~ in place of not")
        return UNARY[type(node.op)](self.value(node.operand))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARE:
            raise ValueError(f"expect: {self.expression}: compare two at a time, by <, <=, >, >=, == or !=")
        return COMPARE[type(node.ops[0])](self.value(node.left), self.value(node.comparators[0]))

    def _attribute(self, node: ast.Attribute) -> Any:
        if node.attr not in ("T", "shape", "size", "ndim"):
            raise ValueError(f"expect: {self.expression}: .{node.attr} isn't part of a formula; .T and .shape are")
        return getattr(np.asarray(self.value(node.value)), node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(*(None if part is None else self.value(part) for part in (node.lower, node.upper, node.step)))

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    _list = _tuple

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or any(keyword.arg is None for keyword in node.keywords):
            raise ValueError(f"expect: {self.expression}: only functions by their names, such as exp(a), can be called")
        arguments = [self.value(argument) for argument in node.args]
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        return _function(node.func.id, self.expression)(*arguments, **named)


def _function(name: str, expression: str) -> Callable[..., Any]:
    """NumPy's function of that name, or the operation by its reference."""
    import tinyxm_kernels

    if name in tinyxm_kernels.operations():
        operation = getattr(tinyxm_kernels, name)

        def reference(*arguments: Any, **named: Any) -> Any:
            with tinyxm_kernels.using(f"{name}=reference"):
                return operation(*arguments, **named)

        return reference
    if name not in FUNCTIONS:
        import difflib

        known = [*FUNCTIONS, *tinyxm_kernels.operations()]
        near = difflib.get_close_matches(name, known, 3, 0.5) or sorted(FUNCTIONS)
        raise ValueError(f"expect: {expression}: no function {name}; there is {', '.join(near)}")
    return FUNCTIONS[name]
