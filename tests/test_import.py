"""What `import tinyxm` loads, and what it leaves until it is asked for."""

import subprocess
import sys

import pytest

import tinyxm as xm

COSTLY = {"numba", "scipy", "matplotlib", "PIL", "numpy.random", "pathlib", "dataclasses", "json", "string", "zlib"}
ROOMS = ["data", "metrics", "models", "nn", "optim", "steps"]


def after(code: str) -> set[str]:
    """What a new process prints, in words, that has imported tinyxm after NumPy."""
    start = "import sys, numpy; before = {*sys.modules}; import tinyxm as xm; loaded = {*sys.modules} - before; "
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=True)
    return {*done.stdout.split()}


def test_it_loads_nothing_costly_and_no_room_that_differentiating_does_without() -> None:
    loaded = after("print(*loaded)")
    assert {"tinyxm.ops.elementwise", "tinyxm_kernels.conv2d"} <= loaded
    assert not loaded & (COSTLY | {f"tinyxm.{room}" for room in ROOMS})


def test_it_compiles_no_operation_and_an_operation_when_it_is_called() -> None:
    code = """
files = lambda: [f.__code__.co_filename for f in vars(xm.ops).values() if hasattr(f, "source")]
print(*{file for file in files() if "<" in file})
xm.Tensor([1.0]) * 2
print(*{file.replace(" ", "-") for file in files() if "<" in file})"""
    assert after(code) == {"<primitive-multiply>"}


def test_numpy_s_functions_are_differentiated_from_the_first_tensor_on() -> None:
    code = "import numpy as np; t = xm.Tensor([1.0]); print(type(np.einsum('i,i', np.sin(t), t)).__name__)"
    assert after(code) == {"Tensor"}


@pytest.mark.parametrize("ask", ["xm.{0}", "exec('from tinyxm import {0}')"])
def test_a_room_is_loaded_when_it_is_asked_for(ask: str) -> None:
    asked = "; ".join(ask.format(room) for room in ROOMS)
    code = f"{asked}; print(*sys.modules, *('in-dir-' + name for name in dir(xm)))"
    assert {f"tinyxm.{room}" for room in ROOMS} | {f"in-dir-{room}" for room in ROOMS} <= after(code)


def test_all_names_are_listed_and_found_and_others_are_not() -> None:
    assert {*xm.__all__, *ROOMS} <= {*dir(xm)}
    assert {name for name in dir(xm) if not hasattr(xm, name)} == set()
    assert xm.explain is xm.steps.explain
    with pytest.raises(AttributeError, match=r"^module 'tinyxm' has no attribute 'nonsense'$"):
        xm.nonsense  # noqa: B018
