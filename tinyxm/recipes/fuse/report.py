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
}
MODALITIES = {
    "digits": ("image", "audio"),
    "tumours": ("mean", "error", "worst"),
    "credit": ("account", "history", "loan", "standing"),
    "land_use": ("green", "red", "infrared_1", "infrared_2"),
}
WAYS = {
    "early": ("early fusion", "one network on all modalities side by side"),
    "late": ("late fusion", "what each modality says alone, multiplied"),
    "gated": ("gated fusion", "a mean of the modalities, weighted anew for each sample"),
    "low_rank": ("low-rank tensor fusion", "all products of one feature of each modality"),
    "cross_attention": ("cross-attention fusion", "modalities attend one another, and a question attends all"),
}
ROWS = {
    **WAYS,
    **{
        f"{name}_{kind}": (f"{name.replace('_', ' ')} {called}", told)
        for names in MODALITIES.values()
        for name in names
        for kind, called, told in (
            ("alone", "alone", "a network of its own on this modality, the others unseen"),
            ("linear", "alone, linear", "logistic regression on this modality, the others unseen"),
        )
    },
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
        f"{TITLES[name]}: {WAYS[found['best_way']][0]} {found['best_fusion']:.1%}, the best modality alone "
        f"{found.get('best_alone', 0):.1%}"
        for name, found in results["summary"].items()
        if isinstance(found, dict)
    ]
    return (
        "One label from several modalities, in five ways: " + "; ".join(told) + ". The best of five is named by the "
        "test itself, so its lead is flattered a little."
    )


def sections(run: Any, results: dict[str, Any]) -> list[Section]:
    """A section for each task: its tables, its curve, what is confused, and whom the gates believe."""
    found = []
    for name, task in run.data.items():
        if name not in results:
            continue
        best, curve = results["summary"][name]["best_way"], results["missing"][name]
        beside = {way: told for way, told in results[name].items() if way != best} | results[name][best]["baselines"]
        table = score_tables(
            {name: {**results[name][best], "baselines": beside}}, TITLES, {**ROWS, "model": WAYS[best]}
        )
        inputs, labels = task.of("test")
        matrix = confusion_matrix(labels, predicted(run.model(f"{name}-{best}"), inputs), len(task.classes))
        parts: list[Part] = [
            Scores(table),
            Plot(
                plots.curves(
                    [100 * rate for rate in curve["rates"]],
                    curve["ways"],
                    label="% of modalities missing, at random",
                    titles={way: called for way, (called, _) in WAYS.items()},
                ),
                "The same models with less and less to go by; bands are 95 % intervals over the samples.",
                f"{name}_missing",
            ),
            Plot(plots.confusion_matrix(matrix, task.classes), f"Truth (rows) and answers of {WAYS[best][0]}.", name),
        ]
        if f"{name}-gated" in run.stages:
            parts += [
                "How much the gates give to each modality, on average:",
                listens(run.model(f"{name}-gated"), task),
            ]
        found.append(Section(TITLES[name][0].upper() + TITLES[name][1:], parts))
    return found
