"""What exercise 36 is checked by: NumPy's product, and what the simulator sees and counts."""

import numpy as np

from tinyxm.course import Case, Exercise, Trap
from tinyxm.course.cuda import Launch

KERNEL = """
extern "C" __global__ void matmul(const float *a, const float *b, float *c, int m, int n, int k)
{
    __shared__ float a_tile[16][16];
    __shared__ float b_tile[16][16];
    int x = threadIdx.x, y = threadIdx.y;
    int row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
    float sum = 0;
    for (int start = 0; start < k; start += 16) {
        a_tile[y][x] = row < m && start + x < k ? a[row * k + start + x] : 0;
        b_tile[y][x] = start + y < k && column < n ? b[(start + y) * n + column] : 0;
        __syncthreads(); // complete
        for (int i = 0; i < 16; i++)
            sum += a_tile[y][i] * b_tile[i][x];
        __syncthreads(); // read
    }
    if (row < m && column < n)
        c[row * n + column] = sum;
}
"""

UNTILED = """
extern "C" __global__ void matmul(const float *a, const float *b, float *c, int m, int n, int k)
{
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    float sum = 0;
    if (row < m && column < n) {
        for (int i = 0; i < k; i++)
            sum += a[row * k + i] * b[i * n + column];
        c[row * n + column] = sum;
    }
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
    Trap(
        "no barrier after the tiles are filled: some threads read what others haven't brought yet",
        but(("__syncthreads(); // complete", "")),
    ),
    Trap(
        "no barrier after the tiles are read: fast threads overwrite what slow ones still need",
        but(("__syncthreads(); // read", "")),
    ),
    Trap(
        "no barriers: one is needed after the tiles are filled, one after they are read",
        but(("__syncthreads(); // complete", ""), ("__syncthreads(); // read", "")),
    ),
    Trap(
        "what is outside A or B is read: bring 0 there",
        but(
            ("row < m && start + x < k ? a[row * k + start + x] : 0", "a[row * k + start + x]"),
            ("start + y < k && column < n ? b[(start + y) * n + column] : 0", "b[(start + y) * n + column]"),
        ),
    ),
    Trap(
        "what is outside C is written: ask row < m && column < n",
        but(("if (row < m && column < n)", "")),
    ),
    Trap(
        "a barrier that not all threads reach: those outside C must stay, and bring zeros",
        but(("float sum = 0;", "float sum = 0;\n    if (row >= m || column >= n)\n        return;")),
    ),
    Trap(
        "a ragged last tile is left out: start goes on while it is below k",
        but(("start < k;", "start + 16 <= k;")),
    ),
    Trap(
        "each tile overwrites the sum of those before: it goes on from tile to tile",
        but(("__syncthreads(); // complete", "__syncthreads(); // complete\n        sum = 0;")),
    ),
    Trap(
        "B's tile is read by rows: the sum goes down its column, b_tile[i][x]",
        but(("b_tile[i][x]", "b_tile[x][i]")),
    ),
    Trap(
        "B's rows are k apart, it seems: they are n numbers long",
        but(("b[(start + y) * n + column]", "b[(start + y) * k + column]")),
    ),
    Trap(
        "every number is fetched for each product: bring it into shared memory once for 16 threads",
        lambda: UNTILED,
    ),
)


def cases(rng):
    def case(told, m, n, k, **most):
        a, b = rng.normal(size=(m, k)).astype("f"), rng.normal(size=(k, n)).astype("f")
        grid, c = (-(-n // 16), -(-m // 16)), np.full((m, n), np.nan, np.float32)
        launch = Launch("matmul", grid, (16, 16), (a, b, c, m, n, k), 2, a @ b, most)
        return Case(told, (), launch.judge, square=m == n == k)

    yield case("one tile: 16×16 times 16×16", 16, 16, 16)
    yield case("two tiles to walk: 16×32 times 32×16", 16, 16, 32)
    yield case("nothing is a multiple of 16: 20×19 times 19×35", 20, 35, 19)
    yield case("smaller than a tile: 3×5 times 5×2", 3, 2, 5)
    yield case("32×32 times 32×32: at most 640 sectors fetched and stored", 32, 32, 32, sectors=640)


EXERCISE = Exercise(
    title="a matmul in CUDA C, by tiles",
    lesson="30_the_gpu_lane_by_lane",
    points=5,
    function="tiled_matmul",
    hints=(
        "One loop over start = 0, 16, 32, … below k, and in it: fill, barrier, 16 products, barrier. The thread "
        "(x, y) of the block fills a_tile[y][x] and b_tile[y][x].",
        "A's number is a[row * k + start + x], if row < m and start + x < k; B's is b[(start + y) * n + column], if "
        "start + y < k and column < n; else 0: condition ? number : 0. All threads do that, also those outside C.",
        "for (int start = 0; start < k; start += 16) { a_tile[y][x] = …; b_tile[y][x] = …; __syncthreads(); for (int i "
        "= 0; i < 16; i++) sum += a_tile[y][i] * b_tile[i][x]; __syncthreads(); } if (row < m && column < n) c[row * n "
        "+ column] = sum;",
    ),
    cases=cases,
    traps=TRAPS,
)
