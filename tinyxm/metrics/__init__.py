"""Scores of predictions and of retrieval, and how far they can be trusted. NumPy arrays in, numbers out."""

from tinyxm.metrics.classification import accuracy, confusion_matrix, f1, precision, recall
from tinyxm.metrics.intervals import Interval, bootstrap
from tinyxm.metrics.retrieval import (
    mean_reciprocal_rank,
    median_rank,
    ranks,
    recall_at,
    retrieval_scores,
    scores_of_ranks,
)

__all__ = [
    "Interval",
    "accuracy",
    "bootstrap",
    "confusion_matrix",
    "f1",
    "mean_reciprocal_rank",
    "median_rank",
    "precision",
    "ranks",
    "recall",
    "recall_at",
    "retrieval_scores",
    "scores_of_ranks",
]
