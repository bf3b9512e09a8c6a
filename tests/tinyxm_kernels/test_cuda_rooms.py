"""The CUDA rungs of convolution, softmax cross-entropy, layer norm and attention, run in the simulator on arrays of
awkward shapes, and held to the reference in float64. What the sanitizer finds (a race, an access out of bounds, shared
memory that nobody wrote) is an error of the launch, so each example is held to that, too."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinyxm_kernels as kernels
from tinyxm_kernels.conv2d import output_shape
from tinyxm_kernels.cuda import launch
from tinyxm_kernels.simt import Program

EDGES = [0, 1, 7, 8, 9, 64, 65]
WIDTHS = [1, 2, 31, 32, 33, 100, 1023, 1024, 1025]


def drawn(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def spread(a, layout):
    """The same numbers, lying apart: every second of a wider array, or in the order of columns."""
    if layout == "columns":
        return np.asfortranarray(a)
    return np.repeat(a, 2, axis=-1)[..., ::2] if layout == "apart" and a.ndim else a


def held_to_reference(rung, operation, *operands, error=2e-5):
    """The results of a rung, seen to agree with the reference's in float64 and to be float32 in C's order."""
    run = getattr(kernels, operation)
    wide = [a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in operands]
    with kernels.using(f"{operation}=reference"):
        expected = run(*wide)
    with kernels.using(f"{operation}={rung}"):
        given = run(*operands)
    several = isinstance(given, tuple)
    for one, true in zip(given if several else (given,), expected if several else (expected,), strict=True):
        assert one.shape == true.shape
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, true, rtol=error, atol=error)
    return given


@settings(max_examples=40)
@given(
    rows=st.sampled_from(EDGES), classes=st.sampled_from(WIDTHS), label=st.sampled_from([np.uint8, np.int32, np.int64]),
    layout=st.sampled_from(["rows", "columns", "apart"]), scale=st.sampled_from([1, 30, 1e4]), seed=st.integers(0, 9),
)  # fmt: skip
def test_softmax_cross_entropy(rows, classes, label, layout, scale, seed):
    rng = np.random.default_rng(seed)
    logits, g = spread(scale * drawn(rng, rows, classes), layout), spread(drawn(rng, rows), layout)
    labels = rng.integers(0, min(classes, 200), rows).astype(label)
    held_to_reference("cuda_fused", "softmax_cross_entropy", logits, labels)
    held_to_reference("cuda_fused", "softmax_cross_entropy_gradient", g, logits, labels)


@pytest.mark.parametrize("classes", [3, 40, 1100])
def test_softmax_of_what_is_no_number(classes):
    """As in the reference: NaN, ∞ and a row of nothing but −∞ make NaN of the whole row; −∞ beside others doesn't."""
    logits = drawn(np.random.default_rng(0), 7, classes)
    logits[0, 1], logits[1, -1], logits[2, 0], logits[3], logits[4, 2] = np.nan, -np.nan, np.inf, -np.inf, -np.inf
    labels = np.array([0, 0, 1, 1, 0, 1, 2])
    with np.errstate(invalid="ignore"):
        losses = held_to_reference("cuda_fused", "softmax_cross_entropy", logits, labels)
        slopes = held_to_reference("cuda_fused", "softmax_cross_entropy_gradient", losses, logits, labels)
    assert np.isnan(losses).tolist() == [True] * 4 + [False] * 3
    assert np.isnan(slopes[:4]).all()
    assert slopes[4, 2] == 0


def test_softmax_of_a_class_that_cannot_be():
    with kernels.using("softmax_cross_entropy=cuda_fused"):
        losses = kernels.softmax_cross_entropy(np.array([[0, -np.inf], [1000, 990]], np.float32), np.array([1, 0]))
    np.testing.assert_allclose(losses, [np.inf, np.log1p(np.exp(-10.0))], atol=1.2e-7)


@settings(max_examples=40)
@given(
    rows=st.sampled_from([*EDGES, 130, 300]), features=st.sampled_from(WIDTHS), mean=st.sampled_from([0, 30]),
    layout=st.sampled_from(["rows", "columns", "apart"]), seed=st.integers(0, 9),
)  # fmt: skip
@example(rows=16500, features=1, mean=0, layout="rows", seed=0)  # 256 parts of more than 64 rows
def test_layer_norm(rows, features, mean, layout, seed):
    rng, eps = np.random.default_rng(seed), 1e-2
    x, g = spread(mean + drawn(rng, rows, features), layout), spread(drawn(rng, rows, features), layout)
    scale, shift = drawn(rng, 2, features)
    error = 2e-5 * (1 + mean) * max(1, rows / 100)
    held_to_reference("cuda_fused", "layer_norm", x, scale, shift, eps, error=error)
    held_to_reference("cuda_fused", "layer_norm_gradients", g, x, scale, eps, error=error)


@pytest.mark.parametrize("rows", [0, 5])
def test_layer_norm_of_nothing(rows):
    x, one = np.empty((rows, 0), np.float32), np.empty(0, np.float32)
    with kernels.using("normalisation=cuda_fused"):
        assert kernels.layer_norm(x, one, one).shape == x.shape
        assert [a.shape for a in kernels.layer_norm_gradients(x, x, one)] == [x.shape, (0,), (0,)]


def test_layer_norm_of_what_is_no_number():
    x = drawn(np.random.default_rng(0), 5, 40)
    x[1, 2], x[3, 0] = np.nan, np.inf
    one = np.ones(40, np.float32)
    with np.errstate(invalid="ignore"):
        held_to_reference("cuda_fused", "layer_norm", x, one, one, 1e-5)
        held_to_reference("cuda_fused", "layer_norm_gradients", x, x, one, 1e-5, error=1e-4)


@st.composite
def convolutions(draw):
    """(x shape, w shape, stride, padding, dilation, groups): padding may exceed the image, and anything be empty."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    window, stride, dilation, groups = draw(pair), draw(pair), draw(pair), draw(st.integers(1, 3))
    padding = draw(st.tuples(st.integers(0, 9), st.integers(0, 2)))
    spans = [d * (w - 1) + 1 for w, d in zip(window, dilation, strict=True)]
    image = [draw(st.integers(max(1, span - 2 * p), 9)) for span, p in zip(spans, padding, strict=True)]
    taken, given = draw(st.sampled_from([0, 1, 2, 5, 17])), draw(st.sampled_from([0, 1, 3, 16, 17, 33]))
    x_shape = draw(st.integers(0, 3)), *image, taken * groups
    return x_shape, (*window, taken, given * groups), stride, padding, dilation, groups


def held_to_reference_both_ways(rung, case, seed, layout="rows", error=1e-4):
    (x_shape, w_shape, *ways), rng = case, np.random.default_rng(seed)
    x, w, g = (spread(drawn(rng, *s), layout) for s in (x_shape, w_shape, output_shape(*case)))
    held_to_reference(rung, "conv2d", x, w, *ways, error=error)
    held_to_reference(rung, "conv2d_input_gradient", g, w, x_shape, *ways, error=error)
    held_to_reference(rung, "conv2d_weight_gradient", g, x, w_shape, *ways, error=error)


@settings(max_examples=40)
@given(case=convolutions(), seed=st.integers(0, 9), layout=st.sampled_from(["rows", "columns", "apart"]))
def test_convolution_by_a_thread_to_each_number(case, seed, layout):
    held_to_reference_both_ways("cuda_direct", case, seed, layout)


@settings(max_examples=40)
@given(case=convolutions(), seed=st.integers(0, 9), layout=st.sampled_from(["rows", "columns", "apart"]))
@example(  # both more than a tile: 65 channels, and 150 pixels
    case=((2, 9, 10, 3), (1, 2, 3, 65), (1, 1), (1, 0), (1, 1), 1), seed=0, layout="rows"
)
@example(  # 1,150 pixels: the weight gradient in three parts, of which the last is shorter
    case=((2, 25, 25, 2), (3, 3, 2, 3), (1, 1), (0, 1), (1, 1), 1), seed=0, layout="rows"
)
def test_convolution_by_tiles(case, seed, layout):
    if case[1][2] == 1 < case[-1]:
        with pytest.raises(ValueError, match="cuda_implicit takes more than one channel in a group, or one group"):
            held_to_reference_both_ways("cuda_implicit", case, seed, layout)
    else:
        held_to_reference_both_ways("cuda_implicit", case, seed, layout)


@pytest.mark.parametrize("name", ["cuda_direct", "cuda_implicit"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_convolution_hides_no_nan_or_infinity(name, value):
    x, w, g = (drawn(np.random.default_rng(0), *shape) for shape in ((2, 7, 7, 9), (3, 3, 9, 9), (2, 5, 5, 9)))
    x[1, 3, 4, 5] = g[0, 2, 3, 4] = value
    for operation, operands in (
        ("conv2d", (x, w)),
        ("conv2d_input_gradient", (g, w, x.shape)),
        ("conv2d_weight_gradient", (g, x, w.shape)),
    ):
        with np.errstate(invalid="ignore"):
            held_to_reference(name, operation, *operands, error=1e-4)


SIZES = st.sampled_from([0, 1, 5, 63, 64, 65, 130])


@settings(max_examples=20)
@given(
    queries=SIZES, keys=SIZES, features=st.sampled_from([0, 1, 5, 16, 33]), values=st.sampled_from([0, 1, 5, 16, 33]),
    batch=st.sampled_from([((), (), ()), ((2,), (2,), (2,)), ((2, 1), (3,), (1, 1)), ((0,), (0,), (0,))]),
    masked=st.sampled_from([None, (), ("keys",), ("queries", 1), ("queries", "keys"), (3, 1, "keys")]),
    layout=st.sampled_from(["rows", "columns", "apart"]), causal=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
@example(  # more than 64 columns, so that scores are computed twice
    queries=3, keys=70, features=66, values=70, batch=((), (), ()), masked=None, layout="rows", causal=False, seed=0
)
def test_attention(queries, keys, features, values, batch, masked, layout, causal, seed):
    rng = np.random.default_rng(seed)
    shapes = (*batch[0], queries, features), (*batch[1], keys, features), (*batch[2], keys, values)
    full = np.broadcast_shapes(*batch)
    q, k, v, g = (spread(drawn(rng, *shape), layout) for shape in (*shapes, (*full, queries, values)))
    mask = None
    if masked is not None and not (len(masked) == 3 and full[-1:] != (3,)):
        sizes = {"queries": queries, "keys": keys}
        mask = np.asarray(rng.random([sizes.get(n, n) for n in masked]) > 0.4)
    y, statistics = held_to_reference("cuda_online", "attention", q, k, v, mask, causal, 0.3)
    saved = spread(y, layout), spread(statistics, layout)
    held_to_reference("cuda_online", "attention_gradients", g, q, k, v, mask, causal, 0.3, *saved, error=1e-4)


def test_attention_to_scores_that_grow_or_vanish():
    q, v = np.ones((1, 1), np.float32), np.arange(300, dtype=np.float32)[:, None]
    for k in (v * 5, v * -5):
        held_to_reference("cuda_online", "attention", q, k, v, None, False, 1.0)


def test_attention_to_what_is_no_number():
    q, k, v = (drawn(np.random.default_rng(0), *shape) for shape in ((70, 8), (100, 8), (100, 3)))
    q[4, 0], q[50, 1], v[0, 2] = np.nan, np.inf, np.inf
    with kernels.using("attention=cuda_online"):
        y, statistics = kernels.attention(q, k, v)
        g_q, g_k, _ = kernels.attention_gradients(y, q, k, v, None, False, 1.0, y, statistics)
    others = np.delete(np.arange(70), [4, 50])
    assert np.isnan(y[[4, 50]]).all()
    assert np.isnan(statistics[[4, 50], 1]).all()
    assert np.isfinite(y[others, :2]).all()
    assert (y[others, 2] == np.inf).all()
    assert np.isnan(g_q[[4, 50]]).any(axis=1).all()
    assert np.isnan(g_k).all()


@pytest.mark.parametrize("choice", ["conv2d=cuda_direct", "conv2d=cuda_implicit"])
def test_float64_is_refused(choice):
    with kernels.using(choice), pytest.raises(TypeError, match="takes float32, not float64"):
        kernels.conv2d(np.ones((1, 5, 5, 2)), np.ones((3, 3, 2, 4)))


def test_what_an_int_cannot_number_is_refused():
    x, w = (np.broadcast_to(np.float32(0), shape) for shape in ((2, 1 << 15, 1 << 10, 32), (1, 1, 32, 8)))
    for rung in ("cuda_direct", "cuda_implicit"):
        with kernels.using(f"conv2d={rung}"), pytest.raises(ValueError, match="elements, which an int can number"):
            kernels.conv2d(x, w)


LAYER_NORM, SOFTMAX, ATTENTION = "normalisation/cuda_fused", "softmax_cross_entropy/cuda_fused", "attention/cuda_online"
DIRECT, IMPLICIT = "conv2d/cuda_direct", "conv2d/cuda_implicit"
MULTIPLY, WAIT = "        multiply(left, right, sums);\n", "__syncthreads();"
MISTAKES = {  # what it is: the kernel's file, the text that is right, and what stands in its place
    "a barrier that is missing": (IMPLICIT, f"{MULTIPLY}        {WAIT}", MULTIPLY),
    "padding that is read": (DIRECT, "if (h < 0 || h >= height)", "if (h >= height)"),
    "a channel too many": (DIRECT, "c < taken; ++c)", "c <= taken; ++c)"),
    "a stride that is forgotten": (DIRECT, "int h = p * stride_y + i", "int h = p + i"),
    "a shuffle that is short": (SOFTMAX, "int distance = 16", "int distance = 8"),
    "a row too many": (SOFTMAX, "if (n >= batch)", "if (n > batch)"),
    "warps that don't wait": (LAYER_NORM, f"{WAIT}\n        value = 0.0f;", "value = 0.0f;"),
    "rows that don't wait": (LAYER_NORM, f"{WAIT}\n    if (threadIdx.y == 0", "if (threadIdx.y == 0"),
    "a sum that isn't turned over": (ATTENTION, "total[i] * shrink + added", "total[i] + added"),
    "a tile that isn't waited for": (ATTENTION, f"{WAIT}  // the tile is there", "// the tile is there"),
    "a tile that is written over": (ATTENTION, f"{WAIT}  // all have read the last tile", ""),
    "keys that are not there": (ATTENTION, "key < keys && (!causal", "(!causal"),
}


def tried(file):
    """The kernels of a file, held to the reference on shapes that reach what the mistakes touch."""
    rng, (room, rung) = np.random.default_rng(0), file.split("/")
    if room == "conv2d":
        held_to_reference_both_ways(rung, ((1, 6, 6, 3), (3, 3, 3, 5), (2, 1), (1, 1), (1, 1), 1), 0)
    elif room == "softmax_cross_entropy":
        held_to_reference(rung, room, drawn(rng, 9, 40), rng.integers(0, 40, 9))
    elif room == "normalisation":
        x = drawn(rng, 70, 1030)
        held_to_reference(rung, "layer_norm_gradients", x, x, x[0], 1e-5, error=1e-3)
    else:
        q, k, v = drawn(rng, 70, 20), drawn(rng, 100, 20), drawn(rng, 100, 5)
        held_to_reference(rung, room, q, k, v, None, False, 1.0)
        held_to_reference(rung, room, q[:, :0], k[:, :0], v, None, False, 1.0)  # nothing else waits between tiles here


@pytest.mark.parametrize("file", [LAYER_NORM, SOFTMAX, ATTENTION, DIRECT, IMPLICIT])
def test_without_a_mistake_all_kernels_pass(file):
    tried(file)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_kernel_is_caught(mistake, monkeypatch):
    file, right, wrong = MISTAKES[mistake]
    as_it_is = launch._program

    def planted(source, defines):
        if not source.with_suffix("").as_posix().endswith(file):
            return as_it_is(source, defines)
        text = source.read_text("utf-8")
        assert right in text, f"{file} has changed: plant the mistake anew"
        return Program(text.replace(right, wrong), defines=dict(defines))

    monkeypatch.setattr(launch, "_program", planted)
    with pytest.raises((RuntimeError, AssertionError)) as caught:
        tried(file)
    assert "plant the mistake anew" not in str(caught.value)
