"""Which rung runs on CuPy's arrays, and each rung through the stand-in: the launches that a GPU would see."""

import cupy_stand_in
import numpy as np
import pytest
from cupy_stand_in import cuda as stand_in

import tinyxm_kernels as kernels
from tinyxm_kernels import cuda, registry
from tinyxm_kernels.cuda import cases, record


@pytest.fixture
def cupy():
    with cupy_stand_in.installed() as module:
        yield module


@pytest.fixture(autouse=True)
def default_rules():
    kernels.use("default")
    yield
    kernels.use("default")


def test_an_operation_names_what_runs_on_a_gpu_and_else_the_reference_does(cupy):
    a = cupy.asarray(np.ones((3, 4), np.float32))
    assert registry._operations["matmul"].on_cuda[-1] == "reference"
    assert kernels.chosen("matmul", a, a.T).name == "cublas"
    assert kernels.chosen("relu", a).name == "reference"
    wide = cupy.asarray(np.ones((2, 4, 4, 1)))
    assert kernels.chosen("conv2d", wide, wide[:1, :, :1], (1, 1), (0, 0), (1, 1), 1).name == "reference"  # float64
    with kernels.using("numpy"):
        assert kernels.chosen("matmul", a, a.T).name == "reference"
    with kernels.using("cuda"):
        assert kernels.chosen("matmul", a, a.T).name == "cublas"
    with kernels.using("numba"):  # a wish that can't be had there
        assert kernels.chosen("matmul", a, a.T).name == "cublas"
    with kernels.using("matmul=cuda_tiled"):
        assert kernels.chosen("matmul", a, a.T).name == "cuda_tiled"
        np.testing.assert_array_equal(kernels.matmul(a, a.T).get(), np.full((3, 3), 4))
    assert stand_in.LAUNCHES == [("matmul", (1, 1, 1), (16, 16, 1), 0)]


def test_a_rung_for_cpus_that_is_named_refuses_and_says_what_to_do(cupy):
    a = cupy.asarray(np.ones((3, 4), np.float32))
    with (
        kernels.using("matmul=blas"),
        pytest.raises(ValueError, match=r"^matmul: rung blas runs on the CPU, and the operands are on a GPU: move"),
    ):
        kernels.matmul(a, a.T)
    words = "^matmul: rung cuda_tiled takes float32 or float16, not float64"
    with kernels.using("matmul=cuda_tiled"), pytest.raises(TypeError, match=words):
        kernels.matmul(a.astype(np.float64), a.T)


def test_on_numpys_arrays_a_rung_for_gpus_runs_only_where_it_is_named():
    a = np.ones((3, 4), np.float32)
    assert kernels.chosen("matmul", a, a.T).device == "cpu"
    with kernels.using("matmul=cuda_tiled"), cuda.launches() as seen:
        np.testing.assert_array_equal(kernels.matmul(a, a.T), np.full((3, 3), 4))
    assert len(seen) == 1
    assert seen[0].run is not None


def test_a_gpu_that_is_wished_for_and_not_there_says_why(monkeypatch):
    monkeypatch.setattr("tinyxm_kernels.cuda.reason", lambda: "CuPy is not installed: install it")
    with pytest.raises(
        ValueError, match=r"cuda is not available: CuPy is not installed: .*matmul=cuda_tiled.*simulator"
    ):
        kernels.use("cuda")


def test_operands_in_two_places_are_told_by_the_operation(cupy):
    a = np.ones((3, 4), np.float32)
    for left, right, places in (
        (a, cupy.asarray(a), "on cpu and .* on cuda:0"),
        (cupy.asarray(a), a, "on cuda:0 and .* on cpu"),
        (cuda.move(a, "cuda:1"), cupy.asarray(a), "on cuda:1 and .* on cuda:0"),
    ):
        with pytest.raises(TypeError, match=f"^matmul: an operand of shape .* is {places}: move one of them"):
            kernels.matmul(left, right.T)


@pytest.mark.parametrize("by", ["default", "cuda_registers", "reference"])
def test_the_work_is_done_on_the_operands_device(cupy, by):
    a = cuda.move(np.ones((3, 4), np.float32), "cuda:1")
    with kernels.using(f"matmul={by}"):
        y = kernels.matmul(a, a.T)
    assert (cuda.place(y), cupy.cuda.Device().id) == ("cuda:1", 0)


def test_a_device_without_room_is_told_by_the_operation():
    a = np.ones((300, 2), np.float32)
    with cupy_stand_in.installed(memory=1 << 18), kernels.using("matmul=cuda_tiled"):
        moved = cuda.move(a, "cuda")
        with pytest.raises(MemoryError, match=r"^matmul: cuda:0 is out of memory: .*360,000 bytes"):
            kernels.matmul(moved, moved.T)


def test_a_ladder_of_one_device():
    both = {rung.name: rung.device for rung in kernels.ladder("matmul")}
    assert {"blas": "cpu", "cuda_naive": "cuda"}.items() <= both.items()
    for device in ("cpu", "cuda"):
        assert [rung.name for rung in kernels.ladder("matmul", device)] == [n for n, d in both.items() if d == device]


def test_a_library_is_there_with_a_gpu_and_says_why_not_without():
    with cupy_stand_in.installed():
        assert {rung.name: rung for rung in kernels.ladder("matmul")}["cublas"].available
    if not cuda.available():
        assert {rung.name: rung for rung in kernels.ladder("matmul")}["cublas"].reason == cuda.reason()


@pytest.mark.parametrize(("backend", "device"), [("cuda", "cpu"), ("numba", "cuda"), ("numpy", "cuda")])
def test_a_backend_runs_on_its_own_device(backend, device):
    with pytest.raises(ImportError, match=f"rung: the backend {backend} doesn't run on the device '{device}'"):
        registry.rung(backend=backend, device=device)


PAIRS = list(cases.pairs())


@pytest.mark.parametrize(("case", "by"), PAIRS, ids=lambda x: x if isinstance(x, str) else f"{x.operation} {x.label}")
def test_every_rung_gives_the_same_through_cupy(cupy, case, by):
    """The very numbers of the simulator, in arrays of CuPy's: its launches differ only in where the arrays are."""
    expected, found = case.run(by), case.run(by, cupy.asarray)
    assert stand_in.LAUNCHES, "nothing was launched"
    for one, other in zip(found, expected, strict=True):
        assert cuda.place(one) == "cuda:0"
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.get(), other)


@pytest.mark.gpu
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: f"{case.operation} {case.label}")
def test_every_rung_on_a_real_gpu(case):
    if not cuda.available():
        pytest.skip(cuda.reason())
    assert [row for row in record.check(case) if not row["passed"]] == []
