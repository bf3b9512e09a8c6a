"""tinyxm simt, as a user calls it: the profile, the findings, the files, and what is refused."""

import json
import re

import pytest
from refusal import refused

SCALE = """\
// tinyxm simt scale.cu scale --grid 2 --block 32
//     --args float:64,float*:64,2.5 --expect "y = 2.5 * x"
extern "C" __global__ void scale(const float *x, float *y, float factor)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
#ifdef APART
    y[i] = factor * x[i * APART % 64];
#else
    y[i] = factor * x[i];
#endif
}
"""
ARGUMENTS = ["--grid", "2", "--block", "32", "--args", "float:64,float*:64,2.5"]


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scale.cu"
    path.write_text(SCALE, "utf-8")
    return str(path)


def test_a_matmul_by_the_command_of_the_issue(run, tmp_path):
    path = tmp_path / "deep" / "report.json"
    code, out, err = run(
        *("simt", "matmul/cuda_tiled.cu", "matmul", "--grid", "4,4", "--block", "16,16"),
        *("--args", "float:64x64,float:64x64,float*:64x64,64,64,64", "--json", str(path)),
    )
    assert (code, err) == (0, "")
    assert re.search(r"flops +524,288", out)
    assert "findings: none" in out
    assert "model: " in out
    assert "Not modelled: time" in out
    report = json.loads(path.read_text("utf-8"))
    assert report["label"] == "model"
    assert report["findings"] == []
    assert report["totals"]["flops"] == 2 * 64**3
    assert {"line", "source", "executions", "accesses"} <= report["lines"][0].keys()
    assert [argument["name"] for argument in report["arguments"]] == ["a", "b", "c", "m", "n", "k"]
    (output,) = report["outputs"]
    assert (output["name"], output["shape"], output["nan"], len(output["first"])) == ("c", [64, 64], 0, 8)
    assert report["expected"][0]["agrees"] is True  # by the formula of the source's comment
    assert report["trace"]["steps"]


def test_the_same_seed_gives_the_same_arrays_and_another_doesn_t(run, source, tmp_path):
    digests = []
    for seed in ("0", "0", "1"):
        assert run("simt", source, "--seed", seed, "--json", "r.json")[0] == 0
        digests.append(json.loads((tmp_path / "r.json").read_text("utf-8"))["outputs"][0]["sha256"])
    assert digests[0] == digests[1] != digests[2]


def test_options_that_are_left_out_come_from_the_source(run, source):
    code, out, err = run("simt", source)
    assert (code, err) == (0, "")
    assert "grid 2, blocks of 32 threads" in out
    assert "y is 2.5 * x" in out


def test_a_wrong_result_has_status_1(run, source):
    code, out, _ = run("simt", source, "scale", *ARGUMENTS, "--expect", "y = 2 * x")
    assert code == 1
    assert "y isn't 2 * x: 64 of 64 numbers are wrong, first y[0]" in out


def test_a_race_has_status_1_and_its_lines_quoted(run, tmp_path):
    code, out, err = run("simt", "simt/examples/race.cu", "racing", "--json", str(tmp_path / "r.json"))
    assert (code, err) == (1, "")
    (finding,) = json.loads((tmp_path / "r.json").read_text("utf-8"))["findings"]
    assert finding["kind"] == "race"
    assert f"race, line {finding['line']}" in out
    assert re.search(rf"^ +{finding['line']} \|  +part\[thread\] \+= part\[thread \+ half\];", out, re.MULTILINE)
    assert run("simt", "simt/examples/race.cu", "mended")[0] == 0


def test_two_kernels_side_by_side_on_a_page(run, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = run(
        "simt", "transpose/cuda_unpadded.cu", "--beside", "transpose/cuda_padded.cu", "--html", str(page)
    )
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("bank passes") and line.endswith("×0.0606"))
    assert re.search(r"4,224, ×16.5 the ideal +256, the ideal", row)  # 128 requests of 1 pass, and 128 of 32 or 1
    text = page.read_text("utf-8")
    assert "cuda_unpadded.cu and cuda_padded.cu" in text
    assert f"written: {page}" in out


def test_the_same_kernel_with_another_macro(run, source, tmp_path):
    code, out, _ = run("simt", source, "--define", "APART=1", "--beside-define", "APART=8", "--json", "r.json")
    assert code == 1  # the other's result is another
    assert "scale APART=1" in out
    assert "scale APART=8" in out
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["beside"]["totals"]["sectors"] > report["totals"]["sectors"]


def test_occupancy_by_registers_that_were_given(run, source):
    out = run("simt", source, "--arch", "sm_80", "--registers", "128")[1]
    assert re.search(r"registers of a thread +128, given", out)
    assert re.search(r"occupancy +25% on sm_80, by registers", out)  # 65,536 registers / (128 · 32) are 16 of 64 warps


def test_steps_are_listed_where_there_are_no_keys(run, source):
    out = run("simt", source, "--step", "--warp", "1,0")[1]
    assert "step 1 of 2: line 5, declaration; block (1, 0, 0), warp 0" in out
    assert "lanes   " + "#" * 32 + "  32 of 32 active" in out
    assert "load global x: 4 sectors" in out
    assert "byte 128: 0–7" in out  # of the second block, in a line of 128 bytes of its own


def test_the_same_kernel_in_other_blocks_is_told_apart(run, source):
    out = run("simt", source, "--beside-grid", "1", "--beside-block", "64")[1]
    assert "scale grid 2, block 32" in out
    assert "scale grid 1, block 64" in out


def test_what_a_kernel_prints_is_shown(run, source, tmp_path):
    path = tmp_path / "say.cu"
    path.write_text('extern "C" __global__ void say(int n) { printf("%d of <%d>\\n", threadIdx.x, n); }\n', "utf-8")
    launch = ["--grid", "1", "--block", "2", "--args", "7", "--html", "say.html"]
    code, out, _ = run("simt", "say.cu", *launch)
    assert code == 0
    assert [line for line in out.splitlines() if "printf:" in line] == ["printf: 0 of <7>", "printf: 1 of <7>"]
    assert "0 of &lt;7&gt;" in (tmp_path / "say.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.cu"], "no file nowhere.cu, here or in the package"),
        (["matmul/cuda_tilled.cu"], "which has matmul/cuda_tiled.cu"),
        (["scale.cu", "scail"], "no kernel scail in scale.cu; it has scale"),
        (["scale.cu", "scale", "--grid", "2,0"], "--grid 2,0: expected one to three whole numbers above 0"),
        (["scale.cu", "scale", "--block", "2048"], "2048"),
        (["scale.cu", "scale", "--args", "float:64"], "1 arguments for scale("),
        (["scale.cu", "scale", "--args", "int:64,float*:64,2"], "expected float:64"),
        (["scale.cu", "scale", "--args", "float:64,float*:64,two"], "expected a number"),
        (["scale.cu", "scale", "--args", "float:64,64,2"], "expected an array as TYPE:SHAPE"),
        (["scale.cu", "scale", "--args", "float:64,float*:64,float:2"], "expected a number, such as 64"),
        (["scale.cu", "scale", "--expect", "z = x"], "z is no output of the kernel; there is y"),
        (["scale.cu", "scale", "--expect", "y = x."], "isn't a formula"),
        (["scale.cu", "scale", "--define", "2=3"], "--define 2=3: expected NAME or NAME=VALUE"),
        (["scale.cu", "scale", "--html", "p.html", "--warp", "first"], "--warp first: expected two whole numbers"),
        (["scale.cu", "scale", "--html", "p.html", "--warp", "9,0"], "9"),
        (["scale.cu", "scale", "--arch", "sm_1"], "no architecture 'sm_1'"),
        (["scale.cu", "scale", "--steps", "0"], "--steps 0: expected 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(run, source, arguments, told):
    refused(run("simt", *arguments), 2, told)


def test_a_source_outside_the_subset_is_told_by_line_and_column(run, source, tmp_path):
    (tmp_path / "t.cu").write_text("template <typename T>\n__global__ void f(T *x) { }\n", "utf-8")
    refused(run("simt", "t.cu", "f", "--grid", "1", "--block", "1", "--args", "float:1"), 2, "t.cu:1:1: ", "template")


def test_a_kernel_without_its_launch_says_what_is_missing(run, source, tmp_path):
    (tmp_path / "plain.cu").write_text('extern "C" __global__ void f(int *x) { x[0] = 1; }\n', "utf-8")
    refused(run("simt", "plain.cu"), 2, "f needs --grid", "nor has its source a comment")


def test_what_a_comment_expects_is_passed_over_where_the_arguments_do_not_fit_it(run, source):
    code, out, _ = run("simt", source, "scale", "--args", "float:32,float*:64,2.5", "--grid", "1")
    assert code == 0
    assert "Not checked, for the arguments don't fit it" in out
