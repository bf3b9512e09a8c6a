// A race: one thread reads what another writes, and nothing says who comes first.
//
//     tinyxm simt race.cu racing --grid 4 --block 256 --args float:1024,float*:4
//         --expect "sums = sum(reshape(x, (4, 256)), axis=1)"
//     tinyxm simt race.cu mended --grid 4 --block 256 --args float:1024,float*:4
//         --expect "sums = sum(reshape(x, (4, 256)), axis=1)"
//
// Both add up the numbers of each block, by a tree in shared memory: half of the threads add what the other half has,
// then half of those, until the first thread has all. `racing` lacks a barrier. Its sums may well come out right, for
// warps often happen to run in step, and then wrong on another day, another GPU, a larger block: which is why one looks
// for the race, not for the wrong sum. blockDim.x is a power of 2, at most 1024.

extern "C" __global__ void racing(const float *x, float *sums)
{
    __shared__ float part[1024];
    int thread = threadIdx.x;
    part[thread] = x[blockIdx.x * blockDim.x + thread];
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2)
        if (thread < half)
            part[thread] += part[thread + half]; // which another warp writes in the step before this: has it done so?
    if (thread == 0)
        sums[blockIdx.x] = part[0];
}

extern "C" __global__ void mended(const float *x, float *sums)
{
    __shared__ float part[1024];
    int thread = threadIdx.x;
    part[thread] = x[blockIdx.x * blockDim.x + thread];
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (thread < half)
            part[thread] += part[thread + half];
        __syncthreads(); // for all threads, so not within the condition
    }
    if (thread == 0)
        sums[blockIdx.x] = part[0];
}
