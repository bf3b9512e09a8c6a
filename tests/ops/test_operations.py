"""Operations on drawn shapes and settings; the certificate has a case of each, and PyTorch's word on it."""

import hypothesis.extra.numpy as drawn
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinyxm_kernels
from tinyxm import Tensor, check_gradients, gradients, ops


@given(drawn.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3, min_side=0), st.integers(0, 99))
def test_broadcasting_of_any_shapes(shapes: drawn.BroadcastableShapes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = [rng.uniform(0.5, 2, shape) for shape in shapes.input_shapes]
    check_gradients(lambda a, b, c: ops.where(rng.random(()) < 2, a * b / c, a - c), inputs)


def apart(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Numbers so far apart that a small step doesn't change which is the largest."""
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2) * 0.1


@given(st.data())
def test_reductions_over_any_axes(data: st.DataObject) -> None:
    shape = data.draw(drawn.array_shapes(max_dims=4, max_side=3))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1) | drawn.valid_tuple_axes(len(shape)))
    keepdims = data.draw(st.booleans())
    a = apart(shape, np.random.default_rng(data.draw(st.integers(0, 99))))
    for reduction in (np.sum, np.mean, np.max, np.min, np.var):
        result = reduction(Tensor(a), axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(result.data, reduction(a, axis=axis, keepdims=keepdims), atol=1e-12)
        check_gradients(lambda t, f=reduction: f(t, axis=axis, keepdims=keepdims), [a])
    check_gradients(lambda t: ops.logsumexp(t, axis, keepdims), [a])


@given(drawn.mutually_broadcastable_shapes(signature="(n,k),(k,m)->(n,m)", max_dims=3, max_side=3), st.integers(0, 99))
def test_matmul_of_any_shapes(shapes: drawn.BroadcastableShapes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal(shape) for shape in shapes.input_shapes)
    np.testing.assert_allclose((Tensor(a) @ Tensor(b)).data, a @ b, atol=1e-12)
    check_gradients(ops.matmul, [a, b])


@given(st.data())
def test_indexing_by_any_index(data: st.DataObject) -> None:
    """The gradient of a[index] counts, for each element, how often the index names it, each time with its weight."""
    shape = data.draw(drawn.array_shapes(max_dims=3, max_side=4))
    lead = drawn.integer_array_indices(shape[:1], result_shape=drawn.array_shapes(max_dims=2, max_side=4))
    index = data.draw(
        drawn.basic_indices(shape, allow_newaxis=True)
        | drawn.integer_array_indices(shape)
        | drawn.arrays(bool, shape)
        | st.tuples(lead.map(lambda i: i[0]), st.just(...))
        | st.tuples(st.none(), lead.map(lambda i: i[0].tolist()))
    )
    named = np.arange(np.prod(shape)).reshape(shape)[index]
    x = Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)
    y = x[index]
    assert np.array_equal(y.data, x.data[index])
    g = np.random.default_rng(1).standard_normal(np.shape(named))
    (found,) = gradients(y, [x], g)
    expected = np.bincount(np.ravel(named), np.ravel(g), minlength=x.size).reshape(shape)
    np.testing.assert_allclose(found.data, expected, atol=1e-12)


@given(st.data())
def test_windows_of_any_size(data: st.DataObject) -> None:
    """conv2d and both poolings, to second order."""
    draw = data.draw
    kernel, stride, padding = ((draw(st.integers(low, 3)), draw(st.integers(low, 3))) for low in (1, 1, 0))
    padding = tuple(np.minimum(padding, np.array(kernel) // 2).tolist())
    height, width = (n + draw(st.integers(0, 3)) for n in kernel)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = apart((draw(st.integers(1, 2)), height, width, draw(st.integers(1, 2))), rng)
    w = rng.standard_normal((*kernel, x.shape[3], draw(st.integers(1, 2))))
    check_gradients(lambda x, w: ops.conv2d(x, w, stride, padding), [x, w])
    check_gradients(lambda x: ops.max_pool2d(x, kernel, stride, padding), [x])
    check_gradients(lambda x: ops.average_pool2d(x, kernel, stride, padding), [x])


def test_the_reference_rungs_give_the_same_gradients() -> None:
    rng = np.random.default_rng(0)
    with tinyxm_kernels.using("reference"):
        check_gradients(
            lambda x, w: ops.conv2d(x, w, 2, 1), [rng.standard_normal(s) for s in ((1, 4, 5, 2), (3, 2, 2, 2))]
        )
        check_gradients(ops.matmul, [rng.standard_normal((2, 3)), rng.standard_normal((3, 4))])
