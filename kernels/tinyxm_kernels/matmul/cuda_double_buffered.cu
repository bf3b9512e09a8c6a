// c = a b as in cuda_vectors.cu, with two of each tile in shared memory: while the threads compute from one, what they
// have asked for of the next is on its way from memory, some 500 cycles; it waits in 8 registers and goes into the
// other tile when the arithmetic is done. One barrier a step is enough, for nobody reads the tile that is written.
//
// a is m×k, b k×n, c m×n, row by row, each from an address that 16 divides; blockIdx.z is the place in a stack of
// matrices. Where 4 doesn't divide k, or n, rows don't begin at such an address: then numbers are read one by one.
//
//     tinyxm simt cuda_double_buffered.cu matmul --grid 1,1 --block 16,16
//         --args float:128x32,float:32x128,float*:128x128,128,128,32 --expect "c = a @ b"

#define SIDE 16   // threads along each side of a block
#define TILE 128  // rows, and columns, of a block
#define DEPTH 8   // terms of each sum at a time
#ifndef PAD
#define PAD 4     // which still lets each row of the tile begin where a float4 may
#endif

// Four numbers of a row, from `from` on; 0 from `end` on, where the row ends.
__device__ float4 four(const float *row, int from, int end)
{
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (end % 4 == 0) {
        if (from < end)
            v = *(const float4 *)(row + from);
    } else {
        if (from < end)
            v.x = row[from];
        if (from + 1 < end)
            v.y = row[from + 1];
        if (from + 2 < end)
            v.z = row[from + 2];
        if (from + 3 < end)
            v.w = row[from + 3];
    }
    return v;
}

extern "C" __global__ void __launch_bounds__(SIDE * SIDE, 2)
matmul(const float *__restrict__ a, const float *__restrict__ b, float *__restrict__ c, int m, int n, int k)
{
    __shared__ float a_tile[2][DEPTH][TILE + PAD];
    __shared__ float b_tile[2][DEPTH][TILE];
    int x = threadIdx.x, y = threadIdx.y, thread = y * SIDE + x;
    int top = blockIdx.y * TILE, left = blockIdx.x * TILE;
    int a_row = thread / 2, a_depth = thread % 2 * 4;     // of the 4 numbers of a that this thread fetches
    int b_depth = thread / 32, b_column = thread % 32 * 4; // and of the 4 of b
    int a_end = top + a_row < m ? k : 0;
    a += (size_t)blockIdx.z * m * k + (size_t)(top + a_row) * k;
    b += (size_t)blockIdx.z * k * n;
    c += (size_t)blockIdx.z * m * n;
    float sum[8][8];
#pragma unroll
    for (int i = 0; i < 8; i++)
#pragma unroll
        for (int j = 0; j < 8; j++)
            sum[i][j] = 0.0f;

    float4 u = four(a, a_depth, a_end);
    float4 v = four(b + (size_t)b_depth * n, left + b_column, b_depth < k ? n : 0);
    int now = 0;
    for (int start = 0; start < k; start += DEPTH) {
        a_tile[now][a_depth][a_row] = u.x;
        a_tile[now][a_depth + 1][a_row] = u.y;
        a_tile[now][a_depth + 2][a_row] = u.z;
        a_tile[now][a_depth + 3][a_row] = u.w;
        *(float4 *)&b_tile[now][b_depth][b_column] = v;
        __syncthreads();
        int next = start + DEPTH; // beyond the last, zeros, which nobody uses
        u = four(a, next + a_depth, a_end);
        v = four(b + (size_t)(next + b_depth) * n, left + b_column, next + b_depth < k ? n : 0);
#pragma unroll 2 // not all 8, for which the compiler wants more than the 128 registers that 2 blocks leave a thread
        for (int d = 0; d < DEPTH; d++) {
            float p[8], q[8];
#pragma unroll
            for (int i = 0; i < 8; i += 4) {
                float4 r = *(const float4 *)&a_tile[now][d][16 * i + 4 * y];
                float4 s = *(const float4 *)&b_tile[now][d][16 * i + 4 * x];
                p[i] = r.x, p[i + 1] = r.y, p[i + 2] = r.z, p[i + 3] = r.w;
                q[i] = s.x, q[i + 1] = s.y, q[i + 2] = s.z, q[i + 3] = s.w;
            }
#pragma unroll
            for (int i = 0; i < 8; i++)
#pragma unroll
                for (int j = 0; j < 8; j++)
                    sum[i][j] += p[i] * q[j];
        }
        now = 1 - now;
    }

#pragma unroll
    for (int i = 0; i < 8; i++) {
        int row = top + i / 4 * 64 + 4 * y + i % 4;
#pragma unroll
        for (int j = 0; j < 8; j += 4) {
            int column = left + 16 * j + 4 * x;
            float *to = c + (size_t)row * n + column;
            if (row < m && n % 4 == 0) {
                if (column < n)
                    *(float4 *)to = make_float4(sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]);
            } else if (row < m) {
#pragma unroll
                for (int e = 0; e < 4; e++)
                    if (column + e < n)
                        to[e] = sum[i][j + e];
            }
        }
    }
}
