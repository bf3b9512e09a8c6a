"""The same tests twice: on the stand-in for CuPy, and on a real GPU, where there is one."""

import cupy_stand_in
import pytest

from tinyxm_kernels import cuda


@pytest.fixture(params=["stand-in", pytest.param("gpu", marks=pytest.mark.gpu)])
def cupy(request):
    """The module `cupy`."""
    if request.param == "stand-in":
        with cupy_stand_in.installed() as module:
            yield module
    elif cuda.available():
        yield pytest.importorskip("cupy")
    else:
        pytest.skip(cuda.reason())


@pytest.fixture
def devices(cupy):
    """How many devices there are."""
    return cupy.cuda.runtime.getDeviceCount()
