// Convolution and its two adjoints, a thread to each number of the result. What this adds and costs: cuda_direct.py.
//
// x (batch, height, width, in_channels), w (kernel_height, kernel_width, in_channels / groups, out_channels) and y or g
// (batch, rows, columns, out_channels). Neighbouring threads have neighbouring channels, which lie side by side.
//
//     tinyxm simt cuda_direct.cu conv2d --grid 8 --block 128
//         --args float:1x8x8x4,float:3x3x4x16,float*:1x8x8x16,1,8,8,4,8,8,16,3,3,1,1,1,1,1,1,1
//         --expect "y = conv2d(x, w, (1, 1), (1, 1))"

extern "C" __global__ void conv2d(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y,
                                  int batch, int height, int width, int in_channels, int rows, int columns,
                                  int out_channels, int kernel_height, int kernel_width, int stride_y, int stride_x,
                                  int padding_y, int padding_x, int dilation_y, int dilation_x, int groups)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= batch * rows * columns * out_channels)
        return;
    int o = index % out_channels, pixel = index / out_channels;
    int q = pixel % columns, p = pixel / columns % rows, n = pixel / columns / rows;
    int taken = in_channels / groups, first = o / (out_channels / groups) * taken;
    float sum = 0.0f;
    for (int i = 0; i < kernel_height; ++i) {
        int h = p * stride_y + i * dilation_y - padding_y;
        if (h < 0 || h >= height)
            continue;
        for (int j = 0; j < kernel_width; ++j) {
            int v = q * stride_x + j * dilation_x - padding_x;
            if (v < 0 || v >= width)
                continue;
            const float *seen = x + ((n * height + h) * width + v) * in_channels + first;
            const float *weights = w + (i * kernel_width + j) * taken * out_channels + o;
            for (int c = 0; c < taken; ++c)
                sum += seen[c] * weights[c * out_channels];
        }
    }
    y[index] = sum;
}

extern "C" __global__ void conv2d_input_gradient(const float *__restrict__ g, const float *__restrict__ w,
                                                 float *__restrict__ x_gradient, int batch, int height, int width,
                                                 int in_channels, int rows, int columns, int out_channels,
                                                 int kernel_height, int kernel_width, int stride_y, int stride_x,
                                                 int padding_y, int padding_x, int dilation_y, int dilation_x,
                                                 int groups)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= batch * height * width * in_channels)
        return;
    int channel = index % in_channels, pixel = index / in_channels;
    int v = pixel % width, h = pixel / width % height, n = pixel / width / height;
    int taken = in_channels / groups, given = out_channels / groups;
    int c = channel % taken, first = channel / taken * given;
    float sum = 0.0f;
    for (int i = 0; i < kernel_height; ++i) {
        int down = h + padding_y - i * dilation_y, p = down / stride_y;
        if (down < 0 || down % stride_y != 0 || p >= rows)
            continue;  // no pixel of y saw this one by tap i
        for (int j = 0; j < kernel_width; ++j) {
            int along = v + padding_x - j * dilation_x, q = along / stride_x;
            if (along < 0 || along % stride_x != 0 || q >= columns)
                continue;
            const float *slopes = g + ((n * rows + p) * columns + q) * out_channels + first;
            const float *weights = w + ((i * kernel_width + j) * taken + c) * out_channels + first;
            for (int o = 0; o < given; ++o)
                sum += slopes[o] * weights[o];
        }
    }
    x_gradient[index] = sum;
}

extern "C" __global__ void conv2d_weight_gradient(const float *__restrict__ g, const float *__restrict__ x,
                                                  float *__restrict__ w_gradient, int batch, int height, int width,
                                                  int in_channels, int rows, int columns, int out_channels,
                                                  int kernel_height, int kernel_width, int stride_y, int stride_x,
                                                  int padding_y, int padding_x, int dilation_y, int dilation_x,
                                                  int groups)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    int taken = in_channels / groups;
    if (index >= kernel_height * kernel_width * taken * out_channels)
        return;
    int o = index % out_channels, c = index / out_channels % taken, tap = index / out_channels / taken;
    int channel = o / (out_channels / groups) * taken + c;
    int down = tap / kernel_width * dilation_y - padding_y, along = tap % kernel_width * dilation_x - padding_x;
    float sum = 0.0f;
    for (int n = 0; n < batch; ++n)
        for (int p = 0; p < rows; ++p) {
            int h = p * stride_y + down;
            if (h < 0 || h >= height)
                continue;
            for (int q = 0; q < columns; ++q) {
                int v = q * stride_x + along;
                if (v >= 0 && v < width)
                    sum += x[((n * height + h) * width + v) * in_channels + channel] *
                           g[((n * rows + p) * columns + q) * out_channels + o];
            }
        }
    w_gradient[index] = sum;
}
