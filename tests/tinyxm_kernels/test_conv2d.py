"""Convolution: rungs against plain loops, each other, adjointness, and PyTorch."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels import _compiled
from tinyxm_kernels.conv2d import _implicit_weights, _tables, output_shape, patches
from tinyxm_kernels.threads import threads

OPERATION = "conv2d"


@st.composite
def cases(draw):
    """(x shape, w shape, stride, padding, dilation, groups), the dilated kernel never larger than the padded image."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    window, stride, dilation, groups = draw(pair), draw(pair), draw(pair), draw(st.integers(1, 3))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    spans = [d * (w - 1) + 1 for w, d in zip(window, dilation, strict=True)]
    image = [draw(st.integers(max(1, span - 2 * p), 8)) for span, p in zip(spans, padding, strict=True)]
    channels = draw(st.integers(0, 3)), draw(st.integers(0, 2)) * groups
    x_shape = draw(st.integers(0, 3)), *image, channels[0] * groups
    return x_shape, (*window, *channels), stride, padding, dilation, groups


def by_loops(x, w, stride, padding, dilation=(1, 1), groups=1):
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))
    spans = [d * (n - 1) + 1 for n, d in zip(w.shape, dilation, strict=False)]
    rows = range(0, x.shape[1] - spans[0] + 1, stride[0])
    columns = range(0, x.shape[2] - spans[1] + 1, stride[1])
    y = np.zeros((len(x), len(rows), len(columns), w.shape[3]))
    for (p, row), (q, column), o in product(enumerate(rows), enumerate(columns), range(w.shape[3])):
        first = o // (w.shape[3] // groups) * w.shape[2]
        patch = x[:, row : row + spans[0] : dilation[0], column : column + spans[1] : dilation[1]]
        y[:, p, q, o] = (patch[..., first : first + w.shape[2]] * w[..., o]).sum(axis=(1, 2, 3))
    return y


def drawn(case, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x, w, g = (rng.normal(size=s).astype(dtype) for s in (case[0], case[1], output_shape(*case)))
    return x, w, g


def on(rung, operation, *operands):
    """The operation on this rung, or on that of the default rule where the rung doesn't take the operands."""
    taken = any(one.name == rung and one.takes(*operands) for one in kernels.ladder(operation))
    with kernels.using(f"{operation}={rung}" if taken else "default"):
        return getattr(kernels, operation)(*operands)


@given(case=cases(), seed=st.integers(0, 9))
def test_forward_and_adjoints(rung, case, seed):
    """⟨g, conv(x, w)⟩ is linear in x and in w, so it equals ⟨∂x, x⟩ and ⟨∂w, w⟩ for every x and w."""
    (x_shape, w_shape, *settings), (x, w, g) = case, drawn(case, seed)
    other_x, other_w, _ = drawn(case, seed + 100)
    np.testing.assert_allclose(on(rung, "conv2d", x, w, *settings), by_loops(x, w, *settings), atol=1e-12)
    x_gradient = on(rung, "conv2d_input_gradient", g, w, x_shape, *settings)
    w_gradient = on(rung, "conv2d_weight_gradient", g, x, w_shape, *settings)
    assert x_gradient.shape == x_shape
    assert w_gradient.shape == w_shape
    for vary, adjoint in ((other_x, x_gradient), (x, x_gradient)):
        assert np.sum(by_loops(vary, w, *settings) * g) == pytest.approx(np.sum(vary * adjoint), abs=1e-9)
    for vary, adjoint in ((other_w, w_gradient), (w, w_gradient)):
        assert np.sum(by_loops(x, vary, *settings) * g) == pytest.approx(np.sum(vary * adjoint), abs=1e-9)


@given(case=cases(), seed=st.integers(0, 9))
def test_rungs_agree_on_strided_operands_in_blocks(case, seed):
    x, w, g = (np.asarray(a[::-1]) for a in drawn(case, seed, np.float32))
    x_shape, w_shape, *settings = case
    results = {}
    for rung in [rung.name for rung in kernels.ladder(OPERATION, "cpu") if rung.available]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(patches, "BLOCK_BYTES", 600)
            results[rung] = (
                on(rung, "conv2d", x, w, *settings),
                on(rung, "conv2d_input_gradient", g, w, x_shape, *settings),
                on(rung, "conv2d_weight_gradient", g, x, w_shape, *settings),
            )
    for result in results.values():
        for one, other in zip(results["reference"], result, strict=True):
            assert one.dtype == other.dtype == np.float32
            np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "case",
    [
        ((8, 16, 16, 11), (3, 3, 11, 64), (2, 2), (1, 1)),
        ((4, 9, 7, 2), (2, 3, 2, 5), (1, 2), (0, 2)),
        ((2, 6, 6, 4), (1, 1, 4, 3), (1, 1), (0, 0)),
        ((3, 9, 8, 6), (3, 2, 2, 9), (2, 1), (1, 1), (2, 3), 3),
        ((2, 9, 8, 6), (3, 3, 1, 6), (1, 1), (1, 1), (1, 1), 6),
        ((2, 5, 6, 25), (1, 1, 25, 70), (1, 1), (0, 0)),  # tiles of 9 and of 7 taps, panels of g
        ((2, 7, 5, 13), (1, 1, 13, 20), (1, 1), (0, 0)),  # of 9 and of 4, g where it lies
        ((2, 9, 20, 11), (3, 3, 1, 11), (1, 1), (1, 1), (1, 1), 11),  # strips
        ((2, 9, 21, 9), (2, 3, 1, 9), (2, 2), (1, 1), (2, 2), 9),
    ],
)
def test_agrees_with_pytorch(rung, case):
    torch = pytest.importorskip("torch")
    (x_shape, w_shape, *settings), (x, w, g) = case, drawn(case, 0)
    settings = [*settings, (1, 1), 1][:4]
    xt = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    wt = torch.tensor(w.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    yt = torch.nn.functional.conv2d(xt, wt, None, *settings)
    yt.backward(torch.tensor(g.transpose(0, 3, 1, 2).copy()))
    y = on(rung, "conv2d", x, w, *settings)
    x_gradient = on(rung, "conv2d_input_gradient", g, w, x_shape, *settings)
    w_gradient = on(rung, "conv2d_weight_gradient", g, x, w_shape, *settings)
    np.testing.assert_allclose(y, yt.detach().numpy().transpose(0, 2, 3, 1), atol=1e-10)
    np.testing.assert_allclose(x_gradient, xt.grad.numpy().transpose(0, 2, 3, 1), atol=1e-10)
    np.testing.assert_allclose(w_gradient, wt.grad.numpy().transpose(2, 3, 1, 0), atol=1e-10)


@pytest.mark.parametrize(
    ("x", "w", "static", "message"),
    [
        ((1, 5, 5, 3), (3, 3, 4, 8), {}, r"conv2d: x has 3 channels, w \(3, 3, 4, 8\) expects 4"),
        ((5, 5, 3), (3, 3, 3, 8), {}, "expected \\(batch, height, width, channels\\)"),
        ((1, 5, 5, 3), (3, 3, 3), {}, "expected \\(kernel_height, kernel_width, in_channels, out_channels\\)"),
        ((1, 2, 2, 3), (3, 3, 3, 8), {}, "a 3×3 window doesn't fit in the image, 2×2"),
        ((1, 5, 5, 3), (3, 3, 3, 8), {"stride": (0, 1)}, r"stride \(0, 1\): expected 2 whole numbers from 1 up"),
        ((1, 5, 5, 3), (3, 3, 3, 8), {"padding": 1}, "padding 1: expected 2 whole numbers"),
        ((1, 5, 5, 3), (3, 3, 3, 8), {"dilation": (1, 3)}, r"a 3×3 window \(its taps 1×3 apart\) doesn't fit .* 5×5"),
        ((1, 5, 5, 3), (3, 3, 1, 8), {"groups": 3}, r"groups 3: .* divides the 3 channels of x and the 8 that w"),
        ((1, 5, 5, 4), (3, 3, 1, 8), {"groups": 2}, r"x has 4 channels, w .* expects 1 in each of 2 groups, 2"),
    ],
)
def test_shape_errors(x, w, static, message):
    with pytest.raises(ValueError, match=message):
        kernels.conv2d(np.ones(x), np.ones(w), **static)


def test_gradient_and_dtype_errors():
    with pytest.raises(TypeError, match="conv2d: x is of type list, expected an array"):
        kernels.conv2d([[1.0]], np.ones((3, 3, 3, 8)))
    x, w = np.ones((1, 5, 5, 3)), np.ones((3, 3, 3, 8))
    with pytest.raises(ValueError, match=r"conv2d_input_gradient: g has shape \(1, 5, 5, 8\), expected \(1, 3, 3, 8\)"):
        kernels.conv2d_input_gradient(np.ones((1, 5, 5, 8)), w, x.shape)
    with pytest.raises(ValueError, match="conv2d_weight_gradient: g has shape"):
        kernels.conv2d_weight_gradient(np.ones((1, 5, 5, 8)), x, w.shape)
    with pytest.raises(TypeError, match="conv2d: x float64, w float32; expected all float32 or all float64"):
        kernels.conv2d(x, w.astype(np.float32))
    with pytest.raises(TypeError, match="conv2d: x int64"):
        kernels.conv2d(x.astype(np.int64), w.astype(np.int64))


@pytest.mark.parametrize(
    ("x", "w", "stride", "groups", "expected"),
    [
        ((1, 8, 8, 4), (3, 3, 4, 4), 1, 1, "patches"),
        ((1, 8, 8, 4), (3, 3, 1, 4), 1, 4, "reference"),
        ((8, 32, 32, 3), (3, 3, 3, 32), 1, 1, "implicit"),
        ((8, 32, 32, 16), (3, 3, 16, 16), 1, 1, "winograd"),
        ((8, 32, 32, 16), (3, 3, 16, 16), 2, 1, "implicit"),
        ((8, 32, 32, 16), (3, 3, 8, 16), 1, 2, "implicit"),
        ((99, 3, 3, 16), (3, 3, 16, 64), 1, 1, "implicit"),  # one pixel of a tile's 16
    ],
)
def test_the_default_rule(x, w, stride, groups, expected):
    settings = (stride, stride), (0, 0), (1, 1), groups
    x, w = np.ones(x, np.float32), np.ones(w, np.float32)
    assert kernels.chosen("conv2d", x, w, *settings).name == expected
    g = np.ones(output_shape(x.shape, w.shape, *settings), np.float32)
    assert kernels.chosen("conv2d_weight_gradient", g, x, w.shape, *settings).name == expected


@pytest.mark.parametrize(
    ("x", "w", "padding", "dilation", "groups", "expected"),
    [
        ((2, 1 << 15, 1 << 10, 32), (1, 1, 32, 8), 0, 1, 1, "patches"),  # x has 2³¹ numbers
        ((1, 1 << 15, 1 << 10, 32), (1, 1, 32, 8), 0, 1, 1, "implicit"),
        ((1, 1 << 14, 1 << 10, 2), (3, 3, 2, 128), 1, 2, 1, "patches"),  # y has
        ((2, 8, 8, 64), (3, 3, 64, 64), 99_999, 99_999, 1, "patches"),  # the padding has
        ((1, 1 << 15, 1 << 10, 64), (3, 3, 1, 64), 1, 1, 64, "patches"),
        ((1, 1 << 14, 1 << 10, 64), (3, 3, 1, 64), 1, 1, 64, "depthwise"),
    ],
)
def test_offsets_beyond_int32_go_to_another_rung(x, w, padding, dilation, groups, expected):
    settings = (1, 1), (padding, padding), (dilation, dilation), groups
    g = output_shape(x, w, *settings)
    x, w, g = (np.broadcast_to(np.float32(0), shape) for shape in (x, w, g))
    assert kernels.chosen("conv2d", x, w, *settings).name == expected
    assert kernels.chosen("conv2d_input_gradient", g, w, x.shape, *settings).name == expected
    assert kernels.chosen("conv2d_weight_gradient", g, x, w.shape, *settings).name == expected


@given(
    image=st.tuples(st.integers(1, 9), st.integers(1, 6)),
    window=st.tuples(st.integers(1, 5), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 9),
    dilation=st.integers(1, 4),
)
def test_taps_in_the_padding_are_left_out_and_no_others(image, window, stride, padding, dilation):
    """Where the sums are long enough to leave any out; the padding and the dilation may exceed the image."""
    assume(image[0] + 2 * padding >= dilation * (window[0] - 1) + 1)
    case = (2, *image, 64), (*window, 64, 16), (stride, 1), (padding, 1), (dilation, 1), 1
    assume(image[1] + 2 >= window[1])
    (x_shape, _, *settings), (x, w, g) = case, drawn(case, 0)
    results = []
    for rung in ("reference", "implicit"):
        with kernels.using(f"conv2d={rung}"):
            results.append((kernels.conv2d(x, w, *settings), kernels.conv2d_input_gradient(g, w, x_shape, *settings)))
    for true, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, true, atol=1e-11)


def test_the_tables_reach_what_is_addressable():
    """Seen from the tables, as they are made: no offset of a plan wraps around."""
    x, w, settings = (1, 1 << 14, 1 << 10, 64), (3, 3, 64, 64), ((1, 1), (5000, 0), (5000, 1), 1)
    assert _tables.addressable(x, w, *settings)
    y = output_shape(x, w, *settings)
    for plan in (_tables.forward_plan(x, w, y, *settings, 4, 2), _tables.gradient_plan(y, w, x, *settings, 4, 2)):
        assert min(table.min() for table in (plan.pixels, plan.places, plan.taps)) >= 0
        assert plan.taps.max() > 1 << 29


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_threads_give_the_same_bits(monkeypatch, number):
    monkeypatch.setattr(_compiled, "SERIAL_BELOW", 0)
    case = (3, 11, 9, 20), (3, 3, 10, 34), (2, 1), (1, 1), (1, 1), 2
    (x_shape, _, *settings), (x, w, g) = case, drawn(case, 0, np.float32)
    with kernels.using("conv2d=implicit"):
        with threads(1):
            alone = kernels.conv2d(x, w, *settings), kernels.conv2d_input_gradient(g, w, x_shape, *settings)
        with threads(number):
            together = kernels.conv2d(x, w, *settings), kernels.conv2d_input_gradient(g, w, x_shape, *settings)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("operand", ["x", "w"])
def test_what_is_not_finite_comes_through(operand, value):
    """At the images' edges, too, where a weight that isn't finite meets padding: 0·∞ is NaN."""
    case = (2, 6, 5, 16), (3, 3, 16, 17), (1, 1), (1, 1)
    (x_shape, _, *settings), (x, w, g) = case, drawn(case, 0)
    (x if operand == "x" else w)[0, 0, 1, 2] = value
    results = []
    for rung in ("reference", "implicit"):
        with kernels.using(f"conv2d={rung}"):
            results.append((kernels.conv2d(x, w, *settings), kernels.conv2d_input_gradient(g, w, x_shape, *settings)))
    (y, x_gradient), (other_y, other_gradient) = results
    np.testing.assert_allclose(y, other_y, atol=1e-10)
    finite = np.isfinite(other_gradient)  # there g is padded, too, so that some more are NaN
    assert finite.mean() > 0.5
    np.testing.assert_allclose(x_gradient[finite], other_gradient[finite], atol=1e-10)


def test_flops_count_what_groups_leave_out():
    whole = kernels.flops("conv2d", (2, 8, 8, 4), (3, 3, 4, 6), padding=(1, 1))
    assert kernels.flops("conv2d", (2, 8, 8, 4), (3, 3, 2, 6), padding=(1, 1), groups=2) * 2 == whole
    assert kernels.flops("conv2d", (2, 8, 8, 4), (3, 3, 4, 6), padding=(2, 2), dilation=(2, 2)) == whole


@pytest.mark.parametrize(
    ("name", "x_shape", "w_shape", "groups"),
    [
        ("implicit", (5, 9, 8, 3), (3, 2, 3, 21), 1),
        ("implicit", (1, 7, 7, 6), (3, 3, 2, 9), 3),
        ("depthwise", (5, 9, 8, 11), (3, 3, 1, 11), 11),
        ("depthwise", (3, 8, 9, 5), (2, 3, 1, 15), 5),
        ("depthwise", (3, 7, 30, 19), (3, 3, 1, 19), 19),
        ("pointwise", (4, 6, 5, 7), (1, 1, 7, 10), 1),
        ("naive", (2, 5, 6, 4), (3, 2, 2, 6), 2),
    ],
)
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_threads_share_the_work(name, x_shape, w_shape, groups, stride, monkeypatch):
    monkeypatch.setattr(_compiled, "SERIAL_BELOW", 0)
    monkeypatch.setattr(_implicit_weights, "DEPTH", 8)
    settings = stride, (0, 0) if name == "pointwise" else (1, 1), (1, 1), groups
    x, w, g = drawn((x_shape, w_shape, *settings), 0, np.float32)
    calls = [
        ("conv2d", (x, w, *settings)),
        ("conv2d_input_gradient", (g, w, x.shape, *settings)),
        ("conv2d_weight_gradient", (g, x, w.shape, *settings)),
    ]
    for number in (1, 2, 3, 4):
        with threads(number):
            for operation, operands in calls:
                with kernels.using("reference"):
                    expected = getattr(kernels, operation)(*operands)
                with kernels.using(f"{operation}={name}"):
                    results = [getattr(kernels, operation)(*operands) for _ in range(2)]
                np.testing.assert_allclose(results[0], expected, atol=1e-4)
                np.testing.assert_array_equal(*results)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", ["naive", "implicit", "depthwise", "pointwise"])
def test_no_rung_hides_nan_or_infinity(name):
    window, groups = (1 if name == "pointwise" else 3), (9 if name == "depthwise" else 1)
    case = (2, 7, 7, 9), (window, window, 9 // groups, 9), (1, 1), (0, 0), (1, 1), groups
    for value in (np.nan, np.inf):
        x, w, g = drawn(case, 0, np.float32)
        x[1, 3, 4, 5] = g[0, 2, 3, 4] = value
        for operation, operands in (
            ("conv2d", (x, w)),
            ("conv2d_input_gradient", (g, w, x.shape)),
            ("conv2d_weight_gradient", (g, x, w.shape)),
        ):
            with kernels.using("reference"):
                expected = getattr(kernels, operation)(*operands, *case[2:])
            with kernels.using(f"{operation}={name}"):
                result = getattr(kernels, operation)(*operands, *case[2:])
            np.testing.assert_array_equal(np.isfinite(result), np.isfinite(expected))
