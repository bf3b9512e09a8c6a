"""The stand-in for CuPy, beside the real one where that is installed (no device is needed), and by itself."""

import inspect
import json

import cupy_stand_in
import numpy as np
import pytest
from cupy_stand_in import cuda as stand_in
from cupy_stand_in import record

OWN = ["array", "asarray", "asnumpy", "get_default_memory_pool", "is_available", "ndarray", "RawModule"]
IN_CUDA = ["Device", "Event", "Stream", "get_current_stream", "get_elapsed_time", "compiler.CompileException"]
IN_CUDA += ["driver.CUDADriverError", "memory.OutOfMemoryError", "runtime.CUDARuntimeError"]
IN_RUNTIME = [name for name in vars(stand_in.runtime) if name != "CUDARuntimeError"]


def at(root, path):
    for part in path.split("."):
        root = getattr(root, part)
    return root


def parameters(f):
    return [p.split("=")[0].strip() for p in record.parameters(f).split(",") if p.strip() not in ("self", "*", "/", "")]


@pytest.fixture(scope="module")
def real():
    return pytest.importorskip("cupy")


def test_the_names_are_those_of_the_real_cupy(real):
    kept, now = cupy_stand_in.NAMES, record.names()
    if kept["cupy"] == real.__version__:
        assert kept == now, "run: python tests/cupy_stand_in/record.py"
    for path, functions in kept["functions"].items():
        assert functions.keys() <= now["functions"][path].keys()
    assert kept["ndarray"].keys() <= now["ndarray"].keys()


@pytest.mark.parametrize("name", OWN)
def test_what_the_stand_in_defines_itself_takes_what_the_real_one_takes(real, name):
    ours, theirs = getattr(cupy_stand_in, name), getattr(real, name)
    assert inspect.isclass(ours) == inspect.isclass(theirs)
    if not inspect.isclass(ours):
        assert set(parameters(ours)) <= set(parameters(theirs)), (record.parameters(ours), record.parameters(theirs))


@pytest.mark.parametrize("path", IN_CUDA)
def test_what_stands_in_for_cupy_cuda_is_there(real, path):
    ours, theirs = at(stand_in, path), at(real.cuda, path)
    assert inspect.isclass(ours) == inspect.isclass(theirs)
    if inspect.isclass(ours):
        own = [name for name in vars(ours) if not name.startswith("_")]
        assert [name for name in own if not hasattr(theirs, name)] == []
        for name in (name for name in own if callable(getattr(ours, name))):
            assert set(parameters(getattr(ours, name))) <= set(parameters(getattr(theirs, name)))
        assert issubclass(ours, Exception) == issubclass(theirs, Exception)
        for kind in (RuntimeError, MemoryError):
            assert issubclass(ours, kind) == issubclass(theirs, kind)


@pytest.mark.parametrize("name", IN_RUNTIME)
def test_the_runtimes_functions_are_there(real, name):
    assert callable(getattr(real.cuda.runtime, name))


def test_a_kernel_is_launched_as_the_real_one_is(real):
    kernel = real.RawKernel('extern "C" __global__ void f() {}', "f")
    assert "grid, block, args" in kernel.__call__.__doc__ + type(kernel).__call__.__doc__
    for name in ("shared_size_bytes", "max_dynamic_shared_size_bytes", "num_regs"):
        assert hasattr(type(kernel), name)
    module = real.RawModule(code='extern "C" __global__ void f() {}', options=("-std=c++17", "-DN=1"))
    assert callable(module.get_function)
    with pytest.raises(TypeError):
        real.RawModule(code="", options=["-DN=1"])  # a tuple, and nothing else


def test_the_array_has_no_name_that_the_real_one_lacks(real):
    own = {name for name in vars(cupy_stand_in.ndarray) if not name.startswith("_")}
    assert own <= set(dir(real.ndarray))
    special = {name for name in vars(cupy_stand_in.ndarray) if name.startswith("__")}
    assert special - set(dir(real.ndarray)) <= {
        "__getattr__",
        "__module__",
        "__dict__",
        "__weakref__",
        "__static_attributes__",
        "__firstlineno__",
    }
    assert "writeable" not in vars(cupy_stand_in.Flags(np.ones(1)))
    assert set(vars(cupy_stand_in.Flags(np.ones(1)))) <= set(dir(real._core.flags.Flags))


def test_the_record_is_json_in_order():
    text = record.FILE.read_text("utf-8")
    assert json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n" == text


@pytest.fixture
def a():
    with cupy_stand_in.installed() as cupy:
        yield cupy.asarray(np.arange(6, dtype=np.float32).reshape(2, 3))


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (np.asarray, r"Implicit conversion to a NumPy array is not allowed"),
        (lambda a: a + np.ones(3), "Unsupported type"),
        (lambda a: np.ones((2, 3)) * a, "Unsupported type"),
        (lambda a: a * np.array(2.0), "Unsupported type"),
        (lambda a: np.max(a, initial=0), "unexpected keyword argument 'initial'"),
        (lambda a: a.sum(where=a > 1), "unexpected keyword argument 'where'"),
        (lambda a: np.add(a, a, where=a > 1), "Wrong arguments"),
        (lambda a: np.where(a > 1, a, np.ones(3)), "Unsupported type"),
        (lambda a: np.concatenate([a, np.ones((1, 3))]), "Unsupported type"),
        (lambda a: a.__setitem__(0, np.ones(3)), "Unsupported type"),
        (lambda a: np.insert(a, 0, 1.0), "no implementation found"),
        (lambda a: np.add.at(a.astype(bool), 0, True), r"add\.at doesn't support bool"),
    ],
)
def test_it_is_as_strict_as_cupy(a, attempt, told):
    with pytest.raises(TypeError, match=told):
        attempt(a)


def test_it_does_as_cupy_does(a):
    for absent in ("ctypes", "to_device", "__index__", "__contains__"):
        assert not hasattr(a, absent)
    assert not hasattr(a.flags, "writeable")
    total = a.sum()
    assert isinstance(total, cupy_stand_in.ndarray)
    assert (total.shape, float(total), f"{total:.1f}") == ((), 15.0, "15.0")
    assert a.T.base is a
    assert a[0].base is a
    assert (a * 2).base is None
    assert isinstance(np.array_equal(a, a), cupy_stand_in.ndarray)
    assert np.isnan(np.empty_like(a).get()).all(), "new memory must not look like zeros"
    np.testing.assert_array_equal(np.divide(a, 0).get()[0, 1:], np.inf)  # and no warning
    np.testing.assert_array_equal(np.arange(3, like=a).get(), [0, 1, 2])
    assert isinstance(a[np.array([0, 1])], cupy_stand_in.ndarray)
