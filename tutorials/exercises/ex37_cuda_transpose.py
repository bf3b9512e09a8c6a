"""Exercise 37: a transposition without bank conflicts (lesson 31, 4 points).

Y = Aᵀ, with A m×n and Y n×m, row by row. A warp that reads A by rows would write Y by columns, 32 sectors for each
store. So a block of 32×8 threads brings a tile of 32×32 numbers into shared memory by rows, and writes it out by rows
of Y; each thread does 4 numbers, 8 rows apart:

    read     tile[i][threadIdx.x]  ←  A,     i = threadIdx.y, threadIdx.y + 8, …      barrier
    write    Y  ←  tile[threadIdx.x][i]

That reads a column of the tile. In rows of 32 words all of a column lies in one bank, and a warp waits 32 times: find a
shape of the tile that avoids it. m and n needn't be multiples of 32. In Y the tile's place is exchanged, too: its rows
begin at blockIdx.x · 32, its columns at blockIdx.y · 32.

The check runs your source in the simulator: the result must be right, without a race, without an access out of bounds,
without a bank conflict. Write the kernel's body into KERNEL and let the function return it. Then ask

    tinyxm check ex37
"""

KERNEL = """
extern "C" __global__ void transpose(const float *a, float *y, int m, int n)
{
    __shared__ float tile[32][32];
    int left = blockIdx.x * 32;
    int top = blockIdx.y * 32;
}
"""


def padded_transpose():
    """The source of the kernel, as a string."""
    raise NotImplementedError
