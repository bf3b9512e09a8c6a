// Sums of the rows of an array. A block takes a piece of a row: each of its threads sums every blockDim.x-th number of
// the piece, and then a tree in shared memory adds the threads' sums by twos. blockDim.x is a power of 2, and so many
// floats of shared memory are given.
//
//     blockIdx.x   the row; blockIdx.y   the piece of it, gridDim.y pieces in all
//     sums         of each row its pieces' sums, side by side
//
//     tinyxm simt cuda_shared.cu sum_rows --grid 8 --block 256 --shared 1024
//         --args float:8x1000,float*:8,1000 --expect "sums = sum(a, axis=1)"

extern "C" __global__ void sum_rows(const float *__restrict__ a, float *__restrict__ sums, long long columns)
{
    extern __shared__ float part[];
    int thread = threadIdx.x;
    a += blockIdx.x * columns;
    float sum = 0.0f;
    for (long long i = (long long)blockIdx.y * blockDim.x + thread; i < columns; i += (long long)gridDim.y * blockDim.x)
        sum += a[i];
    part[thread] = sum;
    __syncthreads();
    // The upper half is added to the lower. Neighbours add neighbours, so that the banks don't conflict and whole warps
    // are done at once: only the last 5 steps leave some of a warp's threads without work.
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (thread < half)
            part[thread] += part[thread + half];
        __syncthreads(); // outside of the condition: all threads must come to it
    }
    if (thread == 0)
        sums[(long long)blockIdx.x * gridDim.y + blockIdx.y] = part[0];
}
