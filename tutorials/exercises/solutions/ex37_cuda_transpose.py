"""Exercise 37, solved: rows of 33 words, so that the next word of a column is in the next bank."""

KERNEL = """
extern "C" __global__ void transpose(const float *a, float *y, int m, int n)
{
    __shared__ float tile[32][33];
    int left = blockIdx.x * 32;
    int top = blockIdx.y * 32;
    for (int i = threadIdx.y; i < 32; i += 8)
        if (top + i < m && left + threadIdx.x < n)
            tile[i][threadIdx.x] = a[(top + i) * n + left + threadIdx.x];
    __syncthreads();
    for (int i = threadIdx.y; i < 32; i += 8)
        if (left + i < n && top + threadIdx.x < m)
            y[(left + i) * m + top + threadIdx.x] = tile[threadIdx.x][i];
}
"""


def padded_transpose():
    """The source of the kernel, as a string."""
    return KERNEL
