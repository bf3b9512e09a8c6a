"""The simulator reads C as a C++ compiler does: random expressions and random programs, each by the machine's compiler
and in the simulator, on the same numbers. Signed overflow wraps on a GPU; the compiler is told to let it."""

import ctypes
import random
import re
import shutil
import subprocess

import numpy as np
import pytest

from tinyxm_kernels import simt

LANES = 96
COMPILER = next((name for name in ("g++", "clang++", "c++") if shutil.which(name)), None)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++, clang++ or c++) to compare with")

TYPES = {
    "signed char": np.int8, "unsigned char": np.uint8, "short": np.int16, "unsigned short": np.uint16, "int": np.int32,
    "unsigned": np.uint32, "long long": np.int64, "unsigned long long": np.uint64, "float": np.float32,
    "double": np.float64,
}  # fmt: skip
WHOLE = [name for name in TYPES if name not in ("float", "double")]
INPUTS = {"a": "int", "b": "int", "u": "unsigned", "l": "long long", "q": "unsigned long long", "s": "short",
          "c": "signed char", "f": "float", "g": "float", "d": "double"}  # fmt: skip


def inputs(seed):
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, kind in INPUTS.items():
        dtype = np.dtype(TYPES[kind])
        if dtype.kind == "f":
            arrays[name] = (rng.standard_normal(LANES) * rng.choice([0.1, 1, 30], LANES)).astype(dtype)
        else:
            limits = np.iinfo(dtype)
            wide = rng.integers(limits.min, limits.max, LANES, dtype=dtype, endpoint=True)
            arrays[name] = np.where(rng.random(LANES) < 0.5, wide, rng.integers(-9, 9, LANES).astype(dtype))
            arrays[name][:3] = limits.min, limits.max, 0
    return arrays


def compiled(tmp_path, source):
    """The compiler's version of `source`, whose functions are called once per thread."""
    file, library = tmp_path / "oracle.cpp", tmp_path / "oracle.so"
    file.write_text(source)
    flags = ["-O1", "-fwrapv", "-ffp-contract=off", "-w", "-shared", "-fPIC"]
    subprocess.run([COMPILER, *flags, str(file), "-o", str(library)], check=True, capture_output=True)
    return ctypes.CDLL(str(library))


def call(function, arrays):
    for lane in range(LANES):
        function(ctypes.c_int(lane), *[ctypes.c_void_p(array.ctypes.data) for array in arrays])


def parameters(out):
    return ", ".join([*(f"const {kind} *{name}_" for name, kind in INPUTS.items()), f"{out} *out"])


LOAD = " ".join(f"{kind} {name} = {name}_[i];" for name, kind in INPUTS.items())


class Expressions:
    """Random expressions that C defines: no division by zero, no shift too far, no float too large for its integer."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def whole(self, depth):
        pick = self.random.random()
        if depth == 0 or pick < 0.15:
            names = [name for name, kind in INPUTS.items() if kind in WHOLE]
            constants = ["7", "0x80000000", "3u", "-1", "'a'", "123456789012ll", "0xffffffffffull", "017", "true"]
            return self.random.choice(names if self.random.random() < 0.75 else constants)
        x, y = self.whole(depth - 1), self.whole(depth - 1)
        if pick < 0.55:
            return f"({x} {self.random.choice('+-*&|^')} {y})"
        if pick < 0.65:
            return f"({x} {self.random.choice(['/', '%'])} (({y} & 15) + 1))"
        if pick < 0.72:
            return f"({x} {self.random.choice(['<<', '>>'])} ({y} & 7))"
        if pick < 0.80:
            return f"({self.condition(depth - 1)} ? {x} : {y})"
        if pick < 0.88:
            return f"(({self.random.choice(WHOLE)}){x})"
        if pick < 0.94:
            return f"({self.random.choice('-~')}{x})"
        return f"((int)({self.real(depth - 1)} * 0.001f))" if self.random.random() < 0.5 else self.condition(depth - 1)

    def real(self, depth):
        pick = self.random.random()
        if depth == 0 or pick < 0.2:
            return self.random.choice(["f", "g", "d", "0.5f", "2.0", "1e-3f", "3"])
        x, y = self.real(depth - 1), self.real(depth - 1)
        if pick < 0.6:
            return f"({x} {self.random.choice('+-*')} {y})"
        if pick < 0.7:
            return f"({x} / ({y} * {y} + 0.5f))"
        if pick < 0.8:
            return f"({self.condition(depth - 1)} ? {x} : {y})"
        if pick < 0.9:
            return f"({self.random.choice(['(float)', '(double)', '-'])}{x})"
        return f"((float)({self.whole(depth - 1)} & 1023))"

    def condition(self, depth):
        pick, side = self.random.random(), self.whole if self.random.random() < 0.6 else self.real
        if depth == 0 or pick < 0.6:
            least = max(0, depth - 1)
            return f"({side(least)} {self.random.choice(['<', '>', '<=', '>=', '==', '!='])} {side(least)})"
        if pick < 0.85:
            return f"({self.condition(depth - 1)} {self.random.choice(['&&', '||'])} {self.condition(depth - 1)})"
        return f"(!{self.condition(depth - 1)})"


@needs_compiler
@pytest.mark.parametrize("seed", range(4))
def test_expressions_are_what_the_compiler_makes_of_them(seed, tmp_path):
    make = Expressions(seed)
    bodies = []
    for _ in range(60):
        out = make.random.choice(list(TYPES))
        real = out in ("float", "double")
        bodies.append((out, make.real(3) if real else make.whole(4)))
    oracle = "\n".join(
        f'extern "C" void f{k}(int i, {parameters(out)}) {{ {LOAD} out[i] = {text}; }}'
        for k, (out, text) in enumerate(bodies)
    )
    kernels = "\n".join(
        f'extern "C" __global__ void f{k}({parameters(out)}) '
        f"{{ int i = blockIdx.x * blockDim.x + threadIdx.x; {LOAD} out[i] = {text}; }}"
        for k, (out, text) in enumerate(bodies)
    )
    library, program = compiled(tmp_path, oracle), simt.Program(re.sub(r"\bsigned char", "char", kernels))
    arrays = inputs(seed)
    for k, (out, text) in enumerate(bodies):
        expected, got = np.zeros(LANES, TYPES[out]), np.zeros(LANES, TYPES[out])
        call(library[f"f{k}"], [*arrays.values(), expected])
        run = program.launch(f"f{k}", 3, 32, [*arrays.values(), got], check=False, count=False)
        assert not run.findings
        np.testing.assert_array_equal(got, expected, err_msg=f"{out} out = {text}")


class Programs:
    """Random programs of ints: nested ifs and loops, break, continue and return, in functions, too."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.counter = 0

    def value(self):
        return self.random.choice(["x", "y", "z", "a", "b", "i", str(self.random.randint(-5, 9))])

    def condition(self):
        shape = self.random.choice(
            ["{} % 3 == {} % 2", "{} < {}", "({} & 4) != ({} & 2)", "{} > 3 || {} < 0", "i % 5 > 2"]
        )
        return shape.format(self.value(), self.value())

    def block(self, depth, in_loop, leave):
        return "{ " + " ".join(self.statement(depth, in_loop, leave) for _ in range(self.random.randint(1, 4))) + " }"

    def statement(self, depth, in_loop, leave):
        pick, target = self.random.random(), self.random.choice("xyz")
        if depth == 0 or pick < 0.35:
            operator = self.random.choice(["=", "+=", "-=", "*=", "^="])
            extra = self.random.choice(["", f" + helper({self.value()}, {self.value()})"]) if leave == "return;" else ""
            return f"{target} {operator} {self.value()} {self.random.choice('+-*')} {self.value()}{extra};"
        if pick < 0.45:
            return self.random.choice([f"{target}++;", f"--{target};", f"{target} = x++ + --y;"])
        if pick < 0.70:
            rest = f" else {self.block(depth - 1, in_loop, leave)}" if self.random.random() < 0.6 else ""
            return f"if ({self.condition()}) {self.block(depth - 1, in_loop, leave)}{rest}"
        if pick < 0.80:
            self.counter += 1
            k = f"k{self.counter}"
            bound = self.random.choice(["3", "i % 4", "(z & 3)"])
            return f"for (int {k} = 0; {k} < {bound}; {k}++) {self.block(depth - 1, True, leave)}"
        if pick < 0.87:
            self.counter += 1
            k = f"k{self.counter}"
            body = self.block(depth - 1, True, leave)
            return self.random.choice(
                [f"{{ int {k} = 4; while ({k}-- > x % 3) {body} }}", f"{{ int {k} = 3; do {body} while ({k}-- > 0); }}"]
            )
        if pick < 0.95 and in_loop:
            return f"if ({self.condition()}) {self.random.choice(['break;', 'continue;'])}"
        return f"if ({self.condition()}) {leave}"

    def program(self):
        start = "int x = p, y = q, z = 1, a = p ^ q, b = p - q, i = p & 31;"
        helper = f"{start} {self.block(2, False, 'return x + z;')} return y;"
        kernel = f"int x = 1, y = 2, z = 3; {self.block(4, False, 'return;')} out[i] += x * 31 + y * 7 + z;"
        stores = "out[i] = a;"
        return helper, f"{stores} {kernel}"


@needs_compiler
@pytest.mark.parametrize("seed", range(3))
def test_programs_take_the_paths_that_the_compiler_takes(seed, tmp_path):
    programs = [Programs(100 * seed + k).program() for k in range(40)]
    read = "int a = a_[i], b = b_[i] % 100;"
    oracle = "\n".join(
        f"namespace n{k} {{ static int helper(int p, int q) {{ {helper} }} }}\n"
        f'extern "C" void f{k}(int i, const int *a_, const int *b_, int *out) {{ using n{k}::helper; {read} {body} }}'
        for k, (helper, body) in enumerate(programs)
    )
    library = compiled(tmp_path, oracle)
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(-50, 50, LANES).astype(np.int32) for _ in range(2))
    for k, (helper, body) in enumerate(programs):
        source = f"""__device__ int helper(int p, int q) {{ {helper} }}
        extern "C" __global__ void f(const int *a_, const int *b_, int *out)
        {{ int i = blockIdx.x * blockDim.x + threadIdx.x; {read} {body} }}"""
        expected, got = np.zeros(LANES, np.int32), np.zeros(LANES, np.int32)
        call(library[f"f{k}"], [a, b, expected])
        run = simt.Program(source).launch("f", 3, 32, [a, b, got])
        assert [finding.kind for finding in run.findings] == []
        np.testing.assert_array_equal(got, expected, err_msg=source)
