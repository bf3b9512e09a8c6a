"""What exercise 32 is checked by: pairs counted one by one, and the package's metrics."""

from itertools import combinations

import numpy as np

from tinyxm import metrics
from tinyxm.course import Case, Exercise, Trap


def by_the_package(x, y):
    return metrics.alignment(x, y), metrics.uniformity(x)


def cases(rng):
    def case(told, x, y, expected=None):
        given = np.array(x, float), np.array(y, float)
        sizes = {"number of rows": len(given[0])}
        return Case(told, given, expected or by_the_package(*given), sizes=sizes)

    yield case("2 rows at right angles, pairs equal", [[1, 0], [0, 1]], [[1, 0], [0, 1]], (0.0, -4.0))
    yield case("2 rows, each pair opposed", [[1, 0], [0, 1]], [[-1, 0], [0, -1]], (4.0, -4.0))
    yield case("rows longer than 1", [[3, 0], [0, 5], [2, 0]], [[0, 2], [0, 7], [1, 0]])
    yield case("all one point: collapsed", np.ones((4, 3)), np.ones((4, 3)), (0.0, 0.0))
    yield case("3 rows of 3", rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
    x = rng.normal(size=(30, 8))
    yield case("30 rows, true pairs near one another", x, x + 0.3 * rng.normal(size=x.shape))
    narrow = np.ones(5) + 0.05 * rng.normal(size=(20, 5))
    yield case("20 rows in a narrow cone: nearly collapsed", narrow, narrow + 0.05 * rng.normal(size=narrow.shape))


def unit(a):
    return a / np.linalg.norm(a, axis=1, keepdims=True)


def pairs(x):
    return np.array([np.sum((a - b) ** 2) for a, b in combinations(x, 2)])


def wrong_somewhere(
    scale=unit,
    align=lambda x, y: np.mean(np.sum((x - y) ** 2, axis=1)),
    even=lambda x, y: np.log(np.mean(np.exp(-2 * pairs(x)))),
):
    def answer(x, y):
        x, y = scale(x), scale(y)
        return align(x, y), even(x, y)

    return answer


def with_itself(x, y):
    return np.log(np.mean(np.exp(-2 * np.sum((x[:, None] - x) ** 2, axis=2))))


EXERCISE = Exercise(
    title="alignment and uniformity, the alarm for a collapse",
    lesson="27_the_failure_lab",
    points=3,
    function="alignment_and_uniformity",
    hints=(
        "Lengths first: np.linalg.norm(x, axis=1, keepdims=True). Alignment needs row i of both; uniformity each row "
        "of x with each other one.",
        "‖x̂_i − x̂_j‖² = 2 − 2 x̂_i · x̂_j, and x̂ @ x̂.T has all of the products. np.triu_indices(n, k=1) are the "
        "places with i < j.",
        "A = np.mean(np.sum((x − y)**2, axis=1)); U = np.log(np.mean(np.exp(−2 · apart))), apart the squared distances "
        "above the diagonal.",
    ),
    cases=cases,
    traps=(
        Trap("the vectors aren't divided by their lengths", wrong_somewhere(scale=lambda a: a)),
        Trap(
            "divided by the lengths of columns: a vector is a row",
            wrong_somewhere(scale=lambda a: a / np.linalg.norm(a, axis=0, keepdims=True)),
        ),
        Trap(
            "each row is compared with itself, too: only pairs of two different ones count",
            wrong_somewhere(even=with_itself),
        ),
        Trap(
            "the mean of the logarithms: it is the logarithm of the mean",
            wrong_somewhere(even=lambda x, y: np.mean(-2 * pairs(x))),
        ),
        Trap(
            "the distances of the uniformity aren't squared",
            wrong_somewhere(even=lambda x, y: np.log(np.mean(np.exp(-2 * np.sqrt(pairs(x)))))),
        ),
        Trap(
            "the distances of the alignment aren't squared",
            wrong_somewhere(align=lambda x, y: np.mean(np.linalg.norm(x - y, axis=1))),
        ),
        Trap(
            "the 2 in the exponent is missing: exp(−2 ‖…‖²)",
            wrong_somewhere(even=lambda x, y: np.log(np.mean(np.exp(-pairs(x))))),
        ),
        Trap(
            "the alignment is averaged over the dimensions, too: sum over them, average over the rows",
            wrong_somewhere(align=lambda x, y: np.mean((x - y) ** 2)),
        ),
        Trap(
            "every x with every y: in the alignment only true pairs count, row i with row i",
            wrong_somewhere(align=lambda x, y: np.mean(np.sum((x[:, None] - y) ** 2, axis=2))),
        ),
        Trap(
            "the uniformity is of x with y: it is of x alone, each row with each other",
            wrong_somewhere(even=lambda x, y: np.log(np.mean(np.exp(-2 * np.sum((x[:, None] - y) ** 2, axis=2))))),
        ),
    ),
)
