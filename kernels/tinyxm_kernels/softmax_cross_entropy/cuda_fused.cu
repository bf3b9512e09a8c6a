// Softmax cross-entropy and its gradient. What this adds and costs stands in cuda_fused.py.
//
// A block is blockDim.x threads along a row by blockDim.y rows: (32, n), a warp to each row, or (n, 1), a block to one.
//
//     tinyxm simt cuda_fused.cu softmax_cross_entropy --grid 2 --block 32,8
//         --args float:16x100,int:16=0..99,float*:16,16,100 --expect "losses = softmax_cross_entropy(logits, labels)"

#define ALL_LANES 0xffffffffu
#ifndef INFINITY  // NVRTC has no math.h
#define INFINITY __int_as_float(0x7f800000)
#endif

// The greatest `value` of the threads that share a row, told to each of them; `parts` holds a number for each warp.
__device__ float greatest_of_row(float value, float *parts)
{
    for (int distance = 16; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, distance));
    if (blockDim.x > 32) {
        if (threadIdx.x % 32 == 0)
            parts[threadIdx.x / 32] = value;
        __syncthreads();
        for (int warp = 0; warp < blockDim.x / 32; ++warp)
            value = fmaxf(value, parts[warp]);
        __syncthreads();  // before anyone writes `parts` again
    }
    return value;
}

// The same for the sum: the warps' sums in their order, so that every thread gets the same bits.
__device__ float sum_of_row(float value, float *parts)
{
    for (int distance = 16; distance > 0; distance /= 2)
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    if (blockDim.x > 32) {
        if (threadIdx.x % 32 == 0)
            parts[threadIdx.x / 32] = value;
        __syncthreads();
        value = 0.0f;
        for (int warp = 0; warp < blockDim.x / 32; ++warp)
            value += parts[warp];
        __syncthreads();
    }
    return value;
}

// The greatest score of a row, and the sum of exp(score - greatest), in one pass over it.
__device__ float2 statistics_of_row(const float *scores, int classes, float *parts)
{
    float greatest = -INFINITY, total = 0.0f;
    for (int k = threadIdx.x; k < classes; k += blockDim.x) {
        float score = scores[k];
        if (score > greatest) {  // what was summed so far was too large by this much
            total = total * expf(greatest - score) + (score - score + 1.0f);  // 1, or NaN where the score is infinite
            greatest = score;
        } else if (score != -INFINITY) {  // which adds 0; while nothing greater was seen, it would add NaN
            total += expf(score - greatest);
        }
    }
    float of_all = greatest_of_row(greatest, parts);
    if (greatest != of_all)
        total *= expf(greatest - of_all);
    return make_float2(of_all, sum_of_row(total, parts));
}

extern "C" __global__ void softmax_cross_entropy(const float *__restrict__ logits, const int *__restrict__ labels,
                                                 float *__restrict__ losses, int batch, int classes)
{
    __shared__ float parts[32];
    int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= batch)
        return;  // a whole warp; where a block waits for its warps, it has one row, and that exists
    const float *scores = logits + (size_t)n * classes;
    float2 row = statistics_of_row(scores, classes, parts);
    if (threadIdx.x == 0)  // not (log total + greatest) - score, in which large scores drown a small loss
        losses[n] = logf(row.y) - (scores[labels[n]] - row.x);
}

extern "C" __global__ void softmax_cross_entropy_gradient(const float *__restrict__ g,
                                                          const float *__restrict__ logits,
                                                          const int *__restrict__ labels,
                                                          float *__restrict__ gradient, int batch, int classes)
{
    __shared__ float parts[32];
    int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= batch)
        return;
    const float *scores = logits + (size_t)n * classes;
    float *slopes = gradient + (size_t)n * classes;
    float2 row = statistics_of_row(scores, classes, parts);
    float slope = g[n], inverse = 1.0f / row.y;
    int label = labels[n];
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        slopes[k] = slope * (expf(scores[k] - row.x) * inverse - (k == label ? 1.0f : 0.0f));
}
