"""What the report of a run shows: scores, how soon a name is known, films beside what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data import Vocabulary
from tinyxm.models.captioner import Captioner
from tinyxm.recipes.caption.report import attention_figure as places_figure
from tinyxm.recipes.recipe import Results
from tinyxm.recipes.sentences import text_of, tokens_of
from tinyxm.recipes.watch import bouncing, writing
from tinyxm.training.gallery import Film, Gallery, Words
from tinyxm.training.plots import score_bars
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables

if TYPE_CHECKING:
    from tinyxm.recipes.run import Run
    from tinyxm.recipes.watch.job import Data

TITLES = {
    "unseen_hands": "writing by unseen hands",
    "unusual_hands": "writing by unusual hands",
    "unseen_balls": "unseen balls, forwards and backwards",
    "sentences": "whole sentences",
    "parts": "what they tell",
    "writing": "writing",
    "writing_last_frame": "writing, last frame alone",
    "balls": "balls",
    "balls_last_frame": "balls, last frame alone",
}
TOLD = {
    "unseen_hands": "Characters by hands that no training film is of, half of them written backwards: the last stroke "
    "first, from its end. Of a finished character the last frame says which it is, and of its order nothing: the "
    "twin's order can be no better than a coin.",
    "unusual_hands": "The same by hands that lean, stretch and press as no hand in training does.",
    "unseen_balls": "Each film is asked about twice, once played backwards: the same frames, in the other order. Both "
    "ways: the share of films of which both sentences are right, of those that have two.",
}
ROWS = {
    "model": ("this model", "sees the film; writes by beam search, each word after those it wrote itself"),
    "last_frame": (
        "last frame alone",
        "the same network, trained as long on the same films, each frozen at its last frame: what it doesn't reach is "
        "what time is worth",
    ),
    "greedy": ("this model, greedily", "the most probable word each time, in place of beam search"),
    "teacher_forced": (
        "with the true words before",
        "teacher forcing: each word after the true words before it, which nobody has who must write them; no score of "
        "texts that the model wrote",
    ),
    "nearest_training_video": ("nearest training video", "the sentence of the training film with the nearest pixels"),
    "linear": ("ridge on pixels", "ridge regression from all pixels of the film chooses the parts of the sentence"),
    "linear_mean_frame": ("ridge on the mean frame", "the same from the mean of the frames, which has no order"),
    "most_frequent": ("most frequent", "always the sentence that is most frequent in training"),
}
NOTES = [
    "The balls are simulated: discs on a table seen from above, without friction; nothing is lost at an impact. So a "
    "film played backwards is as true as forwards, and has a sentence of its own.",
    "The hands are simulated, too: the strokes and their order are KanjiVG's, one hand's; how others lean, stretch, "
    "bend and tremble is drawn at random. Real writers differ in more, and change the order themselves.",
    "Of writing, the nearest film and ridge regression learn from each training film twice, as it is and varied; "
    "the networks see it varied anew at each pass: slanted, stretched, moved, in a broader or a paler pen.",
    "Each hand has a pace and pauses of its own, simulated as well; along a stroke the pen moves evenly.",
    "へ and ヘ are the same shape written the same way, り and リ, O and 0 nearly so: nobody gets all of them right.",
    "The mean frame isn't without time where ink stays: what was drawn first is there longest, and brightest. Of balls "
    "it is: a mean of frames is the same forwards and backwards.",
    "Intervals are 95 % bootstrap intervals over hands, or films; they don't tell how much another seed would change.",
]
CREDITS = {
    "Strokes": "KanjiVG, © Ulrich Apel, CC BY-SA 3.0; bent by simulated hands",
    "Balls": "simulated by tinyxm; no rights are claimed",
}


def leaks(data: Data) -> dict[str, list[str]]:
    """What the films asked about share with those trained on."""
    found = {}
    known = {film.tobytes() for film in data.writing.films}
    for part, asked in data.hands.items():
        both = len(set(asked.hands.tolist()) & set(data.writing.hands.tolist()))
        same = sum(film.tobytes() in known for film in asked.films)
        found[part] = [f"hands on both sides: {both}; equal films: {same} of {len(asked)}; all characters are known"]
    known = {film.tobytes() for film in data.balls.films} | {film[::-1].tobytes() for film in data.balls.films}
    texts, asked_texts = {*data.balls.texts, *data.balls.backwards}, data.unseen_balls.texts
    same, told = sum(film.tobytes() in known for film in data.unseen_balls.films), sum(t in texts for t in asked_texts)
    found["unseen_balls"] = [
        f"equal films: {same} of {len(asked_texts)}; sentences that a training film has, too: {told}"
    ]
    return found


def introduction(results: Results) -> str:
    """What was trained and how well it did, in three sentences."""
    told = (
        "Two networks of one kind watch films, and write what happens; beside each, its twin sees the last frame alone."
    )
    if "unseen_hands" in results:
        scores = results["unseen_hands"]
        twin = scores["baselines"].get("last_frame", {})
        told += f" Of characters by unseen hands {scores['accuracy']:.0%} are named"
        if twin:
            told += (
                f" (last frame: {twin['accuracy']:.0%}); whether they were written backwards is told of "
                f"{scores['order_accuracy']:.0%} (last frame: {twin['order_accuracy']:.0%})"
            )
        told += "."
    if "unseen_balls" in results:
        scores = results["unseen_balls"]["sentences"]
        twin = scores["baselines"].get("last_frame", {})
        told += f" What two simulated balls do is told without a mistake of {scores['exact_match']:.0%}"
        told += f" (last frame: {twin['exact_match']:.0%})." if twin else "."
    return told


def sections(run: Run, results: Results) -> list[Section]:
    """Scores; how soon a name is known; films, and what was said of them."""
    parts: list[Any] = []
    for part in ("unseen_hands", "unusual_hands", "unseen_balls"):
        if part in results:
            tables = score_tables({part: results[part]}, TITLES, ROWS)
            parts += [TOLD[part], Scores(tables), Plot(score_bars(tables, "exact_match"), "Exact match.", part)]
    found = [Section("Results", parts)]
    curves: dict[str, Any] = {
        part: results[part]["accuracy_so_far"] for part in ("unseen_hands", "unusual_hands") if part in results
    }
    if curves:
        told = (
            "The share of names that are right when so much of the writing is seen, the pen then resting: from the "
            "film so far, and from its last frame alone."
        )
        found.append(Section("How soon is it known?", [Plot(so_far_figure(curves), told, "so_far")]))
    return [*found, *(_watched(run, kind) for kind in ("writing", "balls") if kind in run.stages)]


def so_far_figure(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Accuracy over the share of the writing that was seen, a panel for each part."""
    figure = Figure((4.2 * len(curves), 3.2), layout="constrained")
    for axes, (part, lines) in zip(
        figure.subplots(1, len(curves), squeeze=False, sharey=True).flat, curves.items(), strict=True
    ):
        for name, values in lines.items():
            seen = 100 * np.arange(1, len(values) + 1) / len(values)
            axes.plot(seen, 100 * np.asarray(values), "o-", markersize=3, label=name)
        axes.set(title=TITLES[part], xlabel="seen of the writing, %", ylim=(0, 102))
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("names that are right, %")
    figure.axes[0].legend(frameon=False)
    return figure


def _watched(run: Run, kind: str) -> Section:
    """Films, right ones and wrong ones, with what the model and its twin said; and when it looked, word by word."""
    from tinyxm.recipes.watch.job import FROZEN, tell

    rng = np.random.default_rng(0)
    if kind == "writing":
        (asked, *_) = run.data.hands.values()
        chosen = rng.choice(len(asked), min(200, len(asked)), replace=False)
        films, right, seen = asked.films[chosen], [asked.texts[i] for i in chosen], writing.seen
    else:
        n = min(100, len(run.data.unseen_balls))
        asked = run.data.unseen_balls[:n]
        films = np.stack([asked.films, asked.films[:, ::-1]], axis=1).reshape(2 * n, *asked.films.shape[1:])
        right = [text for pair in zip(asked.texts, asked.backwards, strict=True) for text in pair]
        seen = bouncing.seen
    texts = tell(run, kind, seen(films))
    twins = tell(run, kind + FROZEN, seen(films)) if kind + FROZEN in run.stages else [""] * len(films)
    good = [i for i, text in enumerate(texts) if text == right[i]]
    bad = [i for i, text in enumerate(texts) if text != right[i]]

    def cards(some: Sequence[int]) -> Gallery:
        return Gallery([_card(films[i], texts[i], right[i], twins[i]) for i in some])

    parts: list[Any] = []
    if good:
        parts += [f"Without a mistake ({len(good)} of {len(texts)}):", cards(good[:8])]
    if bad:
        parts += ["Not as expected:", cards(bad[:8])]
    model, vocabulary = run.model(kind), Vocabulary.of(run.facts(kind)["vocabulary"])
    for k, i in enumerate((good or bad)[:2], 1):
        drawn, told = attention_figure(model, vocabulary, seen(films[i : i + 1]), films[i], texts[i])
        parts.append(Plot(drawn, told, f"{kind}_attention_{k}"))
    return Section(f"{kind.capitalize()}: what it says", parts)


def _card(film: NDArray[np.uint8], said: str, right: str, twin: str) -> list[Any]:
    held = np.concatenate([film, np.repeat(film[-1:], 6, axis=0)])  # a rest before it begins anew
    held = np.pad(held, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=150)  # the walls
    card: list[Any] = [Film(held, 8.0, right), Words(said)]
    if said != right:
        card.append(Words(f"expected: {right}", True))
    return [*card, Words(f"last frame alone: {twin}", True)] if twin else card


def attention_figure(
    model: Captioner, vocabulary: Vocabulary, seen: NDArray[Any], film: NDArray[np.uint8], text: str
) -> tuple[Figure, str]:
    """Where the decoder looked, if what it looks at are places; else when: the film's frames in a row, and below for
    each word how much of the attention each moment gets. With what there is to see."""
    tokens = tokens_of(vocabulary, [text])[0, 1:-1].tolist()
    if len(model.encoder.grid) == 2:  # places alone
        trail = film.min(axis=0) if film.shape[-1] == 3 else 255 - film[-1].repeat(3, axis=-1)
        drawn = places_figure(model, vocabulary, seen, trail, tokens)
        return drawn, "Where the decoder looked while it wrote each word, bright is much; a hint, not a reason."
    maps = model.attention(seen, tokens).sum(axis=(2, 3))
    words = [*(text_of(vocabulary, [token]) for token in tokens), "(end)"][: len(maps)]
    figure = Figure((8, 1.0 + 0.24 * len(words)), layout="constrained")
    strip, grid = figure.subplots(2, 1, height_ratios=[0.7, 0.24 * len(words)])
    strip.imshow(np.concatenate(list(film), axis=1).squeeze(), cmap="gray", aspect="auto", interpolation="nearest")
    for k in range(1, len(film)):
        strip.axvline(k * film.shape[2] - 0.5, color="#888888", linewidth=0.6)
    strip.set_axis_off()
    grid.imshow(maps, cmap="Blues", aspect="auto", vmin=0)
    grid.set_yticks(range(len(words)), words)
    grid.set_xticks([])
    return figure, "When the decoder looked while it wrote each word, dark is much; a hint, not a reason."
