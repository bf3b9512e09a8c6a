"""Figures show what they were given, and draw without a warning (warnings are errors here)."""

import io

import numpy as np
import pytest
from PIL import Image

from tinyxm.training import plots
from tinyxm.training.tables import score_tables


def drawn(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=50)
    return np.asarray(Image.open(data).convert("RGB"))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 4), dtype=np.uint8)


def records(stage, n=20):
    return [
        {"stage": stage, "step": 10 * i, "loss": 5.0 / (1 + i), "learning_rate": 1e-3, "gradient_norm": 1.0}
        for i in range(n)
    ]


def test_training_curves_have_a_panel_for_each_quantity_and_a_line_for_each_stage():
    figure = plots.training_curves([*records("a"), *records("b_c")], unlearned=np.log(256), titles={"a": "first"})
    loss, *small = figure.axes
    assert [axes.get_title(loc="left") for axes in small] == ["learning rate", "gradient norm, before clipping"]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["first", "b c"]
    raw = loss.lines[0]
    np.testing.assert_array_equal(raw.get_xdata(), 10 * np.arange(20))
    np.testing.assert_allclose(raw.get_ydata(), 5.0 / (1 + np.arange(20)))
    assert "nothing learned: 5.55" in texts(figure)
    drawn(figure)


def test_a_loss_below_nothing_is_in_sight_and_not_upside_down():
    axes = plots.training_curves([{"step": k, "loss": -k / 10} for k in range(1, 50)]).axes[0]
    bottom, top = axes.get_ylim()
    assert bottom < -4.8
    assert bottom < top


def test_training_curves_of_a_run_just_begun():
    drawn(plots.training_curves([{"step": 1, "loss": 2.0}]))
    with pytest.raises(ValueError, match="training_curves: no record has a loss"):
        plots.training_curves([{"step": 1}])


@pytest.mark.parametrize("n", [1, 2, 19, 20, 201])
def test_smoothing_is_the_mean_over_a_centred_window(n):
    values = np.random.default_rng(n).normal(size=n)
    reach = round(0.05 * n / 2)
    expected = [values[max(0, i - reach) : i + reach + 1].mean() for i in range(n)]
    np.testing.assert_allclose(plots.smoothed(values), expected, atol=1e-12)


def test_score_bars_are_as_long_as_the_scores():
    entry = {"recall@10": 0.7, "intervals": {"recall@10": [0.65, 0.74]}}
    entry["baselines"] = {"chance": {"recall@10": 0.01}, "cca": {"recall@10": 0.5}}
    tables = score_tables({"test": {"image_to_text": entry, "text_to_image": entry, "a_to_b": entry}})
    figure = plots.score_bars(tables)
    first = figure.axes[0]
    assert [bar.get_width() for bar in first.patches] == pytest.approx([70, 50, 1])
    assert [label.get_text() for label in first.get_yticklabels()] == ["this model", "CCA", "chance"]
    assert list(first.lines[0].get_xdata()) == [65.0, 74.0]
    drawn(figure)
    with pytest.raises(ValueError, match="no table has the score 'accuracy'"):
        plots.score_bars(tables, "accuracy")


@pytest.mark.parametrize("with_pictures", [True, False])
def test_similarity_matrix_names_every_column(with_pictures, pictures):
    similarity = np.random.default_rng(1).normal(size=(6, 6))
    names = ["cat", "costs $5 or $6", "a" * 60, "x_1", "日本", "e"]
    figure = plots.similarity_matrix(similarity, names, pictures if with_pictures else None)
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), similarity)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[:2] == ["cat", "costs $5 or $6"]
    assert labels[4] == "□□"
    assert len(axes.images) == 1 + with_pictures
    drawn(figure)


def test_similarity_matrix_names_what_differs(pictures):
    with pytest.raises(ValueError, match=r"similarity_matrix: \(3, 3\), 2 names"):
        plots.similarity_matrix(np.eye(3), ["a", "b"])
    with pytest.raises(ValueError, match="pictures 6"):
        plots.similarity_matrix(np.eye(3), ["a", "b", "c"], pictures)


def test_curves_go_through_the_scores_with_their_intervals():
    early = [{"accuracy": a, "intervals": {"accuracy": [a - 0.1, a + 0.1]}} for a in (0.9, 0.7, 0.4)]
    late = [{"accuracy": a} for a in (0.8, 0.75, 0.7)]
    figure = plots.curves([0.0, 0.5, 1.0], {"early": early, "class_mean": late}, label="share missing")
    axes = figure.axes[0]
    assert [line.get_label() for line in axes.lines] == ["early", "class mean"]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [90, 70, 40])
    corners = axes.collections[0].get_paths()[0].vertices
    assert {(0.5, 60.0), (0.5, 80.0)} <= {tuple(corner) for corner in corners.round(6)}
    assert (axes.get_xlabel(), axes.get_title(loc="left")) == ("share missing", "accuracy %")
    drawn(figure)
    gap = [{"modality_gap": g} for g in (0.9, 0.5)]
    wide = plots.curves([0.01, 1.0], {"a": gap}, "modality_gap", "temperature").axes[0]
    assert (wide.get_xscale(), axes.get_xscale()) == ("log", "linear")
    np.testing.assert_allclose(wide.lines[0].get_ydata(), [0.9, 0.5])
    with pytest.raises(ValueError, match=r"curves: 2 values, sets of scores \{'a': 3\}"):
        plots.curves([0, 1], {"a": early})
    with pytest.raises(ValueError, match="'a' lacks the score 'accuracy'"):
        plots.curves([0, 1], {"a": [{"f1": 1}, {"accuracy": 1}]})


def test_the_labels_of_a_confusion_matrix_lie_within_the_figure():
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    pixels = drawn(plots.confusion_matrix(np.eye(10, dtype=int), names))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_a_confusion_matrix_shows_counts_and_the_share_of_each_row():
    matrix = np.array(
        [
            [98, 2],
            [1, 1],
        ]
    )
    figure = plots.confusion_matrix(matrix, ["benign", "malignant"])
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.98, 0.02], [0.5, 0.5]])
    assert [text.get_text() for text in axes.texts] == ["98", "2", "1", "1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["benign", "malignant"]
    drawn(figure)
    many = plots.confusion_matrix(np.diag([3] * 30 + [0]))
    assert not many.axes[0].texts
    drawn(many)
    with pytest.raises(ValueError, match=r"confusion_matrix: \(2, 2\), names 1"):
        plots.confusion_matrix(matrix, ["a"])
