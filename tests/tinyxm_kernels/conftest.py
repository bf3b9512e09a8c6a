"""A test that takes `rung` runs on every rung for CPUs of its file's `OPERATION`: one more file in a room is one more
run. The rungs for GPUs are slow in the simulator; test_cuda_*.py hold each to its reference, on fewer cases."""

import pytest

import tinyxm_kernels as kernels


def pytest_generate_tests(metafunc):
    if "rung" in metafunc.fixturenames:
        ladder = kernels.ladder(metafunc.module.OPERATION, "cpu")
        missing = {rung.name: [pytest.mark.skip(reason=rung.reason)] for rung in ladder if not rung.available}
        metafunc.parametrize("rung", [pytest.param(rung.name, marks=missing.get(rung.name, [])) for rung in ladder])
