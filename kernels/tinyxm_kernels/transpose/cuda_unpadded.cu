// y = a transposed, by tiles that are turned in shared memory: a block reads a tile of a along its rows and writes it
// along the rows of y, whole sectors both times. What was written to the tile by rows is read from it by columns; and
// the numbers of a column, 32 apart, are all in the same of the 32 banks, which gives one at a time.
//
// a is m×n, y n×m, row by row; blockIdx.z is the place in a stack of matrices. A block is 32 threads wide; each thread
// takes as many numbers as it needs blocks of its height to fill the tile.
//
//     tinyxm simt cuda_unpadded.cu transpose --grid 2,2 --block 32,8
//         --args float:64x64,float*:64x64,64,64 --expect "y = a.T"

#define TILE 32

extern "C" __global__ void transpose(const float *__restrict__ a, float *__restrict__ y, int m, int n)
{
    __shared__ float tile[TILE][TILE];
    int left = blockIdx.x * TILE, top = blockIdx.y * TILE;
    a += (size_t)blockIdx.z * m * n;
    y += (size_t)blockIdx.z * m * n;
    int column = left + threadIdx.x;
    for (int i = threadIdx.y; i < TILE; i += blockDim.y)
        if (top + i < m && column < n)
            tile[i][threadIdx.x] = a[(size_t)(top + i) * n + column];
    __syncthreads();
    column = top + threadIdx.x; // of y, whose rows are the tile's columns
    for (int i = threadIdx.y; i < TILE; i += blockDim.y)
        if (left + i < n && column < m)
            y[(size_t)(left + i) * m + column] = tile[threadIdx.x][i];
}
