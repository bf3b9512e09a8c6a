// Layer normalisation and its gradients. What this adds and costs stands in cuda_fused.py.
//
// Where threads share a row, a block is blockDim.x of them along it by blockDim.y rows: (32, n), a warp to each row, or
// (n, 1), a block to one.
//
//     tinyxm simt cuda_fused.cu layer_norm --grid 2 --block 32,8
//         --args float:16x64,float:64,float:64,float*:16x64,16,64,1e-5 --expect "y = layer_norm(x, scale, shift, 1e-5)"

#define ALL_LANES 0xffffffffu
#define LINES 8  // rows that a block of the parameters' sums reads at once

// The sum of `value` over the threads that share a row, told to each of them; `parts` holds a number for each warp.
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
        __syncthreads();  // before anyone writes `parts` again
    }
    return value;
}

__device__ float mean_of_row(const float *row, int features, float *parts)
{
    float total = 0.0f;
    for (int k = threadIdx.x; k < features; k += blockDim.x)
        total += row[k];
    return sum_of_row(total, parts) / features;
}

extern "C" __global__ void layer_norm(const float *__restrict__ x, const float *__restrict__ scale,
                                      const float *__restrict__ shift, float *__restrict__ y, int rows, int features,
                                      float eps)
{
    __shared__ float parts[32];
    int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= rows)
        return;  // a whole warp; where a block waits for its warps, it has one row, and that exists
    const float *row = x + (size_t)n * features;
    float *result = y + (size_t)n * features;
    float mean = mean_of_row(row, features, parts), squares = 0.0f;
    for (int k = threadIdx.x; k < features; k += blockDim.x) {
        float centred = row[k] - mean;
        squares += centred * centred;
    }
    float inverse = 1.0f / sqrtf(sum_of_row(squares, parts) / features + eps);
    for (int k = threadIdx.x; k < features; k += blockDim.x)
        result[k] = (row[k] - mean) * inverse * scale[k] + shift[k];
}

// g_x, and the mean and the inverse deviation of each row, for the parameters' gradients.
extern "C" __global__ void input_gradient(const float *__restrict__ g, const float *__restrict__ x,
                                          const float *__restrict__ scale, float *__restrict__ g_x,
                                          float *__restrict__ statistics, int rows, int features, float eps)
{
    __shared__ float parts[32];
    int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= rows)
        return;
    const float *row = x + (size_t)n * features, *slopes = g + (size_t)n * features;
    float *result = g_x + (size_t)n * features;
    float mean = mean_of_row(row, features, parts), squares = 0.0f, plain = 0.0f, along = 0.0f;
    for (int k = threadIdx.x; k < features; k += blockDim.x) {
        float centred = row[k] - mean, h = slopes[k] * scale[k];
        squares += centred * centred;
        plain += h;
        along += h * centred;
    }
    float inverse = 1.0f / sqrtf(sum_of_row(squares, parts) / features + eps);
    float level = sum_of_row(plain, parts) / features;
    float tilt = sum_of_row(along, parts) / features * inverse * inverse;
    for (int k = threadIdx.x; k < features; k += blockDim.x)
        result[k] = (slopes[k] * scale[k] - level - (row[k] - mean) * tilt) * inverse;
    if (threadIdx.x == 0)
        *(float2 *)(statistics + 2 * (size_t)n) = make_float2(mean, inverse);
}

// Of each part of the rows, and each feature, the sums of g x̂ and of g: parts (2, gridDim.y, features). A block is 32
// features by LINES rows, which go down the part together.
extern "C" __global__ void sums_of_parts(const float *__restrict__ g, const float *__restrict__ x,
                                         const float *__restrict__ statistics, float *__restrict__ parts, int rows,
                                         int features, int rows_each)
{
    __shared__ float products[LINES][32], sums[LINES][32];
    int k = blockIdx.x * 32 + threadIdx.x;
    int first = blockIdx.y * rows_each, end = min(rows, first + rows_each);
    float product = 0.0f, sum = 0.0f;
    if (k < features)
        for (int n = first + threadIdx.y; n < end; n += LINES) {
            float2 row = *(const float2 *)(statistics + 2 * (size_t)n);
            float slope = g[(size_t)n * features + k];
            product += slope * ((x[(size_t)n * features + k] - row.x) * row.y);
            sum += slope;
        }
    products[threadIdx.y][threadIdx.x] = product;
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && k < features) {
        for (int line = 1; line < LINES; ++line) {
            product += products[line][threadIdx.x];
            sum += sums[line][threadIdx.x];
        }
        parts[(size_t)blockIdx.y * features + k] = product;
        parts[(size_t)(gridDim.y + blockIdx.y) * features + k] = sum;
    }
}

// The parts of each sum, in their order: totals (2, features), blockIdx.y says which of the two.
extern "C" __global__ void add_parts(const float *__restrict__ parts, float *__restrict__ totals, int count,
                                     int features)
{
    int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= features)
        return;
    float total = 0.0f;
    for (int part = 0; part < count; ++part)
        total += parts[((size_t)blockIdx.y * count + part) * features + k];
    totals[(size_t)blockIdx.y * features + k] = total;
}
