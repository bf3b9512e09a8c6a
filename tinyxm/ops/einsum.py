"""Einstein's summation: products of arrays summed over the letters that the result doesn't name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tinyxm.autograd import Array, Each, primitive
from tinyxm.autograd.primitive import answers_for
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.linalg import diagonal

__all__ = ["einsum"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@primitive(
    operands=Each(
        lambda g, i, operands, operands_shape, inputs, output: _adjoint(g, i, operands, operands_shape, inputs, output)
    )
)
def _einsum(operands: Sequence[Array], inputs: list[str], output: str) -> Array:
    """No operand names a letter twice."""
    return np.einsum(f"{','.join(inputs)}->{output}", *operands, optimize=len(operands) > 1)


def _adjoint(
    g: Array, i: int, operands: Sequence[Array], shapes: Sequence[tuple[int, ...]], inputs: list[str], output: str
) -> Array:
    """The same product with g in the place of operand i; along axes that only this one has, ones repeat it."""
    others, names = [*operands[:i], *operands[i + 1 :]], [*inputs[:i], *inputs[i + 1 :]]
    known = {*zip(output, g.shape, strict=True)}
    for name, shape in zip(names, [*shapes[:i], *shapes[i + 1 :]], strict=True):
        known |= {*zip(name, shape, strict=True)}
    for letter, n in zip(inputs[i], shapes[i], strict=True):
        if (letter, n) not in known:
            others, names = [*others, np.ones_like(g, shape=(n,))], [*names, letter]
    return _einsum([g, *others], [output, *names], inputs[i])


@answers_for(np.einsum)
def einsum(subscripts: str, *operands: Array) -> Array:
    """y[output] = Σ over the other letters of the product of the operands, as np.einsum: "ij,jk->ik" is matmul

    A letter names an axis, and the same letter the same length (or 1, which broadcasts). Twice in one operand it is
    the diagonal: "ii->i", and "ii" the trace; "..." stands for axes that broadcast as NumPy's do. Without "->" the
    result has the letters that occur once, in alphabetical order. ∂aᵢ = einsum of g and the other operands, to the
    letters of aᵢ. Raises ValueError where subscripts and shapes don't agree.
    """
    if not isinstance(subscripts, str):
        raise TypeError(f'einsum: subscripts are of type {type(subscripts).__name__}; give text, such as "ij,jk->ik"')
    shapes = [np.shape(array_of(a)) for a in operands]
    inputs, output = _letters(subscripts, shapes)
    given = list(operands)
    for i, name in enumerate(inputs):
        for letter in [c for c, n in Counter(name).items() for _ in range(n - 1)]:
            first = inputs[i].index(letter)
            second = inputs[i].index(letter, first + 1)
            given[i] = diagonal(given[i], 0, first, second)
            inputs[i] = inputs[i][:first] + inputs[i][first + 1 : second] + inputs[i][second + 1 :] + letter
    return _einsum(given, inputs, output)


def _letters(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters for "...", and the result where it's left out."""
    given, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs, said = given.split(","), f"einsum: {subscripts!r} of {', '.join(map(str, shapes))}"
    if len(inputs) != len(shapes):
        raise ValueError(f"{said}: {len(inputs)} names for {len(shapes)} operands")
    free = [c for c in reversed(LETTERS) if c not in subscripts]
    dots = [len(shape) - len(name.replace("...", "")) for name, shape in zip(inputs, shapes, strict=True)]
    for name, shape, more in zip(inputs, shapes, dots, strict=True):
        if more < 0 or (more and "..." not in name):
            raise ValueError(f"{said}: {name!r} names {len(name.replace('...', ''))} axes, {shape} has {len(shape)}")
    most = max((more for more, name in zip(dots, inputs, strict=True) if "..." in name), default=0)
    leading = "".join(free[:most])
    inputs = [name.replace("...", leading[most - more :]) for name, more in zip(inputs, dots, strict=True)]
    once = "".join(sorted(c for c, n in Counter("".join(inputs)).items() if n == 1 and c not in leading))
    output = output.replace("...", leading) if arrow else leading + once
    sizes: dict[str, int] = {}
    for name, shape in zip(inputs, shapes, strict=True):
        for c, n in zip(name, shape, strict=True):
            size, own = sizes.get(c, 1), shape[name.index(c)]
            if own != n or (n != size and 1 not in (n, size)):
                raise ValueError(f"{said}: {c} has the lengths {size} and {n}")
            sizes[c] = n if size == 1 else size
    if not set("".join(inputs)) <= set(LETTERS):
        raise ValueError(f"{said}: name axes by letters, and leading ones by '...'")
    if wrong := [c for c, n in Counter(output).items() if n > 1 or c not in sizes]:
        raise ValueError(
            f"{said}: the result names {wrong}; each of its letters must stand in it once, and in an operand"
        )
    return inputs, output
