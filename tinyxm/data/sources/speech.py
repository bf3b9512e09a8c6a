"""Spoken words, synthesised by eSpeak NG for any text, in a process of its own; each word is cached."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cleaning import Entry, Ledger
from ..samples import Samples
from . import beside, cache_folder, require
from .handwriting import DIGITS
from .registry import SOURCES, Modality, Source

RATE_HZ = 22_050
LONGEST_TEXT = 1000  # characters
SHORT_PATH = 120  # bytes; a data path of 175 ends the process
SCHEMA = 1
Report = Callable[[str, int, int], None]
Int16 = NDArray[np.int16]


def speech(
    texts: Sequence[str] = DIGITS,
    voices: Sequence[str] = ("en-us", "en-us+f3", "en-gb-scotland", "en-029+m7"),
    pitches: Sequence[int] = (50,),
    words_per_minute: Sequence[int] = (160,),
    report: Report | None = None,
    cache: bool = True,
) -> Samples:
    """Each text in each voice, pitch and speed, synthesised: texts outermost, speeds innermost.

    Modalities: "audio", a list of float32 (samples, 1) at 22,050 Hz, as the synthesiser leaves them; "text". Groups:
    "text", "voice", "language". ids: "en-us/50/160/seven". A voice is a language of `languages()`, such as "en-us",
    "fr" or "cmn", and may have one of `variants()` behind it: "en-us+f3". Pitch is from 0 to 99, 50 is usual; speed
    from 80 to 450. A text without anything to say has no audio; the ledger tells.
    An utterance is a function of its text and settings alone; it's kept in the cache folder, one file each, unless
    `cache` is off. `report(what, done, total)` hears of progress.
    Raises ValueError for what isn't a voice or out of range, MissingExtra without espeakng-loader.
    """
    release = require("speech", "data", ["espeakng-loader"])["espeakng-loader"]
    texts, voices = _listed("texts", texts), _listed("voices", voices)
    _check(texts, voices, pitches, words_per_minute)
    asked = list(itertools.product(texts, voices, pitches, words_per_minute))
    folder = cache_folder() / f"speech-{release}-{SCHEMA}" if cache else None
    spoken = _spoken(list(dict.fromkeys(asked)), folder, report)
    ids = [f"{voice}/{pitch}/{speed}/{text}" for text, voice, pitch, speed in asked]
    sounds = [spoken[key] for key in asked]
    silent = (
        Entry(name, "audio", "nothing to say", "missing", "source", repr(text))
        for name, (text, *_), sound in zip(ids, asked, sounds, strict=True)
        if not sound.any()
    )
    return Samples(
        {
            "audio": [(sound[:, None] / np.float32(2**15)) if sound.any() else None for sound in sounds],
            "text": [text for text, *_ in asked],
        },
        ids=ids,
        groups={
            "text": [text for text, *_ in asked],
            "voice": [voice for _, voice, *_ in asked],
            "language": [voice.partition("+")[0] for _, voice, *_ in asked],
        },
        ledger=Ledger(list(silent)),
    )


def languages() -> dict[str, str]:
    """What can be spoken: {code: name}, such as {"en-us": "English (America)", ...}.

    Six of them come without a dictionary and say nothing: chr, cv, fo, kaa, sjn, xex.
    """
    return {code: name for code, (name, _) in _voices().items()}


@lru_cache
def _voices() -> dict[str, tuple[str, str]]:
    with _Synthesiser() as synthesiser:
        found = synthesiser.ask("voices")[0]["voices"]
    named = {voice["file"].rpartition("/")[2].lower(): (voice["name"], voice["file"]) for voice in found}
    return dict(sorted(named.items()))


@lru_cache
def variants() -> tuple[str, ...]:
    """Ways to speak any language: f1, f2 ... are higher voices, m1 ... lower ones, others have names."""
    require("speech", "data", ["espeakng-loader"])
    import espeakng_loader

    return tuple(sorted(path.name for path in Path(espeakng_loader.get_data_path(), "voices/!v").iterdir()))


def _listed(name: str, values: Sequence[str]) -> list[str]:
    if isinstance(values, str) or not values or not all(isinstance(value, str) for value in values):
        raise TypeError(f"speech: {name} {values!r}: expected a list of texts, such as ['seven']")
    return list(values)


def _check(texts: list[str], voices: list[str], pitches: Sequence[int], speeds: Sequence[int]) -> None:
    for text in texts:
        if "\0" in text or len(text) > LONGEST_TEXT:
            raise ValueError(
                f"speech: a text of {len(text)} characters; expected at most {LONGEST_TEXT}, none of them NUL"
            )
    for voice in voices:
        language, plus, variant = voice.partition("+")
        if language not in languages() or (plus and variant not in variants()):
            asked, known = (variant, variants()) if language in languages() else (language, tuple(languages()))
            near = [name for name in known if name.startswith(asked[:2])] or difflib.get_close_matches(
                asked, known, 5, 0.3
            )
            raise ValueError(
                f"speech: no voice {voice!r}; expected a language, or language+variant, such as "
                f"{', '.join(near[:12]) or 'en-us+f3'}; languages() and variants() list them"
            )
    for name, values, low, high in (("pitches", pitches, 0, 99), ("words_per_minute", speeds, 80, 450)):
        if not values or any(not isinstance(v, int | np.integer) or not low <= v <= high for v in values):
            raise ValueError(f"speech: {name} {list(values)}; expected whole numbers from {low} to {high}")


def _spoken(
    asked: Sequence[tuple[str, str, int, int]], folder: Path | None, report: Report | None
) -> dict[tuple[str, str, int, int], Int16]:
    found = {key: sound for key in asked if folder and (sound := _read(_file(folder, key))) is not None}
    if len(found) == len(asked):
        return found
    with _Synthesiser() as synthesiser:
        for done, key in enumerate(asked, 1):
            if key not in found:
                found[key], _ = synthesiser.say(*key)
                if folder is not None:
                    folder = _write(folder, key, found[key])
            if report and (done == len(asked) or done % 20 == 0):
                report("speaking", done, len(asked))
    return found


def _file(folder: Path, key: tuple[str, str, int, int]) -> Path:
    return folder / (hashlib.sha256(repr(key).encode()).hexdigest()[:24] + ".npy")


def _read(path: Path) -> Int16 | None:
    try:
        sound = np.load(path, allow_pickle=False)
        if sound.dtype != np.int16 or sound.ndim != 1:
            raise ValueError(f"{sound.dtype} {sound.shape}")
        return sound
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # wrong bytes fail in several ways
        warnings.warn(f"speech: the cache {path} is corrupt ({error!r}); speaking it again", stacklevel=4)
        return None


def _write(folder: Path, key: tuple[str, str, int, int], sound: Int16) -> Path | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside(_file(folder, key)) as part, part.open("wb") as output:
            np.save(output, sound)
    except OSError as error:
        warnings.warn(f"speech: can't keep sounds in {folder} ({error}); they're spoken each time", stacklevel=4)
        return None
    return folder


class _Synthesiser:
    """eSpeak NG in a process of its own."""

    def __enter__(self) -> _Synthesiser:
        require("speech", "data", ["espeakng-loader"])
        import espeakng_loader

        self._data = _short(Path(espeakng_loader.get_data_path()))
        script, library = Path(__file__).with_name("espeak.py"), espeakng_loader.get_library_path()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(script), library, self._data.__enter__()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except BaseException:
            self._data.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # it has ended: what there is to say was said by `ask`
                    stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._data.__exit__(None, None, None)

    def ask(self, what: Any) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
            head = json.loads(self._process.stdout.readline() or b"null")
            samples = self._process.stdout.read(head.get("bytes", 0)) if head else b""
        except BrokenPipeError:
            head = None
        if not head or len(samples) < head.get("bytes", 0):
            code = self._process.wait()
            raise RuntimeError(f"speech: the synthesiser ended (status {code}) at {what!r}; leave that out")
        if "error" in head:
            raise ValueError(f"speech: {head['error']}, asked for {what!r}")
        return head, samples

    def say(self, text: str, voice: str, pitch: int, speed: int) -> tuple[Int16, list[tuple[str, int]]]:
        """An utterance's samples, and its phonemes, each with the sample where it begins."""
        language, plus, variant = voice.partition("+")
        file = _voices()[language][1]
        head, samples = self.ask(
            {"text": text, "voice": f"{file}{plus}{variant}", "pitch": int(pitch), "speed": int(speed)}
        )
        if head["rate_hz"] != RATE_HZ:
            raise RuntimeError(f"speech: the synthesiser speaks at {head['rate_hz']} Hz; expected {RATE_HZ}")
        return np.frombuffer(samples, "<i2").astype(np.int16), [(name, begins) for name, begins in head["phonemes"]]


@contextmanager
def _short(data: Path) -> Iterator[str]:
    """The synthesiser's data under a path that is short enough for it: a link, or else a copy."""
    if len(str(data).encode()) <= SHORT_PATH:
        yield str(data)
        return
    with tempfile.TemporaryDirectory(prefix="xm") as folder:
        short = Path(folder, data.name)  # it looks for this name in the folder
        if len(str(short).encode()) > SHORT_PATH:
            raise ValueError(
                f"speech: the folder for temporary files is too deep, {folder}; set TMPDIR to a shorter one"
            )
        try:
            short.symlink_to(data, target_is_directory=True)
        except OSError:  # Windows, without the right to
            shutil.copytree(data, short)
        yield str(short)


SOURCES.add(
    Source(
        name="speech",
        what="spoken words for any text, in many voices and languages: synthesised",
        origin="synthesised",
        modalities={
            "audio": Modality("sound", "the text, spoken by a machine", rate_hz=RATE_HZ),
            "text": Modality("text", "what is said"),
        },
        size="as much as you ask for; ten digits in four voices by default",
        licence="the synthesiser is eSpeak NG, GPL-3.0-or-later: it's called, and none of it is shipped",
        citation="eSpeak NG, https://github.com/espeak-ng/espeak-ng, as packaged in espeakng-loader",
        load=speech,
        specimen=lambda: speech(DIGITS[:6], cache=False)[[0, 5, 10, 15, 16, 20]],
        packages=("espeakng-loader",),
        schema=SCHEMA,
        notes=(
            "Synthesised: clearer and more alike than people speak. Beside it stands `recorded-digits`.",
            "languages() and variants() in tinyxm.data.sources.speech list the voices.",
        ),
    )
)
