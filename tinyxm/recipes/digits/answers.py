"""Asking a trained model: the written digits for a sound, the spoken ones for a picture, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import composite, crop_content, resize, rgb_to_gray
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.models.audio_image import AudioImage, embedded
from tinyxm.models.interpretation import similarity
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.interpretation.overview import picture_maps
from tinyxm.recipes.digits.data import Data
from tinyxm.recipes.digits.sounds import features, heard
from tinyxm.recipes.recipe import Hit

Sound = tuple[NDArray[np.float32], int]  # and its rate in Hz


def find_pictures(model: AudioImage, data: Data, sound: Sound, top: int) -> list[Hit]:
    """The handwritten digits, of those never trained on, that agree best with a sound. ValueError for silence."""
    query = embedded(model.sound, heard(features(*sound)[None]))[0]
    test = data.parts["test"]
    agreement = embedded(model.picture, data.pictures[test]) @ query
    best = np.argsort(-agreement, kind="stable")[:top]
    return [
        Hit(DIGITS[data.digits[i]], float(s), np.repeat(np.uint8(255 * data.pictures[i]), 3, axis=-1), str(i))
        for i, s in zip(test[best], agreement[best], strict=True)
    ]


def find_sounds(model: AudioImage, data: Data, picture: NDArray[np.uint8], top: int) -> list[Hit]:
    """The utterances, of all, that agree best with a picture (RGBA). Raises ValueError for one of a single colour."""
    spoken = data.spoken
    agreement = embedded(model.sound, heard(spoken.features)) @ embedded(model.picture, as_written(picture)[None])[0]
    best = np.argsort(-agreement, kind="stable")[:top]
    return [
        Hit(
            DIGITS[spoken.digits[i]],
            float(agreement[i]),
            id=spoken.ids[i],
            sound=spoken.sounds[i][:, 0],
            rate_hz=spoken.rate_hz,
        )
        for i in best
    ]


def why(model: AudioImage, data: Data, sound: Sound | None, picture: NDArray[np.uint8] | None) -> list[Maps | Words]:
    """Which part of a sound agrees with a picture, when and at which frequencies, and which part of the picture.

    Where one of the two isn't given, it's the one that agrees best with the other. What stands for nothing is a black
    picture, and of the sound the mean over time of each band. Raises as `find_pictures` and `find_sounds`.
    """
    written = None if picture is None else as_written(picture)
    if sound is None:
        assert picture is not None
        hit = find_sounds(model, data, picture, 1)[0]
        assert hit.sound is not None
        sound = hit.sound, hit.rate_hz
    if written is None:
        hit = find_pictures(model, data, sound, 1)[0]
        assert hit.picture is not None
        written = (hit.picture[..., :1] / 255).astype(np.float32)
    x = heard(features(*sound)[None])
    said, drawn = embedded(model.sound, x)[0], embedded(model.picture, written[None])[0]
    of_sound, of_picture = similarity(model.sound, drawn), similarity(model.picture, said)
    return [
        picture_maps("agreement of the sound with the picture", of_sound, model.sound, x, x[0], 0, spectrogram=True),
        picture_maps("agreement of the picture with the sound", of_picture, model.picture, written[None], written),
    ]


def as_written(rgba: np.ndarray) -> np.ndarray:
    """Any picture of a digit (height, width, 4) as the pictures trained on: light on dark, 20 pixels within 28."""
    gray = rgb_to_gray(composite(rgba))[..., :1]
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    ink = np.clip(np.sign(0.5 - np.median(border)) * (gray - np.median(border)), 0, 1).astype(np.float32)
    if not ink.max() > 0:
        raise ValueError("digits: the picture is of one colour; expected a digit, dark on light or light on dark")
    content = crop_content(ink, background=0.0, tolerance=0.2 * float(ink.max()))
    small = resize(content / ink.max(), (20, 20), "bilinear", fit="pad")
    rows, columns = (np.sum(np.arange(20) * small.sum(axis=(1 - k, 2))) / small.sum() for k in (0, 1))
    top, left = (int(np.clip(round(13.5 - middle), 0, 8)) for middle in (rows, columns))
    placed = np.zeros((28, 28, 1), np.float32)
    placed[top : top + 20, left : left + 20] = np.clip(small, 0, 1)
    return placed
