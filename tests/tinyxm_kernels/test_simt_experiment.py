"""A launch from words: arguments by specification, results by formulas, and a warp told step by step."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

import tinyxm_kernels
from tinyxm_kernels.simt import Program, stepping
from tinyxm_kernels.simt.arguments import digest, draw, split
from tinyxm_kernels.simt.expect import check, evaluate
from tinyxm_kernels.simt.experiment import PACKAGE, Experiment, find, hints, is_clean, perform, size


def parameter(name, ctype, code, pointer=False, const=False):
    return SimpleNamespace(name=name, ctype=ctype, pointer=pointer, dtype=np.dtype(code), const=const)


X = parameter("x", "const float *", "f4", pointer=True, const=True)
LABELS = parameter("labels", "int *", "i4", pointer=True)
N = parameter("n", "int", "i4")


def one(spec, of):
    return draw([spec], [of], "f")[0].value


def test_arrays_are_drawn_filled_or_counted():
    x = one("float:400x25", X)
    assert (x.shape, x.dtype, x.flags.c_contiguous) == ((400, 25), np.float32, True)
    assert abs(x.mean()) < 0.05
    assert 0.95 < x.std() < 1.05
    assert np.isnan(one("float*:3", X)).all()
    assert one("int*:3", LABELS).tolist() == [0, 0, 0]
    assert one("float:3=0.5", X).tolist() == [0.5, 0.5, 0.5]
    assert one("float:2x3=arange", X).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert set(one("int:500=1..3", LABELS).tolist()) == {1, 2, 3}
    drawn = one("int:5000", LABELS)
    assert (drawn.min(), drawn.max()) == (0, 99)
    assert one("null", X) is None


def test_numbers_are_of_the_kernels_types():
    assert (one("64", N), one("0x10", N).dtype) == (64, np.int32)
    assert one("1e-3", parameter("eps", "float", "f4")) == np.float32(1e-3)
    assert one("true", parameter("flag", "bool", "?")) is np.True_
    assert one("5000000000", parameter("n", "long long", "i8")) == 5_000_000_000


def test_an_array_doesn_t_change_with_its_neighbours():
    alone = draw(["4", "float:8"], [N, X], "f", seed=3)[1].value
    beside = draw(["float:99", "float:8"], [X, X], "f", seed=3)[1].value
    assert np.array_equal(alone, beside)
    assert not np.array_equal(alone, draw(["4", "float:8"], [N, X], "f", seed=4)[1].value)


@pytest.mark.parametrize(
    ("spec", "of", "told"),
    [
        ("float:4", LABELS, "expected int:4"),
        ("floats:4", X, "no type 'floats'; there are bool, char"),
        ("float:4=many", X, "expected a number, arange, or two whole numbers"),
        ("float:4=9..0", X, "expected a number, arange"),
        ("float:99999999999", X, "99,999,999,999 numbers"),
        ("float:4x", X, "expected an array as TYPE:SHAPE"),
        ("64", X, "expected an array"),
        ("2.5", N, "expected a whole number that fits int"),
        ("4000000000", N, "expected a whole number that fits int"),
        ("null", N, "expected a whole number"),
    ],
)
def test_arguments_that_do_not_fit_are_told_of(spec, of, told):
    with pytest.raises(ValueError, match=r"simt: .* of f: ") as caught:
        one(spec, of)
    assert told in str(caught.value)


def test_a_wrong_number_of_arguments_is_told_with_the_signature():
    with pytest.raises(ValueError, match=r"1 arguments for f\(const float \* x, int n\), which takes 2"):
        draw(["float:4"], [X, N], "f")
    assert split(" float:4, 5,") == ["float:4", "5"]


def test_a_digest_tells_arrays_apart():
    first, second = draw(["int:8", "int:8"], [LABELS, LABELS], "f")
    assert digest(first)["sha256"] != digest(second)["sha256"]
    assert digest(first)["first"] == first.value.tolist()


VALUES = {"a": np.arange(12.0).reshape(3, 4), "b": np.array([2.0, 3.0, 5.0, 7.0]), "k": 3, "i": np.array([2, 0])}


@pytest.mark.parametrize(
    "formula",
    [
        "a @ b",
        "a.T[1:, ::-1] * 2 - k ** 2",
        "-(a / b)[0] // 1 % 3",
        "where(a > 4, exp(-a), a)",
        "sum(a, axis=1, keepdims=True) / a.shape[1]",
        "a[i] + a[(0, 1), None, 2]",
        "max(a, axis=None)",
        "(i << 2) & 5 | 8 ^ ~i",
        "reshape(a, (2, 6))",
    ],
)
def test_a_formula_is_what_numpy_makes_of_it(formula):
    names = {name: getattr(np, name) for name in ("where", "exp", "sum", "max", "reshape")}
    expected = eval(formula, {"__builtins__": {}}, {**names, **VALUES})
    assert np.array_equal(evaluate(formula, VALUES), expected)


def test_a_large_power_doesn_t_take_forever():
    assert evaluate("9 ** 9 ** 9 ** 9", {}) == np.inf


def test_a_formula_may_be_an_operation_by_its_reference():
    rng = np.random.default_rng(0)
    x, scale, shift = rng.standard_normal((3, 5)), rng.standard_normal(5), rng.standard_normal(5)
    with tinyxm_kernels.using("layer_norm=reference"):
        expected = tinyxm_kernels.layer_norm(x, scale, shift, 1e-5)
    given = {"x": x, "scale": scale, "shift": shift}
    assert np.array_equal(evaluate("layer_norm(x, scale, shift, 1e-5)", given), expected)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "a.__class__",
        "a.tofile('x')",
        "open('x')",
        "(lambda: a)()",
        "[v for v in a]",
        "exp.__self__",
        "a if k else b",
        "f'{a}'",
        "a[0](1)",
        "sum(*a)",
        "sum(**a)",
        "a; b",
        "z + 1",
        "a @ a",
        "a[99]",
        "1 <",
        "(" * 500 + ")" * 500,
        "b'x'",
        "0 < k < 4",
        "not k",
        "k := 3",
    ],
)
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(ValueError, match="expect: "):
        evaluate(formula, VALUES)


def test_a_result_is_held_to_its_formula():
    x = np.linspace(1, 2, 6, dtype=np.float32).reshape(2, 3)
    right = check("y = x * x", {"x": x}, {"y": x * x})
    assert right["agrees"]
    assert right["error"] < 1e-6
    wrong = x * x
    wrong[1, 2] *= 1 + 3e-5  # three times what rounding may do
    told = check("x * x", {"x": x}, {"y": wrong})
    assert not told["agrees"]
    assert "1 of 6 numbers are wrong, first y[1, 2]" in told["told"]
    wrong[0, 0] = np.nan
    assert (
        "2 of 6 numbers are wrong, first y[0, 0], nan where 1 is right; 1 are NaN"
        in (check("x * x", {"x": x}, {"y": wrong})["told"])
    )


def test_whole_numbers_must_be_the_same_and_nan_may_be_expected():
    counts = np.array([1, 2, 3])
    assert check("c = n", {"n": counts}, {"c": counts})["agrees"]
    assert not check("c = n", {"n": counts}, {"c": counts + counts // 3})["agrees"]
    x = np.array([-1.0, 4.0])
    assert check("sqrt(x)", {"x": x}, {"y": np.array([np.nan, 2.0])})["agrees"]
    assert not check("sqrt(x)", {"x": x}, {"y": np.array([0.0, 2.0])})["agrees"]
    assert not check("1 / (x + 1)", {"x": x}, {"y": np.array([-np.inf, 0.2])})["agrees"]
    assert check("1 / (x + 1)", {"x": x}, {"y": np.array([np.inf, 0.2])})["agrees"]


def test_of_several_outputs_the_formula_names_one():
    one = np.zeros(3)
    with pytest.raises(ValueError, match="say which output, as in NAME = x; there is y, z"):
        check("x", {"x": one}, {"y": one, "z": one})
    with pytest.raises(ValueError, match=r"\(4,\) has 4 numbers, y 3"):
        check("y = x", {"x": np.zeros(4)}, {"y": one})
    assert check("z = x == 0", {"x": one}, {"y": one, "z": one + 1})["agrees"]


SOURCE = """\
// tinyxm simt twice.cu twice --grid 1 --block 40 --args float:40,40
//     --expect "x = 2 * x"
// tinyxm simt twice.cu other --shared 64 --expect "a quote that is open
extern "C" __global__ void twice(float *x, int n)
{
    if (threadIdx.x < n)
        x[threadIdx.x] = x[threadIdx.x] * 2.0f;
}
"""


@pytest.fixture
def twice(tmp_path):
    path = tmp_path / "twice.cu"
    path.write_text(SOURCE, "utf-8")
    return path


def test_the_comments_of_a_source_are_options():
    expected = {"grid": (1,), "block": (40,), "args": "float:40,40", "expect": ("x = 2 * x",)}
    assert hints(SOURCE) == {"twice": expected}


def test_an_array_changed_in_place_is_held_to_what_it_was(twice):
    report = perform(Experiment(twice))
    assert is_clean(report)
    assert report["expected"][0]["error"] == 0
    assert report["trace"] is None
    assert report["source"] == SOURCE.splitlines()
    assert not is_clean(perform(Experiment(twice, expect=("x = 3 * x",))))


def test_every_command_in_the_packages_sources_does_what_it_says():
    tried = 0
    for path in sorted(PACKAGE.rglob("*.cu")):
        for kernel, options in hints(path.read_text("utf-8")).items():
            report = perform(Experiment(path, kernel))
            tried += 1
            if kernel in ("racing", "losing"):
                assert {finding["kind"] for finding in report["findings"]} == {"race"}
            else:
                assert is_clean(report), (path.name, kernel)
            assert len(report["expected"]) == len(options.get("expect", ()))
            assert all(each["agrees"] is not None for each in report["expected"])
    assert tried > 15


def test_sources_are_found_here_or_in_the_package(twice, monkeypatch):
    monkeypatch.chdir(twice.parent)
    assert find("twice.cu").resolve() == twice.resolve()
    assert find("matmul/cuda_tiled.cu") == PACKAGE / "matmul" / "cuda_tiled.cu"
    with pytest.raises(ValueError, match=r"no file matmul/cuda_tiles\.cu.*matmul/cuda_tiled\.cu"):
        find("matmul/cuda_tiles.cu")


def test_sizes():
    assert size("4,2", "--grid") == (4, 2)
    assert size("16x16", "--block") == (16, 16)
    for wrong in ("", "4,", "1,2,3,4", "-1", "a"):
        with pytest.raises(ValueError, match="--grid"):
            size(wrong, "--grid")


@pytest.fixture
def traced(twice):
    return perform(Experiment(twice, warp=(0, 1)))


def told(report, keys):
    """What is on the terminal at the last key, and how many steps were shown."""
    console, screens = Console(file=io.StringIO(), width=200), []
    keys = iter(keys)

    def read():
        screens.append(console.file.getvalue())
        console.file.truncate(0)
        console.file.seek(0)
        return next(keys)

    stepping.interactive(report, console, read)
    return screens


def test_keys_go_forward_and_back(traced):
    assert len(traced["trace"]["steps"]) == 2
    screens = told(traced, ["\x1b[C", "n", "\x1b[D", "p", "G", "g", "x", "q"])
    shown = [screen.split("step ")[1][0] for screen in screens]
    assert shown == ["1", "2", "2", "1", "1", "2", "1", "1"]
    assert screens[0] == screens[3], "going back shows what was there"


def test_a_step_tells_lanes_values_and_memory(traced):
    screen = told(traced, ["n", "q"])[1]
    assert "line 7, assignment; block (0, 0, 0), warp 1" in screen
    assert "lanes   ########" + " " * 24 + "  8 of 8 active" in screen  # 40 threads are a warp and 8
    assert "load global x: 1 sector\n" in screen
    assert "store global x: 1 sector\n" in screen
    assert "byte 128: 0–7" in screen
    read, written = (access["values"][:8] for access in traced["trace"]["steps"][1]["memory"])
    assert written == pytest.approx([2 * value for value in read], rel=1e-5)


LOOP = """\
extern "C" __global__ void loop(float4 *x, int *counts)
{
    for (int i = 0; i < 2; i++)
        atomicAdd(&counts[threadIdx.x % 2], 1 + i);
    float4 v = x[threadIdx.x];
    x[threadIdx.x] = make_float4(v.y, v.x, v.w, v.z);
}
"""


def test_a_loop_goes_on_in_a_step_of_its_own():
    x, counts = np.arange(16, dtype=np.float32), np.zeros(2, np.int32)
    run = Program(LOOP).launch("loop", 1, 4, [x, counts], trace=(0, 0))
    steps = run.trace["steps"]
    assert [(step["line"], step["kind"]) for step in steps[:5]] == [
        *((3, "declaration"), (3, "loop"), (4, "call"), (3, "expression"), (3, "loop"))
    ]
    changes = [[(change["name"], change["values"][0]) for change in step["changes"]] for step in steps[:5]]
    assert changes == [[("i", 0)], [], [], [("i", 1)], []]


def test_what_moves_is_told_part_by_part_of_a_vector_and_before_an_atomic():
    x, counts = np.arange(16, dtype=np.float32), np.array([5, 7], np.int32)
    run = Program(LOOP).launch("loop", 1, 4, [x, counts], trace=(0, 0))
    moved = [(access["operation"], access["values"][:5]) for step in run.trace["steps"] for access in step["memory"]]
    assert moved == [
        ("atomic", [5, 7, 5, 7, None]),
        ("atomic", [7, 9, 7, 9, None]),
        ("load", [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15], None]),
        ("store", [[1, 0, 3, 2], [5, 4, 7, 6], [9, 8, 11, 10], [13, 12, 15, 14], None]),
    ]
    assert counts.tolist() == [11, 13]


def test_a_listing_has_every_step(traced):
    console = Console(file=io.StringIO(), width=200)
    stepping.listing(traced, console)
    assert console.file.getvalue().count("\n    7 | x[threadIdx.x]") == 1
    assert [stepping.brief(value) for value in (None, True, 7, -0.123456, 1e-9, 12345678)] == [
        *("·", "True", "7", "-0.123", "1e-09", "1.23e+07")
    ]
    assert stepping.runs([0, 1, 2, 5, 7, 8]) == "0–2, 5, 7–8"
