"""The synthesiser's process: reads one utterance a line, as JSON, and answers with its samples. Standard library alone.

It is run as a script, `python -I espeak.py LIBRARY DATA`, for eSpeak NG ends the process that it doesn't like, and
is GPL: it's called here, and nothing of it is shipped. What it says of a word depends on what it has said before
(noise, flutter, the phase of a voice), so the library is unloaded after each utterance and its random numbers begin
anew: an utterance is a function of its text and settings alone.
"""

import ctypes
import json
import os
import sys
from typing import Any

SYNCHRONOUS, UTF8, CHARACTERS = 2, 1, 1  # speak_lib.h: AUDIO_OUTPUT_SYNCHRONOUS, espeakCHARS_UTF8, POS_CHARACTER
SPEED, PITCH = 1, 3  # espeakRATE, espeakPITCH
NO_EXIT, PHONEMES = 0x8000, 1  # espeakINITIALIZE_DONT_EXIT, espeakINITIALIZE_PHONEME_EVENTS
LAST, PHONEME = 0, 7  # espeakEVENT_LIST_TERMINATED, espeakEVENT_PHONEME


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h, as it is for a phoneme."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("phoneme", ctypes.c_char * 8),
    )


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))


class Voice(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class Espeak:
    """The library, loaded afresh; `with Espeak(...) as library` unloads it."""

    def __init__(self, path: str, data: str) -> None:
        self.path, self.data = path, data

    def __enter__(self) -> Any:
        self.library = ctypes.CDLL(self.path)
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, self.data.encode(), NO_EXIT | PHONEMES)
        if self.rate <= 0:
            raise ValueError(f"espeak_Initialize gave {self.rate}: its data aren't in {self.data}")
        return self.library

    def __exit__(self, *_: object) -> None:
        self.library.espeak_Terminate()
        if sys.platform == "win32":
            ctypes.windll.kernel32.FreeLibrary(ctypes.c_void_p(self.library._handle))
        else:
            ctypes.CDLL(None).dlclose(ctypes.c_void_p(self.library._handle))


def say(path: str, data: str, text: str, voice: str, pitch: int, speed: int) -> tuple[dict[str, Any], bytes]:
    """What is told of an utterance: its rate in Hz, its phonemes each with the sample where it begins; and its 16-bit
    samples."""
    heard: list[bytes] = []
    phonemes: list[tuple[str, int]] = []

    @Callback
    def hear(samples: int | None, count: int, events: Any) -> int:
        if samples and count > 0:
            heard.append(ctypes.string_at(samples, 2 * count))
        i = 0
        while events and events[i].type != LAST:
            if events[i].type == PHONEME:
                phonemes.append((events[i].phoneme.decode(errors="replace"), events[i].sample))
            i += 1
        return 0

    with (espeak := Espeak(path, data)) as library:
        libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        libc.srand(1)
        if hasattr(library, "espeak_ng_SetRandSeed"):
            library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        library.espeak_SetSynthCallback(hear)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"no voice {voice!r}")
        library.espeak_SetParameter(PITCH, pitch, 0)
        library.espeak_SetParameter(SPEED, speed, 0)
        said = text.encode() + b"\0"
        if library.espeak_Synth(said, ctypes.c_size_t(len(said)), 0, CHARACTERS, 0, UTF8, None, None) != 0:
            raise ValueError("espeak_Synth failed")
        library.espeak_Synchronize()
        return {"rate_hz": espeak.rate, "phonemes": phonemes}, b"".join(heard)


def voices(path: str, data: str) -> list[dict[str, str]]:
    """Each voice that can be loaded: its name, and its file, by which it's set."""
    with Espeak(path, data) as library:
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(Voice))
        listed = library.espeak_ListVoices(None)
        found = [{"name": voice.name.decode(), "file": voice.identifier.decode()} for voice in pointed_at(listed)]
        return [voice for voice in found if library.espeak_SetVoiceByName(voice["file"].encode()) == 0]


def pointed_at(listed: Any) -> Any:
    i = 0
    while listed[i]:
        yield listed[i].contents
        i += 1


def serve(path: str, data: str) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints mustn't get between the samples
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        head: dict[str, Any]
        try:
            if asked == "voices":
                head, samples = {"voices": voices(path, data)}, b""
            else:
                told, samples = say(path, data, **asked)
                head = {**told, "bytes": len(samples)}
        except ValueError as error:
            head, samples = {"error": str(error)}, b""
        answers.write(json.dumps(head).encode() + b"\n" + samples)
        answers.flush()


if __name__ == "__main__":
    serve(*sys.argv[1:3])
