"""What exercise 34 is checked by: SciPy's correlation, channel by channel; and a network that sees by it."""

import numpy as np
from scipy.signal import correlate

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def by_scipy(x, w, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    images = [
        np.stack(
            [
                sum(correlate(image[..., c], w[..., c, o], "valid") for c in range(w.shape[2]))
                for o in range(w.shape[3])
            ],
            axis=-1,
        )
        for image in x
    ]
    return np.stack(images)[:, ::stride, ::stride]


def cases(rng):
    def case(told, x, w, stride=1, padding=0, square=False):
        given = rng.normal(size=x), rng.normal(size=w), stride, padding
        sizes = {"number of channels": x[3], "batch": x[0]}
        return Case(told, given, by_scipy(*given), sizes=sizes, square=square)

    yield case("3×3, kernel 2×2, one channel", (1, 3, 3, 1), (2, 2, 1, 1), square=True)
    yield case("4×6, kernel 3×2", (1, 4, 6, 1), (3, 2, 1, 1))
    yield case("3 channels in, 2 out", (1, 4, 5, 3), (2, 3, 3, 2))
    yield case("2 images", (2, 5, 4, 2), (3, 3, 2, 3))
    yield case("padding of 1", (1, 4, 5, 1), (3, 3, 1, 1), padding=1)
    yield case("stride 2, that comes out even", (1, 5, 7, 2), (3, 3, 2, 1), stride=2)
    yield case("stride 2, a row and a column left over", (1, 6, 8, 2), (3, 3, 2, 1), stride=2)
    yield case("stride 3, padding 2, kernel 4×3", (2, 7, 9, 3), (4, 3, 3, 2), stride=3, padding=2)
    yield case("kernel 1×1: a matrix at each pixel", (2, 3, 4, 3), (1, 1, 3, 5))
    yield case("a kernel as large as the image", (1, 3, 4, 2), (3, 4, 2, 2))


def trial(function):
    def at_work(x, w, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
        return np.asarray(function(x, w, stride[0], padding[0]), x.dtype)

    rng = np.random.default_rng(2)
    model = nn.Sequential(
        *(nn.Conv2d(2, 4, 3, padding=1, rng=rng), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2, rng=rng)),
        *(nn.ReLU(), nn.GlobalAveragePool(), nn.Linear(4, 3, rng=rng)),
    )
    x, labels = rng.normal(size=(6, 8, 7, 2)).astype("f"), np.arange(6) % 3
    optimizer, losses = xm.optim.Adam(model.parameters(), lr=0.02), []
    with overridden("tinyxm_kernels:conv2d", function and at_work):
        for _ in range(5):
            loss = xm.ops.cross_entropy(model(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def right(x, w, stride, padding):
    return by_scipy(x, w, stride, padding)


def flipped(x, w, stride, padding):
    return right(x, w[::-1, ::-1], stride, padding)


def no_padding(x, w, stride, padding):
    return right(x, w, stride, 0)


def two_sides(x, w, stride, padding):
    return right(np.pad(x, ((0, 0), (padding, 0), (padding, 0), (0, 0))), w, stride, 0)


def no_stride(x, w, stride, padding):
    return right(x, w, 1, padding)


def rows_alone(x, w, stride, padding):
    return right(x, w, 1, padding)[:, ::stride]


def one_too_few(x, w, stride, padding):
    return right(x, w, stride, padding)[:, :-1, :-1]


def first_channel(x, w, stride, padding):
    return right(x[..., :1], w[:, :, :1], stride, padding)


def mean_of_channels(x, w, stride, padding):
    return right(x, w, stride, padding) / x.shape[3]


def taps_turned(x, w, stride, padding):
    return right(x, np.swapaxes(w, 0, 1), stride, padding)


def stretched(x, w, stride, padding):
    """x̄[p + i · stride]: the stride taken for a dilation."""
    wide = np.zeros(((len(w) - 1) * stride + 1, (w.shape[1] - 1) * stride + 1, *w.shape[2:]))
    wide[::stride, ::stride] = w
    return right(x, wide, 1, padding)


EXERCISE = Exercise(
    title="a convolution",
    lesson="29_convolution",
    points=3,
    function="conv2d",
    hints=(
        "np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0))) makes x̄. Then y begins as zeros of its "
        "right shape, and each tap (i, j) adds something to all of it.",
        "Which pixels does the tap (i, j) meet? Of the rows i, i + stride, i + 2 · stride, …, as many as y has: "
        "x̄[:, i : i + rows · stride : stride, …]; the columns likewise.",
        "y += x̄[:, i : i + (rows − 1) · stride + 1 : stride, j : j + (columns − 1) · stride + 1 : stride] @ w[i, j]: "
        "w[i, j] is a matrix (in, out), so @ sums over the channels.",
    ),
    cases=cases,
    traps=(
        Trap("the kernel is turned around: networks mean i and i, not i and −i", flipped),
        Trap("the padding is left out", no_padding),
        Trap("the zeros are on two sides only: all four get them", two_sides),
        Trap("the stride is left out", no_stride),
        Trap("the stride is taken over rows only", rows_alone),
        Trap("a row and a column too few: ⌊…⌋ + 1", one_too_few),
        Trap("only the first channel is seen: sum over all of them", first_channel),
        Trap("the mean over the channels is taken, not their sum", mean_of_channels),
        Trap("the kernel's rows and columns are exchanged", taps_turned),
        Trap("the stride is between the taps of the kernel: it is between its places", stretched),
    ),
    trial=trial,
    trial_told="a network that sees by it, trained for 5 steps",
)
