"""Near duplicates: the same picture at another size, the same recording at another level, the same text in other words.

In all three a cheap fingerprint proposes, and a closer look decides. Of a pair the later one is the duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..image import composite
from ..likeness import candidates, jaccard, minhash, shingles, sound_fingerprint
from ..samples import Samples
from .ledger import Entry, there
from .opened import mono_of, picture_of

LONGEST = 20_000  # characters of a text that are compared: of a book its beginning is enough


def difference_hash(picture: NDArray[Any]) -> int:
    """dHash: 64 bits, of which bit 8·r + c says whether the gray value rises from column c to c + 1 in row r.

    `picture`: (height, width, channels), gray, RGB or RGBA; uint8 or 0..1. It's laid over white, made gray and shrunk
    to 9 × 8 pixels, so that size, compression, brightness and contrast change few bits: the number of bits in which
    two hashes differ (their Hamming distance) is small for near duplicates, and about 32 for others.
    Source: Krawetz 2013, Kind of like that (after the pHash of Zauner 2010, with differences for cosines).
    """
    gray = np.asarray(_on_white(picture).convert("L").resize((9, 8), Image.Resampling.BICUBIC)).astype(int)
    bits = (gray[:, 1:] > gray[:, :-1]).ravel()
    return sum(1 << int(k) for k in np.flatnonzero(bits))


def near_pictures(
    samples: Samples, modality: str, *, bits: int = 14, least: float = 0.985, action: str = "dropped"
) -> Iterator[Entry]:
    """Pictures that show what an earlier one shows.

    Proposed are pairs whose dHashes differ in at most `bits` of 64. Of these, near duplicates are those whose pictures,
    shrunk to 16 × 16 RGB, are correlated by `least` or more: a correlation pays no heed to brightness and contrast. So
    that a yellow heart isn't an orange one, their mean colours may differ by a tenth of full scale, and their contrasts
    by a factor of 1.4.
    """
    names, hashes, details = [], [], []
    for i, value in there(samples, modality):
        picture = picture_of(value)
        if picture is not None and picture.shape[-1] in (1, 3, 4):
            names.append(i)
            frames = picture.reshape(-1, *picture.shape[-3:])
            shown = frames[len(frames) // 2]  # of frames the middle one
            hashes.append(difference_hash(shown))
            small = _on_white(shown).resize((16, 16), Image.Resampling.BICUBIC)
            details.append(np.asarray(small, np.float32).ravel())
    if not names:
        return
    detail = np.stack(details)
    colour = detail.reshape(len(detail), -1, 3).mean(axis=1)
    detail -= detail.mean(axis=1, keepdims=True)
    contrast = np.linalg.norm(detail, axis=1, keepdims=True) + np.float32(1e-6)
    detail /= contrast
    code = np.array(hashes, np.uint64)
    for j in range(1, len(code)):
        proposed = np.flatnonzero(np.bitwise_count(code[:j] ^ code[j]) <= bits)
        alike = np.abs(colour[proposed] - colour[j]).max(axis=1, initial=0) <= 0.1 * 255
        alike &= np.abs(np.log(contrast[proposed, 0] / contrast[j, 0])) <= np.log(1.4)
        proposed = proposed[alike]
        likeness = detail[proposed] @ detail[j]
        if len(proposed) and likeness.max() >= least:
            best = int(proposed[likeness.argmax()])
            told = f"like {samples.ids[names[best]]}: correlation {likeness.max():.4f}, "
            told += f"dHash differs in {int(np.bitwise_count(code[best] ^ code[j]))} of 64 bits"
            other = samples.ids[names[best]]
            yield Entry(samples.ids[names[j]], modality, "near duplicate", action, "near_pictures", told, other=other)


def near_sounds(
    samples: Samples, modality: str, *, least: float = 0.98, rate_hz: float = 8000.0, action: str = "dropped"
) -> Iterator[Entry]:
    """Sounds that repeat an earlier one, whatever their level, the silence around them, and their rate.

    The likeness of two is the correlation of their fingerprints (`sound_fingerprint`: what the spectrum does in the
    course of the sound), and `least` of it makes a near duplicate. Where rates differ, all are compared over what the
    lowest can carry.
    """
    heard = [(i, pair) for i, value in there(samples, modality) if (pair := mono_of(value, rate_hz)) is not None]
    names, prints = [], []
    for i, (sound, rate) in heard:
        if np.isfinite(sound).all():
            names.append(i)
            prints.append(sound_fingerprint(sound - sound.mean(), rate or rate_hz))
    code = np.array(prints)
    for j in range(1, len(code)):
        likeness = code[:j] @ code[j]
        best = int(likeness.argmax())
        if likeness[best] >= least:
            other = samples.ids[names[best]]
            told = f"like {other}: correlation of fingerprints {likeness[best]:.4f}"
            yield Entry(samples.ids[names[j]], modality, "near duplicate", action, "near_sounds", told, other=other)


def near_texts(samples: Samples, modality: str, *, least: float = 0.45, action: str = "dropped") -> Iterator[Entry]:
    """Texts that say what an earlier one says, but for few characters: shingles (runs of five characters) of a Jaccard
    index |a ∩ b| / |a ∪ b| of `least` or more. Pairs are proposed by MinHash, which misses about one in a hundred.
    """
    names, sets = [], []
    for i, value in there(samples, modality):
        if isinstance(value, str) and (members := shingles(value[:LONGEST])):
            names.append(i)
            sets.append(members)
    if not sets:
        return
    signatures = minhash(sets)
    best: dict[int, tuple[float, int]] = {}
    for j, i in candidates(signatures, signatures, least):
        if i < j and (likeness := jaccard(sets[i], sets[j])) >= least:
            best[j] = max(best.get(j, (0.0, 0)), (likeness, -i))
    for j, (likeness, i) in sorted(best.items()):
        other = samples.ids[names[-i]]
        told = f"like {other}: {likeness:.0%} of their shingles in common"
        yield Entry(samples.ids[names[j]], modality, "near duplicate", action, "near_texts", told, other=other)


def _on_white(picture: NDArray[Any]) -> Image.Image:
    """An RGB picture of Pillow's; what is transparent becomes white."""
    if picture.shape[-1] == 4:
        picture = composite(picture)
    if picture.dtype != np.uint8:
        picture = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture, "RGB")
