"""What exercise 10 is checked by: the tape, along the logarithms of the softmax; and a network that learns by it."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_tape(logits, labels):
    a = xm.Tensor(logits.astype(float), requires_grad=True)
    (-np.sum(xm.ops.log_softmax(a) * np.eye(logits.shape[1])[labels]) / len(labels)).backward()
    return a.grad


def cases(rng):
    yield Case("one row, all scores alike", (np.zeros((1, 4)), np.array([2])), np.array([[0.25, 0.25, -0.75, 0.25]]))
    for n, classes in ((6, 3), (4, 4), (5, 2)):
        logits, labels = rng.normal(size=(n, classes)), rng.integers(0, classes, n)
        sizes = {"batch": n, "number of classes": classes}
        told = f"{n} rows of {classes} classes"
        yield Case(told, (logits, labels), by_the_tape(logits, labels), sizes=sizes, square=n == classes)
    logits, labels = rng.normal(size=(3, 5)), np.array([1, 1, 1])
    yield Case("rows of one class", (logits, labels), by_the_tape(logits, labels), sizes={"batch": 3})
    large = np.array([[1000.0, 0.0, 999.0], [-1000.0, -1001.0, 0.0]])
    yield Case("scores of about 1,000", (large, np.array([0, 1])), by_the_tape(large, np.array([0, 1])))
    yield Case("a single class: nothing to learn", (np.ones((2, 1)), np.array([0, 0])), np.zeros((2, 1)))


def trial(function):
    """The losses of a network whose classifier learns by the answer."""

    def adjoint(g, logits, labels):
        return g[:, None] * len(labels) * function(logits, labels)

    rng = np.random.default_rng(10)
    x, t = rng.normal(size=(32, 4)).astype(np.float32), rng.integers(0, 3, 32)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.Linear(8, 3, rng=rng))
    optimizer, losses = xm.optim.GradientDescent(model.parameters(), lr=0.5), []
    with overridden("tinyxm.ops.cross_entropy:_cross_entropies_adjoint", function and adjoint):
        for _ in range(20):
            optimizer.zero_grad()
            loss = xm.ops.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def no_mean(logits, labels):
    return softmax(logits) - one_hot(logits, labels)


def over_all_elements(logits, labels):
    return (softmax(logits) - one_hot(logits, labels)) / logits.size


def truth_alone(logits, labels):
    return -one_hot(logits, labels) / len(labels)


def of_probabilities(logits, labels):
    return -one_hot(logits, labels) / softmax(logits) / len(labels)


def the_other_way(logits, labels):
    return (one_hot(logits, labels) - softmax(logits)) / len(labels)


def overflowing(logits, labels):
    e = np.exp(logits)
    return (e / e.sum(axis=1, keepdims=True) - one_hot(logits, labels)) / len(labels)


def one_largest(logits, labels):
    return overflowing(logits - logits.max(), labels)


def scores_not_probabilities(logits, labels):
    return (logits - one_hot(logits, labels)) / len(labels)


def down_columns(logits, labels):
    return (softmax(logits.T).T - one_hot(logits, labels)) / len(labels)


def label_columns(logits, labels):
    p = softmax(logits)
    p[:, labels] -= 1
    return p / len(labels)


def sigmoids(logits, labels):
    return (1 / (1 + np.exp(-logits)) - one_hot(logits, labels)) / len(labels)


EXERCISE = Exercise(
    title="what a classifier learns from",
    lesson="08_losses",
    points=3,
    function="cross_entropy_gradient",
    hints=(
        "Three steps: p, the softmax of each row; 1 taken from each row's right class; all divided by n.",
        "p[np.arange(n), labels] picks one number a row. For p subtract each row's largest score before np.exp.",
        "e = np.exp(logits - logits.max(axis=1, keepdims=True)); p = e / e.sum(axis=1, keepdims=True); "
        "p[np.arange(len(labels)), labels] -= 1; return p / len(labels).",
    ),
    cases=cases,
    trial=trial,
    trial_told="a network whose classifier learns by it",
    traps=(
        Trap("the loss is a mean over the rows: 1/n is missing", no_mean),
        Trap("the mean is over rows, n of them, not over all n · classes numbers", over_all_elements),
        Trap("what was said is missing: p − one-hot, also for the wrong classes", truth_alone),
        Trap("that is the gradient for the probabilities p; those for the scores a are asked for", of_probabilities),
        Trap("the sign is wrong: it is what was said less what was true, p − one-hot", the_other_way),
        Trap("exp overflows: subtract each row's largest score first", overflowing),
        Trap("subtract each row's own largest score: by that of another row all its exps may be 0", one_largest),
        Trap("the scores aren't probabilities: softmax is missing", scores_not_probabilities),
        Trap("each row is a distribution: the sum of exps is over classes, axis=1, not down the columns", down_columns),
        Trap("p[:, labels] takes whole columns: one number a row is p[np.arange(n), labels]", label_columns),
        Trap("that is a sigmoid of each score: the classes share one softmax", sigmoids),
    ),
)
