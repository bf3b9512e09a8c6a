"""NumPy's functions on Tensors: the same result for settings of any kind, the right gradient, and nothing ignored."""

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm import Tensor, check_gradients, gradients, ops

SHAPES = drawn.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
rng = np.random.default_rng(0)


def distinct(shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return (np.random.default_rng(size).permutation(size).reshape(shape) - size / 2 + 0.25) * 0.1


def moves(function: Callable[..., Any], shape: tuple[int, ...], named: np.ndarray | None = None) -> None:
    """Like NumPy's, and each element's gradient is summed over where it went, which `named` tells."""
    x = distinct(shape)
    t = Tensor(x, requires_grad=True)
    y, expected = function(t), function(x)
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.data, expected)
    named = function(np.arange(x.size).reshape(shape)) if named is None else named
    g = rng.standard_normal(y.shape)
    (found,) = gradients(y, [t], g)
    took = named.ravel() >= 0
    sums = np.bincount(named.ravel()[took], g.ravel()[took], minlength=x.size).reshape(shape)
    np.testing.assert_allclose(found.data, sums, atol=1e-12)
    if x.size:
        check_gradients(lambda t: function(t * t), [x])


def axes(shape: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.integers(-len(shape), len(shape) - 1)


@given(st.data(), SHAPES)
def test_pad(data: st.DataObject, shape: tuple[int, ...]) -> None:
    widths = data.draw(
        st.integers(0, 3)
        | st.tuples(st.integers(0, 3), st.integers(0, 3))
        | drawn.arrays(int, (len(shape), 2), elements=st.integers(0, 5))
    )
    moves(
        lambda a: np.pad(a, widths), shape, np.pad(np.arange(np.prod(shape)).reshape(shape), widths, constant_values=-1)
    )
    if all(shape):
        mode = data.draw(st.sampled_from(["edge", "reflect", "symmetric", "wrap"]))
        moves(lambda a: np.pad(a, widths, mode=mode), shape)


@given(st.data(), SHAPES)
def test_roll_and_flip(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.none() | axes(shape) | drawn.valid_tuple_axes(len(shape), min_size=1))
    moves(lambda a: np.flip(a, axis), shape)
    shift: Any = data.draw(st.integers(-5, 5))
    if isinstance(axis, tuple) and data.draw(st.booleans()):
        shift = tuple(data.draw(st.integers(-5, 5)) for _ in axis)
    moves(lambda a: np.roll(a, shift, axis), shape)


@given(st.data(), SHAPES)
def test_repeat_and_tile(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.none() | axes(shape))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    repeats = data.draw(st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(len))
    moves(lambda a: np.repeat(a, repeats, axis), shape)
    moves(lambda a: a.repeat(repeats, axis), shape)
    reps = data.draw(st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=4).map(tuple))
    moves(lambda a: np.tile(a, reps), shape)


@given(st.data(), SHAPES)
def test_split(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(axes(shape))
    n = shape[axis]
    places = data.draw(
        st.sampled_from([i for i in range(1, n + 2) if n % i == 0]) | st.lists(st.integers(-n, n + 2), max_size=3)
    )
    parts = np.split(distinct(shape), places, axis)
    assert [part.shape for part in np.split(Tensor(distinct(shape)), places, axis)] == [part.shape for part in parts]
    i = data.draw(st.integers(0, len(parts) - 1))
    moves(lambda a: np.split(a, places, axis)[i], shape)


@given(st.data(), SHAPES.filter(all))
def test_take(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.none() | axes(shape))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    at = data.draw(drawn.arrays(np.intp, drawn.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
                                elements=st.integers(-n, n - 1)))  # fmt: skip
    moves(lambda a: np.take(a, at, axis), shape)
    moves(lambda a: a.take(at.tolist() if at.size else at, axis), shape)


@given(st.data(), SHAPES.filter(all))
def test_take_along_axis(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(axes(shape))
    form = [data.draw(st.sampled_from([1, n])) for n in shape]
    form[axis] = data.draw(st.integers(0, 4))
    at = data.draw(drawn.arrays(np.intp, tuple(form), elements=st.integers(-shape[axis], shape[axis] - 1)))
    moves(lambda a: np.take_along_axis(a, at, axis), shape)


@given(st.data(), SHAPES)
def test_sort_and_top_k(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.none() | axes(shape))
    numbers, x = np.arange(np.prod(shape)).reshape(shape), distinct(shape)
    line = -1 if axis is None else axis
    order = np.argsort(x, axis)
    moves(lambda a: np.sort(a, axis), shape,
          np.take_along_axis(numbers.ravel() if axis is None else numbers, order, line))  # fmt: skip
    k = data.draw(st.integers(0, shape[line]))
    values, indices = ops.top_k(Tensor(x), k, line)
    expected = np.take(np.flip(np.sort(x, line), line), np.arange(k), line)
    np.testing.assert_array_equal(values.data, expected)
    np.testing.assert_array_equal(np.take_along_axis(x, indices, line), expected)


@given(st.data(), drawn.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
def test_prod_and_cumsum(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis: Any = data.draw(st.none() | (axes(shape) | drawn.valid_tuple_axes(len(shape)) if shape else st.just(())))
    keepdims = data.draw(st.booleans())
    x = rng.uniform(0.5, 1.5, shape) * data.draw(drawn.arrays(float, shape, elements=st.sampled_from([-1.0, 0.0, 1.0])))
    np.testing.assert_allclose(
        np.prod(Tensor(x), axis=axis, keepdims=keepdims).data, np.prod(x, axis, keepdims=keepdims)
    )
    check_gradients(lambda t: np.prod(t, axis=axis, keepdims=keepdims), [x])
    if not isinstance(axis, tuple):
        np.testing.assert_allclose(np.cumsum(Tensor(x), axis=axis).data, np.cumsum(x, axis), atol=1e-12)
        check_gradients(lambda t: np.cumsum(t * t, axis=axis), [x])


@given(st.data(), drawn.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_norms_over_any_axes(data: st.DataObject, shape: tuple[int, ...]) -> None:
    ord = data.draw(st.sampled_from([1, 1.5, 2, 3, np.inf]))
    axis = data.draw(st.none() | axes(shape) | drawn.valid_tuple_axes(len(shape), min_size=1))
    keepdims, x = data.draw(st.booleans()), distinct(shape)
    expected = np.linalg.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(ops.norm(Tensor(x), ord, axis, keepdims).data, expected)
    np.testing.assert_allclose(np.linalg.vector_norm(Tensor(x), ord=ord, axis=axis, keepdims=keepdims).data, expected)
    check_gradients(lambda t: ops.norm(t, ord, axis, keepdims), [x])


def test_linalg_norm_means_what_numpy_means() -> None:
    x = rng.standard_normal((3, 4))
    for o in (
        {},
        {"ord": "fro"},
        {"ord": 1, "axis": 0},
        {"ord": np.inf, "axis": -1, "keepdims": True},
        {"axis": (0, 1)},
    ):
        np.testing.assert_allclose(np.linalg.norm(Tensor(x), **o).data, np.linalg.norm(x, **o))
    with pytest.raises(ValueError, match=r"^norm: ord 2 of a matrix has no rule"):
        np.linalg.norm(Tensor(x), 2)
    with pytest.raises(ValueError, match=r"^norm: ord -inf of a matrix has no rule"):
        np.linalg.norm(Tensor(x), -np.inf, axis=(0, 1))


def test_lengths_that_squares_would_lose() -> None:
    x = np.array([[3e-200, 4e-200], [3, 4], [0, 0], [3e200, 4e200]])
    for rows in (x, x[1:2], x[[1, 2]]):
        np.testing.assert_allclose(ops.norm(Tensor(rows), 2, 1).data, np.hypot(*rows.T), rtol=1e-15)
    assert (ops.norm(Tensor([3, 4])).item(), np.linalg.norm(Tensor([True, False])).item()) == (5, 1)


def test_clip_by_either_names() -> None:
    t = Tensor(np.array([-1.0, 0, 2]), requires_grad=True)
    clipped = [np.clip(t, 0, 1), np.clip(t, a_min=0, a_max=1), t.clip(0, 1), t.clip(max=1, min=0)]
    newer = tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1)  # before, NumPy's own clip knows no min and max
    if newer:
        clipped.append(np.clip(t, min=0, max=1))
    for y in clipped:
        assert y.data.tolist() == [0, 0, 1]
        assert y.requires_grad
    assert t.clip(max=0).data.tolist() == [-1, 0, 0]
    if newer:
        with pytest.raises(ValueError, match=r"^clip: the limits are given twice"):
            np.clip(t, 0, 1, min=0)


def test_comparisons_give_boolean_arrays() -> None:
    t, u = Tensor(np.array([1.0, np.nan, 3])), Tensor(np.array([2.0, 2, np.nan]))
    for symbol in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        for other in (u, u.data, 1, 1.0, np.float64(1), [1.0, 2, 3], np.nan):
            found = getattr(t, symbol)(other)
            expected = getattr(t.data, symbol)(np.asarray(other.data if isinstance(other, Tensor) else other))
            assert type(found) is np.ndarray
            assert found.dtype == bool
            assert found.tolist() == expected.tolist()
    assert (np.less(t, u).tolist(), np.not_equal(t, t).tolist()) == ([True, False, False], [False, True, False])
    assert (np.float64(2) > t).tolist() == (t < [2.0, 2, 2]).tolist() == [True, False, False]


def test_methods_are_the_functions() -> None:
    t = Tensor(np.array([[3.0, 1, 2], [6, 5, 4]]), requires_grad=True)
    for name, args in (("prod", (1,)), ("cumsum", (0,)), ("take", ([0, 2], 1)), ("repeat", (2, 0)), ("clip", (2, 5))):
        y = getattr(t, name)(*args)
        assert y.requires_grad
        assert y.data.tolist() == getattr(t.data, name)(*args).tolist()
    for name in ("argsort", "argmax", "argmin"):
        y = getattr(t, name)(axis=1)
        assert type(y) is np.ndarray
        assert y.tolist() == getattr(t.data, name)(axis=1).tolist() == getattr(np, name)(t, axis=1).tolist()


X, V = rng.uniform(0.2, 0.8, (3, 3)), rng.uniform(0.2, 0.8, 3)
CALLS: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (
        np.abs, np.arccos, np.arcsin, np.arcsinh, np.arctan, np.arctanh, np.atleast_2d, np.average, np.cosh, np.cumprod,
        np.diag, np.diff, np.exp2, np.linalg.det, np.linalg.inv, np.log10, np.log2, np.matrix_transpose, np.median,
        np.nan_to_num, np.ravel, np.reciprocal, np.sinh,
    )},
    "arccosh": lambda x: np.arccosh(x + 1), "array_split": lambda x: np.array_split(x, 2)[0],
    "average by weights": lambda x: np.average(x, 1, V), "column_stack": lambda x: np.column_stack([x[0], x[1]]),
    "diag of a vector": lambda x: np.diag(x[0], -1), "hstack": lambda x: np.hstack([x, x]),
    "inner": lambda x: np.inner(x, x[:2]), "kron": lambda x: np.kron(x, x[0]),
    "logaddexp": lambda x: np.logaddexp(x, V),
    "median of columns": lambda x: np.median(x, axis=0, keepdims=True), "plus": lambda x: +x,
    "tensordot": lambda x: np.tensordot(x, x, ([0, 1], [1, 0])), "vdot": lambda x: np.vdot(x, X.T),
    "vstack": lambda x: np.vstack([x, V]),
    **{f"t.{f}": lambda x, f=f: getattr(x, f)() for f in ("cumprod", "diagonal", "flatten", "ravel", "trace")},
    "t.dot": lambda x: x.dot(V), "t.mT": lambda x: x.mT,
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_numpys_name_means_the_same_on_a_tensor(call: Callable[..., Any]) -> None:
    y = call(Tensor(X, requires_grad=True))
    assert y.requires_grad
    np.testing.assert_allclose(y.data, call(X), rtol=1e-12)
    check_gradients(call, [X])


def test_what_has_no_gradient_gives_arrays() -> None:
    t = Tensor(X * 3, requires_grad=True)
    for f in (np.round, np.rint, np.trunc, np.floor, np.unique, np.signbit, lambda x: np.isin(x, [1.0])):
        found = f(t)
        assert type(found) is np.ndarray
        assert found.tolist() == f(t.data).tolist()
    assert (t.tolist(), t.any(), t.all(axis=0).tolist()) == (t.data.tolist(), True, [True] * 3)
    assert np.full_like(t, Tensor(2.0)).tolist() == np.full_like(t, 2.0).tolist() == np.full((3, 3), 2.0).tolist()


def test_numbers_beside_a_tensor_promote_nothing() -> None:
    x = Tensor(X.astype(np.float32), requires_grad=True)
    for y in (np.arctan2(x, 1), np.arctan2(1, x), np.hypot(x, 1), np.logaddexp(x, 0), np.arctan(x), np.reciprocal(x)):
        (g,) = gradients(y.sum(), [x], create_graph=True)
        assert y.dtype == g.dtype == np.float32
        assert g.requires_grad


def test_a_single_number_has_an_axis_for_every_reduction() -> None:
    t = Tensor(3.0, requires_grad=True)
    for reduction in (np.sum, np.mean, np.max, np.prod):
        assert reduction(t, axis=0).item() == 3


def test_a_sign_keeps_its_place_on_the_tape() -> None:
    """Its gradient is zero, and it is there: a loss of signs alone trains nothing, and one of x·sign x is |x|."""
    x = Tensor(np.array([-2.0, 0, 3]), requires_grad=True)
    (g,) = gradients(np.sign(x).sum(), [x])
    assert g.data.tolist() == [0, 0, 0]
    (g,) = gradients((x * np.sign(x)).sum(), [x])
    assert g.data.tolist() == [-1, 0, 1]


def test_a_list_cut_with_a_tensor() -> None:
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    rows = Tensor(np.array([2, 0, 2]))
    for y in (x[rows], x[rows, :], ops.take(x, rows, 0), np.take(x, rows, axis=0)):
        (g,) = gradients(y.sum(), [x])
        assert g.data.tolist() == [[1, 1], [0, 0], [2, 2]]
    with pytest.raises(ValueError, match="index 3 is outside"):
        ops.scatter_add(np.ones((1, 2)), (3, 2), np.array([3]))


T = Tensor(np.ones((2, 3)), requires_grad=True)
REFUSED: list[tuple[str, type[Exception], Callable[[], Any]]] = [
    ("mean: got an unexpected keyword argument 'where'; on a Tensor it takes a, axis, keepdims", TypeError,
     lambda: np.mean(T, where=True)),
    ("max: got an unexpected keyword argument 'initial'", TypeError, lambda: np.max(T, initial=0)),
    ("var: got an unexpected keyword argument 'mean'", TypeError, lambda: np.var(T, mean=0)),
    ("prod: got an unexpected keyword argument 'dtype'", TypeError, lambda: np.prod(T, dtype=np.float32)),
    ("sort: got an unexpected keyword argument 'kind'", TypeError, lambda: np.sort(T, kind="stable")),
    ("take: got an unexpected keyword argument 'mode'", TypeError, lambda: np.take(T, [7], mode="clip")),
    ("pad: got an unexpected keyword argument 'reflect_type'", TypeError,
     lambda: np.pad(T, 1, "reflect", reflect_type="odd")),
    ("reshape: got an unexpected keyword argument 'order'", TypeError, lambda: np.reshape(T, (3, 2), order="F")),
    ("cumsum: too many positional arguments", TypeError, lambda: np.cumsum(T, 0, np.float32)),
    ("mean: ", TypeError, lambda: np.mean(T, 0, np.float32)),
    ("where: missing a required argument", TypeError, lambda: np.where(T)),
    ("pad: mode is 'mean'; expected constant, edge", ValueError, lambda: np.pad(T, 1, "mean")),
    (r"pad: axis 1 of \(2, 0\) can't be padded", ValueError, lambda: ops.pad(T[:, :0], 1, "edge")),
    ("pad: .*negative", ValueError, lambda: ops.pad(T, -1)),
    (r"pad: axis 0 of \(2, 3\) can't be padded by \[-1, -1\]", ValueError, lambda: ops.pad(T, -1, "edge")),
    (r"pad: pad_width \[\[1, 1\], .* doesn't fit the 2 axes", ValueError, lambda: ops.pad(T, [[1, 1]] * 3)),
    ("pad: pad_width is 1.5", TypeError, lambda: ops.pad(T, 1.5)),
    ("pad: constant_values is a static argument, which no gradient reaches", TypeError,
     lambda: ops.pad(T, 1, constant_values=T.sum())),
    ("split: a length of 3 doesn't divide into 2", ValueError, lambda: np.split(T, 2, 1)),
    ("split: axis 2 is out of bounds", ValueError, lambda: np.split(T, 2, 2)),
    (r"repeat: a \(2, 3\): .*negative", ValueError, lambda: np.repeat(T, -1)),
    (r"roll: a \(2, 3\): axis 2 is out of bounds", ValueError, lambda: np.roll(T, 1, 2)),
    (r"take: a \(2, 3\): index 3 is out of bounds", IndexError, lambda: np.take(T, 3, 1)),
    (r"take_along_axis: a \(2, 3\): `indices` must be", IndexError, lambda: np.take_along_axis(T, np.ones((2, 1)), 1)),
    ("take_along_axis: ", TypeError, lambda: np.take_along_axis(T, np.array([0]), None)),
    ("masked_fill: mask is int64; give booleans", TypeError, lambda: ops.masked_fill(T, [0, 1, 1], 0.0)),
    ("masked_fill: |where: ", ValueError, lambda: ops.masked_fill(T, [True, False], 0.0)),
    (r"top_k: the 4 largest along axis -1 of \(2, 3\) aren't there", ValueError, lambda: ops.top_k(T, 4)),
    ("norm: ord is 0 over axis None; expected", ValueError, lambda: ops.norm(T, 0)),
    ("norm: ord is 'nuc'", ValueError, lambda: ops.norm(T, "nuc")),
    ("norm: ord is 'fro' over axis 1", ValueError, lambda: ops.norm(T, "fro", 1)),
    (r"mean: a \(2, 3\): axis 5 is out of bounds", ValueError, lambda: np.std(T, axis=5)),
    ("diff: n -1: expected a whole number from 0", ValueError, lambda: np.diff(T, -1)),
    ("full_like: fill_value requires a gradient", TypeError, lambda: np.full_like(T, T.sum())),
    (r"average: weights \(2,\) over axis 1 of \(2, 3\)", ValueError, lambda: np.average(T, 1, [1.0, 2])),
    ("average: the weights sum to 0 over axis 1", ValueError, lambda: np.average(T, 1, [1.0, -1, 0])),
    (r"median: a \(2, 0\) over axis 1 has no elements", ValueError, lambda: np.median(T[:, :0], 1)),
    (r"tensordot: \(2, 3\) over the axes \[1\] and \(2, 3\) over \[0\]", ValueError, lambda: np.tensordot(T, T, 1)),
    (r"tensordot: \(2, 3\) and \(2, 3\) haven't the axes 3", ValueError, lambda: np.tensordot(T, T, 3)),
    (r"inv: a \(2, 3\): expected square matrices", ValueError, lambda: np.linalg.inv(T)),
    (r"det: a \(2, 3\): expected square matrices", ValueError, lambda: np.linalg.det(T)),
    ("solve: a .* is singular", ValueError,
     lambda: np.linalg.det(Tensor(np.ones((2, 2)), requires_grad=True)).backward()),
    ("std: 1 elements less ddof 1", ValueError, lambda: T[:1].std(axis=0, ddof=1)),
    ('gelu: approximate is True; expected "none" or "tanh"', ValueError, lambda: ops.gelu(T, True)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "kind", "call"), REFUSED, ids=[message for message, _, _ in REFUSED])
def test_what_is_refused_is_told_by_the_operation(message: str, kind: type[Exception], call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=f"^({message})"):
        call()


def test_no_warning_where_the_result_is_right() -> None:
    for dtype in (np.float32, np.float64):
        big = np.array([-1e30, 0, 1e30], dtype)
        x = Tensor(big, requires_grad=True)
        for f in (ops.softplus, ops.silu, ops.sigmoid, ops.elu, lambda a: ops.gelu(a, "tanh"), ops.norm, np.std):
            y = f(x)
            (g,) = gradients(y.sum(), [x])
            assert np.isfinite(y.data).all()
            assert np.isfinite(g.data).all()
            assert y.dtype == g.dtype == dtype
