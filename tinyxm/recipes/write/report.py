"""What the report of a run shows: sounds to hear beside films to see, the order of the strokes, and hands."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinyxm.data import audio
from tinyxm.data.drawing import GRAY
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import utterances
from tinyxm.recipes.digits.sounds import heard
from tinyxm.recipes.write.data import (
    CHARACTERS,
    FIGURES,
    FRAMES_PER_SECOND,
    HANDS,
    TIMES,
    Data,
    Said,
    asked,
    drawn_hands,
    unit,
)
from tinyxm.recipes.write.scores import Films, simple_films, stroke_order
from tinyxm.training.gallery import Exhibit, Film, Gallery, Sound, Words
from tinyxm.training.report import Part, Plot, Scores, Section
from tinyxm.training.tables import score_tables

PART = "unseen_voices"
TITLES = {
    "unseen_voices": "voices never heard, hands drawn anew",
    "recorded_digits": "recorded digits, speakers never heard",
    "hand_shown": "the hand shown by another character of it",
    "judge": "the judge, about real last frames in hands never seen",
}
ROWS = {
    "nearest_training_sound": (
        "nearest training sound",
        "the true film, in a training hand, of the character whose training utterance is nearest: a copy",
    ),
    "class_mean": (
        "class mean",
        "the mean film, over the training hands, of the character whose mean sound is nearest",
    ),
    "ridge": ("ridge", "ridge regression from the sound to the pixels of its character's mean film"),
    "chance": ("chance", "the true film, in a training hand, of a character drawn at random"),
    "shuffled_frames": ("shuffled frames", "this model's own films, the frames in a random order"),
    "still": ("a still picture", "this model's own last frame, from the beginning on"),
    "swept": (
        "a sweep",
        "this model's own last frame, uncovered from the top left to the bottom right: what places alone tell of order",
    ),
    "true_other_hand": (
        "true film, another hand",
        "the right character's true film in a training hand: as good as one can be without knowing the hand",
    ),
    "hand_drawn": ("hand drawn", "this model, in a hand drawn at random"),
    "middling_hand": ("middling hand", "this model, with the code z = 0"),
}
NOTES = (
    "The hands are simulated: KanjiVG has one writing of each character, and each hand bends it in its own way "
    "(`tinyxm/data/sources/hands.py`). Which strokes there are, and in what order, is the same in all of them.",
    "The judge was trained on last frames in hands of its own, and never on anything that was made. It says nothing of "
    "variety: the spread within a character, in pixels beside that of real hands, stands beside.",
    "Stroke order: over all pairs of pixels of the true writing, is the earlier one written first? 1 is right "
    "throughout, 0 is no order, −1 is backwards; a still picture has 0, and shuffled frames have 0 on average.",
    "Nearest training sound answers with a true film, sharp and in order, so its score is that of hearing alone. What "
    "the model adds to that is a hand that isn't a copy.",
    "Overlap compares pixels with the true film in one certain hand: who doesn't know the hand can't reach it.",
)


def introduction(results: dict[str, Any]) -> str:
    """What was trained and how well it did, in a few sentences."""
    if PART not in results:
        return "A judge of real writing was trained; the writer wasn't yet."
    scores, bars = results[PART], results[PART]["baselines"]
    return (
        "A network hears a digit or a Japanese syllable, synthesised in a voice never heard before, and writes it. "
        f"A judge that is right about {results['judge']['accuracy']:.1%} of real writing takes "
        f"{scores['judge_accuracy']:.1%} of the last frames for what was said. Stroke order: "
        f"{scores['stroke_order']:.2f} (true films in another hand: {bars['true_other_hand']['stroke_order']:.2f}, "
        f"a sweep: {bars['swept']['stroke_order']:.2f}, shuffled frames: "
        f"{bars['shuffled_frames']['stroke_order']:.2f})."
    )


def leaks(data: Data) -> list[str]:
    """Whether a voice or a hand is on both sides."""
    voices = [{str(voice) for voice in data.said[part].voices} for part in ("train", PART)]
    variants = [{voice.rpartition("+")[2] for voice in some} for some in voices]
    hands = [set(HANDS[part]) for part in HANDS]
    shared = sum(len(a & b) for i, a in enumerate(hands) for b in hands[:i])
    return [
        f"{len(voices[0] & voices[1])} voices, {len(variants[0] & variants[1])} variants of voices on both sides",
        f"{shared} hands in more than one of {', '.join(HANDS)}",
        "every character is on both sides: which strokes it has must be learned, and is the same for all",
    ]


def sections(run: Any, results: dict[str, Any]) -> list[Section]:
    """Tables; sounds beside films; films as strips; the order of the ink; one sound in many hands."""
    parts: list[Part] = [Scores(score_tables({"judge": results["judge"]}, TITLES, ROWS))]
    there = [part for part in (PART, "recorded_digits", "hand_shown") if part in results]
    parts += [Scores(score_tables({part: results[part]}, TITLES, ROWS)) for part in there]
    found = [Section("Results", parts)]
    if PART in results:
        found += [*_films(run), _hands(run)]
    return found


def _films(run: Any, shown: int = 12) -> list[Section]:
    data, rng = run.data, np.random.default_rng(1)
    said: Said = data.said[PART]
    times = len(said) // len(CHARACTERS)
    rows = np.sort(rng.choice(len(CHARACTERS), shown, replace=False)) * times + rng.integers(times, size=shown)
    some = Said(said.features[rows], said.labels[rows], said.voices[rows])
    made = run.model("writer").write(heard(some.features), drawn_hands(run.model("writer"), shown, rng))
    simple = simple_films(data, some, rng)
    ways = {
        "made": made,
        "true": unit(data.films["test"][some.labels, rng.integers(data.films["test"].shape[1], size=shown)]),
        "nearest sound": simple["nearest_training_sound"],
        "class mean": simple["class_mean"],
        "ridge": simple["ridge"],
    }
    part = "validation" if run.settings.validation else "test"
    spoken = asked(part, 2 if run.settings.quick else TIMES[part])
    sounds = utterances([spoken[row] for row in rows])["audio"]
    cards: list[list[Exhibit]] = []
    for k, label in enumerate(some.labels):
        told = spoken_name(CHARACTERS[label])
        card: list[Exhibit] = [Words(told), Words(f"{some.voices[k]}, synthesised", quiet=True)]
        card.append(Sound(audio.level(sounds[k], to_dbfs=-3.0, measure="peak"), RATE_HZ, told))
        for way in ("made", "true", "class mean"):
            card += [Words(way, quiet=True), Film(_held(ways[way][k]), FRAMES_PER_SECOND, f"{told}, {way}")]
        cards.append(card)
    chosen = range(0, shown, 3)
    strips = strip({f"{way}": ways[way][k] for way in ways} for k in chosen)
    order = orders([(ways["true"][k], made[k]) for k in range(0, shown, 2)])
    return [
        Section(
            "What was said, and written", ["Listen, and watch: made, true, and the mean of many hands.", Gallery(cards)]
        ),
        Section(
            "Frame by frame",
            [
                Plot(
                    strips,
                    "Four characters, a block each: the rows are this model, the true film in a test hand, and "
                    "three baselines.",
                    "frames",
                ),
                Plot(
                    order,
                    "When each pixel gets its ink, early dark, late bright: above true films, below those "
                    "made, with their scores. The score compares these orders.",
                    "order",
                ),
            ],
        ),
    ]


def _hands(run: Any, across: int = 10) -> Section:
    """The same sounds in several hands, drawn at random, and in hands that were shown."""
    data, model = run.data, run.model("writer")
    labels = [CHARACTERS.index(character) for character in "4あき"]
    said: Said = data.said[PART]
    rows = [int(np.flatnonzero(said.labels == label)[0]) for label in labels]
    real = data.films["test"]
    across = min(across, real.shape[1])
    lines: list[tuple[str, Films]] = []
    hint = CHARACTERS.index("8")
    lines.append(("hands shown", unit(real[hint, :across, -1])))
    for label, row in zip(labels, rows, strict=True):
        x = heard(said.features[row][None].repeat(across, axis=0))
        lines.append(("made in them", model.write(x, model.codes(unit(real[hint, :across])))[:, -1]))
        lines.append(("true", unit(real[label, :across, -1])))
        lines.append(("hands at random", model.write(x, drawn_hands(model, across, np.random.default_rng(2)))[:, -1]))
    figure = Figure(figsize=(1.5 + 0.72 * across, 0.75 * len(lines)), layout="constrained")
    for row, (name, pictures) in zip(figure.subplots(len(lines), across, squeeze=False), lines, strict=True):
        for axes, picture in zip(row, pictures, strict=True):
            _show(axes, picture)
        _label(row[0], name)
    told = (
        "An 8 by each of these hands, none of them trained with; then what the model writes for a sound when shown "
        "that 8, what the hand really writes, and what it writes in hands drawn at random."
    )
    return Section("In one hand or another", [Plot(figure, told, "hands")])


def spoken_name(character: str) -> str:
    """ "seven", "ki き"."""
    if character in FIGURES:
        return DIGITS[FIGURES.index(character)]
    return f"{unicodedata.name(character).split()[-1].lower()} {character}"


def strip(blocks: Any) -> Figure:
    """Films as rows of frames: blocks of {way: film}."""
    found = [(way, film) for block in blocks for way, film in block.items()]
    frames = len(found[0][1])
    figure = Figure(figsize=(1.4 + 0.62 * frames, 0.66 * len(found)), layout="constrained")
    for row, (way, film) in zip(figure.subplots(len(found), frames, squeeze=False), found, strict=True):
        for axes, picture in zip(row, film, strict=True):
            _show(axes, picture)
        _label(row[0], way)
    return figure


def orders(pairs: Sequence[tuple[Films, Films]]) -> Figure:
    """Pairs of films, true above made, as pictures of when each pixel got its ink."""
    figure = Figure(figsize=(1.5 * len(pairs), 3.4), layout="constrained")
    rows = figure.subplots(2, len(pairs), squeeze=False)
    for column, (true, made) in enumerate(pairs):
        for axes, film in zip(rows[:, column], (true, made), strict=True):
            axes.imshow(when(film), cmap="viridis", vmin=0, vmax=len(film) - 1, interpolation="nearest")
            axes.axis("off")
        rows[1, column].set_title(f"{stroke_order(true, made):.2f}", fontsize=9, color=GRAY)
    return figure


def when(film: Films) -> np.ndarray:
    """The mean frame at which each inked pixel appears; NaN where there is no ink."""
    ink = film[..., 0]
    rises = np.diff(ink, axis=0, prepend=0.0)
    mean = np.einsum("t...,t->...", rises, np.arange(len(film))) / np.maximum(ink[-1], 1e-6)
    return np.where(ink[-1] >= 0.5, mean, np.nan)


def _held(film: Films) -> Films:
    """With the last frame for a second more."""
    return np.concatenate([film, film[-1:].repeat(round(FRAMES_PER_SECOND), axis=0)])


def _label(axes: Any, name: str) -> None:
    axes.text(-0.15, 0.5, name, transform=axes.transAxes, ha="right", va="center", fontsize=8)


def _show(axes: Any, picture: np.ndarray) -> None:
    axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")
