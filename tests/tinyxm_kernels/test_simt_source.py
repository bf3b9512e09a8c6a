"""What the simulator reads, and what it says of the rest: line, column, the construct, and what to write instead."""

import numpy as np
import pytest
from scipy.special import erf

from tinyxm_kernels import simt


def run(body, arguments, parameters="float *x", before="", block=32, **options):
    source = f'{before}\nextern "C" __global__ void f({parameters})\n{{\n{body}\n}}\n'
    done = simt.Program(source, **options).launch("f", 1, block, arguments)
    assert done.findings == []
    return arguments[0]


def value(expression, kind="float", dtype=np.float32, **options):
    """What an expression is, in each of 32 lanes."""
    return run(f"x[threadIdx.x] = {expression};", [np.zeros(32, dtype)], f"{kind} *x", **options)


# ----------------------------------------------------------------- refusals

REFUSED = [
    ("template <class T> __global__ void f(T *x) { }", 1, 1, "`template`", "#define"),
    ("__global__ void f(float &x) { }", 1, 19, "a reference, float & x", "pointer"),
    ("__global__ void f(float *x) {\n  auto y = x[0];\n}", 2, 3, "`auto`", "write the type"),
    ("__global__ void f(float *x) {\n  x[0] = std::max(x[0], x[1]);\n}", 2, 13, "`::`", "fmaxf"),
    ("struct S { int a; };\n__global__ void f(int *x) { }", 1, 1, "`struct`", "arrays and numbers"),
    ("__global__ void f(int *x) {\n  switch (x[0]) { }\n}", 2, 3, "`switch`", "if ... else"),
    ("__global__ void f(int *x) {\n  x[0] = 1\n}", 3, 1, "unexpected `}`", "semicolon"),
    ("__global__ void f(int *x) {\n  x[0] = y;\n}", 2, 10, "y is not declared", "declare it"),
    ("__global__ void f(float *x) {\n  x[0] = expff(x[0]);\n}", 2, 10, "there is no function expff",
     "did you mean expf"),
    ("__global__ void f(float *x) {\n  x[0] = fmaxf(x[0]);\n}", 2, 10, "fmaxf with 1 arguments", "it takes 2"),
    ("__global__ void f(const float *x) {\n  x[0] = 1;\n}", 2, 3, "a write through a pointer to const",
     "without const"),
    ("__global__ void f(float *x) {\n  const int n = 3;\n  n = 4;\n}", 3, 3, "n is const", "without const"),
    ("__global__ void f(float4 *x) {\n  x[0] = x[0] + x[1];\n}", 2, 10, "float4 + float4", "parts"),
    ("__global__ void f(float4 *x) {\n  x[0].v = 1;\n}", 2, 3, ".v of float4", ".x .y .z .w"),
    ("__global__ void f(float *x, int n) {\n  float own[n];\n}", 2, 13, "a size that isn't known", "#define"),
    ("__global__ void f(float *x) {\n  x[0.5f] = 1;\n}", 2, 5, "an index of type float", "(int)"),
    ("__global__ void f(float *x) {\n  x[0] = x[0] % 2.0f;\n}", 2, 10, "% of float", "fmodf"),
    ("__global__ void f(float *x) {\n  int *p = x;\n}", 2, 7, "float * where int * is expected", "convert it"),
    ("__global__ void f(float *x) {\n  __shared__ float s[4] = {0};\n}", 2, 20, "s is shared and has a value",
     "__syncthreads"),
    ("__global__ void f(float *x) {\n  break;\n}", 2, 3, "break outside a loop", "return"),
    ("__global__ void f(float *x) {\n  return 1;\n}", 2, 3, "a kernel that returns a value", "void"),
    ("__global__ int f(float *x) { return 1; }", 1, 16, "the kernel f returns a value", "void"),
    ("__global__ void f(float *x) {\n  x[0] = __shfl_down(x[0], 1);\n}", 2, 10, "__shfl_down went out",
     "__shfl_down_sync"),
    ("#include <thrust/sort.h>\n__global__ void f(float *x) { }", 1, 1, "#include of thrust/sort.h", "this file"),
    ("#ifdef A\n__global__ void f(float *x) { }", 2, 1, "an #if without its #endif", ""),
    ("#define F(a, b) a + b\n__global__ void f(float *x) {\n  x[0] = F(1);\n}", 3, 10, "F with 1 arguments", "2"),
    ("#define F(a) a##_b\n__global__ void f(float *x) { }", 1, 1, "a macro with # or ##", "write the names"),
    ("__device__ int g(int n) { return n < 2 ? n : g(n - 1); }\n__global__ void f(int *x) { x[0] = g(5); }", 1, 46,
     "g calls itself", "loop"),
    ("__global__ void f(float *x) {\n  atomicMax(x, 1.0f);\n}", 2, 3, "atomicMax of float", "atomicCAS"),
    ("__global__ void f(float *x) {\n  int i = 0, i = 1;\n}", 2, 14, "i is declared twice", "another name"),
    ("__global__ void f(float *x) {\n  f<<<1, 1>>>(x);\n}", 2, 4, "`<<<`", "launch from Python"),
    ("__constant__ float w[3];\n__global__ void f(float *x) { }", 1, 20, "w outside all functions", "in braces"),
    ("__global__ void f(float4 *x) {\n  float4 v = {1, 2, 3, 4};\n}", 2, 10, "v = {...}", "make_float4"),
    ("__global__ void f(float *x) {\n  threadIdx.x = 3;\n}", 2, 3, "threadIdx can't be assigned to", "copy it"),
    ("__shared__ float s[3];\n__global__ void f(float *x) { }", 1, 18, "shared memory s outside a kernel", "within"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "line", "column", "construct", "instead"), REFUSED, ids=[case[3] for case in REFUSED]
)
def test_what_is_not_in_the_subset_is_told_with_its_place(source, line, column, construct, instead):
    with pytest.raises(simt.SubsetError) as refusal:
        simt.Program(source, file="my.cu").kernel("f").compiled()
    assert construct in refusal.value.construct
    assert instead in refusal.value.instead
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert str(refusal.value).startswith(f"my.cu:{line}:{column}: ")


def test_a_file_without_a_kernel_and_a_name_that_is_none_of_its_kernels():
    with pytest.raises(ValueError, match="there is no kernel: one is written"):
        simt.Program("__device__ int g() { return 1; }")
    with pytest.raises(ValueError, match="there is no kernel 'g'; there are f"):
        simt.Program("__global__ void f(int *x) { }").launch("g", 1, 1, [])


def test_a_file_that_is_no_text_is_told_and_a_byte_order_mark_is_none(tmp_path):
    file = tmp_path / "k.cu"
    text = '// Gr\u00f6\u00dfe\nextern "C" __global__ void f(float *x) { x[0] = 1; }'
    file.write_bytes(("\n" + text).encode("latin-1"))
    with pytest.raises(ValueError, match=r"k\.cu: line 2: byte 0xf6 isn't UTF-8"):
        simt.Program(file)
    file.write_text(text, "utf-8-sig")
    assert list(simt.Program(file).kernels) == ["f"]


def test_places_survive_macros_and_comments():
    source = """#define LONG_NAME(a) ((a) + (a))
/* a
 comment */ __global__ void f(int *x) {
  x[0] = LONG_NAME(3) + /* here */ y; // z
}"""
    with pytest.raises(simt.SubsetError) as refusal:
        simt.Program(source).kernel("f").compiled()
    assert (refusal.value.line, refusal.value.column) == (4, 36)


# ----------------------------------------------------------------- what is read


def test_directives_choose_and_replace():
    before = """
#ifndef SIDE
#define SIDE 4
#endif
#if SIDE > 8 && defined(SIDE)
#define WHAT 1
#elif SIDE == 4 || 0
#define WHAT (2 + \\
  SIDE)
#else
#error no such side
#endif
#undef NOTHING
#define SQUARE(v) ((v) * (v))
#define TWICE(v) SQUARE(v) + SQUARE(v)
"""
    assert value("WHAT", before=before)[0] == 6
    assert value("WHAT", before=before, defines={"SIDE": 16})[0] == 1
    assert value("TWICE(1 + 2)", before=before)[0] == 18
    with pytest.raises(simt.SubsetError, match="#error no such side"):
        value("1", before=before, defines={"SIDE": 5})
    with pytest.raises(simt.SubsetError, match=r"#define A, which the caller defines.*#ifndef A"):
        value("A", before="#define A 1", defines={"A": 2})


def test_words_of_cpp_that_are_easily_said_in_c():
    assert value("float(3) + static_cast<float>(7 / 2) + int(2.9f)")[0] == 8
    body = (
        "constexpr int n = 2 * 3; const float *p = reinterpret_cast<const float *>(x); float own[n]; bool yes = true;"
    )
    out = run(body + "own[n - 1] = yes; x[threadIdx.x] = own[5] + (p != nullptr);", [np.zeros(32, np.float32)])
    assert out[0] == 2


def test_conversions_of_cpp_stand_wherever_an_expression_may():
    source = """typedef float real;
__device__ real half_of(int i) { return float(i) / real(2); }
extern "C" __global__ void f(float *x) {
    int i = threadIdx.x;
    float4 four = reinterpret_cast<float4 *>(x)[i];
    reinterpret_cast<float4 *>(x)[i].y = 2 * float(i) * int(1.5f) + (int)float(half_of(2 * i)) + four.y;
}"""
    x = np.zeros((8, 4), np.float32)
    assert simt.Program(source).launch("f", 1, 8, [x]).findings == []
    np.testing.assert_array_equal(x, np.stack([0 * np.arange(8), 3 * np.arange(8), [0] * 8, [0] * 8], axis=1))


def test_a_macro_may_be_an_argument_of_itself():
    assert value("MAX(MAX(1, 4), MAX(3, 2))", before="#define MAX(a, b) ((a) > (b) ? (a) : (b))")[0] == 4


@pytest.mark.parametrize("condition", ["p == NULL", "nullptr == p", "!p", "!(p != 0)"])
def test_a_null_pointer_equals_null(condition):
    source = (
        f"""extern "C" __global__ void f(float *x, const float *p) {{ x[threadIdx.x] = {condition} ? 1.0f : p[0]; }}"""
    )
    x = np.zeros(32, np.float32)
    for given, expected in ((None, 1), (np.full(1, 7, np.float32), 7)):
        assert simt.Program(source).launch("f", 1, 32, [x, given]).findings == []
        assert (x == expected).all()


def test_extern_c_may_hold_the_whole_file():
    source = """extern "C" {
__device__ __forceinline__ int g(int a) { return a + 1; }
__global__ void f(int *x) { x[0] = g(2); }
}"""
    x = np.zeros(1, np.int32)
    simt.Program(source).launch("f", 1, 1, [x])
    assert x[0] == 3


def test_constants_of_the_file_and_arrays_with_values():
    before = """__constant__ float weights[3] = {1.0f, 2.0f, 4.0f};
__constant__ int table[][2] = {{1, 2}, {3, 4}};
const int steps = 3;
typedef unsigned int word;"""
    body = """float own[2][3] = {{1, 2, 3}, {4}};
float all[4] = {0};
word sum = 0;
for (int i = 0; i < steps; i++) sum += (word)(weights[i] + own[1][i] + all[i]) + table[i % 2][1];
x[threadIdx.x] = sum;"""
    assert run(body, [np.zeros(32, np.float32)], before=before)[5] == (1 + 2 + 4) + 4 + (2 + 4 + 2)


def test_device_functions_take_pointers_and_write_through_them():
    before = """__device__ void swap(float *a, float *b) { float t = *a; *a = *b; *b = t; }
__device__ float4 doubled(float4 v) { v.x *= 2; v.y *= 2; v.z *= 2; v.w *= 2; return v; }
__device__ int first(const int *row, int n) { for (int i = 0; i < n; i++) { if (row[i] > 3) return i; } return -1; }"""
    body = """float a = threadIdx.x, b = 100.0f;
swap(&a, &b);
float4 v = doubled(make_float4(a, b, 1, 2));
float own[2];
own[0] = v.y; own[1] = v.x;
swap(own, own + 1);
int row[4] = {1, 2, 7, 9};
x[threadIdx.x] = own[0] + own[1] / 1000 + first(row, threadIdx.x % 5);"""
    out = run(body, [np.zeros(32, np.float32)], before=before)
    expected = [200 + 2 * i / 1000 + (2 if i % 5 >= 3 else -1) for i in range(32)]
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_pointers_walk_and_differ():
    body = """const float *p = x + 3, *q = &x[10];
int apart = q - p;
p++; p += 2; --q;
float *here = x + threadIdx.x;
here[0] = apart + (p < q) * 10 + (p == x + 6) * 100;"""
    assert set(run(body, [np.zeros(32, np.float32)])) == {117}


def test_double_buffers_swap_their_pointers():
    body = """__shared__ float first[32], second[32];
float *now = first, *next = second;
now[threadIdx.x] = threadIdx.x;
for (int i = 0; i < 3; i++) {
    __syncthreads();
    next[threadIdx.x] = now[(threadIdx.x + 1) % 32];
    float *swap = now; now = next; next = swap;
}
x[threadIdx.x] = now[threadIdx.x];"""
    np.testing.assert_array_equal(run(body, [np.zeros(32, np.float32)]), (np.arange(32) + 3) % 32)


def test_dynamic_shared_memory_may_be_declared_outside():
    source = """extern __shared__ float s[];
__device__ float turned(int i) { return s[31 - i]; }
__global__ void f(float *x) { uint3 t = threadIdx; s[t.x] = t.x; __syncthreads(); x[t.x] = turned(t.x); }"""
    x = np.zeros(32, np.float32)
    done = simt.Program(source).launch("f", 1, 32, [x], 128)
    assert done.findings == []
    np.testing.assert_array_equal(x, np.arange(32)[::-1])


def test_what_is_nested_too_deep_is_refused():
    with pytest.raises(simt.SubsetError, match="nested too deep"):
        simt.Program("__global__ void f(int *x) { x[0] = " + "(" * 5000 + "1" + ")" * 5000 + "; }").kernel(
            "f"
        ).compiled()


def test_one_dynamic_shared_array_holds_two_kinds():
    source = """extern "C" __global__ void f(float *x) {
    extern __shared__ char raw[];
    float *a = (float *)raw;
    int *b = (int *)(raw + 128);
    a[threadIdx.x] = threadIdx.x; b[threadIdx.x] = 2 * threadIdx.x;
    __syncthreads();
    x[threadIdx.x] = a[31 - threadIdx.x] + b[threadIdx.x];
}"""
    x = np.zeros(32, np.float32)
    done = simt.Program(source).launch("f", 1, 32, [x], 256)
    assert done.findings == []
    np.testing.assert_array_equal(x, 31 + np.arange(32))


FLOATS = np.linspace(0.05, 3.3, 32).astype(np.float32)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("expf(v)", np.exp), ("__expf(-v)", lambda v: np.exp(-v)), ("logf(v)", np.log), ("log2f(v)", np.log2),
        ("sqrtf(v)", np.sqrt), ("rsqrtf(v)", lambda v: 1 / np.sqrt(v)), ("tanhf(v)", np.tanh), ("sinf(v)", np.sin),
        ("cosf(v)", np.cos), ("erff(v)", erf), ("normcdff(v)", lambda v: (1 + erf(v / 2**0.5)) / 2),
        ("powf(v, 1.5f)", lambda v: v**1.5), ("fmaf(v, v, 1)", lambda v: v * v + 1), ("fabsf(-v)", np.abs),
        ("floorf(v)", np.floor), ("ceilf(v)", np.ceil), ("roundf(v)", lambda v: np.floor(v + 0.5)),
        ("exp2f(v)", np.exp2),
        ("fmodf(v, 0.7f)", lambda v: np.fmod(v, np.float32(0.7))), ("fmaxf(v, 1)", lambda v: np.maximum(v, 1)),
        ("fminf(v, NAN)", lambda v: v), ("expm1f(v)", np.expm1), ("log1pf(v)", np.log1p),
        ("__fdividef(v, 3)", lambda v: v / 3),
        ("max(1, 2) + min(v, 1.0f)", lambda v: 2 + np.minimum(v, 1)),
        ("isnan(v / 0.0f - v / 0.0f)", np.ones_like),
        ("__int_as_float(__float_as_int(v) + 0)", lambda v: v), ("copysignf(v, -1)", lambda v: -v),
        ("cbrtf(v)", np.cbrt),
        ("__saturatef(v - 1)", lambda v: np.clip(v - 1, 0, 1)), ("hypotf(v, 2)", lambda v: np.hypot(v, 2)),
        ("atan2f(v, -1)", lambda v: np.arctan2(v, -1)), ("1e30f * v * 1e30f == INFINITY", np.ones_like),
    ],
)  # fmt: skip
def test_mathematics(call, expected):
    got = run(
        f"float v = y[threadIdx.x]; x[threadIdx.x] = {call};",
        [np.zeros(32, np.float32), FLOATS],
        "float *x, const float *y",
    )
    np.testing.assert_allclose(got, expected(FLOATS.astype(np.float64)), rtol=3e-6)


def test_bits():
    rng = np.random.default_rng(0)
    words = np.concatenate([[0, 1, 2**31, 2**32 - 1], rng.integers(0, 2**32, 28)]).astype(np.uint32)
    parameters = "int *x, const unsigned *w"

    def of(call):
        return run(f"x[threadIdx.x] = {call};", [np.zeros(32, np.int32), words], parameters).tolist()

    plain = [int(word) for word in words]
    assert of("__popc(w[threadIdx.x])") == [bin(word).count("1") for word in plain]
    assert of("__clz(w[threadIdx.x])") == [32 - word.bit_length() for word in plain]
    assert of("__ffs(w[threadIdx.x])") == [(word & -word).bit_length() for word in plain]
    assert of("__brev(w[threadIdx.x]) >> 1") == [int(f"{word:032b}"[::-1], 2) >> 1 for word in plain]
    assert of("__umulhi(w[threadIdx.x], 1000)") == [word * 1000 >> 32 for word in plain]


def test_halves_round_as_numpys_do():
    a = np.linspace(-3, 70000, 32).astype(np.float32)
    body = """half h = __float2half(a[threadIdx.x]), one = __float2half(1.0f);
half2 pair = __halves2half2(h, one);
float2 wide = __half22float2(__hadd2(pair, pair));
x[threadIdx.x] = __half2float(__hmul(h, h)) * 0 + wide.x + (float)(h + one) + wide.y;"""
    got = run(body, [np.zeros(32, np.float32), a], "float *x, const float *a")
    with np.errstate(over="ignore", invalid="ignore"):
        h = a.astype(np.float16)
        one = np.float16(1)
        expected = (h * h).astype(np.float32) * 0 + (h + h).astype(np.float32) + (h + one).astype(np.float32) + 2
    np.testing.assert_array_equal(got, expected)


def test_a_fused_multiply_add_rounds_once():
    """fma(a, b, −ab rounded) is what rounding took from ab: 0 where the product is rounded first."""
    body = "float v = 1.0f + 1.1920929e-7f; x[threadIdx.x] = fmaf(v, v, -(v * v));"
    assert run(body, [np.zeros(32, np.float32)])[0] == np.float32(2.0**-46)


def test_floats_become_whole_numbers_as_on_a_device():
    """Toward zero, at most the largest, NaN 0 (PTX ISA, cvt: values are clamped)."""
    for text, expected in (("2.9f", 2), ("-2.9f", -2), ("3e9f", 2**31 - 1), ("-3e9f", -(2**31)), ("NAN", 0)):
        body = f"float v = {text}; x[threadIdx.x] = (int)v;"
        assert run(body, [np.zeros(32, np.int32)], "int *x")[3] == expected
