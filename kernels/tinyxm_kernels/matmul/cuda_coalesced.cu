// c = a b, a thread for each number of c. The 32 threads of a warp lie beside one another in a row of c: they read 32
// neighbours of b and write 32 neighbours of c, four sectors of 32 bytes each, all of them used; and of a all read the
// same number, which is fetched once for all.
//
// a is m×k, b k×n, c m×n, row by row; blockIdx.z is the place in a stack of matrices.
//
//     tinyxm simt cuda_coalesced.cu matmul --grid 2,8 --block 32,8
//         --args float:64x64,float:64x64,float*:64x64,64,64,64 --expect "c = a @ b"

#ifdef HALF
#include <cuda_fp16.h>
#define NUMBER half
#else
#define NUMBER float
#endif

extern "C" __global__ void matmul(const NUMBER *__restrict__ a, const NUMBER *__restrict__ b, NUMBER *__restrict__ c,
                                  int m, int n, int k)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= m || column >= n)
        return;
    a += (size_t)blockIdx.z * m * k;
    b += (size_t)blockIdx.z * k * n;
    c += (size_t)blockIdx.z * m * n;
    float sum = 0.0f;
    for (int i = 0; i < k; i++)
        sum += (float)a[row * k + i] * (float)b[i * n + column];
    c[row * n + column] = (NUMBER)sum;
}
