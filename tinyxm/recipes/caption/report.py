"""What the report of a run shows: scores, what was written, and where the model looked at each word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data import Vocabulary
from tinyxm.models.captioner import Captioner
from tinyxm.recipes.caption import answers, drawings
from tinyxm.recipes.caption import scenes as shapes
from tinyxm.recipes.emoji.views import features
from tinyxm.recipes.recipe import Results
from tinyxm.recipes.sentences import text_of
from tinyxm.training.gallery import Gallery, Picture, Words
from tinyxm.training.plots import on_white, score_bars
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables

if TYPE_CHECKING:
    from tinyxm.recipes.caption.job import Data
    from tinyxm.recipes.run import Run

TITLES = {
    "unseen_scenes": "unseen scenes",
    "unseen_combinations": "unseen combinations",
    "held_out_style": "emoji in a held-out style",
    "withheld_outlines": "emoji as withheld outlines",
    "image_to_text": "image → text",
}
TOLD = {
    "unseen_scenes": "New scenes of the kind trained on. Each has one canonical caption: how many shapes, and how the "
    "first two, in the order of the grammar's words, stand to each other. That one is compared with; what is said is "
    "also held to the scene itself, so that another caption that is true counts as true.",
    "unseen_combinations": "Scenes in which a shape is told of that no training scene showed in this colour: {}. Every "
    "word was seen, their combination wasn't.",
    "held_out_style": "All emoji as OpenMoji draws them; seen in training as Twemoji and as Noto's outlines. The name "
    "is written word by word, and nothing keeps it to names that exist. The nearest training drawing looks the very "
    "concept up: it is the bar.",
}
ROWS = {
    "model": (
        "this model",
        "writes by beam search, each word after those it wrote itself; of scenes it looks a second time, at the "
        "mirrored picture, to choose among what the beam found",
    ),
    "beam": ("this model, one look", "beam search alone: the most probable of what it found"),
    "greedy": ("this model, greedily", "the most probable word each time, in place of beam search"),
    "teacher_forced": (
        "with the true words before",
        "teacher forcing: each word after the true words before it, which nobody has who must write them; its figures "
        "are no scores of texts that the model wrote",
    ),
    "nearest_training_image": (
        "nearest training image",
        "the text of the training picture that is nearest: scenes by pixels and edges, drawings by oriented gradients "
        "and colour, without learning",
    ),
    "linear_template": ("linear, into a template", "ridge regression chooses each word of a fixed sentence"),
    "ridge": ("ridge", "of all names the one nearest to a linear map of the drawing's features"),
    "cca": ("CCA", "of all names the one that correlates most with the drawing"),
    "most_frequent": ("most frequent", "always the text that is most frequent in training"),
}
NOTES = [
    "Beam search stands for the model; what greedy writing gives is in the table beside it. Of scenes the beam's texts "
    "are weighed a second time, by the mirrored picture with left and right exchanged. What the model gains so it owes "
    "to the second look: beam search alone, in a row of its own, writes what greedy writing does.",
    "Teacher forcing isn't writing: after each word the model is given the true one, so that a mistake costs one word "
    "and not the rest of the sentence, and the length is given away. A BLEU of what comes out is no BLEU; it stands in "
    "the table so that you see by how much it flatters.",
    "Of a scene many captions are true. With a random one as the reference no model could know which is meant, and the "
    "best BLEU would be low; with all of them as references “a circle” would do. So captions are canonical, a function "
    "of the scene, and truth is scored beside.",
    "The scenes are generated, and so are their captions: a small language. The linear template knows its sentence "
    "beforehand, and has no more to do than to fill it; the decoder had to learn the sentence, too.",
    "Training scenes are drawn on grounds and in colours that vary, so that a picture of your own can be read; the "
    "scenes asked about are drawn as `tinyxm data show scenes` shows them.",
    "Attention says where the last layer looked, not why a word was chosen: it's a hint.",
    "Intervals are 95 % bootstrap intervals over the pictures; they don't tell how much another seed would change.",
]


def leaks(data: Data) -> dict[str, list[str]]:
    """What the scenes asked about share with those trained on."""
    texts = set(data.train.texts)
    known = {tuple((t.shape, t.colour, t.size, t.x, t.y) for t in things) for things in data.train.things}
    found = {}
    for part, asked in data.asked.items():
        same = sum(text in texts for text in asked.texts)
        scenes = sum(tuple((t.shape, t.colour, t.size, t.x, t.y) for t in things) in known for things in asked.things)
        found[part] = [
            f"captions that a training scene has, too: {same} of {len(asked)} (they are of a small grammar)",
            f"scenes with the same shapes at the same places as a training scene's: {scenes}",
        ]
    return found


def introduction(results: Results) -> str:
    """What was trained and how well it did, in three sentences."""
    told = "Two models of one kind learned to write: what stands in scenes of shapes, and the names of emoji."
    if "unseen_scenes" in results:
        scores = results["unseen_scenes"]["image_to_text"]
        told += (
            f" Of scenes it has never seen the first writes with a BLEU-4 of {scores['bleu_4']:.2f}; "
            f"{scores['truth']:.0%} of its captions are true in all they say."
        )
    if "held_out_style" in results:
        scores = results["held_out_style"]["image_to_text"]
        bar = scores["baselines"]["nearest_training_image"]["exact_match"]
        told += (
            f" Of emoji in a style it has never seen the second writes {scores['exact_match']:.0%} of the names "
            f"without a mistake, where the nearest training drawing's name is right for {bar:.0%}."
        )
    return told


def sections(run: Run, results: Results) -> list[Section]:
    """Scores; what was written; where it looked."""
    combinations = ", ".join(f"{colour} {shape}" for colour, shape in shapes.HELD_OUT)
    parts: list[Any] = []
    for part in TITLES:
        if part in results:
            tables = score_tables({part: results[part]}, TITLES, ROWS)
            parts += [TOLD[part].format(combinations)] * (part in TOLD) + [Scores(tables)]
            key = "exact_match" if part == "held_out_style" else "bleu_4"
            parts.append(Plot(score_bars(tables, key), "The same, beside the baselines.", part))
    found = [Section("Results", parts)]
    if "scenes" in run.stages:
        asked = run.data.asked["unseen_scenes"]
        images = shapes.seen(asked.images[:200])
        found.append(_written(run, "scenes", "Scenes", images, asked.images, asked.texts))
    if "emoji" in run.stages:
        chosen = np.random.default_rng(0).choice(len(run.data.emoji), 200, replace=False)
        pictures = run.data.emoji["openmoji"][chosen]
        names = drawings.names_of(run.data.emoji)
        found.append(_written(run, "emoji", "Emoji", features(pictures), pictures, [names[i] for i in chosen]))
    return found


def _written(
    run: Run, stage: str, title: str, images: NDArray[Any], pictures: NDArray[np.uint8], right: Sequence[str]
) -> Section:
    """Captions, right ones and wrong ones, and where the model looked while it wrote."""
    model, vocabulary = run.model(stage), Vocabulary.of(run.facts(stage)["vocabulary"])
    called = answers.called_mirrored(run, stage)
    written = model.write(images, run.settings.beam, run.settings.length_power, called)
    texts = [text_of(vocabulary, text) for text in written]
    good = [i for i, text in enumerate(texts) if text == right[i]]
    bad = [i for i, text in enumerate(texts) if text != right[i]]
    longest = sorted(good or bad, key=lambda i: -len(written[i].tokens))[:2]
    looks = [
        Plot(
            attention_figure(model, vocabulary, images[i : i + 1], pictures[i], written[i].tokens),
            "Where the last layer of the decoder looked while it wrote each word: bright is much.",
            f"{stage}_attention_{k}",
        )
        for k, i in enumerate(longest, 1)
    ]

    def cards(chosen: Sequence[int]) -> Gallery:
        return Gallery(
            [
                (Picture(on_white(pictures[i]), right[i]), Words(texts[i]), Words(f"expected: {right[i]}", True))
                for i in chosen
            ]
        )

    parts: list[Any] = [*looks]
    if good:
        parts += [f"Without a mistake ({len(good)} of {len(texts)} at random):", cards(good[:8])]
    if bad:
        parts += ["Not as expected:", cards(bad[:8])]
    return Section(f"{title}: what it writes, and where it looks", parts)


def attention_figure(
    model: Captioner, vocabulary: Vocabulary, image: NDArray[Any], picture: NDArray[np.uint8], tokens: Sequence[int]
) -> Figure:
    """The picture, darkened where the model doesn't look, once for each word that it writes, with the word above."""
    maps = model.attention(image, tokens)
    words = [*(text_of(vocabulary, [token]) for token in tokens), "(end)"]
    shown = on_white(picture)
    across = min(7, len(words))
    down = -(-len(words) // across)
    figure = Figure((1.35 * across, 1.6 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, word, weights in zip(grid.flat, words, maps, strict=False):
        bright = weights / weights.max()
        axes.imshow(shown, extent=(0, 1, 1, 0), interpolation="lanczos")
        axes.imshow(
            np.zeros(weights.shape),
            extent=(0, 1, 1, 0),
            cmap="gray",
            alpha=0.75 * (1 - bright),
            interpolation="nearest",
        )
        axes.set_title(word, fontsize=10, parse_math=False)
    return figure
