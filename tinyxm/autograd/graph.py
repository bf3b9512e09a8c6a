"""A recorded graph as a whole: what it was computed from, and where a pass over it is to stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tinyxm.autograd.tensor import Node


def parted(results: Iterable[Node | None], tick: int) -> tuple[list[Node], list[Node]]:
    """The nodes that these results were computed from: those recorded after this tick, and the older ones where the
    graph of the newer ends. Each once."""
    newer: list[Node] = []
    older: list[Node] = []
    seen: set[Node] = set()
    waiting = [node for node in results if node is not None]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            (newer if node.tick > tick else older).append(node)
            if node.tick > tick:
                waiting += [source for source, _, _ in node.edges or ()]
    return newer, older


@contextmanager
def as_leaves(nodes: Iterable[Node]) -> Iterator[None]:
    """Let passes within this context end at these nodes: what they were computed from is neither visited nor freed."""
    kept = [(node, node.edges) for node in nodes]
    try:
        for node, _ in kept:
            node.edges = None
        yield
    finally:
        for node, edges in kept:
            node.edges = edges
