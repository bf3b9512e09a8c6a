"""What a run of the fusions shows of itself."""

from __future__ import annotations

from typing import Any

from tinyxm.metrics import confusion_matrix
from tinyxm.recipes.fuse.scores import listens, predicted
from tinyxm.training import plots
from tinyxm.training.report import Part, Plot, Scores, Section
from tinyxm.training.tables import score_tables

TITLES = {
    "digits": "digits, seen and heard",
    "tumours": "tumours, by three kinds of measures",
    "credit": "credits",
    "land_use": "land use, by four bands",
    "early": "early fusion",
    "late": "late fusion",
    "gated": "gated fusion",
    "low_rank": "low-rank tensor fusion",
    "cross_attention": "cross-attention fusion",
}
MODALITIES = {
    "digits": ("image", "audio"),
    "tumours": ("mean", "error", "worst"),
    "credit": ("account", "history", "loan", "standing"),
    "land_use": ("green", "red", "infrared_1", "infrared_2"),
}
ROWS = {
    f"{name}_alone": (f"{name.replace('_', ' ')} alone", "a network of its own on this modality, the others unseen")
    for names in MODALITIES.values()
    for name in names
}
NOTES = [
    "A fusion has gained where it beats every modality alone and the linear baseline on all columns side by side.",
    "Digits are spoilt on purpose, or there would be nothing to gain: half of each picture is covered, and each word "
    "lies under noise.",
    "At a missing rate of 100 % nothing is left to judge by: the best answer is the commonest class, and a model that "
    "does worse has learned something from silence.",
    "Here modalities go missing by chance. In a hospital a test is missing because somebody decided against it: then "
    "absence itself tells something, and a curve like these says little.",
    "Intervals are over the samples asked about; they don't tell how much another seed or split would change. Of 171 "
    "tumours one is 0.6 points.",
    "None of this is a diagnosis, a credit decision or a survey: see lesson 25 for what can't be claimed.",
]


def introduction(results: dict[str, Any]) -> str:
    """Which way did best, and what it gained, task by task."""
    told = [
        f"{TITLES[name]}: {TITLES[found['best_way']]} {found['best_fusion']:.1%}, the best modality alone "
        f"{found.get('best_alone', 0):.1%}"
        for name, found in results["summary"].items()
        if isinstance(found, dict)
    ]
    return (
        "One label from several modalities, in five ways. " + "; ".join(told) + ". The best of five is named by the "
        "test itself, so its lead is flattered a little."
    )


def sections(run: Any, results: dict[str, Any]) -> list[Section]:
    """A section for each task: its tables, its curve, what is confused, and whom the gates believe."""
    found = []
    for name, task in run.data.items():
        if name not in results:
            continue
        rows = {way: {k: v for k, v in scores.items() if k != "baselines"} for way, scores in results[name].items()}
        first = next(iter(results[name].values()))
        beside = {**{way: told for way, told in rows.items() if way != next(iter(rows))}, **first["baselines"]}
        table = score_tables({name: {**rows[next(iter(rows))], "baselines": beside}}, TITLES)
        curve = results["missing"][name]
        best = results["summary"][name]["best_way"]
        inputs, labels = task.of("test")
        matrix = confusion_matrix(labels, predicted(run.model(f"{name}-{best}"), inputs), len(task.classes))
        parts: list[Part] = [
            Scores(table),
            Plot(
                plots.curves(
                    [100 * rate for rate in curve["rates"]],
                    curve["ways"],
                    label="% of modalities missing, at random",
                    titles=TITLES,
                ),
                "The same models with less and less to go by; bands are 95 % intervals over the samples.",
                f"{name}_missing",
            ),
            Plot(plots.confusion_matrix(matrix, task.classes), f"Truth (rows) and answers of {TITLES[best]}.", name),
        ]
        if f"{name}-gated" in run.stages:
            parts += [
                "How much the gates give to each modality, on average:",
                listens(run.model(f"{name}-gated"), task),
            ]
        found.append(Section(TITLES[name][0].upper() + TITLES[name][1:], parts))
    return found
