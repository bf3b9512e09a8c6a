// A histogram: how many numbers fall into each bin. Several threads add to one bin, and to add is to read, add and
// write: two that read the same count write the same count, and one is lost. An atomic addition is one step, which
// cannot be divided; those to one bin are done one after the other.
//
//     tinyxm simt histogram.cu losing --grid 4 --block 256 --args int:1024,int*:32,1024,32
//         --expect "counts = bincount(x % 32, minlength=32)"
//     tinyxm simt histogram.cu counting --grid 4 --block 256 --args int:1024,int*:32,1024,32
//         --expect "counts = bincount(x % 32, minlength=32)"
//     tinyxm simt histogram.cu gathering --grid 4 --block 256 --args int:1024,int*:32,1024,32
//         --expect "counts = bincount(x % 32, minlength=32)"
//
// `losing` adds without atomics. `counting` adds in global memory, to bins that all blocks share. `gathering` counts in
// shared memory, which is nearer and shared only by the block, and adds what it has once: a thread to each bin. A bin
// is the number modulo how many there are, at most 1024; the counts are 0 to begin with.

extern "C" __global__ void losing(const int *x, int *counts, int n, int bins)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        counts[(unsigned)x[i] % bins] += 1;
}

extern "C" __global__ void counting(const int *x, int *counts, int n, int bins)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        atomicAdd(&counts[(unsigned)x[i] % bins], 1);
}

extern "C" __global__ void gathering(const int *x, int *counts, int n, int bins)
{
    __shared__ int own[1024];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    for (int bin = threadIdx.x; bin < bins; bin += blockDim.x)
        own[bin] = 0;
    __syncthreads();
    if (i < n)
        atomicAdd(&own[(unsigned)x[i] % bins], 1);
    __syncthreads();
    for (int bin = threadIdx.x; bin < bins; bin += blockDim.x)
        atomicAdd(&counts[bin], own[bin]);
}
