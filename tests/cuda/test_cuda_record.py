"""`tinyxm doctor --gpu`, through the stand-in: what is checked, what fails, what is timed and written."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import cupy_stand_in
import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm import cli
from tinyxm_kernels import cuda
from tinyxm_kernels.cuda import cases, record


@pytest.fixture
def small(monkeypatch):
    """A GPU, and few cases, none of them large."""
    few = [case for case in cases.CASES if case.operation in ("matmul", "adam_update", "softmax_cross_entropy")]
    monkeypatch.setattr(cases, "CASES", few[:4] + few[-2:])
    monkeypatch.setattr(cases, "LARGE", (few[0], few[-1]))
    monkeypatch.setattr(record, "ROUNDS", 3)
    monkeypatch.setattr(record, "ROUND", 0.0)
    with cupy_stand_in.installed():
        yield


def test_the_record_of_a_gpu(small, tmp_path, capsys):
    path = tmp_path / "deep" / "gpu.json"
    assert cli.main(["doctor", "--gpu", "--out", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["format"] == record.FORMAT
    assert found["device"]["name"] == "Stand-in"
    assert found["copy"] > 0
    rungs = {rung.name for rung in kernels.ladder("matmul", "cuda")}
    assert {row["rung"] for row in found["checks"] if row["operation"] == "matmul"} == {*rungs, "reference"}
    assert all(row["passed"] and row["error"] <= row["tolerance"] for row in found["checks"])
    assert any(row["error"] > 0 for row in found["checks"]), "nothing was compared: float32 rounds"
    times = {(row["operation"], row["rung"]): row for row in found["times"]}
    assert {rung for operation, rung in times if operation == "matmul"} == {*rungs, "CuPy"}
    assert ("adam_update", "cuda_fused") in times
    one = times["matmul", "cuda_tiled"]
    assert one["fastest"] <= one["ms"] <= one["slowest"]
    assert one["gflops"] == pytest.approx(kernels.flops("matmul", (33, 19), (19, 37)) / one["ms"] / 1e6)
    page = record.markdown(found)
    assert page.startswith("### Stand-in (sm_86)\n")
    assert "| matmul | edges | cuda_tiled |" in page
    assert f"in {len(found['checks'])} checks,\nof which none failed." in page
    out = capsys.readouterr().out
    assert "matmul edges float32 cublas: error " in out
    assert f"Stand-in: {len(found['checks'])} checks, none failed" in out


def test_a_kernel_that_is_wrong_is_told_and_not_timed(small, tmp_path, monkeypatch, capsys):
    rung = next(rung for rung in kernels.ladder("matmul") if rung.name == "cuda_tiled")
    right = rung.function
    monkeypatch.setattr(rung, "function", lambda a, b: right(a, b) * np.float32(1.001))
    rung.guarded.clear()
    other = next(rung for rung in kernels.ladder("matmul") if rung.name == "cuda_naive")

    def failing(a, b):
        raise RuntimeError("matmul: CUDA fails: unknown error")

    monkeypatch.setattr(other, "function", failing)
    other.guarded.clear()
    path = tmp_path / "gpu.json"
    assert cli.main(["doctor", "--gpu", "--out", str(path)]) == 1
    found = json.loads(path.read_text())
    assert {row["rung"] for row in record.failures(found)} == {"cuda_tiled", "cuda_naive"}
    assert not {"cuda_tiled", "cuda_naive"} & {row["rung"] for row in found["times"]}
    page = record.markdown(found)
    assert "- matmul edges float32 by cuda_tiled: error 1.0e-03, at most 1e-04 was expected" in page
    assert "by cuda_naive: RuntimeError: matmul: CUDA fails: unknown error" in page
    assert "cuda_naive: FAILED, RuntimeError: matmul: CUDA fails" in capsys.readouterr().out
    rung.guarded.clear()
    other.guarded.clear()


def test_numbers_that_are_none_are_a_difference():
    assert record.difference(np.ones(2), np.ones(2)) == 0
    assert record.difference(np.array([1, np.nan]), np.ones(2)) == np.inf
    assert record.difference(np.array([2.0, 4]), np.array([2.0, 5])) == pytest.approx(0.2)
    assert record.difference(np.ones(0), np.ones(0)) == 0
    with pytest.raises(ValueError, match=r"shape \(2,\), expected \(3,\)"):
        record.difference(np.ones(2), np.ones(3))


def test_without_a_gpu_the_reason_is_told_and_nothing_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cuda.devices, "reason", lambda: "CuPy is not installed: install it")
    monkeypatch.setattr(cuda, "available", lambda: False)
    monkeypatch.setattr(cuda, "reason", lambda: "CuPy is not installed: install it")
    assert cli.main(["doctor", "--gpu"]) == 1
    assert capsys.readouterr().err == "tinyxm: doctor: there is no GPU to examine: CuPy is not installed: install it\n"
    assert not list(tmp_path.iterdir())
    with pytest.raises(RuntimeError, match=r"^doctor: there is no GPU to examine: CuPy is not installed"):
        record.examine()
    assert cli.main(["doctor", "--out", "x.json"]) == 2
    assert "give both" in capsys.readouterr().err


def test_what_is_timed_is_of_every_operation_that_has_a_cuda_kernel():
    has = {op for op in kernels.operations() if any(r.name.startswith("cuda_") for r in kernels.ladder(op, "cuda"))}
    assert has == {case.operation for case in cases.CASES}
    timed = {case.operation for case in cases.LARGE}
    alike = {
        "adagrad_update",
        "adadelta_update",
        "rmsprop_update",
        "gradient_descent_update",
    }  # one pass, as momentum's
    assert has - timed == alike


def test_the_page_shows_a_record_in_place_of_the_sentence(small, tmp_path, monkeypatch):
    file = Path(__file__).parents[2] / "docs/make_gpu.py"
    made = module_from_spec(spec_from_file_location("make_gpu", file))
    made.__spec__.loader.exec_module(made)
    assert "not yet run on a GPU" in made.page()
    (tmp_path / "gpu-sm_86.json").write_text(json.dumps(record.examine()))
    monkeypatch.setattr(made, "RECORDS", tmp_path)
    page = made.page()
    assert "not yet run on a GPU" not in page
    assert "### Stand-in (sm_86)" in page
    assert "## What it needs" in page
