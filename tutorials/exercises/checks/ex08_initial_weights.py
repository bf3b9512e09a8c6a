"""What exercise 8 is checked by: statistics of the weights, and how deep a signal lives by them."""

import numpy as np

from tinyxm.course import Case, Exercise, Trap
from tinyxm.nn import init


def judge(inputs, outputs, variance):
    """Says what is wrong with weights that should have this variance."""

    def judged(got):
        w = np.asarray(got)
        if w.shape != (inputs, outputs):
            return f"got the shape {w.shape}, expected {(inputs, outputs)}"
        if not np.isfinite(w).all():
            return "there is NaN or infinity in it"
        if len(np.unique(w)) < 0.99 * w.size:
            return f"only {len(np.unique(w))} of {w.size} weights differ: units that start alike stay alike"
        if abs(w.mean()) > 5 * np.sqrt(variance / w.size):
            return f"the mean is {w.mean():.4f}, expected about 0"
        if abs(w.var() / variance - 1) > 5 * np.sqrt(2 / w.size):
            return f"the variance is {w.var():.5f}, expected about {variance:.5f}, {w.var() / variance:.2f} times it"
        return None

    return judged


def cases(rng):
    for activation in ("tanh", "relu"):
        for inputs, outputs in ((200, 200), (400, 50), (50, 400), (1, 2000)):
            variance = 2 / inputs if activation == "relu" else 2 / (inputs + outputs)
            told = f'"{activation}", {inputs} inputs, {outputs} outputs'
            given = inputs, outputs, activation, np.random.default_rng(int(rng.integers(1000)))
            yield Case(told, given, judge(inputs, outputs, variance), square=inputs == outputs)


def trial(function):
    """Whether a signal lives through 30 layers, and what a seed does."""

    def package(inputs, outputs, activation, rng):
        rule = init.he_normal if activation == "relu" else init.xavier_normal
        return rule((inputs, outputs), rng)

    def size_after(layers, activation):
        rng = np.random.default_rng(8)
        h = rng.normal(size=(100, 150))
        first = np.sqrt(np.mean(h**2))
        for _ in range(layers):
            h = h @ weights(150, 150, activation, rng)
            h = np.maximum(h, 0) if activation == "relu" else np.tanh(h)
        return np.sqrt(np.mean(h**2)) / first

    weights = function or package
    one, again, other = (weights(3, 4, "relu", np.random.default_rng(seed)) for seed in (0, 0, 1))
    return {
        "ReLU: after 30 layers the signal is a fifth to five times its size": bool(0.2 < size_after(30, "relu") < 5),
        "tanh: after 30 layers a tenth of it, at least, is left": bool(0.1 < size_after(30, "tanh") < 1),
        "one seed gives one set of weights": bool(np.array_equal(one, again)),
        "another seed gives others": not np.array_equal(one, other),
    }


def rule(inputs, outputs, activation):
    return 2 / inputs if activation == "relu" else 2 / (inputs + outputs)


def deviation_is_variance(inputs, outputs, activation, rng):
    return rng.normal(0, rule(inputs, outputs, activation), (inputs, outputs))


def no_two(inputs, outputs, activation, rng):
    variance = 1 / inputs if activation == "relu" else 1 / (inputs + outputs)
    return rng.normal(0, np.sqrt(variance), (inputs, outputs))


def by_outputs(inputs, outputs, activation, rng):
    variance = 2 / outputs if activation == "relu" else 2 / (inputs + outputs)
    return rng.normal(0, np.sqrt(variance), (inputs, outputs))


def xavier_alone(inputs, outputs, activation, rng):
    return rng.normal(0, np.sqrt(2 / (inputs + outputs)), (inputs, outputs))


def exchanged(inputs, outputs, activation, rng):
    return rng.normal(0, np.sqrt(rule(inputs, outputs, "tanh" if activation == "relu" else "relu")), (inputs, outputs))


def deviation_as_bound(inputs, outputs, activation, rng):
    bound = np.sqrt(rule(inputs, outputs, activation))
    return rng.uniform(-bound, bound, (inputs, outputs))


def positive_alone(inputs, outputs, activation, rng):
    return rng.uniform(0, np.sqrt(3 * rule(inputs, outputs, activation)), (inputs, outputs))


def all_zero(inputs, outputs, activation, rng):
    return np.zeros((inputs, outputs))


def transposed(inputs, outputs, activation, rng):
    return rng.normal(0, np.sqrt(rule(inputs, outputs, activation)), (outputs, inputs))


def one_column(inputs, outputs, activation, rng):
    return np.tile(rng.normal(0, np.sqrt(rule(inputs, outputs, activation)), (inputs, 1)), outputs)


def seed_of_its_own(inputs, outputs, activation, rng):
    return np.random.default_rng(0).normal(0, np.sqrt(rule(inputs, outputs, activation)), (inputs, outputs))


EXERCISE = Exercise(
    title="weights that keep the signal alive",
    lesson="07_initialisation",
    points=2,
    function="initial_weights",
    hints=(
        "First the variance, by the activation. Then draw: rng.normal takes the deviation, which is its root.",
        "rng.normal(mean, deviation, shape). A uniform distribution from −b to b has the variance b² / 3.",
        'variance = 2 / inputs if activation == "relu" else 2 / (inputs + outputs); return rng.normal(0, '
        "np.sqrt(variance), (inputs, outputs)).",
    ),
    cases=cases,
    trial=trial,
    trial_told="30 layers of it, and its seeds",
    traps=(
        Trap("rng.normal takes the deviation: give it the root of the variance", deviation_is_variance),
        Trap("the 2 is missing: ReLU halves the signal, and Xavier's is the mean of the two sides", no_two),
        Trap("He's rule goes by the inputs, whose products are added up, not by the outputs", by_outputs),
        Trap("ReLU lets half of the signal through: it needs He's variance, 2 / inputs", xavier_alone),
        Trap("the rules are exchanged: He's is for ReLU, Xavier's for tanh", exchanged),
        Trap("a uniform from −b to b has the variance b² / 3: b is √3 times the deviation", deviation_as_bound),
        Trap("the weights are all positive: draw them around 0", positive_alone),
        Trap("with all weights 0 nothing comes through, and all units stay alike", all_zero),
        Trap("it is (inputs, outputs), not (outputs, inputs)", transposed),
        Trap("each unit needs weights of its own: drawn once for all, they stay alike", one_column),
        Trap("chance must come from rng: with a seed of its own, every layer starts the same", seed_of_its_own),
    ),
)
