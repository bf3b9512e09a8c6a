"""How an operation is declared: a forward rule, an adjoint for each input, and from these what runs at each call.

A primitive called on Tensors runs its forward rule on their arrays and records a Node, with one edge per differentiable
input: the node the gradient goes on to, the adjoint that takes it there, and the values this adjoint reads.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinyxm.autograd import events, tensor
from tinyxm.autograd.errors import explained
from tinyxm.autograd.places import beside
from tinyxm.autograd.tensor import Array, Node, Parameter, Tensor, mode, rules
from tinyxm_kernels.cuda import is_device_array

Rule = TypeVar("Rule", bound=Callable[..., Any])


class Adjoint:
    """Takes g, the gradient of an operation's result, to that of one input: rule(g, *values of what it reads)."""

    __slots__ = ("input", "operation", "reads", "rule")

    def __init__(self, operation: str, input: str, rule: Callable[..., Any], reads: tuple[str, ...]) -> None:
        self.operation, self.input, self.rule, self.reads = operation, input, rule, reads


class Each(NamedTuple):
    """The adjoint of an input that is a sequence of arrays: rule(g, i, ...) is the gradient of the i-th."""

    rule: Callable[..., Any]


# What runs at each call of a primitive is written out once, from its signature and without loops: a general loop over
# the inputs costs half as much again on small arrays. `operation.source` shows it, and a debugger steps through it.
# All of its own names begin with an underscore, and no parameter may.

CALL = """\
def {name}({signature}):
    _is_tensor = False
{unwrap}
    _start = _before() if _listeners else None
    try: _y = _forward({arguments})
    except _Exception as _error: raise _explained(_error, "{name}", {operands}, {static}) from None
    if not _is_tensor: return _y
    if _type(_y) is not _ndarray: _y = _as_array(_y, "{name}")
    _node = None
    if _mode.recording:
        _edges = []
{record}
        if _edges:
            _node = _new(_Node)
            _node.operation, _node.shape, _node.dtype = "{name}", _y.shape, _y.dtype
            _node.edges, _node.tick = _edges, _clock()
    if _start: _emit(_start, "forward", "{name}", {operands}, {static}, {saved}, _y, _node, {nodes}, None, _operation)
    _tensor = _new(_Tensor)
    _tensor.data, _tensor.node = _y, _node
    return _tensor
"""
UNWRAP = """\
    _node_{0} = None
    if _isinstance({0}, _Tensor): {0}, _node_{0}, _is_tensor = {0}.data, {0}.node, True
    elif _type({0}) in _weak: {0} = {0}.item()
    elif _type({0}) is _list: {0} = _from_list({0}, ({1}))"""
UNWRAP_STATIC = """\
    if _type({0}) in _static: {0} = _static[_type({0})]("{1}", "{0}", {0})"""
UNWRAP_EACH = """\
    {0} = _list({0})
    _nodes_{0} = [_x.node if _isinstance(_x, _Tensor) else None for _x in {0}]
    if _any(_isinstance(_x, _Tensor) for _x in {0}): _is_tensor = True
    {0} = [_x.item() if _type(_x) in _weak else _array_of(_x) for _x in {0}]
    if _is_tensor: {0} = [_from_list(_x, {0}) for _x in {0}]"""
RECORD = """\
        if _node_{0} is not None: _edges.append((_node_{0}, _adjoint_{0}, ({1})))"""
RECORD_EACH = """\
        _saved_{0} = ({1})
        for _i, _node_i in _enumerate(_nodes_{0}):
            if _node_i is not None: _edges.append((_node_i, _adjoint_{0}, (_i, *_saved_{0})))"""


def as_array(y: Any, operation: str = "") -> Array:
    """A 0-d array where NumPy made a scalar of a result. Raises TypeError for what is no array."""
    if isinstance(y, np.generic):
        return np.asarray(y)
    if hasattr(y, "dtype") and hasattr(y, "shape"):
        return y
    raise TypeError(f"{operation}: the rule returned a {type(y).__name__}; return one array")


def from_list(values: Any, others: Iterable[Any]) -> Any:
    """A list or number as an array of the floating-point type that stands beside it, or of what Tensor makes of it."""
    if not isinstance(values, list | int | float) or isinstance(values, bool):
        return values
    array, others = np.array(values), [x for x in others if hasattr(x, "dtype")]
    dtypes = [x.dtype for x in others if x.dtype.kind == "f"]
    if array.dtype.kind in "fiu" and dtypes:
        array = array.astype(np.result_type(*dtypes))
    elif array.dtype.kind == "f":
        array = array.astype(np.float32)
    return beside("list", array.tolist(), others[0], array.dtype) if others and is_device_array(others[0]) else array


def static_tensor(operation: str, name: str, value: Tensor) -> Array:
    """The array of a Tensor given for a static argument. Raises TypeError where a gradient would be lost."""
    if value.requires_grad:
        raise TypeError(f"{operation}: {name} is a static argument, which no gradient reaches; give {name}.data")
    return value.data


def weak_number(operation: str, name: str, value: np.generic) -> Any:
    """The Python number of a NumPy scalar given for a static argument, so that it promotes nothing."""
    return value.item()


_operation: Any = None  # here; among an operation's own names it is the operation


def _first_call(*arguments: Any, **options: Any) -> Any:
    """What an operation runs at its first call, with its own names for this module's."""
    _write_out(_operation)
    return _operation(*arguments, **options)


def _write_out(operation: Any) -> None:
    """Give an operation the code that its source tells, in place of `_first_call`'s.

    Compiling it takes some 0.3 ms, so it isn't done where the operation is declared: a program imports all operations
    and calls few. The function stays the same, whoever has imported it. Two threads may come at once: the code, which
    is swapped last and at one stroke, is the same from both.
    """
    source, file = operation.source(), f"<primitive {operation.__name__}>"
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    made: dict[str, Any] = {}
    exec(compile(source, file, "exec"), operation.__globals__, made)
    (function,) = made.values()
    operation.__defaults__, operation.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    operation.__code__ = function.__code__


WEAK: frozenset[type] = frozenset(
    {np.float64, np.int64, np.int32, np.uint64, np.uint32}
)  # scalars that promote no Tensor
NAMES: dict[str, Any] = {
    "_Exception": Exception,
    "_Node": Node,
    "_Tensor": Tensor,
    "_any": any,
    "_array_of": tensor.array_of,
    "_as_array": as_array,
    "_before": events.before,
    "_clock": tensor.clock,
    "_emit": events.emit,
    "_enumerate": enumerate,
    "_explained": explained,
    "_from_list": from_list,
    "_isinstance": isinstance,
    "_list": list,
    "_listeners": events.listeners,
    "_mode": mode,
    "_ndarray": np.ndarray,
    "_new": object.__new__,
    "_shape": np.shape,
    "_static": dict.fromkeys(WEAK, weak_number) | {Tensor: static_tensor, Parameter: static_tensor},
    "_type": type,
    "_weak": WEAK,
    "_write_out": _write_out,
}


def primitive(
    *numpy_functions: Callable[..., Any], **adjoints: Callable[..., Any] | Each | None
) -> Callable[[Rule], Rule]:
    """Declare an operation: decorate its forward rule, and give an adjoint for each array input by name.

    None in place of an adjoint: an array input without a gradient. Parameters not named are static. The operation
    answers for these `numpy_functions` when they are called on Tensors.

    An adjoint's first parameter is g, the gradient of the result. The others name what it reads, and only that is kept
    alive until the backward pass: `y` the result, any parameter of the forward rule, `a_shape` the shape of `a` alone.
    For a sequence of arrays give `Each(rule)`; its second parameter is `i`, the place in the sequence.

    Both rules are plain NumPy. The adjoint must be linear in g and must not write to it; handed Tensors, it is itself
    recorded, so it serves every order. It may return a gradient in the shape that broadcasting gave the input: the tape
    sums it back. On arrays a primitive returns an array, on Tensors a Tensor.

        @primitive(np.multiply, a=lambda g, b: g * b, b=lambda g, a: g * a)
        def multiply(a, b):
            return a * b
    """

    def declare(forward: Rule) -> Rule:
        return answers_for(*numpy_functions)(Declaration(forward, adjoints).operation())

    return declare


def answers_for(*numpy_functions: Callable[..., Any]) -> Callable[[Rule], Rule]:
    """Declare that the decorated function, made of operations, answers for these when they are called on Tensors."""

    def declare(operation: Rule) -> Rule:
        rules.update(dict.fromkeys(numpy_functions, operation))
        return operation

    return declare


class Declaration:
    """A forward rule and its adjoints: refuses what can't be meant, and writes out what runs at each call."""

    def __init__(self, forward: Callable[..., Any], adjoints: dict[str, Any]) -> None:
        self.forward, self.rules = forward, adjoints
        self.name, self.parameters = forward.__name__.strip("_"), inspect.signature(forward).parameters
        self.each = {i for i, rule in adjoints.items() if isinstance(rule, Each)}
        self._check_parameters()
        self.adjoints = {i: self._adjoint(i, rule) for i, rule in adjoints.items() if rule is not None}

    def operation(self) -> Any:
        """The function that runs, with the forward rule's name and account."""
        names = {f"_default_{i}": p.default for i, p in self.parameters.items() if p.default is not p.empty}
        names |= {"_forward": self.forward, **{f"_adjoint_{i}": a for i, a in self.adjoints.items()}, **NAMES}
        operation: Any = FunctionType(_first_call.__code__, names, self.name)
        operation.__qualname__, operation.__doc__ = self.name, self.forward.__doc__
        operation.__module__, operation.__wrapped__ = self.forward.__module__, self.forward
        operation.source, operation.adjoints, names["_operation"] = self.source, self.adjoints, operation
        return operation

    def _check_parameters(self) -> None:
        if not self.name.isidentifier():
            raise TypeError(f"primitive: {self.forward.__name__} is no name; give the rule one with def")
        for i, parameter in self.parameters.items():
            if i in ("g", "y", "i") or i.startswith("_") or i.removesuffix("_shape") in {*self.parameters} - {i}:
                raise TypeError(f"{self.name}: rename its parameter {i}, which the tape uses")
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise TypeError(f"{self.name}: {parameter} has no fixed number; take a list, or name each parameter")

    def _adjoint(self, i: str, rule: Any) -> Adjoint:
        rule = rule.rule if isinstance(rule, Each) else rule
        if not inspect.isfunction(rule):
            raise TypeError(f"{self.name}: the adjoint of {i} is {rule!r}; give a function, by def or lambda")
        reads = _parameters(rule)[1:]
        if i in self.each and reads[:1] != ("i",):
            raise TypeError(f"{self.name}: the adjoint of the sequence {i} takes (g, i, ...), not {('g', *reads)}")
        for read in (i, *reads[i in self.each :]):
            if not self._value(read):
                raise TypeError(f"{self.name}: the adjoint of {i} names {read}, which is no parameter of {self.name}")
        return Adjoint(self.name, i, rule, reads)

    def _value(self, read: str) -> str:
        """The expression, in what is written out, for what an adjoint reads; "" where there is no such thing."""
        shaped = read.removesuffix("_shape")
        if read == "y" or read in self.parameters:
            return "_y" if read == "y" else read
        if shaped == read or shaped not in self.parameters:
            return ""
        return f"[_shape(_x) for _x in {shaped}]" if shaped in self.each else f"_shape({shaped})"

    def source(self) -> str:
        keyword = [i for i, p in self.parameters.items() if p.kind is p.KEYWORD_ONLY]
        signature = [i if p.default is p.empty else f"{i}=_default_{i}" for i, p in self.parameters.items()]
        if keyword:
            signature.insert([*self.parameters].index(keyword[0]), "*")
        static = [i for i in self.parameters if i not in self.rules]
        # a list takes the type of the arrays beside it; an index or a condition, which has no adjoint, its own
        beside = {
            i: _each_with_comma(j for j in self.rules if j != i and j not in self.each and rule)
            for i, rule in self.rules.items()
        }
        saved = {i: {read: self._value(read) for read in a.reads[i in self.each :]} for i, a in self.adjoints.items()}
        unwrap = [UNWRAP_EACH.format(i) if i in self.each else UNWRAP.format(i, beside[i]) for i in self.rules]
        record = [
            (RECORD_EACH if i in self.each else RECORD).format(i, _each_with_comma(values.values()))
            for i, values in saved.items()
        ]
        return CALL.format(
            name=self.name,
            signature=", ".join(signature),
            arguments=", ".join(f"{i}={i}" if i in keyword else i for i in self.parameters),
            unwrap="\n".join(unwrap + [UNWRAP_STATIC.format(i, self.name) for i in static]),
            record="\n".join(record) or "        pass",
            operands=_written({i: i for i in self.rules}),
            nodes=_written({i: f"{'_nodes' if i in self.each else '_node'}_{i}" for i in self.rules}),
            static=_written({i: i for i in static}),
            saved=_written({read: value for values in saved.values() for read, value in values.items()}),
        )


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters. `inspect.signature` makes objects of them, ten times as slowly."""
    code = inspect.unwrap(function).__code__
    more = [code.co_flags & inspect.CO_VARARGS, code.co_flags & inspect.CO_VARKEYWORDS]  # *names, **names
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + sum(map(bool, more))]


def _each_with_comma(values: Iterable[str]) -> str:
    return "".join(f"{value}, " for value in values)


def _written(values: dict[str, str]) -> str:
    """The dict of these names and expressions, as source."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"
