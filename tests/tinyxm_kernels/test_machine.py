"""Facts of the machine, and the memory setting, each in a process of its own where it would stick."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

import tinyxm_kernels as kernels


def test_every_fact_has_a_value_and_a_missing_part_its_reason():
    facts = {fact.name: fact for fact in kernels.machine()}
    assert list(facts) == ["processor", "NumPy", "threads", "Numba", "GPU"]
    assert facts["NumPy"].value == np.__version__
    assert all(fact.value for fact in facts.values())
    assert all(fact.note for fact in facts.values() if fact.value == "none")


def test_memory_setting(monkeypatch):
    monkeypatch.setenv("TINYXM_MEMORY", "system")
    assert kernels.keep_freed_memory() == "memory: left to the system (TINYXM_MEMORY=system)"
    monkeypatch.setenv("TINYXM_MEMORY", "sytem")
    with pytest.raises(ValueError, match="TINYXM_MEMORY=sytem: expected 'system'"):
        kernels.keep_freed_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these thresholds")
def test_freed_memory_is_kept():
    """Pages of an array that was freed and made again must be faulted in once, not each time."""
    code = """
import resource, sys, numpy, tinyxm_kernels
print(tinyxm_kernels.keep_freed_memory())
for step in range(10):
    if step == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    numpy.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    faults = {}
    for setting in ("", "system"):
        environment = {**os.environ, "TINYXM_MEMORY": setting, "NUMPY_MADVISE_HUGEPAGE": "0"}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        faults[setting] = int(run.stdout.splitlines()[-1])
    assert faults[""] < 1000 < faults["system"]
