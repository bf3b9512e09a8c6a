"""What exercise 33 is checked by: NumPy's product; a small cache that counts what of B is fetched; and Numba."""

import re

import numpy as np
from numba import njit
from numba.core.errors import NumbaError

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden

LINE, LINES = 8, 48  # of the small cache: numbers in a line, and lines that it keeps


def cases(rng):
    def case(told, m, depth, n, size, dtype=np.float64):
        a, b = rng.normal(size=(m, depth)).astype(dtype), rng.normal(size=(depth, n)).astype(dtype)
        square = m == depth == n
        return Case(told, (a, b, size), a @ b, 1e-4 if dtype == np.float32 else 1e-9, square=square)

    yield case("2×2 times 2×2, blocks of 1", 2, 2, 2, 1)
    yield case("4×4 times 4×4, blocks of 2", 4, 4, 4, 2)
    yield case("2×4 times 4×6, blocks of 2", 2, 4, 6, 2)
    yield case("5×7 times 7×3, blocks of 2: ragged", 5, 7, 3, 2)
    yield case("3×2 times 2×4, a block larger than all", 3, 2, 4, 16)
    yield case("1×9 times 9×1, blocks of 4", 1, 9, 1, 4)
    yield case("2×0 times 0×3: zeros", 2, 0, 3, 2)
    yield case("13×17 times 17×19, blocks of 5, float32", 13, 17, 19, 5, np.float32)


class TooOften(Exception):
    """More lines were fetched than a matmul in blocks needs."""


class Watched:
    """A matrix behind a small cache, which counts the lines that it fetches, up to a limit."""

    def __init__(self, matrix, limit):
        self.matrix, self.shape, self.dtype, self.ndim = matrix, matrix.shape, matrix.dtype, 2
        self.kept, self.left = {}, limit

    def __len__(self):
        return len(self.matrix)

    def __getitem__(self, place):
        if not (isinstance(place, tuple) and len(place) == 2 and all(isinstance(i, int | np.integer) for i in place)):
            raise TypeError("one number at a time is wanted here, such as b[k, j], in plain loops")
        line = (place[0] * self.shape[1] + place[1]) // LINE
        if self.kept.pop(line, None) is None:
            self.left -= 1
            if self.left < 0:
                raise TooOften
            if len(self.kept) == LINES:
                del self.kept[next(iter(self.kept))]
        self.kept[line] = True
        return self.matrix[place]


def often(function, n=32, size=16):
    """Whether lines of B are fetched more than 4 times on average; in plain loops it is n times."""
    try:
        function(np.ones((n, n)), Watched(np.ones((n, n)), 4 * n * n // LINE), size)
    except TooOften:
        return True
    return False


def trial(function):
    """Two layers trained by it, compiled; and whether B was fetched no more than a few times."""
    plain = getattr(function, "py_func", function)
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(9, 7)), rng.normal(size=(9, 3))
    w = [xm.Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((7, 5), (5, 3))]
    told = "each number of B is fetched a few times only"
    if function and often(plain):
        return {told: False, "losses of two layers": []}
    compiled, losses = function and njit(plain), []

    def at_work(a, b):
        try:
            return compiled(np.ascontiguousarray(a), np.ascontiguousarray(b), 4)
        except NumbaError as error:
            why = re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[1:2]
            raise TypeError(f"Numba can't compile it: {' '.join(why)}; write loops over single numbers") from None

    with overridden("tinyxm_kernels:matmul", function and at_work):
        for _ in range(5):
            loss = np.mean((xm.ops.tanh(x @ w[0]) @ w[1] - t) ** 2)
            for weights, g in zip(w, xm.gradients(loss, w), strict=True):
                weights.data = weights.data - 0.1 * g.data
            losses.append(loss.item())
    return {told: True, "losses of two layers": losses}


def loops(a, b, size, ranges=None, blocks=None, add=True):
    """The five loops, with something else in one of its places."""
    (m, depth), n = a.shape, b.shape[1]
    c = np.zeros((m, n), a.dtype)
    blocks = blocks or (lambda length: range(0, length, size))
    within = ranges or (lambda start, length: range(start, min(start + size, length)))
    for k0 in blocks(depth):
        for j0 in blocks(n):
            for i in range(m):
                for j in within(j0, n):
                    part = sum(a[i, k] * b[k, j] for k in within(k0, depth))
                    c[i, j] = c[i, j] + part if add else part
    return c


def whole_blocks(a, b, size):
    return loops(a, b, size, blocks=lambda length: range(0, length // size * size, size))


def over_the_edge(a, b, size):
    return loops(a, b, size, ranges=lambda start, length: range(start, start + size))


def overwritten(a, b, size):
    return loops(a, b, size, add=False)


def from_the_start(a, b, size):
    return loops(a, b, size, ranges=lambda start, length: range(min(start + size, length)))


def one_short(a, b, size):
    return loops(a, b, size, ranges=lambda start, length: range(start, min(start + size, length - 1)))


def steps_of_one(a, b, size):
    return loops(a, b, size, blocks=lambda length: range(0, length))


def plain_loops(a, b, size):
    c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for k in range(b.shape[0]):
            for j in range(b.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


def b_turned(a, b, size):
    return a @ b.T


def no_zeros(a, b, size):
    return a @ b + 1


EXERCISE = Exercise(
    title="a matmul in blocks",
    lesson="28_matmul",
    points=3,
    function="blocked_matmul",
    hints=(
        "Five loops in this order: k0, j0, i, k, j. range(0, depth, size) steps by blocks. C begins as zeros.",
        "The last block ends where the matrix does: k runs over range(k0, min(k0 + size, depth)), j over the like. All "
        "blocks of k add to the same C.",
        "for k0 in range(0, depth, size): for j0 in range(0, n, size): for i in range(m): for k in range(k0, min(k0 + "
        "size, depth)): for j in range(j0, min(j0 + size, n)): c[i, j] += a[i, k] * b[k, j].",
    ),
    cases=cases,
    traps=(
        Trap("these are plain loops, without blocks: each row of A goes through all of B again", plain_loops),
        Trap("the ragged last blocks are left out: only whole ones are done", whole_blocks),
        Trap("the last block goes over the edge: it ends at min(start + size, length)", over_the_edge),
        Trap("each block of k overwrites what the ones before it gave: it adds to C", overwritten),
        Trap("within a block the loop begins at 0 again: it begins at the block's start", from_the_start),
        Trap("the last row and column are left out: a range ends before its end by itself", one_short),
        Trap("the blocks overlap: the outer loops step by size", steps_of_one),
        Trap("B is read by [j, k]: C[i, j] is a row of A times a column of B", b_turned),
        Trap("C doesn't begin as zeros", no_zeros),
    ),
    trial=trial,
    trial_told="compiled, in two layers; and what of B is fetched, by a small cache",
)
