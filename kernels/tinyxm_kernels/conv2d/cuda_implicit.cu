// Convolution and its two adjoints as matrix products in tiles. What this adds and costs: cuda_implicit.py.
//
// A block of 16×16 threads computes a tile of the result, ROWS of it by WIDTH, from tiles of both factors in shared
// memory, DEPTH terms of the sum at a time. Thread (x, y) has the rows y, y + 16, ... and the columns x, x + 16, ...
// Both factors lie there by terms: `left` [DEPTH][ROWS + 2], `right` [DEPTH][WIDTH + 2]. The 2 spreads what is written
// along the terms over all banks: a half warp's 16 terms fall into the even ones, the other half's into the odd.
//
//     tinyxm simt cuda_implicit.cu conv2d --grid 1 --block 16,16
//         --args float:1x8x8x4,float:3x3x4x16,float*:1x8x8x16,1,8,8,4,8,8,16,3,3,1,1,1,1,1,1,1
//         --expect "y = conv2d(x, w, (1, 1), (1, 1))"
//     tinyxm simt cuda_implicit.cu conv2d_input_gradient --grid 1,1,4 --block 16,16
//         --args float:1x4x4x16,float:3x3x4x16,float*:1x8x8x4,1,8,8,4,4,4,16,3,3,2,2,1,1,1,1,1,2,2
//         --expect "x_gradient = conv2d_input_gradient(g, w, (1, 8, 8, 4), (2, 2), (1, 1))"
//     tinyxm simt cuda_implicit.cu conv2d_weight_gradient --grid 1 --block 16,16
//         --args float:1x8x8x16,float:1x8x8x4,float*:3x3x4x16,1,8,8,4,8,8,16,3,3,1,1,1,1,1,1,1,1,64
//         --expect "parts = conv2d_weight_gradient(g, x, (3, 3, 4, 16), (1, 1), (1, 1))"

#define ROWS 64
#define DEPTH 16
#ifndef COLUMNS
#define COLUMNS 4  // of each thread
#endif
#define WIDTH (16 * COLUMNS)
#define LEFT_STEP (ROWS + 2)
#define RIGHT_STEP (WIDTH + 2)

// sums[i][j] += the product of the two tiles, in row y + 16 i and column x + 16 j: for each term 4 + COLUMNS numbers
// are loaded, and 4 COLUMNS multiply-adds done.
__device__ void multiply(const float *left, const float *right, float *sums)
{
#pragma unroll
    for (int k = 0; k < DEPTH; ++k) {
        float down[4], along[COLUMNS];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            down[i] = left[k * LEFT_STEP + threadIdx.y + 16 * i];
#pragma unroll
        for (int j = 0; j < COLUMNS; ++j)
            along[j] = right[k * RIGHT_STEP + threadIdx.x + 16 * j];
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j)
                sums[i * COLUMNS + j] += down[i] * along[j];
    }
}

// Rows are pixels of y, terms are taps and channels, columns are output channels; blockIdx.z is the group.
extern "C" __global__ void __launch_bounds__(256, 3)
conv2d(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y, int batch, int height,
       int width, int in_channels, int rows, int columns, int out_channels, int kernel_height, int kernel_width,
       int stride_y, int stride_x, int padding_y, int padding_x, int dilation_y, int dilation_x, int groups)
{
    __shared__ float left[DEPTH * LEFT_STEP], right[DEPTH * RIGHT_STEP];
    int taken = in_channels / groups, given = out_channels / groups, pixels = batch * rows * columns;
    int depth = kernel_height * kernel_width * taken, thread = threadIdx.y * 16 + threadIdx.x;
    int first_row = blockIdx.x * ROWS, first_column = blockIdx.y * WIDTH;
    const float *images = x + blockIdx.z * taken, *weights = w + blockIdx.z * given;

    int image[4], down[4], along[4];  // where the patches begin of the four pixels that this thread loads
#pragma unroll
    for (int r = 0; r < 4; ++r) {
        int pixel = first_row + threadIdx.y + 16 * r;
        image[r] = pixel < pixels ? pixel / columns / rows * height : -1;
        down[r] = pixel / columns % rows * stride_y - padding_y;
        along[r] = pixel % columns * stride_x - padding_x;
    }
    float sums[4 * COLUMNS] = {0.0f};
    for (int k0 = 0; k0 < depth; k0 += DEPTH) {
        int k = k0 + threadIdx.x, c = k % taken, tap = k / taken;  // neighbours in a warp: neighbouring channels
        int to_row = tap / kernel_width * dilation_y, to_column = tap % kernel_width * dilation_x;
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            int h = down[r] + to_row, v = along[r] + to_column;
            float number = 0.0f;
            if (k < depth && image[r] >= 0 && h >= 0 && h < height && v >= 0 && v < width)
                number = images[((image[r] + h) * width + v) * in_channels + c];
            left[threadIdx.x * LEFT_STEP + threadIdx.y + 16 * r] = number;
        }
#pragma unroll
        for (int r = 0; r < COLUMNS; ++r) {
            int place = thread + 256 * r, term = k0 + place / WIDTH, o = first_column + place % WIDTH;
            right[place / WIDTH * RIGHT_STEP + place % WIDTH] =
                term < depth && o < given ? weights[term * out_channels + o] : 0.0f;
        }
        __syncthreads();
        multiply(left, right, sums);
        __syncthreads();  // before the next tiles are written over these
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < COLUMNS; ++j) {
            int pixel = first_row + threadIdx.y + 16 * i, o = first_column + threadIdx.x + 16 * j;
            if (pixel < pixels && o < given)
                y[pixel * out_channels + blockIdx.z * given + o] = sums[i * COLUMNS + j];
        }
}

// Rows are pixels of x, terms are taps and output channels, columns are channels of x. Pixels that leave the same
// remainders by the stride see the same taps: those first_tap, first_tap + tap_step, ... along each axis. blockIdx.z is
// (group, remainder of rows, remainder of columns), so a block's pixels are all of one kind, and no term is idle.
extern "C" __global__ void __launch_bounds__(256, 3)
conv2d_input_gradient(const float *__restrict__ g, const float *__restrict__ w, float *__restrict__ x_gradient,
                      int batch, int height, int width, int in_channels, int rows, int columns, int out_channels,
                      int kernel_height, int kernel_width, int stride_y, int stride_x, int padding_y, int padding_x,
                      int dilation_y, int dilation_x, int groups, int tap_step_y, int tap_step_x)
{
    __shared__ float left[DEPTH * LEFT_STEP], right[DEPTH * RIGHT_STEP];
    int taken = in_channels / groups, given = out_channels / groups;
    int group = blockIdx.z / (stride_y * stride_x);
    int first_h = blockIdx.z / stride_x % stride_y, first_v = blockIdx.z % stride_x;
    int height_here = (height - first_h + stride_y - 1) / stride_y;  // rows and columns of x with these remainders
    int width_here = (width - first_v + stride_x - 1) / stride_x;
    int pixels = batch * height_here * width_here;
    int first_row = blockIdx.x * ROWS, first_column = blockIdx.y * WIDTH;
    if (first_row >= pixels)
        return;  // a block of a remainder that has fewer pixels than others

    int first_tap_y = 0, first_tap_x = 0;
    while (first_tap_y < kernel_height && (first_h + padding_y - first_tap_y * dilation_y) % stride_y != 0)
        ++first_tap_y;
    while (first_tap_x < kernel_width && (first_v + padding_x - first_tap_x * dilation_x) % stride_x != 0)
        ++first_tap_x;
    int taps_y = (kernel_height - first_tap_y + tap_step_y - 1) / tap_step_y;
    int taps_x = (kernel_width - first_tap_x + tap_step_x - 1) / tap_step_x;
    int depth = taps_y * taps_x * given;
    const float *slopes = g + group * given, *weights = w + group * given;

    int image[4], down[4], along[4];
#pragma unroll
    for (int r = 0; r < 4; ++r) {
        int pixel = first_row + threadIdx.y + 16 * r;
        image[r] = pixel < pixels ? pixel / width_here / height_here * rows : -1;
        down[r] = pixel / width_here % height_here * stride_y + first_h + padding_y;
        along[r] = pixel % width_here * stride_x + first_v + padding_x;
    }
    float sums[4 * COLUMNS] = {0.0f};
    for (int k0 = 0; k0 < depth; k0 += DEPTH) {
        int k = k0 + threadIdx.x, o = k % given, tap = k / given;
        int i = first_tap_y + tap / taps_x * tap_step_y, j = first_tap_x + tap % taps_x * tap_step_x;
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            int p = down[r] - i * dilation_y, q = along[r] - j * dilation_x;  // times the stride, which divides them
            float number = 0.0f;
            if (k < depth && image[r] >= 0 && p >= 0 && q >= 0 && p / stride_y < rows && q / stride_x < columns)
                number = slopes[((image[r] + p / stride_y) * columns + q / stride_x) * out_channels + o];
            left[threadIdx.x * LEFT_STEP + threadIdx.y + 16 * r] = number;
        }
#pragma unroll
        for (int r = 0; r < COLUMNS; ++r) {
            int c = first_column + threadIdx.y + 16 * r;  // along the terms again, where w has its neighbours
            right[threadIdx.x * RIGHT_STEP + threadIdx.y + 16 * r] =
                k < depth && c < taken ? weights[((i * kernel_width + j) * taken + c) * out_channels + o] : 0.0f;
        }
        __syncthreads();
        multiply(left, right, sums);
        __syncthreads();
    }
#pragma unroll
    for (int r = 0; r < 4; ++r) {
        int pixel = first_row + threadIdx.y + 16 * r, n = pixel / width_here / height_here;
        int h = pixel / width_here % height_here * stride_y + first_h, v = pixel % width_here * stride_x + first_v;
#pragma unroll
        for (int j = 0; j < COLUMNS; ++j) {
            int c = first_column + threadIdx.x + 16 * j;
            if (pixel < pixels && c < taken)
                x_gradient[((n * height + h) * width + v) * in_channels + group * taken + c] = sums[r * COLUMNS + j];
        }
    }
}

// Rows are taps and channels of x, terms are pixels of y, columns are output channels. There are few tiles and many
// terms, so the terms are cut into `count` parts of `pixels_each`; blockIdx.z is (group, part). parts (count, elements
// of w).
extern "C" __global__ void __launch_bounds__(256, 3)
conv2d_weight_gradient(const float *__restrict__ g, const float *__restrict__ x, float *__restrict__ parts, int batch,
                       int height, int width, int in_channels, int rows, int columns, int out_channels,
                       int kernel_height, int kernel_width, int stride_y, int stride_x, int padding_y, int padding_x,
                       int dilation_y, int dilation_x, int groups, int count, int pixels_each)
{
    __shared__ float left[DEPTH * LEFT_STEP], right[DEPTH * RIGHT_STEP];
    int taken = in_channels / groups, given = out_channels / groups, group = blockIdx.z / count;
    int part = blockIdx.z % count, start = part * pixels_each;
    int end = min(batch * rows * columns, start + pixels_each);
    int height_of_w = kernel_height * kernel_width * taken, thread = threadIdx.y * 16 + threadIdx.x;
    int first_row = blockIdx.x * ROWS, first_column = blockIdx.y * WIDTH;

    int row = first_row + thread % ROWS, c = row % taken, tap = row / taken;  // the row that this thread loads
    int down = tap / kernel_width * dilation_y - padding_y, along = tap % kernel_width * dilation_x - padding_x;
    const float *images = x + group * taken + c, *slopes = g + group * given;
    float sums[4 * COLUMNS] = {0.0f};
    for (int k0 = start; k0 < end; k0 += DEPTH) {
#pragma unroll
        for (int r = 0; r < DEPTH * ROWS / 256; ++r) {
            int term = thread / ROWS + 256 / ROWS * r, pixel = k0 + term;
            int h = pixel / columns % rows * stride_y + down, v = pixel % columns * stride_x + along;
            float number = 0.0f;
            if (pixel < end && row < height_of_w && h >= 0 && h < height && v >= 0 && v < width)
                number = images[((pixel / columns / rows * height + h) * width + v) * in_channels];
            left[term * LEFT_STEP + thread % ROWS] = number;
        }
#pragma unroll
        for (int r = 0; r < COLUMNS; ++r) {
            int place = thread + 256 * r, pixel = k0 + place / WIDTH, o = first_column + place % WIDTH;
            right[place / WIDTH * RIGHT_STEP + place % WIDTH] =
                pixel < end && o < given ? slopes[pixel * out_channels + o] : 0.0f;
        }
        __syncthreads();
        multiply(left, right, sums);
        __syncthreads();
    }
    float *result = parts + (size_t)part * height_of_w * out_channels + group * given;
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < COLUMNS; ++j) {
            int k = first_row + threadIdx.y + 16 * i, o = first_column + threadIdx.x + 16 * j;
            if (k < height_of_w && o < given)
                result[k * out_channels + o] = sums[i * COLUMNS + j];
        }
}

// The parts of each weight's gradient, added in their order: the same bits on every run, which atomics would not give.
extern "C" __global__ void add_parts(const float *__restrict__ parts, float *__restrict__ total, int count, int size)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= size)
        return;
    float sum = 0.0f;
    for (int part = 0; part < count; ++part)
        sum += parts[(size_t)part * size + index];
    total[index] = sum;
}
