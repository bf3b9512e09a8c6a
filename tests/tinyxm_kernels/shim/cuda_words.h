// CUDA C's own words, for GCC: a kernel is compiled as it stands, with this file before it.
//
// Only types, names and declarations stand here. What does something is in runtime.cpp, which is compiled without the
// instrumentation that the kernel gets (see there), so that nothing but the kernel's own accesses is counted.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define __global__
#define __device__ static __attribute__((always_inline))  // at the call: the order of the code is that of the source
#define __forceinline__
#define __noinline__
#define __host__
#define __launch_bounds__(...)
#define __constant__ static
#define __shared__ static __attribute__((section("cuda_shared")))
#define __align__(n) __attribute__((aligned(n)))

struct uint3 { unsigned x, y, z; };
typedef uint3 dim3;
struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
struct __align__(8) int2 { int x, y; };
struct __align__(16) int4 { int x, y, z, w; };
struct __align__(8) uint2 { unsigned x, y; };
struct __align__(16) uint4 { unsigned x, y, z, w; };
// By reference, so that the copy into memory is made in the kernel, where it is seen; what a call writes isn't.
const float2 &make_float2(float, float);
const float4 &make_float4(float, float, float, float);
const int2 &make_int2(int, int);
const int4 &make_int4(int, int, int, int);
const uint2 &make_uint2(unsigned, unsigned);
const uint4 &make_uint4(unsigned, unsigned, unsigned, unsigned);

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
extern char *cuda_dynamic;  // dynamic shared memory: `extern __shared__ float x[];` is turned into a pointer to it
enum { warpSize = 32 };

void __syncthreads();
void __syncwarp(unsigned mask = 0xffffffffu);
void __threadfence();
void __threadfence_block();
unsigned __ballot_sync(unsigned mask, int predicate);
int __any_sync(unsigned mask, int predicate);
int __all_sync(unsigned mask, int predicate);

#define CUDA_EXCHANGED(T)                                                \
    T __shfl_sync(unsigned mask, T value, int lane, int width = 32);     \
    T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32);   \
    T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32); \
    T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32);
CUDA_EXCHANGED(int)
CUDA_EXCHANGED(unsigned)
CUDA_EXCHANGED(long long)
CUDA_EXCHANGED(unsigned long long)
CUDA_EXCHANGED(float)
CUDA_EXCHANGED(double)

#define CUDA_ADDED(T) T atomicAdd(T *address, T value);
#define CUDA_COMPARED(T)              \
    T atomicSub(T *address, T value); \
    T atomicMax(T *address, T value); \
    T atomicMin(T *address, T value); \
    T atomicAnd(T *address, T value); \
    T atomicOr(T *address, T value);  \
    T atomicXor(T *address, T value); \
    T atomicCAS(T *address, T expected, T value);
CUDA_ADDED(int)
CUDA_ADDED(unsigned)
CUDA_ADDED(unsigned long long)
CUDA_ADDED(float)
CUDA_ADDED(double)
CUDA_COMPARED(int)
CUDA_COMPARED(unsigned)
CUDA_COMPARED(unsigned long long)
int atomicExch(int *address, int value);
unsigned atomicExch(unsigned *address, unsigned value);
float atomicExch(float *address, float value);

#define __ldg(address) (*(address))
int min(int, int);
unsigned min(unsigned, unsigned);
long long min(long long, long long);
int max(int, int);
unsigned max(unsigned, unsigned);
long long max(long long, long long);
int __popc(unsigned);
int __ffs(int);
int __clz(int);
float rsqrtf(float);
float __expf(float);
float __logf(float);
float __fdividef(float, float);
float __int_as_float(int);
int __float_as_int(float);
float __uint_as_float(unsigned);
unsigned __float_as_uint(float);
float __saturatef(float);

// How the runtime calls a kernel whose arguments stand in memory, each at its own address.
template <int... I> struct CudaPlaces {};
template <int N, int... I> struct CudaCounted : CudaCounted<N - 1, N - 1, I...> {};
template <int... I> struct CudaCounted<0, I...> { typedef CudaPlaces<I...> type; };
template <class... A, int... I> void cuda_call(void (*kernel)(A...), void **arguments, CudaPlaces<I...>) {
    kernel(*(A *)arguments[I]...);
}
template <class... A> void cuda_call(void (*kernel)(A...), void **arguments) {
    cuda_call(kernel, arguments, typename CudaCounted<sizeof...(A)>::type());
}
#define CUDA_KERNEL(NAME) \
    extern "C" void cuda_call_##NAME(void **arguments) { cuda_call(NAME, arguments); }
