"""What this machine offers to the kernels: facts for `tinyxm doctor`. It imports Numba and CuPy: only they can tell."""

import os
import platform
import warnings
from typing import NamedTuple

import numpy as np

from tinyxm_kernels.threads import MISSING, get_threads, layer

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


class Fact(NamedTuple):
    """One line of the report; `note` says what follows from it, or why something is missing."""

    name: str
    value: str
    note: str = ""


def machine() -> list[Fact]:
    """The machine and its numerical libraries, as lines to print."""
    return [_cores(), _numpy(), _threads(), _numba(), _gpu()]


def _installed(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _cores() -> Fact:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Fact("processor", f"{platform.machine()}, {usable} of {os.cpu_count()} cores usable", platform.platform())


def _numpy() -> Fact:
    build = np.show_config(mode="dicts") or {}
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return Fact("NumPy", np.__version__, f"BLAS: {blas.get('name', 'unknown')} {blas.get('version', '')}".strip())


def _threads() -> Fact:
    named = ", ".join(f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ)
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return Fact(
            "threads", named or "the libraries' own default", "pip install threadpoolctl tells the number in use"
        )
    pools = [f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()]
    return Fact("threads", ", ".join(dict.fromkeys(pools)) or "no pool loaded", named)


def _numba() -> Fact:
    release = _installed("numba")
    if not release:
        return Fact("Numba", "none", "not installed: kernels run on NumPy and SciPy (pip install numba)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the same is said here
            running = layer()
    except Exception as error:  # a broken installation fails in as many ways as there are parts
        return Fact("Numba", release, f"fails: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
    return Fact("Numba", release, f"{get_threads()} threads, run by {running}" if running else MISSING)


def _gpu() -> Fact:
    """CuPy is imported: only it can tell whether there is a device."""
    from tinyxm_kernels import cuda

    if not cuda.available():
        return Fact("GPU", "none", cuda.reason())
    gpu = cuda.describe()
    return Fact(
        "GPU",
        f"{gpu['name']}, {gpu['arch']}, {gpu['memory'] / 2**30:.0f} GiB",
        f"{gpu['devices']} device(s), CuPy {gpu['cupy']}, CUDA {gpu['runtime']} on a driver for {gpu['driver']}",
    )
