"""Tables whose columns fall into groups: what was measured in one way is one modality."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np

from ..samples import Samples
from . import package_file, require
from .registry import SOURCES, Modality, Source

WINE = {
    "strength": ("alcohol", "proline"),
    "minerals": ("malic_acid", "ash", "alcalinity_of_ash", "magnesium"),
    "phenols": ("total_phenols", "flavanoids", "nonflavanoid_phenols", "proanthocyanins"),
    "colour": ("color_intensity", "hue", "od280/od315_of_diluted_wines"),
}
DIABETES = {"person": ("age", "sex", "bmi", "bp"), "blood": ("s1", "s2", "s3", "s4", "s5", "s6")}
BREAST = (
    *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points"),
    *("symmetry", "fractal dimension"),
)
REGIONS = {1: "America", 2: "Europe", 3: "Japan"}


def breast_cancer() -> Samples:
    """569 tumours, from pictures of their cells' nuclei: ten measures of a nucleus, seen in three ways.

    Modalities: "mean", "error" (standard error) and "worst" (mean of the three largest), float64 (569, 10) each, in the
    units of the pictures. Groups: "diagnosis", malignant or benign.
    """
    data = _sklearn("breast-cancer", "load_breast_cancer")
    groups = {name: data.data[:, 10 * k : 10 * k + 10] for k, name in enumerate(("mean", "error", "worst"))}
    return Samples(
        groups,
        ids=[f"tumour-{i}" for i in range(len(data.data))],
        groups={"diagnosis": data.target_names[data.target].astype(str)},
    )


def wine() -> Samples:
    """178 wines of three growers in one region, by 13 measures: "strength", "minerals", "phenols", "colour".

    float64 (178, columns) each. Groups: "grower", 0 to 2.
    """
    data = _sklearn("wine", "load_wine")
    names = list(data.feature_names)
    return Samples(
        {group: data.data[:, [names.index(column) for column in columns]] for group, columns in WINE.items()},
        ids=[f"wine-{i}" for i in range(len(data.data))],
        groups={"grower": data.target.astype(np.int64)},
    )


def diabetes() -> Samples:
    """442 people with diabetes: "person" (age in years, sex 1 or 2, body mass index in kg/m², mean blood pressure in
    mmHg), "blood" (six measures of serum), and "progression", (442, 1), a measure of the disease one year later."""
    data = _sklearn("diabetes", "load_diabetes", scaled=False)
    names = list(data.feature_names)
    modalities = {
        group: data.data[:, [names.index(column) for column in columns]] for group, columns in DIABETES.items()
    }
    return Samples(
        {**modalities, "progression": data.target[:, None]}, ids=[f"person-{i}" for i in range(len(data.data))]
    )


def cars() -> Samples:
    """392 cars of 1970 to 1982: numbers of three kinds, their region, their name, and how far they go.

    "engine" (cylinders, displacement in cubic inches, horsepower), "body" (weight in pounds, seconds from 0 to 60 miles
    per hour), "built" (year), float64; "region" and "text", the name; "consumption" (n, 1) in miles per gallon.
    Groups: "region", "maker" (the name's first word): a car's next model is much like it.
    """
    with gzip.open(package_file("cars", "mlxtend", "data/data/autompg.csv.gz"), "rt", encoding="utf-8") as file:
        rows = [line.strip().split(",") for line in file if line.strip()]
    numbers = np.array([[float(value) for value in (*row[:7], row[8])] for row in rows])
    regions = [REGIONS[int(row[6])] for row in rows]
    names = [row[7] for row in rows]
    return Samples(
        {
            "engine": numbers[:, 0:3],
            "body": numbers[:, 3:5],
            "built": numbers[:, 5:6],
            "region": regions,
            "text": names,
            "consumption": numbers[:, 7:8],
        },
        ids=[f"car-{i}" for i in range(len(rows))],
        groups={"region": regions, "maker": [name.split()[0] for name in names]},
    )


def _sklearn(name: str, loader: str, **settings: Any) -> Any:
    require(name, "data", ["scikit-learn"])
    from sklearn import datasets

    return getattr(datasets, loader)(**settings)


UCI = "CC BY 4.0 (UCI); as shipped with scikit-learn, BSD-3-Clause"
SOURCES.add(
    Source(
        name="breast-cancer",
        what="tumours: ten measures of cell nuclei, as mean, standard error and worst",
        origin="measured",
        modalities={
            name: Modality("numbers", what, columns=BREAST)
            for name, what in (
                ("mean", "over the nuclei of a picture"),
                ("error", "the mean's standard error"),
                ("worst", "the mean of the three largest"),
            )
        },
        size="569",
        licence=UCI,
        citation="Wolberg, Mangasarian, Street & Street 1993, Breast Cancer Wisconsin (Diagnostic), UCI Machine "
        "Learning Repository, https://doi.org/10.24432/C5DW2B",
        load=breast_cancer,
        specimen=breast_cancer,
        packages=("scikit-learn",),
        notes=("The three groups describe one thing: what a model gains by one beside another can be measured.",),
    )
)
SOURCES.add(
    Source(
        name="wine",
        what="wines of three growers: strength, minerals, phenols, colour",
        origin="measured",
        modalities={name: Modality("numbers", name, columns=columns) for name, columns in WINE.items()},
        size="178",
        licence=UCI,
        citation="Aeberhard & Forina 1992, Wine, UCI Machine Learning Repository, https://doi.org/10.24432/C5PC7J",
        load=wine,
        specimen=wine,
        packages=("scikit-learn",),
    )
)
SOURCES.add(
    Source(
        name="diabetes",
        what="people with diabetes: body, blood, and the disease a year later",
        origin="measured",
        modalities={
            "person": Modality("numbers", "age, sex, body mass index, blood pressure", columns=DIABETES["person"]),
            "blood": Modality("numbers", "six measures of blood serum", columns=DIABETES["blood"]),
            "progression": Modality("numbers", "a measure of the disease after a year", columns=("progression",)),
        },
        size="442",
        licence="no licence is stated by its authors; as shipped with scikit-learn, BSD-3-Clause",
        citation="Efron, Hastie, Johnstone & Tibshirani 2004, Least Angle Regression, Annals of Statistics 32",
        load=diabetes,
        specimen=diabetes,
        packages=("scikit-learn",),
    )
)
SOURCES.add(
    Source(
        name="cars",
        what="cars of 1970 to 1982: engine, body, region and name, and what they consume",
        origin="measured",
        modalities={
            "engine": Modality("numbers", "the engine", columns=("cylinders", "cubic inches", "horsepower")),
            "body": Modality("numbers", "the body", columns=("pounds", "seconds to 60 mph")),
            "built": Modality("numbers", "year, less 1900", columns=("year",)),
            "region": Modality("text", "where it was built"),
            "text": Modality("text", "its name"),
            "consumption": Modality("numbers", "how far it goes", columns=("miles per gallon",)),
        },
        size="392",
        licence="CC BY 4.0 (UCI); as shipped with mlxtend, BSD-3-Clause",
        citation="Quinlan 1993, Auto MPG, UCI Machine Learning Repository, https://doi.org/10.24432/C5859H",
        load=cars,
        specimen=cars,
        packages=("mlxtend",),
    )
)
