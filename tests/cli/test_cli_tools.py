"""certify, doctor, bench and help, as a user calls them."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from refusal import refused

import tinyxm_kernels
from tinyxm.data import SOURCES, MissingExtra


def test_certify_prints_and_writes_the_table(run, tmp_path):
    code, out, err = run(
        "certify",
        "tanh",
        "Adam",
        "--check",
        "forward",
        "--json",
        str(tmp_path / "deep" / "a.json"),
        "--page",
        str(tmp_path / "a.md"),
    )
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:7]] == [
        *(["operations"], ["tanh", "f64"], ["f32", out.splitlines()[3].split()[1]]),
        *(["optimizers"], ["Adam", "f64"], ["f64", out.splitlines()[6].split()[1]]),
    ]
    assert "1 operation, 1 optimizer:" in out
    assert "0 failed" in out
    rows = json.loads((tmp_path / "deep" / "a.json").read_text())
    assert {(row["name"], row["kind"]) for row in rows} == {("tanh", "operation"), ("Adam", "optimizer")}
    assert {row["rung"] for row in rows} >= {"numpy", "updates=reference", "updates=blocked"}
    assert "| `tanh` |" in (tmp_path / "a.md").read_text("utf-8")


def test_certify_fails_where_a_check_does(run, monkeypatch):
    from tinyxm.certificate import Row
    from tinyxm.certificate.run import ADVICE

    row = Row("tanh", "operation", "float32", "numpy", "forward", 0.5, 1e-5, False, "tanh (2,3): result")
    gap = row._replace(check="empty", reason=ADVICE)
    monkeypatch.setattr("tinyxm.certificate.certify", lambda *_, **__: iter([("tanh", [row, gap])]))
    code, out, err = run("certify", "tanh")
    assert (code, err) == (1, "")
    assert "tanh: forward, float32, numpy\n    error 0.5, tolerance 1e-05: tanh (2,3): result" in out
    assert "without a case\n    tanh: empty" in out


def test_doctor_tells_of_libraries_data_and_kernels(run, monkeypatch):
    code, out, _ = run("doctor")
    assert code == 0
    for part in ("NumPy", "BLAS", "Numba", "GPU", "data", "cache", "matmul"):
        assert part in out
    packages = {name for source in SOURCES.values() for name in source.packages}
    assert all(f"{name} " in out for name in packages), "of every source, not of one"

    def absent(*_):
        raise MissingExtra("data: em-keyboard isn't installed; run: pip")

    monkeypatch.setattr("tinyxm.data.sources.require", absent)
    code, out, _ = run("doctor")
    assert code == 0
    assert "incomplete" in out
    assert "em-keyboard isn't installed" in out


def test_doctor_compiles_ahead_and_tells_how_long_it_took(run, monkeypatch):
    monkeypatch.setattr("tinyxm_kernels.bench.compile_ahead", lambda: iter([("matmul", 0.25)]))
    monkeypatch.setattr("tinyxm.recipes.emoji.ahead.rehearse", lambda: None)
    code, out, _ = run("doctor", "--compile")
    assert code == 0
    assert re.search(r"matmul +0\.2 s", out)
    assert "kept in: " in out


def test_bench_measures_writes_and_tunes(run, tmp_path, monkeypatch):
    rows, tuned = tmp_path / "new" / "rows.json", tmp_path / "tuned.json"
    monkeypatch.setenv("TINYXM_TUNED", str(tuned))
    given = ["--sizes", "32", "--threads", "1", "--against", "none", "--quick", "--tune", "--json", str(rows)]
    code, out, err = run("bench", "matmul", *given)
    assert code == 0
    assert "matmul 32x32x32 float32 on 1 thread" in err
    assert "matmul (m×k×n), float32, 1 thread" in out
    assert f"overrides: {tuned}" in out
    assert f"written: {rows}" in out
    measured = {row["rung"] for row in json.loads(rows.read_text("utf-8"))}
    assert {"blas", "reference"} <= measured
    written = json.loads(tuned.read_text("utf-8"))
    assert written["matmul"][0]["rung"] in measured
    a = np.ones((32, 32), np.float32)
    with tinyxm_kernels.using("tuned"):
        assert tinyxm_kernels.chosen("matmul", a, a).name == written["matmul"][0]["rung"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["matmull"], "no operation 'matmull'; there are matmul"),
        (["matmul", "--sizes", "3x"], "size '3x': expected whole numbers joined by x"),
        (["matmul", "--sizes", "3x4"], "size 3x4 is no shape of matmul m×k×n"),
        (["--threads", "two"], "--threads two: expected whole numbers, such as 1,2"),
        (["--threads", "99"], "99 threads: this process may use 1 to"),
        (["--against", "tensorflow"], "no peer 'tensorflow'; there are numpy"),
        (["--dtypes", "int8"], "dtype 'int8': expected float32 or float64"),
        (["matmul", "--plot", "chart.bmp"], "expected a name that ends in .png or .svg"),
        (["--mine", "nowhere.py"], "nowhere.py"),
    ],
)
def test_a_bench_that_cannot_be_is_refused(run, arguments, told):
    refused(run("bench", *arguments), 2, told)


def test_a_wrong_kernel_of_ones_own_is_told_with_status_1(run, tmp_path):
    path = tmp_path / "my_kernel.py"
    path.write_text("import numpy as np\n\ndef matmul(a, b):\n    return np.matmul(a, b) + 1\n", "utf-8")
    code, out, err = run("bench", "--mine", str(path))
    assert (code, err) == (1, "")
    assert "wrong: matmul 0x" not in out
    assert "expected" in out


def test_each_operation_of_a_file_is_checked_and_those_that_were_named_alone(run, tmp_path):
    path = tmp_path / "my_kernel.py"
    path.write_text(
        "def matmul(a, b):\n    raise RuntimeError('no\\nluck')\n\ndef gelu(x, approximate):\n    return x\n", "utf-8"
    )
    code, out, _ = run("bench", "--mine", str(path))
    assert code == 1
    assert "RuntimeError: no luck (my_kernel.py, line 2)" in out
    assert "wrong: gelu" in out
    assert "matmul" not in run("bench", "gelu", "--mine", str(path))[1]
    refused(run("bench", "conv2d", "--mine", str(path)), 2, "no function named conv2d")
    path.write_text("import nosuchthing\n\ndef matmul(a, b):\n    return a @ b\n", "utf-8")
    assert "No module named 'nosuchthing' (my_kernel.py, line 1)" in run("bench", "--mine", str(path))[1]


def test_a_kernel_that_ends_its_process_is_told_of(run, tmp_path):
    path = tmp_path / "my_kernel.py"
    path.write_text("import os\n\ndef matmul(a, b):\n    os.kill(os.getpid(), 11)\n", "utf-8")
    code, out, _ = run("bench", "--mine", str(path))
    assert code == 1
    assert "its process ended by SIGSEGV" in out


def test_a_compiled_kernel_that_leaves_its_arrays_is_told_of(run, tmp_path):
    path = tmp_path / "my_kernel.py"
    path.write_text(
        "import numpy as np\nfrom tinyxm_kernels._compiled import compiled\n\n@compiled\ndef matmul(a, b):\n"
        "    c = np.zeros((a.shape[0], b.shape[1]), a.dtype)\n    for i in range(c.shape[0]):\n"
        "        for j in range(c.shape[1]):\n            for k in range(a.shape[1]):\n"
        "                c[i, j] += a[i, k] * b[k, j]\n        c[i, 0] += 0 * c[i, c.shape[1]]\n    return c\n"
    )
    code, out, _ = run("bench", "--mine", str(path))
    assert code == 1
    assert "it raised IndexError: index is out of bounds" in out


@pytest.mark.parametrize("command", [[], ["train"], ["eval"], ["query"], ["certify"], ["bench"], ["doctor"], ["simt"]])
def test_help_everywhere(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: tinyxm" in out
    assert run(*command, "-h") == (code, out, "")
    assert not re.search(r"<(int|bool)|x>=", out)


def test_help_of_train_tells_what_is_not_obvious(run):
    out = " ".join(run("train", "--help")[1].replace("│", " ").split())
    assert "half a minute" in out
    assert "-quick or -validation" in out


def test_version_and_nothing(run):
    assert run("--version")[1].startswith("tinyxm 0.")
    code, out, _ = run()
    assert code == 0
    assert "train" in out


def test_as_a_program_help_loads_nothing_heavy():
    code = "import sys; from tinyxm.cli import main; assert main(['--help']) == 0; print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("matplotlib", "numba", "tinyxm.recipes", "tinyxm.training"):
        assert f"'{heavy}'" not in loaded


def test_as_a_program_a_misuse_has_its_status():
    done = subprocess.run([sys.executable, "-m", "tinyxm.cli", "trian"], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2
    assert done.stderr.startswith("tinyxm: ")
