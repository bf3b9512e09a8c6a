"""What a key of the results is: a share or a number, better high or low, and what it is called."""

import pytest

from tinyxm.training.scores import KINDS, meaning_of, score_of
from tinyxm.training.tables import Column, explanations, measures, score_tables


@pytest.mark.parametrize(
    ("key", "heading", "higher_is_better", "value", "text"),
    [
        ("recall@10", "R@10 %", True, 0.123, "12.3"),
        ("recall", "recall %", True, 0.5, "50.0"),
        ("mrr", "MRR %", True, 0.5, "50.0"),
        ("median_rank", "median rank", False, 2.5, "2.5"),
        ("f1", "F1 %", True, 1.0, "100.0"),
        ("bleu_4", "BLEU-4 %", True, 0.9, "90.0"),
        ("character_error", "character error %", False, 0.05, "5.0"),
        ("frechet_distance", "Fréchet distance", False, 0.0341, "0.0341"),
        ("psnr", "PSNR dB", True, 31.42, "31.4"),
        ("final_frame_accuracy", "final frame accuracy %", True, 0.97, "97.0"),
        ("unseen_word_error", "unseen word error %", False, 0.97, "97.0"),
        ("pixel_distance", "pixel distance", False, 12.0, "12"),
        ("wingspan", "wingspan", True, 3.0, "3"),
    ],
)
def test_a_key_says_how_it_is_shown(key, heading, higher_is_better, value, text):
    column = Column(key)
    assert (column.heading, column.higher_is_better, column.text(value)) == (heading, higher_is_better, text)


def test_errors_and_distances_are_better_when_low():
    ranks = {"mrr"}
    for key, kind in KINDS.items():
        low = key.endswith(("error", "distance", "rank", "loss")) and key not in ranks | {"effective_rank"}
        if low:
            assert kind.less or key == "mean_pairwise_distance", key
    assert not score_of("mean_pairwise_distance").less


def test_a_meaning_says_which_way_is_better():
    assert meaning_of("recall@5") == ("R@k", "share of queries whose right answer is among the first k")
    assert meaning_of("word_error")[1].endswith("; less is better")
    assert meaning_of("wingspan") == ("wingspan", "")


def test_what_is_no_number_has_no_column():
    scores = {"accuracy": 0.9, "confusion": [[1, 2], [3, 4]], "note": "x", "quick": True, "intervals": {}}
    (table,) = score_tables({"test": {"fusion": scores}})
    assert table.columns == (Column("accuracy"),)
    assert score_tables({"facts": {"accuracy": "of the judge"}}) == []


def test_how_a_model_retrieves_is_told_where_it_retrieves():
    found = {"recall@1": 0.5, "baselines": {"chance": {"recall@1": 0.1}}}
    made = {"judge_accuracy": 0.9, "frechet_distance": 3.0, "baselines": {"class_mean": {"judge_accuracy": 1.0}}}
    tables = score_tables({"find": {"a": found}, "make": {"b": made}})
    assert list(explanations(tables)) == ["this model", "class mean", "chance"]
    assert list(explanations(tables[1:])) == ["class mean"]
    assert list(measures(tables[1:])) == ["judge accuracy", "Fréchet distance"]
