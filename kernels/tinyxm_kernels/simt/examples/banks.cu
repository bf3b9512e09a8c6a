// Bank conflicts: shared memory has 32 banks, each of which gives 4 bytes at a time. Word w lies in bank w mod 32.
//
//     tinyxm simt banks.cu conflicting --grid 8 --block 32 --args float:256x32,float*:256
//         --expect "sums = sum(x, axis=1)"
//     tinyxm simt banks.cu skewed --grid 8 --block 32 --args float:256x32,float*:256
//         --expect "sums = sum(x, axis=1)"
//
// Both add up rows of 32 numbers, a row to each of 32 threads, from shared memory, where the rows begin at words 0, 32,
// 64, ... In `conflicting` all threads read the same place of their rows, so from one bank: 32 passes for one. In
// `skewed` thread t begins at place t and goes round: at each step the threads read from 32 banks, in one pass.

#define WIDTH 32

extern "C" __global__ void conflicting(const float *x, float *sums)
{
    __shared__ float tile[WIDTH][WIDTH];
    int thread = threadIdx.x, top = blockIdx.x * WIDTH;
    for (int i = 0; i < WIDTH; i++) // a row at a time, in whole sectors, and to 32 banks
        tile[i][thread] = x[(top + i) * WIDTH + thread];
    __syncthreads();
    float sum = 0.0f;
    for (int i = 0; i < WIDTH; i++)
        sum += tile[thread][i];
    sums[top + thread] = sum;
}

extern "C" __global__ void skewed(const float *x, float *sums)
{
    __shared__ float tile[WIDTH][WIDTH];
    int thread = threadIdx.x, top = blockIdx.x * WIDTH;
    for (int i = 0; i < WIDTH; i++)
        tile[i][thread] = x[(top + i) * WIDTH + thread];
    __syncthreads();
    float sum = 0.0f;
    for (int i = 0; i < WIDTH; i++)
        sum += tile[thread][(thread + i) % WIDTH];
    sums[top + thread] = sum;
}
