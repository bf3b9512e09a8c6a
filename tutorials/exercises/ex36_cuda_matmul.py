"""Exercise 36: a matmul in CUDA C, by tiles (lesson 30, 5 points).

C = A B, with A m×k, B k×n, C m×n, all row by row. A block of 16×16 threads computes a tile of 16×16 numbers of C. It
walks along A's rows and B's columns, a tile at a time:

    each thread brings one number of A's tile and one of B's tile into shared memory; 0 where that is outside
    barrier: the tiles are complete
    each thread adds 16 products to its sum
    barrier: nobody reads the tiles any longer, so the next may come

Then it writes its sum, if its place is in C. m, n and k needn't be multiples of 16, and every thread must reach every
barrier. x is along the columns: threadIdx.x, blockIdx.x; y is along the rows.

No GPU is needed: the check runs your source in the simulator, which sees races, accesses out of bounds, and how much is
fetched from memory. Write the kernel's body into KERNEL and let the function return it. Then ask

    tinyxm check ex36
"""

KERNEL = """
extern "C" __global__ void matmul(const float *a, const float *b, float *c, int m, int n, int k)
{
    __shared__ float a_tile[16][16];
    __shared__ float b_tile[16][16];
    int row = blockIdx.y * 16 + threadIdx.y;
    int column = blockIdx.x * 16 + threadIdx.x;
}
"""


def tiled_matmul():
    """The source of the kernel, as a string."""
    raise NotImplementedError
