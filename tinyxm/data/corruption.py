"""Known faults, planted in clean data: what cleaning finds of them is its score.

corrupted, planted = corrupt(samples, "clipping", share=0.05, rng=0, modality="audio")
kept, ledger = clean(corrupted, {"audio": SOUND_RULES})
print(score(planted, ledger)["clipping"])  # recall and precision
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .cleaning.ledger import Entry, Ledger, there
from .cleaning.opened import is_file, picture_of, sound_of
from .samples import Samples
from .text import words

Rng = np.random.Generator
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz that sounds are commonly said to have
# by what name the ledger calls a kind; where it isn't here, by its own
FAULTS = {"truncated": ("undecodable picture", "undecodable sound")}


class Corrupted(NamedTuple):
    """The samples with faults in them, and a ledger of what was planted where (action "planted")."""

    samples: Samples
    planted: Ledger


@dataclass(frozen=True)
class Score:
    """How many faults of a kind were planted, how many of them found under its name, how many findings weren't planted.

    recall = found / planted, precision = found / (found + false); NaN where there is nothing to divide by.
    `missed` and `wrong` name the samples.
    """

    planted: int
    found: int
    false: int
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else float("nan")

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false) if self.found + self.false else float("nan")

    def __str__(self) -> str:
        return f"recall {self.recall:.3f} ({self.found} of {self.planted}), precision {self.precision:.3f}"


def corrupt(
    samples: Samples,
    kind: str,
    share: float = 0.05,
    rng: int | Rng = 0,
    *,
    modality: str,
    spare: Collection[str] = (),
) -> Corrupted:
    """Plant one kind of fault in a `share` of the samples, in one modality of each, drawn by `rng`.

    | kind | in | what is done |
    | --- | --- | --- |
    | exact duplicate | any | a copy of the sample, under a new id, is put at the end |
    | near duplicate | any | the same, but changed: see `_near` of pictures, sounds, texts, numbers |
    | truncated | files | cut off after 5 to 95 % of their bytes |
    | blank picture | pictures | one colour, half of them with noise of a compressed picture (±2 of 255) |
    | silence | sounds | zeros, or noise of −90 to −66 dBFS, a third of them with an offset |
    | clipping | sounds | cut off at a level that 1 to 10 % of the samples pass, half of them made quieter after it |
    | DC offset | sounds | ±0.01 to 0.2 added (1 is full scale) |
    | wrong rate | sounds | another rate is stated, at least a quarter higher or a fifth lower |
    | empty text | texts | nothing, white space, punctuation, or "N/A" and its like |
    | mis-encoded text | texts | UTF-8 read as cp1252 or Latin-1, once or twice; UTF-16 as Latin-1; characters lost |
    | non-finite | arrays | NaN or infinity in one number to 5 % of them |
    | outlier | rows of numbers | one to three numbers with a shifted decimal point or a wrong sign |
    | wrong label | labels | another of the labels that there are |
    | wrong pair | any beside others | values change places among the samples chosen |

    A sample's other modalities stay. Only samples in which the fault makes a difference are chosen (characters beyond
    ASCII for most that is mis-encoded; texts of 5 words for near duplicates), and none of `spare`, which is how several
    kinds are planted in one set. What is an array stays one, of the same shape and type, and a file stays a file.
    Raises ValueError for an unknown kind, and where no sample can have it.
    """
    if kind not in KINDS:
        raise ValueError(f"corrupt: no kind {kind!r}; there are {', '.join(KINDS)}")
    if not 0 < share <= 1:
        raise ValueError(f"corrupt: share {share}; expected above 0 and at most 1")
    generator = np.random.default_rng(rng)
    values = samples[modality]
    possible = [i for i, value in there(samples, modality) if samples.ids[i] not in spare and _can_have(kind, value)]
    count = min(len(possible), max(1, round(share * len(samples))))
    if not possible or (kind == "wrong pair" and count < 2):
        raise ValueError(f"corrupt: no sample's {modality} can have the fault {kind!r} ({len(samples)} samples)")
    chosen = np.sort(generator.choice(possible, count, replace=False))
    names = [samples.ids[i] for i in chosen]
    if kind in ("exact duplicate", "near duplicate"):
        changed = [values[i] if kind == "exact duplicate" else _near(values[i], generator) for i in chosen]
        ids = [f"{name} (copy)" for name in names]
        entries = [
            Entry(name, modality, kind, "planted", "corrupt", other=other)
            for name, other in zip(ids, names, strict=True)
        ]
        return Corrupted(_appended(samples, chosen, ids, modality, changed), Ledger(entries))
    if kind == "wrong pair":
        changed = [values[i] for i in _moved(values, chosen, generator)]
    elif kind == "wrong label":
        labels = sorted({_plain(values[i]) for i, _ in there(samples, modality)})
        changed = [
            generator.choice(np.array([label for label in labels if label != _plain(values[i])])) for i in chosen
        ]
        changed = [value if isinstance(values, np.ndarray) else value.item() for value in changed]
    else:
        change = KINDS[kind]
        assert change is not None
        changed = [change(values[i], generator) for i in chosen]
    entries = [Entry(name, modality, kind, "planted", "corrupt") for name in names]
    return Corrupted(
        samples.with_modality(modality, _put(values, chosen, changed), samples.present[modality]), Ledger(entries)
    )


def score(
    planted: Iterable[Entry], found: Iterable[Entry], natural: Collection[tuple[str, str]] = ()
) -> dict[str, Score]:
    """Recall and precision of each kind that was planted: by sample and fault.

    A finding of the same name in a sample that has no such fault planted is false; so is one in the original of a near
    duplicate. `natural` are (sample, fault) that the data had before anything was planted: they count neither way.
    """
    kinds: dict[str, set[str]] = {}
    for entry in planted:
        kinds.setdefault(entry.fault, set()).add(entry.sample)
    findings = list(found)
    result = {}
    for kind, names in kinds.items():
        faults = FAULTS.get(kind, (kind,))
        told = {e.sample for e in findings if e.fault in faults and (e.sample, e.fault) not in natural}
        missed, wrong = tuple(sorted(names - told)), tuple(sorted(told - names))
        result[kind] = Score(len(names), len(names & told), len(wrong), missed, wrong)
    return result


def _truncated(value: bytes, rng: Rng) -> bytes:
    return value[: max(1, int(len(value) * rng.uniform(0.05, 0.95)))]


def _blank(value: Any, rng: Rng) -> Any:
    def change(picture: NDArray[Any]) -> NDArray[Any]:
        plain = np.broadcast_to(rng.integers(0, 256, picture.shape[-1]), picture.shape).astype(float)
        plain += rng.integers(-2, 3, picture.shape) if rng.random() < 0.5 else 0
        if picture.shape[-1] == 4:
            plain[..., 3] = 255
        return plain.clip(0, 255)

    return _changed_picture(value, change)


def _silence(value: Any, rng: Rng) -> Any:
    def change(sound: NDArray[Any], rate: float | None) -> tuple[NDArray[Any], float | None]:
        level = 0.0 if rng.random() < 1 / 3 else 10 ** (rng.uniform(-90, -66) / 20)
        offset = rng.uniform(-0.1, 0.1) if rng.random() < 1 / 3 else 0.0
        return rng.normal(0, level, sound.shape) + offset, rate

    return _changed_sound(value, change)


def _clipping(value: Any, rng: Rng) -> Any:
    def change(sound: NDArray[Any], rate: float | None) -> tuple[NDArray[Any], float | None]:
        limit = max(float(np.quantile(np.abs(sound), 1 - rng.uniform(0.01, 0.1))), 1e-6)
        return sound.clip(-limit, limit) / limit * (1.0 if rng.random() < 0.5 else rng.uniform(0.1, 0.9)), rate

    return _changed_sound(value, change)


def _dc_offset(value: Any, rng: Rng) -> Any:
    offset = rng.uniform(0.01, 0.2) * rng.choice([-1, 1])
    return _changed_sound(value, lambda sound, rate: ((sound + offset).clip(-1, 1), rate))


def _wrong_rate(value: Any, rng: Rng) -> Any:
    def change(sound: NDArray[Any], rate: float | None) -> tuple[NDArray[Any], float | None]:
        others = [other for other in RATES if rate and (other >= 1.25 * rate or other <= 0.8 * rate)]
        return sound, int(rng.choice([other for other in others if rate and 0.2 <= other / rate <= 6]))

    return _changed_sound(value, change)


def _empty(value: str, rng: Rng) -> str:
    return str(rng.choice(["", " ", "\n\t", "-", "...", "?", "N/A", "null", "<untitled>", "TODO", "\u00a0", "—"]))


def _mis_encoded(value: str, rng: Rng) -> str:
    ways = ["cp1252"] * 9 + ["latin-1"] * 3 + ["twice"] * 3 + ["lost"] * 3 if not value.isascii() else []
    way = str(rng.choice([*ways, "utf-16", "utf-16"]))
    if way == "utf-16":
        return value.encode("utf-16-le").decode("latin-1")
    if way == "lost":
        return value.encode("utf-8").decode("ascii", "replace")
    for _ in range(2 if way == "twice" else 1):
        data = value.encode("utf-8")
        value = data.decode("latin-1") if way == "latin-1" else "".join(map(_as_cp1252, data))
    return value


def _as_cp1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no character there; browsers show Latin-1's control
        return chr(byte)


def _non_finite(value: Any, rng: Rng) -> Any:
    def change(array: NDArray[Any]) -> NDArray[Any]:
        spoilt = array.copy()
        at = rng.choice(spoilt.size, max(1, int(spoilt.size * rng.uniform(0, 0.05))), replace=False)
        spoilt.reshape(-1)[at] = rng.choice([np.nan, np.inf, -np.inf], len(at))
        return spoilt

    if isinstance(value, np.ndarray):
        return change(value)
    return _changed_sound(value, lambda sound, rate: (change(np.ascontiguousarray(sound)), rate))


def _outlier(value: NDArray[Any], rng: Rng) -> NDArray[Any]:
    spoilt = value.copy()
    count = min(int(rng.integers(1, 4)), int(np.count_nonzero(value)))
    for k in rng.choice(np.flatnonzero(value), count, replace=False):
        spoilt[k] *= (10, 100, 0.1, 0.01, -1)[int(rng.integers(5))]
    return spoilt


def _near(value: Any, rng: Rng) -> Any:
    """A near duplicate: of a picture or a sound one to three changes, of a text one or two, of numbers the last digits.

    Pictures: another size (70 to 140 %, for arrays and back), brightness and contrast (10 %), JPEG of quality 50 to 95
    or noise of 4 of 255. Sounds: level (−12 to +3 dB), noise 30 to 40 dB below, silence before and after (to 0.3 s),
    another rate, properly resampled. Texts: a word left out, doubled or misspelt. Numbers: 0.1 % of each.
    """
    if isinstance(value, str):
        return _near_text(value, rng)
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= 1000:
        return (value * (1 + rng.normal(0, 1e-3, value.shape))).astype(value.dtype)
    if _is_sound(value):
        return _changed_sound(
            value, lambda sound, rate: _near_sound(sound, rate, rng, not isinstance(value, np.ndarray))
        )
    return _changed_picture(value, lambda picture: _near_picture(picture, rng, not isinstance(value, np.ndarray)))


def _near_picture(picture: NDArray[Any], rng: Rng, resize: bool) -> NDArray[Any]:
    channels = picture.shape[-1]
    shown = Image.fromarray(picture.astype(np.uint8).squeeze() if channels == 1 else picture.astype(np.uint8))
    ways = rng.choice(3, int(rng.integers(1, 4)), replace=False)
    if 0 in ways:
        factor = rng.uniform(0.7, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.4)
        width, height = (max(2, round(side * factor)) for side in shown.size)
        smaller = shown.resize((width, height), Image.Resampling.BICUBIC)
        shown = smaller if resize else smaller.resize(shown.size, Image.Resampling.BICUBIC)
    array = np.asarray(shown, np.float64).reshape(shown.height, shown.width, channels).copy()
    colour = array[..., :3]
    if 1 in ways:
        colour[:] = (colour - 128) * rng.uniform(0.9, 1.1) + 128 + rng.uniform(-12, 12)
    if 2 in ways and rng.random() < 0.5:
        colour += rng.normal(0, 4, colour.shape)
    elif 2 in ways and channels >= 3:
        stream = io.BytesIO()
        Image.fromarray(colour.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=int(rng.integers(50, 96)))
        colour[:] = np.asarray(Image.open(stream))
    return array.clip(0, 255)


def _near_sound(sound: NDArray[Any], rate: float | None, rng: Rng, resample: bool) -> tuple[NDArray[Any], float | None]:
    x = sound * 10 ** (rng.uniform(-12, 3) / 20)
    ways = rng.choice(3, int(rng.integers(1, 4)), replace=False)
    if 0 in ways:
        x = x + rng.normal(0, np.sqrt(np.square(x).mean()) * 10 ** (-rng.uniform(30, 40) / 20), x.shape)
    if 1 in ways and resample:
        ends = [(int(rng.uniform(0, 0.3) * (rate or 8000)), int(rng.uniform(0, 0.3) * (rate or 8000)))]
        x = np.pad(x, ends + [(0, 0)] * (x.ndim - 1))
    if 2 in ways and resample and rate:
        from .audio import resample as resampled

        other = int(rng.choice([r for r in RATES if 0.9 * rate < r < 3 * rate and r != rate]))
        return resampled(x, rate_hz=int(rate), to_hz=other).clip(-1, 1), other
    return x.clip(-1, 1), rate


def _near_text(value: str, rng: Rng) -> str:
    tokens = value.split(" ")
    for _ in range(int(rng.integers(1, 3))):
        k = int(rng.integers(len(tokens)))
        way = int(rng.integers(3))
        if way == 0 and len(tokens) > 1:
            del tokens[k]
        elif way == 1:
            tokens.insert(k, tokens[k])
        else:
            at = int(rng.integers(max(1, len(tokens[k]) - 1)))
            tokens[k] = tokens[k][:at] + tokens[k][at + 1 : at + 2] + tokens[k][at : at + 1] + tokens[k][at + 2 :]
    changed = " ".join(tokens)
    return changed if words(changed) != words(value) else f"{value} {words(value)[0]}"


def _changed_picture(value: Any, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Any:
    """The picture after `change`, which is given 0 to 255; in the form that it came in (of a file PNG)."""
    picture = picture_of(value)
    assert picture is not None
    full = 255.0 if picture.dtype == np.uint8 else 1.0
    changed = change(picture.astype(np.float64) * (255 / full))
    if not is_file(value):
        return (np.rint(changed) if full == 255 else changed / 255).astype(picture.dtype)
    stream = io.BytesIO()
    Image.fromarray(np.rint(changed).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def _changed_sound(value: Any, change: Callable[..., tuple[NDArray[Any], float | None]]) -> Any:
    """The sound after `change`, in the form that it came in (of a file WAV: 16 bits, or 32 where not all is finite)."""
    heard = sound_of(value)
    assert heard is not None
    sound, rate = change(heard[0].astype(np.float64), heard[1])
    if isinstance(value, np.ndarray):
        scale = 2.0 ** (8 * value.dtype.itemsize - 1) if value.dtype.kind == "i" else 1.0
        return (np.rint(sound * scale).clip(-scale, scale - 1) if scale > 1 else sound).astype(value.dtype)
    if isinstance(value, tuple):
        return sound.astype(value[0].dtype), rate
    return wav(sound, int(rate or 0))


def wav(sound: NDArray[Any], rate_hz: int) -> bytes:
    """A sound as the bytes of a WAV file: 16 bits, or 32-bit floating point where not all numbers are finite."""
    import soundfile

    stream = io.BytesIO()
    subtype = "PCM_16" if np.isfinite(sound).all() else "FLOAT"
    soundfile.write(stream, sound.astype(np.float32), rate_hz, format="WAV", subtype=subtype)
    return stream.getvalue()


def _can_have(kind: str, value: Any) -> bool:
    array = isinstance(value, np.ndarray)
    if kind == "truncated":
        return isinstance(value, bytes)
    if kind == "blank picture":
        return not _is_sound(value) and (is_file(value) or (array and value.ndim >= 3))
    if kind in ("silence", "clipping", "DC offset", "wrong rate"):
        return (_is_sound(value) or (array and value.ndim in (1, 2))) and not (kind == "wrong rate" and array)
    if kind in ("empty text", "mis-encoded text"):
        return isinstance(value, str) and bool(value.strip())
    if kind == "non-finite":
        return (array and value.dtype.kind == "f") or _is_sound(value)
    if kind == "outlier":
        return array and value.ndim == 1 and value.dtype.kind == "f" and bool(value.any())
    if kind == "near duplicate" and isinstance(value, str):
        return len(words(value)) >= 5
    return True


def _is_sound(value: Any) -> bool:
    if isinstance(value, bytes):
        return value[:4] in (b"RIFF", b"fLaC", b"OggS")
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], np.ndarray)


def _moved(values: Any, chosen: NDArray[Any], rng: Rng) -> NDArray[Any]:
    """Where each chosen sample's new value is from: none keeps its own."""
    order = chosen[rng.permutation(len(chosen))]
    source = dict(zip(order, np.roll(order, 1), strict=True))
    return np.array([source[i] for i in chosen])


def _put(values: Any, chosen: NDArray[Any], changed: list[Any]) -> Any:
    new = values.copy()
    for i, value in zip(chosen, changed, strict=True):
        new[i] = value
    return new


def _appended(samples: Samples, chosen: NDArray[Any], ids: list[str], modality: str, changed: list[Any]) -> Samples:
    """The samples with copies of the chosen ones behind them, which have other values in one modality."""
    whole = samples[np.concatenate([np.arange(len(samples)), chosen])]
    whole.ids[len(samples) :] = ids
    places = np.arange(len(samples), len(whole))
    return whole.with_modality(modality, _put(whole[modality], places, changed), whole.present[modality])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


KINDS: dict[str, Callable[[Any, Rng], Any] | None] = {  # None: what `corrupt` does itself
    "exact duplicate": None,
    "near duplicate": _near,
    "truncated": _truncated,
    "blank picture": _blank,
    "silence": _silence,
    "clipping": _clipping,
    "DC offset": _dc_offset,
    "wrong rate": _wrong_rate,
    "empty text": _empty,
    "mis-encoded text": _mis_encoded,
    "non-finite": _non_finite,
    "outlier": _outlier,
    "wrong label": None,
    "wrong pair": None,
}
