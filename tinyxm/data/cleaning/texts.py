"""Rules for texts: without a word, read by the wrong encoding, saying again what stands elsewhere."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from ..samples import Samples
from ..text import words
from ..unicode import decode_text, normalise_text, repair_mojibake
from .ledger import Entry, Rule, there

PLACEHOLDERS = frozenset(
    [
        *("n/a", "na", "nan", "null", "none", "nil", "undefined", "unknown", "untitled", "todo", "tbd", "missing"),
        *("lorem ipsum", "no caption", "no description", "no text", "no title", "not available"),
    ]
)
SHOWN = 60  # characters of a text that a ledger shows
LATIN_CONTROLS = re.compile("[\x80-\x9f]")  # in Latin-1 controls that nobody writes, in cp1252 quotes and dashes
ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")


def empty_text(samples: Samples, modality: str) -> Iterator[Entry]:
    """Texts without a single word or symbol (such as an emoji) become missing."""
    for i, value in there(samples, modality):
        if isinstance(value, str) and not words(value) and not any(unicodedata.category(c) == "So" for c in value):
            yield Entry(samples.ids[i], modality, "empty text", "missing", "empty_text", shown(value))


def placeholder(samples: Samples, modality: str) -> Iterator[Entry]:
    """Texts that stand for none, such as "N/A", "null" or "untitled", become missing."""
    for i, value in there(samples, modality):
        if isinstance(value, str) and " ".join(value.lower().split()).strip("<>[](){}.!?-\"' ") in PLACEHOLDERS:
            yield Entry(samples.ids[i], modality, "empty text", "missing", "placeholder", shown(value))


def mis_encoded(samples: Samples, modality: str) -> Iterator[Entry]:
    """Texts that were read by another encoding than they were written in are repaired where that can be done.

    In this order: bytes are decoded (`decode_text`); a text with zeros between its letters was UTF-16; controls of
    Latin-1 were cp1252's quotes and dashes; UTF-8 that was read as either is read again (`repair_mojibake`); HTML's
    entities (&amp;) become what they stand for; controls are removed. "�" stands for what is lost: such a text is kept
    as it is, or becomes missing where it's more than a tenth of it.
    """
    for i, value in there(samples, modality):
        name = samples.ids[i]
        if isinstance(value, bytes):
            decoded = decode_text(value)
            told = decoded.told or f"read as {decoded.encoding}"
            yield Entry(name, modality, "mis-encoded text", "repaired", "mis_encoded", told, decoded.text)
            value = decoded.text
        if not isinstance(value, str):
            continue
        repaired = decoded_again(value)
        lost = repaired.count("\ufffd")
        if lost:
            action = "missing" if 10 * lost > len(repaired) else "kept"
            told = f"{lost} of {len(repaired)} characters are lost: {shown(repaired)}"
            yield Entry(name, modality, "mis-encoded text", action, "mis_encoded", told)
        elif repaired != value:
            told = f"{shown(value)} is {shown(repaired)}"
            yield Entry(name, modality, "mis-encoded text", "repaired", "mis_encoded", told, repaired)


def decoded_again(text: str) -> str:
    """A text as it was meant, where it can be told by which wrong encoding it was read; another stays as it is."""
    text = text.replace("\r\n", "\n")
    if 5 * text.count("\0") > len(text) and all(ord(c) < 256 for c in text):
        text = decode_text(text.encode("latin-1")).text
    if LATIN_CONTROLS.search(text):
        text = repair_mojibake(text)  # first, as the later bytes of UTF-8 look like controls, too
        text = LATIN_CONTROLS.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)
    text = repair_mojibake(text)
    if ENTITY.search(text):
        text = html.unescape(text)
    return normalise_text(text, form=None) if any(unicodedata.category(c) == "Cc" for c in text) else text


def restated(name: str) -> Rule:
    """A rule for lists of keywords: one whose words are exactly those of the text `name` is removed from the list."""

    def restated_keyword(samples: Samples, modality: str) -> Iterator[Entry]:
        for i, keywords in there(samples, modality):
            title = words(samples[name][i] or "")
            kept = [keyword for keyword in keywords if words(keyword) != title]
            if len(kept) < len(keywords):
                seen = ", ".join(keyword for keyword in keywords if keyword not in kept)
                yield Entry(samples.ids[i], modality, "restates the name", "repaired", "restated", seen, kept)

    return restated_keyword


def shown(text: str) -> str:
    """A text in quotes, its beginning where it's long."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r} … ({len(text)} characters)"
