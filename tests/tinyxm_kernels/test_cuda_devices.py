"""Where there is a GPU: each reason for having none, in one line that says what to do; places and their mixture."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tinyxm_kernels import cuda, machine
from tinyxm_kernels.cuda import devices


class CudaError(RuntimeError):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


@pytest.fixture
def pretend(monkeypatch):
    """A CuPy that is imported, and whose runtime answers so when it is asked for the number of devices."""

    def pretend(answer, driver=12080, fails=None):
        def count():
            if isinstance(answer, Exception):
                raise answer
            return answer

        cupy = ModuleType("cupy")
        cupy.__version__ = "14.2.0"
        cupy.cuda = SimpleNamespace(
            runtime=SimpleNamespace(
                getDeviceCount=count, driverGetVersion=lambda: driver, runtimeGetVersion=lambda: 12090
            )
        )
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        devices.reason.cache_clear()

    yield pretend
    devices.reason.cache_clear()


@pytest.mark.parametrize(
    ("answer", "driver", "told"),
    [
        (CudaError(35, "insufficient"), 0, r"no NVIDIA driver is installed \(CuPy 14.2.0 is\): install the driver"),
        (
            CudaError(35, "insufficient"),
            11040,
            "too old: it offers CUDA 11.4, and CuPy 14.2.0 is built for CUDA 12.9: upd",
        ),
        (CudaError(100, "no device"), 12080, "CuPy 14.2.0 finds no CUDA device; see what nvidia-smi lists"),
        (0, 12080, "CuPy 14.2.0 finds no CUDA device"),
        (
            CudaError(999, "unknown error\nmore"),
            12080,
            r"CUDA fails: unknown error \(CuPy 14.2.0\); see whether nvidia-smi",
        ),
    ],
)
def test_each_reason_for_no_gpu_is_told_in_one_line(pretend, monkeypatch, answer, driver, told):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    pretend(answer, driver)
    assert not cuda.available()
    with pytest.raises(ImportError, match=told):
        cuda.require()
    assert "\n" not in cuda.reason()
    assert machine()[-1] == ("GPU", "none", cuda.reason())
    with pytest.raises(RuntimeError, match='^device "cuda": there is no GPU to use: .*' + told):
        cuda.move(np.ones(2), "cuda")


def test_a_device_that_is_hidden_and_one_that_is_there(pretend, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    pretend(0)
    assert "CUDA_VISIBLE_DEVICES= may hide it" in cuda.reason()
    pretend(1)
    assert cuda.available()
    cuda.require()


def test_a_cupy_that_is_missing_or_broken(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", None)
    devices.reason.cache_clear()
    assert cuda.reason().startswith("CuPy is not installed: pip install 'tinyxm[cuda12]'")
    devices.reason.cache_clear()
    monkeypatch.delitem(sys.modules, "cupy")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "cupy.py").write_text("raise ImportError('libcuda.so.1: cannot open shared object file')")
    assert cuda.reason().startswith("CuPy fails: libcuda.so.1: cannot open shared object file: install it again")
    devices.reason.cache_clear()


def test_numbers_live_anywhere_and_arrays_of_numpy_on_the_cpu():
    assert cuda.common_place("add", [np.ones(2), 1.0, np.float32(2), None, (3, 4)]) == "cpu"
    assert cuda.place(np.ones(2)) == "cpu"
    assert not cuda.is_device_array(np.ones(2))
    x = np.ones(2)
    assert cuda.move(x, "cpu") is x


@pytest.mark.parametrize("word", ["gpu", "cuda:", "cuda:x", "CUDA", "", None, 0])
def test_another_word_is_no_place(word):
    with pytest.raises(ValueError, match=r'device .*: expected "cpu", "cuda" or "cuda:" and a number'):
        cuda.move(np.ones(2), word)
