"""Module: parameters and other modules, gathered under names; and the function they take part in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from tinyxm.autograd import Parameter, Tensor, events, no_grad
from tinyxm.autograd.hooks import Handle
from tinyxm.autograd.places import to_host
from tinyxm.autograd.tensor import Leaf
from tinyxm.nn._checks import check_array
from tinyxm.ops import reshape
from tinyxm_kernels.cuda import like, move


class Buffer(Tensor):
    """An array that a module saves and loads with its parameters, but that isn't trained (running statistics, say)."""

    __slots__ = ()


class Module:
    """A function with parameters: assign Parameters and Modules to attributes in `__init__`, and define `forward`.

        class Tower(Module):
            def __init__(self, rng=None):
                self.hidden, self.out = Linear(784, 256, rng=rng), Linear(256, 10, rng=rng)

            def forward(self, x):
                return self.out(np.maximum(self.hidden(x), 0))

    What is an attribute (or within a list, tuple or dictionary that is one) belongs to the module: Parameters, Modules,
    and Buffers, which are saved but not trained. Its name is the path that leads to it, `hidden.weight`,
    `layers.0.weight`. Shared by several modules, it's listed once, where it's found first. `training` tells layers such
    as Dropout whether this is training or use. Printed, it shows what it's made of.

    An error raised in a `forward` has the path of its module first: `encoder.blocks.2: Linear: x (2, 3) has ...`.

    Raises TypeError for what would be left out of training unseen: an attribute that is a Tensor which requires a
    gradient, or a set that holds Parameters or Modules.
    """

    training = True
    _name = ""  # of this module in the module it belongs to
    _hooks: dict[str, dict[object, Callable[..., Any]]] = {}  # noqa: RUF012  # replaced, never written to

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, ...), which calling the module runs")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """forward(...), between the hooks, with this module's name on the path that listeners and errors are told."""
        try:
            if not events.listeners and not self._hooks:
                return self.forward(*args, **kwargs)
            return self._observed(args, kwargs)
        except Exception as error:
            _tell_path(error, self)
            raise

    def _observed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        _tell_names(self.children())  # again, for modules that others hold as well, or that a list got later
        path = [self._name] if self._name else []  # the outermost has no name
        events.context.modules += path
        try:
            for hook in self._hooks_of("before"):
                changed = hook(args)
                args = args if changed is None else changed if isinstance(changed, tuple) else (changed,)
            y = self.forward(*args, **kwargs)
            for hook in self._hooks_of("after"):
                changed = hook(args, y)
                y = y if changed is None else changed
            for hook in self._hooks_of("backward"):
                y = _hooked(y, hook)
            return y
        finally:
            del events.context.modules[len(events.context.modules) - len(path) :]

    def register_forward_pre_hook(self, hook: Callable[[Module, tuple[Any, ...]], Any]) -> Handle:
        """Call hook(module, args) before each forward; what it returns, if not None, takes the place of args."""
        return self._hook("before", hook)

    def register_forward_hook(self, hook: Callable[[Module, tuple[Any, ...], Any], Any]) -> Handle:
        """Call hook(module, args, y) after each forward; what it returns, if not None, takes the place of y."""
        return self._hook("after", hook)

    def register_backward_hook(self, hook: Callable[[Module, Any], Any]) -> Handle:
        """Call hook(module, g) when the gradient g of what forward returned has arrived; g is an array, or with
        `create_graph` a Tensor. What it returns, if not None, takes the place of g. Where forward returns a tuple or
        list, it's called for each Tensor in it that a gradient reaches."""
        return self._hook("backward", hook)

    def _hook(self, kind: str, hook: Callable[..., Any]) -> Handle:
        if not self._hooks:
            self._hooks = {"before": {}, "after": {}, "backward": {}}
        return Handle(self._hooks[kind], partial(hook, self))

    def _hooks_of(self, kind: str) -> list[Callable[..., Any]]:
        return [*self._hooks.get(kind, {}).values()]

    def __setattr__(self, name: str, value: Any) -> None:
        _tell_names(_members(name, value))  # now, for a module that is called from outside
        super().__setattr__(name, value)

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one is made of directly, with their names."""
        return self._own(Module)

    def _own(self, kind: type[Member]) -> Iterator[tuple[str, Member]]:
        for name, value in vars(self).items():
            yield from ((path, member) for path, member in _members(name, value) if isinstance(member, kind))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the name "", and all within it, each once, with the path that leads there."""
        seen: set[int] = set()
        waiting: list[tuple[str, Module]] = [("", self)]
        while waiting:
            path, module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                within = [(f"{path}.{name}" if path else name, child) for name, child in module.children()]
                waiting += reversed(within)

    def modules(self) -> list[Module]:
        """This module and all within it, each once."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module and of all within it, each once, with the path that leads there."""
        return self._named(Parameter)

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers of this module and of all within it, each once, with the path that leads there."""
        return self._named(Buffer)

    def _named(self, kind: type[Member]) -> Iterator[tuple[str, Member]]:
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, member in module._own(kind):
                if id(member) not in seen:
                    seen.add(id(member))
                    yield f"{path}.{name}" if path else name, member

    def parameters(self) -> list[Parameter]:
        """The parameters of this module and of all within it, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    @property
    def count(self) -> int:
        """How many numbers the model learns: the elements of all parameters, frozen or not."""
        return sum(parameter.size for parameter in self.parameters())

    def zero_grad(self) -> None:
        """Drop the gradients that `backward` gathered, so that the next ones aren't added to them."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules within; returns this module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """For use, not training: Dropout passes everything. Returns this module."""
        return self.train(False)

    def freeze(self) -> Self:
        """Train none of the parameters here and within from the next forward on: they require no gradient, and get
        none. Gradients still pass through to what comes before. Returns this module."""
        for parameter in self.parameters():
            parameter.node = None
        return self

    def unfreeze(self) -> Self:
        """Train all parameters here and within. Returns this module."""
        for parameter in self.parameters():
            parameter.node = parameter.node or Leaf(parameter.data)
        return self

    def astype(self, dtype: DTypeLike) -> Self:
        """Turn parameters and buffers here and within to float64, or back; before an optimizer is made. Returns this.

        Raises TypeError for another type than float32 and float64, which are what kernels compute in."""
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise TypeError(f"astype: {np.dtype(dtype)} can't be trained; give np.float32 or np.float64")
        for _, tensor in (*self.named_parameters(), *self.named_buffers()):
            if tensor.dtype.kind == "f":
                tensor.data = tensor.data.astype(dtype)
                tensor.node = tensor.node and Leaf(tensor.data)
        return self

    def to(self, device: str) -> Self:
        """Move parameters, their gradients and buffers here and within to a device, "cpu", "cuda" or "cuda:1"; an
        optimizer's state follows them. Inputs are yours to move. Returns this module. Raises as `ops.to` does, and
        moves nothing where there is no such device."""
        for _, tensor in (*self.named_parameters(), *self.named_buffers()):
            tensor.data, node = move(tensor.data, device), tensor.node
            if isinstance(node, Leaf) and node.grad is not None:
                node.grad = move(node.grad, device)
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of the array of each parameter, and then of each buffer, by its name: NumPy's, wherever they are, so
        that what is saved on one device can be loaded on another."""
        return {name: to_host(tensor.data) for name, tensor in (*self.named_parameters(), *self.named_buffers())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copy arrays into the parameters and buffers of these names. Raises ValueError, and loads none, unless all of
        them fit."""
        own: dict[str, Tensor] = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        wrong = [f"{name} is missing" for name in own if name not in state]
        wrong += [f"{name} is unexpected" for name in state if name not in own]
        for name, tensor in own.items():
            if name in state:
                given, wanted = _kind(state[name]), _kind(tensor)
                wrong += [f"{name} is {given}, expected {wanted}"] * (given != wanted)
        if wrong:
            raise ValueError(f"load_state_dict: the state isn't this {type(self).__name__}'s: " + "; ".join(wrong))
        with no_grad():
            for name, tensor in own.items():
                tensor[...] = like(state[name], tensor.data)

    def __repr__(self) -> str:
        rows = [("layer", "parameters", "count"), *self._rows("", "", {}), ("total", "", f"{self.count:,}")]
        first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{a:<{first}}  {b:<{second}}  {c:>{third}}".rstrip() for a, b, c in rows)

    def _rows(self, label: str, path: str, found: dict[int, str]) -> Iterator[tuple[str, str, str]]:
        """A row for this module and each within; what was `found` before goes by its first path, and counts no more."""
        found[id(self)] = path or type(self).__name__
        shapes, counts = [], []
        for name, parameter in self._own(Parameter):
            if id(parameter) in found:
                shapes.append(f"{name} = {found[id(parameter)]}")
            else:
                found[id(parameter)] = f"{path}.{name}" if path else name
                shapes.append(f"{name} {parameter.shape}")
                counts.append(parameter.size)
        yield label + self._settings(), ", ".join(shapes), f"{sum(counts):,}" if counts else ""
        for name, child in self.children():
            if id(child) in found:
                yield f"  {name} = {found[id(child)]}", "", ""
            else:
                rows = child._rows(f"{name}: ", f"{path}.{name}" if path else name, found)
                yield from ((f"  {layer}", shapes, count) for layer, shapes, count in rows)

    def _settings(self) -> str:
        """The class and the arguments it was made with, as far as they are attributes and not the defaults."""
        shown = []
        for name, argument in inspect.signature(type(self)).parameters.items():
            value = vars(self).get(name)
            written = getattr(value, "__name__", "")  # of a function, such as an activation
            if isinstance(value, bool | int | float | str | tuple):
                written = repr(value)
            if written and value != argument.default:
                shown.append(written if argument.default is argument.empty else f"{name}={written}")
        return f"{type(self).__name__}({', '.join(shown)})" if shown else type(self).__name__


Member = TypeVar("Member", Parameter, Buffer, Module)
_PLAIN = {str, int, float, np.ndarray}  # passed over quickly: a vocabulary that a model holds has many thousands


def _hooked(y: Any, hook: Callable[[Any], Any]) -> Any:
    """y, with this hook on the gradient of each Tensor that it is or holds."""
    if isinstance(y, list | tuple):
        parts = [_hooked(part, hook) for part in y]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)
    if not isinstance(y, Tensor) or not y.requires_grad:
        return y
    y = reshape(y, y.shape)  # a node of its own, as y may be what was given, and used elsewhere as well
    y.register_hook(hook)
    return y


def _members(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Parameters and Modules in an attribute, lists, tuples and dictionaries included, with their paths."""
    if isinstance(value, Parameter | Buffer | Module):
        yield path, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if type(part) not in _PLAIN:
                yield from _members(f"{path}.{key}", part)
    elif isinstance(value, Tensor) and value.requires_grad:
        raise TypeError(f"{path}: a Tensor that requires a gradient: make it an xm.Parameter, or detach it")
    elif isinstance(value, set | frozenset) and any(isinstance(part, Tensor | Module) for part in value):
        raise TypeError(f"{path}: a set gives its members no names to be known by; make it a list")


def _tell_names(members: Iterable[tuple[str, Any]], path: str = "") -> None:
    """Let modules know their names; one that is there twice goes by the first. Those of a ModuleList, which nobody
    calls, have its name before their own."""
    for name, member in reversed([*members]):
        if isinstance(member, Module):
            vars(member)["_name"] = path + name
            if type(member).forward is Module.forward:
                _tell_names(member.children(), f"{path}{name}.")


def _tell_path(error: Exception, module: Module) -> None:
    """Let an error that leaves this module name the one that raised it, by its path from here.

    The path grows in front as the error passes one module after another, and is put first in the message; where the
    message isn't the error's one argument, as with KeyError, it's a note.
    """
    inner, known = vars(error).get("_passed", (module, ""))
    name = next((path for path, other in module.named_modules() if other is inner), "")
    path = f"{name}.{known}" if name and known else name or known
    vars(error)["_passed"] = module, path
    if not name:
        return
    plain = isinstance(error, ValueError | TypeError | IndexError | ArithmeticError | RuntimeError)
    if plain and type(error).__str__ is BaseException.__str__ and len(error.args) == 1:
        error.args = (f"{path}: {str(error).removeprefix(f'{known}: ' if known else '')}",)
    else:
        if known:
            error.__notes__.remove(f"in {known}")
        error.add_note(f"in {path}")


def _kind(x: Any) -> str:
    return f"{np.shape(x)} of {getattr(x, 'dtype', type(x).__name__)}"


def functional_call(
    module: Module, parameters: Mapping[str, Any], *args: Any, call: Callable[..., Any] | None = None, **kwargs: Any
) -> Any:
    """module(*args, **kwargs) with these values, by their paths, in place of its parameters: a function of them, too

    So that what is differentiated are Tensors of your own: `hessian(lambda w: loss(functional_call(model, {"weight":
    w}, x)), w)`. The parameters are as they were afterwards. `call(module, *args, **kwargs)` stands in for the call
    itself. Raises ValueError for a path that names no parameter, or a value of another shape, TypeError for what
    isn't an array.
    """
    own = dict(module.named_parameters())
    for path, value in parameters.items():
        check_array("functional_call", value, path)
        if path not in own:
            raise ValueError(f"functional_call: {path} is no parameter of this {type(module).__name__}")
        if np.shape(value) != own[path].shape:
            raise ValueError(f"functional_call: {path} is {np.shape(value)}, expected {own[path].shape}")
    kept = {path: (own[path].data, own[path].node) for path in parameters}
    try:
        for path, value in parameters.items():
            own[path].data, own[path].node = (value.data, value.node) if isinstance(value, Tensor) else (value, None)
        return module(*args, **kwargs) if call is None else call(module, *args, **kwargs)
    finally:
        for path, (data, node) in kept.items():
            own[path].data, own[path].node = data, node
