// A stencil: each number becomes the mean of itself and its neighbours, 3 to each side.
//
//     tinyxm simt stencil.cu direct --grid 4 --block 256 --args float:1024,float*:1024,1024
//     tinyxm simt stencil.cu shared --grid 4 --block 256 --args float:1024,float*:1024,1024
//
// `direct` fetches each number 7 times from global memory, for as many threads. `shared` fetches it once into shared
// memory, and with it the 3 numbers beyond each end of the block, its halo: some threads fetch two. Beyond the ends of
// x its first and its last number stand. blockDim.x is at most 1024.

#define REACH 3

extern "C" __global__ void direct(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float sum = 0.0f;
    for (int offset = -REACH; offset <= REACH; offset++)
        sum += x[min(max(i + offset, 0), n - 1)];
    y[i] = sum / (2 * REACH + 1);
}

extern "C" __global__ void shared(const float *x, float *y, int n)
{
    __shared__ float piece[1024 + 2 * REACH]; // piece[REACH] is the block's first number
    int first = blockIdx.x * blockDim.x, i = first + threadIdx.x;
    for (int place = threadIdx.x; place < blockDim.x + 2 * REACH; place += blockDim.x)
        piece[place] = x[min(max(first + place - REACH, 0), n - 1)];
    __syncthreads(); // all threads come here, also those beyond the end, which must not return before
    if (i >= n)
        return;
    float sum = 0.0f;
    for (int offset = -REACH; offset <= REACH; offset++)
        sum += piece[threadIdx.x + REACH + offset];
    y[i] = sum / (2 * REACH + 1);
}
