"""Retrievals: which are shown, and that the sheet shows what it was given, without a warning (they are errors here)."""

import io

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from tinyxm.training.plots import on_white
from tinyxm.training.retrievals import Answer, Retrieval, best_and_worst, retrievals


def drawn(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=50)
    return np.asarray(Image.open(data).convert("RGB"))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def frames(figure):
    return [patch for axes in figure.axes for patch in axes.patches if isinstance(patch, Rectangle)]


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 4), dtype=np.uint8)


def test_best_and_worst_are_by_rank_and_then_by_margin():
    # d comes second to last although its answer is further from the best than c's
    similarity = np.array([[0.9, 0.1, 0.2, 0.3], [0.5, 0.6, 0.1, 0.2], [0.4, 0.3, 0.25, 0.35], [0.1, 0.2, 0.9, 0.1]])
    names = ["a", "b", "c", "d"]
    best, worst = best_and_worst(similarity, names, names, count=2, top=2)
    assert [(row.query, row.rank) for row in best] == [("a", 1), ("b", 1)]
    assert [(row.query, row.rank) for row in worst] == [("c", 4), ("d", 3)]
    assert [(answer.name, answer.right) for answer in worst[0].answers] == [("a", False), ("d", False)]
    assert worst[0].missed == Answer("c", 0.25, None, True)
    assert [(answer.name, answer.right) for answer in best[1].answers] == [("b", True), ("a", False)]
    assert best[1].missed is None
    with pytest.raises(ValueError, match="sizes differ"):
        best_and_worst(similarity, names, names[:3])


def test_the_right_answer_is_framed_wherever_it_came(pictures):
    near = Retrieval("cat", [Answer("dog", 0.9, pictures[0]), Answer("cat", 0.8, pictures[1], right=True)], rank=2)
    far = Retrieval(pictures[2], [Answer("dog", 0.9), Answer("cow", 0.8)], rank=17, missed=Answer("cat", 0.1))
    own = Retrieval("red heart", [Answer("dog", 0.9, pictures[0])])
    figure = retrievals([near, far, own])
    drawn(figure)
    assert len(frames(figure)) == 2
    assert {"cat", "dog", "cow", "red heart", "1 · 0.90", "17 · 0.10", "right answer"} <= set(texts(figure))
    assert not frames(retrievals([own]))
    with pytest.raises(ValueError, match="retrievals: nothing to show"):
        retrievals([])


def test_many_answers_go_on_beneath_and_odd_texts_are_drawn(pictures):
    answers = [Answer(f"name {i} $x_{i}$ ❤\ufe0f 猫", 0.5, pictures[i % 6]) for i in range(12)]
    one, twelve = (retrievals([Retrieval("$\\frac{1}$ \U0001f600", answers[:n])]) for n in (5, 12))
    assert one.get_figwidth() == twelve.get_figwidth()
    assert twelve.get_figheight() > 2 * one.get_figheight()
    assert len(twelve.axes[0].images) == 12
    drawn(twelve)


def test_pictures_keep_their_proportions_and_lie_on_white():
    wide = np.zeros((10, 40, 4), np.uint8)
    figure = retrievals([Retrieval(wide, [Answer("a", 1.0)])])
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(4)
    np.testing.assert_array_equal(on_white(wide), 1.0)
    np.testing.assert_allclose(on_white(np.full((2, 2, 3), 51, np.uint8)), 0.2)
