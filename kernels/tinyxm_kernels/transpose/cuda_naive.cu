// y = a transposed, a thread for each number. A warp reads 32 neighbours of a row of a, 4 sectors of 32 bytes; it
// writes them down a column of y, m numbers apart, to 32 sectors.
//
// a is m×n, y n×m, row by row; blockIdx.z is the place in a stack of matrices.
//
//     tinyxm simt cuda_naive.cu transpose --grid 2,8 --block 32,8
//         --args float:64x64,float*:64x64,64,64 --expect "y = a.T"

extern "C" __global__ void transpose(const float *__restrict__ a, float *__restrict__ y, int m, int n)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    a += (size_t)blockIdx.z * m * n;
    y += (size_t)blockIdx.z * m * n;
    if (row < m && column < n)
        y[(size_t)column * m + row] = a[(size_t)row * n + column];
}
