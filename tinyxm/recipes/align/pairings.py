"""What is aligned: four pairs of modalities of real data, as features, each split so that nothing crosses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Samples, TfIdf, audio, composite, emoji, grouped_split, load, oriented_gradients, resize
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.tables import BREAST
from tinyxm.models.linear import PrincipalComponents
from tinyxm.recipes.emoji.views import texts_of
from tinyxm.recipes.recipe import Progress

Matrix = NDArray[Any]
SPLIT_SEED = 0  # the same for every run, so that seeds can be compared
FRAMES, BANDS = 24, 40  # of a spoken word, however long it was
WIDTH = 256  # principal components that features are reduced to


@dataclass(frozen=True)
class Pairing:
    """Two views of the same things, and a third that only a method for more than two can use.

    views: {modality: features (n, p)}, three of them; the first two are asked for one another. `train` and `test` are
    rows; `groups` (n,) what the split keeps whole and the intervals draw, called `over`. `kinds` (n,), where given,
    make an answer right: any sample of the query's kind is. `shown`: {modality: pictures (n, height, width, 3 or 4), or
    texts}. `columns`: {modality: names of its features}, where they have any. `features`: {modality: a function that
    describes things of one's own as its features}.
    """

    name: str
    views: dict[str, Matrix]
    groups: Matrix
    over: str
    train: Matrix
    test: Matrix
    samples: Samples
    kinds: Matrix | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    features: dict[str, Callable[[Any], Matrix]] = field(default_factory=dict)

    @property
    def pair(self) -> tuple[str, str]:
        """The two modalities that are asked for one another."""
        first, second, *_ = self.views
        return first, second

    @property
    def ways(self) -> tuple[str, str]:
        """Both ways' names, as in "audio_to_image"."""
        first, second = self.pair
        return f"{first}_to_{second}", f"{second}_to_{first}"

    @property
    def correct(self) -> Matrix | None:
        """(test, test) of booleans: which answers are right; None where only the own one is."""
        return None if self.kinds is None else self.kinds[self.test][:, None] == self.kinds[self.test]

    @cached_property
    def components(self) -> dict[str, PrincipalComponents]:
        """Of each modality, fitted on its training rows."""
        axes = {name: PrincipalComponents(WIDTH, fewer=True) for name in self.views}
        return {name: axes[name].fit(view[self.train]) for name, view in self.views.items()}

    def reduced(self, modality: str, features: Matrix) -> Matrix:
        """Features (m, p) of a modality as its principal components, of one mean variance: (m, at most 256)."""
        axes = self.components[modality]
        return axes.transform(features) / np.sqrt(axes.variances.mean())

    @cached_property
    def reduced_views(self) -> dict[str, Matrix]:
        """All rows of every view, reduced."""
        return {name: self.reduced(name, view) for name, view in self.views.items()}


def pairings(names: Sequence[str], validation: bool, progress: Progress) -> dict[str, Pairing]:
    """Those of `PAIRINGS` with these names; with `validation` a fifth of the training rows stand in for the test."""
    return {name: PAIRINGS[name](validation, progress) for name in names}


def split(groups: Matrix, validation: bool) -> dict[str, Any]:
    """A fifth of the groups, whole, for the test; to validate, a fifth of the rest, and the test is left alone."""
    parts = grouped_split(groups, {"train": 0.8, "test": 0.2}, SPLIT_SEED)
    train, test = parts["train"], parts["test"]
    if validation:
        inner = grouped_split(groups[train], {"train": 0.8, "test": 0.2}, SPLIT_SEED + 1)
        train, test = train[inner["train"]], train[inner["test"]]
    return {"train": train, "test": test}


def spoken_written(validation: bool, progress: Progress) -> Pairing:
    """Spoken ↔ handwritten digits: voices never heard in training; any picture of the digit is a right answer."""
    samples = load("spoken-handwritten", report=progress)
    pictures = np.asarray(samples["image"])
    digits, voices = samples.groups["digit"], samples.groups["speaker"]
    sounds = word_features([np.asarray(sound) for sound in samples["audio"]])
    spectra = sounds.reshape(-1, FRAMES, BANDS)[:, :, ::-1].transpose(0, 2, 1)
    grey = (255 * (spectra - spectra.min()) / np.ptp(spectra)).astype(np.uint8)
    return Pairing(
        "spoken_written",
        {"audio": sounds, "image": digit_features(pictures), "text": np.eye(10, dtype=np.float32)[digits]},
        voices,
        "voices",
        **split(voices, validation),
        samples=samples,
        kinds=digits,
        shown={"audio": np.repeat(grey[..., None], 3, axis=3), "image": np.repeat(pictures, 3, axis=3)},
        features={"audio": word_features, "image": digit_features},
    )


def picture_text(validation: bool, progress: Progress) -> Pairing:
    """Emoji, picture ↔ text: concepts of families never seen in training."""
    samples, texts, split_ = _concepts(validation, progress)
    known = TfIdf([texts[i] for i in split_["train"]])
    views = {"image": drawn(samples["twemoji"]), "text": known(texts), "sketch": drawn(samples["openmoji"])}
    shown = {"image": samples["twemoji"], "text": samples["name"]}
    families = samples.groups["family"]
    features: dict[str, Callable[[Any], Matrix]] = {"image": drawn, "text": known}
    return Pairing(
        "picture_text", views, families, "families", **split_, samples=samples, shown=shown, features=features
    )


def two_styles(validation: bool, progress: Progress) -> Pairing:
    """Emoji, Twemoji's drawing ↔ OpenMoji's: concepts of families never seen in training."""
    samples, texts, split_ = _concepts(validation, progress)
    known = TfIdf([texts[i] for i in split_["train"]])
    views = {"twemoji": drawn(samples["twemoji"]), "openmoji": drawn(samples["openmoji"]), "text": known(texts)}
    shown = {"twemoji": samples["twemoji"], "openmoji": samples["openmoji"]}
    families = samples.groups["family"]
    return Pairing("two_styles", views, families, "families", **split_, samples=samples, shown=shown)


def two_measures(validation: bool, progress: Progress) -> Pairing:
    """A table's feature groups: a tumour's mean measures ↔ its worst ones; which patient is it?"""
    samples = load("breast-cancer")
    patients = np.arange(len(samples))
    split_ = split(patients, validation)

    def standard(name: str) -> Matrix:
        logs = np.log(samples[name] + 1e-3)  # all are positive, and skewed
        known = logs[split_["train"]]
        return ((logs - known.mean(axis=0)) / known.std(axis=0)).astype(np.float32)

    views = {name: standard(name) for name in ("mean", "worst", "error")}
    columns = dict.fromkeys(views, BREAST)
    return Pairing("two_measures", views, patients, "patients", **split_, samples=samples, columns=columns)


PAIRINGS: dict[str, Callable[[bool, Progress], Pairing]] = {
    "two_measures": two_measures,
    "two_styles": two_styles,
    "picture_text": picture_text,
    "spoken_written": spoken_written,
}


def drawn(drawings: Matrix) -> Matrix:
    """RGBA drawings (n, 32, 32, 4) as oriented gradients and colour (n, 704)."""
    return oriented_gradients(composite(drawings))


def digit_features(pictures: Matrix) -> Matrix:
    """Handwritten digits, gray, uint8 (n, height, width, 1), as oriented gradients (n, 512)."""
    wide = resize(np.repeat(pictures, 3, axis=3), 32) if pictures.shape[1] != 32 else np.repeat(pictures, 3, axis=3)
    return oriented_gradients(np.asarray(wide, np.float32) / 255)[:, :512]


def word_features(sounds: Sequence[Matrix], rate_hz: int = RATE_HZ) -> Matrix:
    """Spoken words as log-mel features, 40 bands at 24 moments evenly over the word: (n, 960), less their mean."""
    described = []
    for sound in sounds:
        trimmed = audio.trim_silence(np.asarray(sound, np.float32), rate_hz=rate_hz)
        if rate_hz != RATE_HZ:
            trimmed = audio.resample(trimmed, rate_hz=rate_hz, to_hz=RATE_HZ)
        bands = audio.log_mel(trimmed, rate_hz=RATE_HZ, window_samples=512, hop_samples=256, mels=BANDS)
        bands = bands.reshape(len(bands), BANDS)
        moments = np.linspace(0, len(bands) - 1, FRAMES)
        at = np.stack([np.interp(moments, np.arange(len(bands)), band) for band in bands.T], axis=1)
        described.append((at - at.mean()).ravel())
    return np.array(described, np.float32)


def _concepts(validation: bool, progress: Progress) -> tuple[Samples, list[Any], dict[str, Any]]:
    samples = emoji(progress)
    return samples, texts_of(samples), split(samples.groups["family"], validation)
