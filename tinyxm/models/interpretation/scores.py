"""What is explained: a number of each input, as a function that gradients and curves can ask again and again.

A `Score` takes a batch of n inputs and gives n numbers, as a Tensor where gradients are wanted. Dropout and the like
are off while a model's score is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm import nn
from tinyxm.autograd import Array, Tensor, no_grad
from tinyxm.ops import log_softmax, reshape

Score: TypeAlias = Callable[[Any], Any]  # a Tensor (n,), or an array where no gradient is asked for
Floats: TypeAlias = NDArray[np.floating[Any]]


def logit(model: nn.Module, classes: ArrayLike) -> Score:
    """s(x)ᵢ = model(x)[i, cᵢ]: what a classifier says for a class, before the softmax; model(x) `(n, classes)`

    `classes` is one class for all inputs, or `(n,)`. Logits are what gradients are taken of: a probability near 1 has
    none left.
    """
    return lambda x: _chosen(in_use(model, x), classes)


def probability(model: nn.Module, classes: ArrayLike) -> Score:
    """s(x)ᵢ = softmax(model(x)ᵢ)[cᵢ]: what deletion and insertion curves are drawn of; as `logit` otherwise"""
    return lambda x: np.exp(_chosen(log_softmax(in_use(model, x)), classes))


def similarity(tower: nn.Module, towards: Array) -> Score:
    """s(x)ᵢ = tower(x)ᵢ · t: how well an input agrees with the vector t of another tower, of a text, say

    tower(x) `(n, dimensions)`, t `(dimensions,)` or one for each input, `(n, dimensions)`; both of unit length make it
    a cosine.
    """
    fixed = towards.detach() if isinstance(towards, Tensor) else towards
    return lambda x: np.sum(in_use(tower, x) * fixed, axis=-1)


def in_use(model: nn.Module, x: Any) -> Tensor:
    """model(x) as in use, not training; each module's mode is afterwards as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return model(x)
    finally:
        for module, training in modes:
            module.training = training


def values(score: Score, x: Any) -> Floats:
    """score(x) as numbers, without a graph. Raises ValueError where they aren't one for each input."""
    with no_grad():
        s = score(x)
    numbers = np.asarray(s.data if isinstance(s, Tensor) else s)
    if numbers.ndim != 1:
        raise ValueError(f"interpretation: the score gave {numbers.shape}; expected (n,), one number for each input")
    return numbers


def of_embedding(score: Score, embedding: nn.Module, x: Any) -> tuple[NDArray[Any], Score]:
    """(e, s): what the module `embedding` within the model gives for x, and the score as a function of that

    Tokens are integers, and have no gradient; their vectors have one. s(e) runs the model on x, with e in the place of
    what the embedding gave, so that masks and lengths stay as they are; e keeps x's batch. Raises ValueError where the
    model doesn't use that module exactly once.
    """
    seen: list[Array] = []
    with embedding.register_forward_hook(lambda module, args, y: seen.append(y)):
        values(score, x)
    if len(seen) != 1:
        raise ValueError(f"of_embedding: the model used this {type(embedding).__name__} {len(seen)} times, expected 1")

    def of(e: Array) -> Tensor:
        with replaced(embedding, e):
            return score(x)

    return np.array(seen[0].data if isinstance(seen[0], Tensor) else seen[0]), of


@contextmanager
def replaced(module: nn.Module, y: Array) -> Iterator[None]:
    """Within it, the module gives y whatever it's given."""
    with module.register_forward_hook(lambda module, args, given: y):
        yield


def _chosen(scores: Tensor, classes: ArrayLike) -> Tensor:
    if scores.ndim != 2:
        raise ValueError(f"logit: the model gave {scores.shape}; expected (n, classes)")
    which = np.broadcast_to(np.asarray(classes), len(scores))
    if which.dtype.kind not in "iu" or np.any((which < 0) | (which >= scores.shape[1])):
        raise ValueError(f"logit: class {np.unique(which)}: expected whole numbers from 0 to {scores.shape[1] - 1}")
    return reshape(scores[np.arange(len(scores)), which], (len(scores),))
