// Half precision for GCC, whose _Float16 rounds to nearest even as a GPU does. Included by kernels that use it.
#pragma once
typedef _Float16 half;
typedef _Float16 __half;
struct __attribute__((aligned(4))) half2 { half x, y; };
typedef half2 __half2;
half __float2half(float);
float __half2float(half);
const half2 &__floats2half2_rn(float, float);
float __low2float(half2);
float __high2float(half2);
