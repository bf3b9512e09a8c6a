// c = a b with 8×8 numbers of c in the registers of each thread: of the 8 + 8 numbers that it reads from shared memory
// it uses each 8 times. 16×16 threads compute a tile of c of 128×128 from tiles of a and b that are 8 deep.
//
// A thread's rows and columns are 16 apart, not together, so that what a warp, two rows of 16 threads, reads at once
// lies in different banks, and what it writes to c, side by side.
//
// a is m×k, b k×n, c m×n, row by row; blockIdx.z is the place in a stack of matrices.
//
//     tinyxm simt cuda_registers.cu matmul --grid 1,1 --block 16,16
//         --args float:128x32,float:32x128,float*:128x128,128,128,32 --expect "c = a @ b"

#ifdef HALF
#include <cuda_fp16.h>
#define NUMBER half
#else
#define NUMBER float
#endif
#define SIDE 16            // threads along each side of a block
#define EACH 8             // rows, and columns, of a thread
#define TILE (SIDE * EACH) // rows, and columns, of a block
#define DEPTH 8            // terms of each sum at a time: 8 neighbours of a row of a are one sector

extern "C" __global__ void __launch_bounds__(SIDE * SIDE, 2)
matmul(const NUMBER *__restrict__ a, const NUMBER *__restrict__ b, NUMBER *__restrict__ c, int m, int n, int k)
{
    __shared__ float a_tile[TILE][DEPTH];
    __shared__ float b_tile[DEPTH][TILE];
    int x = threadIdx.x, y = threadIdx.y, thread = y * SIDE + x;
    int top = blockIdx.y * TILE, left = blockIdx.x * TILE;
    a += (size_t)blockIdx.z * m * k;
    b += (size_t)blockIdx.z * k * n;
    c += (size_t)blockIdx.z * m * n;
    float sum[EACH][EACH];
#pragma unroll
    for (int i = 0; i < EACH; i++)
#pragma unroll
        for (int j = 0; j < EACH; j++)
            sum[i][j] = 0.0f;

    for (int start = 0; start < k; start += DEPTH) {
#pragma unroll
        for (int i = 0; i < TILE * DEPTH; i += SIDE * SIDE) { // 4 numbers of each tile to a thread
            int r = (thread + i) / DEPTH, d = (thread + i) % DEPTH;
            a_tile[r][d] = top + r < m && start + d < k ? (float)a[(top + r) * k + start + d] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < TILE * DEPTH; i += SIDE * SIDE) {
            int d = (thread + i) / TILE, s = (thread + i) % TILE;
            b_tile[d][s] = start + d < k && left + s < n ? (float)b[(start + d) * n + left + s] : 0.0f;
        }
        __syncthreads();
#pragma unroll 2 // not all 8, for which the compiler wants more than the 128 registers that 2 blocks leave a thread
        for (int d = 0; d < DEPTH; d++) {
            float p[EACH], q[EACH];
#pragma unroll
            for (int i = 0; i < EACH; i++) {
                p[i] = a_tile[y + SIDE * i][d];
                q[i] = b_tile[d][x + SIDE * i];
            }
#pragma unroll
            for (int i = 0; i < EACH; i++)
#pragma unroll
                for (int j = 0; j < EACH; j++)
                    sum[i][j] += p[i] * q[j];
        }
        __syncthreads();
    }

#pragma unroll
    for (int i = 0; i < EACH; i++)
#pragma unroll
        for (int j = 0; j < EACH; j++) {
            int row = top + y + SIDE * i, column = left + x + SIDE * j;
            if (row < m && column < n)
                c[row * n + column] = (NUMBER)sum[i][j];
        }
}
