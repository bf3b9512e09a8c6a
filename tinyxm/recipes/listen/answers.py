"""Asking a trained recogniser: what a sound says, and what in the sound says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Array, Tensor
from tinyxm.models.ctc_decoding import align, prefix_beam
from tinyxm.models.interpretation import integrated_gradients, over_channels
from tinyxm.models.interpretation.draw import Maps
from tinyxm.models.interpretation.overview import picture_maps
from tinyxm.models.recogniser import Recogniser
from tinyxm.ops import ctc, reshape
from tinyxm.recipes.listen.scores import BONUS, WEIGHT, spelling
from tinyxm.recipes.listen.words import decode, encode, features_of, split_words
from tinyxm.recipes.run import Run

ACROSS = 4  # letters in a row


def knowing(run: Run) -> Recogniser:
    """The model that knows recordings, where there is one."""
    model: Recogniser = run.model("recorded" if "recorded" in run.stages else "synthesised")
    return model


def heard_texts(run: Run, sound: NDArray[Any], rate_hz: int) -> list[str]:
    """What a sound says, the likeliest first. Raises ValueError for silence, and for less than 50 ms."""
    features = features_of(sound, rate_hz)
    (log_p,) = knowing(run).log_probabilities(features[None], np.array([len(features)]))
    language = spelling(split_words(run.settings.validation)["train"])
    return [decode(h.labels) for h in prefix_beam(log_p, language=language, weight=WEIGHT, bonus=BONUS)]


def why(run: Run, sound: NDArray[Any], rate_hz: int) -> list[Maps]:
    """What in a sound, when and at which frequencies, says the likeliest text; then what says each of its letters.

    Explained is the log-probability of the text, and the logit of each letter where it's said most clearly. What stands
    for nothing is silence. Raises as `heard_texts`, and ValueError where nothing is heard.
    """
    model, features, text = knowing(run), features_of(sound, rate_hz), heard_texts(run, sound, rate_hz)[0]
    if not text:
        raise ValueError("inside: the model hears no letter in this sound; give a spoken word")
    x, labels = features[None, ..., None], np.array([encode(text)])

    def logits(x: Array) -> Tensor:
        """Of (n, frames, bands, 1), as maps have it."""
        return model(reshape(x, x.shape[:3]), np.full(*x.shape[:2]))

    def of_text(x: Array) -> Array:
        said = logits(x)
        n, frames = said.shape[:2]
        return -ctc(said, np.repeat(labels, n, 0), np.full(n, frames), np.full(n, len(text)), reduction="none")

    rows = [picture_maps(f"log-probability of “{text}”", of_text, model, x, x[0], -1.0, spectrogram=True)]
    (log_p,) = model.log_probabilities(features[None], np.array([len(features)]))
    spans = align(log_p, encode(text))
    maps = {}
    for place, (letter, (start, end)) in enumerate(zip(text, spans, strict=True)):
        label = int(labels[0, place])
        moment = start + int(log_p[start:end, label].argmax())
        of_letter = partial(_at, logits, moment, label)
        maps[f"{place + 1}: {letter}"] = over_channels(integrated_gradients(of_letter, x, -1.0))[0]
    names = list(maps)
    for i in range(0, len(names), ACROSS):
        told = {name: maps[name] for name in names[i : i + ACROSS]}
        rows.append(Maps("what says each letter (integrated gradients)", x[0], told, spectrogram=True))
    return rows


def _at(logits: Callable[[Array], Tensor], moment: int, label: int, x: Array) -> Array:
    return logits(x)[:, moment, label]
