// c = a b by tiles: a block of TILE×TILE threads computes a tile of c from tiles of a and b that it brings into shared
// memory, each number once for all the TILE threads that need it.
//
// a is m×k, b k×n, c m×n, row by row; blockIdx.z is the place in a stack of matrices. What lies beyond the matrices is
// 0 in the tiles and adds nothing; all threads stay to the end, for all must reach the barriers.
//
//     tinyxm simt cuda_tiled.cu matmul --grid 4,4 --block 16,16
//         --args float:64x64,float:64x64,float*:64x64,64,64,64 --expect "c = a @ b"

#ifdef HALF
#include <cuda_fp16.h>
#define NUMBER half
#else
#define NUMBER float
#endif
#ifndef TILE
#define TILE 16
#endif

extern "C" __global__ void __launch_bounds__(TILE * TILE)
matmul(const NUMBER *__restrict__ a, const NUMBER *__restrict__ b, NUMBER *__restrict__ c, int m, int n, int k)
{
    __shared__ float a_tile[TILE][TILE];
    __shared__ float b_tile[TILE][TILE];
    int x = threadIdx.x, y = threadIdx.y;
    int row = blockIdx.y * TILE + y, column = blockIdx.x * TILE + x;
    a += (size_t)blockIdx.z * m * k;
    b += (size_t)blockIdx.z * k * n;
    c += (size_t)blockIdx.z * m * n;
    float sum = 0.0f;
    for (int start = 0; start < k; start += TILE) {
        a_tile[y][x] = row < m && start + x < k ? (float)a[row * k + start + x] : 0.0f;
        b_tile[y][x] = start + y < k && column < n ? (float)b[(start + y) * n + column] : 0.0f;
        __syncthreads(); // the tiles are complete
        for (int i = 0; i < TILE; i++)
            sum += a_tile[y][i] * b_tile[i][x];
        __syncthreads(); // and no longer read: the next may be written
    }
    if (row < m && column < n)
        c[row * n + column] = (NUMBER)sum;
}
