"""Every operation, loss and layer on arrays of a GPU: each case of the certificate, result and gradients as on the CPU.

The stand-in refuses what CuPy refuses, and runs CUDA C in the simulator. That takes its time, so layers run on the
references, which NumPy's protocols carry to the GPU.
"""

from functools import partial
from types import CellType, FunctionType

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm import ops
from tinyxm.autograd import gradients
from tinyxm.autograd.tensor import Leaf, Tensor, tensor_of
from tinyxm.certificate import case as cases
from tinyxm.certificate.case import Case
from tinyxm.certificate.run import all_cases
from tinyxm.nn.module import functional_call

WITH_ARRAYS_OF_NUMPY = {("stack", "with an array"), ("EmbeddingBag", "weighted")}  # made within: on no GPU
CASES = [case for case in all_cases() if isinstance(case, Case) and (case.name, case.label) not in WITH_ARRAYS_OF_NUMPY]
NAMES = list(dict.fromkeys(case.name for case in CASES))


def moved_call(module, *args, **options):
    """A layer's buffers go where its inputs are."""
    return functional_call(module.to("cuda"), *args, **options)


def moved(x, done, cupy):
    """A function whose arrays, in closures, defaults, arguments kept or names of its module, are on the GPU."""
    if isinstance(x, np.ndarray):
        return cupy.asarray(x) if x.dtype.kind in "fiub" else x
    if id(x) in done:
        return done[id(x)]
    if isinstance(x, tuple | list) and not hasattr(x, "_fields"):
        return type(x)([moved(part, done, cupy) for part in x])
    if isinstance(x, dict):
        return {key: moved(value, done, cupy) for key, value in x.items()}
    if isinstance(x, partial):
        return partial(moved(x.func, done, cupy), *moved(x.args, done, cupy), **moved(x.keywords, done, cupy))
    if not isinstance(x, FunctionType) or not x.__module__.startswith("tinyxm.certificate"):
        return x
    cells = [CellType() for _ in x.__closure__ or ()]
    names = dict(x.__globals__)
    other = done[id(x)] = FunctionType(x.__code__, names, x.__name__, None, tuple(cells) if cells else None)
    other.__defaults__, other.__kwdefaults__ = moved(x.__defaults__, done, cupy), moved(x.__kwdefaults__, done, cupy)
    names.update({name: moved(names[name], done, cupy) for name in x.__code__.co_names if name in names})
    for cell, own in zip(cells, x.__closure__ or (), strict=True):
        cell.cell_contents = moved(own.cell_contents, done, cupy)
    return other


def outcome(case, arrays, cupy):
    """The result, its gradients by fixed numbers, and those of a gradient's square, all as NumPy's."""
    tensors = [tensor_of(x, Leaf(x)) for x in arrays]
    y = case.ours(*tensors)
    if not isinstance(y, Tensor):
        return [host(y)]
    if not y.requires_grad:
        return [host(y.data)]
    g = moved_like(np.random.default_rng(0).normal(size=y.shape).astype(y.dtype), y.data, cupy)
    found = [y, *gradients(y, tensors, g, retain_graph=True)]
    if case.kind != "layer" and case.edge not in (
        "large",
        "tiny",
    ):  # and to the second order, where adjoints run on Tensors
        with kernels.using("numpy"):
            first = gradients(y * y, tensors, g, create_graph=True)
            slopes = [np.sum(x * x) for x in first if x.requires_grad]
            found += gradients(sum(slopes[1:], slopes[0]), tensors) if slopes else []
    return [host(x.data) for x in found]


def host(x):
    return x if isinstance(x, np.ndarray | np.generic) else x.get()


def moved_like(x, y, cupy):
    return x if isinstance(y, np.ndarray) else cupy.asarray(x)


def test_an_array_of_the_cpu_among_them_is_refused_with_the_mend(cupy):
    x, y = np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)
    t = Tensor(x, requires_grad=True).to("cuda")
    for compute, name in (
        (lambda: t + y, "add"),
        (lambda: y * t, "multiply"),
        (lambda: np.where(y > 0, t, 0), "where"),
        (lambda: t @ y.T, "matmul"),
        (lambda: ops.stack([t, y]), "stack"),
        (lambda: ops.cross_entropy(t, np.array([0, 1])), "cross_entropy"),
        (lambda: t.backward(y), "backward"),
    ):
        words = rf"^{name}: .* on (cpu and .* on cuda:0|cuda:0 and .* on cpu): move one of them"
        with pytest.raises(TypeError, match=words):
            compute()


@pytest.mark.parametrize("name", NAMES)
def test_results_and_gradients_are_those_of_the_cpu(cupy, name, monkeypatch):
    for case in (case for case in CASES if case.name == name):
        arrays = [np.array(x, np.float32) for x in case.inputs]
        with np.errstate(all="ignore"):
            expected = outcome(case, arrays, cupy)
            with monkeypatch.context() as patch:
                patch.setattr(cases, "functional_call", moved_call)
                there = case._replace(ours=moved(case.ours, {}, cupy))
                with kernels.using("numpy" if case.kind == "layer" else "default"):
                    found = outcome(there, [cupy.asarray(x) for x in arrays], cupy)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == other.dtype, case
            scale = max(1.0, float(np.max(np.abs(other[np.isfinite(other)]), initial=0.0)))
            np.testing.assert_allclose(one / scale, other / scale, atol=3e-5, err_msg=str(case))
