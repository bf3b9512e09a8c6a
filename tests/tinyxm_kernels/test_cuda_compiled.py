"""Every CUDA kernel, compiled by NVIDIA's compiler for each architecture: no spills, and as it is recorded."""

import importlib.util
import json
import re
from functools import cache
from pathlib import Path

import pytest

import tinyxm_kernels
from tinyxm_kernels import nvrtc
from tinyxm_kernels.simt.occupancy import occupancy

PACKAGE = Path(tinyxm_kernels.__file__).parent
ROOT = Path(__file__).parents[2]


@cache
def script():
    specification = importlib.util.spec_from_file_location("cuda_resources", ROOT / "benchmarks/cuda_resources.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def variants():
    return script().variants()


@cache
def record():
    return json.loads((ROOT / "benchmarks/results/cuda_resources.json").read_text("utf-8"))


@pytest.mark.skipif(bool(nvrtc.missing()), reason=nvrtc.missing() or "there")
@pytest.mark.parametrize("architecture", ["sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"])
def test_all_kernels_compile_without_spills_as_recorded(architecture, variants):
    if architecture not in nvrtc.architectures():
        pytest.skip(f"NVRTC {nvrtc.version()} doesn't compile for {architecture}")
    recorded = {(row["source"], row["kernel"]): row for row in record()["kernels"]}
    same_compiler = record()["compiler"] == f"NVRTC {nvrtc.version()}"
    for variant, kernel, compiled in script().rows(variants, architecture):
        what = f"{variant.name}: {kernel} on {architecture}"
        taken = compiled.kernels[kernel]
        assert (taken.stack, taken.spill_stores, taken.spill_loads) == (0, 0, 0), what
        assert compiled.warnings == (), what
        for threads, dynamic in variant.blocks[kernel]:
            held = occupancy(architecture, threads, taken.registers, taken.shared + dynamic)
            assert held.blocks, f"{what}: a block of {threads} threads doesn't fit: {held.limited_by}"
        was = recorded[variant.name, kernel]
        told = f"{what}: run: python benchmarks/cuda_resources.py; python docs/make_gpu_table.py"
        assert [tuple(block) for block in was["blocks"]] == variant.blocks[kernel], told
        if same_compiler:  # another release has its own way with registers
            assert was[architecture] == taken._asdict(), told


SHOWN = {
    f"{page.name}-{number}": source
    for page in sorted([*(ROOT / "tutorials").glob("*.py"), *(ROOT / "docs").glob("*.md")])
    for number, source in enumerate(re.findall(r'(?s)(?:"""|```\w*)\n((?:(?!"""|```).)*?__global__.*?)(?:"""|```)',
                                               page.read_text("utf-8")))
}  # fmt: skip


@pytest.mark.skipif(bool(nvrtc.missing()), reason=nvrtc.missing() or "there")
def test_kernels_that_lessons_and_pages_write_out_compile():
    assert len(SHOWN) >= 3
    for page, source in SHOWN.items():
        for taken in nvrtc.compile(source, "sm_80").kernels.values():
            assert (taken.stack, taken.spill_stores) == (0, 0), page


def test_no_source_and_no_kernel_is_left_out(variants):
    assert {variant.file for variant in variants} == set(PACKAGE.rglob("*.cu"))
    launched = {(variant.name, kernel) for variant in variants for kernel in variant.blocks}
    assert {(row["source"], row["kernel"]) for row in record()["kernels"]} == launched, (
        "run: python benchmarks/cuda_resources.py; python docs/make_gpu_table.py"
    )
    assert tuple(record()["architectures"]) == script().ARCHITECTURES
