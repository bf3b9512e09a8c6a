"""What the report of a run shows: drawings beside real ones and copies, a film of the denoising, guidance, emoji."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinyxm.data import TfIdf, Vocabulary
from tinyxm.data.drawing import BLUE, GRAY, ORANGE
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.recipes.draw.draws import drawn, encoded
from tinyxm.recipes.draw.scores import distances, flat, simple_drawings
from tinyxm.recipes.draw.words import Text, bag_of
from tinyxm.recipes.run import Run
from tinyxm.training.gallery import Exhibit, Film, Gallery, Words
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables

Row = tuple[str, Sequence[np.ndarray]]

TITLES = {
    "text_to_image": "text → image",
    "digits_space": "the space of digits (VAE)",
    "digits": "digits",
    "emoji_space": "the space of emoji (VAE)",
    "seen_concepts": "concepts trained on",
}
ROWS = {
    "model": ("diffusion", "diffusion in the VAE's space, told by the text, shown by the VAE's decoder"),
    "class_gaussian": (
        "Gaussian of pixels",
        "a draw from the normal distribution, of full covariance, that fits the training pictures of the digit; what "
        "is below 0 or above 1 is cut off",
    ),
    "space_gaussian": (
        "Gaussian in the VAE's space",
        "the same of the training pictures' places in the VAE's space, shown by its decoder: what diffusion adds is "
        "what it does better than this",
    ),
    "vae": ("VAE alone", "the decoder at a draw from where the text's pictures lie, a normal distribution learned"),
    "class_mean": ("class mean", "always the mean of the digit's training pictures"),
    "real_digits": ("real digits", "the test's own pictures: how far the judge can be believed"),
    "training_images": (
        "training pictures",
        "pictures of the digit that were trained on, by chance: the bar for one who copies, whom only the distance to "
        "training gives away",
    ),
    "nearest_training_text": (
        "nearest training text",
        "the drawing of the training concept whose name and keywords are nearest by tf-idf",
    ),
}
NOTES = (
    "The judge's accuracy says nothing of variety: a model that knows one good seven by heart has 100 %. So the spread "
    "within each class stands beside it, the recall of the made, and the distance to the training pictures.",
    "The Fréchet distance depends on the judge and on how many pictures there are: compare it within this report only. "
    "The training pictures' own shows what is left between two sets of real ones.",
    "Distance to training is in pixels, the mean distance of real unseen digits being 1. Blurred pictures are nearer "
    "to everything; a copy is at 0.",
    "Guidance above 1 exaggerates what a text asks for: the judge likes it, and the drawings become alike.",
    "Emoji are asked for by concepts that were never drawn in training: what is right can only be guessed from words "
    "shared with others, and drawings are blurred. For concepts trained on, it shows what was learned by heart.",
    "Intervals of the digits' scores are of these pictures, by the jackknife; another seed of training isn't in them.",
)
OWN_WORDS = ("red heart", "sad cat", "green apple", "night sky", "yellow face", "musical instrument")


def introduction(results: dict[str, Any]) -> str:
    text = ""
    if "digits" in results:
        scores = results["digits"]["text_to_image"]
        told = scores["baselines"]["real_digits"]["judge_accuracy"]
        text = (
            f"A judge that is right about {told:.1%} of real digits it has never seen looks at digits drawn for words. "
        )
        gaussian = scores["baselines"]["class_gaussian"]["frechet_distance"]
        text += (
            f"It takes {scores['judge_accuracy']:.1%} of them for the digit asked for; their Fréchet distance from "
            f"real ones is {scores['frechet_distance']:.1f} (a Gaussian of each class's pixels: {gaussian:.0f}), and "
            f"within a class they spread {scores['within_class_spread']:.2f} times as widely as real ones."
        )
    return text


def sections(run: Run, results: dict[str, Any]) -> list[Section]:
    """Scores and drawings of the parts that are trained."""
    found = []
    if "digits" in results:
        found += _digits(run, results)
    if "emoji" in results:
        found.append(_emoji(run, results))
    return found


def _digits(run: Run, results: dict[str, Any]) -> list[Section]:
    data, across = run.data, 12
    train, test = data.split["train"], data.split["test"]
    asked = np.repeat(np.arange(10), across)
    texts: list[Text] = [(DIGITS[digit], []) for digit in asked]
    rng = np.random.default_rng(0)
    made = {way: drawn(run, "digits", texts, rng, way) for way in ("diffusion", "vae")}
    made["gaussian"] = simple_drawings(data.pictures[train], data.digits[train], asked, rng)["class_gaussian"]
    real = np.concatenate([data.pictures[test[data.digits[test] == digit][:across]] for digit in range(10)])
    sheet = {"diffusion": made["diffusion"], "VAE alone": made["vae"], "Gaussian": made["gaussian"], "real": real}
    space, vocabulary = run.model("digits_space"), Vocabulary.of(run.facts("digits_space")["vocabulary"])

    films: list[list[Exhibit]] = []
    bag = bag_of(vocabulary, [(name, []) for name in DIGITS])
    steps = [
        np.concatenate([space.decode(x), space.decode(signal)], axis=2)
        for x, signal in run.model("digits").steps(
            bag, np.random.default_rng(1), run.settings.steps, run.settings.guidance
        )
    ]
    for digit, name in enumerate(DIGITS):
        frames = np.stack([step[digit] for step in steps])
        films.append([Film(np.concatenate([frames, frames[-1:].repeat(10, axis=0)]), 8, name), Words(name)])

    pixels, learned = flat(made["diffusion"]), flat(data.pictures[train])
    nearest = distances(pixels, learned).argmin(axis=1)
    shown = np.arange(10) * across
    copies = [("drawn", made["diffusion"][shown]), ("nearest in training", data.pictures[train][nearest[shown]])]

    ends = [data.pictures[train[np.flatnonzero(data.digits[train] == digit)[0]]] for digit in (3, 8, 7, 1, 0)]
    places = encoded(space, np.stack(ends))[0]
    between = [
        (
            f"{first} to {last}",
            space.decode(np.stack([(1 - w) * a + w * b for w in np.linspace(0, 1, across, dtype="f")])),
        )
        for first, last, a, b in zip((3, 8, 7, 1), (8, 7, 1, 0), places[:-1], places[1:], strict=True)
    ]
    part = {"digits": {key: value for key, value in results["digits"].items() if key != "guidance"}}
    return [
        Section(
            "Digits",
            [
                "Each word was asked for as often as the test has real pictures of it. Beside it: phrases that weren't "
                "trained with, and one that misleads, “one moment, then a seven”: a bag of "
                "words can't tell which of two numbers is meant.",
                Scores(score_tables(part, TITLES, ROWS)),
                Plot(sheets(sheet), "Drawn for the words zero to nine, a row each, beside real ones.", "digits"),
                Plot(rows(copies), "Is it a copy? Drawn digits, and the training picture nearest to each.", "copies"),
            ],
        ),
        Section(
            "From noise to a digit",
            [
                f"{run.settings.steps} steps through the VAE's space. Left: the point that has been reached, as the "
                "decoder shows it. Right: what the model expects it to become.",
                Gallery(films),
            ],
        ),
        Section(
            "Guidance",
            [
                Plot(
                    guidance_curve(results["digits"]["guidance"]),
                    "Guidance against the judge's accuracy, the spread within a class and the Fréchet distance.",
                    "guidance",
                )
            ],
        ),
        Section(
            "Between two digits",
            [Plot(rows(between), "Straight lines through the VAE's space, from one picture to another.", "between")],
        ),
    ]


def _emoji(run: Run, results: dict[str, Any]) -> Section:
    data, rng = run.data.emoji, np.random.default_rng(0)
    train, test = data.split["train"], data.split["test"]
    tfidf = TfIdf([data.texts[i] for i in train])(data.texts)

    def beside(asked: np.ndarray, nearest: bool) -> list[Row]:
        texts = [data.texts[i] for i in asked]
        made = [drawn(run, "emoji", texts, rng) for _ in range(3)]
        single = drawn(run, "emoji", texts, rng, "vae")
        found: list[Row] = []
        for k, i in enumerate(asked):
            pictures = [data.pictures[i], *(pictures[k] for pictures in made), single[k]]
            if nearest:
                pictures.append(data.pictures[train[(tfidf[i] @ tfidf[train].T).argmax()]])
            found.append((data.texts[i][0], pictures))
        return found

    seen, unseen = rng.choice(train, 6, replace=False), rng.choice(test, 8, replace=False)
    own = [(text, list(drawn(run, "emoji", [(text, [])] * 6, rng))) for text in OWN_WORDS]
    return Section(
        "Emoji",
        [
            "Is the true drawing, among all of its part, the one most like what was drawn for its text?",
            Scores(score_tables({"emoji": results["emoji"]}, TITLES, ROWS)),
            Plot(
                rows(beside(unseen, True), ("Twemoji", "drawn", "drawn", "drawn", "VAE alone", "nearest text")),
                "Concepts never drawn in training: the true drawing first. What can be known of them is in the words "
                "they share with others.",
                "unseen_emoji",
            ),
            Plot(
                rows(beside(seen, False), ("Twemoji", "drawn", "drawn", "drawn", "VAE alone")),
                "Concepts trained on, the true drawing first: learned by heart, as far as it was.",
                "seen_emoji",
            ),
            Plot(rows(own), "Words of one's own.", "own_words"),
        ],
    )


def rows(shown: Sequence[Row], headings: Sequence[str] = ()) -> Figure:
    """Pictures in rows, each with its name on the left."""
    across = max(len(pictures) for _, pictures in shown)
    figure = Figure(figsize=(2.2 + 0.72 * across, 0.75 * len(shown) + 0.35 * bool(headings)), layout="constrained")
    axes = figure.subplots(len(shown), across, squeeze=False)
    for row, (name, pictures) in zip(axes, shown, strict=True):
        for one in row:
            one.axis("off")
        for one, picture in zip(row, pictures, strict=False):
            _show(one, picture)
        row[0].text(-0.15, 0.5, name, transform=row[0].transAxes, ha="right", va="center", fontsize=9)
    for one, heading in zip(axes[0], headings, strict=False):
        one.set_title(heading, fontsize=8, color=GRAY)
    return figure


def sheets(shown: dict[str, np.ndarray], across: int = 12) -> Figure:
    """Sheets of pictures side by side, `across` in a row, each under its name."""
    figure = Figure(figsize=(10, 2.5), layout="constrained")
    for axes, (name, pictures) in zip(figure.subplots(1, len(shown)), shown.items(), strict=True):
        down, (height, width) = len(pictures) // across, pictures.shape[1:3]
        laid = pictures[: down * across].reshape(down, across, height, width, -1).swapaxes(1, 2)
        _show(axes, laid.reshape(down * height, across * width, -1))
        axes.set_title(name, fontsize=10)
        axes.axis("off")
    return figure


def guidance_curve(sweep: Sequence[dict[str, float]]) -> Figure:
    """Accuracy against spread, a point for each guidance; and the Fréchet distance over guidance."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    spread = [point["within_class_spread"] for point in sweep]
    accuracy = [point["judge_accuracy"] for point in sweep]
    left.plot(spread, accuracy, "o-", color=BLUE)
    for i, (point, x, y) in enumerate(zip(sweep, spread, accuracy, strict=True)):
        left.annotate(
            f"{point['guidance']:g}", (x, y), (0, (8, -14)[i % 2]), textcoords="offset points", fontsize=8, ha="center"
        )
    left.margins(0.08, 0.15)
    left.set(xlabel="spread within a class (real: 1)", ylabel="judge's accuracy", title="guidance w at each point")
    weights = [point["guidance"] for point in sweep]
    right.plot(weights, [point["frechet_distance"] for point in sweep], "o-", color=ORANGE)
    right.set(xlabel="guidance w", ylabel="Fréchet distance", title="from real digits, less is better", ylim=(0, None))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(10)
    return figure


def _show(axes: Any, picture: np.ndarray) -> None:
    axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
