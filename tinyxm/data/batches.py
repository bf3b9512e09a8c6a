"""Batches whose order depends on the seed and the epoch alone, so that a run resumes bit for bit; the way to a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm_kernels import cuda

from .samples import Samples

if TYPE_CHECKING:
    from .shards import Shards

Batch = TypeVar("Batch")


def order(n: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """The permutation of n samples in one epoch: a function of (seed, epoch), not of what was drawn before."""
    for name, value in (("n", n), ("seed", seed), ("epoch", epoch)):
        if value < 0:
            raise ValueError(f"order: {name} is {value}; it must not be negative")
    return np.random.default_rng([seed, epoch]).permutation(n)


@overload
def batches(
    data: int,
    batch_size: int,
    seed: int | None = ...,
    epoch: int = ...,
    drop_last: bool = ...,
    start: int = ...,
    indices: ArrayLike | None = ...,
) -> Iterator[NDArray[np.intp]]: ...
@overload
def batches(
    data: Samples | Shards,
    batch_size: int,
    seed: int | None = ...,
    epoch: int = ...,
    drop_last: bool = ...,
    start: int = ...,
    indices: ArrayLike | None = ...,
) -> Iterator[Samples]: ...
def batches(
    data: int | Samples | Shards,
    batch_size: int,
    seed: int | None = 0,
    epoch: int = 0,
    drop_last: bool = False,
    start: int = 0,
    indices: ArrayLike | None = None,
) -> Iterator[NDArray[np.intp]] | Iterator[Samples]:
    """The batches of one epoch, from batch number `start` on: of indices for a number n, else of Samples.

    Shuffled by `order(n, seed, epoch)`; seed None keeps the order; `indices`, such as a sampler's (`balanced_order`,
    `bucketed_order`), are taken as they come, in place of seed and epoch. The last batch may be smaller, or is left out
    with `drop_last`. To resume, ask for the same seed and epoch with `start` the number of batches already taken.
    Of Shards, only what a batch needs is read; `stream` reads them faster.
    Raises ValueError for no data, a batch size below 1, one larger than the data with `drop_last` (no batch is left),
    and indices out of range.
    """
    n = data if isinstance(data, int) else len(data)
    if n < 1:
        raise ValueError("batches: there are no samples")
    if batch_size < 1 or start < 0:
        raise ValueError(f"batches: batch_size {batch_size}, start {start}; expected at least 1 and at least 0")
    if indices is not None:
        chosen = np.asarray(indices, np.intp)
        if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= n:
            raise ValueError(f"batches: indices {chosen.shape}; expected some of 0 to {n - 1}, shape (m,)")
    else:
        chosen = np.arange(n) if seed is None else order(n, seed, epoch)
    total = len(chosen)
    if drop_last and batch_size > total:
        raise ValueError(f"batches: batch_size {batch_size} exceeds the {total} samples, and drop_last leaves no batch")
    stop = total - total % batch_size if drop_last else total
    parts = (chosen[i : min(i + batch_size, stop)] for i in range(start * batch_size, stop, batch_size))
    return parts if isinstance(data, int) else (data[part] for part in parts)


def on_device(batches: Iterable[Batch], device: str) -> Iterator[Batch]:
    """The same batches with their arrays on a device, each copied there while the one before it is used.

    A batch is an array, or a tuple, list, dictionary or dataclass of them; what isn't an array of numbers stays as it
    is. On "cpu" nothing is copied. On a GPU the way is by pinned memory, which the device reads by itself while the CPU
    goes on, in a stream of its own, so that the copy and the computation take the same time. Raises as
    `tinyxm_kernels.cuda.move` does.
    """
    if device == "cpu":
        yield from batches
        return
    copies = _Copies(cuda.device_number(device))
    ready: list[Batch] = []
    for batch in batches:
        ready.append(copies.begin(batch))
        if len(ready) == 2:
            copies.wait(1)
            yield ready.pop(0)
    if ready:
        copies.wait(0)
        yield ready.pop()


class _Copies:
    """Copies from two sets of pinned buffers in turn: one is filled while the device may still read the other."""

    def __init__(self, device: int) -> None:
        import cupy

        self.device, self.turn = device, 0
        with cuda.guarded("batches", device):
            self.stream = cupy.cuda.Stream(non_blocking=True)
            self.done = [cupy.cuda.Event(disable_timing=True) for _ in range(2)]
        self.buffers: tuple[list[NDArray[np.uint8]], ...] = [], []  # of each turn, one for each array of a batch

    def begin(self, batch: Batch) -> Batch:
        """The batch's arrays on the device, where their numbers are on the way."""
        import cupy

        self.turn, place = 1 - self.turn, [0]
        done, buffers = self.done[self.turn], self.buffers[self.turn]
        done.synchronize()  # the device has read what lies in these buffers

        def copied(x: NDArray[Any]) -> Any:
            place[0] += 1
            if len(buffers) < place[0]:
                buffers.append(_pinned(x.nbytes))
            elif len(buffers[place[0] - 1]) < x.nbytes:
                buffers[place[0] - 1] = _pinned(x.nbytes * 5 // 4)  # sizes differ from batch to batch
            pinned = buffers[place[0] - 1][: x.nbytes].view(x.dtype).reshape(x.shape)
            pinned[...] = x
            there = cupy.empty(x.shape, x.dtype)
            # of the current stream, which may still be computing with what lay in this memory before
            self.stream.wait_event(cupy.cuda.get_current_stream().record())
            there.set(pinned, self.stream)
            return there

        with cuda.guarded("batches", self.device):
            moved = _with_arrays(batch, copied)
            done.record(self.stream)
        return moved

    def wait(self, ago: int) -> None:
        """Let what is computed next wait for the copies begun last, or so many before."""
        import cupy

        with cuda.guarded("batches", self.device):
            cupy.cuda.get_current_stream().wait_event(self.done[self.turn if ago == 0 else 1 - self.turn])


def _pinned(size: int) -> NDArray[np.uint8]:
    import cupyx

    return cupyx.empty_pinned(max(1, size), np.uint8)


def _with_arrays(batch: Any, change: Callable[[NDArray[Any]], Any]) -> Any:
    """The batch with change(x) in the place of each array of numbers x."""
    if isinstance(batch, np.ndarray):
        return change(batch) if batch.dtype.kind in "fiub" else batch
    if isinstance(batch, dict):
        return {key: _with_arrays(value, change) for key, value in batch.items()}
    if isinstance(batch, list | tuple):
        parts: list[Any] = [_with_arrays(value, change) for value in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    if is_dataclass(batch) and not isinstance(batch, type):
        values = {field.name: getattr(batch, field.name) for field in fields(batch) if field.init}
        return replace(batch, **{name: _with_arrays(value, change) for name, value in values.items()})
    return batch
