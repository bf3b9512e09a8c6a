"""Transforms: from a function to the function of its derivatives.

`grad`, `jacobian` and `hessian` take f and return a function of f's own arguments, so that they compose, as in
`grad(grad(f))`; `argument` is the place of what is differentiated, or a tuple of places. `vjp`, `jvp` and `hvp` take f,
a point and a vector, and return their product. An argument is an array (a Tensor, a number, a list of numbers), or a
dict, tuple or list of arrays, as deep as you like; its derivative has its form. What comes out carries a graph where it
depends on Tensors that require a gradient, given or closed over, and only there; under `no_grad()` it never does, which
is half the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from tinyxm.autograd.graph import as_leaves, parted
from tinyxm.autograd.inplace import is_array
from tinyxm.autograd.places import beside
from tinyxm.autograd.primitive import primitive
from tinyxm.autograd.tape import gradients
from tinyxm.autograd.tensor import Array, Leaf, Tensor, clock, grad_mode, mode, tensor_of

Tree: TypeAlias = Any  # an array, or a dict, tuple or list of trees
Place: TypeAlias = int | tuple[int, ...]


def grad(f: Callable[..., Tensor], argument: Place = 0) -> Callable[..., Tree]:
    """∇f: the function that gives ∂f/∂x, in the form of the argument x; f returns one number.

    Raises TypeError where f is a Tensor or returns none, or the argument isn't of floats; ValueError where f returns
    more than one number, or the argument isn't given.
    """
    return _gradient("grad", f, argument)


def value_and_grad(f: Callable[..., Tensor], argument: Place = 0) -> Callable[..., tuple[Tensor, Tree]]:
    """(f, ∇f), at the cost of ∇f alone. Raises as `grad` does."""
    return _transform("value_and_grad", f, argument, _value_and_gradient)


def jacobian(f: Callable[..., Tree], argument: Place = 0) -> Callable[..., Tree]:
    """J[i, j] = ∂yᵢ/∂xⱼ, of shape (*y.shape, *x.shape), row by row: one backward pass for each element of y.

    Where f returns several in a dict or tuple, a Jacobian for each in it, and in that one for each in the argument.
    Raises TypeError as `grad` does.
    """
    return _transform("jacobian", f, argument, _jacobian)


def hessian(f: Callable[..., Tensor], argument: Place = 0) -> Callable[..., Tree]:
    """H[i, j] = ∂²f/∂xᵢ∂xⱼ, of shape (*x.shape, *x.shape), the Jacobian of the gradient: x.size passes over its graph.

    Of several arguments, or a dict, each with each: `hessian(f, (0, 1))(a, b)[0][1]` is ∂²f/∂a∂b. Raises as `grad`.
    """
    return jacobian(_gradient("hessian", f, argument), argument)


def vjp(f: Callable[..., Tree], x: Tree, g: Tree) -> Tree:
    """gᵀJ at x: the gradient of ⟨g, f(x)⟩, for g in the form of f's result, by one backward pass.

    A tuple x is all of f's arguments, f(*x), here and below. Raises as `jacobian`, and ValueError where the form or
    shape of g is another.
    """
    return _product("vjp", f, x, _vector_jacobian, g)


def jvp(f: Callable[..., Tree], x: Tree, v: Tree) -> Tree:
    """J v at x: how f(x) changes when x moves along v, in the form of f's result; v has that of x.

    gᵀJ is linear in g, so the adjoint of g ↦ gᵀJ takes v to J v: two backward passes on a tape that has reverse mode
    only, some three times the cost of f (forward mode would take about two). Raises as `jacobian`, and ValueError where
    the form or shape of v is another. Source: Townsend, "A new trick for calculating Jacobian vector products" (2017).
    """
    return _product("jvp", f, x, _jacobian_vector, v)


def hvp(f: Callable[..., Tensor], x: Tree, v: Tree) -> Tree:
    """H v = ∂⟨∇f(x), v⟩/∂x, without H: two backward passes, whatever the size of x; v has the form of x.

    Raises as `grad`, and ValueError where the form or shape of v is another. Source: Pearlmutter, "Fast exact
    multiplication by the Hessian", Neural Computation 1994.
    """
    return _product("hvp", _gradient("hvp", f, _all(x)), x, _vector_jacobian, v)  # H is symmetric


def stop_gradient(x: Array) -> Array:
    """y = x;  ∂x = 0: the same Tensor to compute with, a constant to differentiate. Anything else passes as it is."""
    return x.detach() if isinstance(x, Tensor) else x


class _Call:
    """One call of f on inputs of its own: Tensors through which nothing but this call is differentiated."""

    def __init__(self, name: str, f: Callable[..., Tree], argument: Place, given: tuple[Any, ...], options: Any):
        self.name, self.since, self.recording = name, clock(), mode.recording
        args = list(given)
        places = argument if isinstance(argument, tuple) else (argument,)
        with grad_mode(True):
            for place in places:
                if not isinstance(place, int):
                    raise TypeError(f"{name}: argument {place!r}; give a place, as in argument=0, or a tuple of places")
                if not -len(args) <= place < len(args):
                    raise ValueError(f"{name}: argument {place} is to be differentiated, but {len(args)} were given")
                args[place] = _mapped(partial(self.fresh, place), args[place])
            self.input: Tree = tuple(args[i] for i in places) if isinstance(argument, tuple) else args[argument]
            self.result = f(*args, **options)
        self.inputs, self.results = list(_leaves(self.input)), list(_leaves(self.result))
        for y in self.results:
            if not isinstance(y, Tensor):
                raise TypeError(f"{name}: f returned a {type(y).__name__}; return Tensors, computed from its arguments")
        self.outside = parted([y.node for y in self.results], self.since)[1]

    def fresh(self, place: int, x: Any) -> Tensor:
        """x as a Tensor of this call alone; connected to x itself where that requires a gradient."""
        if isinstance(x, Tensor) and x.requires_grad:
            return _same(x)
        x = Tensor(x)
        if x.dtype.kind != "f":
            raise TypeError(f"{self.name}: argument {place} is {x.dtype}; give floats, such as 1.0 in place of 1")
        x.node = Leaf(x.data)
        return x

    @property
    def connected(self) -> bool:
        """Whether something outside can be differentiated by, so that results have to carry a graph."""
        return self.recording and bool(self.outside)

    def fitted(self, what: str, values: Tree, like: Tree) -> list[Tensor]:
        """The leaves of `values`, which has the form of `like`, as Tensors of its dtypes."""
        if _is_tree(like):
            keys = _keys(like)
            if not isinstance(values, dict | tuple | list) or _keys(values) != keys:
                raise ValueError(f"{self.name}: {what} has another form; expected a {type(like).__name__} of {keys}")
            return [leaf for key in keys for leaf in self.fitted(what, values[key], like[key])]
        if not isinstance(values, Tensor):
            values = tensor_of(beside(self.name, values, like.data, like.dtype), None)
        if values.shape != like.shape:
            raise ValueError(f"{self.name}: {what} has shape {values.shape}, expected {like.shape}")
        self.outside += parted([values.node], self.since)[1]
        return [values if values.dtype == like.dtype else values.astype(like.dtype)]

    def pull(
        self, y: Tensor, inputs: list[Tensor], g: Any = None, retain: bool = False, graph: bool | None = None
    ) -> list[Tensor]:
        """gradients(y, inputs, g), carried no further than this call."""
        if y.node is None:
            return [tensor_of(np.zeros_like(x.data), None) for x in inputs]
        with as_leaves(self.outside):
            return gradients(y, inputs, g, retain, self.connected if graph is None else graph)


@primitive(a=lambda g: g)
def _same(a: Array) -> Array:
    """y = a;  ∂a = g: a node of its own"""
    return a


def _transform(name: str, f: Callable[..., Any], argument: Place, rule: Callable[..., Any], *more: Any) -> Any:
    if isinstance(f, Tensor):
        raise TypeError(
            f"{name}: it takes a function, as in {name}(f)(x); for the gradients of a Tensor call gradients(y, [x])"
        )
    if not callable(f):
        raise TypeError(f"{name}: it takes a function, not a {type(f).__name__}")
    return lambda *args, **options: rule(_Call(name, f, argument, args, options), *more)


def _gradient(name: str, f: Callable[..., Tensor], argument: Place) -> Callable[..., Tree]:
    both = _transform(name, f, argument, _value_and_gradient)
    return lambda *args, **options: both(*args, **options)[1]


def _all(x: Tree) -> Place:
    """The places of all arguments, where x is a tuple of them; else of the only one."""
    return tuple(range(len(x))) if isinstance(x, tuple) else 0


def _product(name: str, f: Callable[..., Any], x: Tree, rule: Callable[..., Any], along: Tree) -> Tree:
    return _transform(name, f, _all(x), rule, along)(*(x if isinstance(x, tuple) else (x,)))


def _value_and_gradient(call: _Call) -> tuple[Tensor, Tree]:
    y = call.result
    if not isinstance(y, Tensor):
        raise TypeError(f"{call.name}: f returned a {type(y).__name__}; return one number, or use jacobian")
    if y.size != 1:
        raise ValueError(
            f"{call.name}: f returned shape {y.shape}; return one number (y.sum(), y.mean()), or use jacobian"
        )
    found = _formed(call.input, iter(call.pull(y, call.inputs)))
    return y if call.connected else y.detach(), found


def _jacobian(call: _Call) -> Tree:
    def rows_of(y: Tensor) -> Tree:
        rows: list[list[Any]] = []
        for i in range(y.size):
            one = np.zeros_like(y.data)
            one[np.unravel_index(i, y.shape)] = 1
            rows.append(call.pull(y, call.inputs, one, retain=True))
        stacked: list[Any] = [np.stack(column) for column in zip(*rows, strict=True)]
        if not rows:
            stacked = [tensor_of(np.zeros_like(x.data, shape=(0, *x.shape)), None) for x in call.inputs]
        found = (np.reshape(j, (*y.shape, *x.shape)) for j, x in zip(stacked, call.inputs, strict=True))
        return _formed(call.input, found)

    return _mapped(rows_of, call.result)


def _vector_jacobian(call: _Call, g: Tree) -> Tree:
    product = _inner(call.results, call.fitted("g", g, call.result))
    return _formed(call.input, iter(call.pull(product, call.inputs)))


def _jacobian_vector(call: _Call, v: Tree) -> Tree:
    along, start = call.fitted("v", v, call.input), clock()
    gs = [Tensor(np.zeros_like(y.data), requires_grad=True) for y in call.results]
    backward = call.pull(_inner(call.results, gs), call.inputs, graph=True)  # gᵀJ, as a function of g
    product, graph = _inner(backward, along), call.connected
    call.outside = parted([product.node], start)[1]  # f itself is older than g: the way back to it needn't be gone
    return _formed(call.result, iter(call.pull(product, gs, graph=graph)))


def _inner(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Σ ⟨a, b⟩"""
    with grad_mode(True):
        products = [np.sum(x * y) for x, y in zip(a, b, strict=True)]
        return sum(products[1:], start=products[0]) if products else Tensor(0.0)


def _is_tree(x: Any) -> bool:
    """Whether x holds arrays; a list of numbers, or of such lists, is one."""
    return isinstance(x, dict | tuple) or (isinstance(x, list) and _holds_arrays(x))


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, Tensor | dict) or is_array(x):
        return True
    return isinstance(x, list | tuple) and any(map(_holds_arrays, x))


def _keys(tree: Any) -> list[Any]:
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


def _leaves(tree: Tree) -> Iterator[Any]:
    if _is_tree(tree):
        for key in _keys(tree):
            yield from _leaves(tree[key])
    else:
        yield tree


def _mapped(function: Callable[[Any], Any], tree: Tree) -> Tree:
    return _formed(tree, map(function, _leaves(tree)))


def _formed(tree: Tree, leaves: Iterator[Any]) -> Tree:
    """A tree of this form with these leaves."""
    if isinstance(tree, dict):
        return {key: _formed(value, leaves) for key, value in tree.items()}
    if not _is_tree(tree):
        return next(leaves)
    parts = [_formed(value, leaves) for value in tree]
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)  # a named tuple takes each apart
