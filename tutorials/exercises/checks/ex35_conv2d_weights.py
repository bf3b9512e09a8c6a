"""What exercise 35 is checked by: the loss is linear in each weight, so its change for 1 is its gradient."""

import numpy as np

import tinyxm as xm
import tinyxm_kernels as kernels
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def weight_by_weight(g, x, w_shape, stride, padding):
    gradient = np.zeros(w_shape)
    for place in np.ndindex(*w_shape):
        w = np.zeros(w_shape)
        w[place] = 1
        with kernels.using("conv2d=reference"):
            gradient[place] = np.sum(g * kernels.conv2d(x, w, (stride, stride), (padding, padding)))
    return gradient


def cases(rng):
    def case(told, x, w, stride=1, padding=0, square=False):
        images = rng.normal(size=x)
        y = kernels.conv2d(images, np.zeros(w), (stride, stride), (padding, padding))
        given = rng.normal(size=y.shape), images, w, stride, padding
        sizes = {"batch": x[0], "number of places": y.shape[1] * y.shape[2]}
        return Case(told, given, weight_by_weight(*given), sizes=sizes, square=square)

    yield case("3×3, kernel 2×2, one channel", (1, 3, 3, 1), (2, 2, 1, 1), square=True)
    yield case("4×6, kernel 3×2", (1, 4, 6, 1), (3, 2, 1, 1))
    yield case("3 channels in, 2 out", (1, 4, 5, 3), (2, 3, 3, 2))
    yield case("2 images", (2, 5, 4, 2), (3, 3, 2, 3))
    yield case("padding of 1", (1, 4, 5, 1), (3, 3, 1, 1), padding=1)
    yield case("stride 2, a row and a column left over", (1, 6, 8, 2), (3, 3, 2, 1), stride=2)
    yield case("stride 3, padding 2, kernel 4×3", (2, 7, 9, 3), (4, 3, 3, 2), stride=3, padding=2)
    yield case("kernel 1×1: a matrix's gradient", (2, 3, 4, 3), (1, 1, 3, 5))


def trial(function):
    def adjoint(g, x, w_shape, stride, padding, dilation, groups):
        return np.asarray(function(g, x, w_shape, stride[0], padding[0]), g.dtype)

    rng = np.random.default_rng(2)
    model = nn.Sequential(
        *(nn.Conv2d(2, 4, 3, padding=1, rng=rng), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2, rng=rng)),
        *(nn.ReLU(), nn.GlobalAveragePool(), nn.Linear(4, 3, rng=rng)),
    )
    x, labels = rng.normal(size=(6, 8, 7, 2)).astype("f"), np.arange(6) % 3
    optimizer, losses = xm.optim.Momentum(model.parameters(), lr=0.1), []
    with overridden("tinyxm.ops.conv:_conv2d/w", function and adjoint):
        for _ in range(6):
            loss = xm.ops.cross_entropy(model(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def tap_by_tap(g, x, w_shape, stride, padding, join="npqc,npqo->co", step=None, offset=lambda i, j: (i, j)):
    """The sum, with something else in one of its places."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    step, (rows, columns) = step or stride, g.shape[1:3]
    gradient = np.zeros(w_shape)
    for i, j in np.ndindex(*w_shape[:2]):
        a, b = offset(i, j)
        met = x[:, a : a + (rows - 1) * step + 1 : step, b : b + (columns - 1) * step + 1 : step]
        gradient[i, j] = np.einsum(join, met, g)
    return gradient


def mean_of_batch(g, x, w_shape, stride, padding):
    return tap_by_tap(g, x, w_shape, stride, padding) / len(x)


def mean_of_places(g, x, w_shape, stride, padding):
    return tap_by_tap(g, x, w_shape, stride, padding) / (g.shape[1] * g.shape[2])


def first_image(g, x, w_shape, stride, padding):
    return tap_by_tap(g[:1], x[:1], w_shape, stride, padding)


def flipped(g, x, w_shape, stride, padding):
    return tap_by_tap(g, x, w_shape, stride, padding)[::-1, ::-1]


def no_padding(g, x, w_shape, stride, padding):
    inside = np.pad(x, ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0)))
    return tap_by_tap(g, inside, w_shape, stride, 0)


def no_stride(g, x, w_shape, stride, padding):
    return tap_by_tap(g, x, w_shape, stride, padding, step=1)


def taps_by_stride(g, x, w_shape, stride, padding):
    wide = np.pad(x, ((0, 0), (0, 9), (0, 9), (0, 0)))  # so that it ends nowhere
    return tap_by_tap(g, wide, w_shape, stride, padding, offset=lambda i, j: (i * stride, j * stride))


def taps_turned(g, x, w_shape, stride, padding):
    wide = np.pad(x, ((0, 0), (0, 9), (0, 9), (0, 0)))
    return tap_by_tap(g, wide, w_shape, stride, padding, offset=lambda i, j: (j, i))


def channels_turned(g, x, w_shape, stride, padding):
    return np.swapaxes(tap_by_tap(g, x, w_shape, stride, padding), 2, 3)


def first_place(g, x, w_shape, stride, padding):
    return tap_by_tap(g[:, :1, :1], x, w_shape, stride, padding)


EXERCISE = Exercise(
    title="what a convolution's weights learn",
    lesson="29_convolution",
    points=4,
    function="conv2d_weight_gradient",
    hints=(
        "For the tap (i, j) it is a product of two matrices: the pixels that the tap met, and g, at the same places.",
        "The tap met the rows i, i + stride, …, as many as g has: x̄[:, i : i + (rows − 1) · stride + 1 : stride, …], "
        "which has the shape (batch, rows, columns, in).",
        "met.reshape(-1, in).T @ g.reshape(-1, out) sums over images and places, and is (in, out): that is "
        "gradient[i, j].",
    ),
    cases=cases,
    traps=(
        Trap("the mean over the images is taken: what the loss averages is in g already", mean_of_batch),
        Trap("the mean over the places is taken: a weight's gradient is the sum", mean_of_places),
        Trap("only the first image is looked at", first_image),
        Trap("the kernel's gradient is turned around: tap i meets pixel p · stride + i", flipped),
        Trap("the padding is left out: x̄ begins with zeros", no_padding),
        Trap("the stride is left out: neighbouring results are stride pixels apart", no_stride),
        Trap("the stride is between the taps: it is between the places of g", taps_by_stride),
        Trap("the kernel's rows and columns are exchanged", taps_turned),
        Trap("the channels are exchanged: (in, out)", channels_turned),
        Trap("only the first place of g is looked at: sum over all of them", first_place),
    ),
    trial=trial,
    trial_told="as the package's adjoint, in a training of 6 steps",
)
