"""Answers in CUDA C: what the judge says of what can't be read, may not be done, is wrong, or is too dear."""

import numpy as np
import pytest

from tinyxm.course.cuda import Launch

KERNEL = 'extern "C" __global__ void turn(const float *x, float *y, int n)\n{\n    BODY\n}\n'
RIGHT = "int i = threadIdx.x;\n    if (i < n)\n        y[i] = x[n - 1 - i];"
SHARED = "__shared__ float s[64]; int i = threadIdx.x; s[i] = i < n ? x[i] : 0; __syncthreads(); if (i < n) "


def source(body):
    return KERNEL.replace("BODY", body)


def turning(n=40, **most):
    x = np.arange(n, dtype=np.float32) + 1
    return Launch("turn", (1,), (64,), (x, np.full(n, np.nan, np.float32), n), 1, x[::-1], most)


def test_a_right_kernel_has_nothing_wrong_and_leaves_the_arguments_as_they_are():
    launch = turning()
    assert launch.judge(source(RIGHT)) is None
    assert launch.judge(source(RIGHT)) is None
    assert np.isnan(launch.arguments[1]).all()


@pytest.mark.parametrize(
    ("body", "where", "got"),
    [
        ("int i = threadIdx.x; y[i] = x[n - 1 - i];", "line 3, int i = threadIdx.x; y[i]", "out-of-bounds"),
        (SHARED.replace("__syncthreads();", "") + "y[i] = s[n - 1 - i];", "line 3", "race"),
        ("int i = threadIdx.x; if (i < n) y[i] = x[i];", "[0]", "1"),
        ("int i = threadIdx.x; if (i < n) y[i] = x[", "", "kernel.cu"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(body, where, got):
    found = turning().judge(source(body))
    assert found.where.startswith(where)
    assert got in found.got


@pytest.mark.parametrize("answer", [None, 3, 'extern "C" __global__ void another(int n) { }'])
def test_what_is_no_such_kernel_is_refused(answer):
    assert turning().judge(answer)


def test_a_counter_has_its_limit():
    body = SHARED.replace("s[64]", "s[64 * 32]").replace("s[i]", "s[32 * i]") + "y[i] = s[32 * (n - 1 - i)];"
    assert turning().judge(source(body)) is None
    found = turning(shared_passes=4).judge(source(body))
    assert found.got == "104 shared passes"  # 32 for each of two stores; loads of 32 words, and of the 8 that are left


def test_a_known_wrong_kernel_is_told_wherever_it_goes_wrong():
    bare = SHARED.replace("__syncthreads();", "")
    known = turning().judge(source(bare + "y[i] = s[n - 1 - i];"))
    moved = turning().judge(source("\n\n" + bare.replace("s[", "kept[") + "y[i] = kept[n - 1 - i];"))
    assert moved.way == known.way
    assert moved.where != known.where
    other = turning().judge(source("int i = threadIdx.x; y[i] = x[n - 1 - i];"))
    assert other.way != known.way
    assert other.looks_like.startswith("thread")
