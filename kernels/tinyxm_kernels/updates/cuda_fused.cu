// The optimizers' updates, in place, a thread for each element: what lies between is held in registers, and each number
// of the arrays is read once and written once, 32 neighbours to a warp, in whole sectors. An array that an optimizer
// may do without is a null pointer; the arguments are what the formulas of the room name.

extern "C" __global__ void gradient_descent(float *__restrict__ parameter, const float *__restrict__ gradient, int n,
                                            float rate, float decay)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        parameter[i] -= rate * (gradient[i] + decay * parameter[i]);
}

// Along g + μu for Nesterov's form, along u otherwise: along `ahead` · g + `along` · u.
extern "C" __global__ void momentum(float *__restrict__ parameter, const float *__restrict__ gradient,
                                    float *__restrict__ velocity, int n, float decay, float kept, float ahead,
                                    float along)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float p = parameter[i], g = gradient[i] + decay * p, u = kept * velocity[i] + g;
    velocity[i] = u;
    parameter[i] = p - (ahead * g + along * u);
}

extern "C" __global__ void adagrad(float *__restrict__ parameter, const float *__restrict__ gradient,
                                   float *__restrict__ square_sum, int n, float rate, float decay, float epsilon)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float p = parameter[i], g = gradient[i] + decay * p, s = square_sum[i] + g * g;
    square_sum[i] = s;
    parameter[i] = p - rate * g / (sqrtf(s) + epsilon);
}

extern "C" __global__ void adadelta(float *__restrict__ parameter, const float *__restrict__ gradient,
                                    float *__restrict__ square, float *__restrict__ change_square, int n, float rate,
                                    float decay, float rho, float rest, float epsilon)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float p = parameter[i], g = gradient[i] + decay * p, w = change_square[i];
    float v = rho * square[i] + rest * g * g;
    float change = g * sqrtf((w + epsilon) / (v + epsilon));
    square[i] = v;
    change_square[i] = rho * w + rest * change * change;
    parameter[i] = p - rate * change;
}

extern "C" __global__ void rmsprop(float *__restrict__ parameter, const float *__restrict__ gradient,
                                   float *__restrict__ square, float *__restrict__ mean, float *__restrict__ velocity,
                                   int n, float rate, float decay, float alpha, float rest, float epsilon, float kept)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float p = parameter[i], g = gradient[i] + decay * p;
    float v = alpha * square[i] + rest * g * g, spread = v;
    square[i] = v;
    if (mean) { // the same for all threads: no warp is divided by it
        float m = alpha * mean[i] + rest * g;
        mean[i] = m;
        spread = v - m * m;
        spread = spread < 0.0f ? 0.0f : spread; // not fmaxf, which takes a number for NaN
    }
    float change = g / (sqrtf(spread) + epsilon);
    if (velocity) {
        change += kept * velocity[i];
        velocity[i] = change;
    }
    parameter[i] = p - rate * change;
}

// `shrunk` is what a decoupled decay leaves of the parameter; `rate` and `epsilon` hold the correction of the bias.
extern "C" __global__ void adam(float *__restrict__ parameter, const float *__restrict__ gradient,
                                float *__restrict__ mean, float *__restrict__ square, float *__restrict__ largest,
                                int n, float rate, float shrunk, float decay, float beta1, float rest1, float beta2,
                                float rest2, float epsilon)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float p = parameter[i], g = gradient[i] + decay * p;
    float m = beta1 * mean[i] + rest1 * g, v = beta2 * square[i] + rest2 * g * g;
    mean[i] = m;
    square[i] = v;
    if (largest) {
        float peak = largest[i];
        v = v >= peak || v != v ? v : peak; // not fmaxf, which takes a number for NaN
        largest[i] = v;
    }
    parameter[i] = shrunk * p - rate * m / (sqrtf(v) + epsilon);
}
