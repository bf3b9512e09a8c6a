// Divergence: the 32 threads of a warp share one instruction. Where they go different ways, each way is gone in turn,
// while the threads of the other wait; a loop lasts as long as the thread that stays in it longest.
//
//     tinyxm simt divergence.cu branching --grid 2 --block 64 --args int*:128,128
//     tinyxm simt divergence.cu choosing --grid 2 --block 64 --args int*:128,128
//
// Both count the steps from each number to 1 by Collatz's rule: halve it if it is even, otherwise take three times it
// and one. In `branching` the even and the odd go different ways at each step. In `choosing` all compute both and each
// takes one: no branch, so that only the different lengths of the ways are left to divide the warp. The first number is
// 1.

extern "C" __global__ void branching(int *steps, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    long long number = i + 1; // on its way it grows: 27 passes 9232
    int count = 0;
    while (number > 1) {
        if (number % 2 == 0)
            number /= 2;
        else
            number = 3 * number + 1;
        count++;
    }
    steps[i] = count;
}

extern "C" __global__ void choosing(int *steps, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    long long number = i + 1;
    int count = 0;
    while (number > 1) {
        number = number % 2 == 0 ? number / 2 : 3 * number + 1;
        count++;
    }
    steps[i] = count;
}
