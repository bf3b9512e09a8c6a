"""What exercise 12 is checked by: the package's clipping; and a recurrent training that explodes without it."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_package(gradients, limit):
    parameters = [xm.Parameter(np.zeros_like(g)) for g in gradients]
    for parameter, g in zip(parameters, gradients, strict=True):
        parameter.grad = g.copy()
    norm = xm.optim.clip_by_norm(parameters, limit)
    return [parameter.grad for parameter in parameters], norm


def cases(rng):
    yield Case("(3, 4), whose norm is 5, held to 1", ([np.array([3.0, 4.0])], 1.0), ([np.array([0.6, 0.8])], 5.0))
    two = [np.array([3.0]), np.array([[4.0]])]
    yield Case("the same numbers in two gradients", (two, 1.0), ([np.array([0.6]), np.array([[0.8]])], 5.0))
    yield Case("a norm below the limit", (two, 10.0), (two, 5.0))
    yield Case("a norm that is the limit", (two, 5.0), (two, 5.0))
    layers = [rng.normal(size=shape) for shape in ((4, 3), (3,), (3, 2), (2,))]
    yield Case("four layers", (layers, 0.5), by_the_package(layers, 0.5))
    one_large = [rng.normal(size=5), 1000 * rng.normal(size=5)]
    yield Case("one layer explodes", (one_large, 2.0), by_the_package(one_large, 2.0))
    yield Case("gradients of 0", ([np.zeros(3), np.zeros((2, 2))], 1.0), ([np.zeros(3), np.zeros((2, 2))], 0.0))
    huge = [np.array([3e25, 4e25], np.float32)]
    yield Case("1e25 in float32", (huge, 1.0), ([np.array([0.6, 0.8])], 5e25))


def trial(function):
    """The weights of a recurrence of 12 steps trained with clipping; without it they are soon far off."""

    def clip(parameters, limit):
        parameters = list(parameters)
        clipped, norm = function([parameter.grad for parameter in parameters], limit)
        for parameter, g in zip(parameters, clipped, strict=True):
            parameter.grad = np.asarray(g, parameter.data.dtype)
        return norm

    rng = np.random.default_rng(12)
    w, b = xm.Parameter(1.5 * rng.normal(size=(3, 3))), xm.Parameter(np.zeros(3))
    start, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    optimizer = xm.optim.GradientDescent([w, b], lr=0.05)
    with overridden("tinyxm.optim:clip_by_norm", function and clip):
        for _ in range(15):
            optimizer.zero_grad()
            h = start
            for _ in range(12):
                h = h @ w + b
            np.mean((h - t) ** 2).backward()
            xm.optim.clip_by_norm([w, b], 1.0)
            optimizer.step()
    return w.data, b.data


def norm_of(gradients):
    return np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients))


def each_alone(gradients, limit):
    norms = [norm_of([g]) for g in gradients]
    return [g * min(1.0, limit / max(n, 1e-300)) for g, n in zip(gradients, norms, strict=True)], norm_of(gradients)


def by_value(gradients, limit):
    return [np.clip(g, -limit, limit) for g in gradients], norm_of(gradients)


def stretched(gradients, limit):
    norm = norm_of(gradients)
    return [g * limit / norm for g in gradients], norm


def norms_added(gradients, limit):
    norm = sum(norm_of([g]) for g in gradients)
    return [g * min(1.0, limit / max(norm, 1e-300)) for g in gradients], norm


def no_root(gradients, limit):
    norm = norm_of(gradients) ** 2
    return [g * min(1.0, limit / max(norm, 1e-300)) for g in gradients], norm


def sizes_added(gradients, limit):
    norm = sum(np.abs(g.astype(np.float64)).sum() for g in gradients)
    return [g * min(1.0, limit / max(norm, 1e-300)) for g in gradients], norm


def norm_after(gradients, limit):
    norm = norm_of(gradients)
    clipped = [g * min(1.0, limit / max(norm, 1e-300)) for g in gradients]
    return clipped, norm_of(clipped)


def overflowing(gradients, limit):
    norm = np.sqrt(sum(np.sum(g * g) for g in gradients))
    return [g * (limit / norm if norm > limit else 1.0) for g in gradients], norm


def to_length_one(gradients, limit):
    norm = norm_of(gradients)
    return [g / norm if norm > limit else g for g in gradients], norm


EXERCISE = Exercise(
    title="clipping by the norm of all",
    lesson="11_clipping",
    points=2,
    function="clip_by_norm",
    hints=(
        "First one number, the norm of everything; then one factor; then a new list.",
        "Add the sums of squares of all gradients, each as g.astype(np.float64), and take the root once. The factor is "
        "limit / norm where norm > limit, and 1 otherwise.",
        "norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients)); factor = limit / norm if norm > "
        "limit else 1.0; return [g * factor for g in gradients], norm.",
    ),
    cases=cases,
    returns=("clipped", "norm"),
    trial=trial,
    trial_told="a recurrence of 12 steps trained with it",
    traps=(
        Trap("one norm over all gradients together: each by its own changes the direction", each_alone),
        Trap("that clips each element, and turns the direction: multiply all by one factor", by_value),
        Trap("what is short stays as it is: clipping never stretches", stretched),
        Trap("add the squares of all, then take the root once: norms don't add up", norms_added),
        Trap("the root is missing: the norm is √Σ g²", no_root),
        Trap("the norm is the root of the sum of squares, not the sum of sizes", sizes_added),
        Trap("the norm returned is that before clipping: after it, an explosion can't be seen", norm_after),
        Trap("float32 can't hold such squares: add them in float64", overflowing),
        Trap("held to a norm of 1, not to the limit: multiply by limit / norm", to_length_one),
    ),
)
