"""What exercise 7 is checked by: the sum written as it stands; and a network whose layers learn by it."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def summed(g, x):
    return np.einsum("...i,...o->...io", x, g).sum(axis=tuple(range(x.ndim - 1)))


def cases(rng):
    x, g = np.array([[1.0, 2.0]]), np.array([[10.0, 0.0, -1.0]])
    yield Case("one row, W 2 by 3", (g, x), np.array([[10.0, 0.0, -1.0], [20.0, 0.0, -2.0]]))
    for rows, inputs, outputs in ((4, 2, 3), (4, 4, 4), (6, 1, 2), (5, 3, 1)):
        g, x = rng.normal(size=(rows, outputs)), rng.normal(size=(rows, inputs))
        yield Case(
            f"{rows} rows, W {inputs} by {outputs}",
            (g, x),
            summed(g, x),
            sizes={"number of rows": rows},
            square=rows == inputs,
        )
    g, x = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 4))
    yield Case("2 texts of 5 tokens, W 4 by 3", (g, x), summed(g, x), sizes={"texts": 2, "tokens": 10})
    g, x = rng.normal(size=3), rng.normal(size=2)
    yield Case("a single row without an axis for rows", (g, x), summed(g, x))
    yield Case("no rows at all", (np.zeros((0, 3)), np.zeros((0, 2))), np.zeros((2, 3)))


def trial(function):
    """The weights of two layers after 20 steps of training."""
    rng = np.random.default_rng(7)
    x, t = rng.normal(size=(16, 4)).astype(np.float32), rng.integers(0, 3, 16)
    model = nn.Sequential(nn.Linear(4, 5, rng=rng), nn.Tanh(), nn.Linear(5, 3, rng=rng))
    optimizer = xm.optim.GradientDescent(model.parameters(), lr=0.3)
    with overridden("tinyxm.ops.linear:_linear/w", function):
        for _ in range(20):
            optimizer.zero_grad()
            xm.ops.cross_entropy(model(x), t).backward()
            optimizer.step()
    return [parameter.data for parameter in model.parameters()]


def transposed(g, x):
    return summed(g, x).T


def averaged(g, x):
    return summed(g, x) / max(x.size // x.shape[-1], 1)


def of_a_matrix_alone(g, x):
    return x.T @ g


def sums_first(g, x):
    rows = tuple(range(x.ndim - 1))
    return np.outer(x.sum(axis=rows), g.sum(axis=rows))


def first_row(g, x):
    return np.outer(x.reshape(-1, x.shape[-1])[0], g.reshape(-1, g.shape[-1])[0])


def not_transposed(g, x):
    return x @ g


EXERCISE = Exercise(
    title="a linear layer's weights learn",
    lesson="06_layers",
    points=2,
    function="weight_gradient",
    hints=(
        "Begin with one row: y[o] = Σ_i x[i] W[i, o]. How much does y[o] change with W[i, o]? What, then, does L?",
        "One row gives x[i] g[o] for every i and o. The sum over the rows of these is a product of two matrices.",
        "For x (rows, inputs) and g (rows, outputs) it is x.T @ g. More axes in front are rows, too: reshape both "
        "to (-1, their last axis) before.",
    ),
    cases=cases,
    trial=trial,
    trial_told="a network of two layers that learns by it",
    traps=(
        Trap("it is right, but transposed: W is (inputs, outputs)", transposed),
        Trap("no mean here: a mean, if there is one, is the loss's, and already in g", averaged),
        Trap(
            "x may have more axes in front, or none: make rows of them first, x.reshape(-1, x.shape[-1]), and of g too",
            of_a_matrix_alone,
        ),
        Trap("multiply first, row by row, then sum: Σ x g isn't Σ x · Σ g", sums_first),
        Trap("only the first row is counted: every row uses W", first_row),
        Trap("x must be transposed: the rows are what is summed over", not_transposed),
    ),
)
