// Sums of the rows of an array. A block takes a piece of a row: each of its threads sums every blockDim.x-th number of
// the piece; the threads of a warp then add their sums by twos, handing each other their registers, and the first of
// each warp puts what it has into shared memory, where the first warp does the same with that. blockDim.x is a multiple
// of 32.
//
//     blockIdx.x   the row; blockIdx.y   the piece of it, gridDim.y pieces in all
//     sums         of each row its pieces' sums, side by side
//
//     tinyxm simt cuda_shuffle.cu sum_rows --grid 8 --block 256
//         --args float:8x1000,float*:8,1000 --expect "sums = sum(a, axis=1)"

#define ALL 0xffffffffu // threads of a warp, a bit each

// The sum over a warp, which its first thread gets: at each step every thread adds what the one `apart` places on has.
__device__ float warp_sum(float sum)
{
    for (int apart = 16; apart > 0; apart /= 2)
        sum += __shfl_down_sync(ALL, sum, apart);
    return sum;
}

extern "C" __global__ void sum_rows(const float *__restrict__ a, float *__restrict__ sums, long long columns)
{
    __shared__ float part[32]; // a number of each warp, of which a block has at most 32
    int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    a += blockIdx.x * columns;
    float sum = 0.0f;
    for (long long i = (long long)blockIdx.y * blockDim.x + thread; i < columns; i += (long long)gridDim.y * blockDim.x)
        sum += a[i];
    sum = warp_sum(sum); // all threads of the warp take part, also those that had nothing to add
    if (lane == 0)
        part[warp] = sum;
    __syncthreads();
    if (warp == 0) {
        sum = lane < blockDim.x / 32 ? part[lane] : 0.0f;
        sum = warp_sum(sum);
        if (lane == 0)
            sums[(long long)blockIdx.x * gridDim.y + blockIdx.y] = sum;
    }
}
