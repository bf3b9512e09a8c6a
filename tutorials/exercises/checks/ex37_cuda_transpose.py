"""What exercise 37 is checked by: NumPy's transposition, and what the simulator sees and counts."""

import numpy as np

from tinyxm.course import Case, Exercise, Trap
from tinyxm.course.cuda import Launch

KERNEL = """
extern "C" __global__ void transpose(const float *a, float *y, int m, int n)
{
    __shared__ float tile[32][33];
    int left = blockIdx.x * 32, top = blockIdx.y * 32, x = threadIdx.x;
    for (int i = threadIdx.y; i < 32; i += 8)
        if (top + i < m && left + x < n)
            tile[i][x] = a[(top + i) * n + left + x];
    __syncthreads();
    for (int i = threadIdx.y; i < 32; i += 8)
        if (left + i < n && top + x < m)
            y[(left + i) * m + top + x] = tile[x][i];
}
"""

DIRECT = """
extern "C" __global__ void transpose(const float *a, float *y, int m, int n)
{
    int column = blockIdx.x * 32 + threadIdx.x;
    for (int row = blockIdx.y * 32 + threadIdx.y; row < blockIdx.y * 32 + 32; row += 8)
        if (row < m && column < n)
            y[column * m + row] = a[row * n + column];
}
"""


def but(*changes):
    """The kernel with something else in one place."""
    text = KERNEL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return lambda: text


TRAPS = (
    Trap("rows of 32 words: all of a column lies in one bank; make them one word longer", but(("[33]", "[32]"))),
    Trap("rows of 34 words: a step of 2 meets each second bank twice; the step must be odd", but(("[33]", "[34]"))),
    Trap("no barrier: a warp writes out what other warps haven't brought yet", but(("__syncthreads();", ""))),
    Trap("what is outside A is read: ask top + i < m and left + x < n", but(("if (top + i < m && left + x < n)", ""))),
    Trap(
        "what is outside Y is written: ask left + i < n and top + x < m", but(("if (left + i < n && top + x < m)", ""))
    ),
    Trap(
        "the limits are those of A, but Y is n×m: its row is left + i, its column top + x",
        but(("if (left + i < n && top + x < m)", "if (left + i < m && top + x < n)")),
    ),
    Trap("the rows of Y are m numbers long, not n", but(("y[(left + i) * m", "y[(left + i) * n"))),
    Trap("the tile is written out as it came, not turned: tile[threadIdx.x][i]", but(("tile[x][i]", "tile[i][x]"))),
    Trap(
        "the tile is turned, but stays in its place: in Y it begins at row left, column top",
        but(
            ("if (left + i < n && top + x < m)", "if (top + i < n && left + x < m)"),
            ("y[(left + i) * m + top + x]", "y[(top + i) * m + left + x]"),
        ),
    ),
    Trap("only the first 8 rows of each tile are done: go on by steps of 8", but(("i < 32", "i < 8"))),
    Trap("Y is written by columns, 32 sectors for each store: turn the tile in shared memory", lambda: DIRECT),
)


def cases(rng):
    def case(told, m, n, **most):
        a, grid = rng.normal(size=(m, n)).astype("f"), (-(-n // 32), -(-m // 32))
        launch = Launch("transpose", grid, (32, 8), (a, np.full((n, m), np.nan, "f"), m, n), 1, a.T.copy(), most)
        return Case(told, (), launch.judge, square=m == n)

    yield case("one tile: 32×32", 32, 32)
    yield case("two tiles side by side: 32×64", 32, 64)
    yield case("nothing is a multiple of 32: 40×70", 40, 70)
    yield case("smaller than a tile: 3×5", 3, 5)
    yield case("64×64: no bank conflict (256 passes), 1024 sectors at most", 64, 64, shared_passes=256, sectors=1024)


EXERCISE = Exercise(
    title="a transposition without bank conflicts",
    lesson="31_races_and_banks",
    points=4,
    function="padded_transpose",
    hints=(
        "Word w lies in bank w mod 32. In rows of 32 words the column c has the words c, 32 + c, 64 + c, …: one bank. "
        "How long must a row be for them to lie in 32 different ones?",
        "tile[32][33]: one word in each row that nobody uses. Fill tile[i][threadIdx.x] from a[(top + i) * n + left + "
        "threadIdx.x] where that is in A, barrier (outside of every if), then write.",
        "The second loop: if (left + i < n && top + threadIdx.x < m) y[(left + i) * m + top + threadIdx.x] = "
        "tile[threadIdx.x][i].",
    ),
    cases=cases,
    traps=TRAPS,
)
