// c = a b, a thread for each number of c, laid out the wrong way round: the 32 threads of a warp, which follow one
// another by threadIdx.x, lie below one another in c. The numbers of a that they read together are k apart, each in a
// sector of its own: 32 bytes fetched for the 4 that are wanted; and so are the numbers of c that they write.
//
// a is m×k, b k×n, c m×n, row by row; blockIdx.z is the place in a stack of matrices.
//
//     tinyxm simt cuda_naive.cu matmul --grid 2,8 --block 32,8
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
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    int column = blockIdx.y * blockDim.y + threadIdx.y;
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
