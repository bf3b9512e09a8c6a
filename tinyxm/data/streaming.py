"""Batches from shards larger than memory, shuffled within windows of shards and prepared in the background."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .batches import order
from .samples import Samples, concatenate
from .shards import Shards

T = TypeVar("T")


def stream_order(
    sizes: NDArray[np.int64], seed: int | None, epoch: int, window: int = 4
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each window its shards and the indices of its samples, shuffled: all samples once, `window` shards at a time.

    The shards come in the order `order(shards, seed, epoch)`, and the samples of window w in a permutation drawn from
    (seed, epoch, w): a function of these and of `sizes`, the shards' numbers of samples. Seed None keeps all in order.
    """
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shards = np.arange(len(sizes)) if seed is None else order(len(sizes), seed, epoch)
    for number, first in enumerate(range(0, len(shards), window)):
        chosen = shards[first : first + window]
        indices = np.concatenate([np.arange(starts[k], starts[k + 1]) for k in chosen])
        if seed is not None:
            indices = indices[np.random.default_rng([seed, epoch, 1 + number]).permutation(len(indices))]
        yield chosen, indices


def stream(
    shards: Shards,
    batch_size: int,
    seed: int | None = 0,
    epoch: int = 0,
    drop_last: bool = False,
    start: int = 0,
    window: int = 4,
) -> Iterator[Samples]:
    """The batches of one epoch over shards, from batch number `start` on, with no more than `window` shards mapped.

    As `batches(shards, ...)`, but shuffled within windows of shards (`stream_order`), so that the disk is read shard by
    shard, once: memory stays at one window's pages, which the system may take back, and a few batches. A larger window
    mixes better: what was written in an order (by class, by time) is mixed within a window alone, so write it shuffled.
    To resume, ask for the same seed, epoch and window with `start` the number of batches taken; what was is not read.
    Raises ValueError as `batches` does, and for a window below 1.
    """
    n = len(shards)
    if batch_size < 1 or start < 0 or window < 1:
        raise ValueError(f"stream: batch_size {batch_size}, start {start}, window {window}; expected at least 1, 0, 1")
    if drop_last and batch_size > n:
        raise ValueError(f"stream: batch_size {batch_size} exceeds the {n} samples, and drop_last leaves no batch")
    return _stream(shards.reopened(), batch_size, seed, epoch, drop_last, start, window)


def _stream(
    shards: Shards, batch_size: int, seed: int | None, epoch: int, drop_last: bool, start: int, window: int
) -> Iterator[Samples]:
    skip = start * batch_size
    parts: list[Samples] = []  # of a batch that one window begins and the next one ends
    windows = stream_order(shards.sizes, seed, epoch, window)
    ahead = next(windows, None)
    while ahead is not None:
        (_, indices), ahead = ahead, next(windows, None)
        left, skip = indices[skip:], max(0, skip - len(indices))
        if not len(left):
            continue
        for shard in ahead[0] if ahead else ():  # which the system reads while this window is used
            shards.advise(int(shard))
        at = 0
        while at < len(left):
            wanted = batch_size - sum(map(len, parts))
            parts.append(shards[left[at : at + wanted]])
            at += wanted
            if sum(map(len, parts)) == batch_size:
                yield parts[0] if len(parts) == 1 else concatenate(parts)
                parts = []
        shards.release()
    if parts and not drop_last:
        yield concatenate(parts)


class Prefetch(Generic[T]):
    """An iterator that prepares the next `ahead` items in a background thread while the present one is used.

    Items come in their order; an error in the source is raised where its item would have come. `close()`, the end of a
    `with` block, the end of the items and forgetting the iterator each end the thread; none of them loses the source's
    own clean-up, which runs in the thread. Memory holds up to `ahead` + 2 items.
    """

    def __init__(self, source: Iterable[T], ahead: int = 2) -> None:
        if ahead < 1:
            raise ValueError(f"prefetch: ahead {ahead}; expected at least 1")
        self._items: queue.Queue[tuple[str, Any]] = queue.Queue(ahead)
        self._stop = threading.Event()
        arguments = (source, self._items, self._stop)  # not self: the thread must not keep this object alive
        within = copy_context()  # what is in force here, such as `tinyxm_kernels.using`, is in force there
        self._thread = threading.Thread(target=within.run, args=(_fill, *arguments), name="prefetch", daemon=True)
        self._finish = weakref.finalize(self, _end, self._items, self._stop)
        self._done = False
        self._thread.start()

    def __iter__(self) -> Prefetch[T]:
        return self

    def __next__(self) -> T:
        if self._done:
            raise StopIteration
        what, value = self._items.get()
        if what == "item":
            given: T = value
            return given
        self.close()
        if what == "error":
            raise value
        raise StopIteration

    def close(self) -> None:
        """Stop the thread, and wait until the source has cleaned up; what was prepared is dropped."""
        self._done = True
        self._finish()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Prefetch[T]:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def prefetch(source: Iterable[T], ahead: int = 2, then: Callable[[T], T] | None = None) -> Prefetch[T]:
    """Prepare items ahead in a background thread (`Prefetch`), each passed through `then`, such as `collate`, there.

    NumPy's larger operations and the reading of files let go of the interpreter's lock, so that the training step runs
    meanwhile; pure Python doesn't. Raises ValueError for `ahead` below 1.
    """
    return Prefetch(source if then is None else map(then, source), ahead)


def _fill(source: Iterable[Any], items: queue.Queue[tuple[str, Any]], stop: threading.Event) -> None:
    last: tuple[str, Any] = ("end", None)
    iterator = None
    try:
        iterator = iter(source)
        while not stop.is_set():
            try:
                item = next(iterator)
            except StopIteration:
                break
            if not _put(items, ("item", item), stop):
                break
            del item
    except BaseException as error:  # whatever it is, it belongs to the one who asks for the item
        last = ("error", error)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                last = ("error", error) if last[0] == "end" else last
        _put(items, last, stop)


def _put(items: queue.Queue[tuple[str, Any]], item: tuple[str, Any], stop: threading.Event) -> bool:
    """Whether it found room before a stop was asked for."""
    while not stop.is_set():
        try:
            items.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False


def _end(items: queue.Queue[tuple[str, Any]], stop: threading.Event) -> None:
    stop.set()
    while True:  # make room for a thread that waits to put
        try:
            items.get_nowait()
        except queue.Empty:
            return
