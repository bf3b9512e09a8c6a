// Attention with online softmax, and its gradients. What this adds and costs stands in cuda_online.py.
//
// A block of 16×16 threads has a tile of SIDE×SIDE scores; thread (x, y) has the rows y, y + 16, ... and the columns
// x, x + 16, ..., four of each. The 16 threads of a row of the tile are one half of a warp.
//
//     tinyxm simt cuda_online.cu attention --grid 2 --block 16,16
//         --args float:100x16,float:80x16,float:80x16,null,float*:100x16,float*:100x2,100,80,16,16,0,0,0,0,0,0,0,0,1.0
//         --expect "y = attention(q, k, v)[0]" --expect "statistics = attention(q, k, v)[1]"

#define SIDE 64
#define DEPTH 16             // terms of a product that lie in shared memory at a time
#define STEP (SIDE + 2)      // from term to term there: what is written along the terms meets each bank once
#define TILE_STEP (SIDE + 16)  // from row to row of a stored tile: two neighbouring rows meet different banks
#define ALL_LANES 0xffffffffu
#ifndef INFINITY  // NVRTC has no math.h
#define INFINITY __int_as_float(0x7f800000)
#endif

// sums[i][j] += Σ_k left[k][y + 16 i] right[k][x + 16 j] over DEPTH terms
__device__ void multiply(const float *left, int row_step, int term_step, const float *right, float *sums)
{
#pragma unroll
    for (int k = 0; k < DEPTH; ++k) {
        float down[4], along[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            down[i] = left[(threadIdx.y + 16 * i) * row_step + k * term_step];
            along[i] = right[k * STEP + threadIdx.x + 16 * i];
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j)
                sums[i * 4 + j] += down[i] * along[j];
    }
}

// sums = A Bᵀ for a tile of rows of A and one of B, both `length` long: a_rows and b_rows of them exist, the others
// count as zeros.
__device__ void product_of_rows(const float *a, int a_rows, const float *b, int b_rows, int length, float *left,
                                float *right, float *sums)
{
#pragma unroll
    for (int i = 0; i < 16; ++i)
        sums[i] = 0.0f;
    for (int k0 = 0; k0 < length; k0 += DEPTH) {
        int k = k0 + threadIdx.x;
        __syncthreads();  // all have read what is overwritten now
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            int row = threadIdx.y + 16 * r;
            left[threadIdx.x * STEP + row] = row < a_rows && k < length ? a[row * length + k] : 0.0f;
            right[threadIdx.x * STEP + row] = row < b_rows && k < length ? b[row * length + k] : 0.0f;
        }
        __syncthreads();
        multiply(left, 1, STEP, right, sums);
    }
}

// sums += T B for the stored tile T and the columns first ... first + SIDE of b_rows rows of B, which are `length` long.
__device__ void add_product_with_tile(const float *tile, const float *b, int b_rows, int first, int length,
                                      float *right, float *sums)
{
    int thread = threadIdx.y * 16 + threadIdx.x, column = first + thread % SIDE;
    for (int k0 = 0; k0 < b_rows; k0 += DEPTH) {
        __syncthreads();  // the tile is there, and all have read what is overwritten now
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            int k = thread / SIDE + 4 * r;
            right[k * STEP + thread % SIDE] =
                k0 + k < b_rows && column < length ? b[(k0 + k) * length + column] : 0.0f;
        }
        __syncthreads();
        multiply(tile + k0, TILE_STEP, 1, right, sums);
    }
}

__device__ bool may_attend(int query, int key, int queries, int keys, int causal, const bool *mask, int masked,
                           int mask_row, int mask_column)
{
    return query < queries && key < keys && (!causal || key <= query) &&
           (!masked || mask[(size_t)query * mask_row + (size_t)key * mask_column]);
}

// y and statistics of a tile of queries, blockIdx.x = (matrix, tile), and of the columns of v that blockIdx.y tells.
// q_step, k_step, v_step are 0 where all matrices share one; mask_step, mask_row and mask_column are 0 where matrices,
// queries or keys do.
extern "C" __global__ void __launch_bounds__(256, 2)
attention(const float *__restrict__ q, const float *__restrict__ k, const float *__restrict__ v,
          const bool *__restrict__ mask, float *__restrict__ y, float *__restrict__ statistics, int queries, int keys,
          int features, int values, int q_step, int k_step, int v_step, long long mask_step, int mask_row,
          int mask_column, int masked, int causal, float scale)
{
    __shared__ float left[DEPTH * STEP], right[DEPTH * STEP], tile[SIDE * TILE_STEP];
    int tiles = (queries + SIDE - 1) / SIDE, first = blockIdx.y * SIDE;
    int query0 = blockIdx.x % tiles * SIDE, seen = causal ? min(keys, query0 + SIDE) : keys;
    size_t matrix = blockIdx.x / tiles;
    q += matrix * q_step * queries * features;
    k += matrix * k_step * keys * features;
    v += matrix * v_step * keys * values;
    if (masked)
        mask += matrix * mask_step;

    float mixture[16] = {0.0f}, greatest[4], total[4] = {0.0f};
#pragma unroll
    for (int i = 0; i < 4; ++i)
        greatest[i] = -INFINITY;
    for (int key0 = 0; key0 < seen; key0 += SIDE) {
        float scores[16];
        product_of_rows(q + (size_t)query0 * features, queries - query0, k + (size_t)key0 * features, keys - key0,
                        features, left, right, scores);
        __syncthreads();  // all have read the last tile
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            int row = threadIdx.y + 16 * i;
            float best = greatest[i], added = 0.0f;
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                bool may = may_attend(query0 + row, key0 + threadIdx.x + 16 * j, queries, keys, causal, mask, masked,
                                      mask_row, mask_column);
                scores[i * 4 + j] = may ? scores[i * 4 + j] * scale : -INFINITY;
                best = fmaxf(best, scores[i * 4 + j]);
            }
#pragma unroll
            for (int distance = 8; distance > 0; distance /= 2)
                best = fmaxf(best, __shfl_xor_sync(ALL_LANES, best, distance));
            float shift = best == -INFINITY ? 0.0f : best, shrink = expf(greatest[i] - shift);
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                float weight = expf(scores[i * 4 + j] - shift);
                tile[row * TILE_STEP + threadIdx.x + 16 * j] = weight;
                added += weight;
                mixture[i * 4 + j] *= shrink;
            }
#pragma unroll
            for (int distance = 8; distance > 0; distance /= 2)
                added += __shfl_xor_sync(ALL_LANES, added, distance);
            total[i] = total[i] * shrink + added;
            greatest[i] = best;
        }
        add_product_with_tile(tile, v + (size_t)key0 * values, min(SIDE, keys - key0), first, values, right, mixture);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        int query = query0 + threadIdx.y + 16 * i;
        if (query >= queries)
            continue;
        float part = total[i] == 0.0f ? 1.0f : 1.0f / total[i];
        size_t row = matrix * queries + query;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            int column = first + threadIdx.x + 16 * j;
            if (column < values)
                y[row * values + column] = mixture[i * 4 + j] * part;
        }
        if (first == 0 && threadIdx.x == 0) {
            statistics[2 * row] = greatest[i] == -INFINITY ? 0.0f : greatest[i];
            statistics[2 * row + 1] = total[i];
        }
    }
}

// D: of each row the sum of g y, a warp to each row.
extern "C" __global__ void products_of_rows(const float *__restrict__ g, const float *__restrict__ y,
                                            float *__restrict__ products, int rows, int values)
{
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows)
        return;  // a whole warp
    float sum = 0.0f;
    for (int c = threadIdx.x; c < values; c += 32)
        sum += g[(size_t)row * values + c] * y[(size_t)row * values + c];
    for (int distance = 16; distance > 0; distance /= 2)
        sum += __shfl_xor_sync(ALL_LANES, sum, distance);
    if (threadIdx.x == 0)
        products[row] = sum;
}

// The gradient of a tile of queries, blockIdx.x = (matrix, tile), in the columns that blockIdx.y tells.
extern "C" __global__ void __launch_bounds__(256, 2)
query_gradient(const float *__restrict__ g, const float *__restrict__ q, const float *__restrict__ k,
               const float *__restrict__ v, const bool *__restrict__ mask, const float *__restrict__ statistics,
               const float *__restrict__ products, float *__restrict__ g_q, int queries, int keys, int features,
               int values, int q_step, int k_step, int v_step, long long mask_step, int mask_row, int mask_column,
               int masked, int causal, float scale)
{
    __shared__ float left[DEPTH * STEP], right[DEPTH * STEP], tile[SIDE * TILE_STEP];
    int tiles = (queries + SIDE - 1) / SIDE, first = blockIdx.y * SIDE;
    int query0 = blockIdx.x % tiles * SIDE, seen = causal ? min(keys, query0 + SIDE) : keys;
    size_t matrix = blockIdx.x / tiles, row0 = matrix * queries + query0;
    q += (matrix * q_step * queries + query0) * features;
    k += matrix * k_step * keys * features;
    v += matrix * v_step * keys * values;
    if (masked)
        mask += matrix * mask_step;

    float sums[16] = {0.0f}, greatest[4], part[4], level[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        int row = threadIdx.y + 16 * i;
        bool there = query0 + row < queries;
        float2 both = there ? *(const float2 *)(statistics + 2 * (row0 + row)) : make_float2(0.0f, 0.0f);
        greatest[i] = both.x;
        part[i] = both.y == 0.0f ? 1.0f : 1.0f / both.y;
        level[i] = there ? products[row0 + row] : 0.0f;
    }
    for (int key0 = 0; key0 < seen; key0 += SIDE) {
        float scores[16], slopes[16];
        product_of_rows(q, queries - query0, k + (size_t)key0 * features, keys - key0, features, left, right, scores);
        product_of_rows(g + row0 * values, queries - query0, v + (size_t)key0 * values, keys - key0, values, left,
                        right, slopes);
        __syncthreads();  // all have read the last tile
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                int row = threadIdx.y + 16 * i, column = threadIdx.x + 16 * j;
                bool may = may_attend(query0 + row, key0 + column, queries, keys, causal, mask, masked, mask_row,
                                      mask_column);
                float weight = may ? expf(scores[i * 4 + j] * scale - greatest[i]) * part[i] : 0.0f;
                tile[row * TILE_STEP + column] = weight * (slopes[i * 4 + j] - level[i]) * scale;
            }
        add_product_with_tile(tile, k + (size_t)key0 * features, min(SIDE, keys - key0), first, features, right, sums);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            int row = threadIdx.y + 16 * i, column = first + threadIdx.x + 16 * j;
            if (query0 + row < queries && column < features)
                g_q[(row0 + row) * features + column] = sums[i * 4 + j];
        }
}

// The gradients of a tile of keys and of their values, blockIdx.x = (matrix, tile), in the columns that blockIdx.y
// tells. The tile of scores lies on its side here: its rows are keys, its columns queries.
extern "C" __global__ void __launch_bounds__(256, 2)
key_and_value_gradients(const float *__restrict__ g, const float *__restrict__ q, const float *__restrict__ k,
                        const float *__restrict__ v, const bool *__restrict__ mask,
                        const float *__restrict__ statistics, const float *__restrict__ products,
                        float *__restrict__ g_k, float *__restrict__ g_v, int queries, int keys, int features,
                        int values, int q_step, int k_step, int v_step, long long mask_step, int mask_row,
                        int mask_column, int masked, int causal, float scale)
{
    __shared__ float left[DEPTH * STEP], right[DEPTH * STEP], tile[SIDE * TILE_STEP];
    int tiles = (keys + SIDE - 1) / SIDE, first = blockIdx.y * SIDE, key0 = blockIdx.x % tiles * SIDE;
    size_t matrix = blockIdx.x / tiles;
    g += matrix * queries * values;
    q += matrix * q_step * queries * features;
    k += (matrix * k_step * keys + key0) * features;
    v += (matrix * v_step * keys + key0) * values;
    if (masked)
        mask += matrix * mask_step;
    statistics += 2 * matrix * queries;
    products += matrix * queries;

    float of_keys[16] = {0.0f}, of_values[16] = {0.0f};
    for (int query0 = causal ? key0 : 0; query0 < queries; query0 += SIDE) {
        const float *q_here = q + (size_t)query0 * features, *g_here = g + (size_t)query0 * values;
        float weights[16], slopes[16];
        product_of_rows(k, keys - key0, q_here, queries - query0, features, left, right, weights);
        product_of_rows(v, keys - key0, g_here, queries - query0, values, left, right, slopes);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            int query = query0 + threadIdx.x + 16 * j;
            bool there = query < queries;
            float2 both = there ? *(const float2 *)(statistics + 2 * (size_t)query) : make_float2(0.0f, 0.0f);
            float level = there ? products[query] : 0.0f, part = both.y == 0.0f ? 1.0f : 1.0f / both.y;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                bool may = may_attend(query, key0 + threadIdx.y + 16 * i, queries, keys, causal, mask, masked,
                                      mask_row, mask_column);
                float weight = may ? expf(weights[i * 4 + j] * scale - both.x) * part : 0.0f;
                weights[i * 4 + j] = weight;
                slopes[i * 4 + j] = weight * (slopes[i * 4 + j] - level) * scale;
            }
        }
        if (first < values) {
            __syncthreads();  // all have read the last tile
#pragma unroll
            for (int i = 0; i < 16; ++i)
                tile[(threadIdx.y + 16 * (i / 4)) * TILE_STEP + threadIdx.x + 16 * (i % 4)] = weights[i];
            add_product_with_tile(tile, g_here, min(SIDE, queries - query0), first, values, right, of_values);
        }
        if (first < features) {
            __syncthreads();
#pragma unroll
            for (int i = 0; i < 16; ++i)
                tile[(threadIdx.y + 16 * (i / 4)) * TILE_STEP + threadIdx.x + 16 * (i % 4)] = slopes[i];
            add_product_with_tile(tile, q_here, min(SIDE, queries - query0), first, features, right, of_keys);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            int key = key0 + threadIdx.y + 16 * i, column = first + threadIdx.x + 16 * j;
            size_t row = matrix * keys + key;
            if (key < keys && column < features)
                g_k[row * features + column] = of_keys[i * 4 + j];
            if (key < keys && column < values)
                g_v[row * values + column] = of_values[i * 4 + j];
        }
}
